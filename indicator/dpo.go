package indicator

import "maemae/series"

// dpo is the detrended price oscillator: the value period/2+1 bars ago (rounded
// down) minus the simple average.
var dpo = Spec{
	ID: "dpo", Title: "Detrended price oscillator", TitleKorean: "추세제거 가격오실레이터", Group: oscillators,
	Summary: "Prices without their trend, to see their cycles.",
	Formula: "x[period/2 + 1] - sma(x, period)",
	Source:  "Lean DetrendedPriceOscillator",
	Unit:    "as the series", Example: "dpo(close, 20) > 0",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{period(20)}, Outputs: []string{"value"},
	warmUp: func(a Args) []int { n := a.Integer("period"); return []int{max(n, n/2+2)} },
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		return one(series.Sub(series.Shift(in.Source, n/2+1), series.Mean(in.Source, n)))
	},
}
