package strategy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/indicator"
	"maemae/market"
	"maemae/strategy"
)

const rules = `version: 1
strategies:
  - name: rule
    symbols: ["005930"]
    when: close - 15m
    buy: close > open
    sell: close < open
    size: 1 share
`

// The eight mistakes of acceptance: one line and one hint each.
func TestEachMistakeIsOneProblemAtItsPlace(t *testing.T) {
	for _, c := range []struct{ name, old, new, want, hint string }{
		{"unknown key", "    buy:", "    by:", "6:5: no key \"by\" in strategy", "did you mean buy?"},
		{"unquoted symbol", `"005930"`, `005930`, "4:15: symbol 005930 is not in quotes", `put it in quotes: "005930"`},
		{"unquoted symbol without its zeros", `"005930"`, `5930`, "4:15: symbol 5930 is not in quotes", `put it in quotes: "005930"`},
		{"unknown indicator", "close > open", "close > smaa(close, 5)", `6:18: no indicator "smaa"`, "did you mean sma?"},
		{"unknown parameter", "close > open", "close > $fst", "6:18: no parameter $fst", "give it a value: params: {fst: 20}"},
		{"impossible size", "1 share", "0% of cash", `8:11: size "0% of cash": must be above zero`, "write 10% of equity"},
		{"two documents", "    size: 1 share\n", "    size: 1 share\n---\nversion: 1\n", "9:1: a second document begins here", "one file holds one document"},
		{"tab", "    sell:", "\tsell:", "7:1: a tab", "indent and separate with spaces"},
		{"empty buy", "buy: close > open", "buy:", "6:5: buy is empty", "give it a value"},
	} {
		text := strings.Replace(rules, c.old, c.new, 1)
		f, problems := strategy.Load("strategies.yaml", []byte(text), strategy.Options{})
		if f != nil || len(problems) != 1 {
			t.Errorf("%s: %d problems: %v", c.name, len(problems), problems)
			continue
		}
		if got := problems[0].String(); !strings.HasPrefix(got, "strategies.yaml:"+c.want+"\n  hint: "+c.hint) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// Wherever an expression stands and however it is quoted, a problem points at the word itself.
func TestProblemsPointIntoExpressions(t *testing.T) {
	for _, c := range []struct{ name, buy, want string }{
		{"plain", "buy: close > opne", "6:18"},
		{"double quotes", `buy: "close > opne"`, "6:19"},
		{"single quotes", "buy: 'close > opne'", "6:19"},
		{"plain over lines", "buy: close >\n      opne", "7:7"},
		{"quotes over lines", "buy: \"close >\n\n      opne\"", "8:7"},
		{"literal block", "buy: |\n      close >\n        opne", "8:9"},
		{"folded block", "buy: >-\n      close >\n      opne", "8:7"},
		{"folded block with a gap", "buy: >\n\n      close > opne", "8:15"},
		{"list", "buy:\n      all:\n        - close > open\n        - close > opne", "9:19"},
		{"nested lists", "buy:\n      any:\n        - all:\n            - close > opne", "9:23"},
		{"flow list", "buy: {any: [close > open, close > opne]}", "6:39"},
		{"end of a line", "buy: close >", "6:17"},
		{"end of quotes", `buy: "close > "`, "6:18"},
		{"after Hangul in a comment above", "description: 매매 # 골든\n    buy: close > opne", "7:18"},
	} {
		text := strings.Replace(rules, "buy: close > open", c.buy, 1)
		_, problems := strategy.Load("strategies.yaml", []byte(text), strategy.Options{})
		if len(problems) != 1 || !strings.HasPrefix(problems[0].String(), "strategies.yaml:"+c.want+":") {
			t.Errorf("%s: want %s: %v", c.name, c.want, problems)
		}
	}
}

func TestTheTextOfAFileIsReadStrictly(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a mark of the byte order", "\ufeff" + rules, ""},
		{"lines of Windows", strings.ReplaceAll(rules, "\n", "\r\n"), ""},
		{"a mistake in lines of Windows", strings.ReplaceAll(strings.Replace(rules, "> open", "> opne", 1), "\n", "\r\n"), `6:18: no name "opne"`},
		{"a document marker", "---\n" + rules, ""},
		{"an end marker", rules + "...\n", "9:1: a second document begins here"},
		{"a null byte", strings.Replace(rules, "rule", "ru\x00le", 1), "3:13: the invisible character U+0000"},
		{"not UTF-8", strings.Replace(rules, "rule", "ru\xffle", 1), "3:1: the line is not UTF-8 text"},
		{"nothing", "", "1:1: the file is empty"},
		{"comments", "# a\n", "1:1: the file is empty"},
		{"a list", "- a\n", "1:1: the file must be a mapping of keys and values, it is a list"},
		{"a word", "a\n", "1:1: the file must be a mapping of keys and values, it is a single value"},
		{"too large", rules + strings.Repeat("#", 256<<10), "bytes, the most is 262144"},
		{"too deep", "version: 1\nstrategies: " + strings.Repeat("[", 30) + strings.Repeat("]", 30), "nested deeper than 20 levels is not allowed"},
		{"an alias bomb", "a: &a [x, x]\nb: &b [*a, *a]\n", "1:4: an anchor (&a) is not allowed"},
		{"a merge key", "version: 1\nstrategies: [{<<: {name: a}}]\n", "2:15: a merge key (<<) is not allowed"},
		{"a symbol in other letters", strings.Replace(rules, "005930", "00593О", 1), "4:15: symbol \"00593О\""},
		{"an octal version", strings.Replace(rules, "version: 1", "version: 01", 1), `1:10: version "01" is not known`},
		{"a list of a file nobody reads", strings.Replace(rules, `["005930"]`, "{file: a.csv}", 1), "4:21: symbol file \"a.csv\" cannot be read here"},
		{"no strategies", "version: 1\nstrategies: []\n", "2:13: strategies is empty"},
	} {
		_, problems := strategy.Load("strategies.yaml", []byte(c.text), strategy.Options{})
		if c.want == "" && len(problems) > 0 || c.want != "" && (len(problems) != 1 || !strings.Contains(problems.Error(), c.want)) {
			t.Errorf("%s: %v", c.name, problems)
		}
	}
}

func TestTwentyThousandBracketsAreRefusedAtOnce(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("[", 20000), strings.Repeat("{a: ", 20000), strings.Repeat("- ", 20000), "a: " + strings.Repeat("? ", 20000),
		strings.Repeat("[", 130000) + strings.Repeat("]", 130000),
		strings.Replace(rules, "close > open", "'"+strings.Repeat("(", 1900)+"'", 1),
		strings.Replace(rules, "close > open", strings.Repeat("not ", 400)+"close > open", 1),
	} {
		if f, problems := strategy.Load("strategies.yaml", []byte(text), strategy.Options{}); f != nil || len(problems) != 1 {
			t.Errorf("%.30q...: %v", text, problems)
		}
	}
}

