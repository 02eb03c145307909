package market

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestSymbolsKeepTheirExactForm(t *testing.T) {
	for _, text := range []string{"005930", "000660", "0001A0", "Q500001", "950140"} {
		if s, err := ParseSymbol(text); err != nil || string(s) != text {
			t.Errorf("%q: %q, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "5930", "0059300", "A005930", "Q50000A", "00593０", "00593o", " 05930", "005-30"} {
		if s, err := ParseSymbol(text); err == nil {
			t.Errorf("%q was taken as symbol %q", text, s)
		}
	}
}

func TestDatesAreCivilDatesInKorea(t *testing.T) {
	late := time.Date(2026, 1, 1, 15, 0, 0, 0, time.UTC) // midnight in Seoul
	if d := DateOf(late); d != 20260102 {
		t.Errorf("%s is %s in Korea", late, d)
	}
	for text, want := range map[string]Date{"2024-02-29": 20240229, "20240229": 20240229, "0001-01-01": 10101, "2023-02-29": 0,
		"2024-2-29": 0, "2024/02/29": 0, "": 0, "2024-02-29 ": 0, "20241301": 0} {
		if got, err := ParseDate(text); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

func TestADateIsValidWhenTheClockKnowsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Date(rapid.Int32Range(-20000, 99999999).Draw(t, "date"))
		if rapid.Bool().Draw(t, "near") {
			d = Date(rapid.Int32Range(1900, 2100).Draw(t, "y")*10000 + rapid.Int32Range(0, 13).Draw(t, "m")*100 + rapid.Int32Range(0, 32).Draw(t, "d"))
		}
		if want := d > 10100 && DateOf(d.At(12, 0)) == d; d.Valid() != want {
			t.Fatalf("%d: valid %v, want %v", d, d.Valid(), want)
		}
		if !d.Valid() {
			return
		}
		if back, err := ParseDate(d.String()); err != nil || back != d {
			t.Fatalf("%s comes back as %s, %v", d, back, err)
		}
		text, err := json.Marshal(d)
		var back Date
		if err != nil || json.Unmarshal(text, &back) != nil || back != d {
			t.Fatalf("%s comes back from JSON %s as %s", d, text, back)
		}
		if d < 99990101 && d.Add(200).Add(-200) != d {
			t.Fatalf("%s + 200 - 200 days is %s", d, d.Add(200).Add(-200))
		}
	})
}

func TestAHaltedDayBecomesAFlatBar(t *testing.T) {
	n := decimal.NewFromInt
	b, halted := Bar{Date: 20240102, Close: n(10760), Volume: 5}.Normalize()
	if !halted || !b.Open.Equal(n(10760)) || !b.High.Equal(n(10760)) || !b.Low.Equal(n(10760)) || b.Volume != 0 || b.Check() != nil {
		t.Errorf("halted %v: %+v", halted, b)
	}
	whole := Bar{20240102, n(1), n(2), n(1), n(2), 7}
	if b, halted := whole.Normalize(); halted || b != whole {
		t.Errorf("a traded day became %+v", b)
	}
}

func TestAPriceRoundedOutOfItsBarWidensIt(t *testing.T) {
	n := decimal.RequireFromString
	for _, tt := range []struct {
		bar        Bar
		want       string
		impossible bool
	}{
		// 068270 on 2024-09-24, as vendors adjust it.
		{Bar{20240924, n("189049"), n("189049"), n("183990"), n("189050"), 7}, "{2024-09-24 189049 189050 183990 189050 7}", false},
		{Bar{20240924, n("99.5"), n("110"), n("100"), n("105"), 7}, "{2024-09-24 99.5 110 99.5 105 7}", false},
		{Bar{20240924, n("100"), n("110"), n("90"), n("111.01"), 7}, "{2024-09-24 100 110 90 111.01 7}", true},
		{Bar{20240924, n("88"), n("110"), n("90"), n("100"), 7}, "{2024-09-24 88 110 90 100 7}", true},
	} {
		got, halted := tt.bar.Normalize()
		if fmt.Sprint(got) != tt.want || halted || (got.Check() != nil) != tt.impossible {
			t.Errorf("%v became %v (halted %v, %v), want %s", tt.bar, got, halted, got.Check(), tt.want)
		}
	}
}

func TestABarNoSessionCanHaveMadeIsFound(t *testing.T) {
	n := decimal.NewFromInt
	for name, b := range map[string]Bar{
		"no date":         {0, n(2), n(3), n(1), n(2), 1},
		"no price":        {Date: 20240102},
		"negative":        {20240102, n(2), n(3), n(-1), n(2), 1},
		"open above high": {20240102, n(4), n(3), n(1), n(2), 1},
		"close under low": {20240102, n(2), n(3), n(2), n(1), 1},
		"volume":          {20240102, n(2), n(3), n(1), n(2), -1},
	} {
		if b.Check() == nil {
			t.Errorf("%s: %+v passes", name, b)
		}
	}
}

func TestTheFormingBarIsTheQuote(t *testing.T) {
	n := decimal.NewFromInt
	q := Quote{At: time.Date(2026, 1, 5, 6, 15, 0, 0, time.UTC), Price: n(101), Open: n(100), High: n(105), Low: n(99), Volume: 7}
	if b := q.Forming(); fmt.Sprint(b) != "{2026-01-05 100 105 99 101 7}" {
		t.Errorf("forming bar %+v", b)
	}
	q.Open, q.High, q.Low = decimal.Zero, decimal.Zero, decimal.Zero // before the first trade
	if b := q.Forming(); !b.Low.Equal(n(101)) || b.Volume != 0 || b.Check() != nil {
		t.Errorf("forming bar before the first trade %+v", b)
	}
}

func TestKnownIssues(t *testing.T) {
	for s, want := range map[Symbol]Instrument{
		"005930":  {"005930", "삼성전자", KOSPI, Stock},
		"069500":  {"069500", "KODEX 200", KOSPI, ETF},
		"114800":  {"114800", "KODEX 인버스", KOSPI, ETF},
		"247540":  {"247540", "에코프로비엠", KOSDAQ, Stock},
		"Q500001": {"Q500001", "", KOSPI, ETN},
		"999999":  {"999999", "", KOSPI, Stock},
	} {
		if got := Known(s); got != want {
			t.Errorf("%s: %+v", s, got)
		}
	}
	if !slices.IsSortedFunc(known[:], func(a, b Instrument) int { return strings.Compare(string(a.Symbol), string(b.Symbol)) }) {
		t.Error("the table of names is out of order")
	}
	for _, i := range known {
		if _, err := ParseSymbol(string(i.Symbol)); err != nil || Known(i.Symbol) != i {
			t.Errorf("%s: listed twice or misspelt (%v)", i.Symbol, err)
		}
	}
}
