package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/backtest"
	"maemae/backtest/works"
	"maemae/history"
	"maemae/market"
)

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // bytes of memory
}

// process runs a program to its end.
func process(ctx context.Context, name string, args ...string) (u usage, err error) {
	var complaint bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Stderr = &complaint
	begin := time.Now()
	err = c.Run()
	u.wall = time.Since(begin)
	if err != nil {
		return u, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, complaint.String())
	}
	u.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	if s, known := c.ProcessState.SysUsage().(*syscall.Rusage); known {
		u.peak = s.Maxrss << 10 // Linux counts in KiB
	}
	return u, nil
}

// benchMakeCommand fills a folder for the whole processes that bench starts: by one of its own, so that the others do not
// begin with the memory of the bars.
func benchMakeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "make DIR", Short: "fill a folder with made-up bars", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return benchMake(args[0]) },
	}
}

func benchMake(dir string) error {
	long := works.MadeUp(works.LongSeed, works.LongBars)
	long.Symbol = benchSymbol(0)
	if err := benchStore(filepath.Join(dir, "long"), long); err != nil {
		return err
	}
	for i := range works.Symbols {
		b := works.MadeUp(works.FirstSeed+uint64(i), works.Bars)
		b.Symbol = benchSymbol(i)
		if err := benchStore(filepath.Join(dir, "many"), b); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "pairs"), 0o755); err != nil {
		return err
	}
	pairs := works.MadeUp(works.FirstSeed, works.Bars)
	if err := writeCSV(filepath.Join(dir, "pairs", string(pairs.Symbol)+".csv"), func(w io.Writer) error { return history.WriteCSV(w, pairs) }); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "pairs.yaml"), []byte(works.PairsRule), 0o644)
}

func benchStore(dir string, b history.Bars) error {
	store, err := history.Open(dir, market.KRX())
	if err != nil {
		return err
	}
	_, err = store.Replace(b, history.Source{Name: "made up", At: b.Dates[b.Len()-1].Add(1).At(0, 0)})
	return err
}

// benchPlayCommand is the whole process that is measured.
func benchPlayCommand() *cobra.Command {
	return &cobra.Command{
		Use: "play long|many DIR", Short: "play a work from the store that make filled", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			n, want := 1, works.Long
			if args[0] == "many" {
				n, want = works.Symbols, works.Many
			}
			return benchPlay(args[1], n, want)
		},
	}
}

func benchPlay(dir string, n int, want works.Answer) error {
	if n > 1 {
		debug.SetGCPercent(300) // few symbols are in memory at a time, so what lives is small and soon doubled
	}
	o, err := benchOptions(works.Rule, make([]history.Bars, n)...)
	if err != nil {
		return err
	}
	store, err := history.Open(dir, o.Calendar)
	if err != nil {
		return err
	}
	o.Load, o.Done = store.Load, store.Reuse
	fills, equity := 0, decimal.Decimal{}
	if _, err := backtest.Each(o, func(p backtest.Alone) error {
		fills, equity = fills+len(p.Run.Trades), equity.Add(p.Run.FinalEquity)
		return p.Err
	}); err != nil {
		return err
	}
	return rightly(fills, equity, want)
}
