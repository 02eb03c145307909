package backtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
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

func TestTheShippedRulesRun(t *testing.T) {
	result, err := Run(options(shipped(t), folder(t, "testdata/krx-daily")))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range result.Runs {
		t.Logf("%s %s %s..%s %s %+v", r.Strategy, r.Symbols, r.From, r.To, r.FinalEquity, r.Metrics)
		for _, x := range r.Trades {
			t.Logf("%+v", x)
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
