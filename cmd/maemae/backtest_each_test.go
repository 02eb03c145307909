package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	reports "maemae/report"
)

// What --each tells of a symbol is what a backtest of that symbol alone tells; JSON, CSV and table agree.
func TestEachTellsOfEverySymbolWhatItsOwnBacktestTells(t *testing.T) {
	flags := []string{"--strategies", "../../strategies.yaml", "--data", "testdata/krx-daily"}
	dir := t.TempDir()
	out, err := backtestOutput(t, append(flags, "--symbols", "all", "--each", "--json", "--csv", dir)...)
	if err != nil {
		t.Fatal(err)
	}
	var each eachResult
	if err := json.Unmarshal([]byte(out), &each); err != nil {
		t.Fatal(err)
	}
	if len(each.Symbols) != 3*38 || len(each.Errors) != 0 || !slices.Contains(each.Assumptions, "each symbol has the cash alone") {
		t.Fatalf("%d runs, %v, %q", len(each.Symbols), each.Errors, each.Assumptions)
	}
	out, err = backtestOutput(t, append(flags, "--symbols", "105560", "--json")...)
	if err != nil {
		t.Fatal(err)
	}
	var alone reports.Result
	if err := json.Unmarshal([]byte(out), &alone); err != nil {
		t.Fatal(err)
	}
	for _, want := range alone.Runs {
		i := slices.IndexFunc(each.Symbols, func(x symbolRun) bool { return x.Strategy == want.Strategy && x.Symbol == "105560" })
		if got := each.Symbols[i]; !got.FinalEquity.Equal(want.FinalEquity) || got.Metrics.Sharpe.String() != want.Metrics.Sharpe.String() || got.Metrics.Trades != want.Metrics.Trades {
			t.Errorf("%+v, alone %s %+v", got, want.FinalEquity, want.Metrics)
		}
	}
	file, err := os.ReadFile(filepath.Join(dir, "golden-cross.symbols.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(file))).ReadAll()
	if err != nil || len(rows) != 1+38 || rows[1][4] != each.Symbols[0].FinalEquity.String() {
		t.Errorf("%v, %d rows", err, len(rows))
	}
	out, err = backtestOutput(t, append(flags, "--symbols", "all", "--each")...)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"golden-cross, on each of 38 ", "18 more", "35 of 38 traded, 7 made money; return: best 2.70%"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestEachNamesWhatItCouldNotPlay(t *testing.T) {
	flags := []string{"--strategies", "../../strategies.yaml", "--data", "testdata/krx-daily", "--each", "--symbols"}
	out, err := backtestOutput(t, append(flags, "005930,999999")...)
	if err != nil || !strings.Contains(out, "not played: dip on 999999: bars of 999999") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, x := range []struct {
		args []string
		want string
	}{
		{[]string{"999999"}, "no symbol could be played: bars of 999999"},
		{[]string{"5930"}, `--symbols: symbol "5930"`},
		{[]string{"all,005930"}, `--symbols: symbol "all"`},
		{[]string{"all", "--report", "x.html"}, "--each tells a line of every symbol"},
	} {
		if _, err := backtestOutput(t, append(flags, x.args...)...); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: %v", x.args, err)
		}
	}
}
