package strategy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/market"
	"maemae/strategy"
)

// load reads one strategy made of the given lines.
func load(t interface {
	Helper()
	Fatal(...any)
}, lines ...string) *strategy.Strategy {
	t.Helper()
	text := "version: 1\nstrategies:\n  - name: rule\n    symbols: [\"005930\"]\n    when: close - 15m\n"
	for _, l := range lines {
		text += "    " + l + "\n"
	}
	f, problems := strategy.Load("rules.yaml", []byte(text), strategy.Options{})
	if f == nil {
		t.Fatal(problems)
	}
	return f.Strategies[0]
}

func won(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// closes are bars with the given closes, one a day, open = high = low = close.
func closes(t interface{ Fatal(...any) }, prices ...int64) strategy.Bars {
	bars := make([]market.Bar, len(prices))
	for i, p := range prices {
		v := decimal.NewFromInt(p)
		bars[i] = market.Bar{Date: market.Date(20240102).Add(i), Open: v, High: v, Low: v, Close: v, Volume: 1000}
	}
	return columns(t, bars)
}

var due = time.Date(2024, 1, 10, 15, 15, 0, 0, market.KST)

// view is a view of bars whose last close is the current price.
func view(b strategy.Bars) strategy.View {
	v := strategy.View{Symbol: "005930", Due: due, Bars: b, Forming: true, Funds: strategy.Funds{Equity: won("10000000"), Cash: won("4000000")}}
	if n := b.Len(); n > 0 {
		v.Price = b.At(n - 1).Close
	}
	return v
}

func held(shares int64, average, high string, sessions int) *strategy.Position {
	return &strategy.Position{Shares: shares, AveragePrice: won(average), High: won(high), Since: 20240102, Sessions: sessions}
}

const simple = "size: 10% of equity"

func TestEveryReasonIsGiven(t *testing.T) {
	rule := load(t, "buy: close > 100", "sell: close < 50 or close > 150", simple,
		"exits: {stop_loss: 10%, take_profit: 20%, trailing_stop: 5%, max_holding: 3 sessions}")
	loose := load(t, "buy: close > 100", "sell: close < 50", simple)
	again := load(t, "buy: close > 100", "sell: close < 50", simple, "reentry: same_session")
	for _, c := range []struct {
		name   string
		rule   *strategy.Strategy
		price  int64
		change func(*strategy.View)
		answer strategy.Answer
		reason strategy.Reason
		detail string
	}{
		{"buys on a true buy", rule, 110, nil, "buy", "entry", "the buy condition is true; 10% of equity is 1,000,000 KRW, which buys 9090 shares at 110"},
		{"holds when neither is true", rule, 80, nil, "hold", "no_signal", ""},
		{"holds when only sell is true and nothing is held", rule, 40, nil, "hold", "no_position", ""},
		{"holds when both are true and nothing is held", rule, 160, nil, "hold", "conflict", ""},
		{"sells when both are true and something is held", rule, 160, func(v *strategy.View) { v.Holding = held(7, "155", "160", 1) }, "sell", "exit", ""},
		{"sells on a true sell", loose, 40, func(v *strategy.View) { v.Holding = held(7, "45", "45", 1) }, "sell", "exit", ""},
		{"does not buy twice", rule, 110, func(v *strategy.View) { v.Holding = held(7, "108", "110", 1) }, "hold", "in_position", "the buy condition is true, but 7 shares are held"},
		{"does not buy while an order works", rule, 110, func(v *strategy.View) { v.Working = true }, "hold", "order_working", ""},
		{"does not sell while an order works", loose, 40, func(v *strategy.View) { v.Working, v.Holding = true, held(7, "45", "45", 1) }, "hold", "order_working", ""},
		{"has nothing to say while an order works and nothing is true", rule, 80, func(v *strategy.View) { v.Working = true }, "hold", "no_signal", ""},
		{"does not exit while an order works", rule, 80, func(v *strategy.View) { v.Working, v.Holding = true, held(7, "100", "100", 1) }, "hold", "order_working", "price 80 <= average price * (1 - 10%) = 90 of 100, but an order in this symbol is working or unknown"},
		{"enters once a session", rule, 110, func(v *strategy.View) { v.EnteredToday = true }, "hold", "reentry", ""},
		{"enters again where the rule says so", again, 110, func(v *strategy.View) { v.EnteredToday = true }, "buy", "entry", ""},
		{"holds when halted, whatever is true", rule, 110, func(v *strategy.View) { v.Halted = true }, "hold", "halted", ""},
		{"holds when halted, whatever exit applies", rule, 80, func(v *strategy.View) { v.Halted, v.Holding = true, held(7, "100", "100", 1) }, "hold", "halted", ""},
		{"does not buy less than a share", rule, 110, func(v *strategy.View) { v.Funds.Equity = won("1099.99") }, "hold", "size_zero", "10% of equity is 109 KRW, which buys 0 shares at 110"},
		{"buys a share with exactly its price", rule, 110, func(v *strategy.View) { v.Funds.Equity = won("1100") }, "buy", "entry", ""},
		{"does not buy with a debt", rule, 110, func(v *strategy.View) { v.Funds.Equity = won("-5000") }, "hold", "size_zero", ""},
		{"stops a loss at the level", rule, 90, func(v *strategy.View) { v.Holding = held(7, "100", "100", 1) }, "sell", "stop_loss", "price 90 <= average price * (1 - 10%) = 90 of 100"},
		{"trails before it stops", rule, 91, func(v *strategy.View) { v.Holding = held(7, "100", "100", 1) }, "sell", "trailing_stop", "price 91 <= high * (1 - 5%) = 95 of 100"},
		{"takes profit at the level", rule, 120, func(v *strategy.View) { v.Holding = held(7, "100", "200", 9) }, "sell", "take_profit", "price 120 >= average price * (1 + 20%) = 120 of 100"},
		{"sells after the longest holding", rule, 99, func(v *strategy.View) { v.Holding = held(7, "100", "100", 3) }, "sell", "max_holding", "held for 3 sessions of 3"},
		{"holds before the longest holding", rule, 99, func(v *strategy.View) { v.Holding = held(7, "100", "100", 2) }, "hold", "no_signal", ""},
		{"says when there is no price", rule, 110, func(v *strategy.View) { v.Price = decimal.Decimal{} }, "hold", "data_missing", "no current price"},
		{"says when columns disagree", rule, 110, func(v *strategy.View) { v.Bars.Close = v.Bars.Close[1:] }, "hold", "data_missing", "bars: a column of 0 for 1 dates"},
		{"a position of no shares is none", rule, 40, func(v *strategy.View) { v.Holding = held(0, "100", "100", 1) }, "hold", "no_position", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := view(closes(t, c.price))
			if c.change != nil {
				c.change(&v)
			}
			d := c.rule.Decide(v)
			if d.Answer != c.answer || d.Reason != c.reason || c.detail != "" && d.Detail != c.detail {
				t.Errorf("%s %s (%s), want %s %s (%s)", d.Answer, d.Reason, d.Detail, c.answer, c.reason, c.detail)
			}
			switch {
			case d.Answer == strategy.Sell && d.Shares != v.Holding.Shares, d.Answer == strategy.Hold && d.Shares != 0:
				t.Errorf("%s of %d shares", d.Answer, d.Shares)
			case d.Detail == "":
				t.Error("no detail")
			}
		})
	}
}

