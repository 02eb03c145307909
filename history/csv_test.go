package history

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"golang.org/x/text/encoding/korean"
	"pgregory.net/rapid"

	"maemae/market"
)

func read(t *testing.T, name string) Bars {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := ReadCSV(name, f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rows shows bars as text, one bar a line.
func rows(b Bars) string {
	var text strings.Builder
	for i := range b.Dates {
		bar := b.At(i)
		fmt.Fprintln(&text, bar.Date, bar.Open, bar.High, bar.Low, bar.Close, bar.Volume)
	}
	return text.String()
}

func TestReadCSVOfRealBars(t *testing.T) {
	b := read(t, "testdata/krx/005930.csv")
	if b.Symbol != "005930" || b.Raw || b.Scale != 0 || b.Len() != 370 || b.Check() != nil {
		t.Fatalf("%s raw %v scale %d: %d bars, %v", b.Symbol, b.Raw, b.Scale, b.Len(), b.Check())
	}
	if got := rows(b.Between(0, 20231205)); got != "2023-12-05 72300 72400 71200 71200 12129682\n" {
		t.Errorf("first bar: %s", got)
	}
	if b.Dates[369] != 20250617 {
		t.Errorf("last bar of %s", b.Dates[369])
	}
}

func TestHaltedDaysBecomeFlatBars(t *testing.T) {
	b := read(t, "testdata/krx/003560.csv")
	halted := 0
	for i := range b.Dates {
		if b.Halted(i) {
			halted++
		}
	}
	if halted < 300 || rows(b.slice(0, 1)) != "2023-12-05 10760 10760 10760 10760 0\n" {
		t.Errorf("%d of %d halted, first %s", halted, b.Len(), rows(b.slice(0, 1)))
	}
}

// Adjusting and rounding each price by itself put this close one won above the high.
func TestAPriceRoundedOutOfItsBarWidensIt(t *testing.T) {
	b := read(t, "testdata/krx/068270.csv")
	if got := rows(b.Between(20240924, 20240924)); got != "2024-09-24 189049 189050 183990 189050 523264\n" {
		t.Error(got)
	}
}

// Rows and bars are normalized alike, wherever they come from.
func TestRowsAreNormalizedAsBarsAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p [4]decimal.Decimal
		for i := range p {
			p[i] = decimal.New(rapid.Int64Range(0, 60).Draw(t, "price"), -1)
		}
		bar := market.Bar{Date: 20240102, Open: p[0], High: p[1], Low: p[2], Close: p[3], Volume: 3}
		row := fmt.Sprintf("2024-01-02,%s,%s,%s,%s,3\n", p[0], p[1], p[2], p[3])
		fromRow, rowErr := ReadCSV("f", strings.NewReader(head+row))
		fromBar, barErr := Of("", []market.Bar{bar})
		if (rowErr == nil) != (barErr == nil) || rowErr == nil && rows(fromRow) != rows(fromBar) {
			t.Fatalf("%s\nrow %s %v\nbar %s %v", row, rows(fromRow), rowErr, rows(fromBar), barErr)
		}
	})
}

const head = plainHeader + "\n"

