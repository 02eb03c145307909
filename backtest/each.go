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

// Alone is what came of one symbol.
type Alone struct {
	Symbol market.Symbol
	Run    report.Run
	Notes  []string // what came up in this account, as the assumptions of a Run say it
	Err    error    // why it could not be played; then there is nothing else
}

// Each plays one rule over each of its symbols alone, every time with all the cash, on all processors, and hands what
// came of each to take, one at a time and in the order of the rule's symbols. A symbol that cannot be played comes with
// the error; the others go on. Few symbols are in memory at a time, so that a whole exchange needs little. The
// assumptions are those that all of them share.
func Each(o Options, take func(Alone) error) (assumptions []string, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if len(o.Rules) != 1 {
		return nil, fmt.Errorf("backtest: %d rules, one is played over each symbol", len(o.Rules))
	}
	e := each{o: &o, rule: o.Rules[0]}
	if e.rule.Index != "" {
		if e.index, err = o.load(e.rule.Index); err != nil {
			return nil, fmt.Errorf("backtest: index: %w", err)
		}
	}
	shared := findings{alone: true}
	done := 0
	for some := range slices.Chunk(e.rule.Symbols, 64) {
		got, found := make([]Alone, len(some)), make([]findings, len(some))
		_ = parallel(len(some), func(i int) error { // errors belong to their symbols
			got[i].Symbol = some[i]
			got[i].Run, found[i], got[i].Err = e.play(some[i])
			got[i].Notes, found[i].notes = found[i].notes, nil
			return nil
		})
		for i, p := range got {
			shared.join(found[i])
			if err := take(p); err != nil {
				return nil, err
			}
		}
		if done += len(some); o.Progress != nil {
			o.Progress(done, len(e.rule.Symbols))
		}
	}
	return o.assumptions(shared), nil
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

func (e *each) play(s market.Symbol) (r report.Run, f findings, err error) {
	b, err := e.o.load(s)
	if err != nil {
		return r, f, err
	}
	if e.o.Done != nil {
		defer e.o.Done(b)
	}
	days, list, err := e.lay(b.Dates)
	if err != nil {
		return r, f, err
	}
	t := newTape(e.o.Instrument(s), b, days)
	if e.index.Len() > 0 {
		t.bars = t.bars.WithIndex(barsOf(e.index))
	}
	a := &account{o: e.o, days: days, legs: []*leg{{e.rule, t, list}}}
	if err := a.start(e.o.From, 0); err != nil {
		return r, f, err
	}
	out, err := a.play()
	if err != nil {
		return r, f, err
	}
	f.add(a, out)
	return a.run(out), f, nil
}

// lay finds the sessions and the slots of bars on these dates. Most symbols have the same ones as the symbol before.
func (e *each) lay(dates []market.Date) (*sessions, []slot, error) {
	e.laying.Lock()
	defer e.laying.Unlock()
	if slices.Equal(e.dates, dates) {
		return e.days, e.slots, nil
	}
	a, err := agendaOf(e.rule)
	if err != nil {
		return nil, nil, err
	}
	days, err := between(e.o.Calendar.Extend(dates), dates[0], dates[len(dates)-1], a)
	if err != nil {
		return nil, nil, err
	}
	e.dates, e.days, e.slots = slices.Clone(dates), days, a.slots
	return days, a.slots, nil
}
