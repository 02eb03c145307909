package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/backtest"
	"maemae/history"
	"maemae/market"
	reports "maemae/report"
	"maemae/strategy"
)

// backtestFlags is what a person may turn.
type backtestFlags struct {
	strategies, data, from, to, cash, fee, volumeCap, exitsEvery, csv, report, lang, index string
	symbols                                                                                []string
	stored, together, each, asJSON                                                         bool
	slippage                                                                               int
}

func backtestCommand() *cobra.Command {
	var f backtestFlags
	c := &cobra.Command{
		Use:   "backtest [--strategies FILE] [--data DIR | --history]",
		Short: "run the rules over stored daily bars and add up what they would have made",
		Long: `backtest plays every rule of a strategy file over daily bars, each with its own cash (or all with the same, --together),
exact to the won, and prints what came of it and every assumption it rests on. docs/BACKTEST.md says how orders fill
and how each number is computed.`,
		Example: `  maemae backtest --data cmd/maemae/testdata/krx-daily
  maemae backtest --data cmd/maemae/testdata/krx-daily --from 2024-06-01 --cash 50,000,000 --json
  maemae backtest --data cmd/maemae/testdata/krx-daily --symbols all --each`,
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.options(c)
			if err != nil {
				return err
			}
			if f.each {
				return f.playEach(c.OutOrStdout(), o)
			}
			result, err := backtest.Run(o)
			if err != nil {
				return f.missing(err)
			}
			if err := f.against(result.Runs, o); err != nil {
				return err
			}
			if f.csv != "" {
				if err := writeRunsCSV(f.csv, result.Runs); err != nil {
					return err
				}
			}
			if f.report != "" {
				if err := writeReport(f.report, result, o, reports.PageOptions{Lang: f.lang}); err != nil {
					return err
				}
			}
			if f.asJSON {
				return printJSON(c.OutOrStdout(), result)
			}
			return printResult(c.OutOrStdout(), result, f.lang)
		},
	}
	fs := c.Flags()
	fs.StringVar(&f.strategies, "strategies", "strategies.yaml", "file of rules")
	fs.StringVar(&f.data, "data", "", "folder of CODE.csv files: date,open,high,low,close,volume")
	fs.BoolVar(&f.stored, "history", false, "the bars the daemon has stored, instead of --data")
	fs.StringVar(&f.from, "from", "", "first date that counts (default: as soon as the rules have their bars)")
	fs.StringVar(&f.to, "to", "", "last date (default: the last bar)")
	fs.StringVar(&f.cash, "cash", "10000000", "won at the start")
	fs.StringSliceVar(&f.symbols, "symbols", nil, "play the rules on these symbols instead of their own: 005930,000660, or all that have bars")
	fs.BoolVar(&f.together, "together", false, "all rules share the cash")
	fs.BoolVar(&f.each, "each", false, "every symbol of a rule is an account of its own, with all the cash: on which does the rule work?")
	fs.BoolVar(&f.asJSON, "json", false, "print JSON")
	fs.StringVar(&f.csv, "csv", "", "folder to write NAME.trades.csv and NAME.equity.csv into, or NAME.symbols.csv with --each")
	fs.StringVar(&f.index, "index", "", "CSV file or symbol whose closes the runs are held against, such as 069500")
	fs.StringVar(&f.report, "report", "", "file to write a page into that opens without a network: out.html")
	fs.StringVar(&f.lang, "lang", "en", "language of the page, and of the sentences below the table: en or ko")
	fs.StringVar(&f.fee, "fee", market.DefaultCosts().FeeRate.Shift(2).String()+"%", "the broker's fee on both sides: 0.015% or 0.00015")
	fs.IntVar(&f.slippage, "slippage", 1, "ticks by which a market order trades worse")
	fs.StringVar(&f.volumeCap, "volume-cap", "10%", "the part of a bar's volume that one fill may take; 0 for all of it")
	fs.StringVar(&f.exitsEvery, "exits-every", "1m", "1m: exits fire inside the bar; slot: only in the rule's own slots")
	return c
}

