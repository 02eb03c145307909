package risk

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// Rule is one row of the gate's table.
type Rule struct {
	Name string
	// Limit is something a person set, and never stops an exit. What is not a limit is a fact of the market, the
	// account or the daemon, and stops every order.
	Limit bool
	Text  string // what must hold
}

// Rules is the gate's table in the order it is applied.
func Rules() []Rule {
	rules := make([]Rule, len(checks))
	for i, c := range checks {
		rules[i] = c.Rule
	}
	return rules
}

// check is a rule with its question.
type check struct {
	Rule
	ask func(Limits, Request, View) answer
}

// answer of a check. With no numbers to show, wanted is empty.
type answer struct {
	no              bool
	wait            bool // with no: it may pass a little later
	wanted, allowed string
	detail          string
}

const (
	fact  = false
	limit = true
)

var checks = []check{
	{Rule{"order", fact, "the order is one a broker can mean, and its moment is of this session"}, askOrder},
	{Rule{"mode", fact, "the daemon is neither reconciling, halted nor killed"}, askMode},
	{Rule{"session", fact, "the exchange holds a session today"}, askSession},
	{Rule{"calendar", fact, "nobody contradicts the calendar about today"}, askCalendar},
	{Rule{"guard", fact, "the moment lies between a minute after the open and the closing auction"}, askGuard},
	{Rule{"quarantine", fact, "no order of the account has just had an unknown outcome"}, askQuarantine},
	{Rule{"unresolved", fact, "no order of ours in the symbol is sent and not final"}, askUnresolved},
	{Rule{"position", fact, "the broker's holding of the symbol and the book agree"}, askPosition},
	{Rule{"list", fact, "a complete order list was read just before"}, askList},
	{Rule{"account", fact, "the balance was read lately"}, askAccount},
	{Rule{"halted", fact, "the symbol trades"}, askHalted},
	{Rule{"quote", fact, "a fresh quote lies inside the day's limits, and its sides agree with the last trade"}, askQuote},
	{Rule{"price", fact, "the order's price is on the tick and inside the day's limits"}, askPrice},
	{Rule{"collar", fact, "the order cannot trade far from the market"}, askCollar},
	{Rule{"no_short", fact, "a sell is covered by the strategy's lots and by what the account can sell"}, askShort},
	{Rule{"cash", fact, "a buy is covered by buying power without credit"}, askCash},

	{Rule{"reduce_only", limit, "entries are allowed"}, askReduceOnly},
	{Rule{"symbols", limit, "the symbol is on the allow-list"}, askSymbols},
	{Rule{"marks", limit, "the exchange warns of the symbol in no way that is not permitted"}, askMarks},
	{Rule{"probation", limit, "a new revision of a strategy watches for a session, then orders little, until a person promotes it"}, askProbation},
	{Rule{"rejections", limit, "the strategy's orders rejected in a row, until a person arms it"}, askRejections},
	{Rule{"book", limit, "our own counts are known and fresh"}, askBook},
	{Rule{"order_shares", limit, "the order's shares"}, askOrderShares},
	{Rule{"volume_share", limit, "the order's part of what the symbol trades on an average day"}, askVolumeShare},
	{Rule{"order_value", limit, "the order's value"}, askOrderValue},
	{Rule{"market_order_value", limit, "a market order's value"}, askMarketOrderValue},
	{Rule{"symbol_value", limit, "value held and on order in the symbol"}, askSymbolValue},
	{Rule{"strategy_value", limit, "value the strategy holds and has on order"}, askStrategyValue},
	{Rule{"total_value", limit, "value all strategies hold and have on order"}, askTotalValue},
	{Rule{"turnover", limit, "value traded and on order today, buys and sells"}, askTurnover},
	{Rule{"positions", limit, "symbols held or being bought"}, askPositions},
	{Rule{"orders_per_day", limit, "orders sent today"}, askOrdersPerDay},
	{Rule{"strategy_orders_per_day", limit, "orders the strategy sent today"}, askStrategyOrdersPerDay},
	{Rule{"orders_per_minute", limit, "orders sent within a minute"}, askOrdersPerMinute},
	{Rule{"daily_loss", limit, "loss of the day, realised and unrealised"}, askDailyLoss},
	{Rule{"drift", limit, "how far our own fills in the symbol have moved within ten minutes"}, askDrift},
	{Rule{"cool_down", limit, "time since the strategy's exit from the symbol"}, askCoolDown},
	{Rule{"duplicate", limit, "time since the strategy's entry into the symbol"}, askDuplicate},
}

