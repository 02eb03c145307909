package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
	if err := f.name(); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(f.resume, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, hinted(err, "--resume names a file, and a folder with --walk-forward")
	}
	f.with.File = file
	return file.Close, nil
}

// name says in the key what a score depends on: the text of the rules and the program.
func (f *sweepFlags) name() error {
	rules, problems := loadRules(f.strategies)
	if rules == nil {
		return problems
	}
	f.with.Key = fmt.Sprintf("%+v %s", build(), rules.Hash)
	return nil
}

// windowFiles are the files of finished sets of a walk forward, one a window, in a folder.
func (f *sweepFlags) windowFiles() (func(int) (backtest.WindowFile, error), error) {
	if f.resume == "" {
		return nil, nil
	}
	if err := f.name(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(f.resume, 0o755); err != nil {
		return nil, hinted(err, "--resume names a folder with --walk-forward")
	}
	return func(window int) (backtest.WindowFile, error) {
		return os.OpenFile(filepath.Join(f.resume, fmt.Sprintf("window-%d", window+1)), os.O_RDWR|os.O_CREATE, 0o644)
	}, nil
}

// page writes the sweep as a page: heat-map, best sets and luck, and below them the first set as a backtest has it.
func (f sweepFlags) page(r backtest.SweepResult, o backtest.Options) error {
	x, y, _ := strings.Cut(f.axes, ",")
	grid, err := r.HeatMap(strings.TrimSpace(x), strings.TrimSpace(y))
	if err != nil {
		return hinted(usageError{err}, "--axes fast,slow")
	}
	p := reports.PageOptions{Title: r.Strategy, Lang: f.lang}
	p.Sweep = reports.Sweep{Title: "Sweep", Table: "The best sets", Notes: append([]string{tries(f.lang, r)}, luck(f.lang, r)...), Grids: []reports.Grid{grid}}
	p.Sweep.Heads, p.Sweep.Rows = bestSets(r)
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

// forwardPage writes a walk forward as a page: the windows, and below them the sessions that were not seen.
func (f sweepFlags) forwardPage(r backtest.WalkForwardResult, o backtest.Options) error {
	p := reports.PageOptions{Title: r.Run.Strategy, Lang: f.lang}
	p.Sweep = reports.Sweep{Title: "Walk forward", Table: "The windows", Texts: 2, Notes: []string{pickedBy(f.lang, r)}}
	p.Sweep.Heads, p.Sweep.Rows = windows(r)
	p.Why = func(run reports.Run) (why []string) {
		for _, w := range r.Windows {
			part := run
			part.Trades = run.Trades[len(why):]
			if n := slices.IndexFunc(part.Trades, func(t reports.Trade) bool { return t.Date > w.TradeTo }); n >= 0 {
				part.Trades = part.Trades[:n]
			}
			if rule, problems := o.Rules[0].With(w.Params); !problems.Fatal() {
				why = append(why, decisionsOf(part, map[string]*strategy.Strategy{rule.Name: rule}, o)...)
			}
		}
		return why
	}
	result := reports.Result{Version: r.Version, Assumptions: r.Assumptions, Runs: []reports.Run{r.Run}}
	if err := f.against(result.Runs, o); err != nil {
		return err
	}
	return writeReport(f.report, result, o, p)
}

// bestSets is the table of the sets that are told.
func bestSets(r backtest.SweepResult) (heads []string, rows [][]string) {
	heads = []string{"#"}
	for _, p := range r.Params {
		heads = append(heads, "$"+p)
	}
	heads = append(heads, "Final equity", "Return", "A year", "Drawdown", "Sharpe", "Fills", "Win rate", "Costs")
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

// windows is the table of the windows of a walk forward. Where no set kept the limits there are dashes.
func windows(r backtest.WalkForwardResult) (heads []string, rows [][]string) {
	var params []string
	for _, w := range r.Windows {
		if w.Params != nil {
			params = slices.Sorted(maps.Keys(w.Params))
			break
		}
	}
	heads = []string{"Picked over", "Traded over"}
	for _, p := range params {
		heads = append(heads, "$"+p)
	}
	heads = append(heads, "Before", "After", "Return")
	for _, w := range r.Windows {
		row := []string{w.PickFrom.String() + " – " + w.PickTo.String(), w.TradeFrom.String() + " – " + w.TradeTo.String()}
		for _, p := range params {
			value := "–"
			if v, picked := w.Params[p]; picked {
				value = v.String()
			}
			row = append(row, value)
		}
		rows = append(rows, append(row, metricText(r.Objective, w.Before), metricText(r.Objective, w.After), inPercent(w.Return)))
	}
	return heads, rows
}

// metricText is a metric as the tables have it.
func metricText(metric string, r reports.Ratio) string {
	switch metric {
	case "total_return", "annual_return", "invested_annual_return", "volatility", "max_drawdown", "win_rate", "exposure":
		return inPercent(r)
	}
	return shortRatio(r)
}

// inTongue is a sentence in the language of a page. Both forms take the same values.
func inTongue(lang, english, korean string, values ...any) string {
	if lang == "ko" {
		english = korean
	}
	return fmt.Sprintf(english, values...)
}

// tries says how many sets there were.
func tries(lang string, r backtest.SweepResult) string {
	return inTongue(lang, "%[1]d of %[2]d sets tried; %[3]d the rule refuses, %[4]d are beyond a limit or have no %[5]s",
		"조합 %[2]d개 가운데 %[1]d개 시험. 규칙이 거부한 조합 %[3]d개, 조건을 벗어나거나 %[5]s 값이 없는 조합 %[4]d개",
		r.Tried, r.Grid, r.Impossible, r.Refused, r.Objective)
}

// pickedBy says what the columns before and after are.
func pickedBy(lang string, r backtest.WalkForwardResult) string {
	return inTongue(lang, "picked by %s; before is in the sessions of the pick, after in those that were not seen; a dash: no set kept the limits, and nothing was traded",
		"조합을 고른 기준은 %s입니다. 학습 성과는 고른 구간의 값, 검증 성과는 고를 때 보지 않은 구간의 값입니다. 줄표는 조건을 지킨 조합이 없어 거래하지 않았다는 뜻입니다",
		strings.Join(append([]string{r.Objective}, r.Limits...), ", "))
}

// luck says what the first line may owe to chance, a sentence each.
func luck(lang string, r backtest.SweepResult) (lines []string) {
	if len(r.Best) == 0 {
		return nil
	}
	l := r.Luck
	if l.DeflatedSharpe.Defined {
		lines = append(lines,
			inTongue(lang, "the best of %d sets without any merit would show a sharpe of about %s; the first shows %s",
				"아무 근거 없는 조합 %d개 가운데 가장 좋은 것도 샤프 비율이 약 %s로 나옵니다. 1위 조합은 %s입니다",
				l.Sets, shortRatio(l.ExpectedSharpe), shortRatio(r.Best[0].Metrics.Sharpe)),
			inTongue(lang, "after so many tries the true sharpe of the first is above zero with a probability of %s (deflated sharpe; 95%% is the usual bar)",
				"이만큼 시험한 것을 감안하면 1위 조합의 진짜 샤프 비율이 0보다 클 확률은 %s입니다(deflated Sharpe, 보통 95%%를 기준으로 봅니다)",
				inPercent(l.DeflatedSharpe)))
	}
	if x := l.Random; x != nil {
		lines = append(lines, inTongue(lang, "of %d rules with the first one's signals on other days, %d did as well; their median %s is %s, one in twenty has %s or better",
			"1위 조합의 신호를 다른 날로 옮긴 규칙 %d개 가운데 %d개가 1위만큼 좋았습니다. 이 규칙들의 %s 중앙값은 %s, 스무 개에 하나는 %s 또는 그보다 좋습니다",
			x.Rules, x.AsGood, r.Objective, metricText(r.Objective, x.Median), metricText(r.Objective, x.Top5)))
	}
	return lines
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
