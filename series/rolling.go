package series

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
)

// A rolling operation looks at the last n bars, this one included. It is ready
// where all n are.

// Sum is the sum of the last n values, exact.
func Sum(s Series, n int) Series {
	r := s.window(atLeastOne(n))
	if s.wide == nil {
		lo, okLo := mulFits(s.lo, int64(n))
		hi, okHi := mulFits(s.hi, int64(n))
		if okLo && okHi {
			out := s.room.column(s.n)
			rollSum(s, n, func(i int, v int64) { out[i] = v })
			return newBounded(s.scale, out, r, lo, hi).In(s.room)
		}
	}
	return rollWide(s, n, s.scale, r, func(z, sum *big.Int) { z.Set(sum) })
}

// rollSum calls f with the sum of every full window.
func rollSum(s Series, n int, f func(i int, sum int64)) {
	x := s.narrow[min(s.first, s.n):]
	if len(x) < n {
		return
	}
	var sum int64
	for _, v := range x[:n-1] {
		sum += v
	}
	old, x := x, x[n-1:]
	at := s.first + n - 1
	for i, v := range x {
		sum += v
		f(at+i, sum)
		sum -= old[i]
	}
}

// rollWide is rollSum in big integers.
func rollWide(s Series, n int, scale int32, r readiness, f func(z, sum *big.Int)) Series {
	out := make([]big.Int, s.n)
	var sum, x big.Int
	for i := s.first; i < s.n; i++ {
		sum.Add(&sum, s.mantissa(i, &x))
		if i >= s.first+n {
			sum.Sub(&sum, s.mantissa(i-n, &x))
		}
		if r.at(i) {
			f(&out[i], &sum)
		}
	}
	return newWide(scale, out, r)
}

// Mean is the mean of the last n values: their sum / n, rounded once.
func Mean(s Series, n int) Series {
	r := s.window(atLeastOne(n))
	if s.wide == nil {
		if out, fit := meanNarrow(s, n, r); fit {
			return out
		}
	}
	d := ratioTo(s.scale, int64(n))
	var num, rest big.Int
	return rollWide(s, n, Digits, r, func(z, sum *big.Int) {
		roundDiv(z, &rest, num.Mul(sum, d.up), d.down)
	})
}

// meanNarrow is Mean in 64 bits; false where they do not suffice.
func meanNarrow(s Series, n int, r readiness) (Series, bool) {
	up, d, fit := s.toDigits(int64(n), int64(n))
	if !fit {
		return Series{}, false
	}
	out := s.room.column(s.n)
	x := s.narrow[s.first:]
	lo, hi := d.Signed(s.lo*up*int64(n)), d.Signed(s.hi*up*int64(n))
	if len(x) < n {
		return newBounded(Digits, out, r, lo, hi).In(s.room), true
	}
	var sum int64
	for _, v := range x[:n-1] {
		sum += v
	}
	old, x := x[:len(x)-n+1], x[n-1:]
	y := out[s.first+n-1:]
	old, y = old[:len(x)], y[:len(x)]
	if s.lo >= 0 {
		for i, v := range x {
			sum += v
			y[i] = d.Unsigned(sum * up)
			sum -= old[i]
		}
	} else {
		for i, v := range x {
			sum += v
			y[i] = d.Signed(sum * up)
			sum -= old[i]
		}
	}
	return newBounded(Digits, out, r, lo, hi).In(s.room), true
}

// toDigits finds how a weighted sum of mantissas of s, weights adding up to
// most, is divided by n and brought to Digits decimals: (sum * up) through d.
// False where 64 bits do not hold such a sum.
func (s *Series) toDigits(most, n int64) (up int64, d Divider, fit bool) {
	up, d, fit = toDigits(s.scale, max(magnitude(s.lo), magnitude(s.hi)), most, n)
	if !fit {
		*s = s.tight()
		up, d, fit = toDigits(s.scale, max(magnitude(s.lo), magnitude(s.hi)), most, n)
	}
	return up, d, fit
}

