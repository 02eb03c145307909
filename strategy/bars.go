package strategy

import (
	"fmt"

	"github.com/shopspring/decimal"

	"maemae/market"
	"maemae/series"
)

// Bars is the history of one symbol in columns, oldest first, all of one length: prices are integer mantissas, a price
// is mantissa / 10^Scale won; Volume is in shares. The columns are never changed and may be shared.
//
// Index is the close of what stands for the market, of which a price is mantissa / 10^IndexScale, bar by bar, 0 where it
// has none; it has no bars where no rule asks.
type Bars struct {
	Dates                          []market.Date
	Scale                          int32
	Open, High, Low, Close, Volume []int64
	Index                          []int64
	IndexScale                     int32
}

// BarsOf puts bars into columns at the smallest scale that holds every price. Dates must rise.
func BarsOf(bars []market.Bar) (Bars, error) {
	var b Bars
	for _, bar := range bars {
		for _, p := range []decimal.Decimal{bar.Open, bar.High, bar.Low, bar.Close} {
			b.Scale = max(b.Scale, scaleOf(p))
		}
	}
	for _, bar := range bars {
		if n := len(b.Dates); n > 0 && bar.Date <= b.Dates[n-1] {
			return Bars{}, fmt.Errorf("bars: %s does not follow %s", bar.Date, b.Dates[n-1])
		}
		if err := b.append(bar); err != nil {
			return Bars{}, err
		}
	}
	return b, nil
}

// Len is the number of bars.
func (b Bars) Len() int { return len(b.Dates) }

// At is bar i.
func (b Bars) At(i int) market.Bar {
	price := func(column []int64) decimal.Decimal { return decimal.New(column[i], -b.Scale) }
	return market.Bar{Date: b.Dates[i], Open: price(b.Open), High: price(b.High), Low: price(b.Low), Close: price(b.Close), Volume: b.Volume[i]}
}

// With is b with one more bar, or with its last bar replaced where that has the same date: today's forming bar. An
// earlier date is an error. The result has no index.
func (b Bars) With(bar market.Bar) (Bars, error) {
	n := b.Len()
	if n > 0 && b.Dates[n-1] == bar.Date {
		n--
	}
	if n > 0 && b.Dates[n-1] > bar.Date {
		return Bars{}, fmt.Errorf("bars: %s comes before %s", bar.Date, b.Dates[n-1])
	}
	b = b.First(n)
	b.Index, b.IndexScale = nil, 0
	scale := b.Scale
	for _, p := range []decimal.Decimal{bar.Open, bar.High, bar.Low, bar.Close} {
		scale = max(scale, scaleOf(p))
	}
	if scale > b.Scale {
		old := b
		b = Bars{Scale: scale}
		for i := range n {
			if err := b.append(old.At(i)); err != nil {
				return Bars{}, err
			}
		}
	}
	err := b.append(bar)
	return b, err
}

// First is the first n bars; appending to it leaves b alone.
func (b Bars) First(n int) Bars { return b.between(0, n) }

// between is the bars from one on and before another; appending to it leaves b alone.
func (b Bars) between(from, to int) Bars {
	out := Bars{
		b.Dates[from:to:to], b.Scale, b.Open[from:to:to], b.High[from:to:to],
		b.Low[from:to:to], b.Close[from:to:to], b.Volume[from:to:to], nil, b.IndexScale,
	}
	if len(b.Index) > 0 {
		out.Index = b.Index[from:to:to]
	}
	return out
}

// WithIndex is b with the closes of the index on its dates.
func (b Bars) WithIndex(index Bars) Bars {
	b.Index, b.IndexScale = make([]int64, b.Len()), index.Scale
	k := 0
	for i, date := range b.Dates {
		for k < index.Len() && index.Dates[k] < date {
			k++
		}
		if k < index.Len() && index.Dates[k] == date {
			b.Index[i] = index.Close[k]
		}
	}
	return b
}

// index is the index as a column, not ready where it has no close; the zero Series without one.
func (b Bars) index() series.Series {
	if len(b.Index) == 0 {
		return series.Series{}
	}
	return series.OfNonzero(b.IndexScale, b.Index)
}

func (b *Bars) append(bar market.Bar) error {
	columns := []*[]int64{&b.Open, &b.High, &b.Low, &b.Close}
	for i, p := range []decimal.Decimal{bar.Open, bar.High, bar.Low, bar.Close} {
		m := p.Shift(b.Scale)
		if !m.IsInteger() || !m.BigInt().IsInt64() {
			return fmt.Errorf("bars: %s: price %s does not fit", bar.Date, p)
		}
		*columns[i] = append(*columns[i], m.IntPart())
	}
	b.Dates, b.Volume = append(b.Dates, bar.Date), append(b.Volume, bar.Volume)
	return nil
}

// check finds columns of different lengths: the caller's mistake, which must not become a panic in the daemon.
func (b Bars) check() error {
	for _, column := range [][]int64{b.Open, b.High, b.Low, b.Close, b.Volume} {
		if len(column) != len(b.Dates) {
			return fmt.Errorf("bars: a column of %d for %d dates", len(column), len(b.Dates))
		}
	}
	if n := len(b.Index); n > 0 && n != len(b.Dates) {
		return fmt.Errorf("bars: an index of %d for %d dates", n, len(b.Dates))
	}
	if b.Scale < 0 || b.IndexScale < 0 {
		return fmt.Errorf("bars: scale %d, of the index %d, below zero", b.Scale, b.IndexScale)
	}
	return nil
}

// scaleOf is the number of decimals a value really has.
func scaleOf(d decimal.Decimal) int32 {
	scale := max(0, -d.Exponent())
	for scale > 0 && d.Shift(scale-1).IsInteger() {
		scale--
	}
	return scale
}

// priceColumn is the price word: the close, and on the newest bar the current price where one is given.
func (b Bars) priceColumn(price decimal.Decimal) series.Series {
	n := b.Len()
	if price.IsZero() || n == 0 {
		return series.Of(b.Scale, b.Close)
	}
	values := make([]decimal.Decimal, n)
	for i := range n - 1 {
		values[i] = decimal.New(b.Close[i], -b.Scale)
	}
	values[n-1] = price
	return series.FromDecimals(values)
}