func no(format string, args ...any) answer {
	return answer{no: true, detail: fmt.Sprintf(format, args...)}
}

func wait(format string, args ...any) answer {
	a := no(format, args...)
	a.wait = true
	return a
}

// Facts.

func askOrder(_ Limits, r Request, _ View) answer {
	err := r.Order.Check()
	switch {
	case err != nil:
		return no("%s", err)
	case r.Strategy == "":
		return no("no strategy wants it")
	case r.Exit && r.Order.Side != broker.Sell:
		return no("only a sell can be an exit")
	case r.Due.IsZero() || r.Now.Before(r.Due):
		return no("decided for %s, after the present %s", clock(r.Due), clock(r.Now))
	case market.DateOf(r.Due) != market.DateOf(r.Now):
		return no("decided for %s, on another day", market.DateOf(r.Due))
	}
	return answer{wanted: r.Order.String()}
}

func askMode(_ Limits, _ Request, v View) answer {
	switch v.Mode {
	case Active, ReduceOnly:
		return answer{wanted: string(v.Mode)}
	case Reconciling:
		return wait("orders and positions are being reconciled")
	case Halted, Killed:
		return no("the daemon is %s", v.Mode)
	}
	return no("the daemon's mode %q is unknown", v.Mode)
}

func askSession(_ Limits, r Request, v View) answer {
	switch {
	case v.Session.Date == 0 || v.Session.Date != market.DateOf(r.Now):
		return no("no session on %s", market.DateOf(r.Now))
	case market.DateOf(v.Session.Open) != v.Session.Date || !v.Session.Open.Before(v.Session.Close):
		return no("the hours of %s are unknown", v.Session.Date)
	}
	return answer{}
}

func askCalendar(_ Limits, _ Request, v View) answer {
	if !v.Agreed {
		return no("the session of %s is disputed", v.Session.Date)
	}
	return answer{}
}

func askGuard(_ Limits, r Request, v View) answer {
	from, until := Window(v.Session, r.Order.Type, r.AllowAuction)
	a := answer{wanted: clock(r.Now), allowed: clock(from) + " to " + clock(until)}
	switch {
	case r.Now.Before(from):
		a.no, a.wait, a.detail = true, true, "too soon after the open"
	case r.Now.After(until):
		a.no, a.detail = true, "too close to the closing auction"
	}
	return a
}

func askQuarantine(_ Limits, _ Request, v View) answer {
	if !v.Clear {
		return wait("an order of the account has an unknown outcome")
	}
	return answer{}
}

func askUnresolved(_ Limits, _ Request, v View) answer {
	if !v.Resolved {
		return wait("an order in the symbol is not final")
	}
	return answer{}
}

func askPosition(_ Limits, _ Request, v View) answer {
	if !v.Matched {
		return wait("the broker holds another number of shares than the book")
	}
	return answer{}
}

func askList(l Limits, r Request, v View) answer {
	return age("order list", v.ListAt, r.Now, l.ListAge)
}

func askAccount(l Limits, r Request, v View) answer {
	return age("balance", v.Account.At, r.Now, l.AccountAge)
}

