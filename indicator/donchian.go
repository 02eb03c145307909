package indicator

import "maemae/series"

// donchian is the highest high and the lowest low of the last period bars, this
// one included.
var donchian = Spec{
	ID: "donchian", Title: "Donchian channel", TitleKorean: "돈치안 채널", Group: volatilities,
	Summary: "The range of the last bars.",
	Formula: "upper = highest(high, period); lower = lowest(low, period)",
	Source:  "Lean DonchianChannel",
	Unit:    "price", Example: "close > donchian(20).upper[1]",
	Reads:  []string{"high", "low"},
	Params: []Param{period(20)}, Outputs: []string{"upper", "lower"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		return []series.Series{series.Highest(in.High, n), series.Lowest(in.Low, n)}
	},
}
