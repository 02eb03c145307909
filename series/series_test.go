package series

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// column is the plain form every operation is held against: one decimal per
// bar, nil where the bar is not ready.
type column []*decimal.Decimal

func some(d decimal.Decimal) *decimal.Decimal { return &d }

// series builds the Series of c, its holes included.
func (c column) series() Series {
	values := make([]decimal.Decimal, len(c))
	holes := make([]uint64, words(len(c)))
	for i, v := range c {
		if v == nil {
			mark(holes, i)
			continue
		}
		values[i] = *v
	}
	s := FromDecimals(values)
	if s.wide != nil {
		return newWide(s.scale, s.wide, readiness{n: len(c), holes: holes})
	}
	return newNarrow(s.scale, s.narrow, readiness{n: len(c), holes: holes})
}

// widened is s with big mantissas though 64 bits would do, so that both forms
// of a kernel see the same values.
func widened(s Series) Series {
	if s.wide != nil {
		return s
	}
	s.wide = make([]big.Int, s.n)
	for i, v := range s.narrow {
		s.wide[i].SetInt64(v)
	}
	s.narrow = nil
	return s
}

func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, name string, got Series, want column) {
	t.Helper()
	if got.Len() != len(want) {
		t.Fatalf("%s: %d bars, want %d", name, got.Len(), len(want))
	}
	first := len(want)
	for i := len(want) - 1; i >= 0; i-- {
		v, ok := got.At(i)
		if ok != (want[i] != nil) {
			t.Fatalf("%s: bar %d ready=%v, want %v", name, i, ok, want[i])
		}
		if ok != got.Ready(i) {
			t.Fatalf("%s: bar %d: At and Ready disagree", name, i)
		}
		if !ok {
			continue
		}
		first = i
		if !v.Equal(*want[i]) {
			t.Fatalf("%s: bar %d is %s, want %s", name, i, v, want[i])
		}
		if got.wide == nil && (got.narrow[i] < got.lo || got.narrow[i] > got.hi) {
			t.Fatalf("%s: bar %d: %d outside %d..%d", name, i, got.narrow[i], got.lo, got.hi)
		}
	}
	if got.First() != first {
		t.Fatalf("%s: first ready bar %d, want %d", name, got.First(), first)
	}
	if got.wide == nil {
		for i, m := range got.narrow {
			if m != 0 && !got.at(i) {
				t.Fatalf("%s: bar %d is not ready but holds %d", name, i, m)
			}
		}
	}
}

// anyColumn draws n bars of one of the kinds of values that trading meets and
// some that it does not: won prices, adjusted prices, ratios, flat stretches,
// mantissas near the end of 64 bits and beyond.
func anyColumn(t *rapid.T, label string, n int) column {
	scale := rapid.Int32Range(0, 12).Draw(t, label+" scale")
	limit := rapid.SampledFrom([]int64{1, 3, 1000, 2_000_000, 1 << 31, 1 << 40, 1 << 52, 1 << 61, 1<<63 - 1}).Draw(t, label+" limit")
	low := rapid.SampledFrom([]int64{-limit, 0, 1}).Draw(t, label+" low")
	beyond := rapid.SampledFrom([]int64{1, 1, 1, 1, 1e9, 1 << 62}).Draw(t, label+" beyond")
	holes := rapid.SampledFrom([]int{0, 0, 0, 2, 9}).Draw(t, label+" holes")
	flat := rapid.SampledFrom([]int{0, 0, 2}).Draw(t, label+" flat")
	m := rapid.Int64Range(low, limit)
	c := make(column, n)
	for i := range c {
		switch {
		case holes > 0 && rapid.IntRange(0, holes).Draw(t, "hole") == 0:
			continue
		case flat > 0 && i > 0 && c[i-1] != nil && rapid.IntRange(0, flat).Draw(t, "flat") > 0:
			c[i] = c[i-1]
		default:
			c[i] = some(decimal.New(m.Draw(t, "m"), -scale).Mul(decimal.NewFromInt(beyond)))
		}
	}
	return c
}

func zipColumn(a, b column, f func(x, y decimal.Decimal) *decimal.Decimal) column {
	out := make(column, len(a))
	for i := range a {
		if a[i] != nil && b[i] != nil {
			out[i] = f(*a[i], *b[i])
		}
	}
	return out
}

