package indicator

import "maemae/series"

// The patterns of two candles. Some are named after the second one; the first
// then says where it stands.

var hammer = Pattern{
	ID: "hammer", Title: "Hammer", TitleKorean: "망치형",
	Summary: "Sold off and bought back at the low of a fall: a turn up.",
	Formula: "a short body with a long lower and no upper shadow; the body's bottom is at most near above the low of the candle before",
	Source:  "Lean Hammer, TA-Lib CDLHAMMER",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(hammers(c[1]), series.LessEqual(c[1].bottom(), series.Add(c[0].low(), c[0].near())))
	},
}

var hangingMan = Pattern{
	ID: "hanging_man", Title: "Hanging man", TitleKorean: "교수형",
	Summary: "A hammer at the top of a rise: a turn down.",
	Formula: "a short body with a long lower and no upper shadow; the body's bottom is at most near below the high of the candle before",
	Source:  "Lean HangingMan, TA-Lib CDLHANGINGMAN",
	candles: 2, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(hammers(c[1]), series.LessEqual(series.Sub(c[0].high(), c[0].near()), c[1].bottom()))
	},
}

func hammers(c candle) series.Bits { return all(c.short(), c.longLower(), c.noUpper()) }

var invertedHammer = Pattern{
	ID: "inverted_hammer", Title: "Inverted hammer", TitleKorean: "역망치형",
	Summary: "A first try upwards at the low of a fall: a turn up.",
	Formula: "a short body with a long upper and no lower shadow, a gap below the candle before",
	Source:  "Lean InvertedHammer, TA-Lib CDLINVERTEDHAMMER",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return all(shoots(c[1]), c[1].gapsDown(c[0])) },
}

var shootingStar = Pattern{
	ID: "shooting_star", Title: "Shooting star", TitleKorean: "유성형",
	Summary: "A rise that was sold within the day: a turn down.",
	Formula: "a short body with a long upper and no lower shadow, a gap above the candle before",
	Source:  "Lean ShootingStar, TA-Lib CDLSHOOTINGSTAR",
	candles: 2, average: 10,
	bearish: func(c []candle, _ Args) series.Bits { return all(shoots(c[1]), c[1].gapsUp(c[0])) },
}

func shoots(c candle) series.Bits { return all(c.short(), c.longUpper(), c.noLower()) }

var engulfing = Pattern{
	ID: "engulfing", Title: "Engulfing", TitleKorean: "장악형",
	Summary: "The day undid the whole day before: a turn.",
	Formula: "two candles of opposite colour, the second opens beyond the first's close and closes beyond its open; bullish when the second is white",
	Source:  "Lean Engulfing, TA-Lib CDLENGULFING",
	candles: 2,
	bullish: func(c []candle, _ Args) series.Bits { return c[1].engulfsBlack(c[0]) },
	bearish: func(c []candle, _ Args) series.Bits { return c[1].engulfsWhite(c[0]) },
}

var harami = Pattern{
	ID: "harami", Title: "Harami", TitleKorean: "잉태형",
	Summary: "After a long candle a small one within it: the move lost force.",
	Formula: "a long candle, then one not long whose body lies inside the first's; bullish when the first is black",
	Source:  "Lean Harami, TA-Lib CDLHARAMI",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return all(carries(c[0], c[1]), c[0].black()) },
	bearish: func(c []candle, _ Args) series.Bits { return all(carries(c[0], c[1]), c[0].white()) },
}

func carries(first, second candle) series.Bits {
	return all(first.long(), second.notLong(), second.inside(first))
}

var haramiCross = Pattern{
	ID: "harami_cross", Title: "Harami cross", TitleKorean: "잉태 십자형",
	Summary: "A harami whose second candle is a doji.",
	Formula: "a long candle, then a doji whose body lies inside the first's; bullish when the first is black",
	Source:  "Lean HaramiCross, TA-Lib CDLHARAMICROSS",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[1].doji(), c[1].inside(c[0]), c[0].black())
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[1].doji(), c[1].inside(c[0]), c[0].white())
	},
}

