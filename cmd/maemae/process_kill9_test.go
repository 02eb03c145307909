package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
	"maemae/scheduler"
)

var (
	killCount = flag.Int("kills", 12, "how often the program is killed at random instants")
	killSeed  = flag.Uint64("killseed", 0, "seed of these instants; 0 takes one from the time")
)

// A list on the virtual host has fifteen rows a page, so a day of many orders is slow to read: few entries a day make many
// days.

// churning buys what it does not hold and sells what it holds, so that orders never end; a second rule leaves limit orders
// at the broker.
const churning = `version: 1
strategies:
  - name: churn
    symbols: [%s]
    when: every 5m
    buy: close > 0
    sell: position.shares > 0
    size: 1 share
    reentry: same_session
  - name: rest
    symbols: ["005930", "000660"]
    when: every 30m
    buy: close > 0
    sell: position.shares > 0
    size: 1 share
    order: limit - 3 ticks
    reentry: same_session
`

// churnRules has the rule trade so many issues of the synthetic market.
func churnRules(n int) string { return fmt.Sprintf(churning, madeUpSymbols(n)) }

// madeUpSymbols are so many issues of the synthetic market, as a rule lists them.
func madeUpSymbols(n int) string {
	var symbols []string
	for i := range n {
		symbols = append(symbols, fmt.Sprintf("%q", fmt.Sprintf("%06d", 100_010+i*430)))
	}
	return strings.Join(symbols, ", ")
}

// newLine is a busy account on a synthetic market.
func newLine(t *testing.T, seed uint64, symbols int, start market.Date) *line {
	t.Helper()
	l := &line{}
	newFieldThrough(t, kissim.Options{Seed: seed, Symbols: symbols, Start: start.At(8, 0)}, churnRules(symbols), l.through)
	l.patience = 5 * time.Minute // the rest of a day without an entry is long on a busy machine
	l.write("config.yaml", fmt.Sprintf("version: 1\nenv: virtual\nstate: %s\nexits_every: 30m\nkis: {base_url: %q, rate: 1000}\nlimits: {duplicate: 1s, orders_per_day: 100}\n", filepath.Join(l.dir, "state"), l.url))
	return l
}

// asks one thing of the running daemon.
func (f *field) asks(method, route string, in, out any) error {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	return ask(ctx, filepath.Join(f.dir, "state", socketName), method, route, in, out)
}

// awake waits until the daemon trades.
func (f *field) awake() {
	f.t.Helper()
	began := time.Now()
	for f.nurse() != journal.ModeActive {
		if time.Since(began) > f.patience {
			f.t.Fatalf("the daemon does not trade\n%s\n%s", f.modes(), tail(f.out.String()))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// nurse asks the daemon how it is, and does what a person would: daemons that died twice while they sent have halted, and
// somebody who has looked lets them go on. Nothing else may halt.
func (f *field) nurse() journal.Mode {
	f.t.Helper()
	var s Status
	if f.asks(http.MethodGet, "/status", nil, &s) != nil {
		return "" // not there yet
	}
	switch {
	case s.Mode == journal.ModeHalted && s.Reason == "unknown_outcomes":
		_ = f.asks(http.MethodPost, "/resume", nil, nil) // the next look tells
	case s.Mode == journal.ModeHalted || s.Mode == journal.ModeKilled:
		f.t.Fatalf("the daemon is %s: %s %s\n%s", s.Mode, s.Reason, s.Detail, f.modes())
	}
	return s.Mode
}

// modes are the last changes of mode in the log.
func (f *field) modes() string {
	var out []string
	for line := range strings.Lines(f.out.String()) {
		if strings.Contains(line, `"daemon: `) {
			out = append(out, line)
		}
	}
	return strings.Join(out[max(0, len(out)-5):], "")
}

// The real program, killed at random instants, half of them in the midst of an order: every order at the broker belongs to
// the one intent that caused it, every slot has one outcome, and the journal stays whole. Several accounts are traded at
// the same time.
//
//	go test ./cmd/maemae -run TestSIGKILLAtAnyInstant -kills 1000 -timeout 60m -v
func TestSIGKILLAtAnyInstantDuplicatesNoOrderAndLosesNone(t *testing.T) {
	t.Parallel()
	seed, kills := *killSeed, *killCount
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if testing.Short() {
		kills = min(kills, 4)
	}
	lanes := min(3, max(1, kills/10))
	var lock sync.Mutex
	died, orders := map[string]int{}, 0
	t.Cleanup(func() {
		t.Logf("%d kills, seed %d, %d accounts, %d orders executed; where they died: %v", kills, seed, lanes, orders, died)
	})
	for n := range lanes {
		t.Run(fmt.Sprint("account ", n+1), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, uint64(n)))
			start := market.Date(20240304)
			l := newLine(t, seed+uint64(n), 12, start)
			where := map[string]int{}
			for k := range kills {
				if k%lanes == n {
					where[l.dies(rng)]++
				}
			}
			l.settled()
			executed := l.judgeOrders()
			l.judgeSlots(start)
			if out := l.run("verify"); !strings.HasPrefix(out, "journal is whole") {
				t.Errorf("verify: %s", out)
			}
			lock.Lock()
			defer lock.Unlock()
			orders += executed
			for w, n := range where {
				died[w] += n
			}
			if each := kills / lanes; each >= 30 && executed < each/3 { // of a few, each may come before an order was executed
				t.Errorf("only %d orders were executed", executed)
			}
		})
	}
}

