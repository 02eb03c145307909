package market

// known holds issues whose name, board and kind the program knows by itself, so that logs and messages can name them
// before a broker has been asked. The names are those of 2025.
var known = [...]Instrument{
	{"000020", "동화약품", KOSPI, Stock}, {"000040", "KR모터스", KOSPI, Stock}, {"000270", "기아", KOSPI, Stock},
	{"000660", "SK하이닉스", KOSPI, Stock}, {"003550", "LG", KOSPI, Stock}, {"003560", "IHQ", KOSPI, Stock},
	{"005030", "부산주공", KOSPI, Stock}, {"005380", "현대차", KOSPI, Stock}, {"005490", "POSCO홀딩스", KOSPI, Stock},
	{"005930", "삼성전자", KOSPI, Stock}, {"006400", "삼성SDI", KOSPI, Stock}, {"007610", "선도전기", KOSPI, Stock},
	{"009150", "삼성전기", KOSPI, Stock}, {"010130", "고려아연", KOSPI, Stock}, {"011200", "HMM", KOSPI, Stock},
	{"012330", "현대모비스", KOSPI, Stock}, {"015760", "한국전력", KOSPI, Stock}, {"017670", "SK텔레콤", KOSPI, Stock},
	{"028260", "삼성물산", KOSPI, Stock}, {"032830", "삼성생명", KOSPI, Stock}, {"034730", "SK", KOSPI, Stock},
	{"035420", "NAVER", KOSPI, Stock}, {"035720", "카카오", KOSPI, Stock}, {"051910", "LG화학", KOSPI, Stock},
	{"055550", "신한지주", KOSPI, Stock}, {"066570", "LG전자", KOSPI, Stock}, {"068270", "셀트리온", KOSPI, Stock},
	{"069500", "KODEX 200", KOSPI, ETF}, {"086520", "에코프로", KOSDAQ, Stock}, {"086790", "하나금융지주", KOSPI, Stock},
	{"096770", "SK이노베이션", KOSPI, Stock}, {"105560", "KB금융", KOSPI, Stock}, {"114800", "KODEX 인버스", KOSPI, ETF},
	{"196170", "알테오젠", KOSDAQ, Stock}, {"207940", "삼성바이오로직스", KOSPI, Stock}, {"247540", "에코프로비엠", KOSDAQ, Stock},
	{"259960", "크래프톤", KOSPI, Stock}, {"373220", "LG에너지솔루션", KOSPI, Stock}, {"900140", "엘브이엠씨홀딩스", KOSPI, Stock},
	{"950140", "잉글우드랩", KOSDAQ, Stock},
}

// Known is what the program knows of a symbol by itself: a few names and the best-known funds, and for any other
// symbol a KOSPI stock without a name (an exchange traded note where the symbol begins with Q).
func Known(s Symbol) Instrument {
	for _, i := range known {
		if i.Symbol == s {
			return i
		}
	}
	if len(s) == 7 {
		return Instrument{Symbol: s, Board: KOSPI, Kind: ETN}
	}
	return Instrument{Symbol: s, Board: KOSPI, Kind: Stock}
}
