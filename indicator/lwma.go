package indicator

import "maemae/series"

// lwma is the linearly weighted moving average: the newest of the last period
// values counts period times, the oldest once; one rounding.
var lwma = Spec{
	ID: "lwma", Title: "Linearly weighted moving average", TitleKorean: "선형가중이동평균", Group: averages,
	Summary: "A mean that weighs recent values more, with weights falling off in a line.",
	Formula: "sum((period-i) * x[i], i = 0..period-1) / (period*(period+1)/2)",
	Source:  "Lean LinearWeightedMovingAverage",
	Unit:    "as the series", Example: "close > lwma(close, 20)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(linear(in.Source, a.Integer("period")))
	},
}

// linear is the linearly weighted mean of the last n bars.
func linear(s series.Series, n int) series.Series {
	weights := make([]int64, n)
	for i := range weights {
		weights[i] = int64(i) + 1
	}
	return series.Weighted(s, weights, int64(n)*int64(n+1)/2)
}