func TestReadCSVKnowsTheFormsOfTheField(t *testing.T) {
	const want = "2024-01-02 78200 79800 78200 79600 17142847\n2024-01-03 78500 78800 77000 77000 21753644\n"
	krx := "일자,종가,대비,등락률,시가,고가,저가,거래량,거래대금\r\n" +
		"\"2024/01/03\",\"77,000\",\"-2,600\",\"-3.27\",\"78,500\",\"78,800\",\"77,000\",\"21,753,644\",\"1,691,690,195,400\"\r\n" +
		"\"2024/01/02\",\"79,600\",\"1,100\",\"1.40\",\"78,200\",\"79,800\",\"78,200\",\"17,142,847\",\"1,356,958,225,913\"\r\n"
	euckr, err := korean.EUCKR.NewEncoder().String(krx)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"plain":            head + "2024-01-02,78200,79800,78200,79600,17142847\n2024-01-03,78500,78800,77000,77000,21753644\n",
		"no last newline":  head + "20240102,78200,79800,78200,79600,17142847\n20240103,78500,78800,77000,77000,21753644",
		"empty lines last": head + "2024-01-02,78200,79800,78200,79600,17142847\n2024-01-03,78500,78800,77000,77000,21753644\n\n \n",
		"floats":           head + "2024.01.02,78200.0,79800.00,78200.0,79600.0,17142847.0\n2024.01.03,78500,78800,77000,77000,21753644.0\n",
		"names in capitals": "\ufeffDate,Open,High,Low,Close,Adj Close,Volume\r\n" +
			"2024-01-02,78200,79800,78200,79600,1,17142847\r\n2024-01-03,78500,78800,77000,77000,1,21753644\r\n",
		"KRX in UTF-8":  krx,
		"KRX in EUC-KR": euckr,
	} {
		b, err := ReadCSV(name, strings.NewReader(text))
		if err != nil || rows(b) != want || b.Scale != 0 || b.Symbol != "" {
			t.Errorf("%s: %v\n%s", name, err, rows(b))
		}
	}
}

func TestScaleIsWhatThePricesNeed(t *testing.T) {
	b, err := ReadCSV("x", strings.NewReader(head+"2024-01-02,364,365,363.5,364.25,1\n2024-01-03,364.10,365.0,0.00000001,364,1\n"))
	if want := "2024-01-02 364 365 363.5 364.25 1\n2024-01-03 364.1 365 0.00000001 364 1\n"; err != nil || b.Scale != 8 || rows(b) != want {
		t.Errorf("scale %d, %v\n%s", b.Scale, err, rows(b))
	}
}

