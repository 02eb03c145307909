package engine_test

import (
	"flag"
	"math/rand/v2"
	"runtime/debug"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
)

var gentleDays = flag.Int("gentle", 2, "TestAPersonIsSeldomNeeded: how many days; -from is the first")

// gentle is a day as it may come: an account of our own, the daemon's looks as often as the product has them, one order
// in a hundred without a clear answer, one read in twenty that fails or lags, and now and then a death.
func gentle(seed uint64) plan {
	r := rand.New(rand.NewPCG(seed, 0x67656e746c65))
	p := plan{seed: seed, market: r.IntN(markets), exclusive: true}
	for _, op := range []struct {
		on              string
		calls, permille int
		faults          []kissim.Fault
	}{
		{"order-cash", 60, 10, []kissim.Fault{
			{Do: "lose"}, {Do: "lose", When: "after"}, {Do: "break"}, {Do: "status", HTTP: 500}, {Do: "status", HTTP: 500, When: "after"},
			{Do: "code", Code: "EGW00302"}, {Do: "code", Code: "EGW00302", When: "after"}, {Do: "late", For: kissim.Span(time.Duration(1+r.IntN(180)) * time.Second)},
		}},
		{"inquire-daily-ccld", 3000, 50, []kissim.Fault{
			{Do: "lag", For: kissim.Span(time.Duration(1+r.IntN(30)) * time.Second)}, {Do: "lose"}, {Do: "status", HTTP: 500}, {Do: "code", Code: "EGW00201"}, {Do: "cut", Rows: 1}, {Do: "stale", Back: 1},
		}},
		{"inquire-balance", 1500, 50, []kissim.Fault{{Do: "lose"}, {Do: "status", HTTP: 500}, {Do: "code", Code: "EGW00201"}}},
		{"inquire-psbl-order", 100, 50, []kissim.Fault{{Do: "lose"}, {Do: "code", Code: "EGW00201"}}},
		{"inquire-daily-itemchartprice", 3000, 50, []kissim.Fault{{Do: "lose"}, {Do: "code", Code: "EGW00201"}}},
		{"inquire-price", 200, 50, []kissim.Fault{{Do: "lose"}, {Do: "code", Code: "EGW00201"}}},
	} {
		for n := range op.calls {
			if r.IntN(1000) < op.permille {
				f := op.faults[r.IntN(len(op.faults))]
				f.On, f.Nth = op.on, n+1
				p.faults = append(p.faults, f)
			}
		}
	}
	for range r.IntN(3) {
		p.crashes = append(p.crashes, crash{crashPoints[r.IntN(len(crashPoints))], 1 + r.IntN(200)})
	}
	for at, minute := monday.At(8, 50), 0; at.Before(monday.At(15, 20)); at, minute = at.Add(time.Minute), minute+1 {
		what := "watch"
		switch {
		case minute%10 == 5:
			what = "slot"
		case minute%5 == 4:
			what = "account"
		}
		p.steps = append(p.steps, step{at, what, r.Uint64()})
	}
	return p
}

// TestAPersonIsSeldomNeeded measures, in days of few faults, how often a person has to come, what entries are lost to
// orders whose outcome is not known, and how fast these are found.
//
//	go test ./engine -run TestAPersonIsSeldomNeeded -gentle 1000 -v
func TestAPersonIsSeldomNeeded(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	w := newWorld(t)
	var sum totals // of days that are all an account of our own without a stranger
	w.each(t, func(yield func(plan) bool) {
		for n := range uint64(*gentleDays) {
			if !yield(gentle(*historyFrom + n)) {
				return
			}
		}
	}, func(d *day) {
		sum.add(d)
		if d.broken != nil {
			t.Errorf("day %d: %s", d.seed, d.broken)
		}
		if len(d.toll.needed) > 0 {
			t.Logf("day %d needed a person: %v", d.seed, d.toll.needed)
		}
	})
	t.Log(&sum)
	t.Log(&sum.tolls)
	s := &sum.tolls
	for code := range s.codes {
		if code != "unknown_outcomes" { // two in a row, or three in ten minutes
			t.Errorf("a person was needed: %s", code)
		}
	}
	if s.days != *gentleDays || s.never > 0 || s.days >= 100 && (100*s.needed > s.days || s.share("quarantine") > 1 || s.at(50) > 10*time.Second) {
		t.Errorf("not what is promised")
	}
}
