package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"maemae/broker/kis"
	"maemae/broker/kis/kissim"
	"maemae/engine"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

// rig is an engine against a KIS simulator over HTTP, with a journal on disk, and a hand on the wire between them.
type rig struct {
	t       *testing.T
	sim     *kissim.Server
	wire    *wire
	client  *kis.Client
	path    string
	journal *journal.Journal
	engine  *engine.Engine
	config  engine.Config
	looks   atomic.Int64 // at the clock
}

// now is the market's time, and like a wall's clock never the same at two looks.
func (r *rig) now() time.Time {
	return r.sim.Now().Add(time.Duration(r.looks.Add(1)) * time.Microsecond)
}

// wire stands in front of the simulator: tests make it lose requests or answers.
type wire struct {
	inner http.Handler
	mu    sync.Mutex
	fault func(r *http.Request, body []byte) (lose, mute bool)
	posts int // order-cash requests that arrived
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	if strings.HasSuffix(r.URL.Path, "/order-cash") {
		w.posts++
	}
	fault := w.fault
	w.mu.Unlock()
	lose, mute := false, false
	if fault != nil {
		lose, mute = fault(r, body)
	}
	if lose {
		panic(http.ErrAbortHandler)
	}
	if mute {
		w.inner.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	w.inner.ServeHTTP(rw, r)
}

func (w *wire) set(fault func(r *http.Request, body []byte) (lose, mute bool)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = fault
}

func (w *wire) sent() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.posts
}

// orders tampers with order-cash requests only.
func orders(lose, mute bool) func(*http.Request, []byte) (bool, bool) {
	return func(r *http.Request, _ []byte) (bool, bool) {
		if strings.HasSuffix(r.URL.Path, "/order-cash") {
			return lose, mute
		}
		return false, false
	}
}

var monday = market.Date(20260105)

