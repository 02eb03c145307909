package indicator

import "maemae/series"

// lowest is the smallest of the last period values, this bar included.
var lowest = Spec{
	ID: "lowest", Title: "Lowest value", TitleKorean: "최저값", Group: others,
	Summary: "The smallest of the last period values, this bar included.",
	Formula: "min(x[0], ..., x[period-1])",
	Source:  "Lean Minimum",
	Unit:    "as the series", Example: "close < lowest(low, 20)[1]",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(series.Lowest(in.Source, a.Integer("period")))
	},
}
