package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// candle is one candle of a pattern, seen from the bar that ends the pattern:
// its columns hold on each bar the values of the bar that lies ago bars back.
type candle struct {
	in  Input
	ago int
}

func (c candle) open() series.Series  { return series.Shift(c.in.Open, c.ago) }
func (c candle) high() series.Series  { return series.Shift(c.in.High, c.ago) }
func (c candle) low() series.Series   { return series.Shift(c.in.Low, c.ago) }
func (c candle) close() series.Series { return series.Shift(c.in.Close, c.ago) }

// top and bottom are the ends of the body.
func (c candle) top() series.Series    { return series.Larger(c.open(), c.close()) }
func (c candle) bottom() series.Series { return series.Smaller(c.open(), c.close()) }

func (c candle) body() series.Series  { return series.Abs(series.Sub(c.close(), c.open())) }
func (c candle) upper() series.Series { return series.Sub(c.high(), c.top()) }
func (c candle) lower() series.Series { return series.Sub(c.bottom(), c.low()) }
func (c candle) span() series.Series  { return series.Sub(c.high(), c.low()) }

// mean is a part of the mean of x over the bars before the candle: the sum
// times part/bars, which for 5 and 10 bars is an exact decimal, so that no
// division is needed.
func mean(x series.Series, bars int, partOfOne decimal.Decimal) series.Series {
	return times(series.Shift(series.Sum(x, bars), 1), partOfOne)
}

// The measures, each taken over the bars before the candle.
func (c candle) meanBody() series.Series { return mean(c.body(), 10, hundredths(10)) } // 1/10
func (c candle) halfMeanShadows() series.Series { // 1/2 of 1/10
	return mean(series.Add(c.upper(), c.lower()), 10, hundredths(5))
}
func (c candle) tenthOfMeanSpan() series.Series { return mean(c.span(), 10, hundredths(1)) } // 1/10 of 1/10
func (c candle) equal() series.Series           { return mean(c.span(), 5, hundredths(1)) }  // 0.05 of 1/5
func (c candle) near() series.Series            { return mean(c.span(), 5, hundredths(4)) }  // 0.2 of 1/5
func (c candle) far() series.Series             { return mean(c.span(), 5, hundredths(12)) } // 0.6 of 1/5

func (c candle) white() series.Bits { return series.LessEqual(c.open(), c.close()) }
func (c candle) black() series.Bits { return series.Less(c.close(), c.open()) }

func (c candle) long() series.Bits    { return series.Less(c.meanBody(), c.body()) }
func (c candle) short() series.Bits   { return series.Less(c.body(), c.meanBody()) }
func (c candle) notLong() series.Bits { return series.LessEqual(c.body(), c.meanBody()) }
func (c candle) doji() series.Bits    { return series.LessEqual(c.body(), c.tenthOfMeanSpan()) }

func (c candle) noUpper() series.Bits   { return series.Less(c.upper(), c.tenthOfMeanSpan()) }
func (c candle) noLower() series.Bits   { return series.Less(c.lower(), c.tenthOfMeanSpan()) }
func (c candle) someUpper() series.Bits { return series.Less(c.tenthOfMeanSpan(), c.upper()) }
func (c candle) someLower() series.Bits { return series.Less(c.tenthOfMeanSpan(), c.lower()) }
func (c candle) longUpper() series.Bits { return series.Less(c.body(), c.upper()) }
func (c candle) longLower() series.Bits { return series.Less(c.body(), c.lower()) }

// marubozu is a long body without shadows.
func (c candle) marubozu() series.Bits { return all(c.long(), c.noUpper(), c.noLower()) }

// gapsUp and gapsDown are gaps between this candle and an earlier one.
func (c candle) gapsUp(from candle) series.Bits   { return above(c.bottom(), from.top()) }
func (c candle) gapsDown(from candle) series.Bits { return below(c.top(), from.bottom()) }

// leapsUp and leapsDown are open gaps.
func (c candle) leapsUp(from candle) series.Bits   { return above(c.low(), from.high()) }
func (c candle) leapsDown(from candle) series.Bits { return below(c.high(), from.low()) }

// inside says that the body of c lies within that of another candle and
// touches neither end.
func (c candle) inside(of candle) series.Bits {
	return all(below(c.top(), of.top()), above(c.bottom(), of.bottom()))
}

// surrounds says that x lies within the body of c and not on its ends.
func (c candle) surrounds(x series.Series) series.Bits { return between(c.bottom(), x, c.top()) }

// engulfsWhite is a black candle whose body covers that of a white one and
// more on both ends, engulfsBlack the other way round.
func (c candle) engulfsWhite(first candle) series.Bits {
	return all(first.white(), c.black(), above(c.open(), first.close()), below(c.close(), first.open()))
}
func (c candle) engulfsBlack(first candle) series.Bits {
	return all(first.black(), c.white(), above(c.close(), first.open()), below(c.open(), first.close()))
}

// raised and lowered are the close moved by a part of the body, up and down.
func (c candle) raised(part decimal.Decimal) series.Series {
	return series.Add(c.close(), times(c.body(), part))
}
func (c candle) lowered(part decimal.Decimal) series.Series {
	return series.Sub(c.close(), times(c.body(), part))
}

func above(a, b series.Series) series.Bits { return series.Less(b, a) }
func below(a, b series.Series) series.Bits { return series.Less(a, b) }

// between is low < x < high.
func between(low, x, high series.Series) series.Bits { return all(above(x, low), below(x, high)) }

// rising is each column above the one before it; falling below.
func rising(x ...series.Series) series.Bits {
	b := below(x[0], x[1])
	for i := 2; i < len(x); i++ {
		b = series.And(b, below(x[i-1], x[i]))
	}
	return b
}

func falling(x ...series.Series) series.Bits {
	b := above(x[0], x[1])
	for i := 2; i < len(x); i++ {
		b = series.And(b, above(x[i-1], x[i]))
	}
	return b
}

// within is a and b no further apart than distance.
func within(a, b, distance series.Series) series.Bits {
	return series.LessEqual(series.Abs(series.Sub(a, b)), distance)
}

func all(b ...series.Bits) series.Bits {
	out := b[0]
	for _, next := range b[1:] {
		out = series.And(out, next)
	}
	return out
}

func either(b ...series.Bits) series.Bits {
	out := b[0]
	for _, next := range b[1:] {
		out = series.Or(out, next)
	}
	return out
}

// penetration is how far into the first body a close must reach, as a part of
// that body.
func penetration(def int64) Param {
	return number("penetration", hundredths(def), decimal.Zero, decimal.NewFromInt(1))
}
