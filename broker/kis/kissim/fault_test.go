package kissim

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// take is a call that no fault strikes, from its arrival on.
func (s *Server) take(c *call) *reply {
	s.arrive(c)
	return s.serve(c)
}

func (c *client) faults(lines ...string) {
	c.Helper()
	script, err := ParseFaults([]byte(strings.Join(lines, "\n")))
	if err == nil {
		err = c.sim.SetFaults(script)
	}
	if err != nil {
		c.Fatal(err)
	}
}

// fails tells whether a market buy of 005930 ends without a whole answer.
func (c *client) fails() bool {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), "POST", c.host+tradingPath+"order-cash", strings.NewReader(
		`{"CANO":"50012345","ACNT_PRDT_CD":"01","PDNO":"005930","ORD_DVSN":"01","ORD_QTY":"10","ORD_UNPR":"0"}`))
	if err != nil {
		c.Fatal(err)
	}
	for k, v := range c.headers("VTTC0012U") {
		r.Header.Set(k, v)
	}
	a, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 500 * time.Millisecond}).Do(r)
	if err != nil {
		return true
	}
	defer a.Body.Close()
	return json.NewDecoder(a.Body).Decode(new(any)) != nil
}

// truth is how many orders there are, and shares of 005930 in the account.
func (c *client) truth() (orders int, shares int64) {
	c.Helper()
	rows, err := c.sim.Orders(today)
	if err != nil {
		c.Fatal(err)
	}
	a, err := c.sim.Account()
	if err != nil {
		c.Fatal(err)
	}
	return len(rows), a.Holding("005930").Shares
}

func TestALostOrderIsExecutedOrNotAsTheScriptSays(t *testing.T) {
	for _, row := range []struct {
		script string
		orders int
	}{
		{`{"on":"order-cash","do":"lose"}`, 0},
		{`{"on":"order-cash","do":"lose","when":"after"}`, 1},
		{`{"on":"order-cash","do":"break"}`, 1},
		{`{"on":"order-cash","do":"truncate"}`, 1},
		{`{"on":"order-cash","do":"empty"}`, 1},
		{`{"on":"order-cash","do":"html"}`, 1},
		{`{"on":"order-cash","do":"bom"}`, 1},
		{`{"on":"order-cash","do":"gzip"}`, 1},
		{`{"on":"order-cash","do":"status","status":503}`, 0},
		{`{"on":"order-cash","do":"status","status":500,"when":"after"}`, 1},
		{`{"on":"order-cash","do":"hang","when":"after"}`, 1},
		{`{"on":"order-cash","do":"drip","for":"300ms"}`, 1},
	} {
		t.Run(row.script, func(t *testing.T) {
			c := byHand(t, envVirtual, 10, 0)
			c.faults(row.script)
			if !c.fails() {
				t.Error("the answer came whole")
			}
			if orders, _ := c.truth(); orders != row.orders {
				t.Errorf("%d orders, want %d", orders, row.orders)
			}
			if hits := c.sim.Hits(); len(hits) != 1 || hits[0].Fault != 1 || hits[0].On != "order-cash" {
				t.Errorf("hits %+v", hits)
			}
			if c.fails() {
				t.Error("the second call was struck too")
			}
		})
	}
}

func TestALateOrderIsExecutedAtItsTime(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	c.faults(`{"on":"order-cash","do":"late","for":"90s"}`)
	if !c.fails() {
		t.Error("an answer came")
	}
	if orders, _ := c.truth(); orders != 0 || !c.sim.Next().Equal(today.At(10, 1).Add(30*time.Second)) {
		t.Errorf("%d orders, next %s", orders, c.sim.Next())
	}
	if err := c.sim.Advance(today.At(10, 5)); err != nil {
		t.Fatal(err)
	}
	rows, err := c.sim.Orders(today)
	if err != nil || len(rows) != 1 || rows[0].Time != "100130" || rows[0].Filled != 10 {
		t.Errorf("orders %+v, %v", rows, err)
	}
	if log := c.sim.OrderLog(); len(log) != 1 || !log[0].At.Equal(today.At(10, 0)) || log[0].Number != "0000000001" {
		t.Errorf("log %+v", log)
	}
}

func TestAFaultWordsItsAnswer(t *testing.T) {
	for _, row := range []struct{ script, key, want string }{
		{`{"on":"order-cash","do":"code","code":"EGW00201","text":"초당"}`, "msg_cd", "EGW00201"},
		{`{"on":"order-cash","do":"code","code":"APBK0952","when":"after"}`, "msg_cd", "APBK0952"},
		{`{"on":"order-cash","do":"set","field":"rt_cd","value":"7"}`, "rt_cd", "7"},
		{`{"on":"order-cash","do":"remove","field":"output"}`, "msg_cd", "40600000"},
		{`{"on":"order-cash","do":"rename","field":"msg_cd","as":"code"}`, "code", "40600000"},
		{`{"on":"order-cash","do":"set","field":"ODNO","value":""}`, "rt_cd", "0"},
		{`{"on":"*","do":"revoke"}`, "msg_cd", "EGW00121"},
	} {
		c := byHand(t, envVirtual, 10, 0)
		c.faults(row.script)
		c.wants(c.order(buyTR, "005930", "01", "1", "0"), row.key, row.want)
	}
}

