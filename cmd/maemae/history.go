package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"maemae/broker/kis"
	"maemae/history"
	"maemae/market"
)

func historyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "history",
		Short: "the stored bars: pull from KIS, import, list, check, export",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(historyPull(), historyImport(), historyList(), historyCheck(), historyExport())
	for _, sub := range c.Commands() {
		strictArgs(sub)
	}
	return c
}

// store opens the bars of the state directory that flags and configuration name.
func (p place) store() (*history.Store, *market.Calendar, error) {
	cal, err := calendar(p.cfg)
	if err != nil {
		return nil, nil, err
	}
	s, err := history.Open(filepath.Join(p.state, "history"), cal)
	return s, cal, err
}

// symbolsOf are the symbols a person named, or else all that are stored.
func symbolsOf(args []string, s *history.Store) ([]market.Symbol, error) {
	var out []market.Symbol
	for _, text := range args {
		symbol, err := market.ParseSymbol(text)
		if err != nil {
			return nil, usageError{err}
		}
		out = append(out, symbol)
	}
	if len(args) > 0 {
		return out, nil
	}
	list, err := s.List()
	for _, e := range list {
		out = append(out, e.Symbol)
	}
	return out, err
}

func historyList() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "ls",
		Short:   "what is stored, and where each stretch of it came from",
		Example: "  maemae history ls --json",
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			s, _, err := p.store()
			if err != nil {
				return err
			}
			list, err := s.List()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), list)
			}
			t := newTable("symbol", "name", "from", "to", ">bars", "prices", "from where")
			for _, e := range list {
				prices, sources := "adjusted", []string{}
				if e.Raw {
					prices = "raw"
				}
				for _, x := range e.Stretches {
					sources = append(sources, x.Source)
				}
				t.add(string(e.Symbol), market.Known(e.Symbol).Name, e.From.String(), e.To.String(), groupedInt(int64(e.Bars)), prices, strings.Join(sources, ", "))
			}
			return t.print(c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

func historyImport() *cobra.Command {
	var raw, replace bool
	c := &cobra.Command{
		Use:   "import FILE|FOLDER…",
		Short: "store bars from CSV files named SYMBOL.csv",
		Long: `import reads date,open,high,low,close,volume, or a download from KRX (Korean headings, EUC-KR, thousands separators,
newest first). Bars that disagree with stored ones are refused, not mixed: --replace puts the file in their place.`,
		Example: "  maemae history import krx-daily/ --state /var/lib/maemae",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			if err := privateDir(p.state); err != nil {
				return err
			}
			s, cal, err := p.store()
			if err != nil {
				return err
			}
			return importFiles(c.OutOrStdout(), s, cal, args, raw, replace)
		},
	}
	c.Flags().BoolVar(&raw, "raw", false, "the prices are as traded, not adjusted for splits and rights")
	c.Flags().BoolVar(&replace, "replace", false, "put the files in the place of what is stored of their symbols")
	return stateFlag(c)
}

// importFiles stores every file; what is wrong with one does not keep the others out.
func importFiles(w io.Writer, s *history.Store, cal *market.Calendar, paths []string, raw, replace bool) error {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		folder, err := history.ReadFolder(path)
		if err != nil {
			return err
		}
		for _, symbol := range folder.Symbols() {
			files = append(files, filepath.Join(path, string(symbol)+".csv"))
		}
	}
	var failed []error
	for _, path := range files {
		change, b, err := importFile(s, path, raw, replace)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		fmt.Fprintf(w, "%s  %d bars, %d new, %d corrected\n", strings.TrimSpace(string(b.Symbol)+" "+market.Known(b.Symbol).Name), b.Len(), change.Added, change.Corrected)
		if missing, first := gaps(b, cal); missing > 0 {
			fmt.Fprintf(w, "  no bar on %d sessions between them, the first %s: maemae history check %s\n", missing, first, b.Symbol)
		}
	}
	return errors.Join(failed...)
}

// gaps counts the sessions of the exchange that have no bar between others.
func gaps(b history.Bars, cal *market.Calendar) (sessions int, first market.Date) {
	for _, f := range history.Inspect(b, cal, market.Known(b.Symbol)) {
		if f.Doubt != history.Gap {
			continue
		}
		if sessions == 0 {
			first = f.From
		}
		sessions += f.Sessions
	}
	return sessions, first
}

