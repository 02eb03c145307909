package backtest

import (
	"errors"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/report"
	"maemae/strategy"
)

// Every run ends with the question whether its book closes. Here one thing is wrong with a book that did.
func TestABookThatDoesNotCloseIsNoticed(t *testing.T) {
	r := shipped(t)[:1]
	o := options(r, folder(t, "testdata/krx-daily"))
	a, err := o.open(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.fast(map[*strategy.Strategy]traits{r[0]: traitsOf(a.legs[0])})
	if err != nil || len(b.fills) < 10 {
		t.Fatal(len(b.fills), err)
	}
	fills := slices.Clone(b.fills)
	for name, wrong := range map[string]func(){
		"a won too much":         func() { b.cash++ },
		"a share too much":       func() { b.legs[0].shares++ },
		"a fill of a share more": func() { b.fills[0].shares++ },
		"a fee too small":        func() { b.fills[3].fee-- },
		"a tax forgotten":        func() { b.fills[slices.IndexFunc(b.fills, func(f fastFill) bool { return f.tax > 0 })].tax = 0 },
		"a fill lost":            func() { b.fills = b.fills[:len(b.fills)-1] },
		"a fill twice":           func() { b.fills = append(b.fills, b.fills[0]) },
		"a sale first": func() {
			b.fills = b.fills[slices.IndexFunc(b.fills, func(f fastFill) bool { return f.side == broker.Sell }):]
		},
	} {
		cash, shares := b.cash, b.legs[0].shares
		if wrong(); !errors.Is(b.balance(), errBalance) {
			t.Errorf("the fast engine: %s: %v", name, b.balance())
		}
		b.cash, b.legs[0].shares, b.fills = cash, shares, slices.Clone(fills)
	}
	if err := b.balance(); err != nil {
		t.Errorf("nothing is wrong any more: %v", err)
	}

	out, err := a.plain()
	if err != nil {
		t.Fatal(err)
	}
	one := decimal.NewFromInt(1)
	for name, wrong := range map[string]func(trades []report.Trade, end *report.Point) []report.Trade{
		"a won too much": func(all []report.Trade, end *report.Point) []report.Trade { end.Cash = end.Cash.Add(one); return all },
		"worth a won more": func(all []report.Trade, end *report.Point) []report.Trade {
			end.Equity = end.Equity.Add(one)
			return all
		},
		"a share more":    func(all []report.Trade, _ *report.Point) []report.Trade { all[0].Shares++; return all },
		"a fee too small": func(all []report.Trade, _ *report.Point) []report.Trade { all[3].Fee = all[3].Fee.Sub(one); return all },
		"a fill lost":     func(all []report.Trade, _ *report.Point) []report.Trade { return all[:len(all)-1] },
		"a sale first": func(all []report.Trade, _ *report.Point) []report.Trade {
			return all[slices.IndexFunc(all, func(t report.Trade) bool { return t.Side == broker.Sell }):]
		},
		"": func(all []report.Trade, _ *report.Point) []report.Trade { return all },
	} {
		points := []report.Point{out.curve.At(out.curve.Len() - 1)}
		p := &plain{account: a, trades: wrong(slices.Clone(out.trades), &points[0])}
		if err := p.balance(points); errors.Is(err, errBalance) != (name != "") {
			t.Errorf("the plain engine: %q: %v", name, err)
		}
	}
}
