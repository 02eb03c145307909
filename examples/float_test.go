package examples

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"maemae/history"
	"maemae/strategy"
)

// floatMeans are the two usual ways to a moving average in float64: the mean carried from bar to bar, and the
// convolution with weights of 1/n.
var floatMeans = []struct {
	name string
	mean func(x []float64, n int) []float64
}{
	{"mean += (new-old)/n", func(x []float64, n int) []float64 {
		out, mean := make([]float64, len(x)), 0.0
		for i, v := range x {
			if i < n {
				mean += (v - mean) / float64(i+1)
			} else {
				mean += (v - x[i-n]) / float64(n)
			}
			out[i] = mean
		}
		return out
	}},
	{"sum of x * (1/n)", func(x []float64, n int) []float64 {
		out, weight := make([]float64, len(x)), 1/float64(n)
		for i := range x {
			for k := max(0, i-n+1); k <= i; k++ {
				out[i] += x[k] * weight
			}
		}
		return out
	}},
}

// crossed is +1 where a crosses above b on bar i, -1 where it crosses below, else 0.
func crossed(a, b []float64, i int) int {
	switch {
	case a[i-1] <= b[i-1] && a[i] > b[i]:
		return 1
	case a[i-1] >= b[i-1] && a[i] < b[i]:
		return -1
	}
	return 0
}

// sumOf is the exact sum of the n whole prices up to bar i.
func sumOf(x []int64, i, n int) (sum int64) {
	for _, v := range x[i-n+1 : i+1] {
		sum += v
	}
	return sum
}

// averages is the rule of one pair of moving averages over one symbol, exact and in float64.
type averages struct {
	name        string
	bars        history.Bars
	short, long int
}

func (a averages) rule() string {
	return fmt.Sprintf("sma(close, %d) crosses above sma(close, %[2]d) or sma(close, %[1]d) crosses below sma(close, %[2]d)", a.short, a.long)
}

// equal tells by whole-number sums, which both could agree with, whether the two averages are the same on bar i.
func (a averages) equal(i int) bool {
	return sumOf(a.bars.Close, i, a.short)*int64(a.long) == sumOf(a.bars.Close, i, a.long)*int64(a.short)
}

// crossings fails where the rule crosses between equal averages from bar first on, and counts those bars and, by the
// way of averaging, the crossings of float64 on them.
func (a averages) crossings(t *testing.T, first int, told bool) (bars int, float map[string]int) {
	t.Helper()
	exact, x := truths(t, a.rule(), a.bars), floatsOf(a.bars.Close)
	for i := first; i < len(x); i++ {
		if a.equal(i) {
			bars++
			if exact[i] {
				t.Errorf("%s %s: %s: a crossing between equal averages", a.name, a.bars.Dates[i], a.rule())
			}
		}
	}
	float = map[string]int{}
	for _, form := range floatMeans {
		short, long := form.mean(x, a.short), form.mean(x, a.long)
		for i := first; i < len(x); i++ {
			if a.equal(i) && crossed(short, long, i) != 0 {
				float[form.name]++
				if told {
					t.Logf("%s %s: sma %d and %d are equal, decimals hold; float64 by %s has %.17g and %.17g, a crossing",
						a.name, a.bars.Dates[i], a.short, a.long, form.name, short[i], long[i])
				}
			}
		}
	}
	return bars, float
}

// TestDecimalsDoNotCrossWhereAveragesAreEqual shows why numbers here are exact. On real closes two averages are equal
// now and then, and when a symbol is halted they are equal for weeks. The rule in decimals crosses on none of these
// bars; the same rule in float64 does.
func TestDecimalsDoNotCrossWhereAveragesAreEqual(t *testing.T) {
	const halt = 30 // sessions at the last close, after both averages have come to it
	var ties, halted int
	inTies, inHalts := map[string]int{}, map[string]int{}
	for _, path := range realBars(t) {
		bars := readBars(t, path)
		for _, pair := range [][2]int{{3, 7}, {5, 10}, {5, 20}, {10, 20}, {20, 60}} {
			a := averages{filepath.Base(path), bars, pair[0], pair[1]}
			n, float := a.crossings(t, a.long, true)
			ties += n
			add(inTies, float)
			for last := a.long; last+a.long+halt < bars.Len(); last += 7 {
				a.bars = haltedAt(bars, last, a.long+halt)
				n, float := a.crossings(t, last+a.long-1, false)
				halted += n
				add(inHalts, float)
			}
		}
	}
	t.Logf("decimals: 0 crossings on %d real bars with equal averages and on %d of halts", ties, halted)
	for _, form := range floatMeans {
		t.Logf("float64 by %s: %d and %d", form.name, inTies[form.name], inHalts[form.name])
		if inTies[form.name] == 0 || inHalts[form.name] == 0 {
			t.Errorf("float64 by %s crosses nowhere, so that this shows nothing", form.name)
		}
	}
}

func add(to, what map[string]int) {
	for k, n := range what {
		to[k] += n
	}
}

func realBars(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(bars + "/*.csv")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files of bars: %v", len(paths), err)
	}
	return paths
}

// readBars reads whole won, which floats hold exactly too.
func readBars(t *testing.T, path string) history.Bars {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := history.ReadCSV(path, f)
	if err != nil || b.Scale != 0 {
		t.Fatalf("%s: scale %d: %v", path, b.Scale, err)
	}
	return b
}

// haltedAt is the bars up to one, followed by n sessions of its close.
func haltedAt(b history.Bars, last, n int) history.Bars {
	out := history.Bars{Scale: b.Scale}
	for i := range last + n + 1 {
		k := min(i, last)
		out.Dates = append(out.Dates, b.Dates[i])
		out.Close = append(out.Close, b.Close[k])
	}
	out.Open, out.High, out.Low, out.Volume = out.Close, out.Close, out.Close, make([]int64, len(out.Close))
	return out
}

func truths(t *testing.T, rule string, b history.Bars) []bool {
	t.Helper()
	e, problems := strategy.ParseExpr(rule)
	if problems.Fatal() {
		t.Fatal(problems)
	}
	column, err := e.Eval(strategy.Bars{Dates: b.Dates, Scale: b.Scale, Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]bool, b.Len())
	for i := range out {
		out[i] = column.Text(i) == "true"
	}
	return out
}

func floatsOf(x []int64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
