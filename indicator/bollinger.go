package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// bollinger is a band of so many standard deviations around a simple moving
// average. The deviation is that of the population: root((n*sum(x^2) -
// sum(x)^2) / n^2), with one rounding for the quotient and one for the root; the
// band is exact from there.
var bollinger = Spec{
	ID: "bollinger", Title: "Bollinger bands", TitleKorean: "볼린저밴드", Group: volatilities,
	Summary: "A band around the average, as wide as prices have lately scattered.",
	Formula: "middle = sma(x, period); upper, lower = middle +- std * std(x, period), population",
	Source:  "Lean BollingerBands (Simple)",
	Unit:    "as the series", Example: "close < bollinger(20, 2).lower",
	Reads: []string{"close"}, TakesSeries: true,
	Params:   []Param{period(20), multiplier("std", 2)},
	Outputs:  []string{"middle", "upper", "lower"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		if out, ok := bollingerNarrow(in.Source, n, a.Decimal("std")); ok {
			return out
		}
		middle := series.Mean(in.Source, n)
		return band(middle, times(series.Sqrt(series.Variance(in.Source, n)), a.Decimal("std")))
	},
}

// band is middle, upper and lower of a middle and a half width.
func band(middle, half series.Series) []series.Series {
	return []series.Series{middle, series.Add(middle, half), series.Sub(middle, half)}
}

// bollingerNarrow is bollinger in one pass over 64-bit mantissas that are not
// negative and have at most four decimals; false where 64 bits do not suffice.
func bollingerNarrow(s series.Series, n int, std decimal.Decimal) ([]series.Series, bool) {
	v, ok := s.Narrow()
	places := max(0, -std.Exponent())
	top, fit := series.Narrow{Scale: v.Scale, High: v.High}.AtScale(series.Digits + places)
	if !ok || !fit || v.Low < 0 || v.Scale > series.Digits/2 || v.High >= series.WindowTop(n) || top.High >= 1<<60/int64(max(20, n)) {
		return nil, false
	}
	column := func(scale int32) series.Narrow {
		return series.Narrow{Mantissas: make([]int64, len(v.Mantissas)), Scale: scale, First: v.First + n - 1, Low: -1 << 61, High: 1 << 61}
	}
	middle, upper, lower := column(series.Digits), column(series.Digits+places), column(series.Digits+places)
	w := deviations{
		n: int64(n), up: powerOfTen(series.Digits - v.Scale), squareUp: powerOfTen(series.Digits - 2*v.Scale),
		places: powerOfTen(places), width: std.Shift(places).IntPart(),
	}
	if first := middle.First; first < len(v.Mantissas) {
		fit = w.bands(v.Mantissas[v.First:], middle.Mantissas[first:], upper.Mantissas[first:], lower.Mantissas[first:])
	}
	return []series.Series{middle.Series(), upper.Series(), lower.Series()}, fit
}

// deviations is the constants of bollinger's kernel.
type deviations struct {
	n            int64
	up, squareUp int64 // sums and sums of squares to 8 decimals
	places       int64 // 8 decimals to those of the bands
	width        int64 // of the band in deviations, with the decimals of places
}

// bands writes the bands of every window of n of x; false where 64 bits do not
// hold a variance. It goes by blocks, first sums and then roots, because either
// loop alone keeps its numbers in registers.
func (w deviations) bands(x, middle, upper, lower []int64) bool {
	var variances [256]int64
	places, width := w.places, w.width
	state := series.NewWindow(x[:w.n-1])
	for at := 0; at <= len(x)-int(w.n); at += len(variances) {
		end := min(at+len(variances), len(x)-int(w.n)+1)
		block := variances[:end-at]
		if !state.Move(x[at:end+int(w.n)-1], middle[at:end], block, w.up, w.squareUp) {
			return false
		}
		mid, up, low := middle[at:end], upper[at:end], lower[at:end]
		mid, up, low = mid[:len(block)], up[:len(block)], low[:len(block)]
		for i, variance := range block {
			m, half := mid[i]*places, series.Root(variance, unit)*width
			up[i], low[i] = m+half, m-half
		}
	}
	return true
}
