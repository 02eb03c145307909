package indicator

import "maemae/series"

// variance is the population variance of the last period values, with one
// rounding.
var variance = Spec{
	ID: "variance", Title: "Variance", TitleKorean: "분산", Group: volatilities,
	Summary: "The mean squared distance of values from their mean.",
	Formula: "(period*sum(x^2) - sum(x)^2) / period^2",
	Source:  "Lean Variance",
	Unit:    "the series squared", Example: "variance(close, 20) > 0",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(series.Variance(in.Source, a.Integer("period")))
	},
}
