package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

// field is a simulated market in this process and a folder in which the real program runs against it.
type field struct {
	t   testing.TB
	dir string
	sim *kissim.Server
	url string
	out bytes.Buffer
	// calls counts the requests that reached the simulator.
	calls atomic.Int64
	// patience is how long the market may stand still before a test gives up on the program.
	patience time.Duration
	// wall, where set, is the moment beyond which the market does not go.
	wall atomic.Pointer[wall]
}

type wall struct {
	at   time.Time
	gone chan struct{}
}

func newField(t testing.TB, o kissim.Options, rules string) *field {
	t.Helper()
	return newFieldThrough(t, o, rules, func(_ *field, sim http.Handler) http.Handler { return sim })
}

// newFieldThrough is a field whose daemon reaches the market through something that the test puts in between.
func newFieldThrough(t testing.TB, o kissim.Options, rules string, through func(*field, http.Handler) http.Handler) *field {
	t.Helper()
	o.Clock, o.Rate, o.TokenEvery = kissim.Stepped, -1, -1
	sim, err := kissim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return fieldOn(t, sim, rules, through)
}

// fieldOn is a folder of its own and a way of its own to a market that others may use too.
func fieldOn(t testing.TB, sim *kissim.Server, rules string, through func(*field, http.Handler) http.Handler) *field {
	t.Helper()
	f := &field{t: t, dir: t.TempDir(), sim: sim, patience: time.Minute}
	handler := through(f, sim.Handler())
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.calls.Add(1)
		f.waitAtWall(r)
		handler.ServeHTTP(w, r)
	}))
	srv.Listener = stampedListener{srv.Listener}
	srv.Config.ConnContext = withArrival
	srv.Start()
	t.Cleanup(srv.Close)
	f.url = srv.URL
	f.write("strategies.yaml", rules)
	f.write("config.yaml", fmt.Sprintf("version: 1\nenv: virtual\nstate: %s\nexits_every: 30m\nkis: {base_url: %q, rate: 1000}\n", filepath.Join(f.dir, "state"), f.url))
	return f
}

func (f *field) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// freeAddress is one of this machine that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// command is the program in the field's folder.
func (f *field) command(args ...string) *exec.Cmd {
	c := exec.Command(*programPath, args...)
	c.Dir = f.dir
	ready := f.sim.Ready()
	c.Env = append(os.Environ(), "APP_KEY="+ready.AppKey, "APP_SECRET="+ready.AppSecret, "CANO="+ready.Account[:8], "ACNT_PRDT_CD="+ready.Account[9:], "STATE_DIRECTORY=", "RUNTIME_DIRECTORY=")
	return c
}