func TestReadCSVPointsAtTheMistake(t *testing.T) {
	good := head + "2024-01-02,100,110,90,105,7\n"
	for _, tt := range []struct{ text, want string }{
		{"", "f:1:1: empty file"},
		{"date;open;high;low;close;volume\n", "f:1:1: no commas between the columns"},
		{"\xff\xfed\x00a\x00t\x00e\x00", "f:1:1: the text is UTF-16, not UTF-8 or EUC-KR"},
		{"\xfe\xff\x00d\x00a\x00t\x00e", "f:1:1: the text is UTF-16, not UTF-8 or EUC-KR"},
		{"d\x00a\x00t\x00e\x00", "f:1:2: a zero byte: no text in UTF-8 or EUC-KR"},
		{good + "2024-01-03,100,110,90,105,\x00\x00\n", "f:3:27: a zero byte: no text in UTF-8 or EUC-KR"},
		{"date,open,high,low,close,volume,Ver\xe4nderung\n", "f:1:36: neither UTF-8 nor EUC-KR"},
		{"일자,시가,고가,저가,종가,거래량\n2024-01-02,1,1,1,1,1\n2024-01-0\xe9,1,1,1,1,1\n", "f:3:10: neither UTF-8 nor EUC-KR"},
		{"\xc0\xcf\xc0\xda,시가\n", "f:1:1: neither UTF-8 nor EUC-KR"},
		{"date,open,high,low,close\n", `f:1:1: no column "volume"`},
		{"date,open,high,low,close,volume,거래량\n", `f:1:33: a second column "거래량"`},
		{"일자,시가,고가,저가,종가,거래량\n2024-01-02,1,1,1,1,x\n", `f:2:20: volume "x": not a number`},
		{good + "2024-01-03,100,110,90,105\n", "f:3:1: 5 values under 6 columns"},
		{good + "2024-01-02,100,110,90,105,7\n", "f:3:1: date 2024-01-02 twice"},
		{good + "2024-01-03,100,110,90,105,7\n2024-01-02,100,110,90,105,7\n", "f:4:1: date 2024-01-02 after 2024-01-03"},
		{good + "2023-01-03,100,110,90,105,7\n2024-01-02,100,110,90,105,7\n", "f:4:1: date 2024-01-02 after 2023-01-03"},
		{good + "2024-02-30,100,110,90,105,7\n", `f:3:1: date "2024-02-30"`},
		{good + "2024-1-3,100,110,90,105,7\n", `f:3:1: date "2024-1-3"`},
		{good + "2024-01-03,-100,110,90,105,7\n", `f:3:12: price "-100": below zero`},
		{good + "2024-01-03,100,1e5,90,105,7\n", `f:3:16: price "1e5": not a number`},
		{good + "2024-01-03,100,,90,105,7\n", `f:3:16: price "": empty`},
		{good + "2024-01-03,100,NaN,90,105,7\n", `f:3:16: price "NaN": not a number`},
		{good + "2024-01-03,100,110, 90,105,7\n", `f:3:20: price " 90": not a number`},
		{good + "2024-01-03,100,\"1,10\",90,105,7\n", `f:3:16: price "1,10": not a number`},
		{good + "2024-01-03,100,\"1234,567\",90,105,7\n", `f:3:16: price "1234,567": not a number`},
		{good + "2024-01-03,100,\"110,90,105,7\n", "f:3:16: quote without an end"},
		{good + "2024-01-03,100,\"110\"0,90,105,7\n", "f:3:21: want a comma after the quote"},
		{good + "2024-01-03,100,110,90,105.,7\n", `f:3:23: price "105.": not a number`},
		{good + "2024-01-03,100,110,90,1.000000001,7\n", `f:3:23: price "1.000000001": too many decimals`},
		{good + "2024-01-03,100,110,90,1000000000000000000,7\n", `f:3:23: price "1000000000000000000": more than 18 digits`},
		{good + "2024-01-03,1.5,110,90,999999999999999999,7\n", `f:3:23: price "999999999999999999": more than 18 digits together with the decimals of the others`},
		{head + "2024-01-02,999999999999999999,110,90,1.5,7\n", `f:2:38: price "1.5": more than 18 digits together with the decimals of the others`},
		{good + "2024-01-03,100,110,90,105,7.5\n", `f:3:27: volume "7.5": part of a share`},
		{good + "2024-01-03,100,110,90,105,-7\n", `f:3:27: volume "-7": below zero`},
		{good + "2024-01-03,100,110,90,112,7\n", "f:3:16: 2024-01-03: high and low do not enclose open and close"},
		{good + "2024-01-03,0,0,0,0,0\n", "f:3:14: 2024-01-03: price not above zero"},
		{good + "\n2024-01-03,100,110,90,105,7\n", "f:3:1: 1 values under 6 columns"},
		{good + strings.Repeat(",", 70) + "\n", "f:3:65: more than 64 columns"},
	} {
		_, err := ReadCSV("f", strings.NewReader(tt.text))
		var place *PlaceError
		if !errors.As(err, &place) || err.Error() != tt.want {
			t.Errorf("%q\n got  %v\n want %s", tt.text, err, tt.want)
		}
	}
}

// endless gives the same lines for ever.
type endless struct {
	lines string
	given int
}

func (e *endless) Read(to []byte) (int, error) {
	for n := 0; n < len(to); {
		k := copy(to[n:], e.lines[e.given%len(e.lines):])
		n, e.given = n+k, e.given+k
	}
	return len(to), nil
}

// wide are lines of sound bars, one a date, of more than maxCSV bytes: each has a long remark.
func wide() string {
	var text strings.Builder
	remark := strings.Repeat("x", 1<<16)
	for d := market.Date(20240101); text.Len() <= maxCSV; d = d.Add(1) {
		fmt.Fprintf(&text, "%s,100,110,90,105,7,%s\n", d, remark)
	}
	return text.String()
}

// A file may have no end. What is read of it and what is kept of that are bounded, and the error has a line all the same.
func TestAFileWithoutAnEndIsAnErrorInBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads three times 16 MiB")
	}
	for want, lines := range map[string]string{
		"f:3:1: date 2024-01-02 twice":         strings.Repeat("2024-01-02,100,110,90,105,7,\n", 1<<10),
		"f:3:1: more than 16 MiB up to here":   strings.Repeat("\n", 1<<16),
		"f:257:1: more than 16 MiB up to here": wide(),
	} {
		from := &endless{lines: lines}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadCSV("f", io.MultiReader(strings.NewReader(plainHeader+",remark\n"), from))
		runtime.ReadMemStats(&after)
		var place *PlaceError
		if !errors.As(err, &place) || err.Error() != want || place.Hint == "" {
			t.Errorf("got %v, want %s", err, want)
		}
		if from.given > maxCSV {
			t.Errorf("%s: %d bytes were read", want, from.given)
		}
		if kept := after.TotalAlloc - before.TotalAlloc; kept > 16*maxCSV {
			t.Errorf("%s: %d MiB for a bound of %d", want, kept>>20, maxCSV>>20)
		}
	}
}

