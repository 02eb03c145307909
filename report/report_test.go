package report

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/market"
)

func won(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// small is a run small enough to compute by hand: 1000 won, then 1100, 990, 990, 1188 at the closes.
func small() Run {
	day := func(i int) market.Date { return market.Date(20240102 + i) }
	fill := func(i int, side broker.Side, price string, shares int64, fee, tax string) Trade {
		return Trade{Strategy: "a", Symbol: "005930", Side: side, Date: day(i), Price: won(price), Shares: shares, Fee: won(fee), Tax: won(tax), Reason: "entry"}
	}
	dates := []market.Date{day(0), day(1), day(2), day(3)}
	return Run{
		Strategy: "a", Symbols: []market.Symbol{"005930"}, From: day(0), To: day(3), Cash: won("1000"), FinalEquity: won("1188"),
		Trades: []Trade{
			fill(0, broker.Buy, "100", 5, "1", "0"),
			fill(1, broker.Sell, "78", 5, "1", "1"), // 390 - 500 - 3 = -113
			fill(2, broker.Buy, "100", 4, "1", "0"),
			fill(3, broker.Sell, "150", 3, "1", "1"),
			fill(3, broker.Sell, "150", 1, "0", "0"), // 600 - 400 - 3 = 197
		},
		Equity: CurveOf(dates, 1, []int64{11000, 9900, 9900, 11880}, []Step{{0, 4990}, {1, 8770}, {2, 4760}, {3, 10740}}),
	}
}

func TestMetricsOfASmallRunAreThoseComputedByHand(t *testing.T) {
	m := Measure(small())
	got := map[string]string{}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for k, v := range fields {
		got[k] = strings.Trim(string(must(json.Marshal(v))), `"`)
	}
	// r = 0.1, -0.1, 0, 0.2: sum 0.2, sum of squares 0.06, of losses 0.01.
	want := map[string]string{
		"total_return":           "0.188000",
		"annual_return":          "51692.478909", // 1.188^63 - 1
		"invested_annual_return": "51692.478909", // each of the four began with shares or had a fill
		"volatility":             "2.049390",     // sqrt(252 * (4*0.06 - 0.04) / 12) = sqrt(4.2)
		"sharpe":                 "6.148170",     // 12.6 / sqrt(4.2)
		"sortino":                "15.874508",    // 12.6 / sqrt(252 * 0.01 / 4) = 12.6 / sqrt(0.63)
		"max_drawdown":           "0.100000",     // 1100 to 990
		"max_drawdown_days":      "2",
		"trades":                 "5",
		"win_rate":               "0.500000",
		"profit_factor":          "1.743363", // 197 / 113
		"payoff":                 "1.743363",
		"average_holding":        "1.000000",
		"exposure":               "0.500000",
		"turnover":               "1.771321", // 1890 / (4268 / 4)
		"costs":                  "6",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestAnEmptyRunHasUndefinedRatios(t *testing.T) {
	dates := []market.Date{20240102, 20240103}
	m := Measure(Run{Cash: won("1000"), Equity: CurveOf(dates, 0, []int64{1000, 1000}, []Step{{0, 1000}})})
	if m.Sharpe.Defined || m.Sortino.Defined || m.WinRate.Defined || m.Payoff.Defined || m.ProfitFactor.Defined {
		t.Errorf("%+v", m)
	}
	if m.TotalReturn.String() != "0.000000" || m.AnnualReturn.String() != "0.000000" || m.Exposure.String() != "0.000000" {
		t.Errorf("%+v", m)
	}
}

func TestAYearBeyondMeasureIsUndefined(t *testing.T) {
	date := []market.Date{20240102}
	for _, x := range []struct {
		equity  int64
		defined bool
	}{{0, false}, {1, false}, {700, true}, {1400, true}, {2000, false}} { // e^100 of a day is a factor of 1.487
		m := Measure(Run{Cash: won("1000"), Equity: CurveOf(date, 0, []int64{x.equity}, []Step{{0, 0}})})
		if m.AnnualReturn.Defined != x.defined || !m.TotalReturn.Defined {
			t.Errorf("1000 won become %d in a day: %+v", x.equity, m.AnnualReturn)
		}
	}
}

func TestThePageHasAFormulaForEachMetric(t *testing.T) {
	page, err := os.ReadFile("../docs/BACKTEST.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, m[1])
	}
	var fields []string
	for f := range reflect.TypeFor[Metrics]().Fields() {
		fields = append(fields, f.Tag.Get("json"))
	}
	if diff := cmp.Diff(fields, listed); diff != "" {
		t.Error(diff)
	}
}

func TestARunReadsBackAsItWasWritten(t *testing.T) {
	r := small()
	r.Metrics = Measure(r)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Run
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if again := must(json.Marshal(back)); string(again) != string(text) {
		t.Errorf("%s\n%s", text, again)
	}
}

func TestCSVHasALineAFillAndALineASession(t *testing.T) {
	var trades, equity strings.Builder
	if err := small().WriteTrades(&trades); err != nil {
		t.Fatal(err)
	}
	if err := small().WriteEquity(&equity); err != nil {
		t.Fatal(err)
	}
	if want := "strategy,symbol,side,date,price,shares,fee,tax,reason\na,005930,buy,2024-01-02,100,5,1,0,entry\n"; !strings.HasPrefix(trades.String(), want) {
		t.Errorf("%s", trades.String())
	}
	if want := "date,equity,cash\n2024-01-02,1100,499\n2024-01-03,990,877\n2024-01-04,990,476\n2024-01-05,1188,1074\n"; equity.String() != want {
		t.Errorf("%s", equity.String())
	}
}

func TestColumnsAndDecimalsGiveTheSameMetrics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.Int32Range(0, 6).Draw(t, "scale")
		n := rapid.IntRange(1, 60).Draw(t, "n")
		top := rapid.SampledFrom([]int64{3, 1000, 1e12, 1 << 60}).Draw(t, "top")
		var dates []market.Date
		var equity []int64
		var points []Point
		d := market.Date(20240102)
		for range n {
			e := rapid.Int64Range(0, top).Draw(t, "equity")
			dates, equity = append(dates, d), append(equity, e)
			points = append(points, Point{Date: d, Equity: decimal.New(e, -scale)})
			d = d.Add(1)
		}
		start := decimal.New(rapid.Int64Range(1, top).Draw(t, "start"), -scale)
		narrow := Measure(Run{Cash: start, Equity: CurveOf(dates, scale, equity, []Step{{}})})
		wide := Measure(Run{Cash: start, Equity: CurveOfPoints(points)})
		if diff := cmp.Diff(wide, narrow, cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) })); diff != "" {
			t.Fatalf("decimals (-) and columns (+): %s", diff)
		}
	})
}

