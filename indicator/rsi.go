package indicator

import "maemae/series"

// rsi is Wilder's relative strength index, 0 to 100. Rises and falls of the
// series are smoothed by Wilder's average and divided: ratio = average rise /
// average fall, index = 100 - 100 / (1 + ratio), each rounded once. Without
// falls (also when nothing moved at all) it is 100.
var rsi = Spec{
	ID: "rsi", Title: "Relative strength index", TitleKorean: "상대강도지수", Group: oscillators,
	Summary: "How much of the recent movement was upwards: above 70 overbought, below 30 oversold.",
	Formula: "100 - 100 / (1 + wilder(rises, period) / wilder(falls, period)); 100 without falls",
	Source:  "Lean RelativeStrengthIndex (Wilders); Wilder, New Concepts in Technical Trading Systems (1978)",
	Unit:    "percent, 0 to 100", Example: "rsi(close, 14) < 30",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(strength(in.Source, a.Integer("period")))
	},
}

// strength is the relative strength index of n bars.
func strength(s series.Series, n int) series.Series {
	rises, falls := wilderMoves(s, n)
	hundred := constant(s.Len(), 100)
	unit := constant(s.Len(), 1)
	ratio := series.Div(rises, falls)
	index := series.Sub(hundred, series.Div(hundred, series.Add(unit, ratio)))
	return whereZero(falls, hundred, index)
}

// wilderMoves is Wilder's average of the rises and of the falls of s, both
// counted as positive.
func wilderMoves(s series.Series, n int) (rises, falls series.Series) {
	moves := series.Change(s, 1)
	return wilderMean(positive(moves), n), wilderMean(positive(series.Neg(moves)), n)
}
