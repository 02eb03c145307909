package indicator

import "maemae/series"

// apo is the absolute price oscillator: the difference of a fast and a slow
// average, simple or exponential.
var apo = Spec{
	ID: "apo", Title: "Absolute price oscillator", TitleKorean: "절대가격 오실레이터", Group: oscillators,
	Summary: "The distance of a fast and a slow average.",
	Formula: "mean(x, fast) - mean(x, slow)",
	Source:  "Lean AbsolutePriceOscillator (Simple); KIS's backtester passes Exponential",
	Unit:    "as the series", Example: "apo(close, 12, 26) > 0",
	Reads: []string{"close"}, TakesSeries: true,
	Params:  []Param{integer("fast", 12, 1, 500), integer("slow", 26, 1, 500), simpleOrExponential()},
	Outputs: []string{"value"},
	check:   fastBelowSlow,
	warmUp:  func(a Args) []int { return []int{a.Integer("slow")} },
	compute: func(in Input, a Args) []series.Series {
		return one(series.Sub(chosenMean(a, in.Source, a.Integer("fast")), chosenMean(a, in.Source, a.Integer("slow"))))
	},
}

// simpleOrExponential chooses the average of apo and ppo.
func simpleOrExponential() Param {
	return Param{Name: "smoothing", Choices: []string{"simple", "exponential"}, DefaultChoice: "simple"}
}

// chosenMean is the average of n bars that the smoothing parameter names.
func chosenMean(a Args, s series.Series, n int) series.Series {
	switch a.Choice("smoothing") {
	case "exponential":
		return exponential(s, n)
	case "wilder":
		return wilderMean(s, n)
	}
	return series.Mean(s, n)
}
