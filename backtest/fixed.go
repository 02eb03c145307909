package backtest

import (
	"math/bits"

	"github.com/shopspring/decimal"
)

// limit is what no amount of money reaches, so that sums and differences of two never wrap.
const limit = 1 << 62

// pow10 is 10^n, false beyond 64 bits.
func pow10(n int32) (int64, bool) {
	if n < 0 || n > 18 {
		return 0, false
	}
	p := int64(1)
	for range n {
		p *= 10
	}
	return p, true
}

// mantissa is d * 10^scale, false where that is no integer or 62 bits do not hold it.
func mantissa(d decimal.Decimal, scale int32) (int64, bool) {
	m := d.Shift(scale)
	if !m.IsInteger() || m.Abs().GreaterThanOrEqual(decimal.NewFromInt(limit)) {
		return 0, false
	}
	return m.IntPart(), true
}

// digits is how many decimals d really has.
func digits(d decimal.Decimal) int32 {
	n := max(0, -d.Exponent())
	for n > 0 && d.Shift(n-1).IsInteger() {
		n--
	}
	return n
}

// times is a * b for factors of at least 0, false where that reaches limit.
func times(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return int64(lo), hi == 0 && lo < limit
}

// part is num / den, a number of at least 0.
type part struct{ num, den int64 }

// partOf is d as it stands, false where 64 bits do not hold both numbers.
func partOf(d decimal.Decimal) (part, bool) {
	n := digits(d)
	num, fits := mantissa(d, n)
	den, held := pow10(n)
	return part{num, den}, fits && held && den <= 1e12
}

// of is the part of v (at least 0), cut to an integer, with the rest; false where that reaches limit.
func (p part) of(v int64) (whole, rest int64, ok bool) {
	hi, lo := bits.Mul64(uint64(v), uint64(p.num))
	if hi >= uint64(p.den) {
		return 0, 0, false
	}
	q, r := bits.Div64(hi, lo, uint64(p.den))
	return int64(q), int64(r), q < limit
}

// rate is a part of money below one, cut to a coarser unit: lift is that unit.
type rate struct {
	part
	lift int64
}

// rateOf is the rate of money of one scale, cut to the digits given.
func rateOf(d decimal.Decimal, scale, digits int32) (rate, bool) {
	p, fits := partOf(d)
	lift, held := pow10(scale - digits)
	if !fits || !held || p.num >= p.den {
		return rate{}, false
	}
	den, fits := times(p.den, lift)
	return rate{part{p.num, den}, lift}, fits
}

// of is the rate of an amount (at least 0).
func (r rate) of(v int64) int64 {
	hi, lo := bits.Mul64(uint64(v), uint64(r.num))
	q, _ := bits.Div64(hi, lo, uint64(r.den)) // num < den, so it fits
	return int64(q) * r.lift
}

// lessProduct is a*b < c*d, for factors of at least 0.
func lessProduct(a, b, c, d int64) bool {
	h1, l1 := bits.Mul64(uint64(a), uint64(b))
	h2, l2 := bits.Mul64(uint64(c), uint64(d))
	return h1 < h2 || h1 == h2 && l1 < l2
}
