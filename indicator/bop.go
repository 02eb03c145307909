package indicator

import "maemae/series"

// bop is the balance of power, -1 to 1: the body of the bar over its range. A bar
// without a range is not ready.
var bop = Spec{
	ID: "bop", Title: "Balance of power", TitleKorean: "힘의 균형", Group: others,
	Summary: "Whether buyers or sellers won the bar, and how clearly.",
	Formula: "(close - open) / (high - low)",
	Source:  "Lean BalanceOfPower, which says 0 without a range",
	Unit:    "ratio, -1 to 1", Example: "bop() > 0.5",
	Reads:   []string{"open", "high", "low", "close"},
	Outputs: []string{"value"},
	warmUp:  bars(1),
	compute: func(in Input, _ Args) []series.Series {
		return one(series.Div(series.Sub(in.Close, in.Open), series.Sub(in.High, in.Low)))
	},
}
