package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// The patterns of one candle.

var doji = Pattern{
	ID: "doji", Title: "Doji", TitleKorean: "도지",
	Summary: "Open and close nearly meet: neither side won.",
	Formula: "a doji",
	Source:  "Lean Doji, TA-Lib CDLDOJI",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return c[0].doji() },
}

var dragonflyDoji = Pattern{
	ID: "dragonfly_doji", Title: "Dragonfly doji", TitleKorean: "잠자리형 도지",
	Summary: "Sold off and bought back to the open; after a fall it hints at a turn up.",
	Formula: "a doji with no upper and some lower shadow",
	Source:  "Lean DragonflyDoji, TA-Lib CDLDRAGONFLYDOJI",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].doji(), c[0].noUpper(), c[0].someLower())
	},
}

var gravestoneDoji = Pattern{
	ID: "gravestone_doji", Title: "Gravestone doji", TitleKorean: "비석형 도지",
	Summary: "Bought up and sold back to the open; after a rise it hints at a turn down. The value is 100 all the same.",
	Formula: "a doji with no lower and some upper shadow",
	Source:  "Lean GravestoneDoji, TA-Lib CDLGRAVESTONEDOJI",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].doji(), c[0].noLower(), c[0].someUpper())
	},
}

var longLeggedDoji = Pattern{
	ID: "long_legged_doji", Title: "Long-legged doji", TitleKorean: "긴다리 도지",
	Summary: "Wide swings that end where they began: indecision.",
	Formula: "a doji with a long upper or lower shadow",
	Source:  "Lean LongLeggedDoji, TA-Lib CDLLONGLEGGEDDOJI",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		return all(c[0].doji(), either(c[0].longLower(), c[0].longUpper()))
	},
}

var marubozu = Pattern{
	ID: "marubozu", Title: "Marubozu", TitleKorean: "마루보즈(장대봉)",
	Summary: "One side ruled from open to close.",
	Formula: "a long body with no shadows; bullish when white, bearish when black",
	Source:  "Lean Marubozu, TA-Lib CDLMARUBOZU",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return all(c[0].marubozu(), c[0].white()) },
	bearish: func(c []candle, _ Args) series.Bits { return all(c[0].marubozu(), c[0].black()) },
}

var closingMarubozu = Pattern{
	ID: "closing_marubozu", Title: "Closing marubozu", TitleKorean: "종가 마루보즈",
	Summary: "A long candle that closes at its extreme.",
	Formula: "a long body; bullish: white with no upper shadow; bearish: black with no lower shadow",
	Source:  "Lean ClosingMarubozu, TA-Lib CDLCLOSINGMARUBOZU",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return all(c[0].long(), c[0].white(), c[0].noUpper()) },
	bearish: func(c []candle, _ Args) series.Bits { return all(c[0].long(), c[0].black(), c[0].noLower()) },
}

var spinningTop = Pattern{
	ID: "spinning_top", Title: "Spinning top", TitleKorean: "팽이형",
	Summary: "A small body between longer shadows: indecision. The sign is the colour, not a direction.",
	Formula: "a short body, both shadows long; 100 when white, -100 when black",
	Source:  "Lean SpinningTop, TA-Lib CDLSPINNINGTOP",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return all(spins(c[0]), c[0].white()) },
	bearish: func(c []candle, _ Args) series.Bits { return all(spins(c[0]), c[0].black()) },
}

func spins(c candle) series.Bits { return all(c.short(), c.longUpper(), c.longLower()) }

var beltHold = Pattern{
	ID: "belt_hold", Title: "Belt hold", TitleKorean: "띠잡기형(샅바형)",
	Summary: "A long candle that opens at its extreme and runs away from it.",
	Formula: "a long body; bullish: white with no lower shadow; bearish: black with no upper shadow",
	Source:  "Lean BeltHold, TA-Lib CDLBELTHOLD",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return bullishBelt(c[0]) },
	bearish: func(c []candle, _ Args) series.Bits { return bearishBelt(c[0]) },
}

func bullishBelt(c candle) series.Bits { return all(c.long(), c.white(), c.noLower()) }
func bearishBelt(c candle) series.Bits { return all(c.long(), c.black(), c.noUpper()) }

var highWave = Pattern{
	ID: "high_wave", Title: "High wave", TitleKorean: "큰 파도형(하이웨이브)",
	Summary: "A small body between very long shadows: the market lost its way. The sign is the colour, not a direction.",
	Formula: "a short body, both shadows very long; 100 when white, -100 when black",
	Source:  "Lean HighWaveCandle, TA-Lib CDLHIGHWAVE",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits { return all(waves(c[0]), c[0].white()) },
	bearish: func(c []candle, _ Args) series.Bits { return all(waves(c[0]), c[0].black()) },
}

func waves(c candle) series.Bits {
	twice := scaled(c.body(), 2)
	return all(c.short(), above(c.upper(), twice), above(c.lower(), twice))
}

var rickshawMan = Pattern{
	ID: "rickshaw_man", Title: "Rickshaw man", TitleKorean: "인력거꾼형",
	Summary: "A doji in the middle of a wide range: indecision.",
	Formula: "a doji with both shadows long, whose body reaches to within near of the middle of its range",
	Source:  "Lean RickshawMan, TA-Lib CDLRICKSHAWMAN",
	candles: 1, average: 10,
	bullish: func(c []candle, _ Args) series.Bits {
		middle, near := times(series.Add(c[0].high(), c[0].low()), decimal.New(5, -1)), c[0].near()
		return all(c[0].doji(), c[0].longLower(), c[0].longUpper(),
			series.LessEqual(c[0].bottom(), series.Add(middle, near)),
			series.LessEqual(series.Sub(middle, near), c[0].top()))
	},
}
