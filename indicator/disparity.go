package indicator

import "maemae/series"

// disparity is the value in percent of its simple average. Where the average is
// 0 it is not ready.
var disparity = Spec{
	ID: "disparity", Title: "Disparity index", TitleKorean: "이격도", Group: others,
	Summary: "How far the value is from its average: 100 is on it.",
	Formula: "100 * x / sma(x, period)",
	Source:  "KIS strategy builder",
	Unit:    "percent", Example: "disparity(close, 20) < 90",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(percent(in.Source, series.Mean(in.Source, a.Integer("period"))))
	},
}
