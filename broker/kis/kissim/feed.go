package kissim

import (
	"sort"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// issue is a listed symbol and its bars, oldest first.
type issue struct {
	market.Instrument
	adjusted bool // prices are adjusted for splits: off the ticks of their day
	bars     []bar
	grow     func(until market.Date) // makes the bars up to a date; nil when bars is all there is
}

// known are the bars up to and including the date.
func (i *issue) known(until market.Date) []bar {
	if i.grow != nil {
		i.grow(until)
	}
	n := sort.Search(len(i.bars), func(k int) bool { return i.bars[k].date > until })
	return i.bars[:n]
}

// grid is the ladder the issue's orders stand on at a date.
func (i *issue) grid(on market.Date) grid {
	ladder, known := market.LadderOn(i.Board, i.Kind, on)
	if i.adjusted || !known {
		ladder = market.LadderNow(i.Kind)
	}
	return grid{ladder}
}

// limits are the price limits of a day with that base price. They always enclose the day's own bar, which adjusted
// prices and new listings would otherwise leave.
func (i *issue) limits(base int64, day bar) (lower, upper int64) {
	l, u := i.grid(day.date).Limits(decimal.NewFromInt(base), day.date)
	lower, upper = max(1, l.IntPart()), max(1, u.IntPart())
	if !day.halted() {
		lower, upper = min(lower, day.low), max(upper, day.high)
	}
	return lower, upper
}

// feed is where the market's bars come from.
type feed struct {
	issues map[market.Symbol]*issue
	end    market.Date // of the data; zero: it goes on for ever
}

// dates are those of every bar there is from the start; a market that grows has none.
func (f *feed) dates() []market.Date {
	var all []market.Date
	for _, i := range f.issues {
		for _, b := range i.bars {
			all = append(all, b.date)
		}
	}
	return all
}
