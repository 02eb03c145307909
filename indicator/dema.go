package indicator

import "maemae/series"

// dema is the double exponential moving average: 2*e1 - e2, where e1 is the
// exponential average of the series and e2 that of e1.
var dema = Spec{
	ID: "dema", Title: "Double exponential moving average", TitleKorean: "이중지수이동평균", Group: averages,
	Summary: "An exponential average with most of its delay taken out.",
	Formula: "2*e1 - e2; e1 = ema(x, period), e2 = ema(e1, period)",
	Source:  "Lean DoubleExponentialMovingAverage",
	Unit:    "as the series", Example: "close > dema(close, 20)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	warmUp: func(a Args) []int { return []int{2*a.Integer("period") - 1} },
	compute: func(in Input, a Args) []series.Series {
		e1 := exponential(in.Source, a.Integer("period"))
		e2 := exponential(e1, a.Integer("period"))
		return one(series.Sub(scaled(e1, 2), e2))
	},
}
