package history

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/market"
)

// evening is after the close of Friday 2025-06-20, when every bar of the test data is complete.
var evening = market.Date(20250620).At(18, 0)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir(), market.KRX())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closes makes bars of one price each, beginning with the first session on or after the date.
func closes(t *testing.T, from market.Date, prices ...int64) Bars {
	t.Helper()
	b := Bars{Symbol: "005930"}
	d := from.Add(-1)
	for _, p := range prices {
		s, err := market.KRX().NextSession(d)
		if err != nil {
			t.Fatal(err)
		}
		d = s.Date
		b.append(d, [4]int64{p, p, p, p}, 100)
	}
	return b
}

func TestWhatIsStoredIsLoaded(t *testing.T) {
	s := open(t)
	b := read(t, "testdata/krx/005930.csv")
	change, err := s.Merge(b, Source{"csv", evening})
	if err != nil || change != (Change{Added: 370}) {
		t.Fatalf("%+v, %v", change, err)
	}
	got, err := s.Load("005930")
	if err != nil || !reflect.DeepEqual(got, b.slice(0, 370)) {
		t.Fatalf("%v: loaded bars differ from the stored ones", err)
	}
	if _, err := s.Load("000660"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing stored: %v", err)
	}
	if _, err := s.Load("../005930"); err == nil {
		t.Error("a path was taken as a symbol")
	}
	left, err := filepath.Glob(filepath.Join(s.dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestMergeAddsWhatIsNewAndKeepsWhereItCameFrom(t *testing.T) {
	s := open(t)
	first, second := evening, evening.Add(time.Hour)
	for _, step := range []struct {
		bars   Bars
		from   Source
		change Change
	}{
		{closes(t, 20250602, 10, 11, 12), Source{"csv", first}, Change{Added: 3}},
		{closes(t, 20250602, 10, 11, 12), Source{"kis", first}, Change{}},
		{closes(t, 20250605, 12, 13), Source{"kis", first}, Change{Added: 1}},
		{closes(t, 20250609, 13, 14), Source{"kis", second}, Change{Added: 1}},
		{closes(t, 20250530, 9, 10), Source{"csv", second}, Change{Added: 1}},
	} {
		change, err := s.Merge(step.bars, step.from)
		if err != nil || change != step.change {
			t.Fatalf("%s: %+v, %v; want %+v", rows(step.bars), change, err, step.change)
		}
	}
	// Closed between them: 2025-06-03 (election) and 06-06 (Memorial Day).
	want := "005930 2025-05-30 2025-06-10 6: csv 2025-05-30 2025-06-05 4 18:00 19:00; kis 2025-06-09 2025-06-10 2 18:00 19:00;"
	entries, err := s.List()
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v, %v", entries, err)
	}
	e := entries[0]
	got := fmt.Sprintf("%s %s %s %d:", e.Symbol, e.From, e.To, e.Bars)
	for _, st := range e.Stretches {
		got += fmt.Sprintf(" %s %s %s %d %s %s;", st.Source, st.From, st.To, st.Bars, st.Since.Format("15:04"), st.Until.Format("15:04"))
	}
	if got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestARebasedPastIsNotMerged(t *testing.T) {
	s := open(t)
	if _, err := s.Merge(closes(t, 20250602, 500, 510, 520), Source{"kis", evening}); err != nil {
		t.Fatal(err)
	}
	split := closes(t, 20250604, 102, 104, 106) // 5 for 1
	_, err := s.Merge(split, Source{"kis", evening})
	var rebased *RebasedError
	if !errors.As(err, &rebased) || rebased.Symbol != "005930" || rebased.Date != 20250604 ||
		!rebased.Stored.Equal(decimal.NewFromInt(510)) || !rebased.Received.Equal(decimal.NewFromInt(102)) {
		t.Fatalf("merging a split: %v", err)
	}
	if b, err := s.Load("005930"); err != nil || b.Len() != 3 || b.Close[2] != 520 {
		t.Errorf("the refused merge left %s, %v", rows(b), err)
	}
	if _, err := s.Replace(closes(t, 20250602, 100, 102, 104, 106), Source{"kis", evening}); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Load("005930"); err != nil || b.Len() != 4 || b.Close[0] != 100 {
		t.Errorf("the replaced history is %s, %v", rows(b), err)
	}
}

func TestBarsWithoutACommonSessionAreNotMerged(t *testing.T) {
	s := open(t)
	if _, err := s.Merge(closes(t, 20250602, 10, 11), Source{"kis", evening}); err != nil {
		t.Fatal(err)
	}
	var detached *DetachedError
	if _, err := s.Merge(closes(t, 20250605, 12), Source{"kis", evening}); !errors.As(err, &detached) || detached.To != 20250604 {
		t.Errorf("adjusted bars side by side: %v", err)
	}
	raw := closes(t, 20250602, 10, 11)
	raw.Raw = true
	if _, err := s.Merge(raw, Source{"kis", evening}); err == nil {
		t.Error("raw bars went among adjusted ones")
	}
	raw.Symbol = "000660"
	later := closes(t, 20250605, 12)
	later.Raw, later.Symbol = true, "000660"
	for _, b := range []Bars{raw, later} { // raw prices have no base, so that they may lie side by side
		if _, err := s.Merge(b, Source{"kis", evening}); err != nil {
			t.Error(err)
		}
	}
}

func TestALaterReadCorrectsAllButTheClose(t *testing.T) {
	s := open(t)
	b := closes(t, 20250602, 10, 11, 12)
	if _, err := s.Merge(b, Source{"kis", evening}); err != nil {
		t.Fatal(err)
	}
	b.Volume[2], b.High[2] = 500, 13
	change, err := s.Merge(b.slice(2, 3), Source{"kis", evening})
	if err != nil || change != (Change{Corrected: 1}) {
		t.Fatalf("%+v, %v", change, err)
	}
	if got, err := s.Load("005930"); err != nil || rows(got) != rows(b) {
		t.Errorf("%v\n%s", err, rows(got))
	}
}

func TestAFormingBarIsNeverStored(t *testing.T) {
	bars := closes(t, 20261118, 10, 11) // the second is the day of the college entrance exam, closing at 16:30
	day := bars.Dates[1]
	for _, tt := range []struct {
		at      time.Time
		forming bool
	}{
		{day.At(8, 0), true}, {day.At(15, 45), true}, {day.At(16, 30), true}, {day.At(16, 39), true},
		{day.At(16, 40), false}, {day.At(23, 59).UTC(), false}, {day.Add(1).At(0, 0), false},
	} {
		s := open(t)
		want := Change{Added: 2}
		if tt.forming {
			want = Change{Added: 1, Forming: true}
		}
		if change, err := s.Merge(bars, Source{"kis", tt.at}); err != nil || change != want {
			t.Errorf("merged at %s: %+v, %v", tt.at, change, err)
		}
		if change, err := s.Replace(bars, Source{"kis", tt.at}); err != nil || change != want {
			t.Errorf("replaced at %s: %+v, %v", tt.at, change, err)
		}
		if b, err := s.Load("005930"); err != nil || b.Len() != want.Added {
			t.Errorf("stored at %s: %d bars, %v", tt.at, b.Len(), err)
		}
	}
	s := open(t)
	if change, err := s.Merge(bars.slice(1, 2), Source{"kis", day.At(10, 30)}); err != nil || change != (Change{Forming: true}) {
		t.Errorf("only a forming bar: %+v, %v", change, err)
	}
	if _, err := s.Replace(bars.slice(1, 2), Source{"kis", day.At(10, 30)}); err == nil {
		t.Error("a history was replaced with nothing")
	}
}

func TestBarsThatCannotBeMeantAreRefused(t *testing.T) {
	good := closes(t, 20250602, 10, 11)
	for name, merge := range map[string]func(b Bars) (Bars, Source){
		"no source":  func(b Bars) (Bars, Source) { return b, Source{"", evening} },
		"no moment":  func(b Bars) (Bars, Source) { return b, Source{Name: "kis"} },
		"the future": func(b Bars) (Bars, Source) { return b, Source{"kis", b.Dates[0].At(18, 0)} },
		"no symbol":  func(b Bars) (Bars, Source) { b.Symbol = ""; return b, Source{"kis", evening} },
		"a path":     func(b Bars) (Bars, Source) { b.Symbol = "../../x"; return b, Source{"kis", evening} },
		"uneven":     func(b Bars) (Bars, Source) { b.Volume = b.Volume[:1]; return b, Source{"kis", evening} },
		"date twice": func(b Bars) (Bars, Source) {
			b.Dates = []market.Date{20250602, 20250602}
			return b, Source{"kis", evening}
		},
		"not a date": func(b Bars) (Bars, Source) {
			b.Dates = []market.Date{20250602, 20250632}
			return b, Source{"kis", evening}
		},
		"price of zero": func(b Bars) (Bars, Source) { b.Low = []int64{0, 11}; return b, Source{"kis", evening} },
		"scale":         func(b Bars) (Bars, Source) { b.Scale = 9; return b, Source{"kis", evening} },
		"huge price":    func(b Bars) (Bars, Source) { b.High = []int64{10, maxPrice + 1}; return b, Source{"kis", evening} },
	} {
		s := open(t)
		b, from := merge(good)
		if _, err := s.Merge(b, from); err == nil {
			t.Errorf("%s: merged", name)
		}
		if _, err := s.Replace(b, from); err == nil {
			t.Errorf("%s: replaced", name)
		}
		if files, err := os.ReadDir(s.dir); err != nil || len(files) != 0 {
			t.Errorf("%s: wrote %v, %v", name, files, err)
		}
	}
}

// Any cut of one history into overlapping pieces, merged in any order that keeps them in touch, is the history.
func TestMergingPiecesGivesTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := anyBars(t)
		if whole.Len() < 2 {
			return
		}
		at := whole.Dates[whole.Len()-1].Add(1).At(0, 0)
		from := rapid.IntRange(0, whole.Len()-1).Draw(t, "from")
		to := rapid.IntRange(from+1, whole.Len()).Draw(t, "to")
		piece := func(i, j int, name string) originated {
			p := whole.slice(i, j)
			return origins(p, []Stretch{Source{name, at}.stretch(p)})
		}
		merged := piece(from, to, "a")
		for from > 0 || to < whole.Len() {
			i := rapid.IntRange(max(0, from-3), to-1).Draw(t, "i")
			j := rapid.IntRange(i+1, min(whole.Len(), to+3)).Draw(t, "j")
			if j <= from {
				j = from + 1
			}
			before := merged.Len()
			next, change, err := merge(merged, piece(i, j, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "source")))
			if err != nil || next.Len() != before+change.Added || change.Corrected != 0 {
				t.Fatalf("%+v, %v", change, err)
			}
			merged, from, to = next, min(from, i), max(to, j)
		}
		if rows(merged.Bars) != rows(whole) || merged.Check() != nil {
			t.Fatalf("merged\n%s\nwhole\n%s", rows(merged.Bars), rows(whole))
		}
		if err := covers(merged.stretches(), whole.Len()); err != nil {
			t.Fatal(err)
		}
		if err := agree(merged.Bars, merged.stretches()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestMergeMovesToTheFinerScale(t *testing.T) {
	coarse, fine := closes(t, 20250602, 10, 11), closes(t, 20250604, 1100, 1225)
	fine.Scale = 2
	s := open(t)
	for _, b := range []Bars{coarse, fine} {
		if _, err := s.Merge(b, Source{"csv", evening}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := s.Load("005930")
	if want := "2025-06-02 10 10 10 10 100\n2025-06-04 11 11 11 11 100\n2025-06-05 12.25 12.25 12.25 12.25 100\n"; err != nil || rows(b) != want {
		t.Errorf("%v\n%s", err, rows(b))
	}
	huge := closes(t, 20250605, 1)
	huge.Close[0], huge.High[0] = maxPrice, maxPrice
	if _, err := s.Merge(huge, Source{"csv", evening}); err == nil {
		t.Error("a price that does not fit at the finer scale was merged")
	}
}

func file(t testing.TB, b Bars) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := encode(&out, b, []Stretch{Source{"csv", evening}.stretch(b)}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The form of the file is a promise to every directory that was written before; the bytes were worked
// out by another program.
func TestTheFormOfTheFileStands(t *testing.T) {
	b := Bars{Symbol: "005930", Scale: 1, Raw: true}
	b.append(20250602, [4]int64{10, 12, 9, 11}, 7)
	manifest := `[{"from":"2025-06-02","to":"2025-06-02","bars":1,"source":"csv","since":"2025-06-20T18:00:00+09:00","until":"2025-06-20T18:00:00+09:00"}]`
	want := "maebars\n\x01\x00\x01\x01\x01\x00\x00\x00005930\x00\x00\x89\x00\x00\x00\x00\x00\x00\x00" + manifest + "\xea\xff\x34\x01" +
		"\x0a\x00\x00\x00\x00\x00\x00\x00" + "\x0c\x00\x00\x00\x00\x00\x00\x00" + "\x09\x00\x00\x00\x00\x00\x00\x00" +
		"\x0b\x00\x00\x00\x00\x00\x00\x00" + "\x07\x00\x00\x00\x00\x00\x00\x00" + "\x64\xcc\xb0\x67"
	if got := string(file(t, b)); got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// decode reads a column file.
func decode(data []byte) (Bars, []Stretch, error) {
	r := newReader(64)
	r.begin(bytes.NewReader(data))
	return r.decode(int64(len(data)), Bars{})
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	b := closes(t, 20250602, 10, 11)
	good := file(t, b)
	if _, _, err := decode(good); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for bit := range 8 {
			bad := slices.Clone(good)
			bad[i] ^= 1 << bit
			if _, _, err := decode(bad); err == nil {
				t.Fatalf("byte %d bit %d flipped: not found", i, bit)
			}
		}
	}
	for n := range good {
		if _, _, err := decode(good[:n]); err == nil {
			t.Fatalf("cut to %d bytes: not found", n)
		}
	}
}

func TestACorruptFileIsNamed(t *testing.T) {
	s := open(t)
	if _, err := s.Merge(closes(t, 20250602, 10, 11), Source{"csv", evening}); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(s.dir, "005930.bars"))
	if err != nil {
		t.Fatal(err)
	}
	newer := slices.Clone(good)
	newer[8] = 2
	for name, bad := range map[string][]byte{"000660.bars": good, "000020.bars": good[:40], "000040.bars": newer, "000270.bars": {}} {
		write(t, s.dir, name, string(bad))
		symbol := market.Symbol(strings.TrimSuffix(name, ".bars"))
		var corrupt *CorruptError
		if _, err := s.Load(symbol); !errors.As(err, &corrupt) || !strings.HasSuffix(corrupt.File, name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Merge(Bars{Symbol: symbol}, Source{"csv", evening}); !errors.As(err, &corrupt) {
			t.Errorf("merge into %s: %v", name, err)
		}
	}
	entries, err := s.List()
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || len(entries) < 1 || entries[len(entries)-1].Symbol != "005930" {
		t.Errorf("list: %+v, %v", entries, err)
	}
}

func TestReadersSeeWholeFilesWhileOneWrites(t *testing.T) {
	s := open(t)
	long := read(t, "testdata/krx/114800.csv")
	short := long.slice(0, 1000)
	if _, err := s.Replace(short, Source{"csv", evening}); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				b, err := s.Load("114800")
				if err != nil || b.Len() != long.Len() && b.Len() != 1000 {
					t.Errorf("%d bars, %v", b.Len(), err)
					return
				}
			}
		})
	}
	for i := range 10 {
		b := long
		if i%2 == 0 {
			b = short
		}
		if _, err := s.Replace(b, Source{"csv", evening}); err != nil {
			t.Error(err)
		}
	}
	close(done)
	group.Wait()
}

func TestBarsInUsedMemoryAreThoseInFreshMemory(t *testing.T) {
	s := open(t)
	symbols := []market.Symbol{"000001", "000002", "000003", "000004"}
	for i, symbol := range symbols {
		b := Bars{Symbol: symbol, Raw: i%2 == 1, Scale: int32(i)}
		d := market.Date(20200101)
		for k := range 20_000*(i%3)/(i+1) + 3 {
			m := int64(1000*i + k%700 + 2)
			b.append(d, [4]int64{m, m + 1, m - 1, m}, int64(k))
			d = d.Add(1)
		}
		if _, err := s.Replace(b, Source{"csv", market.Date(20991231).At(18, 0)}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		for _, symbol := range symbols {
			used, err := s.Load(symbol)
			if err != nil {
				t.Fatal(err)
			}
			fresh, err := (&Store{dir: s.dir}).Load(symbol)
			if err != nil || !reflect.DeepEqual(fresh, used) {
				t.Fatalf("%s: other bars in used memory (%v)", symbol, err)
			}
			s.Reuse(used)
		}
	}
}

func FuzzDecode(f *testing.F) {
	b := Bars{Symbol: "Q500001", Raw: true, Scale: 2}
	b.append(20250602, [4]int64{10, 12, 9, 11}, 7)
	f.Add(file(f, b))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, stretches, err := decode(data)
		if err != nil {
			return
		}
		if err := errors.Join(got.Check(), covers(stretches, got.Len()), agree(got, stretches)); err != nil {
			t.Fatalf("unsound: %v", err)
		}
	})
}

func TestColumnsOfBars(t *testing.T) {
	n := decimal.RequireFromString
	bars := []market.Bar{
		{Date: 20250602, Open: n("10"), High: n("12.50"), Low: n("9.125"), Close: n("11"), Volume: 5},
		{Date: 20250604, Open: n("11"), High: n("11"), Low: n("11"), Close: n("11"), Volume: 0},
	}
	b, err := Of("005930", bars)
	if err != nil || b.Scale != 3 || rows(b) != "2025-06-02 10 12.5 9.125 11 5\n2025-06-04 11 11 11 11 0\n" || b.Halted(0) || !b.Halted(1) {
		t.Fatalf("%v, scale %d\n%s", err, b.Scale, rows(b))
	}
	if i, found := b.Index(20250603); i != 1 || found {
		t.Errorf("2025-06-03 is at %d, found %v", i, found)
	}
	if b.Last(1).Dates[0] != 20250604 || b.Last(5).Len() != 2 || b.Between(20250603, 20250604).Len() != 1 || b.Between(20250605, 20250601).Len() != 0 {
		t.Error("cuts are wrong")
	}
	for name, change := range map[string]func(*market.Bar){
		"nine decimals": func(b *market.Bar) { b.Close = n("11.000000001") },
		"too large":     func(b *market.Bar) { b.High = n("1000000000000000000") },
		"below zero":    func(b *market.Bar) { b.Low = n("-1") },
		"close outside": func(b *market.Bar) { b.Close = n("99") },
		"dates":         func(b *market.Bar) { b.Date = 20250701 },
	} {
		bad := slices.Clone(bars)
		change(&bad[0])
		if _, err := Of("005930", bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	s, err := Open(b.TempDir(), market.KRX())
	if err != nil {
		b.Fatal(err)
	}
	f, err := os.Open("testdata/krx/114800.csv")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	bars, err := ReadCSV("114800.csv", f)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Replace(bars, Source{"csv", evening}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(bars.Len() * barSize))
	b.ReportAllocs()
	loaded := 0
	for b.Loop() {
		got, err := s.Load("114800")
		if err != nil {
			b.Fatal(err)
		}
		loaded += got.Len()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(loaded), "ns/bar")
}
