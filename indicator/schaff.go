package indicator

import "maemae/series"

// schaff is the Schaff trend cycle, 0 to 100: the place of the MACD line in its
// own range of cycle bars, smoothed by an exponential average of 3 bars, and the
// same once more on the result. A bar on which there is no range has no place and
// does not count in the averages.
var schaff = Spec{
	ID: "schaff", Title: "Schaff trend cycle", TitleKorean: "샤프 추세사이클", Group: trends,
	Summary: "A quick MACD between 0 and 100: above 75 up, below 25 down.",
	Formula: "s(s(m)); m = ema(x, fast) - ema(x, slow), s(y) = ema(100 * (y - lowest(y, cycle)) / (highest(y, cycle) - lowest(y, cycle)), 3)",
	Source:  "Lean SchaffTrendCycle, which counts a place without a range as 0 and begins before its parts are ready",
	Unit:    "percent, 0 to 100", Example: "schaff(close, 10, 23, 50) crosses above 25",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params:  []Param{integer("cycle", 10, 1, 1000), integer("fast", 23, 1, 500), integer("slow", 50, 1, 500)},
	Outputs: []string{"value"},
	check:   fastBelowSlow,
	warmUp:  func(a Args) []int { return []int{a.Integer("slow") + 2*(a.Integer("cycle")+1)} },
	compute: func(in Input, a Args) []series.Series {
		y := series.Sub(exponential(in.Source, a.Integer("fast")), exponential(in.Source, a.Integer("slow")))
		for range 2 {
			y = exponential(place(y, y, y, a.Integer("cycle")), 3)
		}
		return one(y)
	},
}
