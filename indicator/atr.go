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
	if out, ok := trueRangeNarrow(in); ok {
		return out
	}
	before := series.Else(series.Shift(in.Close, 1), in.Low)
	return series.Sub(series.Larger(in.High, before), series.Smaller(in.Low, before))
}

// gapRange is the true range of the bars that have a close before.
func gapRange(in Input) series.Series {
	all := trueRange(in)
	return all.From(all.First() + 1)
}

// trueRangeNarrow is trueRange in one pass over prices of one scale.
func trueRangeNarrow(in Input) (series.Series, bool) {
	h, okHigh := in.High.Narrow()
	l, okLow := in.Low.Narrow()
	c, okClose := in.Close.Narrow()
	low, high := min(l.Low, c.Low), max(h.High, c.High)
	if !okHigh || !okLow || !okClose || l.Scale != h.Scale || c.Scale != h.Scale || h.First|l.First|c.First != 0 ||
		low < -1<<62 || high >= 1<<62 {
		return series.Series{}, false
	}
	out := series.Narrow{Mantissas: make([]int64, len(c.Mantissas)), Scale: h.Scale, Low: h.Low - l.High, High: high - low}
	if len(out.Mantissas) == 0 {
		return out.Series(), true
	}
	y := out.Mantissas
	highs, lows, closes := h.Mantissas[:len(y)], l.Mantissas[:len(y)], c.Mantissas[:len(y)]
	before := lows[0]
	for i := range y {
		y[i] = max(highs[i], before) - min(lows[i], before)
		before = closes[i]
	}
	return out.Series(), true
}
