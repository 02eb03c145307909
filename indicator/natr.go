package indicator

import "maemae/series"

// natr is Wilder's average true range in percent of the close. The first bar,
// which has no close before it, does not count.
var natr = Spec{
	ID: "natr", Title: "Normalized average true range", TitleKorean: "정규화 평균진폭", Group: volatilities,
	Summary: "The usual movement of a bar in percent of the price.",
	Formula: "100 * wilder(true range, period) / close",
	Source:  "Lean NormalizedAverageTrueRange",
	Unit:    "percent", Example: "natr(14) < 3",
	Reads: []string{"high", "low", "close"}, PercentUnit: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(percent(wilderMean(gapRange(in), a.Integer("period")), in.Close))
	},
}
