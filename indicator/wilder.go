package indicator

import "maemae/series"

// wilder is Wilder's moving average, which KIS's files call wma. It starts as
// the mean of the first period values; then y = (x + (period-1)*y') / period,
// rounded once a bar.
var wilder = Spec{
	ID: "wilder", Title: "Wilder's moving average", TitleKorean: "와일더 이동평균", Group: averages,
	Summary: "The slow exponential mean Wilder built RSI, ATR and ADX on; KIS's files call it wma.",
	Formula: "y = (x + (period-1)*y[1]) / period; the first y is sma(x, period)",
	Source:  "Lean WilderMovingAverage; Wilder, New Concepts in Technical Trading Systems (1978)",
	Unit:    "as the series", Example: "close > wilder(close, 14)",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		return one(wilderMean(in.Source, a.Integer("period")))
	},
}

// wilderMean is Wilder's average of n bars.
func wilderMean(s series.Series, n int) series.Series {
	return series.Smooth(s, n, 1, int64(n))
}
