package series

import "math/big"

// Sqrt is the root of s, rounded half away from zero to [Digits] decimals. A
// bar below 0 is not ready.
func Sqrt(s Series) Series {
	if s.wide == nil && s.scale <= 2*Digits {
		// root(m / 10^scale) in Digits decimals is the root of m * 10^(16-scale).
		up, _ := pow10(2*Digits - s.scale)
		if s.lo >= 0 {
			out := make([]int64, s.n)
			for i := s.first; i < s.n; i++ {
				out[i] = Root(s.narrow[i], up)
			}
			return newNarrow(Digits, out, s.readiness)
		}
		return mapNarrow(s, func(m int64) (int64, bool) {
			return Root(max(m, 0), up), m >= 0
		})
	}
	// At an even number of decimals; the floor of the root decides the rounding,
	// because a floor of just half means half or more.
	digits := max(Digits, (s.scale+1)/2)
	up, down := bigPow10(2*digits-s.scale), bigPow10(digits-Digits)
	return mapWide(s, func(z, m *big.Int) bool {
		if m.Sign() < 0 {
			return false
		}
		var root, rest big.Int
		root.Sqrt(root.Mul(m, up))
		if digits == Digits { // round the root itself: m*up - root^2 > root
			rest.Sub(rest.Mul(m, up), z.Mul(&root, &root))
			if z.Set(&root); rest.Cmp(&root) > 0 {
				z.Add(z, one)
			}
			return true
		}
		roundDiv(z, &rest, &root, down)
		return true
	})
}

// Variance is the population variance of the last n values,
// (n*sum(x^2) - sum(x)^2) / n^2, rounded once.
func Variance(s Series, n int) Series {
	r := s.window(atLeastOne(n))
	if s.wide == nil {
		if out, fit := varianceNarrow(s, n, r); fit {
			return out
		}
	}
	out := make([]big.Int, s.n)
	d := ratioTo(2*s.scale, int64(n)*int64(n))
	var sum, squares, x, y, rest big.Int
	count := big.NewInt(int64(n))
	for i := s.first; i < s.n; i++ {
		m := s.mantissa(i, &x)
		sum.Add(&sum, m)
		squares.Add(&squares, y.Mul(m, m))
		if i >= s.first+n {
			m := s.mantissa(i-n, &x)
			sum.Sub(&sum, m)
			squares.Sub(&squares, y.Mul(m, m))
		}
		if r.at(i) {
			y.Mul(&squares, count)
			y.Sub(&y, rest.Mul(&sum, &sum))
			roundDiv(&out[i], &rest, y.Mul(&y, d.up), d.down)
		}
	}
	return newWide(Digits, out, r)
}

// varianceNarrow is Variance in 64 bits for values that are not negative; false
// where they do not suffice.
func varianceNarrow(s Series, n int, r readiness) (Series, bool) {
	up, ok := pow10(Digits - 2*s.scale)
	if !ok || s.holes != nil || s.lo < 0 || s.hi >= WindowTop(n) {
		return Series{}, false
	}
	out := make([]int64, s.n)
	x := s.narrow[s.first:]
	if len(x) < n {
		return newBounded(Digits, out, r, 0, 0), true
	}
	var means [256]int64 // of no use here
	w := NewWindow(x[:n-1])
	variances := out[r.first:]
	for at := 0; at < len(variances); at += len(means) {
		end := min(at+len(means), len(variances))
		if !w.Move(x[at:end+n-1], means[:], variances[at:end], 1, up) {
			return Series{}, false
		}
	}
	return newNarrow(Digits, out, r), true
}

// mapNarrow computes a column of Digits decimals from a narrow one; f says
// false for a bar that has no result.
func mapNarrow(s Series, f func(m int64) (int64, bool)) Series {
	out := make([]int64, s.n)
	var holes []uint64
	for i := s.first; i < s.n; i++ {
		var ok bool
		if out[i], ok = f(s.narrow[i]); !ok {
			if holes == nil {
				holes = make([]uint64, words(s.n))
			}
			mark(holes, i)
		}
	}
	return newNarrow(Digits, out, s.without(holes))
}

// mapWide is mapNarrow in big integers.
func mapWide(s Series, f func(z, m *big.Int) bool) Series {
	return zip(s, s, Digits, s.readiness, func(z, x, _ *big.Int) bool { return f(z, x) })
}
