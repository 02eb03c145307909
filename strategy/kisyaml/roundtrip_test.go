package kisyaml_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"maemae/strategy"
	"maemae/strategy/kisyaml"
)

func load(t interface{ Fatalf(string, ...any) }, text string) *strategy.Strategy {
	f, problems := strategy.Load("strategies.yaml", []byte(text), strategy.Options{})
	if problems.Fatal() {
		t.Fatalf("%v\n%s", problems, text)
	}
	return f.Strategies[0]
}

// rule is a native file with the given lines of one strategy.
func rule(lines string) string {
	return "version: 1\nstrategies:\n  - name: one\n    symbols: [\"005930\"]\n    when: close - 15m\n    size: 10% of equity\n    " +
		strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n    ") + "\n"
}

func TestTheExportIsWrittenAsBothToolsReadIt(t *testing.T) {
	s := load(t, rule(`
description: 'the "golden" cross'
params: {fast: 5}
let:
  fast: sma(close, $fast)
  slow: sma(close, 20)
  limit: 70
buy:
  all:
    - fast crosses above slow
    - rsi(14) < limit
    - macd(12, 26, 9).signal > macd(12, 26, 9)
    - 50% < ibs()
sell: fast crosses below slow or close < bollinger(20, 2).lower or consecutive(down) >= 3
exits: {stop_loss: 5%, trailing_stop: 2.5%}`))
	data, problems := kisyaml.Export(s)
	if problems.Fatal() {
		t.Fatal(problems)
	}
	want, err := os.ReadFile("testdata/export.kis.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/export.kis.yaml", data, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(data)); diff != "" {
		t.Error(diff)
	}
}

func TestEveryCorpusFileThatCanBeExportedComesBackTheSame(t *testing.T) {
	back := 0
	for _, name := range corpus(t) {
		text, err := os.ReadFile("testdata/golden/" + name)
		if err != nil {
			t.Fatal(err)
		}
		above, _, _ := strings.Cut(string(text), line)
		first, _ := kisyaml.Import(name, []byte(above), symbols)
		if first.Native == nil {
			continue
		}
		s := load(t, string(first.Native))
		data, problems := kisyaml.Export(s)
		if problems.Fatal() {
			continue
		}
		second, problems := kisyaml.Import(name, data, kisyaml.Options{Symbols: symbols.Symbols, Size: s.Size.String()})
		if problems.Fatal() {
			t.Errorf("%s: %v\n%s", name, problems, data)
			continue
		}
		if load(t, string(second.Native)).Revision != s.Revision {
			t.Errorf("%s: another rule comes back:\n%s\n%s", name, first.Native, second.Native)
		}
		back++
	}
	if back < 25 {
		t.Errorf("only %d files came back", back)
	}
}

