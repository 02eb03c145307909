package indicator

import "maemae/series"

// force is Elder's force index: the exponential average of the change of the
// close times the volume.
var force = Spec{
	ID: "force", Title: "Force index", TitleKorean: "포스 인덱스", Group: volumes,
	Summary: "Price change with the weight of the volume behind it.",
	Formula: "ema((close - close[1]) * volume, period)",
	Source:  "Lean ForceIndex (Exponential)",
	Unit:    "price times shares", Example: "force(13) crosses above 0",
	Reads:  []string{"close", "volume"},
	Params: []Param{period(13)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(exponential(series.Mul(series.Change(in.Close, 1), in.Volume), a.Integer("period")))
	},
}