func importFile(s *history.Store, path string, raw, replace bool) (history.Change, history.Bars, error) {
	f, err := os.Open(path)
	if err != nil {
		return history.Change{}, history.Bars{}, err
	}
	defer f.Close()
	b, err := history.ReadCSV(path, f)
	if err != nil {
		return history.Change{}, b, err
	}
	if b.Symbol == "" {
		return history.Change{}, b, hinted(fmt.Errorf("%s: whose bars are these?", path), "name the file SYMBOL.csv, such as 005930.csv")
	}
	b.Raw = raw
	source := history.Source{Name: "csv " + filepath.Base(path), At: time.Now()}
	if replace {
		change, err := s.Replace(b, source)
		return change, b, err
	}
	change, err := s.Merge(b, source)
	var rebased *history.RebasedError
	if errors.As(err, &rebased) {
		err = hinted(err, "split or rights issue? --replace takes the file's prices")
	}
	return change, b, err
}

func historyExport() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:     "export [SYMBOL…] --dir DIR",
		Short:   "write stored bars as CSV files",
		Example: "  maemae history export 005930 --dir out",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return eachStored(c, args, func(_ *market.Calendar, b history.Bars) error {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					return err
				}
				path := filepath.Join(dir, string(b.Symbol)+".csv")
				f, err := os.Create(path)
				if err != nil {
					return err
				}
				if err := errors.Join(history.WriteCSV(f, b), f.Close()); err != nil {
					return fmt.Errorf("write %s: %w", path, err)
				}
				fmt.Fprintf(c.OutOrStdout(), "wrote %s (%d bars)\n", path, b.Len())
				return nil
			})
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "folder to write into")
	return stateFlag(c)
}

// StoredDoubt is what history check found of a symbol.
type StoredDoubt struct {
	Symbol market.Symbol `json:"symbol"`
	history.Finding
}

func historyCheck() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [SYMBOL…]",
		Short: "hold stored bars against the calendar, ticks and price limits",
		Long: `check names gaps, bars on closed days and halted sessions; of raw prices also those off the tick or outside the day's
limits, which is where a split shows. It changes nothing; exit 1 when there are gaps or bars that no session can have made.`,
		Example: "  maemae history check 005930",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			bad, all := 0, []StoredDoubt{}
			err := eachStored(c, args, func(cal *market.Calendar, b history.Bars) error {
				for _, f := range history.Inspect(b, cal, market.Known(b.Symbol)) {
					if all = append(all, StoredDoubt{b.Symbol, f}); f.Doubt != history.Halted {
						bad++
					}
					if !asJSON {
						fmt.Fprintf(c.OutOrStdout(), "%s  %s … %s  %-7s %d sessions: %s\n", b.Symbol, f.From, f.To, f.Doubt, f.Sessions, f.Text)
					}
				}
				return nil
			})
			if err == nil && asJSON {
				err = printJSON(c.OutOrStdout(), all)
			}
			if err != nil {
				return err
			}
			if bad > 0 {
				return fmt.Errorf("%d findings besides halted sessions", bad)
			}
			if !asJSON {
				fmt.Fprintln(c.OutOrStdout(), "nothing is missing")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

// eachStored hands one symbol's bars after the other to do.
func eachStored(c *cobra.Command, args []string, do func(*market.Calendar, history.Bars) error) error {
	p, err := findPlace(c)
	if err != nil {
		return err
	}
	s, cal, err := p.store()
	if err != nil {
		return err
	}
	symbols, err := symbolsOf(args, s)
	if err != nil {
		return err
	}
	for _, symbol := range symbols {
		b, err := s.Load(symbol)
		if errors.Is(err, fs.ErrNotExist) {
			return hinted(fmt.Errorf("no bars of %s are stored", symbol), "maemae history pull "+string(symbol)+", or import")
		}
		if err != nil {
			return err
		}
		if err := do(cal, b); err != nil {
			return err
		}
	}
	return nil
}

func historyPull() *cobra.Command {
	var from, clock string
	c := &cobra.Command{
		Use:   "pull [SYMBOL…] [--from DATE]",
		Short: "fetch daily bars from KIS, within its rate limit",
		Long: `pull fetches adjusted daily bars of the symbols (default: those of the strategy file), a year at a time, and stores each
year as it comes: broken off, it goes on where it stopped. A symbol whose past was re-based since is fetched anew.`,
		Example: "  maemae history pull 005930 000660 --from 2015-01-02",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			cfg, keys, err := loadSetup(c)
			if err != nil {
				return err
			}
			start, err := market.ParseDate(from)
			if err != nil {
				return usageError{err}
			}
			wall, err := chooseClock(c.Context(), clock, cfg)
			if err != nil {
				return err
			}
			client, err := newKIS(cfg, keys, parts{clock: wall})
			if err != nil {
				return err
			}
			defer client.Close()
			p := place{cfg: cfg, state: cfg.stateDir(alias(keys.Account))}
			store, _, err := p.store()
			if err != nil {
				return err
			}
			symbols, err := pullSymbols(args, cfg, store)
			if err != nil {
				return err
			}
			return pullAll(c.Context(), c.ErrOrStderr(), puller{client, store, wall.Now}, symbols, start)
		},
	}
	c.Flags().StringVar(&from, "from", "2015-01-02", "first date")
	c.Flags().StringVar(&clock, "clock", "wall", "wall, or sim: the simulator's own clock")
	return c
}

