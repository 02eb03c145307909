package kis

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/market"
)

func TestThePriceIsReadAsKISWritesIt(t *testing.T) {
	c, s := connect(t, map[string]answer{price.path: file(t, "price")})
	q, err := c.Quote(t.Context(), "009150")
	if err != nil {
		t.Fatal(err)
	}
	want := market.Quote{Symbol: "009150", At: noon, Price: won(128500), Base: won(128500), Upper: won(167000), Lower: won(90000),
		Open: won(128500), High: won(130000), Low: won(128500), Volume: 2669075}
	if fmt.Sprintf("%+v", q) != fmt.Sprintf("%+v", want) {
		t.Errorf("quote %+v\nwant %+v", q, want)
	}
	if a := s.of(price)[0]; a.query["FID_COND_MRKT_DIV_CODE"] != "J" || a.query["FID_INPUT_ISCD"] != "009150" {
		t.Errorf("asked %v", a.query)
	}
}

func TestAHaltedSymbolIsSeenByItsStateOrItsStop(t *testing.T) {
	for old, new := range map[string]string{
		`"iscd_stat_cls_code":"55"`: `"iscd_stat_cls_code":"58"`,
		`"temp_stop_yn":"N"`:        `"temp_stop_yn":"Y"`,
	} {
		c, _ := connect(t, map[string]answer{price.path: always(200, strings.Replace(golden(t, "price"), old, new, 1))})
		if q, err := c.Quote(t.Context(), "009150"); err != nil || !q.Halted {
			t.Errorf("%s: %+v, error %v", new, q, err)
		}
	}
}

func TestWarningsOfTheExchangeAreRead(t *testing.T) {
	body := golden(t, "price")
	for with, want := range map[string]string{
		`"iscd_stat_cls_code":"51"`:                           "[administrative]",
		`"mang_issu_cls_code":"Y","iscd_stat_cls_code":"55"`:  "[administrative]",
		`"sltr_yn":"Y","iscd_stat_cls_code":"51"`:             "[administrative liquidation]",
		`"iscd_stat_cls_code":"53"`:                           "[warning]",
		`"mrkt_warn_cls_code":"02","iscd_stat_cls_code":"57"`: "[warning]",
		`"iscd_stat_cls_code":"52"`:                           "[danger]",
		`"mrkt_warn_cls_code":"03","iscd_stat_cls_code":"52"`: "[danger]",
		`"iscd_stat_cls_code":"59"`:                           "[overheated]",
		`"short_over_yn":"Y","iscd_stat_cls_code":"00"`:       "[overheated]",
		`"vi_cls_code":"Y","iscd_stat_cls_code":"55"`:         "[interrupted]",
		`"vi_cls_code":"1","iscd_stat_cls_code":"55"`:         "[interrupted]",
		`"vi_cls_code":"N","iscd_stat_cls_code":"54"`:         "[]", // with care, no more
		`"mrkt_warn_cls_code":"00","iscd_stat_cls_code":"55"`: "[]",
		`"mrkt_warn_cls_code":"01","iscd_stat_cls_code":"57"`: "[]",
	} {
		c, _ := connect(t, map[string]answer{price.path: always(200, strings.Replace(body, `"iscd_stat_cls_code":"55"`, with, 1))})
		q, err := c.Quote(t.Context(), "000660")
		if err != nil || fmt.Sprint(q.Marks) != want {
			t.Errorf("%s: %v %v, want %s", with, q.Marks, err, want)
		}
	}
}

