package backtest

import (
	"fmt"
	"regexp"

	"github.com/shopspring/decimal"

	"maemae/series"
	"maemae/strategy"
)

// signals are what a rule says on every bar of a symbol.
type signals struct {
	columns strategy.Columns
	enter   series.Bits // the rule buys, where nothing is held
	leave   series.Bits // the rule sells, where something is; no bars where asks
	asks    bool        // the sell side asks for the position
}

// priceWord finds the current price in a condition.
var priceWord = regexp.MustCompile(`(^|[^.\w])price\b`)

// signalsOf evaluates a rule over all bars. It is false where columns cannot say what the rule says: a rule that does
// not look at finished bars alone, or one of completed bars that asks for the price of the day after them.
func signalsOf(l *leg) (s signals, ok bool, err error) {
	if !l.rule.CompletedBars {
		for _, x := range l.slots {
			if x&atOpen != 0 {
				return s, false, nil
			}
		}
	}
	first := l.rule.Decide(strategy.View{Symbol: l.tape.of.Symbol, Bars: prefix(l.tape.bars, 1), Price: decimal.New(1, 0)})
	if l.rule.CompletedBars && (mentionsPrice(first.Buy) || mentionsPrice(first.Sell) || l.rule.Order.Type == strategy.Limit && l.rule.Order.Ticks < 0) {
		return s, false, nil
	}
	c, err := l.rule.Columns(l.tape.of.Symbol, l.tape.bars)
	if err != nil {
		return s, false, err
	}
	s = signals{columns: c, enter: c.Buy, asks: first.Sell != nil && c.Sell.Len() == 0}
	if c.Sell.Len() > 0 {
		s.enter = series.And(c.Buy, series.Not(c.Sell))
		s.leave = series.And(c.Sell, series.Or(c.Buy, series.Not(c.Buy)))
	}
	return s, true, nil
}

func mentionsPrice(e *strategy.Evidence) bool { return e != nil && priceWord.MatchString(e.Text) }

// samples is how many bars of each leg the guard looks at.
const samples = 4

// guard computes the columns anew from the bars up to a few of them, and compares. A rule that looks ahead would say
// something else there once it sees the rest.
func (l *leg) guard(c strategy.Columns) error {
	n := l.tape.bars.Len()
	bars := [samples]int{l.rule.WarmUp() - 1, n/16 + n%7, n/8 + n%11, n/4 + n%13}
	for _, i := range bars {
		if i < 0 || i >= n {
			continue
		}
		known, err := l.rule.Columns(l.tape.of.Symbol, prefix(l.tape.bars, i+1))
		if err != nil {
			return err
		}
		for _, side := range [2][2]series.Bits{{known.Buy, c.Buy}, {known.Sell, c.Sell}} {
			truth, ready := side[0].At(i)
			later, stayed := side[1].At(i)
			if truth != later || ready != stayed {
				return fmt.Errorf("strategy %s on %s: the decision of %s changes when later bars are known", l.rule.Name, l.tape.of.Symbol, l.tape.bars.Dates[i])
			}
		}
	}
	return nil
}
