package backtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/history"
	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

// quick plays an account with the fast engine alone.
func (a *account) quick(t *rapid.T) outcome {
	known := map[*strategy.Strategy]traits{}
	for _, l := range a.legs {
		if known[l.rule] = traitsOf(l); !known[l.rule].columnar {
			t.Skip("the plain engine's own: on one of these days the cron line does not meet the close")
		}
	}
	b, err := a.fast(known)
	if err != nil {
		t.Fatal(err)
	}
	return b.outcome()
}

// sameOutcome compares by value: decimals of other scales may be equal.
func sameOutcome(a, b outcome) string {
	equal := cmp.Comparer(func(x, y decimal.Decimal) bool { return x.Equal(y) })
	points := func(c report.Curve) (list []report.Point) {
		for i := range c.Len() {
			list = append(list, c.At(i))
		}
		return list
	}
	return cmp.Diff(a.trades, b.trades, equal) + cmp.Diff(points(a.curve), points(b.curve), equal) + cmp.Diff(a.cut, b.cut, cmp.AllowUnexported(cuts{}))
}

// drawBars are bars of a symbol on dates that may skip some: with gaps, halts, locked limits and thin volume.
func drawBars(t *rapid.T, symbol market.Symbol, dates []market.Date) history.Bars {
	b := history.Bars{Symbol: symbol, Scale: rapid.SampledFrom([]int32{0, 0, 1, 2}).Draw(t, "scale"), Raw: rapid.Bool().Draw(t, "raw")}
	one := int64(1)
	for range b.Scale {
		one *= 10
	}
	price := rapid.Int64Range(3, 300_000).Draw(t, "first") * one
	whole := rapid.Bool().Draw(t, "whole")
	last := price
	skip := rapid.SampledFrom([]int{0, 0, 10}).Draw(t, "skip")
	for _, d := range dates {
		draw := func(limit int64) int64 { return rapid.Int64Range(-limit, limit).Draw(t, "move") }
		if skip > 0 && rapid.IntRange(0, skip).Draw(t, "gap") == 0 && len(b.Dates) > 0 {
			continue
		}
		at := func(from, permille int64) int64 {
			p := max(one, from+from*permille/1000)
			if whole {
				p = max(one, p/one*one)
			}
			return p
		}
		o := at(last, draw(60))
		c := at(o, draw(80))
		h, l := max(o, c, at(max(o, c), rapid.Int64Range(0, 40).Draw(t, "up"))), min(o, c, at(min(o, c), -rapid.Int64Range(0, 40).Draw(t, "down")))
		v := rapid.SampledFrom([]int64{0, 3, 50, 1000, 100_000, 10_000_000}).Draw(t, "volume")
		switch rapid.IntRange(0, 25).Draw(t, "kind") {
		case 0: // halted
			o, h, l, c, v = last, last, last, last, 0
		case 1, 2: // locked at a limit
			base := decimal.New(last, -b.Scale)
			low, high := ladderAt(market.Known(symbol), b.Raw, d).Limits(base, d)
			m := high
			if draw(1) < 0 && low.IsPositive() {
				m = low
			}
			c = m.Shift(b.Scale).IntPart()
			o, h, l = c, c, c
		}
		b.Dates, b.Open, b.High, b.Low, b.Close, b.Volume = append(b.Dates, d), append(b.Open, o), append(b.High, h), append(b.Low, l), append(b.Close, c), append(b.Volume, v)
		last = c
	}
	return b
}

// drawRule is the text of one strategy.
func drawRule(t *rapid.T, name string, symbols []market.Symbol, fastOnly bool) string {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	maybe := func(text string) string {
		if rapid.Bool().Draw(t, "maybe") {
			return text
		}
		return ""
	}
	var quoted []string
	for _, s := range symbols {
		quoted = append(quoted, fmt.Sprintf("%q", s))
	}
	completed := rapid.Bool().Draw(t, "completed")
	when := pick("when", "close - 15m", "close - 12m", `"14 15 * * MON,WED"`)
	orders := []string{"market", "protected", "limit", "{type: limit, ticks: 2}", "limit - 1 tick"}
	if completed {
		when = pick("when", "open + 5m", "close - 15m", "every 1h")
		orders = orders[:4]
	}
	if !fastOnly {
		when = pick("when", "open + 5m", "every 2h", "close - 15m", "every 5m")
		orders = []string{"market", "limit - 1 tick", "limit - 3 ticks", "{type: limit, ticks: -1, valid: 10m}"}
	}
	var exits []string
	for _, x := range []string{maybe("stop_loss: " + pick("stop", "1%", "5%", "3.5%", "12%")), maybe("take_profit: " + pick("target", "2%", "10%", "4.25%")),
		maybe("trailing_stop: " + pick("trail", "1%", "3%", "5%")), maybe("max_holding: " + pick("holding", "1 session", "3 sessions", "10 sessions"))} {
		if x != "" {
			exits = append(exits, x)
		}
	}
	lines := []string{
		"  - name: " + name,
		"    let: {gain: \"position.return > 3%\"}",
		"    symbols: [" + strings.Join(quoted, ", ") + "]",
		"    when: " + when,
		"    buy: " + pick("buy", "sma(close, 2) crosses above sma(close, 5)", "close > sma(close, 3)", "close > open and volume > 0", "rsi(3) < 60", "high[1] > close", "close > 0"),
		"    size: " + pick("size", "10% of equity", "100% of cash", "33.3% of cash", "7 shares", "1,000,000 KRW", "100% of equity", "100000 shares"),
		"    order: " + pick("order", orders...),
	}
	if x := pick("sell", "", "sma(close, 2) crosses below sma(close, 5)", "close < sma(close, 4)", "position.return > 3% or position.sessions >= 4", "close < position.high * 0.95 and close < open", "close < open", "gain or close < open"); x != "" {
		lines = append(lines, "    sell: "+x)
	} else if len(exits) == 0 {
		exits = append(exits, "max_holding: 2 sessions")
	}
	if completed {
		lines = append(lines, "    bars: completed")
	}
	if x := maybe("    reentry: same_session"); x != "" {
		lines = append(lines, x)
	}
	if x := maybe("    capital: 3,000,000 KRW"); x != "" {
		lines = append(lines, x)
	}
	if len(exits) > 0 {
		lines = append(lines, "    exits: {"+strings.Join(exits, ", ")+"}")
	}
	return strings.Join(lines, "\n") + "\n"
}

