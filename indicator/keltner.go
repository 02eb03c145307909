package indicator

import "maemae/series"

// keltner is a band of so many average true ranges around the simple average of
// the typical price (high+low+close)/3, whose three and period are divided out
// at once.
var keltner = Spec{
	ID: "keltner", Title: "Keltner channels", TitleKorean: "켈트너 채널", Group: volatilities,
	Summary: "A band around the average, as wide as bars usually move.",
	Formula: "middle = sum(high + low + close, period) / (3*period); upper, lower = middle +- multiplier * atr(period)",
	Source:  "Lean KeltnerChannels (Simple)",
	Unit:    "price", Example: "close > keltner(20, 2).upper",
	Reads:   []string{"high", "low", "close"},
	Params:  []Param{period(20), multiplier("multiplier", 2)},
	Outputs: []string{"middle", "upper", "lower"},
	warmUp:  periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		middle := over(series.Sum(total3(in.High, in.Low, in.Close), n), 3*int64(n))
		return band(middle, times(series.Mean(trueRange(in), n), a.Decimal("multiplier")))
	},
}
