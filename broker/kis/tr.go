package kis

import "maemae/market"

// tr is one call KIS offers (TR, 거래): its path and its id in each environment. An empty id with real and virtual both
// empty means the call needs none; one empty means that environment does not offer it.
type tr struct {
	name          string // the last part of the path, as KIS's documents call it
	path          string
	real, virtual string
	rows          int // rows a page, where paging is by date
}

const (
	trading    = "/uapi/domestic-stock/v1/trading/"
	quotations = "/uapi/domestic-stock/v1/quotations/"
)

// The calls in use, with the ids of 2026-11. The ids TTTC0802U, 0801U, 0803U and 8001R (VTTC… on virtual) came before
// these; KIS may block them without notice, and VTTC8001R answers with an empty list.
var (
	issueToken  = tr{name: "tokenP", path: "/oauth2/tokenP"}   // 접근토큰발급
	revokeToken = tr{name: "revokeP", path: "/oauth2/revokeP"} // 접근토큰폐기
	hashBody    = tr{name: "hashkey", path: "/uapi/hashkey"}   // 해쉬키

	orderBuy     = tr{name: "order-cash", path: trading + "order-cash", real: "TTTC0012U", virtual: "VTTC0012U"}                 // 주식주문(현금) 매수
	orderSell    = tr{name: "order-cash", path: trading + "order-cash", real: "TTTC0011U", virtual: "VTTC0011U"}                 // 주식주문(현금) 매도
	orderCancel  = tr{name: "order-rvsecncl", path: trading + "order-rvsecncl", real: "TTTC0013U", virtual: "VTTC0013U"}         // 주식주문(정정취소)
	orderList    = tr{name: "inquire-daily-ccld", path: trading + "inquire-daily-ccld", real: "TTTC0081R", virtual: "VTTC0081R"} // 주식일별주문체결조회, 3개월 이내; 100 rows a page on real, 15 on virtual
	orderArchive = tr{name: "inquire-daily-ccld", path: trading + "inquire-daily-ccld", real: "CTSC9215R", virtual: "VTSC9215R"} // 주식일별주문체결조회, 3개월 이전
	balance      = tr{name: "inquire-balance", path: trading + "inquire-balance", real: "TTTC8434R", virtual: "VTTC8434R"}       // 주식잔고조회; 50 and 20 rows a page
	buyingPower  = tr{name: "inquire-psbl-order", path: trading + "inquire-psbl-order", real: "TTTC8908R", virtual: "VTTC8908R"} // 매수가능조회

	price       = tr{name: "inquire-price", path: quotations + "inquire-price", real: "FHKST01010100", virtual: "FHKST01010100"}                                          // 주식현재가 시세
	dailyChart  = tr{name: "inquire-daily-itemchartprice", path: quotations + "inquire-daily-itemchartprice", real: "FHKST03010100", virtual: "FHKST03010100", rows: 100} // 국내주식기간별시세(일/주/월/년)
	dailyRecent = tr{name: "inquire-daily-price", path: quotations + "inquire-daily-price", real: "FHKST01010400", virtual: "FHKST01010400"}                              // 주식현재가 일자별; 30 rows
	holidays    = tr{name: "chk-holiday", path: quotations + "chk-holiday", real: "CTCA0903R"}                                                                            // 국내휴장일조회
)

// Three months is the reach of orderList (days).
const orderListDays = 90

// id is the call's TR id in the environment, and whether the environment offers the call.
func (t tr) id(e Env) (id string, offered bool) {
	if e == Real {
		id = t.real
	} else {
		id = t.virtual
	}
	return id, id != "" || t.real == t.virtual
}

// Wire values of order fields (domestic stock).
const (
	dvsnLimit  = "00" // 지정가
	dvsnMarket = "01" // 시장가
	dvsnIOC    = "11" // IOC 지정가

	sideSell = "01" // 매도 (sll_buy_dvsn_cd)
	sideBuy  = "02" // 매수
)

// hosts are the only addresses besides loopback that a Client talks to.
var hosts = map[Env]string{
	Real:    "https://openapi.koreainvestment.com:9443",
	Virtual: "https://openapivts.koreainvestment.com:29443",
}

// quotas are the calls a second KIS grants an app key, by the date each came into force; the newest not in the future
// counts. A new customer of real has 3 for the first three days: that is configuration, KIS does not tell.
var quotas = []struct {
	from          market.Date
	real, virtual Rate
}{
	{from: 0, real: 20, virtual: 2},
	{from: 20260420, real: 18, virtual: 1},
}

// quota is the granted rate on the date.
func quota(e Env, d market.Date) Rate {
	var r Rate
	for _, q := range quotas {
		switch {
		case q.from > d:
		case e == Real:
			r = q.real
		default:
			r = q.virtual
		}
	}
	return r
}
