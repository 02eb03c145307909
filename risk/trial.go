package risk

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// Trial is a synthetic order that must not pass one limit, and what the gate said to it.
type Trial struct {
	Limit   string
	Refusal *Refusal // nil: the order passed
}

// Refused tells whether the limit did its work.
func (t Trial) Refused() bool {
	return t.Refusal != nil && t.Refusal.Code == strings.TrimSuffix(t.Limit, "_age") // an age is part of the check of what is read
}

// Trials sends a synthetic buy through the gate for each limit in force: sound in all but the one respect, in which it
// goes just beyond the limit. A limit that is not set and that orders need none of has no trial. Nothing is sent.
func (g *Gate) Trials() []Trial {
	var out []Trial
	for _, b := range beyond {
		if b.unset != nil && b.unset(g.limits) {
			continue
		}
		l, r, v := g.sound()
		b.spoil(&l, &r, &v)
		no, _ := judge(checks, l, r, v)
		out = append(out, Trial{b.limit, no})
	}
	return out
}

// sound is a buy of one share that every fact and every limit lets pass, whatever the limits in force are, where they
// are set at all.
func (g *Gate) sound() (Limits, Request, View) {
	const symbol = "005930"
	d := market.Date(20260105)
	now, price := d.At(12, 0), decimal.NewFromInt(100)
	session := market.Session{Date: d, Open: d.At(9, 0), Close: d.At(15, 30)}
	r := Request{Order: broker.Order{Symbol: symbol, Side: broker.Buy, Type: broker.Market, Shares: 1}, Strategy: "trial", Due: now, Now: now}
	v := View{
		Mode: Active, Session: session, Agreed: true, Clear: true, Resolved: true, Matched: true, ListAt: now, Account: broker.Account{At: now},
		Quote:      market.Quote{Symbol: symbol, At: now, Price: price, Ask: price, Bid: price, Lower: price, Upper: price},
		Instrument: market.Instrument{Symbol: symbol, Kind: market.Stock, Board: market.KOSPI},
		Power:      broker.Power{At: now, Symbol: symbol, Cash: decimal.New(1, 15), Shares: 1 << 40, UnitPrice: price},
		Volume:     1 << 30,
		Book:       Book{At: now, Priced: true, Proven: true},
	}
	l := g.limits
	if len(l.Symbols) > 0 {
		l.Symbols = append(slices.Clone(l.Symbols), symbol)
	}
	return l, r, v
}