// Lets that double at each step would be a million parts; they are refused before they are written out.
func TestLetsCannotExplode(t *testing.T) {
	text := "    let:\n      a0: close\n"
	for i := range 40 {
		text += fmt.Sprintf("      a%d: a%d + a%d\n", i+1, i, i)
	}
	text = strings.Replace(rules, "    buy: close > open\n", text+"    buy: a40 > 1\n", 1)
	_, problems := strategy.Load("strategies.yaml", []byte(text), strategy.Options{})
	if len(problems) != 1 || !strings.Contains(problems.Error(), "more than 1000 parts") {
		t.Error(problems)
	}
}

// The report is bounded; what stands behind a hundred mistakes is still not taken for good.
func TestMistakesBeyondTheReportAreMistakes(t *testing.T) {
	one := "  - name: rule\n    symbols: [\"005930\"]\n    when: close - 15m\n    size: 1 share\n"
	text := "version: 1\nstrategies:\n"
	for range 250 {
		text += one + "    buy: close > opne\n"
	}
	for _, last := range []string{"    buy: close > opne\n", "    buy: close > 1\n    params: {a: {default: 5, min: 2}}\n", "    buy: close > 1\n    params: {a: {}}\n"} {
		f, problems := strategy.Load("a.yaml", []byte(text+one+last), strategy.Options{})
		if f != nil || len(problems) != 200 {
			t.Errorf("%d problems", len(problems))
		}
	}
}

