package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/backtest"
	"maemae/market"
	reports "maemae/report"
	"maemae/strategy"
)

// sweepFlags is what a person may turn, beyond the flags of a backtest.
type sweepFlags struct {
	backtestFlags
	limits   []string
	with     backtest.SweepOptions
	forward  string
	anchored bool
	resume   string
	axes     string
}

func sweepCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "sweep [STRATEGY] [--strategies FILE] [--data DIR | --history]",
		Short: "try many values of a rule's parameters, and say how much of the best is luck",
		Long: `sweep backtests one rule with every set of values that its parameters allow and ranks what came of them.

A parameter that is to vary says so in the strategy file:

  params: {fast: {default: 5, min: 2, max: 50, step: 1}, slow: {default: 20, min: 10, max: 200, step: 10}}

All sets are counted over the same sessions. The result is the same for any number of workers. Of many sets one is
always good by luck: read what stands below the table before believing its first line. docs/SWEEP.md says more.

Metrics that --objective and --limit know: ` + strings.Join(backtest.SweepMetrics(), " ") + ".",
		Example: `  maemae sweep golden-cross --data DIR
  maemae sweep golden-cross --data DIR --objective total_return --limit "max_drawdown <= 20%" --limit "trades >= 30"
  maemae sweep golden-cross --data DIR --resume sets.txt --report out.html --axes fast,slow
  maemae sweep golden-cross --data DIR --random 500 --seed 7 --top 20 --json
  maemae sweep golden-cross --data DIR --walk-forward 500/60`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o, err := f.options(c)
			if err != nil {
				return err
			}
			if o.Rules, err = sweptRule(o.Rules, args); err != nil {
				return err
			}
			o.Progress = f.progress(c.ErrOrStderr())
			for _, text := range f.limits {
				l, err := parseLimit(text)
				if err != nil {
					return err
				}
				f.with.Limits = append(f.with.Limits, l)
			}
			if f.forward != "" {
				return f.walkForward(c.OutOrStdout(), o)
			}
			close, err := f.keep()
			if err != nil {
				return err
			}
			result, err := backtest.Sweep(o, f.with)
			if err := errors.Join(err, close()); errors.Is(err, backtest.ErrOtherSweep) {
				return hinted(err, "name another file, or remove "+f.resume)
			} else if err != nil {
				return f.missing(err)
			}
			if f.report != "" {
				if err := f.page(result, o); err != nil {
					return err
				}
			}
			if f.csv != "" {
				if err := writeCSV(f.csv, result.WriteSets); err != nil {
					return err
				}
			}
			if f.asJSON {
				return printJSON(c.OutOrStdout(), result)
			}
			return printSweep(c.OutOrStdout(), result)
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.strategies, "strategies", "strategies.yaml", "file of rules")
	fs.StringVar(&f.data, "data", "", "folder of CODE.csv files: date,open,high,low,close,volume")
	fs.BoolVar(&f.stored, "history", false, "the bars the daemon has stored, instead of --data")
	fs.StringVar(&f.from, "from", "", "first date that counts (default: as soon as every set has its bars)")
	fs.StringVar(&f.to, "to", "", "last date (default: the last bar)")
	fs.StringVar(&f.cash, "cash", "10000000", "won at the start")
	fs.BoolVar(&f.asJSON, "json", false, "print JSON")
	fs.StringVar(&f.csv, "csv", "", "file to write every set tried into, with what came of it")
	fs.StringVar(&f.report, "report", "", "file to write a page into: a heat-map, the best sets, and the first as a backtest")
	fs.StringVar(&f.axes, "axes", "", "with --report: the parameters of the heat-map, as in fast,slow (default: those with the most values)")
	fs.StringVar(&f.lang, "lang", "en", "language of the page: en or ko")
	fs.StringVar(&f.index, "index", "", "with --report: CSV file or symbol whose closes the first set is held against")
	fs.StringVar(&f.resume, "resume", "", "file that keeps finished sets: broken off and started again, the sweep goes on from there")
	fs.StringVar(&f.fee, "fee", market.DefaultCosts().FeeRate.Shift(2).String()+"%", "the broker's fee on both sides: 0.015% or 0.00015")
	fs.IntVar(&f.slippage, "slippage", 1, "ticks by which a market order trades worse")
	fs.StringVar(&f.volumeCap, "volume-cap", "10%", "the part of a bar's volume that one fill may take; 0 for all of it")
	fs.StringVar(&f.exitsEvery, "exits-every", "1m", "1m: exits fire inside the bar; slot: only in the rule's own slots")
	fs.StringVar(&f.with.Objective, "objective", "sharpe", "the metric that ranks")
	fs.StringArrayVar(&f.limits, "limit", nil, "what a set must keep, such as \"max_drawdown <= 20%\"; may be repeated")
	fs.IntVar(&f.with.Random, "random", 0, "so many sets drawn at random, instead of all")
	fs.Uint64Var(&f.with.Seed, "seed", 1, "of everything drawn at random")
	fs.IntVar(&f.with.Keep, "top", 10, "how many of the best are told")
	fs.IntVar(&f.with.Workers, "workers", 0, "how many work at once (default: one for each processor); changes nothing but the time")
	fs.StringVar(&f.forward, "walk-forward", "", "IN/OUT: pick over IN sessions, trade over the next OUT, and so on")
	fs.BoolVar(&f.anchored, "anchored", false, "with --walk-forward: pick over all sessions so far")
	return c
}

