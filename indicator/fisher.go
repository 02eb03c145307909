package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// fisher is Ehlers's Fisher transform of the place of the middle price in its
// range of period bars. The place, -1 to 1, is smoothed (v), kept within 0.999
// of 0, transformed and smoothed again. Where the prices have no range v begins
// anew at 0 and the transform is 0. Both filters begin at 0.
var fisher = Spec{
	ID: "fisher", Title: "Fisher transform", TitleKorean: "피셔 변환", Group: trends,
	Summary: "Turning points drawn sharply.",
	Formula: "f = 0.5*ln((1+v)/(1-v)) + 0.5*f[1]; v = 0.33*p + 0.67*v[1]; p = 2*(m - lowest(m))/(highest(m) - lowest(m)) - 1, m = (high+low)/2",
	Source:  "Lean FisherTransform; Ehlers, Using the Fisher Transform",
	Unit:    "none", Example: "fisher(10) crosses above fisher(10)[1]",
	Reads:  []string{"high", "low"},
	Params: []Param{period(10)}, Outputs: []string{"value"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := in.High.Len()
		zero, unit := constant(n, 0), constant(n, 1)
		m := series.Add(in.High, in.Low) // twice the middle: the place is the same
		bottom, top := series.Lowest(m, a.Integer("period")), series.Highest(m, a.Integer("period"))
		width := series.Sub(top, bottom)
		p := series.Sub(series.Div(scaled(series.Sub(m, bottom), 2), width), unit)
		// Without a range the share is 1 and the place 0: v begins anew.
		share := whereZero(width, unit, series.Constant(n, hundredths(33)))
		v := series.Adapt(whereZero(width, zero, p), share, zero)
		limit := series.Constant(n, decimal.New(999, -3))
		v = series.Larger(series.Smaller(v, limit), series.Neg(limit))
		twice := series.Ln(series.Div(series.Add(unit, v), series.Sub(unit, v)))
		// f = y/2 + f'/2 moves half of the way to y = ln(...).
		return one(series.Adapt(twice, series.Constant(n, hundredths(50)), zero))
	},
}