// A small file can name many symbols with parameters of their own, or lets that are long when written out.
func TestARuleTimesItsSymbolsIsBounded(t *testing.T) {
	long := strings.TrimSuffix(strings.Repeat("sma($n) > close or ", 100), " or ")
	head := strings.Replace(strings.Replace(rules, "close > open", long, 1), `["005930"]`, "{file: all.txt}", 1) + "    params: {n: 5}\n    per_symbol:\n"
	var all strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&all, "%06d\n", i)
		head += fmt.Sprintf("      \"%06d\": {n: %d}\n", i, i%90+2)
	}
	read := func(string) ([]byte, error) { return []byte(all.String()), nil }
	_, problems := strategy.Load("a.yaml", []byte(head), strategy.Options{SymbolFile: read})
	if len(problems) != 1 || !strings.Contains(problems.Error(), "too many parts with every let written out (with the parameters of ") {
		t.Error(problems)
	}
	few := strings.Replace(head, long, "sma($n) > close", 1)
	if f, problems := strategy.Load("a.yaml", []byte(few), strategy.Options{SymbolFile: read}); f == nil {
		t.Error(problems)
	}
}

func TestTheNumberOfLetsIsBounded(t *testing.T) {
	for n, fine := range map[int]bool{1000: true, 1001: false} {
		text := rules + "    let:\n"
		for i := range n {
			text += fmt.Sprintf("      a%d: close\n", i)
		}
		f, problems := strategy.Load("a.yaml", []byte(text), strategy.Options{})
		if (f != nil) != fine || !fine && (len(problems) != 1 || !strings.HasPrefix(problems.Error(), "a.yaml:1010:7: more than 1000 lets")) {
			t.Errorf("%d lets: %.200s", n, problems)
		}
	}
}

func TestProductsCannotGrowWithoutEnd(t *testing.T) {
	for text, fine := range map[string]bool{
		"close" + strings.Repeat(" * volume", 4):                     true,
		"close" + strings.Repeat(" * volume", 5):                     false,
		"volume" + strings.Repeat(" * 1.000000000000000001", 5):      false,
		"close" + strings.Repeat(" * 99999999999999999999999999", 5): false,
		"close" + strings.Repeat(" + volume", 10):                    true,
	} {
		_, problems := strategy.ParseExpr(text)
		if problems.Fatal() == fine || !fine && !strings.Contains(problems.Error(), "a product of more than 100 digits") {
			t.Errorf("%s: %v", text, problems)
		}
	}
}

func TestSymbolFiles(t *testing.T) {
	text := strings.Replace(rules, `["005930"]`, "{file: list.txt}", 1)
	for _, c := range []struct {
		content, want string
		symbols       int
	}{
		{"005930\n000660\n", "", 2},
		{"\ufeffsymbol,market\r\n005930,KOSPI\r\n\r\n# comment\r\nQ530031 # an ETN\r\n", "", 2},
		{"005930\n5930\n", `list.txt:2: symbol "5930"`, 0},
		{"005930\n005930\n", "list.txt:2: symbol 005930 stands twice", 0},
		{"# nothing\n", "list.txt:1: no symbol", 0},
	} {
		read := func(string) ([]byte, error) { return []byte(c.content), nil }
		f, problems := strategy.Load("strategies.yaml", []byte(text), strategy.Options{SymbolFile: read})
		switch {
		case c.want == "" && (f == nil || len(f.Strategies[0].Symbols) != c.symbols):
			t.Errorf("%q: %v", c.content, problems)
		case c.want != "" && !strings.Contains(problems.Error(), c.want):
			t.Errorf("%q: %v", c.content, problems)
		}
	}
	fails := func(string) ([]byte, error) { return nil, errors.New("no such file") }
	if _, problems := strategy.Load("strategies.yaml", []byte(text), strategy.Options{SymbolFile: fails}); !strings.Contains(problems.Error(), "no such file") {
		t.Error(problems)
	}
}

