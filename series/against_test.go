package series

import (
	"math"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// A level is near the values, equal to one of them, between two mantissas, or
// far beyond what 64 bits hold.
func TestAgainstEqualsPlainDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyColumn(t, "s", rapid.IntRange(0, 150).Draw(t, "n"))
		level := decimal.New(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3)).Draw(t, "level"), rapid.Int32Range(-14, 20).Draw(t, "exponent"))
		if i := rapid.IntRange(0, len(c)).Draw(t, "tie"); i < len(c) && c[i] != nil {
			level = c[i].Add(decimal.New(rapid.Int64Range(-1, 1).Draw(t, "beside"), -rapid.Int32Range(0, 14).Draw(t, "digits")))
		}
		for name, s := range map[string]Series{"narrow": c.series(), "wide": widened(c.series())} {
			below, above := Against(s, level)
			sides := make([]*int, len(c))
			for i, v := range c {
				if v != nil {
					sign := v.Cmp(level)
					sides[i] = &sign
				}
			}
			checkBits(t, name+" below", below, zipTruths(sides, sides, func(sign, _ int) bool { return sign < 0 }))
			checkBits(t, name+" above", above, zipTruths(sides, sides, func(sign, _ int) bool { return sign > 0 }))
		}
	})
}

func TestAgainstTheEdgesOf64Bits(t *testing.T) {
	s := Of(0, []int64{math.MinInt64, -1, 0, 1, math.MaxInt64})
	for level, want := range map[string][2]int{
		"9223372036854775807":    {4, 0}, // below, above
		"9223372036854775806.5":  {4, 1},
		"9223372036854775807.5":  {5, 0},
		"9223372036854775808":    {5, 0},
		"-9223372036854775808":   {0, 4},
		"-9223372036854775808.5": {0, 5},
		"-9223372036854775809":   {0, 5},
		"0.5":                    {3, 2},
		"0":                      {2, 2},
	} {
		below, above := Against(s, decimal.RequireFromString(level))
		if got := [2]int{trues(below), trues(above)}; got != want {
			t.Errorf("%s: %v, want %v", level, got, want)
		}
	}
}

func trues(b Bits) (n int) {
	for i := b.Next(0); i < b.Len(); i = b.Next(i + 1) {
		n++
	}
	return n
}
