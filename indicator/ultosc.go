package indicator

import "maemae/series"

// ultosc is Williams' ultimate oscillator, 0 to 100: buying pressure (close -
// true low) in percent of the true range over three periods, the shortest
// counting four times, the middle one twice. Where a period had no range it is
// not ready.
var ultosc = Spec{
	ID: "ultosc", Title: "Ultimate oscillator", TitleKorean: "궁극 오실레이터", Group: oscillators,
	Summary: "Buying pressure over three spans at once: above 70 overbought, below 30 oversold.",
	Formula: "(4*p(period1) + 2*p(period2) + p(period3)) / 7; p(n) = 100 * sum(close - min(low, close[1]), n) / sum(true range, n)",
	Source:  "Lean UltimateOscillator",
	Unit:    "percent, 0 to 100", Example: "ultosc(7, 14, 28) < 30",
	Reads: []string{"high", "low", "close"}, PercentUnit: true,
	Params:  []Param{integer("period1", 7, 1, 1000), integer("period2", 14, 1, 1000), integer("period3", 28, 1, 1000)},
	Outputs: []string{"value"},
	warmUp: func(a Args) []int {
		return []int{max(a.Integer("period1"), a.Integer("period2"), a.Integer("period3")) + 1}
	},
	compute: func(in Input, a Args) []series.Series {
		pressure := series.Sub(in.Close, series.Smaller(in.Low, series.Shift(in.Close, 1)))
		ranges := gapRange(in)
		share := func(name string) series.Series {
			return percent(series.Sum(pressure, a.Integer(name)), series.Sum(ranges, a.Integer(name)))
		}
		return one(over(total3(scaled(share("period1"), 4), scaled(share("period2"), 2), share("period3")), 7))
	},
}
