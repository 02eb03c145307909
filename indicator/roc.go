package indicator

import "maemae/series"

// roc is the change against the value period bars ago, in percent: the ratio is
// rounded, then multiplied by 100. Where the old value was 0 it is not ready.
var roc = Spec{
	ID: "roc", Title: "Rate of change", TitleKorean: "변화율", Group: oscillators,
	Summary: "By how many percent the value has changed over period bars.",
	Formula: "100 * (x - x[period]) / x[period]",
	Source:  "Lean RateOfChangePercent",
	Unit:    "percent", Example: "roc(close, 60) > 30",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{period(10)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(rate(in.Source, a.Integer("period")))
	},
}

// rate is the change over n bars in percent.
func rate(s series.Series, n int) series.Series {
	return scaled(series.Div(series.Change(s, n), series.Shift(s, n)), 100)
}
