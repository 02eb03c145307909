package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// eom is the ease of movement: the simple average of the move of the bar's middle
// times its range, per so many shares of volume. A bar without volume or without
// range counts as 0, and so does the first, which has no move.
var eom = Spec{
	ID: "eom", Title: "Ease of movement", TitleKorean: "움직임의 용이성", Group: volumes,
	Summary: "How easily prices move: far on little volume.",
	Formula: "sma(scale * (m - m[1]) * (high - low) / volume, period); m = (high + low)/2",
	Source:  "Lean EaseOfMovementValue, which measures the move from the last bar with volume and range",
	Unit:    "price squared per scale shares", Example: "eom(14, 10000) crosses above 0",
	Reads:   []string{"high", "low", "volume"},
	Params:  []Param{period(14), number("scale", decimal.NewFromInt(10000), decimal.NewFromInt(1), decimal.New(1, 12))},
	Outputs: []string{"value"},
	warmUp:  periodOf,
	compute: func(in Input, a Args) []series.Series {
		zero := constant(in.High.Len(), 0)
		move := series.Else(series.Change(series.Add(in.High, in.Low), 1), zero)
		numerator := times(series.Mul(move, series.Sub(in.High, in.Low)), a.Decimal("scale"))
		ease := whereZero(in.Volume, zero, series.Div(numerator, scaled(in.Volume, 2)))
		return one(series.Mean(ease, a.Integer("period")))
	},
}