// walkForward repeats the sweep through time.
func (f sweepFlags) walkForward(w io.Writer, o backtest.Options) error {
	m := windowsForm.FindStringSubmatch(f.forward)
	if m == nil {
		return hinted(usagef("--walk-forward %q", f.forward), "sessions to pick over and to trade over, as in 500/60")
	}
	if f.csv != "" || f.report != "" || f.resume != "" {
		return usagef("--csv, --report and --resume are of one sweep, not of --walk-forward")
	}
	with := backtest.WalkForwardOptions{SweepOptions: f.with, Anchored: f.anchored}
	with.In, _ = strconv.Atoi(m[1])
	with.Out, _ = strconv.Atoi(m[2])
	r, err := backtest.WalkForward(o, with)
	if err != nil {
		return f.missing(err)
	}
	if f.asJSON {
		return printJSON(w, r)
	}
	t := newTable("PICKED OVER", "TRADED OVER", "PARAMETERS", ">BEFORE", ">AFTER", ">RETURN")
	for _, x := range r.Windows {
		set := "none: beyond a limit"
		if x.Params != nil {
			var list []string
			for _, name := range slices.Sorted(maps.Keys(x.Params)) {
				list = append(list, "$"+name+" "+x.Params[name].String())
			}
			set = strings.Join(list, "  ")
		}
		t.add(x.PickFrom.String()+" – "+x.PickTo.String(), x.TradeFrom.String()+" – "+x.TradeTo.String(), set, x.Before.String(), x.After.String(), inPercent(x.Return))
	}
	fmt.Fprintf(w, "%s, picked by %s; before is in the sessions of the pick, after in those that were not seen\n\n", r.Run.Strategy, strings.Join(append([]string{r.Objective}, r.Limits...), ", "))
	if err := t.print(w); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nall sessions that were not seen, joined")
	return printResult(w, reports.Result{Version: r.Version, Assumptions: r.Assumptions, Runs: []reports.Run{r.Run}})
}

// windowsForm is two numbers of sessions.
var windowsForm = regexp.MustCompile(`^([1-9][0-9]{0,5})/([1-9][0-9]{0,5})$`)

// sweptRule is the rule of that name, or else the only one with a range.
func sweptRule(rules []*strategy.Strategy, args []string) ([]*strategy.Strategy, error) {
	var names []string
	var ranged []*strategy.Strategy
	for _, r := range rules {
		names = append(names, r.Name)
		if len(args) > 0 && r.Name == args[0] {
			return []*strategy.Strategy{r}, nil
		}
		if slices.ContainsFunc(r.Params(), func(p strategy.Param) bool { return p.Step.Sign() > 0 }) {
			ranged = append(ranged, r)
		}
	}
	switch {
	case len(args) > 0:
		return nil, hinted(usagef("no strategy %q", args[0]), strategy.Suggest(args[0], names))
	case len(ranged) == 1:
		return ranged, nil
	case len(ranged) == 0:
		return nil, hinted(usagef("no strategy has a parameter with a range"), "params: {fast: {default: 5, min: 2, max: 50, step: 1}}")
	}
	return nil, hinted(usagef("several strategies have parameters with a range"), "maemae sweep "+ranged[0].Name)
}

var limitForm = regexp.MustCompile(`^\s*([a-z_]+)\s*(<=|>=)\s*(-?[0-9]+(?:\.[0-9]+)?)(%?)\s*$`)

// parseLimit reads a limit such as max_drawdown <= 20%.
func parseLimit(text string) (l backtest.SweepLimit, err error) {
	m := limitForm.FindStringSubmatch(text)
	if m == nil || len(text) > 60 {
		return l, hinted(usagef("--limit %q", text), `as in "max_drawdown <= 20%" or "trades >= 30"`)
	}
	l.Metric, l.AtLeast = m[1], m[2] == ">="
	if l.Bound, err = decimal.NewFromString(m[3]); err != nil {
		return l, usagef("--limit %q: %w", text, err)
	}
	if m[4] != "" {
		l.Bound = l.Bound.Shift(-2)
	}
	return l, nil
}

// printSweep is the table a person reads, then what it rests on.
func printSweep(w io.Writer, r backtest.SweepResult) error {
	heads, rows := bestSets(r)
	for i, h := range heads {
		heads[i] = ">" + h
	}
	t := newTable(heads...)
	for _, row := range rows {
		t.add(row...)
	}
	fmt.Fprintf(w, "%s over %d symbols from %s to %s, the best by %s\n\n", r.Strategy, len(r.Symbols), r.From, r.To, strings.Join(append([]string{r.Objective}, r.Limits...), ", "))
	if err := t.print(w); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s\n", tries(r))
	if lines := luck(r); len(lines) > 0 {
		fmt.Fprintf(w, "\nluck\n  - %s\n", strings.Join(lines, "\n  - "))
	}
	fmt.Fprintln(w, "\nassumptions")
	for _, a := range r.Assumptions {
		if _, err := fmt.Fprintln(w, "  -", a); err != nil {
			return err
		}
	}
	return nil
}

// luck says what the first line may owe to chance, a sentence each.
func luck(r backtest.SweepResult) (lines []string) {
	if len(r.Best) == 0 {
		return nil
	}
	l := r.Luck
	if l.DeflatedSharpe.Defined {
		lines = append(lines, fmt.Sprintf("the best of %d sets without any merit would show a sharpe of about %s; the first shows %s", l.Sets, shortRatio(l.ExpectedSharpe), shortRatio(r.Best[0].Metrics.Sharpe)),
			fmt.Sprintf("after so many tries the true sharpe of the first is above zero with a probability of %s (deflated sharpe; 95%% is the usual bar)", inPercent(l.DeflatedSharpe)))
	}
	if x := l.Random; x != nil {
		lines = append(lines, fmt.Sprintf("of %d rules with the first one's signals on other days, %d were as good; their median %s is %s, one in twenty has %s or better", x.Rules, x.AsGood, r.Objective, x.Median, x.Top5))
	}
	return lines
}