// age refuses what was never read, too long ago, or at a moment that has not come.
func age(what string, at, now time.Time, allowed time.Duration) answer {
	if at.IsZero() {
		return wait("no %s", what)
	}
	old := now.Sub(at)
	a := answer{wanted: "age " + old.String(), allowed: allowed.String()}
	if old < 0 || old > allowed {
		a.no, a.wait, a.detail = true, true, "the "+what+" is not fresh"
	}
	return a
}

func askHalted(_ Limits, _ Request, v View) answer {
	if v.Quote.Halted {
		return no("the symbol does not trade")
	}
	return answer{}
}

// insists tells whether the order may rely on an older quote: its own price bounds what it can do.
func insists(r Request) bool {
	return r.Insist && exits(r) && r.Order.Type == broker.Limit
}

// disagree is how far the best offer or bid may be from the last trade before one of them must be wrong.
var disagree = decimal.New(3, -2)

func askQuote(l Limits, r Request, v View) answer {
	q := v.Quote
	a := age("quote", q.At, r.Now, l.QuoteAge)
	side := opposite(r.Order.Side, q)
	switch {
	case q.At.IsZero() || q.Symbol != r.Order.Symbol:
		return wait("no quote of %s", r.Order.Symbol)
	case q.Price.Sign() <= 0 || q.Lower.Sign() <= 0 || q.Upper.Sign() <= 0:
		return wait("the quote lacks the last price or the day's limits")
	case !within(q.Price, q) || side.Sign() != 0 && !within(side, q):
		return wait("the quote lies outside the day's limits %s to %s", q.Lower, q.Upper)
	case insists(r):
		if market.DateOf(q.At) != v.Session.Date || q.At.After(r.Now) {
			return wait("no quote of this session")
		}
		a.no, a.wait, a.detail = false, false, ""
	case a.no:
		return a
	case side.Sign() != 0 && distance(side, q.Price).GreaterThan(disagree):
		return wait("offer or bid %s and last trade %s disagree", side, q.Price)
	}
	return a
}

// opposite is the price an order would trade against: the best offer for a buy, the best bid for a sell; zero when
// there is none.
func opposite(side broker.Side, q market.Quote) decimal.Decimal {
	if side == broker.Buy {
		return q.Ask
	}
	return q.Bid
}

// reference is the price that a priced order is measured from: the other side, or the last trade when there is none or
// the quote is not trusted.
func reference(side broker.Side, q market.Quote, insist bool) decimal.Decimal {
	if from := opposite(side, q); from.Sign() > 0 && !insist {
		return from
	}
	return q.Price
}

func within(price decimal.Decimal, q market.Quote) bool {
	return !price.LessThan(q.Lower) && !price.GreaterThan(q.Upper)
}

// distance is |a − b| / b, rounded to 8 decimals.
func distance(a, b decimal.Decimal) decimal.Decimal { return a.Sub(b).Abs().DivRound(b, 8) }

func askPrice(_ Limits, r Request, v View) answer {
	p := r.Order.Price
	switch {
	case r.Order.Type == broker.Market:
		return answer{}
	case v.Instrument.Symbol != r.Order.Symbol || !slices.Contains([]market.Kind{market.Stock, market.ETF, market.ETN}, v.Instrument.Kind):
		return no("the tick of %s is unknown", r.Order.Symbol)
	case !market.LadderNow(v.Instrument.Kind).On(p):
		a := no("the price is off the tick")
		a.wanted, a.allowed = won(p), "a multiple of "+won(market.LadderNow(v.Instrument.Kind).Tick(p))
		return a
	}
	return answer{no: !within(p, v.Quote), wanted: won(p), allowed: won(v.Quote.Lower) + " to " + won(v.Quote.Upper)}
}

// askCollar compares without dividing, so that the border is exact: |price − reference| ≤ collar · reference.
func askCollar(l Limits, r Request, v View) answer {
	price, from := r.Order.Price, reference(r.Order.Side, v.Quote, insists(r))
	if r.Order.Type == broker.Market {
		price, from = opposite(r.Order.Side, v.Quote), v.Quote.Price
	}
	if price.Sign() <= 0 || from.Sign() <= 0 {
		return wait("nobody offers the other side")
	}
	return near(price, from, l.Collar, "too far from the market")
}

