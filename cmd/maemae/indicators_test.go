package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maemae/indicator"
	"maemae/strategy"
)

var update = flag.Bool("update", false, "write docs/INDICATORS.md anew")

const indicatorsFile = "../../docs/INDICATORS.md"

func TestTheIndicatorPageIsTheCatalogue(t *testing.T) {
	page := indicatorPage()
	if *update {
		if err := os.WriteFile(indicatorsFile, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(indicatorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), page); diff != "" {
		t.Errorf("the page is not the catalogue (-page +catalogue); go test ./cmd/maemae -run IndicatorPage -update writes it\n%s", diff)
	}
}

// Nothing on the page is hollow, and what it says of calls the language confirms.
func TestEveryIndicatorIsExplainedInFull(t *testing.T) {
	list := catalogue()
	if len(list) != len(indicator.All())+len(indicator.Patterns()) {
		t.Fatalf("%d of them", len(list))
	}
	seen := map[string]bool{}
	for _, e := range list {
		for label, text := range map[string]string{"title": e.Title, "title_korean": e.TitleKorean, "group": e.Group, "summary": e.Summary, "formula": e.Formula, "unit": e.Unit, "source": e.Source} {
			if text == "" || strings.ContainsAny(text, "`\n") {
				t.Errorf("%s: %s is %q", e.ID, label, text)
			}
		}
		if seen[e.ID] || len(e.Reads) == 0 || len(e.Outputs) == 0 {
			t.Errorf("%s: twice, or without reads or outputs", e.ID)
		}
		seen[e.ID] = true
		if (e.Call == "") != (e.Refused != "") || (e.Call == "") != (e.Example == "") {
			t.Errorf("%s: call %q, example %q, refused %q", e.ID, e.Call, e.Example, e.Refused)
		}
		if e.Call == "" {
			continue
		}
		if _, problems := strategy.ParseExpr(e.Example); problems.Fatal() {
			t.Errorf("%s: %v", e.ID, problems)
		}
		for i, o := range e.Outputs {
			call := e.Call
			if len(e.Outputs) > 1 {
				call += "." + o.Name
			}
			x, problems := strategy.ParseExpr(call)
			if problems.Fatal() || x.WarmUp() != o.WarmUp {
				t.Errorf("%s: output %d has not the warm-up %d: %v", call, i, o.WarmUp, problems)
			}
		}
	}
}

// printed runs a command by itself.
func printed(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := indicatorsCommand()
	c.SilenceUsage, c.SilenceErrors = true, true
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(append([]string{}, args...)) // none is not os.Args
	err := c.Execute()
	return out.String(), err
}

func TestIndicatorsOnTheScreen(t *testing.T) {
	text, err := printed(t, "macd")
	want := `macd  Moving average convergence divergence (이동평균수렴확산), oscillators
The distance of a fast and a slow average, and how it is changing.

formula    value = ema(x, fast) - ema(x, slow); signal = ema(value, signal); histogram = value - signal
call       macd(close, fast=12, slow=26, signal=9)
parameter  fast = 12, a whole number from 1 to 500
parameter  slow = 26, a whole number from 1 to 500
parameter  signal = 9, a whole number from 1 to 100
output     value, warm-up 26
output     signal, histogram, warm-up 34
unit       as the series
reads      close; another series may stand in place of close
source     Lean MovingAverageConvergenceDivergence (Exponential)
example    macd(fast=12, slow=26, signal=9).histogram > 0
`
	if diff := cmp.Diff(want, text); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	text, err = printed(t)
	for _, line := range []string{"name ", "rsi ", "consecutive ", "morning_star "} {
		if err != nil || !strings.Contains("\n"+text, "\n"+line) {
			t.Errorf("the list has no line of %s: %v", line, err)
		}
	}
	if strings.Count(text, "\n") != len(catalogue())+1 {
		t.Errorf("%d lines", strings.Count(text, "\n"))
	}
}

func TestIndicatorsAsJSON(t *testing.T) {
	text, err := printed(t, "--json")
	var list []catalogueEntry
	if err != nil || json.Unmarshal([]byte(text), &list) != nil || len(list) != len(catalogue()) {
		t.Fatalf("%d of them: %v", len(list), err)
	}
	text, err = printed(t, "stochastic", "--json")
	var one catalogueEntry
	if err != nil || json.Unmarshal([]byte(text), &one) != nil {
		t.Fatal(err)
	}
	if want, _ := findIndicator(list, "stochastic"); cmp.Diff(want, one) != "" || one.Outputs[0].Name != "k" || one.Params[0].Default != "14" {
		t.Errorf("%+v", one)
	}
}

func TestAnUnknownIndicatorIsGuessed(t *testing.T) {
	for name, want := range map[string]string{"smaa": "did you mean sma?", "morningstar": "did you mean morning_star?", "golden": "maemae indicators lists them"} {
		_, err := printed(t, name)
		var out bytes.Buffer
		if code := report(&out, err); code != exitUsage || out.String() != "maemae: no indicator \""+name+"\"\n  hint: "+want+"\n" {
			t.Errorf("exit %d: %s", code, out.String())
		}
	}
}
