package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"maemae/broker"
	"maemae/broker/kis/kissim"
	"maemae/market"
)

// plan is everything that a history is made from. Two runs of a plan are the same history, and a plan with a part
// taken out is a smaller one: that is how a failure is shrunk.
type plan struct {
	seed      uint64
	market    int    // which of the small markets
	exclusive bool   // the account is the daemon's alone
	channel   string // what the daemon knows its own orders by
	strangers bool   // others trade the account too
	faults    []kissim.Fault
	crashes   []crash
	steps     []step
	refused   int    // the connection that is refused, counted from 1
	added     string // the single thing that goes wrong beyond a scenario, in words
	dense     bool   // steps are added for as long as too little goes wrong
	written   bool   // steps are done as they are written, without dice
}

// atLeast is how much goes wrong in a day.
const atLeast = 50

// crash kills the process at the nth event of a kind, counted over all its lives.
type crash struct {
	at  string // one of crashPoints
	nth int
}

// crashPoints are where a process can die: before a commit, after it, after it but before the head is written, between
// the answer of a call and its use, inside a wait, and between two steps.
var crashPoints = []string{"append", "commit", "head", "answer", "pause", "idle"}

// step is one thing the daemon, or its owner, does at a moment.
type step struct {
	at   time.Time
	what string
	pick uint64 // dice of its own, so that dropping another step does not change it
}

var stepKinds = [...]string{"slot", "slot", "slot", "slot", "settle", "settle", "watch", "watch", "watch", "account", "account", "operator"}

// more is one more step soon after a moment.
func more(p plan, nth int, at time.Time) step {
	r := rand.New(rand.NewPCG(p.seed, uint64(nth)))
	return step{at.Add(time.Duration(5+r.IntN(60)) * time.Second), stepKinds[r.IntN(len(stepKinds))], r.Uint64()}
}

// draw makes the plan of a seed.
func draw(seed uint64) plan {
	r := rand.New(rand.NewPCG(seed, 0x6d61656d6165))
	p := plan{seed: seed, market: r.IntN(markets), exclusive: r.IntN(3) > 0}
	if !p.exclusive && r.IntN(3) > 0 {
		p.channel = "OpnAPI"
	}
	p.strangers = r.IntN(3) == 0
	for _, op := range []struct {
		on      string
		calls   int
		percent int
	}{
		{"order-cash", 40, 45}, {"order-rvsecncl", 25, 45}, {"inquire-daily-ccld", 280, 46}, {"inquire-balance", 140, 46},
		{"inquire-psbl-order", 70, 46}, {"inquire-daily-itemchartprice", 190, 46}, {"inquire-price", 80, 46}, {"tokenP", 6, 30},
	} {
		for n := range op.calls {
			if r.IntN(100) < op.percent {
				f := fault(r, op.on, p.strangers, p.exclusive)
				f.On, f.Nth = op.on, n+1
				p.faults = append(p.faults, f)
			}
		}
	}
	for range r.IntN(9) {
		at := crashPoints[r.IntN(len(crashPoints))]
		most := map[string]int{"append": 90, "commit": 90, "head": 90, "answer": 300, "pause": 20, "idle": 40}[at]
		p.crashes = append(p.crashes, crash{at, 1 + r.IntN(most)})
	}
	p.dense = true
	for at := monday.At(8, 50); at.Before(monday.At(15, 40)); at = at.Add(time.Duration(5+r.IntN(1400)) * time.Second) {
		p.steps = append(p.steps, step{at, stepKinds[r.IntN(len(stepKinds))], r.Uint64()})
	}
	for range r.IntN(3) { // now and then a person intervenes
		i := r.IntN(len(p.steps))
		p.steps[i].what = []string{"halt", "kill", "dial"}[r.IntN(3)]
	}
	return p
}