func near(price, from, collar decimal.Decimal, detail string) answer {
	away := price.Sub(from).Abs()
	a := answer{wanted: fmt.Sprintf("%s, %s from %s", won(price), percent(away.DivRound(from, 8)), won(from)), allowed: percent(collar)}
	if away.GreaterThan(from.Mul(collar)) {
		a.no, a.wait, a.detail = true, true, detail
	}
	return a
}

func askShort(_ Limits, r Request, v View) answer {
	if r.Order.Side != broker.Sell {
		return answer{}
	}
	h := v.Account.Holding(r.Order.Symbol)
	free := max(0, min(v.Book.Held, h.Shares, h.Sellable)-max(0, v.Book.OpenSells))
	a := answer{wanted: shares(r.Order.Shares), allowed: shares(free)}
	if r.Order.Shares > free {
		a.no = true
		a.detail = fmt.Sprintf("the strategy holds %d, the account can sell %d of %d, and %d are being sold", v.Book.Held, h.Sellable, h.Shares, v.Book.OpenSells)
	}
	return a
}

// askCash compares with the broker's buying power, which has its fee set aside: a market buy by the broker's own count
// of shares, less what its price makes of our newer reservations; a priced buy by its value.
func askCash(l Limits, r Request, v View) answer {
	p := v.Power
	if r.Order.Side != broker.Buy {
		return answer{}
	}
	if a := age("buying power", p.At, r.Now, l.AccountAge); a.no {
		return a
	}
	if p.Symbol != r.Order.Symbol || v.Book.Reserved.Sign() < 0 {
		return wait("the buying power is not that for %s", r.Order.Symbol)
	}
	const detail = "buying power without credit does not cover it"
	free := decimal.Max(p.Cash.Sub(v.Book.Reserved), decimal.Zero)
	if r.Order.Type != broker.Market {
		needs := r.Order.Price.Mul(decimal.NewFromInt(r.Order.Shares))
		return answer{no: needs.GreaterThan(free), wanted: won(needs), allowed: won(free), detail: detail}
	}
	unit := p.UnitPrice
	if unit.Sign() <= 0 {
		unit = v.Quote.Upper // the most a broker can reserve
	}
	if unit.Sign() <= 0 {
		return wait("what a share of %s reserves is unknown", r.Order.Symbol)
	}
	covered, _ := free.QuoRem(unit, 0)
	most := min(p.Shares, covered.IntPart())
	return answer{no: r.Order.Shares > most, wanted: shares(r.Order.Shares), allowed: shares(most), detail: detail}
}

// Limits.

func askReduceOnly(_ Limits, _ Request, v View) answer {
	if v.Mode != Active {
		return no("only exits are allowed")
	}
	return answer{}
}

func askSymbols(l Limits, r Request, _ View) answer {
	if len(l.Symbols) == 0 {
		return answer{}
	}
	return answer{no: !slices.Contains(l.Symbols, r.Order.Symbol), wanted: string(r.Order.Symbol), allowed: fmt.Sprint(l.Symbols)}
}

func askMarks(l Limits, _ Request, v View) answer {
	for _, m := range v.Quote.Marks {
		if !slices.Contains(l.Marks, m) {
			return answer{no: true, wanted: string(m), allowed: fmt.Sprint(l.Marks), detail: "the exchange warns of the symbol"}
		}
	}
	return answer{}
}

const (
	watchSessions = 1 // a new revision's, before its first order
	probation     = 3 // sessions after them, before it is thought proven
)

// Probation is how many sessions a new revision decides before it can be said to have proven itself.
const Probation = watchSessions + probation

// probationOrders and probationValue bound a strategy's orders a day and each one's won, unless it is of one share.
const probationOrders = 3

