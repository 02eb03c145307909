package indicator

import "maemae/series"

// vidya is Chande's variable index dynamic average: an exponential average whose
// share of the new value, 2/(period+1), is multiplied by |cmo|/100. It begins
// from the value before.
var vidya = Spec{
	ID: "vidya", Title: "Variable index dynamic average", TitleKorean: "가변지수 동적평균", Group: averages,
	Summary: "An exponential average that moves only as far as momentum lets it.",
	Formula: "y = y[1] + k*(x - y[1]); k = 2/(period+1) * |cmo(x, period)|/100",
	Source:  "Lean VariableIndexDynamicAverage",
	Unit:    "as the series", Example: "close crosses above vidya(close, 14)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		share := over(series.Abs(momentumIndex(in.Source, n)), 50*int64(n+1))
		return one(series.Adapt(in.Source, share, in.Source))
	},
}
