package indicator

import "maemae/series"

// stochrsi is the place of the relative strength index in its own range of the
// last stoch_period bars, 0 to 100, as a simple mean of k_period bars (k), and
// the mean of that over d_period bars (d). Without a range it is not ready.
var stochrsi = Spec{
	ID: "stochrsi", Title: "Stochastic RSI", TitleKorean: "스토캐스틱 RSI", Group: oscillators,
	Summary: "Where the RSI stands between its own extremes of the last bars.",
	Formula: "k = sma(100 * (r - lowest(r)) / (highest(r) - lowest(r)), k_period); d = sma(k, d_period); r = rsi(x, rsi_period)",
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
		r := strength(in.Source, a.Integer("rsi_period"))
		k := series.Mean(place(r, r, r, a.Integer("stoch_period")), a.Integer("k_period"))
		return []series.Series{k, series.Mean(k, a.Integer("d_period"))}
	},
}
