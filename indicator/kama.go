package indicator

import "maemae/series"

// kama is Kaufman's adaptive moving average. The efficiency of the last period
// bars, |change| / sum of |bar changes|, moves the share of the new value between
// that of a 30-bar and that of a 2-bar exponential average, squared. Where
// nothing moved the efficiency is 1. It begins from the value before.
var kama = Spec{
	ID: "kama", Title: "Kaufman adaptive moving average", TitleKorean: "카우프만 적응이동평균", Group: averages,
	Summary: "An average that follows trends quickly and ignores noise.",
	Formula: "y = y[1] + c^2*(x - y[1]); c = (56*er + 6)/93; er = |x - x[period]| / sum(|x - x[1]|, period)",
	Source:  "Lean KaufmanAdaptiveMovingAverage (2, 30)",
	Unit:    "as the series", Example: "close crosses above kama(close, 10)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(10)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		way := series.Sum(series.Abs(series.Change(in.Source, 1)), n)
		efficiency := whereZero(way, constant(way.Len(), 1), series.Div(series.Abs(series.Change(in.Source, n)), way))
		// 2/31 + er*(2/3 - 2/31) = (6 + 56*er) / 93
		c := over(series.Add(scaled(efficiency, 56), constant(way.Len(), 6)), 93)
		return one(series.Adapt(in.Source, series.Mul(c, c), in.Source))
	},
}
