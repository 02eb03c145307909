package indicator

import "maemae/series"

// The patterns of three candles.

var gapSideBySideWhite = Pattern{
	ID: "gap_side_by_side_white", Title: "Gap side-by-side white lines", TitleKorean: "갭 나란히형(양봉)",
	Summary: "Two like white candles beyond a gap: the trend goes on in the direction of the gap.",
	Formula: "the second and third are white, both gap above the first (bullish) or both below (bearish), their bodies differ by at most near and their opens are equal",
	Source:  "Lean GapSideBySideWhite, TA-Lib CDLGAPSIDESIDEWHITE",
	candles: 3, average: 5,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[1].gapsUp(c[0]), c[2].gapsUp(c[0]), sideBySide(c[1], c[2]))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[1].gapsDown(c[0]), c[2].gapsDown(c[0]), sideBySide(c[1], c[2]))
	},
}

func sideBySide(left, right candle) series.Bits {
	return all(left.white(), right.white(),
		within(right.body(), left.body(), left.near()),
		within(right.open(), left.open(), left.equal()))
}

var morningStar = Pattern{
	ID: "morning_star", Title: "Morning star", TitleKorean: "샛별형",
	Summary: "A fall, a pause below it, a strong answer: a turn up.",
	Formula: "long black; a gap below, not long; long white that closes above the first's close + penetration * body",
	Source:  "Lean MorningStar, TA-Lib CDLMORNINGSTAR",
	Params:  []Param{penetration(30)},
	candles: 3, average: 10,
	bullish: func(c []candle, a Args) series.Bits {
		return all(c[1].notLong(), c[1].gapsDown(c[0]), answersFall(c[0], c[2], a))
	},
}

var morningDojiStar = Pattern{
	ID: "morning_doji_star", Title: "Morning doji star", TitleKorean: "샛별 도지형",
	Summary: "A morning star whose second candle is a doji.",
	Formula: "long black; a doji with a gap below; long white that closes above the first's close + penetration * body",
	Source:  "Lean MorningDojiStar, TA-Lib CDLMORNINGDOJISTAR",
	Params:  []Param{penetration(30)},
	candles: 3, average: 10,
	bullish: func(c []candle, a Args) series.Bits {
		return all(c[1].doji(), c[1].gapsDown(c[0]), answersFall(c[0], c[2], a))
	},
}

var eveningStar = Pattern{
	ID: "evening_star", Title: "Evening star", TitleKorean: "저녁별형",
	Summary: "A rise, a pause above it, a strong answer: a turn down.",
	Formula: "long white; a gap above, not long; long black that closes below the first's close - penetration * body",
	Source:  "Lean EveningStar, TA-Lib CDLEVENINGSTAR",
	Params:  []Param{penetration(30)},
	candles: 3, average: 10,
	bearish: func(c []candle, a Args) series.Bits {
		return all(c[1].notLong(), c[1].gapsUp(c[0]), answersRise(c[0], c[2], a))
	},
}

var eveningDojiStar = Pattern{
	ID: "evening_doji_star", Title: "Evening doji star", TitleKorean: "저녁별 도지형",
	Summary: "An evening star whose second candle is a doji.",
	Formula: "long white; a doji with a gap above; long black that closes below the first's close - penetration * body",
	Source:  "Lean EveningDojiStar, TA-Lib CDLEVENINGDOJISTAR",
	Params:  []Param{penetration(30)},
	candles: 3, average: 10,
	bearish: func(c []candle, a Args) series.Bits {
		return all(c[1].doji(), c[1].gapsUp(c[0]), answersRise(c[0], c[2], a))
	},
}

// answersFall is a long black candle and a long white one that closes well
// within its body; answersRise the other way round.
func answersFall(first, last candle, a Args) series.Bits {
	return all(first.long(), first.black(), last.long(), last.white(),
		above(last.close(), first.raised(a.Decimal("penetration"))))
}

func answersRise(first, last candle, a Args) series.Bits {
	return all(first.long(), first.white(), last.long(), last.black(),
		below(last.close(), first.lowered(a.Decimal("penetration"))))
}

