package strategy_test

import (
	"slices"
	"strings"
	"testing"

	"maemae/indicator"
	"maemae/series"
	"maemae/strategy"
)

// candles are the columns patterns read.
func candles(b strategy.Bars) indicator.Input {
	return indicator.Input{Open: series.Of(b.Scale, b.Open), High: series.Of(b.Scale, b.High), Low: series.Of(b.Scale, b.Low), Close: series.Of(b.Scale, b.Close)}
}

// Every pattern is there where its value is not 0, bullish above 0, bearish below; and warns exactly where a sign is
// never seen or no direction.
func TestAPatternIsTheSignOfItsValue(t *testing.T) {
	b := shadowed(4000)
	for _, p := range indicator.Patterns() {
		args, err := p.Bind(nil)
		if err != nil {
			t.Fatal(err)
		}
		call := "pattern(" + p.ID + ")"
		value, up, down := p.Compute(candles(b), args), 0, 0
		there, bull, bear := eval(t, call, b), eval(t, call+".bullish", b), eval(t, call+".bearish", b)
		for i := range b.Len() {
			v, ready := value.At(i)
			for name, one := range map[string]struct {
				column strategy.Column
				want   bool
			}{"detected": {there, !v.IsZero()}, "bullish": {bull, v.Sign() > 0}, "bearish": {bear, v.Sign() < 0}} {
				if truth, is := one.column.Truths.At(i); is != ready || truth != (ready && one.want) {
					t.Fatalf("%s.%s on bar %d: %v %v, the value is %s %v", call, name, i, truth, is, v, ready)
				}
			}
			if ready && v.Sign() > 0 {
				up++
			} else if ready && v.Sign() < 0 {
				down++
			}
		}
		if warm := compileExpr(t, call).WarmUp(); warm != p.WarmUp(args) || there.Text(warm-2) != "" || there.Text(warm-1) == "" {
			t.Errorf("%s: warm-up %d", call, warm)
		}
		for sign, seen := range map[string]int{".bullish": up, ".bearish": down} {
			warned := warning(t, call+sign)
			if strings.Contains(warned, "never true") && seen > 0 {
				t.Errorf("%s%s is true on %d bars: %s", call, sign, seen, warned)
			}
		}
		if warned := warning(t, call); warned != "" {
			t.Errorf("%s: %s", call, warned)
		}
	}
}

// warning is what loading a rule with that condition warns of.
func warning(t *testing.T, buy string) string {
	t.Helper()
	_, problems := strategy.Load("rules.yaml", []byte(strings.Replace(rules, "close > open", buy, 1)), strategy.Options{})
	if problems.Fatal() {
		t.Fatal(problems)
	}
	return problems.Error()
}

func TestASignThatIsNoDirectionIsNoticed(t *testing.T) {
	for buy, want := range map[string]string{
		"pattern(doji).bullish":                       "rules.yaml:6:10: warning: the sign of doji is not a direction\n  hint: write pattern(doji)",
		"close > 1 or pattern(high_wave).bearish":     "rules.yaml:6:23: warning: the sign of high_wave is not a direction\n  hint: write pattern(high_wave)",
		"pattern(hammer).bearish":                     "rules.yaml:6:10: warning: pattern(hammer).bearish is never true\n  hint: write pattern(hammer)",
		"pattern(evening_star, 0.5).bullish[1]":       "rules.yaml:6:10: warning: pattern(evening_star, 0.5).bullish is never true\n  hint: write pattern(evening_star, 0.5)",
		"pattern(engulfing).bearish":                  "",
		"pattern(dojistar).bullish":                   "",
		"pattern(morning_star).bullish and close > 1": "",
	} {
		if got := warning(t, buy); got != want {
			t.Errorf("%s: %q", buy, got)
		}
	}
	for _, id := range []string{"doji", "dragonfly_doji", "gravestone_doji", "long_legged_doji", "rickshaw_man", "spinning_top", "high_wave"} {
		if !strings.Contains(warning(t, "pattern("+id+").bullish"), "not a direction") {
			t.Errorf("%s has a direction", id)
		}
	}
}

