package indicator

import "maemae/series"

// coppock is Coppock's curve: the linearly weighted average of the sum of a
// short and a long rate of change.
var coppock = Spec{
	ID: "coppock", Title: "Coppock curve", TitleKorean: "코폭 곡선", Group: trends,
	Summary: "Long momentum: turning up from below 0 has marked bottoms.",
	Formula: "lwma(roc(x, short_roc) + roc(x, long_roc), wma)",
	Source:  "Lean CoppockCurve",
	Unit:    "percent", Example: "coppock(close, 11, 14, 10) crosses above 0",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params:  []Param{integer("short_roc", 11, 1, 1000), integer("long_roc", 14, 1, 1000), integer("wma", 10, 1, 1000)},
	Outputs: []string{"value"},
	warmUp: func(a Args) []int {
		return []int{max(a.Integer("short_roc"), a.Integer("long_roc")) + a.Integer("wma")}
	},
	compute: func(in Input, a Args) []series.Series {
		both := series.Add(rate(in.Source, a.Integer("short_roc")), rate(in.Source, a.Integer("long_roc")))
		return one(linear(both, a.Integer("wma")))
	},
}
