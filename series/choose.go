package series

import "math/big"

// Where is a on the bars where b is true and c where it is false. It is ready
// where b is and the column it takes the value from is.
func Where(b Bits, a, c Series) Series {
	if b.n != a.n || b.n != c.n {
		panic("series: columns of different lengths")
	}
	ready := Bits{n: b.n, ready: make([]uint64, len(b.truth))}
	ra, rc := a.bits(), c.bits()
	for i, t := range b.truth {
		ready.ready[i] = b.ready[i] & (t&ra[i] | ^t&rc[i])
	}
	r := ready.readiness()
	scale := max(a.scale, c.scale)
	ka, kc, fit := lift(&a, &c)
	if !fit {
		return zipTruth(b, a, c, scale, r)
	}
	out, x, y := make([]int64, b.n), a.narrow, c.narrow
	x, y = x[:len(out)], y[:len(out)]
	for i := r.first; i < len(out); i++ {
		mask := -int64(b.truth[i>>6] >> (i & 63) & 1)
		out[i] = x[i]*ka&mask | y[i]*kc&^mask
	}
	return newBounded(scale, out, r, min(a.lo*ka, c.lo*kc), max(a.hi*ka, c.hi*kc))
}

// zipTruth is Where in big integers.
func zipTruth(b Bits, a, c Series, scale int32, r readiness) Series {
	out := make([]big.Int, b.n)
	var x big.Int
	for i := r.first; i < r.n; i++ {
		if !r.at(i) {
			continue
		}
		from := c
		if truth, _ := b.At(i); truth {
			from = a
		}
		out[i].Set(from.rescaled(i, scale, &x))
	}
	return newWide(scale, out, r)
}

// Else is a where it is ready, and b elsewhere.
func Else(a, b Series) Series {
	all := readiness{n: a.n}
	return Where(Bits{a.n, a.bits(), all.bits()}, a, b)
}
