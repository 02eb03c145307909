package indicator

import (
	"errors"

	"maemae/series"
)

// Pattern describes one candlestick pattern and finds it.
//
// The definitions are those of TA-Lib, which QuantConnect Lean and so KIS's own
// backtester follow. A candle is white when its close is at or above its open,
// else black; its body lies between open and close, its shadows above and below
// the body. What is long or short is measured against the bars just before the
// candle, never against the candle itself:
//
//	long, short       the body is above, below the mean body of 10 bars
//	doji              the body is at most a tenth of the mean range (high - low) of 10 bars
//	no, some shadow   the shadow is below, above a tenth of the mean range of 10 bars
//	long shadow       the shadow is above the candle's own body; very long: above twice the body
//	short shadow      the shadow is below half the mean of both shadows together of 10 bars
//	equal, near, far  0.05, 0.2, 0.6 of the mean range of 5 bars
//	gap               the bodies do not touch
//	open gap          the candles do not touch, shadows included
//
// The means are compared as exact decimals, nothing is rounded. Whether a trend
// went before, which most books ask for, is left to the rule.
//
// Lean carries some means from bar to bar and starts those of morning_star,
// counterattack, abandoned_baby and stick_sandwich on the wrong bars, so that
// its answer there depends on where the data begins. Here no answer depends on
// more bars than WarmUp says.
//
// By the words above a bar without any range among such bars (a halted stretch)
// is a white doji, because 0 is at most 0.
type Pattern struct {
	ID          string // the name rules call it by
	Title       string
	TitleKorean string
	Summary     string // one sentence: what it is taken to mean
	Formula     string // the definition, in the words above
	Source      string // where the definition comes from

	Params []Param

	candles int // bars it looks at
	average int // bars of the longest mean it takes before one of them

	bullish, bearish finder // nil where the pattern has only one side
}

// finder says on which bars a pattern ends; c is its candles, the first one
// first.
type finder func(c []candle, a Args) series.Bits

// full is the value of a bullish pattern; a bearish one is its negative.
const full = 100

// Compute is the pattern over whole columns of open, high, low and close: 100
// on the bar that completes a bullish pattern, -100 for a bearish one, else 0.
// Patterns without a direction (the dojis) say 100; spinning_top and high_wave
// give the colour of the candle. Columns other than these four may be left out.
func (p *Pattern) Compute(in Input, a Args) series.Series {
	bars, c := newChart(in), make([]candle, p.candles)
	for i := range c {
		c[i] = candle{bars, p.candles - 1 - i}
	}
	value := constant(in.Close.Len(), 0)
	if p.bullish != nil {
		value = series.Add(value, p.bullish(c, a).Series())
	}
	if p.bearish != nil {
		value = series.Sub(value, p.bearish(c, a).Series())
	}
	first := max(in.Open.First(), in.High.First(), in.Low.First(), in.Close.First())
	return scaled(value, full).From(first + p.WarmUp(a) - 1)
}

// WarmUp is the number of bars until the first value, this bar included: the
// candles of the pattern and before them the longest mean it takes.
func (p *Pattern) WarmUp(Args) int { return p.candles + p.average }

// Bind completes the given arguments with the defaults and checks them against
// the bounds. The error is an *ArgError, as for an indicator.
func (p *Pattern) Bind(given map[string]Value) (Args, error) {
	args, err := (&Spec{ID: p.ID, Params: p.Params}).Bind(given)
	var wrong *ArgError
	if errors.As(err, &wrong) && wrong.Hint != "" {
		wrong.Hint = "the call is " + p.signature()
	}
	return args, err
}

// signature is the pattern with its parameters and defaults, as in
// pattern(morning_star, penetration=0.3).
func (p *Pattern) signature() string {
	text := "pattern(" + p.ID
	for _, param := range p.Params {
		text += ", " + param.Name + "=" + param.defaultText()
	}
	return text + ")"
}

// LookupPattern finds a pattern by its ID.
func LookupPattern(id string) (*Pattern, bool) {
	for _, p := range patterns {
		if p.ID == id {
			return p, true
		}
	}
	return nil, false
}

// Patterns is the catalogue of patterns in its order, that of KIS's strategy
// files. The Patterns are shared and not to be changed.
func Patterns() []*Pattern { return append([]*Pattern(nil), patterns[:]...) }

var patterns = [...]*Pattern{
	&doji, &dragonflyDoji, &gravestoneDoji, &longLeggedDoji, &hammer, &hangingMan, &invertedHammer, &shootingStar,
	&marubozu, &closingMarubozu, &spinningTop, &beltHold, &highWave, &rickshawMan,

	&engulfing, &harami, &haramiCross, &piercing, &darkCloudCover, &counterattack, &onNeck, &inNeck, &thrusting,
	&separatingLines, &kicking, &kickingByLength, &matchingLow, &gapSideBySideWhite, &homingPigeon, &dojiStar,

	&morningStar, &morningDojiStar, &eveningStar, &eveningDojiStar, &threeWhiteSoldiers, &threeBlackCrows,
	&threeInside, &threeOutside, &abandonedBaby, &threeStarsInSouth, &advanceBlock, &stalledPattern, &tasukiGap,
	&upsideGapTwoCrows, &threeLineStrike, &twoCrows, &uniqueThreeRiver,

	&breakaway, &matHold, &risingThreeMethods, &fallingThreeMethods, &ladderBottom, &concealingBabySwallow,
	&stickSandwich, &tristar, &identicalThreeCrows, &upDownGapThreeMethods,
}
