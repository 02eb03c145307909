package indicator

import "maemae/series"

// massIndex is Dorsey's mass index: the sum of the quotients of an exponential
// average of the bar's range and the exponential average of that. Where nothing
// had a range it is not ready.
var massIndex = Spec{
	ID: "mass_index", Title: "Mass index", TitleKorean: "매스 인덱스", Group: trends,
	Summary: "Whether ranges are widening: above 27 and back below 26.5 warns of a turn.",
	Formula: "sum(e1 / e2, sum_period); e1 = ema(high - low, ema_period), e2 = ema(e1, ema_period)",
	Source:  "Lean MassIndex",
	Unit:    "none", Example: "mass_index(9, 25) > 27",
	Reads:   []string{"high", "low"},
	Params:  []Param{integer("ema_period", 9, 1, 1000), integer("sum_period", 25, 1, 1000)},
	Outputs: []string{"value"},
	warmUp:  func(a Args) []int { return []int{2*(a.Integer("ema_period")-1) + a.Integer("sum_period")} },
	compute: func(in Input, a Args) []series.Series {
		e1 := exponential(series.Sub(in.High, in.Low), a.Integer("ema_period"))
		e2 := exponential(e1, a.Integer("ema_period"))
		return one(series.Sum(series.Div(e1, e2), a.Integer("sum_period")))
	},
}
