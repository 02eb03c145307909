package indicator

import "maemae/series"

// adx is Wilder's average directional index, 0 to 100. The directional movement
// of a bar is high - high[1] (plus) or low[1] - low (minus), whichever is larger
// and above 0; equal ones count as plus. Smoothed and divided by the smoothed true
// range they are plus_di and minus_di; the average of their distance in percent
// of their sum is the value. A bar on which the sum is 0 is not ready and does
// not count in the average.
var adx = Spec{
	ID: "adx", Title: "Average directional index", TitleKorean: "평균방향지수", Group: trends,
	Summary: "How strong the trend is, whichever way it goes: above 25 strong.",
	Formula: "value = wilder(100 * |p - m| / (p + m), period); p, m = plus_di, minus_di = 100 * wilder(movement, period) / wilder(true range, period)",
	Source:  "Lean AverageDirectionalIndex; Wilder, New Concepts in Technical Trading Systems (1978)",
	Unit:    "percent, 0 to 100", Example: "adx(14) > 25 and adx(14).plus_di > adx(14).minus_di",
	Reads: []string{"high", "low", "close"}, PercentUnit: true,
	Params: []Param{period(14)}, Outputs: []string{"value", "plus_di", "minus_di"},
	warmUp: func(a Args) []int { n := a.Integer("period"); return []int{2 * n, n + 1, n + 1} },
	compute: func(in Input, a Args) []series.Series {
		return directional(in, a.Integer("period"))
	},
}

// directional is the average directional index, plus_di and minus_di of n bars.
func directional(in Input, n int) []series.Series {
	up, down := series.Change(in.High, 1), series.Neg(series.Change(in.Low, 1))
	zero := constant(in.High.Len(), 0)
	ranges := wilderMean(gapRange(in), n)
	plus := percent(wilderMean(series.Where(series.LessEqual(down, up), positive(up), zero), n), ranges)
	minus := percent(wilderMean(series.Where(series.Less(up, down), positive(down), zero), n), ranges)
	index := percent(series.Abs(series.Sub(plus, minus)), series.Add(plus, minus))
	return []series.Series{wilderMean(index, n), plus, minus}
}
