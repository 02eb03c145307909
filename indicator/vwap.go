package indicator

import "maemae/series"

// vwap is the volume-weighted average price of the last period bars; the price of
// a bar is (open+high+low+close)/4. One rounding. Without volume it is not
// ready.
var vwap = Spec{
	ID: "vwap", Title: "Volume weighted average price", TitleKorean: "거래량가중평균가", Group: volumes,
	Summary: "The price the average share changed hands at.",
	Formula: "sum((open + high + low + close)/4 * volume, period) / sum(volume, period)",
	Source:  "Lean VolumeWeightedAveragePriceIndicator",
	Unit:    "price", Example: "close > vwap(14)",
	Reads:  []string{"open", "high", "low", "close", "volume"},
	Params: []Param{period(14)}, Outputs: []string{"value"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		prices := series.Add(in.Open, total3(in.High, in.Low, in.Close))
		money := series.Sum(series.Mul(prices, in.Volume), n)
		return one(series.Div(money, scaled(series.Sum(in.Volume, n), 4)))
	},
}
