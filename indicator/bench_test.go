package indicator

import (
	"testing"

	"maemae/series"
)

// walk is n whole-won bars of a random walk between 500 and 1,200,000.
func walk(size int) Input {
	open, high := make([]int64, size), make([]int64, size)
	low, closes, volume := make([]int64, size), make([]int64, size), make([]int64, size)
	state, price := uint64(1), int64(20_000)
	next := func(limit int64) int64 {
		state = state*6364136223846793005 + 1442695040888963407
		return int64(state>>33) % (limit + 1)
	}
	for i := range size {
		open[i] = price
		price += next(price/25) - price/50
		price = min(max(price, 500), 1_200_000)
		closes[i] = price
		high[i] = max(open[i], price) + next(price/100)
		low[i] = min(open[i], price) - next(price/100)
		volume[i] = next(10_000_000)
	}
	return Input{
		Open: series.Of(0, open), High: series.Of(0, high), Low: series.Of(0, low),
		Close: series.Of(0, closes), Volume: series.Of(0, volume),
	}
}

// BenchmarkSideBySide is the cost of one value (all outputs of one bar) in
// nanoseconds, over a million bars, and of the plain form in shopspring decimals
// beside it, over a thousand.
func BenchmarkSideBySide(b *testing.B) {
	const size, plainSize = 1_000_000, 1_000
	in := walk(size)
	bars := plainOf(walk(plainSize))
	for _, id := range []string{"sma", "ema", "rsi", "macd", "bollinger", "atr"} {
		s, _ := Lookup(id)
		a, _ := s.Bind(nil)
		b.Run(id+"/series", func(b *testing.B) {
			for b.Loop() {
				s.Compute(in, a)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/value")
		})
		b.Run(id+"/plain", func(b *testing.B) {
			for b.Loop() {
				plain[id](bars, a)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/plainSize, "ns/value")
		})
	}
}

// plainOf is the input in plain form; the source is the close.
func plainOf(in Input) plainBars {
	l := func(s series.Series) line {
		out := make(line, s.Len())
		for i := range out {
			v, _ := s.At(i)
			out[i] = &v
		}
		return out
	}
	return plainBars{
		open: l(in.Open), high: l(in.High), low: l(in.Low), close: l(in.Close), volume: l(in.Volume), source: l(in.Close),
	}
}

// BenchmarkCatalogue is the same for every indicator, over fewer bars.
func BenchmarkCatalogue(b *testing.B) {
	const size = 20_000
	in := walk(size)
	in.Index = in.Open
	for _, s := range All() {
		a, _ := s.Bind(nil)
		b.Run(s.ID, func(b *testing.B) {
			for b.Loop() {
				s.Compute(in, a)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/value")
		})
	}
}