func TestTooFewBarsAreNotReady(t *testing.T) {
	rule := load(t, "buy: close > sma(close, 5)", "sell: close < sma(close, 3)[1]", simple, "exits: {stop_loss: 5%}")
	if rule.WarmUp() != 5 {
		t.Fatal("warm-up", rule.WarmUp())
	}
	for n := range 6 {
		d := rule.Decide(view(closes(t, []int64{100, 100, 100, 100, 100, 110}[:n]...)))
		switch {
		case n == 0 && d.Reason != strategy.DataMissing:
			t.Errorf("no bars: %s", d.Reason)
		case n > 0 && n < 5 && (d.Reason != strategy.NotReady || d.Missing != 5-n || d.Buy.Missing != 5-n):
			t.Errorf("%d bars: %s, %d missing", n, d.Reason, d.Missing)
		case n == 5 && d.Reason != strategy.NoSignal:
			t.Errorf("%d bars: %s", n, d.Reason)
		}
	}
	v := view(strategy.Bars{})
	v.Price, v.Forming = won("100"), false
	if d := rule.Decide(v); d.Reason != strategy.NotReady || d.Missing != 5 {
		t.Errorf("a new listing: %s, %d missing", d.Reason, d.Missing)
	}
	v.Holding = held(3, "110", "110", 0)
	if d := rule.Decide(v); d.Reason != strategy.StopLoss {
		t.Errorf("an exit needs no bars: %s", d.Reason)
	}
}

