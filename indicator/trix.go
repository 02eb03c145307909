package indicator

import "maemae/series"

// trix is the change of a triple exponential average against the bar before, in
// percent. Where the average was 0 it is not ready.
var trix = Spec{
	ID: "trix", Title: "TRIX", TitleKorean: "트릭스", Group: oscillators,
	Summary: "The slope of a very smooth average.",
	Formula: "100 * (e - e[1]) / e[1]; e = ema(ema(ema(x, period), period), period)",
	Source:  "Lean Trix",
	Unit:    "percent", Example: "trix(close, 15) crosses above 0",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{period(15)}, Outputs: []string{"value"},
	warmUp: func(a Args) []int { return []int{3*(a.Integer("period")-1) + 2} },
	compute: func(in Input, a Args) []series.Series {
		e := in.Source
		for range 3 {
			e = exponential(e, a.Integer("period"))
		}
		return one(percent(series.Change(e, 1), series.Shift(e, 1)))
	},
}
