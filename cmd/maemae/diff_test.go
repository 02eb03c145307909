package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

// What diff says of a moved threshold is held against the numbers that the journal's own decisions carry.
func TestAnEditsDecisionsAreThoseWhoseNumbersLieBetweenTheThresholds(t *testing.T) {
	t.Parallel()
	j, dir := recorded(t)
	store, cal, err := place{cfg: defaults(), state: dir}.store()
	if err != nil {
		t.Fatal(err)
	}
	old, problems := parseRules("old.yaml", []byte(demoRules), ".")
	if old == nil {
		t.Fatal(problems)
	}
	differ := 0 // a hold for another reason is no difference
	for _, threshold := range []int64{30, 42, 44, 46, 60} {
		text := strings.Replace(demoRules, "rsi(14) < 45", fmt.Sprintf("rsi(14) < %d", threshold), 1)
		now, problems := parseRules("new.yaml", []byte(text), ".")
		if now == nil {
			t.Fatal(problems)
		}
		e := &edit{old: old, now: now, sessions: 20, cal: cal, journal: j, store: store, load: store.Load, kind: market.Known, found: RulesDiff{Changes: ruleChanges(old.Strategies, now.Strategies)}}
		if err := e.compare(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, want := map[string]string{}, map[string]string{}
		for _, d := range e.found.Decisions {
			if d.Source != "journal" || d.Why == "" {
				t.Errorf("%+v", d)
			}
			got[d.Due.Format("0102 1504 ")+string(d.Symbol)] = d.Before + " → " + d.After
		}
		for x, err := range j.Entries(t.Context(), journal.Query{Kinds: []string{"decision"}, Strategy: "dip"}) {
			if err != nil {
				t.Fatal(err)
			}
			d := x.Body.(journal.Decision)
			if d.Buy == nil || d.Buy.Truth == nil || d.Holding != nil || d.Reason != strategy.Entry && d.Reason != strategy.NoSignal && d.Reason != strategy.NoPosition {
				continue
			}
			rsi := decimal.RequireFromString(d.Buy.Children[0].Value)
			was, is := rsi.LessThan(decimal.NewFromInt(45)), rsi.LessThan(decimal.NewFromInt(threshold))
			switch key := d.Due.Format("0102 1504 ") + string(d.Symbol); {
			case was && !is:
				want[key] = "buy 10 (entry) → hold (no_signal)"
			case is && !was && d.Reason == strategy.NoSignal:
				want[key] = "hold (no_signal) → buy 10 (entry)"
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("below %d: got %v\nwant %v", threshold, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
		differ += len(want)
	}
	if differ < 3 {
		t.Errorf("%d decisions differ in all: too little to judge", differ)
	}
}
