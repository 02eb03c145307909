package indicator

import "maemae/series"

// trima is the triangular moving average: the simple average of a simple
// average, so that the middle of the window counts most. Two roundings.
var trima = Spec{
	ID: "trima", Title: "Triangular moving average", TitleKorean: "삼각이동평균", Group: averages,
	Summary: "A mean that weighs the middle of the window most.",
	Formula: "sma(sma(x, a), b); a = b = (period+1)/2, for an even period a = period/2, b = a+1",
	Source:  "Lean TriangularMovingAverage",
	Unit:    "as the series", Example: "close > trima(close, 20)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		return one(series.Mean(series.Mean(in.Source, (n+1)/2), n/2+1))
	},
}
