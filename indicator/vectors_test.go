package indicator

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/series"
)

// vector is one file of testdata.
type vector struct {
	keys     map[string]string
	input    Input
	expected []*decimal.Decimal
}

func readVector(t *testing.T, path string) vector {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v := vector{keys: map[string]string{}}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimPrefix(line, "# "), ": "); ok && line[0] == '#' {
			v.keys[key] = strings.TrimSpace(value)
		}
	}
	r := csv.NewReader(strings.NewReader(string(text)))
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]*decimal.Decimal{}
	for i, name := range rows[0] {
		for _, row := range rows[1:] {
			var cell *decimal.Decimal
			if row[i] != "" && name != "date" {
				d, err := decimal.NewFromString(row[i])
				if err != nil {
					t.Fatal(err)
				}
				cell = &d
			}
			columns[name] = append(columns[name], cell)
		}
	}
	of := func(name string) series.Series {
		values := make([]decimal.Decimal, len(columns[name]))
		for i, c := range columns[name] {
			if c == nil {
				return series.NotReady(len(values))
			}
			values[i] = *c
		}
		return series.FromDecimals(values)
	}
	v.input = Input{Open: of("open"), High: of("high"), Low: of("low"), Close: of("close"), Volume: of("volume")}
	v.expected = columns["expected"]
	return v
}

// args reads "period=14 std=2".
func (v vector) args(t *testing.T, s *Spec) Args {
	t.Helper()
	given := map[string]Value{}
	if v.keys["params"] != "none" {
		for _, field := range strings.Fields(v.keys["params"]) {
			name, value, _ := strings.Cut(field, "=")
			given[name] = Value{Number: decimal.RequireFromString(value)}
		}
	}
	a, err := s.Bind(given)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// slack is in units of the eighth decimal: the bounds were found with 34 digits,
// and rounding to 8 decimals on every step of a filter adds a few.
const slack = 4

// near says whether got agrees with want: within tolerance_checked where the
// file has one, else within tolerance.
func (v vector) near(t *testing.T, got, want decimal.Decimal) bool {
	t.Helper()
	bound := v.keys["tolerance_checked"]
	if bound == "" {
		bound = v.keys["tolerance"]
	}
	abs := decimal.Zero
	if bound != "exact" {
		text, ok := strings.CutPrefix(bound, "abs ")
		if !ok {
			t.Fatalf("tolerance %q", bound)
		}
		abs = decimal.RequireFromString(text)
		if abs.IsPositive() {
			abs = abs.Add(decimal.New(slack, -8))
		}
	}
	if v.keys["compare"] == "value = sqrt(expected)" {
		root, err := want.PowWithPrecision(decimal.New(5, -1), 20)
		if err != nil {
			t.Fatal(err)
		}
		want = root
	}
	return got.Sub(want).Abs().LessThanOrEqual(abs)
}

func TestVectorsAreMet(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.csv")
	if err != nil || len(paths) == 0 {
		t.Fatal("no vectors", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".csv"), func(t *testing.T) {
			v := readVector(t, path)
			s, ok := Lookup(v.keys["id"])
			if !ok {
				t.Fatalf("no indicator %s", v.keys["id"])
			}
			out, ok := s.Output(v.keys["output"])
			if !ok {
				t.Fatalf("no output %s", v.keys["output"])
			}
			a := v.args(t, s)
			got := s.Compute(v.input, a)[out]
			earliest, _ := strconv.Atoi(v.keys["earliest_bar"])
			if got.First()+1 < earliest {
				t.Errorf("ready on bar %d, not before %d", got.First()+1, earliest)
			}
			if need := s.WarmUpOf(v.keys["output"], a); got.First()+1 != need {
				t.Errorf("ready on bar %d, the warm-up says %d", got.First()+1, need)
			}
			compared := 0
			for i, want := range v.expected {
				if want == nil {
					continue
				}
				compared++
				value, ready := got.At(i)
				if !ready {
					t.Fatalf("bar %d is not ready, want %s", i+1, want)
				}
				if !v.near(t, value, *want) {
					t.Fatalf("bar %d is %s, want %s", i+1, value, want)
				}
			}
			if compared == 0 {
				t.Error("nothing compared")
			}
		})
	}
}
