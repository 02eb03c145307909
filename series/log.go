package series

import (
	"math"
	"math/big"
)

// Logarithm and exponential are rounded correctly: the result is the decimal of
// [Digits] places nearest to the true value, which (but for ln 1 and exp 0)
// never lies half way. Where 64 bits do, an estimate in binary floating point
// decides, but only if its whole error stays clear of the nearest half; the rest
// is computed in integers of as many bits as it takes.

// Ln is the natural logarithm of s, rounded to [Digits] decimals. A bar at or
// below 0 is not ready.
func Ln(s Series) Series {
	if s.wide == nil {
		shift := float64(s.scale) * math.Ln10
		return mapNarrow(s, func(m int64) (int64, bool) {
			if m <= 0 {
				return 0, false
			}
			if v, sure := nearest(math.Log(float64(m)) - shift); sure {
				return v, true
			}
			return lnExact(big.NewInt(m), s.scale).Int64(), true
		})
	}
	return mapWide(s, func(z, m *big.Int) bool {
		if m.Sign() <= 0 {
			return false
		}
		z.Set(lnExact(m, s.scale))
		return true
	})
}

// expTop bounds the argument of Exp; exp of it has 435 digits before the point.
const expTop = 1000

// Exp is e to the power s, rounded to [Digits] decimals. A bar above 1000 is
// not ready.
func Exp(s Series) Series {
	if s.wide == nil && s.hi <= 0 {
		unit := math.Pow10(int(s.scale))
		return mapNarrow(s, func(m int64) (int64, bool) {
			x := float64(m) / unit
			if v, sure := nearest(math.Exp(x)); sure || x < -30 { // below a thousandth of the last decimal
				return v, true
			}
			return expExact(big.NewInt(m), s.scale).Int64(), true
		})
	}
	top := new(big.Int).Mul(big.NewInt(expTop), bigPow10(s.scale))
	return mapWide(s, func(z, m *big.Int) bool {
		if m.Cmp(top) > 0 {
			return false
		}
		if m.Sign() <= 0 && m.CmpAbs(top) > 0 { // nothing is left of it
			return true
		}
		z.Set(expExact(m, s.scale))
		return true
	})
}

// nearest is v as a mantissa of Digits decimals, and whether that is sure for a
// v of magnitude up to 64 that is off by less than 1e-12.
func nearest(v float64) (int64, bool) {
	scaled := v * 1e8
	whole := math.Round(scaled)
	return int64(whole), math.Abs(math.Abs(scaled-whole)-0.5) > 1e-4 && math.Abs(v) < 64
}

// rounded is v / 2^bits as a mantissa of Digits decimals, and whether an error
// of up to 2^16 in v cannot change it.
func rounded(v *big.Int, bits uint) (*big.Int, bool) {
	at := func(slack int64) *big.Int {
		w := new(big.Int).Add(v, big.NewInt(slack))
		w.Mul(w, bigPow10(Digits))
		return roundDiv(new(big.Int), new(big.Int), w, new(big.Int).Lsh(one, bits))
	}
	low, high := at(-1<<16), at(1<<16)
	return low, low.Cmp(high) == 0
}

// lnExact is ln(m / 10^scale) for m > 0, a mantissa of Digits decimals.
func lnExact(m *big.Int, scale int32) *big.Int {
	if m.Cmp(bigPow10(scale)) == 0 {
		return new(big.Int)
	}
	for bits := uint(128); ; bits *= 2 {
		// m/10^scale = y * 2^k with y near 1: ln = k*ln(2) + ln(y).
		k := m.BitLen() - bigPow10(scale).BitLen()
		num, den := new(big.Int).Lsh(m, bits), bigPow10(scale)
		if k >= 0 {
			den.Lsh(den, uint(k))
		} else {
			num.Lsh(num, uint(-k))
		}
		y := num.Quo(num, den)
		ln := lnNearOne(y, bits)
		ln.Add(ln, new(big.Int).Mul(big.NewInt(int64(k)), ln2(bits)))
		if v, sure := rounded(ln, bits); sure {
			return v
		}
	}
}

// lnNearOne is ln(y) of a fixed-point y between 1/2 and 2:
// 2 * (z + z^3/3 + z^5/5 + ...), z = (y-1) / (y+1).
func lnNearOne(y *big.Int, bits uint) *big.Int {
	unit := new(big.Int).Lsh(one, bits)
	z := new(big.Int).Sub(y, unit)
	z.Lsh(z, bits)
	z.Quo(z, unit.Add(unit, y))
	square := new(big.Int).Mul(z, z)
	square.Rsh(square, bits)
	sum, term := new(big.Int), new(big.Int)
	for n := int64(1); z.Sign() != 0; n += 2 {
		sum.Add(sum, term.Quo(z, big.NewInt(n)))
		z.Quo(z.Mul(z, square), new(big.Int).Lsh(one, bits))
	}
	return sum.Lsh(sum, 1)
}

func ln2(bits uint) *big.Int { return lnNearOne(new(big.Int).Lsh(big.NewInt(2), bits), bits) }

// expExact is e^(m / 10^scale), a mantissa of Digits decimals.
func expExact(m *big.Int, scale int32) *big.Int {
	if m.Sign() == 0 {
		return bigPow10(Digits)
	}
	x, _ := new(big.Rat).SetFrac(m, bigPow10(scale)).Float64()
	for bits := uint(128); ; bits *= 2 {
		// x = k*ln(2) + r with r in 0..ln(2): e^x = 2^k * e^r. The error of r, below
		// 2^32 of its last bits, grows by 2^k, so k more bits are carried.
		wide := bits + 64 + uint(max(0, 1.45*x))
		fixed := new(big.Int).Lsh(m, wide)
		fixed.Quo(fixed, bigPow10(scale))
		k, r := new(big.Int), new(big.Int)
		k.DivMod(fixed, ln2(wide), r)
		sum, term := new(big.Int), new(big.Int).Lsh(one, wide)
		for n := int64(1); term.Sign() != 0; n++ {
			sum.Add(sum, term)
			term.Rsh(term.Mul(term, r), wide)
			term.Quo(term, big.NewInt(n))
		}
		shift := int64(wide) - int64(bits) - k.Int64()
		if v, sure := rounded(sum.Rsh(sum, uint(shift)), bits); sure {
			return v
		}
	}
}