// menu is everything that can go wrong with a call: with any, and with those of the service.
func menu(r *rand.Rand, on string) (any, own []kissim.Fault) {
	any = []kissim.Fault{
		{Do: "lose"}, {Do: "lose", When: "after"}, {Do: "break"}, {Do: "truncate"}, {Do: "empty"}, {Do: "null"}, {Do: "html"}, {Do: "bom"}, {Do: "gzip"},
		{Do: "status", HTTP: 500}, {Do: "status", HTTP: 502, When: "after"}, {Do: "status", HTTP: 503}, {Do: "status", HTTP: 504, When: "after"},
		{Do: "status", HTTP: 302, When: "after"}, {Do: "status", HTTP: 307}, {Do: "status", HTTP: 308, When: "after"},
		{Do: "code", Code: "EGW00201"}, {Do: "code", Code: "EGW00201"}, {Do: "code", Code: "EGW00215"}, {Do: "code", Code: "EGW00215", When: "after"},
		{Do: "code", Code: "EGW00301", When: "after"}, {Do: "code", Code: "EGW00302"}, {Do: "code", Code: "ZZZ99999", When: "after"},
		{Do: "set", Field: "rt_cd", Value: json.RawMessage("0")}, {Do: "remove", Field: "rt_cd"}, {Do: "set", Field: "rt_cd", Value: json.RawMessage(`" 0"`)},
		{Do: "revoke"},
		{Do: "slow", For: kissim.Span(time.Duration(1+r.IntN(9)) * time.Second)},
		{Do: "slow", For: kissim.Span(time.Duration(1+r.IntN(40)) * time.Second), When: "after"},
	}
	own = map[string][]kissim.Fault{
		"order-cash": {
			{Do: "lose", When: "after"}, {Do: "lose", When: "after"},
			{Do: "late", For: kissim.Span(time.Duration(1+r.IntN(180)) * time.Second)},
			{Do: "late", For: kissim.Span(time.Duration(1+r.IntN(20)) * time.Second)},
			// An answer with the number of the day's first order, not of the one just before ("number"): that one a list that
			// lags may not show yet, and two lies at once nobody can tell from the truth.
			{Do: "set", Field: "ODNO", Value: json.RawMessage(`"0000000001"`)}, {Do: "set", Field: "ODNO", Value: json.RawMessage(`"0000000001"`)},
			{Do: "set", Field: "ODNO", Value: json.RawMessage(`""`)}, {Do: "set", Field: "ODNO", Value: json.RawMessage(`"ABC"`)},
			{Do: "set", Field: "ODNO", Value: json.RawMessage(`null`)},
			{Do: "code", Code: "APBK0952"}, {Do: "code", Code: "40070000"},
			{Do: "partial", Shares: 1 + r.Int64N(4), For: kissim.Span(time.Duration(r.IntN(240)) * time.Second)},
			{Do: "partial", Shares: 1 + r.Int64N(4), For: kissim.Span(time.Duration(r.IntN(240)) * time.Second)},
			{Do: "partial", Shares: 1, For: kissim.Span(10 * time.Second)},
			{Do: "reject", For: kissim.Span(time.Duration(r.IntN(20)) * time.Second)},
		},
		"inquire-daily-ccld": {
			{Do: "lag", For: kissim.Span(time.Duration(1+r.IntN(30)) * time.Second)}, {Do: "lag", For: kissim.Span(time.Duration(1+r.IntN(30)) * time.Second)},
			{Do: "stale", Back: 1 + r.IntN(6)}, {Do: "stale", Back: 1}, {Do: "no-rows"}, {Do: "no-rows"}, {Do: "cut", Rows: 1 + r.IntN(3)},
			{Do: "again"}, {Do: "twice"}, {Do: "changed"}, {Do: "cancel"},
			{Do: "set", Field: "rmn_qty", Value: json.RawMessage("null")}, {Do: "set", Field: "sll_buy_dvsn_cd", Value: json.RawMessage(`"03"`)},
			{Do: "rename", Field: "tot_ccld_qty", As: "ccld_qty"}, {Do: "set", Field: "ord_qty", Value: json.RawMessage(`"1,0"`)},
		},
		"inquire-balance": {
			{Do: "stale", Back: 1 + r.IntN(4)}, {Do: "no-rows"}, {Do: "changed"}, {Do: "set", Field: "hldg_qty", Value: json.RawMessage(`"-"`)},
			{Do: "rename", Field: "prvs_rcdl_excc_amt", As: "d2_amt"},
		},
		"inquire-price": {
			{Do: "set", Field: "stck_prpr", Value: json.RawMessage(`"0"`)}, {Do: "set", Field: "stck_prpr", Value: json.RawMessage(`"6000"`)},
			{Do: "set", Field: "stck_mxpr", Value: json.RawMessage(`"0"`)}, {Do: "set", Field: "stck_prpr", Value: json.RawMessage(`"-1"`)},
		},
		"inquire-daily-itemchartprice": {
			{Do: "set", Field: "askp", Value: json.RawMessage(`"0"`)}, {Do: "set", Field: "stck_prpr", Value: json.RawMessage(`"600000"`)},
		},
		"tokenP": {{Do: "code", Code: "EGW00133"}},
	}[on]
	if on == "tokenP" {
		any = any[:8]
	}
	return any, own
}

// fault draws what goes wrong with a call.
func fault(r *rand.Rand, on string, strangers, exclusive bool) kissim.Fault {
	any, own := menu(r, on)
	if strangers && on == "inquire-daily-ccld" && r.IntN(8) == 0 {
		shares := strangeShares // an account said to be exclusive cannot tell a person's equal order from its own
		if !exclusive {
			shares = []int64{strangeShares, 10, 3, 2}[r.IntN(4)]
		}
		return kissim.Fault{Do: "order", Side: broker.Buy, Symbol: []market.Symbol{"005930", "000660"}[r.IntN(2)], Shares: shares}
	}
	if len(own) > 0 && r.IntN(2) == 0 {
		return own[r.IntN(len(own))]
	}
	return any[r.IntN(len(any))]
}

// strangeShares is how many shares a person buys by hand: a number that no rule here buys.
const strangeShares int64 = 17

// String is the plan as a script of the simulator and what else happens.
func (p plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, market %d, exclusive %t, channel %q\n", p.seed, p.market, p.exclusive, p.channel)
	for _, f := range p.faults {
		line, _ := json.Marshal(f) // of numbers and texts
		fmt.Fprintf(&b, "  fault %s\n", line)
	}
	for _, c := range p.crashes {
		fmt.Fprintf(&b, "  crash at %s %d\n", c.at, c.nth)
	}
	for _, s := range p.steps {
		fmt.Fprintf(&b, "  %s %s\n", s.at.Format("15:04:05"), s.what)
	}
	return b.String()
}
