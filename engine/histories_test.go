package engine_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"maemae/market"
	"maemae/strategy"
)

var (
	historySeeds = flag.Int("seeds", 20, "TestHistories: how many seeds")
	historyFrom  = flag.Uint64("from", 1, "TestHistories: the first of them")
	historySmall = flag.Bool("shrink", true, "TestHistories: make a failure small before telling it")
	historySeed  = flag.Uint64("seed", 0, "TestHistories: only this one, told from morning to evening")
)

// markets is how many small markets there are.
const markets = 6

// newWorld writes the markets and compiles the rules that all histories share.
func newWorld(t *testing.T) world {
	t.Helper()
	w := world{dir: t.TempDir(), rules: map[string]*strategy.File{}, calendar: market.KRX()}
	if memory, err := os.MkdirTemp("/dev/shm", "histories-"); err == nil { // where there is a disk in memory
		t.Cleanup(func() { _ = os.RemoveAll(memory) })
		w.dir = memory
	}
	for m := range markets {
		dir := filepath.Join(w.dir, fmt.Sprint("market-", m))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for n, symbol := range []string{"005930", "000660"} {
			base, tick := 60_000+int64(n)*110_000, int64(100+n*400)
			up := []int64{1, -1, 3, -3, 9, -9}[(m+n)%6] * tick * 2
			rows := "date,open,high,low,close,volume\n"
			for _, date := range []string{"2025-12-30", "2026-01-02"} {
				rows += fmt.Sprintf("%s,%d,%d,%d,%d,1000000\n", date, base, base+5*tick, base-5*tick, base)
			}
			low, high := min(base, base+up)-6*tick, max(base, base+up)+6*tick
			rows += fmt.Sprintf("2026-01-05,%d,%d,%d,%d,2000000\n", base, high, low, base+up)
			rows += fmt.Sprintf("2026-01-06,%d,%d,%d,%d,2000000\n", base+up, high, low, base)
			if err := os.WriteFile(filepath.Join(dir, symbol+".csv"), []byte(rows), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, wish := range map[string][2]string{"buy": {always, never}, "sell": {never, always}, "hold": {never, never}} {
		text := "version: 1\nstrategies:\n"
		for _, s := range []struct{ name, symbols, rest string }{
			{"market", `"005930"`, "size: 10 shares"},
			{"resting", `"005930"`, "size: 7 shares\n    order: {type: limit, ticks: -3, valid: 3m}"},
			{"protected", `"000660"`, "size: 3 shares\n    order: protected\n    exits: {stop_loss: 0.4%, take_profit: 0.4%}"},
			{"pair", `"000660", "005930"`, "size: 2 shares\n    exits: {trailing_stop: 0.3%}"},
		} {
			text += fmt.Sprintf("  - name: %s\n    symbols: [%s]\n    when: every 1m\n    reentry: same_session\n    buy: %s\n    sell: %s\n    %s\n", s.name, s.symbols, wish[0], wish[1], s.rest)
		}
		file, problems := strategy.Load(name+".yaml", []byte(text), strategy.Options{})
		if file == nil {
			t.Fatalf("%v\n%s", problems, text)
		}
		w.rules[name] = file
	}
	return w
}

// TestHistories lives through whole trading days with everything going wrong, and holds each to the invariants.
//
//	go test ./engine -run TestHistories -seeds 10000 -timeout 30m
//	go test ./engine -run TestHistories -seed 4711 -v
func TestHistories(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // days are short and throw everything away
	w := newWorld(t)
	if *historySeed != 0 {
		d, err := w.run(draw(*historySeed), true)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s\n%s", d.plan, strings.Join(d.story, "\n"))
		if d.broken != nil && *historySmall {
			t.Error(w.smallest(d.plan, *d.broken))
		}
		return
	}
	var sum totals
	var worst atomic.Pointer[day]
	next := make(chan uint64)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for seed := range next {
				d, err := w.run(draw(seed), false)
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
					continue
				}
				sum.add(d)
				if d.broken != nil {
					t.Errorf("seed %d: %s", seed, d.broken)
					if old := worst.Load(); old == nil || len(d.faults) < len(old.faults) {
						worst.Store(d)
					}
				}
			}
		})
	}
	for n := range uint64(*historySeeds) {
		if worst.Load() == nil {
			next <- *historyFrom + n
		}
	}
	close(next)
	wg.Wait()
	t.Log(&sum)
	t.Log(&sum.tolls)
	switch d := worst.Load(); {
	case d == nil && (sum.least < atLeast || sum.posts < sum.days):
		t.Errorf("%d faults in a day, and %d orders in %d days: that shows nothing", sum.least, sum.posts, sum.days)
	case d != nil && *historySmall:
		t.Error(w.smallest(d.plan, *d.broken))
	}
}

