package series

import (
	"math"
	"math/big"
	"math/bits"
)

// A recursive operation carries a value from bar to bar. It counts only ready
// bars: a bar that is not ready has no result and leaves the carried value as
// it was.

// overReady applies f, a kernel for columns without holes, to the ready bars of
// s in a row and puts the results back on their bars.
func overReady(s Series, f func(Series) Series) Series {
	if s.holes == nil {
		return f(s)
	}
	var at []int
	for i := s.first; i < s.n; i++ {
		if s.at(i) {
			at = append(at, i)
		}
	}
	return scatter(f(gather(s, at)), at, s.n)
}

// gather is the column of the bars listed in at, all of them ready.
func gather(s Series, at []int) Series {
	out := Series{readiness: readiness{n: len(at)}, scale: s.scale, lo: s.lo, hi: s.hi}
	if s.wide != nil {
		out.wide = make([]big.Int, len(at))
		for k, i := range at {
			out.wide[k].Set(&s.wide[i])
		}
		return out
	}
	out.narrow = make([]int64, len(at))
	for k, i := range at {
		out.narrow[k] = s.narrow[i]
	}
	return out
}

// scatter is gather undone: bar k of s goes to bar at[k] of n.
func scatter(s Series, at []int, n int) Series {
	r := readiness{n: n, holes: make([]uint64, words(n))}
	for i := range r.holes {
		r.holes[i] = ^uint64(0)
	}
	for k, i := range at {
		if s.at(k) {
			r.holes[i>>6] &^= 1 << (i & 63)
		}
	}
	if s.wide == nil {
		out := make([]int64, n)
		for k, i := range at {
			out[i] = s.narrow[k]
		}
		return newBounded(s.scale, out, r, s.lo, s.hi)
	}
	out := make([]big.Int, n)
	for k, i := range at {
		out[i].Set(&s.wide[k])
	}
	return newWide(s.scale, out, r)
}

// Total is the running total of the ready values, exact.
func Total(s Series) Series {
	return overReady(s, func(s Series) Series {
		if s.wide == nil {
			if out, fit := totalNarrow(s); fit {
				return out
			}
		}
		out := make([]big.Int, s.n)
		var sum, x big.Int
		for i := s.first; i < s.n; i++ {
			out[i].Set(sum.Add(&sum, s.mantissa(i, &x)))
		}
		return newWide(s.scale, out, s.readiness)
	})
}

func totalNarrow(s Series) (Series, bool) {
	out := make([]int64, s.n)
	var sum int64
	fit := true
	for i := s.first; fit && i < s.n; i++ {
		sum, fit = addFits(sum, s.narrow[i])
		out[i] = sum
	}
	return newNarrow(s.scale, out, s.readiness), fit
}

// TotalSince is the running total of s that begins anew on every bar where reset
// is true. It is ready from the first such bar on where s and reset are; a bar
// where either is not ready ends the total until the next reset.
func TotalSince(s Series, reset Bits) Series {
	if s.n != reset.n {
		panic("series: columns of different lengths")
	}
	r := readiness{n: s.n, holes: make([]uint64, words(s.n))}
	running := false
	begins := make([]bool, s.n)
	for i := range begins {
		again, known := reset.At(i)
		running = known && s.at(i) && (running || again)
		if begins[i] = again; !running {
			mark(r.holes, i)
		}
	}
	r = r.normal()
	if s.wide == nil {
		if out, fit := totalSinceNarrow(s, begins, r); fit {
			return out
		}
	}
	out := make([]big.Int, s.n)
	var sum, x big.Int
	for i := r.first; i < r.n; i++ {
		if begins[i] {
			sum.SetInt64(0)
		}
		out[i].Set(sum.Add(&sum, s.mantissa(i, &x)))
	}
	return newWide(s.scale, out, r)
}

// totalSinceNarrow is TotalSince in 64 bits; false where they do not suffice.
func totalSinceNarrow(s Series, begins []bool, r readiness) (Series, bool) {
	out := make([]int64, s.n)
	var sum int64
	fit := true
	for i := r.first; fit && i < r.n; i++ {
		if begins[i] {
			sum = 0
		}
		sum, fit = addFits(sum, s.narrow[i])
		out[i] = sum
	}
	return newNarrow(s.scale, out, r), fit
}

