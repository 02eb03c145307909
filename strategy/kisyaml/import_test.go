package kisyaml_test

import (
	"fmt"
	"strings"
	"testing"

	"maemae/strategy"
	"maemae/strategy/kisyaml"
)

var symbols = kisyaml.Options{Symbols: []string{"005930"}}

// frame is a whole file around one entry condition, which begins in line 28. fast, slow, rsi, bb, high20 and low20 are
// indicators, star and day are candlesticks, n is a parameter.
const frame = `version: "1.0"
metadata: {name: "one condition"}
strategy:
  id: one
  params:
    n: {default: 30, min: 1, max: 99, type: int}
  indicators:
    - {id: sma, alias: fast, params: {period: 5}}
    - {id: sma, alias: slow, params: {period: 20}}
    - {id: rsi, alias: rsi, params: {period: $n}}
    - id: bollinger
      alias: bb
      params: {period: 20, std: 2}
    - {id: bollinger, alias: top, params: {period: 20, std: 2}, output: upper}
    - {id: maximum, alias: high20, params: {period: 20}}
    - {id: minimum, alias: low20, params: {period: 20}}
    - {id: ema, params: {period: 9}}
  candlesticks:
    - {id: morning_star, alias: star}
    - {id: doji}
  exit:
    conditions:
      - {indicator: close, operator: less_than, compare_to: slow}

  entry:
    logic: AND
    conditions:
      - {%s}
`