func corpus(t *testing.T) (names []string) {
	entries, err := os.ReadDir("testdata/golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A rule of the exportable part, exported and imported again, is the same rule bit for bit; the report of the way back
// has nothing to mend.
func TestAnExportedRuleComesBackTheSame(t *testing.T) {
	operand := rapid.OneOf(
		rapid.SampledFrom([]string{"open", "high", "low", "close"}),
		rapid.Custom(func(t *rapid.T) string {
			n, m := rapid.IntRange(2, 60).Draw(t, "n"), rapid.IntRange(2, 60).Draw(t, "m")
			return rapid.SampledFrom([]string{
				fmt.Sprintf("sma(%d)", n), fmt.Sprintf("ema(close, %d)", n), fmt.Sprintf("wilder(%d)", n), fmt.Sprintf("rsi(%d)", n),
				fmt.Sprintf("macd(%d, %d, 9)", n, n+m), fmt.Sprintf("macd(%d, %d, 9).signal", n, n+m), fmt.Sprintf("bollinger(%d, 2.5).upper", n),
				fmt.Sprintf("bollinger(%d, 2)", n), fmt.Sprintf("stochastic(%d, 3).d", n), fmt.Sprintf("atr(%d)", n), fmt.Sprintf("apo(%d, %d, exponential)", n, n+m),
				"ibs()", "obv()", "consecutive(up)", "consecutive(down)", fmt.Sprintf("alma(%d, 6, 0.85)", n), fmt.Sprintf("donchian(%d).lower", n),
				fmt.Sprintf("ichimoku(%d, %d, 52).senkou_a", n, n+m), fmt.Sprintf("sar(0.02, 0.02, 0.%d)", n),
			}).Draw(t, "call")
		}),
	)
	condition := rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 4).Draw(t, "candlestick") == 0 {
			id := rapid.SampledFrom(kisyaml.Patterns()).Draw(t, "pattern")
			return "pattern(" + id + ")" + rapid.SampledFrom([]string{"", ".bullish", ".bearish"}).Draw(t, "signal")
		}
		o := rapid.SampledFrom([]string{">", "<", ">=", "<=", "crosses above", "crosses below"}).Draw(t, "operator")
		left, right := operand.Draw(t, "left"), operand.Draw(t, "right")
		switch rapid.IntRange(0, 3).Draw(t, "shape") {
		case 0:
			return fmt.Sprintf("%s %s %d.%d", left, o, rapid.IntRange(-200, 200).Draw(t, "whole"), rapid.IntRange(0, 99).Draw(t, "hundredths"))
		case 1:
			return fmt.Sprintf("%d %s %s", rapid.IntRange(-200, 200).Draw(t, "whole"), o, right)
		}
		return fmt.Sprintf("%s %s %s", left, o, right)
	})
	side := rapid.Custom(func(t *rapid.T) string {
		joiner := rapid.SampledFrom([]string{" and ", " or "}).Draw(t, "joiner")
		return strings.Join(rapid.SliceOfN(condition, 1, 4).Draw(t, "conditions"), joiner)
	})
	rapid.Check(t, func(t *rapid.T) {
		lines := "buy: " + side.Draw(t, "buy") + "\nsell: " + side.Draw(t, "sell")
		if rapid.Bool().Draw(t, "stop") {
			lines += "\nexits: {stop_loss: 5%, take_profit: 12.5%, trailing_stop: 3%}"
		}
		s := load(t, rule(lines))
		data, problems := kisyaml.Export(s)
		if problems.Fatal() {
			t.Fatalf("%v\n%s", problems, lines)
		}
		r, problems := kisyaml.Import("one.kis.yaml", data, symbols)
		if problems.Fatal() {
			t.Fatalf("%v\n%s", problems, data)
		}
		for _, n := range r.Report {
			if n.Kind == kisyaml.Mended || strings.Contains(n.Text, "refuses") || strings.Contains(n.Text, "does not know") {
				t.Fatalf("%s\n%s", n.Text, data)
			}
		}
		if load(t, string(r.Native)).Revision != turned(t, s, lines) {
			t.Fatalf("another rule comes back:\n%s\n%s\n%s", lines, data, r.Native)
		}
	})
}

var signs = strings.NewReplacer(">", "<", "<", ">", "crosses above", "crosses below", "crosses below", "crosses above")

// turned is the revision of the rule with every number on the right, where KIS's files have it.
func turned(t *rapid.T, s *strategy.Strategy, lines string) string {
	var out []string
	for _, row := range strings.Split(lines, "\n") {
		key, text, _ := strings.Cut(row, ": ")
		if key == "exits" {
			out = append(out, row)
			continue
		}
		joiner := " and "
		if strings.Contains(text, " or ") {
			joiner = " or "
		}
		parts := strings.Split(text, joiner)
		for i, part := range parts {
			for _, o := range []string{" >= ", " <= ", " > ", " < ", " crosses above ", " crosses below "} {
				left, right, ok := strings.Cut(part, o)
				if ok && strings.Trim(left, "-0123456789") == "" {
					parts[i] = right + signs.Replace(o) + left
				}
				if ok {
					break
				}
			}
		}
		out = append(out, key+": "+strings.Join(parts, joiner))
	}
	return load(t, rule(strings.Join(out, "\n"))).Revision
}

