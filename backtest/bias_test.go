package backtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/broker/paper"
	"maemae/history"
	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

// What happened up to a day does not depend on what came later, in either engine.
func TestLaterBarsChangeNothingBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawRun(t, rapid.Bool().Draw(t, "fast"))
		whole, err := Run(o)
		if err != nil {
			t.Skip(err)
		}
		curve := whole.Runs[0].Equity
		k := rapid.IntRange(0, curve.Len()-1).Draw(t, "cut")
		o.To = curve.At(k).Date
		short, err := Run(o)
		if err != nil {
			t.Skip(err) // a symbol may have no bars so early
		}
		var want []report.Trade
		for _, x := range whole.Runs[0].Trades {
			if x.Date <= o.To {
				want = append(want, x)
			}
		}
		equal := cmp.Comparer(func(x, y decimal.Decimal) bool { return x.Equal(y) })
		got := short.Runs[0]
		if diff := cmp.Diff(want, append([]report.Trade(nil), got.Trades...), equal); diff != "" {
			t.Fatalf("up to %s the whole history (-) and the short one (+) differ: %s", o.To, diff)
		}
		if got.Equity.Len() > k+1 || got.To < o.To && got.Equity.Len() == k+1 {
			t.Fatalf("%d points up to %s, the whole history has %d", got.Equity.Len(), o.To, k+1)
		}
		for i := range got.Equity.Len() { // fewer where the bars end before that day
			if diff := cmp.Diff(curve.At(i), got.Equity.At(i), equal); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestARuleThatSeesTheFutureIsCaught(t *testing.T) {
	f := folder(t, "testdata/krx-daily")
	r := shipped(t)[0]
	o := options([]*strategy.Strategy{r}, f)
	a, err := o.open(o.Rules)
	if err != nil {
		t.Fatal(err)
	}
	l := a.legs[0]
	later := *l
	later.tape = newTape(l.tape.of, history.Bars{Dates: l.tape.bars.Dates[1:], Open: l.tape.bars.Open[1:], High: l.tape.bars.High[1:], Low: l.tape.bars.Low[1:], Close: l.tape.bars.Close[1:], Volume: l.tape.bars.Volume[1:]}, a.days)
	columns, err := r.Columns(l.tape.of.Symbol, later.tape.bars)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.guard(columns); err == nil || !strings.Contains(err.Error(), "changes when later bars are known") {
		t.Errorf("columns of the day after pass the guard: %v", err)
	}
}

// The paper broker's book settles as KIS does: every run's fills lead to the same D+2 cash there.
func TestThePaperBookAgreesWithEveryFill(t *testing.T) {
	f := folder(t, "testdata/krx-daily")
	o := options(shipped(t), f)
	for _, r := range o.Rules {
		r.Symbols = f.Symbols()
	}
	o.Together = true
	result, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	run := result.Runs[0]
	book := paper.NewBook(o.Cash, o.Costs)
	next := 0
	for i := range run.Equity.Len() {
		p := run.Equity.At(i)
		one, err := o.Calendar.AddSessions(p.Date, 1)
		if err != nil {
			t.Fatal(err)
		}
		two, err := o.Calendar.AddSessions(p.Date, 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := book.BeginSession(p.Date, one.Date, two.Date); err != nil {
			t.Fatal(err)
		}
		for ; next < len(run.Trades) && run.Trades[next].Date == p.Date; next++ {
			x := run.Trades[next]
			id := fmt.Sprint(next)
			order := broker.Order{Symbol: x.Symbol, Side: x.Side, Type: broker.Market, Shares: x.Shares}
			if err := book.Reserve(id, order, x.Price); err != nil {
				t.Fatalf("%+v: %v", x, err)
			}
			if err := book.Fill(id, x.Shares, x.Price, f.Instrument(x.Symbol)); err != nil {
				t.Fatalf("%+v: %v", x, err)
			}
		}
		if !book.Cash().Equal(p.Cash) {
			t.Fatalf("%s: the paper book has %s, the run %s", p.Date, book.Cash(), p.Cash)
		}
	}
	if next < 500 {
		t.Errorf("only %d fills", next)
	}
}

func TestAmountsBeyond64BitsAreComputedInDecimals(t *testing.T) {
	fine := table(t, "005930", "9900 10050 9850 10000\n9900 10050 9850 10000")
	fine.Scale = 8
	for _, c := range []*[]int64{&fine.Open, &fine.High, &fine.Low, &fine.Close} {
		for i := range *c {
			(*c)[i] = (*c)[i]*100_000_000 + 12_345_678
		}
	}
	o := Options{
		Rules: rules(t, ruleFile("size: 100% of cash")), Cash: decimal.New(1, 15), Calendar: market.KRX(), Instrument: market.Known,
		Load:  func(market.Symbol) (history.Bars, error) { return fine, nil },
		Costs: market.DefaultCosts(), Slippage: 1,
	}
	result, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(result.Assumptions, "\n"), "more than 64 bits") {
		t.Error("the result does not say so")
	}
	x := result.Runs[0].Trades[0]
	if x.Shares != 1_000_000 || x.Price.String() != "10010.12345678" {
		t.Errorf("%+v", x)
	}
}