func TestPatternsAreWrittenOneWay(t *testing.T) {
	for text, want := range map[string]string{
		"pattern(doji)":                                    "pattern(doji)",
		"pattern(doji).detected":                           "pattern(doji)",
		"pattern(engulfing).bullish":                       "pattern(engulfing).bullish",
		"pattern(morning_star)":                            "pattern(morning_star, 0.3)",
		"pattern(morning_star, penetration=0.30).detected": "pattern(morning_star, 0.3)",
		"pattern(morning_star, 0.5)[2]":                    "pattern(morning_star, 0.5)[2]",
		"not pattern(harami).bearish[1]":                   "not pattern(harami).bearish[1]",
		"streak(pattern(doji))>1":                          "streak(pattern(doji)) > 1",
		"(pattern(doji))[1] or pattern(hammer)":            "pattern(doji)[1] or pattern(hammer)",
	} {
		if got := compileExpr(t, text).String(); got != want {
			t.Errorf("%s is written %s, want %s", text, got, want)
		}
	}
	ranged := strings.TrimSpace(strings.Repeat("pattern(doji) and ", 3) + "pattern(doji)")
	if got := compileExpr(t, ranged).WarmUp(); got != 11 {
		t.Errorf("%s needs %d bars", ranged, got)
	}
}

func TestMistakesInPatternsAreNamedAtTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"pattern()":                                 "1:1: pattern takes the name of a candlestick pattern first\n  hint: write pattern(engulfing), pattern(engulfing).bullish or pattern(engulfing).bearish",
		"pattern(3)":                                "1:1: pattern takes the name of a candlestick pattern first\n  hint: write pattern(engulfing), pattern(engulfing).bullish or pattern(engulfing).bearish",
		"pattern(id=doji)":                          "1:1: pattern takes the name of a candlestick pattern first\n  hint: write pattern(engulfing), pattern(engulfing).bullish or pattern(engulfing).bearish",
		"pattern(engulfin)":                         "1:9: no candlestick pattern \"engulfin\"\n  hint: did you mean engulfing?",
		"close > 1 or pattern(tweezer_top)":         "1:22: no candlestick pattern \"tweezer_top\"\n  hint: maemae indicators lists them",
		"pattern(rsi)":                              "1:9: no candlestick pattern \"rsi\"\n  hint: it is an indicator: write rsi(...)",
		"pattern(doji, 3)":                          "1:15: doji takes 0 parameters",
		"pattern(morning_star, 0.3, 4)":             "1:28: morning_star takes 1 parameter",
		"pattern(morning_star, 0.3, penetration=1)": "1:40: morning_star: penetration is given twice",
		"pattern(morning_star, close)":              "1:23: morning_star: penetration must be known beforehand, this is close\n  hint: write a number or a $parameter",
		"pattern(doji).bulish":                      "1:15: pattern(doji) has no output .bulish\n  hint: did you mean bullish?",
		"pattern(doji).bullish.detected":            "1:23: pattern(doji).bullish has no output .detected\n  hint: only an indicator has outputs, as in macd(12, 26, 9).signal",
		"pattern(doji) > 0":                         "1:1: pattern(doji) is a condition, not a number\n  hint: it stands alone: pattern(doji)",
		"sma(pattern(doji), 3) > 0":                 "1:5: pattern(doji) is a condition, not a number\n  hint: it stands alone: pattern(doji)",
		"doji":                                      "1:1: no name \"doji\"\n  hint: a candlestick pattern is written pattern(doji)",
		"engulfing(3)":                              "1:1: no indicator \"engulfing\"\n  hint: a candlestick pattern is written pattern(engulfing)",
		"patern(doji)":                              "1:1: no indicator \"patern\"\n  hint: did you mean pattern?",
	} {
		if _, problems := strategy.ParseExpr(text); len(problems) != 1 || problems[0].String() != "expression:"+want {
			t.Errorf("%q: %v", text, problems)
		}
	}
	_, problems := strategy.ParseExpr("pattern(morning_star, penetraton=0.3)")
	if len(problems) != 1 || !strings.Contains(problems.Error(), "1:34: ") || !strings.Contains(problems.Error(), "penetraton") {
		t.Error(problems)
	}
}

