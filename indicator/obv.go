package indicator

import "maemae/series"

// obv is the on-balance volume: the running total of volume, added on bars that
// close higher and subtracted on bars that close lower. The first bar counts as
// higher.
var obv = Spec{
	ID: "obv", Title: "On-balance volume", TitleKorean: "누적거래량", Group: volumes,
	Summary: "Volume added up with the sign of the price change.",
	Formula: "obv[1] + volume * sign(close - close[1])",
	Source:  "Lean OnBalanceVolume",
	Unit:    "shares", Example: "obv() > sma(obv(), 20)",
	Reads:   []string{"close", "volume"},
	Outputs: []string{"value"},
	warmUp:  bars(1),
	compute: func(in Input, _ Args) []series.Series {
		direction := series.Else(sign(series.Change(in.Close, 1)), constant(in.Close.Len(), 1))
		return one(series.Total(series.Mul(in.Volume, direction)))
	},
}
