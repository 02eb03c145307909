package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// alma is the Arnaud Legoux moving average: a mean with the weights of a normal
// curve whose top lies at offset*(period-1) (rounded down) of the window, 0 being
// the oldest bar, and whose width is period/sigma. The weights are rounded to 8
// decimals, the mean once more.
var alma = Spec{
	ID: "alma", Title: "Arnaud Legoux moving average", TitleKorean: "아르노 르구 이동평균", Group: averages,
	Summary: "A mean whose weights form a bell near the newest bars.",
	Formula: "sum(w[i]*x[i]) / sum(w[i]); w[i] = exp(-(i-m)^2 * sigma^2 / (2*period^2)), m = floor(offset*(period-1))",
	Source:  "Lean ArnaudLegouxMovingAverage",
	Unit:    "as the series", Example: "close > alma(close, 9)",
	Reads: []string{"close"}, TakesSeries: true,
	Params:  []Param{period(9), integer("sigma", 6, 1, 100), number("offset", hundredths(85), hundredths(0), hundredths(100))},
	Outputs: []string{"value"},
	warmUp:  periodOf,
	compute: func(in Input, a Args) []series.Series {
		weights := bell(int64(a.Integer("period")), int64(a.Integer("sigma")), a.Decimal("offset"))
		var total int64
		for _, w := range weights {
			total += w
		}
		return one(series.Weighted(in.Source, weights, total))
	},
}

// bell is the weights of alma, in units of the eighth decimal.
func bell(n, sigma int64, offset decimal.Decimal) []int64 {
	top := offset.Mul(decimal.NewFromInt(n - 1)).Floor().IntPart()
	exponents := make([]int64, n)
	for i := range exponents {
		away := (int64(i) - top) * sigma
		exponents[i] = -away * away
	}
	curve := series.Exp(over(series.Of(0, exponents), 2*n*n))
	weights := make([]int64, n)
	for i := range weights {
		w, _ := curve.At(i)
		weights[i] = w.Shift(series.Digits).IntPart()
	}
	return weights
}
