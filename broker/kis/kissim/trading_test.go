package kissim

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"maemae/market"
)

// The walk of the hand-made day is known to the second: 49,200 on ticks is reached at 10:37:38, 51,500 at 12:58:20.
func TestRestingOrdersFillWhenThePriceTouchesThem(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	buy := c.accepted(c.order(buyTR, "005930", "00", "10", "49200"))
	if next := clockOf(c.sim.Next()); next != "2024-12-02 10:37:38" {
		t.Errorf("next moment %s", next)
	}
	c.at(c.sim.Next().Add(-1))
	c.wants(c.orders()[0], "odno", buy, "tot_ccld_qty", "0", "rmn_qty", "10")
	c.at(c.sim.Next())
	c.wants(c.orders()[0], "tot_ccld_qty", "10", "rmn_qty", "0", "avg_prvs", "49200", "tot_ccld_amt", "492000", "infm_tmd", "103738", "cncl_cfrm_qty", "0")
	c.accepted(c.order(sellTR, "005930", "00", "10", "51500"))
	if next := clockOf(c.sim.Next()); next != "2024-12-02 12:58:20" {
		t.Errorf("next moment %s", next)
	}
	c.to(13, 0)
	c.wants(c.orders()[1], "tot_ccld_qty", "10", "avg_prvs", "51500", "infm_tmd", "125820")
}

func TestALimitOrderThatTheMarketHasReachedFillsAtOnceAndNoWorseThanItsLimit(t *testing.T) {
	for _, row := range []struct{ tr, kind, price, want string }{
		{buyTR, "00", "51000", "49550"}, // beyond the offer: at the offer
		{buyTR, "00", "49550", "49550"},
		{buyTR, "00", "49500", "49500"}, // at the last price
		{buyTR, "11", "51000", "49550"},
		{sellTR, "00", "48000", "49500"},
		{sellTR, "11", "49500", "49500"},
		{sellTR, "01", "0", "49500"},
	} {
		c := byHand(t, envReal, 10, 0)
		if row.tr == sellTR {
			c.accepted(c.order(buyTR, "005930", "01", "5", "0"))
		}
		c.accepted(c.order(row.tr, "005930", row.kind, "5", row.price))
		rows := c.orders()
		c.wants(rows[len(rows)-1], "tot_ccld_qty", "5", "avg_prvs", row.want, "ord_unpr", row.price, "ord_dvsn_cd", row.kind)
	}
}

func TestAnIOCOrderThatFindsNobodyIsCancelledAtOnce(t *testing.T) {
	c := byHand(t, envReal, 10, 0)
	c.accepted(c.order(buyTR, "005930", "11", "5", "49000"))
	c.wants(c.orders()[0], "tot_ccld_qty", "0", "rmn_qty", "0", "cncl_cfrm_qty", "5", "cncl_yn", "Y", "ccld_cndt_name", "IOC")
	_, totals := c.balance()
	c.wants(totals, "prvs_rcdl_excc_amt", "100000000")
}

func TestTheOpeningAuctionFillsAtTheOpen(t *testing.T) {
	c := byHand(t, envVirtual, 8, 30)
	c.accepted(c.order(buyTR, "005930", "01", "1", "0"))
	c.accepted(c.order(buyTR, "005930", "00", "1", "55000"))
	c.accepted(c.order(buyTR, "005930", "00", "1", "49000")) // touched at 11:10
	c.wants(c.orders()[0], "rmn_qty", "1")
	c.to(9, 0)
	rows := c.orders()
	c.wants(rows[0], "avg_prvs", "50000", "infm_tmd", "090000")
	c.wants(rows[1], "avg_prvs", "50000", "infm_tmd", "090000")
	c.wants(rows[2], "tot_ccld_qty", "0")
	c.to(12, 0)
	c.wants(c.orders()[2], "avg_prvs", "49000", "infm_tmd", "110338") // when the walk has come within a tick
}

