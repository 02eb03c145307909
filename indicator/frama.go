package indicator

import (
	"errors"

	"github.com/shopspring/decimal"

	"maemae/series"
)

// frama is Ehlers's fractal adaptive moving average of the middle price
// (high+low)/2. With r1 and r2 the ranges of the newer and the older half of the
// window and r3 that of the whole, the share of the new price is
// ((r1+r2)/r3)^w, w = log2(2/199), kept in 0.01..1; where neither half had a
// range it is 1. It begins from the middle price of the bar before.
var frama = Spec{
	ID: "frama", Title: "Fractal adaptive moving average", TitleKorean: "프랙탈 적응이동평균", Group: averages,
	Summary: "An average that quickens when prices move in a line and slows when they fill their range.",
	Formula: "y = y[1] + a*(m - y[1]); m = (high+low)/2, a = exp(ln((r1+r2)/r3) * log2(2/199)), in 0.01..1",
	Source:  "Lean FractalAdaptiveMovingAverage (long period 198), begun one bar earlier",
	Unit:    "price", Example: "close crosses above frama(16)",
	Reads:  []string{"high", "low"},
	Params: []Param{integer("period", 16, 2, 1000)}, Outputs: []string{"value"},
	warmUp: periodOf,
	check: func(a Args) error {
		if a.Integer("period")%2 != 0 {
			return errors.New("period must be even")
		}
		return nil
	},
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		newer := spread(in, n/2)
		whole := spread(in, n)
		halves := series.Add(newer, series.Shift(newer, n/2))
		roughness := series.Div(halves, whole)
		power := series.Mul(series.Ln(roughness), series.Constant(whole.Len(), framaPower))
		unit, zero := constant(whole.Len(), 1), constant(whole.Len(), 0)
		// exp of at most 0 is at most 1.
		share := series.Larger(series.Exp(series.Smaller(power, zero)), series.Constant(whole.Len(), hundredths(1)))
		middle := over(series.Add(in.High, in.Low), 2)
		return one(series.Adapt(middle, whereZero(halves, unit, share), middle))
	},
}

// framaPower is log2(2/199), so that a one-dimensional market gets the share 1
// and a two-dimensional one that of a 198-bar exponential average.
var framaPower = decimal.New(-663662462, -8)

// spread is the highest high - the lowest low of the last n bars.
func spread(in Input, n int) series.Series {
	return series.Sub(series.Highest(in.High, n), series.Lowest(in.Low, n))
}
