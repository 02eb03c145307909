package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"maemae/broker/kis/kissim"
	"maemae/market"
)

// watchedField is a field whose daemon tells a file and a heartbeat's receiver how it is, and reaches the market over a line
// that can be cut, or silenced on some paths.
type watchedField struct {
	*field
	messages string
	metrics  string
	beats    atomic.Int64
	cut      atomic.Bool
	hang     atomic.Value // string: part of a path that is never answered; empty for none
}

func newWatchedField(t *testing.T, stalled string) *watchedField {
	t.Helper()
	t.Parallel() // they wait more than they work
	f := &watchedField{field: newField(t, kissim.Options{Seed: 7, Symbols: 1, Start: market.Date(20260105).At(8, 0)}, goldenCross("005930"))}
	f.hang.Store("")
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	sim := f.sim.Handler()
	line := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if part := f.hang.Load().(string); part != "" && strings.Contains(r.URL.Path, part) {
			select {
			case <-over:
			case <-r.Context().Done():
			}
			return
		}
		if r.URL.Path == "/sim/advance" {
			time.Sleep(5 * time.Millisecond) // they wait for wall seconds: a market that runs as fast as it can only costs
		}
		if f.cut.Load() && !strings.HasPrefix(r.URL.Path, "/sim/") {
			panic(http.ErrAbortHandler)
		}
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(line.CloseClientConnections)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { f.beats.Add(1) }))
	t.Cleanup(receiver.Close)
	at := freeAddress(t)
	f.metrics = "http://" + at
	f.messages = filepath.Join(f.dir, "messages")
	f.write("heartbeat-url", receiver.URL+"/ping")
	f.write("config.yaml", fmt.Sprintf(`version: 1
env: virtual
state: %s/state
kis: {base_url: %q, rate: 1000}
notify:
  channels: [{name: file, kind: exec, level: info, command: ["/bin/sh", "-c", "cat >> %s"]}]
  allow_private: ["127.0.0.1/32"]
  stalled: %s
  heartbeat_file: heartbeat-url
  heartbeat_every: 1s
metrics:
  listen: %q
`, f.dir, line.URL, f.messages, stalled, at))
	return f
}

// told waits for a message with these words: within two minutes, the promise.
func (f *watchedField) told(words string) {
	f.t.Helper()
	f.within("the message "+words, func() bool {
		text, err := os.ReadFile(f.messages)
		return err == nil && strings.Contains(string(text), words)
	})
}

func (f *watchedField) within(what string, done func() bool) {
	f.t.Helper()
	for began := time.Now(); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 2*time.Minute {
			f.t.Fatalf("waiting for %s for two minutes\n%s", what, tail(f.out.String()))
		}
	}
}

// quiet waits until the heartbeat has missed three of its times.
func (f *watchedField) quiet() {
	f.t.Helper()
	last, since := f.beats.Load(), time.Now()
	f.within("the heartbeat to stop", func() bool {
		if n := f.beats.Load(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 3*time.Second
	})
}

func (f *watchedField) get(path string) (status int, body string) {
	f.t.Helper()
	res, err := http.Get(f.metrics + path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (f *watchedField) begin() *exec.Cmd {
	f.t.Helper()
	c := f.daemon()
	f.within("three heartbeats", func() bool { return f.beats.Load() >= 3 })
	return c
}

func (f *watchedField) kill(c *exec.Cmd) {
	f.t.Helper()
	if err := c.Process.Kill(); err != nil {
		f.t.Fatal(err)
	}
	_ = c.Wait() // it was killed
}

// A loop that waits for a clock which no longer moves.
func TestAStoppedClockIsAnAlarmWithinTwoMinutes(t *testing.T) {
	f := newWatchedField(t, "2s")
	c := f.begin()
	defer f.kill(c)
	f.hang.Store("/sim/advance")
	f.told("the trading loop stands still")
	f.quiet()
	if status, body := f.get("/healthz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "stands still") {
		t.Errorf("/healthz: %d %s", status, body)
	}
}

// A job that waits for an answer which never comes.
func TestAHungJobIsAnAlarmWithinTwoMinutes(t *testing.T) {
	f := newWatchedField(t, "2s")
	c := f.begin()
	defer f.kill(c)
	f.hang.Store("/uapi/")
	f.told("the trading loop stands still")
	f.quiet()
}

func TestACutNetworkIsAnAlarmWithinTwoMinutesAndItsEndIsTold(t *testing.T) {
	f := newWatchedField(t, "2s")
	c := f.begin()
	f.cut.Store(true)
	f.told("KIS does not answer")
	f.quiet()
	f.cut.Store(false)
	f.told("over: KIS does not answer")
	before := f.beats.Load()
	f.within("the heartbeat to come back", func() bool { return f.beats.Load() > before })
	f.stop(c)
}

// Nobody can send a message for a process that is dead: the receiver of its heartbeat notices, and the next start tells.
func TestAKilledProcessIsAnAlarmWithinTwoMinutes(t *testing.T) {
	f := newWatchedField(t, "2s")
	f.kill(f.begin())
	f.quiet()
	if err := os.Remove(f.messages); err != nil {
		t.Fatal(err)
	}
	c := f.begin()
	f.told("daemon started")
	f.stop(c)
}

func TestMetricsAndHealthSayWhatTheDaemonDoes(t *testing.T) {
	f := newWatchedField(t, "1m")
	c := f.begin()
	f.until(market.Date(20260105).At(16, 0))
	if status, body := f.get("/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d %s", status, body)
	}
	if status, body := f.get("/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, body)
	}
	_, page := f.get("/metrics")
	for _, name := range []string{
		`maemae_slots_total{outcome="ran"} `, `maemae_slots_total{outcome="missed"} 0`, `maemae_decisions_total{answer=`, `maemae_kis_calls_total{outcome="ok",tr=`,
		"maemae_kis_limiter_wait_seconds_count", "maemae_kis_call_duration_seconds_bucket", "maemae_slot_duration_seconds_count", "maemae_token_age_seconds",
		`maemae_orders_working{phase="unknown"} 0`, "maemae_unknown_age_seconds 0", "maemae_equity_won ", "maemae_journal_size_bytes ", "maemae_clock_offset_seconds ",
		`maemae_limit_used_ratio{limit="orders_per_day"}`, `maemae_mode{mode="active"} 1`, "maemae_loop_age_seconds", "go_goroutines",
	} {
		if !strings.Contains(page, "\n"+name) {
			t.Errorf("/metrics has no %s", name)
		}
	}
	for _, secret := range []string{f.sim.Ready().AppSecret, f.sim.Ready().AppKey, f.sim.Ready().Account[:8]} {
		if strings.Contains(page, secret) {
			t.Error("a secret or account number is among the metrics")
		}
	}
	f.run("halt", "--reason", "test")
	if status, body := f.get("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "halted") {
		t.Errorf("/readyz of a halted daemon: %d %s", status, body)
	}
	f.told("halted: nothing is sent until a person resumes")
	if res, err := http.Get(f.metrics + "/debug/pprof/"); err != nil || res.StatusCode != http.StatusNotFound {
		t.Errorf("pprof is on the network: %v %v", res, err)
	}
	var profile bytes.Buffer
	curl := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", filepath.Join(f.dir, "state", socketName))
	}}}
	res, err := curl.Get("http://maemae/debug/pprof/goroutine?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := profile.ReadFrom(res.Body); err != nil || !strings.Contains(profile.String(), "goroutine profile") {
		t.Errorf("pprof behind the control socket: %v %.100s", err, profile.String())
	}
	f.stop(c)
}

