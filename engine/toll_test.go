package engine_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
)

// toll is what a day cost its owner: halts that only a person ends, entries that were not sent because an outcome was
// unknown, and how long unknown orders stayed unknown. It is read from the journal alone, entry by entry.
type toll struct {
	needed map[string]bool   // why a person had to come, by code
	entry  map[string]string // every buy that was wanted, by decision: what refused it last, or nothing
	dark   map[string]dark   // intents of unknown outcome
	flying map[string]bool   // intents that are not answered
	bound  []dark            // those that the daemon found, and when
}

// dark is an intent while its outcome is unknown.
type dark struct {
	symbol      market.Symbol
	id          broker.OrderID // at the end
	since, till time.Time
}

func newToll() *toll {
	return &toll{needed: map[string]bool{}, entry: map[string]string{}, dark: map[string]dark{}, flying: map[string]bool{}}
}

// read takes the next entry.
func (t *toll) read(e journal.Entry, b *journal.Book) {
	switch x := e.Body.(type) {
	case journal.Intent:
		t.flying[x.ID] = true
		if !x.Exit {
			t.entry[x.Decision] = ""
		}
	case journal.Answer:
		delete(t.flying, x.Intent)
		if x.Outcome == journal.Unknown {
			t.lose(x.Intent, e.At, b)
		}
	case journal.Start: // what was on its way when the process died
		for id := range t.flying {
			t.lose(id, e.At, b)
		}
		clear(t.flying)
	case journal.Bind:
		d := t.dark[x.Intent]
		delete(t.dark, x.Intent)
		if d.id, d.till = x.ID, e.At; x.By == journal.ByReconcile {
			t.bound = append(t.bound, d)
		}
	case journal.Absent:
		if x.Final {
			delete(t.dark, x.Intent)
		}
	case journal.Refusal:
		t.refused(x)
	case journal.State:
		if x.Mode == journal.ModeHalted && x.By == "daemon" && x.Reason != "orders_unreadable" && x.Reason != "order_missing" { // these end by themselves
			t.needed[x.Reason] = true
		}
	}
}

func (t *toll) lose(intent string, at time.Time, b *journal.Book) {
	o, _ := b.Order(intent) // orders of the day stay in the book
	t.dark[intent] = dark{symbol: o.Intent.Order.Symbol, since: at}
}

func (t *toll) refused(x journal.Refusal) {
	code := x.Refusal.Code
	if code == "rejections" {
		t.needed[code] = true
	}
	if x.Order.Side != broker.Buy {
		return
	}
	if code == "unresolved" && !t.darkIn(x.Order.Symbol) {
		code = "working" // an order of ours rests in the symbol: no fault of anything
	}
	t.entry[x.Decision] = code
}

func (t *toll) darkIn(s market.Symbol) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(t.dark)), func(d dark) bool { return d.symbol == s })
}

// close ends the day: what is left then, a person has to look at.
func (t *toll) close(b *journal.Book) {
	if s := b.State(); s.Mode == journal.ModeHalted && s.By == "daemon" {
		t.needed[s.Reason] = true
	}
	if slices.ContainsFunc(b.Mismatches(), func(m journal.Mismatch) bool { return !m.Resolved }) {
		t.needed["position"] = true
	}
}

// tolls adds up days.
type tolls struct {
	days, needed int            // needed are those in which a person was
	codes        map[string]int // why
	entries      int            // wanted
	lost         map[string]int // by what refused them
	found        []time.Duration
	never        int // unknown orders that exist, and at the end of the day nobody knows
}

func (s *tolls) add(d *day) {
	if s.codes == nil {
		s.codes, s.lost = map[string]int{}, map[string]int{}
	}
	t := d.toll
	s.days++
	if len(t.needed) > 0 {
		s.needed++
	}
	for code := range t.needed {
		s.codes[code]++
	}
	s.entries += len(t.entry)
	for _, code := range t.entry {
		s.lost[code]++
	}
	rows, caused, ok := d.truth()
	if !ok {
		return
	}
	for _, f := range t.bound {
		from := f.since
		if at, err := time.ParseInLocation("20060102 150405", f.id.Date.Compact()+" "+rows[f.id.Key()].Time, market.KST); err == nil && at.After(from) {
			from = at // it came to life later
		}
		s.found = append(s.found, f.till.Sub(from))
	}
	for id := range t.dark {
		s.never += len(caused[id])
	}
}

// at is a quantile of how long unknown orders stayed so.
func (s *tolls) at(percent int) time.Duration {
	if len(s.found) == 0 {
		return 0
	}
	slices.Sort(s.found)
	return s.found[(len(s.found)-1)*percent/100].Round(100 * time.Millisecond)
}

// share is how much of the entries wanted a refusal cost, in percent.
func (s *tolls) share(code string) float64 {
	return 100 * float64(s.lost[code]) / float64(max(s.entries, 1))
}

func (s *tolls) String() string {
	var codes []string
	for _, c := range slices.SortedFunc(maps.Keys(s.codes), func(a, b string) int {
		return cmp.Or(s.codes[b]-s.codes[a], strings.Compare(a, b))
	}) {
		codes = append(codes, fmt.Sprintf("%s %d", c, s.codes[c]))
	}
	return fmt.Sprintf("%d days of an account of our own without a stranger: a person was needed in %d (%s); of %d entries wanted %.2f%% were lost to quarantine, %.2f%% to an unknown order of the symbol, %.2f%% to a halt; %d unknown orders that existed were found after %s (median), %s (90%%), %s (most), %d not at all",
		s.days, s.needed, strings.Join(codes, ", "), s.entries, s.share("quarantine"), s.share("unresolved"), s.share("mode"), len(s.found), s.at(50), s.at(90), s.at(100), s.never)
}