// native is the buy line of an imported file.
func native(t *testing.T, r kisyaml.Result) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(r.Native), "    buy: ")
	if !ok {
		t.Fatalf("no buy in\n%s", r.Native)
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// said is the notes about one line that concern one tool, or what was mended.
func said(r kisyaml.Report, line int, kinds ...kisyaml.Kind) string {
	var out []string
	for _, n := range r {
		for _, kind := range kinds {
			if n.Line == line && n.Kind == kind {
				out = append(out, string(n.Kind)+": "+n.Text)
			}
		}
	}
	return strings.Join(out, "\n")
}

const (
	strict  = "builder: asks for a strict inequality on the bar before too: from equal to beyond is no cross to it\n"
	first   = "backtester: takes the value before its first bar for 0, which can make a cross"
	unknown = "builder: does not know the operator %s and takes it for greater_than"
)

func TestEveryOperatorInEverySpelling(t *testing.T) {
	for _, c := range []struct{ operator, want, notes string }{
		{"greater_than", "fast > slow", ""},
		{"gt", "fast > slow", ""},
		{"'>'", "fast > slow", ""},
		{"breaks", "fast > slow", ""},
		{"GT", "fast > slow", ""},
		{"less_than", "fast < slow", ""},
		{"lt", "fast < slow", ""},
		{"'<'", "fast < slow", fmt.Sprintf(unknown, "<")},
		{"LT", "fast < slow", fmt.Sprintf(unknown, "LT")},
		{"greater_equal", "fast >= slow", ""},
		{"gte", "fast >= slow", ""},
		{"'>='", "fast >= slow", fmt.Sprintf(unknown, ">=")},
		{"less_equal", "fast <= slow", ""},
		{"lte", "fast <= slow", ""},
		{"'<='", "fast <= slow", fmt.Sprintf(unknown, "<=")},
		{"cross_above", "fast crosses above slow", strict + first},
		{"crosses_above", "fast crosses above slow", "mended: operator crosses_above is cross_above\n" + strict + first},
		{"crossover", "fast crosses above slow", fmt.Sprintf(unknown, "crossover") + "\n" + strict + first},
		{"indicator_cross_above", "fast crosses above slow", fmt.Sprintf(unknown, "indicator_cross_above") + "\n" + strict + first},
		{"cross_below", "fast crosses below slow", strict + first},
		{"crosses_below", "fast crosses below slow", "mended: operator crosses_below is cross_below\n" + strict + first},
		{"crossunder", "fast crosses below slow", fmt.Sprintf(unknown, "crossunder") + "\n" + strict + first},
		{"indicator_cross_below", "fast crosses below slow", fmt.Sprintf(unknown, "indicator_cross_below") + "\n" + strict + first},
		{"equal", "fast == slow", fmt.Sprintf(unknown, "equal")},
		{"'=='", "fast == slow", fmt.Sprintf(unknown, "==")},
		{"equals", "fast == slow", "mended: operator equals is equal\nbacktester: refuses the file: it has no operator equals"},
		{"eq", "fast == slow", "mended: operator eq is equal\nbacktester: refuses the file: it has no operator eq"},
		{"not_equal", "fast != slow", fmt.Sprintf(unknown, "not_equal")},
		{"'!='", "fast != slow", fmt.Sprintf(unknown, "!=")},
	} {
		t.Run(c.operator, func(t *testing.T) {
			file := fmt.Sprintf(frame, "indicator: fast, operator: "+c.operator+", compare_to: slow")
			r, problems := kisyaml.Import("one.kis.yaml", []byte(file), symbols)
			if problems.Fatal() {
				t.Fatal(problems)
			}
			if got := native(t, r); got != c.want {
				t.Errorf("native: %s\nwant:   %s", got, c.want)
			}
			all := said(r.Report, 28, kisyaml.Mended, kisyaml.Builder, kisyaml.Backtester)
			notes := strings.Split(all, "\n")
			for _, want := range strings.Split(c.notes, "\n") {
				if want != "" && !strings.Contains(all, want) {
					t.Errorf("the report does not say %q but\n%s", want, all)
				}
			}
			if c.notes == "" && all != "" || c.notes != "" && len(notes) != len(strings.Split(c.notes, "\n")) {
				t.Errorf("the report says more than expected:\n%s", all)
			}
		})
	}
}

func TestEveryShapeOfACondition(t *testing.T) {
	const noValue = "builder: does not read value: it compares with "
	for _, c := range []struct{ condition, want, notes string }{
		{"indicator: close, operator: gt, compare_to: slow", "close > slow", ""},
		{"indicator: open, operator: gt, compare_to: high", "open > high", ""},
		{"indicator: low, operator: lt, compare_to: price", "low < price", "builder: does not know the price price"},
		{"indicator: volume, operator: gt, compare_to: 1000000", "volume > 1000000", "builder: does not know the price volume"},
		{"indicator: fast, operator: gt, compare_to: close", "fast > close", ""},
		{"indicator: open, operator: cross_above, compare_to: slow", "open crosses above slow", "backtester: takes the earlier open for 0 on every bar of a cross"},

		{"indicator: rsi, operator: lt, compare_to: 30", "rsi < 30", ""},
		{"indicator: rsi, operator: lt, compare_to: 30.50", "rsi < 30.5", ""},
		{"indicator: rsi, operator: gt, compare_to: -20", "rsi > -20", ""},
		{"indicator: rsi, operator: gt, compare_to: -0.0", "rsi > 0", ""},
		{"indicator: rsi, operator: lt, value: 30", "rsi < 30", noValue + "0"},
		{"indicator: rsi, operator: lt, value: '30'", "rsi < 30", `mended: value: the quoted number "30" is the number 30`},
		{"indicator: rsi, operator: lt, compare_to: '30'", "rsi < 30", "backtester: refuses the file: it takes a quoted number in compare_to for an alias"},
		{"indicator: rsi, operator: lt, compare_to: 40, value: 30", "rsi < 30", noValue + "40"},
		{"indicator: fast, operator: lt, compare_to: slow, value: 30", "fast < 30", noValue + "slow"},
		{"indicator: rsi, operator: lt, value: $n", "rsi < $n", noValue + "0"},
		{"indicator: rsi, operator: lt, compare_to: $n", "rsi < $n", "builder: does not read $parameters: $n is text to it"},

		{"indicator: close, operator: lt, compare_to: bb", "close < bb", ""},
		{"indicator: close, operator: lt, compare_to: bb, compare_output: lower", "close < bb.lower", ""},
		{"indicator: close, operator: lt, compare_to: bb, compare_output: value", "close < bb", ""},
		{"indicator: bb, output: upper, operator: lt, compare_to: bb, compare_output: lower", "bb.upper < bb.lower", ""},
		{"indicator: bb, output: middle, operator: lt, compare_to: close", "bb < close", ""},
		{"indicator: close, operator: gt, compare_to: top", "close > top.upper", "backtester: takes middle of top here, because the condition does not say upper"},
		{"indicator: close, operator: gt, compare_to: top, compare_output: value", "close > top", ""},

		{"indicator: close, operator: lt, compare_to: slow, compare_scalar: 0.9", "close < slow * 0.9", "builder: ignores compare_scalar"},
		{"indicator: close, operator: lt, compare_to: slow, compare_scalar: 0.9, compare_operation: mul", "close < slow * 0.9", "builder: ignores compare_scalar"},
		{"indicator: close, operator: lt, compare_to: bb, compare_output: lower, compare_scalar: 2, compare_operation: div", "close < bb.lower / 2", "builder: ignores compare_scalar"},
		{"indicator: close, operator: lt, compare_to: slow, compare_scalar: 1000, compare_operation: add", "close < slow + 1000", "builder: ignores compare_scalar"},
		{"indicator: close, operator: lt, compare_to: slow, compare_scalar: -5, compare_operation: sub", "close < slow - -5", "builder: ignores compare_scalar"},
		{"indicator: close, operator: lt, compare_to: open, compare_scalar: '0.5'", "close < open * 0.5", "mended: compare_scalar: the quoted number \"0.5\" is the number 0.5"},
		{"indicator: fast, operator: cross_above, compare_to: slow, compare_scalar: 1.01", "fast crosses above slow * 1.01", "backtester: ignores compare_scalar in a cross"},
		{"indicator: close, operator: gt, compare_to: high20, compare_scalar: 0.95", "close > high20 * 0.95", "builder: ignores compare_scalar"},

		{"indicator: close, operator: lt, compare_to: high20", "close < high20", ""},
		{"indicator: close, operator: gte, compare_to: high20", "close >= high20", ""},
		{"indicator: high, operator: gt, compare_to: high20", "high > high20", ""},
		{"indicator: high20, operator: cross_above, compare_to: slow", "high20 crosses above slow", "builder: stops with an error: it cannot let this indicator cross"},

		{"indicator: close, operator: gt, compare_to: ema_1", "close > ema_1", ""},
	} {
		t.Run(c.condition, func(t *testing.T) {
			r, problems := kisyaml.Import("one.kis.yaml", fmt.Appendf(nil, frame, c.condition), symbols)
			if problems.Fatal() {
				t.Fatal(problems)
			}
			if got := native(t, r); got != c.want {
				t.Errorf("native: %s\nwant:   %s", got, c.want)
			}
			all := said(r.Report, 28, kisyaml.Mended, kisyaml.Builder, kisyaml.Backtester)
			if c.notes == "" && all != "" || !strings.Contains(all, c.notes) {
				t.Errorf("the report says\n%s\nwant: %s", all, c.notes)
			}
		})
	}
}

func TestEveryRefusalOfACondition(t *testing.T) {
	for _, c := range []struct{ condition, what, hint string }{
		{"operator: gt, compare_to: slow", "the condition has no indicator", "KIS's tools would take the price: write what is meant"},
		{"indicator: fast, compare_to: slow", "the condition has no operator", "KIS's tools would take greater_than: write what is meant"},
		{"indicator: fast, operator: gt", "the condition has nothing to compare with", "write compare_to; KIS's tools would take 0"},
		{"indicator: fast, operator: between, compare_to: 3", "operator between has one bound only, and the backtester takes it for >", "write two conditions, greater_equal and less_equal"},
		{"indicator: fast, operator: greater_than_or_equal, compare_to: slow", `no operator "greater_than_or_equal"`, "they are greater_than, less_than, greater_equal, less_equal, equal, not_equal, cross_above, cross_below"},
		{"indicator: fast, operator: crosses_abov, compare_to: slow", `no operator "crosses_abov"`, "did you mean crosses_above?"},
		{"indicator: fast, operator: gt, compare_with: slow", `no key "compare_with" in a condition`, "did you mean compare_to?"},
		{"indicator: fst, operator: gt, compare_to: slow", `no alias "fst"`, "did you mean fast?"},
		{"indicator: fast, operator: gt, compare_to: sloww", `no alias "sloww"`, "did you mean slow?"},
		{"indicator: fast, operator: gt, value: slow", `value is "slow", not a number`, "write plain digits such as 20, 0.5 or -3"},
		{"indicator: fast, operator: gt, value: 1e3", `value is "1e3", not a number`, "write plain digits such as 20, 0.5 or -3"},
		{"indicator: fast, operator: gt, value: 010", `value is "010", not a number`, "write plain digits such as 20, 0.5 or -3"},
		{"indicator: fast, operator: gt, value: $m", "value: no parameter $m", "did you mean $n?"},
		{"indicator: fast, operator: gt, compare_to: $nn", "compare_to: no parameter $nn", "did you mean $n?"},
		{"indicator: fast, operator: gt, value: $n + 1", "value: no parameter $n + 1", "the parameters are $n"},
		{"indicator: bb, output: uper, operator: gt, compare_to: close", `bollinger has no output "uper"`, "did you mean upper?"},
		{"indicator: close, operator: gt, compare_to: bb, compare_output: signal", `bollinger has no output "signal"`, "its outputs are middle, upper, lower"},
		{"indicator: bb, output: $n, operator: gt, compare_to: close", `bollinger has no output "$n"`, "its outputs are middle, upper, lower"},
		{"indicator: close, output: value, operator: gt, compare_to: fast", "the price close has no outputs", ""},
		{"indicator: rsi, operator: gt, compare_to: 30, compare_output: value", "a number has no outputs", ""},
		{"indicator: close, operator: gt, compare_to: slow, compare_operation: mul", "compare_operation without compare_scalar", ""},
		{"indicator: close, operator: gt, compare_to: slow, compare_scalar: 2, compare_operation: pow", `compare_operation is "pow", must be mul, div, add or sub`, ""},
		{"indicator: close, operator: gt, compare_to: slow, compare_scalar: $n", "compare_scalar cannot be a $parameter", "write a number"},
		{"indicator: close, operator: gt, compare_to: 30, compare_scalar: 2", "compare_scalar beside a number", "write the number that is meant"},
		{"indicator: close, operator: gt, compare_to: slow, compare_scalar: 0, compare_operation: div", "division by zero", ""},
		{"indicator: [fast], operator: gt, compare_to: slow", "indicator must be one value, it is a list", ""},

		{"indicator: close, operator: gt, compare_to: high20", "close > high20 is never true: the highest close includes today's", "compare with the bar before: the native language writes maximum(20)[1]"},
		{"indicator: price, operator: cross_above, compare_to: high20", "price crosses above high20 is never true: the highest close includes today's", "compare with the bar before: the native language writes maximum(20)[1]"},
		{"indicator: close, operator: breaks, compare_to: high20", "close > high20 is never true: the highest close includes today's", "compare with the bar before: the native language writes maximum(20)[1]"},
		{"indicator: high20, operator: lt, compare_to: close", "high20 < close is never true: the highest close includes today's", "compare with the bar before: the native language writes maximum(20)[1]"},
		{"indicator: high20, operator: cross_below, compare_to: close", "high20 crosses below close is never true: the highest close includes today's", "compare with the bar before: the native language writes maximum(20)[1]"},
		{"indicator: close, operator: lt, compare_to: low20", "close < low20 is never true: the lowest close includes today's", "compare with the bar before: the native language writes minimum(20)[1]"},
		{"indicator: low20, operator: gt, compare_to: close", "low20 > close is never true: the lowest close includes today's", "compare with the bar before: the native language writes minimum(20)[1]"},

		{"candlestick: star, operator: gt", "operator means nothing beside a candlestick", "a candlestick has signal only"},
		{"candlestick: star, signal: bulish", `signal is "bulish", must be bullish, bearish or detected`, "did you mean bullish?"},
		{"candlestick: moon", `no alias "moon"`, "the aliases are star, doji_1"},
		{"signal: bullish", "signal without a candlestick", ""},
		{"indicator: star, operator: gt, compare_to: 0", "star is a candlestick", "write candlestick: star and signal: bullish, bearish or detected"},
		{"candlestick: fast", `no alias "fast"`, "the aliases are star, doji_1"},
	} {
		t.Run(c.condition, func(t *testing.T) {
			r, problems := kisyaml.Import("one.kis.yaml", fmt.Appendf(nil, frame, c.condition), symbols)
			if len(problems) == 0 || r.Native != nil {
				t.Fatalf("accepted as\n%s", r.Native)
			}
			if p := problems[0]; p.Line != 28 || p.What != c.what || p.Hint != c.hint || p.File != "one.kis.yaml" {
				t.Errorf("says  %v\nwant  one.kis.yaml:28: %s\n  hint: %s", p, c.what, c.hint)
			}
			if said(r.Report, 28, kisyaml.Refused) == "" {
				t.Error("the report does not say so")
			}
		})
	}
}

// whole is a file of the given strategy block and what follows it.
func whole(strategy string) string {
	return "version: \"1.0\"\nmetadata: {name: a}\nstrategy:\n  id: a\n" + strategy
}

const sides = `  entry: {conditions: [{indicator: close, operator: gt, compare_to: open}]}
  exit: {conditions: [{indicator: close, operator: lt, compare_to: open}]}
`

func TestEveryIndicatorOfBothToolsLoads(t *testing.T) {
	for _, id := range kisyaml.IDs() {
		t.Run(id, func(t *testing.T) {
			for _, output := range kisyaml.Outputs(id) {
				file := whole(fmt.Sprintf("  indicators: [{id: %s, alias: x}]\n", id)) + fmt.Sprintf(`  entry: {conditions: [{indicator: x, output: %s, operator: gt, compare_to: 1}]}
  exit: {conditions: [{indicator: close, operator: lt, compare_to: open}]}
`, output)
				r, problems := kisyaml.Import("a.kis.yaml", []byte(file), symbols)
				if id == "alpha" || id == "beta" || id == "pivot" {
					if len(problems) != 1 || problems[0].Line != 5 || !strings.HasPrefix(problems[0].What, id) {
						t.Errorf("want a refusal in line 5, got %v", problems)
					}
					continue
				}
				if problems.Fatal() {
					t.Errorf("%v\n%s", problems, file)
					continue
				}
				if _, problems := strategy.Load("native", r.Native, strategy.Options{}); problems.Fatal() {
					t.Errorf("%v\n%s", problems, r.Native)
				}
				_, call, _ := strings.Cut(said(r.Report, 5, kisyaml.Maps), "is let: x: ")
				native := id + "()"
				switch id {
				case "wma":
					native = "wilder()"
				case "apo", "ppo":
					native = id + "(smoothing=exponential)"
				}
				if got, want := canonical(t, call), canonical(t, native); got != want {
					t.Errorf("%s is %s, the native defaults are %s", id, got, want)
				}
			}
		})
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	e, problems := strategy.ParseExpr(text)
	if problems.Fatal() {
		t.Fatalf("%s: %v", text, problems)
	}
	return e.String()
}

func TestEveryCandlestickOfBothToolsIsKnown(t *testing.T) {
	const file = "  candlesticks: [{id: %s, alias: x}]\n  entry: {conditions: [{candlestick: x}]}\n  exit: {conditions: [{candlestick: x, signal: bearish}]}\n"
	for _, id := range kisyaml.Patterns() {
		r, problems := kisyaml.Import("a.kis.yaml", []byte(whole(fmt.Sprintf(file, id))), symbols)
		want := fmt.Sprintf("maps: candlestick x, detected is pattern(%s)", id)
		if got := said(r.Report, 6, kisyaml.Maps); got != want {
			t.Errorf("%s: the report says %q", id, got)
		}
		both := strings.Contains(id, "ing_three_methods")
		if got := said(r.Report, 6, kisyaml.Builder, kisyaml.Backtester); strings.Count(got, "has one class for") != map[bool]int{true: 2}[both] {
			t.Errorf("%s: the report says %q", id, got)
		}
		if problems.Fatal() {
			t.Errorf("%s does not load: %v", id, problems)
			continue
		}
		if got := native(t, r); got != "pattern("+id+")" {
			t.Errorf("%s becomes %s", id, got)
		}
		data, problems := kisyaml.Export(load(t, string(r.Native)))
		if problems.Fatal() || !strings.Contains(string(data), fmt.Sprintf("- id: %q\n      alias: \"%s_1\"\n", id, id)) || strings.Contains(problems.Error(), "has one class for") != both {
			t.Errorf("%s is exported as\n%s%v", id, data, problems)
		}
	}
	for _, id := range kisyaml.Hollow() {
		_, problems := kisyaml.Import("a.kis.yaml", []byte(whole(fmt.Sprintf(file, id))), symbols)
		want := fmt.Sprintf("a.kis.yaml:5:23: no candlestick %q\n  hint: the backtester lists it, but has no definition for it", id)
		if problems.Error() != want {
			t.Errorf("%s: %v", id, problems)
		}
	}
}

func TestACandlestickBecomesAPattern(t *testing.T) {
	for _, c := range []struct{ condition, want, notes string }{
		{"candlestick: star", "candlestick star, detected is pattern(morning_star)", ""},
		{"candlestick: star, signal: detected", "candlestick star, detected is pattern(morning_star)", ""},
		{"candlestick: star, signal: bullish", "candlestick star, bullish is pattern(morning_star).bullish", ""},
		{"candlestick: star, signal: bearish", "candlestick star, bearish is pattern(morning_star).bearish", ""},
		{"candlestick: doji_1", "candlestick doji_1, detected is pattern(doji)", "does not know doji_1: it counts the entry in line 20 as doji_2"},
		{"candlestick: doji_2", "candlestick doji_2, detected is pattern(doji)", "refuses the file: it counts the entry in line 20 as doji_1"},
	} {
		t.Run(c.condition, func(t *testing.T) {
			r, problems := kisyaml.Import("one.kis.yaml", fmt.Appendf(nil, frame, c.condition), symbols)
			if got := said(r.Report, 28, kisyaml.Maps); got != "maps: "+c.want {
				t.Errorf("the report says %q, want %q\n%v", got, c.want, problems)
			}
			if got := said(r.Report, 28, kisyaml.Builder, kisyaml.Backtester); !strings.Contains(got, c.notes) || c.notes == "" && got != "" {
				t.Errorf("the report says %q, want %q", got, c.notes)
			}
			if _, text, _ := strings.Cut(c.want, " is "); native(t, r) != text {
				t.Errorf("native: %s, want %s", native(t, r), text)
			}
		})
	}
}

func TestWhatTheFileDoesNotSayComesFromTheOptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		options kisyaml.Options
		risk    string
		want    string // part of the native text
		problem string
	}{
		{"defaults", symbols, "", "symbols: [\"005930\"]\n    when: close - 15m\n    buy: close > open\n    sell: close < open\n    size: 10% of equity\n", ""},
		{"all given", kisyaml.Options{Symbols: []string{"005930", "000660"}, When: "open + 5m", Size: "3 shares"}, "", "symbols: [\"005930\", \"000660\"]\n    when: open + 5m\n    buy: close > open\n    sell: close < open\n    size: 3 shares\n", ""},
		{"a cron line", kisyaml.Options{Symbols: []string{"005930"}, When: "*/5 9-14 * * MON-FRI"}, "", `when: "*/5 9-14 * * MON-FRI"`, ""},
		{"no symbols", kisyaml.Options{}, "", "symbols: []   # NAME THE SYMBOLS HERE", ""},
		{"a wrong symbol", kisyaml.Options{Symbols: []string{"5930"}}, "", "", "a.kis.yaml:1:1: "},
		{"a wrong size", kisyaml.Options{Symbols: []string{"005930"}, Size: "lots"}, "", "", "a.kis.yaml:1:1: size \"lots\": not a size"},
		{"a lower bound for the size", symbols, "risk: {max_position_size: 0.05}", "size: 5% of equity", ""},
		{"a higher bound for the size", symbols, "risk: {max_position_size: 0.2}", "size: 10% of equity", ""},
		{"a bound below the given size", kisyaml.Options{Symbols: []string{"005930"}, Size: "30% of equity"}, "risk: {max_position_size: 0.2}", "", "a.kis.yaml:7:27: size 30% of equity is more than max_position_size 0.2"},
		{"a bound that cannot be compared", kisyaml.Options{Symbols: []string{"005930"}, Size: "3 shares"}, "risk: {max_position_size: 0.2}", "size: 3 shares", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, problems := kisyaml.Import("a.kis.yaml", []byte(whole(sides)+c.risk), c.options)
			if c.problem != "" {
				if !problems.Fatal() || !strings.HasPrefix(problems.Error(), c.problem) || r.Native != nil {
					t.Errorf("says %v, want %s", problems, c.problem)
				}
				return
			}
			if problems.Fatal() || !strings.Contains(string(r.Native), c.want) {
				t.Errorf("%v\n%s\nwant %s", problems, r.Native, c.want)
			}
			if _, unready := strategy.Load("native", r.Native, strategy.Options{}); unready.Fatal() != (len(c.options.Symbols) == 0) {
				t.Errorf("loading says %v", unready)
			}
		})
	}
}

