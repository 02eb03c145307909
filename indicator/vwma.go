package indicator

import "maemae/series"

// vwma is the volume-weighted average of the closes of the last period bars; one
// rounding. Without volume it is not ready.
var vwma = Spec{
	ID: "vwma", Title: "Volume weighted moving average", TitleKorean: "거래량가중이동평균", Group: volumes,
	Summary: "A moving average that weighs busy bars more.",
	Formula: "sum(close * volume, period) / sum(volume, period)",
	Source:  "Lean VolumeWeightedMovingAverage",
	Unit:    "price", Example: "close > vwma(20)",
	Reads:  []string{"close", "volume"},
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		return one(series.Div(series.Sum(series.Mul(in.Close, in.Volume), n), series.Sum(in.Volume, n)))
	},
}
