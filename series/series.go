package series

import (
	"math/big"
	"slices"

	"github.com/shopspring/decimal"
)

// Digits is the number of decimals every division and root is rounded to, half
// away from zero.
const Digits = 8

// Series is a column of exact decimals, one per bar, oldest first. It never
// changes after it was made and may be shared freely. The zero Series has no
// bars.
type Series struct {
	readiness
	scale  int32
	narrow []int64   // mantissas, where 64 bits hold them all
	wide   []big.Int // mantissas otherwise; narrow is nil then
	lo, hi int64     // no narrow mantissa lies outside; decides once per column whether 64 bits suffice
	room   *Room     // for what is made from it; nil for fresh memory
}

// A bar that is not ready holds mantissa 0 in either form, so that rolling
// kernels need not look at readiness while they add up.

// Of makes a column of mantissas with the given scale (0 or more); every bar is
// ready. It takes ownership of the slice.
func Of(scale int32, mantissas []int64) Series {
	if scale < 0 {
		panic("series: negative scale")
	}
	return newNarrow(scale, mantissas, readiness{n: len(mantissas)})
}

// OfNonzero makes a column like Of, in which a bar with mantissa 0 is not ready.
func OfNonzero(scale int32, mantissas []int64) Series {
	s := Of(scale, mantissas)
	holes := make([]uint64, words(s.n))
	for i, m := range mantissas {
		if m == 0 {
			holes[i>>6] |= 1 << (i & 63)
		}
	}
	s.readiness = s.without(holes).normal()
	return s
}

// FromDecimals makes a column of the given values at the smallest common scale
// that holds them all exactly; every bar is ready. The caller bounds the
// exponents: the smallest and the largest decide how wide every mantissa is.
func FromDecimals(values []decimal.Decimal) Series {
	scale := int32(0)
	for _, v := range values {
		scale = max(scale, -v.Exponent())
	}
	out := make([]big.Int, len(values))
	for i, v := range values {
		out[i].Mul(v.Coefficient(), bigPow10(scale+v.Exponent()))
	}
	return newWide(scale, out, readiness{n: len(values)})
}

// Constant makes a column of n bars that all hold value.
func Constant(n int, value decimal.Decimal) Series {
	one := FromDecimals([]decimal.Decimal{value})
	out := one
	out.readiness = readiness{n: n}
	if one.wide != nil {
		out.wide = make([]big.Int, n)
		for i := range out.wide {
			out.wide[i].Set(&one.wide[0])
		}
		return out
	}
	out.narrow = make([]int64, n)
	for i := range out.narrow {
		out.narrow[i] = one.narrow[0]
	}
	return out
}

// NotReady makes a column of n bars none of which is ready.
func NotReady(n int) Series {
	return newNarrow(0, make([]int64, n), readiness{n: n, first: n})
}

// From is s with no bar ready before the given one.
func (s Series) From(bar int) Series {
	r := s.without(nil)
	r.first = max(s.first, bar)
	if s.wide == nil {
		return newBounded(s.scale, slices.Clone(s.narrow), r, s.lo, s.hi)
	}
	out := make([]big.Int, s.n)
	for i := r.first; i < s.n; i++ {
		out[i].Set(&s.wide[i])
	}
	return newWide(s.scale, out, r)
}

// Len is the number of bars.
func (s Series) Len() int { return s.n }

// Ready says whether bar i has a value.
func (s Series) Ready(i int) bool { return s.at(i) }

// First is the index of the first bar that is ready, Len if there is none.
func (s Series) First() int { return s.first }

// At is the value of bar i, false when the bar is not ready.
func (s Series) At(i int) (decimal.Decimal, bool) {
	if !s.at(i) {
		return decimal.Decimal{}, false
	}
	if s.wide != nil {
		return decimal.NewFromBigInt(&s.wide[i], -s.scale), true
	}
	return decimal.New(s.narrow[i], -s.scale), true
}

// newNarrow makes a column of 64-bit mantissas and finds their interval.
func newNarrow(scale int32, m []int64, r readiness) Series {
	r = r.normal()
	r.clear(m)
	lo, hi := interval(m)
	return Series{readiness: r, scale: scale, narrow: m, lo: lo, hi: hi}
}

// newBounded makes a column of 64-bit mantissas that are known to lie in
// lo..hi on every ready bar.
func newBounded(scale int32, m []int64, r readiness, lo, hi int64) Series {
	r = r.normal()
	r.clear(m)
	if r.holes != nil {
		lo, hi = min(lo, 0), max(hi, 0)
	}
	return Series{readiness: r, scale: scale, narrow: m, lo: lo, hi: hi}
}

// newWide makes a column of big mantissas, or a narrow one where they all fit.
func newWide(scale int32, m []big.Int, r readiness) Series {
	r = r.normal()
	fits := true
	for i := range m {
		if !r.at(i) {
			m[i].SetInt64(0)
		}
		fits = fits && m[i].IsInt64()
	}
	if !fits {
		return Series{readiness: r, scale: scale, wide: m}
	}
	narrow := make([]int64, len(m))
	for i := range m {
		narrow[i] = m[i].Int64()
	}
	return newNarrow(scale, narrow, r)
}

// interval is the smallest and the largest of m.
func interval(m []int64) (lo, hi int64) {
	if len(m) == 0 {
		return 0, 0
	}
	lo, hi = m[0], m[0]
	for _, v := range m {
		lo, hi = min(lo, v), max(hi, v)
	}
	return lo, hi
}

// tight is s with its interval measured rather than derived: derived intervals
// grow with every operation and may send a column the wide way without need.
func (s Series) tight() Series {
	s.lo, s.hi = interval(s.narrow)
	return s
}

// mantissa is bar i's mantissa as a big integer; z may be used to hold it.
func (s Series) mantissa(i int, z *big.Int) *big.Int {
	if s.wide != nil {
		return &s.wide[i]
	}
	return z.SetInt64(s.narrow[i])
}

// rescaled is s at another, not smaller scale, in big mantissas.
func (s Series) rescaled(i int, scale int32, z *big.Int) *big.Int {
	m := s.mantissa(i, z)
	if scale == s.scale {
		return m
	}
	return z.Mul(m, bigPow10(scale-s.scale))
}
