package backtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/market"
	"maemae/strategy"
)

// swept is golden-cross with ranges, over symbols that have long bars.
const swept = `
version: 1
strategies:
  - name: cross
    symbols: ["005930", "000660"]
    when: close - 15m
    params:
      fast: {default: 5, min: 2, max: 10, step: 2}
      slow: {default: 20, min: 12, max: 40, step: 4}
      hot: 70
    buy: sma(close, $fast) crosses above sma(close, $slow) and rsi(close, 14) < $hot
    sell: sma(close, $fast) crosses below sma(close, $slow)
    size: 50% of cash
    order: market
    exits: {stop_loss: 8%}
`

func sweepOf(t testing.TB, s SweepOptions) SweepResult {
	t.Helper()
	r, err := Sweep(options(rules(t, swept), folder(t, "testdata/krx-daily")), s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestASweepTriesTheWholeGridAndRanksIt(t *testing.T) {
	all := sweepOf(t, SweepOptions{Objective: "total_return", Keep: 1000})
	if all.Grid != 40 || all.Tried != 40 || len(all.Best) != 40 || all.Impossible+all.Refused != 0 || !slices.Equal(all.Params, []string{"fast", "slow"}) {
		t.Fatalf("%+v", all)
	}
	for i, x := range all.Best[1:] {
		if x.Metrics.TotalReturn.Value.GreaterThan(all.Best[i].Metrics.TotalReturn.Value) {
			t.Errorf("trial %d is better than the one before", i+1)
		}
	}
	least := sweepOf(t, SweepOptions{Objective: "max_drawdown", Keep: 1}).Best[0].Metrics.MaxDrawdown.Value
	for _, x := range all.Best {
		if x.Metrics.MaxDrawdown.Value.LessThan(least) {
			t.Errorf("a drawdown of %s is less than the best, %s", x.Metrics.MaxDrawdown, least)
		}
	}
}

func TestLimitsRefuseSetsButRankTheRest(t *testing.T) {
	all := sweepOf(t, SweepOptions{Objective: "sharpe", Keep: 1000})
	bound := all.Best[5].Metrics.MaxDrawdown.Value
	some := sweepOf(t, SweepOptions{Objective: "sharpe", Keep: 1000, Limits: []SweepLimit{{Metric: "max_drawdown", Bound: bound}, {Metric: "trades", AtLeast: true, Bound: decimal.New(10, 0)}}})
	var want []Trial
	for _, x := range all.Best {
		if x.Metrics.MaxDrawdown.Value.LessThanOrEqual(bound) && x.Metrics.Trades >= 10 {
			want = append(want, x)
		}
	}
	if text(t, want) != text(t, some.Best) || some.Refused != len(all.Best)-len(want) || some.Refused == 0 {
		t.Errorf("%d refused, the best %s, want %s", some.Refused, text(t, some.Best), text(t, want))
	}
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTheNumberOfWorkersDoesNotChangeASweep(t *testing.T) {
	for _, random := range []int{0, 33} {
		one := text(t, sweepOf(t, SweepOptions{Workers: 1, Random: random, Seed: 7}))
		for _, n := range []int{2, 5} {
			if many := text(t, sweepOf(t, SweepOptions{Workers: n, Random: random, Seed: 7})); many != one {
				t.Errorf("%d workers give\n%s\none gives\n%s", n, many, one)
			}
		}
	}
}

func TestADrawIsOfDifferentSetsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.Int64Range(1, 1<<40).Draw(t, "all")
		n := int(min(all, rapid.Int64Range(1, 300).Draw(t, "n")))
		seed := rapid.Uint64().Draw(t, "seed")
		list := draw(all, n, seed)
		if len(list) != n || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != n || list[0] < 0 || list[n-1] >= all {
			t.Fatalf("%v", list)
		}
		if !slices.Equal(list, draw(all, n, seed)) {
			t.Fatal("the same seed draws another sample")
		}
	})
	if a, b := draw(1000, 10, 1), draw(1000, 10, 2); slices.Equal(a, b) {
		t.Error("two seeds draw the same sample")
	}
}

// Every set of a sweep has the fills and the curve of a backtest of the rule with its values, to the last digit.
func TestASweepPlaysWhatABacktestPlays(t *testing.T) {
	fills := 0
	rapid.Check(t, func(t *rapid.T) {
		o := drawRun(t, true)
		symbols := o.Rules[0].Symbols
		o.Rules = drawSwept(t, fmt.Sprintf("[%s]", quoted(symbols)))
		s, err := openSweep(&o, SweepOptions{
			Random: rapid.IntRange(0, 5).Draw(t, "random"), Workers: 2, Objective: rapid.SampledFrom([]string{"sharpe", "total_return", "max_drawdown", "trades"}).Draw(t, "objective"),
		})
		if err != nil {
			t.Skip(err)
		}
		if err := s.align(); err != nil {
			t.Skip(err)
		}
		k := s.worker()
		for i := range s.scores {
			if !k.take(i) {
				continue
			}
			b, plain, err := k.play()
			if err != nil {
				t.Fatal(err)
			}
			var got outcome
			if plain != nil {
				got = *plain
			} else {
				got = b.outcome()
				if measured, quick := s.scoreOf(k.own.run(got).Metrics), s.scoreQuick(b); !measured.near(quick) || measured.unsharp != quick.unsharp || measured.state != quick.state {
					t.Fatalf("measured %+v, quick %+v", measured, quick)
				}
			}
			rule, problems := o.Rules[0].With(s.params(k.values))
			if problems.Fatal() {
				t.Fatal(problems)
			}
			alone := o
			alone.From = s.days.dates[s.begin]
			a, err := alone.open([]*strategy.Strategy{rule})
			if err != nil {
				t.Fatal(err)
			}
			want, err := a.play()
			if err != nil {
				t.Fatal(err)
			}
			fills += len(want.trades)
			if diff := sameOutcome(want, got); diff != "" {
				t.Fatalf("%s: alone (-) and in the sweep (+) differ: %s\n%s", k.spell(), diff, rule.Words("en"))
			}
		}
	})
	if fills == 0 {
		t.Error("no set had a fill")
	}
}

