package series

import "math/big"

// A recursive operation carries a value from bar to bar. It counts only ready
// bars: a bar that is not ready has no result and leaves the carried value as
// it was.

// overReady applies f, a kernel for columns without holes, to the ready bars of
// s in a row and puts the results back on their bars.
func overReady(s Series, f func(Series) Series) Series {
	if s.holes == nil {
		return f(s)
	}
	var at []int
	for i := s.first; i < s.n; i++ {
		if s.at(i) {
			at = append(at, i)
		}
	}
	return scatter(f(gather(s, at)), at, s.n)
}

// gather is the column of the bars listed in at, all of them ready.
func gather(s Series, at []int) Series {
	out := Series{readiness: readiness{n: len(at)}, scale: s.scale, lo: s.lo, hi: s.hi}
	if s.wide != nil {
		out.wide = make([]big.Int, len(at))
		for k, i := range at {
			out.wide[k].Set(&s.wide[i])
		}
		return out
	}
	out.narrow = make([]int64, len(at))
	for k, i := range at {
		out.narrow[k] = s.narrow[i]
	}
	return out
}

// scatter is gather undone: bar k of s goes to bar at[k] of n.
func scatter(s Series, at []int, n int) Series {
	holes := make([]uint64, words(n))
	for i := range holes {
		holes[i] = ^uint64(0)
	}
	wide := make([]big.Int, n)
	var x big.Int
	for k, i := range at {
		if s.at(k) {
			wide[i].Set(s.mantissa(k, &x))
			holes[i>>6] &^= 1 << (i & 63)
		}
	}
	return newWide(s.scale, wide, readiness{n: n, holes: holes})
}

// Total is the running total of the ready values, exact.
func Total(s Series) Series {
	return overReady(s, func(s Series) Series {
		if s.wide == nil {
			if out, fit := totalNarrow(s); fit {
				return out
			}
		}
		out := make([]big.Int, s.n)
		var sum, x big.Int
		for i := s.first; i < s.n; i++ {
			out[i].Set(sum.Add(&sum, s.mantissa(i, &x)))
		}
		return newWide(s.scale, out, s.readiness)
	})
}

func totalNarrow(s Series) (Series, bool) {
	out := make([]int64, s.n)
	var sum int64
	fit := true
	for i := s.first; i < s.n; i++ {
		next := sum + s.narrow[i]
		fit = fit && (sum^next)&(s.narrow[i]^next) >= 0
		sum = next
		out[i] = sum
	}
	return newNarrow(s.scale, out, s.readiness), fit
}

// Smooth is the exponential filter that starts with the mean of the first n
// ready values and from then on moves by num/den of the way to each new one:
//
//	y = (num*x + (den-num)*y') / den      0 < num <= den
//
// rounded once a bar. An exponential moving average of n bars is 2/(n+1),
// Wilder's average 1/n.
func Smooth(s Series, n int, num, den int64) Series {
	atLeastOne(n)
	return overReady(s, func(s Series) Series {
		if s.wide == nil {
			if out, fit := smoothNarrow(s, n, num, den); fit {
				return out
			}
		}
		return smoothWide(s, n, num, den)
	})
}

// smoothNarrow is Smooth in 64 bits for values of at most Digits decimals;
// false where they do not suffice. The result is a mean of the values, so an
// interval that holds them holds it too.
func smoothNarrow(s Series, n int, num, den int64) (Series, bool) {
	if s.scale > Digits {
		return Series{}, false
	}
	up, mean, fit := s.toDigits(int64(n), int64(n))
	if !fit {
		return Series{}, false
	}
	if _, _, fit = s.toDigits(den, den); !fit {
		return Series{}, false
	}
	r := s.readiness
	r.first = min(s.first+n-1, s.n)
	out := make([]int64, s.n)
	lo, hi := s.lo*up, s.hi*up
	if r.first == s.n {
		return newBounded(Digits, out, r, lo, hi), true
	}
	var sum int64
	for _, v := range s.narrow[s.first : r.first+1] {
		sum += v
	}
	y := mean.signed(sum * up)
	out[r.first] = y
	f := newSmoother(up, num, den)
	x, z := s.narrow[r.first+1:], out[r.first+1:]
	z = z[:len(x)]
	if lo >= 0 {
		for i, v := range x {
			y = f.nextUnsigned(y, v)
			z[i] = y
		}
	} else {
		for i, v := range x {
			y = f.next(y, v)
			z[i] = y
		}
	}
	return newBounded(Digits, out, r, lo, hi), true
}

