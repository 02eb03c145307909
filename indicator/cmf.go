package indicator

import "maemae/series"

// cmf is Chaikin's money flow, -1 to 1: the volume of the last period bars, each
// counted with the place of its close in the bar, over their volume. Without
// volume it is not ready.
var cmf = Spec{
	ID: "cmf", Title: "Chaikin money flow", TitleKorean: "채킨 머니플로우", Group: volumes,
	Summary: "Whether volume went with closes near the high or near the low.",
	Formula: "sum(volume * ((close - low) - (high - close)) / (high - low), period) / sum(volume, period)",
	Source:  "Lean ChaikinMoneyFlow",
	Unit:    "none, -1 to 1", Example: "cmf(20) > 0.1",
	Reads:  []string{"high", "low", "close", "volume"},
	Params: []Param{period(20)}, Outputs: []string{"value"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		return one(series.Div(series.Sum(moneyFlow(in), n), series.Sum(in.Volume, n)))
	},
}
