package indicator

import "maemae/series"

// midpoint is the middle between the highest and the lowest of the last period
// values.
var midpoint = Spec{
	ID: "midpoint", Title: "Midpoint", TitleKorean: "중간값", Group: others,
	Summary: "The middle of the range of the series.",
	Formula: "(highest(x, period) + lowest(x, period)) / 2",
	Source:  "Lean MidPoint",
	Unit:    "as the series", Example: "close > midpoint(close, 14)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		return one(over(series.Add(series.Highest(in.Source, n), series.Lowest(in.Source, n)), 2))
	},
}