func TestTheChartGivesBarsOldestFirstAndTheQuote(t *testing.T) {
	c, s := connect(t, map[string]answer{dailyChart.path: file(t, "chart")})
	bars, q, err := c.Daily(t.Context(), "005930", 20251201, 20260107)
	if err != nil {
		t.Fatal(err)
	}
	want := []market.Bar{
		{Date: 20260105, Open: won(76500), High: won(77900), Low: won(76100), Close: won(77300), Volume: 11222333},
		{Date: 20260106, Open: won(77300), High: won(77300), Low: won(77300), Close: won(77300)}, // halted
		{Date: 20260107, Open: won(77000), High: won(77100), Low: won(75600), Close: won(75700), Volume: 15336205},
	}
	if fmt.Sprint(bars) != fmt.Sprint(want) {
		t.Errorf("bars\n%v, want\n%v", bars, want)
	}
	quote := market.Quote{Symbol: "005930", Name: "삼성전자", At: noon, Price: won(75700), Ask: won(75800), Bid: won(75700),
		Upper: won(100400), Lower: won(54200), Open: won(77000), High: won(77100), Low: won(75600), Volume: 15336205}
	if fmt.Sprintf("%+v", q) != fmt.Sprintf("%+v", quote) {
		t.Errorf("quote %+v\nwant %+v", q, quote)
	}
	if n := s.count(dailyChart); n != 1 {
		t.Errorf("a short stretch took %d calls", n)
	}
	if a := s.of(dailyChart)[0].query; a["FID_INPUT_DATE_1"] != "20251201" || a["FID_INPUT_DATE_2"] != "20260107" || a["FID_PERIOD_DIV_CODE"] != "D" {
		t.Errorf("asked %v", a)
	}
}

func TestRecentDaysComeOldestFirst(t *testing.T) {
	c, _ := connect(t, map[string]answer{dailyRecent.path: file(t, "recent")})
	bars, err := c.Recent(t.Context(), "005930")
	if err != nil || len(bars) != 2 || bars[0].Date != 20260106 || bars[1].Date != 20260107 {
		t.Errorf("bars %v, error %v", bars, err)
	}
}

// exchange answers the chart from a list of sessions as KIS does: at most 100 rows, the newest of the stretch first.
func exchange(sessions []market.Date) answer {
	return func(w http.ResponseWriter, _ int, a asked) {
		from, _ := market.ParseDate(a.query["FID_INPUT_DATE_1"])
		to, _ := market.ParseDate(a.query["FID_INPUT_DATE_2"])
		var rows []string
		for _, d := range slices.Backward(sessions) {
			if d >= from && d <= to && len(rows) < 100 {
				n := int64(d) % 1000
				rows = append(rows, fmt.Sprintf(`{"stck_bsop_date":"%s","stck_clpr":"%d","stck_oprc":"%d","stck_hgpr":"%d","stck_lwpr":"%d","acml_vol":"%d"}`, d.Compact(), n+1, n+1, n+1, n+1, n))
			}
		}
		say(w, 200, `{"rt_cd":"0","msg_cd":"MCA00000","output1":{"stck_prpr":"1"},"output2":[`+strings.Join(rows, ",")+`]}`)
	}
}

func TestYearsOfBarsAreReadPageByPageWithoutGapOrRepeat(t *testing.T) {
	var sessions []market.Date
	c, s := connect(t, map[string]answer{dailyChart.path: func(w http.ResponseWriter, n int, a asked) { exchange(sessions)(w, n, a) }})
	rapid.Check(t, func(rt *rapid.T) {
		sessions = nil
		d := market.Date(20200101)
		for range rapid.IntRange(0, 450).Draw(rt, "sessions") {
			sessions = append(sessions, d)
			d = d.Add(rapid.SampledFrom([]int{1, 1, 1, 1, 3, 10}).Draw(rt, "gap"))
		}
		from := market.Date(20200101).Add(rapid.IntRange(-20, 600).Draw(rt, "from"))
		to := from.Add(rapid.IntRange(0, 900).Draw(rt, "to"))
		var want []market.Date
		for _, d := range sessions {
			if d >= from && d <= to {
				want = append(want, d)
			}
		}
		before := s.count(dailyChart)
		bars, _, err := c.Daily(t.Context(), "005930", from, to)
		if err != nil {
			rt.Fatal(err)
		}
		var got []market.Date
		for _, b := range bars {
			got = append(got, b.Date)
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("got %d bars, want %d", len(got), len(want))
		}
		if n, most := s.count(dailyChart)-before, len(want)/100+1; n > most {
			rt.Fatalf("%d calls for %d bars", n, len(want))
		}
	})
}

