package indicator

import "maemae/series"

// ichimoku is Hosoda's one-glance equilibrium chart. Every line is the middle
// between the highest high and the lowest low of its period; the two edges of the
// cloud (senkou) are those of kijun bars ago, which is where a chart draws them,
// and chikou is the close of kijun bars ago. Nothing looks ahead.
var ichimoku = Spec{
	ID: "ichimoku", Title: "Ichimoku kinko hyo", TitleKorean: "일목균형표", Group: trends,
	Summary: "Equilibrium lines of three spans and the cloud between two of them.",
	Formula: "tenkan, kijun = middle(period); senkou_a = (tenkan + kijun)/2 [kijun]; senkou_b = middle(senkou_b)[kijun]; chikou = close[kijun]",
	Source:  "Lean IchimokuKinkoHyo, delays = kijun as in KIS's backtester",
	Unit:    "price", Example: "ichimoku(9, 26, 52).tenkan crosses above ichimoku(9, 26, 52).kijun",
	Reads:   []string{"high", "low", "close"},
	Params:  []Param{integer("tenkan", 9, 1, 1000), integer("kijun", 26, 1, 1000), integer("senkou_b", 52, 1, 1000)},
	Outputs: []string{"tenkan", "kijun", "senkou_a", "senkou_b", "chikou"},
	warmUp: func(a Args) []int {
		tenkan, kijun := a.Integer("tenkan"), a.Integer("kijun")
		return []int{tenkan, kijun, max(tenkan, kijun) + kijun, a.Integer("senkou_b") + kijun, kijun + 1}
	},
	compute: func(in Input, a Args) []series.Series {
		delay := a.Integer("kijun")
		tenkan, kijun := middleOf(in, a.Integer("tenkan")), middleOf(in, delay)
		senkouA := series.Shift(over(series.Add(tenkan, kijun), 2), delay)
		senkouB := series.Shift(middleOf(in, a.Integer("senkou_b")), delay)
		return []series.Series{tenkan, kijun, senkouA, senkouB, series.Shift(in.Close, delay)}
	},
}

// middleOf is the middle between the highest high and the lowest low of the last
// n bars.
func middleOf(in Input, n int) series.Series {
	return over(series.Add(series.Highest(in.High, n), series.Lowest(in.Low, n)), 2)
}
