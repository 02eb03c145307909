package backtest

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

// plain walks an account session by session in decimals, asking strategy.Decide at each slot with the bars known then.
// It is what a backtest means; speed is not its business.
type plain struct {
	*account
	cash   decimal.Decimal
	lots   []*lots
	trades []report.Trade
	cut    cuts
}

// lots are what a leg holds: bought by one order, so all at one price.
type lots struct {
	*leg
	shares  int64
	price   decimal.Decimal // average fill price
	high    decimal.Decimal // highest price seen since the fill
	since   int             // session of the entry
	entered int             // session of the newest entry, -1 before the first
	watched int             // session in which the watch last sold
	late    bool            // the entry was filled inside the bar of this session
	waiting *waiting
}

// waiting is a limit order that waits for its price until the session ends.
type waiting struct {
	side   broker.Side
	shares int64
	limit  decimal.Decimal
	reason strategy.Reason
}

func (a *account) plain() (outcome, error) {
	p := &plain{account: a, cash: a.o.Cash, trades: []report.Trade{}}
	for _, l := range a.legs {
		p.lots = append(p.lots, &lots{leg: l, entered: -1, watched: -1})
	}
	var points []report.Point
	for s := a.begin; s < a.days.len(); s++ {
		p.session(s)
		points = append(points, report.Point{Date: a.days.dates[s], Equity: p.equity(s, false), Cash: p.cash})
	}
	return outcome{trades: p.trades, curve: report.CurveOfPoints(points), cut: p.cut}, p.balance(points)
}

// session goes through one day: the open, slots at the open, the inside of the bar, slots at the close.
func (p *plain) session(s int) {
	watch := !p.o.ExitsAtSlots
	for _, l := range p.lots {
		if i, ok := l.trading(s); ok && watch {
			p.watchOpen(l, s, i)
		}
	}
	p.slot(s, atOpen)
	for _, l := range p.lots {
		i, ok := l.trading(s)
		if !ok {
			continue
		}
		if l.waiting != nil {
			p.tryWaiting(l, s, i)
		}
		if watch && l.waiting == nil {
			p.watchInside(l, s, i)
		}
	}
	p.slot(s, atClose)
	for _, l := range p.lots {
		if l.waiting != nil {
			l.waiting = nil
			p.cut.nothing++
		}
	}
}

// trading is the bar of a session in which the symbol trades.
func (l *leg) trading(s int) (int, bool) {
	i, here := l.tape.bar(s)
	return i, here && !l.tape.halted(i)
}

func (t *tape) price(column []int64, i int) decimal.Decimal {
	return decimal.New(column[i], -t.bars.Scale)
}

// watchOpen sells lots of earlier sessions where the open has already passed a level.
func (p *plain) watchOpen(l *lots, s, i int) {
	if l.shares == 0 {
		return
	}
	open := l.tape.price(l.tape.bars.Open, i)
	d, applies := l.rule.CheckExits(strategy.View{Symbol: l.tape.of.Symbol, Price: open, Holding: l.position(s)})
	if applies {
		p.sell(l, s, i, l.slipDown(s, open, p.o.Slippage), d.Reason)
		l.watched = s
	}
	l.high = decimal.Max(l.high, open)
}

func (l *leg) slipDown(s int, price decimal.Decimal, ticks int) decimal.Decimal {
	return l.tape.ladderOn(s).StepDown(price, ticks)
}

// watchInside sells where the bar reaches a level: the one below before the one above.
func (p *plain) watchInside(l *lots, s, i int) {
	if l.shares == 0 {
		return
	}
	b, t, steps := &l.tape.bars, l.tape, l.tape.ladderOn(s)
	open, high, low := t.price(b.Open, i), t.price(b.High, i), t.price(b.Low, i)
	if l.watched != s {
		below, reason := l.below()
		above := l.above()
		switch {
		case reason != "" && low.LessThanOrEqual(below):
			at := steps.RoundDown(below)
			if at.IsZero() {
				at = below.Truncate(b.Scale)
			}
			if l.late {
				open = decimal.Max(open, l.price) // the bar was at the limit of the entry, whatever its open
			}
			p.sell(l, s, i, steps.StepDown(decimal.Min(at, open), p.o.Slippage), reason)
			l.watched = s
		case !above.IsZero() && !l.late && high.GreaterThanOrEqual(above):
			p.sell(l, s, i, steps.StepDown(decimal.Min(steps.RoundUp(above), high), p.o.Slippage), strategy.TakeProfit)
			l.watched = s
		}
	}
	if !l.late {
		l.high = decimal.Max(l.high, high)
	}
	l.late = false
}

var one = decimal.NewFromInt(1)

// below is the level under the price that is reached first, with its reason; the reason is empty when there is none.
func (l *lots) below() (level decimal.Decimal, reason strategy.Reason) {
	if x := l.rule.Exits.StopLoss; x.Sign() > 0 {
		level, reason = l.price.Mul(one.Sub(x)), strategy.StopLoss
	}
	if x := l.rule.Exits.TrailingStop; x.Sign() > 0 {
		if trail := l.high.Mul(one.Sub(x)); reason == "" || trail.GreaterThan(level) {
			level, reason = trail, strategy.TrailingStop
		}
	}
	return level, reason
}