// run runs a command to its end and returns what it printed on stdout.
func (f *field) run(args ...string) string {
	f.t.Helper()
	c := f.command(args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		f.t.Fatalf("maemae %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// daemon starts the program; its log is kept.
func (f *field) daemon(args ...string) *exec.Cmd {
	f.t.Helper()
	c := f.command(append([]string{"run", "--clock", "sim"}, args...)...)
	c.Stderr = &f.out
	if err := c.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Process.Kill() })
	return c
}

// until waits for the market to reach a moment, as long as the program makes progress.
func (f *field) until(at time.Time) {
	f.t.Helper()
	f.wait("the market to reach "+at.String(), func() bool { return !f.sim.Now().Before(at) })
}

// tended is until with somebody who looks after the program, ten times a second: each look is work for it.
func (f *field) tended(at time.Time, look func()) {
	f.t.Helper()
	var looked time.Time
	f.wait("the market to reach "+at.String(), func() bool {
		if time.Since(looked) > 100*time.Millisecond {
			look()
			looked = time.Now()
		}
		return !f.sim.Now().Before(at)
	})
}

// hold waits until the market reaches a moment and keeps it there while a test looks, however slow the machine, until
// release. Without it the program goes on, by days if a test is slow to ask.
func (f *field) hold(at time.Time) (release func()) {
	f.t.Helper()
	w := &wall{at, make(chan struct{})}
	f.wall.Store(w)
	release = sync.OnceFunc(func() { f.wall.Store(nil); close(w.gone) })
	f.t.Cleanup(release)
	f.until(at)
	return release
}

// waitAtWall lets a request that would move the market beyond the wall move it to the wall, and then wait.
func (f *field) waitAtWall(r *http.Request) {
	w := f.wall.Load()
	if w == nil || r.URL.Path != "/sim/advance" {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller hung up
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct{ To time.Time }
	if json.Unmarshal(body, &in) != nil || !in.To.After(w.at) {
		return
	}
	if f.sim.Now().Before(w.at) {
		if err := f.sim.Advance(w.at); err != nil {
			f.t.Errorf("advance to the wall: %v", err)
		}
	}
	select {
	case <-w.gone:
	case <-r.Context().Done():
	}
}

// wait polls; a market that does not move for so long is a hang.
func (f *field) wait(what string, done func() bool) {
	f.t.Helper()
	seen, since := f.sim.Now(), time.Now()
	for !done() {
		if now := f.sim.Now(); !now.Equal(seen) {
			seen, since = now, time.Now()
		}
		if time.Since(since) > f.patience {
			f.t.Fatalf("waiting for %s: the market stands still at %s\n%s", what, seen, tail(f.out.String()))
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// freeze stops a process. SIGSTOP is only asked for when kill returns: the threads go on until each is told.
func (f *field) freeze(c *exec.Cmd) {
	f.t.Helper()
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		f.t.Error(err)
		return
	}
	for until := time.Now().Add(f.patience); !frozen(c.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			f.t.Error("the process does not stop")
			return
		}
	}
}

// frozen tells whether every thread of a process is stopped.
func frozen(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range threads {
		stat, err := os.ReadFile(path)
		if _, state, ok := bytes.Cut(stat, []byte(") ")); err != nil || !ok || state[0] != 'T' {
			return false
		}
	}
	return err == nil && len(threads) > 0
}

func tail(s string) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// stop asks the program to end and expects it to end well.
func (f *field) stop(c *exec.Cmd) {
	f.t.Helper()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		f.t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		f.t.Fatalf("the daemon ended with %v\n%s", err, tail(f.out.String()))
	}
}

func (f *field) journal() *journal.Journal {
	f.t.Helper()
	j, err := journal.Open(filepath.Join(f.dir, "state", "journal.db"), journal.Options{ReadOnly: true})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { j.Close() })
	return j
}

func goldenCross(symbols ...string) string {
	return "version: 1\nstrategies:\n  - name: golden-cross\n    symbols: [\"" + strings.Join(symbols, `", "`) + "\"]\n    when: close - 15m\n    let:\n      fast: sma(close, 5)\n      slow: sma(close, 20)\n    buy: fast crosses above slow\n    sell: fast crosses below slow\n    size: 3% of equity\n"
}

func krxSymbols(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/krx-daily/*.csv")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var out []string
	for _, f := range files {
		out = append(out, strings.TrimSuffix(filepath.Base(f), ".csv"))
	}
	return out
}

// judge holds the journal against the simulator's own log of orders.
func (f *field) judge(start market.Date, symbols int) {
	f.t.Helper()
	j := f.journal()
	if _, err := j.Verify(f.t.Context(), ""); err != nil {
		f.t.Error(err)
	}
	owner, intents := map[string]string{}, map[string]int{}
	slots := map[market.Date]string{}
	decisions := map[string]bool{}
	perDay := map[market.Date]int{}
	for e, err := range j.Entries(f.t.Context(), journal.Query{}) {
		if err != nil {
			f.t.Fatal(err)
		}
		bind := func(intent string, id broker.OrderID) {
			if other, taken := owner[id.Key()]; taken && other != intent {
				f.t.Errorf("order %s belongs to %s and %s", id.Key(), other, intent)
			}
			owner[id.Key()] = intent
		}
		switch b := e.Body.(type) {
		case journal.Intent:
			intents[b.Decision]++
		case journal.Answer:
			if b.Outcome == journal.Accepted {
				bind(b.Intent, b.ID)
			}
		case journal.Bind:
			bind(b.Intent, b.ID)
		case journal.Decision:
			if decisions[b.ID] {
				f.t.Errorf("decision %s twice", b.ID)
			}
			decisions[b.ID] = true
			perDay[market.DateOf(b.Due)]++
		case journal.Slot:
			d := market.DateOf(b.Due)
			if slots[d] != "" {
				f.t.Errorf("slot of %s has two outcomes: %s and %s", d, slots[d], b.Outcome)
			}
			slots[d] = b.Outcome
		}
	}
	bought := 0
	for _, p := range f.sim.OrderLog() {
		if p.Number == "" {
			continue
		}
		bought++
		id := broker.OrderID{Date: market.DateOf(p.At), Number: p.Number}
		if owner[id.Key()] == "" {
			f.t.Errorf("the broker has order %s, which no intent owns", id.Key())
		}
		delete(owner, id.Key())
	}
	for key, intent := range owner {
		f.t.Errorf("%s claims order %s, which the broker does not have", intent, key)
	}
	sessions, err := market.KRX().Sessions(start, market.DateOf(f.sim.Now()))
	if err != nil {
		f.t.Fatal(err)
	}
	ran := 0
	for _, s := range sessions {
		if !f.sim.Now().After(s.Close) {
			continue
		}
		if slots[s.Date] == "" {
			f.t.Errorf("session %s has no slot", s.Date)
		}
		if slots[s.Date] == "ran" {
			ran++
			if perDay[s.Date] != symbols {
				f.t.Errorf("session %s: %d decisions, want %d", s.Date, perDay[s.Date], symbols)
			}
		}
		delete(slots, s.Date)
	}
	for d, outcome := range slots {
		if _, err := market.KRX().Session(d); err != nil {
			f.t.Errorf("%s was no session, yet its slot %s", d, outcome)
		}
	}
	if ran < 3 || bought < 3 {
		f.t.Errorf("%d slots ran and %d orders were placed: too little to judge", ran, bought)
	}
	theirs, err := f.sim.Account()
	if err != nil {
		f.t.Fatal(err)
	}
	for _, bad := range positionsDiffer(j.Book(), theirs) {
		f.t.Error(bad)
	}
	f.t.Logf("%d sessions, %d ran, %d decisions, %d orders, cash %s", len(sessions), ran, len(decisions), bought, theirs.Cash)
}

// A golden cross over real bars decides on every open session and on no closed one; the log and the commands say the
// same.
func TestARunOverRealBarsDecidesOnEverySession(t *testing.T) {
	t.Parallel()
	symbols := krxSymbols(t)
	start := market.Date(20240425) // over Labour Day and Children's Day
	f := newField(t, kissim.Options{Data: "testdata/krx-daily", Start: start.At(8, 0), Cash: decimal.NewFromInt(50_000_000)}, goldenCross(symbols...))
	c := f.daemon()
	f.until(market.Date(20240508).At(16, 0))
	status := f.run("status")
	if !strings.Contains(status, "running, active") || !strings.Contains(status, "golden-cross") {
		t.Errorf("status of a running daemon:\n%s", status)
	}
	f.run("halt", "--reason", "test")
	if got := f.run("status"); !strings.Contains(got, "halted (operator test)") {
		t.Errorf("status after halt:\n%s", got)
	}
	f.run("resume")
	f.write("strategies.yaml", "version: 1\nstrategies: []\n")
	if err := c.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	f.until(f.sim.Now().Add(24 * time.Hour))
	f.stop(c)
	f.judge(start, len(symbols))
	if !strings.Contains(f.out.String(), "reload by SIGHUP refused, the old rules stay") {
		t.Error("a wrong strategy file on SIGHUP was not told")
	}
	if got := f.run("decisions", "--answer", "buy", "--limit", "3"); !strings.Contains(got, "golden-cross") {
		t.Errorf("decisions:\n%s", got)
	}
	if got := f.run("explain", f.filledBuy()); !strings.Contains(got, "sma(close, 5)") || !strings.Contains(got, "broker: accepted") || !strings.Contains(got, "filled") {
		t.Errorf("explain:\n%s", got)
	}
	for _, secret := range []string{f.sim.Ready().AppSecret, f.sim.Ready().AppKey, f.sim.Ready().Account, f.sim.Ready().Account[:8]} {
		if strings.Contains(f.out.String(), secret) {
			t.Error("a secret or account number is in the log")
		}
	}
}

// filledBuy is the decision behind a buy that was filled.
func (f *field) filledBuy() string {
	f.t.Helper()
	var list []OrderLine
	if err := json.Unmarshal([]byte(f.run("orders", "--json")), &list); err != nil {
		f.t.Fatal(err)
	}
	for _, o := range list {
		if o.End == "filled" && o.Intent.Order.Side == broker.Buy {
			return o.Intent.Decision
		}
	}
	f.t.Fatalf("no filled buy among %d orders", len(list))
	return ""
}
