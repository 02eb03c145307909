package indicator

import "maemae/series"

// change is the change against the bar before in percent, as roc of one bar.
var change = Spec{
	ID: "change", Title: "Change", TitleKorean: "전일대비 등락률", Group: others,
	Summary: "By how many percent the value has changed since the bar before.",
	Formula: "100 * (x - x[1]) / x[1]",
	Source:  "KIS strategy builder",
	Unit:    "percent", Example: "change() >= 3",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Outputs:  []string{"value"},
	Windowed: true,
	warmUp:   bars(2),
	compute:  func(in Input, _ Args) []series.Series { return one(rate(in.Source, 1)) },
}
