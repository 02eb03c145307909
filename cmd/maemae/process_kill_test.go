package main

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"maemae/journal"
	"maemae/market"
)

var actCount = flag.Int("acts", 12, "how often a person kills a trading day at random instants")

// A person kills a busy trading day at random instants: no order's first byte leaves after the acknowledgement, and the kill
// outlives the process. A quarter of the acts are the command, the others the control socket,
// whose answer comes within milliseconds.
//
//	go test ./cmd/maemae -run TestNoOrderStartsAfterAKill -acts 200 -timeout 30m -v
func TestNoOrderStartsAfterAKillIsAcknowledged(t *testing.T) {
	t.Parallel()
	seed, acts := *killSeed, *actCount
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if testing.Short() {
		acts = min(acts, 4)
	}
	rng := rand.New(rand.NewPCG(seed, 12))
	l := newLine(t, seed, 12, market.Date(20240304))
	c := l.daemon()
	near, restarts, slowest := 0, 0, time.Duration(0)
	for n := range acts {
		l.awake()
		if rng.IntN(4) > 0 { // right before an order
			for began, soon := time.Now(), false; !soon; {
				select {
				case <-l.soon:
					soon = true
				case <-time.After(100 * time.Millisecond):
					if l.nurse(); time.Since(began) > l.patience {
						t.Fatalf("no order for %s\n%s", l.patience, tail(l.out.String()))
					}
				}
			}
			time.Sleep(time.Duration(rng.IntN(4_000)) * time.Microsecond)
		} else {
			time.Sleep(time.Duration(rng.IntN(60_000)) * time.Microsecond)
		}
		began := time.Now()
		acknowledged := l.acknowledged(n%4 == 0)
		slowest = max(slowest, acknowledged.Sub(began))
		if rng.IntN(5) == 0 {
			l.kill9(c)
			c = l.daemon()
			restarts++
		}
		l.within("the daemon to say that it is killed", func() bool {
			var s Status
			return l.asks(http.MethodGet, "/status", nil, &s) == nil && s.Mode == journal.ModeKilled
		})
		moment := l.sim.Now()
		l.wait("the next slot", func() bool { return l.sim.Now().Sub(moment) >= 30*time.Minute })
		for _, s := range l.orders() {
			switch late := s.first.Sub(acknowledged); {
			case late > 0:
				t.Errorf("act %d: the first byte of %s left %s after the acknowledgement", n, s.intent, late)
			case late > -20*time.Millisecond:
				near++
			}
		}
		if err := l.asks(http.MethodPost, "/arm", map[string]string{"Phrase": armPhrase("virtual")}, nil); err != nil {
			t.Log(err) // armed, and a halt of before stands: the nurse looks at it
		}
	}
	l.stop(c)
	l.settled()
	t.Logf("%d kills, seed %d, %d restarts, %d orders, %d of them in the 20 ms before an acknowledgement; the slowest took %s", acts, seed, restarts, l.judgeOrders(), near, slowest)
}

// acknowledged kills, and returns when the word came that it is done.
func (l *line) acknowledged(byCommand bool) time.Time {
	l.t.Helper()
	if !byCommand {
		if err := l.asks(http.MethodPost, "/kill", map[string]string{"Reason": "test"}, nil); err != nil {
			l.t.Fatal(err)
		}
		return time.Now()
	}
	c := l.command("kill", "--reason", "test")
	var failure bytes.Buffer
	c.Stderr = &failure
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		l.t.Fatal(err)
	}
	word := make([]byte, 64)
	n, _ := out.Read(word)
	at := time.Now()
	if err := c.Wait(); err != nil || n == 0 {
		l.t.Fatalf("kill: %v %s", err, failure.String())
	}
	return at
}

// within polls until it is done, as long as patience lasts.
func (f *field) within(what string, done func() bool) {
	f.t.Helper()
	for began := time.Now(); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > f.patience {
			f.t.Fatalf("waiting for %s\n%s", what, tail(f.out.String()))
		}
	}
}
