package backtest

import (
	"testing"
	"time"

	"maemae/backtest/works"
)

// sweeping is a sweep of a rule over the bars of the work of pairs.
func sweeping(t testing.TB, workers int, rule string) *Work {
	t.Helper()
	w, err := ReadySweep(*workOptions(t, rule, works.MadeUp(works.FirstSeed, works.Bars)), workers)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestASweepOfPairsHasItsAnswer(t *testing.T) {
	for _, workers := range []int{1, 2} {
		answers(t, sweeping(t, workers, works.PairsRule), works.Pairs)
	}
}

// Beside the loop that shares rows, as the sweep does, and not the plain one.
func BenchmarkSweepOfPairs(b *testing.B) {
	bars := works.MadeUp(works.FirstSeed, works.Bars)
	side(b, 10_000, "set", sweeping(b, 1, works.PairsRule), works.Pairs, func() works.Answer { return works.AllPairs(bars.Open, bars.Close) })
}

func BenchmarkSweepOfMixedRule(b *testing.B) {
	w := sweeping(b, 1, works.MixedRule)
	var ours time.Duration
	for b.Loop() {
		begin := cpu()
		if _, err := w.Play(); err != nil {
			b.Fatal(err)
		}
		ours += cpu() - begin
	}
	b.ReportMetric(float64(ours)/float64(b.N)/10_000, "ns/set")
}

// A set whose parts are known costs no allocation.
func TestASetOfKnownPartsAllocatesNothing(t *testing.T) {
	for _, rule := range []string{works.PairsRule, works.MixedRule} {
		k := sweeping(t, 1, rule).sweep.worker()
		play := func() {
			for i := range 200 {
				if _, err := k.try(i); err != nil {
					t.Fatal(err)
				}
			}
		}
		play()
		if n := testing.AllocsPerRun(5, play); n != 0 {
			t.Errorf("%v allocations in 200 sets", n)
		}
	}
}
