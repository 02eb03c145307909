package indicator

import "maemae/series"

// stochastic is the place of the close in the range of the last k_period bars,
// 0 to 100, and its simple mean over d_period bars (d). Without a range it is
// not ready.
var stochastic = Spec{
	ID: "stochastic", Title: "Stochastic oscillator", TitleKorean: "스토캐스틱", Group: oscillators,
	Summary: "Where the close stands between the lowest and the highest price of the last bars.",
	Formula: "k = 100 * (close - lowest(low, k_period)) / (highest(high, k_period) - lowest(low, k_period)); d = sma(k, d_period)",
	Source:  "Lean Stochastic(k_period, 1, d_period)",
	Unit:    "percent, 0 to 100", Example: "stochastic(14, 3).k crosses above stochastic(14, 3).d",
	Reads: []string{"high", "low", "close"}, PercentUnit: true,
	Params:  []Param{integer("k_period", 14, 1, 100), integer("d_period", 3, 1, 100)},
	Outputs: []string{"k", "d"},
	warmUp: func(a Args) []int {
		k := a.Integer("k_period")
		return []int{k, k + a.Integer("d_period") - 1}
	},
	compute: func(in Input, a Args) []series.Series {
		k := place(in.Close, in.Low, in.High, a.Integer("k_period"))
		return []series.Series{k, series.Mean(k, a.Integer("d_period"))}
	},
}

// place is where x stands between the lowest low and the highest high of the
// last n bars, 0 to 100.
func place(x, low, high series.Series, n int) series.Series {
	bottom, top := series.Lowest(low, n), series.Highest(high, n)
	return percent(series.Sub(x, bottom), series.Sub(top, bottom))
}
