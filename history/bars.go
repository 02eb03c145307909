// Package history keeps bars: on disk as column files, in memory as columns of integers, and on their way in and out as
// CSV. It notices when the past of a symbol has been re-based, says where each stretch of bars came from, and finds
// what looks wrong in them. It knows no rules, no broker and no network, and reads no clock: whoever fetched the bars
// says when.
package history

import (
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// Bounds of what a symbol's history may hold.
const (
	maxBars   = 4_000_000               // more than there are dates
	maxDigits = 8                       // decimals of a price, as many as every division of the program keeps
	maxPrice  = 999_999_999_999_999_999 // 18 digits, decimals included
)

// Bars are the completed bars of one symbol in columns, oldest first, one element per session in each column. A price
// is mantissa / 10^Scale won; Volume is in shares. Callers read the columns in place and must not write them.
type Bars struct {
	Symbol market.Symbol
	Raw    bool  // prices as they were traded; false: adjusted for splits and rights
	Scale  int32 // 0 to 8
	Dates  []market.Date
	Open   []int64
	High   []int64
	Low    []int64
	Close  []int64
	Volume []int64
}

// Of turns bars, oldest first, into columns with the smallest scale that holds every price exactly. Each bar is
// normalized. The error says which bar does not fit or is none that a session can have made.
func Of(symbol market.Symbol, bars []market.Bar) (Bars, error) {
	b := Bars{Symbol: symbol}
	for _, bar := range bars {
		for _, p := range []decimal.Decimal{bar.Open, bar.High, bar.Low, bar.Close} {
			b.Scale = max(b.Scale, digits(p))
		}
	}
	if b.Scale > maxDigits {
		return Bars{}, fmt.Errorf("bars of %s: a price with more than %d decimals", symbol, maxDigits)
	}
	b.grow(len(bars))
	for _, bar := range bars {
		bar, _ = bar.Normalize()
		var m [4]int64
		for i, p := range []decimal.Decimal{bar.Open, bar.High, bar.Low, bar.Close} {
			p = p.Shift(b.Scale)
			if p.GreaterThan(decimal.New(maxPrice, 0)) || p.Sign() < 0 {
				return Bars{}, fmt.Errorf("bars of %s: %s: price out of range", symbol, bar.Date)
			}
			m[i] = p.IntPart()
		}
		b.append(bar.Date, m, bar.Volume)
	}
	return b, b.Check()
}

// digits is the number of decimals a price needs.
func digits(p decimal.Decimal) int32 {
	for n := int32(0); n <= maxDigits; n++ {
		if p.Shift(n).IsInteger() {
			return n
		}
	}
	return maxDigits + 1
}

func (b *Bars) grow(n int) {
	b.Dates = slices.Grow(b.Dates, n)
	for _, c := range []*[]int64{&b.Open, &b.High, &b.Low, &b.Close, &b.Volume} {
		*c = slices.Grow(*c, n)
	}
}

// resize makes the columns n long, whatever they hold: in the memory of used where that suffices.
func (b *Bars) resize(used Bars, n int) {
	if cap(used.Dates) < n || cap(used.Open) < n || cap(used.High) < n || cap(used.Low) < n || cap(used.Close) < n || cap(used.Volume) < n {
		all := make([]int64, 5*n)
		column := func(i int) []int64 { return all[i*n : (i+1)*n : (i+1)*n] }
		used = Bars{Dates: make([]market.Date, n), Open: column(0), High: column(1), Low: column(2), Close: column(3), Volume: column(4)}
	}
	b.Dates, b.Open, b.High = used.Dates[:n], used.Open[:n], used.High[:n]
	b.Low, b.Close, b.Volume = used.Low[:n], used.Close[:n], used.Volume[:n]
}

func (b *Bars) append(d market.Date, ohlc [4]int64, volume int64) {
	b.Dates = append(b.Dates, d)
	b.Open, b.High = append(b.Open, ohlc[0]), append(b.High, ohlc[1])
	b.Low, b.Close = append(b.Low, ohlc[2]), append(b.Close, ohlc[3])
	b.Volume = append(b.Volume, volume)
}

// Len is the number of bars.
func (b Bars) Len() int { return len(b.Dates) }

// At is bar i as the rest of the house knows it.
func (b Bars) At(i int) market.Bar {
	price := func(m int64) decimal.Decimal { return decimal.New(m, -b.Scale) }
	return market.Bar{
		Date: b.Dates[i], Open: price(b.Open[i]), High: price(b.High[i]), Low: price(b.Low[i]), Close: price(b.Close[i]),
		Volume: b.Volume[i],
	}
}

// Index is the place of the date, or, when there is no bar of it, the place of the first later one; the place may be
// Len.
func (b Bars) Index(d market.Date) (i int, found bool) { return slices.BinarySearch(b.Dates, d) }

// Between are the bars of the dates from, to and between. The columns are shared, not copied.
func (b Bars) Between(from, to market.Date) Bars {
	i, _ := b.Index(from)
	j, found := b.Index(to)
	if found {
		j++
	}
	return b.slice(i, max(i, j))
}

// Last are the newest n bars, or all when there are fewer. The columns are shared, not copied.
func (b Bars) Last(n int) Bars { return b.slice(max(0, b.Len()-n), b.Len()) }

func (b Bars) slice(i, j int) Bars {
	b.Dates = b.Dates[i:j:j]
	b.Open, b.High, b.Low = b.Open[i:j:j], b.High[i:j:j], b.Low[i:j:j]
	b.Close, b.Volume = b.Close[i:j:j], b.Volume[i:j:j]
	return b
}

// Check finds what makes the columns unusable: uneven lengths, a scale out of bounds, dates that do not exist or do
// not ascend, and bars that no session can have made.
func (b Bars) Check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("bars of %s: %w", b.Symbol, fmt.Errorf(format, args...))
	}
	n := len(b.Dates)
	for _, c := range [][]int64{b.Open, b.High, b.Low, b.Close, b.Volume} {
		if len(c) != n {
			return fail("columns of %d and %d values", n, len(c))
		}
	}
	if b.Scale < 0 || b.Scale > maxDigits || n > maxBars {
		return fail("%d bars at scale %d are out of bounds", n, b.Scale)
	}
	last, month := market.Date(0), market.Date(0) // month is the 28th of last's own: every day up to it exists
	for i, d := range b.Dates {
		if d <= last || d > month {
			if d <= last || !d.Valid() {
				return fail("date %d after %s", int32(d), last)
			}
			month = d - d%100 + 28
		}
		last = d
		if err := sound(b.Open[i], b.High[i], b.Low[i], b.Close[i], b.Volume[i]); err != nil {
			return fail("%s: %w", d, err)
		}
	}
	return nil
}

// sound is market.Bar.Check on mantissas.
func sound(open, high, low, close, volume int64) error {
	switch {
	case low <= 0:
		return errors.New("price not above zero")
	case high > maxPrice:
		return errors.New("price of more than 18 digits")
	case high < open || high < close || low > open || low > close:
		return errors.New("high and low do not enclose open and close")
	case volume < 0:
		return errors.New("volume below zero")
	}
	return nil
}

// rescale is the same prices at a finer scale; false when they do not fit. Columns are copied.
func (b Bars) rescale(scale int32) (Bars, bool) {
	if scale == b.Scale {
		return b, true
	}
	factor := pow10(scale - b.Scale)
	for _, c := range []*[]int64{&b.Open, &b.High, &b.Low, &b.Close} {
		*c = slices.Clone(*c)
		for i, m := range *c {
			if m > maxPrice/factor {
				return b, false
			}
			(*c)[i] = m * factor
		}
	}
	b.Scale = scale
	return b, true
}

func pow10(n int32) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// Halted tells whether bar i is a session without trading: one price and no volume.
func (b Bars) Halted(i int) bool { return b.Volume[i] == 0 && b.High[i] == b.Low[i] }