func TestTheClosingAuctionFillsAtTheCloseAndEndsTheDay(t *testing.T) {
	c := byHand(t, envVirtual, 15, 20)
	c.accepted(c.order(buyTR, "005930", "01", "1", "0"))
	c.accepted(c.order(buyTR, "005930", "00", "1", "51000"))
	c.accepted(c.order(buyTR, "005930", "00", "1", "50900"))
	frozen := c.price("005930")["stck_prpr"]
	c.at(today.At(15, 29))
	c.wants(c.price("005930"), "stck_prpr", frozen.(string))
	for _, o := range c.orders() {
		c.wants(o, "rmn_qty", "1")
	}
	c.at(today.At(15, 30))
	rows := c.orders()
	c.wants(rows[0], "avg_prvs", "51000", "infm_tmd", "153000")
	c.wants(rows[1], "avg_prvs", "51000")
	c.wants(rows[2], "tot_ccld_qty", "0", "rmn_qty", "0", "cncl_cfrm_qty", "1", "cncl_yn", "Y")
	c.wants(c.change("02", "3", "00", "0"), "msg_cd", "40330000")
	_, totals := c.balance()
	c.wants(totals, "thdt_buy_amt", "102000")
	c.wants(c.price("005930"), "stck_prpr", "51000", "stck_hgpr", "52000", "stck_lwpr", "49000", "acml_vol", "2000000")
}

func TestADayLockedAtALimitFillsOnlyTheOtherSide(t *testing.T) {
	c := byHand(t, envReal, 9, 30)
	c.accepted(c.order(buyTR, "222220", "01", "3", "0")) // locked at the lower limit: sellers everywhere
	c.wants(c.orders()[0], "tot_ccld_qty", "3", "avg_prvs", "7000")
	c.accepted(c.order(sellTR, "222220", "01", "3", "0"))
	c.accepted(c.order(buyTR, "111110", "00", "3", "13000")) // locked at the upper limit: no seller
	c.at(today.At(15, 30))
	rows := c.orders()
	c.wants(rows[1], "tot_ccld_qty", "0", "cncl_cfrm_qty", "3")
	c.wants(rows[2], "tot_ccld_qty", "0", "cncl_cfrm_qty", "3")
}

func TestACancellationIsARowOfItsOwnAndHappensOnce(t *testing.T) {
	for env, orgno := range map[string]string{envVirtual: "00950", envReal: "03930"} {
		c := byHand(t, env, 10, 0)
		first := c.accepted(c.order(buyTR, "005930", "00", "10", "48000"))
		answer := c.change("02", first, "00", "12345") // any price, any quantity with QTY_ALL_ORD_YN=Y
		second := c.accepted(answer)
		c.wants(answer["output"].(map[string]any), "KRX_FWDG_ORD_ORGNO", orgno, "ODNO", second, "ORD_TMD", "100000")
		if first != "0000000001" || second != "0000000002" {
			t.Errorf("order numbers %s and %s", first, second)
		}
		rows := c.orders()
		c.wants(rows[0], "odno", first, "orgn_odno", "", "rmn_qty", "0", "cncl_cfrm_qty", "10", "cncl_yn", "Y", "tot_ccld_qty", "0", "ord_gno_brno", orgno)
		c.wants(rows[1], "odno", second, "orgn_odno", first, "ord_qty", "10", "rmn_qty", "0", "cncl_cfrm_qty", "10", "sll_buy_dvsn_cd_name", "매수취소*")
		for _, number := range []string{first, second} {
			want := map[string]string{envVirtual: "40330000", envReal: "APBK0927"}[env]
			c.wants(c.change("02", number, "00", "0"), "msg_cd", want)
		}
		_, totals := c.balance()
		c.wants(totals, "prvs_rcdl_excc_amt", "100000000")
	}
}

func TestPartOfAnOrderCanBeCancelled(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	first := c.accepted(c.order(buyTR, "005930", "00", "10", "49200"))
	part := func(shares string) map[string]any {
		return c.post(tradingPath+"order-rvsecncl", c.env(changeTR), append(c.own(), "KRX_FWDG_ORD_ORGNO", "00950", "ORGN_ODNO", first, "ORD_DVSN", "00",
			"RVSE_CNCL_DVSN_CD", "02", "ORD_QTY", shares, "ORD_UNPR", "0", "QTY_ALL_ORD_YN", "N")...)
	}
	c.accepted(part("4"))
	c.wants(part("7"), "msg_cd", "40330000")
	c.to(11, 0)
	c.wants(c.orders()[0], "tot_ccld_qty", "6", "cncl_cfrm_qty", "4", "rmn_qty", "0")
}

