package main

import (
	"context"
	"time"

	"go.uber.org/zap"

	"maemae/market"
	"maemae/scheduler"
)

// historyTick brings what is stored up to date after each session. Its moments are the quarters of an hour from the open
// on; it works at the first one at which the day's bar has settled and orders are looked after no more, and once more a
// quarterHour later for what failed. No slot and no order waits for it, and no order depends on it: a slot reads its bars
// itself.
func (d *daemon) historyTick() scheduler.Tick {
	k := keeper{puller{d.kis, d.feed.store, d.clock.Now}, d.feed.forget, d.log}
	var day market.Date
	var left []market.Symbol
	return scheduler.Tick{Name: "history", Every: quarterHour, Linger: 2*quarterHour + time.Minute, Run: func(ctx context.Context, at time.Time) error {
		session, err := d.cal.Session(market.DateOf(at))
		if err != nil || at.Before(session.Close.Add(afterClose)) {
			return err
		}
		if day != session.Date {
			if left, err = k.stored(); err != nil {
				return err
			}
			day = session.Date
		}
		left = k.refresh(ctx, left)
		return nil
	}}
}

const quarterHour = 15 * time.Minute

// keeper fetches what came since of symbols whose bars are stored.
type keeper struct {
	puller
	forget func(market.Symbol) // tells who keeps bars in memory that the stored ones are others now
	log    *zap.Logger
}

// stored are the symbols of adjusted prices; raw ones come from files, and KIS has no more of them.
func (k keeper) stored() ([]market.Symbol, error) {
	entries, err := k.store.List()
	if len(entries) == 0 {
		return nil, err
	}
	if err != nil {
		k.log.Error("stored bars that cannot be read", zap.Error(err))
	}
	var out []market.Symbol
	for _, e := range entries {
		if !e.Raw {
			out = append(out, e.Symbol)
		}
	}
	return out, nil
}

// refresh fetches one symbol after the other, a symbol whose past was re-based from its beginning, and returns those
// that failed.
func (k keeper) refresh(ctx context.Context, symbols []market.Symbol) (failed []market.Symbol) {
	began, bars := k.now(), 0
	for _, s := range symbols {
		before, err := k.store.Load(s)
		if err == nil {
			var n int
			n, err = k.pull(ctx, s, before.Dates[0])
			bars += max(0, n-before.Len())
			k.forget(s)
		}
		if err != nil {
			failed = append(failed, s)
			k.log.Warn("stored bars are not up to date", zap.String("symbol", string(s)), zap.Error(err))
		}
	}
	if len(symbols) > 0 {
		k.log.Info("history", zap.Int("symbols", len(symbols)-len(failed)), zap.Int("bars", bars), zap.Int("failed", len(failed)), zap.Duration("took", k.now().Sub(began).Round(time.Second)))
	}
	return failed
}

// forget makes the next slot read a symbol's bars from the store again.
func (f *liveFeed) forget(s market.Symbol) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.known, s)
}