func TestAFileIsKnownByItsName(t *testing.T) {
	for name, want := range map[string]bool{
		"a.kis.yaml": true, "dir/A.KIS.YAML": true, "a.yaml": false, "kis.yaml": false, "a.kis.yml": false, "a.kis.yaml.bak": false,
	} {
		if got := kisyaml.Is(name); got != want {
			t.Errorf("Is(%q) = %v", name, got)
		}
	}
}

func TestALargeFileIsRefusedUnread(t *testing.T) {
	_, problems := kisyaml.Import("a.kis.yaml", []byte(strings.Repeat("# much\n", 40000)), symbols)
	if len(problems) != 1 || problems[0].What != "file of 280000 bytes, the most is 262144" {
		t.Error(problems)
	}
}

func TestMoreMistakesThanAReportHoldsAreNoCrash(t *testing.T) {
	file := whole("  entry:\n    conditions:\n" + strings.Repeat("      - {indicator: x, operator: gt}\n", 250) + "  indicators: [{id: sma, params: {}}, {}]\n")
	for i := range 250 {
		file = strings.Replace(file, "{indicator: x, operator: gt}", fmt.Sprintf("{indicator: x%d, operator: gtt}", i), 1)
	}
	r, problems := kisyaml.Import("a.kis.yaml", []byte(file), symbols)
	if r.Native != nil || len(problems) != 200 {
		t.Errorf("%d problems", len(problems))
	}
}

