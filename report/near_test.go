package report

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// sameRatio tells whether two ratios are written alike.
func sameRatio(a, b Ratio) bool { return a.Defined == b.Defined && a.String() == b.String() }

func TestARatioIsTheExactOneHoweverItWasSettled(t *testing.T) {
	amount := func(t *rapid.T, name string, from int64) decimal.Decimal {
		top := rapid.SampledFrom([]int64{1, 7, 1000, 1e9, 1 << 62}).Draw(t, name+" up to")
		return decimal.New(rapid.Int64Range(max(from, -top), top).Draw(t, name), -rapid.Int32Range(0, 24).Draw(t, name+" digits"))
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := amount(t, "a", -1<<62), amount(t, "b", 1)
		if got, want := over(a, b), ratio(a.DivRound(b, 2*workDigits)); !sameRatio(got, want) {
			t.Errorf("%s / %s is %s, want %s", a, b, got, want)
		}
		x := yearly(b, rapid.Int64Range(1, 2_000_000).Draw(t, "sessions")).root()
		if got, want := x.ratio(), ratio(x.exact()); !sameRatio(got, want) {
			t.Errorf("root: %s, want %s", got, want)
		}
		mean := yearly(a, rapid.Int64Range(1, 2_000_000).Draw(t, "returns"))
		if exact := x.exact(); !exact.IsZero() {
			if got, want := mean.over(x), ratio(mean.exact().DivRound(exact, 2*workDigits)); !sameRatio(got, want) {
				t.Errorf("sharpe: %s, want %s", got, want)
			}
		}
	})
}

func TestAYearIsTheExactOneHoweverItWasSettled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		growth := decimal.New(rapid.Int64Range(1, 1<<62).Draw(t, "growth"), -rapid.Int32Range(15, 24).Draw(t, "digits"))
		n := rapid.IntRange(1, 20_000).Draw(t, "sessions")
		if got, want := annual(growth, n), exactAnnual(growth, n); !sameRatio(got, want) {
			t.Errorf("%s in %d sessions: %s, want %s", growth, n, got, want)
		}
	})
}

// Halves of the last digit, and what lies next to them, are for the exact numbers alone.
func TestTheMiddleBetweenTwoRatiosIsRoundedExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Int64Range(-999_999_999, 999_999_999).Draw(t, "whole")
		off := rapid.SampledFrom([]int64{0, 1, -1, 100, -100, 1_000_000_000}).Draw(t, "off")
		middle := decimal.New(10*whole+5, -7).Add(decimal.New(off, -20))
		if got, want := over(middle.Mul(decimal.NewFromInt(3)), decimal.NewFromInt(3)), ratio(middle); !sameRatio(got, want) {
			t.Errorf("%s is %s, want %s", middle, got, want)
		}
	})
}

func TestATallyIsTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all, other tally
		var want, wantOther decimal.Decimal
		for range rapid.IntRange(0, 30).Draw(t, "amounts") {
			top := rapid.SampledFrom([]int64{100, 1e9, 1 << 62}).Draw(t, "up to")
			d := decimal.New(rapid.Int64Range(-top, top).Draw(t, "amount"), rapid.Int32Range(-12, 3).Draw(t, "exponent"))
			times := rapid.Int64Range(-top, top).Draw(t, "times")
			if rapid.Bool().Draw(t, "other") {
				other.add(d, times)
				wantOther = wantOther.Add(d.Mul(decimal.NewFromInt(times)))
			} else {
				all.add(d, times)
				want = want.Add(d.Mul(decimal.NewFromInt(times)))
			}
		}
		sign := rapid.SampledFrom([]int64{1, -1}).Draw(t, "join")
		all.join(other, sign)
		want = want.Add(wantOther.Mul(decimal.NewFromInt(sign)))
		if got := all.sum(); !got.Equal(want) || all.sign() != want.Sign() {
			t.Fatalf("%s of sign %d, want %s", got, all.sign(), want)
		}
	})
}
