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
