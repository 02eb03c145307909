package indicator

import "maemae/series"

// tsi is the true strength index, -100 to 100: the twice smoothed change in
// percent of the twice smoothed size of the changes, and its exponential average
// (signal). Where nothing moved it is not ready.
var tsi = Spec{
	ID: "tsi", Title: "True strength index", TitleKorean: "참강도지수", Group: oscillators,
	Summary: "Which way prices move on balance, little noise, little delay.",
	Formula: "value = 100 * s(c) / s(|c|); c = x - x[1], s(y) = ema(ema(y, long_period), short_period); signal = ema(value, signal_period)",
	Source:  "Lean TrueStrengthIndex",
	Unit:    "percent, -100 to 100", Example: "tsi(close, 25, 13, 7) crosses above 0",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params:  []Param{integer("long_period", 25, 1, 1000), integer("short_period", 13, 1, 1000), integer("signal_period", 7, 1, 100)},
	Outputs: []string{"value", "signal"},
	warmUp: func(a Args) []int {
		value := a.Integer("long_period") + a.Integer("short_period")
		return []int{value, value + a.Integer("signal_period") - 1}
	},
	compute: func(in Input, a Args) []series.Series {
		smooth := func(s series.Series) series.Series {
			return exponential(exponential(s, a.Integer("long_period")), a.Integer("short_period"))
		}
		change := series.Change(in.Source, 1)
		value := percent(smooth(change), smooth(series.Abs(change)))
		return []series.Series{value, exponential(value, a.Integer("signal_period"))}
	},
}