// above is the level of the take profit, zero when there is none.
func (l *lots) above() decimal.Decimal {
	if x := l.rule.Exits.TakeProfit; x.Sign() > 0 {
		return l.price.Mul(one.Add(x))
	}
	return decimal.Zero
}

// slot asks every rule that looks at this end of the bar; exits and sells act first, then buys in order.
func (p *plain) slot(s int, end slot) {
	funds := strategy.Funds{Equity: p.equity(s, end == atOpen), Cash: p.available()}
	type wish struct {
		lots     *lots
		bar      int
		decision strategy.Decision
	}
	var buys []wish
	for _, l := range p.lots {
		i, here := l.tape.bar(s)
		if l.slots[s]&end == 0 || !here {
			continue
		}
		v := l.view(s, i, end, funds)
		switch d := l.rule.Decide(v); d.Answer {
		case strategy.Sell:
			p.order(l, s, i, end, d)
		case strategy.Buy:
			buys = append(buys, wish{l, i, d})
		}
		if l.shares > 0 && !v.Halted && p.o.ExitsAtSlots {
			l.high = decimal.Max(l.high, v.Price)
		}
	}
	for _, w := range buys {
		p.order(w.lots, s, w.bar, end, w.decision)
	}
}

// view is what the rule knows at that end of bar i: nothing later.
func (l *lots) view(s, i int, end slot, funds strategy.Funds) strategy.View {
	t, b := l.tape, l.tape.bars
	v := strategy.View{
		Symbol: t.of.Symbol, Halted: t.halted(i), Funds: funds,
		Working: l.waiting != nil, EnteredToday: l.entered == s, Holding: l.position(s),
	}
	switch {
	case end == atClose:
		v.Bars, v.Forming, v.Price = b.First(i+1), true, t.price(b.Close, i)
	case l.rule.CompletedBars:
		v.Bars, v.Price = b.First(i), t.price(b.Open, i)
	default:
		v.Bars, v.Forming, v.Price = b.First(i+1), true, t.price(b.Open, i)
		for _, column := range []*[]int64{&v.Bars.High, &v.Bars.Low, &v.Bars.Close, &v.Bars.Volume} {
			*column = slices.Clone(*column)
		}
		v.Bars.High[i], v.Bars.Low[i], v.Bars.Close[i], v.Bars.Volume[i] = b.Open[i], b.Open[i], b.Open[i], 0
	}
	return v
}

func (l *lots) position(s int) *strategy.Position {
	if l.shares == 0 {
		return nil
	}
	return &strategy.Position{Shares: l.shares, AveragePrice: l.price, High: l.high, Since: l.tape.days.dates[l.since], Sessions: s - l.since}
}

// order sends what a decision asks for, at the open or the close of bar i.
func (p *plain) order(l *lots, s, i int, end slot, d strategy.Decision) {
	side := broker.Side(d.Answer)
	price, now := l.quote(side, side == broker.Sell && forced(d.Reason), s, d.Price, p.o.Slippage)
	shares := d.Shares
	if side == broker.Buy {
		if shares = p.affordable(l, price, shares); shares == 0 {
			return
		}
	}
	switch {
	case !now && (end == atClose || l.rule.Order.Valid > 0):
		p.cut.nothing++
	case !now:
		l.waiting = &waiting{side, shares, price, d.Reason}
	case side == broker.Sell:
		p.sell(l, s, i, price, d.Reason)
	default:
		p.buy(l, s, i, shares, price)
	}
}

// affordable is how many of the shares the free cash pays, fee included; 0 where the size is exact and it pays fewer.
func (p *plain) affordable(l *lots, price decimal.Decimal, wanted int64) int64 {
	free := p.available()
	n := wanted
	if p.cost(price, n).GreaterThan(free) {
		n = int64(sort.Search(int(wanted), func(k int) bool { return p.cost(price, int64(k)+1).GreaterThan(free) }))
		p.cut.cash++
		if l.rule.ExactSize {
			n = 0
		}
	}
	if n > 0 && p.o.Permit != nil && !p.o.Permit(l.rule, broker.Order{Symbol: l.tape.of.Symbol, Side: broker.Buy, Type: broker.Market, Shares: n, Price: price}) {
		return 0
	}
	return n
}

// cost is what so many shares cost with the fee.
func (p *plain) cost(price decimal.Decimal, shares int64) decimal.Decimal {
	value := price.Mul(decimal.NewFromInt(shares))
	return value.Add(p.o.fee(value))
}

// available is the cash that no waiting order holds back.
func (p *plain) available() decimal.Decimal {
	free := p.cash
	for _, l := range p.lots {
		if w := l.waiting; w != nil && w.side == broker.Buy {
			free = free.Sub(p.cost(w.limit, w.shares))
		}
	}
	return free
}

