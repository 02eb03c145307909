package series

import (
	"math/big"
	"math/bits"
)

// Bits is a column of truths, one per bar, each ready or not. Only the methods
// that say so change it after it was made. The zero Bits has no bars.
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

// Trues is the number of bars that are true.
func (b Bits) Trues() (n int) {
	for _, w := range b.truth {
		n += bits.OnesCount64(w)
	}
	return n
}

// bits is the readiness as a set bit for every bar that is ready.
func (r readiness) bits() []uint64 {
	out := make([]uint64, words(r.n))
	r.fill(out)
	return out
}

// fill writes it into words made for so many bars.
func (r readiness) fill(out []uint64) {
	if r.first >= r.n {
		clear(out)
		return
	}
	first := r.first >> 6
	clear(out[:first])
	for i := first; i < len(out); i++ {
		out[i] = ^uint64(0)
		if r.holes != nil {
			out[i] = ^r.holes[i]
		}
	}
	out[first] &= ^uint64(0) << (r.first & 63)
	out[len(out)-1] &= ^uint64(0) >> (-r.n & 63)
}

// resize makes room for n bars, whatever they hold.
func (b *Bits) resize(n int) {
	b.n = n
	if k := words(n); cap(b.truth) < k || cap(b.ready) < k {
		room := make([]uint64, 2*k)
		b.truth, b.ready = room[:k:k], room[k:]
	} else {
		b.truth, b.ready = b.truth[:k], b.ready[:k]
	}
}

// Less is a < b.
func Less(a, b Series) Bits {
	below, _ := Compare(a, b)
	return below
}

// LessEqual is a <= b.
func LessEqual(a, b Series) Bits {
	_, above := Compare(a, b)
	return Not(above)
}

// Equal is a = b, by value whatever the scales.
func Equal(a, b Series) Bits {
	below, above := Compare(a, b)
	return Not(Or(below, above))
}

// CrossAbove is: a was at most b on the bar before and is above it now. Both
// bars must be ready on both sides.
func CrossAbove(a, b Series) Bits {
	_, above := Compare(a, b)
	return Begun(above)
}

// CrossBelow is: a was at least b on the bar before and is below it now.
func CrossBelow(a, b Series) Bits {
	below, _ := Compare(a, b)
	return Begun(below)
}

// Compare says on which bars a is below b, and on which above. Where both are
// ready and it is neither, they are equal.
func Compare(a, b Series) (below, above Bits) {
	CompareInto(a, b, &below, &above)
	return below, above
}

// CompareInto is Compare into columns that are written anew.
func CompareInto(a, b Series, below, above *Bits) {
	r := a.and(b.readiness)
	below.resize(r.n)
	above.resize(r.n)
	r.fill(below.ready)
	copy(above.ready, below.ready)
	ka, kb, fit := lift(&a, &b)
	if !fit {
		clear(below.truth)
		clear(above.truth)
		compareWide(a, b, r, below.truth, above.truth)
		return
	}
	first := min(r.first>>6, len(below.truth))
	clear(below.truth[:first])
	clear(above.truth[:first])
	level := ka == 1 && kb == 1 && a.lo >= 0 && b.lo >= 0
	for w := first; w < len(below.truth); w++ {
		var l, g uint64
		if x, y := a.narrow[w<<6:], b.narrow[w<<6:]; level && len(x) >= 64 {
			l, g = compareWord((*[64]int64)(x), (*[64]int64)(y))
		} else {
			l, g = comparePart(x[:min(64, len(x))], y, ka, kb)
		}
		below.truth[w], above.truth[w] = l&below.ready[w], g&above.ready[w]
	}
}

// compareWord compares 64 bars of columns that are nowhere below 0. The borrow
// of a subtraction is carried straight into the word: two instructions a bit.
func compareWord(x, y *[64]int64) (less, greater uint64) {
	var bit uint64
	for i := len(x) - 1; i >= 3; i -= 4 {
		a, b := uint64(x[i]), uint64(y[i])
		_, bit = bits.Sub64(a, b, 0)
		less, _ = bits.Add64(less, less, bit)
		_, bit = bits.Sub64(b, a, 0)
		greater, _ = bits.Add64(greater, greater, bit)
		a, b = uint64(x[i-1]), uint64(y[i-1])
		_, bit = bits.Sub64(a, b, 0)
		less, _ = bits.Add64(less, less, bit)
		_, bit = bits.Sub64(b, a, 0)
		greater, _ = bits.Add64(greater, greater, bit)
		a, b = uint64(x[i-2]), uint64(y[i-2])
		_, bit = bits.Sub64(a, b, 0)
		less, _ = bits.Add64(less, less, bit)
		_, bit = bits.Sub64(b, a, 0)
		greater, _ = bits.Add64(greater, greater, bit)
		a, b = uint64(x[i-3]), uint64(y[i-3])
		_, bit = bits.Sub64(a, b, 0)
		less, _ = bits.Add64(less, less, bit)
		_, bit = bits.Sub64(b, a, 0)
		greater, _ = bits.Add64(greater, greater, bit)
	}
	return less, greater
}

