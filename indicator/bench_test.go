package indicator

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

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

// BenchmarkKernels is the cost of one value (all outputs of one bar) in nanoseconds and its ratio to a reference loop: of
// many runs of both in turn the quickest of each, so that what else the machine does disturbs neither.
func BenchmarkKernels(b *testing.B) {
	for _, size := range []int{100_000, 1_000_000} {
		in := walk(size)
		for _, r := range references {
			s, _ := Lookup(r.id)
			a, _ := s.Bind(nil)
			b.Run(fmt.Sprintf("%s/%d", r.id, size), func(b *testing.B) {
				x, out := referenceColumns(in)
				ours, theirs := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
				for b.Loop() {
					start := time.Now()
					r.loop(out, x)
					middle := time.Now()
					s.Compute(in, a)
					theirs, ours = min(theirs, middle.Sub(start)), min(ours, time.Since(middle))
				}
				b.ReportMetric(float64(ours.Nanoseconds())/float64(size), "ns/value")
				b.ReportMetric(float64(theirs.Nanoseconds())/float64(size), "reference-ns/value")
				b.ReportMetric(float64(ours)/float64(theirs), "ratio")
			})
		}
	}
}

// BenchmarkPlain is the plain forms in shopspring decimals, over a thousand values.
func BenchmarkPlain(b *testing.B) {
	const size = 1_000
	bars := plainOf(walk(size))
	for _, r := range references {
		s, _ := Lookup(r.id)
		a, _ := s.Bind(nil)
		b.Run(r.id, func(b *testing.B) {
			for b.Loop() {
				plain[r.id](bars, a)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/value")
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

// realBars is the 8,343 daily bars of 005930 from 1990-09-11 on; the opens stand for the index.
func realBars(t testing.TB) Input {
	t.Helper()
	f, err := os.Open("../backtest/testdata/krx-long/005930.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 1+8343 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	var columns [5]series.Series
	for c := range columns {
		values := make([]int64, len(rows)-1)
		for i, row := range rows[1:] {
			if values[i], err = strconv.ParseInt(row[c+1], 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		columns[c] = series.Of(0, values)
	}
	return Input{Open: columns[0], High: columns[1], Low: columns[2], Close: columns[3], Volume: columns[4], Index: columns[0]}
}

// cpuTime is what this process has used of all processors, the garbage collector's part included; other processes do not
// count.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkCatalogue is every indicator with its defaults, all outputs, over 8,343 real bars: all of them in a row, and
// one by one.
func BenchmarkCatalogue(b *testing.B) {
	in := realBars(b)
	args := make([]Args, len(catalogue))
	for i, s := range catalogue {
		args[i], _ = s.Bind(nil)
	}
	b.Run("all", func(b *testing.B) {
		start := cpuTime(b)
		for b.Loop() {
			for i, s := range catalogue {
				s.Compute(in, args[i])
			}
		}
		b.ReportMetric(float64((cpuTime(b)-start).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
	})
	for i, s := range catalogue {
		b.Run(s.ID, func(b *testing.B) {
			for b.Loop() {
				s.Compute(in, args[i])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(in.Close.Len()), "ns/value")
		})
	}
}

// TestRealBarsStayIn64Bits counts allocations, which the big integers of the wide way need on every bar. Prices times
// volumes at 8 decimals (force, kvo) and squares of 8 decimals (augen) are too large for less.
func TestRealBarsStayIn64Bits(t *testing.T) {
	in := realBars(t)
	wide := map[string]bool{"force": true, "kvo": true, "augen": true}
	for _, s := range All() {
		a := defaults(t, s)
		got := testing.AllocsPerRun(1, func() { s.Compute(in, a) })
		if perBar := got / float64(in.Close.Len()); perBar > 4 || perBar > 0.25 && !wide[s.ID] {
			t.Errorf("%s: %v allocations over %d bars", s.ID, got, in.Close.Len())
		}
	}
}
