package strategy_test

import (
	"testing"

	"maemae/market"
	"maemae/strategy"
)

// walk is a made-up history of n bars.
func walk(n int) strategy.Bars {
	b := strategy.Bars{Dates: make([]market.Date, n)}
	price, state := int64(70000), uint64(1)
	for i := range n {
		state = state*6364136223846793005 + 1442695040888963407
		price = max(1000, price+int64(state>>33)%2001-1000)
		b.Dates[i] = market.Date(i + 1)
		b.Open, b.High, b.Low = append(b.Open, price), append(b.High, price+500), append(b.Low, price-500)
		b.Close, b.Volume = append(b.Close, price+int64(state>>40)%400), append(b.Volume, int64(state>>44)+1)
	}
	return b
}

func golden(b *testing.B) *strategy.Strategy {
	return load(b, "params: {fast: 5, slow: 20}", "let: {fast: \"sma(close, $fast)\", slow: \"sma(close, $slow)\"}",
		"buy: fast crosses above slow and rsi(close, 14) < 70", "sell: fast crosses below slow", "size: 10% of equity")
}

// One decision of a live slot over a year of bars.
func BenchmarkDecide(b *testing.B) {
	s, v := golden(b), view(walk(250))
	for b.Loop() {
		s.Decide(v)
	}
}

// Both sides over all bars, as a backtest asks; per bar.
func BenchmarkColumns(b *testing.B) {
	const bars = 1_000_000
	s, all := golden(b), walk(bars)
	for b.Loop() {
		if _, err := s.Columns("005930", all); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/bars, "ns/bar")
}

// Another set of parameters, as a sweep asks.
func BenchmarkWith(b *testing.B) {
	s := golden(b)
	for b.Loop() {
		if _, problems := s.With(nil); problems.Fatal() {
			b.Fatal(problems)
		}
	}
}
