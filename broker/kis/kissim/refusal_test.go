package kissim

import (
	"fmt"
	"strings"
	"testing"

	"maemae/market"
)

func TestTheLedgerRefusesWithKISsOwnCodes(t *testing.T) {
	type row struct {
		what                        string
		at                          string // HHMM on 2024-12-02, or a date and HHMM
		tr, symbol, kind, qty, unit string
		venue                       string
		virtual, real               string // msg_cd
	}
	buyAt := func(price string) row { return row{tr: buyTR, symbol: "005930", kind: "00", qty: "1", unit: price} }
	in := func(what string, r row, virtual, real string) row {
		r.what, r.virtual, r.real = what, virtual, real
		if r.at == "" {
			r.at = "1000"
		}
		return r
	}
	at := func(when string, r row) row { r.at = when; return r }
	with := func(r row, change func(*row)) row { change(&r); return r }
	typed := func(kind string) row { return with(buyAt("50000"), func(r *row) { r.kind = kind }) }
	via := func(venue string, r row) row { r.venue = venue; return r }
	for _, r := range []row{
		in("a Sunday", at("20241201 1000", buyAt("50000")), "40100000", "APBK0919"),
		in("New Year's Day", at("20250101 1000", buyAt("50000")), "40100000", "APBK0919"),
		in("before orders are taken", at("20241203 0829", buyAt("50000")), "40570000", "APBK0918"),
		in("the opening auction", at("20241203 0830", buyAt("50000")), "40600000", "APBK0013"),
		in("the last moment", at("1529", buyAt("50000")), "40600000", "APBK0013"),
		in("the close", at("1530", buyAt("50000")), "40580000", "APBK0918"),
		in("the evening", at("1900", buyAt("50000")), "40580000", "APBK0918"),
		in("off the tick", buyAt("50050"), "40030000", "APBK0506"),
		in("off the tick below 50,000", buyAt("49975"), "40030000", "APBK0506"),
		in("the upper limit", buyAt("65000"), "40600000", "APBK0013"),
		in("above the upper limit", buyAt("65100"), "40270000", "APBK0406"),
		in("the lower limit", buyAt("35000"), "40600000", "APBK0013"),
		in("below the lower limit", buyAt("34950"), "40270000", "APBK0406"),
		in("a limit order without a price", buyAt("0"), "40270000", "APBK0406"),
		in("more than the cash", with(buyAt("50000"), func(r *row) { r.qty = "2001" }), "40250000", "APBK0952"),
		in("nothing held", with(buyAt("50000"), func(r *row) { r.tr = sellTR }), "40240000", "APBK1234"),
		in("more than is held", with(buyAt("7000"), func(r *row) { r.tr, r.symbol, r.qty = sellTR, "222220", "6" }), "40240000", "APBK0400"),
		in("an unknown symbol", with(buyAt("50000"), func(r *row) { r.symbol = "999999" }), "40070000", "APBK0656"),
		in("no symbol at all", with(buyAt("50000"), func(r *row) { r.symbol = "'; DROP" }), "40070000", "APBK0656"),
		in("a symbol that is not listed yet", with(buyAt("10000"), func(r *row) { r.symbol = "444440" }), "40070000", "APBK0656"),
		in("a halted symbol", with(buyAt("10000"), func(r *row) { r.symbol = "333330" }), "40070000", "APBK0066"),
		in("conditional limit", typed("02"), "OPSQ2001", "APBK0963"),
		in("best price", typed("03"), "OPSQ2001", "APBK0963"),
		in("after hours", typed("06"), "OPSQ2001", "APBK0963"),
		in("a type that KRX does not know", typed("27"), "OPSQ2001", "APBK0963"),
		in("an empty type", typed(""), "OPSQ2001", "APBK0963"),
		in("IOC in the opening auction", at("20241203 0845", typed("11")), "OPSQ2001", "APBK3013"),
		in("IOC in the closing auction", at("1520", typed("11")), "OPSQ2001", "APBK3013"),
		in("a market order at NXT", via("NXT", typed("01")), "OPSQ2001", "APBK1943"),
		in("a limit order at NXT", via("NXT", typed("00")), "OPSQ2001", "APBK0013"),
		in("a market order at SOR", via("SOR", typed("01")), "OPSQ2001", "APBK0013"),
		in("midpoint at SOR", via("SOR", typed("21")), "OPSQ2001", "APBK0963"),
		in("an unknown venue", via("NYSE", typed("00")), "OPSQ2001", "OPSQ2001"),
		in("no shares", with(buyAt("50000"), func(r *row) { r.qty = "0" }), "OPSQ2001", "OPSQ2001"),
		in("shares below zero", with(buyAt("50000"), func(r *row) { r.qty = "-1" }), "OPSQ2001", "OPSQ2001"),
		in("half a share", with(buyAt("50000"), func(r *row) { r.qty = "1.5" }), "OPSQ2001", "OPSQ2001"),
		in("shares beyond every number", with(buyAt("50000"), func(r *row) { r.qty = "99999999999" }), "OPSQ2001", "OPSQ2001"),
		in("a price with a fraction", buyAt("50000.5"), "OPSQ2001", "OPSQ2001"),
		in("an empty price", with(typed("01"), func(r *row) { r.unit = "" }), "OPSQ2001", "OPSQ2001"),
	} {
		for env, want := range map[string]string{envVirtual: r.virtual, envReal: r.real} {
			t.Run(fmt.Sprintf("%s %s", r.what, env), func(t *testing.T) {
				date, clock := today, r.at
				if day, hour, ok := strings.Cut(r.at, " "); ok {
					date, _ = market.ParseDate(day)
					clock = hour
				}
				hour, minute := 0, 0
				fmt.Sscanf(clock, "%2d%2d", &hour, &minute)
				c := start(t, Options{Env: env, Data: folder(t, handMade), Start: market.Date(20241129).At(10, 0)})
				if date == 20250101 { // the data must reach it
					c = start(t, Options{Env: env, Seed: 1, Start: market.Date(20241230).At(10, 0)})
				}
				if r.symbol == "222220" && date == today {
					c.at(today.At(9, 0))
					c.accepted(c.order(buyTR, "222220", "01", "5", "0"))
				}
				if moment := date.At(hour, minute); moment.After(c.sim.Now()) {
					c.at(moment)
				}
				a := c.post(tradingPath+"order-cash", c.env(r.tr), append(c.own(), "PDNO", r.symbol, "ORD_DVSN", r.kind, "ORD_QTY", r.qty,
					"ORD_UNPR", r.unit, "EXCG_ID_DVSN_CD", r.venue)...)
				c.wants(a, "msg_cd", want)
				rt := map[string]string{"AP": "7", "40": "1", "OP": "2"}[want[:2]]
				if want == "APBK0013" || want == "40600000" {
					rt = "0"
				}
				c.wants(a, "rt_cd", rt)
				if _, answered := a["output"]; c.status != 200 || answered != (rt == "0") || a["msg1"] == "" {
					t.Errorf("status %d, %v", c.status, a)
				}
			})
		}
	}
}

