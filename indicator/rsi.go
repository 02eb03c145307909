package indicator

import (
	"math/bits"

	"maemae/series"
)

// rsi is Wilder's relative strength index, 0 to 100. Rises and falls of the
// series are smoothed by Wilder's average and divided: ratio = average rise /
// average fall, index = 100 - 100 / (1 + ratio), each rounded once. Without
// falls (also when nothing moved at all) it is 100.
var rsi = Spec{
	ID: "rsi", Title: "Relative strength index", TitleKorean: "상대강도지수", Group: oscillators,
	Summary: "How much of the recent movement was upwards: above 70 overbought, below 30 oversold.",
	Formula: "100 - 100 / (1 + wilder(rises, period) / wilder(falls, period)); 100 without falls",
	Source:  "Lean RelativeStrengthIndex (Wilders); Wilder, New Concepts in Technical Trading Systems (1978)",
	Unit:    "percent, 0 to 100", Example: "rsi(close, 14) < 30",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(strength(in.Source, a.Integer("period")))
	},
}

// strength is the relative strength index of n bars.
func strength(s series.Series, n int) series.Series {
	if out, ok := strengthNarrow(s, n); ok {
		return out
	}
	rises, falls := wilderMoves(s, n)
	hundred := constant(s.Len(), 100)
	unit := constant(s.Len(), 1)
	ratio := series.Div(rises, falls)
	index := series.Sub(hundred, series.Div(hundred, series.Add(unit, ratio)))
	return whereZero(falls, hundred, index)
}

// wilderMoves is Wilder's average of the rises and of the falls of s, both
// counted as positive.
func wilderMoves(s series.Series, n int) (rises, falls series.Series) {
	moves := series.Change(s, 1)
	return wilderMean(positive(moves), n), wilderMean(positive(series.Neg(moves)), n)
}

// strengthNarrow is strength in one pass over 64-bit mantissas; false where they
// do not suffice.
func strengthNarrow(s series.Series, n int) (series.Series, bool) {
	v, ok := s.Narrow()
	top := series.Narrow{Low: v.Low, High: v.High, Scale: v.Scale}
	if top, fit := top.AtScale(series.Digits); !ok || !fit || top.High-top.Low >= 1<<60/int64(n) {
		return series.Series{}, false
	}
	out := series.Narrow{
		Mantissas: make([]int64, len(v.Mantissas)), Scale: series.Digits, First: v.First + n, High: 100 * unit,
	}
	if out.First >= len(v.Mantissas) {
		return out.Series(), true
	}
	up, keep, div := powerOfTen(series.Digits-v.Scale), int64(n-1), series.NewDivider(int64(n))
	w := firstSwings(v.Mantissas[v.First:out.First+1], up, div)
	x, y := v.Mantissas[out.First:], out.Mantissas[out.First:]
	y[0] = w.strength()
	y = y[:len(x)]
	for i := 1; i < len(x); i++ {
		w = w.next((x[i]-x[i-1])*up, keep, div)
		y[i] = w.strength()
	}
	return out.Series(), true
}

// unit is 1 as a mantissa of 8 decimals.
const unit = 1e8

// swings is Wilder's averages of rises and falls, mantissas of 8 decimals.
type swings struct{ rise, fall int64 }

// firstSwings is the means of the moves of x, brought to 8 decimals by up.
func firstSwings(x []int64, up int64, n series.Divider) (w swings) {
	for i := 1; i < len(x); i++ {
		w.rise += max(x[i]-x[i-1], 0)
		w.fall += max(x[i-1]-x[i], 0)
	}
	return swings{n.Unsigned(w.rise * up), n.Unsigned(w.fall * up)}
}

// next is the averages after one more move; keep is n-1.
func (w swings) next(move, keep int64, n series.Divider) swings {
	return swings{n.Unsigned(max(move, 0) + keep*w.rise), n.Unsigned(max(-move, 0) + keep*w.fall)}
}

// strength is 100 - 100/(1+ratio), ratio = rise/fall, each quotient rounded.
func (w swings) strength() int64 {
	fall := uint64(w.fall)
	hi, lo := bits.Mul64(uint64(w.rise), unit)
	lo, carry := bits.Add64(lo, fall>>1, 0)
	if hi += carry; hi >= fall {
		return 100 * unit // no falls, or a ratio so large that nothing is left of 100/(1+ratio)
	}
	ratio, _ := bits.Div64(hi, lo, fall)
	whole := min(ratio, 1<<62) + unit // beyond, nothing is left either
	return 100*unit - int64((100*unit*unit+whole/2)/whole)
}

// powerOfTen is 10^k for small k.
func powerOfTen(k int32) int64 {
	p := int64(1)
	for range k {
		p *= 10
	}
	return p
}