// comparePart compares up to 64 bars of columns that come to one scale by
// factors. Both sides fit 62 bits then, so the sign of the difference is right.
func comparePart(x, y []int64, kx, ky int64) (less, greater uint64) {
	y = y[:len(x)]
	for i := len(x) - 1; i >= 0; i-- {
		d := x[i]*kx - y[i]*ky
		less = less<<1 | uint64(d)>>63
		greater = greater<<1 | uint64(-d)>>63
	}
	return less, greater
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
func Not(b Bits) (out Bits) { out.Not(b); return out }

// And is true where both are. It is ready only where both are ready, also when
// one of them is known to be false.
func And(a, b Bits) (out Bits) { out.And(a, b); return out }

// Or is true where either is. It is ready only where both are ready, also when
// one of them is known to be true.
func Or(a, b Bits) (out Bits) { out.Or(a, b); return out }

// Begun is true where b is and was not on the bar before.
func Begun(b Bits) (out Bits) { out.Begun(b); return out }

// ShiftBits is the truth n bars ago (0 or more); the first n bars are not ready.
func ShiftBits(b Bits, n int) (out Bits) { out.Shift(b, n); return out }

// The methods of these names write their result into b, whose columns they use
// again where they are long enough: only their owner may call them, and nobody
// may still read what b was. The operands may be b itself, but for Shift's.

// Set is a copy.
func (b *Bits) Set(x Bits) {
	b.resize(x.n)
	copy(b.truth, x.truth)
	copy(b.ready, x.ready)
}

func (b *Bits) Not(x Bits) {
	b.resize(x.n)
	truth, ready := b.truth, b.ready
	for i, r := range x.ready {
		truth[i], ready[i] = r&^x.truth[i], r
	}
}

func (b *Bits) And(x, y Bits) {
	b.meet(x, y)
	for i, t := range x.truth {
		b.truth[i] = t & y.truth[i]
	}
}

func (b *Bits) Or(x, y Bits) {
	b.meet(x, y)
	for i, t := range x.truth {
		b.truth[i] = (t | y.truth[i]) & b.ready[i]
	}
}

// AndNot is true where x is and y is not.
func (b *Bits) AndNot(x, y Bits) {
	b.meet(x, y)
	for i, t := range x.truth {
		b.truth[i] = t &^ y.truth[i] & b.ready[i]
	}
}

// Among is x on the bars where y is ready, too, whatever y says there.
func (b *Bits) Among(x, y Bits) {
	b.meet(x, y)
	for i, t := range x.truth {
		b.truth[i] = t & b.ready[i]
	}
}

// meet is ready where both are; its truths are to be written.
func (b *Bits) meet(x, y Bits) {
	if x.n != y.n {
		panic("series: columns of different lengths")
	}
	b.resize(x.n)
	ready := b.ready
	for i, r := range x.ready {
		ready[i] = r & y.ready[i]
	}
}

func (b *Bits) Begun(x Bits) {
	b.resize(x.n)
	truth, ready := b.truth, b.ready
	var before, known uint64 // the word before
	for i, t := range x.truth {
		r := x.ready[i]
		ready[i] = r & (r<<1 | known>>63)
		truth[i] = t &^ (t<<1 | before>>63) & ready[i]
		before, known = t, r
	}
}

func (b *Bits) Shift(x Bits, n int) {
	if n < 0 {
		panic("series: look-back into the future")
	}
	b.resize(x.n)
	clear(b.truth)
	clear(b.ready)
	if n >= x.n {
		return
	}
	shiftWords(b.truth, x.truth, n)
	shiftWords(b.ready, x.ready, n)
	last := len(b.truth) - 1
	b.truth[last] &= ^uint64(0) >> (-x.n & 63)
	b.ready[last] &= ^uint64(0) >> (-x.n & 63)
}

// Rotate moves the truths of x from a bar on by a number of bars (0 or more), the
// last ones to the beginning; before that bar none is true. All bars are ready.
func (b *Bits) Rotate(x Bits, first, by int) {
	b.resize(x.n)
	clear(b.truth)
	readiness{n: x.n}.fill(b.ready)
	for i := x.Next(first); i < x.n; i = x.Next(i + 1) {
		mark(b.truth, first+(i-first+by)%(x.n-first))
	}
}

// Splice writes bars from.. of x over bars at.. of b, as many as both have. Both
// numbers are multiples of 64.
func (b *Bits) Splice(at int, x Bits, from int) {
	copy(b.truth[at>>6:], x.truth[from>>6:])
	copy(b.ready[at>>6:], x.ready[from>>6:])
}

// NotReadyBits is n bars none of which is ready.
func NotReadyBits(n int) Bits {
	room := make([]uint64, 2*words(n))
	return Bits{n: n, truth: room[:words(n):words(n)], ready: room[words(n):]}
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
