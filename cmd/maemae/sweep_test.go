package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maemae/backtest"
	"maemae/report/pagetest"
)

const sweptRules = `version: 1
strategies:
  - name: cross
    symbols: ["005930", "000660"]
    when: close - 15m
    params: {fast: {default: 5, min: 2, max: 8, step: 2}, slow: {default: 20, min: 12, max: 20, step: 4}}
    buy: sma(close, $fast) crosses above sma(close, $slow)
    sell: sma(close, $fast) crosses below sma(close, $slow)
    size: 50% of cash
    order: market
  - name: fixed
    symbols: ["005930"]
    when: close - 15m
    buy: close > open
    sell: close < open
    size: 1 share
    order: market
`

func sweepOutput(t *testing.T, args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "strategies.yaml")
	if err := os.WriteFile(file, []byte(sweptRules), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, diagnostics bytes.Buffer
	c := sweepCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(append([]string{"--strategies", file, "--data", "testdata/krx-daily"}, args...))
	c.SetOut(&out)
	c.SetErr(&diagnostics)
	err := c.Execute()
	return out.String(), err
}

func TestSweepPrintsTheBestAndHowManyWereTried(t *testing.T) {
	out, err := sweepOutput(t, "--top", "3", "--limit", "trades >= 1", "--limit", "max_drawdown<=99.5%")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the best by sharpe, trades >= 1, max_drawdown <= 0.995", "$fast  $slow  FINAL EQUITY", "\n3  ", "12 of 12 sets tried", "\nassumptions\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "\n4  ") {
		t.Errorf("more than three:\n%s", out)
	}
}

