package series

import (
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
			out := make([]int64, s.n)
			rollSum(s, n, func(i int, v int64) { out[i] = v })
			return newBounded(s.scale, out, r, lo, hi)
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
	out := make([]int64, s.n)
	x := s.narrow[s.first:]
	lo, hi := d.signed(s.lo*up*int64(n)), d.signed(s.hi*up*int64(n))
	if len(x) < n {
		return newBounded(Digits, out, r, lo, hi), true
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
			y[i] = d.unsigned(sum * up)
			sum -= old[i]
		}
	} else {
		for i, v := range x {
			sum += v
			y[i] = d.signed(sum * up)
			sum -= old[i]
		}
	}
	return newBounded(Digits, out, r, lo, hi), true
}

// toDigits finds how a weighted sum of mantissas of s with total weight `most`
// is divided by n and brought to Digits decimals: (sum * up) through d. False
// where 64 bits do not hold such a sum.
func (s *Series) toDigits(most, n int64) (up int64, d divider, fit bool) {
	up, ok := pow10(max(0, Digits-s.scale))
	down, okDown := pow10(max(0, s.scale-Digits))
	total, okTotal := mulFits(n, down)
	if !ok || !okDown || !okTotal || total >= 1<<60 {
		return 0, divider{}, false
	}
	for range 2 {
		top := max(magnitude(s.lo), magnitude(s.hi))
		over, v := bits.Mul64(top, uint64(most))
		over2, v := bits.Mul64(v, uint64(up))
		if over == 0 && over2 == 0 && v <= math.MaxInt64-uint64(total) {
			return up, newDivider(total), true
		}
		*s = s.tight()
	}
	return 0, divider{}, false
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

// Weighted is the mean of the last len(weights) values with the given weights,
// the oldest first: the weighted sum / the sum of weights, rounded once. The
// weights must be positive in sum.
func Weighted(s Series, weights []int64) Series {
	n := atLeastOne(len(weights))
	r := s.window(n)
	var total, most int64
	for _, w := range weights {
		total += w
		most += max(w, -w)
	}
	if total <= 0 {
		panic("series: weights without a positive sum")
	}
	if s.wide == nil {
		if up, d, fit := s.toDigits(most, total); fit {
			out := make([]int64, s.n)
			for i := r.first; i < s.n; i++ {
				var sum int64
				for j, v := range s.narrow[i-n+1 : i+1] {
					sum += v * weights[j]
				}
				out[i] = d.signed(sum * up)
			}
			return newNarrow(Digits, out, r)
		}
	}
	d := ratioTo(s.scale, total)
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
	out := make([]int64, s.n)
	if x := s.narrow[s.first:]; len(x) >= n {
		if sign > 0 {
			highest(out[s.first:], x, n)
		} else {
			lowest(out[s.first:], x, n)
		}
	}
	return newBounded(s.scale, out, r, s.lo, s.hi)
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
