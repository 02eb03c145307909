package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"maemae/backtest"
	"maemae/backtest/works"
	"maemae/history"
	"maemae/indicator"
	"maemae/market"
	"maemae/series"
	"maemae/strategy"
)

// benchResult is what a bench hands out.
type benchResult struct {
	Program     buildInfo    `json:"program"`
	Processors  int          `json:"processors"`
	Figures     []benchValue `json:"figures"`
	NotMeasured []string     `json:"not_measured"`
}

// benchValue is one figure. Goals are numbered as in docs/PERFORMANCE.md.
type benchValue struct {
	Goal    string  `json:"goal"`
	What    string  `json:"what"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Must    float64 `json:"must"` // 0 where nothing is demanded
	AtLeast bool    `json:"at_least,omitempty"`
	Met     bool    `json:"met"`
	Beside  string  `json:"beside,omitempty"` // what it is the ratio of, or rests on
}

func (r *benchResult) add(v benchValue) {
	v.Met = v.Must == 0 || v.AtLeast && v.Value >= v.Must || !v.AtLeast && v.Value <= v.Must
	r.Figures = append(r.Figures, v)
}

func benchCommand() *cobra.Command {
	var asJSON bool
	var rounds int
	c := &cobra.Command{
		Use:   "bench",
		Short: "measure backtest, sweep and indicators on this machine",
		Long: `bench makes its own bars, the same everywhere, plays three pieces of work over them and holds each against a plain loop
that does the same work and nothing else, in turn in the same run. Every answer is checked; a wrong one is an error. It
needs no file, key or network, about half a minute, and room for 400 MB of bars in the folder for temporary files.

A time is the processor's, of many runs the quickest. Ratios mean more than times: those move with the machine.
docs/PERFORMANCE.md says what the goals are.`,
		Example: "  maemae bench\n  maemae bench --json --rounds 50",
		RunE: func(c *cobra.Command, _ []string) error {
			if rounds < 1 || rounds > 10_000 {
				return usagef("--rounds %d: want 1 to 10000", rounds)
			}
			r, err := bench(c.Context(), rounds)
			if err != nil {
				return fmt.Errorf("bench: %w", err)
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), r)
			}
			return r.print(c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().IntVar(&rounds, "rounds", 20, "how often each work is done")
	c.AddCommand(benchMakeCommand(), benchPlayCommand())
	return c
}

func bench(ctx context.Context, rounds int) (*benchResult, error) {
	r := &benchResult{Program: build(), Processors: runtime.GOMAXPROCS(0), NotMeasured: []string{
		"P8, indicators value by value: not built, nothing would use them",
		"P9, the arithmetic of money: part of the walk of an account; docs/PERFORMANCE.md has its own benchmark",
		"P11, from start to ready and to the first decision: needs a broker; docs/PERFORMANCE.md measures it at the simulator",
		"P12, the idle daemon: needs five minutes; docs/PERFORMANCE.md measures it at the simulator",
	}}
	// Whole processes first: the peak of a new process counts from the memory of the one that starts it.
	for _, measure := range []func(context.Context, *benchResult, int) error{benchWhole, benchLong, benchMany, benchSweeps, benchIndicators} {
		if err := measure(ctx, r, rounds); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *benchResult) print(w io.Writer) error {
	t := newTable("GOAL", "WHAT", ">MEASURED", "UNIT", ">MUST", "", "BESIDE")
	for _, v := range r.Figures {
		must, met := "", ""
		if v.Must > 0 {
			must, met = "at most ", "met"
			if v.AtLeast {
				must = "at least "
			}
			must += shortNumber(v.Must)
			if !v.Met {
				met = "missed"
			}
		}
		t.add(v.Goal, v.What, shortNumber(v.Value), v.Unit, must, met, v.Beside)
	}
	fmt.Fprintf(w, "maemae %s (%s), %s, %s, %d processors; every answer was right\n\n", r.Program.Version, orDash(r.Program.Revision), r.Program.Go, r.Program.Platform, r.Processors)
	if err := t.print(w); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nnot measured")
	for _, line := range r.NotMeasured {
		if _, err := fmt.Fprintln(w, "  -", line); err != nil {
			return err
		}
	}
	return nil
}

// shortNumber is a figure with three digits or all its whole ones.
func shortNumber(v float64) string {
	if v >= 100 {
		return grouped(decimal.New(int64(math.Round(v)), 0))
	}
	return decimal.New(int64(math.Round(v*100)), -2).String()
}

// processorTime is what this process has used of all processors, the garbage collector's part included.
func processorTime() (time.Duration, error) {
	var u unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// sideBySide does two things in turn, so often, and gives the quickest time of each.
func sideBySide(ctx context.Context, rounds int, ours, theirs func() error) (a, b time.Duration, err error) {
	a, b = math.MaxInt64, math.MaxInt64
	for range rounds {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		for _, x := range []struct {
			work  func() error
			least *time.Duration
		}{{theirs, &b}, {ours, &a}} {
			begin, err := processorTime()
			if err == nil {
				err = x.work()
			}
			end, wrong := processorTime()
			if err := errors.Join(err, wrong); err != nil {
				return 0, 0, err
			}
			*x.least = min(*x.least, end-begin)
		}
	}
	return a, b, nil
}

// benchOptions are those of the works: a fee that is not cut to the won, no tax, no slippage.
func benchOptions(rule string, all ...history.Bars) (o backtest.Options, err error) {
	file, problems := strategy.Load("bench", []byte(rule), strategy.Options{})
	if problems.Fatal() {
		return o, problems
	}
	o = backtest.Options{
		Cash: decimal.NewFromInt(100_000_000), Costs: market.Costs{FeeRate: decimal.New(15, -5)}, CostDigits: 5,
		Calendar: market.KRX(), Rules: file.Strategies,
		Instrument: func(s market.Symbol) market.Instrument {
			return market.Instrument{Symbol: s, Board: market.KOSPI, Kind: market.ETF}
		},
	}
	bars := map[market.Symbol]history.Bars{}
	o.Rules[0].Symbols = nil
	for i, b := range all {
		s := benchSymbol(i)
		bars[s] = b
		o.Rules[0].Symbols = append(o.Rules[0].Symbols, s)
	}
	o.Load = func(s market.Symbol) (history.Bars, error) { return bars[s], nil }
	return o, nil
}

func benchSymbol(i int) market.Symbol { return market.Symbol(fmt.Sprintf("%06d", i)) }

// rightly holds what a work came to against its answer.
func rightly(fills int, equity decimal.Decimal, want works.Answer) error {
	if right := decimal.New(want.Equity, -5); fills != want.Fills || !equity.Equal(right) {
		return fmt.Errorf("%d fills and %s won, right are %d and %s", fills, equity, want.Fills, right)
	}
	return nil
}

func playing(w *backtest.Work, want works.Answer) func() error {
	return func() error {
		p, err := w.Play()
		if err != nil {
			return err
		}
		return rightly(p.Fills, p.Equity, want)
	}
}

// looping does the plain loop over the same bars.
func looping(want works.Answer, all ...history.Bars) func() error {
	return func() error {
		var got works.Answer
		for _, b := range all {
			got.Add(works.Plain(b.Open, b.Close, 20, 60))
		}
		if got != want {
			return fmt.Errorf("the loop came to %v, right is %v", got, want)
		}
		return nil
	}
}

// benchLong is one symbol of a million bars, and the tenth of it.
func benchLong(ctx context.Context, r *benchResult, rounds int) error {
	bars := works.MadeUp(works.LongSeed, works.LongBars)
	perBar := func(b history.Bars, want works.Answer, rounds int) (ours, theirs float64, err error) {
		o, err := benchOptions(works.Rule, b)
		if err != nil {
			return 0, 0, err
		}
		w, err := backtest.Ready(o)
		if err != nil {
			return 0, 0, err
		}
		x, y, err := sideBySide(ctx, rounds, playing(w, want), looping(want, b))
		n := float64(b.Len())
		return float64(x) / n, float64(y) / n, err
	}
	short, _, err := perBar(bars.Between(bars.Dates[0], bars.Dates[works.LongBars/10-1]), works.Short, 5*rounds)
	if err != nil {
		return err
	}
	long, loop, err := perBar(bars, works.Long, rounds)
	if err != nil {
		return err
	}
	r.add(benchValue{Goal: "P1", What: "one symbol, 1,000,000 bars", Value: long / loop, Unit: "x the loop", Must: 3, Beside: fmt.Sprintf("%.1f ns a bar, the loop %.1f", long, loop)})
	r.add(benchValue{Goal: "P13", What: "1,000,000 bars against 100,000", Value: long / short, Unit: "x a bar", Must: 1.15, Beside: fmt.Sprintf("%.1f ns a bar, of 100,000 %.1f", long, short)})
	return nil
}

// benchMany is 2,500 symbols, a hundred in memory at a time.
func benchMany(ctx context.Context, r *benchResult, rounds int) error {
	const some = 100
	var ours, theirs time.Duration
	var all works.Answer
	for first := 0; first < works.Symbols; first += some {
		bars, want := make([]history.Bars, some), works.Answer{}
		for i := range bars {
			bars[i] = works.MadeUp(works.FirstSeed+uint64(first+i), works.Bars)
			want.Add(works.Plain(bars[i].Open, bars[i].Close, 20, 60))
		}
		all.Add(want)
		o, err := benchOptions(works.Rule, bars...)
		if err != nil {
			return err
		}
		w, err := backtest.Ready(o)
		if err != nil {
			return err
		}
		x, y, err := sideBySide(ctx, max(1, rounds/4), playing(w, want), looping(want, bars...))
		if err != nil {
			return err
		}
		ours, theirs = ours+x, theirs+y
	}
	if all != works.Many {
		return fmt.Errorf("many symbols came to %v, right is %v", all, works.Many)
	}
	n := float64(works.Symbols * works.Bars)
	r.add(benchValue{Goal: "P1", What: "2,500 symbols of 2,500 bars, each alone", Value: float64(ours) / float64(theirs), Unit: "x the loop", Beside: fmt.Sprintf("%.1f ns a bar, the loop %.1f", float64(ours)/n, float64(theirs)/n)})
	return nil
}

// benchSweeps is 10,000 pairs of averages, and 10,000 sets of another rule.
func benchSweeps(ctx context.Context, r *benchResult, rounds int) error {
	const sets = 10_000
	bars := works.MadeUp(works.FirstSeed, works.Bars)
	ready := func(rule string, workers int) (*backtest.Work, error) {
		o, err := benchOptions(rule, bars)
		if err != nil {
			return nil, err
		}
		return backtest.ReadySweep(o, workers)
	}
	one, err := ready(works.PairsRule, 1)
	if err != nil {
		return err
	}
	ours, theirs, err := sideBySide(ctx, rounds, playing(one, works.Pairs), func() error {
		if got := works.AllPairs(bars.Open, bars.Close); got != works.Pairs {
			return fmt.Errorf("the loop came to %v, right is %v", got, works.Pairs)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.add(benchValue{Goal: "P5", What: "10,000 pairs of averages, 2,500 bars", Value: sets / ours.Seconds(), Unit: "sets a second and core", Must: 130_000, AtLeast: true})
	r.add(benchValue{Goal: "P5", What: "the same", Value: float64(ours) / float64(theirs), Unit: "x the loop with shared rows", Must: 1.5, Beside: fmt.Sprintf("%.2f us a set, the loop %.2f", ours.Seconds()*1e6/sets, theirs.Seconds()*1e6/sets)})
	if r.Processors > 1 {
		two, err := ready(works.PairsRule, 2)
		if err != nil {
			return err
		}
		a, b, err := wallBeside(ctx, rounds, playing(one, works.Pairs), playing(two, works.Pairs))
		if err != nil {
			return err
		}
		r.add(benchValue{Goal: "P4", What: "the same on two processors", Value: float64(a) / float64(b), Unit: "x as fast as on one", Must: 1.8, AtLeast: true, Beside: fmt.Sprintf("by the clock %.0f ms, on one %.0f; wants a quiet machine", b.Seconds()*1e3, a.Seconds()*1e3)})
	} else {
		r.NotMeasured = append(r.NotMeasured, "P4, two processors against one: there is one")
	}
	mixed, err := ready(works.MixedRule, 1)
	if err != nil {
		return err
	}
	ours, _, err = sideBySide(ctx, max(1, rounds/4), func() error { _, err := mixed.Play(); return err }, func() error { return nil })
	if err != nil {
		return err
	}
	r.add(benchValue{Goal: "P6", What: "10,000 sets of RSI, bands, and, or, a stop", Value: sets / ours.Seconds(), Unit: "sets a second and core", Must: 20_000, AtLeast: true})
	return nil
}

// wallBeside is sideBySide by the clock.
func wallBeside(ctx context.Context, rounds int, first, second func() error) (a, b time.Duration, err error) {
	a, b = math.MaxInt64, math.MaxInt64
	for range rounds {
		begin := time.Now()
		if err := errors.Join(ctx.Err(), first()); err != nil {
			return 0, 0, err
		}
		middle := time.Now()
		if err := second(); err != nil {
			return 0, 0, err
		}
		a, b = min(a, middle.Sub(begin)), min(b, time.Since(middle))
	}
	return a, b, nil
}

// benchIndicators is the six best-known indicators over a million values.
func benchIndicators(ctx context.Context, r *benchResult, rounds int) error {
	bars := works.MadeUp(works.LongSeed, works.LongBars)
	in := indicator.Input{
		Open: series.Of(0, bars.Open), High: series.Of(0, bars.High), Low: series.Of(0, bars.Low),
		Close: series.Of(0, bars.Close), Volume: series.Of(0, bars.Volume),
	}
	for _, x := range []struct {
		id   string
		must float64
	}{{"sma", 2.5}, {"ema", 5}, {"rsi", 7}, {"macd", 9}, {"bollinger", 6}, {"atr", 5}} {
		spec, known := indicator.Lookup(x.id)
		if !known {
			return fmt.Errorf("no indicator %s", x.id)
		}
		given, err := spec.Bind(nil)
		if err != nil {
			return err
		}
		took, _, err := sideBySide(ctx, rounds, func() error { spec.Compute(in, given); return nil }, func() error { return nil })
		if err != nil {
			return err
		}
		r.add(benchValue{Goal: "P7", What: x.id + ", 1,000,000 values", Value: float64(took) / works.LongBars, Unit: "ns a value", Must: x.must})
	}
	return nil
}

// benchWhole measures whole processes of this program, from a store it fills.
func benchWhole(ctx context.Context, r *benchResult, _ int) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "maemae-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if _, err := process(ctx, self, "bench", "make", dir); err != nil {
		return err
	}
	for _, x := range []struct {
		goal, what         string
		seconds, cpu, mega float64
		args               []string
	}{
		{"", "the program alone (version)", 0, 0, 0, []string{"version"}},
		{"P2", "one symbol, 1,000,000 bars, from the store", 0, 0.12, 64, []string{"bench", "play", "long", filepath.Join(dir, "long")}},
		{"P3", "2,500 symbols, each alone, from the store", 0.35, 0.6, 64, []string{"bench", "play", "many", filepath.Join(dir, "many")}},
		{"P5", "a sweep of 10,000 pairs", 0, 0, 32, []string{"sweep", "--strategies", filepath.Join(dir, "pairs.yaml"), "--data", filepath.Join(dir, "pairs"), "--objective", "total_return"}},
	} {
		var least usage
		for i := range 3 {
			u, err := process(ctx, self, x.args...)
			if err != nil {
				return fmt.Errorf("%s: %w", x.what, err)
			}
			if i == 0 {
				least = u
			}
			least = usage{min(least.wall, u.wall), min(least.cpu, u.cpu), min(least.peak, u.peak)}
		}
		r.add(benchValue{Goal: x.goal, What: x.what, Value: float64(least.peak) / (1 << 20), Unit: "MiB, whole process", Must: x.mega})
		if x.goal != "" {
			r.add(benchValue{Goal: x.goal, What: "the same", Value: least.wall.Seconds(), Unit: "s by the clock", Must: x.seconds})
			r.add(benchValue{Goal: x.goal, What: "the same", Value: least.cpu.Seconds(), Unit: "s of processors", Must: x.cpu})
		}
	}
	return nil
}
