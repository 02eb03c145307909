package journal

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"maemae/market"
	"maemae/strategy"
)

// decided is one session's decisions as rules write them.
func decided(d market.Date, n int) []Body {
	all := make([]Body, n)
	for i := range all {
		truth := i%7 == 0
		all[i] = Decision{ID: fmt.Sprintf("%s-%04d", d.Compact(), i), Decision: strategy.Decision{
			Strategy: fmt.Sprintf("rule-%d", i%10), Revision: "0f1e2d3c", Symbol: market.Symbol(fmt.Sprintf("%06d", i%100)), Due: d.At(15, 15),
			Answer: strategy.Hold, Reason: strategy.NoSignal, Price: won("71200"), Bars: 250, Forming: true,
			Last: market.Bar{Date: d, Open: won("70000"), High: won("71500"), Low: won("69900"), Close: won("71200"), Volume: 12_345_678},
			Buy: &strategy.Evidence{Text: "sma(close, 5) crosses above sma(close, 20) and rsi(close, 14) < 70", Truth: &truth, Children: []*strategy.Evidence{
				{Text: "sma(close, 5)", Value: "70812.4"}, {Text: "sma(close, 20)", Value: "70911.25"}, {Text: "rsi(close, 14)", Value: "61.25431877"},
			}},
		}}
	}
	return all
}

// years writes sessions of a thousand decisions, each begun with a checkpoint.
func years(b testing.TB, path string, sessions int) {
	now := due(9, 0)
	j, err := Open(path, Options{Now: func() time.Time { return now }})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	for i := range sessions {
		now = now.Add(24 * time.Hour)
		write(b, j, Start{Date: market.DateOf(now)})
		if err := j.Checkpoint(); err != nil {
			b.Fatal(err)
		}
		write(b, j, decided(market.DateOf(now), 1000)...)
		if i%250 == 249 {
			b.Logf("session %d of %d", i+1, sessions)
		}
	}
}

// sessions is how long the benchmarks' journal is: 20, or MAEMAE_BENCH_SESSIONS (five years are 1250).
func sessions() int {
	if n, err := strconv.Atoi(os.Getenv("MAEMAE_BENCH_SESSIONS")); err == nil {
		return n
	}
	return 20
}

func TestTwentyThousandDecisionsOpenReadAndVerify(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 20,000 entries")
	}
	path := newPath(t)
	years(t, path, 20)
	j := open(t, path)
	if r, err := j.Verify(context.Background(), ""); err != nil || r.Entries != 20*1002 || r.Checkpoints != 20 {
		t.Errorf("verify: %+v, %v", r, err)
	}
	if got := len(collect(t, j, Query{Kinds: []string{"decision"}, Strategy: "rule-3", Symbol: "000013"})); got != 200 {
		t.Errorf("%d decisions of one rule and symbol, want 200", got)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			j := open(b, newPath(b))
			bodies := decided(day, n)
			for b.Loop() {
				write(b, j, bodies...)
			}
		})
	}
}

func BenchmarkYears(b *testing.B) {
	path := newPath(b)
	years(b, path, sessions())
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			j, err := Open(path, Options{Now: clock()})
			if err != nil {
				b.Fatal(err)
			}
			shut(b, j)
		}
	})
	j, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	for name, q := range map[string]Query{
		"newest 50":           {Newest: true, Limit: 50},
		"newest 50 decisions": {Kinds: []string{"decision"}, Newest: true, Limit: 50},
		"one rule and symbol": {Strategy: "rule-3", Symbol: "000013", Newest: true, Limit: 50},
		"no such rule":        {Strategy: "rule-99", Newest: true, Limit: 50},
		"a day long ago":      {Since: due(9, 0).AddDate(0, 0, 5), Until: due(9, 0).AddDate(0, 0, 6), Limit: 50},
		"one decision":        {Ref: market.DateOf(due(9, 0).AddDate(0, 0, 5)).Compact() + "-0500"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				collect(b, j, q)
			}
		})
	}
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if _, err := j.Verify(context.Background(), ""); err != nil {
				b.Fatal(err)
			}
		}
	})
}