func TestAnUnknownOriginalIsRefused(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	c.wants(c.change("02", "0000000077", "00", "0"), "rt_cd", "1", "msg_cd", "40320000")
	c.wants(c.change("02", "seven", "00", "0"), "msg_cd", "40320000")
	c = byHand(t, envReal, 10, 0)
	c.wants(c.change("02", "0000000077", "00", "0"), "rt_cd", "1", "msg_cd", "IGW00022")
	if c.status != 500 {
		t.Errorf("status %d: the inner gateway answers 500", c.status)
	}
}

func TestAccountsThatMayNotOrderAreTurnedAwayBeforeAnythingElse(t *testing.T) {
	c := start(t, Options{Data: folder(t, handMade), Start: market.Date(20241201).At(3, 0), NoOrders: []string{"60000000-01"}})
	for _, number := range []string{"50099999", "60000000"} {
		for _, path := range []string{"order-cash", "order-rvsecncl"} {
			tr := map[string]string{"order-cash": "VTTC0012U", "order-rvsecncl": "VTTC0013U"}[path]
			c.wants(c.post(tradingPath+path, tr, "CANO", number, "ACNT_PRDT_CD", "01"), "rt_cd", "1", "msg_cd", "40910000")
		}
		q := append(balanceQuery(c), "CANO", number)
		c.wants(c.get(tradingPath+"inquire-balance", "VTTC8434R", q...), "rt_cd", "0") // queries keep working
	}
}

