package indicator

import "maemae/series"

// midprice is the middle between the highest high and the lowest low of the last
// period bars.
var midprice = Spec{
	ID: "midprice", Title: "Midprice", TitleKorean: "중간가격", Group: others,
	Summary: "The middle of the range of the bars.",
	Formula: "(highest(high, period) + lowest(low, period)) / 2",
	Source:  "Lean MidPrice",
	Unit:    "price", Example: "close > midprice(14)",
	Reads:  []string{"high", "low"},
	Params: []Param{period(14)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(middleOf(in, a.Integer("period")))
	},
}
