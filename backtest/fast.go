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

// errWide is the kind of every error that says: 64 bits do not hold the numbers of this account.
var errWide = errors.New("64 bits do not hold the money")

// book is an account in integers: money is mantissa / 10^scale won. It looks only at sessions in which something may
// happen, and allocates nothing for a bar. The curve is drawn from its fills, where it is asked for.
type book struct {
	*account
	scale   int32
	start   int64 // cash at the beginning
	fee     rate
	legs    []*fastLeg
	ends    slot       // at which legs have slots
	watches bool       // what happens inside bars matters to one
	queue   []*fastLeg // a heap: the leg with the next session first, of equal ones the first in order

	cash   int64
	value  int64 // of all holdings at their highest price ever: no sum of money exceeds cash and this
	held   []*fastLeg
	due    []*fastLeg
	wishes []*fastLeg
	fills  []fastFill
	cut    cuts

	equity []int64       // by session from begin, once the curve is drawn
	cashes []report.Step // the cash whenever it changed, by point of the curve
	spans  []span
}

// fastFill is one fill; price is in the scale of its symbol, fee and tax in that of the book.
type fastFill struct {
	leg           *fastLeg
	session       int
	side          broker.Side
	shares, price int64
	fee, tax      int64
	reason        strategy.Reason
}

// newBook prepares an account for the fast engine. The error is errWide where its numbers are too fine or too large.
func newBook(a *account, signals []signals) (*book, error) {
	b := &book{account: a, scale: max(a.o.CostDigits, digits(a.o.Cash))}
	for _, l := range a.legs {
		b.scale = max(b.scale, l.tape.bars.Scale, digits(l.rule.Capital))
	}
	var fits, held bool
	b.start, fits = mantissa(a.o.Cash, b.scale)
	b.fee, held = rateOf(a.o.Costs.FeeRate, b.scale, a.o.CostDigits)
	if !fits || !held {
		return nil, errWide
	}
	fills := 0
	for i, l := range a.legs {
		f := &fastLeg{leg: l, index: i}
		if !f.constants(b.scale) {
			return nil, errWide
		}
		f.signals = signals[i]
		f.remembers = f.asks || f.trailAt.den != 0
		f.watches = f.remembers || f.stopAt.den != 0 || f.targetAt.den != 0
		b.ends |= f.end
		b.watches = b.watches || f.watches && !a.o.ExitsAtSlots
		b.legs = append(b.legs, f)
		fills += min(2*f.enter.Trues(), l.tape.bars.Len()/16)
	}
	b.fills = make([]fastFill, 0, fills) // a guess: a buy and a sell for each entry, where entries are rare
	b.due, b.queue, b.held, b.wishes = make([]*fastLeg, 0, len(b.legs)), make([]*fastLeg, 0, len(b.legs)), make([]*fastLeg, 0, len(b.legs)), make([]*fastLeg, 0, len(b.legs))
	return b, nil
}

// walk plays the whole account.
func (b *book) walk() error {
	b.cash, b.value, b.cut = b.start, 0, cuts{}
	b.queue, b.held, b.fills = b.queue[:0], b.held[:0], b.fills[:0]
	last := b.days.len()
	for _, l := range b.legs {
		l.shares, l.watched = 0, -1
		l.next = b.seek(l, b.begin)
		b.push(l)
	}
	for b.queue[0].next < last {
		s := b.queue[0].next
		b.due = b.due[:0]
		for len(b.queue) > 0 && b.queue[0].next == s {
			b.due = append(b.due, b.pop())
		}
		if err := b.session(s); err != nil {
			return err
		}
		for _, l := range b.due {
			l.next = b.seek(l, s+1)
			b.push(l)
		}
	}
	return b.balance()
}

// push and pop keep the queue a heap.
func (b *book) push(l *fastLeg) {
	q := append(b.queue, l)
	for i := len(q) - 1; i > 0; {
		up := (i - 1) / 2
		if !q[i].before(q[up]) {
			break
		}
		q[i], q[up] = q[up], q[i]
		i = up
	}
	b.queue = q
}

func (b *book) pop() *fastLeg {
	q := b.queue
	top, last := q[0], len(q)-1
	q[0] = q[last]
	q = q[:last]
	for i := 0; ; {
		next := 2*i + 1
		if next+1 < last && q[next+1].before(q[next]) {
			next++
		}
		if next >= last || !q[next].before(q[i]) {
			break
		}
		q[i], q[next] = q[next], q[i]
		i = next
	}
	b.queue = q
	return top
}

