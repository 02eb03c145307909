package indicator

import "maemae/series"

// chop is the choppiness index: how much longer the way of the prices was than
// their range, as a logarithm in percent of its largest value. Where they had no
// range at all it is 100.
var chop = Spec{
	ID: "chop", Title: "Choppiness index", TitleKorean: "혼잡지수", Group: trends,
	Summary: "Whether prices run (below 38) or mill about (above 62).",
	Formula: "100 * ln(sum(true range, period) / (highest(high) - lowest(low))) / ln(period); 100 without a range",
	Source:  "Lean ChoppinessIndex",
	Unit:    "percent, 0 to 100", Example: "chop(14) < 38",
	Reads: []string{"high", "low", "close"}, PercentUnit: true,
	Params: []Param{integer("period", 14, 2, 1000)}, Outputs: []string{"value"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		width := spread(in, n)
		way := series.Div(series.Sum(trueRange(in), n), width)
		full := series.Ln(constant(width.Len(), int64(n)))
		return one(whereZero(width, constant(width.Len(), 100), percent(series.Ln(way), full)))
	},
}
