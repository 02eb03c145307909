package backtest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/backtest/works"
	"maemae/series"
)

// The largest of n draws from a normal distribution, by drawing.
func TestTheExpectedMaximumIsThatOfDraws(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{5, 50, 500} {
		const rounds = 4000
		sum := 0.0
		for range rounds {
			most := math.Inf(-1)
			for range n {
				most = max(most, r.NormFloat64())
			}
			sum += most
		}
		if got, want := expectedMaximum(1, n), sum/rounds; math.Abs(got-want) > 0.06 {
			t.Errorf("n = %d: %f, draws give %f", n, got, want)
		}
	}
	if expectedMaximum(1, 1) != 0 {
		t.Error("the only one is no best one")
	}
}

// The example of Bailey and López de Prado, The Deflated Sharpe Ratio (2014): of 100 strategies, whose yearly ratios
// have a variance of 1/2, the best shows 2.5 over 1,250 sessions of 250 a year, skewness -3 and kurtosis 10. The bar is
// 0.1132 a session and the probability about 0.90.
func TestTheDeflatedRatioIsThatOfThePaper(t *testing.T) {
	expected := expectedMaximum(math.Sqrt(0.5/250), 100)
	if math.Abs(expected-0.1132) > 0.0001 {
		t.Errorf("a bar of %f, want 0.1132", expected)
	}
	ratio := 2.5 / math.Sqrt(250)
	z := (ratio - expected) * math.Sqrt(1249) / math.Sqrt(1+3*ratio+9.0/4*ratio*ratio)
	if p := math.Erfc(-z/math.Sqrt2) / 2; math.Abs(p-0.9004) > 0.0005 {
		t.Fatalf("the paper's numbers give %f", p)
	}
	// Returns of that skewness and kurtosis: a share p of -a among the rest at b has s = (1-2q)/√(q(1-q)), k = s²+1.
	q := 0.5 + 0.5*3/math.Sqrt(13)
	list := make([]float64, 1250)
	for i := range list {
		if i < int(math.Round(1250*(1-q))) {
			list[i] = -1
		}
	}
	if got := deflated(ratio, expected, list); math.Abs(got-0.9004) > 0.002 {
		t.Errorf("%f, want 0.9004", got)
	}
}

func TestRotatedSignalsAreAsMany(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		truths := rapid.SliceOfN(rapid.Int64Range(0, 1), n, n).Draw(t, "truths")
		first, by := rapid.IntRange(0, n).Draw(t, "first"), rapid.IntRange(0, 400).Draw(t, "by")
		b := series.Less(series.Constant(n, decimal.Decimal{}), series.Of(0, truths))
		var got series.Bits
		got.Rotate(b, first, by)
		for i := first; i < n; i++ {
			truth, ready := got.At(first + (i-first+by)%(n-first))
			if !ready || truth != (truths[i] == 1) {
				t.Fatalf("bar %d of %v", i, truths)
			}
		}
	})
}

// Prices that rise and fall in stretches: a rule that follows them beats its own signals on other days.
func TestRandomRulesTellKnowledgeFromLuck(t *testing.T) {
	b := works.MadeUp(1, 600)
	draw, price, step, left := rand.New(rand.NewPCG(1, 1)), int64(50_000), int64(500), 0
	for i := range b.Dates {
		if left == 0 {
			left = 3 + draw.IntN(7)
			if step = -step; price > 80_000 {
				step = -500
			} else if price < 30_000 {
				step = 500
			}
		}
		left--
		b.Open[i], b.Close[i] = price, price+step
		b.High[i], b.Low[i] = max(price, price+step), min(price, price+step)
		price += step
	}
	o := workOptions(t, `
version: 1
strategies:
  - name: follow
    symbols: ["069500"]
    when: close - 15m
    params: {n: {default: 2, min: 2, max: 5, step: 1}}
    buy: close > sma(close, $n)
    sell: close < sma(close, $n)
    size: 100% of cash
    order: market
`, b)
	r, err := Sweep(*o, SweepOptions{Objective: "total_return"})
	if err != nil {
		t.Fatal(err)
	}
	l := r.Luck
	if l.Sets != 4 || !l.ExpectedSharpe.Defined || l.DeflatedSharpe.Value.LessThan(decimal.New(95, -2)) {
		t.Errorf("%+v", l)
	}
	if x := l.Random; x == nil || x.Rules != randomRules || x.AsGood > 0 || !x.Top5.Value.GreaterThan(x.Median.Value) || !x.Top5.Value.LessThan(r.Best[0].Metrics.TotalReturn.Value) {
		t.Errorf("%+v", x)
	}
}