func TestArithmeticEqualsPlainDecimals(t *testing.T) {
	binary := []struct {
		name  string
		fast  func(a, b Series) Series
		plain func(x, y decimal.Decimal) *decimal.Decimal
	}{
		{"Add", Add, func(x, y decimal.Decimal) *decimal.Decimal { return some(x.Add(y)) }},
		{"Sub", Sub, func(x, y decimal.Decimal) *decimal.Decimal { return some(x.Sub(y)) }},
		{"Mul", Mul, func(x, y decimal.Decimal) *decimal.Decimal { return some(x.Mul(y)) }},
		{"Div", Div, func(x, y decimal.Decimal) *decimal.Decimal {
			if y.IsZero() {
				return nil
			}
			return some(x.DivRound(y, Digits))
		}},
		{"Larger", Larger, larger}, {"Smaller", Smaller, smaller},
		{"Neg", func(a, _ Series) Series { return Neg(a) }, func(x, _ decimal.Decimal) *decimal.Decimal { return some(x.Neg()) }},
		{"Abs", func(a, _ Series) Series { return Abs(a) }, func(x, _ decimal.Decimal) *decimal.Decimal { return some(x.Abs()) }},
		{"Round", func(a, _ Series) Series { return Round(a) }, func(x, _ decimal.Decimal) *decimal.Decimal { return some(x.Round(Digits)) }},
		{"Sqrt", func(a, _ Series) Series { return Sqrt(a) }, func(x, _ decimal.Decimal) *decimal.Decimal {
			if x.IsNegative() {
				return nil
			}
			return some(plainRoot(x))
		}},
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 80).Draw(t, "n")
		ca, cb := anyColumn(t, "a", n), anyColumn(t, "b", n)
		a, b := ca.series(), cb.series()
		for _, op := range binary {
			want := zipColumn(ca, cb, op.plain)
			if op.name == "Neg" || op.name == "Abs" || op.name == "Round" || op.name == "Sqrt" {
				want = zipColumn(ca, ca, op.plain)
			}
			check(t, op.name, op.fast(a, b), want)
			check(t, op.name+" wide", op.fast(widened(a), b), want)
		}
	})
}

func larger(x, y decimal.Decimal) *decimal.Decimal  { return some(decimal.Max(x, y)) }
func smaller(x, y decimal.Decimal) *decimal.Decimal { return some(decimal.Min(x, y)) }

// plainRoot is the root of x rounded half away from zero, by bisection.
func plainRoot(x decimal.Decimal) decimal.Decimal {
	unit := decimal.New(1, -Digits)
	half := decimal.New(5, -Digits-1)
	lo, hi := big.NewInt(0), x.Add(decimal.NewFromInt(2)).Shift(Digits).BigInt()
	for { // the largest r with (r - half)^2 <= x
		mid := new(big.Int).Add(lo, hi)
		if mid.Rsh(mid, 1); mid.Cmp(lo) == 0 {
			return decimal.NewFromBigInt(lo, -Digits)
		}
		r := decimal.NewFromBigInt(mid, 0).Mul(unit).Sub(half)
		if r.Mul(r).LessThanOrEqual(x) {
			lo = mid
		} else {
			hi = mid
		}
	}
}

// windowed applies f to the last n values of every bar where all are ready.
func windowed(c column, n int, f func(w []decimal.Decimal) decimal.Decimal) column {
	out := make(column, len(c))
bars:
	for i := n - 1; i < len(c); i++ {
		var w []decimal.Decimal
		for _, v := range c[i-n+1 : i+1] {
			if v == nil {
				continue bars
			}
			w = append(w, *v)
		}
		out[i] = some(f(w))
	}
	return out
}

func plainSum(w []decimal.Decimal) decimal.Decimal {
	return decimal.Sum(decimal.Zero, w...)
}

func TestRollingEqualsPlainDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyColumn(t, "s", rapid.IntRange(0, 90).Draw(t, "n"))
		n := rapid.SampledFrom([]int{1, 2, 3, 5, 14, 20, 33, 100}).Draw(t, "window")
		weights := rapid.SliceOfN(rapid.Int64Range(-1e8, 1e8), n, n).Draw(t, "weights")
		divisor := rapid.Int64Range(1, 1e9).Draw(t, "divisor")
		count := decimal.NewFromInt(int64(n))
		ops := []struct {
			name  string
			fast  func(Series) Series
			plain func(w []decimal.Decimal) decimal.Decimal
		}{
			{"Sum", func(s Series) Series { return Sum(s, n) }, plainSum},
			{"Mean", func(s Series) Series { return Mean(s, n) }, func(w []decimal.Decimal) decimal.Decimal {
				return plainSum(w).DivRound(count, Digits)
			}},
			{"Highest", func(s Series) Series { return Highest(s, n) }, func(w []decimal.Decimal) decimal.Decimal {
				return decimal.Max(w[0], w...)
			}},
			{"Lowest", func(s Series) Series { return Lowest(s, n) }, func(w []decimal.Decimal) decimal.Decimal {
				return decimal.Min(w[0], w...)
			}},
			{"Variance", func(s Series) Series { return Variance(s, n) }, func(w []decimal.Decimal) decimal.Decimal {
				sum, squares := plainSum(w), decimal.Zero
				for _, v := range w {
					squares = squares.Add(v.Mul(v))
				}
				return squares.Mul(count).Sub(sum.Mul(sum)).DivRound(count.Mul(count), Digits)
			}},
			{"Weighted", func(s Series) Series { return Weighted(s, weights, divisor) }, func(w []decimal.Decimal) decimal.Decimal {
				sum := decimal.Zero
				for i, v := range w {
					sum = sum.Add(v.Mul(decimal.NewFromInt(weights[i])))
				}
				return sum.DivRound(decimal.NewFromInt(divisor), Digits)
			}},
			{"MeanDeviation", func(s Series) Series { return MeanDeviation(s, n) }, func(w []decimal.Decimal) decimal.Decimal {
				mean, sum := plainSum(w).DivRound(count, Digits), decimal.Zero
				for _, v := range w {
					sum = sum.Add(v.Sub(mean).Abs())
				}
				return sum.DivRound(count, Digits)
			}},
			{"SinceHighest", func(s Series) Series { return SinceHighest(s, n) }, func(w []decimal.Decimal) decimal.Decimal {
				return latest(w, decimal.Decimal.GreaterThanOrEqual)
			}},
			{"SinceLowest", func(s Series) Series { return SinceLowest(s, n) }, func(w []decimal.Decimal) decimal.Decimal {
				return latest(w, decimal.Decimal.LessThanOrEqual)
			}},
		}
		for _, op := range ops {
			want := windowed(c, n, op.plain)
			check(t, op.name, op.fast(c.series()), want)
			check(t, op.name+" wide", op.fast(widened(c.series())), want)
		}
	})
}

// latest is how far from the end of w its last best value is.
func latest(w []decimal.Decimal, beats func(a, b decimal.Decimal) bool) decimal.Decimal {
	best := 0
	for i := range w {
		if beats(w[i], w[best]) {
			best = i
		}
	}
	return decimal.NewFromInt(int64(len(w) - 1 - best))
}

// plainSmooth is Smooth in plain decimals.
func plainSmooth(c column, n int, num, den int64) column {
	out := make(column, len(c))
	var seen []decimal.Decimal
	var y decimal.Decimal
	for i, x := range c {
		if x == nil {
			continue
		}
		seen = append(seen, *x)
		switch {
		case len(seen) < n:
			continue
		case len(seen) == n:
			y = plainSum(seen).DivRound(decimal.NewFromInt(int64(n)), Digits)
		default:
			y = x.Mul(decimal.NewFromInt(num)).Add(y.Mul(decimal.NewFromInt(den-num))).DivRound(decimal.NewFromInt(den), Digits)
		}
		out[i] = some(y)
	}
	return out
}

func TestRecursionsEqualPlainDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, 90).Draw(t, "n")
		c := anyColumn(t, "s", size)
		n := rapid.SampledFrom([]int{1, 2, 3, 9, 14, 100}).Draw(t, "seed")
		den := rapid.Int64Range(1, 300).Draw(t, "den")
		num := rapid.Int64Range(1, den).Draw(t, "num")
		want := plainSmooth(c, n, num, den)
		check(t, "Smooth", Smooth(c.series(), n, num, den), want)
		check(t, "Smooth wide", Smooth(widened(c.series()), n, num, den), want)

		total, sum := make(column, size), decimal.Zero
		for i, v := range c {
			if v != nil {
				sum = sum.Add(*v)
				total[i] = some(sum)
			}
		}
		check(t, "Total", Total(c.series()), total)
		check(t, "Total wide", Total(widened(c.series())), total)

		rate, start := anyColumn(t, "rate", size), anyColumn(t, "start", size)
		adapted, y := make(column, size), (*decimal.Decimal)(nil)
		for i, x := range c {
			if x == nil || rate[i] == nil {
				continue
			}
			if y == nil {
				if i == 0 || start[i-1] == nil {
					continue
				}
				y = some(start[i-1].Round(Digits))
			}
			y = some(y.Add(rate[i].Mul(x.Sub(*y))).Round(Digits))
			adapted[i] = y
		}
		check(t, "Adapt", Adapt(c.series(), rate.series(), start.series()), adapted)
		check(t, "Adapt wide", Adapt(widened(c.series()), rate.series(), start.series()), adapted)

		reset := Less(rate.series(), Constant(size, decimal.NewFromInt(2)))
		since, held := make(column, size), make(column, size)
		var run, last *decimal.Decimal
		for i, x := range c {
			again := rate[i] != nil && rate[i].LessThan(decimal.NewFromInt(2))
			switch {
			case x == nil || rate[i] == nil:
				run = nil
			case again:
				run = x
			case run != nil:
				run = some(run.Add(*x))
			}
			since[i] = run
			if again && x != nil {
				last = x
			}
			if rate[i] != nil {
				held[i] = last
			}
		}
		check(t, "TotalSince", TotalSince(c.series(), reset), since)
		check(t, "Hold", Hold(c.series(), reset), held)
		check(t, "Hold wide", Hold(widened(c.series()), reset), held)
	})
}

func TestShiftLooksBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyColumn(t, "s", rapid.IntRange(0, 200).Draw(t, "n"))
		k := rapid.IntRange(0, 210).Draw(t, "bars")
		want := make(column, len(c))
		for i := k; i < len(c); i++ {
			want[i] = c[i-k]
		}
		check(t, "Shift", Shift(c.series(), k), want)
		check(t, "Shift wide", Shift(widened(c.series()), k), want)

		cut := append(make(column, min(k, len(c))), c[min(k, len(c)):]...)
		check(t, "From", c.series().From(k), cut)
		check(t, "From wide", widened(c.series()).From(k), cut)
	})
}

func TestColumnsHoldTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyColumn(t, "s", rapid.IntRange(0, 70).Draw(t, "n"))
		check(t, "FromDecimals", c.series(), c)
		v := decimal.New(rapid.Int64().Draw(t, "value"), rapid.Int32Range(-20, 5).Draw(t, "exponent"))
		want := make(column, len(c))
		for i := range want {
			want[i] = &v
		}
		check(t, "Constant", Constant(len(c), v), want)
		check(t, "NotReady", NotReady(len(c)), make(column, len(c)))
	})
	check(t, "Of", Of(2, []int64{150, -5}), column{some(decimal.New(15, -1)), some(decimal.New(-5, -2))})
	check(t, "zero Series", Series{}, nil)
}

func TestOverflowGoesWideAndNeverWraps(t *testing.T) {
	const top = 1<<63 - 1
	huge := Of(0, []int64{top, -top - 1})
	want := decimal.NewFromInt(top)
	for name, got := range map[string]Series{
		"Add": Add(huge, huge), "Sum": Add(Sum(huge, 1), huge), "Total": Add(huge, Total(Of(0, []int64{top, 0}))),
	} {
		if v, _ := got.At(0); !v.Equal(want.Add(want)) {
			t.Errorf("%s: %s", name, v)
		}
	}
	if v, _ := Neg(huge).At(1); v.String() != "9223372036854775808" {
		t.Errorf("Neg of the smallest integer is %s", v)
	}
	if v, _ := Mul(huge, huge).At(0); !v.Equal(want.Mul(want)) {
		t.Errorf("Mul: %s", v)
	}
}

func TestDivisionRoundsHalfAwayFromZero(t *testing.T) {
	for _, row := range []struct{ a, b, want string }{
		{"1", "3", "0.33333333"}, {"2", "3", "0.66666667"}, {"-2", "3", "-0.66666667"},
		{"0.00000001", "2", "0.00000001"}, {"-0.00000001", "2", "-0.00000001"}, {"0.00000001", "-2", "-0.00000001"},
		{"0.00000003", "2", "0.00000002"}, {"0.00000001", "2.1", "0"}, {"7", "-7", "-1"},
	} {
		a, b := decimal.RequireFromString(row.a), decimal.RequireFromString(row.b)
		if got, _ := Div(Constant(1, a), Constant(1, b)).At(0); got.String() != row.want {
			t.Errorf("%s / %s = %s, want %s", row.a, row.b, got, row.want)
		}
	}
}

func TestTheDividerIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.OneOf(rapid.Int64Range(1, 1<<61), rapid.Int64Range(1, 1000)).Draw(t, "d")
		limit := int64(1<<63 - 1 - d)
		v := rapid.OneOf(rapid.Int64Range(-limit, limit), rapid.Int64Range(-9999, 9999)).Draw(t, "v")
		if rapid.Bool().Draw(t, "at a half") {
			v = v/d*d + d/2
		}
		v = max(-limit, min(limit, v))
		want := decimal.NewFromInt(v).DivRound(decimal.NewFromInt(d), 0).IntPart()
		if got := NewDivider(d).Signed(v); got != want {
			t.Fatalf("%d / %d = %d, want %d", v, d, got, want)
		}
		if got := NewDivider(d).Floor(max(v, -v)); got != max(v, -v)/d {
			t.Fatalf("floor of %d / %d = %d", max(v, -v), d, got)
		}
	})
}

func TestTheRootIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.OneOf(rapid.Int64Range(0, 1<<63-1), rapid.Int64Range(0, 99), rapid.Int64Range(0, 1<<40))
		v, k := some.Draw(t, "v"), max(1, some.Draw(t, "k"))
		if rapid.Bool().Draw(t, "beside a square") {
			r := v >> 32
			v, k = max(0, r*r+rapid.Int64Range(-2, 2).Draw(t, "beside")+rapid.SampledFrom([]int64{0, r, -r}).Draw(t, "half")), 1
		}
		product := new(big.Int).Mul(big.NewInt(v), big.NewInt(k))
		want := new(big.Int).Sqrt(product)
		if rest := new(big.Int).Sub(product, new(big.Int).Mul(want, want)); rest.Cmp(want) > 0 {
			want.Add(want, one)
		}
		if got := Root(v, k); got != want.Int64() {
			t.Fatalf("root of %d * %d is %d, want %s", v, k, got, want)
		}
	})
}

// truths is the plain form of Bits: nil where not ready.
type truths []*bool

func checkBits(t *rapid.T, name string, got Bits, want truths) {
	t.Helper()
	if got.Len() != len(want) {
		t.Fatalf("%s: %d bars, want %d", name, got.Len(), len(want))
	}
	next := len(want)
	for i := len(want) - 1; i >= 0; i-- {
		truth, ready := got.At(i)
		if ready != (want[i] != nil) || truth != (ready && *want[i]) {
			t.Fatalf("%s: bar %d is %v, %v; want %v", name, i, truth, ready, want[i])
		}
		if truth {
			next = i
		}
		if got.Next(i) != next {
			t.Fatalf("%s: next after %d is %d, want %d", name, i, got.Next(i), next)
		}
	}
}

func zipTruths[T any](a, b []*T, f func(x, y T) bool) truths {
	out := make(truths, len(a))
	for i := range a {
		if a[i] != nil && b[i] != nil {
			v := f(*a[i], *b[i])
			out[i] = &v
		}
	}
	return out
}

// before is the plain look-back of one bar.
func before[T any](a []*T) []*T {
	out := make([]*T, len(a))
	copy(out[min(1, len(a)):], a)
	return out
}

func TestConditionsEqualPlainDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 150).Draw(t, "n")
		ca, cb := anyColumn(t, "a", n), anyColumn(t, "b", n)
		for i := range cb { // ties, across scales
			if ca[i] != nil && rapid.IntRange(0, 3).Draw(t, "tie") == 0 {
				cb[i] = ca[i]
			}
		}
		less := zipTruths(ca, cb, decimal.Decimal.LessThan)
		atMost := zipTruths(ca, cb, decimal.Decimal.LessThanOrEqual)
		greater := zipTruths(ca, cb, decimal.Decimal.GreaterThan)
		atLeast := zipTruths(ca, cb, decimal.Decimal.GreaterThanOrEqual)
		and := func(x, y bool) bool { return x && y }
		for _, a := range []Series{ca.series(), widened(ca.series())} {
			b := cb.series()
			checkBits(t, "Less", Less(a, b), less)
			checkBits(t, "LessEqual", LessEqual(a, b), atMost)
			checkBits(t, "Equal", Equal(a, b), zipTruths(ca, cb, decimal.Decimal.Equal))
			checkBits(t, "CrossAbove", CrossAbove(a, b), zipTruths(before(atMost), greater, and))
			checkBits(t, "CrossBelow", CrossBelow(a, b), zipTruths(before(atLeast), less, and))
		}
	})
}

