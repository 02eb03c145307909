package kis

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"maemae/broker"
	"maemae/market"
)

// What is known to lose money at KIS, one test a fact.

func TestTheSameOrderIsNeverSentTwice(t *testing.T) {
	c, s := connect(t, map[string]answer{orderBuy.path: always(500, rejected("1", "EGW00301", "연결 시간이 초과되었습니다."))})
	p := permit(buy(1))
	_, err := c.Place(t.Context(), p)
	kind(t, err, broker.Unclear)
	_, err = c.Place(t.Context(), p)
	kind(t, err, broker.Unsent)
	if n := s.count(orderBuy); n != 1 {
		t.Errorf("%d POSTs", n)
	}
}

func TestACancellationHasARowOfItsOwnThatNamesTheOriginal(t *testing.T) {
	c, _ := connect(t, map[string]answer{orderList.path: file(t, "orders")})
	list, err := c.Orders(t.Context(), 20260105)
	if err != nil {
		t.Fatal(err)
	}
	if r := list.Rows[2]; r.ID.Number != "0000085102" || r.Original != "0000085101" {
		t.Errorf("row %+v", r)
	}
	if _, ok := list.Find(broker.OrderID{Date: 20260105, Number: "85102"}); ok {
		t.Error("a cancellation passes for an order")
	}
}

func TestBalanceAsksWithINQRDVSN01(t *testing.T) {
	c, s := connect(t, map[string]answer{balance.path: file(t, "balance")})
	if _, err := c.Account(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.of(balance)[0].query["INQR_DVSN"]; got != "01" {
		t.Errorf("INQR_DVSN %q", got)
	}
}

func TestEveryQueryKeyIsSentEvenIfEmpty(t *testing.T) {
	c, s := connect(t, map[string]answer{
		balance.path: file(t, "balance"), orderList.path: file(t, "orders"), buyingPower.path: file(t, "power"),
		price.path: file(t, "price"), dailyChart.path: file(t, "chart"), dailyRecent.path: file(t, "recent"), holidays.path: file(t, "holidays"),
	})
	ctx := t.Context()
	_, err1 := c.Account(ctx)
	_, err2 := c.Orders(ctx, 20260105)
	_, err3 := c.Power(ctx, "005930")
	_, err4 := c.Quote(ctx, "005930")
	_, _, err5 := c.Daily(ctx, "005930", 20260101, 20260107)
	_, err6 := c.Recent(ctx, "005930")
	_, err7 := pretendReal(c).Holidays(ctx, 20260105)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		t.Fatal(err)
	}
	for call, keys := range map[*tr]string{
		&balance:     "CANO ACNT_PRDT_CD AFHR_FLPR_YN OFL_YN INQR_DVSN UNPR_DVSN FUND_STTL_ICLD_YN FNCG_AMT_AUTO_RDPT_YN PRCS_DVSN CTX_AREA_FK100 CTX_AREA_NK100",
		&orderList:   "CANO ACNT_PRDT_CD INQR_STRT_DT INQR_END_DT SLL_BUY_DVSN_CD INQR_DVSN PDNO CCLD_DVSN ORD_GNO_BRNO ODNO INQR_DVSN_3 INQR_DVSN_1 EXCG_ID_DVSN_CD CTX_AREA_FK100 CTX_AREA_NK100",
		&buyingPower: "CANO ACNT_PRDT_CD PDNO ORD_UNPR ORD_DVSN CMA_EVLU_AMT_ICLD_YN OVRS_ICLD_YN",
		&price:       "FID_COND_MRKT_DIV_CODE FID_INPUT_ISCD",
		&dailyChart:  "FID_COND_MRKT_DIV_CODE FID_INPUT_ISCD FID_INPUT_DATE_1 FID_INPUT_DATE_2 FID_PERIOD_DIV_CODE FID_ORG_ADJ_PRC",
		&dailyRecent: "FID_COND_MRKT_DIV_CODE FID_INPUT_ISCD FID_PERIOD_DIV_CODE FID_ORG_ADJ_PRC",
		&holidays:    "BASS_DT CTX_AREA_NK CTX_AREA_FK",
	} {
		q := s.of(*call)[0].query
		for _, key := range strings.Fields(keys) {
			if _, ok := q[key]; !ok {
				t.Errorf("%s: no %s", call.name, key)
			}
			delete(q, key)
		}
		if len(q) != 0 {
			t.Errorf("%s: keys KIS does not know: %v", call.name, q)
		}
	}
}

