package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// cci is the commodity channel index: the distance of the typical price from its
// average, in units of 0.015 mean deviations. It is computed on high+low+close,
// three times the typical price, which leaves the quotient as it is. Without any
// deviation it is not ready.
var cci = Spec{
	ID: "cci", Title: "Commodity channel index", TitleKorean: "상품채널지수", Group: oscillators,
	Summary: "How unusual the price is: above 100 strong, below -100 weak.",
	Formula: "(t - sma(t, period)) / (0.015 * mean(|t[i] - sma(t, period)|)); t = high + low + close",
	Source:  "Lean CommodityChannelIndex (Simple)",
	Unit:    "none", Example: "cci(20) crosses above -100",
	Reads:  []string{"high", "low", "close"},
	Params: []Param{period(20)}, Outputs: []string{"value"},
	Windowed: true,
	warmUp:   periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		t := total3(in.High, in.Low, in.Close)
		away := series.Sub(t, series.Mean(t, n))
		return one(series.Div(away, times(series.MeanDeviation(t, n), decimal.New(15, -3))))
	},
}
