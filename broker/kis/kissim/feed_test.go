package kissim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"maemae/market"
)

// years is a synthetic market that has run from 2022 to 2026.
func years(t *testing.T, seed uint64) (*feed, []market.Session) {
	t.Helper()
	f, err := newSynthetic(seed, 20, 20241202, market.KRX())
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := market.KRX().Sessions(20220101, 20261130)
	if err != nil {
		t.Fatal(err)
	}
	return f, sessions
}

func TestASyntheticMarketKeepsKRXsRules(t *testing.T) {
	for _, seed := range []uint64{0, 1, 7} {
		f, sessions := years(t, seed)
		if len(f.issues) != 22 || f.issues["005930"] == nil || f.issues["000660"] == nil {
			t.Fatalf("seed %d: issues %d", seed, len(f.issues))
		}
		halts := 0
		for symbol, i := range f.issues {
			if _, err := market.ParseSymbol(string(symbol)); err != nil || i.Name == "" {
				t.Error(symbol, i.Name, err)
			}
			bars := i.known(20261130)
			if len(bars) != len(sessions) {
				t.Fatalf("%s: %d bars in %d sessions", symbol, len(bars), len(sessions))
			}
			base := int64(0)
			for n, b := range bars {
				if b.date != sessions[n].Date {
					t.Fatalf("%s: bar of %s, session of %s", symbol, b.date, sessions[n].Date)
				}
				if b.halted() {
					halts++
					if b.close != base || symbol == "005930" || symbol == "000660" {
						t.Errorf("%s %s: halted at %d after %d", symbol, b.date, b.close, base)
					}
					continue
				}
				g := i.grid(b.date)
				lower, upper := i.limits(max(base, 1), bar{date: b.date})
				for _, p := range []int64{b.open, b.high, b.low, b.close} {
					if g.down(p) != p || n > 0 && (p < lower || p > upper) || p < b.low || p > b.high {
						t.Errorf("%s %s: %+v after %d", symbol, b.date, b, base)
					}
				}
				base = b.close
			}
		}
		if halts == 0 {
			t.Errorf("seed %d: nothing is ever halted", seed)
		}
	}
}

func TestASyntheticMarketHasTrendsThatAveragesCross(t *testing.T) {
	f, _ := years(t, 7)
	for symbol, i := range f.issues {
		bars := i.known(20261130)
		crossings, above := 0, false
		mean := func(n, end int) (sum int64) {
			for _, b := range bars[end-n : end] {
				sum += b.close
			}
			return sum * 20 / int64(n)
		}
		for end := 20; end <= len(bars); end++ {
			if now := mean(5, end) > mean(20, end); end == 20 || now != above {
				crossings, above = crossings+1, now
			}
		}
		if perYear := crossings * 250 / len(bars); perYear < 5 || perYear > 40 {
			t.Errorf("%s: 5 and 20 day averages cross %d times a year", symbol, perYear)
		}
	}
}

func TestASyntheticMarketIsTheSameHoweverItIsAskedFor(t *testing.T) {
	whole, _ := years(t, 7)
	steps, _ := years(t, 7)
	for _, d := range []market.Date{20220301, 20220301, 20241202, 20250107, 20261130} {
		for symbol := range steps.issues {
			steps.issues[symbol].known(d)
		}
	}
	for symbol, i := range whole.issues {
		if !slices.Equal(i.known(20261130), steps.issues[symbol].known(20261130)) {
			t.Errorf("%s differs", symbol)
		}
		if n := len(i.known(20241202)); n < 251 {
			t.Errorf("%s: %d sessions by the start", symbol, n)
		}
	}
}

func TestTheCalendarBoundsASyntheticMarket(t *testing.T) {
	if _, err := newSynthetic(1, 0, 20010101, market.KRX()); err == nil {
		t.Error("a market before the calendar")
	}
	c := start(t, Options{Seed: 1, Start: market.Date(20351220).At(10, 0)})
	for !c.sim.Next().IsZero() {
		c.at(c.sim.Next())
	}
	if err := c.sim.Advance(market.Date(20360102).At(10, 0)); err == nil {
		t.Error("the clock went beyond the calendar")
	}
	c.wants(c.price("005930"), "iscd_stat_cls_code", "55")
}

