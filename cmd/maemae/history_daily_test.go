package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"maemae/broker/kis"
	"maemae/broker/kis/kissim"
	"maemae/history"
	"maemae/market"
)

// After the close what is stored reaches to that day, a symbol whose past was re-based is fetched from its beginning, and
// one that cannot be fetched is a line in the log and tried again.
func TestStoredBarsFollowTheMarketAfterTheClose(t *testing.T) {
	day := market.Date(20260105)
	sim, err := kissim.New(kissim.Options{Clock: kissim.Stepped, Rate: -1, TokenEvery: -1, Seed: 3, Symbols: 1, Start: day.At(15, 50)})
	if err != nil {
		t.Fatal(err)
	}
	var down atomic.Bool
	handler := sim.Handler()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() && strings.Contains(r.URL.RawQuery, "000660") {
			fmt.Fprint(w, `{"rt_cd":"1","msg_cd":"OPSQ2001","msg1":"ERROR INVALID FID_COND_MRKT_DIV_CODE"}`)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	account, err := kis.ParseAccount("50012345-01")
	if err != nil {
		t.Fatal(err)
	}
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := privateDir(tokens); err != nil {
		t.Fatal(err)
	}
	client, err := kis.New(kis.Options{Env: "virtual", BaseURL: srv.URL, AppKey: "key", AppSecret: "secret", Account: account, TokenDir: tokens, Limit: kis.Rate(1000), Now: sim.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	store, err := history.Open(t.TempDir(), market.KRX())
	if err != nil {
		t.Fatal(err)
	}
	log, lines := observer.New(zapcore.WarnLevel)
	var forgotten []market.Symbol
	k := keeper{puller{client, store, sim.Now}, func(s market.Symbol) { forgotten = append(forgotten, s) }, zap.New(log)}
	for _, s := range []market.Symbol{"005930", "000660"} {
		rows, _, err := client.Daily(t.Context(), s, day.Add(-200), day.Add(-3))
		if err != nil {
			t.Fatal(err)
		}
		b, err := history.Of(s, rows)
		if err != nil {
			t.Fatal(err)
		}
		if s == "005930" { // as it was before a split
			for _, c := range [][]int64{b.Open, b.High, b.Low, b.Close} {
				for i := range c {
					c[i] *= 2
				}
			}
		}
		if _, err := store.Replace(b, history.Source{Name: "kis", At: day.Add(-2).At(18, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	symbols, err := k.stored()
	if err != nil || !slices.Equal(symbols, []market.Symbol{"000660", "005930"}) {
		t.Fatal(symbols, err)
	}
	down.Store(true)
	failed := k.refresh(t.Context(), symbols)
	if !slices.Equal(failed, []market.Symbol{"000660"}) || lines.FilterMessage("stored bars are not up to date").Len() != 1 {
		t.Error(failed, lines.All())
	}
	down.Store(false)
	if failed = k.refresh(t.Context(), failed); len(failed) > 0 {
		t.Error(failed, lines.All())
	}
	for _, s := range symbols {
		b, err := store.Load(s)
		if err != nil {
			t.Fatal(err)
		}
		rows, _, err := client.Daily(t.Context(), s, b.Dates[0], day)
		if err != nil {
			t.Fatal(err)
		}
		want, err := history.Of(s, rows)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(b.Dates, b.Close) != fmt.Sprint(want.Dates, want.Close) || b.Dates[b.Len()-1] != day {
			t.Errorf("%s: stored %d bars to %s, KIS has %d", s, b.Len(), b.Dates[b.Len()-1], want.Len())
		}
	}
	if !slices.Equal(forgotten, []market.Symbol{"000660", "005930", "000660"}) {
		t.Error("memory was told of", forgotten)
	}
}
