package backtest

import (
	"sync/atomic"

	"github.com/shopspring/decimal"
)

// Work is a backtest or a sweep made ready, to be played over and over: it is what a benchmark measures. Columns, walk,
// fills, curve and drawdown are part of it; loading, laying bars along the calendar, the guard against looking ahead and
// the other metrics are not.
type Work struct {
	accounts []*account
	sweep    *sweep
}

// Played is what one play comes to.
type Played struct {
	Fills  int
	Equity decimal.Decimal // won at the end; of several accounts, or sets, of all together
	Falls  []float64       // of every account, the largest part of a high that was lost; none of a sweep
}

// Ready makes every symbol of every rule an account of its own, from its first session on. The rules must be such as
// the columns of the fast engine can say.
func Ready(o Options) (*Work, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	all, err := o.open(o.Rules)
	if err != nil {
		return nil, err
	}
	w := &Work{}
	for _, l := range all.legs {
		w.accounts = append(w.accounts, &account{o: &o, days: all.days, legs: []*leg{l}})
	}
	return w, nil
}

// ReadySweep makes a sweep of which every set is played from the first session on and is asked for its return, its fills
// and its drawdown.
func ReadySweep(o Options, workers int) (*Work, error) {
	w, err := openSweep(&o, SweepOptions{Objective: "total_return", Limits: []SweepLimit{{Metric: "max_drawdown", Bound: one}}, Workers: workers})
	if err != nil {
		return nil, err
	}
	w.begin = 0
	return &Work{sweep: w}, nil
}

// Play does the work once.
func (w *Work) Play() (p Played, err error) {
	if w.sweep != nil {
		return w.sweep.totals()
	}
	for _, a := range w.accounts {
		s, err := a.legs[0].signalsOf(traits{})
		if err != nil {
			return p, err
		}
		b, err := newBook(a, []signals{s})
		if err != nil {
			return p, err
		}
		if err := b.walk(); err != nil {
			return p, err
		}
		out := b.outcome()
		b.split()
		p.Falls = append(p.Falls, b.drawdown())
		p.Fills += len(out.trades)
		p.Equity = p.Equity.Add(out.curve.At(out.curve.Len() - 1).Equity)
	}
	return p, nil
}

// totals plays all sets and adds up their fills and their equity at the end.
func (w *sweep) totals() (p Played, err error) {
	var fills, equity atomic.Int64
	var scale atomic.Int32
	err = w.each(nil, func(k *worker, i int) error {
		if _, err := k.try(i); err != nil {
			return err
		}
		fills.Add(int64(len(k.book.fills)))
		equity.Add(k.book.final())
		scale.Store(k.book.scale)
		return nil
	})
	return Played{Fills: int(fills.Load()), Equity: decimal.New(equity.Load(), -scale.Load())}, err
}
