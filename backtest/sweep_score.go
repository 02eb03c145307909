package backtest

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/shopspring/decimal"
)

// quickly are the metrics that a book tells without its fills and its curve in decimals.
var quickly = map[string]bool{"total_return": true, "sharpe": true, "max_drawdown": true, "trades": true}

// near tells whether a score is that of the same run, measured the other way: in floating point the last digits differ.
func (s score) near(x score) bool {
	d, size := math.Abs(float64(s.objective-x.objective)), math.Abs(float64(s.objective))
	return s.objectless == x.objectless && d <= 2+size*1e-6
}

// scoreQuick is scoreOf for the metrics that are quickly told. It ranks; what is handed out is measured in decimals.
func (w *sweep) scoreQuick(b *book) score {
	b.split()
	return w.score(func(metric string) (int64, bool) {
		switch metric {
		case "sharpe":
			return b.sharpe()
		case "total_return":
			return micro(float64(b.final()-b.start) / float64(b.start)), true
		case "max_drawdown":
			return micro(b.drawdown()), true
		}
		return int64(len(b.fills)) * 1e6, true
	})
}

// span is sessions in which the equity is cash + held * value.
type span struct {
	cash, held int64
	values     []int64
	runs       []run // of the column that the values are part of; nil where it has none
	first      int   // bar of that column
}

// run is the highest and the lowest of so many neighbouring values.
type run struct{ top, bottom int64 }

const runBars = 8

// runsOf are the runs of a column, but for what is left over at its end.
func runsOf(values []int64) (list []run) {
	for ; len(values) >= runBars; values = values[runBars:] {
		v := values[:runBars]
		list = append(list, run{slices.Max(v), slices.Min(v)})
	}
	return list
}

// straight tells whether the curve is that of one symbol whose bars follow the sessions one by one.
func (b *book) straight() bool { return len(b.legs) == 1 && b.legs[0].tape.newest == nil }

// split finds the spans of the curve: of one symbol they are known without drawing it.
func (b *book) split() {
	if !b.straight() {
		b.draw()
		b.spans = append(b.spans[:0], span{held: 1, values: b.equity})
		return
	}
	l := b.legs[0]
	b.spans = slices.Grow(b.spans[:0], len(b.fills)+1)
	closes, cash := l.tape.bars.Close, b.start
	from := min(max(0, b.begin-l.tape.offset), len(closes))
	l.counted = 0
	for i := range b.fills {
		f := &b.fills[i]
		to := min(f.session-l.tape.offset, len(closes))
		b.spans = append(b.spans, span{cash, l.counted * l.unit, closes[from:to], l.tape.runs, from})
		from, cash = to, cash+f.paid()
		f.count()
	}
	b.spans = append(b.spans, span{cash, l.counted * l.unit, closes[from:], l.tape.runs, from})
}

func micro(x float64) int64 { return int64(math.Round(min(max(x, -1e12), 1e12) * 1e6)) }

// sharpe is the yearly Sharpe ratio in millionths; false where it is undefined.
func (b *book) sharpe() (int64, bool) {
	const (
		unit    = 1e10    // daily returns have ten decimals
		integer = 3 << 51 // added and taken away again, it leaves an integer
		most    = 1 << 50 // that it does so for
	)
	last, least, sum, squares := float64(b.start), float64(b.start), 0.0, 0.0
	for _, s := range b.spans {
		cash, held, values := float64(s.cash), float64(s.held), s.values
		if s.held == 0 {
			values = values[:min(1, len(values))]
		}
		for _, v := range values {
			e := cash + held*float64(v)
			r := (e - last) / last * unit
			if r < most {
				r = r + integer - integer
			}
			sum, squares, last, least = sum+r, squares+r*r, e, min(least, e)
		}
	}
	n := float64(b.days.len() - b.begin)
	spread := n*squares - sum*sum
	if n < 2 || !(least > 0) || !(spread > 0) {
		return 0, false
	}
	return micro(sum / n * math.Sqrt(yearSessions) / math.Sqrt(spread/(n*(n-1)))), true
}

// drawdown is the largest part of a high that was lost.
func (b *book) drawdown() float64 {
	f := fall{b.start, 1}
	for i := range b.spans {
		s := &b.spans[i]
		values := s.values
		switch {
		case s.held == 0:
			values = values[:min(1, len(values))]
		case s.runs != nil:
			head := min(-s.first&(runBars-1), len(values))
			f.through(values[:head], s.cash, s.held)
			values = values[head:]
			for _, r := range s.runs[min((s.first+head)/runBars, len(s.runs)):] {
				if len(values) < runBars {
					break
				}
				// Only where the lowest lies far enough below the highest can the order in which they came matter.
				if top := max(f.high, s.cash+s.held*r.top); float64(s.cash+s.held*r.bottom) >= f.least*float64(top) {
					f.high = top
				} else {
					f.through(values[:runBars], s.cash, s.held)
				}
				values = values[runBars:]
			}
		}
		f.through(values, s.cash, s.held)
	}
	return 1 - f.least
}

// fall is the highest equity so far, and the least part of such a high that was left.
type fall struct {
	high  int64
	least float64
}

// through goes on with an equity of cash + held * value.
func (f *fall) through(values []int64, cash, held int64) {
	high, least := f.high, f.least
	for _, v := range values {
		e := cash + held*v
		high = max(high, e)
		if float64(e) < least*float64(high) {
			least = float64(e) / float64(high)
		}
	}
	f.high, f.least = high, least
}

// WriteSets writes every set tried as CSV with a heading: its values, the objective, the Sharpe ratio, and whether it
// was ranked, refused or impossible. What is undefined is empty.
func (r SweepResult) WriteSets(to io.Writer) error {
	out := csv.NewWriter(to)
	w, k := r.swept, r.swept.worker()
	if err := out.Write(append(append([]string{}, r.Params...), r.Objective, "sharpe", "state")); err != nil {
		return fmt.Errorf("write sets: %w", err)
	}
	for i, s := range w.scores {
		k.set(w.number(i), k.values)
		var line []string
		for i, a := range w.axes {
			line = append(line, a.Values[k.values[i]].String())
		}
		objective, sharpe := "", ""
		if s.state != impossible && !s.objectless {
			objective = w.told(s.objective).String()
		}
		if s.state != impossible {
			ratio, defined, err := k.sharpeOf(i)
			if err != nil {
				return fmt.Errorf("write sets: %w", err)
			}
			if defined {
				sharpe = decimal.New(ratio, -6).StringFixed(6)
			}
		}
		if err := out.Write(append(line, objective, sharpe, [...]string{"ranked", "refused", "impossible"}[s.state])); err != nil {
			return fmt.Errorf("write sets: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}
