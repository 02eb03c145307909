package main

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
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
	near, restarts := 0, 0
	took := map[bool][]time.Duration{} // by command, or by the socket alone
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
		took[n%4 == 0] = append(took[n%4 == 0], acknowledged.Sub(began))
		if rng.IntN(5) == 0 {
			l.kill9(c)
			c = l.daemon()
			restarts++
		}
		l.running(journal.ModeKilled)
		moment := l.sim.Now()
		l.until(moment.Add(11 * time.Minute)) // two slots, and every exit that waits is asked again each minute
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
	t.Logf("%d kills, seed %d, %d restarts, %d orders, %d of them in the 20 ms before an acknowledgement", acts, seed, restarts, l.judgeOrders(), near)
	for byCommand, all := range took {
		slices.Sort(all)
		at := func(percent int) time.Duration { return all[(len(all)-1)*percent/100].Round(100 * time.Microsecond) }
		t.Logf("%d acknowledged (by the command: %t): half within %s, 99%% within %s, all within %s", len(all), byCommand, at(50), at(99), at(100))
	}
}

var cancelQuota = flag.Int("quota", 0, "calls a second while fifty open orders are cancelled: 18 is a real account's, 1 a virtual one's; 0 is no quota")

// Fifty open orders are cancelled by one command. How long that takes is told; what is demanded is that nothing but the quota
// takes long: one call an order, and the list before and after.
//
//	go test ./cmd/maemae -run TestFiftyOpenOrders -quota 18 -v
func TestFiftyOpenOrdersAreCancelledInAsManyCalls(t *testing.T) {
	t.Parallel()
	const orders, symbols = 50, 58 // the price of some is too low for six ticks, and fifty positions are the limit
	start := market.Date(20260105)
	all := strings.Split(madeUpSymbols(symbols), ", ")
	rules := "version: 1\nstrategies:\n"
	for n, when := range []string{"open + 30m", "open + 32m"} { // no more than thirty orders a minute
		rules += fmt.Sprintf("  - {name: rest-%d, symbols: [%s], when: %s, buy: close > 0, sell: close < 0, size: 1 share, order: limit - 6 ticks}\n", n, strings.Join(all[n*symbols/2:(n+1)*symbols/2], ", "), when)
	}
	var calls atomic.Int64
	f := newFieldThrough(t, kissim.Options{Seed: 5, Symbols: symbols, Start: start.At(8, 0)}, rules, func(_ *field, sim http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/sim/") {
				calls.Add(1)
			}
			sim.ServeHTTP(w, r)
		})
	})
	config, err := os.ReadFile(filepath.Join(f.dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c := f.daemon()
	f.hold(start.At(9, 32).Add(30 * time.Second))
	if n := f.working(); n != orders {
		t.Fatalf("%d orders rest at the broker, want %d\n%s", n, orders, tail(f.out.String()))
	}
	if *cancelQuota > 0 {
		f.stop(c)
		f.write("config.yaml", strings.Replace(string(config), "rate: 1000", fmt.Sprint("rate: ", *cancelQuota), 1))
		f.daemon()
		f.running(journal.ModeActive)
	}
	before, began := calls.Load(), time.Now()
	if out := f.run("kill", "--cancel"); !strings.Contains(out, "no order is open") {
		t.Errorf("kill: %s", out)
	}
	took, used := time.Since(began), calls.Load()-before
	if n := f.working(); n != 0 {
		t.Errorf("%d orders still rest at the broker", n)
	}
	lists := int64((orders+14)/15 + (2*orders+14)/15) // fifteen rows a page, and a cancellation is a row
	if used > orders+lists {
		t.Errorf("%d calls, want %d and %d pages of lists", used, orders, lists)
	}
	t.Logf("%d orders cancelled with %d calls in %s", orders, used, took.Round(time.Millisecond))
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
