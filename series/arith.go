package series

import (
	"cmp"
	"math/big"
	"math/bits"
)

// Add is a + b, exact.
func Add(a, b Series) Series { return sum(a, b, 1) }

// Sub is a - b, exact.
func Sub(a, b Series) Series { return sum(a, b, -1) }

// Neg is -a, exact.
func Neg(a Series) Series {
	return sum(Series{readiness: a.readiness, narrow: make([]int64, a.n)}, a, -1)
}

// sum is a + sign*b.
func sum(a, b Series, sign int64) Series {
	r := a.and(b.readiness)
	ka, kb, fit := lift(&a, &b)
	if fit {
		kb *= sign
		lo, hi, fit := boundSum(a, b, ka, kb)
		if fit {
			room := cmp.Or(a.room, b.room)
			out, x, y := room.column(r.n), a.narrow, b.narrow
			x, y = x[:len(out)], y[:len(out)]
			for i := r.first; i < len(out); i++ {
				out[i] = x[i]*ka + y[i]*kb
			}
			return newBounded(max(a.scale, b.scale), out, r, lo, hi).In(room)
		}
	}
	scale := max(a.scale, b.scale)
	return zip(a, b, scale, r, func(z, x, y *big.Int) bool {
		if sign < 0 {
			z.Sub(x, y)
		} else {
			z.Add(x, y)
		}
		return true
	})
}

// boundSum is the interval of x*ka + y*kb, false where 64 bits do not hold it.
func boundSum(a, b Series, ka, kb int64) (lo, hi int64, fit bool) {
	blo, bhi := b.lo*kb, b.hi*kb
	if kb < 0 {
		blo, bhi = bhi, blo
	}
	lo, okLo := addFits(a.lo*ka, blo)
	hi, okHi := addFits(a.hi*ka, bhi)
	return lo, hi, okLo && okHi
}

// lift finds the factors that bring two narrow columns to their common scale;
// false where a column is wide or 64 bits do not hold the lifted values or
// their negatives.
func lift(a, b *Series) (ka, kb int64, fit bool) {
	if a.wide != nil || b.wide != nil {
		return 0, 0, false
	}
	scale := max(a.scale, b.scale)
	ka, okA := a.factor(scale)
	kb, okB := b.factor(scale)
	return ka, kb, okA && okB
}

// factor is 10^(scale - s.scale), false where some mantissa times it would not
// fit 64 bits with its sign turned. It tightens s before it gives up.
func (s *Series) factor(scale int32) (int64, bool) {
	k, ok := pow10(scale - s.scale)
	if !ok {
		return 0, false
	}
	for range 2 {
		hi, lo := bits.Mul64(max(magnitude(s.lo), magnitude(s.hi)), uint64(k))
		if hi == 0 && lo < 1<<62 {
			return k, true
		}
		*s = s.tight()
	}
	return 0, false
}

// zip computes a wide column bar by bar from two columns brought to one scale;
// f says false for a bar that has no result.
func zip(a, b Series, scale int32, r readiness, f func(z, x, y *big.Int) bool) Series {
	common := max(a.scale, b.scale)
	out := make([]big.Int, r.n)
	var holes []uint64
	var x, y big.Int
	for i := r.first; i < r.n; i++ {
		if r.at(i) && !f(&out[i], a.rescaled(i, common, &x), b.rescaled(i, common, &y)) {
			if holes == nil {
				holes = make([]uint64, words(r.n))
			}
			mark(holes, i)
		}
	}
	return newWide(scale, out, r.without(holes))
}

// Mul is a * b, exact: the scales add up.
func Mul(a, b Series) Series {
	r := a.and(b.readiness)
	scale := a.scale + b.scale
	if lo, hi, fit := boundProduct(&a, &b); fit {
		room := cmp.Or(a.room, b.room)
		out, x, y := room.column(r.n), a.narrow, b.narrow
		x, y = x[:len(out)], y[:len(out)]
		for i := r.first; i < len(out); i++ {
			out[i] = x[i] * y[i]
		}
		return newBounded(scale, out, r, lo, hi).In(room)
	}
	out := make([]big.Int, r.n)
	var x, y big.Int
	for i := r.first; i < r.n; i++ {
		if r.at(i) {
			out[i].Mul(a.mantissa(i, &x), b.mantissa(i, &y))
		}
	}
	return newWide(scale, out, r)
}

