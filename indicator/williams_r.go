package indicator

import "maemae/series"

// williamsR is Williams' %R, -100 to 0: the distance of the close from the highest
// high, in percent of the range of the last period bars, counted downwards.
// Without a range it is not ready.
var williamsR = Spec{
	ID: "williams_r", Title: "Williams %R", TitleKorean: "윌리엄스 %R", Group: oscillators,
	Summary: "How far the close is below the highest price: above -20 overbought, below -80 oversold.",
	Formula: "-100 * (highest(high, period) - close) / (highest(high, period) - lowest(low, period))",
	Source:  "Lean WilliamsPercentR",
	Unit:    "percent, -100 to 0", Example: "williams_r(14) < -80",
	Reads: []string{"high", "low", "close"}, PercentUnit: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		return one(percent(series.Sub(in.Close, series.Highest(in.High, n)), spread(in, n)))
	},
}
