package indicator

import "maemae/series"

// ema is the exponential moving average. It starts as the mean of the first
// period values; then y = (2*x + (period-1)*y') / (period+1), rounded once a bar.
var ema = Spec{
	ID: "ema", Title: "Exponential moving average", TitleKorean: "지수이동평균", Group: averages,
	Summary: "A mean that weighs recent values more, with weights falling off exponentially.",
	Formula: "y = (2*x + (period-1)*y[1]) / (period+1); the first y is sma(x, period)",
	Source:  "Lean ExponentialMovingAverage",
	Unit:    "as the series", Example: "ema(close, 12) crosses above ema(close, 26)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(exponential(in.Source, a.Integer("period")))
	},
}

// exponential is the exponential moving average of n bars.
func exponential(s series.Series, n int) series.Series {
	return series.Smooth(s, n, 2, int64(n)+1)
}