func TestTruthsCombineStrictly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "n")
		zero := make(column, n)
		for i := range zero {
			zero[i] = some(decimal.Zero)
		}
		ca, cb := anyColumn(t, "a", n), anyColumn(t, "b", n)
		a, b := Less(ca.series(), zero.series()), Less(zero.series(), cb.series())
		pa, pb := zipTruths(ca, zero, decimal.Decimal.LessThan), zipTruths(cb, zero, decimal.Decimal.GreaterThan)
		checkBits(t, "And", And(a, b), zipTruths(pa, pb, func(x, y bool) bool { return x && y }))
		checkBits(t, "Or", Or(a, b), zipTruths(pa, pb, func(x, y bool) bool { return x || y }))
		checkBits(t, "Not", Not(a), zipTruths(pa, pa, func(x, _ bool) bool { return !x }))

		k := rapid.IntRange(0, 210).Draw(t, "k")
		shifted := make(truths, n)
		for i := k; i < n; i++ {
			shifted[i] = pa[i-k]
		}
		checkBits(t, "ShiftBits", ShiftBits(a, k), shifted)

		window := rapid.IntRange(1, 70).Draw(t, "window")
		numbers := make(column, n)
		since, streak := make(column, n), make(column, n)
		last, run := -1, int64(0)
		for i, v := range pa {
			if v == nil {
				run = 0
				continue
			}
			numbers[i] = some(decimal.Zero)
			if run++; *v {
				numbers[i], last = some(decimal.NewFromInt(1)), i
			} else {
				run = 0
			}
			if last >= 0 {
				since[i] = some(decimal.NewFromInt(int64(i - last)))
			}
			streak[i] = some(decimal.NewFromInt(run))
		}
		check(t, "Count", Count(a, window), windowed(numbers, window, plainSum))
		check(t, "BarsSince", BarsSince(a), since)
		check(t, "Streak", Streak(a), streak)
	})
}

func TestLogarithmIsTheNearestDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyColumn(t, "s", rapid.IntRange(0, 6).Draw(t, "n"))
		want := zipColumn(c, c, func(x, _ decimal.Decimal) *decimal.Decimal {
			if !x.IsPositive() {
				return nil
			}
			v, err := x.Ln(40)
			if err != nil {
				t.Fatal(err)
			}
			return some(v.Round(Digits))
		})
		check(t, "Ln", Ln(c.series()), want)
		check(t, "Ln wide", Ln(widened(c.series())), want)
		for i, x := range c { // the slow way on the values the estimate decides
			if want[i] != nil {
				m := lnExact(x.Coefficient(), -x.Exponent())
				if v := decimal.NewFromBigInt(m, -Digits); x.Exponent() <= 0 && !v.Equal(*want[i]) {
					t.Fatalf("ln %s is %s, want %s", x, v, want[i])
				}
			}
		}
	})
}

func TestExponentialIsTheNearestDecimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.Int32Range(0, 9).Draw(t, "scale")
		limit := rapid.SampledFrom([]int64{3, 20, 60}).Draw(t, "limit") * powers[scale]
		m := rapid.Int64Range(-limit, limit).Draw(t, "m")
		x := decimal.New(m, -scale)
		y, err := x.ExpTaylor(60)
		if err != nil {
			t.Fatal(err)
		}
		want := column{some(y.Round(Digits))}
		check(t, "Exp", Exp(column{&x}.series()), want)
		if v := decimal.NewFromBigInt(expExact(big.NewInt(m), scale), -Digits); !v.Equal(*want[0]) {
			t.Fatalf("exp %s is %s, want %s", x, v, want[0])
		}
	})
	check(t, "exp 1001", Exp(Of(0, []int64{1001, -1 << 62})), column{nil, some(decimal.Zero)})
}

func TestChoicesEqualPlainDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 150).Draw(t, "n")
		ca, cb, cc := anyColumn(t, "a", n), anyColumn(t, "b", n), anyColumn(t, "c", n)
		where, otherwise := make(column, n), make(column, n)
		for i := range where {
			if cc[i] != nil {
				if where[i] = cb[i]; cc[i].IsNegative() {
					where[i] = ca[i]
				}
			}
			if otherwise[i] = cb[i]; ca[i] != nil {
				otherwise[i] = ca[i]
			}
		}
		for _, a := range []Series{ca.series(), widened(ca.series())} {
			negative := Less(cc.series(), Constant(n, decimal.Zero))
			check(t, "Where", Where(negative, a, cb.series()), where)
			check(t, "Else", Else(a, cb.series()), otherwise)
		}
	})
}

func TestAColumnOfOtherLengthIsRefused(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); got != "series: columns of different lengths" {
			t.Errorf("panic %q", got)
		}
	}()
	Add(Of(0, make([]int64, 2)), Of(0, make([]int64, 3)))
}

func TestNarrowColumnsGoThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyColumn(t, "s", rapid.IntRange(0, 70).Draw(t, "n"))
		s := c.series()
		v, ok := s.Narrow()
		if ok != (s.wide == nil && s.holes == nil) {
			t.Fatalf("narrow is %v", ok)
		}
		if !ok {
			return
		}
		scale := s.scale + rapid.Int32Range(-1, 9).Draw(t, "more")
		w, fit := v.AtScale(scale)
		if unfit := s.rescaledMagnitude(scale) > 62; fit == unfit {
			t.Fatalf("at scale %d fits: %v", scale, fit)
		}
		if fit {
			w.Mantissas = append([]int64(nil), w.Mantissas...)
			check(t, "AtScale", w.Series(), c)
		}
	})
}

// rescaledMagnitude is the bits of the largest mantissa at another scale.
func (s Series) rescaledMagnitude(scale int32) int {
	if scale < s.scale {
		return 64
	}
	var top int
	for i := range s.narrow {
		top = max(top, s.rescaled(i, scale, new(big.Int)).BitLen())
	}
	return top
}

// Columns of truths that are written anew say what fresh ones say, whatever they held before.
func TestTruthsWrittenAnewSayWhatFreshOnesSay(t *testing.T) {
	var below, above, z Bits
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "bars")
		draw := func(name string) Series {
			low := rapid.SampledFrom([]int64{-3, 0}).Draw(t, name+" low")
			return Of(rapid.Int32Range(0, 1).Draw(t, name+" scale"), rapid.SliceOfN(rapid.Int64Range(low, 3), n, n).Draw(t, name)).From(rapid.IntRange(0, n).Draw(t, name+" first"))
		}
		a, b := draw("a"), draw("b")
		CompareInto(a, b, &below, &above)
		for i := range n {
			x, readyX := a.At(i)
			y, readyY := b.At(i)
			l, readyL := below.At(i)
			g, readyG := above.At(i)
			if ready := readyX && readyY; readyL != ready || readyG != ready || l != (ready && x.Cmp(y) < 0) || g != (ready && x.Cmp(y) > 0) {
				t.Fatalf("bar %d: %s and %s, ready %v: below %v, above %v", i, x, y, ready, l, g)
			}
		}
		same := func(what string, want Bits) {
			if z.Len() != want.Len() {
				t.Fatalf("%s has %d bars of %d", what, z.Len(), want.Len())
			}
			for i := range n {
				truth, ready := want.At(i)
				if got, gotReady := z.At(i); got != truth || gotReady != ready {
					t.Fatalf("%s on bar %d: %v %v, want %v %v", what, i, got, gotReady, truth, ready)
				}
			}
			if z.Next(n) != n {
				t.Fatalf("%s goes on after the end", what)
			}
		}
		z.And(below, above)
		same("and", And(below, above))
		z.Or(below, above)
		same("or", Or(below, above))
		z.AndNot(above, below)
		same("and not", And(above, Not(below)))
		z.Among(above, below)
		same("among", And(above, Or(below, Not(below))))
		k := rapid.IntRange(0, n+1).Draw(t, "shift")
		z.Shift(above, k)
		same("shift", ShiftBits(above, k))
		z.Begun(above)
		same("begun", And(above, Not(ShiftBits(above, 1))))
		z.Set(above)
		z.Not(z)
		same("not", Not(above))
	})
}
