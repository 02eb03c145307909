package indicator

import "maemae/series"

// atr is the average true range: the simple mean (or Wilder's average) of the
// true ranges of the last period bars. The true range of a bar is the distance
// between the extremes of the bar and the close before; of the first bar it is
// high - low.
var atr = Spec{
	ID: "atr", Title: "Average true range", TitleKorean: "평균진폭", Group: volatilities,
	Summary: "How far the price moves on a usual bar, gaps included.",
	Formula: "mean(max(high, close[1]) - min(low, close[1]), period), simple or Wilder's",
	Source:  "Lean AverageTrueRange (Simple)",
	Unit:    "price", Example: "close > sma(close, 20) + 2 * atr(14)",
	Reads:  []string{"high", "low", "close"},
	Params: []Param{period(14), smoothing()}, Outputs: []string{"value"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(chosenMean(a, trueRange(in), a.Integer("period")))
	},
}

// trueRange is max(high, close before) - min(low, close before); on the first
// bar, which has no close before, high - low.
func trueRange(in Input) series.Series {
	return series.Else(gapRange(in), series.Sub(in.High, in.Low))
}

// gapRange is the true range of the bars that have a close before.
func gapRange(in Input) series.Series {
	before := series.Shift(in.Close, 1)
	return series.Sub(series.Larger(in.High, before), series.Smaller(in.Low, before))
}
