package indicator

import (
	"fmt"

	"github.com/shopspring/decimal"

	"maemae/series"
)

// sar is Wilder's parabolic stop and reverse. While long, the stop moves each bar
// by the acceleration times its distance from the highest high since the turn,
// but never above the lows of this bar and the one before; the acceleration
// begins at af_start and grows by af_step, up to af_max, with each new high. When
// a low reaches the stop the position turns: the stop jumps to that highest high
// (not below the last two highs) and the rest is mirrored. The stop is rounded
// on each bar. The second bar decides the first direction: long if it did not
// close lower.
var sar = Spec{
	ID: "sar", Title: "Parabolic SAR", TitleKorean: "파라볼릭 SAR", Group: trends,
	Summary: "A trailing stop that tightens as the trend goes on, below the price while it rises.",
	Formula: "s = s[1] + af*(ep - s[1]), ep the extreme since the turn",
	Source:  "Lean ParabolicStopAndReverse; Wilder, New Concepts in Technical Trading Systems (1978)",
	Unit:    "price", Example: "close crosses above sar(0.02, 0.02, 0.2)",
	Reads: []string{"high", "low", "close"},
	Params: []Param{
		number("af_start", hundredths(2), decimal.New(1, -4), hundredths(100)),
		number("af_step", hundredths(2), decimal.New(1, -4), hundredths(100)),
		number("af_max", hundredths(20), decimal.New(1, -4), hundredths(100)),
	},
	Outputs: []string{"value"},
	check: func(a Args) error {
		if start, top := a.Decimal("af_start"), a.Decimal("af_max"); start.GreaterThan(top) {
			return fmt.Errorf("af_start is %s, must be at most af_max %s", start, top)
		}
		return nil
	},
	warmUp: bars(2),
	compute: func(in Input, a Args) []series.Series {
		mantissa := func(name string) int64 { return a.Decimal(name).Shift(series.Digits).IntPart() }
		pace := pace{mantissa("af_start"), mantissa("af_step"), mantissa("af_max")}
		if out, ok := stopsNarrow(in, pace); ok {
			return one(out)
		}
		at := func(s series.Series, i int) decimal.Decimal { v, _ := s.At(i); return v }
		out := stops(pace, exactDecimals(), in.Close.Len(), func(i int) bar[decimal.Decimal] {
			return bar[decimal.Decimal]{at(in.High, i), at(in.Low, i), at(in.Close, i)}
		})
		return one(delayed(out, min(1, in.Close.Len())))
	},
}

// pace is af_start, af_step and af_max as mantissas of 8 decimals.
type pace struct{ start, step, top int64 }

// prices is what sar does with prices of type T.
type prices[T any] struct {
	less    func(a, b T) bool
	neg     func(a T) T
	advance func(from, to T, share int64) T // from + share*(to-from), rounded
}

func (p prices[T]) smaller(a, b T) T {
	if p.less(b, a) {
		return b
	}
	return a
}

func (p prices[T]) larger(a, b T) T {
	if p.less(a, b) {
		return b
	}
	return a
}

// exactDecimals is the way for prices of any size.
func exactDecimals() prices[decimal.Decimal] {
	return prices[decimal.Decimal]{
		less: decimal.Decimal.LessThan, neg: decimal.Decimal.Neg,
		advance: func(from, to decimal.Decimal, share int64) decimal.Decimal {
			return from.Add(decimal.New(share, -series.Digits).Mul(to.Sub(from))).Round(series.Digits)
		},
	}
}

// mantissas is the way for prices of 8 decimals that fit 62 bits.
func mantissas() prices[int64] {
	return prices[int64]{
		less: func(a, b int64) bool { return a < b }, neg: func(a int64) int64 { return -a },
		advance: func(from, to, share int64) int64 {
			// Both ends are on one side of 0, and a step away from it rounds a half
			// as the whole does: begin at the end that is nearer to 0.
			if max(from, -from) > max(to, -to) {
				from, to, share = to, from, unit-share
			}
			if share == 0 {
				return from
			}
			step, _ := series.MulDiv(to-from, share, unit)
			return from + step
		},
	}
}