func newRig(t *testing.T) *rig {
	t.Helper()
	sim, err := kissim.New(kissim.Options{Seed: 7, Symbols: 2, Clock: kissim.Stepped, Start: monday.At(8, 0), Rate: -1, TokenEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, sim: sim, wire: &wire{inner: sim.Handler()}, path: filepath.Join(t.TempDir(), "state", "journal.db")}
	srv := httptest.NewServer(r.wire)
	t.Cleanup(srv.Close)
	ready := sim.Ready()
	account, err := kis.ParseAccount(ready.Account)
	if err != nil {
		t.Fatal(err)
	}
	r.client, err = kis.New(kis.Options{Env: kis.Virtual, BaseURL: srv.URL, AppKey: kis.Secret(ready.AppKey), AppSecret: kis.Secret(ready.AppSecret), Account: account, TokenDir: filepath.Join(t.TempDir(), "app"), Limit: 1000, Now: r.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.client.Close() })
	limits := risk.Practice()
	gate, err := risk.New(limits)
	if err != nil {
		t.Fatal(err)
	}
	r.config = engine.Config{
		Broker: r.client, Feed: feed{r.client}, Gate: gate, Calendar: market.KRX(), Costs: market.DefaultCosts(), Instrument: market.Known,
		Now: r.now, Dispute: func(market.Session) string { return "" }, Exclusive: true,
		Pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	r.open()
	t.Cleanup(func() { r.journal.Close() })
	return r
}

// open opens the journal and makes an engine on it.
func (r *rig) open() {
	r.t.Helper()
	var err error
	if r.journal, err = journal.Open(r.path, journal.Options{Now: r.now}); err != nil {
		r.t.Fatal(err)
	}
	r.config.Journal = r.journal
	if r.engine, err = engine.New(r.config); err != nil {
		r.t.Fatal(err)
	}
}

// start starts the engine, as a new process would.
func (r *rig) start() {
	r.t.Helper()
	if err := r.engine.Start(r.t.Context(), journal.Start{Env: "virtual", Account: "50****45-01", Date: market.DateOf(r.sim.Now())}); err != nil {
		r.t.Fatal(err)
	}
}

// crash drops the engine without a word and opens its journal again.
func (r *rig) crash() {
	r.t.Helper()
	if err := r.journal.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

// to moves the market.
func (r *rig) to(d market.Date, hour, minute int) time.Time {
	r.t.Helper()
	at := d.At(hour, minute)
	if err := r.sim.Advance(at); err != nil {
		r.t.Fatal(err)
	}
	return at
}

// slot runs the rules at a moment.
func (r *rig) slot(at time.Time, rules *strategy.File) engine.Result {
	r.t.Helper()
	res, err := r.engine.Slot(r.t.Context(), at, rules.Strategies)
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// rules compiles strategies and puts them in force. Each is "name | buy | sell | more lines".
func (r *rig) rules(texts ...string) *strategy.File {
	r.t.Helper()
	file := "version: 1\nstrategies:\n"
	for _, text := range texts {
		f := strings.Split(text, "|")
		file += fmt.Sprintf("  - name: %s\n    symbols: [\"005930\"]\n    when: every 5m\n    buy: %s\n    sell: %s\n", strings.TrimSpace(f[0]), strings.TrimSpace(f[1]), strings.TrimSpace(f[2]))
		size := "    size: 10 shares\n"
		for _, line := range f[3:] {
			if strings.HasPrefix(strings.TrimSpace(line), "size:") {
				size = ""
			}
			file += "    " + strings.TrimSpace(line) + "\n"
		}
		file += size
	}
	got, problems := strategy.Load("test.yaml", []byte(file), strategy.Options{})
	if got == nil {
		r.t.Fatalf("%v\n%s", problems, file)
	}
	if err := r.engine.SetRules(got); err != nil {
		r.t.Fatal(err)
	}
	return got
}

// entries are the bodies of a kind, in order.
func entries[B journal.Body](r *rig) []B {
	r.t.Helper()
	var zero B
	var out []B
	for e, err := range r.journal.Entries(r.t.Context(), journal.Query{Kinds: []string{zero.Kind()}}) {
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, e.Body.(B))
	}
	return out
}

// mode is the mode in force with its reason.
func (r *rig) mode() string {
	s := r.journal.Book().State()
	return string(s.Mode) + " " + s.Reason
}

// held is what the simulator's own account holds of 005930.
func (r *rig) held() int64 {
	r.t.Helper()
	a, err := r.sim.Account()
	if err != nil {
		r.t.Fatal(err)
	}
	return a.Holding("005930").Shares
}

// agree holds the book against the simulator's own account.
func (r *rig) agree() {
	r.t.Helper()
	if want, have := r.journal.Book().Expected("005930"), r.held(); want != have {
		r.t.Errorf("the book has %d shares, the simulator %d", want, have)
	}
	if _, err := r.journal.Verify(r.t.Context(), ""); err != nil {
		r.t.Error(err)
	}
}

// byHand places an order of somebody else at the broker, with a plain HTTP client.
func (r *rig) byHand(side string, shares int) {
	r.t.Helper()
	ready := r.sim.Ready()
	post := func(path string, header map[string]string, body map[string]string) map[string]any {
		data, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		req := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(data))
		for k, v := range header {
			req.Header.Set(k, v)
		}
		rec := httptest.NewRecorder()
		r.sim.Handler().ServeHTTP(rec, req)
		var out map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			r.t.Fatalf("%v: %s", err, rec.Body)
		}
		return out
	}
	token := post("/oauth2/tokenP", nil, map[string]string{"grant_type": "client_credentials", "appkey": ready.AppKey, "appsecret": ready.AppSecret})["access_token"]
	out := post("/uapi/domestic-stock/v1/trading/order-cash", map[string]string{"authorization": fmt.Sprint("Bearer ", token), "appkey": ready.AppKey, "appsecret": ready.AppSecret, "tr_id": map[string]string{"buy": "VTTC0012U", "sell": "VTTC0011U"}[side], "custtype": "P"},
		map[string]string{"CANO": ready.Account[:8], "ACNT_PRDT_CD": ready.Account[9:], "PDNO": "005930", "ORD_DVSN": "01", "ORD_QTY": fmt.Sprint(shares), "ORD_UNPR": "0", "EXCG_ID_DVSN_CD": "KRX"})
	if out["rt_cd"] != "0" {
		r.t.Fatalf("by hand: %v", out)
	}
}

// feed is the plainest feed: every read asks KIS.
type feed struct{ client *kis.Client }

func (f feed) Bars(ctx context.Context, s market.Symbol, n int, due time.Time) (strategy.Bars, bool, market.Quote, error) {
	today := market.DateOf(due)
	from, err := market.KRX().AddSessions(today, -max(n, 1))
	if err != nil {
		return strategy.Bars{}, false, market.Quote{}, err
	}
	rows, q, err := f.client.Daily(ctx, s, from.Date, today)
	if err != nil {
		return strategy.Bars{}, false, q, err
	}
	bars, err := strategy.BarsOf(rows)
	return bars, len(rows) > 0 && rows[len(rows)-1].Date == today, q, err
}

func (f feed) Quote(ctx context.Context, s market.Symbol) (market.Quote, error) {
	q, err := f.client.Quote(ctx, s)
	if err != nil {
		return q, err
	}
	today := market.DateOf(q.At)
	_, sides, err := f.client.Daily(ctx, s, today, today)
	q.Ask, q.Bid = sides.Ask, sides.Bid
	return q, err
}

var always, never = "close > 0", "close < 0"

func rule(name, buy, sell string, more ...string) string {
	return strings.Join(append([]string{name, buy, sell}, more...), " | ")
}