// drawRun is a whole run: rules, bars and costs.
func drawRun(t *rapid.T, fastOnly bool) Options {
	first := rapid.SampledFrom([]market.Date{20151222, 20191115, 20220103, 20231120, 20341201, 19991201}).Draw(t, "first")
	n := rapid.IntRange(12, 45).Draw(t, "days")
	var dates []market.Date
	calendar := market.KRX()
	for d := first; len(dates) < n; d = d.Add(1) {
		_, err := calendar.Session(d)
		if err == nil || errors.Is(err, market.ErrBeyond) || rapid.IntRange(0, 30).Draw(t, "closed") == 0 {
			dates = append(dates, d)
		}
	}
	symbols := []market.Symbol{"005930", "069500", "000660"}[:rapid.IntRange(1, 3).Draw(t, "symbols")]
	bars := map[market.Symbol]history.Bars{}
	for _, s := range symbols {
		from := rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "listed")
		upTo := len(dates) - rapid.SampledFrom([]int{0, 0, 4}).Draw(t, "delisted")
		bars[s] = drawBars(t, s, dates[from:upTo])
	}
	text := "version: 1\nstrategies:\n"
	for i := range rapid.IntRange(1, 3).Draw(t, "rules") {
		text += drawRule(t, fmt.Sprintf("rule-%d", i), symbols[:rapid.IntRange(1, len(symbols)).Draw(t, "of")], fastOnly)
	}
	f, problems := strategy.Load("rules.yaml", []byte(text), strategy.Options{})
	if problems.Fatal() {
		t.Fatalf("%s\n%s", problems, text)
	}
	o := Options{
		Rules: f.Strategies, Together: true, Calendar: market.KRX(),
		Load: func(s market.Symbol) (history.Bars, error) { return bars[s], bars[s].Check() },
		Instrument: func(s market.Symbol) market.Instrument {
			of := market.Known(s)
			if s == "000660" {
				of.Board = market.KOSDAQ
			}
			return of
		},
		Cash:         decimal.NewFromInt(rapid.SampledFrom([]int64{100_000, 10_000_000, 123_456_789}).Draw(t, "cash")),
		Costs:        market.Costs{FeeRate: rapid.SampledFrom([]decimal.Decimal{{}, decimal.New(15, -5), decimal.New(140527, -9), decimal.New(5, -2)}).Draw(t, "fee")},
		CostDigits:   rapid.SampledFrom([]int32{0, 0, 0, 5}).Draw(t, "digits"),
		Slippage:     rapid.IntRange(0, 3).Draw(t, "slippage"),
		VolumeCap:    rapid.SampledFrom([]int64{0, 10, 100, 7}).Draw(t, "cap"),
		ExitsAtSlots: rapid.Bool().Draw(t, "slots"),
	}
	if rapid.Bool().Draw(t, "permit") {
		o.Permit = func(_ *strategy.Strategy, x broker.Order) bool { return x.Shares%3 != 0 }
	}
	return o
}

func TestBothEnginesAgreeToTheBit(t *testing.T) {
	var fills int
	rapid.Check(t, func(t *rapid.T) {
		o := drawRun(t, true)
		a, err := o.open(o.Rules)
		if err != nil {
			t.Skip(err)
		}
		want, err := a.plain()
		if err != nil {
			t.Fatal(err)
		}
		got := a.quick(t)
		fills += len(want.trades)
		if diff := sameOutcome(want, got); diff != "" {
			for _, r := range o.Rules {
				t.Log(r.Words("en"))
			}
			t.Fatalf("plain (-) and fast (+) differ: %s", diff)
		}
	})
	if fills == 0 {
		t.Error("no run had a fill")
	}
}
