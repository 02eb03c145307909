package indicator

import "maemae/series"

// augen is Augen's price spike: the change of the bar in units of the standard
// deviation of the last period log returns before it. Where those did not scatter
// it is not ready.
var augen = Spec{
	ID: "augen", Title: "Augen price spike", TitleKorean: "오겐 가격 스파이크", Group: others,
	Summary: "The last change in standard deviations.",
	Formula: "(x - x[1]) / (x[1] * std(logr(x, 1), period)[1])",
	Source:  "Lean AugenPriceSpike",
	Unit:    "standard deviations", Example: "augen(close, 20) > 2",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{integer("period", 3, 3, 1000)}, Outputs: []string{"value"},
	warmUp: periodAnd(2),
	compute: func(in Input, a Args) []series.Series {
		scatter := series.Sqrt(series.Variance(logReturn(in.Source, 1), a.Integer("period")))
		unit := series.Mul(series.Shift(scatter, 1), series.Shift(in.Source, 1))
		return one(series.Div(series.Change(in.Source, 1), unit))
	},
}
