package backtest

import (
	"testing"

	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

// A symbol among others gives the run that it gives in a backtest of its own; one without bars does not stop the others.
func TestEachSymbolIsPlayedAsIfItWereAlone(t *testing.T) {
	f := folder(t, "testdata/krx-daily")
	rule := *shipped(t)[0]
	rule.Symbols = append(f.Symbols(), "999999")
	var got []market.Symbol
	err := Each(options([]*strategy.Strategy{&rule}, f), func(s market.Symbol, r report.Run, err error) error {
		got = append(got, s)
		alone := rule
		alone.Symbols = []market.Symbol{s}
		want, wrong := Run(options([]*strategy.Strategy{&alone}, f))
		switch {
		case (err == nil) != (wrong == nil):
			t.Errorf("%s: %v, alone %v", s, err, wrong)
		case err == nil && hash(t, r) != hash(t, want.Runs[0]):
			t.Errorf("%s: %s, alone %s", s, hash(t, r), hash(t, want.Runs[0]))
		}
		return nil
	})
	if err != nil || len(got) != len(rule.Symbols) || got[len(got)-1] != "999999" {
		t.Errorf("%v, %d of %d symbols", err, len(got), len(rule.Symbols))
	}
}