func TestEveryFieldArrives(t *testing.T) {
	f, problems := strategy.Load("a.yaml", []byte(`version: 1
strategies:
  - name: all-fields
    description: a rule
    symbols: ["005930", "0001A0", "Q530031"]
    when: "5 15 * * MON-FRI"
    bars: completed
    buy: close > open
    size: exact 2.5% of cash
    capital: 5,000,000 KRW
    order: {type: limit, ticks: -2, valid: 90s}
    exits: {stop_loss: 5%, take_profit: 250%, trailing_stop: 0.5%, max_holding: 20 sessions}
    reentry: same_session
    allow_auction: true
`), strategy.Options{})
	if f == nil {
		t.Fatal(problems)
	}
	s := f.Strategies[0]
	for name, ok := range map[string]bool{
		"names":    s.Name == "all-fields" && s.Description == "a rule" && f.Name == "a.yaml" && len(f.Hash) == 64 && len(s.Revision) == 12,
		"symbols":  len(s.Symbols) == 3 && s.Symbols[1] == market.Symbol("0001A0"),
		"when":     s.When == "5 15 * * MON-FRI" && s.WhenLine == 6 && s.WhenCol == 11,
		"switches": s.CompletedBars && s.AllowAuction && s.SameSessionReentry && s.ExactSize,
		"size":     s.Size.Basis == strategy.OfCash && s.Size.Amount.Equal(won("0.025")) && s.Capital.Equal(won("5000000")),
		"order":    s.Order == strategy.OrderSpec{Type: strategy.Limit, Ticks: -2, Valid: 90 * time.Second},
		"exits":    s.Exits.StopLoss.Equal(won("0.05")) && s.Exits.TakeProfit.Equal(won("2.5")) && s.Exits.TrailingStop.Equal(won("0.005")) && s.Exits.MaxHolding == 20,
	} {
		if !ok {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestARuleMayLookAtSeveralMoments(t *testing.T) {
	known := func(text string) (what, hint string) {
		if text == "open + 5m" || text == "close - 15m" {
			return "", ""
		}
		return "when " + text, "know"
	}
	for when, want := range map[string]string{
		"close - 15m":                          "close - 15m",
		"[close - 15m]":                        "close - 15m",
		"[open + 5m, close - 15m]":             "open + 5m; close - 15m",
		"[]":                                   "5:11: when is empty",
		"{a: b}":                               "5:11: when must be one value, it is a mapping",
		"[open + 5m, open + 5m]":               `5:23: when "open + 5m" stands twice`,
		"[open + 5m, noon]":                    "5:23: when noon\n  hint: know",
		"open + 5m; close - 15m":               "5:11: when \"open + 5m; close - 15m\": several moments in one text\n  hint: write a list: [open + 5m, close - 15m]",
		"[" + strings.Repeat("x, ", 20) + "x]": "5:72: more than 20 moments\n  hint: every 5m is one",
		"[open + 5m, [close]]":                 "5:23: when must be one value, it is a list",
	} {
		f, problems := strategy.Load("a.yaml", []byte(strings.Replace(rules, "close - 15m", when, 1)), strategy.Options{When: known})
		if f == nil {
			if len(problems) != 1 || problems[0].String() != "a.yaml:"+want {
				t.Errorf("%s: %v", when, problems)
			}
			continue
		}
		s := f.Strategies[0]
		if said := "at \"" + strings.ReplaceAll(want, "; ", "\" and \"") + "\" of every open session"; s.When != want || s.WhenCol != 11 || !strings.Contains(s.Words("en"), said) {
			t.Errorf("%s: %q %s", when, s.When, s.Words("en"))
		}
	}
}

func TestOrdersAreWrittenShortOrLong(t *testing.T) {
	for text, want := range map[string]strategy.OrderSpec{
		"market":                       {Type: strategy.Market},
		"protected":                    {Type: strategy.Protected},
		"limit":                        {Type: strategy.Limit},
		"limit - 1 tick":               {Type: strategy.Limit, Ticks: -1},
		"limit + 3 ticks":              {Type: strategy.Limit, Ticks: 3},
		"{type: protected, valid: 1h}": {Type: strategy.Protected, Valid: time.Hour},
		"{type: limit, ticks: 0}":      {Type: strategy.Limit},
	} {
		s := load(t, "buy: close > open", "sell: close < open", "size: 1 share", "order: "+text)
		if s.Order != want {
			t.Errorf("%s: %+v", text, s.Order)
		}
		again := load(t, "buy: close > open", "sell: close < open", "size: 1 share", "order: "+strings.Split(s.Order.String(), ",")[0])
		if again.Order.Type != want.Type || again.Order.Ticks != want.Ticks {
			t.Errorf("%s is written %s", text, s.Order)
		}
	}
}

func TestVolumeOfTodayIsNoticed(t *testing.T) {
	for buy, want := range map[string]bool{
		"volume > 1": true, "volume[1] > 1": false, "sma(volume, 5) > 1": true, "sma(volume, 5)[1] > 1": false,
		"sma(volume[1], 5) > 1": false, "obv() > 1": true, "close > 1": false, "obv()[2] > 1": false,
	} {
		if got := load(t, "buy: "+buy, "sell: close < 1", "size: 1 share").ReadsVolumeToday(); got != want {
			t.Errorf("%s: %v", buy, got)
		}
		if load(t, "buy: "+buy, "sell: close < 1", "size: 1 share", "bars: completed").ReadsVolumeToday() {
			t.Errorf("%s of completed bars reads today's volume", buy)
		}
	}
}

// What binds tighter, on one bar with open 2, high 9, low 1, close 3 and volume 5.
func TestPrecedence(t *testing.T) {
	b := columns(t, []market.Bar{{Date: 20240102, Open: won("2"), High: won("9"), Low: won("1"), Close: won("3"), Volume: 5}})
	for text, want := range map[string]string{
		"open + close * high":                    "29",
		"(open + close) * high":                  "45",
		"high - close - open":                    "4",
		"high - (close - open)":                  "8",
		"high / close / open":                    "1.5",
		"-open * close":                          "-6",
		"-open - -close":                         "1",
		"1 / close":                              "0.33333333",
		"2 / close * 3":                          "2.00000001",
		"1 - 2%":                                 "0.98",
		"2 * 3 + 4":                              "10",
		"10 / 4":                                 "2.5",
		"-(2 + 3)":                               "-5",
		"volume + 0.50":                          "5.5",
		"open < close and high < low or low < 5": "true",
		"low < 5 or open < close and high < low": "true",
		"(low < 5 or open < close) and high < 5": "false",
		"not high < low and low < 5":             "true",
		"not (low < 5 and low < high)":           "false",
		"close between open and high and low<5":  "true",
		"close between 3 and 3":                  "true",
		"close between 4 and 5":                  "false",
		"open + 1 == close":                      "true",
		"close != 3.000":                         "false",
		"price >= close":                         "true",
		"close[1]":                               "",
		"close crosses above open":               "",
		"close / (open - 2)":                     "",
	} {
		if got := eval(t, text, b).Text(0); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

func TestOneSpellingForEveryWayToWriteIt(t *testing.T) {
	for text, want := range map[string]string{
		"rsi()":                          "rsi(close, 14)",
		"rsi(14)":                        "rsi(close, 14)",
		"rsi(period=14)":                 "rsi(close, 14)",
		"rsi(close,period=14.0)":         "rsi(close, 14)",
		"rsi(7 * 2)":                     "rsi(close, 14)",
		"macd(12, 26, 9)":                "macd(close, 12, 26, 9).value",
		"macd(fast=12, signal=9).signal": "macd(close, 12, 26, 9).signal",
		"macd(open, slow=30)":            "macd(open, 12, 30, 9).value",
		"bollinger(20).upper[1]":         "bollinger(close, 20, 2).upper[1]",
		"atr(14, smoothing=wilder)":      "atr(14, wilder)",
		"atr(14, wilder)":                "atr(14, wilder)",
		"sma(sma(close,5),3)":            "sma(sma(close, 5), 3)",
		"((close))[1]":                   "close[1]",
		"(close - open)[1]":              "(close - open)[1]",
		"close - (open - low)":           "close - (open - low)",
		"(close - open) - low":           "close - open - low",
		"close * (open + low)":           "close * (open + low)",
		"(close > open) and (low < 5)":   "close > open and low < 5",
		"not (close > open)":             "not close > open",
		"not (close > open and low < 5)": "not (close > open and low < 5)",
		"close between (1 + 1) and 5":    "close between 2 and 5",
		"obv() > sma(obv(), 20)":         "obv() > sma(obv(), 20)",
		"count(close>open,5)":            "count(close > open, 5)",
		"highest(high, 20)[1] * 1.0200":  "highest(high, 20)[1] * 1.02",
		"close > 2 - 5":                  "close > -3",
		"close*-1":                       "close * -1",
	} {
		if got := compileExpr(t, text).String(); got != want {
			t.Errorf("%s is written %s, want %s", text, got, want)
		}
	}
}

func TestExpressionsAlone(t *testing.T) {
	for text, want := range map[string]string{
		"smaa(close, 5)":                    "expression:1:1: no indicator \"smaa\"\n  hint: did you mean sma?",
		"close > $fast":                     "expression:1:9: no parameter $fast\n  hint: give it a value: params: {fast: 20}",
		"position.return > 1":               "expression:1:1: there is no position here\n  hint: only a rule holds one",
		"close > 10111111111111111111111/7": "expression:1:32: a result of 31 digits, the most is 30",
		"":                                  "expression:1:1: empty expression\n  hint: write a condition such as close > sma(close, 20)",
		"close 종가":                          "expression:1:7: unexpected '종'",
	} {
		if _, problems := strategy.ParseExpr(text); len(problems) != 1 || problems[0].String() != want {
			t.Errorf("%q: %v", text, problems)
		}
	}
}

func TestBars(t *testing.T) {
	bar := func(date market.Date, price string) market.Bar {
		p := won(price)
		return market.Bar{Date: date, Open: p, High: p, Low: p, Close: p, Volume: 1}
	}
	b := columns(t, []market.Bar{bar(20240102, "100"), bar(20240103, "101.50")})
	if b.Scale != 1 || b.Close[0] != 1000 || b.Close[1] != 1015 || !b.At(1).Close.Equal(won("101.5")) {
		t.Errorf("%+v", b)
	}
	next, err := b.With(bar(20240104, "99.25"))
	if err != nil || next.Len() != 3 || next.Scale != 2 || next.Close[0] != 10000 || b.Len() != 2 {
		t.Errorf("%+v %v", next, err)
	}
	again, err := next.With(bar(20240104, "98"))
	if err != nil || again.Len() != 3 || !again.At(2).Close.Equal(won("98")) || !next.At(2).Close.Equal(won("99.25")) {
		t.Errorf("%+v %v", again, err)
	}
	if _, err := b.With(bar(20240102, "98")); err == nil {
		t.Error("a bar before the last was added")
	}
	if _, err := strategy.BarsOf([]market.Bar{bar(20240103, "1"), bar(20240103, "1")}); err == nil {
		t.Error("a date stands twice")
	}
	if _, err := strategy.BarsOf([]market.Bar{bar(20240103, "1e18"), bar(20240104, "0.5")}); err == nil {
		t.Error("a price that 64 bits do not hold")
	}
	if b := columns(t, []market.Bar{bar(20240102, "1e3")}); b.Scale != 0 || b.Close[0] != 1000 {
		t.Errorf("%+v", b)
	}
}

// The price word has the current price on the newest bar, also with more decimals than the bars have.
func TestThePriceWord(t *testing.T) {
	rule := load(t, "buy: price == 100.05 and price[1] == 90 and close == 80", "sell: close < 1", "size: 1 share")
	v := view(closes(t, 90, 80))
	v.Price = decimal.RequireFromString("100.05")
	if d := rule.Decide(v); d.Answer != strategy.Buy {
		t.Errorf("%+v", d)
	}
}

// The catalogue's own examples are written in this language.
func TestTheExamplesOfTheCatalogueCompile(t *testing.T) {
	b := walk(600)
	for _, spec := range indicator.All() {
		if slices.Contains(spec.Reads, "index") {
			continue
		}
		c := eval(t, spec.Example, b)
		if !c.Condition || c.Text(b.Len()-1) == "" {
			t.Errorf("%s: %s is %q on the last bar", spec.ID, spec.Example, c.Text(b.Len()-1))
		}
		for _, output := range spec.Outputs {
			text := spec.ID + "()." + output
			first, value := 0, eval(t, text, b)
			for first < b.Len() && value.Text(first) == "" {
				first++
			}
			if want := compileExpr(t, text).WarmUp(); first+1 < want {
				t.Errorf("%s: warm-up %d, first value on bar %d", text, want, first+1)
			}
		}
	}
}