// Hold is the value s had on the last bar where when was true and s was ready.
// It is not ready before the first such bar and on bars where when is not ready.
func Hold(s Series, when Bits) Series {
	if s.n != when.n {
		panic("series: columns of different lengths")
	}
	at := -1
	holes := make([]uint64, words(s.n))
	from := make([]int, s.n)
	for i := range from {
		truth, known := when.At(i)
		if truth && s.at(i) {
			at = i
		}
		if from[i] = at; at < 0 || !known {
			mark(holes, i)
		}
	}
	r := readiness{n: s.n, holes: holes}.normal()
	if s.wide != nil {
		out := make([]big.Int, s.n)
		for i := r.first; i < s.n; i++ {
			out[i].Set(&s.wide[from[i]])
		}
		return newWide(s.scale, out, r)
	}
	out := make([]int64, s.n)
	for i := r.first; i < s.n; i++ {
		out[i] = s.narrow[from[i]]
	}
	return newBounded(s.scale, out, r, s.lo, s.hi)
}

// Smooth is the exponential filter that starts with the mean of the first n
// ready values and from then on moves by num/den of the way to each new one:
//
//	y = (num*x + (den-num)*y') / den      0 < num <= den
//
// rounded once a bar. An exponential moving average of n bars is 2/(n+1),
// Wilder's average 1/n.
func Smooth(s Series, n int, num, den int64) Series {
	atLeastOne(n)
	return overReady(s, func(s Series) Series {
		if s.wide == nil {
			if out, fit := smoothNarrow(s, n, num, den); fit {
				return out
			}
		}
		return smoothWide(s, n, num, den)
	})
}

// smoothNarrow is Smooth in 64 bits; false where they do not suffice. The result
// is a mean of the values, so the interval that holds them, rounded, holds it.
func smoothNarrow(s Series, n int, num, den int64) (Series, bool) {
	up, mean, fit := s.toDigits(int64(n), int64(n))
	if !fit {
		return Series{}, false
	}
	f, fit := s.smoother(num, den)
	if !fit {
		return Series{}, false
	}
	r := s.readiness
	r.first = min(s.first+n-1, s.n)
	out := make([]int64, s.n)
	lo, hi := mean.Signed(s.lo*up*int64(n)), mean.Signed(s.hi*up*int64(n))
	if r.first == s.n {
		return newBounded(Digits, out, r, lo, hi), true
	}
	var sum int64
	for _, v := range s.narrow[s.first : r.first+1] {
		sum += v
	}
	y := mean.Signed(sum * up)
	out[r.first] = y
	x, z := s.narrow[r.first+1:], out[r.first+1:]
	z = z[:len(x)]
	if lo >= 0 {
		for i, v := range x {
			y = f.nextUnsigned(y, v)
			z[i] = y
		}
	} else {
		for i, v := range x {
			y = f.next(y, v)
			z[i] = y
		}
	}
	return newBounded(Digits, out, r, lo, hi), true
}

// smoother is one step of the filter on mantissas: the only place that knows
// the recurrence in 64 bits.
type smoother struct {
	take, keep int64 // of the new value, of the carried one
	div        Divider
}

// smoother is the filter for values of s, false where 64 bits do not suffice.
// x has s.scale decimals, y has Digits: both count in units of the finer.
func (s *Series) smoother(num, den int64) (smoother, bool) {
	up, d, fit := s.toDigits(2*den, den)
	down, _ := pow10(max(0, s.scale-Digits))
	keep, fitKeep := mulFits(den-num, down)
	return smoother{take: num * up, keep: keep, div: d}, fit && fitKeep
}

func (f smoother) next(y, x int64) int64 { return f.div.Signed(x*f.take + y*f.keep) }

func (f smoother) nextUnsigned(y, x int64) int64 { return f.div.Unsigned(x*f.take + y*f.keep) }

// smoothWide is Smooth in big integers.
func smoothWide(s Series, n int, num, den int64) Series {
	r := s.readiness
	r.first = min(s.first+n-1, s.n)
	out := make([]big.Int, s.n)
	mean := ratioTo(s.scale, int64(n))
	// y has Digits decimals, x has s.scale: both go to the larger of the two.
	upX := bigPow10(max(0, Digits-s.scale))
	upY := bigPow10(max(0, s.scale-Digits))
	den2 := new(big.Int).Mul(big.NewInt(den), upY)
	upX.Mul(upX, big.NewInt(num))
	upY.Mul(upY, big.NewInt(den-num))
	var sum, x, y, rest big.Int
	for i := s.first; i < s.n; i++ {
		switch m := s.mantissa(i, &x); {
		case i < r.first:
			sum.Add(&sum, m)
			continue
		case i == r.first:
			sum.Add(&sum, m)
			roundDiv(&y, &rest, sum.Mul(&sum, mean.up), mean.down)
		default:
			x.Mul(m, upX)
			x.Add(&x, sum.Mul(&y, upY))
			roundDiv(&y, &rest, &x, den2)
		}
		out[i].Set(&y)
	}
	return newWide(Digits, out, r)
}

