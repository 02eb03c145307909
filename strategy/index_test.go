package strategy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maemae/indicator"
	"maemae/market"
	"maemae/series"
	"maemae/strategy"
)

func TestTheIndexIsLaidOnTheDatesOfTheBars(t *testing.T) {
	prices := []int64{1, 2, 3, 4}
	own := strategy.Bars{Dates: []market.Date{20240102, 20240103, 20240105, 20240108}, Open: prices, High: prices, Low: prices, Close: prices, Volume: prices}
	index := strategy.Bars{Scale: 2, Dates: []market.Date{20231228, 20240103, 20240104, 20240105}, Close: []int64{90, 100, 110, 120}}
	got := own.WithIndex(index)
	if diff := cmp.Diff([]int64{0, 100, 120, 0}, got.Index); diff != "" || got.IndexScale != 2 {
		t.Errorf("scale %d\n%s", got.IndexScale, diff)
	}
	if diff := cmp.Diff([]int64{0, 100}, got.First(2).Index); diff != "" {
		t.Error(diff)
	}
	if own.Index != nil {
		t.Error("the bars themselves changed")
	}
}

func TestARuleComparesWithTheIndexItNames(t *testing.T) {
	s := load(t, "bars: completed", `index: "069500"`, "buy: beta(3) > 1.5", "size: 1 share")
	if s.Index != "069500" || !strings.Contains(s.Words("en"), "069500 stands for the market") {
		t.Errorf("index %q\n%s", s.Index, s.Words("en"))
	}
	if other := load(t, "bars: completed", `index: "114800"`, "buy: beta(3) > 1.5", "size: 1 share"); other.Revision == s.Revision {
		t.Error("two rules with different indices have one revision")
	}
	own, of := closes(t, 1000, 1100, 1045, 1254, 1300), closes(t, 100, 105, 102, 112, 110)
	v := view(own.WithIndex(of))
	d := s.Decide(v)
	spec, _ := indicator.Lookup("beta")
	args, err := spec.Bind(map[string]indicator.Value{"period": {Number: won("3")}})
	if err != nil {
		t.Fatal(err)
	}
	n := own.Len() - 1 // the rule sees completed bars
	want, ready := spec.Compute(indicator.Input{Close: series.Of(0, own.Close[:n]), Index: series.Of(0, of.Close[:n])}, args)[0].At(n - 1)
	if !ready || d.Answer != strategy.Buy || d.Buy.Children[0].Value != want.String() {
		t.Errorf("beta %s, ready %t: %+v", want, ready, d)
	}
	if d := s.Decide(view(own)); d.Answer != strategy.Hold || d.Reason != strategy.NotReady {
		t.Errorf("without an index: %+v", d)
	}
}

func TestAnIndexIsAskedForAndNeedsCompletedBars(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"buy: alpha(20) > 0", `alpha compares with a market index`},
		{"bars: forming\n    index: \"069500\"\n    buy: alpha(20) > 0", "index needs completed bars"},
		{"index: \"069500\"\n    buy: alpha(20) > 0", "index needs completed bars"},
		{"bars: completed\n    index: 69500\n    buy: alpha(20) > 0", "symbol 69500 is not in quotes"},
	} {
		text := "version: 1\nstrategies:\n  - name: rule\n    symbols: [\"005930\"]\n    when: close - 15m\n    size: 1 share\n    exits: {stop_loss: 5%}\n    " + c.lines + "\n"
		f, problems := strategy.Load("rules.yaml", []byte(text), strategy.Options{})
		if f != nil || len(problems) != 1 || !strings.Contains(problems.Error(), c.want) {
			t.Errorf("%s: %v", c.lines, problems)
		}
	}
}