// smoother is one step of the filter on mantissas: the only place that knows
// the recurrence in 64 bits.
type smoother struct {
	up, keep int64
	div      divider
}

func newSmoother(up, num, den int64) smoother {
	return smoother{up: up * num, keep: den - num, div: newDivider(den)}
}

func (f smoother) next(y, x int64) int64 { return f.div.signed(x*f.up + y*f.keep) }

func (f smoother) nextUnsigned(y, x int64) int64 { return f.div.unsigned(x*f.up + y*f.keep) }

// smoothWide is Smooth in big integers.
func smoothWide(s Series, n int, num, den int64) Series {
	r := s.readiness
	r.first = min(s.first+n-1, s.n)
	out := make([]big.Int, s.n)
	mean := ratioTo(s.scale, int64(n))
	// y has Digits decimals, x has s.scale: both go to the larger of the two.
	upX := bigPow10(max(0, Digits-s.scale))
	upY := bigPow10(max(0, s.scale-Digits))
	den2 := new(big.Int).Mul(big.NewInt(den), upY)
	upX.Mul(upX, big.NewInt(num))
	upY.Mul(upY, big.NewInt(den-num))
	var sum, x, y, rest big.Int
	for i := s.first; i < s.n; i++ {
		switch m := s.mantissa(i, &x); {
		case i < r.first:
			sum.Add(&sum, m)
			continue
		case i == r.first:
			sum.Add(&sum, m)
			roundDiv(&y, &rest, sum.Mul(&sum, mean.up), mean.down)
		default:
			x.Mul(m, upX)
			x.Add(&x, sum.Mul(&y, upY))
			roundDiv(&y, &rest, &x, den2)
		}
		out[i].Set(&y)
	}
	return newWide(Digits, out, r)
}

// Adapt is the exponential filter whose share of the new value changes from bar
// to bar: y = y' + rate*(x - y'), rounded once a bar to [Digits] decimals. It
// starts with y' = start on the first bar where s and rate are ready and start
// was ready the bar before; bars where s or rate is not ready have no result
// and leave y as it was.
func Adapt(s, rate, start Series) Series {
	both := s.and(rate.readiness)
	before := Shift(start, 1)
	r := readiness{n: s.n, first: s.n, holes: both.holes}
	out := make([]big.Int, s.n)
	scale := max(s.scale, Digits)
	down := bigPow10(rate.scale + scale - Digits)
	upY := bigPow10(scale - Digits)
	unit := bigPow10(rate.scale)
	var y, x, k, keep, rest big.Int
	for i := both.first; i < s.n; i++ {
		if !both.at(i) {
			continue
		}
		if r.first == s.n {
			if !before.at(i) {
				continue
			}
			b := Round(before)
			y.Set(b.rescaled(i, Digits, &x))
			r.first = i
		}
		// y = (rate*x + (1-rate)*y') in mantissas of rate.scale + scale decimals.
		m := rate.mantissa(i, &k)
		keep.Sub(unit, m)
		x.Mul(s.rescaled(i, scale, &x), m)
		x.Add(&x, keep.Mul(&keep, rest.Mul(&y, upY)))
		roundDiv(&y, &rest, &x, down)
		out[i].Set(&y)
	}
	return newWide(Digits, out, r)
}
