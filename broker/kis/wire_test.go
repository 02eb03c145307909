package kis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"maemae/broker"
)

// hijack answers with raw bytes and closes the connection; reset closes it with RST.
func hijack(raw string, reset bool) answer {
	return func(w http.ResponseWriter, _ int, _ asked) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		if reset {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		_, _ = io.WriteString(conn, raw)
		_ = conn.Close()
	}
}

func redirect(status int) answer {
	return func(w http.ResponseWriter, _ int, a asked) {
		w.Header().Set("Location", a.path)
		w.WriteHeader(status)
	}
}

func TestAnAnswerThatIsNotARecordedOneLeavesTheOrderUnclearAndUnrepeated(t *testing.T) {
	accepted := golden(t, "order-virtual")
	rows := map[string]answer{
		"301":                        redirect(301),
		"302":                        redirect(302),
		"303":                        redirect(303),
		"307":                        redirect(307),
		"308":                        redirect(308),
		"connection reset":           hijack("", true),
		"connection closed":          hijack("", false),
		"reset within the header":    hijack("HTTP/1.1 200 OK\r\nContent-Ty", true),
		"half a body":                hijack("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"+accepted[:60], false),
		"half a body, no length":     hijack("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"+accepted[:60], false),
		"no HTTP":                    hijack("hello\r\n\r\n", false),
		"an endless header":          hijack("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 64<<10), false),
		"empty body":                 always(200, ""),
		"empty body, 500":            always(500, ""),
		"502 with HTML":              always(502, "<html>Bad Gateway</html>"),
		"200 with HTML":              always(200, "<html>login</html>"),
		"an array":                   always(200, "["+accepted+"]"),
		"null":                       always(200, "null"),
		"two objects":                always(200, accepted+accepted),
		"a body above 64 KiB":        always(200, accepted+strings.Repeat(" ", postBodyMax)),
		"201":                        always(201, accepted),
		"500 with rt_cd 0":           always(500, accepted),
		"no output":                  always(200, `{"rt_cd":"0","msg_cd":"40600000"}`),
		"empty output":               always(200, `{"rt_cd":"0","output":{}}`),
		"no order number":            always(200, `{"rt_cd":"0","output":{"ODNO":""}}`),
		"a number of letters":        always(200, `{"rt_cd":"0","output":{"ODNO":"12a"}}`),
		"a number of 11 digits":      always(200, `{"rt_cd":"0","output":{"ODNO":"12345678901"}}`),
		"a number of zeros":          always(200, `{"rt_cd":"0","output":{"ODNO":"0000000000"}}`),
		"gateway timeout":            always(500, rejected("1", "EGW00301", "")),
		"transaction timeout":        always(500, rejected("1", "EGW00302", "")),
		"ledger throttle":            always(500, rejected("1", "EGW00215", "")),
		"routing error":              always(500, rejected("1", "EGW00202", "")),
		"ledger race":                always(200, rejected("7", "APBK1630", "")),
		"a code never seen":          always(200, rejected("7", "APBK9999", "")),
		"a code in another envelope": always(403, `{"error_code":"APBK9999"}`),
	}
	for name, fn := range rows {
		t.Run(name, func(t *testing.T) {
			c, s := connect(t, map[string]answer{orderBuy.path: fn, orderCancel.path: fn})
			_, err := place(t, c, buy(1))
			kind(t, err, broker.Unclear)
			if n := s.count(orderBuy); n != 1 {
				t.Errorf("%d POSTs reached the server", n)
			}
			if strings.Contains(err.Error(), "127.0.0.1") && strings.Contains(err.Error(), "http://") {
				t.Errorf("the error holds the address: %v", err)
			}
		})
	}
}

func TestARequestThatIsAnsweredTooLateIsUnclear(t *testing.T) {
	done := make(chan struct{})
	defer close(done)
	c, s := connect(t, map[string]answer{orderBuy.path: func(http.ResponseWriter, int, asked) { <-done }})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := c.Place(ctx, permit(buy(1)))
	kind(t, err, broker.Unclear)
	if !errors.Is(err, context.DeadlineExceeded) || s.count(orderBuy) != 1 {
		t.Errorf("error %v after %d POSTs", err, s.count(orderBuy))
	}
}

func TestWithoutAConnectionNothingWasSent(t *testing.T) {
	c, s := connect(t, map[string]answer{orderBuy.path: file(t, "order-virtual"), price.path: file(t, "price")})
	if _, err := c.Quote(t.Context(), "005930"); err != nil { // has the token
		t.Fatal(err)
	}
	s.Close()
	c.opts.Hashkey = false
	used := permit(buy(1))
	_, err := c.Place(t.Context(), used)
	kind(t, err, broker.Unsent)
	if _, err := used.Use(noon); err != nil {
		t.Errorf("the permit was used although nothing was sent: %v", err)
	}
	kind(t, c.Cancel(t.Context(), broker.OrderID{Date: 20260105, Number: "1"}), broker.Unsent)
}

func TestAServerThatIsNotTrustedGetsNoByte(t *testing.T) {
	s := newStub(t, map[string]answer{orderBuy.path: file(t, "order-virtual")})
	var hello int
	server := &http.Server{Handler: s, ErrorLog: quiet()}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	o := options(t, "https://"+listener.Addr().String()) // speaks no TLS
	c := open(t, o)
	_, err = place(t, c, buy(1))
	kind(t, err, broker.Unsent)
	if len(s.asked) != 0 || hello != 0 {
		t.Errorf("asked %v", s.asked)
	}
}

func TestAnOrderOverTLSGoesToATrustedServerOnly(t *testing.T) {
	s := newStub(t, map[string]answer{orderBuy.path: file(t, "order-virtual"), price.path: file(t, "price")})
	secure := tlsServer(t, s)
	o := options(t, secure.URL)
	o.RootCAs = roots(secure)
	c := open(t, o)
	if _, err := place(t, c, buy(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Quote(t.Context(), "005930"); err != nil {
		t.Fatal(err)
	}
	o = options(t, secure.URL)
	stranger := open(t, o)
	_, err := place(t, stranger, buy(1))
	kind(t, err, broker.Unsent)
	if s.count(orderBuy) != 1 {
		t.Errorf("%d POSTs", s.count(orderBuy))
	}
}

func TestThePermitIsUsedOnceTheConnectionStands(t *testing.T) {
	c, s := connect(t, map[string]answer{orderBuy.path: file(t, "order-virtual")})
	expired := broker.NewPermit(buy(1), noon.Add(-time.Second))
	_, err := c.Place(t.Context(), expired)
	kind(t, err, broker.Unsent)
	_, err = c.Place(t.Context(), broker.Permit{})
	kind(t, err, broker.Unsent)
	if n := s.count(orderBuy); n != 0 {
		t.Errorf("%d POSTs", n)
	}
}

func TestAnOrderWithoutItsHashIsNotSent(t *testing.T) {
	for name, row := range map[string]struct {
		fn   answer
		want broker.Kind
	}{
		"rate limit":                    {always(500, rejected("1", "EGW00201", "")), broker.Busy},
		"no hash":                       {always(200, `{"HASH":""}`), broker.Unsent},
		"a hash that breaks the header": {always(200, `{"HASH":"a\r\nX: y"}`), broker.Unsent},
		"HTML":                          {always(200, `<html>`), broker.Unsent},
		"reset":                         {hijack("", true), broker.Unsent},
	} {
		c, s := connect(t, map[string]answer{hashBody.path: row.fn, orderBuy.path: file(t, "order-virtual")})
		_, err := place(t, c, buy(1))
		kind(t, err, row.want)
		if s.count(orderBuy) != 0 {
			t.Errorf("%s: sent", name)
		}
	}
}

func TestADeadTokenIsRenewedAndTheOrderSentOnceMore(t *testing.T) {
	for _, code := range []string{"EGW00121", "EGW00122", "EGW00123"} {
		c, s := connect(t, map[string]answer{orderBuy.path: first(always(500, rejected("1", code, "")), file(t, "order-virtual"))})
		seed(t, c, "old")
		if _, err := place(t, c, buy(1)); err != nil {
			t.Fatal(code, err)
		}
		list := s.of(orderBuy)
		if len(list) != 2 || list[0].header.Get("authorization") != "Bearer old" || !strings.Contains(list[1].header.Get("authorization"), "test-token-1") {
			t.Errorf("%s: %d POSTs", code, len(list))
		}
	}
}

func TestATokenThatStaysDeadEndsInUnauthorised(t *testing.T) {
	c, s := connect(t, map[string]answer{orderBuy.path: always(500, rejected("1", "EGW00123", "")), price.path: always(500, rejected("1", "EGW00123", ""))})
	seed(t, c, "old")
	_, err := place(t, c, buy(1))
	kind(t, err, broker.Unauthorised)
	if s.count(orderBuy) != 2 || s.count(issueToken) != 1 {
		t.Errorf("%d POSTs with %d tokens", s.count(orderBuy), s.count(issueToken))
	}
	_, err = c.Quote(t.Context(), "005930")
	if err == nil || s.count(issueToken) != 1 {
		t.Errorf("error %v, %d tokens asked for within a minute", err, s.count(issueToken))
	}
}

func TestAReadIsRepeatedWhileItsErrorPasses(t *testing.T) {
	rows := map[string]struct {
		fn    answer
		want  broker.Kind
		times int
	}{
		"rate limit":      {always(500, rejected("1", "EGW00201", "")), broker.Busy, readTries},
		"rate limit, 200": {always(200, rejected("1", "EGW00201", "")), broker.Busy, readTries},
		"ledger throttle": {always(500, rejected("1", "EGW00215", "")), broker.Busy, readTries},
		"HTML":            {always(502, "<html>"), broker.Unclear, readTries},
		"reset":           {hijack("", true), broker.Unclear, readTries},
		"redirect":        {redirect(307), broker.Unclear, readTries},
		"unknown code":    {always(200, rejected("1", "XXXX0000", "")), broker.Unclear, readTries},
		"field missing":   {always(200, rejected("2", "OPSQ2001", "ERROR : INPUT_FIELD_NAME CTX_AREA_FK100")), broker.Refused, 1},
		"unknown symbol":  {always(200, rejected("1", "MCA05918", "종목코드 오류입니다.")), broker.Refused, 1},
		"foreign key":     {always(500, rejected("1", "EGW02004", "")), broker.Unauthorised, 1},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			c, s := connect(t, map[string]answer{price.path: row.fn})
			_, err := c.Quote(t.Context(), "005930")
			kind(t, err, row.want)
			if n := s.count(price); n != row.times {
				t.Errorf("%d times, want %d", n, row.times)
			}
			c, s = connect(t, map[string]answer{price.path: first(row.fn, file(t, "price"))})
			if _, err := c.Quote(t.Context(), "005930"); (err == nil) != (row.times > 1) {
				t.Errorf("after one such answer: %v", err)
			}
			_ = s
		})
	}
}

func TestARequestForTwoPagesSendsTheCursorBackUntouched(t *testing.T) {
	fk, nk := fmt.Sprintf("%-100s", "12345678^01^20260105^20260105^ ^00^00^"), fmt.Sprintf("%-100s", " 20260105^0000000002")
	page := func(cont, number string) answer {
		return func(w http.ResponseWriter, _ int, _ asked) {
			w.Header()["tr_cont"] = []string{cont}
			say(w, 200, fmt.Sprintf(`{"rt_cd":"0","msg_cd":"KIOK0500","ctx_area_fk100":%q,"ctx_area_nk100":%q,"output1":[%s],"output2":{}}`, fk, nk, orderRow(number)))
		}
	}
	for _, more := range []string{"F", "M"} {
		for _, last := range []string{"D", "E", "", "0"} {
			c, s := connect(t, map[string]answer{orderList.path: first(page(more, "1"), page(last, "2"))})
			list, err := c.Orders(t.Context(), 20260105)
			if err != nil {
				t.Fatal(more, last, err)
			}
			if len(list.Rows) != 2 {
				t.Errorf("%s, %s: %d rows", more, last, len(list.Rows))
			}
			first, second := s.of(orderList)[0], s.of(orderList)[1]
			if first.cont != "" || first.query["CTX_AREA_FK100"] != "" || second.cont != "N" || second.query["CTX_AREA_FK100"] != fk || second.query["CTX_AREA_NK100"] != nk {
				t.Errorf("pages asked for with %q %q", second.query["CTX_AREA_FK100"], second.query["CTX_AREA_NK100"])
			}
		}
	}
}

func orderRow(number string) string {
	return fmt.Sprintf(`{"ord_dt":"20260105","odno":%q,"sll_buy_dvsn_cd":"02","pdno":"005930","ord_qty":"1","tot_ccld_qty":"0","rmn_qty":"1"}`, number)
}

func TestAListThatCannotBeReadToItsEndIsAnError(t *testing.T) {
	page := func(cont func(n int) string, cursor func(n int) string, rows func(n int) string) answer {
		return func(w http.ResponseWriter, n int, _ asked) {
			w.Header()["tr_cont"] = []string{cont(n)}
			say(w, 200, fmt.Sprintf(`{"rt_cd":"0","ctx_area_fk100":"f","ctx_area_nk100":%q,"output1":[%s],"output2":{}}`, cursor(n), rows(n)))
		}
	}
	more := func(int) string { return "M" }
	next := func(n int) string { return fmt.Sprint("c", n) }
	row := func(n int) string { return orderRow(fmt.Sprint(n + 1)) }
	rows := map[string]struct {
		fn    answer
		times int
	}{
		"cursor repeats":     {page(more, func(int) string { return "same" }, row), 2 * walksMax},
		"cursor is blank":    {page(more, func(int) string { return "  " }, row), walksMax},
		"too many pages":     {page(more, next, row), pagesMax},
		"second page fails":  {first(page(more, next, row), always(200, rejected("2", "OPSQ2001", ""))), 2},
		"rows changed":       {first(page(more, next, row), always(200, rejected("1", "KIOK9999", "조회이후에 자료가 변경되었습니다."))), 1 + walksMax},
		"an order twice":     {first(page(more, next, func(int) string { return orderRow("0000000007") }), page(func(int) string { return "D" }, next, func(int) string { return orderRow("7") })), 2},
		"no list":            {always(200, `{"rt_cd":"0","output2":{}}`), 1},
		"a row of yesterday": {always(200, `{"rt_cd":"0","output1":[`+strings.ReplaceAll(orderRow("1"), "20260105", "20260102")+`]}`), 1},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			c, s := connect(t, map[string]answer{orderList.path: row.fn})
			list, err := c.Orders(t.Context(), 20260105)
			if err == nil || list.Rows != nil {
				t.Fatalf("%d rows, error %v", len(list.Rows), err)
			}
			if n := s.count(orderList); n != row.times {
				t.Errorf("asked %d times, want %d: %v", n, row.times, err)
			}
		})
	}
}

