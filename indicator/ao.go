package indicator

import "maemae/series"

// ao is the awesome oscillator: the difference of a fast and a slow simple
// average of the middle price.
var ao = Spec{
	ID: "ao", Title: "Awesome oscillator", TitleKorean: "오썸 오실레이터", Group: oscillators,
	Summary: "The distance of a fast and a slow average of the middle of the bars.",
	Formula: "sma(m, fast) - sma(m, slow); m = (high + low) / 2",
	Source:  "Lean AwesomeOscillator (Simple)",
	Unit:    "price", Example: "ao(5, 34) crosses above 0",
	Reads:   []string{"high", "low"},
	Params:  []Param{integer("fast", 5, 1, 500), integer("slow", 34, 1, 500)},
	Outputs: []string{"value"},
	check:   fastBelowSlow,
	warmUp:  func(a Args) []int { return []int{a.Integer("slow")} },
	compute: func(in Input, a Args) []series.Series {
		middle := over(series.Add(in.High, in.Low), 2)
		return one(series.Sub(series.Mean(middle, a.Integer("fast")), series.Mean(middle, a.Integer("slow"))))
	},
}