// The gauges and alerts that deploy/ ships ask for metrics that exist.
func TestTheShippedDashboardAndAlertsAskForMetricsThatExist(t *testing.T) {
	text := bytes.Buffer{}
	for _, name := range []string{"../../deploy/alerts.yml", "../../deploy/grafana.json", "../../docs/ALERTS.md"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".json") && !json.Valid(data) {
			t.Errorf("%s is no JSON", name)
		}
		text.Write(data)
	}
	known := map[string]bool{}
	for _, name := range metricNames() {
		known[name] = true
	}
	asked := map[string]bool{}
	for _, name := range metricWord.FindAllString(text.String(), -1) {
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if base := strings.TrimSuffix(name, suffix); known[base] {
				name = base
			}
		}
		if asked[name] = true; !known[name] {
			t.Errorf("deploy/ or docs/ALERTS.md asks for %s, which does not exist", name)
		}
	}
	if len(asked) < 10 {
		t.Errorf("only %d metrics are asked for", len(asked))
	}
}

func TestNotifyTestTellsWhichChannelTookIt(t *testing.T) {
	f := newWatchedField(t, "1m")
	if out := f.run("notify", "test"); !strings.Contains(out, "file  taken") {
		t.Errorf("notify test: %s", out)
	}
	f.told("시험 메시지")
	f.run("notify", "send", "--level", "warning", "the unit has failed")
	f.told("the unit has failed")
	f.write("config.yaml", "version: 1\nnotify:\n  channels: [{name: gone, kind: exec, command: [/bin/false]}]\n")
	if out, err := f.command("notify", "test").CombinedOutput(); err == nil || !strings.Contains(string(out), "not told: gone") {
		t.Errorf("a channel that fails: %v\n%s", err, out)
	}
	f.write("config.yaml", "version: 1\nnotify:\n  channels: [{name: x, kind: pigeon}]\nmetrics:\n  listen: 0.0.0.0:9464\n")
	out, err := f.command("notify", "test").CombinedOutput()
	if exit, ok := err.(*exec.ExitError); !ok || exit.Sys().(syscall.WaitStatus).ExitStatus() != exitUsage {
		t.Errorf("a wrong configuration ended with %v", err)
	}
	if !strings.Contains(string(out), `kind "pigeon"`) || !strings.Contains(string(out), "a loopback address") {
		t.Errorf("a wrong configuration:\n%s", out)
	}
}

var metricWord = regexp.MustCompile(`\bmaemae_[a-z_]+`)

// metricNames are the names of all metrics, by the registry's own account.
func metricNames() (out []string) {
	ch := make(chan *prometheus.Desc)
	m := newMetrics()
	go func() {
		defer close(ch)
		for _, c := range []prometheus.Collector{m.slots, m.slotTime, m.decisions, m.refusals, m.orders, m.fills, m.calls, m.callTime, m.callWait, observed{}} {
			c.Describe(ch)
		}
	}()
	for d := range ch {
		out = append(out, metricWord.FindString(d.String()))
	}
	return out
}