func TestAnotherAccountIsRefused(t *testing.T) {
	for env, want := range map[string]struct {
		code   string
		status int
	}{envVirtual: {"90070000", 200}, envReal: {"IGW00002", 500}} {
		c := byHand(t, env, 10, 0)
		c.wants(c.get(tradingPath+"inquire-balance", c.env("TTTC8434R"), append(balanceQuery(c), "CANO", "12345678")...), "rt_cd", "1", "msg_cd", want.code)
		if c.status != want.status {
			t.Errorf("%s: status %d", env, c.status)
		}
		c.wants(c.get(tradingPath+"inquire-balance", c.env("TTTC8434R"), append(balanceQuery(c), "CANO", "1234")...),
			"rt_cd", "2", "msg_cd", "OPSQ2000", "msg1", "ERROR : INPUT INVALID_CHECK_ACNO")
	}
}

func TestQueriesAreCheckedKeyByKey(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	quote := []string{"FID_COND_MRKT_DIV_CODE", "J", "FID_INPUT_ISCD", "005930"}
	chart := append(quote, "FID_INPUT_DATE_1", "20241101", "FID_INPUT_DATE_2", "20241202", "FID_PERIOD_DIV_CODE", "D", "FID_ORG_ADJ_PRC", "0")
	services := []struct {
		path, tr, text string
		query          []string
	}{
		{tradingPath + "inquire-balance", "VTTC8434R", "ERROR : INPUT_FIELD_NAME %s", balanceQuery(c)},
		{tradingPath + "inquire-daily-ccld", "VTTC0081R", "ERROR : INPUT_FIELD_NAME %s", listQuery(c, today)},
		{tradingPath + "inquire-psbl-order", "VTTC8908R", "ERROR : INPUT_FIELD_NAME %s",
			append(c.own(), "PDNO", "005930", "ORD_UNPR", "", "ORD_DVSN", "01", "CMA_EVLU_AMT_ICLD_YN", "N", "OVRS_ICLD_YN", "N")},
		{quotationPath + "inquire-price", "FHKST01010100", "ERROR INPUT FIELD NOT FOUND [%s]", quote},
		{quotationPath + "inquire-daily-price", "FHKST01010400", "ERROR INPUT FIELD NOT FOUND [%s]", append(quote, "FID_PERIOD_DIV_CODE", "D", "FID_ORG_ADJ_PRC", "0")},
		{quotationPath + "inquire-daily-itemchartprice", "FHKST03010100", "ERROR INPUT FIELD NOT FOUND [%s]", chart},
	}
	for _, s := range services {
		c.wants(c.get(s.path, s.tr, s.query...), "rt_cd", "0")
		for i := 0; i < len(s.query); i += 2 {
			without := append(append([]string{}, s.query[:i]...), s.query[i+2:]...)
			c.wants(c.get(s.path, s.tr, without...), "rt_cd", "2", "msg_cd", "OPSQ2001", "msg1", fmt.Sprintf(s.text, s.query[i]))
			lower := append([]string{}, s.query...)
			lower[i] = strings.ToLower(lower[i])
			c.wants(c.get(s.path, s.tr, lower...), "rt_cd", "0")
		}
		c.wants(c.post(s.path, s.tr, s.query...), "rt_cd", "2", "msg_cd", "OPSQ2001") // a query sent as POST
	}
	for _, bad := range []struct {
		service    int
		key, value string
		text       string
	}{
		{0, "INQR_DVSN", "02", "ERROR : INPUT INVALID_CHECK_INQR_DVSN"}, {0, "AFHR_FLPR_YN", "Q", "ERROR : INPUT INVALID_CHECK_AFHR_FLPR_YN"},
		{0, "PRCS_DVSN", "", "ERROR : INPUT INVALID_CHECK_PRCS_DVSN"},
		{1, "INQR_STRT_DT", "2024-12-02", "ERROR : INPUT INVALID_CHECK_INQR_STRT_DT"}, {1, "INQR_END_DT", "", "ERROR : INPUT INVALID_CHECK_INQR_END_DT"},
		{1, "SLL_BUY_DVSN_CD", "03", "ERROR : INPUT INVALID_CHECK_SLL_BUY_DVSN_CD"}, {1, "CCLD_DVSN", "9", "ERROR : INPUT INVALID_CHECK_CCLD_DVSN"},
		{1, "INQR_DVSN", "02", "ERROR : INPUT INVALID_CHECK_INQR_DVSN"}, {1, "EXCG_ID_DVSN_CD", "NYSE", "ERROR : INPUT INVALID_CHECK_EXCG_ID_DVSN_CD"},
		{1, "ODNO", "x", "ERROR : INPUT INVALID_CHECK_ODNO"},
		{2, "ORD_DVSN", "99", "ERROR : INPUT INVALID_CHECK_ORD_DVSN"}, {2, "ORD_UNPR", "1e3", "ERROR : INPUT INVALID_CHECK_ORD_UNPR"},
		{3, "FID_COND_MRKT_DIV_CODE", "Z", "ERROR INVALID FID_COND_MRKT_DIV_CODE"}, {3, "FID_INPUT_ISCD", "999999", "종목코드 오류입니다."},
		{4, "FID_PERIOD_DIV_CODE", "Y", "ERROR INVALID FID_PERIOD_DIV_CODE"}, {4, "FID_ORG_ADJ_PRC", "2", "ERROR INVALID FID_ORG_ADJ_PRC"},
		{5, "FID_INPUT_DATE_1", "20241340", "ERROR INVALID FID_INPUT_DATE_1"}, {5, "FID_PERIOD_DIV_CODE", "H", "ERROR INVALID FID_PERIOD_DIV_CODE"},
	} {
		s := services[bad.service]
		a := c.get(s.path, s.tr, append(append([]string{}, s.query...), bad.key, bad.value)...)
		if a["rt_cd"] == "0" || strings.TrimSpace(a["msg1"].(string)) != bad.text || c.status != 200 {
			t.Errorf("%s=%q: %v", bad.key, bad.value, a)
		}
	}
}

