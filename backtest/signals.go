package backtest

import (
	"fmt"
	"slices"

	"maemae/series"
	"maemae/strategy"
)

// signals are what a rule says on every bar of a symbol.
type signals struct {
	columns strategy.Columns
	enter   series.Bits // the rule buys, where nothing is held
	leave   series.Bits // the rule sells, where something is; no bars where it does not by itself
	asks    bool        // the sell side asks for the position
}

// traits are what decides whether columns can say what a rule says. They are the same for all its symbols.
type traits struct {
	asks     bool // the sell side asks for the position
	columnar bool
}

// traitsOf looks at a rule: columns know a rule that sees the bar of its session as it ends, and one of completed bars,
// unless that asks for the price of the day after them, or its orders wait inside that day.
func traitsOf(l *leg) traits {
	x := traits{asks: l.rule.ReadsPosition()}
	if l.rule.CompletedBars {
		waits := l.rule.Order.Type == strategy.Limit && l.rule.Order.Ticks < 0
		x.columnar = !waits && !l.rule.ReadsPrice()
	} else {
		x.columnar = !slices.ContainsFunc(l.slots, func(x slot) bool { return x&atOpen != 0 })
	}
	return x
}

// signalsOf evaluates a columnar rule over all bars.
func (l *leg) signalsOf(x traits) (s signals, err error) {
	c, err := l.rule.Columns(l.tape.of.Symbol, l.tape.bars)
	if err == nil {
		s.take(c, x)
	}
	return s, err
}

// take makes the signals those of the columns.
func (s *signals) take(c strategy.Columns, x traits) {
	s.columns, s.asks = c, x.asks
	if c.Sell.Len() == 0 {
		s.enter.Set(c.Buy)
		return
	}
	s.enter.AndNot(c.Buy, c.Sell)
	s.leave.Among(c.Sell, c.Buy)
}

// guard computes the columns anew from the bars up to a few of them, and compares: at the first signals of either side
// after the warm-up, a sixteenth and an eighth of the way. A rule that looks ahead would say something else there before
// it sees the rest. The samples lie early, so that all of them together cost less than the columns did.
func (l *leg) guard(c strategy.Columns) error {
	n := l.tape.bars.Len()
	for _, from := range [...]int{l.rule.WarmUp() - 1, n / 16, n / 8} {
		for _, side := range [...]series.Bits{c.Buy, c.Sell} {
			i := side.Next(from)
			if i >= min(n, from+n/8) {
				i = from
			}
			if i < 0 || i >= n {
				continue
			}
			if err := l.guardAt(i, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *leg) guardAt(i int, c strategy.Columns) error {
	known, err := l.rule.Columns(l.tape.of.Symbol, l.tape.bars.First(i+1))
	if err != nil {
		return err
	}
	for _, side := range [...][2]series.Bits{{known.Buy, c.Buy}, {known.Sell, c.Sell}} {
		truth, ready := side[0].At(i)
		later, stayed := side[1].At(i)
		if truth != later || ready != stayed {
			return fmt.Errorf("strategy %s on %s: the decision of %s changes when later bars are known", l.rule.Name, l.tape.of.Symbol, l.tape.bars.Dates[i])
		}
	}
	return nil
}
