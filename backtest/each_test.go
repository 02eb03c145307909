package backtest

import (
	"slices"
	"strings"
	"testing"

	"maemae/history"
	"maemae/market"
	"maemae/strategy"
)

// A symbol among others gives the run that it gives in a backtest of its own; one without bars does not stop the others.
func TestEachSymbolIsPlayedAsIfItWereAlone(t *testing.T) {
	f := folder(t, "testdata/krx-daily")
	rule := *shipped(t)[0]
	rule.Symbols = append(f.Symbols(), "999999")
	var got []market.Symbol
	said := map[string]bool{}
	o := options([]*strategy.Strategy{&rule}, f)
	o.Done = func(b history.Bars) { // what Load may do with them: nothing of a run may lie in them
		clear(b.Dates)
		for _, c := range [...][]int64{b.Open, b.High, b.Low, b.Close, b.Volume} {
			clear(c)
		}
	}
	assumptions, err := Each(o, func(p Alone) error {
		got = append(got, p.Symbol)
		alone := rule
		alone.Symbols = []market.Symbol{p.Symbol}
		want, wrong := Run(options([]*strategy.Strategy{&alone}, f))
		for _, a := range want.Assumptions {
			said[a] = true
		}
		for _, n := range p.Notes {
			if !slices.Contains(want.Assumptions, n) {
				t.Errorf("%s: alone nobody says %q", p.Symbol, n)
			}
			delete(said, n)
		}
		switch {
		case (p.Err == nil) != (wrong == nil):
			t.Errorf("%s: %v, alone %v", p.Symbol, p.Err, wrong)
		case wrong == nil && hash(t, p.Run) != hash(t, want.Runs[0]):
			t.Errorf("%s: %s, alone %s", p.Symbol, hash(t, p.Run), hash(t, want.Runs[0]))
		}
		return nil
	})
	if err != nil || len(got) != len(rule.Symbols) || got[len(got)-1] != "999999" {
		t.Errorf("%v, %d of %d symbols", err, len(got), len(rule.Symbols))
	}
	for a := range said {
		if a = strings.Replace(a, "each strategy has", "each symbol has", 1); !slices.Contains(assumptions, a) {
			t.Errorf("of all of them nobody says %q", a)
		}
	}
}