func TestTheGrantedRateGoesByTheDate(t *testing.T) {
	for _, row := range []struct {
		env  Env
		date market.Date
		want Rate
	}{{Real, 20260419, 20}, {Real, 20260420, 18}, {Virtual, 20260419, 2}, {Virtual, 20260420, 1}, {Real, 20300101, 18}} {
		if got := quota(row.env, row.date); got != row.want {
			t.Errorf("%s on %s: %d calls a second, want %d", row.env, row.date, got, row.want)
		}
	}
}

func TestACodeCountsWhateverTheHTTPStatus(t *testing.T) {
	for _, status := range []int{200, 403, 500} {
		for code, want := range map[string]broker.Kind{"EGW00201": broker.Busy, "IGW00022": broker.Refused, "EGW00215": broker.Unclear} {
			c, s := connect(t, map[string]answer{orderBuy.path: always(status, rejected("1", code, "…"))})
			_, err := place(t, c, buy(1))
			if e := kind(t, err, want); e.Code != code {
				t.Errorf("HTTP %d %s: %v", status, code, err)
			}
			if s.count(orderBuy) != 1 {
				t.Errorf("HTTP %d %s: %d POSTs", status, code, s.count(orderBuy))
			}
		}
	}
}

func TestATokenAskedForTooSoonComesInAnotherShape(t *testing.T) {
	c, s := fresh(t, map[string]answer{
		issueToken.path: always(403, `{"error_description":"접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)","error_code":"EGW00133"}`),
		price.path:      file(t, "price"),
	})
	for range 5 {
		_, err := c.Quote(t.Context(), "005930")
		kind(t, err, broker.Busy)
	}
	if n := s.count(issueToken); n != 1 {
		t.Errorf("asked %d times for a token", n)
	}
}

func TestOnlyRtCdZeroIsSuccess(t *testing.T) {
	for _, rt := range []string{`"1"`, `"2"`, `"7"`, `"9"`, `0`, `" 0"`, `"00"`, `""`, `null`, `true`} {
		body := strings.Replace(golden(t, "order-real"), `"rt_cd":"0"`, `"rt_cd":`+rt, 1)
		c, _ := connect(t, map[string]answer{orderBuy.path: always(200, body)})
		_, err := place(t, c, buy(1))
		kind(t, err, broker.Unclear)
	}
	for _, rt := range []string{"1", "2", "7"} {
		c, _ := connect(t, map[string]answer{orderBuy.path: always(200, rejected(rt, "APBK0952", "주문가능금액을 초과 했습니다   "))})
		_, err := place(t, c, buy(1))
		if e := kind(t, err, broker.Refused); e.Text != "주문가능금액을 초과 했습니다" {
			t.Errorf("text %q", e.Text)
		}
	}
}

func TestPowerIsAskedForAMarketOrderAndLeavesMarginOut(t *testing.T) {
	c, s := connect(t, map[string]answer{buyingPower.path: file(t, "power")})
	p, err := c.Power(t.Context(), "005930")
	if err != nil {
		t.Fatal(err)
	}
	if !p.Cash.Equal(won(9998580)) || p.Shares != 146 || !p.UnitPrice.Equal(won(68100)) || p.Symbol != "005930" || !p.At.Equal(noon) {
		t.Errorf("power %+v", p)
	}
	if q := s.of(buyingPower)[0].query; q["ORD_DVSN"] != "01" || q["ORD_UNPR"] != "" || q["PDNO"] != "005930" {
		t.Errorf("query %v", q)
	}
}

func TestCashIsTheDepositOfDPlus2(t *testing.T) {
	c, _ := connect(t, map[string]answer{balance.path: file(t, "balance")})
	a, err := c.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !a.Cash.Equal(won(346455)) || !a.Deposit.Equal(won(1000000)) || !a.Value.Equal(won(720000)) || !a.Equity.Equal(won(1066455)) || !a.Costs.Equal(won(57)) {
		t.Errorf("account %+v", a)
	}
}

func TestTheOldListWithItsEmptyAnswersIsNotInUse(t *testing.T) {
	for _, call := range []tr{orderBuy, orderSell, orderCancel, orderList, orderArchive} {
		for _, id := range []string{call.real, call.virtual} {
			for _, old := range []string{"0801U", "0802U", "0803U", "8001R", "9115R"} {
				if strings.HasSuffix(id, old) {
					t.Errorf("%s: %s", call.name, id)
				}
			}
		}
	}
}

