package indicator

import "maemae/series"

// The patterns of four and five candles.

var threeBlackCrows = Pattern{
	ID: "three_black_crows", Title: "Three black crows", TitleKorean: "흑삼병",
	Summary: "Three steady falls after a rise: a turn down.",
	Formula: "white; then three black candles with no lower shadows and falling closes, the second and third opening within the body before; the first black one closes below the white one's high",
	Source:  "Lean ThreeBlackCrows, TA-Lib CDL3BLACKCROWS",
	candles: 4, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[0].white(), crows(c[1:]),
			c[1].surrounds(c[2].open()), c[2].surrounds(c[3].open()),
			below(c[1].close(), c[0].high()))
	},
}

var threeLineStrike = Pattern{
	ID: "three_line_strike", Title: "Three-line strike", TitleKorean: "삼선 타격형",
	Summary: "One candle undoes three: in the books a rest in the trend of the three.",
	Formula: "three candles of one colour, the second and third opening within near of the body before; bullish: white with rising closes, then black that opens above the third's close and closes below the first's open; " +
		"bearish: black with falling closes, then white that opens below the third's close and closes above the first's open",
	Source:  "Lean ThreeLineStrike, TA-Lib CDL3LINESTRIKE",
	candles: 4, average: 5,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].white(), c[1].white(), c[2].white(), rising(c[0].close(), c[1].close(), c[2].close()),
			opensNear(c[1], c[0]), opensNear(c[2], c[1]),
			c[3].black(), above(c[3].open(), c[2].close()), below(c[3].close(), c[0].open()))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[0].black(), c[1].black(), c[2].black(), falling(c[0].close(), c[1].close(), c[2].close()),
			opensNear(c[1], c[0]), opensNear(c[2], c[1]),
			c[3].white(), below(c[3].open(), c[2].close()), above(c[3].close(), c[0].open()))
	},
}

// opensNear is an open within the body before or near it.
func opensNear(c, before candle) series.Bits {
	near := before.near()
	return all(series.LessEqual(series.Sub(before.bottom(), near), c.open()),
		series.LessEqual(c.open(), series.Add(before.top(), near)))
}

var concealingBabySwallow = Pattern{
	ID: "concealing_baby_swallow", Title: "Concealing baby swallow", TitleKorean: "감춰진 아기 제비형",
	Summary: "Four falls, the last swallowing a first try upwards: a rare turn up.",
	Formula: "four black candles; the first two with no shadows; the third with a gap below and some upper shadow that reaches above the second's close; the fourth's range covers the third's and more on both ends",
	Source:  "Lean ConcealedBabySwallow, TA-Lib CDLCONCEALBABYSWALL",
	candles: 4, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].black(), c[1].black(), c[2].black(), c[3].black(),
			c[0].noLower(), c[0].noUpper(), c[1].noLower(), c[1].noUpper(),
			c[2].gapsDown(c[1]), c[2].someUpper(), above(c[2].high(), c[1].close()),
			above(c[3].high(), c[2].high()), below(c[3].low(), c[2].low()))
	},
}

var breakaway = Pattern{
	ID: "breakaway", Title: "Breakaway", TitleKorean: "이탈형(브레이크어웨이)",
	Summary: "A gap in the trend that the fifth candle comes back into: a turn.",
	Formula: "bullish: long black; black with a gap below; a candle and then a black one with lower highs and lows each; white that closes between the second's open and the first's close; bearish: the same mirrored",
	Source:  "Lean Breakaway, TA-Lib CDLBREAKAWAY",
	candles: 5, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[0].black(), c[1].black(), c[3].black(), c[4].white(), c[1].gapsDown(c[0]),
			falling(c[1].high(), c[2].high(), c[3].high()), falling(c[1].low(), c[2].low(), c[3].low()),
			between(c[1].open(), c[4].close(), c[0].close()))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[0].white(), c[1].white(), c[3].white(), c[4].black(), c[1].gapsUp(c[0]),
			rising(c[1].high(), c[2].high(), c[3].high()), rising(c[1].low(), c[2].low(), c[3].low()),
			between(c[0].close(), c[4].close(), c[1].open()))
	},
}