var piercing = Pattern{
	ID: "piercing", Title: "Piercing line", TitleKorean: "관통형",
	Summary: "Opens at a new low and wins back more than half of the day before: a turn up.",
	Formula: "long black, then long white that opens below the first's low and closes above the middle of its body but below its open",
	Source:  "Lean Piercing, TA-Lib CDLPIERCING",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[0].black(), c[1].long(), c[1].white(),
			below(c[1].open(), c[0].low()),
			between(c[0].raised(hundredths(50)), c[1].close(), c[0].open()))
	},
}

var darkCloudCover = Pattern{
	ID: "dark_cloud_cover", Title: "Dark cloud cover", TitleKorean: "먹구름형",
	Summary: "Opens at a new high and gives back a good part of the day before: a turn down.",
	Formula: "long white, then black that opens above the first's high and closes above its open but below close - penetration * body",
	Source:  "Lean DarkCloudCover, TA-Lib CDLDARKCLOUDCOVER",
	Params:  []Param{penetration(50)},
	candles: 2, average: 10,
	bearish: func(c []candle, a Args) series.Bits {
		return all(c[0].long(), c[0].white(), c[1].black(),
			above(c[1].open(), c[0].high()),
			between(c[0].open(), c[1].close(), c[0].lowered(a.Decimal("penetration"))))
	},
}

var counterattack = Pattern{
	ID: "counterattack", Title: "Counterattack", TitleKorean: "반격형",
	Summary: "A long candle answered by one that closes where it closed: a turn.",
	Formula: "two long candles of opposite colour whose closes are equal; bullish when the second is white",
	Source:  "Lean Counterattack, TA-Lib CDLCOUNTERATTACK",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return all(meet(c[0], c[1]), c[0].black(), c[1].white()) },
	bearish: func(c []candle, _ Args) series.Bits { return all(meet(c[0], c[1]), c[0].white(), c[1].black()) },
}

func meet(first, second candle) series.Bits {
	return all(first.long(), second.long(), within(second.close(), first.close(), first.equal()))
}

var onNeck = Pattern{
	ID: "on_neck", Title: "On neck", TitleKorean: "목 위형(온넥)",
	Summary: "A weak answer to a fall, which goes on.",
	Formula: "long black, then white that opens below the first's low and closes equal to that low",
	Source:  "Lean OnNeck, TA-Lib CDLONNECK",
	candles: 2, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(recoils(c[0], c[1]), within(c[1].close(), c[0].low(), c[0].equal()))
	},
}

var inNeck = Pattern{
	ID: "in_neck", Title: "In neck", TitleKorean: "목 안형(인넥)",
	Summary: "A weak answer to a fall, a little into the body; the fall goes on.",
	Formula: "long black, then white that opens below the first's low and closes at or above its close by at most equal",
	Source:  "Lean InNeck, TA-Lib CDLINNECK",
	candles: 2, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(recoils(c[0], c[1]),
			series.LessEqual(c[0].close(), c[1].close()),
			series.LessEqual(c[1].close(), series.Add(c[0].close(), c[0].equal())))
	},
}

var thrusting = Pattern{
	ID: "thrusting", Title: "Thrusting", TitleKorean: "밀어붙이기형",
	Summary: "An answer to a fall that stays under the middle; the fall goes on.",
	Formula: "long black, then white that opens below the first's low and closes more than equal above its close, at most at the middle of its body",
	Source:  "Lean Thrusting, TA-Lib CDLTHRUSTING",
	candles: 2, average: 10,
	bearish: func(c []candle, _ Args) series.Bits {
		return all(recoils(c[0], c[1]),
			above(c[1].close(), series.Add(c[0].close(), c[0].equal())),
			series.LessEqual(c[1].close(), c[0].raised(hundredths(50))))
	},
}