// drawSwept is a rule with two or three parameters.
func drawSwept(t *rapid.T, symbols string) []*strategy.Strategy {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	text := fmt.Sprintf(`
version: 1
strategies:
  - name: swept
    symbols: %s
    when: close - 15m
    bars: %s
    params: {a: {default: 2, min: 1, max: 4, step: 1}, b: {default: 5, min: 3, max: 6, step: 1.5}, cut: {default: 3%%, min: 1%%, max: 5%%, step: 2%%}}
    let: {quick: "sma(close, $a)"}
    buy: %s
    sell: %s
    size: %s
    order: %s
    exits: {%s}
`, symbols, pick("bars", "forming", "completed"),
		pick("buy", "quick crosses above ema(close, 5)", "close > quick * (1 + $cut)", "rsi($a) < 60 and close > 0 * $b", "high[1] > close - $b"),
		pick("sell", "quick crosses below ema(close, 5)", "position.return > $cut", "close < quick - $b", "position.sessions >= $a"),
		pick("size", "10% of equity", "100% of cash", "7 shares", "1,000,000 KRW"),
		pick("order", "market", "protected", "limit"),
		pick("exits", "stop_loss: 5%", "take_profit: 4%, trailing_stop: 2%", "max_holding: 3 sessions"))
	f, problems := strategy.Load("rules.yaml", []byte(text), strategy.Options{})
	if problems.Fatal() {
		t.Fatalf("%s\n%s", problems, text)
	}
	return f.Strategies
}

func TestASweepSaysWhatItCannotDo(t *testing.T) {
	f := folder(t, "testdata/krx-daily")
	for _, c := range []struct {
		rule string
		with SweepOptions
		want string
	}{
		{strings.ReplaceAll(swept, "max: 40", "max: 4900"), SweepOptions{}, "no session counts"},
		{swept, SweepOptions{Objective: "luck"}, `no metric "luck"; there are annual_return average_holding`},
		{swept, SweepOptions{Limits: []SweepLimit{{Metric: "luck"}}}, `no metric "luck"`},
		{swept, SweepOptions{Random: -1}, "-1 sets at random"},
		{swept, SweepOptions{Keep: 1001}, "the best 1001"},
		{swept, SweepOptions{Workers: -1}, "-1 workers"},
		{strings.NewReplacer("max: 10, step: 2", "max: 10, step: 0.001", "max: 40, step: 4", "max: 40, step: 0.1").Replace(swept), SweepOptions{}, "take larger steps, or draw some at random"},
	} {
		_, err := Sweep(options(rules(t, c.rule), f), c.with)
		if err == nil || !strings.HasPrefix(err.Error(), "sweep: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q, want %q", err, c.want)
		}
	}
	if _, err := Sweep(options(shipped(t)[1:2], f), SweepOptions{}); err == nil || !strings.Contains(err.Error(), "no parameter with a range") {
		t.Error(err)
	}
	if _, err := Sweep(options(shipped(t), f), SweepOptions{}); err == nil || !strings.Contains(err.Error(), "rules, one is swept") {
		t.Error(err)
	}
}

func TestSetsARuleRefusesAreCounted(t *testing.T) {
	r, err := Sweep(options(rules(t, strings.ReplaceAll(swept, "min: 2, max: 10", "min: 0, max: 10")), folder(t, "testdata/krx-daily")), SweepOptions{Objective: "max_drawdown"})
	if err != nil || r.Tried != 48 || r.Impossible != 8 {
		t.Errorf("%d impossible of %d: %v", r.Impossible, r.Tried, err)
	}
	var out strings.Builder
	if err := r.WriteSets(&out); err != nil {
		t.Fatal(err)
	}
	best := r.Best[0]
	for _, want := range []string{"fast,slow,max_drawdown,sharpe,state\n", "\n0,12,,,impossible\n", fmt.Sprintf("\n%s,%s,%s,%s,ranked\n", best.Params["fast"], best.Params["slow"], best.Metrics.MaxDrawdown, best.Metrics.Sharpe)} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 49 {
		t.Errorf("%d lines", n)
	}
}

func quoted(symbols []market.Symbol) string {
	var list []string
	for _, s := range symbols {
		list = append(list, fmt.Sprintf("%q", s))
	}
	return strings.Join(list, ", ")
}