func TestWhatIsToldOfAMistakeIsBounded(t *testing.T) {
	_, err := ReadCSV("f", strings.NewReader(head+"2024-01-02,"+strings.Repeat("가", 1<<20)+",1,1,1,1\n"))
	if err == nil || len(err.Error()) > 300 || !strings.HasPrefix(err.Error(), `f:2:12: price "가가`) || !utf8.ValidString(err.Error()) {
		t.Errorf("%.400v", err)
	}
}

// anyBars draws sound bars: prices on a random scale, some days halted.
func anyBars(t *rapid.T) Bars {
	b := Bars{Symbol: "005930", Scale: rapid.Int32Range(0, maxDigits).Draw(t, "scale")}
	d := market.Date(20200101)
	for range rapid.IntRange(0, 30).Draw(t, "bars") {
		d = d.Add(rapid.IntRange(1, 5).Draw(t, "days"))
		p := [4]int64{}
		for i := range p {
			p[i] = rapid.Int64Range(1, 1_000_000_000_000).Draw(t, "price")
		}
		slices.Sort(p[:])
		b.append(d, [4]int64{p[1], p[3], p[0], p[2]}, rapid.Int64Range(0, 1<<50).Draw(t, "volume"))
	}
	return b
}

func TestCSVWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := anyBars(t)
		var text bytes.Buffer
		if err := WriteCSV(&text, b); err != nil {
			t.Fatal(err)
		}
		back, err := ReadCSV("a/005930.csv", bytes.NewReader(text.Bytes()))
		if err != nil || rows(back) != rows(b) || back.Symbol != b.Symbol {
			t.Fatalf("%v\n%s\n%s", err, rows(back), rows(b))
		}
	})
}

func TestNumbersAreWhatDecimalReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9]{1,10}(\.[0-9]{1,8})?`).Draw(t, "number")
		want := decimal.RequireFromString(text)
		m, decimals, what := number(cell{text: []byte(text)})
		if what != "" || !decimal.New(m, -decimals).Equal(want) || decimals > 0 && m%10 == 0 {
			t.Fatalf("%s: %d / 10^%d, %q", text, m, decimals, what)
		}
	})
}

// The one-pass reading of plain lines and the general one are two ways to the same bars and the same errors: quoting a
// header word sends every line the general way.
func TestPlainLinesAndGeneralOnesAreReadAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.OneOf(
			rapid.StringMatching(`2024-0[12]-[0-3][0-9](,[0-9]{1,3}){5}`),
			rapid.StringMatching(`2024-0[1-9]-0[1-9],[34]0?,90,[01],5,[0-9]{0,20}`),
			rapid.StringMatching(`2024-0[1-9]-0[1-9](,[0-9]{1,2}(\.[0-9]{1,2})?){5}`),
			rapid.StringMatching(`[-0-9,]{0,30}`),
		), 0, 4).Draw(t, "lines")
		text := strings.Join(lines, "\n")
		plain, plainErr := ReadCSV("f", strings.NewReader(head+text))
		general, generalErr := ReadCSV("f", strings.NewReader(strings.Replace(head, "date", `"date"`, 1)+text))
		if fmt.Sprint(plainErr) != fmt.Sprint(generalErr) || plainErr == nil && rows(plain) != rows(general) {
			t.Fatalf("%q\nplain   %v\n%s\ngeneral %v\n%s", text, plainErr, rows(plain), generalErr, rows(general))
		}
	})
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte(head + "2024-01-02,100,110,90,105.5,7\n2024-01-03,0,0,0,105,0\n"))
	f.Add([]byte("일자,종가,시가,고가,저가,거래량\n\"2024/01/03\",\"1,000\",\"1,000\",\"1,000\",\"1,000\",\"1,000\"\n"))
	f.Add([]byte("\xef\xbb\xbfdate,open,high,low,close,volume\r\n20240103,1,1,1,1,1\r\n20240102,1,1,1,1,1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := ReadCSV("005930.csv", bytes.NewReader(text))
		if err != nil {
			return
		}
		if err := b.Check(); err != nil {
			t.Fatalf("unsound bars: %v", err)
		}
		var again bytes.Buffer
		if err := WriteCSV(&again, b); err != nil {
			t.Fatal(err)
		}
		back, err := ReadCSV("005930.csv", &again)
		if err != nil || rows(back) != rows(b) {
			t.Fatalf("not read back: %v\n%s\n%s", err, rows(b), rows(back))
		}
	})
}

func TestFolderReadsOneSymbolAtATime(t *testing.T) {
	f, err := ReadFolder("testdata/krx")
	if err != nil {
		t.Fatal(err)
	}
	if want := []market.Symbol{"000660", "003560", "005930", "068270", "114800", "247540"}; !reflect.DeepEqual(f.Symbols(), want) {
		t.Errorf("symbols %v", f.Symbols())
	}
	if i := f.Instrument("114800"); i.Kind != market.ETF {
		t.Errorf("114800 is %+v", i)
	}
	b, err := f.Load("000660")
	if err != nil || b.Symbol != "000660" || b.Len() != 370 {
		t.Errorf("000660: %d bars, %v", b.Len(), err)
	}
	if _, err := f.Load("035420"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a symbol that is not there: %v", err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSymbolsFileSaysWhatTheSymbolsAre(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "900001.csv", head)
	write(t, dir, "notes.txt", "left alone")
	write(t, dir, "symbols.csv", symbolsHeader+"\n900001,KOSDAQ,etf,\"가, 나\"\n005930,KOSPI,stock,\n")
	f, err := ReadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if i := f.Instrument("900001"); i != (market.Instrument{Symbol: "900001", Name: "가, 나", Board: market.KOSDAQ, Kind: market.ETF}) {
		t.Errorf("900001 is %+v", i)
	}
}

func TestAFolderThatCannotBeMeantIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"notes.txt", "", "no SYMBOL.csv in it"},
		{"prices.csv", head, "prices.csv:1:1: the name of the file is no symbol"},
		{"symbols.csv", "symbol,name\n", `symbols.csv:1:1: header "symbol,name"`},
		{"symbols.csv", "\n\nsymbol\n\n5\n", `symbols.csv:1:1: header "symbol"`},
		{"symbols.csv", symbolsHeader + "\n5930,KOSPI,stock,x\n", `symbols.csv:2:1: symbol "5930"`},
		{"symbols.csv", symbolsHeader + "\n005930,NASDAQ,stock,x\n", `symbols.csv:2:8: market "NASDAQ"`},
		{"symbols.csv", symbolsHeader + "\n005930,KOSPI,fund,x\n", `symbols.csv:2:14: kind "fund"`},
		{"symbols.csv", symbolsHeader + "\n005930,KOSPI,stock\n", "symbols.csv:2:1: wrong number of fields"},
		{"symbols.csv", symbolsHeader + "\n005930,KOSPI,etf,x\n005930,KOSPI,etf,x\n", "symbols.csv:3:1: symbol 005930 twice"},
	} {
		dir := t.TempDir()
		if tt.name == "symbols.csv" {
			write(t, dir, "005930.csv", head)
		}
		write(t, dir, tt.name, tt.text)
		if _, err := ReadFolder(dir); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %q: %v, want %s", tt.name, tt.text, err, tt.want)
		}
	}
	if _, err := ReadFolder(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
}

func BenchmarkReadCSV(b *testing.B) {
	text, err := os.ReadFile("testdata/krx/114800.csv")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	bars := 0
	for b.Loop() {
		got, err := ReadCSV("114800.csv", bytes.NewReader(text))
		if err != nil {
			b.Fatal(err)
		}
		bars += got.Len()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(bars), "ns/bar")
}
