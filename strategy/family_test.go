package strategy_test

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/market"
	"maemae/strategy"
)

// A family says what the rule with the same values says, set after set.
func TestAFamilySaysWhatEachOfItsRulesSays(t *testing.T) {
	b := strategy.Bars{}
	day, price := market.Date(20240101), int64(1000)
	for i := range 300 {
		price += int64(i*i%37) - 18
		b.Dates = append(b.Dates, day)
		day = day.Add(1)
		b.Open, b.Close, b.Volume = append(b.Open, price+int64(i%5)-2), append(b.Close, price), append(b.Volume, int64(i%11*100))
		b.High, b.Low = append(b.High, price+9), append(b.Low, price-9)
	}
	position := &strategy.Position{Shares: 3, AveragePrice: won("900"), High: won("1100"), Sessions: 4}
	for _, text := range [][]string{
		{"buy: sma($a) crosses above sma($b)", "sell: sma($a) crosses below sma($b)"},
		{"let: {quick: \"sma(close, $a)\", twice: quick * $c}", "buy: twice > ema(close, 9)[$a] and rsi(14) < $b * 10", "sell: position.return > $c or close < lowest(low, $b)"},
		{"buy: macd($a, $b, 3).signal > 0 and pattern(engulfing).bullish", "sell: position.sessions >= $a and close > quick", "let: {quick: \"sma(ema(close, $a), $b)\"}"},
		{"let: {unused: \"sma(close, $a)\"}", "buy: count(close > open + $a, 5) >= 2 and streak(close > $c) > $b", "sell: sum(volume, $b) > 1000 or barssince(close > open) > $a"},
		{"buy: close > bollinger($b, 2).upper - $a", "sell: close / $c > 1"},
		{"let: {up: \"close > sma(close, $a) and not weak\", weak: \"rsi($b) < 30 + $c\"}", "buy: up or weak and $a > 3", "sell: (close < open)[$a] or close between low + $c and high - $c or up and $b < $a"},
		{"buy: pattern(doji)", "sell: close crosses below sma(close, $a) or close crosses above sma(close, $b) or 3 > close - open * $c or not (position.sessions > $a)"},
	} {
		rule := load(t, append(text, "params: {a: {default: 2, min: 0, max: 9, step: 1}, b: {default: 5, min: 0, max: 9, step: 1}, c: {default: 1, min: 0, max: 2, step: 0.5}}", simple)...)
		axes := []strategy.Axis{{Name: "a"}, {Name: "b"}, {Name: "c"}}
		for i := range int64(10) {
			axes[0].Values, axes[1].Values = append(axes[0].Values, decimal.NewFromInt(i)), append(axes[1].Values, decimal.NewFromInt(i))
			axes[2].Values = append(axes[2].Values, decimal.New(i*5, -1))
		}
		var shared strategy.Shared
		families := []*strategy.Family{rule.Family(axes, &shared), rule.Family(axes, &shared), rule.Family(axes, nil)}
		taken, refused := 0, 0
		rapid.Check(t, func(t *rapid.T) {
			values, set := make([]int, len(axes)), map[string]decimal.Decimal{}
			for i, a := range axes {
				values[i] = rapid.IntRange(0, len(a.Values)-1).Draw(t, a.Name)
				set[a.Name] = a.Values[values[i]]
			}
			f := rapid.SampledFrom(families).Draw(t, "family")
			own, problems := rule.With(set)
			if ok := f.Take(values); ok == problems.Fatal() {
				t.Fatalf("%v: taken is %v, but %v", set, ok, problems)
			}
			if problems.Fatal() {
				refused++
				return
			}
			taken++
			want, err := own.Columns("005930", b)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Columns("005930", b)
			if err != nil {
				t.Fatal(err)
			}
			if f.WarmUp() != own.WarmUp() || want.Buy.Len() != got.Buy.Len() || want.Sell.Len() != got.Sell.Len() {
				t.Fatalf("%v: warm-up %d, want %d", set, f.WarmUp(), own.WarmUp())
			}
			for i := range b.Len() {
				say := func(c strategy.Columns) string {
					x, y := c.Buy.At(i)
					s := fmt.Sprint(x, y)
					if c.Sell.Len() > 0 {
						x, y = c.Sell.At(i)
						return s + fmt.Sprint(x, y)
					}
					for _, p := range []*strategy.Position{nil, position} {
						x, y = c.SellAt(i, p, won("950"))
						s += fmt.Sprint(x, y)
					}
					return s
				}
				if say(want) != say(got) {
					t.Fatalf("%v, bar %d: %s, want %s", set, i, say(got), say(want))
				}
			}
		})
		if taken == 0 || refused == 0 {
			t.Errorf("%v: %d taken, %d refused", text, taken, refused)
		}
	}
}