// One side that is not ready holds the other back: a sell alone must not act on half of what the rule knows.
func TestBothSidesMustBeReady(t *testing.T) {
	rule := load(t, "buy: close > sma(close, 5)", "sell: close < 200", simple)
	v := view(closes(t, 100))
	v.Holding = held(3, "100", "100", 0)
	if d := rule.Decide(v); d.Reason != strategy.NotReady || d.Missing != 4 || *d.Sell.Truth != true {
		t.Errorf("%s, %d missing", d.Reason, d.Missing)
	}
}

func TestAnOperandWithoutValueIsNamed(t *testing.T) {
	rule := load(t, "buy: 10 / (close - close[1]) > 1", simple, "exits: {stop_loss: 5%}")
	d := rule.Decide(view(closes(t, 100, 100)))
	if d.Reason != strategy.NotReady || d.Missing != 0 || d.Detail != "10 / (close - close[1]) has no value on this bar" {
		t.Errorf("%s: %s", d.Reason, d.Detail)
	}
}

func TestCompletedBarsLeaveTheFormingBarOut(t *testing.T) {
	forming := load(t, "buy: close > 100", "sell: close < 1", simple)
	completed := load(t, "bars: completed", "buy: close > 100 and price < 100", "sell: close < 1", simple)
	v := view(closes(t, 105, 90))
	if d := forming.Decide(v); d.Answer != strategy.Hold || !d.Forming || d.Bars != 2 || !d.Last.Close.Equal(won("90")) {
		t.Errorf("forming: %+v", d)
	}
	if d := completed.Decide(v); d.Answer != strategy.Buy || d.Forming || d.Bars != 1 || !d.Last.Close.Equal(won("105")) {
		t.Errorf("completed: %+v", d)
	}
	v.Forming = false
	if d := completed.Decide(v); d.Bars != 2 {
		t.Errorf("all bars are completed: %d", d.Bars)
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		size, capital, price string
		shares               int64
		budget               string
	}{
		{"10% of equity", "", "71200", 14, "1000000"},
		{"100% of equity", "", "10000000", 1, "10000000"},
		{"100% of equity", "", "10000001", 0, "10000000"},
		{"25% of cash", "", "1000", 1000, "1000000"},
		{"0.5% of cash", "", "1000", 20, "20000"},
		{"3 shares", "", "71200", 3, "213600"},
		{"1 share", "", "71200", 1, "71200"},
		{"1,000 shares", "", "10", 1000, "10000"},
		{"1,000,000 KRW", "", "71200", 14, "1000000"},
		{"999.5 KRW", "", "999.5", 1, "999.5"},
		{"10% of equity", "5,000,000 KRW", "71200", 7, "500000"},
		{"50% of cash", "1,000,000 KRW", "1000", 1000, "1000000"},
		{"3 shares", "200,000 KRW", "71200", 2, "200000"},
		{"exact 3 shares", "200,000 KRW", "71200", 0, "200000"},
		{"exact 3 shares", "213,600 KRW", "71200", 3, "213600"},
	} {
		lines := []string{"buy: close > 0", "exits: {stop_loss: 5%}", "size: " + c.size}
		if c.capital != "" {
			lines = append(lines, "capital: "+c.capital)
		}
		v := view(closes(t, 1))
		v.Price = won(c.price)
		d := load(t, lines...).Decide(v)
		if d.Shares != c.shares || !d.Budget.Equal(won(c.budget)) {
			t.Errorf("%s of capital %q at %s: %d shares, budget %s", c.size, c.capital, c.price, d.Shares, d.Budget)
		}
	}
}

