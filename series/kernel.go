package series

import (
	"math"
	"math/bits"
)

// What follows lets another room write a kernel of its own that goes through
// several columns in one pass. Such a kernel must give what the operations of
// this package give when composed; it is only quicker.

// Narrow is the 64-bit form of a column that has no holes.
type Narrow struct {
	Mantissas []int64 // read only; 0 before First
	Scale     int32
	First     int   // the first bar that is ready; all after it are
	Low, High int64 // no mantissa lies outside
}

// Narrow is the 64-bit form of s, false where 64 bits do not hold it or a bar
// after the first is not ready.
func (s Series) Narrow() (Narrow, bool) {
	return Narrow{s.narrow, s.scale, s.first, s.lo, s.hi}, s.wide == nil && s.holes == nil
}

// Series is the column of a Narrow; it takes ownership of the mantissas.
func (v Narrow) Series() Series {
	r := readiness{n: len(v.Mantissas), first: min(v.First, len(v.Mantissas))}
	return newBounded(v.Scale, v.Mantissas, r, v.Low, v.High)
}

// AtScale is v with more decimals, false where 62 bits do not hold it then.
func (v Narrow) AtScale(scale int32) (Narrow, bool) {
	k, ok := pow10(scale - v.Scale)
	over, top := bits.Mul64(max(magnitude(v.Low), magnitude(v.High)), uint64(k))
	if !ok || over != 0 || top >= 1<<62 {
		return Narrow{}, false
	}
	if k == 1 {
		return v, true
	}
	out := Narrow{make([]int64, len(v.Mantissas)), scale, v.First, v.Low * k, v.High * k}
	for i, m := range v.Mantissas {
		out.Mantissas[i] = m * k
	}
	return out, true
}

// Divider divides by one constant with one multiplication, rounding half away
// from zero. Exact for every |v| + d/2 < 2^63 (Granlund and Montgomery,
// "Division by invariant integers using multiplication", 1994).
type Divider struct {
	magic uint64 // 2^(63+shift) / d, rounded up
	shift uint
	half  uint64 // twice d/2: v is doubled with it
}

// NewDivider divides by d, 1 <= d < 2^62.
func NewDivider(d int64) Divider {
	shift := uint(bits.Len64(uint64(d) - 1))
	magic, rest := bits.Div64(1<<shift>>1, 1<<63<<shift, uint64(d))
	if rest > 0 {
		magic++
	}
	return Divider{magic: magic, shift: shift, half: uint64(d) &^ 1}
}

// Unsigned is v/d for v >= 0.
func (d Divider) Unsigned(v int64) int64 {
	hi, _ := bits.Mul64(uint64(v)<<1+d.half, d.magic)
	return int64(hi >> (d.shift & 63))
}

// Floor is v/d rounded down, for v >= 0.
func (d Divider) Floor(v int64) int64 {
	hi, _ := bits.Mul64(uint64(v)<<1, d.magic)
	return int64(hi >> (d.shift & 63))
}

// Signed is v/d for either sign.
func (d Divider) Signed(v int64) int64 {
	sign := v >> 63
	return d.Unsigned((v^sign)-sign) ^ sign - sign
}

// MulDiv is a*k/b rounded half away from zero, for k > 0 and b != 0; false
// where 64 bits do not hold it.
func MulDiv(a, k, b int64) (int64, bool) {
	ua, ub := magnitude(a), magnitude(b)
	hi, lo := bits.Mul64(ua, uint64(k))
	lo, carry := bits.Add64(lo, ub>>1, 0)
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

// Root is the root of v*k rounded to the nearest integer, for v >= 0 and k > 0;
// the root of an integer never lies half way.
func Root(v, k int64) int64 {
	// The estimate is off by less than 2^-52 of itself, that is by less than one
	// below 2^50; there v*k - r*r is small and 64 bits hold it, whatever wrapped on
	// the way.
	r := int64(math.Sqrt(float64(v)*float64(k)) + 0.5)
	if rest := v*k - r*r; r >= 1<<50 || rest > r || rest <= -r {
		r = int64(rootWide(bits.Mul64(uint64(v), uint64(k))))
	}
	return r
}

// rootWide is the root of hi:lo rounded to the nearest integer, for hi < 2^62.
func rootWide(hi, lo uint64) uint64 {
	r := uint64(math.Sqrt(float64(hi)*0x1p64 + float64(lo)))
	if r >= 1<<50 { // one step of Newton's makes the estimate exact to one
		q, _ := bits.Div64(hi, lo, r)
		r = (r + q) >> 1
	}
	for { // down to r^2 - r < v
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

// Window is n neighbouring values, none below 0 nor at or above [WindowTop]: their
// sum and n^2 times their population variance.
type Window struct{ n, sum, spread, oldest int64 }

// WindowTop bounds the values that a Window of n can hold.
func WindowTop(n int) int64 { return 1 << 31 / int64(n) }

// NewWindow holds the n-1 values of x and a 0 before them.
func NewWindow(x []int64) Window {
	w := Window{n: int64(len(x)) + 1}
	var squares int64
	for _, v := range x {
		w.sum += v
		squares += v * v
	}
	w.spread = w.n*squares - w.sum*w.sum
	return w
}

// Move moves the window over x, whose first n-1 values it holds, and writes for
// every place the mean times up and the variance times squareUp, both rounded;
// false where 64 bits might not hold a variance; they must hold the means. The
// three slices must not overlap.
func (w *Window) Move(x, means, variances []int64, up, squareUp int64) bool {
	n, sum, spread, went := w.n, w.sum, w.spread, w.oldest
	old, x := x, x[n-1:]
	old, means, variances = old[:len(x)], means[:len(x)], variances[:len(x)]
	k, exact := whole(up, n)
	squareK, exactSquare := whole(squareUp, n*n)
	var widest int64
	for i, came := range x {
		// n*(came^2 - went^2) - ((sum+came-went)^2 - sum^2)
		spread += (came - went) * (n*(came+went) - 2*sum - came + went)
		sum += came - went
		went = old[i]
		widest = max(widest, spread)
		means[i], variances[i] = sum*k, spread*squareK
	}
	w.sum, w.spread, w.oldest = sum, spread, went
	if !exact {
		rescale(means, up, n)
	}
	if !exactSquare {
		rescale(variances, squareUp, n*n)
		squareK = squareUp/(n*n) + 1
	}
	return widest < math.MaxInt64/squareK
}

// whole is up/d where that is a whole number, as for 20 bars and 8 decimals;
// else 1.
func whole(up, d int64) (k int64, exact bool) {
	if up%d != 0 {
		return 1, false
	}
	return up / d, true
}

// rescale replaces every v (0 or more) by v*up/d, rounded. d*up must fit 63 bits.
func rescale(values []int64, up, d int64) {
	div := NewDivider(d)
	for i, v := range values {
		whole := div.Floor(v)
		values[i] = whole*up + div.Unsigned((v-whole*d)*up)
	}
}
