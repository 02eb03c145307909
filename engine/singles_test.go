package engine_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
)

var (
	singlesEvery = flag.Int("singles", 2000, "TestEverySingleFault: every how manieth fault is tried, from the -from-th on; 1 tries all")
	singlesOnly  = flag.String("scenario", "", "TestEverySingleFault: only those whose name has this in it")
)

// scenario is a short day that goes well, written out.
type scenario struct {
	name   string
	market int
	shared string         // an account that others trade too, and what orders of ours are known by there; empty: our own
	faults []kissim.Fault // part of the story
	steps  string         // one a line: the moment and what is done
	want   string         // how its orders and the day end
}

// TestEverySingleFault lives through each scenario once for every call and every commit in it, with one thing going
// wrong there, for each thing that can; and holds it to the invariants of the histories.
//
//	go test ./engine -run TestEverySingleFault -singles 1 -timeout 60m -v
func TestEverySingleFault(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	w := newWorld(t)
	var all []plan
	for _, s := range scenarios {
		if !strings.Contains(s.name, *singlesOnly) {
			continue
		}
		p := s.plan(t)
		d, err := w.run(p, *singlesOnly != "")
		if err != nil {
			t.Fatal(err)
		}
		if got := d.outcome(); d.broken != nil || got != s.want {
			t.Errorf("%s: %v ends\n%s\nwant\n%s\n%s", s.name, d.broken, got, s.want, strings.Join(d.story, "\n"))
			continue
		}
		some := p.singles(d)
		calls := 0
		for _, n := range d.asked {
			calls += n
		}
		t.Logf("%-50s %d calls, %d commits, %d faults", s.name, calls, d.counts["append"], len(some))
		all = append(all, some...)
	}
	var sum tolls
	tried, causes := 0, map[string]int{}
	w.each(t, func(yield func(plan) bool) {
		for i := int(*historyFrom) - 1; i < len(all); i += *singlesEvery {
			if !yield(all[i]) {
				return
			}
		}
	}, func(d *day) {
		tried++
		if d.exclusive && !d.strangers {
			sum.add(d)
			for code := range d.toll.needed {
				causes[fmt.Sprintf("%s by %s", code, d.added)]++
			}
		}
		if d.broken != nil {
			t.Errorf("%s: %s", d.plan, d.broken)
		}
	})
	t.Logf("%d scenarios, %d faults, %d of them tried", len(scenarios), len(all), tried)
	t.Log(&sum)
	for _, c := range slices.Sorted(maps.Keys(causes)) {
		t.Logf("a person was needed: %s, %d times", c, causes[c])
	}
}

func (s scenario) plan(t *testing.T) plan {
	t.Helper()
	p := plan{seed: 1, market: s.market, exclusive: s.shared == "", channel: strings.TrimSpace(s.shared), faults: s.faults, written: true}
	p.strangers = slices.ContainsFunc(s.faults, func(f kissim.Fault) bool { return f.Do == "order" })
	date := monday
	for line := range strings.Lines(strings.TrimSpace(s.steps)) {
		clock, what, ok := strings.Cut(strings.TrimSpace(line), " ")
		at, err := time.Parse(time.TimeOnly, clock)
		if err != nil || !ok {
			t.Fatalf("%s: %q", s.name, line)
		}
		moment := date.At(at.Hour(), at.Minute()).Add(time.Duration(at.Second()) * time.Second)
		if n := len(p.steps); n > 0 && moment.Before(p.steps[n-1].at) {
			date = date.Add(1)
			moment = moment.AddDate(0, 0, 1)
		}
		p.steps = append(p.steps, step{at: moment, what: what})
	}
	return p
}

// outcome is how a day ended, in words.
func (d *day) outcome() string {
	var out []string
	for _, o := range d.journal.Book().Orders() {
		out = append(out, fmt.Sprintf("%s %s %d/%d %s", o.Intent.Strategy, o.Intent.Order.Side, o.Filled, o.Intent.Order.Shares, o.End))
	}
	return strings.Join(append(out, d.end), ", ")
}

// singles are the plans with one more thing going wrong: at each call that the plain day made, everything that can go
// wrong with it, a refused connection, and a death at each event.
func (p plan) singles(d *day) []plan {
	var out []plan
	for _, on := range slices.Sorted(maps.Keys(d.asked)) {
		any, own := menu(rand.New(rand.NewPCG(1, 1)), on)
		for _, f := range append(any, own...) {
			for n := range d.asked[on] {
				q := p
				f.On, f.Nth = on, n+1
				q.faults = append([]kissim.Fault{f}, p.faults...)
				q.added = fmt.Sprintf("%s %s %s%s%s", f.Do, f.On, f.Code, f.Field, f.Value)
				out = append(out, q)
			}
		}
	}
	for n := range d.dials {
		q := p
		q.refused, q.added = n+1, "a refused connection"
		out = append(out, q)
	}
	for _, point := range crashPoints {
		for n := range d.counts[point] {
			q := p
			q.crashes, q.added = []crash{{point, n + 1}}, "a death"
			out = append(out, q)
		}
	}
	return out
}