// each runs the plans, two at a time, and takes each day under a lock.
func (w world) each(t *testing.T, plans iter.Seq[plan], take func(*day)) {
	next := make(chan plan)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 2 {
		wg.Go(func() {
			for p := range next {
				d, err := w.run(p, false)
				mu.Lock()
				if err != nil {
					t.Errorf("%s: %v", p, err)
				} else {
					take(d)
				}
				mu.Unlock()
			}
		})
	}
	for p := range plans {
		next <- p
	}
	close(next)
	wg.Wait()
}

// totals show that the histories are about something.
type totals struct {
	sync.Mutex
	days, planned, struck, least, crashes, calls, posts int // what struck are faults of calls and deaths; least is of one day
	ends                                                map[string]int
	events                                              map[uint64]string // hashes by seed
	tolls                                               tolls
}

func (s *totals) add(d *day) {
	s.Lock()
	defer s.Unlock()
	s.days++
	s.planned += len(d.faults) + len(d.crashes)
	struck := len(d.hits) + d.lives - 1
	s.struck += struck
	if s.days == 1 || struck < s.least {
		s.least = struck
	}
	s.crashes += d.lives - 1
	s.calls += d.calls
	if d.exclusive && !d.strangers && d.broken == nil {
		s.tolls.add(d)
	}
	s.posts += d.posts
	if s.ends == nil {
		s.ends, s.events = map[string]int{}, map[uint64]string{}
	}
	s.events[d.seed] = d.events
	for k, n := range d.ends {
		s.ends[k] += n
	}
	s.ends["mode "+d.end]++
}

func (s *totals) String() string {
	all := sha256.New()
	for _, seed := range slices.Sorted(maps.Keys(s.events)) {
		fmt.Fprintln(all, seed, s.events[seed])
	}
	per := func(n int) float64 { return float64(n) / float64(max(s.days, 1)) }
	return fmt.Sprintf("%d days; a day has %.1f faults and deaths planned, %.1f strike, %d at least; %d deaths, %d calls, %d orders sent; ends %v; hash of all events %x",
		s.days, per(s.planned), per(s.struck), s.least, s.crashes, s.calls, s.posts, s.ends, all.Sum(nil)[:8])
}

// smallest takes parts out of a plan for as long as the same invariant breaks, and tells what is left.
func (w world) smallest(p plan, v violation) string {
	breaks := func(q plan) bool {
		d, err := w.run(q, false)
		return err == nil && d.broken != nil && d.broken.id == v.id
	}
	for shrunk := true; shrunk; {
		shrunk = false
		shrunk = reduce(&p.steps, func() bool { return breaks(p) }) || shrunk
		shrunk = reduce(&p.faults, func() bool { return breaks(p) }) || shrunk
		shrunk = reduce(&p.crashes, func() bool { return breaks(p) }) || shrunk
	}
	d, err := w.run(p, true)
	if err != nil || d.broken == nil {
		return fmt.Sprintf("seed %d broke %s, and its smallest history does not: the run is not deterministic (%v)", p.seed, v, err)
	}
	return fmt.Sprintf("seed %d, smallest history:\n%s\n%s", p.seed, p, strings.Join(d.story, "\n"))
}

// reduce drops elements, many at once first, for as long as it stays broken; it tells whether any went.
func reduce[T any](list *[]T, broken func() bool) (shrunk bool) {
	for size := max(len(*list)/2, 1); size >= 1; size /= 2 {
		for at := 0; at < len(*list); {
			whole := *list
			*list = slices.Concat(whole[:at], whole[min(at+size, len(whole)):])
			if broken() {
				shrunk = true
				continue
			}
			*list = whole
			at += size
		}
	}
	return shrunk
}

func TestASeedIsTheSameHistoryTwice(t *testing.T) {
	w := newWorld(t)
	for seed := *historyFrom; seed < *historyFrom+uint64(max(*historySeeds/100, 3)); seed++ {
		var hashes [2]string
		for i := range hashes {
			d, err := w.run(draw(seed), false)
			if err != nil {
				t.Fatal(err)
			}
			hashes[i] = d.events
		}
		if hashes[0] != hashes[1] || hashes[0] == "" {
			t.Errorf("seed %d: %v", seed, hashes)
		}
	}
}
