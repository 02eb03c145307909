package indicator

import "maemae/series"

// cho is the Chaikin oscillator: the difference of a fast and a slow exponential
// average of the accumulation/distribution line.
var cho = Spec{
	ID: "cho", Title: "Chaikin oscillator", TitleKorean: "채킨 오실레이터", Group: oscillators,
	Summary: "Whether money has lately been flowing in faster than before.",
	Formula: "ema(ad(), fast) - ema(ad(), slow)",
	Source:  "Lean ChaikinOscillator",
	Unit:    "shares", Example: "cho(3, 10) crosses above 0",
	Reads:   []string{"high", "low", "close", "volume"},
	Params:  []Param{integer("fast", 3, 1, 500), integer("slow", 10, 1, 500)},
	Outputs: []string{"value"},
	check:   fastBelowSlow,
	warmUp:  func(a Args) []int { return []int{a.Integer("slow")} },
	compute: func(in Input, a Args) []series.Series {
		line := series.Total(moneyFlow(in))
		return one(series.Sub(exponential(line, a.Integer("fast")), exponential(line, a.Integer("slow"))))
	},
}
