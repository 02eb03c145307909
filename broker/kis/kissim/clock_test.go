package kissim

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"maemae/market"
)

func TestASteppedClockStandsUntilItIsMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Clock: Stepped, Start: today.At(9, 30)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if now := s.Now(); !now.Equal(today.At(9, 30)) {
			t.Errorf("stepped clock at %s after an hour", now)
		}
		s, err = New(Options{Clock: Real, Start: today.At(9, 30)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if now := s.Now(); !now.Equal(today.At(10, 30)) {
			t.Errorf("real clock at %s after an hour", now)
		}
		if err := s.Advance(today.At(12, 0)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if now := s.Now(); !now.Equal(today.At(12, 1)) {
			t.Errorf("real clock at %s a minute after it was moved", now)
		}
	})
}

func TestTheMarketTellsItsMoments(t *testing.T) {
	c := byHand(t, envVirtual, 3, 0)
	var got []string
	for range 6 {
		got = append(got, clockOf(c.sim.Next()))
		c.at(c.sim.Next())
	}
	want := []string{"2024-12-02 08:30:00", "2024-12-02 09:00:00", "2024-12-02 15:20:00", "2024-12-02 15:30:00", "2024-12-03 08:30:00", "2024-12-03 09:00:00"}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("moments %v", got)
	}
	exam := start(t, Options{Seed: 1, Start: market.Date(20241114).At(9, 45)}) // college entrance exam: everything an hour later
	for _, want := range []string{"2024-11-14 10:00:00", "2024-11-14 16:20:00", "2024-11-14 16:30:00"} {
		if got := clockOf(exam.sim.Next()); got != want {
			t.Errorf("exam day: %s, want %s", got, want)
		}
		exam.at(exam.sim.Next())
	}
}

func TestTheClockIsMovedOverHTTPAndNeverBack(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	c.wants(c.do("GET", "/sim/clock", nil, ""), "now", "2024-12-02T10:00:00+09:00", "next", "2024-12-02T15:20:00+09:00")
	c.accepted(c.order(buyTR, "005930", "00", "10", "49200"))
	c.wants(c.do("GET", "/sim/clock", nil, ""), "next", "2024-12-02T10:37:38+09:00")
	c.wants(c.do("POST", "/sim/advance", nil, `{"to":"2024-12-02T02:00:00Z"}`), "now", "2024-12-02T11:00:00+09:00", "next", "2024-12-02T15:20:00+09:00")
	c.wants(c.orders()[0], "tot_ccld_qty", "10")
	c.wants(c.do("POST", "/sim/advance", nil, `{"to":"2024-12-02T11:00:00+09:00"}`), "now", "2024-12-02T11:00:00+09:00")
	for _, r := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/sim/advance", `{"to":"2024-12-02T10:59:59+09:00"}`, http.StatusConflict},
		{"POST", "/sim/advance", `{"to":"2024-12-06T00:00:00+09:00"}`, http.StatusGone}, // the data end on 2024-12-05
		{"POST", "/sim/advance", `{"to":"tomorrow"}`, http.StatusBadRequest},
		{"POST", "/sim/advance", `{}`, http.StatusBadRequest},
		{"POST", "/sim/advance", ``, http.StatusBadRequest},
		{"GET", "/sim/advance", ``, http.StatusNotFound},
		{"POST", "/sim/clock", ``, http.StatusNotFound},
		{"GET", "/sim/", ``, http.StatusNotFound},
	} {
		if a := c.do(r.method, r.path, nil, r.body); c.status != r.status || a["error"] == nil {
			t.Errorf("%s %s %s: %d %v", r.method, r.path, r.body, c.status, a)
		}
	}
	if now := clockOf(c.sim.Now()); now != "2024-12-02 11:00:00" {
		t.Errorf("refused moves moved the clock to %s", now)
	}
	if err := c.sim.Advance(today.At(9, 0)); !errors.Is(err, ErrBackwards) {
		t.Errorf("back: %v", err)
	}
	if err := c.sim.Advance(today.At(9, 0).AddDate(0, 0, 9)); !errors.Is(err, ErrOver) {
		t.Errorf("beyond the data: %v", err)
	}
	c.at(market.Date(20241205).At(23, 59))
	c.wants(c.do("GET", "/sim/clock", nil, ""), "next", "")
}

func TestOnlyCallersOnThisMachineSeeTheClock(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	for peer, status := range map[string]int{"192.168.0.9:1234": 403, "[2001:db8::1]:1234": 403, "nonsense": 403, "127.0.0.1:9": 200, "[::1]:9": 200, "[::ffff:127.0.0.1]:9": 200} {
		for _, path := range []string{"/sim/clock", "//sim/clock"} {
			r := httptest.NewRequest("GET", path, nil)
			r.RemoteAddr = peer
			w := httptest.NewRecorder()
			c.sim.Handler().ServeHTTP(w, r)
			if w.Code != status && !(status == 200 && path == "//sim/clock" && w.Code == 404) {
				t.Errorf("%s from %s: %d, want %d", path, peer, w.Code, status)
			}
		}
	}
}

func TestTwoPersonalitiesServeHTTPSToo(t *testing.T) {
	config, err := SelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	c := byHand(t, envReal, 10, 0)
	host := httptest.NewUnstartedServer(c.sim.Handler())
	host.TLS = config
	host.StartTLS()
	defer host.Close()
	got, err := host.Client().Get(host.URL + "/sim/clock")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != 200 || got.TLS.Version < 0x0303 {
		t.Errorf("status %d, TLS %x", got.StatusCode, got.TLS.Version)
	}
}