func pullSymbols(args []string, cfg Config, s *history.Store) ([]market.Symbol, error) {
	if len(args) > 0 {
		return symbolsOf(args, s)
	}
	rules, problems := loadRules(cfg.Strategies)
	if rules == nil {
		return nil, problems
	}
	seen := map[market.Symbol]bool{}
	var out []market.Symbol
	for _, r := range rules.Strategies {
		for _, symbol := range r.Symbols {
			if !seen[symbol] {
				seen[symbol] = true
				out = append(out, symbol)
			}
		}
	}
	return out, nil
}

// puller fetches bars and stores them.
type puller struct {
	client *kis.Client
	store  *history.Store
	now    func() time.Time
}

// pullAll fetches one symbol after the other and tells how far it is, and how long the rest will take at this pace.
func pullAll(ctx context.Context, w io.Writer, p puller, symbols []market.Symbol, from market.Date) error {
	began := time.Now()
	for i, s := range symbols {
		n, err := p.pull(ctx, s, from)
		if err != nil {
			return hinted(fmt.Errorf("pull %s (%d of %d): %w", s, i+1, len(symbols), err), "what came is stored; run it again to go on")
		}
		left := time.Duration(float64(time.Since(began)) / float64(i+1) * float64(len(symbols)-i-1))
		fmt.Fprintf(w, "%s %s  %d bars  (%d of %d, %s left)\n", s, market.Known(s).Name, n, i+1, len(symbols), left.Round(time.Second))
	}
	return nil
}

// pull brings a symbol's bars up to today, a year at a time, from where the store ends.
func (p puller) pull(ctx context.Context, s market.Symbol, from market.Date) (int, error) {
	stored, err := p.store.Load(s)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	today := market.DateOf(p.now())
	if k := stored.Len(); k > 0 && stored.Dates[0] <= from.Add(10) {
		from = stored.Dates[k-1] // the rest; the last stored session shows whether the past was re-based
	}
	for start := from; start <= today; start = start.Add(365) {
		last := min(start.Add(366), today) // a year and a day: stretches share a session
		if err := p.stretch(ctx, s, start, last); err != nil {
			var rebased *history.RebasedError
			if !errors.As(err, &rebased) {
				return 0, err
			}
			if err := p.anew(ctx, s, stored.Dates[0], today); err != nil {
				return 0, err
			}
			break
		}
	}
	stored, err = p.store.Load(s)
	return stored.Len(), err
}

func (p puller) stretch(ctx context.Context, s market.Symbol, from, to market.Date) error {
	rows, _, err := p.client.Daily(ctx, s, from, to)
	if err != nil || len(rows) == 0 {
		return err
	}
	b, err := history.Of(s, rows)
	if err != nil {
		return err
	}
	_, err = p.store.Merge(b, history.Source{Name: "kis", At: p.now()})
	return err
}

// anew replaces everything stored: after a split every earlier price is another.
func (p puller) anew(ctx context.Context, s market.Symbol, from, to market.Date) error {
	rows, _, err := p.client.Daily(ctx, s, from, to)
	if err != nil {
		return err
	}
	b, err := history.Of(s, rows)
	if err != nil {
		return err
	}
	_, err = p.store.Replace(b, history.Source{Name: "kis", At: p.now()})
	return err
}
