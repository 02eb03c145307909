package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

// meeting lets several daemons, and the test, live on one stepped clock: time moves when all of them wait for it, and only as
// far as the first of them wants.
type meeting struct {
	sim  *kissim.Server
	mu   sync.Mutex
	told *sync.Cond
	here map[int]bool      // who takes part
	to   map[int]time.Time // who waits, until when
}

// theTest is the test's own place in a meeting.
const theTest = -1

func newMeeting(sim *kissim.Server, daemons int) *meeting {
	m := &meeting{sim: sim, here: map[int]bool{theTest: true}, to: map[int]time.Time{}}
	m.told = sync.NewCond(&m.mu)
	for n := range daemons {
		m.here[n] = true
	}
	return m
}

// through answers a member's wait when the market has come to its moment.
func (m *meeting) through(member int, sim http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/sim/advance" {
			sim.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		var in struct{ To time.Time }
		if err != nil || json.Unmarshal(body, &in) != nil {
			http.Error(w, "no moment", http.StatusBadRequest)
			return
		}
		m.wait(r.Context(), member, in.To)
		r.Body = io.NopCloser(bytes.NewReader(body))
		sim.ServeHTTP(w, r) // there already, or as far as it goes
	})
}

func (m *meeting) wait(ctx context.Context, member int, to time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer context.AfterFunc(ctx, m.told.Broadcast)()
	m.to[member] = to
	defer delete(m.to, member)
	m.step()
	for m.sim.Now().Before(to) && ctx.Err() == nil {
		m.told.Wait()
	}
}

// step moves the market if nobody is left who does something; the lock is held.
func (m *meeting) step() {
	var first time.Time
	for member := range m.here {
		to, waits := m.to[member]
		if !waits {
			return
		}
		if first.IsZero() || to.Before(first) {
			first = to
		}
	}
	if first.After(m.sim.Now()) && m.sim.Advance(first) == nil {
		m.told.Broadcast()
	}
}

// leave lets the others go on without a member.
func (m *meeting) leave(member int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.here, member)
	m.step()
}

// Two daemons with state directories of their own trade the same rules on one account, in step. Whoever sees an order that
// it has not sent stops, and stops again after a person has let it go on. No order is bound by the daemon that did not send
// it, and no two that send go on.
func TestTwoDaemonsOnOneAccountDoNotFight(t *testing.T) {
	t.Parallel()
	for name, exclusive := range map[string]bool{"an account of its own, each believes": true, "a shared account": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := market.Date(20240304)
			sim, err := kissim.New(kissim.Options{Seed: 3, Symbols: 6, Start: start.At(8, 0), Clock: kissim.Stepped, Rate: -1, TokenEvery: -1})
			if err != nil {
				t.Fatal(err)
			}
			m := newMeeting(sim, 2)
			var one sync.Mutex // an order and the number it got belong together
			lines := make([]*line, 2)
			for n := range lines {
				l := &line{}
				fieldOn(t, sim, churnRules(6), func(f *field, sim http.Handler) http.Handler {
					seen, moved := l.through(f, sim), m.through(n, sim)
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if strings.HasPrefix(r.URL.Path, "/sim/") {
							moved.ServeHTTP(w, r)
							return
						}
						if strings.HasSuffix(r.URL.Path, "/order-cash") {
							one.Lock()
							defer one.Unlock()
						}
						seen.ServeHTTP(w, r)
					})
				})
				l.churn("state")
				config, err := os.ReadFile(filepath.Join(l.dir, "config.yaml"))
				if err != nil {
					t.Fatal(err)
				}
				l.write("config.yaml", fmt.Sprintf("%sexclusive: %t\n", config, exclusive))
				lines[n] = l
			}
			var stops []func()
			for n, l := range lines {
				c := l.daemon()
				stops = append(stops, func() { m.leave(n); l.stop(c) })
			}
			reach := func(at time.Time) {
				ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
				defer stop()
				if m.wait(ctx, theTest, at); m.sim.Now().Before(at) {
					t.Fatalf("the market stands still at %s\n%s\n%s", m.sim.Now(), tail(lines[0].out.String()), tail(lines[1].out.String()))
				}
			}
			reach(start.At(9, 33))
			resumed := 0
			for _, l := range lines {
				var s Status
				if l.asks(http.MethodGet, "/status", nil, &s) == nil && s.Mode == journal.ModeHalted {
					resumed++
					if err := l.asks(http.MethodPost, "/resume", nil, nil); err != nil {
						t.Log(err)
					}
				}
			}
			if resumed == 0 {
				t.Error("nobody has halted")
			}
			reach(start.At(10, 3))
			for _, stop := range stops {
				stop()
			}
			running, sent := 0, 0
			for n, l := range lines {
				s := l.journal().Book().State()
				t.Logf("daemon %d: %d orders, %s %s %s", n+1, len(l.orders()), s.Mode, s.Reason, s.Detail)
				l.judgeOrders()
				sent += len(l.orders())
				switch {
				case s.Mode == journal.ModeActive:
					running++
				case s.Mode != journal.ModeHalted || s.Reason != "foreign_order":
					t.Errorf("daemon %d is %s for %s %s", n+1, s.Mode, s.Reason, s.Detail)
				}
			}
			if running == len(lines) || sent == 0 {
				t.Errorf("%d daemons go on, %d orders", running, sent)
			}
		})
	}
}
