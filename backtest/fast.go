package backtest

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
	"maemae/report"
	"maemae/series"
	"maemae/strategy"
)

// errWide is the kind of every error that says: 64 bits do not hold the numbers of this account.
var errWide = errors.New("64 bits do not hold the money")

// book is an account in integers: money is mantissa / 10^scale won. It looks only at sessions in which something may
// happen, and allocates nothing for a bar.
type book struct {
	*account
	scale int32
	start int64 // cash at the beginning
	fee   rate
	taxes map[[2]int64]rate // by coefficient and exponent
	legs  []*fastLeg
	queue []*fastLeg // a heap: the leg with the next session first, of equal ones the first in order

	cash   int64
	value  int64 // of all holdings at their highest price ever: no sum of money exceeds cash and this
	held   []*fastLeg
	due    []*fastLeg
	wishes []*fastLeg
	fills  []fastFill
	cut    cuts

	equity []int64       // by session from begin
	cashes []report.Step // the cash whenever it changed, by point of the curve
	filled int           // the session up to which equity carries the cash
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

// fastLeg is a leg with its columns, its constants in integers, and what it holds.
type fastLeg struct {
	*leg
	index int
	signals
	end       slot
	lead      int // bars between the newest a slot sees and the session's own: 1 for completed bars
	one, unit int64

	stopAt, targetAt, trailAt part // of the entry or the high; den is 0 where there is none
	amount                    part // of the size: a part of money, or shares
	won, capital              int64
	remembers                 bool // the highest price since the entry matters
	watches                   bool // what happens inside bars matters

	shares, price, high int64
	stop, target, trail int64 // low <= stop, high >= target, low <= trail
	since, watched      int
	next                int // session
	marked              int // session up to which equity carries the holding
	counted             int64
	bar                 int // of the session looked at
	trades              bool
}

// newBook prepares an account for the fast engine. The error is errWide where its numbers are too fine or too large.
func newBook(a *account, signals []signals) (*book, error) {
	b := &book{account: a, taxes: map[[2]int64]rate{}, scale: max(a.o.CostDigits, digits(a.o.Cash))}
	for _, l := range a.legs {
		b.scale = max(b.scale, l.tape.bars.Scale, digits(l.rule.Capital))
	}
	var fits, held bool
	b.start, fits = mantissa(a.o.Cash, b.scale)
	b.fee, held = rateOf(a.o.Costs.FeeRate, b.scale, a.o.CostDigits)
	if !fits || !held {
		return nil, errWide
	}
	b.equity = make([]int64, a.days.len()-a.begin)
	for i, l := range a.legs {
		f := &fastLeg{leg: l, index: i}
		if !f.constants(b.scale) {
			return nil, errWide
		}
		f.signals = signals[i]
		f.remembers = f.asks || f.trailAt.den != 0
		f.watches = f.remembers || f.stopAt.den != 0 || f.targetAt.den != 0
		b.legs = append(b.legs, f)
	}
	b.due, b.queue, b.held, b.wishes = make([]*fastLeg, 0, len(b.legs)), make([]*fastLeg, 0, len(b.legs)), make([]*fastLeg, 0, len(b.legs)), make([]*fastLeg, 0, len(b.legs))
	return b, nil
}

// constants turns what the rule says into integers, false where they do not fit.
func (l *fastLeg) constants(scale int32) (ok bool) {
	ok = true
	integer := func(v int64, fits bool) int64 { ok = ok && fits; return v }
	l.one, l.unit = integer(pow10(l.tape.bars.Scale)), integer(pow10(scale-l.tape.bars.Scale))
	ratio := func(x decimal.Decimal) part {
		if x.Sign() <= 0 {
			return part{}
		}
		p, fits := partOf(x)
		ok = ok && fits
		return p
	}
	below := func(x decimal.Decimal) part { p := ratio(x); return part{p.den - p.num, p.den} }
	x := l.rule.Exits
	l.stopAt, l.trailAt, l.targetAt = below(x.StopLoss), below(x.TrailingStop), ratio(x.TakeProfit)
	l.targetAt.num += l.targetAt.den
	l.end, l.lead = atClose, 0
	if l.rule.CompletedBars {
		l.end, l.lead = atOpen, 1
	}
	switch size := l.rule.Size; size.Basis {
	case strategy.InKRW:
		l.won = integer(mantissa(size.Amount.Truncate(scale), scale))
	case strategy.InShares:
		l.won = integer(mantissa(size.Amount.Truncate(0), 0))
	default:
		l.amount = ratio(size.Amount)
	}
	l.capital = integer(mantissa(l.rule.Capital, scale))
	return ok
}

// walk plays the whole account.
func (b *book) walk() error {
	b.reset()
	last := b.days.len()
	for _, l := range b.legs {
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
	b.fill(last)
	for _, l := range b.held {
		b.mark(l, last)
	}
	return b.balance()
}

// reset empties the book for another walk, and keeps its memory.
func (b *book) reset() {
	b.cash, b.value, b.filled, b.cut = b.start, 0, b.begin, cuts{}
	b.queue, b.held, b.fills = b.queue[:0], b.held[:0], b.fills[:0]
	b.cashes = append(b.cashes[:0], report.Step{Cash: b.cash})
	for _, l := range b.legs {
		l.shares, l.watched = 0, -1
	}
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

func (l *fastLeg) before(m *fastLeg) bool {
	return l.next < m.next || l.next == m.next && l.index < m.index
}

// seek is the next session from s on in which something may happen to the leg; the number of sessions where none is.
func (b *book) seek(l *fastLeg, s int) int {
	if l.shares == 0 {
		return l.signal(l.enter, s)
	}
	until := l.tape.days.len()
	switch {
	case l.asks:
		until = l.slot(s)
	case l.leave.Len() > 0:
		until = l.signal(l.leave, s)
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

// signal is the first session from s on with a slot whose newest bar has the bit.
func (l *fastLeg) signal(bit series.Bits, s int) int {
	t := l.tape
	if s >= t.days.len() {
		return s
	}
	i, here := t.bar(s)
	if !here {
		i++
	}
	for {
		i = bit.Next(i-l.lead) + l.lead
		if i >= t.bars.Len() {
			return t.days.len()
		}
		if s := t.session(i); s >= 0 && l.slots[s]&l.end != 0 {
			return s
		}
		i++
	}
}

// slot is the first session from s on with a slot and a bar.
func (l *fastLeg) slot(s int) int {
	for ; s < l.tape.days.len(); s++ {
		if _, here := l.tape.bar(s); here && l.slots[s]&l.end != 0 {
			return s
		}
	}
	return s
}

// scanBars is the first session from s on and before until in which a bar reaches a level; until where none does. It
// keeps the high up to the bar before.
func (l *fastLeg) scanBars(s, until int) int {
	t := l.tape
	if s >= until {
		return until
	}
	i, here := t.bar(s)
	if !here {
		i++
	}
	low, high := t.bars.Low, t.bars.High[:len(t.bars.Low)]
	floor, ceiling := l.quiet()
	for ; i < len(low); i++ {
		if low[i] > floor && high[i] <= ceiling {
			continue
		}
		at := t.session(i)
		if at >= until {
			return until
		}
		if at < 0 || t.halted(i) {
			continue
		}
		if low[i] <= l.stop || high[i] >= l.target {
			return at
		}
		if !l.remembers {
			continue
		}
		seen := max(l.high, t.bars.Open[i])
		if low[i] <= l.trailOf(seen) {
			return at
		}
		seen = max(seen, high[i])
		if l.end == atClose && l.slots[at]&atClose != 0 && t.bars.Close[i] <= l.trailOf(seen) {
			return at
		}
		l.raise(seen)
		floor, ceiling = l.quiet()
	}
	return until
}

// quiet is what a bar must lie above and must not exceed so that nothing happens in it: no level, no new high.
func (l *fastLeg) quiet() (floor, ceiling int64) {
	floor, ceiling = max(l.stop, l.trail), l.target-1
	if l.remembers {
		ceiling = min(ceiling, l.high)
	}
	return floor, ceiling
}

// scanSlots is scanBars where only the prices of slots count.
func (l *fastLeg) scanSlots(s, until int) int {
	for s = l.slot(s); s < until; s = l.slot(s + 1) {
		i, _ := l.tape.bar(s)
		if l.tape.halted(i) {
			continue
		}
		price := l.priceAt(i)
		if _, applies := l.exit(price, s); applies {
			return s
		}
		l.raise(price)
	}
	return until
}

// priceAt is what a slot trades at.
func (l *fastLeg) priceAt(i int) int64 {
	if l.end == atOpen {
		return l.tape.bars.Open[i]
	}
	return l.tape.bars.Close[i]
}

// hold begins a position: its levels follow from the price.
func (l *fastLeg) hold(shares, price int64, s int) bool {
	l.shares, l.price, l.since, l.marked, l.watched = shares, price, s, s, -1
	l.stop, l.target, l.trail = -1, math.MaxInt64, -1
	ok := true
	if l.stopAt.den != 0 {
		l.stop, _, ok = l.stopAt.of(price)
	}
	if l.targetAt.den != 0 {
		whole, rest, fits := l.targetAt.of(price)
		if rest > 0 {
			whole++
		}
		l.target, ok = whole, ok && fits
	}
	l.high = price
	l.trail = l.trailOf(price)
	return ok
}

// raise takes a price that was seen.
func (l *fastLeg) raise(price int64) {
	if price > l.high {
		l.high = price
		l.trail = l.trailOf(price)
	}
}

// trailOf is the trailing stop under a high, -1 where there is none.
func (l *fastLeg) trailOf(high int64) int64 {
	if l.trailAt.den == 0 {
		return -1
	}
	level, _, _ := l.trailAt.of(high) // less than the high
	return level
}

// trailsFirst tells whether the trailing stop lies above the stop loss and is reached first. Their whole parts may be
// equal where they are not.
func (l *fastLeg) trailsFirst() bool {
	if l.trail != l.stop {
		return l.trail > l.stop
	}
	_, a, _ := l.trailAt.of(l.high)
	_, b, _ := l.stopAt.of(l.price)
	return lessProduct(b, l.trailAt.den, a, l.stopAt.den)
}

// exit is the exit that applies at the price of a slot.
func (l *fastLeg) exit(price int64, s int) (strategy.Reason, bool) {
	switch {
	case price <= l.stop:
		return strategy.StopLoss, true
	case price >= l.target:
		return strategy.TakeProfit, true
	case price <= l.trailOf(max(l.high, price)):
		return strategy.TrailingStop, true
	case l.rule.Exits.MaxHolding > 0 && s-l.since >= l.rule.Exits.MaxHolding:
		return strategy.MaxHolding, true
	}
	return "", false
}

// session goes through one day of the legs that are due, as plain.session does.
func (b *book) session(s int) error {
	watch := !b.o.ExitsAtSlots
	for _, l := range b.due {
		i, here := l.tape.bar(s)
		l.bar, l.trades = i, here && !l.tape.halted(i)
		if watch && l.watches && l.trades && l.shares > 0 {
			b.watchOpen(l, s)
		}
	}
	if err := b.slot(s, atOpen); err != nil {
		return err
	}
	for _, l := range b.due {
		if watch && l.watches && l.trades && l.shares > 0 {
			b.watchInside(l, s)
		}
	}
	return b.slot(s, atClose)
}

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

// buys tells whether the rule wants in on the bar of the session, while it holds nothing.
func (l *fastLeg) buys() bool {
	i := l.bar - l.lead
	if truth, _ := l.enter.At(i); !truth {
		return false
	}
	if !l.asks {
		return true
	}
	_, ready := l.columns.SellAt(i, nil, decimal.Decimal{})
	return ready
}

// sells tells whether the rule wants out.
func (l *fastLeg) sells(price int64, s int) bool {
	i := l.bar - l.lead
	if !l.asks {
		truth, _ := l.leave.At(i)
		return truth
	}
	if _, ready := l.enter.At(i); !ready {
		return false
	}
	won := func(m int64) decimal.Decimal { return decimal.New(m, -l.tape.bars.Scale) }
	truth, ready := l.columns.SellAt(i, &strategy.Position{
		Shares: l.shares, AveragePrice: won(l.price), High: won(l.high), Since: l.tape.days.dates[l.since], Sessions: s - l.since,
	}, won(price))
	return truth && ready
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

// wanted is how many shares the size of the rule buys at a price, before the capital bounds it.
func (l *fastLeg) wanted(price, equity, cash int64) (int64, bool) {
	if l.rule.Size.Basis == strategy.InShares {
		return l.won, true
	}
	budget, ok := l.won, true
	switch l.rule.Size.Basis {
	case strategy.OfCash:
		budget, _, ok = l.amount.of(cash)
	case strategy.OfEquity:
		if l.capital > 0 {
			equity = l.capital
		}
		budget, _, ok = l.amount.of(equity)
	}
	return budget / (price * l.unit), ok
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
	if l.capital > 0 {
		if n := l.capital / (price * l.unit); n < wanted {
			wanted = n
			if l.rule.ExactSize {
				return nil
			}
		}
	}
	if wanted == 0 {
		return nil
	}
	steps := l.tape.ladder(s)
	at := steps.step(price, b.o.Slippage, l.one)
	ticks, now := l.rule.Order.Ticks, true
	if l.rule.Order.Type == strategy.Limit {
		at, now = min(at, steps.step(price, ticks, l.one)), ticks >= 0
	}
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
	b.paid(s, -paid)
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
	n := b.o.room(wanted, l.tape.bars.Volume[l.bar])
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
	steps := l.tape.ladder(s)
	at := steps.step(price, -b.o.Slippage, l.one)
	if l.rule.Order.Type == strategy.Limit {
		ticks := l.rule.Order.Ticks
		if ticks < 0 {
			b.cut.nothing++
			return
		}
		at = max(at, steps.step(price, -ticks, l.one))
	}
	b.sell(l, s, at, strategy.RuleExit)
}

func (b *book) sell(l *fastLeg, s int, price int64, reason strategy.Reason) {
	n := b.fillable(l, broker.Sell, l.shares)
	if n == 0 {
		return
	}
	value := n * l.unit * price
	fee, tax := b.fee.of(value), b.taxOf(l, s).of(value)
	b.paid(s, value-fee-tax)
	b.mark(l, s)
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
	key := [2]int64{d.CoefficientInt64(), int64(d.Exponent())}
	r, known := b.taxes[key]
	if !known {
		r, _ = rateOf(d, b.scale, b.o.CostDigits) // a rate of four decimals fits wherever the fee's does
		b.taxes[key] = r
	}
	return r
}

// fill carries the cash through the sessions before s.
func (b *book) fill(s int) {
	equity, cash := b.equity[b.filled-b.begin:s-b.begin], b.cash
	for i := range equity {
		equity[i] = cash
	}
	b.filled = s
}

// paid changes the cash in a session, whose equity is not filled yet.
func (b *book) paid(s int, by int64) {
	b.fill(s)
	b.cash += by
	if last := &b.cashes[len(b.cashes)-1]; last.From == s-b.begin {
		last.Cash = b.cash
		return
	}
	b.cashes = append(b.cashes, report.Step{From: s - b.begin, Cash: b.cash})
}

// mark adds the holding of a leg to the equity of the sessions before s. The cash of these is written.
func (b *book) mark(l *fastLeg, s int) {
	t, times := l.tape, l.shares*l.unit
	if t.newest == nil {
		i := l.marked - t.offset
		n := min(s-t.offset, t.bars.Len())
		if i < n {
			equity := b.equity[l.marked-b.begin:]
			for k, c := range t.bars.Close[i:n] {
				equity[k] += c * times
			}
			l.marked += n - i
		}
	}
	for ; l.marked < s; l.marked++ {
		i, _ := t.bar(l.marked)
		b.equity[l.marked-b.begin] += t.bars.Close[i] * times
	}
}

// balance holds the book against its fills: cash and shares are what they say, and so is the end of the curve.
func (b *book) balance() error {
	cash := b.start
	for _, l := range b.legs {
		l.counted = 0
	}
	for i := range b.fills {
		f := &b.fills[i]
		value := f.shares * f.leg.unit * f.price
		if f.side == broker.Buy {
			cash -= value + f.fee
			f.leg.counted += f.shares
		} else {
			cash += value - f.fee - f.tax
			f.leg.counted -= f.shares
		}
		if cash < 0 || f.leg.counted < 0 {
			return fmt.Errorf("%w: %s of %s on %s uses what is not there", errBalance, f.side, f.leg.tape.of.Symbol, b.days.dates[f.session])
		}
	}
	equity := cash
	for _, l := range b.legs {
		if i, _ := l.tape.bar(b.days.len() - 1); i >= 0 {
			equity += l.counted * l.unit * l.tape.bars.Close[i]
		}
	}
	if last := len(b.equity) - 1; equity != b.equity[last] || cash != b.cashes[len(b.cashes)-1].Cash {
		return fmt.Errorf("%w: fills leave %d, the curve ends at %d (in %d decimals of a won)", errBalance, equity, b.equity[last], b.scale)
	}
	return nil
}

// outcome is the walk in decimals.
func (b *book) outcome() outcome {
	out := outcome{cut: b.cut, curve: report.CurveOf(b.days.dates[b.begin:], b.scale, b.equity, b.cashes)}
	out.trades = make([]report.Trade, len(b.fills))
	for i, f := range b.fills {
		out.trades[i] = report.Trade{
			Strategy: f.leg.rule.Name, Symbol: f.leg.tape.of.Symbol, Side: f.side, Date: b.days.dates[f.session],
			Price: decimal.New(f.price, -f.leg.tape.bars.Scale), Shares: f.shares,
			Fee: decimal.New(f.fee, -b.scale), Tax: decimal.New(f.tax, -b.scale), Reason: string(f.reason),
		}
	}
	return out
}
