package indicator

import "maemae/series"

// returns is the change over period bars in percent, as roc. (KIS's backtester
// multiplies it by 100 once more.)
var returns = Spec{
	ID: "returns", Title: "Returns", TitleKorean: "기간 수익률", Group: others,
	Summary: "By how many percent the value has changed over period bars.",
	Formula: "100 * (x - x[period]) / x[period]",
	Source:  "KIS strategy builder",
	Unit:    "percent", Example: "returns(close, 60) > 30",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{period(60)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(rate(in.Source, a.Integer("period")))
	},
}
