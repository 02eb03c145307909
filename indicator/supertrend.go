package indicator

import (
	"cmp"

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
	first := uppers.First()
	if out, ok := trailNarrow(closes, uppers, lowers); ok {
		return out
	}
	columns := [3][]decimal.Decimal{}
	for k, s := range []series.Series{closes, uppers, lowers} {
		for i := first; i < s.Len(); i++ {
			v, _ := s.At(i)
			columns[k] = append(columns[k], v)
		}
	}
	return delayed(follow(columns[0], columns[1], columns[2], decimal.Decimal.Cmp), first)
}

// trailNarrow is trail on 64-bit mantissas; false where they do not suffice.
func trailNarrow(closes, uppers, lowers series.Series) (series.Series, bool) {
	c, okClose := closes.Narrow()
	u, okUpper := uppers.Narrow()
	l, okLower := lowers.Narrow()
	c, fit := c.AtScale(u.Scale)
	if !okClose || !okUpper || !okLower || !fit {
		return series.Series{}, false
	}
	values := follow(c.Mantissas[u.First:], u.Mantissas[u.First:], l.Mantissas[u.First:], cmp.Compare[int64])
	return series.Narrow{
		Mantissas: append(make([]int64, u.First), values...), Scale: u.Scale, First: u.First,
		Low: min(u.Low, l.Low), High: max(u.High, l.High),
	}.Series(), true
}

// follow is the band in force on every bar.
func follow[T any](closes, uppers, lowers []T, compare func(a, b T) int) []T {
	var upper, lower, before T
	out := make([]T, len(closes))
	above := true
	for i, c := range closes {
		if u := uppers[i]; i == 0 || compare(u, upper) < 0 || compare(before, upper) > 0 {
			upper = u
		}
		if l := lowers[i]; i == 0 || compare(l, lower) > 0 || compare(before, lower) < 0 {
			lower = l
		}
		if above {
			above = compare(c, upper) <= 0
		} else {
			above = compare(c, lower) < 0
		}
		if out[i] = lower; above {
			out[i] = upper
		}
		above = above || compare(upper, lower) == 0 // bands that meet count as the upper
		before = c
	}
	return out
}
