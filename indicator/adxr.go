package indicator

import "maemae/series"

// adxr is the mean of the average directional index now and period-1 bars ago.
var adxr = Spec{
	ID: "adxr", Title: "Average directional movement rating", TitleKorean: "평균방향운동등급", Group: trends,
	Summary: "The trend strength of adx, smoothed once more.",
	Formula: "(adx(period) + adx(period)[period-1]) / 2",
	Source:  "Lean AverageDirectionalMovementIndexRating",
	Unit:    "percent, 0 to 100", Example: "adxr(14) > 25",
	Reads: []string{"high", "low", "close"}, PercentUnit: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	warmUp: func(a Args) []int { return []int{3*a.Integer("period") - 1} },
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		value := directional(in, n)[0]
		return one(over(series.Add(value, series.Shift(value, n-1)), 2))
	},
}