func TestInvestedSessionsAreThoseBegunWithSharesOrWithAFill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Run{Cash: won("1000")}
		held := map[string]int64{}
		want := 0
		var points []Point
		d := market.Date(20240102)
		for range rapid.IntRange(1, 12).Draw(t, "sessions") {
			invested := held["a"]+held["b"] > 0
			for range rapid.IntRange(0, 3).Draw(t, "fills") {
				name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "strategy")
				x := Trade{Strategy: name, Symbol: "005930", Side: broker.Buy, Date: d, Price: won("10"), Shares: 2}
				if held[name] > 0 && rapid.Bool().Draw(t, "sell") {
					x.Side, x.Shares = broker.Sell, rapid.Int64Range(1, held[name]).Draw(t, "shares")
					held[name] -= x.Shares
				} else {
					held[name] += x.Shares
				}
				r.Trades, invested = append(r.Trades, x), true
			}
			if invested {
				want++
			}
			points = append(points, Point{Date: d, Equity: won("1000")})
			d = d.Add(1)
		}
		r.Equity = CurveOfPoints(points)
		if got := new(Metrics).ofTrades(r); got != want {
			t.Fatalf("%d sessions, want %d", got, want)
		}
	})
}

func TestAnIndexIsHeldAgainstTheTimeOfTheRunAlone(t *testing.T) {
	r := small()
	r.Metrics = Measure(r)
	bars := []market.Bar{bar(20231228, "50"), bar(20240102, "100"), bar(20240103, "80"), bar(20240105, "110"), bar(20240108, "500")}
	x := Against(r, "KODEX 200", bars)
	got := []string{x.TotalReturn.String(), x.MaxDrawdown.String(), x.ExcessReturn.String(), strings.Join(texts(x.equity), " ")}
	want := []string{"0.100000", "0.200000", "0.088000", "1000 800 800 1100"}
	if d := cmp.Diff(want, got); d != "" || x.MaxDrawdownDays != 2 {
		t.Error(d, x.MaxDrawdownDays)
	}
	if Against(r, "late", bars[4:]) != nil {
		t.Error("closes after the run are no index of it")
	}
	r.Index = x
	if page := shown(t, PageOptions{}, r); !strings.Contains(page, ">KODEX 200<") || !strings.Contains(page, `class="metric-excess_return" value="0.088000"`) {
		t.Error("the index is not on the page")
	}
}
