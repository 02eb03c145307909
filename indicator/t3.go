package indicator

import "maemae/series"

// t3 is Tillson's moving average: three times over, (1+v)*e1 - v*e2, where e1 is
// the exponential average and e2 that of e1.
var t3 = Spec{
	ID: "t3", Title: "T3 moving average", TitleKorean: "T3 이동평균", Group: averages,
	Summary: "A very smooth average with little delay.",
	Formula: "gd(gd(gd(x))); gd(x) = (1+v)*ema(x, period) - v*ema(ema(x, period), period), v = volume_factor",
	Source:  "Lean T3MovingAverage",
	Unit:    "as the series", Example: "close > t3(close, 10)",
	Reads: []string{"close"}, TakesSeries: true,
	Params:  []Param{period(10), number("volume_factor", hundredths(70), hundredths(0), hundredths(100))},
	Outputs: []string{"value"},
	warmUp:  func(a Args) []int { return []int{6*(a.Integer("period")-1) + 1} },
	compute: func(in Input, a Args) []series.Series {
		x := in.Source
		for range 3 {
			e1 := exponential(x, a.Integer("period"))
			e2 := exponential(e1, a.Integer("period"))
			x = series.Add(e1, times(series.Sub(e1, e2), a.Decimal("volume_factor")))
		}
		return one(x)
	},
}