// recoils is a long black candle and a white one that opens below its low.
func recoils(first, second candle) series.Bits {
	return all(first.long(), first.black(), second.white(), below(second.open(), first.low()))
}

var separatingLines = Pattern{
	ID: "separating_lines", Title: "Separating lines", TitleKorean: "분리선형",
	Summary: "Back to the open of an opposite candle and away from it: the trend goes on.",
	Formula: "two candles of opposite colour whose opens are equal, the second a belt hold; bullish when the second is white",
	Source:  "Lean SeparatingLines, TA-Lib CDLSEPARATINGLINES",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].black(), bullishBelt(c[1]), within(c[1].open(), c[0].open(), c[0].equal()))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[0].white(), bearishBelt(c[1]), within(c[1].open(), c[0].open(), c[0].equal()))
	},
}

var kicking = Pattern{
	ID: "kicking", Title: "Kicking", TitleKorean: "킥킹형",
	Summary: "A marubozu and at once an opposite one beyond a gap: a strong turn.",
	Formula: "two marubozu of opposite colour with an open gap, up from black to white (bullish) or down from white to black (bearish)",
	Source:  "Lean Kicking, TA-Lib CDLKICKING",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return kicksUp(c[0], c[1]) },
	bearish: func(c []candle, _ Args) series.Bits { return kicksDown(c[0], c[1]) },
}

var kickingByLength = Pattern{
	ID: "kicking_by_length", Title: "Kicking by length", TitleKorean: "길이 기준 킥킹형",
	Summary: "A kicking whose longer candle gives the direction.",
	Formula: "a kicking; bullish when the longer body is white, bearish when it is black; of equal bodies the first counts",
	Source:  "Lean KickingByLength, TA-Lib CDLKICKINGBYLENGTH",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		longer := above(c[1].body(), c[0].body())
		return either(all(kicksUp(c[0], c[1]), longer), all(kicksDown(c[0], c[1]), series.Not(longer)))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		longer := above(c[1].body(), c[0].body())
		return either(all(kicksDown(c[0], c[1]), longer), all(kicksUp(c[0], c[1]), series.Not(longer)))
	},
}

func kicksUp(first, second candle) series.Bits {
	return all(first.marubozu(), first.black(), second.marubozu(), second.white(), second.leapsUp(first))
}

func kicksDown(first, second candle) series.Bits {
	return all(first.marubozu(), first.white(), second.marubozu(), second.black(), second.leapsDown(first))
}

var matchingLow = Pattern{
	ID: "matching_low", Title: "Matching low", TitleKorean: "일치 저가형",
	Summary: "Two falls end at the same price: a floor.",
	Formula: "two black candles whose closes are equal",
	Source:  "Lean MatchingLow, TA-Lib CDLMATCHINGLOW",
	candles: 2, average: 5,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].black(), c[1].black(), within(c[1].close(), c[0].close(), c[0].equal()))
	},
}

var homingPigeon = Pattern{
	ID: "homing_pigeon", Title: "Homing pigeon", TitleKorean: "귀소 비둘기형",
	Summary: "A smaller fall within a long one: the fall loses force.",
	Formula: "long black, then black and not long, its body inside the first's",
	Source:  "Lean HomingPigeon, TA-Lib CDLHOMINGPIGEON",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(carries(c[0], c[1]), c[0].black(), c[1].black())
	},
}

var dojiStar = Pattern{
	ID: "dojistar", Title: "Doji star", TitleKorean: "도지 별형",
	Summary: "A doji beyond a gap after a long candle: the move may end.",
	Formula: "long black, then a doji with a gap below (bullish); long white, then a doji with a gap above (bearish)",
	Source:  "Lean DojiStar, TA-Lib CDLDOJISTAR",
	candles: 2, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[0].black(), c[1].doji(), c[1].gapsDown(c[0]))
	},
	bearish: func(c []candle, _ Args) series.Bits {
		return all(c[0].long(), c[0].white(), c[1].doji(), c[1].gapsUp(c[0]))
	},
}
