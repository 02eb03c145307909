package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/market"
	"maemae/report/pagetest"
)

func bar(d market.Date, closes string) market.Bar {
	c := won(closes)
	return market.Bar{Date: d, Open: c, High: c, Low: c, Close: c, Volume: 1}
}

// shown is a page of runs with bars, as text.
func shown(t testing.TB, o PageOptions, runs ...Run) string {
	t.Helper()
	for i := range runs {
		runs[i].Metrics = Measure(runs[i])
	}
	var out bytes.Buffer
	if err := HTML(&out, Result{Version: Version, Assumptions: []string{"no dividends"}, Runs: runs}, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func smallBars(market.Symbol) ([]market.Bar, error) {
	return []market.Bar{bar(20231228, "50"), bar(20240102, "100"), bar(20240103, "80"), bar(20240104, "100"), bar(20240105, "150")}, nil
}

func TestEveryMetricOnThePageIsTheOneInJSON(t *testing.T) {
	r := small()
	page := shown(t, PageOptions{Bars: smallBars}, r)
	text, err := json.Marshal(Measure(r))
	if err != nil {
		t.Fatal(err)
	}
	var metrics map[string]any
	if err := json.Unmarshal(text, &metrics); err != nil {
		t.Fatal(err)
	}
	found := map[string]any{}
	for _, m := range regexp.MustCompile(`<data class="metric-(\w+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		found[m[1]] = m[2]
	}
	for key, value := range metrics {
		want := fmt.Sprint(value)
		if value == nil {
			want = ""
		}
		if found[key] != want {
			t.Errorf("%s is %v on the page and %v in JSON", key, found[key], value)
		}
	}
}

func TestEveryFillOnThePageIsTheOneInJSON(t *testing.T) {
	r := small()
	page := shown(t, PageOptions{}, r)
	row := regexp.MustCompile(`<tr><td class="date">([^<]*)</td><td class="(\w+)">[^<]*</td><td>(\w+)</td><td class="n"><data value="([^"]*)">[^<]*</data></td><td class="n"><data value="([^"]*)">[^<]*</data></td><td class="n">[^<]*</td><td class="n"><data value="([^"]*)">[^<]*</data></td><td class="n"><data value="([^"]*)">`)
	var got, want []string
	for _, m := range row.FindAllStringSubmatch(page, -1) {
		got = append(got, strings.Join(m[1:], " "))
	}
	for _, x := range r.Trades {
		want = append(want, fmt.Sprint(x.Date, " ", x.Side, " ", x.Symbol, " ", x.Shares, " ", x.Price, " ", x.Fee, " ", x.Tax))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRoundTripsOnThePageAddUp(t *testing.T) {
	rows, open := tradeRows("en", small(), PageOptions{}, func(market.Symbol) string { return "" })
	var got []string
	for _, r := range rows {
		got = append(got, r.Profit.Value+" "+r.Part.Value)
	}
	want := []string{" ", "-113 -0.226000", " ", " ", "197 0.492500"}
	if d := cmp.Diff(want, got); d != "" || len(open) != 0 {
		t.Error(d, open)
	}
	r := small()
	r.Trades = r.Trades[:4]
	if _, open = tradeRows("en", r, PageOptions{}, func(market.Symbol) string { return "" }); len(open) != 1 || open[0].Shares.Text != "1" || open[0].Since != "2024-01-04" {
		t.Error("one share is still held:", open)
	}
}

func TestBuyAndHoldFollowsTheClosesOfEachSymbolFromItsFirst(t *testing.T) {
	r := Run{Cash: won("1000"), Symbols: []market.Symbol{"000001", "000002"}}
	bars := map[market.Symbol][]market.Bar{
		"000001": {bar(20240101, "7"), bar(20240102, "10"), bar(20240103, "12"), bar(20240105, "20")},
		"000002": {bar(20240104, "30"), bar(20240105, "15")},
	}
	got := buyAndHold(r, []market.Date{20240102, 20240103, 20240104, 20240105}, bars)
	want := []string{"1000", "1100", "1100", "1250"}
	if d := cmp.Diff(want, texts(got)); d != "" {
		t.Error(d)
	}
}

// An index that has no closes at the beginning of the run stands still there, and the page says from when it counts.
func TestAnIndexThatBeginsLaterSaysSo(t *testing.T) {
	for _, x := range []struct {
		first, want string
		from        market.Date
	}{
		{"2024-01-03", "KOSPI begins on 2024-01-03; until then it stands at the cash of the start.", 20240103},
		{"2024-01-02", "", 20240102},
	} {
		r := small()
		all := []market.Bar{bar(20240102, "10"), bar(20240103, "10"), bar(20240105, "20")}
		r.Index = Against(r, "KOSPI", all[slices.IndexFunc(all, func(b market.Bar) bool { return b.Date.String() == x.first }):])
		page := shown(t, PageOptions{}, r)
		if r.Index.From != x.from || strings.Contains(page, "begins on") != (x.want != "") || !strings.Contains(page, x.want) {
			t.Errorf("from %s, want %s and %q on the page", r.Index.From, x.from, x.want)
		}
	}
}

func texts(list []decimal.Decimal) (out []string) {
	for _, v := range list {
		out = append(out, v.String())
	}
	return out
}

func TestMonthsAndYearsAreCutAtTheirLastSessions(t *testing.T) {
	r := Run{
		Cash: won("100"),
		Equity: CurveOfPoints([]Point{
			{20231130, won("110"), won("110")}, {20231201, won("99"), won("0")}, {20231229, won("121"), won("0")},
			{20240102, won("60.5"), won("0")}, {20240301, won("242"), won("242")},
		}),
		Trades: []Trade{
			{Side: broker.Buy, Date: 20231201, Price: won("100"), Shares: 1, Fee: won("1")},
			{Side: broker.Sell, Date: 20240301, Price: won("242"), Shares: 1, Fee: won("2"), Tax: won("3")},
		},
	}
	months, years := calendarOf(r)
	var got []string
	for i, m := range months {
		for k, c := range m.Months {
			if c.Value != "" {
				got = append(got, fmt.Sprint(m.Year, " ", k+1, " ", c.Value))
			}
		}
		y := years[i]
		got = append(got, fmt.Sprint(y.Year, " all ", y.Return.Value, " fall ", y.Drawdown.Value, " fills ", y.Fills.Value, " traded ", y.Traded.Value, " turnover ", y.Turnover.Value, " fees ", y.Fees.Value, " taxes ", y.Taxes.Value))
	}
	want := []string{
		"2023 11 0.100000", "2023 12 0.100000", "2023 all 0.210000 fall 0.100000 fills 1 traded 100 turnover 0.909091 fees 1 taxes 0",
		"2024 1 -0.500000", "2024 3 3.000000", "2024 all 1.000000 fall 0.500000 fills 1 traded 242 turnover 1.600000 fees 2 taxes 3",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestALineKeepsItsLowestHighestAndLastValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		seed := rapid.Int64Range(1, 1<<40).Draw(t, "seed")
		values := make([]decimal.Decimal, n)
		for i := range values {
			seed = seed*6364136223846793005 + 1442695040888963407
			values[i] = decimal.New(seed>>40, -2)
		}
		s := scaleOf([]line{{values: values}}, false)
		columns := rapid.IntRange(1, 20).Draw(t, "columns")
		d := drawn(values, s, columns)
		low, high := decimal.Min(values[0], values...), decimal.Max(values[0], values...)
		for _, v := range []decimal.Decimal{low, high, values[n-1]} {
			if !regexp.MustCompile(` ` + regexp.QuoteMeta(s.down(v)) + `(L|$)`).MatchString(d) {
				t.Fatalf("%s is not on the line", v)
			}
		}
		if points := strings.Count(d, "L") + 1; points > 3*columns {
			t.Fatalf("%d points", points)
		}
		for _, y := range s.ticks() {
			if y.LessThan(s.low) || y.GreaterThan(s.high) {
				t.Fatalf("tick %s outside %s to %s", y, s.low, s.high)
			}
		}
	})
}

func TestOddRunsMakeAPage(t *testing.T) {
	day := market.Date(20240102)
	for name, r := range map[string]Run{
		"nothing":       {Strategy: "a", Symbols: []market.Symbol{"005930"}},
		"one session":   {Strategy: "a", Symbols: []market.Symbol{"005930"}, From: day, To: day, Cash: won("1000"), FinalEquity: won("1000"), Equity: CurveOfPoints([]Point{{day, won("1000"), won("1000")}})},
		"all lost":      {Strategy: "a", Symbols: []market.Symbol{"005930"}, From: day, To: day + 1, Cash: won("1000"), Equity: CurveOfPoints([]Point{{day, won("0"), won("0")}, {day + 1, won("0"), won("0")}})},
		"more than int": {Strategy: "a", Symbols: []market.Symbol{"005930"}, From: day, To: day + 1, Cash: won("1000"), Equity: CurveOfPoints([]Point{{day, won("1e30"), won("0")}, {day + 1, won("5e-9"), won("0")}})},
		"no symbol":     {Strategy: "a", From: day, To: day, Cash: won("1"), Equity: CurveOfPoints([]Point{{day, won("1"), won("1")}})},
	} {
		for _, lang := range []string{"", "en", "ko", "xx"} {
			page := shown(t, PageOptions{Lang: lang, Bars: smallBars}, r)
			if bad := regexp.MustCompile(`NaN|Inf\b|ZgotmplZ|%!`).FindString(page); bad != "" {
				t.Errorf("%s: %s on the page", name, bad)
			}
		}
	}
	if shown(t, PageOptions{}) == "" {
		t.Error("no runs, no page")
	}
}

// What a page leaves out it counts.
func TestWhatIsLeftOutOfAPageIsCounted(t *testing.T) {
	r := Run{Strategy: "a", Cash: won("1000"), From: 19400102, To: 20240105, FinalEquity: won("1000")}
	for k := range 13 {
		r.Symbols = append(r.Symbols, market.Symbol(fmt.Sprintf("%06d", k)))
	}
	var points []Point
	var bars []market.Bar
	for year := 1940; year < 2024; year++ {
		d := market.Date(year*10000 + 102)
		points, bars = append(points, Point{d, won("1000"), won("1000")}), append(bars, bar(d, "100"))
		for range 12 {
			r.Trades = append(r.Trades, Trade{Strategy: "a", Symbol: "000000", Side: broker.Buy, Date: d, Price: won("100"), Shares: 1}, Trade{Strategy: "a", Symbol: "000000", Side: broker.Sell, Date: d, Price: won("100"), Shares: 1})
		}
	}
	r.Equity = CurveOfPoints(points)
	page := shown(t, PageOptions{Bars: func(market.Symbol) ([]market.Bar, error) { return bars, nil }}, r)
	for _, want := range []string{"16 earlier fills are left out here", "24 more years with fills have no chart here", "1 more symbols have no chart here"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	if rows := strings.Count(page, `<tr><td class="date">`); rows != maxTradeRows {
		t.Errorf("%d rows", rows)
	}
}

func TestBarsThatCannotBeReadAreAnError(t *testing.T) {
	lost := errors.New("lost")
	err := HTML(&bytes.Buffer{}, Result{Runs: []Run{small()}}, PageOptions{Bars: func(market.Symbol) ([]market.Bar, error) { return nil, lost }})
	if !errors.Is(err, lost) {
		t.Error(err)
	}
}

const hostile = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'`

func TestTextsOfOthersStayTexts(t *testing.T) {
	r := small()
	r.Strategy, r.Trades[0].Reason = hostile, hostile
	r.Index = Against(r, hostile, []market.Bar{bar(20240102, "1")})
	page := shown(t, PageOptions{
		Title: hostile, Bars: smallBars, Name: func(market.Symbol) string { return hostile }, Rule: func(string) string { return hostile },
		Why: func(Run) []string { return []string{hostile} },
		Sweep: Sweep{Heads: []string{hostile}, Rows: [][]string{{hostile}}, Notes: []string{hostile}, Grids: []Grid{
			{Metric: hostile, XName: hostile, YName: hostile, X: []string{hostile}, Y: []string{hostile}, Rest: []string{hostile}, Cells: [][]Ratio{{ratio(won("1"))}}},
			{Metric: hostile, XName: hostile, X: slices.Repeat([]string{hostile}, 13), Y: []string{hostile}, Cells: [][]Ratio{slices.Repeat([]Ratio{ratio(won("1"))}, 13)}},
		}},
	}, r)
	if strings.Contains(page, "<img") || strings.Contains(page, "<script>alert") {
		t.Error("a text became an element")
	}
	if !strings.Contains(page, html.EscapeString("</script><script>")) {
		t.Error("the texts are not on the page")
	}
}

func TestThePageNamesNoOtherPlace(t *testing.T) {
	page := shown(t, PageOptions{Bars: smallBars, Title: "page"}, small())
	if other := regexp.MustCompile(`https?:|//\w+\.|@import|\bsrc=|url\(`).FindString(page); other != "" {
		t.Errorf("the page reaches for %q", other)
	}
}

func TestASweepIsShadedFromItsWorstToItsBestValue(t *testing.T) {
	g := Grid{Metric: "total_return", XName: "fast", YName: "slow", X: []string{"5", "10"}, Y: []string{"20", "60"},
		Cells: [][]Ratio{{ratio(won("-0.1")), ratio(won("0.3"))}, {{}, ratio(won("0.1"))}}}
	for _, less := range []bool{false, true} {
		g.Less = less
		h := heatOf("en", g)
		var got []string
		for _, row := range h.Rows {
			for _, c := range row.Cells {
				got = append(got, row.Y.Text+" "+c.Text+" "+c.Class)
			}
		}
		got = append(got, h.Worst+" "+h.Best+" "+h.BestAt)
		want := []string{"20 −10.00% grade h1", "20 30.00% grade h9 best", "60 – ", "60 10.00% grade h5", "−10.00% 30.00% slow 20, fast 10"}
		if less {
			want = []string{"20 −10.00% grade h9 best", "20 30.00% grade h1", "60 – ", "60 10.00% grade h5", "30.00% −10.00% slow 20, fast 5"}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

func TestAWideGridShowsShadesUnderSharedHeadings(t *testing.T) {
	g := Grid{Metric: "sharpe", XName: "fast", YName: "slow"}
	for i := range 40 {
		g.X, g.Y = append(g.X, fmt.Sprint(i)), append(g.Y, fmt.Sprint(100+i))
		g.Cells = append(g.Cells, nil)
	}
	for y := range g.Cells {
		for x := range 40 {
			g.Cells[y] = append(g.Cells[y], ratio(decimal.NewFromInt(int64(x*y))))
		}
	}
	h := heatOf("en", g)
	columns, rows := 0, 0
	for _, x := range h.X {
		columns += x.Over
	}
	for _, r := range h.Rows {
		rows += r.Y.Over
	}
	if !h.Dense || h.Low || columns != 40 || rows != 40 || len(h.X) > 8 || h.Rows[3].Cells[2].Value != "slow 103, fast 2: 6" {
		t.Errorf("%d columns in %d headings, %d rows, %+v", columns, len(h.X), rows, h.Rows[3].Cells[2])
	}
}

func TestChromiumOpensThePageWithoutAWord(t *testing.T) {
	page := shown(t, PageOptions{Bars: smallBars}, small())
	if console, asked := pagetest.Browse(t, page); len(console) > 0 || asked > 0 {
		t.Errorf("%d requests; console: %q", asked, console)
	}
	policy := regexp.MustCompile(`<meta http-equiv[^>]*>`)
	if console, asked := pagetest.Browse(t, policy.ReplaceAllString(page, "")+`<img src="http://elsewhere.example/a.png"><script>lost()</script>`); len(console) == 0 || asked == 0 {
		t.Error("this test cannot see a request or a word on the console")
	}
}

func TestEveryTextOfThePageHasItsKorean(t *testing.T) {
	for _, name := range []string{"html/page.html", "html_chart.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`(?:\{\{t |say\()"([^"]+)"`).FindAllStringSubmatch(string(source), -1)
		if len(found) == 0 {
			t.Error("no texts in", name)
		}
		for _, m := range found {
			if tongue("ko").say(m[1]) == m[1] {
				t.Errorf("%s: %q has no Korean", name, m[1])
			}
		}
	}
}
