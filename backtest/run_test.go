package backtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/history"
	"maemae/market"
	"maemae/strategy"
)

// rules compiles a strategy file.
func rules(t testing.TB, text string) []*strategy.Strategy {
	t.Helper()
	f, problems := strategy.Load("rules.yaml", []byte(text), strategy.Options{})
	if problems.Fatal() {
		t.Fatal(problems)
	}
	return f.Strategies
}

// shipped are the rules the program comes with.
func shipped(t testing.TB) []*strategy.Strategy {
	t.Helper()
	text, err := os.ReadFile("../strategies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return rules(t, string(text))
}

func folder(t testing.TB, dir string) *history.Folder {
	t.Helper()
	f, err := history.ReadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// options are those of the command without flags.
func options(r []*strategy.Strategy, f *history.Folder) Options {
	return Options{
		Rules: r, Load: f.Load, Instrument: f.Instrument, Calendar: market.KRX(),
		Cash: decimal.NewFromInt(10_000_000), Costs: market.DefaultCosts(), Slippage: 1, VolumeCap: 10,
	}
}

// The results of the shipped rules over all of krx-daily and krx-long, as they were when their trades had been read
// through. A change here is a change of what a backtest means, or of the rules: say which in the commit.
var pinned = map[string]string{
	"krx-daily golden-cross": "597 fills, 7568132 won, e5b347e4bc6b",
	"krx-daily breakout":     "424 fills, 9961123 won, eb3693e27452",
	"krx-daily dip":          "54 fills, 9928259 won, 2614ecb6cb53",
	"krx-long golden-cross":  "1088 fills, 9867805 won, aecec0d05618",
	"krx-long breakout":      "602 fills, 10361189 won, 8e06b943c022",
	"krx-long dip":           "270 fills, 9793410 won, ee4487bde986",
}

func TestTheShippedRulesGiveWhatTheyGave(t *testing.T) {
	for _, name := range []string{"krx-daily", "krx-long"} {
		f := folder(t, "testdata/"+name)
		for _, r := range shipped(t) {
			r.Symbols = f.Symbols()
			result, err := Run(options([]*strategy.Strategy{r}, f))
			if err != nil {
				t.Fatal(err)
			}
			run := result.Runs[0]
			key := name + " " + r.Name
			if got := fmt.Sprintf("%d fills, %s won, %s", len(run.Trades), run.FinalEquity, hash(t, run)); got != pinned[key] {
				t.Errorf("%q: %q,", key, got)
			}
		}
	}
}

func TestTheFastEngineTakesTheShippedRules(t *testing.T) {
	f := folder(t, "testdata/krx-daily")
	for _, r := range shipped(t) {
		r.Symbols = f.Symbols()
		o := options([]*strategy.Strategy{r}, f)
		a, err := o.open(o.Rules)
		if err != nil {
			t.Fatal(err)
		}
		known := map[*strategy.Strategy]traits{r: traitsOf(a.legs[0])}
		if !known[r].columnar {
			t.Fatalf("%s is not for columns", r.Name)
		}
		b, err := a.fast(known)
		if err != nil {
			t.Fatal(err)
		}
		want, err := a.plain()
		if err != nil {
			t.Fatal(err)
		}
		if diff := sameOutcome(want, b.outcome()); diff != "" {
			t.Errorf("%s: plain (-) and fast (+) differ: %s", r.Name, diff)
		}
	}
}

// hash is a fingerprint of a result as it is written.
func hash(t testing.TB, r any) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// A name stands for what it is given: a rule that says by a name what it asks of the position or of the price is the rule
// that writes it out.
func TestANameInARuleChangesNothing(t *testing.T) {
	f := folder(t, "testdata/krx-daily")
	for _, x := range []struct{ let, buy, sell, more string }{
		{"gain: \"position.return > 3%\"", "close crosses above sma(close, 20)", "position.return > 3%", ""},
		{"now: price", "price > highest(high, 20)", "price < sma(close, 10)", "    bars: completed\n"},
	} {
		name, meaning, _ := strings.Cut(x.let, ": ")
		write := func(buy, sell, lets string) string {
			return fmt.Sprintf("version: 1\nstrategies:\n  - name: x\n    symbols: [\"005930\", \"000270\"]\n    when: close - 15m\n%s%s    buy: %q\n    sell: %q\n    size: 10 shares\n    order: market\n", lets, x.more, buy, sell)
		}
		meaning = strings.Trim(meaning, "\"")
		named := write(strings.ReplaceAll(x.buy, meaning, name), strings.ReplaceAll(x.sell, meaning, name), "    let: {"+x.let+"}\n")
		var got [2]string
		for i, text := range []string{named, write(x.buy, x.sell, "")} {
			result, err := Run(options(rules(t, text), f))
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Runs[0].Trades) < 10 {
				t.Errorf("%d fills\n%s", len(result.Runs[0].Trades), text)
			}
			got[i] = hash(t, result.Runs[0])
		}
		if got[0] != got[1] {
			t.Errorf("another result by name\n%s", named)
		}
	}
}