// options turns the flags into what a backtest needs.
func (f backtestFlags) options(c *cobra.Command) (o backtest.Options, err error) {
	o = backtest.Options{Together: f.together, Slippage: f.slippage, Calendar: market.KRX()}
	rules, problems := loadRules(f.strategies)
	if rules == nil {
		return o, problems
	}
	for _, p := range problems {
		fmt.Fprintln(c.ErrOrStderr(), p)
	}
	o.Rules = rules.Strategies
	if f.lang != "en" && f.lang != "ko" {
		return o, usagef("--lang %q: want en or ko", f.lang)
	}
	o.Lang = f.lang
	if o.Cash, err = parseWon(f.cash); err != nil {
		return o, usagef("--cash: %w", err)
	}
	if o.From, err = parseDateFlag("from", f.from); err != nil {
		return o, err
	}
	if o.To, err = parseDateFlag("to", f.to); err != nil {
		return o, err
	}
	if o.Costs.FeeRate, err = parsePart("fee", f.fee); err != nil {
		return o, err
	}
	share, err := parsePart("volume-cap", strings.TrimSuffix(f.volumeCap, "%")+"%")
	if err != nil {
		return o, err
	}
	if o.VolumeCap = share.Shift(2).IntPart(); !share.Shift(2).IsInteger() {
		return o, usagef("--volume-cap %s: want whole percent", f.volumeCap)
	}
	switch f.exitsEvery {
	case "1m":
	case "slot":
		o.ExitsAtSlots = true
	default:
		return o, usagef("--exits-every %q: want 1m or slot", f.exitsEvery)
	}
	if err := f.bars(c, &o); err != nil {
		return o, err
	}
	o.Progress = progress(c.ErrOrStderr())
	return o, nil
}

// against holds the runs against the index that the flags name.
func (f backtestFlags) against(runs []reports.Run, o backtest.Options) error {
	if f.index == "" {
		return nil
	}
	name, bars, err := f.series(o)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	for i, r := range runs {
		if runs[i].Index = reports.Against(r, name, bars); runs[i].Index == nil {
			return fmt.Errorf("index: %s has no close from %s to %s", name, r.From, r.To)
		}
	}
	return nil
}

// series is the index: a file where there is one of that name, or else a symbol among the bars.
func (f backtestFlags) series(o backtest.Options) (name string, list []market.Bar, err error) {
	var bars history.Bars
	file, err := os.Open(f.index)
	switch {
	case err == nil:
		defer file.Close()
		name = strings.TrimSuffix(filepath.Base(f.index), ".csv")
		bars, err = history.ReadCSV(f.index, file)
	case errors.Is(err, fs.ErrNotExist):
		symbol, bad := market.ParseSymbol(f.index)
		if bad != nil {
			return "", nil, hinted(err, "--index FILE.csv, or a symbol such as 069500")
		}
		name = strings.TrimSpace(o.Instrument(symbol).Name + " " + string(symbol))
		if bars, err = o.Load(symbol); err != nil {
			err = f.missing(err)
		}
	}
	if err != nil {
		return "", nil, err
	}
	list = make([]market.Bar, bars.Len())
	for i := range list {
		list[i] = bars.At(i)
	}
	return name, list, nil
}

// bars chooses where the bars come from.
func (f backtestFlags) bars(c *cobra.Command, o *backtest.Options) error {
	switch {
	case f.stored == (f.data != ""):
		return hinted(usagef("say where the bars are"), "--data DIR, or --history")
	case f.data != "":
		folder, err := history.ReadFolder(f.data)
		if err != nil && hintOf(err) == "" {
			err = hinted(err, "--data names a folder of files called SYMBOL.csv, such as 005930.csv")
		}
		if err != nil {
			return err
		}
		o.Load, o.Instrument = folder.Load, folder.Instrument
		return f.onto(o.Rules, func() ([]market.Symbol, error) { return folder.Symbols(), nil })
	}
	cfg, keys, err := loadSetup(c)
	if err != nil {
		return err
	}
	if o.Calendar, err = calendar(cfg); err != nil {
		return err
	}
	store, err := history.Open(filepath.Join(cfg.stateDir(alias(keys.Account)), "history"), o.Calendar)
	if err != nil {
		return err
	}
	o.Load, o.Done, o.Instrument = store.Load, store.Reuse, market.Known
	return f.onto(o.Rules, func() (all []market.Symbol, err error) {
		list, err := store.List()
		for _, e := range list {
			all = append(all, e.Symbol)
		}
		return all, err
	})
}

