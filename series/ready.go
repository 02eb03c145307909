package series

// readiness says which of n bars have a value: those from first on, except for
// the holes. Holes are rare (a division by zero), so the common case needs no
// look at any bar.
type readiness struct {
	n     int
	first int
	holes []uint64 // a set bit is a bar that is not ready; nil when there is none
}

func (r readiness) at(i int) bool {
	return i >= r.first && i < r.n && (r.holes == nil || r.holes[i>>6]>>(i&63)&1 == 0)
}

// normal is r with first on a ready bar and without a list of holes it does
// not need.
func (r readiness) normal() readiness {
	r.first = min(r.first, r.n)
	if r.holes == nil {
		return r
	}
	for r.first < r.n && !r.at(r.first) {
		r.first++
	}
	for i := r.first; i < r.n; i++ {
		if !r.at(i) {
			return r
		}
	}
	r.holes = nil
	return r
}

// and is ready where both are.
func (r readiness) and(o readiness) readiness {
	if r.n != o.n {
		panic("series: columns of different lengths")
	}
	out := readiness{n: r.n, first: max(r.first, o.first)}
	switch {
	case r.holes == nil:
		out.holes = o.holes
	case o.holes == nil:
		out.holes = r.holes
	default:
		out.holes = make([]uint64, words(r.n))
		for i := range out.holes {
			out.holes[i] = r.holes[i] | o.holes[i]
		}
	}
	return out
}

// without is r with more holes: bars marked in holes (nil for none).
func (r readiness) without(holes []uint64) readiness {
	return r.and(readiness{n: r.n, holes: holes})
}

// shift is ready where the bar k bars ago was.
func (r readiness) shift(k int) readiness {
	out := readiness{n: r.n, first: min(r.first+k, r.n)}
	if r.holes != nil {
		out.holes = make([]uint64, words(r.n))
		shiftWords(out.holes, r.holes, k)
	}
	return out
}

// window is ready where the last k bars all are.
func (r readiness) window(k int) readiness {
	out := readiness{n: r.n, first: min(r.first+k-1, r.n)}
	if r.holes == nil {
		return out
	}
	out.holes = make([]uint64, words(r.n))
	since := k // bars since the last hole
	for i := r.first; i < r.n; i++ {
		since++
		if !r.at(i) {
			since = 0
		}
		if since < k {
			mark(out.holes, i)
		}
	}
	return out
}

// clear zeroes the mantissas of the bars that are not ready.
func (r readiness) clear(m []int64) {
	clear(m[:r.first])
	if r.holes == nil {
		return
	}
	for i := r.first; i < r.n; i++ {
		if !r.at(i) {
			m[i] = 0
		}
	}
}

// words is the number of 64-bit words that hold n bits.
func words(n int) int { return (n + 63) >> 6 }

func mark(w []uint64, i int) { w[i>>6] |= 1 << (i & 63) }

// shiftWords writes src moved up by k bits into dst, zeros first; both have the
// same length.
func shiftWords(dst, src []uint64, k int) {
	whole, part := k>>6, uint(k&63)
	for i := len(dst) - 1; i >= whole; i-- {
		w := src[i-whole] << part
		if part > 0 && i > whole {
			w |= src[i-whole-1] >> (64 - part)
		}
		dst[i] = w
	}
}