var abandonedBaby = Pattern{
	ID: "abandoned_baby", Title: "Abandoned baby", TitleKorean: "버려진 아기형",
	Summary: "A doji star left alone between two gaps: a rare, strong turn.",
	Formula: "as morning doji star (bullish) or evening doji star (bearish), with open gaps on both sides of the doji",
	Source:  "Lean AbandonedBaby, TA-Lib CDLABANDONEDBABY",
	Params:  []Param{penetration(30)},
	candles: 3, average: 10,
	bullish: func(c []candle, a Args) series.Bits {
		return all(c[1].doji(), c[1].leapsDown(c[0]), c[2].leapsUp(c[1]), answersFall(c[0], c[2], a))
	},
	bearish: func(c []candle, a Args) series.Bits {
		return all(c[1].doji(), c[1].leapsUp(c[0]), c[2].leapsDown(c[1]), answersRise(c[0], c[2], a))
	},
}

var threeWhiteSoldiers = Pattern{
	ID: "three_white_soldiers", Title: "Three white soldiers", TitleKorean: "적삼병",
	Summary: "Three steady rises: a turn up.",
	Formula: "three white candles with no upper shadows and rising closes; each opens above the open of the one before and at most near above its close; " +
		"neither body is far below the one before; the third is long",
	Source:  "Lean ThreeWhiteSoldiers, TA-Lib CDL3WHITESOLDIERS",
	candles: 3, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(advances(c), c[0].noUpper(), c[1].noUpper(), c[2].noUpper(), c[2].long(),
			above(c[1].body(), series.Sub(c[0].body(), c[0].far())),
			above(c[2].body(), series.Sub(c[1].body(), c[1].far())))
	},
}

// advances is three white candles with rising closes, each of which opens
// within or near the body before.
func advances(c []candle) series.Bits {
	return all(c[0].white(), c[1].white(), c[2].white(), rising(c[0].close(), c[1].close(), c[2].close()),
		opensOn(c[1], c[0]), opensOn(c[2], c[1]))
}

func opensOn(c, before candle) series.Bits {
	return all(above(c.open(), before.open()), series.LessEqual(c.open(), series.Add(before.close(), before.near())))
}

var advanceBlock = Pattern{
	ID: "advance_block", Title: "Advance block", TitleKorean: "진행 차단형(전진 저지형)",
	Summary: "Three rises that tire: the rise may end.",
	Formula: "three white candles with rising closes; each opens above the open of the one before and at most near above its close; " +
		"the first is long with a short upper shadow; and the advance weakens: " +
		"(second body far below the first and third below the second + near) or (third body far below the second) or " +
		"(bodies fall from first to third and the second or third upper shadow is above the short one's limit) or " +
		"(third body below the second and its upper shadow long)",
	Source:  "Lean AdvanceBlock, TA-Lib CDLADVANCEBLOCK",
	candles: 3, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(advances(c), c[0].long(), below(c[0].upper(), c[0].halfMeanShadows()), tires(c))
	},
}

func tires(c []candle) series.Bits {
	first, second, third := c[0].body(), c[1].body(), c[2].body()
	return either(
		all(below(second, series.Sub(first, c[0].far())), below(third, series.Add(second, c[1].near()))),
		below(third, series.Sub(second, c[1].far())),
		all(falling(first, second, third), either(
			above(c[1].upper(), c[1].halfMeanShadows()),
			above(c[2].upper(), c[2].halfMeanShadows()))),
		all(below(third, second), c[2].longUpper()))
}

var stalledPattern = Pattern{
	ID: "stalled_pattern", Title: "Stalled pattern", TitleKorean: "정체형",
	Summary: "Two strong rises, then a small one at the top: the rise stalls.",
	Formula: "three white candles with rising closes; the first two long, the second with no upper shadow, opening above the first's open and at most near above its close; " +
		"the third short and opening at or above the second's close - its own body - near",
	Source:  "Lean StalledPattern, TA-Lib CDLSTALLEDPATTERN",
	candles: 3, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		shoulder := series.Sub(series.Sub(c[1].close(), c[2].body()), c[1].near())
		return all(c[0].white(), c[1].white(), c[2].white(), rising(c[0].close(), c[1].close(), c[2].close()),
			c[0].long(), c[1].long(), c[1].noUpper(), opensOn(c[1], c[0]),
			c[2].short(), series.LessEqual(shoulder, c[2].open()))
	},
}