func TestAListCanBeOldCutRepeatedOrEmpty(t *testing.T) {
	for _, row := range []struct {
		script string
		rows   int
		cont   string
	}{
		{`{"on":"inquire-daily-ccld","do":"lag","for":"30s"}`, 1, "D"},
		{`{"on":"inquire-daily-ccld","do":"stale","nth":2,"back":1}`, 1, "D"},
		{`{"on":"inquire-daily-ccld","do":"no-rows"}`, 0, "D"},
		{`{"on":"inquire-daily-ccld","do":"cut","rows":1}`, 1, "D"},
		{`{"on":"inquire-daily-ccld","do":"twice"}`, 3, "D"},
		{`{"on":"inquire-daily-ccld","do":"again"}`, 2, "M"},
	} {
		t.Run(row.script, func(t *testing.T) {
			c := byHand(t, envVirtual, 10, 0)
			c.faults(row.script)
			c.order(buyTR, "005930", "01", "1", "0")
			if strings.Contains(row.script, "stale") {
				c.orders()
			}
			if err := c.sim.Advance(today.At(10, 1)); err != nil {
				t.Fatal(err)
			}
			c.order(buyTR, "005930", "01", "1", "0")
			if got := len(c.orders()); got != row.rows || c.header.Get("tr_cont") != row.cont {
				t.Errorf("%d rows, tr_cont %q; want %d, %q", got, c.header.Get("tr_cont"), row.rows, row.cont)
			}
			if got := len(c.orders()); got != 2 {
				t.Errorf("then %d rows, want 2", got)
			}
		})
	}
}

