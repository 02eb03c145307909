package indicator

import "maemae/series"

// maximum is highest on the close; KIS's files call it so.
var maximum = Spec{
	ID: "maximum", Title: "Maximum", TitleKorean: "기간 최고 종가", Group: others,
	Summary: "The highest close of the last period bars, this one included.",
	Formula: "highest(close, period)",
	Source:  "Lean Maximum",
	Unit:    "price", Example: "close > maximum(20)[1]",
	Reads:  []string{"close"},
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(series.Highest(in.Close, a.Integer("period")))
	},
}
