package indicator

import "maemae/series"

// kvo is Klinger's volume oscillator: the difference of a fast and a slow
// exponential average of the volume force, and its own average (signal). The
// trend of a bar is 1 where high+low+close rose and -1 elsewhere; the movement
// adds up high - low as long as the trend stays, beginning with that of the bar
// before the turn; the force is volume * 200 * (movement - (high - low)) /
// movement * trend, 0 without movement.
var kvo = Spec{
	ID: "kvo", Title: "Klinger volume oscillator", TitleKorean: "클링거 거래량 오실레이터", Group: oscillators,
	Summary: "Whether volume flows with rising or with falling prices.",
	Formula: "value = ema(force, fast) - ema(force, slow); signal = ema(value, signal)",
	Source:  "Lean KlingerVolumeOscillator, whose signal also averages the zeros before the first value",
	Unit:    "shares", Example: "kvo(34, 55, 13) crosses above 0",
	Reads:   []string{"high", "low", "close", "volume"},
	Params:  []Param{integer("fast", 34, 1, 500), integer("slow", 55, 1, 500), integer("signal", 13, 1, 100)},
	Outputs: []string{"value", "signal"},
	check:   fastBelowSlow,
	warmUp: func(a Args) []int {
		value := a.Integer("slow") + 2
		return []int{value, value + a.Integer("signal") - 1}
	},
	compute: func(in Input, a Args) []series.Series {
		force := volumeForce(in)
		value := series.Sub(exponential(force, a.Integer("fast")), exponential(force, a.Integer("slow")))
		return []series.Series{value, exponential(value, a.Integer("signal"))}
	},
}

// volumeForce is volume with the sign of the trend, 200 times the share of the
// movement that came before this bar. It is ready from the third bar on.
func volumeForce(in Input) series.Series {
	zero := constant(in.Close.Len(), 0)
	up := series.Less(zero, series.Change(total3(in.High, in.Low, in.Close), 1))
	trend := series.Sub(scaled(up.Series(), 2), constant(in.Close.Len(), 1))
	moved := series.Sub(in.High, in.Low)
	turned := series.Not(series.Equal(trend, series.Shift(trend, 1)))
	// The first bar that has a trend before it begins a movement as a turn does.
	first := series.Equal(series.Streak(series.Or(turned, series.Not(turned))), constant(in.Close.Len(), 1))
	begun := series.Or(turned, first)
	movement := series.TotalSince(series.Add(moved, series.Where(begun, series.Shift(moved, 1), zero)), begun)
	before := series.Sub(movement, moved)
	force := series.Div(series.Mul(scaled(series.Mul(in.Volume, trend), 200), before), movement)
	return whereZero(movement, zero, force)
}