func TestAListThatChangedIsReadAgain(t *testing.T) {
	answers := []answer{
		func(w http.ResponseWriter, _ int, _ asked) {
			w.Header()["tr_cont"] = []string{"M"}
			say(w, 200, `{"rt_cd":"0","ctx_area_fk100":"f","ctx_area_nk100":"n","output1":[`+orderRow("1")+`]}`)
		},
		always(200, rejected("1", "KIOK9999", "조회이후에 자료가 변경되었습니다. 다시 조회하세요")),
		always(200, `{"rt_cd":"0","output1":[`+orderRow("1")+`,`+orderRow("2")+`]}`),
	}
	c, s := connect(t, map[string]answer{orderList.path: func(w http.ResponseWriter, n int, a asked) { answers[n](w, n, a) }})
	list, err := c.Orders(t.Context(), 20260105)
	if err != nil || len(list.Rows) != 2 {
		t.Fatalf("%d rows, error %v", len(list.Rows), err)
	}
	if again := s.of(orderList)[2]; again.cont != "" || again.query["CTX_AREA_NK100"] != "" {
		t.Errorf("read again from %q", again.query["CTX_AREA_NK100"])
	}
}

func TestManyReadsRunAtOnce(t *testing.T) {
	const n = 32
	var together sync.WaitGroup
	together.Add(n)
	c, _ := connect(t, map[string]answer{price.path: func(w http.ResponseWriter, _ int, _ asked) {
		together.Done()
		together.Wait() // no read is answered before all have come
		say(w, 200, golden(t, "price"))
	}})
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if _, err := c.Quote(t.Context(), "005930"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestTheDateHeaderTellsTheOffsetOfTheClocks(t *testing.T) {
	c, _ := connect(t, map[string]answer{price.path: func(w http.ResponseWriter, _ int, _ asked) {
		w.Header().Set("Date", noon.Add(7*time.Second).UTC().Format(http.TimeFormat))
		say(w, 200, golden(t, "price"))
	}})
	if _, err := c.Quote(t.Context(), "005930"); err != nil {
		t.Fatal(err)
	}
	if got := c.Offset(); got != 7*time.Second {
		t.Errorf("offset %s", got)
	}
}

func TestASlowAnswerMovesTheOffsetByNoMoreThanItProves(t *testing.T) {
	var c Client
	for n, a := range []struct{ date, took, want time.Duration }{ // both since the call was sent
		{0, 0, 0},
		{7 * time.Second, 0, 7 * time.Second},
		{0, 40 * time.Second, time.Second}, // at the most, the header being cut to the second
		{20 * time.Second, 40 * time.Second, time.Second},
		{40 * time.Second, 40 * time.Second, time.Second},
		{-20 * time.Second, 40 * time.Second, -19 * time.Second},
		{-20 * time.Second, 0, -19 * time.Second},
		{3 * time.Second, 500 * time.Millisecond, 2500 * time.Millisecond},
	} {
		c.compare(noon.Add(a.date), noon, noon.Add(a.took))
		if got := c.Offset(); got != a.want {
			t.Errorf("answer %d: offset %s, want %s", n, got, a.want)
		}
	}
}

func TestEveryCallIsObservedWithoutWhatIsSecret(t *testing.T) {
	s := newStub(t, map[string]answer{orderBuy.path: always(500, rejected("7", "APBK0952", "")), price.path: file(t, "price")})
	o := options(t, s.URL)
	var mu sync.Mutex
	var calls []Call
	o.Observe = func(c Call) { mu.Lock(); calls = append(calls, c); mu.Unlock() }
	c := open(t, o)
	_, _ = c.Quote(t.Context(), "005930")
	_, _ = place(t, c, buy(1))
	want := []Call{
		{Op: "tokenP", Path: "/oauth2/tokenP", Status: 200},
		{Op: "inquire-price", TR: "FHKST01010100", Path: price.path, Status: 200, Code: "MCA00000"},
		{Op: "hashkey", Path: "/uapi/hashkey", Status: 200},
		{Op: "order-cash", TR: "VTTC0012U", Path: orderBuy.path, Status: 500, Kind: broker.Refused, Code: "APBK0952"},
	}
	for i := range calls {
		if calls[i].Took <= 0 {
			t.Errorf("%s took no time", calls[i].Op)
		}
		calls[i].Took, calls[i].Waited = 0, 0
	}
	if fmt.Sprint(calls) != fmt.Sprint(want) {
		t.Errorf("calls\n%v, want\n%v", calls, want)
	}
}
