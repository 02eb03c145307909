package indicator

import "maemae/series"

// volatilityInd is the sample standard deviation of the bar's returns: the root
// of (n*sum(r^2) - sum(r)^2) / (n*(n-1)), returns, quotient and root each
// rounded once.
var volatilityInd = Spec{
	ID: "volatility_ind", Title: "Volatility of returns", TitleKorean: "변동성", Group: volatilities,
	Summary: "How far the bar's returns scatter, as a ratio: 0.02 is 2% a bar.",
	Formula: "sample standard deviation of (x - x[1]) / x[1] over period bars",
	Source:  "KIS strategy builder (Python's statistics.stdev)",
	Unit:    "ratio per bar", Example: "volatility_ind(close, 10) < 0.02",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{integer("period", 10, 2, 1000)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		r := returnsOf(in.Source)
		return one(series.Sqrt(over(covariance(r, r, n), int64(n)*int64(n-1))))
	},
}
