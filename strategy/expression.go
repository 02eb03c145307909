package strategy

import (
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"maemae/series"
)

// Expr is one expression outside a rule: no parameters, no names, no position.
type Expr struct {
	program *program
	root    *expr
}

// ParseExpr compiles an expression, a number or a condition. Problems carry the file name "expression" and line 1.
func ParseExpr(text string) (*Expr, Problems) {
	l := &ledger{file: "expression"}
	n, err := parse(text, func(offset int) place {
		return place{Line: 1, Col: utf8.RuneCountInString(text[:min(offset, len(text))]) + 1}
	})
	if f, ok := err.(*fault); ok {
		l.fail(f.place, f.what, f.hint)
		return nil, l.problems
	}
	c := newScope(l, nil, nil)
	c.indexed = true
	e := c.resolve(n)
	if e != nil && e.position != nil {
		l.fail(*e.position, "there is no position here", "only a rule holds one")
	}
	if l.problems.Fatal() {
		return nil, l.sorted()
	}
	return &Expr{compile(e, nil), e}, nil
}

// String is the canonical spelling.
func (e *Expr) String() string { return e.root.text }

// WarmUp is the number of bars until the first value.
func (e *Expr) WarmUp() int { return e.root.warm }

// ReadsIndex tells whether the expression has no value without a market index in the bars.
func (e *Expr) ReadsIndex() bool { return e.root.index }

// Eval evaluates the expression on every bar; the price word is the close.
func (e *Expr) Eval(b Bars) (Column, error) {
	if err := b.check(); err != nil {
		return Column{}, err
	}
	f := e.program.run(b, decimal.Decimal{})
	c := f.columns[e.root.col]
	return Column{Condition: e.root.cond, Values: c.numbers, Truths: c.truths}, nil
}

// Column is an expression on every bar: Truths of a condition, otherwise Values.
type Column struct {
	Condition bool
	Values    series.Series
	Truths    series.Bits
}

// Text is bar i as people read it: a number without exponent and trailing zeros, true or false, empty when not ready.
func (c Column) Text(i int) string {
	if !c.Condition {
		value, ready := c.Values.At(i)
		if !ready {
			return ""
		}
		return plainText(value)
	}
	truth, ready := c.Truths.At(i)
	switch {
	case !ready:
		return ""
	case truth:
		return "true"
	}
	return "false"
}
