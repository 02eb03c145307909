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
		s := stop{start: a.Decimal("af_start"), step: a.Decimal("af_step"), top: a.Decimal("af_max")}
		n := in.Close.Len()
		if n < 2 {
			return one(series.NotReady(n))
		}
		s.begin(barOf(in, 0), barOf(in, 1))
		out := []decimal.Decimal{s.at}
		for i := 2; i < n; i++ {
			out = append(out, s.move(barOf(in, i-1), barOf(in, i)))
		}
		return one(delayed(out, 1))
	},
}

// bar is the prices of one bar.
type bar struct{ high, low, close decimal.Decimal }

func barOf(in Input, i int) (b bar) {
	b.high, _ = in.High.At(i)
	b.low, _ = in.Low.At(i)
	b.close, _ = in.Close.At(i)
	return b
}

// flipped is the bar seen upside down, so that short is long on it.
func (b bar) flipped() bar {
	return bar{high: b.low.Neg(), low: b.high.Neg(), close: b.close.Neg()}
}

// stop is the state of sar, always seen as long: while short, prices are flipped.
type stop struct {
	start, step, top decimal.Decimal // of the acceleration

	short        bool
	at           decimal.Decimal // the stop for the next bar
	extreme      decimal.Decimal
	acceleration decimal.Decimal
}

// begin sets the state from the first two bars. (On a rise the extreme is the
// lower of the two highs, on a fall the lower of the two lows: Lean's choice.)
func (s *stop) begin(before, now bar) {
	s.acceleration = s.start
	s.at, s.extreme = before.low, decimal.Min(before.high, now.high)
	if s.short = now.close.LessThan(before.close); s.short {
		s.at, s.extreme = before.high, decimal.Min(before.low, now.low)
	}
}

// move takes the next bar and returns the stop that was in force on it.
func (s *stop) move(before, now bar) decimal.Decimal {
	if s.short {
		s.at, s.extreme = s.at.Neg(), s.extreme.Neg()
		before, now = before.flipped(), now.flipped()
	}
	short := s.short
	value := s.at
	if now.low.LessThanOrEqual(s.at) {
		value = s.turn(before, now)
	} else {
		if now.high.GreaterThan(s.extreme) {
			s.extreme = now.high
			s.acceleration = decimal.Min(s.acceleration.Add(s.step), s.top)
		}
		s.advance()
		s.at = decimal.Min(s.at, before.low, now.low)
	}
	if short {
		value, s.at, s.extreme = value.Neg(), s.at.Neg(), s.extreme.Neg()
	}
	return value
}

// turn reverses the position: the stop in force becomes the extreme, and the
// next one is above the prices.
func (s *stop) turn(before, now bar) decimal.Decimal {
	s.short = !s.short
	value := decimal.Max(s.extreme, before.high, now.high)
	s.at, s.extreme, s.acceleration = value, now.low, s.start
	s.advance()
	s.at = decimal.Max(s.at, before.high, now.high)
	return value
}

func (s *stop) advance() {
	s.at = s.at.Add(s.acceleration.Mul(s.extreme.Sub(s.at))).Round(series.Digits)
}
