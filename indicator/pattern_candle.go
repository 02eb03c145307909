package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// chart is the bars a pattern is looked for in, and what was measured on them:
// each measure is taken once, for every bar, and seen from later bars by
// shifting it.
type chart struct {
	in      Input
	columns map[sight]series.Series
	truths  map[sight]series.Bits
}

// sight is a measure of the bar ago bars back.
type sight struct {
	measure string
	ago     int
}

func newChart(in Input) *chart {
	return &chart{in: in, columns: map[sight]series.Series{}, truths: map[sight]series.Bits{}}
}

// candle is one candle of a pattern, seen from the bar that ends the pattern:
// its columns hold on each bar the values of the bar that lies ago bars back.
type candle struct {
	chart *chart
	ago   int
}

func (c candle) column(measure string, take func(in Input, c candle) series.Series) series.Series {
	at := sight{measure, c.ago}
	s, ok := c.chart.columns[at]
	switch {
	case ok:
		return s
	case c.ago == 0:
		s = take(c.chart.in, c)
	default:
		s = series.Shift(candle{c.chart, 0}.column(measure, take), c.ago)
	}
	c.chart.columns[at] = s
	return s
}

func (c candle) truth(measure string, take func(c candle) series.Bits) series.Bits {
	at := sight{measure, c.ago}
	b, ok := c.chart.truths[at]
	switch {
	case ok:
		return b
	case c.ago == 0:
		b = take(c)
	default:
		b = series.ShiftBits(candle{c.chart, 0}.truth(measure, take), c.ago)
	}
	c.chart.truths[at] = b
	return b
}

func (c candle) open() series.Series {
	return c.column("open", func(in Input, _ candle) series.Series { return in.Open })
}
func (c candle) high() series.Series {
	return c.column("high", func(in Input, _ candle) series.Series { return in.High })
}
func (c candle) low() series.Series {
	return c.column("low", func(in Input, _ candle) series.Series { return in.Low })
}
func (c candle) close() series.Series {
	return c.column("close", func(in Input, _ candle) series.Series { return in.Close })
}

// top and bottom are the ends of the body.
func (c candle) top() series.Series {
	return c.column("top", func(in Input, _ candle) series.Series { return series.Larger(in.Open, in.Close) })
}
func (c candle) bottom() series.Series {
	return c.column("bottom", func(in Input, _ candle) series.Series { return series.Smaller(in.Open, in.Close) })
}

func (c candle) body() series.Series {
	return c.column("body", func(in Input, _ candle) series.Series { return series.Abs(series.Sub(in.Close, in.Open)) })
}
func (c candle) upper() series.Series {
	return c.column("upper", func(in Input, c candle) series.Series { return series.Sub(in.High, c.top()) })
}
func (c candle) lower() series.Series {
	return c.column("lower", func(in Input, c candle) series.Series { return series.Sub(c.bottom(), in.Low) })
}
func (c candle) span() series.Series {
	return c.column("span", func(in Input, _ candle) series.Series { return series.Sub(in.High, in.Low) })
}

// mean is a part of the mean of x over the bars before the candle: the sum
// times share, which is part/bars. For 5 and 10 bars that is an exact decimal,
// so that no division is needed.
func mean(x series.Series, bars int, share decimal.Decimal) series.Series {
	return times(series.Shift(series.Sum(x, bars), 1), share)
}

// The measures over the bars before the candle. Each share is the part of the
// mean that counts, divided by the number of bars.
func (c candle) meanBody() series.Series { // 1 / 10
	return c.column("mean body", func(_ Input, c candle) series.Series { return mean(c.body(), 10, hundredths(10)) })
}
func (c candle) halfMeanShadows() series.Series { // 0.5 / 10
	return c.column("half mean shadows", func(_ Input, c candle) series.Series {
		return mean(series.Add(c.upper(), c.lower()), 10, hundredths(5))
	})
}
func (c candle) tenthOfMeanSpan() series.Series { // 0.1 / 10
	return c.column("tenth of mean span", func(_ Input, c candle) series.Series { return mean(c.span(), 10, hundredths(1)) })
}
func (c candle) equal() series.Series { // 0.05 / 5
	return c.column("equal", func(_ Input, c candle) series.Series { return mean(c.span(), 5, hundredths(1)) })
}
func (c candle) near() series.Series { // 0.2 / 5
	return c.column("near", func(_ Input, c candle) series.Series { return mean(c.span(), 5, hundredths(4)) })
}
func (c candle) far() series.Series { // 0.6 / 5
	return c.column("far", func(_ Input, c candle) series.Series { return mean(c.span(), 5, hundredths(12)) })
}

func (c candle) white() series.Bits {
	return c.truth("white", func(c candle) series.Bits { return series.LessEqual(c.open(), c.close()) })
}
func (c candle) black() series.Bits { return series.Not(c.white()) }

func (c candle) long() series.Bits {
	return c.truth("long", func(c candle) series.Bits { return above(c.body(), c.meanBody()) })
}
func (c candle) short() series.Bits {
	return c.truth("short", func(c candle) series.Bits { return below(c.body(), c.meanBody()) })
}
func (c candle) notLong() series.Bits { return series.Not(c.long()) }
func (c candle) doji() series.Bits {
	return c.truth("doji", func(c candle) series.Bits { return series.LessEqual(c.body(), c.tenthOfMeanSpan()) })
}

func (c candle) noUpper() series.Bits {
	return c.truth("no upper", func(c candle) series.Bits { return below(c.upper(), c.tenthOfMeanSpan()) })
}
func (c candle) noLower() series.Bits {
	return c.truth("no lower", func(c candle) series.Bits { return below(c.lower(), c.tenthOfMeanSpan()) })
}
func (c candle) someUpper() series.Bits { return above(c.upper(), c.tenthOfMeanSpan()) }
func (c candle) someLower() series.Bits { return above(c.lower(), c.tenthOfMeanSpan()) }
func (c candle) longUpper() series.Bits { return above(c.upper(), c.body()) }
func (c candle) longLower() series.Bits { return above(c.lower(), c.body()) }

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
