package indicator

import "maemae/series"

// minimum is lowest on the close; KIS's files call it so.
var minimum = Spec{
	ID: "minimum", Title: "Minimum", TitleKorean: "기간 최저 종가", Group: others,
	Summary: "The lowest close of the last period bars, this one included.",
	Formula: "lowest(close, period)",
	Source:  "Lean Minimum",
	Unit:    "price", Example: "close < minimum(20)[1]",
	Reads:  []string{"close"},
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(series.Lowest(in.Close, a.Integer("period")))
	},
}
