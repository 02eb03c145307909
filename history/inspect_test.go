package history

import (
	"fmt"
	"strings"
	"testing"

	"maemae/market"
)

func inspect(b Bars) string {
	var lines []string
	for _, f := range Inspect(b, market.KRX(), market.Known(b.Symbol)) {
		lines = append(lines, fmt.Sprintf("%s %s %s %d", f.Doubt, f.From, f.To, f.Sessions))
	}
	return strings.Join(lines, "; ")
}

func TestRealBarsRaiseNoDoubts(t *testing.T) {
	for _, name := range []string{"005930", "000660", "114800"} {
		if got := inspect(read(t, "testdata/krx/"+name+".csv")); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// SK hynix had neither a split nor a rights issue in these years, so its adjusted prices are the traded ones. Three
// highs and lows of 2025 lie halfway between ticks: 199,350, 206,750 and 233,750.
func TestRealBarsAreOnTicksAndWithinTheLimits(t *testing.T) {
	b := read(t, "testdata/krx/000660.csv")
	b.Raw = true
	if got := inspect(b); got != "" {
		t.Error(got)
	}
}

func TestLongHaltsAreOneFinding(t *testing.T) {
	b := read(t, "testdata/krx/003560.csv")
	got := inspect(b)
	if !strings.HasPrefix(got, "halted 2023-12-05 ") || strings.Count(got, ";") > 5 {
		t.Error(got)
	}
}

func TestWhatDoesNotFitIsFound(t *testing.T) {
	raw := func(from market.Date, prices ...int64) Bars {
		b := closes(t, from, prices...)
		b.Raw = true
		return b
	}
	cut := func(b Bars, i int) Bars { // without bar i
		c := Bars{Symbol: b.Symbol, Raw: b.Raw}
		for k := range b.Dates {
			if k != i {
				c.append(b.Dates[k], [4]int64{b.Open[k], b.High[k], b.Low[k], b.Close[k]}, b.Volume[k])
			}
		}
		return c
	}
	sunday := closes(t, 20250613, 10, 10) // Friday and Monday
	sunday.Dates[1] = 20250615
	halt := closes(t, 20250612, 10, 10, 10)
	halt.Volume[1], halt.Volume[2] = 0, 0
	for _, tt := range []struct {
		name, want string
		bars       Bars
	}{
		{"whole", "", raw(20250602, 1000, 1300, 910)},
		{"a missing session", "gap 2025-06-05 2025-06-05 1", cut(raw(20250604, 10, 10, 10), 1)},
		{"a missing week", "gap 2024-09-19 2024-09-25 5", Bars{Symbol: "005930", Dates: []market.Date{20240913, 20240926},
			Open: []int64{1, 1}, High: []int64{1, 1}, Low: []int64{1, 1}, Close: []int64{1, 1}, Volume: []int64{1, 1}}}, // after Chuseok
		{"a Sunday", "closed 2025-06-15 2025-06-15 1", sunday},
		{"two halted days", "halted 2025-06-13 2025-06-16 2", halt},
		{"off tick", "tick 2025-06-04 2025-06-05 2", raw(20250602, 2000, 2001, 2002, 2005)},
		{"halfway before the second exchange", "tick 2025-02-28 2025-02-28 1", raw(20250227, 20000, 20025, 20050)},
		{"halfway since the second exchange", "", raw(20250304, 20000, 20025, 20050)},
		{"above the upper limit", "limits 2025-06-04 2025-06-04 1", raw(20250602, 1000, 1301)},
		{"below the lower limit", "limits 2025-06-04 2025-06-04 1", raw(20250602, 1000, 699)},
		{"narrower limits then", "limits 2015-06-12 2015-06-12 1", raw(20150611, 1000, 1155)},
		{"adjusted prices may be anywhere", "", closes(t, 20250602, 2001, 20030)},
		{"before any ladder", "", raw(20090601, 2001, 20030)},
		{"before the calendar", "", Bars{Symbol: "005930", Dates: []market.Date{19901229, 19910103}, Open: []int64{1, 1},
			High: []int64{1, 1}, Low: []int64{1, 1}, Close: []int64{1, 1}, Volume: []int64{1, 1}}},
		{"nothing", "", Bars{Symbol: "005930"}},
	} {
		if got := inspect(tt.bars); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