func TestALongWarmUpIsTooMuchForTheBuilder(t *testing.T) {
	for period, want := range map[int]bool{95: false, 96: true} {
		file := whole(fmt.Sprintf("  indicators: [{id: sma, alias: x, params: {period: %d}}]\n", period)) + strings.ReplaceAll(sides, "open", "x")
		r, problems := kisyaml.Import("a.kis.yaml", []byte(file), symbols)
		if got := strings.Contains(r.Report.String(), "too little data"); got != want || problems.Fatal() {
			t.Errorf("period %d: said %v, want %v %v", period, got, want, problems)
		}
	}
}

func TestTheYAMLOfAFileIsStrict(t *testing.T) {
	deep := strings.Repeat("[", 30) + strings.Repeat("]", 30)
	for _, c := range []struct{ name, file, want string }{
		{"empty", "", "1:1: the file is empty"},
		{"only a comment", "# nothing\n", "1:1: the file is empty"},
		{"a tab", "metadata:\n\tname: a\n", "2:1: a tab"},
		{"bad text", "metadata: {name: \xff}\n", "1:1: the line is not UTF-8 text"},
		{"a hidden mark", "metadata: {na\ufeffme: a}\n", "1:14: the invisible character U+FEFF"},
		{"an anchor", "metadata: &a {name: a}\n", "1:11: an anchor (&a) is not allowed"},
		{"an alias", "metadata: {name: a}\nstrategy: *a\n", "2:1: not YAML: unknown anchor 'a' referenced"},
		{"an alias of an anchor", "metadata: {name: &a x, author: *a}\n", "1:18: an anchor (&a) is not allowed"},
		{"a merge key", "metadata: {<<: {name: a}}\n", "1:12: a merge key (<<) is not allowed"},
		{"a tag", "metadata: !!str a\n", "1:11: a tag (!!str) is not allowed"},
		{"depth", "metadata: " + deep + "\n", "1:30: nested deeper than 20 levels is not allowed"},
		{"a second document", "metadata: {name: a}\n---\nx: 1\n", "2:1: a second document begins here"},
		{"a list for a key", "? [a]\n: 1\n", "1:3: a key of the file must be one word"},
		{"an empty key", "metadata:\nstrategy: {id: a}\n", "1:1: metadata is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := kisyaml.Import("a.kis.yaml", []byte(c.file), symbols)
			if !problems.Fatal() || !strings.HasPrefix(problems[0].String()+"\n", "a.kis.yaml:"+c.want+"\n") {
				t.Errorf("says %v, want %s", problems, c.want)
			}
		})
	}
}