var probationValue = decimal.New(100, 3)

// askProbation holds a new revision of a strategy, or of the program, to little until a person promotes it.
func askProbation(l Limits, r Request, v View) answer {
	b := v.Book
	if !l.Probation || b.Proven {
		return answer{}
	}
	const detail = "this revision is new; maemae promote ends its probation"
	switch {
	case b.Sessions < watchSessions:
		return answer{no: true, wanted: fmt.Sprintf("an order after %d sessions", b.Sessions), allowed: fmt.Sprintf("after %d", watchSessions), detail: detail}
	case b.StrategyOrders >= probationOrders:
		return answer{no: true, wanted: count(b.StrategyOrders + 1).String(), allowed: count(probationOrders).String(), detail: detail}
	case r.Order.Shares > 1 && value(l, r, v).GreaterThan(probationValue):
		return answer{no: true, wanted: won(value(l, r, v)), allowed: "1 share, or " + won(probationValue), detail: detail}
	}
	return answer{}
}

// askRejections refuses a strategy whose orders the broker keeps rejecting. It does not wait: a person looks first.
func askRejections(l Limits, _ Request, v View) answer {
	if l.Rejections == 0 {
		return answer{}
	}
	a := answer{no: v.Book.Rejections >= l.Rejections, wanted: count(v.Book.Rejections).String(), allowed: "fewer than " + count(l.Rejections).String()}
	if a.no {
		a.detail = "the strategy is disabled until it is armed"
	}
	return a
}

func askBook(l Limits, r Request, v View) answer {
	a := age("sum of our orders", v.Book.At, r.Now, l.ListAge)
	b := v.Book
	if b.OrdersToday < 0 || b.OrdersInMinute < 0 || b.Rejections < 0 || b.Positions < 0 || b.SymbolValue.Sign() < 0 || b.OpenSells < 0 ||
		b.StrategyOrders < 0 || b.Sessions < 0 || b.DriftFrom.Sign() < 0 || b.DriftTo.Sign() < 0 || b.StrategyValue.Sign() < 0 || b.TotalValue.Sign() < 0 || b.Traded.Sign() < 0 {
		return no("our own counts are below zero")
	}
	return a
}

// value is what the order moves at the worst price the collar lets it trade, in won.
func value(l Limits, r Request, v View) decimal.Decimal {
	unit := r.Order.Price
	if r.Order.Type == broker.Market {
		unit = opposite(r.Order.Side, v.Quote)
		if r.Order.Side == broker.Buy {
			unit = decimal.Min(unit.Mul(l.Collar.Add(decimal.NewFromInt(1))), v.Quote.Upper)
		}
	}
	return unit.Mul(decimal.NewFromInt(r.Order.Shares))
}

// atMost refuses what is more than a limit, and everything when the limit is not set.
func atMost(wanted, allowed decimal.Decimal, say func(decimal.Decimal) string) answer {
	if allowed.Sign() <= 0 {
		return answer{no: true, wanted: say(wanted), allowed: "nothing", detail: "the limit is not set"}
	}
	return answer{no: wanted.GreaterThan(allowed), wanted: say(wanted), allowed: say(allowed)}
}

func askOrderValue(l Limits, r Request, v View) answer {
	return atMost(value(l, r, v), l.OrderValue, won)
}

// optional is atMost for a limit that may be left unset.
func optional(wanted, allowed decimal.Decimal, say func(decimal.Decimal) string) answer {
	if allowed.IsZero() {
		return answer{}
	}
	return atMost(wanted, allowed, say)
}

func askOrderShares(l Limits, r Request, _ View) answer {
	return optional(decimal.NewFromInt(r.Order.Shares), decimal.NewFromInt(l.OrderShares), sharesOf)
}

