package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"maemae/journal"
)

// Whoever adds a command decides here whether it reads. What reads has --json.
var acting = []string{
	"adjust", "adopt", "arm", "halt", "kill", "override", "promote", "release", "resume", // acts of a person
	"backup", "export", "history export", "history import", "history pull", "init", "man", "restore", // write files
	"demo", "run", "sim", // live
	"notify ack", "notify send", "notify test", // tell people
	"schema", // is JSON
}

func TestEveryReadingCommandSpeaksJSON(t *testing.T) {
	t.Parallel()
	j, dir := recorded(t)
	rules := filepath.Join(t.TempDir(), "strategies.yaml")
	if err := os.WriteFile(rules, []byte(demoRules), 0o600); err != nil {
		t.Fatal(err)
	}
	decisions, err := selectDecisions(t.Context(), j, journal.Query{Kinds: []string{"decision"}, Limit: 1}, "", false)
	if err != nil || len(decisions) != 1 {
		t.Fatal(err, decisions)
	}
	data := filepath.Join("testdata", "krx-daily")
	state := []string{"--state", dir}
	for name, args := range map[string][]string{
		"check": {rules}, "diff": append([]string{rules, rules}, state...), "decisions": state, "explain": append([]string{decisions[0].ID}, state...), "orders": state,
		"positions": state, "pnl": state, "status": state, "verify": state, "limits": state, "logs": append([]string{"-n", "1"}, state...), "history ls": state, "history check": append([]string{"005930"}, state...),
		"parity": append([]string{"--strategies", rules}, state...), "indicators": nil, "version": nil,
		"eval": {"--data", data, "--symbol", "005930", "sma(close, 5)", "close > open"}, "backtest": {"--data", data, "--strategies", filepath.Join("..", "..", "strategies.yaml")},
	} {
		var out, said bytes.Buffer
		code := run(t.Context(), append(append(strings.Fields(name), args...), "--json"), nil, &out, &said)
		var value any
		if err := json.Unmarshal(out.Bytes(), &value); err != nil || value == nil || code != 0 {
			t.Errorf("%s: exit %d, %v, %s\n%.400s", name, code, err, said.String(), out.String())
		}
	}
	all := leaves(rootCommand())
	for name, c := range all {
		if has := c.Flags().Lookup("json") != nil; !has && !slices.Contains(acting, name) {
			t.Errorf("maemae %s has no --json and is not among those that act", name)
		}
	}
	for _, name := range acting {
		if all[name] == nil {
			t.Errorf("no command %q", name)
		}
	}
}

func TestWhatIsWrongWithAFileIsJSONToo(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "strategies.yaml")
	if err := os.WriteFile(rules, []byte(strings.Replace(demoRules, "buy: rsi(14)", "bye: rsi(14)", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	code := run(t.Context(), []string{"check", "--json", rules}, nil, &out, &said)
	var got CheckedFiles
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || code != exitUsage || len(got.Rules) != 0 || len(got.Problems) == 0 || got.Problems[0].Hint == "" {
		t.Errorf("exit %d, %v: %+v", code, err, got)
	}
	if !strings.Contains(said.String(), `no key "bye"`) {
		t.Errorf("a person reads %q", said.String())
	}
}