// seek is the next session from s on in which something may happen to the leg; the number of sessions where none is.
func (b *book) seek(l *fastLeg, s int) int {
	if l.shares == 0 {
		return l.signal(&l.enter, s)
	}
	until := l.tape.days.len()
	switch {
	case l.asks:
		until = l.slot(s)
	case l.leave.Len() > 0:
		until = l.signal(&l.leave, s)
	}
	if n := l.rule.Exits.MaxHolding; n > 0 {
		until = min(until, l.slot(max(s, l.since+n)))
	}
	switch {
	case !l.watches:
		return until
	case b.o.ExitsAtSlots:
		return l.scanSlots(s, until)
	}
	return l.scanBars(s, until)
}

// session goes through one day of the legs that are due, as plain.session does.
func (b *book) session(s int) error {
	for _, l := range b.due {
		i, here := l.tape.bar(s)
		l.bar, l.trades = i, here && !l.tape.halted(i)
		if here {
			l.volume = l.tape.bars.Volume[i] // on its way while the price is awaited: both lie far from what was read last
		}
		if b.watches && l.watches && l.trades && l.shares > 0 {
			b.watchOpen(l, s)
		}
	}
	if b.ends&atOpen != 0 {
		if err := b.slot(s, atOpen); err != nil {
			return err
		}
	}
	if b.watches {
		for _, l := range b.due {
			if l.watches && l.trades && l.shares > 0 {
				b.watchInside(l, s)
			}
		}
	}
	if b.ends&atClose != 0 {
		return b.slot(s, atClose)
	}
	return nil
}

// watchOpen sells lots of earlier sessions where the open has already passed a level.
func (b *book) watchOpen(l *fastLeg, s int) {
	open := l.tape.bars.Open[l.bar]
	reason := strategy.Reason("")
	switch {
	case open <= l.stop:
		reason = strategy.StopLoss
	case open >= l.target:
		reason = strategy.TakeProfit
	case open <= l.trailOf(max(l.high, open)):
		reason = strategy.TrailingStop
	}
	if reason != "" {
		b.sell(l, s, l.tape.ladder(s).step(open, -b.o.Slippage, l.one), reason)
		l.watched = s
	}
	l.raise(open)
}

// watchInside sells where the bar reaches a level: the one below before the one above.
func (b *book) watchInside(l *fastLeg, s int) {
	bars, i := &l.tape.bars, l.bar
	if l.watched != s {
		level, reason := l.stop, strategy.StopLoss
		if l.trailAt.den != 0 && (l.stopAt.den == 0 || l.trailsFirst()) {
			level, reason = l.trail, strategy.TrailingStop
		}
		steps := l.tape.ladder(s)
		switch {
		case bars.Low[i] <= level:
			b.sell(l, s, steps.step(min(steps.down(level, l.one), bars.Open[i]), -b.o.Slippage, l.one), reason)
			l.watched = s
		case bars.High[i] >= l.target:
			b.sell(l, s, steps.step(min(steps.up(l.target, l.one), bars.High[i]), -b.o.Slippage, l.one), strategy.TakeProfit)
			l.watched = s
		}
	}
	l.raise(bars.High[i])
}

// slot lets the due legs that look at this end act: exits and sells first, then buys in order.
func (b *book) slot(s int, end slot) error {
	b.wishes = b.wishes[:0]
	var equity int64
	cash := b.cash
	for _, l := range b.due {
		if l.end == end && l.trades && l.slots[s]&end != 0 && l.shares == 0 && l.buys() {
			b.wishes = append(b.wishes, l)
		}
	}
	if len(b.wishes) > 0 {
		equity = b.equityAt(s, end)
	}
	for _, l := range b.due {
		if l.end != end || !l.trades || l.slots[s]&end == 0 || l.shares == 0 {
			continue
		}
		price := l.priceAt(l.bar)
		if reason, applies := l.exit(price, s); applies {
			b.sell(l, s, l.tape.ladder(s).step(price, -b.o.Slippage, l.one), reason)
		} else if l.sells(price, s) {
			b.sellByRule(l, s, price)
		}
		if b.o.ExitsAtSlots {
			l.raise(price)
		}
	}
	for _, l := range b.wishes {
		if err := b.buy(l, s, l.priceAt(l.bar), equity, cash); err != nil {
			return err
		}
	}
	return nil
}

// equityAt is the cash and all holdings at the prices of one end of a session.
func (b *book) equityAt(s int, end slot) int64 {
	sum := b.cash
	for _, l := range b.held {
		i, here := l.tape.bar(s)
		price := l.tape.bars.Close[i]
		if here && end == atOpen {
			price = l.tape.bars.Open[i]
		}
		sum += l.shares * l.unit * price
	}
	return sum
}

// largest is more shares than a decision ever asks for.
const largest = 1_000_000_000_000_000

