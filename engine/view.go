package engine

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
)

// accountAge is how old the balance may grow within a slot of many orders before it is read again; the gate refuses a
// little later.
const accountAge = 40 * time.Second

func (e *Engine) freshAccount(ctx context.Context) error {
	if a, ok := e.book().Account(); ok && e.Now().Sub(a.At) <= accountAge {
		return nil
	}
	return e.readAccount(ctx)
}

// gateView is everything the gate may know, from the reads just made and the book.
func (e *Engine) gateView(w wish, o broker.Order, q market.Quote, list broker.Orders, power broker.Power) risk.View {
	b, now := e.book(), e.Now()
	account, _ := b.Account()
	v := risk.View{Mode: risk.Mode(b.State().Mode), ListAt: list.At, Account: account, Quote: q, Instrument: e.Instrument(o.Symbol), Power: power, Volume: w.volume, Clear: true, Resolved: len(b.Working(o.Symbol)) == 0, Matched: true}
	if s, err := e.Calendar.Session(market.DateOf(now)); err == nil {
		v.Session, v.Agreed = s, e.Dispute(s) == ""
	}
	for _, x := range b.Working("") {
		if x.Phase != journal.PhaseOpen && x.Phase != journal.PhaseAbsent {
			v.Clear = false // the outcome of an order of the account is not known
		}
	}
	for _, m := range b.Mismatches() {
		v.Matched = v.Matched && m.Symbol != o.Symbol
	}
	v.Book = e.counts(b, w, o, account, power, now)
	return v
}

// counts is what our own journal adds up to, orders that may still trade counted as traded.
func (e *Engine) counts(b *journal.Book, w wish, o broker.Order, account broker.Account, power broker.Power, now time.Time) risk.Book {
	today, name := market.DateOf(now), w.rule.Name
	c := risk.Book{At: now, OrdersToday: b.Sent(today, ""), StrategyOrders: b.Sent(today, name), OrdersInMinute: b.SentSince(now.Add(-time.Minute)), Rejections: b.Rejections(w.rule.Name), LastEntry: b.LastEntry(w.rule.Name, o.Symbol), LastExit: b.LastExit(w.rule.Name, o.Symbol), Priced: true}
	if p := b.Position(w.rule.Name, o.Symbol); p != nil {
		c.Held = p.Shares
	}
	worth := exposure(b, account, "")
	c.Positions, c.SymbolValue, c.TotalValue = len(worth), worth[o.Symbol], total(worth)
	c.DriftFrom, c.DriftTo = drift(b, o.Symbol, now.Add(-driftTime))
	c.StrategyValue, c.Traded = total(exposure(b, account, name)), traded(b, today)
	_, c.Sessions, c.Proven = b.Revision(name)
	for _, h := range account.Holdings { // the loss is counted from this very account
		c.Priced = c.Priced && (h.Shares == 0 || h.Price.Sign() > 0)
	}
	for _, x := range b.Working("") {
		switch {
		case x.Intent.Order.Side == broker.Sell && x.Intent.Order.Symbol == o.Symbol:
			c.OpenSells += x.Remaining()
		case x.Intent.Order.Side == broker.Buy && (x.Sent.After(power.At) || x.Phase != journal.PhaseOpen):
			c.Reserved = c.Reserved.Add(x.Reserved())
		}
	}
	c.Loss = e.lossToday(account)
	return c
}

// exposure is what one strategy, or with "" all, holds and has on order, in won by symbol: lots at the dearer of price and
// cost, open buys at what they hold back.
func exposure(b *journal.Book, account broker.Account, strategy string) map[market.Symbol]decimal.Decimal {
	worth := map[market.Symbol]decimal.Decimal{}
	for _, h := range b.Holdings() {
		if strategy != "" && strategy != h.Strategy {
			continue
		}
		price := decimal.Max(account.Holding(h.Symbol).Price, h.AveragePrice)
		worth[h.Symbol] = worth[h.Symbol].Add(price.Mul(decimal.NewFromInt(h.Shares)))
	}
	for _, x := range b.Working("") {
		if s := x.Intent.Order.Symbol; x.Intent.Order.Side == broker.Buy && (strategy == "" || strategy == x.Intent.Strategy) {
			worth[s] = worth[s].Add(x.Reserved())
		}
	}
	return worth
}

func total(worth map[market.Symbol]decimal.Decimal) (sum decimal.Decimal) {
	for _, w := range worth {
		sum = sum.Add(w)
	}
	return sum
}

// traded is what the orders of the date have filled, buys and sells, and what those not final may still, in won.
func traded(b *journal.Book, date market.Date) (sum decimal.Decimal) {
	for _, x := range b.Orders() {
		if x.Intent.Date != date {
			continue
		}
		price := x.Intent.Order.Price
		if price.IsZero() {
			price = x.Intent.Quote.Price
		}
		sum = sum.Add(x.Value).Add(price.Mul(decimal.NewFromInt(x.Remaining())))
	}
	return sum
}

// driftTime is how far back our own fills are watched for running away.
const driftTime = 10 * time.Minute

