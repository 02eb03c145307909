package indicator

import "maemae/series"

// std is the population standard deviation of the last period values: the root of
// variance, rounded once more.
var std = Spec{
	ID: "std", Title: "Standard deviation", TitleKorean: "표준편차", Group: volatilities,
	Summary: "How far values scatter around their mean.",
	Formula: "root(variance(x, period))",
	Source:  "Lean StandardDeviation",
	Unit:    "as the series", Example: "std(close, 20) > std(close, 20)[1]",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(series.Sqrt(series.Variance(in.Source, a.Integer("period"))))
	},
}
