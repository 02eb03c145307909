package main

import (
	"bytes"
	"strings"
	"testing"

	"maemae/backtest"
	"maemae/backtest/works"
)

func TestABenchSaysWhichFiguresMissTheirMust(t *testing.T) {
	var r benchResult
	r.add(benchValue{Goal: "P1", What: "a", Value: 3, Unit: "x", Must: 3})
	r.add(benchValue{Goal: "P2", What: "b", Value: 3.01, Unit: "x", Must: 3})
	r.add(benchValue{Goal: "P3", What: "c", Value: 129_999, Unit: "sets", Must: 130_000, AtLeast: true})
	r.add(benchValue{Goal: "P4", What: "d", Value: 1234567, Unit: "x"})
	var out bytes.Buffer
	if err := r.print(&out); err != nil {
		t.Fatal(err)
	}
	var ends []string
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "P") {
			fields := strings.Fields(line)
			ends = append(ends, fields[len(fields)-1])
		}
	}
	if got := strings.Join(ends, " "); got != "met missed missed x" {
		t.Errorf("%s\n%s", got, &out)
	}
}

// A work with another answer is an error, not a figure.
func TestABenchChecksItsAnswers(t *testing.T) {
	bars := works.MadeUp(works.LongSeed, 100_000)
	o, err := benchOptions(works.Rule, bars)
	if err != nil {
		t.Fatal(err)
	}
	w, err := backtest.Ready(o)
	if err != nil {
		t.Fatal(err)
	}
	wrong := works.Short
	wrong.Equity++
	if err := playing(w, works.Short)(); err != nil {
		t.Error(err)
	}
	if err := playing(w, wrong)(); err == nil {
		t.Error("a won too much passes")
	}
	if _, _, err := sideBySide(t.Context(), 2, looping(works.Short, bars), looping(wrong, bars)); err == nil {
		t.Error("a loop with another answer passes")
	}
}
