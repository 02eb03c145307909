package main

import (
	"errors"
	"fmt"
	"io"
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
  maemae sweep golden-cross --data DIR --walk-forward 500/60 --report out.html`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o, err := f.options(c)
			if err != nil {
				return err
			}
			if o.Rules, err = sweptRule(o.Rules, args); err != nil {
				return err
			}
			if f.report == "" && (f.axes != "" || f.index != "") {
				return usagef("--axes and --index are of the page: --report out.html")
			}
			if f.anchored && f.forward == "" {
				return usagef("--anchored is of --walk-forward")
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
			if err := errors.Join(err, close()); err != nil {
				return f.failed(err)
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
			return printSweep(c.OutOrStdout(), result, o.Lang)
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.strategies, "strategies", "strategies.yaml", "file of rules")
	fs.StringVar(&f.data, "data", "", "folder of CODE.csv files: date,open,high,low,close,volume")
	fs.BoolVar(&f.stored, "history", false, "the bars the daemon has stored, instead of --data")
	fs.StringVar(&f.from, "from", "", "first date that counts (default: as soon as every set has its bars)")
	fs.StringVar(&f.to, "to", "", "last date (default: the last bar)")
	fs.StringVar(&f.cash, "cash", "10000000", "won at the start")
	fs.StringSliceVar(&f.symbols, "symbols", nil, "play the rule on these symbols instead of its own: 005930,000660, or all that have bars")
	fs.BoolVar(&f.asJSON, "json", false, "print JSON")
	fs.StringVar(&f.csv, "csv", "", "file to write every set tried into, with what came of it")
	fs.StringVar(&f.report, "report", "", "file to write a page into: a heat-map, the best sets, and the first as a backtest; or the windows and what they traded")
	fs.StringVar(&f.axes, "axes", "", "with --report: the parameters of the heat-map, as in fast,slow (default: those with the most values)")
	fs.StringVar(&f.lang, "lang", "en", "language of the page, and of the sentences below the table: en or ko")
	fs.StringVar(&f.index, "index", "", "with --report: CSV file or symbol whose closes the run on the page is held against")
	fs.StringVar(&f.resume, "resume", "", "file that keeps finished sets (a folder with --walk-forward): broken off and started again, the sweep goes on from there")
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
func (f *sweepFlags) walkForward(w io.Writer, o backtest.Options) error {
	m := windowsForm.FindStringSubmatch(f.forward)
	if m == nil {
		return hinted(usagef("--walk-forward %q", f.forward), "sessions to pick over and to trade over, as in 500/60")
	}
	if f.csv != "" || f.axes != "" {
		return usagef("--csv and --axes are of one sweep, not of --walk-forward")
	}
	with := backtest.WalkForwardOptions{SweepOptions: f.with, Anchored: f.anchored}
	with.In, _ = strconv.Atoi(m[1])
	with.Out, _ = strconv.Atoi(m[2])
	var err error
	if with.Files, err = f.windowFiles(); err != nil {
		return err
	}
	with.Key = f.with.Key
	r, err := backtest.WalkForward(o, with)
	if err != nil {
		return f.failed(err)
	}
	if f.report != "" {
		if err := f.forwardPage(r, o); err != nil {
			return err
		}
	}
	if f.asJSON {
		return printJSON(w, r)
	}
	fmt.Fprintf(w, "%s, %s\n\n", r.Run.Strategy, pickedBy(o.Lang, r))
	heads, rows := windows(r)
	if err := printTable(w, 2, heads, rows); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nall sessions that were not seen, joined")
	return printResult(w, reports.Result{Version: r.Version, Assumptions: r.Assumptions, Runs: []reports.Run{r.Run}}, o.Lang)
}

// failed says what a person can do where bars or sets are of something else.
func (f sweepFlags) failed(err error) error {
	if errors.Is(err, backtest.ErrOtherSweep) {
		return hinted(err, "name another, or remove "+f.resume)
	}
	return f.missing(err)
}

// printTable prints a table whose first columns are texts and whose others are numbers, under headings in capitals.
func printTable(w io.Writer, texts int, heads []string, rows [][]string) error {
	heads = slices.Clone(heads)
	for i, h := range heads {
		if !strings.HasPrefix(h, "$") {
			h = strings.ToUpper(h)
		}
		if i >= texts {
			h = ">" + h
		}
		heads[i] = h
	}
	t := newTable(heads...)
	for _, row := range rows {
		t.add(row...)
	}
	return t.print(w)
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
func printSweep(w io.Writer, r backtest.SweepResult, lang string) error {
	over := string(r.Symbols[0])
	if n := len(r.Symbols); n > 1 {
		over = fmt.Sprintf("%d symbols", n)
	}
	fmt.Fprintf(w, "%s over %s from %s to %s, the best by %s\n\n", r.Strategy, over, r.From, r.To, strings.Join(append([]string{r.Objective}, r.Limits...), ", "))
	if heads, rows := bestSets(r); len(rows) == 0 {
		fmt.Fprintln(w, "no set is ranked")
	} else if err := printTable(w, 0, heads, rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s\n", tries(lang, r))
	if lines := luck(lang, r); len(lines) > 0 {
		fmt.Fprintf(w, "\n%s\n  - %s\n", inTongue(lang, "luck", "운"), strings.Join(lines, "\n  - "))
	}
	fmt.Fprintln(w)
	return printAssumptions(w, r.Assumptions, lang)
}
