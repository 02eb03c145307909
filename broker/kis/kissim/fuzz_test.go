package kissim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"maemae/market"
)

// Whatever arrives, the answer is JSON, the market keeps its books, and only a good order changes anything.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "/uapi/domestic-stock/v1/trading/order-cash", "VTTC0012U", "", `{"CANO":"50012345","ACNT_PRDT_CD":"01","PDNO":"005930","ORD_DVSN":"01","ORD_QTY":"1","ORD_UNPR":"0"}`)
	f.Add("POST", "/uapi/domestic-stock/v1/trading/order-rvsecncl", "VTTC0013U", "", `{"CANO":"50012345","ACNT_PRDT_CD":"01","KRX_FWDG_ORD_ORGNO":"","ORGN_ODNO":"1","ORD_DVSN":"00","RVSE_CNCL_DVSN_CD":"01","ORD_QTY":"1","ORD_UNPR":"48000","QTY_ALL_ORD_YN":"N"}`)
	f.Add("GET", "/uapi/domestic-stock/v1/trading/order-cash", "VTTC0012U", "", `{"CANO":"50012345","ACNT_PRDT_CD":"01","PDNO":"005930","ORD_DVSN":"01","ORD_QTY":"1","ORD_UNPR":"0"}`)
	f.Add("GET", "//uapi/domestic-stock/v1/quotations/inquire-price", "FHKST01010100", "fid_cond_mrkt_div_code=J&fid_input_iscd=005930", "")
	f.Add("GET", "/uapi/domestic-stock/v1/trading/inquire-psbl-order", "VTTC8908R", "CANO=50012345&ACNT_PRDT_CD=01&PDNO=005930&ORD_UNPR=1&ORD_DVSN=01&CMA_EVLU_AMT_ICLD_YN=N&OVRS_ICLD_YN=N", "")
	f.Add("POST", "/oauth2/tokenP", "", "", `{"grant_type":"client_credentials","appkey":"k","appsecret":"s"}`)
	f.Add("POST", "/uapi/hashkey", "", "", `{"a":[1,{"b":null}]}`)
	f.Add("POST", "/sim/advance", "", "", `{"to":"2024-12-02T11:00:00+09:00"}`)
	f.Fuzz(func(t *testing.T, method, path, tr, query, body string) {
		s := fuzzed(t)
		w := httptest.NewRecorder()
		r := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, RemoteAddr: "127.0.0.1:9", Body: http.NoBody, Header: http.Header{
			"Authorization": {"Bearer t"}, "Appkey": {"k"}, "Appsecret": {"s"}, "Tr_id": {tr}}}
		r.Body = readCloser{strings.NewReader(body)}
		s.Handler().ServeHTTP(w, r)
		if len(body) <= maxBody && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		taken := 0
		for _, p := range s.OrderLog() {
			if p.Number != "" {
				taken++
			}
		}
		if taken != len(s.exchange.orders) {
			t.Errorf("log %+v, orders %d", s.OrderLog(), len(s.exchange.orders))
		}
		if err := s.Advance(s.Now()); err != nil {
			t.Error(err)
		}
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// fuzzed is a fresh simulator with a token and one resting order.
func fuzzed(t *testing.T) *Server {
	o, _, err := Options{Clock: Stepped, Rate: -1, AppKey: "k", AppSecret: "s", Start: today.At(10, 0)}.complete()
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(o, &feed{issues: map[market.Symbol]*issue{"005930": {
		Instrument: market.Known("005930"), bars: []bar{{20241129, 50_000, 50_500, 49_500, 50_000, 1000}, {20241202, 50_000, 52_000, 49_000, 51_000, 1000}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	s.credentials["k"].token, s.credentials["k"].issued = "t", s.Now()
	s.take(&call{method: "POST", path: tradingPath + "order-cash", header: http.Header{"Authorization": {"Bearer t"}, "Appkey": {"k"}, "Appsecret": {"s"}, "Tr_id": {"VTTC0012U"}},
		body: []byte(`{"CANO":"50012345","ACNT_PRDT_CD":"01","PDNO":"005930","ORD_DVSN":"00","ORD_QTY":"9","ORD_UNPR":"40000"}`)})
	if len(s.exchange.orders) != 1 {
		t.Fatal("no order to begin with")
	}
	return s
}
