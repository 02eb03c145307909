package kissim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"maemae/market"
)

// client is a plain HTTP client of a simulator, as any program might be.
type client struct {
	*testing.T
	sim    *Server
	host   string
	token  string
	header http.Header // of the last answer
	status int
}

// start opens a simulator and a client with a token. Unless the options say otherwise calls and tokens are not limited,
// and the clock is stepped.
func start(t *testing.T, o Options) *client {
	t.Helper()
	if o.Rate == 0 {
		o.Rate = -1
	}
	if o.TokenEvery == 0 {
		o.TokenEvery = -1
	}
	if o.Clock == "" {
		o.Clock = Stepped
	}
	sim, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	host := httptest.NewServer(sim.Handler())
	t.Cleanup(host.Close)
	c := &client{T: t, sim: sim, host: host.URL}
	c.login()
	return c
}

// login gets a token.
func (c *client) login() {
	c.Helper()
	got := c.issue()
	c.token, _ = got["access_token"].(string)
	if c.token == "" {
		c.Fatalf("tokenP: %v", got)
	}
}

func (c *client) issue() map[string]any {
	c.Helper()
	r := c.sim.Ready()
	return c.do("POST", "/oauth2/tokenP", nil, bodyOf([]string{"grant_type", "client_credentials", "appkey", r.AppKey, "appsecret", r.AppSecret}))
}

// raw sends one request and returns the body.
func (c *client) raw(method, path string, header map[string]string, body string) []byte {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.host+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer a.Body.Close()
	out, err := io.ReadAll(a.Body)
	if err != nil {
		c.Fatal(err)
	}
	c.header, c.status = a.Header, a.StatusCode
	return out
}

func (c *client) do(method, path string, header map[string]string, body string) map[string]any {
	c.Helper()
	out := c.raw(method, path, header, body)
	var m map[string]any
	if err := json.Unmarshal(out, &m); err != nil {
		c.Fatalf("%s %s: %s: %v", method, path, out, err)
	}
	return m
}

func (c *client) headers(tr string) map[string]string {
	r := c.sim.Ready()
	return map[string]string{"authorization": "Bearer " + c.token, "appkey": r.AppKey, "appsecret": r.AppSecret, "tr_id": tr,
		"custtype": "P", "content-type": "application/json; charset=utf-8"}
}

// get asks a query; pairs are key, value.
func (c *client) get(path, tr string, pairs ...string) map[string]any {
	c.Helper()
	return c.do("GET", path+"?"+query(pairs), c.headers(tr), "")
}

func query(pairs []string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q.Encode()
}

// post sends an order body; pairs are key, value.
func (c *client) post(path, tr string, pairs ...string) map[string]any {
	c.Helper()
	return c.do("POST", path, c.headers(tr), bodyOf(pairs))
}

func bodyOf(pairs []string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	b, _ := json.Marshal(m)
	return string(b)
}

// own are CANO and ACNT_PRDT_CD of the simulator's account.
func (c *client) own() []string {
	number, product, _ := splitAccount(c.sim.Ready().Account)
	return []string{"CANO", number, "ACNT_PRDT_CD", product}
}

// env picks the TR id of the simulator's environment: the virtual one has V in the place of T.
func (c *client) env(tr string) string {
	if c.sim.Ready().Env == envVirtual {
		return "V" + tr[1:]
	}
	return tr
}

const (
	buyTR    = "TTTC0012U"
	sellTR   = "TTTC0011U"
	changeTR = "TTTC0013U"
	listTR   = "TTTC0081R"
)

// order sends order-cash and returns the answer.
func (c *client) order(tr, symbol, kind, shares, price string) map[string]any {
	c.Helper()
	return c.post(tradingPath+"order-cash", c.env(tr), append(c.own(), "PDNO", symbol, "ORD_DVSN", kind, "ORD_QTY", shares, "ORD_UNPR", price,
		"EXCG_ID_DVSN_CD", "KRX", "SLL_TYPE", "", "CNDT_PRIC", "")...)
}

