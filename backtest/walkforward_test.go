package backtest

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/strategy"
)

func forwardOf(t testing.TB, f WalkForwardOptions) WalkForwardResult {
	t.Helper()
	r, err := WalkForward(options(rules(t, swept), folder(t, "testdata/krx-daily")), f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Each window is a sweep over sessions that lie before it, and the backtest of its best set.
func TestEachWindowTradesWhatASweepBeforeItPicks(t *testing.T) {
	with := SweepOptions{Objective: "total_return", Limits: []SweepLimit{{Metric: "trades", AtLeast: true, Bound: decimal.New(2, 0)}}}
	r := forwardOf(t, WalkForwardOptions{SweepOptions: with, In: 120, Out: 50})
	if len(r.Windows) < 3 {
		t.Fatalf("%d windows", len(r.Windows))
	}
	o := options(rules(t, swept), folder(t, "testdata/krx-daily"))
	cash, trades := o.Cash, 0
	for i, w := range r.Windows {
		if i > 0 && w.TradeFrom <= r.Windows[i-1].TradeTo || w.TradeFrom <= w.PickTo {
			t.Errorf("window %d: %+v", i, w)
		}
		before := o
		before.From, before.To = w.PickFrom, w.PickTo
		s, err := Sweep(before, with)
		if err != nil {
			t.Fatal(err)
		}
		best := s.Best[0]
		if text(t, best.Params) != text(t, w.Params) || best.Metrics.TotalReturn.String() != w.Before.String() || s.From != w.PickFrom || s.To != w.PickTo {
			t.Errorf("window %d picked %s, the sweep %s", i, text(t, w.Params), text(t, best.Params))
		}
		rule, _ := o.Rules[0].With(w.Params)
		after := o
		after.Rules, after.From, after.To, after.Cash = []*strategy.Strategy{rule}, w.TradeFrom, w.TradeTo, cash
		alone, err := Run(after)
		if err != nil {
			t.Fatal(err)
		}
		held := int64(0)
		for _, x := range alone.Runs[0].Trades {
			if text(t, x) != text(t, r.Run.Trades[trades]) {
				t.Fatalf("window %d: trade %d is %s, want %s", i, trades, text(t, r.Run.Trades[trades]), text(t, x))
			}
			held, trades = held+signed(x.Side, x.Shares), trades+1
		}
		cash = alone.Runs[0].FinalEquity
		for ; held > 0; trades++ {
			x := r.Run.Trades[trades]
			held -= x.Shares
			cash = cash.Sub(x.Fee).Sub(x.Tax)
			if x.Reason != windowEnd || x.Date != w.TradeTo || x.Side != broker.Sell || !x.Fee.IsPositive() {
				t.Errorf("window %d ends with %s", i, text(t, x))
			}
		}
	}
	if trades != len(r.Run.Trades) || !cash.Equal(r.Run.FinalEquity) {
		t.Errorf("%d of %d trades, %s won of %s", trades, len(r.Run.Trades), cash, r.Run.FinalEquity)
	}
	sum := o.Cash
	for _, x := range r.Run.Trades {
		sum = sum.Sub(x.Value().Mul(decimal.NewFromInt(signed(x.Side, 1)))).Sub(x.Fee).Sub(x.Tax)
	}
	last := r.Run.Equity.At(r.Run.Equity.Len() - 1)
	if !sum.Equal(last.Equity) || !sum.Equal(last.Cash) || last.Date != r.Run.To {
		t.Errorf("trades leave %s, the curve ends at %+v", sum, last)
	}
	for i := range r.Run.Equity.Len() - 1 {
		if r.Run.Equity.At(i).Date >= r.Run.Equity.At(i+1).Date {
			t.Errorf("point %d and the next: %s", i, r.Run.Equity.At(i).Date)
		}
	}
}

func signed(side broker.Side, n int64) int64 {
	if side == broker.Sell {
		return -n
	}
	return n
}

func TestAnAnchoredPickBeginsWithTheFirstSession(t *testing.T) {
	r := forwardOf(t, WalkForwardOptions{In: 120, Out: 80, Anchored: true})
	for _, w := range r.Windows {
		if w.PickFrom != r.Windows[0].PickFrom {
			t.Errorf("%+v", w)
		}
	}
}

func TestWithoutASetWithinTheLimitsNothingIsTraded(t *testing.T) {
	r := forwardOf(t, WalkForwardOptions{SweepOptions: SweepOptions{Limits: []SweepLimit{{Metric: "trades", AtLeast: true, Bound: decimal.New(1000, 0)}}}, In: 120, Out: 80})
	if len(r.Run.Trades) != 0 || !r.Run.FinalEquity.Equal(r.Run.Cash) || r.Windows[0].Params != nil || r.Run.Equity.Len() == 0 {
		t.Errorf("%+v", r.Run)
	}
}

func TestTheNumberOfWorkersDoesNotChangeAWalk(t *testing.T) {
	one := text(t, forwardOf(t, WalkForwardOptions{SweepOptions: SweepOptions{Workers: 1}, In: 100, Out: 100}))
	if many := text(t, forwardOf(t, WalkForwardOptions{SweepOptions: SweepOptions{Workers: 5}, In: 100, Out: 100})); many != one {
		t.Errorf("%s\n%s", one, many)
	}
}

func TestAWalkSaysWhatItCannotDo(t *testing.T) {
	o := options(rules(t, swept), folder(t, "testdata/krx-daily"))
	for want, f := range map[string]WalkForwardOptions{
		"windows of 0 and 5 sessions": {Out: 5},
		"picking alone takes 90000":   {In: 90000, Out: 5},
		"no metric":                   {SweepOptions: SweepOptions{Objective: "luck"}, In: 50, Out: 5},
	} {
		if _, err := WalkForward(o, f); err == nil || !strings.HasPrefix(err.Error(), "walk forward: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