func TestAReplacementIsANewOrderThatTakesTheRest(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	first := c.accepted(c.order(buyTR, "005930", "00", "10", "48000"))
	answer := c.change("01", first, "00", "49200")
	second := c.accepted(answer)
	c.wants(answer, "msg_cd", "40620000")
	c.wants(c.change("02", first, "00", "0"), "msg_cd", "40330000")
	c.wants(c.change("01", second, "00", "49210"), "msg_cd", "40030000") // off the tick: nothing changes
	c.wants(c.change("01", second, "00", "65000"), "rt_cd", "0")         // fills at the offer
	rows := c.orders()
	c.wants(rows[0], "rmn_qty", "0", "cncl_cfrm_qty", "10")
	c.wants(rows[1], "orgn_odno", first, "rmn_qty", "0", "cncl_cfrm_qty", "10", "sll_buy_dvsn_cd_name", "매수정정*")
	c.wants(rows[2], "orgn_odno", second, "tot_ccld_qty", "10", "avg_prvs", "49550")
}

func TestAReplacementBeyondTheCashLeavesTheOriginal(t *testing.T) {
	c := start(t, Options{Data: folder(t, handMade), Start: today.At(10, 0), Cash: won(500_000)})
	first := c.accepted(c.order(buyTR, "005930", "00", "10", "48000"))
	c.wants(c.change("01", first, "00", "60000"), "msg_cd", "40250000")
	c.wants(c.orders()[0], "rmn_qty", "10", "cncl_cfrm_qty", "0")
	c.wants(c.order(buyTR, "005930", "00", "1", "48000"), "msg_cd", "40250000") // still holds its cash back
}

func TestOrderNumbersBeginAgainEachDay(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	c.accepted(c.order(buyTR, "005930", "00", "1", "48000"))
	c.at(market.Date(20241203).At(10, 0))
	if n := c.accepted(c.order(buyTR, "005930", "00", "1", "48000")); n != "0000000001" {
		t.Errorf("first number of the next day %s", n)
	}
	if rows := c.orders(); len(rows) != 1 || rows[0]["ord_dt"] != "20241203" {
		t.Errorf("today's orders %v", rows)
	}
}

func TestTheOrderListAnswersWhatIsAsked(t *testing.T) {
	c := byHand(t, envReal, 10, 0)
	c.accepted(c.order(buyTR, "005930", "01", "10", "0"))
	c.accepted(c.order(sellTR, "005930", "00", "5", "52000"))
	c.accepted(c.order(buyTR, "069500", "01", "3", "0"))
	for _, row := range []struct{ key, value, want string }{
		{"SLL_BUY_DVSN_CD", "00", "1 2 3"}, {"SLL_BUY_DVSN_CD", "01", "2"}, {"SLL_BUY_DVSN_CD", "02", "1 3"},
		{"INQR_DVSN", "00", "3 2 1"}, {"PDNO", "069500", "3"}, {"PDNO", "000000", ""},
		{"CCLD_DVSN", "01", "1 3"}, {"CCLD_DVSN", "02", "2"}, {"ODNO", "0000000002", "2"},
		{"EXCG_ID_DVSN_CD", "KRX", "1 2 3"}, {"EXCG_ID_DVSN_CD", "SOR", ""}, {"INQR_END_DT", "20241201", ""}, {"INQR_STRT_DT", "20241101", "1 2 3"},
	} {
		a := c.get(tradingPath+"inquire-daily-ccld", listTR, append(listQuery(c, today), row.key, row.value)...)
		var got []string
		for _, r := range a["output1"].([]any) {
			got = append(got, strings.TrimLeft(r.(map[string]any)["odno"].(string), "0"))
		}
		if strings.Join(got, " ") != row.want || a["rt_cd"] != "0" {
			t.Errorf("%s=%s: orders %v, want %s", row.key, row.value, got, row.want)
		}
	}
	a := c.get(tradingPath+"inquire-daily-ccld", listTR, listQuery(c, today)...)
	// 10 × 49,550 and 3 × the fund's offer; 69 won of fee and 12 or 13 on the fund's.
	fund := c.orders()[2]
	c.wants(a["output2"].(map[string]any), "tot_ord_qty", "18", "tot_ccld_qty", "13", "prsm_tlex_smtl", "81")
	c.wants(fund, "tot_ccld_qty", "3", "avg_prvs", "29955")
}