func TestSweepJSONSaysWhatATrialWas(t *testing.T) {
	csv := filepath.Join(t.TempDir(), "sets.csv")
	out, err := sweepOutput(t, "cross", "--json", "--random", "5", "--seed", "3", "--workers", "1", "--objective", "total_return", "--csv", csv)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tried, Grid int
		Objective   string
		Best        []struct {
			Params  map[string]string
			Metrics map[string]any
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if sets, err := os.ReadFile(csv); err != nil || !strings.HasPrefix(string(sets), "fast,slow,total_return,sharpe,state\n") {
		t.Errorf("%s %v", sets, err)
	}
	if got.Tried != 5 || got.Grid != 12 || got.Objective != "total_return" || len(got.Best) != 5 || len(got.Best[0].Params) != 2 || got.Best[0].Metrics["sharpe"] == nil {
		t.Errorf("%+v", got)
	}
}

func TestSweepWalksForward(t *testing.T) {
	out, err := sweepOutput(t, "cross", "--walk-forward", "60/20", "--objective", "total_return", "--limit", "trades >= 1")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"PICKED OVER", "$fast ", "not seen, joined", "FINAL EQUITY", "picked over the 60 sessions before it traded, by total_return"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, err = sweepOutput(t, "cross", "--walk-forward", "60/20", "--anchored", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Windows []struct {
			PickFrom string `json:"pick_from"`
			Params   map[string]string
		}
		Run struct{ Equity []struct{ Date string } }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Windows) < 2 || got.Windows[0].PickFrom != got.Windows[1].PickFrom || len(got.Run.Equity) == 0 {
		t.Errorf("%+v", got)
	}
}

func TestSweepSaysWhatItDoesNotUnderstand(t *testing.T) {
	for want, args := range map[string][]string{
		`no strategy "cros"`:                 {"cros"},
		`--limit "trades > 3"`:               {"--limit", "trades > 3"},
		`no metric "luck"`:                   {"--objective", "luck"},
		"no parameter with a ra":             {"fixed"},
		`--walk-forward "60"`:                {"--walk-forward", "60"},
		"--axes and --index are of the page": {"cross", "--axes", "fast"},
		"--anchored is of --walk-forward":    {"cross", "--anchored"},
		"--csv and --axes are of one sweep":  {"--walk-forward", "60/20", "--csv", "x"},
	} {
		if _, err := sweepOutput(t, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q, want %q", err, want)
		}
	}
}

func TestASweepGoesOnFromItsFileAndDrawsItsPage(t *testing.T) {
	dir := t.TempDir()
	sets, page, rules := filepath.Join(dir, "sets"), filepath.Join(dir, "page.html"), filepath.Join(dir, "strategies.yaml")
	if err := os.WriteFile(rules, []byte(sweptRules), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--strategies", rules, "--resume", sets, "--report", page, "--axes", "slow,fast", "--index", "005930"}
	first, err := sweepOutput(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(page)
	if err != nil || !bytes.Contains(drawn, []byte(`class="grid"`)) || !bytes.Contains(drawn, []byte("12 of 12 sets tried")) || !bytes.Contains(drawn, []byte("005930")) {
		t.Fatal("the page has no heat-map", err)
	}
	if err := os.Truncate(sets, 300); err != nil {
		t.Fatal(err)
	}
	again, err := sweepOutput(t, args...)
	if err != nil || again != first {
		t.Errorf("after it was broken off: %v\n%s", err, again)
	}
	if redrawn, err := os.ReadFile(page); err != nil || !bytes.Equal(redrawn, drawn) {
		t.Error("the page is another", err)
	}
	if _, err := sweepOutput(t, append(args, "--slippage", "3")...); err == nil || !strings.Contains(hintOf(err), "remove "+sets) {
		t.Error("another sweep went into the same file:", err)
	}
	if _, err := sweepOutput(t, append(args, "--axes", "slow,cold")...); err == nil {
		t.Error("cold is no parameter")
	}
}

func TestAWalkForwardGoesOnFromItsFolderAndDrawsItsPage(t *testing.T) {
	dir := t.TempDir()
	sets, page, rules := filepath.Join(dir, "sets"), filepath.Join(dir, "page.html"), filepath.Join(dir, "strategies.yaml")
	if err := os.WriteFile(rules, []byte(sweptRules), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--strategies", rules, "--walk-forward", "100/80", "--objective", "total_return", "--resume", sets, "--report", page, "--index", "005930"}
	first, err := sweepOutput(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h2>Walk forward</h2>", ">Picked over</th>", ">$slow</th>", "sma(close, ", "end of the window", "005930"} {
		if !bytes.Contains(drawn, []byte(want)) {
			t.Errorf("no %q on the page", want)
		}
	}
	kept, err := os.ReadFile(filepath.Join(sets, "window-2"))
	if err != nil {
		t.Fatal(err)
	}
	for name, left := range map[string]string{"window-2": string(kept[:len(kept)*2/3]), "window-3": ""} {
		if err := os.WriteFile(filepath.Join(sets, name), []byte(left), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := sweepOutput(t, args...); err != nil || again != first {
		t.Errorf("after it was broken off: %v\n%s", err, again)
	}
	if redrawn, err := os.ReadFile(page); err != nil || !bytes.Equal(redrawn, drawn) {
		t.Error("the page is another", err)
	}
	if again, err := os.ReadFile(filepath.Join(sets, "window-2")); err != nil || len(again) != len(kept) {
		t.Errorf("window 2 keeps %d bytes, %d before: %v", len(again), len(kept), err)
	}
	if _, err := sweepOutput(t, append(args, "--slippage", "3")...); err == nil || !strings.Contains(hintOf(err), "remove "+sets) {
		t.Error("another walk went into the same folder:", err)
	}
}

// The evidence below a fill is that of the values that were picked for its window, not of the rule as it is written.
func TestTheFillsOfAWalkAreExplainedByTheValuesOfTheirWindow(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	out, err := sweepOutput(t, "cross", "--walk-forward", "100/80", "--report", page, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var r backtest.WalkForwardResult
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	explained := 0
	for _, w := range r.Windows {
		for _, x := range r.Run.Trades {
			if x.Date < w.TradeFrom || x.Date > w.TradeTo || x.Reason != "entry" {
				continue
			}
			_, row, found := strings.Cut(string(drawn), `<tr><td class="date">`+x.Date.String()+`</td><td class="buy">`)
			_, row, _ = strings.Cut(row, `<tr class="why">`)
			row, _, _ = strings.Cut(row, "</tr>")
			for _, name := range []string{"fast", "slow"} {
				if want := "sma(close, " + w.Params[name].String() + ")"; !found || !strings.Contains(row, want) {
					t.Errorf("%s: no %s in %s", x.Date, want, row)
				}
			}
			explained++
		}
	}
	if explained < 3 {
		t.Errorf("%d entries", explained)
	}
}

// Thirty years of a symbol, a sweep over them and a walk through them, opened in a browser: not a word on its console and
// no request to anyone.
func TestThirtyYearsOpenInABrowserWithoutAWord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules := filepath.Join(dir, "strategies.yaml")
	text := strings.Replace(sweptRules, `"005930", "000660"`, `"005930"`, 1)
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var pages []string
	for name, command := range map[string][]string{
		"run":   {"backtest"},
		"sweep": {"sweep", "cross", "--lang", "ko"},
		"walk":  {"sweep", "cross", "--walk-forward", "2000/1000"},
	} {
		path := filepath.Join(dir, name+".html")
		got := spoken(t, path, append(command, "--strategies", rules, "--data", "testdata/krx-long", "--index", "005930", "--report", path)...)
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
		if !bytes.Contains(page, []byte("2023-12-")) {
			t.Errorf("%s: 2023 is not on the page", name)
		}
		if name == "sweep" {
			for _, english := range []string{"sets tried", "without any merit", "would show", "on other days", "Final equity", "The best sets", ">A year<"} {
				if bytes.Contains(page, []byte(english)) {
					t.Errorf("English on a Korean page: %s", english)
				}
			}
		}
		pages = append(pages, string(page))
	}
	if console, asked := pagetest.Browse(t, pages...); len(console) > 0 || asked > 0 {
		t.Errorf("%d requests; console: %q", asked, console)
	}
}

func TestTheTimeLeftIsAtThePaceSinceTheFirstReport(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	p := pace{to: &out, things: "sets", now: func() time.Time { return now }}
	p.tell(5000, 10_000) // taken back from a file
	now = now.Add(10 * time.Second)
	p.tell(6000, 10_000)
	p.tell(5900, 10_000) // a slower worker
	if !strings.HasSuffix(out.String(), "\r6,000 of 10,000 sets, 40s left\x1b[K") {
		t.Errorf("%q", out.String())
	}
}