// stopsNarrow is sar on 64-bit mantissas; false where they do not suffice.
func stopsNarrow(in Input, p pace) (series.Series, bool) {
	var columns [3][]int64
	out := series.Narrow{Scale: series.Digits, First: 1, Low: -1 << 62, High: 1 << 62}
	for i, s := range []series.Series{in.High, in.Low, in.Close} {
		v, ok := s.Narrow()
		v, fit := v.AtScale(series.Digits)
		if !ok || !fit || v.First != 0 || v.Low < 0 {
			return series.Series{}, false
		}
		columns[i] = v.Mantissas
	}
	values := stops(p, mantissas(), in.Close.Len(), func(i int) bar[int64] {
		return bar[int64]{columns[0][i], columns[1][i], columns[2][i]}
	})
	out.Mantissas = append(make([]int64, min(1, in.Close.Len())), values...)
	return out.Series(), true
}

// stops is the stop in force on every bar from the second on.
func stops[T any](p pace, num prices[T], n int, barAt func(int) bar[T]) []T {
	if n < 2 {
		return nil
	}
	before, now := barAt(0), barAt(1)
	s := stop[T]{pace: p, num: num}
	s.begin(before, now)
	out := make([]T, 0, n-1)
	out = append(out, s.at)
	for i := 2; i < n; i++ {
		before, now = now, barAt(i)
		out = append(out, s.move(before, now))
	}
	return out
}

// bar is the prices of one bar.
type bar[T any] struct{ high, low, close T }

// stop is the state of sar. Outside move it is that of the position as it is;
// inside, while short, prices are flipped, so that there is only long.
type stop[T any] struct {
	pace  pace
	num   prices[T]
	short bool

	at           T // the stop for the next bar
	extreme      T
	acceleration int64
}

// begin sets the state from the first two bars. (On a rise the extreme is the
// lower of the two highs, on a fall the lower of the two lows: Lean's choice.)
func (s *stop[T]) begin(before, now bar[T]) {
	s.acceleration = s.pace.start
	s.at, s.extreme = before.low, s.num.smaller(before.high, now.high)
	if s.short = s.num.less(now.close, before.close); s.short {
		s.at, s.extreme = before.high, s.num.smaller(before.low, now.low)
	}
}

// move takes the next bar and returns the stop that was in force on it.
func (s *stop[T]) move(before, now bar[T]) T {
	short := s.short
	if short {
		before, now = s.flipped(before), s.flipped(now)
		s.at, s.extreme = s.num.neg(s.at), s.num.neg(s.extreme)
	}
	value := s.at
	if !s.num.less(s.at, now.low) {
		value = s.turn(before, now)
	} else {
		if s.num.less(s.extreme, now.high) {
			s.extreme = now.high
			s.acceleration = min(s.acceleration+s.pace.step, s.pace.top)
		}
		s.at = s.num.advance(s.at, s.extreme, s.acceleration)
		s.at = s.num.smaller(s.num.smaller(s.at, before.low), now.low)
	}
	if short {
		value, s.at, s.extreme = s.num.neg(value), s.num.neg(s.at), s.num.neg(s.extreme)
	}
	return value
}

// turn reverses the position: the stop in force becomes the extreme, and the
// next one is above the prices.
func (s *stop[T]) turn(before, now bar[T]) T {
	s.short = !s.short
	top := s.num.larger(before.high, now.high)
	value := s.num.larger(s.extreme, top)
	s.extreme, s.acceleration = now.low, s.pace.start
	s.at = s.num.larger(s.num.advance(value, s.extreme, s.acceleration), top)
	return value
}

// flipped is the bar seen upside down.
func (s *stop[T]) flipped(b bar[T]) bar[T] {
	return bar[T]{high: s.num.neg(b.low), low: s.num.neg(b.high), close: b.close}
}
