package indicator

import "maemae/series"

// momentum is the change against the value period bars ago in percent, the same
// as roc; KIS's files use both names.
var momentum = Spec{
	ID: "momentum", Title: "Momentum percent", TitleKorean: "모멘텀", Group: oscillators,
	Summary: "By how many percent the value has changed over period bars; the same as roc.",
	Formula: "100 * (x - x[period]) / x[period]",
	Source:  "Lean MomentumPercent",
	Unit:    "percent", Example: "momentum(close, 10) > 0",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{period(10)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(rate(in.Source, a.Integer("period")))
	},
}
