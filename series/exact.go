package series

import (
	"math"
	"math/big"
	"math/bits"
)

var powers = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// pow10 is 10^k, false where 64 bits do not hold it.
func pow10(k int32) (int64, bool) {
	if k < 0 || int(k) >= len(powers) {
		return 0, false
	}
	return powers[k], true
}

func bigPow10(k int32) *big.Int {
	if p, ok := pow10(k); ok {
		return big.NewInt(p)
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(k)), nil)
}

// divider divides by one constant with one multiplication, rounding half away
// from zero. Exact for every |v| + d/2 < 2^63 (Granlund and Montgomery,
// "Division by invariant integers using multiplication", 1994).
type divider struct {
	magic uint64 // 2^(63+shift) / d, rounded up
	shift uint
	half  uint64
}

// newDivider divides by d, 1 <= d < 2^62.
func newDivider(d int64) divider {
	shift := uint(bits.Len64(uint64(d) - 1))
	magic, rest := bits.Div64(1<<shift>>1, 1<<63<<shift, uint64(d))
	if rest > 0 {
		magic++
	}
	return divider{magic: magic, shift: shift, half: uint64(d) &^ 1}
}

// unsigned is v/d for v >= 0. (half is twice d/2, v is doubled with it.)
func (d divider) unsigned(v int64) int64 {
	hi, _ := bits.Mul64(uint64(v)<<1+d.half, d.magic)
	return int64(hi >> (d.shift & 63))
}

// signed is v/d for either sign.
func (d divider) signed(v int64) int64 {
	sign := v >> 63
	return d.unsigned((v^sign)-sign) ^ sign - sign
}

// roundDiv sets z to x/y rounded half away from zero; y is not zero. r is room
// for the rest.
func roundDiv(z, r, x, y *big.Int) *big.Int {
	z.QuoRem(x, y, r)
	r.Lsh(r.Abs(r), 1)
	if r.CmpAbs(y) >= 0 {
		if x.Sign() == y.Sign() {
			z.Add(z, one)
		} else {
			z.Sub(z, one)
		}
	}
	return z
}

var one = big.NewInt(1)

// mulDiv is a*k/b rounded half away from zero, for k > 0 and b != 0; false
// where 64 bits do not hold it.
func mulDiv(a, k, b int64) (int64, bool) {
	ua, ub := magnitude(a), magnitude(b)
	hi, lo := bits.Mul64(ua, uint64(k))
	var carry uint64
	lo, carry = bits.Add64(lo, ub>>1, 0)
	hi += carry
	if hi >= ub {
		return 0, false
	}
	// Adding floor(b/2) before a floor division rounds half up for even b, and
	// for odd b there are no halves.
	q, _ := bits.Div64(hi, lo, ub)
	if q > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(q), true
	}
	return int64(q), true
}

// magnitude is |v|, right for the smallest integer too.
func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// mulFits is a*b, false where 64 bits do not hold it.
func mulFits(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

// addFits is a+b, false where 64 bits do not hold it.
func addFits(a, b int64) (int64, bool) {
	s := a + b
	return s, (a^s)&(b^s) >= 0
}

// sqrt is the root of hi:lo rounded to the nearest integer (a root of an
// integer never lies half way), for hi < 2^60.
func sqrt(hi, lo uint64) uint64 {
	// The estimate is within one or two of the root below 2^53 and within 2^-52
	// of it above; Newton's step makes it exact to one either way.
	r := uint64(math.Sqrt(float64(hi)*0x1p64 + float64(lo)))
	if r >= 1<<50 {
		q, _ := bits.Div64(hi, lo, r)
		r = (r + q) >> 1
	}
	for { // down to r^2 - r < v: the last r that does not round below
		h, l := bits.Mul64(r, r-1)
		if r == 0 || h < hi || h == hi && l < lo {
			break
		}
		r--
	}
	for { // up while v > r^2 + r
		h, l := bits.Mul64(r, r+1)
		if h > hi || h == hi && l >= lo {
			return r
		}
		r++
	}
}