// drift is the last trade that the first filled order of the symbol since that moment saw, and the average price, rounded
// to 8 decimals, of the one that filled farthest from it; zero when none filled.
func drift(b *journal.Book, s market.Symbol, since time.Time) (from, to decimal.Decimal) {
	for _, x := range b.Orders() {
		if x.Intent.Order.Symbol != s || x.Filled == 0 || x.Sent.Before(since) {
			continue
		}
		if from.IsZero() {
			from = x.Intent.Quote.Price
			to = from
		}
		if at := x.Value.DivRound(decimal.NewFromInt(x.Filled), 8); at.Sub(from).Abs().GreaterThan(to.Sub(from).Abs()) {
			to = at
		}
	}
	return from, to
}

// volumeBars is how many sessions an average day's volume is taken from.
const volumeBars = 20

// volume is what a symbol trades on an average day of its last sessions, today's left out; 0 where none is known.
func (s sight) volume() int64 {
	days := s.bars.Volume
	if s.forming && len(days) > 0 {
		days = days[:len(days)-1]
	}
	days = days[max(0, len(days)-volumeBars):]
	sum := decimal.Zero
	for _, v := range days {
		sum = sum.Add(decimal.NewFromInt(v))
	}
	if len(days) == 0 {
		return 0
	}
	return sum.Div(decimal.NewFromInt(int64(len(days)))).IntPart()
}

// Usage is how far the limits of the day are used, by the journal alone.
type Usage struct {
	Orders, OrdersInMinute int
	Positions              int
	SymbolValue            decimal.Decimal // of the symbol with the most
	Symbol                 market.Symbol
	Loss                   decimal.Decimal // won; a gain is negative
	Rejections             map[string]int  // in a row, by strategy in force
	TotalValue             decimal.Decimal
	Traded                 decimal.Decimal // won today, buys and sells
	Strategies             map[string]StrategyUsage
}

// StrategyUsage is one strategy's part of it.
type StrategyUsage struct {
	Orders   int             // today
	Value    decimal.Decimal // won held and on order
	Sessions int             // before the newest, in which it decided as it is now
	Proven   bool            // promoted as it is now
}

// Used adds up what the gate would be told at the moment.
func Used(j *journal.Journal, now time.Time) Usage {
	b := j.Book()
	account, read := b.Account()
	u := Usage{Orders: b.Sent(market.DateOf(now), ""), OrdersInMinute: b.SentSince(now.Add(-time.Minute)), Rejections: map[string]int{}, Strategies: map[string]StrategyUsage{}}
	worth := exposure(b, account, "")
	u.Positions, u.TotalValue, u.Traded = len(worth), total(worth), traded(b, market.DateOf(now))
	for s, value := range worth {
		if value.GreaterThan(u.SymbolValue) || value.Equal(u.SymbolValue) && s < u.Symbol {
			u.Symbol, u.SymbolValue = s, value
		}
	}
	if today := market.DateOf(now); read && market.DateOf(account.At) == today {
		u.Loss = openingEquity(j, today, account).Sub(account.Equity)
	}
	for _, name := range b.Rules().Names {
		_, sessions, proven := b.Revision(name)
		u.Strategies[name] = StrategyUsage{b.Sent(market.DateOf(now), name), total(exposure(b, account, name)), sessions, proven}
		if n := b.Rejections(name); n > 0 {
			u.Rejections[name] = n
		}
	}
	return u
}

// opening is the equity that a day's loss is counted from.
type opening struct {
	date   market.Date
	equity decimal.Decimal
	best   decimal.Decimal // of the last sessions' openings
}

// drawdownSessions is how far back a drawdown is counted from.
const drawdownSessions = 20

// peak is the best equity at the openings of the last sessions, today's included. Money paid in or taken out moves it.
func (e *Engine) peak(account broker.Account) decimal.Decimal {
	today := market.DateOf(account.At)
	e.lossToday(account) // the day's opening is read
	if !e.day.best.IsZero() {
		return e.day.best
	}
	e.day.best = e.day.equity
	first, err := e.Calendar.AddSessions(today, 1-drawdownSessions)
	if err != nil {
		return e.day.best
	}
	sessions, err := e.Calendar.Sessions(first.Date, today)
	if err != nil {
		return e.day.best
	}
	for _, s := range sessions {
		e.day.best = decimal.Max(e.day.best, openingEquity(e.Journal, s.Date, account))
	}
	return e.day.best
}

// lossToday is what the account lost since the last snapshot of an earlier date, or the first of this one: realised,
// unrealised and costs. A gain is negative. Money taken out of the account counts as lost, which errs on the safe side.
func (e *Engine) lossToday(account broker.Account) decimal.Decimal {
	today := market.DateOf(account.At)
	if e.day.date != today {
		e.day = opening{date: today, equity: openingEquity(e.Journal, today, account)}
	}
	return e.day.equity.Sub(account.Equity)
}

func openingEquity(j *journal.Journal, today market.Date, account broker.Account) decimal.Decimal {
	for _, q := range []journal.Query{{Until: today.At(0, 0), Newest: true}, {Since: today.At(0, 0)}} {
		q.Kinds, q.Limit = []string{journal.Snapshot{}.Kind()}, 1
		for entry, err := range j.Entries(context.Background(), q) {
			if s, ok := entry.Body.(journal.Snapshot); err == nil && ok {
				return s.Account.Equity
			}
		}
	}
	return account.Equity
}
