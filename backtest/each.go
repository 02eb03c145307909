package backtest

import (
	"fmt"
	"slices"
	"sync"

	"maemae/history"
	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

// Each plays one rule over each of its symbols alone, every time with all the cash, on all processors, and hands what
// came of each to take, one at a time and in the order of the rule's symbols. A symbol that cannot be played comes with
// the error; the others go on. Few symbols are in memory at a time, so that a whole exchange needs little.
func Each(o Options, take func(market.Symbol, report.Run, error) error) error {
	if err := o.check(); err != nil {
		return err
	}
	if len(o.Rules) != 1 {
		return fmt.Errorf("backtest: %d rules, one is played over each symbol", len(o.Rules))
	}
	e := each{o: &o, rule: o.Rules[0]}
	if e.rule.Index != "" {
		var err error
		if e.index, err = o.load(e.rule.Index); err != nil {
			return fmt.Errorf("backtest: index: %w", err)
		}
	}
	type played struct {
		run report.Run
		err error
	}
	for some := range slices.Chunk(e.rule.Symbols, 64) {
		got := make([]played, len(some))
		_ = parallel(len(some), func(i int) error { // errors belong to their symbols
			got[i].run, got[i].err = e.play(some[i])
			return nil
		})
		for i, p := range got {
			if err := take(some[i], p.run, p.err); err != nil {
				return err
			}
		}
	}
	return nil
}

// each is what all symbols of a rule have in common.
type each struct {
	o     *Options
	rule  *strategy.Strategy
	index history.Bars

	laying sync.Mutex
	dates  []market.Date // that days and slots were last laid out for
	days   *sessions
	slots  []slot
}

func (e *each) play(s market.Symbol) (r report.Run, err error) {
	b, err := e.o.load(s)
	if err != nil {
		return r, err
	}
	days, list, err := e.lay(b.Dates)
	if err != nil {
		return r, err
	}
	t := newTape(e.o.Instrument(s), b, days)
	if e.index.Len() > 0 {
		t.bars = t.bars.WithIndex(barsOf(e.index))
	}
	a := &account{o: e.o, days: days, legs: []*leg{{e.rule, t, list}}}
	if err := a.start(e.o.From, 0); err != nil {
		return r, err
	}
	out, err := a.play()
	if err != nil {
		return r, err
	}
	return a.run(out), nil
}

// lay finds the sessions and the slots of bars on these dates. Most symbols have the same ones as the symbol before.
func (e *each) lay(dates []market.Date) (*sessions, []slot, error) {
	e.laying.Lock()
	defer e.laying.Unlock()
	if slices.Equal(e.dates, dates) {
		return e.days, e.slots, nil
	}
	days, err := between(e.o.Calendar.Extend(dates), dates[0], dates[len(dates)-1])
	if err != nil {
		return nil, nil, err
	}
	if days.len() == 0 {
		return nil, nil, errNothing
	}
	list, _, err := slots(e.rule, days)
	if err != nil {
		return nil, nil, fmt.Errorf("strategy %s: %w", e.rule.Name, err)
	}
	e.dates, e.days, e.slots = dates, days, list
	return days, list, nil
}
