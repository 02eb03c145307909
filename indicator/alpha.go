package indicator

import "maemae/series"

// alpha is the mean return of a bar less beta times the mean return of the index.
// Without an index, and where the index did not move, it is not ready.
var alpha = Spec{
	ID: "alpha", Title: "Alpha", TitleKorean: "알파", Group: volatilities,
	Summary: "The return per bar that the market index does not explain.",
	Formula: "sma(r, period) - beta(period) * sma(m, period); r, m = returns of close and index",
	Source:  "Lean Alpha (no risk-free rate)",
	Unit:    "ratio per bar", Example: "alpha(252) > 0",
	Reads:  []string{"close", "index"},
	Params: []Param{integer("period", 252, 2, 1000)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		own, market := returnsOf(in.Close), returnsOf(indexOf(in))
		explained := series.Mul(slopeOn(own, market, n), series.Mean(market, n))
		return one(series.Sub(series.Mean(own, n), explained))
	},
}
