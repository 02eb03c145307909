package market

import "github.com/shopspring/decimal"

// Ladder is the price steps of an issue: for each price the tick (호가단위), the amount the next price is away. The
// zero Ladder has no steps and is not usable.
type Ladder struct{ bands []band }

// band is one stretch of equal ticks. Its lowest price is a multiple of its own tick and of the previous one.
type band struct{ from, tick int64 }

// ladders holds every ladder with the dates it counted from. Of KOSDAQ and KOSPI only the steps above 50,000 won ever
// differed in these years. What came before 2010-10-04 is not kept, because no source for it was at hand.
var ladders = [...]struct {
	from   Date
	board  Board // empty: every board
	fund   bool  // ETF and ETN
	ladder Ladder
}{
	{20101004, KOSPI, false, Ladder{[]band{{0, 1}, {1_000, 5}, {5_000, 10}, {10_000, 50}, {50_000, 100}, {100_000, 500}, {500_000, 1_000}}}},
	{20101004, KOSDAQ, false, Ladder{[]band{{0, 1}, {1_000, 5}, {5_000, 10}, {10_000, 50}, {50_000, 100}}}},
	{20230125, "", false, Ladder{[]band{{0, 1}, {2_000, 5}, {5_000, 10}, {20_000, 50}, {50_000, 100}, {200_000, 500}, {500_000, 1_000}}}},
	{20101004, "", true, Ladder{[]band{{0, 5}}}},
	// The notices name several days of December 2023. The earliest is taken: a finer step calls no traded price wrong.
	{20231208, "", true, Ladder{[]band{{0, 1}, {2_000, 5}}}},
}

// LadderOn is the ladder of a board and kind on a date; false before 2010-10-04, where it is not known.
func LadderOn(board Board, kind Kind, on Date) (found Ladder, known bool) {
	for _, l := range ladders {
		if l.fund == kind.fund() && (l.board == "" || l.board == board) && on >= l.from {
			found, known = l.ladder, true
		}
	}
	return found, known
}

// LadderNow is the ladder in force today for the kind, the same on every board: for stocks since 2023-01-25, for ETF
// and ETN since December 2023.
func LadderNow(kind Kind) Ladder {
	l, _ := LadderOn(KOSPI, kind, 99991231)
	return l
}

// tick is the amount from a whole price to the next higher one.
func (l Ladder) tick(won int64) int64 {
	t := l.bands[0].tick
	for _, b := range l.bands[1:] {
		if won >= b.from {
			t = b.tick
		}
	}
	return t
}

// tickBelow is the amount from a whole price to the next lower one.
func (l Ladder) tickBelow(won int64) int64 { return l.tick(won - 1) }

// Tick is the step from the price to the next higher one on the ladder.
func (l Ladder) Tick(price decimal.Decimal) decimal.Decimal {
	return decimal.NewFromInt(l.tick(price.Floor().IntPart()))
}

// RoundDown is the highest price of the ladder at or below the price; 0 when there is none.
func (l Ladder) RoundDown(price decimal.Decimal) decimal.Decimal {
	won := price.Floor().IntPart()
	return decimal.NewFromInt(won - won%l.tick(won))
}

// RoundUp is the lowest price of the ladder at or above the price.
func (l Ladder) RoundUp(price decimal.Decimal) decimal.Decimal {
	won := price.Ceil().IntPart()
	t := l.tickBelow(won)
	return decimal.NewFromInt((won + t - 1) / t * t)
}

// On tells whether the price stands on the ladder.
func (l Ladder) On(price decimal.Decimal) bool { return price.Equal(l.RoundDown(price)) }

// StepUp is the price n ticks higher. A price off the ladder is not rounded: it moves by the tick that counts where it
// is, so that adjusted prices slip like traded ones.
func (l Ladder) StepUp(price decimal.Decimal, n int) decimal.Decimal {
	for range n {
		price = price.Add(l.Tick(price))
	}
	return price
}

// StepDown is the price n ticks lower, unrounded like StepUp, and never below one won.
func (l Ladder) StepDown(price decimal.Decimal, n int) decimal.Decimal {
	one := decimal.NewFromInt(1)
	for range n {
		next := price.Sub(decimal.NewFromInt(l.tickBelow(price.Ceil().IntPart())))
		if next.LessThan(one) {
			return decimal.Min(price, one)
		}
		price = next
	}
	return price
}

// LimitRate is the width of the daily price limits as a part of the base price: 0.15 to 2015-06-14, 0.30 since. The
// narrower limits before December 1998 (and on KOSDAQ before 2005) are not kept.
func LimitRate(on Date) decimal.Decimal {
	if on < 20150615 {
		return decimal.New(15, -2)
	}
	return decimal.New(30, -2)
}

// Limits are the lowest and highest price (하한가, 상한가) an issue may trade at on a date. The width is the rate times
// the base price, cut to the tick of the base; a limit that lands between two prices of a coarser stretch is moved
// towards the base. New listings, leveraged funds and issues being wound up have other limits: where the broker
// quotes limits, those count.
func (l Ladder) Limits(base decimal.Decimal, on Date) (lower, upper decimal.Decimal) {
	tick := l.Tick(base)
	width := base.Mul(LimitRate(on))
	width = width.Sub(width.Mod(tick))
	return l.RoundUp(base.Sub(width)), l.RoundDown(base.Add(width))
}
