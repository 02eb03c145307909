package indicator

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestThePatternsAreThoseTALibFinds(t *testing.T) {
	came := map[string]bool{}
	for _, name := range []string{"krx", "examples"} {
		bars, found := readPatternVector(t, "testdata/pattern/"+name+".csv")
		got := make([][]string, len(bars))
		for _, p := range Patterns() {
			values := p.Compute(bars.input(0), patternDefaults(t, p))
			for i := range bars {
				// TA-Lib waits one bar more than these two need.
				if v, _ := values.At(i); !v.IsZero() && (p.average > 0 || i >= 3) {
					got[i] = append(got[i], p.ID+map[int]string{1: "+", -1: "-"}[v.Sign()])
				}
			}
		}
		for i := range bars {
			slices.Sort(got[i])
			slices.Sort(found[i])
			if !slices.Equal(got[i], found[i]) {
				t.Errorf("%s: bar %d is %v, TA-Lib finds %v", name, i, got[i], found[i])
			}
			for _, f := range found[i] {
				came[f] = true
			}
		}
	}
	for _, p := range Patterns() {
		if p.bullish != nil && !came[p.ID+"+"] || p.bearish != nil && !came[p.ID+"-"] {
			t.Errorf("%s does not come up on every side", p.ID)
		}
	}
}

func readPatternVector(t *testing.T, path string) (bars candles, found [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		bars = append(bars, readCandles(strings.Join(row[:4], " "))...)
		found = append(found, strings.Fields(row[4]))
	}
	return bars, found
}