// buy sends an entry at the price of a slot.
func (b *book) buy(l *fastLeg, s int, price, equity, cash int64) error {
	if price <= 0 {
		return nil
	}
	wanted, ok := l.wanted(price, equity, cash)
	if !ok || wanted > largest {
		return errWide
	}
	if wanted = l.bounded(price, wanted); wanted == 0 {
		return nil
	}
	at, now := l.quote(broker.Buy, l.tape.ladder(s), price, b.o.Slippage)
	n := b.affordable(l, at, wanted)
	if n == 0 {
		return nil
	}
	if !now {
		b.cut.nothing++
		return nil
	}
	if n = b.fillable(l, broker.Buy, n); n == 0 {
		return nil
	}
	paid, _ := b.cost(l, at, n)
	value := n * l.unit * at
	fee := paid - value
	top, fits := times(n*l.unit, l.tape.highest)
	b.cash -= paid
	if b.value += top; !fits || b.value >= limit-b.cash || !l.hold(n, at, s) {
		return errWide
	}
	b.held = append(b.held, l)
	b.fills = append(b.fills, fastFill{l, s, broker.Buy, n, at, fee, 0, strategy.Entry})
	return nil
}

// cost is what shares cost with the fee, false where that is beyond any cash.
func (b *book) cost(l *fastLeg, price, shares int64) (int64, bool) {
	one, fits := times(price, l.unit)
	value, held := times(one, shares)
	if !fits || !held {
		return 0, false
	}
	return value + b.fee.of(value), true
}

// affordable is how many of the shares the cash pays, fee included; 0 where the size is exact and it pays fewer.
func (b *book) affordable(l *fastLeg, price, wanted int64) int64 {
	n := wanted
	if c, fits := b.cost(l, price, n); !fits || c > b.cash {
		n = int64(sort.Search(int(wanted), func(k int) bool {
			c, fits := b.cost(l, price, int64(k)+1)
			return !fits || c > b.cash
		}))
		b.cut.cash++
		if l.rule.ExactSize {
			n = 0
		}
	}
	if n > 0 && b.o.Permit != nil && !b.o.Permit(l.rule, broker.Order{
		Symbol: l.tape.of.Symbol, Side: broker.Buy, Type: broker.Market, Shares: n, Price: decimal.New(price, -l.tape.bars.Scale),
	}) {
		return 0
	}
	return n
}

// fillable is how many of the shares the bar of the session gives.
func (b *book) fillable(l *fastLeg, side broker.Side, wanted int64) int64 {
	upper, lower := l.tape.locked(l.bar)
	n := b.o.room(wanted, l.volume)
	if side == broker.Buy && upper || side == broker.Sell && lower {
		n = 0
	}
	switch {
	case n == 0:
		b.cut.nothing++
	case n < wanted:
		b.cut.volume++
	}
	return n
}

// sellByRule sends the rule's own sell with the order the rule asks for.
func (b *book) sellByRule(l *fastLeg, s int, price int64) {
	at, now := l.quote(broker.Sell, l.tape.ladder(s), price, b.o.Slippage)
	if !now {
		b.cut.nothing++
		return
	}
	b.sell(l, s, at, strategy.RuleExit)
}

// sell sends all lots at a price and books what the bar takes.
func (b *book) sell(l *fastLeg, s int, price int64, reason strategy.Reason) {
	n := b.fillable(l, broker.Sell, l.shares)
	if n == 0 {
		return
	}
	value := n * l.unit * price
	fee, tax := b.fee.of(value), b.taxOf(l, s).of(value)
	b.cash += value - fee - tax
	b.value -= n * l.unit * l.tape.highest
	l.shares -= n
	if l.shares == 0 {
		for k, x := range b.held {
			if x == l {
				last := len(b.held) - 1
				b.held[k] = b.held[last]
				b.held = b.held[:last]
				break
			}
		}
	}
	b.fills = append(b.fills, fastFill{l, s, broker.Sell, n, price, fee, tax, reason})
}

// taxOf is the rate of the sales tax on a sell in a session.
func (b *book) taxOf(l *fastLeg, s int) rate {
	d, _ := market.SalesTax(l.tape.of.Board, l.tape.of.Kind, b.days.settles(s))
	if d != l.taxed || l.tax.den == 0 {
		l.taxed = d
		l.tax, _ = rateOf(d, b.scale, b.o.CostDigits) // a rate of four decimals fits wherever the fee's does
	}
	return l.tax
}

// paid is what a fill adds to the cash.
func (f *fastFill) paid() int64 {
	value := f.shares * f.leg.unit * f.price
	if f.side == broker.Buy {
		return -value - f.fee
	}
	return value - f.fee - f.tax
}

// count takes the shares of a fill.
func (f *fastFill) count() {
	if f.side == broker.Buy {
		f.leg.counted += f.shares
	} else {
		f.leg.counted -= f.shares
	}
}