func TestExitsBetweenSlots(t *testing.T) {
	rule := load(t, "buy: close > 0", "size: 1 share", "exits: {stop_loss: 5%, take_profit: 10%, trailing_stop: 20%, max_holding: 1 session}")
	v := strategy.View{Symbol: "005930", Due: due, Price: won("100"), Holding: held(5, "100", "100", 9)}
	if d, ok := rule.CheckExits(v); ok {
		t.Errorf("the longest holding ends at a slot, not between: %s", d.Reason)
	}
	v.Price = won("95")
	if d, ok := rule.CheckExits(v); !ok || d.Reason != strategy.StopLoss || d.Shares != 5 {
		t.Errorf("%v %+v", ok, d)
	}
	v.Price = won("110")
	if d, ok := rule.CheckExits(v); !ok || d.Reason != strategy.TakeProfit || d.Bars != 0 {
		t.Errorf("%v %+v", ok, d)
	}
	v.Holding.High, v.Price = won("125"), won("100")
	if d, ok := rule.CheckExits(v); !ok || d.Reason != strategy.TrailingStop || len(d.Exits) != 3 {
		t.Errorf("%v %+v", ok, d)
	}
	v.Working = true
	if d, ok := rule.CheckExits(v); !ok || d.Answer != strategy.Hold || d.Reason != strategy.OrderWorking {
		t.Errorf("%v %+v", ok, d)
	}
	v.Halted = true
	if d, ok := rule.CheckExits(v); !ok || d.Reason != strategy.Halted {
		t.Errorf("%v %+v", ok, d)
	}
	v.Holding = nil
	if _, ok := rule.CheckExits(v); ok {
		t.Error("nothing is held")
	}
	v.Holding, v.Price = held(5, "100", "100", 9), decimal.Decimal{}
	if _, ok := rule.CheckExits(v); ok {
		t.Error("there is no price")
	}
}

func TestTheTrailingHighIncludesThePriceNow(t *testing.T) {
	rule := load(t, "buy: close > 0", "sell: position.high > 149", "size: 1 share", "exits: {trailing_stop: 5%}")
	v := view(closes(t, 150))
	v.Holding = held(5, "100", "120", 1)
	if d := rule.Decide(v); d.Reason != strategy.RuleExit {
		t.Errorf("%s: %s", d.Reason, d.Detail)
	}
}

func TestAPositionCanBeAskedFor(t *testing.T) {
	for _, c := range []struct {
		sell  string
		price int64
		want  strategy.Reason
	}{
		{"position.return < -5%", 95, "in_position"},
		{"position.return <= -5%", 95, "exit"},
		{"position.return * 100 == -5", 95, "exit"},
		{"position.return between -6% and -4%", 95, "exit"},
		{"not position.return > -6%", 95, "in_position"},
		{"-position.return > 4%", 95, "exit"},
		{"position.sessions >= 2", 95, "exit"},
		{"position.sessions != 2", 95, "in_position"},
		{"position.shares == 5 and close > open", 95, "in_position"},
		{"position.shares == 5 or close > open", 95, "exit"},
		{"price < position.high - 4", 95, "exit"},
		{"1 / (position.sessions - 2) > 0", 95, "not_ready"},
	} {
		v := view(closes(t, c.price))
		rule := load(t, "buy: close > 0", "sell: "+c.sell, "size: 1 share")
		if d := rule.Decide(v); d.Reason != strategy.Entry || *d.Sell.Truth {
			t.Errorf("%s while nothing is held: %s", c.sell, d.Reason)
		}
		v.Holding = held(5, "100", "100", 2)
		d := rule.Decide(v)
		if d.Reason != c.want {
			t.Errorf("%s: %s, want %s", c.sell, d.Reason, c.want)
		}
		columns, err := rule.Columns("005930", v.Bars)
		truth, ready := columns.SellAt(0, v.Holding, v.Price)
		if err != nil || columns.Sell.Len() != 0 || truth != (c.want == strategy.RuleExit) || ready != (c.want != strategy.NotReady) {
			t.Errorf("%s in columns: %v %v %v", c.sell, truth, ready, err)
		}
	}
}

func TestParametersOfOneSymbol(t *testing.T) {
	f, problems := strategy.Load("rules.yaml", []byte(`version: 1
strategies:
  - name: rule
    symbols: ["005930", "000660"]
    when: close - 15m
    params: {level: 100}
    per_symbol: {"000660": {level: 200}}
    buy: close > $level
    sell: close < 1
    size: 1 share
`), strategy.Options{})
	if f == nil {
		t.Fatal(problems)
	}
	v := view(closes(t, 150))
	if d := f.Strategies[0].Decide(v); d.Answer != strategy.Buy || d.Buy.Text != "close > 100" {
		t.Errorf("%+v", d)
	}
	v.Symbol = "000660"
	if d := f.Strategies[0].Decide(v); d.Answer != strategy.Hold || d.Buy.Text != "close > 200" {
		t.Errorf("%+v", d)
	}
}