func TestTheLedgerFillsInPiecesRejectsLateAndCancels(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	c.faults(`{"on":"order-cash","do":"partial","shares":4,"for":"20s"}`)
	c.order(buyTR, "005930", "01", "10", "0")
	for _, want := range []int64{4, 8, 10} {
		if _, shares := c.truth(); shares != want {
			t.Errorf("%d shares, want %d", shares, want)
		}
		if err := c.sim.Advance(c.sim.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	c.faults(`{"on":"order-cash","do":"reject","for":"5s"}`, `{"on":"inquire-daily-ccld","do":"cancel"}`)
	c.order(buyTR, "005930", "00", "3", "48000")
	if err := c.sim.Advance(c.sim.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	c.order(buyTR, "005930", "00", "2", "48000")
	rows := c.orders()
	if rows[1]["rjct_qty"] != "3" || rows[1]["rmn_qty"] != "0" || rows[2]["cncl_cfrm_qty"] != "2" || rows[2]["rmn_qty"] != "0" {
		t.Errorf("rows %v", rows)
	}
	if a, _ := c.sim.Account(); a.Holding("005930").Shares != 10 {
		t.Errorf("account %+v", a)
	}
}

func TestAPersonTradesOnTheSameAccount(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	c.faults(`{"on":"inquire-daily-ccld","do":"order","side":"buy","symbol":"005930","shares":3}`)
	if rows := c.orders(); len(rows) != 1 || rows[0]["ordr_empno"] != "HTS" {
		t.Errorf("rows %v", rows)
	}
	if _, shares := c.truth(); shares != 3 || c.sim.Hits()[0].Note != "0000000001 40600000" {
		t.Errorf("%d shares, hits %+v", shares, c.sim.Hits())
	}
}

func TestAScriptCountsCallsInItsHours(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	c.faults(`{"on":"inquire-price","do":"code","code":"X","from":"10:05","nth":2,"every":2,"count":2}`)
	var got string
	ask := func() {
		a := c.do("GET", quotationPath+"inquire-price?FID_COND_MRKT_DIV_CODE=J&FID_INPUT_ISCD=005930", c.headers("FHKST01010100"), "")
		got += map[bool]string{true: "x", false: "."}[a["msg_cd"] == "X"]
	}
	ask()
	if err := c.sim.Advance(today.At(10, 5)); err != nil {
		t.Fatal(err)
	}
	for range 7 {
		ask()
	}
	if got != "..x.x..." {
		t.Errorf("struck %q, want ..x.x...", got)
	}
}

func TestAChanceIsTheSameForTheSameSeed(t *testing.T) {
	run := func(seed string) (out string) {
		c := byHand(t, envVirtual, 10, 0)
		c.faults(`{"seed":`+seed+`}`, `{"on":"inquire-daily-ccld","do":"no-rows","count":-1,"chance":50}`)
		c.order(buyTR, "005930", "01", "1", "0")
		for range 32 {
			out += map[int]string{0: "x", 1: "."}[len(c.orders())]
		}
		return out
	}
	if a, b, other := run("7"), run("7"), run("8"); a != b || a == other || !strings.Contains(a, "x.") {
		t.Errorf("seed 7 gives %s and %s, seed 8 %s", a, b, other)
	}
}

func TestAScriptIsReadStrictly(t *testing.T) {
	for script, want := range map[string]string{
		"# nothing\n\n{\"on\":\"order-cash\",\"do\":\"loose\"}":            `3: do "loose": want one of`,
		`{"on":"order","do":"lose"}`:                                       `1: on "order": want * or one of`,
		`{"on":"order-cash","do":"lose","whem":"after"}`:                   `1: json: unknown field "whem"`,
		`{"on":"order-cash","do":"lose","when":"now"}`:                     `1: when "now": want before or after`,
		`{"on":"order-cash","do":"empty","when":"after"}`:                  `1: when "after": empty has no before and after`,
		`{"on":"order-cash","do":"lose","rows":3}`:                         `1: lose does not take "rows"`,
		`{"on":"order-cash","do":"late"}`:                                  `1: late needs "for"`,
		`{"on":"order-cash","do":"late","for":"-3s"}`:                      `1: "-3s": want 0s to 24h`,
		`{"on":"order-cash","do":"lag","for":"3s"}`:                        `1: lag strikes inquire-daily-ccld only, not order-cash`,
		`{"on":"*","do":"lose","from":"25:00"}`:                            `1: "25:00": want HH:MM or HH:MM:SS`,
		`{"on":"*","do":"lose"} {}`:                                        `1: more than one JSON object on the line`,
		`{"on":"*","do":"lose","count":-2}`:                                `1: a number is out of bounds`,
		`{"on":"*","do":"status","status":99}`:                             `1: status 99: want 200 to 599`,
		`{"on":"*","do":"order","side":"up","symbol":"005930","shares":1}`: `1: side "up": want buy or sell`,
	} {
		if _, err := ParseFaults([]byte(script)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", script, err, want)
		}
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFaults(file); err == nil || !strings.HasPrefix(err.Error(), file+":1: ") {
		t.Errorf("error %v, want the file and line", err)
	}
}

func TestFaultsAreSetAndShownOnThisMachine(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	if got := c.do("POST", "/sim/faults", nil, `{"on":"inquire-daily-ccld","do":"no-rows"}`); len(got["faults"].([]any)) != 1 {
		t.Errorf("got %v", got)
	}
	c.order(buyTR, "005930", "01", "1", "0")
	c.orders()
	got := c.do("GET", "/sim/faults", nil, "")
	if f := got["faults"].([]any)[0].(map[string]any); f["hits"] != 1.0 || f["calls"] != 1.0 || len(got["hits"].([]any)) != 1 {
		t.Errorf("got %v", got)
	}
	if got := c.do("POST", "/sim/faults", nil, "{}"); c.status != 400 || !strings.HasPrefix(got["error"].(string), "line 1: ") {
		t.Errorf("status %d, %v", c.status, got)
	}
	if got := c.do("POST", "/sim/faults", nil, ""); len(got["faults"].([]any)) != 0 {
		t.Errorf("an empty script left %v", got)
	}
}

// The page for people names every word a script may have, and its examples are scripts.
func TestTheDocumentKnowsEveryFault(t *testing.T) {
	page, err := os.ReadFile("../../../docs/FAULTS.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range actNames() {
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("docs/FAULTS.md does not explain %s", name)
		}
	}
	examples := regexp.MustCompile("(?s)```jsonl\n(.*?)```").FindAllSubmatch(page, -1)
	if len(examples) < 2 {
		t.Error("docs/FAULTS.md shows no script")
	}
	for _, e := range examples {
		if _, err := ParseFaults(e[1]); err != nil {
			t.Errorf("%v in\n%s", err, e[1])
		}
	}
}

func FuzzFaults(f *testing.F) {
	f.Add([]byte(`{"on":"order-cash","do":"late","for":"90s","nth":3,"from":"09:00"}`))
	f.Add([]byte("{\"seed\":7}\n# c\n{\"on\":\"*\",\"do\":\"set\",\"field\":\"rt_cd\",\"value\":[1]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		script, err := ParseFaults(text)
		if err != nil {
			return
		}
		for _, f := range script.Faults {
			line, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := ParseFaults(line); err != nil || len(back.Faults) != 1 {
				t.Errorf("%s: %v", line, err)
			}
		}
	})
}