// boundProduct is the interval of the products, false where 64 bits do not
// hold it.
func boundProduct(a, b *Series) (lo, hi int64, fit bool) {
	if a.wide != nil || b.wide != nil {
		return 0, 0, false
	}
	for range 2 {
		p, ok1 := mulFits(a.lo, b.lo)
		q, ok2 := mulFits(a.lo, b.hi)
		s, ok3 := mulFits(a.hi, b.lo)
		t, ok4 := mulFits(a.hi, b.hi)
		if ok1 && ok2 && ok3 && ok4 {
			return min(p, q, s, t), max(p, q, s, t), true
		}
		*a, *b = a.tight(), b.tight()
	}
	return 0, 0, false
}

// Div is a / b, rounded half away from zero to [Digits] decimals. A bar where b
// is 0 is not ready.
func Div(a, b Series) Series {
	r := a.and(b.readiness)
	if a.wide == nil && b.wide == nil {
		if out, fit := divNarrow(a, b, r); fit {
			return out
		}
	}
	up := bigPow10(Digits)
	var n, rest big.Int
	return zip(a, b, Digits, r, func(z, x, y *big.Int) bool {
		if y.Sign() == 0 {
			return false
		}
		roundDiv(z, &rest, n.Mul(x, up), y)
		return true
	})
}

// divNarrow is Div in 64 bits; false where they do not hold a quotient.
func divNarrow(a, b Series, r readiness) (Series, bool) {
	// a / b = (ma * 10^k) / mb with k = Digits - a.scale + b.scale; a negative k
	// multiplies b instead.
	k, kb := Digits-a.scale+b.scale, int32(0)
	if k < 0 {
		k, kb = 0, -k
	}
	up, fit := pow10(k)
	down, fitB := b.factor(b.scale + kb)
	if !fit || !fitB {
		return Series{}, false
	}
	out, x, y := make([]int64, r.n), a.narrow, b.narrow
	var holes []uint64
	for i := r.first; i < r.n; i++ {
		if y[i] == 0 {
			if holes == nil {
				holes = make([]uint64, words(r.n))
			}
			mark(holes, i)
			continue
		}
		if out[i], fit = MulDiv(x[i], up, y[i]*down); !fit {
			return Series{}, false
		}
	}
	return newNarrow(Digits, out, r.without(holes)), true
}

// Larger is the larger of a and b on each bar.
func Larger(a, b Series) Series { return pick(a, b, 1) }

// Smaller is the smaller of a and b on each bar.
func Smaller(a, b Series) Series { return pick(a, b, -1) }

// pick is the larger (sign 1) or the smaller (-1) of two columns.
func pick(a, b Series, sign int) Series {
	r := a.and(b.readiness)
	scale := max(a.scale, b.scale)
	ka, kb, fit := lift(&a, &b)
	if !fit {
		return zip(a, b, scale, r, func(z, x, y *big.Int) bool {
			if x.Cmp(y)*sign < 0 {
				x = y
			}
			z.Set(x)
			return true
		})
	}
	out, x, y := make([]int64, r.n), a.narrow, b.narrow
	x, y = x[:len(out)], y[:len(out)]
	lo, hi := max(a.lo*ka, b.lo*kb), max(a.hi*ka, b.hi*kb)
	if sign < 0 {
		lo, hi = min(a.lo*ka, b.lo*kb), min(a.hi*ka, b.hi*kb)
	}
	if sign > 0 {
		for i := r.first; i < len(out); i++ {
			out[i] = max(x[i]*ka, y[i]*kb)
		}
	} else {
		for i := r.first; i < len(out); i++ {
			out[i] = min(x[i]*ka, y[i]*kb)
		}
	}
	return newBounded(scale, out, r, lo, hi)
}

// Abs is the magnitude of a.
func Abs(a Series) Series { return Larger(a, Neg(a)) }

// Shift is the value bars ago (0 or more); the first bars are not ready.
func Shift(s Series, bars int) Series {
	if bars < 0 {
		panic("series: look-back into the future")
	}
	bars = min(bars, s.n)
	r := s.shift(bars)
	if s.wide != nil {
		out := make([]big.Int, s.n)
		for i := bars; i < s.n; i++ {
			out[i].Set(&s.wide[i-bars])
		}
		return newWide(s.scale, out, r)
	}
	out := s.room.column(s.n)
	copy(out[bars:], s.narrow)
	return newBounded(s.scale, out, r, s.lo, s.hi).In(s.room)
}

// Change is s minus its value n bars ago, exact.
func Change(s Series, n int) Series { return Sub(s, Shift(s, n)) }

// Round is s rounded half away from zero to [Digits] decimals. A column with no
// more decimals is returned as it is.
func Round(s Series) Series {
	if s.scale <= Digits {
		return s
	}
	return Div(s, Series{readiness: readiness{n: s.n}, narrow: ones(s.n), lo: 1, hi: 1})
}

func ones(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}