// tryWaiting fills a waiting order where the bar reaches its limit.
func (p *plain) tryWaiting(l *lots, s, i int) {
	w, t := l.waiting, l.tape
	switch {
	case w.side == broker.Buy && t.price(t.bars.Low, i).LessThanOrEqual(w.limit):
		l.waiting = nil
		p.buy(l, s, i, w.shares, w.limit)
		l.late = l.shares > 0
	case w.side == broker.Sell && t.price(t.bars.High, i).GreaterThanOrEqual(w.limit):
		l.waiting = nil
		p.sell(l, s, i, w.limit, w.reason)
	}
}

// fillable is how many of the shares bar i gives.
func (p *plain) fillable(l *lots, side broker.Side, i int, wanted int64) int64 {
	upper, lower := l.tape.locked(i)
	n := p.o.room(wanted, l.tape.bars.Volume[i])
	if side == broker.Buy && upper || side == broker.Sell && lower {
		n = 0
	}
	switch {
	case n == 0:
		p.cut.nothing++
	case n < wanted:
		p.cut.volume++
	}
	return n
}

func (p *plain) buy(l *lots, s, i int, wanted int64, price decimal.Decimal) {
	n := p.fillable(l, broker.Buy, i, wanted)
	if n == 0 {
		return
	}
	value := price.Mul(decimal.NewFromInt(n))
	fee := p.o.fee(value)
	p.cash = p.cash.Sub(value).Sub(fee)
	l.shares, l.price, l.high, l.since, l.entered, l.watched = n, price, price, s, s, -1
	p.trade(l, s, broker.Buy, n, price, fee, decimal.Zero, strategy.Entry)
}

func (p *plain) sell(l *lots, s, i int, price decimal.Decimal, reason strategy.Reason) {
	n := p.fillable(l, broker.Sell, i, l.shares)
	if n == 0 {
		return
	}
	value := price.Mul(decimal.NewFromInt(n))
	fee, tax := p.o.fee(value), p.o.tax(value, l.tape.of, p.days.settles(s))
	p.cash = p.cash.Add(value).Sub(fee).Sub(tax)
	l.shares -= n
	p.trade(l, s, broker.Sell, n, price, fee, tax, reason)
}

func (p *plain) trade(l *lots, s int, side broker.Side, n int64, price, fee, tax decimal.Decimal, reason strategy.Reason) {
	p.trades = append(p.trades, report.Trade{
		Strategy: l.rule.Name, Symbol: l.tape.of.Symbol, Side: side, Date: p.days.dates[s],
		Price: price, Shares: n, Fee: fee, Tax: tax, Reason: string(reason),
	})
}

// fee and tax are those of market.Costs, cut to CostDigits decimals of a won.
func (o *Options) fee(value decimal.Decimal) decimal.Decimal {
	return value.Mul(o.Costs.FeeRate).Truncate(o.CostDigits)
}

func (o *Options) tax(value decimal.Decimal, of market.Instrument, settles market.Date) decimal.Decimal {
	rate, _ := market.SalesTax(of.Board, of.Kind, settles)
	return value.Mul(rate).Truncate(o.CostDigits)
}

// equity is the cash and the holdings at their newest price: the open of the session, or its close.
func (p *plain) equity(s int, open bool) decimal.Decimal {
	sum := p.cash
	for _, l := range p.lots {
		if l.shares == 0 {
			continue
		}
		i, here := l.tape.bar(s)
		price := l.tape.price(l.tape.bars.Close, i)
		if here && open {
			price = l.tape.price(l.tape.bars.Open, i)
		}
		sum = sum.Add(price.Mul(decimal.NewFromInt(l.shares)))
	}
	return sum
}

// errBalance is the kind of every error that says: a book does not close.
var errBalance = errors.New("the book does not close")

// balance holds the book against its trades: cash and shares are what the fills say.
func (p *plain) balance(points []report.Point) error {
	cash, shares := p.o.Cash, make(map[*leg]int64)
	for _, t := range p.trades {
		i := slices.IndexFunc(p.legs, func(l *leg) bool { return l.rule.Name == t.Strategy && l.tape.of.Symbol == t.Symbol })
		if t.Side == broker.Buy {
			cash, shares[p.legs[i]] = cash.Sub(t.Value()).Sub(t.Fee).Sub(t.Tax), shares[p.legs[i]]+t.Shares
		} else {
			cash, shares[p.legs[i]] = cash.Add(t.Value()).Sub(t.Fee).Sub(t.Tax), shares[p.legs[i]]-t.Shares
		}
		if cash.Sign() < 0 || shares[p.legs[i]] < 0 {
			return fmt.Errorf("%w: %s of %s on %s uses what is not there", errBalance, t.Side, t.Symbol, t.Date)
		}
	}
	equity := cash
	for l, n := range shares {
		i, _ := l.tape.bar(p.days.len() - 1)
		if i >= 0 {
			equity = equity.Add(decimal.NewFromInt(n).Mul(l.tape.price(l.tape.bars.Close, i)))
		}
	}
	if n := len(points); n > 0 && (!equity.Equal(points[n-1].Equity) || !cash.Equal(points[n-1].Cash)) {
		return fmt.Errorf("%w: fills leave %s won, the curve ends at %s", errBalance, equity, points[n-1].Equity)
	}
	return nil
}