func TestPricesMoveOnTicksForFiveDays(t *testing.T) {
	c := start(t, Options{Seed: 5, Symbols: 3})
	g := grid{market.LadderNow(market.Stock)}
	seen, days := map[int64]bool{}, map[market.Date]bool{}
	for len(days) < 6 {
		c.at(c.sim.Now().Add(25 * time.Minute))
		q := c.sim.exchange.quote(c.sim.exchange.feed.issues["005930"])
		if g.down(q.price) != q.price || q.price < q.lower || q.price > q.upper || q.ask != 0 && q.ask <= q.bid {
			t.Fatalf("%s: %+v", c.sim.Now(), q)
		}
		seen[q.price], days[q.date] = true, true
	}
	if len(seen) < 25 {
		t.Errorf("%d prices in five days", len(seen))
	}
}

func TestRealBarsAreReadAndServed(t *testing.T) {
	c := start(t, Options{Data: "testdata/csv"})
	if now := clockOf(c.sim.Now()); now != "2025-06-17 10:00:00" {
		t.Errorf("starts at %s", now)
	}
	c.wants(c.price("003560"), "iscd_stat_cls_code", "58", "temp_stop_yn", "Y", "acml_vol", "0")
	c.wants(c.order(buyTR, "003560", "01", "1", "0"), "msg_cd", "40070000")
	rows := c.get(quotationPath+"inquire-daily-itemchartprice", "FHKST03010100", "FID_COND_MRKT_DIV_CODE", "J", "FID_INPUT_ISCD", "005930",
		"FID_INPUT_DATE_1", "20200101", "FID_INPUT_DATE_2", "20231231", "FID_PERIOD_DIV_CODE", "D", "FID_ORG_ADJ_PRC", "0")["output2"].([]any)
	c.wants(rows[len(rows)-1].(map[string]any), "stck_bsop_date", "20231205", "stck_oprc", "72300", "stck_hgpr", "72400", "stck_lwpr", "71200",
		"stck_clpr", "71200", "acml_vol", "12129682")
	c.to(15, 30)
	if !c.sim.Next().IsZero() {
		t.Errorf("next moment %s after the data's end", c.sim.Next())
	}
	late := start(t, Options{Data: "testdata/csv", Start: market.Date(20260302).At(10, 0)}) // on a session, but after the data
	late.wants(late.order(buyTR, "005930", "01", "1", "0"), "msg_cd", "40100000")
	late.wants(late.price("005930"), "stck_prpr", "58450")
}

func TestBarsFromBeforeTheCalendarAreSessions(t *testing.T) {
	c := start(t, Options{Data: folder(t, map[string]string{"005930": "1995-03-02,1000,1010,990,1000,10\n1995-03-03,1000,1020,990,1010,10\n1995-03-04,1000,1020,990,1010,10\n1995-03-06,1010,1020,990,1000,10\n1995-03-07,1010,1020,990,1000,10\n"}),
		Start: market.Date(19950303).At(10, 0)})
	c.accepted(c.order(buyTR, "005930", "01", "1", "0"))
	c.at(market.Date(19950304).At(10, 0)) // a Saturday, which traded then
	c.accepted(c.order(sellTR, "005930", "01", "1", "0"))
}

