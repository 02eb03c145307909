package indicator

import "maemae/series"

// highest is the largest of the last period values, this bar included, so that
// close > highest(close, n) can never be true; compare with highest(close, n)[1].
var highest = Spec{
	ID: "highest", Title: "Highest value", TitleKorean: "최고값", Group: others,
	Summary: "The largest of the last period values, this bar included.",
	Formula: "max(x[0], ..., x[period-1])",
	Source:  "Lean Maximum",
	Unit:    "as the series", Example: "close > highest(high, 20)[1]",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(series.Highest(in.Source, a.Integer("period")))
	},
}
