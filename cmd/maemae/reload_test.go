package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

const everyHour = `version: 1
strategies:
  - name: watcher
    symbols: ["005930", "000660"]
    when: every 1h
    buy: close > 100000000
    sell: close < 1
    size: 1 share
`

func oneRule(t *testing.T, text string) *strategy.Strategy {
	t.Helper()
	f, problems := parseRules("x.yaml", []byte(text), ".")
	if f == nil {
		t.Fatal(problems)
	}
	return f.Strategies[0]
}

func TestAnEditedFileComesIntoForceBetweenSlotsAndAWrongOneChangesNothing(t *testing.T) {
	t.Parallel()
	start := market.Date(20260105)
	f := newField(t, kissim.Options{Seed: 5, Symbols: 2, Start: start.At(8, 0)}, everyHour)
	c := f.daemon()
	f.until(start.At(11, 0))

	// Said by a person.
	second := strings.Replace(everyHour, "100000000", "200000000", 1)
	f.write("strategies.yaml", second)
	said := f.run("reload")
	for _, want := range []string{"is in force", "changed watcher", "- buy: close is above 100000000", "+ buy: close is above 200000000", "now: 2 hold (no_signal)"} {
		if !strings.Contains(said, want) {
			t.Errorf("maemae reload does not say %q:\n%s", want, said)
		}
	}
	if again := f.run("reload"); !strings.Contains(again, "nothing changed") {
		t.Errorf("an unchanged file: %s", again)
	}

	// Seen by a daemon that watches, which here must not be quicker than the person above: first a wrong file, which a second look does not tell again, then a good one.
	f.stop(c)
	config, err := os.ReadFile(filepath.Join(f.dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f.write("config.yaml", string(config)+"watch: true\n")
	c = f.daemon()
	f.until(f.sim.Now().Add(2 * time.Hour))
	f.write("strategies.yaml", strings.Replace(second, "buy:", "bye:", 1))
	f.wait("the wrong file to be told", func() bool { return strings.Contains(f.run("logs", "--level", "error"), "refused, the old rules stay") })
	third := strings.Replace(second, "    size: 1 share\n", "    size: 1 share\n  - name: newcomer\n    symbols: [\"005930\"]\n    when: close - 15m\n    buy: close > open\n    size: 1 share\n    exits: {stop_loss: 5%}\n", 1)
	f.write("strategies.yaml", third)
	f.wait("the good file to come into force", func() bool { return strings.Contains(f.run("status"), "watcher, newcomer") })
	day, err := market.KRX().AddSessions(market.DateOf(f.sim.Now()), 2)
	if err != nil {
		t.Fatal(err)
	}
	f.until(day.Close)
	f.stop(c)

	notes, rules := 0, []journal.Rules{}
	revision := oneRule(t, everyHour).Revision
	decided := map[string]int{}
	for e, err := range f.journal().Entries(t.Context(), journal.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		switch b := e.Body.(type) {
		case journal.Note:
			if strings.Contains(b.Text, "strategies.yaml:6:5: ") && b.Level == "error" {
				notes++
			}
		case journal.Rules:
			if rules = append(rules, b); len(rules) == 2 {
				revision = oneRule(t, second).Revision
			}
		case journal.Decision:
			if decided[b.Strategy]++; b.Strategy == "watcher" && b.Revision != revision {
				t.Errorf("decision %s is of revision %s, in force is %s", b.ID, b.Revision, revision)
			}
		case journal.Slot:
			if b.Outcome == "ran" && b.Decisions == 0 {
				t.Errorf("slot %s of %s ran without a rule", b.Due, b.Job)
			}
		}
	}
	if notes != 1 {
		t.Errorf("%d notes of the wrong file, want 1", notes)
	}
	if len(rules) != 3 || rules[0].Words != "" || !strings.HasPrefix(rules[1].Words, "by uid") || !strings.HasPrefix(rules[2].Words, "by watch\nadded newcomer\n") || rules[1].Hash == rules[2].Hash {
		t.Errorf("rules in the journal: %+v", rules)
	}
	if decided["watcher"] < 20 || decided["newcomer"] < 2 {
		t.Errorf("decisions: %v", decided)
	}
	if !strings.Contains(f.out.String(), "reload refused, the old rules stay") || !strings.Contains(f.out.String(), "added newcomer") {
		t.Errorf("the log lacks the reloads:\n%s", tail(f.out.String()))
	}
}

func TestAFileThatAnEditorIsStillWritingDoesNotCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	w := watchedFiles{paths: func() []string { return []string{path} }}
	for i, step := range []struct {
		text string
		want bool
	}{{"a", false}, {"a", false}, {"b", false}, {"bc", false}, {"bc", true}, {"bc", false}, {"a", false}, {"a", true}, {"d", false}, {"a", false}, {"a", false}} {
		write(step.text)
		if got := w.changed(); got != step.want {
			t.Errorf("look %d at %q: %v", i, step.text, got)
		}
	}
	if err := os.Remove(path); err != nil || w.changed() {
		t.Errorf("a file that is gone: %v", err)
	}
}

func TestAListOfSymbolsIsWatchedToo(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("kospi.txt", "005930\n")
	write("strategies.yaml", "version: 1\nstrategies:\n  - name: a\n    symbols: {file: kospi.txt}\n    when: close - 15m\n    buy: close > open\n    size: 1 share\n    exits: {stop_loss: 5%}\n")
	d := &daemon{cfg: Config{Strategies: filepath.Join(dir, "strategies.yaml")}}
	var problems strategy.Problems
	if d.rules, problems = loadRules(d.cfg.Strategies); d.rules == nil {
		t.Fatal(problems)
	}
	w := watchedFiles{paths: d.ruleFiles}
	if w.changed() {
		t.Error("changed at the first look")
	}
	write("kospi.txt", "005930\n000660\n")
	if w.changed() || !w.changed() {
		t.Error("a list that settled on other symbols is no change")
	}
	f, problems := loadRules(d.cfg.Strategies)
	if f == nil {
		t.Fatal(problems)
	}
	if len(ruleChanges(d.rules.Strategies, f.Strategies)) != 1 {
		t.Error("the rule with that list has not changed")
	}
}

func TestAChangeIsToldInWords(t *testing.T) {
	base := `version: 1
strategies:
  - name: a
    symbols: ["005930", "000660"]
    when: close - 15m
    let: {fast: "sma(close, 5)", slow: "sma(close, 20)"}
    buy: fast crosses above slow and rsi(close, 14) < 70
    sell: fast crosses below slow
    size: 10% of equity
  - name: b
    symbols: ["005930"]
    when: open + 5m
    buy: close > open
    size: 1 share
    exits: {stop_loss: 5%}
`
	for name, c := range map[string]struct{ from, to, want string }{
		"nothing":     {"", "", ""},
		"a spelling":  {"fast crosses above slow and rsi(close, 14) < 70", "fast crosses above slow and rsi(14) < 70", ""},
		"a threshold": {"< 70", "< 60", "changed a\n  - buy: rsi(close, 14) is below 70\n  + buy: rsi(close, 14) is below 60"},
		"a size":      {"10% of equity", "20% of equity", "changed a\n  - buys 10% of equity (order: market)\n  + buys 20% of equity (order: market)"},
		"a moment":    {"open + 5m", "open + 6m", "changed b\n  - looks at \"open + 5m\" of every open session, with today's bar as it forms\n  + looks at \"open + 6m\" of every open session, with today's bar as it forms"},
		"symbols":     {`["005930", "000660"]`, `["005930", "035420"]`, "changed a\n  - symbols: 000660\n  + symbols: 035420"},
		"an exit":     {"stop_loss: 5%", "stop_loss: 4%, max_holding: 3 sessions", "changed b\n  - exit: the price is 5% or more below the average price paid (stop_loss)\n  + exit: the price is 4% or more below the average price paid (stop_loss)\n  + exit: it has been held for 3 sessions (max_holding)"},
		"a name":      {"name: b", "name: c", "added c\n  + looks at \"open + 5m\" of every open session, with today's bar as it forms\n  + buys 1 share (order: market)\n  + buy: close is above open\n  + has no sell condition\n  + exit: the price is 5% or more below the average price paid (stop_loss)\n  + needs 1 bar before it acts\nremoved b"},
		"a setting":   {"    size: 1 share\n", "    size: 1 share\n    reentry: same_session\n", "changed b\n  - buys 1 share (order: market)\n  + buys 1 share (order: market), several times a session"},
	} {
		old, _ := parseRules("old.yaml", []byte(base), ".")
		now, problems := parseRules("new.yaml", []byte(strings.Replace(base, c.from, c.to, 1)), ".")
		if old == nil || now == nil {
			t.Fatal(name, problems)
		}
		if got := changesInWords(ruleChanges(old.Strategies, now.Strategies)); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, c.want)
		}
		turned := []*strategy.Strategy{old.Strategies[1], old.Strategies[0]}
		if got := changesInWords(ruleChanges(old.Strategies, turned)); got != "moved b, a\n  - in this order: a, b\n  + in this order: b, a" {
			t.Errorf("another order: %s", got)
		}
	}
}
