package strategy

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/market"
	"maemae/series"
)

func TestBlocksSayWhatTheWholeHistorySays(t *testing.T) {
	numbers := []string{
		"close", "open", "price", "volume", "close[3]", "-low", "(high - low)", "(close * volume)", "(volume / (close - open))", "40.5",
		"sma(close, 20)", "sma((high + low), 3)", "highest(high, 7)", "lowest(low[1], 30)", "sum(volume, 5)", "count(close > open, 9)",
		"bollinger(close, 20, 2).upper", "bollinger(close, 5).middle[2]", "std(close, 10)", "roc(close, 4)", "momentum(close, 6)",
		"williams_r(14)", "cci(20)", "lwma(close, 8)", "donchian(20).upper",
	}
	rapid.Check(t, func(t *rapid.T) {
		pick := func(of []string, name string) string { return rapid.SampledFrom(of).Draw(t, name) }
		var condition func(depth int) string
		condition = func(depth int) string {
			if depth == 0 || rapid.Bool().Draw(t, "leaf") {
				return fmt.Sprintf("%s %s %s", pick(numbers, "left"), pick([]string{"<", "<=", ">", ">=", "==", "!=", "crosses above", "crosses below"}, "is"), pick(numbers, "right"))
			}
			x, y := condition(depth-1), condition(depth-1)
			return pick([]string{"(" + x + ") and (" + y + ")", "(" + x + ") or (" + y + ")", "not (" + x + ")"}, "joined")
		}
		text := fmt.Sprintf("version: 1\nstrategies:\n  - name: x\n    symbols: [\"005930\"]\n    when: close - 15m\n    buy: %q\n    sell: %q\n    size: 1 share\n    order: market\n", condition(2), condition(2))
		f, problems := Load("rules.yaml", []byte(text), Options{})
		if problems.Fatal() {
			t.Skip(problems)
		}
		p := f.Strategies[0].common
		if !p.windowed() {
			t.Fatalf("not windowed: %s", text)
		}
		b := Bars{Dates: make([]market.Date, rapid.IntRange(1, 400).Draw(t, "bars"))}
		for _, c := range []*[]int64{&b.Open, &b.High, &b.Low, &b.Close, &b.Volume} {
			*c = rapid.SliceOfN(rapid.Int64Range(1, 60), len(b.Dates), len(b.Dates)).Draw(t, "column")
		}
		whole := p.run(b, decimal.Decimal{})
		buy, sell := p.inBlocks(b, 64*rapid.IntRange(1, 3).Draw(t, "words in a block"))
		for _, side := range [...]struct {
			name      string
			got, want series.Bits
		}{{"buy", buy, whole.truths(p.buy)}, {"sell", sell, whole.truths(p.sell)}} {
			for i := range b.Len() {
				truth, ready := side.got.At(i)
				if wantTruth, wantReady := side.want.At(i); truth != wantTruth || ready != wantReady {
					t.Fatalf("%s on bar %d is %t, ready %t, in blocks, and %t, ready %t\n%s", side.name, i, truth, ready, wantTruth, wantReady, text)
				}
			}
		}
	})
}

func TestARuleThatRemembersIsEvaluatedWhole(t *testing.T) {
	for _, buy := range []string{"close > ema(close, 20)", "streak(close > open) > 3", "barssince(close > open) < 2", "rsi(close, 14) < 30", "close > sma(sma(close, 900), 900)"} {
		f, problems := Load("rules.yaml", []byte(fmt.Sprintf("version: 1\nstrategies:\n  - name: x\n    symbols: [\"005930\"]\n    when: close - 15m\n    buy: %q\n    size: 1 share\n    order: market\n", buy)), Options{})
		if problems.Fatal() {
			t.Fatal(problems)
		}
		if f.Strategies[0].common.windowed() {
			t.Errorf("%s counts as windowed", buy)
		}
	}
}

func TestAnEvaluationInUsedMemorySaysWhatOneInFreshMemorySays(t *testing.T) {
	for _, buy := range []string{
		"close > ema(close, 5)", "streak(close > open) > 3 or rsi(close, 4) < 30", "barssince(close > open) < 2", "price / volume > sma(close, 7) / 9",
		"macd(close, 3, 6, 2).signal > 0", "stochastic(5).k > 40 and atr(5) < 9", "pattern(hammer).bullish or count(close < low[1] + 2, 4) > 1", "supertrend(5) < close",
	} {
		f, problems := Load("rules.yaml", []byte(fmt.Sprintf("version: 1\nstrategies:\n  - name: x\n    symbols: [\"005930\"]\n    when: close - 15m\n    buy: %q\n    sell: not (%s)\n    size: 1 share\n    order: market\n", buy, buy)), Options{})
		if problems.Fatal() {
			t.Error(problems)
			continue
		}
		p := f.Strategies[0].common
		state := int64(1)
		for _, n := range []int{1, 300, 40, 0, 129, 512, 64} {
			b := Bars{Dates: make([]market.Date, n)}
			for _, c := range []*[]int64{&b.Open, &b.High, &b.Low, &b.Close, &b.Volume} {
				for range n {
					state = state * 48271 % 2147483647
					*c = append(*c, 1+state%60)
				}
			}
			buy, sell := p.truths(b)
			fresh := p.run(b, decimal.Decimal{})
			for i := range n {
				for _, side := range [...][2]series.Bits{{buy, fresh.truths(p.buy)}, {sell, fresh.truths(p.sell)}} {
					truth, ready := side[0].At(i)
					if wantTruth, wantReady := side[1].At(i); truth != wantTruth || ready != wantReady {
						t.Fatalf("bar %d of %d is %t, ready %t, want %t and %t: %s", i, n, truth, ready, wantTruth, wantReady, f.Strategies[0].Words("en"))
					}
				}
			}
		}
	}
}