// dies starts the daemon, kills it at an instant that the dice choose, and says where that was.
func (l *line) dies(rng *rand.Rand) (where string) {
	l.t.Helper()
	c := l.daemon()
	inOrder, awake, after, at := rng.IntN(2) == 0, rng.IntN(2) == 0, rng.IntN(4), stage(rng.IntN(int(stages)))
	within, instant := time.Duration(rng.IntN(3000))*time.Microsecond, time.Duration(rng.IntN(300))*time.Millisecond
	if inOrder || awake {
		l.awake()
	}
	if !inOrder {
		time.Sleep(instant)
		l.kill9(c)
		if awake {
			return "trading"
		}
		return "starting"
	}
	var once atomic.Bool
	t := &trap{after: after, stage: at, within: within, struck: make(chan struct{}), kill: func() {
		if once.CompareAndSwap(false, true) {
			_ = c.Process.Kill() // Wait tells if it did not work
		}
	}}
	l.set(t)
	for began := time.Now(); where == ""; {
		select {
		case <-t.struck:
			where = "order " + at.String()
		case <-time.After(100 * time.Millisecond):
			if l.nurse(); time.Since(began) > l.patience {
				l.t.Fatalf("no order for %s\n%s\n%s", l.patience, l.modes(), tail(l.out.String()))
			}
		}
	}
	t.kill()
	_ = c.Wait() // it was killed
	return where
}

// settled lets the daemon live past the next close with rules that buy nothing more: what has not shown by then never will.
func (l *line) settled() {
	l.t.Helper()
	rules, err := os.ReadFile(filepath.Join(l.dir, "strategies.yaml"))
	if err != nil {
		l.t.Fatal(err)
	}
	l.write("strategies.yaml", strings.ReplaceAll(string(rules), "buy: close > 0", "buy: close < 0"))
	c := l.daemon()
	l.awake()
	now := l.sim.Now()
	s, err := market.KRX().Session(market.DateOf(now))
	if err != nil || now.After(s.Close) {
		if s, err = market.KRX().NextSession(market.DateOf(now)); err != nil {
			l.t.Fatal(err)
		}
	}
	end := s.Close.Add(afterClose + time.Minute)
	l.tended(end, func() { l.nurse() })
	l.stop(c)
	for _, o := range l.journal().Book().Working("") {
		l.t.Errorf("%s is still %s", o.Intent.ID, o.Phase)
	}
	theirs, err := l.sim.Account()
	if err != nil {
		l.t.Fatal(err)
	}
	for _, bad := range positionsDiffer(l.journal().Book(), theirs) {
		l.t.Error(bad)
	}
}

// judgeSlots: every moment at which a rule was due has one outcome, and no decision was written twice.
func (l *line) judgeSlots(start market.Date) {
	l.t.Helper()
	j := l.journal()
	outcomes, decisions := map[string]string{}, map[string]bool{}
	count := map[string]int{}
	for e, err := range j.Entries(l.t.Context(), journal.Query{Kinds: []string{journal.Slot{}.Kind(), journal.Decision{}.Kind()}}) {
		if err != nil {
			l.t.Fatal(err)
		}
		switch b := e.Body.(type) {
		case journal.Slot:
			key := b.Job + " " + b.Due.Format(time.RFC3339)
			if outcomes[key] != "" {
				l.t.Errorf("%s has two outcomes: %s and %s", key, outcomes[key], b.Outcome)
			}
			outcomes[key] = b.Outcome
			count[b.Outcome]++
		case journal.Decision:
			if decisions[b.ID] {
				l.t.Errorf("decision %s twice", b.ID)
			}
			decisions[b.ID] = true
		}
	}
	now := l.sim.Now()
	for job, text := range map[string]string{"churn": "every 5m", "rest": "every 30m"} {
		when, err := scheduler.ParseWhen(text)
		if err != nil {
			l.t.Fatal(err)
		}
		for due := start.At(8, 0); ; {
			next, ok := when.Next(due, market.KRX())
			if due = next; !ok || due.After(now) {
				break
			}
			key := job + " " + due.Format(time.RFC3339)
			if outcomes[key] == "" {
				l.t.Errorf("%s has no outcome", key)
			}
			delete(outcomes, key)
		}
	}
	for key, outcome := range outcomes {
		l.t.Errorf("%s was never due, and %s", key, outcome)
	}
	for _, o := range slices.Sorted(maps.Keys(count)) {
		l.t.Logf("slots %s: %d", o, count[o])
	}
	l.t.Log(l.modes())
	l.t.Logf("%d decisions, until %s", len(decisions), now.Format(time.DateTime))
}
