package backtest

import (
	"slices"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// ladder is a market.Ladder in integers, from a session on. A test holds it to the one it was read from.
type ladder struct {
	from  int // session
	bands []band
}

// band is one stretch of equal ticks, in whole won.
type band struct{ from, tick int64 }

// topPrice is where the search for bands ends, in won: there is none above.
const topPrice = 1_000_000_000

// laddersOf are the ladders of a kind of issue over the sessions, each with the first session it counts from.
func (days *sessions) laddersOf(of market.Instrument, raw bool) []ladder {
	key := issue{of.Board, of.Kind, raw}
	days.reading.Lock()
	defer days.reading.Unlock()
	if days.ladders[key] == nil {
		if days.ladders == nil {
			days.ladders = map[issue][]ladder{}
		}
		days.ladders[key] = readLadders(of, raw, days)
	}
	return days.ladders[key]
}

// issue is what a ladder depends on besides the date.
type issue struct {
	board market.Board
	kind  market.Kind
	raw   bool
}

func readLadders(of market.Instrument, raw bool, days *sessions) []ladder {
	read := func(session int) ladder {
		return ladder{session, bandsOf(ladderAt(of, raw, days.dates[session]))}
	}
	list := []ladder{read(0)}
	last := days.len() - 1
	if !raw || last == 0 {
		return list
	}
	// A ladder that was replaced never came back, so equal ends have nothing else between them.
	var split func(a, b ladder)
	split = func(a, b ladder) {
		switch {
		case slices.Equal(a.bands, b.bands):
		case b.from-a.from == 1:
			list = append(list, b)
		default:
			middle := read((a.from + b.from) / 2)
			split(a, middle)
			split(middle, b)
		}
	}
	split(list[0], read(last))
	return list
}

// bandsOf finds where the tick of a ladder changes.
func bandsOf(l market.Ladder) []band {
	tick := func(won int64) int64 { return l.Tick(decimal.NewFromInt(won)).IntPart() }
	bands := []band{{0, tick(0)}}
	for {
		last := bands[len(bands)-1]
		if tick(topPrice) == last.tick {
			return bands
		}
		low, high := last.from, int64(topPrice) // low has the tick, high another
		for high-low > 1 {
			if middle := (low + high) / 2; tick(middle) == last.tick {
				low = middle
			} else {
				high = middle
			}
		}
		bands = append(bands, band{high, tick(high)})
	}
}

// ladder is the one of a session.
func (t *tape) ladder(session int) ladder {
	l := t.ladders[0]
	for _, x := range t.ladders[1:] {
		if session >= x.from {
			l = x
		}
	}
	return l
}

func (l ladder) tick(won int64) int64 {
	t := l.bands[0].tick
	for _, b := range l.bands[1:] {
		if won >= b.from {
			t = b.tick
		}
	}
	return t
}

// down is the highest price of the ladder at or below the price, both in units of 1/one won; the price itself where
// there is none.
func (l ladder) down(price, one int64) int64 {
	won := price / one
	if won -= won % l.tick(won); won == 0 {
		return price
	}
	return won * one
}

// up is the lowest price of the ladder at or above the price.
func (l ladder) up(price, one int64) int64 {
	won := (price + one - 1) / one
	t := l.tick(won - 1)
	return (won + t - 1) / t * t * one
}

// step moves a price by ticks without rounding it, down where they are negative, but not below one won.
func (l ladder) step(price int64, ticks int, one int64) int64 {
	for ; ticks > 0; ticks-- {
		price += l.tick(price/one) * one
	}
	for ; ticks < 0; ticks++ {
		next := price - l.tick((price+one-1)/one-1)*one
		if next < one {
			return min(price, one)
		}
		price = next
	}
	return price
}
