package indicator

import "maemae/series"

// aroon tells how long ago the highest high and the lowest low of the last
// period+1 bars were: up and down are 100 on the bar itself and 0 period bars
// ago; among equal extremes the latest counts. The value is up - down.
var aroon = Spec{
	ID: "aroon", Title: "Aroon oscillator", TitleKorean: "아룬 오실레이터", Group: oscillators,
	Summary: "Whether new highs or new lows are the fresher.",
	Formula: "aroon_up = 100 * (up_period - bars since highest high) / up_period; aroon_down likewise; value = aroon_up - aroon_down",
	Source:  "Lean AroonOscillator",
	Unit:    "percent, -100 to 100", Example: "aroon(25, 25) > 50",
	Reads: []string{"high", "low"}, PercentUnit: true,
	Params:  []Param{integer("up_period", 25, 1, 1000), integer("down_period", 25, 1, 1000)},
	Outputs: []string{"value", "aroon_up", "aroon_down"},
	warmUp: func(a Args) []int {
		up, down := a.Integer("up_period")+1, a.Integer("down_period")+1
		return []int{max(up, down), up, down}
	},
	compute: func(in Input, a Args) []series.Series {
		up := freshness(series.SinceHighest(in.High, a.Integer("up_period")+1), a.Integer("up_period"))
		down := freshness(series.SinceLowest(in.Low, a.Integer("down_period")+1), a.Integer("down_period"))
		return []series.Series{series.Sub(up, down), up, down}
	},
}

// freshness is 100 for an event on this bar and 0 for one n bars ago.
func freshness(since series.Series, n int) series.Series {
	return over(scaled(series.Sub(constant(since.Len(), int64(n)), since), 100), int64(n))
}