func TestOrdersGoToKRXAndTheListIsOfAllVenues(t *testing.T) {
	c, s := connect(t, map[string]answer{orderBuy.path: file(t, "order-virtual"), orderList.path: file(t, "orders")})
	if _, err := place(t, c, buy(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Orders(t.Context(), 20260105); err != nil {
		t.Fatal(err)
	}
	if got := s.of(orderBuy)[0].body["EXCG_ID_DVSN_CD"]; got != "KRX" {
		t.Errorf("order to %q", got)
	}
	if got := s.of(orderList)[0].query["EXCG_ID_DVSN_CD"]; got != "ALL" {
		t.Errorf("list of %q", got)
	}
}

func TestTheTwoDailyCallsCountTheAdjustedFlagTheOtherWayRound(t *testing.T) {
	c, s := connect(t, map[string]answer{dailyChart.path: file(t, "chart"), dailyRecent.path: file(t, "recent")})
	_, _, err1 := c.Daily(t.Context(), "005930", 20260101, 20260107)
	_, err2 := c.Recent(t.Context(), "005930")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if chart, recent := s.of(dailyChart)[0].query["FID_ORG_ADJ_PRC"], s.of(dailyRecent)[0].query["FID_ORG_ADJ_PRC"]; chart != "0" || recent != "1" {
		t.Errorf("adjusted is %q in the chart and %q in the recent days", chart, recent)
	}
}

func TestEveryCallCarriesWhatKISDemands(t *testing.T) {
	c, s := connect(t, map[string]answer{price.path: file(t, "price"), orderSell.path: file(t, "order-virtual")})
	if _, err := c.Quote(t.Context(), "005930"); err != nil {
		t.Fatal(err)
	}
	if _, err := place(t, c, limitOrder(broker.Sell, broker.Limit, 3, 70000)); err != nil {
		t.Fatal(err)
	}
	for _, call := range []tr{price, orderSell} {
		h := s.of(call)[0].header
		want := map[string]string{"appkey": string(testKey), "appsecret": string(testSecret), "custtype": "P", "User-Agent": userAgent,
			"authorization": "Bearer eyJ0eXAiOiJKV1QifQ.test-token-1.sig", "content-type": "application/json; charset=utf-8", "tr_id": call.virtual}
		for name, value := range want {
			if got := h.Get(name); got != value {
				t.Errorf("%s: %s %q, want %q", call.name, name, got, value)
			}
		}
		for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
			if h.Get(name) != "" {
				t.Errorf("%s: %s", call.name, name)
			}
		}
	}
	o := s.of(orderSell)[0]
	if got := o.header.Get("hashkey"); len(got) != 64 {
		t.Errorf("hashkey %q", got)
	}
	if o.raw != s.of(hashBody)[0].raw {
		t.Errorf("hash of %s, sent %s", s.of(hashBody)[0].raw, o.raw)
	}
}

func TestAnOrderIsWrittenAsKISReadsIt(t *testing.T) {
	rows := []struct {
		order            broker.Order
		env              Env
		tr, dvsn, price_ string
	}{
		{buy(1), Virtual, "VTTC0012U", "01", "0"},
		{buy(1), Real, "TTTC0012U", "01", "0"},
		{limitOrder(broker.Sell, broker.Limit, 7, 70100), Virtual, "VTTC0011U", "00", "70100"},
		{limitOrder(broker.Sell, broker.Limit, 7, 70100), Real, "TTTC0011U", "00", "70100"},
		{limitOrder(broker.Buy, broker.IOC, 7, 70100), Real, "TTTC0012U", "11", "70100"},
		{limitOrder(broker.Buy, broker.IOC, 7, 70100), Virtual, "VTTC0012U", "00", "70100"},
	}
	for _, row := range rows {
		c, s := connect(t, map[string]answer{orderBuy.path: file(t, "order-real")})
		c.opts.Env = row.env
		c.opts.Hashkey = false
		receipt, err := place(t, c, row.order)
		if err != nil {
			t.Fatal(err)
		}
		a := s.of(orderBuy)[0]
		want := map[string]string{"CANO": testNumber, "ACNT_PRDT_CD": "01", "PDNO": "005930", "ORD_DVSN": row.dvsn,
			"ORD_QTY": fmt.Sprint(row.order.Shares), "ORD_UNPR": row.price_, "EXCG_ID_DVSN_CD": "KRX"}
		if fmt.Sprint(a.body) != fmt.Sprint(want) || a.tr != row.tr {
			t.Errorf("%s on %s: %s %v, want %s %v", row.order, row.env, a.tr, a.body, row.tr, want)
		}
		if receipt.ID != (broker.OrderID{Date: 20260105, Branch: "03930", Number: "0000085100"}) || receipt.Code != "APBK0013" || receipt.Text != "주문 전송 완료 되었습니다." {
			t.Errorf("receipt %+v", receipt)
		}
		if s.count(hashBody) != 0 {
			t.Error("hashkey although it is off")
		}
	}
}

func TestACancellationIsWrittenAsKISReadsIt(t *testing.T) {
	c, s := connect(t, map[string]answer{orderCancel.path: file(t, "order-virtual")})
	if err := c.Cancel(t.Context(), broker.OrderID{Date: 20260105, Branch: "00950", Number: "0000002933"}); err != nil {
		t.Fatal(err)
	}
	a := s.of(orderCancel)[0]
	want := map[string]string{"CANO": testNumber, "ACNT_PRDT_CD": "01", "KRX_FWDG_ORD_ORGNO": "00950", "ORGN_ODNO": "0000002933",
		"ORD_DVSN": "00", "RVSE_CNCL_DVSN_CD": "02", "ORD_QTY": "0", "ORD_UNPR": "0", "QTY_ALL_ORD_YN": "Y", "EXCG_ID_DVSN_CD": "KRX"}
	if fmt.Sprint(a.body) != fmt.Sprint(want) || a.tr != "VTTC0013U" {
		t.Errorf("%s %v, want %v", a.tr, a.body, want)
	}
}

func TestANumberOfAnotherDayIsNotCancelled(t *testing.T) {
	c, s := connect(t, nil)
	for _, id := range []broker.OrderID{{Date: 20260102, Number: "0000002933"}, {Date: 20260105, Number: "29x"}, {Date: 20260105, Number: "0"}, {}} {
		kind(t, c.Cancel(t.Context(), id), broker.Refused)
	}
	if s.count(orderCancel) != 0 {
		t.Error("something was sent")
	}
}

func TestVirtualHasNoHolidays(t *testing.T) {
	c, s := connect(t, nil)
	_, err := c.Holidays(t.Context(), 20260105)
	if !errors.Is(err, ErrNotOffered) {
		t.Errorf("error %v", err)
	}
	if len(s.asked) != 0 {
		t.Errorf("asked %v", s.asked)
	}
}

func TestADayIsOpenByItsOpeningFlagAlone(t *testing.T) {
	c, _ := connect(t, map[string]answer{holidays.path: file(t, "holidays")})
	days, err := pretendReal(c).Holidays(t.Context(), 20260105)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Day{{20260105, true}, {20260110, false}}; fmt.Sprint(days) != fmt.Sprint(want) {
		t.Errorf("days %v, want %v", days, want)
	}
}

func TestEveryCodeMeansWhatItsTableSays(t *testing.T) {
	for code, row := range codes {
		for _, status := range []int{200, 500} {
			r := reply{status: status, body: fields{"rt_cd": []byte(`"7"`), "msg_cd": []byte(`"` + code + `"`), "msg1": []byte(`"` + row.text + `"`)}}
			if e := r.refusal(orderBuy, true); e.Kind != row.order || e.Text != row.text {
				t.Errorf("%s on an order: %v", code, e)
			}
			if e := r.refusal(price, false); e.Kind != row.read {
				t.Errorf("%s on a read: %v", code, e)
			}
		}
	}
	for _, code := range []string{"", "APBK9999", "EGW00001", "egw00201", "0"} {
		if kindOf(code, true) != broker.Unclear || kindOf(code, false) != broker.Unclear {
			t.Errorf("%q has a meaning", code)
		}
	}
}

func TestAnAnswerWithoutItsEnvelopeIsUnclear(t *testing.T) {
	for _, body := range []string{
		`{"msg_cd":"APBK0952","msg1":"…"}`, `{"rt_cd":7,"msg_cd":"APBK0952"}`, `{"rt_cd":"0","msg_cd":"APBK0952"}`,
		`{"rt_cd":"7"}`, `{"rt_cd":"7","msg_cd":7}`, `{"rt_cd":"7","rt_Cd":"0","msg_cd":"APBK0952"}`,
	} {
		c, _ := connect(t, map[string]answer{orderBuy.path: always(200, body)})
		_, err := place(t, c, buy(1))
		kind(t, err, broker.Unclear)
	}
}

func TestAnUnknownCallOfTheStubIsNoSuccess(t *testing.T) {
	c, _ := connect(t, map[string]answer{price.path: func(w http.ResponseWriter, _ int, _ asked) { http.Error(w, "not found", 404) }})
	_, err := c.Quote(t.Context(), "005930")
	kind(t, err, broker.Unclear)
}