// accepted demands that the order was taken and returns its number.
func (c *client) accepted(answer map[string]any) string {
	c.Helper()
	out, _ := answer["output"].(map[string]any)
	if answer["rt_cd"] != "0" || out["ODNO"] == "" {
		c.Fatalf("order: %v", answer)
	}
	return out["ODNO"].(string)
}

// change cancels (02) or replaces (01) all of an order.
func (c *client) change(what, number, kind, price string) map[string]any {
	c.Helper()
	return c.post(tradingPath+"order-rvsecncl", c.env(changeTR), append(c.own(), "KRX_FWDG_ORD_ORGNO", "", "ORGN_ODNO", number, "ORD_DVSN", kind,
		"RVSE_CNCL_DVSN_CD", what, "ORD_QTY", "0", "ORD_UNPR", price, "QTY_ALL_ORD_YN", "Y")...)
}

func (c *client) balance() (rows []any, totals map[string]any) {
	c.Helper()
	a := c.get(tradingPath+"inquire-balance", c.env("TTTC8434R"), balanceQuery(c)...)
	if a["rt_cd"] != "0" {
		c.Fatalf("balance: %v", a)
	}
	return a["output1"].([]any), a["output2"].([]any)[0].(map[string]any)
}

func balanceQuery(c *client) []string {
	return append(c.own(), "AFHR_FLPR_YN", "N", "OFL_YN", "", "INQR_DVSN", "01", "UNPR_DVSN", "01", "FUND_STTL_ICLD_YN", "N",
		"FNCG_AMT_AUTO_RDPT_YN", "N", "PRCS_DVSN", "00", "CTX_AREA_FK100", "", "CTX_AREA_NK100", "")
}

func listQuery(c *client, day market.Date) []string {
	return append(c.own(), "INQR_STRT_DT", day.Compact(), "INQR_END_DT", day.Compact(), "SLL_BUY_DVSN_CD", "00", "INQR_DVSN", "01",
		"PDNO", "", "CCLD_DVSN", "00", "ORD_GNO_BRNO", "", "ODNO", "", "INQR_DVSN_3", "00", "INQR_DVSN_1", "", "EXCG_ID_DVSN_CD", "ALL",
		"CTX_AREA_FK100", "", "CTX_AREA_NK100", "")
}

// orders are the rows of today's order list by number, oldest first.
func (c *client) orders() []map[string]any {
	c.Helper()
	a := c.get(tradingPath+"inquire-daily-ccld", c.env(listTR), listQuery(c, market.DateOf(c.sim.Now()))...)
	if a["rt_cd"] != "0" {
		c.Fatalf("orders: %v", a)
	}
	var rows []map[string]any
	for _, r := range a["output1"].([]any) {
		rows = append(rows, r.(map[string]any))
	}
	return rows
}

func (c *client) price(symbol string) map[string]any {
	c.Helper()
	a := c.get(quotationPath+"inquire-price", "FHKST01010100", "FID_COND_MRKT_DIV_CODE", "J", "FID_INPUT_ISCD", symbol)
	if a["rt_cd"] != "0" {
		c.Fatalf("price: %v", a)
	}
	return a["output"].(map[string]any)
}

// to moves the market's clock to a time of its present day.
func (c *client) to(hour, minute int) {
	c.Helper()
	c.at(market.DateOf(c.sim.Now()).At(hour, minute))
}

func (c *client) at(t time.Time) {
	c.Helper()
	if err := c.sim.Advance(t); err != nil {
		c.Fatal(err)
	}
	c.login() // a token lives a day
}

// wants demands values of an answer; pairs are key, value.
func (c *client) wants(m map[string]any, pairs ...string) {
	c.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if m[pairs[i]] != pairs[i+1] {
			c.Errorf("%s is %q, want %q", pairs[i], m[pairs[i]], pairs[i+1])
		}
	}
}

func indented(c *client, body []byte) []byte {
	c.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		c.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}
