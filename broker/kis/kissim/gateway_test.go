package kissim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestTheGatewayTurnsAwayWhatIsNotAuthorised(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	path := quotationPath + "inquire-price?FID_COND_MRKT_DIV_CODE=J&FID_INPUT_ISCD=005930"
	for _, r := range []struct{ header, value, code string }{
		{"authorization", "", "EGW00205"},
		{"authorization", c.token, "EGW00205"},
		{"authorization", "Bearer nonsense", "EGW00121"},
		{"appkey", "", "EGW00102"},
		{"appsecret", "", "EGW00104"},
		{"appsecret", "wrong", "EGW00105"},
		{"appkey", "another", "EGW00121"}, // any key is good, but this token is not its own
		{"custtype", "X", "EGW00208"},
		{"custtype", "B", "EGW00210"},
		{"tr_id", "TTTC0012U", "EGW02006"},
		{"tr_id", "CTCA0903R", "EGW02006"},
	} {
		h := c.headers("FHKST01010100")
		h[r.header] = r.value
		c.wants(c.do("GET", path, h, ""), "rt_cd", "1", "msg_cd", r.code)
		if c.status != 500 {
			t.Errorf("%s: status %d", r.code, c.status)
		}
	}
	for _, r := range []struct {
		path, tr, code string
		status         int
	}{
		{quotationPath + "inquire-price", "FHKST99999999", "OPSQ0002", 200},
		{quotationPath + "inquire-price", "FHKST01010400", "OPSQ0002", 200},
		{quotationPath + "inquire-price", "", "OPSQ9999", 200},
		{quotationPath + "no-such-service", "FHKST01010100", "MCA00124", 404},
		{tradingPath + "inquire-psbl-rvsecncl", "VTTC8036R", "90000000", 200},
		{tradingPath + "inquire-psbl-rvsecncl", "TTTC0084R", "EGW02006", 500},
		{quotationPath + "chk-holiday", "CTCA0903R", "EGW02006", 500},
	} {
		c.wants(c.get(r.path, r.tr), "rt_cd", "1", "msg_cd", r.code)
		if c.status != r.status {
			t.Errorf("%s: status %d, want %d", r.code, c.status, r.status)
		}
	}
	h := c.headers("VTTC0012U")
	h["content-type"] = "application/x-www-form-urlencoded"
	c.wants(c.do("POST", tradingPath+"order-cash", h, "CANO=1"), "msg_cd", "EGW00132")

	c = byHand(t, envReal, 10, 0)
	h = c.headers("FHKST01010100")
	h["appkey"] = "PSVT0000000000000000000000000000000x"
	c.wants(c.do("GET", path, h, ""), "msg_cd", "EGW02004")
	c.wants(c.get(quotationPath+"inquire-price", "VTTC8434R"), "msg_cd", "OPSQ0002")
}

