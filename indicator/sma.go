package indicator

import "maemae/series"

// sma is the simple moving average: sum of the last period values / period, one
// rounding.
var sma = Spec{
	ID: "sma", Title: "Simple moving average", TitleKorean: "단순이동평균", Group: averages,
	Summary: "The mean of the last period values.",
	Formula: "sum(x, period) / period",
	Source:  "Lean SimpleMovingAverage",
	Unit:    "as the series", Example: "close > sma(close, 20)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(series.Mean(in.Source, a.Integer("period")))
	},
}