var threeInside = Pattern{
	ID: "three_inside", Title: "Three inside up/down", TitleKorean: "삼내형(상승·하락 잉태 확인형)",
	Summary: "A harami that the third candle confirms.",
	Formula: "a harami; bullish: then white that closes above the first's open; bearish: then black that closes below it",
	Source:  "Lean ThreeInside, TA-Lib CDL3INSIDE",
	candles: 3, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(carries(c[0], c[1]), c[0].black(), c[2].white(), above(c[2].close(), c[0].open()))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(carries(c[0], c[1]), c[0].white(), c[2].black(), below(c[2].close(), c[0].open()))
	},
}

var threeOutside = Pattern{
	ID: "three_outside", Title: "Three outside up/down", TitleKorean: "삼외형(상승·하락 장악 확인형)",
	Summary: "An engulfing that the third candle confirms.",
	Formula: "an engulfing; bullish: then a close above the second's; bearish: then a close below it",
	Source:  "Lean ThreeOutside, TA-Lib CDL3OUTSIDE",
	candles: 3,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[1].engulfsBlack(c[0]), above(c[2].close(), c[1].close()))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[1].engulfsWhite(c[0]), below(c[2].close(), c[1].close()))
	},
}

var threeStarsInSouth = Pattern{
	ID: "three_stars_in_south", Title: "Three stars in the south", TitleKorean: "남쪽의 세 별형",
	Summary: "Three falls, each smaller and within the one before: the fall ends.",
	Formula: "three black candles; the first long with a long lower shadow; the second with a smaller body and some lower shadow, opening above the first's close and at most at its high, " +
		"its low below the first's close and at or above the first's low; the third short with no shadows, its range inside the second's",
	Source:  "Lean ThreeStarsInSouth, TA-Lib CDL3STARSINSOUTH",
	candles: 3, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].black(), c[1].black(), c[2].black(),
			c[0].long(), c[0].longLower(),
			below(c[1].body(), c[0].body()), c[1].someLower(),
			above(c[1].open(), c[0].close()), series.LessEqual(c[1].open(), c[0].high()),
			below(c[1].low(), c[0].close()), series.LessEqual(c[0].low(), c[1].low()),
			c[2].short(), c[2].noLower(), c[2].noUpper(),
			above(c[2].low(), c[1].low()), below(c[2].high(), c[1].high()))
	},
}

var tasukiGap = Pattern{
	ID: "tasuki_gap", Title: "Tasuki gap", TitleKorean: "타스키 갭형",
	Summary: "A gap that an opposite candle does not close: the trend goes on.",
	Formula: "bullish: white with a gap above the first, then black that opens within its body and closes below it, above the first's body; " +
		"bearish: black with a gap below, then white that opens within its body and closes above it, below the first's body; " +
		"the last two bodies differ by less than near",
	Source:  "Lean TasukiGap, TA-Lib CDLTASUKIGAP",
	candles: 3, average: 5,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[1].gapsUp(c[0]), c[1].white(), c[2].black(), c[1].surrounds(c[2].open()),
			between(c[0].top(), c[2].close(), c[1].bottom()), alike(c[1], c[2]))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[1].gapsDown(c[0]), c[1].black(), c[2].white(), c[1].surrounds(c[2].open()),
			between(c[1].top(), c[2].close(), c[0].bottom()), alike(c[1], c[2]))
	},
}

// alike is two bodies that differ by less than near.
func alike(left, right candle) series.Bits {
	return below(series.Abs(series.Sub(left.body(), right.body())), left.near())
}

var upsideGapTwoCrows = Pattern{
	ID: "upside_gap_two_crows", Title: "Upside gap two crows", TitleKorean: "상승 갭 두 까마귀형",
	Summary: "Two black candles above a gap: the rise tires.",
	Formula: "long white; black, not long, a gap above; black that opens above the second's open and closes below its close, above the first's close",
	Source:  "Lean UpsideGapTwoCrows, TA-Lib CDLUPSIDEGAP2CROWS",
	candles: 3, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[0].white(), c[1].black(), c[1].notLong(), c[1].gapsUp(c[0]), c[2].black(),
			above(c[2].open(), c[1].open()), between(c[0].close(), c[2].close(), c[1].close()))
	},
}

var twoCrows = Pattern{
	ID: "two_crows", Title: "Two crows", TitleKorean: "두 까마귀형",
	Summary: "A gap up that two black candles close: the rise ends.",
	Formula: "long white; black with a gap above; black that opens within the second's body and closes within the first's",
	Source:  "Lean TwoCrows, TA-Lib CDL2CROWS",
	candles: 3, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[0].white(), c[1].black(), c[1].gapsUp(c[0]), c[2].black(),
			c[1].surrounds(c[2].open()), c[0].surrounds(c[2].close()))
	},
}

