package backtest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/history"
	"maemae/market"
)

// pairs is a sweep of the crossing rule over one made-up symbol of 2,500 bars, from its first session on.
func pairs(t testing.TB, workers int, rule string) (*sweep, history.Bars) {
	bars, o := madeUp(1000, 2500), workOptions()
	o.Rules = rules(t, rule)
	o.Load = func(market.Symbol) (history.Bars, error) { return bars, nil }
	s, err := openSweep(o, SweepOptions{Objective: "total_return", Limits: []SweepLimit{{Metric: "max_drawdown", Bound: decimal.New(1, 0)}}, Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	s.begin = 0
	return s, bars
}

const pairRule = `
version: 1
strategies:
  - name: crossing
    symbols: ["069500"]
    when: close - 15m
    bars: completed
    params: {fast: {default: 20, min: 2, max: 101, step: 1}, slow: {default: 120, min: 102, max: 201, step: 1}}
    buy: sma(close, $fast) crosses above sma(close, $slow)
    sell: sma(close, $fast) crosses below sma(close, $slow)
    size: 10 shares
    order: market
`

const mixedRule = `
version: 1
strategies:
  - name: mixed
    symbols: ["069500"]
    when: close - 15m
    params: {fast: {default: 20, min: 2, max: 101, step: 1}, hot: {default: 60, min: 40, max: 89, step: 0.5}}
    let: {band: "bollinger(close, 20, 2).upper"}
    buy: close > sma(close, $fast) and rsi(close, 14) < $hot and close < band
    sell: close < sma(close, $fast) or rsi(close, 14) > 85
    size: 10 shares
    order: market
    exits: {stop_loss: 5%}
`

// totals plays all sets and adds up their fills and their equity at the end.
func (w *sweep) totals(t testing.TB) (fills, equity int64) {
	var f, e atomic.Int64
	if err := w.each(nil, func(k *worker, i int) error {
		if _, err := k.try(i); err != nil {
			return err
		}
		f.Add(int64(len(k.book.fills)))
		e.Add(k.book.final())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return f.Load(), e.Load()
}

// 10,000 pairs of averages over 2,500 bars: 234,884 fills, and all together 997,023,356,736.71 won.
func TestASweepOfPairsHasItsAnswer(t *testing.T) {
	for _, workers := range []int{1, 2} {
		s, _ := pairs(t, workers, pairRule)
		if fills, equity := s.totals(t); fills != 234_884 || equity != 99_702_335_673_671_000 {
			t.Errorf("%d workers: %d fills and %d", workers, fills, equity)
		}
	}
}

func BenchmarkSweepOfPairs(b *testing.B) {
	s, bars := pairs(b, 1, pairRule)
	var ours, theirs time.Duration
	for b.Loop() {
		begin := cpu()
		s.totals(b)
		ours += cpu() - begin
		begin = cpu()
		for fast := 2; fast <= 101; fast++ {
			for slow := 102; slow <= 201; slow++ {
				reference(bars.Open, bars.Close, fast, slow)
			}
		}
		theirs += cpu() - begin
	}
	told(b, s, ours)
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

func BenchmarkSweepOfMixedRule(b *testing.B) {
	s, _ := pairs(b, 1, mixedRule)
	var ours time.Duration
	for b.Loop() {
		begin := cpu()
		s.totals(b)
		ours += cpu() - begin
	}
	told(b, s, ours)
}

func told(b *testing.B, s *sweep, spent time.Duration) {
	sets := float64(b.N) * float64(len(s.scores))
	b.ReportMetric(float64(spent)/sets, "cpu-ns/set")
	b.ReportMetric(sets/spent.Seconds(), "sets/s")
}

// A set whose parts are known costs no allocation.
func TestASetOfKnownPartsAllocatesNothing(t *testing.T) {
	for _, rule := range []string{pairRule, mixedRule} {
		s, _ := pairs(t, 1, rule)
		k := s.worker()
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