func TestOtherParameters(t *testing.T) {
	rule := load(t, "params: {level: 100, bars: 3}", "buy: sma(close, $bars) > $level", "sell: close < 1", simple)
	other, problems := rule.With(map[string]decimal.Decimal{"level": won("50")})
	if problems.Fatal() {
		t.Fatal(problems)
	}
	v := view(closes(t, 80, 80, 80))
	if rule.Decide(v).Answer != strategy.Hold || other.Decide(v).Answer != strategy.Buy || rule.Revision == other.Revision {
		t.Error("the other parameters do not count")
	}
	same, _ := other.With(map[string]decimal.Decimal{"level": won("100.0")})
	if same.Revision != rule.Revision {
		t.Error("the same rule has another revision")
	}
	if _, problems := rule.With(map[string]decimal.Decimal{"levle": won("50")}); !strings.Contains(problems.Error(), "did you mean level?") {
		t.Error(problems)
	}
	if _, problems := rule.With(map[string]decimal.Decimal{"bars": won("0")}); !problems.Fatal() {
		t.Error("a mean of no bars")
	}
}

func TestTheRevisionIsOfTheMeaning(t *testing.T) {
	base := load(t, "buy: close > sma(close, 20) and open < close", "sell: close < 1", simple)
	same := load(t, "params: {n: 20}", "let: {mean: \"sma($n)\"}", "buy: {all: [close > mean, open < close]}", "sell: ((close < 1.0))", simple)
	if base.Revision != same.Revision {
		t.Error("another spelling of the same rule has another revision")
	}
	for _, lines := range [][]string{
		{"buy: close > sma(close, 21) and open < close", "sell: close < 1", simple},
		{"buy: close > sma(close, 20) or open < close", "sell: close < 1", simple},
		{"buy: close > sma(close, 20) and open < close", simple},
		{"buy: close > sma(close, 20) and open < close", "sell: close < 1", "size: 11% of equity"},
		{"buy: close > sma(close, 20) and open < close", "sell: close < 1", simple, "exits: {stop_loss: 5%}"},
		{"buy: close > sma(close, 20) and open < close", "sell: close < 1", simple, "bars: completed"},
		{"buy: close > sma(close, 20) and open < close", "sell: close < 1", simple, "order: limit"},
	} {
		if load(t, lines...).Revision == base.Revision {
			t.Errorf("%q has the revision of another rule", lines)
		}
	}
}

