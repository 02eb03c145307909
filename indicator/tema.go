package indicator

import "maemae/series"

// tema is the triple exponential moving average: 3*e1 - 3*e2 + e3, each the
// exponential average of the one before.
var tema = Spec{
	ID: "tema", Title: "Triple exponential moving average", TitleKorean: "삼중지수이동평균", Group: averages,
	Summary: "An exponential average with still less delay than dema.",
	Formula: "3*e1 - 3*e2 + e3; e1 = ema(x, period), e2 = ema(e1, period), e3 = ema(e2, period)",
	Source:  "Lean TripleExponentialMovingAverage",
	Unit:    "as the series", Example: "close > tema(close, 20)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	warmUp: func(a Args) []int { return []int{3*a.Integer("period") - 2} },
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		e1 := exponential(in.Source, n)
		e2 := exponential(e1, n)
		e3 := exponential(e2, n)
		return one(series.Add(scaled(series.Sub(e1, e2), 3), e3))
	},
}