func TestAConfiguredKeyIsTheOnlyOne(t *testing.T) {
	c := start(t, Options{Seed: 1, AppKey: "the-key", AppSecret: "the-secret", Account: "12345678-01"})
	for _, r := range []struct{ key, secret, code string }{{"other", "the-secret", "EGW00103"}, {"the-key", "other", "EGW00105"}, {"", "x", "EGW00102"}, {"the-key", "", "EGW00104"}} {
		a := c.do("POST", "/oauth2/tokenP", nil, bodyOf([]string{"grant_type", "client_credentials", "appkey", r.key, "appsecret", r.secret}))
		c.wants(a, "error_code", r.code)
		if c.status != 403 {
			t.Errorf("%s: status %d", r.code, c.status)
		}
	}
	c.wants(c.do("POST", "/oauth2/tokenP", nil, `{"appkey":"the-key","appsecret":"the-secret"}`), "error_code", "EGW00115")
	c.wants(c.do("POST", "/oauth2/tokenP", nil, `{"grant_type":"x","appkey":"the-key","appsecret":"the-secret"}`), "error_code", "EGW00116")
	c.wants(c.do("POST", "/oauth2/tokenP", nil, `grant_type=client_credentials`), "error_code", "EGW00101")
	for _, o := range []Options{{AppKey: "only"}, {AppSecret: "only"}, {Env: "paper"}, {Clock: "fast"}, {Account: "1234"}, {NoOrders: []string{"x"}},
		{Cash: won(-1)}, {Symbols: -1}, {Symbols: 9999}, {Data: "no/such/folder"}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestMadeUpCredentialsHaveKISsForm(t *testing.T) {
	r := start(t, Options{}).sim.Ready()
	plain := func(s string) bool { return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" }
	if len(r.AppKey) != 36 || len(r.AppSecret) != 180 || !plain(r.AppKey) || !plain(r.AppSecret) || r.Account != "50012345-01" || r.Env != "virtual" ||
		r.Time != "2024-12-02T10:00:00+09:00" {
		t.Errorf("%+v", r)
	}
}

func TestATokenLivesADayAndIsTheSameForSixHours(t *testing.T) {
	c := byHand(t, envVirtual, 8, 0)
	first := c.issue()
	c.wants(first, "access_token", c.token, "token_type", "Bearer", "access_token_token_expired", "2024-12-03 08:00:00")
	if first["expires_in"] != float64(86400) { // a JSON number
		t.Errorf("expires_in %v", first["expires_in"])
	}
	old := c.token
	c.to(13, 59)
	c.wants(c.issue(), "access_token", old, "access_token_token_expired", "2024-12-03 08:00:00")
	c.to(14, 0)
	if next := c.issue(); next["access_token"] == old || next["access_token_token_expired"] != "2024-12-03 14:00:00" {
		t.Errorf("after six hours: %v", next)
	}
	if err := c.sim.Advance(today.Add(1).At(14, 0)); err != nil {
		t.Fatal(err)
	}
	c.wants(c.get(quotationPath+"inquire-price", "FHKST01010100"), "msg_cd", "EGW00123", "msg1", "기간이 만료된 token 입니다.")
}

func TestTokensAreIssuedOnceAMinute(t *testing.T) {
	c := start(t, Options{Seed: 1, TokenEvery: time.Minute})
	a := c.issue()
	c.wants(a, "error_code", "EGW00133", "error_description", "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)")
	if _, code := a["msg_cd"]; c.status != 403 || code {
		t.Errorf("status %d, %v", c.status, a)
	}
	if err := c.sim.Advance(c.sim.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	c.wants(c.issue(), "access_token", c.token)
}

func TestTheMinuteBetweenTokensPassesOnTheRealClockToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Clock: Stepped, AppKey: "k", AppSecret: "s"})
		if err != nil {
			t.Fatal(err)
		}
		ask := func() int {
			return s.serve(&call{method: "POST", path: "/oauth2/tokenP", body: []byte(`{"grant_type":"client_credentials","appkey":"k","appsecret":"s"}`)}).status
		}
		first, soon := ask(), ask()
		time.Sleep(time.Minute)
		if later := ask(); first != 200 || soon != 403 || later != 200 {
			t.Errorf("statuses %d, %d, %d", first, soon, later)
		}
	})
}

func TestARevokedTokenIsGone(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	r := c.sim.Ready()
	revoke := func(token string) map[string]any {
		return c.do("POST", "/oauth2/revokeP", nil, bodyOf([]string{"appkey", r.AppKey, "appsecret", r.AppSecret, "token", token}))
	}
	c.wants(revoke("another"), "error_code", "EGW00121")
	if a := revoke(c.token); a["code"] != float64(200) || a["message"] != "접근토큰 폐기에 성공하였습니다" {
		t.Errorf("revokeP: %v", a)
	}
	c.wants(c.get(quotationPath+"inquire-price", "FHKST01010100"), "msg_cd", "EGW00121")
	c.wants(revoke(c.token), "error_code", "EGW00121")
}

