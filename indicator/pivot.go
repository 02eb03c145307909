package indicator

import "maemae/series"

// pivot is the last confirmed turning point: the high of a bar that is above the
// highs of the left_bars before and the right_bars after it, and the low of one
// that is below theirs. It is known only right_bars later, and that is when it
// appears; it stays until the next one. Before the first there is no value.
var pivot = Spec{
	ID: "pivot", Title: "Pivot high and low", TitleKorean: "피봇 고점·저점", Group: others,
	Summary: "The last confirmed swing high and swing low.",
	Formula: "high = high[right_bars] held since it was above highest(high, right_bars) and highest(high[right_bars+1], left_bars); low likewise",
	Source:  "Lean PivotPointsHighLow (strict); different numbers of bars left and right, value held",
	Unit:    "price", Example: "close > pivot(5, 5).high",
	Reads:   []string{"high", "low"},
	Params:  []Param{integer("left_bars", 5, 1, 100), integer("right_bars", 5, 1, 100)},
	Outputs: []string{"high", "low"},
	warmUp:  func(a Args) []int { return []int{a.Integer("left_bars") + a.Integer("right_bars") + 1} },
	compute: func(in Input, a Args) []series.Series {
		left, right := a.Integer("left_bars"), a.Integer("right_bars")
		high, low := series.Shift(in.High, right), series.Shift(in.Low, right)
		peak := series.And(
			series.Less(series.Highest(in.High, right), high),
			series.Less(series.Highest(series.Shift(in.High, right+1), left), high))
		trough := series.And(
			series.Less(low, series.Lowest(in.Low, right)),
			series.Less(low, series.Lowest(series.Shift(in.Low, right+1), left)))
		return []series.Series{series.Hold(high, peak), series.Hold(low, trough)}
	},
}