// beyond has one way past each limit.
var beyond = []struct {
	limit string
	unset func(Limits) bool
	spoil func(*Limits, *Request, *View)
}{
	{"collar", nil, func(l *Limits, _ *Request, v *View) {
		v.Quote.Upper = v.Quote.Price.Mul(decimal.NewFromInt(2))
		v.Quote.Ask = v.Quote.Price.Mul(l.Collar.Add(decimal.New(10001, -4)))
		if l.Collar.GreaterThanOrEqual(disagree) { // such an offer contradicts the last trade: the quote would refuse first
			v.Quote.Ask = decimal.Zero
		}
	}},
	{"reduce_only", nil, func(_ *Limits, _ *Request, v *View) { v.Mode = ReduceOnly }},
	{"symbols", func(l Limits) bool { return len(l.Symbols) == 0 }, func(l *Limits, r *Request, _ *View) {
		l.Symbols = slices.DeleteFunc(slices.Clone(l.Symbols), func(s market.Symbol) bool { return s == r.Order.Symbol })
		if len(l.Symbols) == 0 {
			l.Symbols = []market.Symbol{"000000"}
		}
	}},
	{"marks", func(l Limits) bool { return len(l.Marks) == len(market.Marks()) }, func(l *Limits, _ *Request, v *View) {
		for _, m := range market.Marks() {
			if !slices.Contains(l.Marks, m) {
				v.Quote.Marks = []market.Mark{m}
			}
		}
	}},
	{"probation", func(l Limits) bool { return !l.Probation }, func(_ *Limits, _ *Request, v *View) { v.Book.Proven = false }},
	{"rejections", func(l Limits) bool { return l.Rejections == 0 }, func(l *Limits, _ *Request, v *View) { v.Book.Rejections = l.Rejections }},
	{"list_age", nil, func(l *Limits, _ *Request, v *View) { v.ListAt = v.ListAt.Add(-l.ListAge - 1) }},
	{"account_age", nil, func(l *Limits, _ *Request, v *View) { v.Account.At = v.Account.At.Add(-l.AccountAge - 1) }},
	{"quote_age", nil, func(l *Limits, _ *Request, v *View) { v.Quote.At = v.Quote.At.Add(-l.QuoteAge - 1) }},
	{"book", nil, func(l *Limits, _ *Request, v *View) { v.Book.At = v.Book.At.Add(-l.ListAge - 1) }},
	{"order_shares", func(l Limits) bool { return l.OrderShares == 0 }, func(l *Limits, r *Request, _ *View) { r.Order.Shares = l.OrderShares + 1 }},
	{"volume_share", func(l Limits) bool { return l.VolumeShare.IsZero() }, func(l *Limits, r *Request, v *View) {
		r.Order.Shares = l.VolumeShare.Mul(decimal.NewFromInt(v.Volume)).IntPart() + 1
		l.OrderShares = 0
	}},
	{"order_value", nil, func(l *Limits, r *Request, v *View) { cost(r, v, l.OrderValue) }},
	{"market_order_value", nil, func(l *Limits, r *Request, v *View) {
		cost(r, v, l.MarketOrderValue)
		l.OrderValue = l.OrderValue.Add(l.MarketOrderValue).Add(decimal.New(1, 15))
	}},
	{"symbol_value", nil, func(l *Limits, _ *Request, v *View) { v.Book.SymbolValue = l.SymbolValue }},
	{"strategy_value", func(l Limits) bool { return l.StrategyValue.IsZero() }, func(l *Limits, _ *Request, v *View) { v.Book.StrategyValue = l.StrategyValue }},
	{"total_value", func(l Limits) bool { return l.TotalValue.IsZero() }, func(l *Limits, _ *Request, v *View) { v.Book.TotalValue = l.TotalValue }},
	{"turnover", func(l Limits) bool { return l.Turnover.IsZero() }, func(l *Limits, _ *Request, v *View) { v.Book.Traded = l.Turnover }},
	{"positions", nil, func(l *Limits, _ *Request, v *View) { v.Book.Positions = l.Positions }},
	{"orders_per_day", nil, func(l *Limits, _ *Request, v *View) { v.Book.OrdersToday = l.OrdersPerDay }},
	{"strategy_orders_per_day", func(l Limits) bool { return l.StrategyOrdersPerDay == 0 }, func(l *Limits, _ *Request, v *View) { v.Book.StrategyOrders = l.StrategyOrdersPerDay }},
	{"orders_per_minute", nil, func(l *Limits, _ *Request, v *View) { v.Book.OrdersInMinute = l.OrdersPerMinute }},
	{"daily_loss", nil, func(l *Limits, _ *Request, v *View) { v.Book.Loss = l.DailyLoss }},
	{"drift", nil, func(l *Limits, _ *Request, v *View) {
		v.Book.DriftFrom = v.Quote.Price
		v.Book.DriftTo = v.Quote.Price.Mul(l.Collar.Add(decimal.New(10001, -4)))
	}},
	{"cool_down", func(l Limits) bool { return l.CoolDown == 0 }, func(l *Limits, r *Request, v *View) { v.Book.LastExit = r.Now.Add(-l.CoolDown + time.Nanosecond) }},
	{"duplicate", func(l Limits) bool { return l.Duplicate == 0 }, func(l *Limits, r *Request, v *View) { v.Book.LastEntry = r.Now.Add(-l.Duplicate + time.Nanosecond) }},
}

// cost makes one share cost a won more than the limit.
func cost(r *Request, v *View, limit decimal.Decimal) {
	price := limit.Floor().Add(decimal.NewFromInt(1))
	v.Quote.Price, v.Quote.Ask, v.Quote.Bid, v.Quote.Lower, v.Quote.Upper = price, price, price, price, price
	v.Power.UnitPrice = price
}