func TestTheEvidenceShowsEveryNumber(t *testing.T) {
	rule := load(t,
		"let: {fast: \"sma(close, 2)\", slow: \"sma(close, 3)\"}",
		"buy: fast crosses above slow and close > slow * 1.01",
		"sell: not (close > 1)[1] or position.return < -5%", simple, "exits: {stop_loss: 5%}")
	v := view(closes(t, 100, 90, 80, 100))
	v.Holding = held(5, "100", "100", 1)
	d := rule.Decide(v)
	var text strings.Builder
	write := func(ev *strategy.Evidence) {
		var walk func(ev *strategy.Evidence, depth int)
		walk = func(ev *strategy.Evidence, depth int) {
			fmt.Fprintf(&text, "%s%s: ", strings.Repeat("  ", depth), ev.Text)
			switch {
			case ev.Truth != nil:
				fmt.Fprintln(&text, *ev.Truth)
			case ev.Value != "":
				fmt.Fprintln(&text, ev.Value)
			default:
				fmt.Fprintln(&text, "missing", ev.Missing)
			}
			for _, c := range ev.Children {
				walk(c, depth+1)
			}
		}
		walk(ev, 0)
	}
	write(d.Buy)
	write(d.Sell)
	write(d.Exits[0])
	want := `fast crosses above slow and close > slow * 1.01: false
  fast crosses above slow: false
    fast: 90
      sma(close, 2): 90
    slow: 90
      sma(close, 3): 90
    fast[1]: 85
    slow[1]: 90
  close > slow * 1.01: true
    close: 100
    slow * 1.01: 90.9
      slow: 90
        sma(close, 3): 90
not (close > 1)[1] or position.return < -5%: false
  not (close > 1)[1]: false
    (close > 1)[1]: true
      close > 1: true
        close: 80
        1: 1
  position.return < -5%: false
    position.return: 0
    -5%: -0.05
stop_loss: price <= average price * (1 - 5%): false
  price: 100
  average price * (1 - 5%): 95
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheSameViewGivesTheSameDecision(t *testing.T) {
	v := view(closes(t, 100, 90, 80, 100))
	v.Holding = held(5, "100", "100", 1)
	first, _ := json.Marshal(shipped(t)[0].Decide(v))
	for range 20 {
		if again, _ := json.Marshal(shipped(t)[0].Decide(v)); string(again) != string(first) {
			t.Fatalf("%s\n%s", first, again)
		}
	}
}

// shipped is the file that comes with the program.
func shipped(t *testing.T) []*strategy.Strategy {
	data, err := os.ReadFile("../strategies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f, problems := strategy.Load("strategies.yaml", data, strategy.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return f.Strategies
}

func TestTheShippedRulesAreValidAndSilent(t *testing.T) {
	for _, s := range shipped(t) {
		if s.When != "close - 15m" {
			t.Errorf("%s looks at %q", s.Name, s.When)
		}
		if s.WarmUp() > 250 { // a year of bars, which demo and simulator have before they begin
			t.Errorf("%s needs %d bars", s.Name, s.WarmUp())
		}
	}
}

func TestOneEvaluatorForLiveAndBacktest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bars := drawBars(t, 1)
		a := author{t, bars}
		buy, sell := a.condition(1), a.condition(2)
		bounded(t, buy.text)
		bounded(t, sell.text)
		rule := load(t, fmt.Sprintf("buy: %q", buy.text), fmt.Sprintf("sell: %q", sell.text), "size: 1 share")
		all := columns(t, bars)
		c, err := rule.Columns("005930", all)
		if err != nil {
			t.Fatal(err)
		}
		for i := range bars {
			d := rule.Decide(view(columns(t, bars[:i+1])))
			buyTruth, buyReady := c.Buy.At(i)
			sellTruth, sellReady := c.Sell.At(i)
			want := strategy.NoSignal
			switch {
			case !buyReady || !sellReady:
				want = strategy.NotReady
			case buyTruth && sellTruth:
				want = strategy.Conflict
			case buyTruth:
				want = strategy.Entry
			case sellTruth:
				want = strategy.NoPosition
			}
			if d.Reason != want {
				t.Fatalf("bar %d: %s, want %s", i, d.Reason, want)
			}
			if buyReady != (d.Buy.Truth != nil) || buyReady && *d.Buy.Truth != buyTruth {
				t.Fatalf("bar %d: the evidence of buy disagrees", i)
			}
		}
	})
}

// Where nothing divides, nothing is counted and nothing is halted, the warm-up is exact.
func TestTheWarmUpIsTheFirstReadyBar(t *testing.T) {
	var prices []int64
	for i := range int64(80) {
		prices = append(prices, 100+i*i%17)
	}
	b := closes(t, prices...)
	for _, text := range []string{
		"close", "close[3]", "sma(close, 20)", "sma(close, 20)[1]", "sma(sma(close, 5), 7)", "rsi(14)", "rsi(sma(close, 3), 14)",
		"macd(3, 5, 2)", "macd(3, 5, 2).signal", "macd(3, 5, 2).histogram[2]", "bollinger(20).upper", "highest(close[2], 5)",
		"sum(close - close[1], 4)", "count(close > close[1], 4)", "streak(close > sma(close, 4))", "sma(close, 5) crosses above sma(close, 9)",
		"close > 1 and sma(close, 4) < 5 or not close[7] > 3", "(close crosses below open)[4]", "atr(14)", "obv()",
	} {
		e := compileExpr(t, text)
		c, err := e.Eval(b)
		if err != nil {
			t.Fatal(err)
		}
		first := 0
		for first < b.Len() && c.Text(first) == "" {
			first++
		}
		if first+1 != e.WarmUp() {
			t.Errorf("%s: warm-up %d, first value on bar %d", text, e.WarmUp(), first+1)
		}
	}
}