var uniqueThreeRiver = Pattern{
	ID: "unique_three_river", Title: "Unique three river", TitleKorean: "독특한 세 강형",
	Summary: "A new low that does not hold, then calm: the fall ends.",
	Formula: "long black; black that closes above the first's close, opens at or below its open and has a lower low; white and short that opens above the second's low",
	Source:  "Lean UniqueThreeRiver, TA-Lib CDLUNIQUE3RIVER",
	candles: 3, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[0].black(), c[1].black(),
			above(c[1].close(), c[0].close()), series.LessEqual(c[1].open(), c[0].open()), below(c[1].low(), c[0].low()),
			c[2].white(), c[2].short(), above(c[2].open(), c[1].low()))
	},
}

var stickSandwich = Pattern{
	ID: "stick_sandwich", Title: "Stick sandwich", TitleKorean: "막대 샌드위치형",
	Summary: "Two falls end at the same price around a rise: a floor.",
	Formula: "black, white, black; the second's low is above the first's close, and the closes of first and third are equal",
	Source:  "Lean StickSandwich, TA-Lib CDLSTICKSANDWICH",
	candles: 3, average: 5,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].black(), c[1].white(), c[2].black(),
			above(c[1].low(), c[0].close()), within(c[2].close(), c[0].close(), c[0].equal()))
	},
}

var tristar = Pattern{
	ID: "tristar", Title: "Tristar", TitleKorean: "세 별형(트라이스타)",
	Summary: "Three dojis, the middle one beyond a gap: a turn.",
	Formula: "three dojis, all measured by the bars before the first; bullish: the second gaps below the first and the third's body ends above the second's bottom; " +
		"bearish: the second gaps above the first and the third's body ends below the second's top",
	Source:  "Lean Tristar, TA-Lib CDLTRISTAR",
	candles: 3, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(threeDojis(c), c[1].gapsDown(c[0]), above(c[2].bottom(), c[1].bottom()))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(threeDojis(c), c[1].gapsUp(c[0]), below(c[2].top(), c[1].top()))
	},
}

func threeDojis(c []candle) series.Bits {
	limit := c[0].tenthOfMeanSpan()
	return all(series.LessEqual(c[0].body(), limit), series.LessEqual(c[1].body(), limit), series.LessEqual(c[2].body(), limit))
}

var identicalThreeCrows = Pattern{
	ID: "identical_three_crows", Title: "Identical three crows", TitleKorean: "동일 세 까마귀형",
	Summary: "Three falls, each from where the last one ended: a turn down.",
	Formula: "three black candles with no lower shadows and falling closes, the opens of the second and third equal to the close before",
	Source:  "Lean IdenticalThreeCrows, TA-Lib CDLIDENTICAL3CROWS",
	candles: 3, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(crows(c),
			within(c[1].open(), c[0].close(), c[0].equal()),
			within(c[2].open(), c[1].close(), c[1].equal()))
	},
}

// crows is three black candles with no lower shadows and falling closes.
func crows(c []candle) series.Bits {
	return all(c[0].black(), c[1].black(), c[2].black(), c[0].noLower(), c[1].noLower(), c[2].noLower(),
		falling(c[0].close(), c[1].close(), c[2].close()))
}

var upDownGapThreeMethods = Pattern{
	ID: "up_down_gap_three_methods", Title: "Up/down gap three methods", TitleKorean: "상승·하락 갭 삼법형",
	Summary: "A gap that an opposite candle closes: a rest in the trend.",
	Formula: "two candles of one colour, white with a gap above (bullish) or black with a gap below (bearish), then one of the other colour that opens within the second's body and closes within the first's",
	Source:  "Lean UpDownGapThreeMethods, TA-Lib CDLXSIDEGAP3METHODS",
	candles: 3,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].white(), c[1].white(), c[1].gapsUp(c[0]), c[2].black(), fillsGap(c))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[0].black(), c[1].black(), c[1].gapsDown(c[0]), c[2].white(), fillsGap(c))
	},
}

func fillsGap(c []candle) series.Bits {
	return all(c[1].surrounds(c[2].open()), c[0].surrounds(c[2].close()))
}
