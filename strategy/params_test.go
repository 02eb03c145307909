package strategy_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/strategy"
)

func TestParametersSayWhatASweepTries(t *testing.T) {
	rule := load(t,
		"params: {slow: 20, fast: {default: 5, min: 2, max: 50, step: 1}, stop: {default: 5%, min: 1.5%, max: 10%, step: 0.5%}}",
		"buy: sma($fast) crosses above sma($slow)", "sell: position.return < -$stop", simple)
	var text []string
	for _, p := range rule.Params() {
		text = append(text, strings.Join([]string{p.Name, p.Default.String(), p.Min.String(), p.Max.String(), p.Step.String()}, " "))
	}
	if got, want := strings.Join(text, "; "), "fast 5 2 50 1; slow 20 20 20 0; stop 0.05 0.015 0.1 0.005"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, want := range []string{"\n  $fast is 5; a sweep tries 2 to 50 in steps of 1\n", "\n  $stop is 5%; a sweep tries 1.5% to 10% in steps of 0.5%\n"} {
		if !strings.Contains(rule.Words("en"), want) || strings.Contains(rule.Words("en"), "$slow is") {
			t.Errorf("%q is not in\n%s", want, rule.Words("en"))
		}
	}
	plain := load(t, "buy: sma(5) crosses above sma(20)", "sell: position.return < -5%", simple)
	if plain.Revision != rule.Revision {
		t.Error("the range changes the revision")
	}
	other, problems := rule.With(map[string]decimal.Decimal{"fast": won("7")})
	if problems.Fatal() || !other.Params()[0].Default.Equal(won("7")) || !other.Params()[0].Max.Equal(won("50")) || !rule.Params()[0].Default.Equal(won("5")) {
		t.Errorf("%+v %v", other.Params(), problems)
	}
	if n := len(load(t, "buy: close > 1", simple, "sell: close < 1").Params()); n != 0 {
		t.Errorf("%d parameters", n)
	}
}

func TestTheValuesOfASweepLieInTheRange(t *testing.T) {
	for _, c := range []struct{ min, max, step, want string }{
		{"2", "5", "1", "2 3 4 5"}, {"2", "5.9", "2", "2 4"}, {"-1", "1", "0.5", "-1 -0.5 0 0.5 1"}, {"3", "3", "1", "3"}, {"0.1", "0.3", "0.1", "0.1 0.2 0.3"},
	} {
		p := strategy.Param{Default: won(c.min), Min: won(c.min), Max: won(c.max), Step: won(c.step)}
		var got []string
		for _, v := range p.Values() {
			got = append(got, v.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if v := (strategy.Param{Default: won("7")}).Values(); len(v) != 1 || !v[0].Equal(won("7")) {
		t.Error(v)
	}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) decimal.Decimal {
			return decimal.New(rapid.Int64Range(-500, 500).Draw(t, label), -rapid.Int32Range(0, 2).Draw(t, "digits"))
		}
		p := strategy.Param{Min: draw("min"), Max: draw("max"), Step: draw("step")}
		text := "params: {a: {default: " + p.Min.String() + ", min: " + p.Min.String() + ", max: " + p.Max.String() + ", step: " + p.Step.String() + "}}"
		f, problems := strategy.Load("rules.yaml", []byte(rules+"    "+text+"\n"), strategy.Options{})
		count := int64(0)
		if p.Step.IsPositive() && p.Min.LessThanOrEqual(p.Max) {
			count = p.Max.Sub(p.Min).DivRound(p.Step, 20).IntPart() + 1
		}
		if (f != nil) != (count > 0 && count <= 10000) {
			t.Fatalf("%s is %d values: %v", text, count, problems)
		}
		if f == nil {
			return
		}
		values := f.Strategies[0].Params()[0].Values()
		if int64(len(values)) != count || !values[0].Equal(p.Min) || values[count-1].GreaterThan(p.Max) || values[count-1].Add(p.Step).LessThanOrEqual(p.Max) {
			t.Fatalf("%s: %d values to %s", text, len(values), values[len(values)-1])
		}
	})
}

func TestRangesAreReadStrictly(t *testing.T) {
	for text, want := range map[string]string{
		"{default: 5, min: 2, max: 50}":                  "9:17: parameter a has no step",
		"{default: 5, min: 2, max: 50, step: 0}":         "9:53: parameter a: the step must be above zero\n  hint: as in {default: 20, min: 5, max: 60, step: 5}",
		"{default: 5, min: 2, max: 50, step: -1}":        "9:53: parameter a: the step must be above zero",
		"{default: 5, min: 9, max: 2, step: 1}":          "9:43: parameter a: the max is below the min",
		"{default: 1, min: 2, max: 50, step: 1}":         "9:27: parameter a: the default is not between min and max",
		"{default: 51, min: 2, max: 50, step: 1}":        "9:27: parameter a: the default is not between min and max",
		"{default: 0, min: 0, max: 1, step: 0.0001}":     "9:52: parameter a: more than 10,000 values from min to max",
		"{default: 5%, min: 2%, max: 50, step: 1%}":      "9:45: max of parameter a is 50, but the default is 5%\n  hint: write all four with % or none",
		"{default: 5, min: 2, max: 50, stp: 1}":          "9:47: no key \"stp\" in parameter a\n  hint: did you mean step?",
		"{default: five, min: 2, max: 50, step: 1}":      "9:27: default of parameter a is \"five\": not a number",
		"{default: 5, min: 2, max: 50, step: [1]}":       "9:53: step of parameter a must be one value, it is a list",
		"{default: 5, min: , max: 50, step: 1}":          "9:30: min is empty",
		"{default: 5, min: 2, min: 3, max: 50, step: 1}": "9:38: key min stands twice in parameter a",
	} {
		file := strings.Replace(rules, "close > open", "close > $a", 1) + "    params: {a: " + text + "}\n"
		_, problems := strategy.Load("rules.yaml", []byte(file), strategy.Options{})
		if len(problems) != 1 || !strings.HasPrefix(problems[0].String(), "rules.yaml:"+want) {
			t.Errorf("%s: %v", text, problems)
		}
	}
	_, problems := strategy.Load("rules.yaml", []byte(rules+"    params: {a: 1}\n    per_symbol: {\"005930\": {a: {default: 5, min: 2, max: 50, step: 1}}}\n"), strategy.Options{})
	if !strings.Contains(problems.Error(), "10:32: parameter a must be one value, it is a mapping") {
		t.Error(problems)
	}
}
