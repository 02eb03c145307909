package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"maemae/engine"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

// A rule that compares with the market is shown the index of the same slot; where that cannot be read, it waits.
func TestARuleSeesTheIndexItNames(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", "beta(5) > -1000", never, "bars: completed", `index: "000660"`))
	r.slot(r.to(monday, 10, 0), rules)
	d := entries[journal.Decision](r)
	if len(d) != 1 || d[0].Answer != strategy.Buy || d[0].Buy.Children[0].Value == "" {
		t.Errorf("decisions: %+v", d)
	}

	r.config.Feed = indexless{r.config.Feed}
	r.crash()
	r.start()
	rules = r.rules(rule("a", "beta(5) > -1000", never, "bars: completed", `index: "000660"`))
	r.slot(r.to(monday, 10, 5), rules)
	d = entries[journal.Decision](r)
	if last := d[len(d)-1]; len(d) != 2 || last.Reason != strategy.DataMissing || !strings.Contains(last.Detail, "index 000660: no index today") {
		t.Errorf("decisions: %+v", d)
	}
}

// indexless is a feed without 000660.
type indexless struct{ engine.Feed }

func (f indexless) Bars(ctx context.Context, s market.Symbol, n int, due time.Time) (strategy.Bars, bool, market.Quote, error) {
	if s == "000660" {
		return strategy.Bars{}, false, market.Quote{}, errors.New("no index today")
	}
	return f.Feed.Bars(ctx, s, n, due)
}
