package indicator

import (
	"math"
	"math/bits"

	"maemae/series"
)

// The reference loops show what plain int64 costs for whole-won prices: six more decimals rounded down, no readiness, no
// check that anything fits, columns that are there already. Their values are not those of the catalogue in the last
// digits; only their time matters.

type extremes struct{ high, low, close []int64 }

var references = []struct {
	id   string
	loop func(out [3][]int64, x extremes)
}{
	{"sma", referenceSMA}, {"ema", referenceEMA}, {"rsi", referenceRSI}, {"macd", referenceMACD}, {"bollinger", referenceBollinger}, {"atr", referenceATR},
}

// more is the decimals that averages carry.
const more = 1_000_000

func referenceColumns(in Input) (x extremes, out [3][]int64) {
	column := func(s series.Series) []int64 {
		v, _ := s.Narrow()
		return v.Mantissas
	}
	x = extremes{column(in.High), column(in.Low), column(in.Close)}
	for i := range out {
		out[i] = make([]int64, len(x.close))
	}
	return x, out
}

// reciprocal divides by n: v/n rounded down is the upper half of v times 2^64/n rounded up, for v below 2^64/n.
func reciprocal(n uint64) uint64 { return math.MaxUint64/n + 1 }

func divided(v int64, reciprocal uint64) int64 {
	hi, _ := bits.Mul64(uint64(v), reciprocal)
	return int64(hi)
}

func referenceSMA(out [3][]int64, x extremes) {
	const n = 20
	by := reciprocal(n)
	var sum int64
	for _, v := range x.close[:n-1] {
		sum += v
	}
	old, now := x.close, x.close[n-1:]
	y := out[0][n-1:][:len(now)]
	old = old[:len(now)]
	for i, v := range now {
		sum += v
		y[i] = divided(sum*more, by)
		sum -= old[i]
	}
}

func referenceEMA(out [3][]int64, x extremes) {
	const n = 20
	by := reciprocal(n + 1)
	y := x.close[0] * more
	e := out[0][:len(x.close)]
	for i, v := range x.close {
		y = divided(2*more*v+(n-1)*y, by)
		e[i] = y
	}
}

func referenceRSI(out [3][]int64, x extremes) {
	const n = 14
	by := reciprocal(n)
	var up, down int64
	before := x.close[0]
	y := out[0][:len(x.close)]
	for i, v := range x.close {
		move := (v - before) * more
		before = v
		up = divided((n-1)*up+max(move, 0), by)
		down = divided((n-1)*down+max(-move, 0), by)
		if all := up + down; all > 0 {
			y[i] = int64(uint64(up) * 1_000_000 / uint64(all))
		}
	}
}

func referenceMACD(out [3][]int64, x extremes) {
	const fast, slow, signal = 12, 26, 9
	byFast, bySlow, bySignal := reciprocal(fast+1), reciprocal(slow+1), reciprocal(signal+1)
	f, s := x.close[0]*more, x.close[0]*more
	const lift = 1 << 50 // keeps the signal's sum above 0
	g := int64(lift)
	value, line, histogram := out[0][:len(x.close)], out[1][:len(x.close)], out[2][:len(x.close)]
	for i, v := range x.close {
		p := 2 * more * v
		f = divided(p+(fast-1)*f, byFast)
		s = divided(p+(slow-1)*s, bySlow)
		g = divided(2*(f-s+lift)+(signal-1)*g, bySignal)
		value[i], line[i], histogram[i] = f-s, g-lift, f-s-(g-lift)
	}
}

func referenceBollinger(out [3][]int64, x extremes) {
	const n = 20
	var sum, squares int64
	for _, v := range x.close[:n-1] {
		sum += v
		squares += v * v
	}
	old, now := x.close, x.close[n-1:]
	middle, upper, lower := out[0][n-1:][:len(now)], out[1][n-1:][:len(now)], out[2][n-1:][:len(now)]
	old = old[:len(now)]
	for i, v := range now {
		sum += v
		squares += v * v
		d := n*squares - sum*sum // n^2 variances
		root := int64(math.Sqrt(float64(d)))
		if root*root > d {
			root--
		}
		middle[i], upper[i], lower[i] = sum, sum+2*root, sum-2*root // n prices
		sum -= old[i]
		squares -= old[i] * old[i]
	}
}

func referenceATR(out [3][]int64, x extremes) {
	const n = 14
	by := reciprocal(n)
	before, y := x.close[0], (x.high[0]-x.low[0])*more
	a := out[0][:len(x.close)]
	high, low := x.high[:len(a)], x.low[:len(a)]
	for i, v := range x.close {
		y = divided((n-1)*y+(max(high[i], before)-min(low[i], before))*more, by)
		before = v
		a[i] = y
	}
}
