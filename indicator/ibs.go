package indicator

import "maemae/series"

// ibs is the internal bar strength: the place of the close in its bar, 0 at the
// low to 1 at the high. A bar without a range has none and is not ready.
var ibs = Spec{
	ID: "ibs", Title: "Internal bar strength", TitleKorean: "내부 바 강도", Group: others,
	Summary: "Where in its range the bar closed.",
	Formula: "(close - low) / (high - low)",
	Source:  "Lean InternalBarStrength, which says 0 without a range",
	Unit:    "ratio, 0 to 1", Example: "ibs() < 0.2",
	Reads:   []string{"high", "low", "close"},
	Outputs: []string{"value"},
	warmUp:  bars(1),
	compute: func(in Input, _ Args) []series.Series {
		return one(series.Div(series.Sub(in.Close, in.Low), series.Sub(in.High, in.Low)))
	},
}
