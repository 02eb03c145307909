package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"maemae/broker/kis"
	"maemae/history"
	"maemae/market"
	"maemae/strategy"
)

// liveFeed shows the market through KIS: completed bars from the store, and one call a symbol for what came since,
// today's forming bar and the quote.
type liveFeed struct {
	kis   *kis.Client
	store *history.Store
	cal   *market.Calendar
	now   func() time.Time

	mu    sync.Mutex
	known map[market.Symbol]history.Bars
	whole map[market.Symbol]bool // the symbol has no earlier bars
	names map[market.Symbol]string
}

func newLiveFeed(client *kis.Client, store *history.Store, cal *market.Calendar, now func() time.Time) *liveFeed {
	return &liveFeed{kis: client, store: store, cal: cal, now: now, known: map[market.Symbol]history.Bars{}, whole: map[market.Symbol]bool{}, names: map[market.Symbol]string{}}
}

// Quote implements engine.Feed with two calls: inquire-price knows whether the symbol trades, the daily chart knows best
// offer and bid. The quote is as old as the older of the two.
func (f *liveFeed) Quote(ctx context.Context, s market.Symbol) (market.Quote, error) {
	q, err := f.kis.Quote(ctx, s)
	if err != nil {
		return q, err
	}
	sides, err := f.Price(ctx, s)
	if err != nil {
		return q, err
	}
	q.Name, q.Ask, q.Bid, q.Price, q.Volume = sides.Name, sides.Ask, sides.Bid, sides.Price, sides.Volume
	return q, nil
}

// Price reads price, best offer and bid with one call; it does not know whether the symbol is halted.
func (f *liveFeed) Price(ctx context.Context, s market.Symbol) (market.Quote, error) {
	today := market.DateOf(f.now())
	_, q, err := f.kis.Daily(ctx, s, today, today)
	f.learn(q)
	return q, err
}

// Name is the Korean name of a symbol, as far as KIS has told it.
func (f *liveFeed) Name(s market.Symbol) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.names[s]; n != "" {
		return n
	}
	return market.Known(s).Name
}

func (f *liveFeed) learn(q market.Quote) {
	if q.Name == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.names[q.Symbol] = q.Name
}

// Bars implements engine.Feed.
func (f *liveFeed) Bars(ctx context.Context, s market.Symbol, n int, due time.Time) (strategy.Bars, bool, market.Quote, error) {
	today := market.DateOf(due)
	stored, err := f.load(s)
	if err != nil {
		return strategy.Bars{}, false, market.Quote{}, err
	}
	from, err := f.from(s, stored, n, today)
	if err != nil {
		return strategy.Bars{}, false, market.Quote{}, err
	}
	rows, quote, err := f.kis.Daily(ctx, s, from, today)
	if err != nil {
		return strategy.Bars{}, false, market.Quote{}, err
	}
	f.learn(quote)
	past, forming := split(rows, today)
	stored, err = f.merge(ctx, s, stored, past, n, due)
	if err != nil {
		return strategy.Bars{}, false, market.Quote{}, err
	}
	before := stored.Between(0, today.Add(-1))
	bars := strategy.Bars{Dates: before.Dates, Scale: before.Scale, Open: before.Open, High: before.High, Low: before.Low, Close: before.Close, Volume: before.Volume}
	if forming == nil {
		return bars, false, quote, nil
	}
	quote.Halted = quote.Halted || forming.Volume == 0 && forming.Open.Equal(forming.High) && forming.Open.Equal(forming.Low) && forming.Open.Equal(forming.Close)
	bars, err = bars.With(*forming)
	return bars, err == nil, quote, err
}

// load takes a symbol's stored bars into memory once.
func (f *liveFeed) load(s market.Symbol) (history.Bars, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b, ok := f.known[s]; ok {
		return b, nil
	}
	b, err := f.store.Load(s)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return history.Bars{}, fmt.Errorf("bars of %s: %w", s, err)
	}
	f.known[s] = b
	return b, nil
}

// from is the first date to ask for: the newest stored session, whose close shows whether the past was re-based, or n
// sessions back when too little is stored.
func (f *liveFeed) from(s market.Symbol, stored history.Bars, n int, today market.Date) (market.Date, error) {
	f.mu.Lock()
	whole := f.whole[s]
	f.mu.Unlock()
	if stored.Len() > 0 && (whole || stored.Len() >= n) {
		return stored.Dates[stored.Len()-1], nil
	}
	first, err := f.cal.AddSessions(today, -n)
	if err != nil {
		return 0, fmt.Errorf("bars of %s: %w", s, err)
	}
	return first.Date, nil
}

// split takes today's unfinished bar off the rows.
func split(rows []market.Bar, today market.Date) (past []market.Bar, forming *market.Bar) {
	if k := len(rows) - 1; k >= 0 && rows[k].Date == today {
		return rows[:k], &rows[k]
	}
	return rows, nil
}

// merge adds completed bars to the store. A past that was re-based, or that no longer touches what is stored, is
// fetched anew.
func (f *liveFeed) merge(ctx context.Context, s market.Symbol, stored history.Bars, past []market.Bar, n int, due time.Time) (history.Bars, error) {
	if len(past) == 0 {
		return stored, nil
	}
	source := history.Source{Name: "kis", At: due}
	got, err := history.Of(s, past)
	if err != nil {
		return stored, fmt.Errorf("bars of %s: %w", s, err)
	}
	k := stored.Len()
	if k > 0 && got.Len() == 1 && got.Dates[0] == stored.Dates[k-1] && got.At(0).Close.Equal(stored.At(k-1).Close) {
		return stored, nil // nothing new since the last read
	}
	if k > 0 && got.Dates[0] < stored.Dates[0] {
		_, err = f.store.Replace(got, source)
	} else {
		_, err = f.store.Merge(got, source)
	}
	var rebased *history.RebasedError
	var detached *history.DetachedError
	if errors.As(err, &rebased) || errors.As(err, &detached) {
		got, err = f.refetch(ctx, s, max(n, k), due)
		if err == nil {
			_, err = f.store.Replace(got, source)
		}
	}
	if err != nil {
		return stored, fmt.Errorf("bars of %s: %w", s, err)
	}
	fresh, err := f.store.Load(s)
	if err != nil {
		return stored, fmt.Errorf("bars of %s: %w", s, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known[s] = fresh
	f.whole[s] = fresh.Len() < n
	return fresh, nil
}

func (f *liveFeed) refetch(ctx context.Context, s market.Symbol, n int, due time.Time) (history.Bars, error) {
	today := market.DateOf(due)
	first, err := f.cal.AddSessions(today, -n)
	if err != nil {
		return history.Bars{}, err
	}
	rows, _, err := f.kis.Daily(ctx, s, first.Date, today)
	if err != nil {
		return history.Bars{}, err
	}
	past, _ := split(rows, today)
	return history.Of(s, past)
}
