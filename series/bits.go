package series

import (
	"math/big"
	"math/bits"
)

// Bits is a column of truths, one per bar, each ready or not. It never changes
// after it was made. The zero Bits has no bars.
type Bits struct {
	n            int
	truth, ready []uint64 // 64 bars in a word; a bar that is not ready is not true
}

// Len is the number of bars.
func (b Bits) Len() int { return b.n }

// At is the truth of bar i and whether it is ready; a bar that is not ready is
// not true.
func (b Bits) At(i int) (truth, ready bool) {
	if i < 0 || i >= b.n {
		return false, false
	}
	return b.truth[i>>6]>>(i&63)&1 == 1, b.ready[i>>6]>>(i&63)&1 == 1
}

// Next is the first bar from i on that is true, Len if there is none.
func (b Bits) Next(i int) int {
	i = max(i, 0)
	if i >= b.n {
		return b.n
	}
	at := i >> 6
	w := b.truth[at] >> (i & 63) << (i & 63)
	for w == 0 {
		if at++; at == len(b.truth) {
			return b.n
		}
		w = b.truth[at]
	}
	return at<<6 + bits.TrailingZeros64(w)
}

// bits is the readiness as a set bit for every bar that is ready.
func (r readiness) bits() []uint64 {
	out := make([]uint64, words(r.n))
	if r.first >= r.n {
		return out
	}
	for i := r.first >> 6; i < len(out); i++ {
		out[i] = ^uint64(0)
		if r.holes != nil {
			out[i] = ^r.holes[i]
		}
	}
	out[r.first>>6] &= ^uint64(0) << (r.first & 63)
	out[len(out)-1] &= ^uint64(0) >> (-r.n & 63)
	return out
}

// Less is a < b.
func Less(a, b Series) Bits {
	less, _, ready := compare(a, b)
	return Bits{a.n, less, ready}
}

// LessEqual is a <= b.
func LessEqual(a, b Series) Bits {
	_, greater, ready := compare(a, b)
	return Not(Bits{a.n, greater, ready})
}

// Equal is a = b, by value whatever the scales.
func Equal(a, b Series) Bits {
	less, greater, ready := compare(a, b)
	for i := range less {
		less[i] = ready[i] &^ (less[i] | greater[i])
	}
	return Bits{a.n, less, ready}
}

// CrossAbove is: a was at most b on the bar before and is above it now. Both
// bars must be ready on both sides.
func CrossAbove(a, b Series) Bits {
	_, greater, ready := compare(a, b)
	return begun(Bits{a.n, greater, ready})
}

// CrossBelow is: a was at least b on the bar before and is below it now.
func CrossBelow(a, b Series) Bits {
	less, _, ready := compare(a, b)
	return begun(Bits{a.n, less, ready})
}

// begun is true where b is and was not on the bar before.
func begun(b Bits) Bits { return And(b, Not(ShiftBits(b, 1))) }

// compare says on which bars a is less and greater than b, and which are ready.
func compare(a, b Series) (less, greater, ready []uint64) {
	r := a.and(b.readiness)
	ready = r.bits()
	less, greater = make([]uint64, len(ready)), make([]uint64, len(ready))
	ka, kb, fit := lift(&a, &b)
	if !fit {
		compareWide(a, b, r, less, greater)
		return less, greater, ready
	}
	for w := r.first >> 6; w < len(ready); w++ {
		from := w << 6
		to := min(from+64, r.n)
		x, y := a.narrow[from:to], b.narrow[from:to]
		var l, g uint64
		for i, v := range x {
			d := v*ka - y[i]*kb // both sides fit 62 bits: the sign is right
			l |= uint64(d) >> 63 << (i & 63)
			g |= uint64(-d) >> 63 << (i & 63)
		}
		less[w], greater[w] = l&ready[w], g&ready[w]
	}
	return less, greater, ready
}

func compareWide(a, b Series, r readiness, less, greater []uint64) {
	scale := max(a.scale, b.scale)
	var x, y big.Int
	for i := r.first; i < r.n; i++ {
		if !r.at(i) {
			continue
		}
		switch a.rescaled(i, scale, &x).Cmp(b.rescaled(i, scale, &y)) {
		case -1:
			mark(less, i)
		case 1:
			mark(greater, i)
		}
	}
}

// Not is true where b is false.
func Not(b Bits) Bits {
	out := make([]uint64, len(b.truth))
	for i := range out {
		out[i] = b.ready[i] &^ b.truth[i]
	}
	return Bits{b.n, out, b.ready}
}

// And is true where both are. It is ready only where both are ready, also when
// one of them is known to be false.
func And(a, b Bits) Bits {
	return combine(a, b, func(x, y uint64) uint64 { return x & y })
}

// Or is true where either is. It is ready only where both are ready, also when
// one of them is known to be true.
func Or(a, b Bits) Bits {
	return combine(a, b, func(x, y uint64) uint64 { return x | y })
}

func combine(a, b Bits, f func(x, y uint64) uint64) Bits {
	if a.n != b.n {
		panic("series: columns of different lengths")
	}
	out := Bits{a.n, make([]uint64, len(a.truth)), make([]uint64, len(a.truth))}
	for i := range out.truth {
		out.ready[i] = a.ready[i] & b.ready[i]
		out.truth[i] = f(a.truth[i], b.truth[i]) & out.ready[i]
	}
	return out
}

// ShiftBits is the truth n bars ago (0 or more); the first n bars are not ready.
func ShiftBits(b Bits, n int) Bits {
	if n < 0 {
		panic("series: look-back into the future")
	}
	out := Bits{b.n, make([]uint64, len(b.truth)), make([]uint64, len(b.truth))}
	if n >= b.n {
		return out
	}
	shiftWords(out.truth, b.truth, n)
	shiftWords(out.ready, b.ready, n)
	if len(out.truth) > 0 {
		last := ^uint64(0) >> (-b.n & 63)
		out.truth[len(out.truth)-1] &= last
		out.ready[len(out.ready)-1] &= last
	}
	return out
}

// readiness is b's readiness in the form columns have.
func (b Bits) readiness() readiness {
	holes := make([]uint64, len(b.ready))
	for i, w := range b.ready {
		holes[i] = ^w
	}
	return readiness{n: b.n, holes: holes}.normal()
}

// Count is on how many of the last n bars b was true; ready where all n are.
func Count(b Bits, n int) Series { return Sum(b.Series(), n) }

// Series is b as numbers: 1 where true, 0 where false.
func (b Bits) Series() Series {
	out := make([]int64, b.n)
	for i := range out {
		out[i] = int64(b.truth[i>>6] >> (i & 63) & 1)
	}
	return newNarrow(0, out, b.readiness())
}

// BarsSince is how many bars ago b was last true, 0 on a bar where it is. It
// is not ready before b was true and on bars where b is not ready.
func BarsSince(b Bits) Series {
	out := make([]int64, b.n)
	first := b.Next(0)
	var since int64
	for i := first; i < b.n; i++ {
		if since++; b.truth[i>>6]>>(i&63)&1 == 1 {
			since = 0
		}
		out[i] = since
	}
	return newNarrow(0, out, b.readiness().and(readiness{n: b.n, first: first}))
}

// Streak is for how many bars in a row, this one included, b has been true, 0
// where it is false. A bar that is not ready has no result and ends a streak.
func Streak(b Bits) Series {
	out := make([]int64, b.n)
	var run int64
	for i := range out {
		if run++; b.truth[i>>6]>>(i&63)&1 == 0 {
			run = 0
		}
		out[i] = run
	}
	return newNarrow(0, out, b.readiness())
}
