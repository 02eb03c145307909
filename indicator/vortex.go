package indicator

import "maemae/series"

// vortex compares the distances |high - low[1]| (plus) and |low - high[1]|
// (minus), added up over period bars, with the true range. Without any range it
// is not ready.
var vortex = Spec{
	ID: "vortex", Title: "Vortex indicator", TitleKorean: "볼텍스 지표", Group: trends,
	Summary: "Which of the two directions carries further.",
	Formula: "plus_vi = sum(|high - low[1]|, period) / sum(true range, period); minus_vi = sum(|low - high[1]|, period) / the same",
	Source:  "Lean Vortex, counting only bars that have a bar before them",
	Unit:    "none", Example: "vortex(14).plus_vi crosses above vortex(14).minus_vi",
	Reads:  []string{"high", "low", "close"},
	Params: []Param{period(14)}, Outputs: []string{"plus_vi", "minus_vi"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		ranges := series.Sum(gapRange(in), n)
		plus := series.Abs(series.Sub(in.High, series.Shift(in.Low, 1)))
		minus := series.Abs(series.Sub(in.Low, series.Shift(in.High, 1)))
		return []series.Series{series.Div(series.Sum(plus, n), ranges), series.Div(series.Sum(minus, n), ranges)}
	},
}