func TestAFileFromAnotherSystemIsRead(t *testing.T) {
	file := "\ufeff" + strings.ReplaceAll(whole(sides), "\n", "\r\n")
	if _, problems := kisyaml.Import("a.kis.yaml", []byte(file), symbols); problems.Fatal() {
		t.Error(problems)
	}
}

func TestWhatSwapsAveragesIsImportedWithTheBacktesters(t *testing.T) {
	file := strings.NewReplacer("{id: ema, params: {period: 9}}", "{id: ppo, alias: gap, params: {fast: 12, slow: 26}}").Replace(
		fmt.Sprintf(frame, "indicator: gap, operator: gt, compare_to: 0"))
	r, problems := kisyaml.Import("a.kis.yaml", []byte(file), symbols)
	if problems.Fatal() {
		t.Fatal(problems)
	}
	if want := "      gap: ppo(12, 26, smoothing=exponential)\n"; !strings.Contains(string(r.Native), want) {
		t.Errorf("no %q in\n%s", want, r.Native)
	}
}

func TestTheRangeOfAParameterIsWhatASweepTries(t *testing.T) {
	for _, c := range []struct{ param, want, left string }{
		{"{default: 30, min: 1, max: 99, type: int}", "{default: 30, min: 1, max: 99, step: 1}", ""},
		{"{default: 30, min: 1, max: 99, type: float}", "{default: 30, min: 1, max: 99, step: 1}", ""},
		{"{default: 30, min: 2.50, max: 99, description: of days}", "{default: 30, min: 2.5, max: 99, step: 0.1}", "description"},
		{"{default: 30, min: 1, max: 10000}", "{default: 30, min: 1, max: 10000, step: 1}", ""},
		{"{default: 30, min: 1, max: 10001}", "30", "min and max, which are no range around the default"},
		{"{default: 30, min: 31, max: 99}", "30", "min and max, which are no range around the default"},
		{"{default: 30, min: 1}", "30", "min and max, which are no range around the default"},
		{"{default: 30, type: int}", "30", "type"},
	} {
		file := strings.Replace(fmt.Sprintf(frame, "indicator: rsi, operator: lt, compare_to: 30"), "{default: 30, min: 1, max: 99, type: int}", c.param, 1)
		r, problems := kisyaml.Import("a.kis.yaml", []byte(file), symbols)
		if problems.Fatal() {
			t.Fatalf("%s: %v", c.param, problems)
		}
		if want := "      n: " + c.want + "\n"; !strings.Contains(string(r.Native), want) {
			t.Errorf("%s: no %q in\n%s", c.param, want, r.Native)
		}
		left := ""
		if c.left != "" {
			left = "left out: parameter n: " + c.left
		}
		if got := said(r.Report, 6, kisyaml.LeftOut); got != left {
			t.Errorf("%s: %q, want %q", c.param, got, left)
		}
	}
}
