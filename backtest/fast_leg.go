package backtest

import (
	"math"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/series"
	"maemae/strategy"
)

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
	bar                 int // of the session looked at
	volume              int64
	trades              bool

	taxed   decimal.Decimal // the tax that the rate is of
	tax     rate
	counted int64 // shares by the fills so far
	marked  int   // session up to which the curve carries them
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

func (l *fastLeg) before(m *fastLeg) bool {
	return l.next < m.next || l.next == m.next && l.index < m.index
}

// signal is the first session from s on with a slot whose newest bar has the bit.
func (l *fastLeg) signal(bit *series.Bits, s int) int {
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
	l.shares, l.price, l.since, l.watched = shares, price, s, -1
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

// bounded is the shares wanted, as far as the capital of the rule pays them; none where the size is exact and it pays
// fewer.
func (l *fastLeg) bounded(price, wanted int64) int64 {
	if l.capital == 0 {
		return wanted
	}
	n := l.capital / (price * l.unit)
	switch {
	case n >= wanted:
		return wanted
	case l.rule.ExactSize:
		return 0
	}
	return n
}

// quote is leg.quote in integers, for an entry and for the rule's own sell. The price of an order that would wait is of
// use for an entry alone, which needs the cash for it.
func (l *fastLeg) quote(side broker.Side, steps ladder, price int64, slippage int) (at int64, now bool) {
	ticks, limited := l.rule.Order.Ticks, l.rule.Order.Type == strategy.Limit
	if side == broker.Sell {
		at = steps.step(price, -slippage, l.one)
		if limited {
			at = max(at, steps.step(price, -ticks, l.one))
		}
	} else {
		at = steps.step(price, slippage, l.one)
		if limited {
			at = min(at, steps.step(price, ticks, l.one))
		}
	}
	return at, !limited || ticks >= 0
}
