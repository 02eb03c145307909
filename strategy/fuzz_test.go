package strategy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maemae/market"
	"maemae/strategy"
)

// Whatever the bytes are: a file or a fatal problem, every problem at a place of the file, and a rule that is accepted
// can be explained and decides.
func FuzzLoad(f *testing.F) {
	paths, _ := filepath.Glob("testdata/golden/*.txt")
	for _, path := range append(paths, "../strategies.yaml") {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		above, _, _ := strings.Cut(string(text), line)
		f.Add([]byte(above))
	}
	b := closes(f, 100, 90, 95, 110, 120, 80, 85, 99)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, problems := strategy.Load("f", data, strategy.Options{SymbolFile: symbolFile})
		if (file == nil) != problems.Fatal() {
			t.Fatalf("file %v and problems %v", file, problems)
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Col < 1 || p.What == "" {
				t.Fatalf("%+v in %d lines", p, lines)
			}
		}
		if file == nil {
			return
		}
		for _, s := range file.Strategies {
			v := view(b)
			v.Symbol = s.Symbols[0]
			d := s.Decide(v)
			if s.Words("en") == "" || s.WarmUp() < 1 || d.Reason == "" || d.Detail == "" || d.Revision == "" {
				t.Fatalf("%+v", d)
			}
			v.Holding = held(5, "100", "120", 1)
			s.Decide(v)
			s.CheckExits(v)
		}
	})
}

// Whatever the text is: an expression or a problem inside it; what is accepted reads back as itself and evaluates.
func FuzzParseExpr(f *testing.F) {
	for _, text := range []string{
		"sma(close, 5)", "rsi(14) < 70", "macd(fast=12, slow=26, signal=9).signal[1]", "close crosses above sma(close, 20)",
		"count(close > open, 5) >= 3 and not (volume < sma(volume, 20))[1]", "1 - 5%", "-(close - open) / open * 100",
		"close between low and high or streak(close > close[1]) > 3", "barssince(close > 1.5)", "atr(14, wilder)", "bollinger(20, 2.5).upper",
		"pattern(morning_star, penetration=0.3).bullish[1] or not pattern(doji)", "5 crosses below close and 70 != rsi(14)",
	} {
		f.Add(text)
	}
	b := closes(f, 100, 90, 95, 110, 120, 80, 85, 99)
	f.Fuzz(func(t *testing.T, text string) {
		e, problems := strategy.ParseExpr(text)
		if (e == nil) != problems.Fatal() {
			t.Fatal(e, problems)
		}
		if e == nil {
			return
		}
		again, problems := strategy.ParseExpr(e.String())
		if len(e.String()) <= 2000 && (again == nil || again.String() != e.String()) {
			t.Fatalf("%q -> %q: %v", text, e, problems)
		}
		c, err := e.Eval(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			c.Text(i)
		}
	})
}

// Whatever a file of symbols holds: symbols, each once, or one problem.
func FuzzSymbols(f *testing.F) {
	for _, text := range []string{"005930\n000660\n", "\ufeffsymbol,market\r\n005930,KOSPI\r\n# comment\r\nQ530031 # an ETN\r\n", "5930\n", ",\n", "005930"} {
		f.Add([]byte(text))
	}
	rule := []byte(strings.Replace(rules, `["005930"]`, "{file: list.txt}", 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, problems := strategy.Load("f", rule, strategy.Options{SymbolFile: func(string) ([]byte, error) { return data, nil }})
		if (file == nil) != (len(problems) == 1) {
			t.Fatal(problems)
		}
		if file == nil {
			return
		}
		seen := map[market.Symbol]bool{}
		for _, symbol := range file.Strategies[0].Symbols {
			if _, err := market.ParseSymbol(string(symbol)); err != nil || seen[symbol] {
				t.Fatal(symbol, err)
			}
			seen[symbol] = true
		}
	})
}