// toDigits is the same for mantissas of the given scale and at most top.
func toDigits(scale int32, top uint64, most, n int64) (up int64, d Divider, fit bool) {
	up, okUp := pow10(max(0, Digits-scale))
	down, okDown := pow10(max(0, scale-Digits))
	total, okTotal := mulFits(n, down)
	over, v := bits.Mul64(top, uint64(most))
	over2, v := bits.Mul64(v, uint64(up))
	if !okUp || !okDown || !okTotal || total >= 1<<60 || over != 0 || over2 != 0 || v > math.MaxInt64-uint64(total) {
		return 0, Divider{}, false
	}
	return up, NewDivider(total), true
}

// ratio is a division of mantissas: times up, through down, rounded once.
type ratio struct{ up, down *big.Int }

// ratioTo is the division of mantissas at the given scale by n into Digits
// decimals.
func ratioTo(scale int32, n int64) ratio {
	down := big.NewInt(n)
	return ratio{
		up:   bigPow10(max(0, Digits-scale)),
		down: down.Mul(down, bigPow10(max(0, scale-Digits))),
	}
}

// Weighted is the weighted sum of the last len(weights) values, the oldest
// first, divided by divisor (above 0) and rounded once. Weights may be negative.
func Weighted(s Series, weights []int64, divisor int64) Series {
	n := atLeastOne(len(weights))
	r := s.window(n)
	if s.wide == nil {
		if out, fit := weightedNarrow(s, weights, divisor, r); fit {
			return out
		}
	}
	d := ratioTo(s.scale, divisor)
	out := make([]big.Int, s.n)
	var x, sum, rest big.Int
	for i := r.first; i < s.n; i++ {
		if !r.at(i) {
			continue
		}
		sum.SetInt64(0)
		for j, w := range weights {
			sum.Add(&sum, x.Mul(s.mantissa(i-n+1+j, &x), big.NewInt(w)))
		}
		roundDiv(&out[i], &rest, sum.Mul(&sum, d.up), d.down)
	}
	return newWide(Digits, out, r)
}

// weightedNarrow is Weighted in 64 bits; false where they do not suffice.
func weightedNarrow(s Series, weights []int64, divisor int64, r readiness) (Series, bool) {
	var most int64 // the sum of the weights' magnitudes
	for _, w := range weights {
		most += max(w, -w)
	}
	up, okUp := pow10(max(0, Digits-s.scale))
	down, okDown := pow10(max(0, s.scale-Digits))
	divisor, okDivisor := mulFits(divisor, down)
	_, okSum := mulFits(most, max(s.hi, -s.lo))
	if !okUp || !okDown || !okDivisor || !okSum || s.lo == math.MinInt64 {
		return Series{}, false
	}
	out := make([]int64, s.n)
	n := len(weights)
	for i := r.first; i < s.n; i++ {
		var sum int64
		for j, v := range s.narrow[i-n+1 : i+1] {
			sum += v * weights[j]
		}
		v, fit := MulDiv(sum, up, divisor)
		if !fit {
			return Series{}, false
		}
		out[i] = v
	}
	return newNarrow(Digits, out, r), true
}

// MeanDeviation is the mean of the distances of the last n values from their
// mean, both means rounded.
func MeanDeviation(s Series, n int) Series {
	means := Mean(s, n)
	r := means.readiness
	if s.wide == nil && means.wide == nil {
		if out, fit := deviationNarrow(s, means, n); fit {
			return out
		}
	}
	scale := max(s.scale, Digits)
	d := ratioTo(scale, int64(n))
	out := make([]big.Int, s.n)
	var sum, x, m, rest big.Int
	for i := r.first; i < s.n; i++ {
		if !r.at(i) {
			continue
		}
		sum.SetInt64(0)
		mean := means.rescaled(i, scale, &m)
		for j := i - n + 1; j <= i; j++ {
			x.Sub(s.rescaled(j, scale, &x), mean)
			sum.Add(&sum, x.Abs(&x))
		}
		roundDiv(&out[i], &rest, sum.Mul(&sum, d.up), d.down)
	}
	return newWide(Digits, out, r)
}

