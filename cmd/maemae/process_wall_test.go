package main

import (
	"flag"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"maemae/broker"
	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

var onTheWall = flag.Bool("wall", false, "run what takes minutes of the wall's clock")

// newWall is a market on the wall's clock, in a session that the calendar is told of, and a daemon's folder.
func newWall(t *testing.T, env string, through func(*field, http.Handler) http.Handler) *field {
	t.Helper()
	now := time.Now().In(market.KST)
	today := market.DateOf(now)
	if now.Before(today.At(0, 5)) || now.After(today.At(23, 35)) {
		t.Skip("skipped: the date changes in Korea while it would run")
	}
	cal, err := market.KRX().With([]market.Override{{Date: today, Open: "00:01", Close: "23:59", Source: "this test"}})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := kissim.New(kissim.Options{Seed: 3, Symbols: 3, Start: now, Calendar: cal, Rate: -1, TokenEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	f := fieldOn(t, sim, strings.ReplaceAll(churnRules(3), "every 5m", "every 1m"), through)
	f.patience = 5 * time.Minute
	f.write("config.yaml", fmt.Sprintf("version: 1\nenv: %s\nstate: %s\nkis: {base_url: %q, rate: 1000}\nlimits: {duplicate: 1s}\ncalendar:\n  - {date: %s, open: \"00:01\", close: \"23:59\"}\n",
		env, filepath.Join(f.dir, "state"), f.url, today))
	return f
}

// onTheClock starts the program as a person does.
func (f *field) onTheClock() *exec.Cmd {
	f.t.Helper()
	c := f.command("run")
	c.Stderr = &f.out
	if err := c.Start(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = c.Process.Kill() })
	return c
}

// On a clock that moves between any two looks the program buys and sells.
//
//	go test ./cmd/maemae -run TestTheProgramTradesOnTheWalls -wall -v
func TestTheProgramTradesOnTheWallsClock(t *testing.T) {
	if !*onTheWall {
		t.Skip("skipped: -wall runs it, for three minutes")
	}
	for _, env := range []string{"virtual", "paper"} {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			f := newWall(t, env, func(_ *field, sim http.Handler) http.Handler { return sim })
			c := f.onTheClock()
			f.within("the control socket", func() bool { return f.asks(http.MethodGet, "/status", nil, &Status{}) == nil })
			j := f.journal()
			traded := func(side broker.Side) func() bool {
				return func() bool {
					for e, err := range j.Entries(t.Context(), journal.Query{Kinds: []string{journal.Fill{}.Kind()}}) {
						if fill, ok := e.Body.(journal.Fill); ok && err == nil && fill.Side == side {
							return true
						}
					}
					return false
				}
			}
			f.within("a buy", traded(broker.Buy))
			f.within("a sale", traded(broker.Sell))
			f.stop(c)
		})
	}
}

// The program is stopped in the midst of an order for longer than what it has read may be old. It wakes, and nothing goes out
// on those reads: an order that arrives was sent on a list and a quote of its last thirty seconds.
//
//	go test ./cmd/maemae -run TestAProcessStoppedByTheWalls -wall -v
func TestAProcessStoppedByTheWallsClockSendsNothingOnOldReads(t *testing.T) {
	if !*onTheWall {
		t.Skip("skipped: -wall runs it, for three minutes")
	}
	for path, d := range map[string]time.Duration{
		"/inquire-psbl-order": 65 * time.Second, // buying power has been read
		"/inquire-daily-ccld": 35 * time.Second, // the list
		"/inquire-price":      35 * time.Second, // the quote
		"/hashkey":            35 * time.Second, // everything, and the intent is written
	} {
		t.Run(strings.TrimPrefix(path, "/"), func(t *testing.T) {
			t.Parallel()
			l := &line{}
			var stopNow atomic.Pointer[func()]
			newWall(t, "virtual", func(f *field, sim http.Handler) http.Handler {
				orders := l.through(f, sim)
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					orders.ServeHTTP(w, r)
					if stop := stopNow.Load(); stop != nil && strings.HasSuffix(r.URL.Path, path) && stopNow.CompareAndSwap(stop, nil) {
						(*stop)()
					}
				})
			})
			c := l.onTheClock()
			l.within("an order", func() bool { return len(l.orders()) > 0 })
			stopped := make(chan struct{})
			stop := func() {
				l.freeze(c)
				close(stopped)
			}
			stopNow.Store(&stop)
			select {
			case <-stopped:
			case <-time.After(l.patience):
				t.Fatalf("%s was not asked for\n%s", path, tail(l.out.String()))
			}
			posted := len(l.orders())
			time.Sleep(d)
			if n := len(l.orders()); n != posted {
				t.Fatalf("%d orders from a stopped process", n-posted)
			}
			woke := time.Now()
			if err := c.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			l.within("an order after the sleep", func() bool { return len(l.orders()) > posted })
			l.stop(c)
			l.judgeAges(posted, woke)
			l.judgeOrders()
		})
	}
}

// judgeAges holds every order that arrived against the reads it was sent on.
func (l *line) judgeAges(posted int, woke time.Time) {
	l.t.Helper()
	read := map[string]journal.Intent{}
	for e, err := range l.journal().Entries(l.t.Context(), journal.Query{Kinds: []string{journal.Intent{}.Kind()}}) {
		if err != nil {
			l.t.Fatal(err)
		}
		i := e.Body.(journal.Intent)
		read[i.ID] = i
	}
	for n, s := range l.orders() {
		i, known := read[s.intent]
		if !known {
			l.t.Errorf("order %d has no intent", n+1)
		}
		list, quote := s.first.Sub(i.Baseline.At), s.first.Sub(i.Quote.At)
		if list > 30*time.Second || quote > 30*time.Second {
			l.t.Errorf("%s left %s after its list and %s after its quote", s.intent, list, quote)
		}
		if n == posted {
			l.t.Logf("the first order after the sleep left %s after waking, %s after its list, %s after its quote", s.first.Sub(woke), list, quote)
		}
	}
}