func TestOlderTRIdsWorkWithoutTheNewKeys(t *testing.T) {
	for env, ids := range map[string][]string{envVirtual: {"VTTC0802U", "VTTC0801U", "VTTC0803U", "VTTC8001R"}, envReal: {"TTTC0802U", "TTTC0801U", "TTTC0803U", "TTTC8001R"}} {
		c := byHand(t, env, 10, 0)
		plain := func(kind, price string) []string {
			return append(c.own(), "PDNO", "005930", "ORD_DVSN", kind, "ORD_QTY", "2", "ORD_UNPR", price)
		}
		c.accepted(c.post(tradingPath+"order-cash", ids[0], plain("01", "0")...))
		n := c.accepted(c.post(tradingPath+"order-cash", ids[1], plain("00", "52000")...))
		c.accepted(c.post(tradingPath+"order-rvsecncl", ids[2], append(c.own(), "KRX_FWDG_ORD_ORGNO", "", "ORGN_ODNO", n, "ORD_DVSN", "00",
			"RVSE_CNCL_DVSN_CD", "02", "ORD_QTY", "0", "ORD_UNPR", "0", "QTY_ALL_ORD_YN", "Y")...))
		var old []string
		for q := listQuery(c, today); len(q) > 0; q = q[2:] {
			if q[0] != "EXCG_ID_DVSN_CD" {
				old = append(old, q[0], q[1])
			}
		}
		a := c.get(tradingPath+"inquire-daily-ccld", ids[3], old...)
		if rows, _ := a["output1"].([]any); len(rows) != 3 {
			t.Errorf("%s: %d rows: %v", ids[3], len(rows), a)
		}
		c.wants(c.get(tradingPath+"inquire-daily-ccld", c.env(listTR), old...), "rt_cd", "2", "msg_cd", "OPSQ2001", "msg1", "ERROR : INPUT_FIELD_NAME EXCG_ID_DVSN_CD")
	}
}

func TestTheSimulatorKeepsEveryOrderPost(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	c.accepted(c.order(buyTR, "005930", "01", "1", "0"))
	c.order(buyTR, "005930", "00", "1", "1")
	c.raw("POST", tradingPath+"order-cash", c.headers("VTTC0012U"), "{")
	log := c.sim.OrderLog()
	if len(log) != 3 || log[0].Code != "40600000" || log[0].Number != "0000000001" || log[0].Account != defaultAccount || len(log[0].Digest) != 64 ||
		log[1].Code != "40270000" || log[1].Number != "" || log[1].Digest == log[0].Digest || log[2].Code != "EGW00202" {
		t.Errorf("log %+v", log)
	}
}

func TestOrdersThatArriveAtOnceAreTakenOneByOne(t *testing.T) {
	c := start(t, Options{Env: envReal, Data: folder(t, handMade), Start: today.At(10, 0), Cash: won(1_000_000)})
	r := c.sim.Ready()
	body := bodyOf(append(c.own(), "PDNO", "005930", "ORD_DVSN", "00", "ORD_QTY", "1", "ORD_UNPR", "49550"))
	header := http.Header{"Authorization": {"Bearer " + c.token}, "Appkey": {r.AppKey}, "Appsecret": {r.AppSecret}, "Tr_id": {buyTR}}
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			c.sim.take(&call{method: "POST", path: tradingPath + "order-cash", header: header, body: []byte(body)})
			c.sim.Next()
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, p := range c.sim.OrderLog() {
		if p.Number != "" {
			seen[p.Number] = true
		}
	}
	a, err := c.sim.Account()
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 20 || a.Holding("005930").Shares != 20 { // 20 × (49,550 + 6) is 991,120; one more is beyond the cash
		t.Errorf("%d numbers, account %+v", len(seen), a)
	}
}
