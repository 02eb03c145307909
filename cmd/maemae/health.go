package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"
	"sync"
	"time"

	"maemae/broker/kis"
	"maemae/journal"
)

// stepEvery is how often the waiting loop shows that it moves, when systemd does not ask for it more often.
const stepEvery = 10 * time.Second

// health is what the daemon shows of its progress. It counts in real time, also on a simulated clock.
type health struct {
	now     func() time.Time
	stalled time.Duration

	mu      sync.Mutex
	moved   time.Time // the loop waited, or KIS answered
	failing time.Time // since when KIS has not answered at all; zero when it does
	silent  time.Time // since when the heartbeat has not been taken; zero when it is
}

func newHealth(stalled time.Duration, now func() time.Time) *health {
	return &health{now: now, stalled: stalled, moved: now()}
}

func (h *health) alive() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.moved = h.now()
}

// called hears of every call to KIS. A refusal is an answer; no status means that nobody answered.
func (h *health) called(c kis.Call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	since(&h.failing, c.Status == 0 && c.Kind != "", h.now())
}

func (h *health) beat(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	since(&h.silent, err != nil, h.now())
}

// since keeps the moment a condition began.
func since(at *time.Time, holds bool, now time.Time) {
	switch {
	case !holds:
		*at = time.Time{}
	case at.IsZero():
		*at = now
	}
}

// trouble is one reason why the daemon does not do its work.
type trouble struct {
	name  string
	since time.Time
	en    string
	ko    string
}

// troubles are those that have lasted long enough.
func (h *health) troubles() []trouble {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []trouble
	for _, t := range []trouble{
		{"loop", h.moved, "the trading loop stands still", "매매 루프가 멈춰 있습니다"},
		{"kis", h.failing, "KIS does not answer", "한국투자증권 서버가 응답하지 않습니다"},
		{"heartbeat", h.silent, "the heartbeat cannot be delivered", "하트비트를 보낼 수 없습니다"},
	} {
		if !t.since.IsZero() && h.now().Sub(t.since) >= h.stalled {
			out = append(out, t)
		}
	}
	return out
}

// handler is /healthz, which means that the loop moves and KIS answers, and /readyz, which means besides that orders
// may be placed.
func (h *health) handler(mux *http.ServeMux, state func() journal.State) {
	report := func(w http.ResponseWriter, bad []string) {
		if len(bad) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		} else {
			bad = []string{"ok"}
		}
		fmt.Fprintln(w, strings.Join(bad, "\n"))
	}
	healthy := func() (bad []string) {
		for _, t := range h.troubles() {
			bad = append(bad, fmt.Sprintf("%s since %s", t.en, t.since.UTC().Format(time.RFC3339)))
		}
		return bad
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { report(w, healthy()) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		bad := healthy()
		if s := state(); s.Mode != journal.ModeActive && s.Mode != journal.ModeReduceOnly {
			bad = append(bad, strings.TrimSpace(string(s.Mode)+" "+s.Reason))
		}
		report(w, bad)
	})
}

// debugRoutes shows the running program to whoever may open the control socket.
func debugRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

// guard looks at the health until the context ends: it raises each trouble once when it begins and once when it ends,
// and lets the heartbeat go out only while there is none at all. beat is nil without a heartbeat.
func (h *health) guard(ctx context.Context, every time.Duration, raise func(t trouble, over bool), beat func(context.Context) error) {
	tick := time.NewTicker(min(h.stalled/4, 5*time.Second))
	defer tick.Stop()
	raised := map[string]trouble{}
	var beaten time.Time
	for {
		now := map[string]bool{}
		well := true
		for _, t := range h.troubles() {
			now[t.name] = true
			if _, known := raised[t.name]; !known {
				raised[t.name] = t
				raise(t, false)
			}
			well = well && t.name == "heartbeat" // its own failure must not end it
		}
		for name, t := range raised {
			if !now[name] {
				delete(raised, name)
				raise(t, true)
			}
		}
		if beat != nil && well && h.reached() && h.now().Sub(beaten) >= every {
			beaten = h.now()
			h.beat(beat(ctx))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *health) age() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now().Sub(h.moved)
}

// reached tells whether the last call to KIS was answered: someone who is cut off has no heartbeat.
func (h *health) reached() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failing.IsZero()
}
