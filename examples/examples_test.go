// Package examples holds well-known rules that people start from, and the test that keeps what their first lines say
// true. A new rule is a file with three comment lines at its top; the test with -update writes the second one.
package examples

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"maemae/backtest"
	"maemae/history"
	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

var update = flag.Bool("update", false, "write what was measured into the examples and their index")

const (
	bars     = "testdata/krx-daily"
	measured = "# Measured "
	schema   = "# yaml-language-server: $schema=../strategies.schema.json"
)

// example is one file: what it bets on, what that made, and the rule.
type example struct {
	file, bet, result string
	text              string // all of it
	rule              *strategy.Strategy
}

// examples reads the files. Each has one rule without any problem, named as the file, over the measured symbols.
func examples(t *testing.T) []example {
	t.Helper()
	paths, err := filepath.Glob("*.yaml")
	if err != nil || len(paths) < 12 {
		t.Fatalf("%d examples: %v", len(paths), err)
	}
	var list []example
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, problems := strategy.Load(path, text, strategy.Options{})
		if len(problems) > 0 || len(f.Strategies) != 1 || f.Strategies[0].Name+".yaml" != path {
			t.Fatalf("%s: one rule of its name, please\n%v", path, problems)
		}
		lines := strings.SplitN(string(text), "\n", 4)
		list = append(list, example{path, strings.TrimPrefix(lines[0], "# "), lines[1], string(text), f.Strategies[0]})
	}
	return list
}

// measure plays a rule as the backtest command does without flags.
func measure(t *testing.T, folder *history.Folder, rule *strategy.Strategy) report.Run {
	t.Helper()
	result, err := backtest.Run(backtest.Options{
		Rules: []*strategy.Strategy{rule}, Load: folder.Load, Instrument: folder.Instrument, Calendar: market.KRX(),
		Cash: decimal.NewFromInt(10_000_000), Costs: market.DefaultCosts(), Slippage: 1, VolumeCap: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result.Runs[0]
}

func TestEachExampleBeginsWithItsBet(t *testing.T) {
	for _, e := range examples(t) {
		head := strings.Split(e.text, "\n")
		if !strings.Contains(e.bet, " Bets ") || !strings.Contains(e.bet, "; loses ") || len([]rune(e.bet)) > 160 {
			t.Errorf("%s:1: a line that says what it bets on and how it loses", e.file)
		}
		if !strings.HasPrefix(e.result, measured) || head[2] != schema || head[3] != "" {
			t.Errorf("%s:2: what was measured, the schema for editors, an empty line", e.file)
		}
		if e.rule.When != "close - 15m" {
			t.Errorf("%s: when is %s", e.file, e.rule.When)
		}
	}
}

// The expected statistics of every rule stand in its second line and in the index.
func TestEachExampleMakesWhatItSays(t *testing.T) {
	folder, err := history.ReadFolder(bars)
	if err != nil {
		t.Fatal(err)
	}
	index := heading(t, folder)
	for _, e := range examples(t) {
		r := measure(t, folder, e.rule)
		m := r.Metrics
		want := fmt.Sprintf("%s%s to %s with 10,000,000 KRW: %d trades, total return %s, max drawdown %s.", measured, r.From, r.To, m.Trades, m.TotalReturn, m.MaxDrawdown)
		index += fmt.Sprintf("| [%s](%s) | %s | %s | %d | %s | %s |\n", e.rule.Name, e.file, e.bet, r.From, m.Trades, m.TotalReturn, m.MaxDrawdown)
		if m.Trades == 0 {
			t.Errorf("%s: an example that never trades teaches nothing", e.file)
		}
		keep(t, e.file, strings.Replace(e.text, e.result, want, 1))
	}
	keep(t, "README.md", index)
}

// heading is the index before its rows, with what holding the same shares made.
func heading(t *testing.T, folder *history.Folder) string {
	t.Helper()
	symbols := folder.Symbols()
	var names []string
	growth := decimal.Zero
	for _, s := range symbols {
		b, err := folder.Load(s)
		if err != nil {
			t.Fatal(err)
		}
		growth = growth.Add(b.At(b.Len()-1).Close.DivRound(b.At(0).Close, 8))
		names = append(names, folder.Instrument(s).Name)
	}
	held := growth.DivRound(decimal.NewFromInt(int64(len(symbols))), 8).Sub(decimal.NewFromInt(1))
	return "# Examples\n\n" +
		"Well-known rules to read, check and change: `maemae check examples/golden-cross.yaml` explains one in words,\n" +
		"`maemae backtest --strategies examples/golden-cross.yaml --data examples/testdata/krx-daily` plays it. The numbers are of that\n" +
		"command: real daily bars of " + strings.Join(names, ", ") + ",\n" +
		"10,000,000 KRW, with fees, tax and one tick of slippage, counted from when the rule has its bars. They are pinned by a test\n" +
		"so that nothing changes unnoticed. They are no advice: a year and a half of six shares proves nothing, and holding the six in\n" +
		"equal parts over all of it made " + held.StringFixed(6) + " before costs.\n\n" +
		"| rule | its bet | from | trades | total return | max drawdown |\n|---|---|---|--:|--:|--:|\n"
}

// keep holds a file against what it must be, or writes it.
func keep(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("%s is not what was measured (-file +measured); go test ./examples -update writes it\n%s", file, diff)
	}
}