// deviationNarrow is MeanDeviation in 64 bits; false where they do not suffice.
func deviationNarrow(s, means Series, n int) (Series, bool) {
	kx, km, fit := lift(&s, &means)
	if !fit {
		return Series{}, false
	}
	// No distance is larger than twice the largest value, which lift found fits.
	top := 2 * max(magnitude(s.lo), magnitude(s.hi)) * uint64(kx)
	up, d, fit := toDigits(max(s.scale, Digits), top, int64(n), int64(n))
	if !fit {
		return Series{}, false
	}
	out := make([]int64, s.n)
	for i := means.first; i < s.n; i++ {
		mean := means.narrow[i] * km
		var sum int64
		for _, v := range s.narrow[i-n+1 : i+1] {
			away := v*kx - mean
			sum += max(away, -away)
		}
		out[i] = d.Unsigned(sum * up)
	}
	return newNarrow(Digits, out, means.readiness), true
}

// SinceHighest is how many bars ago the largest of the last n values was; of
// equals the latest counts.
func SinceHighest(s Series, n int) Series { return since(s, n, 1) }

// SinceLowest is how many bars ago the smallest of the last n values was; of
// equals the latest counts.
func SinceLowest(s Series, n int) Series { return since(s, n, -1) }

func since(s Series, n, sign int) Series {
	r := s.window(atLeastOne(n))
	beats := func(i, j int) bool { return s.compare(i, j)*sign >= 0 }
	out := make([]int64, s.n)
	best := s.first
	for i := s.first; i < s.n; i++ {
		if i-best >= n { // it left the window
			best = i - n + 1
			for j := best + 1; j < i; j++ {
				if beats(j, best) {
					best = j
				}
			}
		}
		if beats(i, best) {
			best = i
		}
		out[i] = int64(i - best)
	}
	return newNarrow(0, out, r)
}

// compare orders the values of two bars.
func (s Series) compare(i, j int) int {
	if s.wide != nil {
		return s.wide[i].Cmp(&s.wide[j])
	}
	return cmp.Compare(s.narrow[i], s.narrow[j])
}

// Highest is the largest of the last n values.
func Highest(s Series, n int) Series { return extreme(s, n, 1) }

// Lowest is the smallest of the last n values.
func Lowest(s Series, n int) Series { return extreme(s, n, -1) }

// extreme finds the largest (sign 1) or the smallest (-1) of every window.
func extreme(s Series, n, sign int) Series {
	r := s.window(atLeastOne(n))
	if s.wide != nil {
		out := make([]big.Int, s.n)
		for i := r.first; i < s.n; i++ {
			best := &s.wide[i]
			for j := i - n + 1; j < i; j++ {
				if s.wide[j].Cmp(best)*sign > 0 {
					best = &s.wide[j]
				}
			}
			out[i].Set(best)
		}
		return newWide(s.scale, out, r)
	}
	out := s.room.column(s.n)
	if x := s.narrow[s.first:]; len(x) >= n {
		if sign > 0 {
			highest(out[s.first:], x, n)
		} else {
			lowest(out[s.first:], x, n)
		}
	}
	return newBounded(s.scale, out, r, s.lo, s.hi).In(s.room)
}

// highest cuts x into blocks of n. A window covers the end of one block and the
// start of the next, so its maximum is that of a running maximum backwards
// through the one and forwards through the other (van Herk, Gil and Werman):
// three comparisons a bar whatever n is.
func highest(out, x []int64, n int) {
	for start := 0; start+n <= len(x); start += n {
		back := x[start+n-1]
		for i := start + n - 1; i >= start; i-- { // out[i+n-1] := max of x[i..block end]
			back = max(back, x[i])
			if i+n-1 < len(out) {
				out[i+n-1] = back
			}
		}
		ahead := x[start+n-1]
		for i := start + n; i < min(start+2*n-1, len(x)); i++ {
			ahead = max(ahead, x[i])
			out[i] = max(out[i], ahead)
		}
	}
}

// lowest is highest with the order turned.
func lowest(out, x []int64, n int) {
	for start := 0; start+n <= len(x); start += n {
		back := x[start+n-1]
		for i := start + n - 1; i >= start; i-- {
			back = min(back, x[i])
			if i+n-1 < len(out) {
				out[i+n-1] = back
			}
		}
		ahead := x[start+n-1]
		for i := start + n; i < min(start+2*n-1, len(x)); i++ {
			ahead = min(ahead, x[i])
			out[i] = min(out[i], ahead)
		}
	}
}

// atLeastOne is n; a window of no bars is a mistake of the caller.
func atLeastOne(n int) int {
	if n < 1 {
		panic("series: a window needs at least one bar")
	}
	return n
}