func first(on, do string) kissim.Fault { return kissim.Fault{On: on, Do: do} }

var scenarios = []scenario{
	{name: "a buy at a slot", steps: `
		09:10:00 slot buy market
		09:11:00 settle`, want: "market buy 10/10 filled, active reconciled"},
	{name: "a sell at a slot", steps: `
		09:10:00 slot buy market
		09:20:00 slot sell market
		09:21:00 settle`, want: "market buy 10/10 filled, market sell 10/10 filled, active reconciled"},
	{name: "a second buy is refused", steps: `
		09:10:00 slot buy market
		09:11:00 slot buy market
		09:12:00 settle`, want: "market buy 10/10 filled, active reconciled"},
	{name: "two rules of a slot want the same symbol", steps: `
		09:10:00 slot buy market buy pair
		09:11:00 settle`, want: "market buy 10/10 filled, pair buy 2/2 filled, pair buy 2/2 filled, active reconciled"},
	{name: "one slot sells and buys", steps: `
		09:10:00 slot buy market
		09:20:00 slot sell market buy protected
		09:21:00 settle`, want: "market buy 10/10 filled, market sell 10/10 filled, protected buy 3/3 filled, active reconciled"},
	{name: "a limit order is cancelled when its time is up", steps: `
		09:10:00 slot buy resting
		09:11:00 settle
		09:14:00 settle
		09:15:00 settle`, want: "resting buy 0/7 cancelled, active reconciled"},
	{name: "an order fills in pieces", faults: []kissim.Fault{{On: "order-cash", Do: "partial", Shares: 4, For: kissim.Span(30 * time.Second)}}, steps: `
		09:10:00 slot buy market
		09:11:00 settle
		09:12:00 settle`, want: "market buy 10/10 filled, active reconciled"},
	{name: "a part is filled, and the rest is cancelled", faults: []kissim.Fault{{On: "order-cash", Do: "partial", Shares: 1, For: kissim.Span(2 * time.Minute)}}, steps: `
		09:10:00 slot buy protected
		09:11:00 settle
		09:12:00 settle
		09:20:00 slot sell protected
		09:21:00 settle`, want: "protected buy 1/3 cancelled, protected sell 1/1 filled, active reconciled"},
	{name: "a protected order", steps: `
		09:10:00 slot buy protected
		09:11:00 settle`, want: "protected buy 3/3 filled, active reconciled"},
	{name: "a stop", market: 5, steps: `
		09:05:00 slot buy protected
		09:30:00 watch
		10:30:00 watch
		11:00:00 watch`, want: "protected buy 3/3 filled, protected sell 3/3 filled, active reconciled"},
	{name: "a target", steps: `
		09:05:00 slot buy protected
		09:30:00 watch
		10:30:00 watch
		11:00:00 watch`, want: "protected buy 3/3 filled, protected sell 3/3 filled, active reconciled"},
	{name: "a trailing stop", steps: `
		09:05:00 slot buy pair
		10:30:00 watch
		13:00:00 watch
		14:30:00 watch`, want: "pair buy 2/2 filled, pair buy 2/2 filled, pair sell 2/2 filled, pair sell 2/2 filled, active reconciled"},
	{name: "a start with an open order", steps: `
		09:10:00 slot buy resting
		09:11:00 die
		09:12:00 settle
		09:15:00 settle
		09:16:00 settle`, want: "resting buy 0/7 cancelled, active reconciled"},
	{name: "a start with an order on its way", faults: []kissim.Fault{{On: "order-cash", Do: "late", For: kissim.Span(20 * time.Second)}}, steps: `
		09:10:00 slot buy market
		09:10:10 die
		09:10:15 settle
		09:11:00 settle
		09:12:00 settle`, want: "market buy 10/10 filled, active reconciled"},
	{name: "a start with shares", steps: `
		09:10:00 slot buy market
		09:11:00 die
		09:12:00 account
		09:20:00 slot sell market
		09:21:00 account`, want: "market buy 10/10 filled, market sell 10/10 filled, active reconciled"},
	{name: "an answer that is lost", faults: []kissim.Fault{{On: "order-cash", Do: "lose", When: "after"}}, steps: `
		09:10:00 slot buy market
		09:11:00 settle
		09:20:00 slot sell market
		09:21:00 settle`, want: "market buy 10/10 filled, market sell 10/10 filled, active reconciled"},
	{name: "a request that is lost", faults: []kissim.Fault{first("order-cash", "lose")}, steps: `
		15:10:00 slot buy market
		15:11:00 settle
		15:12:00 slot buy protected
		15:41:00 settle
		15:42:00 settle`, want: "market buy 0/10 not_placed, protected buy 3/3 filled, active reconciled"},
	{name: "an order that comes to life later", faults: []kissim.Fault{{On: "order-cash", Do: "late", For: kissim.Span(90 * time.Second)}}, steps: `
		09:10:00 slot buy market
		09:11:00 settle
		09:12:00 settle
		09:13:00 settle
		09:20:00 slot sell market`, want: "market buy 10/10 filled, market sell 10/10 filled, active reconciled"},
	{name: "an order that the exchange rejects", faults: []kissim.Fault{{On: "order-cash", Do: "reject", For: kissim.Span(20 * time.Second)}}, steps: `
		09:10:00 slot buy resting
		09:11:00 settle
		09:12:00 slot buy resting
		09:13:00 settle`, want: "resting buy 0/7 rejected, resting buy 0/7 cancelled, active reconciled"},
	{name: "the exchange cancels", faults: []kissim.Fault{{On: "inquire-daily-ccld", Nth: 4, Do: "cancel"}}, steps: `
		09:10:00 slot buy resting
		09:11:00 settle
		09:12:00 settle`, want: "resting buy 0/7 cancelled, active reconciled"},
	{name: "halt and resume", steps: `
		09:10:00 slot buy resting
		09:11:00 halt
		09:12:00 slot buy market
		09:13:00 operator
		09:14:00 settle
		09:20:00 slot buy market`, want: "resting buy 0/7 cancelled, market buy 10/10 filled, active reconciled"},
	{name: "a kill outlives the process until it is armed", steps: `
		09:10:00 slot buy market
		09:11:00 KILL
		09:12:00 die
		09:13:00 slot sell market
		09:14:00 operator
		09:20:00 slot sell market`, want: "market buy 10/10 filled, market sell 10/10 filled, active reconciled"},
	{name: "a KILL file", steps: `
		09:10:00 slot buy market
		09:11:00 KILL file
		09:12:00 slot sell market
		09:14:00 operator
		09:20:00 slot sell market`, want: "market buy 10/10 filled, market sell 10/10 filled, active reconciled"},
	{name: "kill and cancel", steps: `
		09:10:00 slot buy resting
		09:11:00 KILL
		09:11:10 cancel
		09:12:00 settle`, want: "resting buy 0/7 cancelled, killed kill"},
	{name: "a person says what an order became", shared: " ", faults: []kissim.Fault{{On: "order-cash", Do: "lose", When: "after"}}, steps: `
		09:10:00 slot buy market
		09:11:00 settle
		09:12:00 operator
		09:20:00 slot sell market`, want: "market buy 10/10 filled, market sell 10/10 filled, active reconciled"},
	{name: "a person trades a shared account", shared: "OpnAPI", faults: []kissim.Fault{{On: "inquire-daily-ccld", Nth: 3, Do: "order", Side: "buy", Symbol: "005930", Shares: 10}}, steps: `
		09:10:00 slot buy market
		09:11:00 account
		09:20:00 slot sell market
		09:21:00 account`, want: "market buy 10/10 filled, market sell 10/10 filled, active reconciled"},
	{name: "a person trades an account said to be ours alone", faults: []kissim.Fault{{On: "inquire-daily-ccld", Nth: 5, Do: "order", Side: "buy", Symbol: "005930", Shares: strangeShares}}, steps: `
		09:10:00 slot buy market
		09:11:00 account
		09:12:00 account
		09:13:00 operator
		09:20:00 slot sell market`, want: "market buy 10/10 filled, market sell 10/10 filled, active reconciled"},
	{name: "a token dies within a slot", faults: []kissim.Fault{first("inquire-psbl-order", "revoke")}, steps: `
		08:55:00 settle
		09:10:00 slot buy market buy protected
		09:11:00 settle`, want: "market buy 10/10 filled, protected buy 3/3 filled, active reconciled"},
	{name: "the day changes with an open order", steps: `
		15:17:00 slot buy market
		15:18:00 slot buy pair
		15:18:30 slot buy resting
		09:10:00 slot sell market
		09:11:00 account`, want: "market sell 10/10 filled, active reconciled"},
}
