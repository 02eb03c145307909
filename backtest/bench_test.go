package backtest

import (
	"fmt"
	"math"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/backtest/works"
	"maemae/history"
	"maemae/market"
	"maemae/strategy"
)

// cpu is the processor time this process has used, the garbage collector's included. The wall's clock would measure the
// neighbours too.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// ready is a work over made-up bars.
func ready(t testing.TB, rule string, all ...history.Bars) *Work {
	t.Helper()
	w, err := Ready(*workOptions(t, rule, all...))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// workOptions are those of the works: a fee that is not cut to the won, no tax, no slippage.
func workOptions(t testing.TB, rule string, all ...history.Bars) *Options {
	o := &Options{
		Cash: decimal.NewFromInt(100_000_000), Costs: market.Costs{FeeRate: decimal.New(15, -5)}, CostDigits: 5,
		Calendar: market.KRX(), Rules: rules(t, rule),
		Instrument: func(s market.Symbol) market.Instrument {
			return market.Instrument{Symbol: s, Board: market.KOSPI, Kind: market.ETF}
		},
	}
	bars := map[market.Symbol]history.Bars{}
	o.Rules[0].Symbols = nil
	for i, b := range all {
		b.Symbol = market.Symbol(fmt.Sprintf("%06d", i))
		bars[b.Symbol] = b
		o.Rules[0].Symbols = append(o.Rules[0].Symbols, b.Symbol)
	}
	o.Load = func(s market.Symbol) (history.Bars, error) { return bars[s], nil }
	return o
}

// answers plays a work and holds it against the plain loop over the same bars.
func answers(t testing.TB, w *Work, want works.Answer) Played {
	t.Helper()
	got, err := w.Play()
	if err != nil {
		t.Fatal(err)
	}
	if got.Fills != want.Fills || !got.Equity.Equal(decimal.New(want.Equity, -5)) {
		t.Fatalf("%d fills and %s won, want %d and %s", got.Fills, got.Equity, want.Fills, decimal.New(want.Equity, -5))
	}
	return got
}

// side measures a work beside the loop that has its answer, and reports the processor time of each of n things: of many
// runs of both in turn the quickest of each, so that what else the machine does disturbs neither.
func side(b *testing.B, n int, thing string, w *Work, want works.Answer, loop func() works.Answer) {
	ours, theirs := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	for b.Loop() {
		begin := cpu()
		if got := loop(); got != want {
			b.Fatalf("the loop has %v, want %v", got, want)
		}
		middle := cpu()
		answers(b, w, want)
		theirs, ours = min(theirs, middle-begin), min(ours, cpu()-middle)
	}
	b.ReportMetric(float64(ours)/float64(n), "ns/"+thing)
	b.ReportMetric(float64(theirs)/float64(n), "reference-ns/"+thing)
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

func BenchmarkOneLongSymbol(b *testing.B) {
	bars := works.MadeUp(works.LongSeed, works.LongBars)
	side(b, works.LongBars, "bar", ready(b, works.Rule, bars), works.Long, func() works.Answer { return works.Plain(bars.Open, bars.Close, 20, 60) })
}

// A hundred symbols of the work of many.
func BenchmarkManySymbols(b *testing.B) {
	all, want := make([]history.Bars, 100), works.Answer{}
	for i := range all {
		all[i] = works.MadeUp(works.FirstSeed+uint64(i), works.Bars)
		want.Add(works.Plain(all[i].Open, all[i].Close, 20, 60))
	}
	side(b, len(all)*works.Bars, "bar", ready(b, works.Rule, all...), want, func() (sum works.Answer) {
		for _, bars := range all {
			sum.Add(works.Plain(bars.Open, bars.Close, 20, 60))
		}
		return sum
	})
}

// What a walk repeats costs no allocation, whatever the rule.
func TestAWalkAllocatesNothing(t *testing.T) {
	f := folder(t, "testdata/krx-daily")
	r := shipped(t)[0]
	r.Exits.TrailingStop, r.Exits.MaxHolding = decimal.New(3, -2), 20
	o := options([]*strategy.Strategy{r}, f)
	a, err := o.open(o.Rules)
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.fast(map[*strategy.Strategy]traits{r: {columnar: true}})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() {
		if err := b.walk(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d fills", n, len(b.fills))
	}
}

func TestTheWorksHaveTheirAnswers(t *testing.T) {
	bars := works.MadeUp(works.LongSeed, 100_000)
	w := ready(t, works.Rule, bars)
	fall := answers(t, w, works.Short).Falls[0]
	run, err := Run(*w.accounts[0].o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := decimal.New(int64(math.Round(fall*1e6)), -6).StringFixed(6), run.Runs[0].Metrics.MaxDrawdown.String(); got != want {
		t.Errorf("a drawdown of %s, the metrics have %s", got, want)
	}
}

func TestTheNumberOfProcessorsChangesNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, err := Run(options(shipped(t), folder(t, "testdata/krx-daily")))
	if err != nil {
		t.Fatal(err)
	}
	runtime.GOMAXPROCS(2)
	two, err := Run(options(shipped(t), folder(t, "testdata/krx-daily")))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := hash(t, one), hash(t, two); a != b {
		t.Errorf("one processor gives %s, two give %s", a, b)
	}
}
