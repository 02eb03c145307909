package series

import (
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"
)

// Against compares a column with one number without making a column of it: on
// which bars s is below the level, and on which above. Where s is ready and
// neither, it is equal.
func Against(s Series, level decimal.Decimal) (below, above Bits) {
	AgainstInto(s, level, &below, &above)
	return below, above
}

// AgainstInto is Against into columns that are written anew.
func AgainstInto(s Series, level decimal.Decimal, below, above *Bits) {
	below.resize(s.n)
	above.resize(s.n)
	ready, less, greater := below.ready, below.truth, above.truth
	s.readiness.fill(ready)
	copy(above.ready, ready)
	clear(less)
	clear(greater)
	// A mantissa is below the level when it is below the level rounded up to
	// a mantissa, and above it when it is above the level rounded down.
	up, down := level.Shift(s.scale).Ceil().BigInt(), level.Shift(s.scale).Floor().BigInt()
	switch {
	case s.wide != nil:
		againstWide(s, up, down, less, greater)
	case !up.IsInt64() && up.Sign() > 0 || !down.IsInt64() && down.Sign() > 0:
		copy(less, ready)
	case !up.IsInt64() || !down.IsInt64():
		copy(greater, ready)
	default:
		against(s, up.Int64(), down.Int64(), ready, less, greater)
	}
}

func against(s Series, up, down int64, ready, less, greater []uint64) {
	const sign = 1 << 63 // turns the order of signed numbers into that of unsigned ones
	ceiling, floor := uint64(up)^sign, uint64(down)^sign
	for w := s.first >> 6; w < len(ready); w++ {
		x := s.narrow[w<<6:]
		x = x[:min(64, len(x))]
		var l, g uint64
		for i := len(x) - 1; i >= 0; i-- {
			v := uint64(x[i]) ^ sign
			_, under := bits.Sub64(v, ceiling, 0)
			l, _ = bits.Add64(l, l, under)
			_, over := bits.Sub64(floor, v, 0)
			g, _ = bits.Add64(g, g, over)
		}
		less[w], greater[w] = l&ready[w], g&ready[w]
	}
}

func againstWide(s Series, up, down *big.Int, less, greater []uint64) {
	for i := s.first; i < s.n; i++ {
		switch {
		case !s.at(i):
		case s.wide[i].Cmp(up) < 0:
			mark(less, i)
		case s.wide[i].Cmp(down) > 0:
			mark(greater, i)
		}
	}
}