func TestTheBalanceIsReadAsKISWritesIt(t *testing.T) {
	c, _ := connect(t, map[string]answer{balance.path: file(t, "balance")})
	a, err := c.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []broker.Holding{
		{Symbol: "009150", Name: "삼성전기", Shares: 4, Sellable: 3, AveragePrice: parse(t, "124750.25"), BoughtToday: 1}, // two loan dates, before the open
		{Symbol: "005930", Name: "삼성전자", Shares: 10, Sellable: 4, AveragePrice: parse(t, "71250.5000"), Price: won(72000), Value: won(720000)},
	}
	if fmt.Sprintf("%+v", a.Holdings) != fmt.Sprintf("%+v", want) {
		t.Errorf("holdings\n%+v, want\n%+v", a.Holdings, want)
	}
	if !a.At.Equal(noon) {
		t.Errorf("at %s", a.At)
	}
}

func parse(t *testing.T, s string) decimal.Decimal {
	t.Helper()
	d, err := parseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheOrderListIsReadAsKISWritesIt(t *testing.T) {
	c, s := connect(t, map[string]answer{orderList.path: file(t, "orders")})
	list, err := c.Orders(t.Context(), 20260105)
	if err != nil {
		t.Fatal(err)
	}
	id := func(n string) broker.OrderID { return broker.OrderID{Date: 20260105, Branch: "03930", Number: n} }
	want := []broker.Row{
		{ID: id("0000085100"), Symbol: "005930", Side: broker.Buy, Type: broker.Market, TypeCode: "01", Shares: 1, Filled: 1, Value: won(3145), Time: "094414", Channel: "OpnAPI"},
		{ID: id("0000085101"), Symbol: "000660", Side: broker.Sell, Type: broker.Limit, TypeCode: "00", Shares: 10, Price: won(201000), Filled: 4, Value: won(804000), Cancelled: 6, Time: "094500", Channel: "OpnAPI"},
		{ID: id("0000085102"), Original: "0000085101", Symbol: "000660", Side: broker.Sell, Type: broker.Limit, TypeCode: "00", Shares: 6, Cancelled: 6, Time: "094600", Channel: "OpnAPI"},
		{ID: id("0000085103"), Symbol: "009150", Side: broker.Buy, TypeCode: "03", Shares: 1, Price: won(200000), Rejected: 1, Time: "131421"},
	}
	if fmt.Sprintf("%+v", list.Rows) != fmt.Sprintf("%+v", want) {
		t.Errorf("rows\n%+v, want\n%+v", list.Rows, want)
	}
	if list.Date != 20260105 || !list.At.Equal(noon) {
		t.Errorf("list of %s at %s", list.Date, list.At)
	}
	if a := s.of(orderList)[0]; a.tr != "VTTC0081R" || a.query["INQR_STRT_DT"] != "20260105" || a.query["INQR_END_DT"] != "20260105" {
		t.Errorf("asked %s %v", a.tr, a.query)
	}
}

func TestOrdersOlderThanThreeMonthsComeFromTheArchive(t *testing.T) {
	c, s := connect(t, map[string]answer{orderList.path: always(200, `{"rt_cd":"0","msg_cd":"70070000","output1":[],"output2":{}}`)})
	for _, row := range []struct {
		date market.Date
		tr   string
	}{{20251007, "VTTC0081R"}, {20251006, "VTSC9215R"}} {
		list, err := c.Orders(t.Context(), row.date)
		if err != nil || len(list.Rows) != 0 {
			t.Fatal(list, err)
		}
		if all := s.of(orderList); all[len(all)-1].tr != row.tr {
			t.Errorf("%s: %s, want %s", row.date, all[len(all)-1].tr, row.tr)
		}
	}
}

func TestAMissingFieldIsNamed(t *testing.T) {
	rows := []struct {
		body, field string
		read        func(*Client, *testing.T) error
	}{
		{"price", "stck_prpr", func(c *Client, t *testing.T) error { _, err := c.Quote(t.Context(), "005930"); return err }},
		{"power", "nrcvb_buy_qty", func(c *Client, t *testing.T) error { _, err := c.Power(t.Context(), "005930"); return err }},
		{"power", "nrcvb_buy_amt", func(c *Client, t *testing.T) error { _, err := c.Power(t.Context(), "005930"); return err }},
		{"chart", "stck_clpr", daily}, {"chart", "output1", daily}, {"chart", "output2", daily},
		{"orders", "ord_dt", orders}, {"orders", "odno", orders}, {"orders", "pdno", orders}, {"orders", "ord_qty", orders},
		{"orders", "tot_ccld_qty", orders}, {"orders", "rmn_qty", orders}, {"orders", "sll_buy_dvsn_cd", orders}, {"orders", "output1", orders},
		{"balance", "prvs_rcdl_excc_amt", account}, {"balance", "dnca_tot_amt", account}, {"balance", "scts_evlu_amt", account},
		{"balance", "hldg_qty", account}, {"balance", "ord_psbl_qty", account}, {"balance", "output1", account}, {"balance", "output2", account},
	}
	for _, row := range rows {
		body := strings.Replace(golden(t, row.body), `"`+row.field+`"`, `"renamed"`, 1)
		fn := always(200, body)
		c, _ := connect(t, map[string]answer{price.path: fn, buyingPower.path: fn, dailyChart.path: fn, orderList.path: fn, balance.path: fn})
		err := row.read(c, t)
		if kind(t, err, broker.Unclear); !strings.Contains(err.Error(), row.field) {
			t.Errorf("without %s: %v", row.field, err)
		}
	}
}

func daily(c *Client, t *testing.T) error {
	bars, q, err := c.Daily(t.Context(), "005930", 20250101, 20260107)
	if err != nil && (bars != nil || !reflect.DeepEqual(q, market.Quote{})) {
		t.Error("a failed read has content")
	}
	return err
}

func orders(c *Client, t *testing.T) error {
	list, err := c.Orders(t.Context(), 20260105)
	if err != nil && !reflect.DeepEqual(list, broker.Orders{}) {
		t.Error("a failed read has content")
	}
	return err
}

func account(c *Client, t *testing.T) error {
	a, err := c.Account(t.Context())
	if err != nil && !reflect.DeepEqual(a, broker.Account{}) {
		t.Error("a failed read has content")
	}
	return err
}

func TestABodyThatCannotBeTrueIsAnError(t *testing.T) {
	rows := []struct{ body, old, new string }{
		{"chart", `"stck_hgpr":"77100","stck_lwpr":"75600","acml_vol":"15336205"`, `"stck_hgpr":"75000","stck_lwpr":"75600","acml_vol":"15336205"`}, // high below low
		{"chart", `"stck_bsop_date":"20260106"`, `"stck_bsop_date":"20260107"`},                                                                     // twice
		{"chart", `"stck_bsop_date":"20260105"`, `"stck_bsop_date":"20240105"`},                                                                     // not asked for
		{"chart", `"stck_bsop_date":"20260105"`, `"stck_bsop_date":"20260230"`},
		{"chart", `"stck_shrn_iscd":"005930"`, `"stck_shrn_iscd":"000660"`},
		{"chart", `"stck_prpr":"75700"`, `"stck_prpr":"0"`},
		{"chart", `"stck_clpr":"77300"`, `"stck_clpr":"0"`},
		{"chart", `"acml_vol":"11222333"`, `"acml_vol":"1.5"`},
		{"orders", `"ord_qty":"10"`, `"ord_qty":"-10"`},
		{"orders", `"ord_qty":"10"`, `"ord_qty":"99999999999999999999"`},
		{"orders", `"odno":"0000085101"`, `"odno":"85101A"`},
		{"orders", `"sll_buy_dvsn_cd":"01"`, `"sll_buy_dvsn_cd":"03"`},
		{"orders", `"pdno":"000660"`, `"pdno":"660"`},
		{"balance", `"hldg_qty":"10"`, `"hldg_qty":"-"`},
		{"balance", `"hldg_qty":"10"`, `"hldg_qty":"1,000"`},
		{"balance", `"output2":[{`, `"output2":[7,{`},
	}
	reads := map[string]func(*Client, *testing.T) error{"chart": daily, "orders": orders, "balance": account}
	for _, row := range rows {
		body := strings.Replace(golden(t, row.body), row.old, row.new, 1)
		if body == golden(t, row.body) {
			t.Fatalf("%s is not in %s", row.old, row.body)
		}
		fn := always(200, body)
		c, _ := connect(t, map[string]answer{dailyChart.path: fn, orderList.path: fn, balance.path: fn})
		if err := reads[row.body](c, t); err == nil {
			t.Errorf("%s was taken", row.new)
		}
	}
}

func TestNumbersAreReadStrictly(t *testing.T) {
	for text, want := range map[string]string{"0": "0", "-1600": "-1600", "+5": "5", "3145.0000": "3145", "0000085100": "85100", "1.94489465": "1.94489465", "-0.50": "-0.5"} {
		if d, err := parseNumber(text); err != nil || d.String() != want {
			t.Errorf("%q: %s, error %v", text, d, err)
		}
	}
	for _, text := range []string{"", "-", "+", ".", "1.", ".5", "1,000", "1e9", "0x10", "--1", "1-", "NaN", "1 0", "１", strings.Repeat("9", 41)} {
		if d, err := parseNumber(text); err == nil {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func TestAnObjectMayStandForAListAndNothingForNone(t *testing.T) {
	for body, want := range map[string]int{
		`{"x":[{"a":1},{"a":2}]}`: 2, `{"X":{"a":1}}`: 1, `{"x":[]}`: 0, `{"x":{}}`: 0, `{"x":null}`: 0, `{"x":[{},null]}`: 0,
	} {
		f, err := decode([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if list, err := f.list("x"); err != nil || len(list) != want {
			t.Errorf("%s: %d objects, error %v", body, len(list), err)
		}
	}
	for _, body := range []string{`{}`, `{"x":"text"}`, `{"x":7}`, `{"x":[1]}`, `{"x":[[]]}`} {
		f, _ := decode([]byte(body))
		if list, err := f.list("x"); err == nil {
			t.Errorf("%s: %d objects", body, len(list))
		}
	}
}

func TestKeysAreReadInEitherCaseAndTextWithoutPadding(t *testing.T) {
	f, err := decode([]byte(`{"ODNO":"  0000085100 ","excg_id_dvsn_Cd":"KRX","n":86400,"none":"(null)","nil":null}`))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"odno": "0000085100", "excg_id_dvsn_cd": "KRX", "n": "86400", "none": "", "nil": "", "absent": ""} {
		if got := f.text(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if got := f.raw("odno"); got != "  0000085100 " {
		t.Errorf("%q", got)
	}
}

// FuzzDecoders feeds every decoder with any body: none may panic, and what one takes has to hold.
func FuzzDecoders(f *testing.F) {
	for _, name := range []string{"token", "order-real", "order-virtual", "price", "power", "orders", "balance", "chart", "recent", "holidays"} {
		f.Add([]byte(golden(f, name)))
	}
	f.Add([]byte(rejected("7", "APBK0952", "…")))
	f.Add([]byte(`{"error_code":"EGW00133","error_description":"…"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		body, err := decode(data)
		if err != nil {
			return
		}
		r := reply{status: 200, sent: noon, received: noon.Add(time.Second), body: body}
		if err := r.verdict(orderBuy, true); err == nil {
			if got := strings.Trim(string(body["rt_cd"]), `"`); len(got) == 1 && got != "0" {
				t.Errorf("rt_cd %s is a success", body["rt_cd"])
			}
		} else if broker.KindOf(err) == "" || err.Error() == "" {
			t.Errorf("error %#v", err)
		}
		if f, err := receipt(r); err == nil {
			if n, err := strconv.ParseInt(f.text("odno"), 10, 64); err != nil || n <= 0 {
				t.Errorf("order number %q", f.text("odno"))
			}
		}
		if o, err := decodeOrders([]reply{r}, 20260105); err == nil {
			for _, row := range o.Rows {
				if row.ID.Date != 20260105 || row.Shares < 0 || row.Filled < 0 || row.Remaining < 0 || row.Side != broker.Buy && row.Side != broker.Sell {
					t.Errorf("row %+v", row)
				}
			}
		}
		if a, err := decodeAccount([]reply{r}); err == nil {
			for _, h := range a.Holdings {
				if h.Shares < 0 || h.Symbol == "" {
					t.Errorf("holding %+v", h)
				}
			}
		}
		if p, err := decodePower(r, "005930"); err == nil && (p.Shares < 0 || p.Cash.Sign() < 0) {
			t.Errorf("power %+v", p)
		}
		for _, name := range []string{"output", "output2"} {
			bars, err := decodeBars(r, name, 20200101, 20261231)
			if err != nil {
				continue
			}
			for i, b := range bars {
				if b.Check() != nil || i > 0 && b.Date >= bars[i-1].Date || b.Date < 20200101 || b.Date > 20261231 {
					t.Errorf("bars %v", bars)
				}
			}
		}
		if q, err := decodeChart(r, "005930"); err == nil && q.Price.Sign() <= 0 {
			t.Errorf("quote %+v", q)
		}
		_, _ = decodeDays(r)
	})
}

// What is split by hand is what encoding/json splits.
func TestAnAnswerIsSplitAsEncodingJSONSplitsIt(t *testing.T) {
	reference := func(body []byte) (fields, bool) {
		var wire map[string]json.RawMessage
		if json.Unmarshal(body, &wire) != nil || wire == nil {
			return nil, false
		}
		f := fields{}
		for k, v := range wire {
			f[strings.ToLower(k)] = v
		}
		return f, true
	}
	blank := rapid.SampledFrom([]string{"", "", " ", "\n\t", "\r "})
	text := rapid.SampledFrom([]string{`""`, `"a"`, `" 0000001 "`, `"주문"`, `"\""`, `"\\"`, `"\\\""`, `"\u00e9\ud800"`, "\"\xff\"", `"{[,:]}"`})
	var value func(depth int) *rapid.Generator[string]
	value = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			b := func() string { return blank.Draw(t, "blank") }
			kind := rapid.IntRange(0, 6).Draw(t, "kind")
			if depth == 0 {
				kind = min(kind, 4)
			}
			switch kind {
			case 0, 1, 2:
				return text.Draw(t, "text")
			case 3:
				return rapid.SampledFrom([]string{"null", "true", "0", "-1.5e3", "86400", "01", "nul"}).Draw(t, "word")
			case 4:
				return rapid.SampledFrom([]string{"{}", "[]", "[ ]", "{", "]"}).Draw(t, "empty")
			}
			var parts []string
			for n := range rapid.IntRange(1, 4).Draw(t, "parts") {
				part := b() + value(depth-1).Draw(t, "value") + b()
				if kind == 5 {
					part = fmt.Sprintf("%s\"K%d\"%s:%s", b(), n, b(), part)
				}
				parts = append(parts, part)
			}
			return map[int]string{5: "{", 6: "["}[kind] + strings.Join(parts, ",") + map[int]string{5: "}", 6: "]"}[kind]
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(blank.Draw(t, "before") + value(3).Draw(t, "body") + blank.Draw(t, "after"))
		want, ok := reference(body)
		got, err := decode(body)
		if (err == nil) != ok {
			t.Fatalf("%q: error %v, encoding/json agrees: %t", body, err, ok)
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %d keys, want %d", body, len(got), len(want))
		}
		for k, v := range want {
			if string(got[k]) != string(v) {
				t.Fatalf("%q: %s is %q, want %q", body, k, got[k], v)
			}
			var items []json.RawMessage
			if v[0] == '[' {
				if json.Unmarshal(v, &items) != nil || !reflect.DeepEqual(items, elements(v)) && len(items) > 0 {
					t.Fatalf("%q: elements %q, want %q", v, elements(v), items)
				}
			}
			plain := ""
			if json.Unmarshal(v, &plain) != nil {
				var n json.Number
				if json.Unmarshal(v, &n) == nil {
					plain = string(n)
				}
			}
			if got.raw(k) != plain {
				t.Fatalf("%q: text %q, want %q", v, got.raw(k), plain)
			}
		}
	})
}