// A decision shows the value of a pattern, and the words say it.
func TestADecisionShowsAPattern(t *testing.T) {
	rule := load(t, "let: {turn: pattern(engulfing)}", "buy: turn.bullish or pattern(morning_star)[1]", "sell: turn.bearish", simple)
	b := shadowed(400)
	c, err := rule.Columns("005930", b)
	if err != nil {
		t.Fatal(err)
	}
	i := c.Buy.Next(20)
	for ; i < b.Len() && !bullishEngulfing(t, b, i); i = c.Buy.Next(i + 1) {
	}
	last := strategy.Bars{Dates: b.Dates[:i+1], Scale: b.Scale, Open: b.Open[:i+1], High: b.High[:i+1], Low: b.Low[:i+1], Close: b.Close[:i+1], Volume: b.Volume[:i+1]}
	d := rule.Decide(view(last))
	first := d.Buy.Children[0]
	if d.Answer != strategy.Buy || first.Text != "pattern(engulfing).bullish" || !*first.Truth || len(first.Children) != 1 ||
		first.Children[0].Text != "pattern(engulfing)" || first.Children[0].Value != "100" {
		t.Errorf("%+v", d)
	}
	if d.Sell.Text != "pattern(engulfing).bearish" || d.Sell.Children[0].Value != "100" || *d.Sell.Truth {
		t.Errorf("%+v", d.Sell)
	}
	for _, want := range []string{"- there is a bullish engulfing\n", "- 1 bar ago: there is a morning star\n", "there is a bearish engulfing\n", "pattern(morning_star, 0.3): Morning star, penetration 0.3\n"} {
		if !strings.Contains(rule.Words("en"), want) {
			t.Errorf("%q is not in\n%s", want, rule.Words("en"))
		}
	}
	same := load(t, "buy: pattern(engulfing).bullish or pattern(morning_star, penetration=0.3).detected[1]", "sell: pattern(engulfing).bearish", simple)
	other := load(t, "buy: pattern(engulfing) or pattern(morning_star)[1]", "sell: pattern(engulfing).bearish", simple)
	if same.Revision != rule.Revision || other.Revision == rule.Revision {
		t.Error("the revision is not that of the meaning")
	}
}

func bullishEngulfing(t *testing.T, b strategy.Bars, i int) bool {
	truth, _ := eval(t, "pattern(engulfing).bullish", b).Truths.At(i)
	return truth
}

// shadowed are bars with bodies and shadows of all kinds.
func shadowed(n int) strategy.Bars {
	b, state := walk(n), uint64(7)
	draw := func(limit int64) int64 {
		state = state*6364136223846793005 + 1442695040888963407
		return int64(state>>33) % limit
	}
	for i := range n {
		sizes := []int64{1, 20, 200, 2000}
		b.Open[i] = 70000 + draw(sizes[draw(4)])
		if i > 0 {
			b.Open[i] = b.Close[i-1] + draw(401) - 200
		}
		b.Close[i] = b.Open[i] + draw(2*sizes[draw(4)]) - sizes[draw(4)]/2
		b.High[i] = max(b.Open[i], b.Close[i]) + draw(sizes[draw(4)])
		b.Low[i] = min(b.Open[i], b.Close[i]) - draw(sizes[draw(4)])
	}
	return b
}

func TestTheArticleOfAPattern(t *testing.T) {
	words := load(t, "buy: pattern(engulfing) or pattern(inverted_hammer) or pattern(up_down_gap_three_methods)", "sell: close < 1", simple).Words("en")
	lines := strings.Split(words, "\n")
	for _, want := range []string{"an engulfing", "an inverted hammer", "an up/down gap three methods"} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasSuffix(line, "- there is "+want) }) {
			t.Errorf("no %q in\n%s", want, words)
		}
	}
}