func TestWhatTheFormatCannotSayIsNotExported(t *testing.T) {
	const sell = "\nsell: close < open"
	shapes := "both tools know >, <, >=, <=, crosses above, crosses below and candlesticks, joined all by and, or all by or"
	operands := "both tools know a price, a number or an indicator of the price there: no arithmetic, no look-back, no position, no indicator of an indicator"
	for _, c := range []struct{ lines, what, hint string }{
		{"buy: close > open", "there is no sell", "without exit conditions the backtester sells on every bar: say when to sell"},
		{"buy: close > open\nexits: {stop_loss: 5%}", "there is no sell", "without exit conditions the backtester sells on every bar: say when to sell"},
		{"buy: close == open" + sell, "close == open cannot be said", "the builder and the backtester have no common word for equality"},
		{"buy: close != open" + sell, "close != open cannot be said", "the builder and the backtester have no common word for equality"},
		{"buy: not close > open" + sell, "not close > open cannot be said", shapes},
		{"buy: rsi(14) between 30 and 70" + sell, "rsi(close, 14) between 30 and 70 cannot be said", shapes},
		{"buy: close > open and (close > high or low > 5)" + sell, "close > high or low > 5 cannot be said", shapes},
		{"buy: close > open * 1.02" + sell, "open * 1.02 cannot be said", operands},
		{"buy: close > highest(high, 20)[1]" + sell, "highest(high, 20)[1] cannot be said", operands},
		{"buy: close > sma(rsi(14), 5)" + sell, "sma(rsi(close, 14), 5) cannot be said", operands},
		{"buy: close > sma(high, 5)" + sell, "sma(high, 5) cannot be said", "KIS's sma reads the close only"},
		{"buy: price > open" + sell, "price cannot be said", "the builder knows close, open, high and low: write close"},
		{"buy: volume > 1000" + sell, "volume cannot be said", "the builder knows close, open, high and low only"},
		{"buy: sum(close, 5) > 1000" + sell, "sum(close, 5) cannot be said", "KIS's tools have no sum"},
		{"buy: close > atr(14, wilder)" + sell, "atr(14, wilder) cannot be said", "KIS's backtester computes atr with simple averages only: smoothing=simple"},
		{"buy: ppo(12, 26) > 0" + sell, "ppo(close, 12, 26, simple).value cannot be said", "KIS's backtester computes ppo with exponential averages only: smoothing=exponential"},
		{"buy: close > pivot(5, 5).high" + sell, "pivot(5, 5).high cannot be said", "KIS's tools read pivot wrongly"},
		{"buy: close > open\nsell: position.return > 8%", "position.return cannot be said", operands},
		{"buy: close > open" + sell + "\nbars: completed", "bars: completed cannot be said", "the builder takes today's bar, the backtester does not"},
		{"buy: close > open" + sell + "\nexits: {max_holding: 5 sessions}", "exits: max_holding cannot be said", "drop it, or keep the rule in the native language"},
		{"buy: 1 > 2" + sell, "1 and 2 are both numbers", ""},
	} {
		t.Run(c.lines, func(t *testing.T) {
			data, problems := kisyaml.Export(load(t, rule(c.lines)))
			if data != nil || !problems.Fatal() {
				t.Fatalf("exported as\n%s", data)
			}
			for _, p := range problems {
				if !p.Warning && (p.What != c.what || p.Hint != c.hint || p.File != "one") {
					t.Errorf("says %v\nwant %s\n  hint: %s", p, c.what, c.hint)
				}
			}
		})
	}
}

func TestParametersOfSingleSymbolsAreNotExported(t *testing.T) {
	text := strings.Replace(rule("params: {n: 5}\nper_symbol: {\"000660\": {n: 9}}\nbuy: close > sma($n)\nsell: close < sma($n)"), `["005930"]`, `["005930", "000660"]`, 1)
	_, problems := kisyaml.Export(load(t, text))
	if !problems.Fatal() || problems[0].What != "per_symbol cannot be said" {
		t.Error(problems)
	}
}

func TestTheExportWarnsOfWhatAToolComputesDifferently(t *testing.T) {
	_, problems := kisyaml.Export(load(t, rule("buy: macd(12, 26, 9).histogram > 0 and close >= highest(close, 120)\nsell: returns(5) < 0")))
	if problems.Fatal() {
		t.Fatal(problems)
	}
	for _, want := range []string{
		"macd_1: the builder computes macd's value where the file says histogram",
		"maximum_1: the builder takes the highest high, not the highest close",
		"returns_1: the backtester multiplies a value already in percent by 100",
		"the builder answers that there is too little data: the rule needs 120 bars, it asks for 100 rows at most",
	} {
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("no warning %q in\n%v", want, problems)
		}
	}
}
