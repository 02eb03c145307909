package indicator

import "maemae/series"

// zlema is the zero-lag exponential moving average: the exponential average of
// the series with its change over the delay added. The delay, (period-1)/2, is
// rounded to whole bars, a half to the even neighbour.
var zlema = Spec{
	ID: "zlema", Title: "Zero lag exponential moving average", TitleKorean: "제로랙 지수이동평균", Group: averages,
	Summary: "An exponential average of prices drawn forward by its delay.",
	Formula: "ema(2*x - x[lag], period); lag = (period-1)/2",
	Source:  "Lean ZeroLagExponentialMovingAverage",
	Unit:    "as the series", Example: "close > zlema(close, 20)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	warmUp: func(a Args) []int { n := a.Integer("period"); return []int{n + halfToEven(n-1)} },
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		return one(exponential(series.Add(in.Source, series.Change(in.Source, halfToEven(n-1))), n))
	},
}