func TestAHashkeyIsOfTheBodyItComesWith(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	body := bodyOf(append(c.own(), "PDNO", "005930", "ORD_DVSN", "01", "ORD_QTY", "1", "ORD_UNPR", "0"))
	h := c.headers("")
	delete(h, "authorization")
	delete(h, "tr_id")
	a := c.do("POST", "/uapi/hashkey", h, body)
	hash, _ := a["HASH"].(string)
	if echo := a["BODY"].(map[string]any); len(hash) != 64 || echo["PDNO"] != "005930" || a["rt_cd"] != nil {
		t.Fatalf("hashkey: %v", a)
	}
	send := func(hash, body string) map[string]any {
		h := c.headers("VTTC0012U")
		h["hashkey"] = hash
		return c.do("POST", tradingPath+"order-cash", h, body)
	}
	c.accepted(send(hash, body))
	c.accepted(send(hash, strings.ReplaceAll(body, `","`, `", "`))) // spaces are no other body
	c.wants(send(hash, strings.Replace(body, `"ORD_QTY":"1"`, `"ORD_QTY":"2"`, 1)), "msg_cd", "EGW00131")
	c.wants(send("0123", body), "msg_cd", "EGW00131")
	c.wants(c.do("POST", "/uapi/hashkey", h, "{"), "msg_cd", "EGW00202")
}

func TestTheLimiterAnswersBeforeAnythingIsRouted(t *testing.T) {
	for env, rate := range map[string]int{envVirtual: 1, envReal: 18} {
		synctest.Test(t, func(t *testing.T) {
			s, err := New(Options{Env: env, Clock: Stepped, AppKey: "k", AppSecret: "s", Start: today.At(10, 0)})
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{"Appkey": {"k"}, "Appsecret": {"s"}}
			hash := func() *reply {
				return s.serve(&call{method: "POST", path: "/uapi/hashkey", header: h, body: []byte("{}")})
			}
			quote := func() *reply { return s.serve(&call{method: "GET", path: quotationPath + "inquire-price", header: h}) }
			for n := range rate {
				ask := []func() *reply{hash, quote}[n%2] // every call counts, whatever becomes of it
				if a := ask(); a.code() == "EGW00201" {
					t.Errorf("%s: call %d refused", env, n)
				}
			}
			for range 5 {
				if a := quote(); a.status != 500 || a.code() != "EGW00201" {
					t.Errorf("%s: call above the limit: %d %s", env, a.status, a.code())
				}
				if err := s.Advance(s.Now().Add(time.Hour)); err != nil { // the market's clock does not help
					t.Fatal(err)
				}
			}
			time.Sleep(time.Second)
			for range rate {
				if a := hash(); a.status != 200 {
					t.Errorf("%s: a second later: %s", env, a.code())
				}
			}
		})
	}
}

func TestNoWindowOfASecondHasMoreCallsThanTheLimit(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		l := limiter{rate: rapid.IntRange(1, 20).Draw(r, "rate")}
		now, passed := time.Unix(0, 0), []time.Time(nil)
		for range 200 {
			now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(r, "pause")) * time.Millisecond)
			within := 0
			for _, p := range passed {
				if now.Sub(p) < limiterWindow {
					within++
				}
			}
			if got := l.allow(now); got != (within < l.rate) {
				r.Fatalf("with %d calls in the window of %d: allowed %v", within, l.rate, got)
			} else if got {
				passed = append(passed, now)
			}
		}
	})
}

func TestAnswersSuitTheVendorsHelper(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	var raw map[string][]string
	h := c.sim.Handler()
	wrapped := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		raw = w.Header().Clone()
	})
	host := httptest.NewServer(wrapped)
	t.Cleanup(host.Close)
	c.host = host.URL
	c.get("//uapi/domestic-stock/v1/quotations/inquire-price", "FHKST01010100", "fid_cond_mrkt_div_code", "J", "fid_input_iscd", "005930")
	if c.status != 200 || raw["tr_id"][0] != "FHKST01010100" || len(raw["tr_cont"]) != 1 || len(raw["gt_uid"][0]) != 32 {
		t.Errorf("status %d, headers %v", c.status, raw)
	}
	for name := range raw {
		if strings.ToLower(name) == name && strings.Contains(name, "-") {
			t.Errorf("header %s in lower case with a dash", name)
		}
	}
	if date := raw["Date"]; date[0] != "Mon, 02 Dec 2024 01:00:00 GMT" {
		t.Errorf("Date %v is not the market's", date)
	}
}
