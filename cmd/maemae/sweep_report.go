package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"maemae/backtest"
	reports "maemae/report"
	"maemae/strategy"
)

// keep opens the file of finished sets, if one is wanted, and names what a score depends on beside bars and options.
func (f *sweepFlags) keep() (closing func() error, err error) {
	if f.resume == "" {
		return func() error { return nil }, nil
	}
	rules, problems := loadRules(f.strategies)
	if rules == nil {
		return nil, problems
	}
	file, err := os.OpenFile(f.resume, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	f.with.File, f.with.Key = file, fmt.Sprintf("%+v %s", build(), rules.Hash)
	return file.Close, nil
}

// page writes the sweep as a page: heat-map, best sets and luck, and below them the first set as a backtest has it.
func (f sweepFlags) page(r backtest.SweepResult, o backtest.Options) error {
	x, y, _ := strings.Cut(f.axes, ",")
	grid, err := r.HeatMap(strings.TrimSpace(x), strings.TrimSpace(y))
	if err != nil {
		return hinted(usageError{err}, "--axes fast,slow")
	}
	p := reports.PageOptions{Title: r.Strategy, Lang: f.lang}
	p.Sweep.Heads, p.Sweep.Rows = bestSets(r)
	p.Sweep.Notes = append([]string{tries(r)}, luck(r)...)
	p.Sweep.Grids = []reports.Grid{grid}
	result := reports.Result{Version: r.Version, Assumptions: r.Assumptions}
	if len(r.Best) > 0 {
		rule, problems := o.Rules[0].With(r.Best[0].Params)
		if problems.Fatal() {
			return problems
		}
		o.Rules, o.From, o.Progress = []*strategy.Strategy{rule}, r.From, nil
		if result, err = backtest.Run(o); err != nil {
			return err
		}
		if err := f.against(result.Runs, o); err != nil {
			return err
		}
	}
	return writeReport(f.report, result, o, p)
}

// bestSets is the table of the sets that are told.
func bestSets(r backtest.SweepResult) (heads []string, rows [][]string) {
	heads = []string{"#"}
	for _, p := range r.Params {
		heads = append(heads, "$"+p)
	}
	heads = append(heads, "FINAL EQUITY", "RETURN", "A YEAR", "DRAWDOWN", "SHARPE", "FILLS", "WON", "COSTS")
	for i, x := range r.Best {
		row := []string{fmt.Sprint(i + 1)}
		for _, p := range r.Params {
			row = append(row, x.Params[p].String())
		}
		m := x.Metrics
		rows = append(rows, append(row, grouped(x.FinalEquity), inPercent(m.TotalReturn), inPercent(m.AnnualReturn), inPercent(m.MaxDrawdown),
			shortRatio(m.Sharpe), fmt.Sprint(m.Trades), inPercent(m.WinRate), grouped(m.Costs)))
	}
	return heads, rows
}

// tries says how many sets there were.
func tries(r backtest.SweepResult) string {
	return fmt.Sprintf("%d of %d sets tried; %d the rule refuses, %d are beyond a limit or have no %s", r.Tried, r.Grid, r.Impossible, r.Refused, r.Objective)
}

// progress tells a person at a terminal how far the sweep is; nil elsewhere.
func (f sweepFlags) progress(w io.Writer) func(done, all int) {
	if !terminal(w) {
		return nil
	}
	things := "sets"
	if f.forward != "" {
		things = "sessions"
	}
	return (&pace{to: w, things: things, now: time.Now}).tell
}

// pace tells how much is left at the pace since it was first asked. Workers report out of order.
type pace struct {
	to     io.Writer
	things string
	now    func() time.Time

	mu          sync.Mutex
	first, last int
	began       time.Time
}

func (p *pace) tell(done, all int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() || done < p.last && done <= all/50 { // a second pass begins again
		p.first, p.last, p.began = done, done, p.now()
	}
	p.last = max(p.last, done)
	if p.last == all {
		fmt.Fprint(p.to, "\r\x1b[K")
		return
	}
	fmt.Fprintf(p.to, "\r%s of %s %s", groupedInt(int64(p.last)), groupedInt(int64(all)), p.things)
	if ahead := p.last - p.first; ahead > 0 {
		left := time.Duration(float64(p.now().Sub(p.began)) / float64(ahead) * float64(all-p.last))
		fmt.Fprintf(p.to, ", %s left", left.Round(time.Second))
	}
	fmt.Fprint(p.to, "\x1b[K")
}
