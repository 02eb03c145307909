package indicator

import "maemae/series"

// ppo is the percentage price oscillator: the difference of a fast and a slow
// average in percent of the slow one, its own average over slow bars (signal),
// and the distance of the two (histogram). (Lean's signal is that of the
// difference in money, which cannot be compared with the value; ours is in
// percent too.)
var ppo = Spec{
	ID: "ppo", Title: "Percentage price oscillator", TitleKorean: "백분율가격 오실레이터", Group: oscillators,
	Summary: "The distance of a fast and a slow average in percent.",
	Formula: "value = 100 * (mean(x, fast) - mean(x, slow)) / mean(x, slow); signal = mean(value, slow); histogram = value - signal",
	Source:  "Lean PercentagePriceOscillator (Simple); KIS's backtester passes Exponential",
	Unit:    "percent", Example: "ppo(close, 12, 26) > 0",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params:  []Param{integer("fast", 12, 1, 500), integer("slow", 26, 1, 500), simpleOrExponential()},
	Outputs: []string{"value", "signal", "histogram"},
	check:   fastBelowSlow,
	warmUp: func(a Args) []int {
		slow := a.Integer("slow")
		return []int{slow, 2*slow - 1, 2*slow - 1}
	},
	compute: func(in Input, a Args) []series.Series {
		fast, slow := chosenMean(a, in.Source, a.Integer("fast")), chosenMean(a, in.Source, a.Integer("slow"))
		value := percent(series.Sub(fast, slow), slow)
		signal := chosenMean(a, value, a.Integer("slow"))
		return []series.Series{value, signal, series.Sub(value, signal)}
	},
}