var matHold = Pattern{
	ID: "mat_hold", Title: "Mat hold", TitleKorean: "매트 홀드형",
	Summary: "Three small days that hold above a strong rise: the rise goes on.",
	Formula: "long white; black and short with a gap above; two short ones with falling body tops, the first of them below the second's open, whose bodies' bottoms lie between the first's close - penetration * body and its close; " +
		"white that opens above the fourth's close and closes above the highs of all three",
	Source:  "Lean MatHold, TA-Lib CDLMATHOLD",
	Params:  []Param{penetration(50)},
	candles: 5, average: 10,
	bullish: func(c []candle, a Args) series.Bits {
		floor := c[0].lowered(a.Decimal("penetration"))
		highest := series.Larger(series.Larger(c[1].high(), c[2].high()), c[3].high())
		return all(c[0].long(), c[0].white(), c[1].short(), c[1].black(), c[1].gapsUp(c[0]), c[2].short(), c[3].short(),
			between(floor, c[2].bottom(), c[0].close()), between(floor, c[3].bottom(), c[0].close()),
			falling(c[1].open(), c[2].top(), c[3].top()),
			c[4].white(), above(c[4].open(), c[3].close()), above(c[4].close(), highest))
	},
}

var risingThreeMethods = Pattern{
	ID: "rising_three_methods", Title: "Rising three methods", TitleKorean: "상승 삼법형",
	Summary: "Three small falls within a strong rise, then the next one: the rise goes on.",
	Formula: "long white; three short black candles with falling closes whose bodies reach into the first's range; long white that opens above the fourth's close and closes above the first's",
	Source:  "Lean RiseFallThreeMethods (its +1), TA-Lib CDLRISEFALL3METHODS",
	candles: 5, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(rests(c), c[0].white(), c[1].black(), c[2].black(), c[3].black(), c[4].white(),
			falling(c[1].close(), c[2].close(), c[3].close()),
			above(c[4].open(), c[3].close()), above(c[4].close(), c[0].close()))
	},
}

var fallingThreeMethods = Pattern{
	ID: "falling_three_methods", Title: "Falling three methods", TitleKorean: "하락 삼법형",
	Summary: "Three small rises within a strong fall, then the next one: the fall goes on.",
	Formula: "long black; three short white candles with rising closes whose bodies reach into the first's range; long black that opens below the fourth's close and closes below the first's",
	Source:  "Lean RiseFallThreeMethods (its -1), TA-Lib CDLRISEFALL3METHODS",
	candles: 5, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(rests(c), c[0].black(), c[1].white(), c[2].white(), c[3].white(), c[4].black(),
			rising(c[1].close(), c[2].close(), c[3].close()),
			below(c[4].open(), c[3].close()), below(c[4].close(), c[0].close()))
	},
}

// rests is a long candle, three short ones whose bodies reach into its range,
// and a long one.
func rests(c []candle) series.Bits {
	out := all(c[0].long(), c[4].long())
	for _, small := range c[1:4] {
		out = all(out, small.short(), below(small.bottom(), c[0].high()), above(small.top(), c[0].low()))
	}
	return out
}

var ladderBottom = Pattern{
	ID: "ladder_bottom", Title: "Ladder bottom", TitleKorean: "사다리 바닥형",
	Summary: "Steps down, a first try upwards, then the answer: a turn up.",
	Formula: "three black candles with falling opens and closes; black with some upper shadow; white that opens above the fourth's open and closes above its high",
	Source:  "Lean LadderBottom, TA-Lib CDLLADDERBOTTOM",
	candles: 5, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].black(), c[1].black(), c[2].black(),
			falling(c[0].open(), c[1].open(), c[2].open()), falling(c[0].close(), c[1].close(), c[2].close()),
			c[3].black(), c[3].someUpper(),
			c[4].white(), above(c[4].open(), c[3].open()), above(c[4].close(), c[3].high()))
	},
}
