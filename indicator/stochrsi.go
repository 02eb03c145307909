package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// stochrsi is the place of the relative strength index in its own range of the
// last stoch_period bars, 0 to 100, as a simple mean of k_period bars (k), and
// the mean of that over d_period bars (d). Without a range it is not ready.
var stochrsi = Spec{
	ID: "stochrsi", Title: "Stochastic RSI", TitleKorean: "스토캐스틱 RSI", Group: oscillators,
	Summary: "Where the RSI stands between its own extremes of the last bars.",
	Formula: "k = sma(100 * (r - lowest(r)) / (highest(r) - lowest(r)), k_period); d = sma(k, d_period); r = rsi(x, rsi_period), at 12 decimals",
	Source:  "Lean StochasticRelativeStrengthIndex (Simple)",
	Unit:    "percent, 0 to 100", Example: "stochrsi(14, 14, 3, 3).k < 20",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{
		integer("rsi_period", 14, 1, 1000), integer("stoch_period", 14, 1, 1000),
		integer("k_period", 3, 1, 100), integer("d_period", 3, 1, 100),
	},
	Outputs: []string{"k", "d"},
	warmUp: func(a Args) []int {
		k := a.Integer("rsi_period") + a.Integer("stoch_period") + a.Integer("k_period") - 1
		return []int{k, k + a.Integer("d_period") - 1}
	},
	compute: func(in Input, a Args) []series.Series {
		r := fineStrength(in.Source, a.Integer("rsi_period"))
		k := series.Mean(place(r, r, r, a.Integer("stoch_period")), a.Integer("k_period"))
		return []series.Series{k, series.Mean(k, a.Integer("d_period"))}
	},
}

// fineStrength is 10,000 times the relative strength index of n bars, and its
// averages are those of 10,000 times s: at 8 decimals of these all have 12 of
// their own. The place in a narrow range would make the last digits of an index
// with 8 the first ones of the result; of what is only placed the unit does not
// matter.
func fineStrength(s series.Series, n int) series.Series {
	rises, falls := wilderMoves(scaled(s, 10_000), n)
	index := series.Div(rises, times(series.Add(rises, falls), decimal.New(1, -6)))
	return whereZero(falls, constant(s.Len(), 100*10_000), index)
}
