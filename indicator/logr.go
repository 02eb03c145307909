package indicator

import "maemae/series"

// logr is the logarithmic return over period bars: the natural logarithm of the
// rounded quotient. Where a value is 0 or below it is not ready.
var logr = Spec{
	ID: "logr", Title: "Log return", TitleKorean: "로그수익률", Group: others,
	Summary: "The change over period bars as a logarithm; such returns add up.",
	Formula: "ln(x / x[period])",
	Source:  "Lean LogReturn",
	Unit:    "ratio", Example: "logr(close, 1) > 0.03",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(1)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(logReturn(in.Source, a.Integer("period")))
	},
}

// logReturn is the logarithmic return over n bars.
func logReturn(s series.Series, n int) series.Series {
	return series.Ln(series.Div(s, series.Shift(s, n)))
}
