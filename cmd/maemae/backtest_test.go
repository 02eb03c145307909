package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// backtestOutput runs the command alone.
func backtestOutput(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	c := backtestCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&diagnostics)
	err := c.Execute()
	return out.String(), err
}

func TestBacktestPrintsATableAndItsAssumptions(t *testing.T) {
	out, err := backtestOutput(t, "--strategies", "../../strategies.yaml", "--data", "testdata/krx-daily")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"golden-cross", "breakout", "dip", "FINAL EQUITY", "\nassumptions\n", "dividends", "survivorship"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestBacktestJSONHasTheAgreedShape(t *testing.T) {
	csv := t.TempDir()
	out, err := backtestOutput(t, "--strategies", "../../strategies.yaml", "--data", "testdata/krx-daily", "--json", "--csv", csv,
		"--from", "2024-06-01", "--to", "20250131", "--cash", "50,000,000", "--fee", "0.015%", "--slippage", "2", "--volume-cap", "5%", "--exits-every", "slot")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version     int
		Assumptions []string
		Runs        []struct {
			Strategy       string
			Symbols        []string
			From, To, Cash string
			FinalEquity    string `json:"final_equity"`
			Trades         []map[string]any
			Equity         []struct{ Date, Equity, Cash string }
			Metrics        map[string]any
		}
	}
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Version != 1 || len(got.Runs) != 3 || len(got.Assumptions) == 0 {
		t.Fatalf("version %d, %d runs, %d assumptions", got.Version, len(got.Runs), len(got.Assumptions))
	}
	r := got.Runs[0]
	if r.Strategy != "golden-cross" || r.From != "2024-06-03" || r.To != "2025-01-31" || r.Cash != "50000000" || len(r.Equity) == 0 || r.Equity[len(r.Equity)-1].Equity != r.FinalEquity {
		t.Errorf("%+v", r)
	}
	for _, key := range []string{"strategy", "symbol", "side", "date", "price", "shares", "fee", "tax", "reason"} {
		if _, has := r.Trades[0][key]; !has {
			t.Errorf("a trade has no %s", key)
		}
	}
	for _, name := range []string{"golden-cross.trades.csv", "dip.equity.csv"} {
		if _, err := os.Stat(filepath.Join(csv, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestBacktestRefusesWhatMakesNoSense(t *testing.T) {
	base := []string{"--strategies", "../../strategies.yaml", "--data", "testdata/krx-daily"}
	for want, args := range map[string][]string{
		"want 1m or slot": {"--exits-every", "5m"}, "whole percent": {"--volume-cap", "2.5"}, "no amount of won": {"--cash", "much"},
		"between 0% and 100%": {"--fee", "2"}, "--from": {"--from", "2024-02-30"}, "out of range": {"--slippage", "-1"}, "lies after": {"--from", "2025-01-01", "--to", "2024-01-01"},
		`--lang "fr": want en or ko`: {"--lang", "fr"}, "--cash: ": {"--cash", "-5"}, "index: read folder": {"--index", "999999"},
		"the run begins on 2030-01-01, the last session with a bar is 2025-06-17":     {"--from", "2030-01-01"},
		"dip needs 120 bars before its first decision, up to 2024-01-05 there are 21": {"--to", "2024-01-07"}, "say where the bars are": {"--history"},
	} {
		_, err := backtestOutput(t, append(base[:4:4], args...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}