func TestAWrongFileIsNamedByLine(t *testing.T) {
	const good = "2024-11-29,50000,50500,49500,50000,10\n"
	for _, r := range []struct {
		what, want string
		files      map[string]string
		raw        bool
	}{
		{"no file", "no file SYMBOL.csv", nil, false},
		{"no bars", "no file SYMBOL.csv", map[string]string{"005930": ""}, false},
		{"a name that is no symbol", "prices.csv: symbol", map[string]string{"prices": good}, false},
		{"text for a price", "005930.csv:3: price \"x\"", map[string]string{"005930": good + "2024-12-02,x,1,1,1,1\n"}, false},
		{"a price below zero", "005930.csv:2: price \"-1\"", map[string]string{"005930": "2024-12-02,-1,1,1,1,1\n"}, false},
		{"a huge price", "005930.csv:2: price", map[string]string{"005930": "2024-12-02,1,1000000000,1,1,1\n"}, false},
		{"an exponent", "005930.csv:2: price \"1e3\"", map[string]string{"005930": "2024-12-02,1e3,1,1,1,1\n"}, false},
		{"volume below zero", "005930.csv:2: volume", map[string]string{"005930": "2024-12-02,1,1,1,1,-5\n"}, false},
		{"a huge volume", "005930.csv:2: volume", map[string]string{"005930": "2024-12-02,1,1,1,1,10000000001\n"}, false},
		{"too few fields", "005930.csv:2: 5 fields", map[string]string{"005930": "2024-12-02,1,1,1,1\n"}, false},
		{"no date", "005930.csv:2: date", map[string]string{"005930": "02.12.2024,1,1,1,1,1\n"}, false},
		{"a date twice", "005930.csv:3: date 2024-11-29 does not come after", map[string]string{"005930": good + good}, false},
		{"high below open", "005930.csv:2: bar 2024-12-02: high 4 and low 3 do not enclose open 6", map[string]string{"005930": "2024-12-02,6,4,3,4,1\n"}, false},
		{"close of zero", "005930.csv:2: bar", map[string]string{"005930": "2024-12-02,0,0,0,0,0\n"}, false},
		{"raw off the tick", "005930.csv:2: bar 2024-11-29: price 50050 is off the tick", map[string]string{"005930": "2024-11-29,50050,50500,49500,50000,10\n"}, true},
		{"raw beyond the limit", "005930.csv:3: bar 2024-12-02: 65000 to 65100 is outside the day's limits 35000 to 65000", map[string]string{"005930": good + "2024-12-02,65000,65100,65000,65000,10\n"}, true},
		{"an unknown kind", "symbols.csv:2: kind \"bond\"", map[string]string{"005930": good, "symbols": symbolHeader + "\n005930,KOSPI,bond,x\n"}, false},
		{"an unknown market", "symbols.csv:2: market \"NYSE\"", map[string]string{"005930": good, "symbols": symbolHeader + "\n005930,NYSE,stock,x\n"}, false},
		{"a symbol twice", "symbols.csv:3: symbol 005930 given twice", map[string]string{"005930": good, "symbols": symbolHeader + "\n005930,KOSPI,stock,x\n005930,KOSPI,stock,x\n"}, false},
		{"another header", "symbols.csv:1: header", map[string]string{"005930": good, "symbols": "code,name\n"}, false},
		{"an empty symbols.csv", "symbols.csv:1: no header", map[string]string{"005930": good, "symbols": ""}, false},
	} {
		_, err := New(Options{Data: folder(t, r.files), Raw: r.raw})
		if err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s: %v, want %s", r.what, err, r.want)
		}
	}
}

func TestAdjustedPricesMayHaveFractionsAndLeaveTheTicks(t *testing.T) {
	c := start(t, Options{Data: folder(t, map[string]string{"005930": "2024-11-29,50000.4,50500,49500,50000,10\r\n2024-12-02,80000.5,80001,49500,49501,10\r\n",
		"symbols": "\ufeff" + symbolHeader + "\n005930,KOSDAQ,stock,이름, 쉼표\n"}), Start: today.At(9, 0)})
	c.wants(c.price("005930"), "stck_prpr", "80001", "stck_sdpr", "50000", "stck_mxpr", "80001", "prdy_vrss_sign", "1", "rprs_mrkt_kor_name", "KOSDAQ")
	c.accepted(c.order(buyTR, "005930", "00", "1", "60000"))
	c.to(15, 30)
	c.wants(c.orders()[0], "tot_ccld_qty", "1", "avg_prvs", "60000", "prdt_name", "이름, 쉼표")
}

func FuzzBarLine(f *testing.F) {
	f.Add("2024-12-02,50000,52000,49000,51000,2000000")
	f.Add("20241202,0,0,0,10000,0")
	f.Add("2024-12-02,1.5,1.5,1.5,1.4999,9")
	f.Fuzz(func(t *testing.T, line string) {
		b, err := parseBar(line)
		if err != nil {
			return
		}
		if b.close <= 0 || b.volume < 0 || b.date == 0 || !b.halted() && (b.low <= 0 || b.low > min(b.open, b.close) || b.high < max(b.open, b.close) || b.high > maxPrice) {
			t.Errorf("%q became %+v", line, b)
		}
	})
}