// Adapt is the exponential filter whose share of the new value changes from bar
// to bar: y = y' + rate*(x - y'), rounded once a bar to [Digits] decimals. It
// begins with y' = start of the bar before (rounded), on the first bar where
// that, s and rate are ready. Bars where s or rate is not ready have no result
// and leave y as it was.
func Adapt(s, rate, start Series) Series {
	r := s.and(rate.readiness)
	before := Shift(Round(start), 1)
	for r.first < r.n && !(r.at(r.first) && before.at(r.first)) {
		r.first++
	}
	if r.first == r.n {
		return NotReady(r.n)
	}
	if s.wide == nil && rate.wide == nil && before.wide == nil {
		if out, fit := adaptNarrow(s, rate, before, r); fit {
			return out
		}
	}
	return adaptWide(s, rate, before, r)
}

// adaptNarrow is Adapt in 64 bits; false where they do not suffice.
func adaptNarrow(s, rate, before Series, r readiness) (Series, bool) {
	up, fit := pow10(Digits - s.scale)
	start, fitStart := pow10(Digits - before.scale)
	unit, fitUnit := pow10(rate.scale)
	if !fit || !fitStart || !fitUnit {
		return Series{}, false
	}
	y, fit := mulFits(before.narrow[r.first], start)
	out := make([]int64, r.n)
	for i := r.first; fit && i < r.n; i++ {
		if r.holes != nil && !r.at(i) {
			continue
		}
		if y, fit = adapt(y, s.narrow[i], up, rate.narrow[i], unit); fit {
			out[i] = y
		}
	}
	return newNarrow(Digits, out, r), fit
}

// adapt is one step of Adapt on mantissas, y + rate*(x*up - y)/unit; false where
// 64 bits do not suffice.
func adapt(y, x, up, rate, unit int64) (int64, bool) {
	x, fit := mulFits(x, up)
	gap, fitGap := addFits(x, -y)
	if !fit || !fitGap || y == math.MinInt64 || gap == math.MinInt64 || rate < 0 {
		return 0, false
	}
	// y*unit + rate*gap in 128 bits, signs folded: with y < 0 both turn.
	turn := y >> 63
	y, gap = (y^turn)-turn, (gap^turn)-turn
	hi, lo := bits.Mul64(uint64(y), uint64(unit))
	ghi, glo := bits.Mul64(magnitude(gap), uint64(rate))
	var carry uint64
	if gap < 0 {
		lo, carry = bits.Sub64(lo, glo, 0)
		hi, carry = bits.Sub64(hi, ghi, carry)
	} else {
		lo, carry = bits.Add64(lo, glo, 0)
		hi, carry = bits.Add64(hi, ghi, carry)
	}
	if carry != 0 {
		if gap >= 0 {
			return 0, false
		}
		turn = ^turn // y crossed 0
		lo, carry = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, carry)
	}
	lo, carry = bits.Add64(lo, uint64(unit)>>1, 0)
	hi += carry
	if hi >= uint64(unit) {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, uint64(unit))
	return (int64(q) ^ turn) - turn, q <= math.MaxInt64
}

// adaptWide is Adapt in big integers.
func adaptWide(s, rate, before Series, r readiness) Series {
	out := make([]big.Int, s.n)
	scale := max(s.scale, Digits)
	down := bigPow10(rate.scale + scale - Digits)
	upY := bigPow10(scale - Digits)
	unit := bigPow10(rate.scale)
	var x, k, keep, rest big.Int
	y := new(big.Int).Set(before.rescaled(r.first, Digits, &x))
	for i := r.first; i < s.n; i++ {
		if !r.at(i) {
			continue
		}
		// y = (rate*x + (1-rate)*y') in mantissas of rate.scale + scale decimals.
		m := rate.mantissa(i, &k)
		keep.Sub(unit, m)
		x.Mul(s.rescaled(i, scale, &x), m)
		x.Add(&x, keep.Mul(&keep, rest.Mul(y, upY)))
		out[i].Set(roundDiv(y, &rest, &x, down))
	}
	return newWide(Digits, out, r)
}
