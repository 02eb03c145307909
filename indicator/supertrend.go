package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// supertrend is a trailing stop of so many of Wilder's average true ranges around
// the middle of the bar. Below the price it only rises, above it only falls, and
// it changes sides when the close crosses it. It begins above, unless the close
// is already higher.
var supertrend = Spec{
	ID: "supertrend", Title: "Supertrend", TitleKorean: "슈퍼트렌드", Group: trends,
	Summary: "A trailing stop: below the price in a rise, above it in a fall.",
	Formula: "(high + low)/2 -+ multiplier * wilder(true range, period), trailing",
	Source:  "Lean SuperTrend (Wilders)",
	Unit:    "price", Example: "close crosses above supertrend(10, 3)",
	Reads:  []string{"high", "low", "close"},
	Params: []Param{period(10), multiplier("multiplier", 3)}, Outputs: []string{"value"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		half := times(wilderMean(trueRange(in), a.Integer("period")), a.Decimal("multiplier"))
		bands := band(over(series.Add(in.High, in.Low), 2), half)
		return one(trail(in.Close, bands[1], bands[2]))
	},
}

// trail follows the closes with the bands: upper from above, lower from below.
func trail(closes, uppers, lowers series.Series) series.Series {
	first, n := uppers.First(), uppers.Len()
	out := make([]decimal.Decimal, 0, n-first)
	var value, upper, lower, before decimal.Decimal
	for i := first; i < n; i++ {
		close, _ := closes.At(i)
		up, _ := uppers.At(i)
		down, _ := lowers.At(i)
		above := i == first || value.Equal(upper)
		if i == first || up.LessThan(upper) || before.GreaterThan(upper) {
			upper = up
		}
		if i == first || down.GreaterThan(lower) || before.LessThan(lower) {
			lower = down
		}
		if above {
			above = close.LessThanOrEqual(upper)
		} else {
			above = close.LessThan(lower)
		}
		if value = lower; above {
			value = upper
		}
		out = append(out, value)
		before = close
	}
	return delayed(out, first)
}