// balance holds the book against its fills: cash and shares are what they say, at every one and at the end.
func (b *book) balance() error {
	cash := b.start
	for _, l := range b.legs {
		l.counted = 0
	}
	for i := range b.fills {
		f := &b.fills[i]
		cash += f.paid()
		f.count()
		if cash < 0 || f.leg.counted < 0 {
			return fmt.Errorf("%w: %s of %s on %s uses what is not there", errBalance, f.side, f.leg.tape.of.Symbol, b.days.dates[f.session])
		}
	}
	for _, l := range b.legs {
		if l.counted != l.shares {
			return fmt.Errorf("%w: fills leave %d shares of %s, the book has %d", errBalance, l.counted, l.tape.of.Symbol, l.shares)
		}
	}
	if cash != b.cash {
		return fmt.Errorf("%w: fills leave %d, the book has %d (in %d decimals of a won)", errBalance, cash, b.cash, b.scale)
	}
	return nil
}

// final is the equity at the end.
func (b *book) final() int64 { return b.equityAt(b.days.len()-1, atClose) }

// draw makes the curve from the fills.
func (b *book) draw() {
	n := b.days.len() - b.begin
	b.equity, b.cashes = slices.Grow(b.equity[:0], n)[:n], append(b.cashes[:0], report.Step{Cash: b.start})
	cash := b.start
	for i := range b.fills {
		f := &b.fills[i]
		at := f.session - b.begin
		cash += f.paid()
		if last := &b.cashes[len(b.cashes)-1]; last.From == at {
			last.Cash = cash
		} else {
			b.cashes = append(b.cashes, report.Step{From: at, Cash: cash})
		}
	}
	if b.straight() {
		b.drawSpans()
		return
	}
	for i, step := range b.cashes {
		to := n
		if i+1 < len(b.cashes) {
			to = b.cashes[i+1].From
		}
		fill(b.equity[step.From:to], step.Cash)
	}
	for _, l := range b.legs {
		l.counted, l.marked = 0, b.begin
	}
	for i := range b.fills {
		f := &b.fills[i]
		b.mark(f.leg, f.session)
		f.count()
	}
	for _, l := range b.legs {
		b.mark(l, b.days.len())
	}
}

// drawSpans is the curve of one symbol: what its spans say, before them the cash, and after its last bar what that left.
func (b *book) drawSpans() {
	b.split()
	k := min(max(0, b.legs[0].tape.offset-b.begin), len(b.equity))
	fill(b.equity[:k], b.start)
	for _, s := range b.spans {
		equity := b.equity[k : k+len(s.values)]
		for i, v := range s.values {
			equity[i] = s.cash + s.held*v
		}
		k += len(s.values)
	}
	fill(b.equity[k:], b.final())
}

func fill(equity []int64, amount int64) {
	for i := range equity {
		equity[i] = amount
	}
}

// mark adds the shares counted of a leg to the equity of the sessions before s.
func (b *book) mark(l *fastLeg, s int) {
	t, times := l.tape, l.counted*l.unit
	switch {
	case times == 0:
	case t.newest == nil:
		closes := t.bars.Close
		from, to := l.marked-t.offset, min(s-t.offset, len(closes))
		equity := b.equity[l.marked-b.begin:]
		for k, c := range closes[min(from, to):to] {
			equity[k] += c * times
		}
		last := closes[len(closes)-1] * times // what is held of a symbol without further bars
		for k := max(l.marked, t.offset+len(closes)); k < s; k++ {
			b.equity[k-b.begin] += last
		}
	default:
		for k := l.marked; k < s; k++ {
			i, _ := t.bar(k)
			b.equity[k-b.begin] += t.bars.Close[i] * times
		}
	}
	l.marked = s
}

// outcome is the walk in decimals.
func (b *book) outcome() outcome {
	b.draw()
	out := outcome{cut: b.cut, curve: report.CurveOf(b.days.dates[b.begin:], b.scale, b.equity, b.cashes)}
	out.trades = make([]report.Trade, len(b.fills))
	for i := range b.fills {
		f := &b.fills[i]
		out.trades[i] = report.Trade{
			Strategy: f.leg.rule.Name, Symbol: f.leg.tape.of.Symbol, Side: f.side, Date: b.days.dates[f.session],
			Price: decimal.New(f.price, -f.leg.tape.bars.Scale), Shares: f.shares, Fee: b.won(f.fee), Tax: b.won(f.tax), Reason: string(f.reason),
		}
	}
	return out
}

// won is an amount in decimals. Most taxes are 0, which costs no allocation.
func (b *book) won(amount int64) decimal.Decimal {
	if amount == 0 {
		return decimal.Decimal{}
	}
	return decimal.New(amount, -b.scale)
}