func askVolumeShare(l Limits, r Request, v View) answer {
	switch {
	case l.VolumeShare.IsZero():
		return answer{}
	case v.Volume <= 0:
		return no("what the symbol trades on an average day is unknown")
	}
	most := l.VolumeShare.Mul(decimal.NewFromInt(v.Volume)).Floor()
	return answer{no: decimal.NewFromInt(r.Order.Shares).GreaterThan(most), wanted: shares(r.Order.Shares), allowed: sharesOf(most) + ", " + percent(l.VolumeShare) + " of " + shares(v.Volume) + " a day"}
}

func sharesOf(n decimal.Decimal) string { return shares(n.IntPart()) }

func askMarketOrderValue(l Limits, r Request, v View) answer {
	if r.Order.Type != broker.Market {
		return answer{}
	}
	return atMost(value(l, r, v), l.MarketOrderValue, won)
}

func askSymbolValue(l Limits, r Request, v View) answer {
	return atMost(v.Book.SymbolValue.Add(value(l, r, v)), l.SymbolValue, won)
}

func askStrategyValue(l Limits, r Request, v View) answer {
	return optional(v.Book.StrategyValue.Add(value(l, r, v)), l.StrategyValue, won)
}

func askTotalValue(l Limits, r Request, v View) answer {
	return optional(v.Book.TotalValue.Add(value(l, r, v)), l.TotalValue, won)
}

func askTurnover(l Limits, r Request, v View) answer {
	return optional(v.Book.Traded.Add(value(l, r, v)), l.Turnover, won)
}

func askPositions(l Limits, _ Request, v View) answer {
	n := v.Book.Positions
	if v.Book.SymbolValue.IsZero() {
		n++
	}
	return atMost(count(n), count(l.Positions), decimal.Decimal.String)
}

func askOrdersPerDay(l Limits, _ Request, v View) answer {
	return atMost(count(v.Book.OrdersToday+1), count(l.OrdersPerDay), decimal.Decimal.String)
}

func askStrategyOrdersPerDay(l Limits, _ Request, v View) answer {
	return optional(count(v.Book.StrategyOrders+1), count(l.StrategyOrdersPerDay), decimal.Decimal.String)
}

func askOrdersPerMinute(l Limits, _ Request, v View) answer {
	a := atMost(count(v.Book.OrdersInMinute+1), count(l.OrdersPerMinute), decimal.Decimal.String)
	a.wait = a.no
	return a
}

// askDailyLoss refuses from the very loss on; a holding without a price may have lost anything.
func askDailyLoss(l Limits, _ Request, v View) answer {
	if !v.Book.Priced {
		return no("a holding has no price, so the day's loss is unknown")
	}
	if l.DailyLoss.Sign() <= 0 {
		return atMost(v.Book.Loss, l.DailyLoss, won)
	}
	return answer{no: !v.Book.Loss.LessThan(l.DailyLoss), wanted: won(v.Book.Loss), allowed: "less than " + won(l.DailyLoss)}
}

// askDrift applies the collar to what our own orders did to the price, or bought at while it ran.
func askDrift(l Limits, _ Request, v View) answer {
	if v.Book.DriftFrom.IsZero() {
		return answer{}
	}
	return near(v.Book.DriftTo, v.Book.DriftFrom, l.Collar, "our own fills have run away")
}

func askCoolDown(l Limits, r Request, v View) answer {
	return pause("exit", v.Book.LastExit, r.Now, l.CoolDown)
}

func askDuplicate(l Limits, r Request, v View) answer {
	return pause("entry", v.Book.LastEntry, r.Now, l.Duplicate)
}

// pause refuses until so much time has passed.
func pause(what string, since, now time.Time, least time.Duration) answer {
	if since.IsZero() || least == 0 {
		return answer{}
	}
	gone := now.Sub(since)
	return answer{no: gone < least, wanted: fmt.Sprintf("%s after the last %s", gone, what), allowed: least.String() + " or more"}
}

func clock(t time.Time) string { return t.In(market.KST).Format(time.TimeOnly) }