// onto gives the rules the symbols that the flags name in the place of their own.
func (f backtestFlags) onto(rules []*strategy.Strategy, all func() ([]market.Symbol, error)) error {
	if len(f.symbols) == 0 {
		return nil
	}
	var list []market.Symbol
	for _, text := range f.symbols {
		s, err := market.ParseSymbol(strings.TrimSpace(text))
		switch {
		case text == "all" && len(f.symbols) == 1:
			if list, err = all(); err != nil {
				return err
			}
			if len(list) == 0 {
				return hinted(errors.New("no symbol has bars"), "maemae history pull or history import brings them")
			}
		case err != nil:
			return hinted(usagef("--symbols: %w", err), "codes with commas between them, or the word all")
		case !slices.Contains(list, s):
			list = append(list, s)
		}
	}
	for _, r := range rules {
		r.Symbols = list
	}
	return nil
}

// missing says of a symbol without bars where they are looked for.
func (f backtestFlags) missing(err error) error {
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case f.stored:
		return hinted(err, "maemae history pull or history import brings its bars")
	}
	return hinted(err, "its bars go into "+f.data)
}

func parseDateFlag(name, text string) (market.Date, error) {
	if text == "" {
		return 0, nil
	}
	d, err := market.ParseDate(text)
	if err != nil {
		return 0, usagef("--%s: %w", name, err)
	}
	return d, nil
}

// parsePart reads a part of one: 0.015% or 0.00015.
func parsePart(name, text string) (decimal.Decimal, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	d, err := decimal.NewFromString(strings.TrimSpace(number))
	if percent {
		d = d.Shift(-2)
	}
	if err != nil || len(text) > 20 || d.Sign() < 0 || d.GreaterThan(decimal.NewFromInt(1)) || d.Exponent() < -12 {
		return d, usagef("--%s %q: want a part between 0%% and 100%%", name, text)
	}
	return d, nil
}

// progress tells a person at a terminal how far a long run is; nil elsewhere.
func progress(w io.Writer) func(done, all int) { return progressOf("strategies", w) }

func progressOf(things string, w io.Writer) func(done, all int) {
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func(done, all int) {
		if all < 2 {
			return
		}
		fmt.Fprintf(w, "\r%d of %d %s", done, all, things)
		if done == all {
			fmt.Fprint(w, "\r\x1b[K")
		}
	}
}

// printResult is the table a person reads, then what it rests on.
func printResult(w io.Writer, r reports.Result, lang string) error {
	t := newTable("STRATEGY", "SYMBOLS", "FROM", "TO", ">FINAL EQUITY", ">RETURN", ">A YEAR", ">DRAWDOWN", ">SHARPE", ">FILLS", ">WIN RATE", ">COSTS")
	for _, x := range r.Runs {
		m := x.Metrics
		t.add(x.Strategy, fmt.Sprint(len(x.Symbols)), x.From.String(), x.To.String(), grouped(x.FinalEquity), inPercent(m.TotalReturn), inPercent(m.AnnualReturn),
			inPercent(m.MaxDrawdown), shortRatio(m.Sharpe), fmt.Sprint(m.Trades), inPercent(m.WinRate), grouped(m.Costs))
		if i := x.Index; i != nil {
			t.add("  "+i.Name, "", i.From.String(), x.To.String(), "", inPercent(i.TotalReturn), inPercent(i.AnnualReturn), inPercent(i.MaxDrawdown), shortRatio(i.Sharpe), "", "", "")
		}
	}
	if err := t.print(w); err != nil {
		return err
	}
	fmt.Fprintln(w)
	return printAssumptions(w, r.Assumptions, lang)
}

func printAssumptions(w io.Writer, list []string, lang string) error {
	fmt.Fprintln(w, inTongue(lang, "assumptions", "가정"))
	for _, a := range list {
		if _, err := fmt.Fprintln(w, "  -", a); err != nil {
			return err
		}
	}
	return nil
}

func inPercent(r reports.Ratio) string {
	if !r.Defined {
		return "–"
	}
	return r.Value.Shift(2).StringFixed(2) + "%"
}

func shortRatio(r reports.Ratio) string {
	if !r.Defined {
		return "–"
	}
	return r.Value.StringFixed(2)
}

// writeRunsCSV writes the fills and the curve of each run.
func writeRunsCSV(dir string, runs []reports.Run) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, r := range runs {
		name := filepath.Join(dir, strings.ReplaceAll(r.Strategy, " + ", "+"))
		if err := writeCSV(name+".trades.csv", r.WriteTrades); err != nil {
			return err
		}
		if err := writeCSV(name+".equity.csv", r.WriteEquity); err != nil {
			return err
		}
	}
	return nil
}

func writeCSV(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
