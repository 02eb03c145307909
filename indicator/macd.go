package indicator

import "maemae/series"

// macd is the difference of a fast and a slow exponential moving average, its
// own exponential average (signal), and the distance of the two (histogram).
var macd = Spec{
	ID: "macd", Title: "Moving average convergence divergence", TitleKorean: "이동평균수렴확산", Group: oscillators,
	Summary: "The distance of a fast and a slow average, and how it is changing.",
	Formula: "value = ema(x, fast) - ema(x, slow); signal = ema(value, signal); histogram = value - signal",
	Source:  "Lean MovingAverageConvergenceDivergence (Exponential)",
	Unit:    "as the series", Example: "macd(fast=12, slow=26, signal=9).histogram > 0",
	Reads: []string{"close"}, TakesSeries: true,
	Params:  []Param{integer("fast", 12, 1, 500), integer("slow", 26, 1, 500), integer("signal", 9, 1, 100)},
	Outputs: []string{"value", "signal", "histogram"},
	check:   fastBelowSlow,
	warmUp: func(a Args) []int {
		slow, signal := a.Integer("slow"), a.Integer("slow")+a.Integer("signal")-1
		return []int{slow, signal, signal}
	},
	compute: func(in Input, a Args) []series.Series {
		value := series.Sub(exponential(in.Source, a.Integer("fast")), exponential(in.Source, a.Integer("slow")))
		signal := exponential(value, a.Integer("signal"))
		return []series.Series{value, signal, series.Sub(value, signal)}
	},
}
