package indicator

import "maemae/series"

// cmo is Chande's momentum oscillator, -100 to 100: the difference of Wilder's
// averages of rises and falls in percent of their sum. Where nothing moved it
// is 0.
var cmo = Spec{
	ID: "cmo", Title: "Chande momentum oscillator", TitleKorean: "챈드 모멘텀 오실레이터", Group: oscillators,
	Summary: "How far rises outweigh falls: above 50 overbought, below -50 oversold.",
	Formula: "100 * (u - d) / (u + d); u, d = wilder(rises, period), wilder(falls, period)",
	Source:  "Lean ChandeMomentumOscillator",
	Unit:    "percent, -100 to 100", Example: "cmo(close, 14) < -50",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(momentumIndex(in.Source, a.Integer("period")))
	},
}

// momentumIndex is Chande's momentum oscillator of n bars.
func momentumIndex(s series.Series, n int) series.Series {
	rises, falls := wilderMoves(s, n)
	moves := series.Add(rises, falls)
	return whereZero(moves, constant(s.Len(), 0), percent(series.Sub(rises, falls), moves))
}
