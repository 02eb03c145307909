package strategy

import (
	"fmt"
	"slices"
)

// proven warns of conditions that can be known without any bar: close > highest(close, 20) is never true, because the
// highest includes today's close.
func (l *ledger) proven(p *program) {
	for _, side := range []*expr{p.buy, p.sell} {
		if side != nil {
			l.provenIn(side)
		}
	}
}

func (l *ledger) provenIn(e *expr) {
	if e.let != nil {
		e = e.let
	}
	if e.op.comparison() {
		l.ratios(e)
		if truth, known := verdict(e); known && truth {
			l.warn(e.place, e.text+" is always true", "")
		} else if known {
			l.warn(e.place, e.text+" is never true", hintNever(e))
		}
		return
	}
	if e.op == opPattern {
		l.directions(e)
	}
	for _, x := range e.args {
		if x.cond {
			l.provenIn(x)
		}
	}
}

// ratios warns of a return compared with a number that is probably meant in percent.
func (l *ledger) ratios(e *expr) {
	asksReturn := func(x *expr) bool { return x.op == opPosition && x.word == "return" }
	for _, x := range e.args {
		if x.op == opNumber && x.unit == noUnit && x.value.Abs().GreaterThanOrEqual(one) && slices.ContainsFunc(e.args, asksReturn) {
			l.warn(x.place, fmt.Sprintf("position.return is a ratio, %s is %s", x.text, percentText(x.value)), "write "+x.text+"%")
		}
	}
}

func hintNever(e *expr) string {
	for _, x := range e.args {
		if rollingExtreme(x) != 0 {
			return x.text + " includes today's bar: write " + (&expr{op: opBack, args: []*expr{x}, bars: 1}).spell(true)
		}
	}
	return ""
}

// verdict is the truth of a comparison where it can be proven.
func verdict(e *expr) (truth, known bool) {
	a, b := e.args[0], e.args[1]
	switch e.op {
	case opLess:
		return order(a, b)
	case opGreater:
		return order(b, a)
	case opGreaterEqual:
		truth, known = order(a, b)
		return !truth, known
	case opLessEqual:
		truth, known = order(b, a)
		return !truth, known
	case opCrossAbove, opCrossBelow:
		return false, atMost(a, b) && e.op == opCrossAbove || atMost(b, a) && e.op == opCrossBelow
	case opEqual, opNotEqual:
		if a.key == b.key {
			return e.op == opEqual, true
		}
		different := a.op == opNumber && b.op == opNumber && !a.value.Equal(b.value)
		return e.op == opNotEqual, different
	}
	low, c := verdict(&expr{op: opGreaterEqual, args: []*expr{a, b}})
	high, d := verdict(&expr{op: opLessEqual, args: []*expr{a, e.args[2]}})
	empty := b.op == opNumber && e.args[2].op == opNumber && b.value.GreaterThan(e.args[2].value)
	if empty || c && !low || d && !high {
		return false, true
	}
	return true, c && d
}

// order is the truth of a < b where it can be proven.
func order(a, b *expr) (less, known bool) {
	if a.op == opNumber && b.op == opNumber {
		return a.value.LessThan(b.value), true
	}
	return false, atMost(b, a)
}

// atMost tells whether a <= b on every bar where both are ready.
func atMost(a, b *expr) bool {
	switch {
	case a.key == b.key:
		return true
	case a.op == opNumber && b.op == opNumber:
		return a.value.LessThanOrEqual(b.value)
	case a.op == opWord && b.op == opWord:
		prices := []string{"open", "close"}
		return a.word == "low" && slices.Contains([]string{"open", "close", "high"}, b.word) || b.word == "high" && slices.Contains(prices, a.word)
	case a.op == opBack && b.op == opBack && a.bars == b.bars:
		return atMost(a.args[0], b.args[0])
	}
	if rollingExtreme(b) > 0 { // b is the highest of its window
		of, n := window(b)
		switch inner, m := window(a); {
		case rollingExtreme(a) > 0:
			return m <= n && atMost(inner, of)
		case a.op == opBack && a.bars < n && atMost(a.args[0], of):
			return true
		}
		return atMost(a, of)
	}
	if rollingExtreme(a) < 0 {
		of, n := window(a)
		switch inner, m := window(b); {
		case rollingExtreme(b) < 0:
			return m <= n && atMost(of, inner)
		case b.op == opBack && b.bars < n && atMost(of, b.args[0]):
			return true
		}
		return atMost(of, b)
	}
	return false
}

// rollingExtreme is 1 for the highest of a window, -1 for the lowest, 0 for anything else.
func rollingExtreme(e *expr) int {
	if e.op == opIndicator {
		switch e.spec.ID {
		case "highest", "maximum":
			return 1
		case "lowest", "minimum":
			return -1
		}
	}
	return 0
}

// window is what a rolling extreme looks at, and over how many bars.
func window(e *expr) (of *expr, bars int) {
	if rollingExtreme(e) == 0 {
		return nil, 0
	}
	of = &expr{op: opWord, word: "close", key: "close"}
	if len(e.args) > 0 {
		of = e.args[0]
	}
	return of, e.given.Integer("period")
}