func TestAnOrderBodyIsCheckedKeyByKey(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	order := append(c.own(), "PDNO", "005930", "ORD_DVSN", "00", "ORD_QTY", "1", "ORD_UNPR", "48000")
	for i := 0; i < len(order); i += 2 {
		without := append(append([]string{}, order[:i]...), order[i+2:]...)
		c.wants(c.post(tradingPath+"order-cash", "VTTC0012U", without...), "rt_cd", "2", "msg_cd", "OPSQ2001", "msg1", "ERROR : INPUT_FIELD_NAME "+order[i])
	}
	n := c.accepted(c.post(tradingPath+"order-cash", "VTTC0012U", order...))
	change := append(c.own(), "KRX_FWDG_ORD_ORGNO", "00950", "ORGN_ODNO", n, "ORD_DVSN", "00", "RVSE_CNCL_DVSN_CD", "02", "ORD_QTY", "1", "ORD_UNPR", "0", "QTY_ALL_ORD_YN", "N")
	for _, bad := range [][2]string{{"RVSE_CNCL_DVSN_CD", "03"}, {"QTY_ALL_ORD_YN", "X"}, {"ORD_QTY", "0"}, {"ORD_QTY", "x"}} {
		c.wants(c.post(tradingPath+"order-rvsecncl", "VTTC0013U", append(append([]string{}, change...), bad[0], bad[1])...),
			"rt_cd", "2", "msg1", "ERROR : INPUT INVALID_CHECK_"+bad[0])
	}
	c.wants(c.post(tradingPath+"order-rvsecncl", "VTTC0013U", append(append([]string{}, change...), "KRX_FWDG_ORD_ORGNO", "12345")...), "msg_cd", "40320000")
	for _, body := range []string{"", "{", "[]", `"x"`, "null", `{"CANO":50012345}`, `{"CANO":["x"]}`} {
		a := c.do("POST", tradingPath+"order-cash", c.headers("VTTC0012U"), body)
		if c.status != 500 || a["msg_cd"] != "EGW00202" && a["msg_cd"] != "IGW00007" {
			t.Errorf("body %q: %d %v", body, c.status, a)
		}
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} { // an order is a POST
		c.wants(c.do(method, tradingPath+"order-cash", c.headers("VTTC0012U"), bodyOf(order)), "rt_cd", "2", "msg_cd", "OPSQ2001")
	}
	if len(c.orders()) != 1 {
		t.Errorf("orders %v", c.orders())
	}
}
