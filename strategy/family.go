package strategy

import (
	"slices"
	"sync"

	"github.com/shopspring/decimal"

	"maemae/market"
	"maemae/series"
)

// Family is one rule under many sets of parameters, one after the other: what several sets have in common is resolved
// and computed once, and a set whose parts are all known costs no allocation. It is for one goroutine.
//
// Comparisons, and, or and not are its gates: their shape is the same for all sets. What they stand on are the leaves,
// which are resolved for the values they read.
type Family struct {
	rule      rule
	axes      []Axis
	leaves    []*leaf
	gates     []*gate // each after those it stands on
	lets      map[string]operand
	buy, sell operand
	program   *program // of the set taken; its first columns are the gates, then those of all leaves known
	known     int      // leaves resolved
	charts    map[market.Symbol]*chart
	kept      int // values in the rows of all charts
	shared    *Shared
}

// Shared is the indicators that several families of one rule compute once for all of them, where the bars of a symbol are
// the same for all. It may be used by several goroutines. A nil Shared keeps nothing.
type Shared struct {
	computing sync.Mutex
	known     map[sharedKey][]series.Series
}

type sharedKey struct {
	symbol market.Symbol
	call   string
}

// once is the outputs of an indicator over the bars of a symbol, computed where nobody has.
func (s *Shared) once(symbol market.Symbol, e *expr, compute func(*expr) []series.Series) []series.Series {
	if s == nil {
		return compute(e)
	}
	s.computing.Lock()
	defer s.computing.Unlock()
	key := sharedKey{symbol, e.callText(false)}
	out, known := s.known[key]
	if !known {
		if out = compute(e); s.known == nil {
			s.known = map[sharedKey][]series.Series{}
		}
		s.known[key] = out
	}
	return out
}

func (s *Shared) forget() {
	if s != nil {
		s.computing.Lock()
		defer s.computing.Unlock()
		clear(s.known)
	}
}

// Axis is a parameter and the values that it takes.
type Axis struct {
	Name   string
	Values []decimal.Decimal
}

// operand is a gate or a leaf.
type operand struct {
	gate *gate
	leaf *leaf
}

func (x operand) expr() *expr {
	if x.gate != nil {
		return &x.gate.expr
	}
	return x.leaf.now
}

// gate is a part whose arguments change with the set.
type gate struct {
	expr
	of []operand
	read
	used bool // by a side; what stands in a let of nobody can only refuse a set
}

// leaf is a part that is resolved anew for other values.
type leaf struct {
	node *node
	read
	used  bool
	known map[int]*expr // by the number of the values; nil for one with a mistake
	now   *expr
}

// read is which axes a part reads.
type read struct {
	axes []int
	at   int // which of all their values are taken
}

// chart is the bars of one symbol and the columns computed from them.
type chart struct {
	frame *frame
	at    []int                 // of a gate: which values its column is of
	rows  []map[int]series.Bits // of a gate that several sets have in common, by its values
}

// Bounds of what a family keeps: it forgets everything when it reaches one, and computes again.
const (
	maxKnown = 4096
	maxKept  = 1 << 20 // values of 8 bytes
)

// Family is the rule with some of its parameters left open. What it computes it shares with the other families of the
// rule that are given the same shared.
func (s *Strategy) Family(axes []Axis, shared *Shared) *Family {
	f := &Family{rule: s.rule, axes: axes, lets: map[string]operand{}}
	f.rule.params = map[string]param{}
	for name, p := range s.rule.params {
		f.rule.params[name] = p
	}
	f.buy = f.build(f.rule.buy)
	f.use(f.buy)
	if f.rule.sell != nil {
		f.sell = f.build(f.rule.sell)
		f.use(f.sell)
	}
	for _, name := range sortedKeys(f.rule.lets) { // mistakes in lets that nobody uses
		f.build(&node{op: opName, text: name})
	}
	f.forget()
	f.shared = shared
	return f
}

// build makes a part of the rule a gate or a leaf.
func (f *Family) build(n *node) operand {
	body := f.rule.lets[n.text]
	isLet := n.op == opName && body != nil
	if isLet {
		if x, built := f.lets[n.text]; built {
			return x
		}
	}
	switch {
	case isLet && body.gates():
		f.lets[n.text] = f.build(body)
		return f.lets[n.text]
	case !n.gates():
		l := &leaf{node: n}
		f.find(n, &l.axes)
		f.leaves = append(f.leaves, l)
		if isLet {
			f.lets[n.text] = operand{leaf: l}
		}
		return operand{leaf: l}
	}
	g := &gate{expr: expr{op: n.op, cond: true, args: make([]*expr, len(n.args))}}
	f.find(n, &g.axes)
	for _, x := range n.args {
		g.of = append(g.of, f.build(x))
	}
	g.col = len(f.gates)
	f.gates = append(f.gates, g)
	return operand{gate: g}
}

func (n *node) gates() bool {
	return n.op == opAnd || n.op == opOr || n.op == opNot || n.op.comparison()
}

// find collects the axes that a part reads, directly or through lets.
func (f *Family) find(n *node, axes *[]int) {
	if n.op == opParam {
		i := slices.IndexFunc(f.axes, func(a Axis) bool { return a.Name == n.text })
		if at, found := slices.BinarySearch(*axes, i); i >= 0 && !found {
			*axes = slices.Insert(*axes, at, i)
		}
	}
	if body := f.rule.lets[n.text]; n.op == opName && body != nil {
		f.find(body, axes)
	}
	for _, x := range n.args {
		f.find(x, axes)
	}
}

// use marks what a side stands on.
func (f *Family) use(x operand) {
	switch {
	case x.leaf != nil:
		x.leaf.used = true
	case !x.gate.used:
		x.gate.used = true
		for _, y := range x.gate.of {
			f.use(y)
		}
	}
}

// forget begins anew.
func (f *Family) forget() {
	f.program = &program{index: map[string]int{}, calls: map[string]int{}, columns: make([]*expr, len(f.gates)), call: make([]int, len(f.gates))}
	f.charts, f.known, f.kept = map[market.Symbol]*chart{}, 0, 0
	f.shared.forget()
	for _, l := range f.leaves {
		l.known, l.at, l.now = map[int]*expr{}, -1, nil
	}
}

// Take makes one value of every axis the set that WarmUp and Columns speak of; false where the rule refuses them, as
// With does.
func (f *Family) Take(values []int) bool {
	if f.known > maxKnown || f.kept > maxKept {
		f.forget()
	}
	good := true
	for _, l := range f.leaves {
		if n := f.number(l.axes, values); n != l.at {
			e, known := l.known[n]
			if !known {
				e = f.resolve(l, values)
				l.known[n] = e
				f.known++
			}
			l.at, l.now = n, e
		}
		good = good && l.now != nil
	}
	if !good {
		return false
	}
	for _, g := range f.gates {
		g.at = f.number(g.axes, values)
		if !g.settle(f.program) {
			return false
		}
	}
	f.program.buy = f.buy.expr()
	if f.rule.sell != nil {
		f.program.sell = f.sell.expr()
	}
	return true
}

// number is which of all the values of some axes are taken.
func (f *Family) number(axes, values []int) int {
	n := 0
	for _, a := range axes {
		n = n*len(f.axes[a].Values) + values[a]
	}
	return n
}

// resolve gives a leaf its meaning under the values, nil where that has a mistake.
func (f *Family) resolve(l *leaf, values []int) *expr {
	for i, a := range f.axes {
		p := f.rule.params[a.Name]
		p.value = a.Values[values[i]]
		f.rule.params[a.Name] = p
	}
	problems := &ledger{}
	c := newScope(problems, f.rule.params, f.rule.lets)
	c.partial, c.indexed = f.rule.partial, f.rule.indexed
	e := c.resolve(l.node)
	if e == nil || problems.problems.Fatal() {
		return nil
	}
	if l.used && e.op != opNumber {
		f.program.add(e)
	}
	return e
}

// settle gives a gate its arguments and what follows from them, as scope.finish does; false where a bound is passed.
func (g *gate) settle(p *program) bool {
	g.size, g.warm, g.digits, g.position = 1, 1, digits{}, nil
	for i, x := range g.of {
		e := x.expr()
		g.args[i] = e
		g.size += e.size
		g.warm = max(g.warm, e.warm)
		if g.position == nil {
			g.position = e.position
		}
	}
	if g.op == opCrossAbove || g.op == opCrossBelow {
		g.warm++
	}
	for i, e := range g.args {
		if g.used && e.op == opNumber && !g.bare(i) {
			p.add(e)
		}
	}
	g.digits = g.mostDigits()
	return g.digits.whole+g.digits.behind <= maxDigits && g.size <= maxNodes && g.warm <= maxWarmUp
}

// WarmUp is that of the rule with the values taken.
func (f *Family) WarmUp() int { return f.program.warmUp() }

// Columns are those of the rule with the values taken, until the next are. The bars of a symbol are always the same.
func (f *Family) Columns(symbol market.Symbol, b Bars) (Columns, error) {
	t := f.charts[symbol]
	if t == nil {
		if err := b.check(); err != nil {
			return Columns{}, err
		}
		t = &chart{frame: newFrame(b, decimal.Decimal{}), at: make([]int, len(f.gates)), rows: make([]map[int]series.Bits, len(f.gates))}
		t.frame.columns, t.frame.shared, t.frame.symbol = make([]column, len(f.gates)), f.shared, symbol
		for i := range f.gates {
			t.at[i], t.rows[i] = -1, map[int]series.Bits{}
		}
		f.charts[symbol] = t
	}
	t.frame.pairs = t.frame.pairs[:0]
	if n := len(f.program.columns) - len(t.frame.columns); n > 0 {
		t.frame.extend(f.program)
		f.kept += n * t.frame.bars
	}
	for i, g := range f.gates {
		if g.used && g.position == nil {
			f.truths(t, i, g)
		}
	}
	c := Columns{program: f.program, frame: t.frame, Buy: t.frame.truths(f.program.buy)}
	if sell := f.program.sell; sell != nil && sell.position == nil {
		c.Sell = t.frame.truths(sell)
	}
	return c, nil
}

// truths computes the column of a gate where it is not known.
func (f *Family) truths(t *chart, i int, g *gate) {
	column := &t.frame.columns[i].truths
	switch {
	case len(g.axes) == len(f.axes): // no other set has the same
		t.frame.condition(&g.expr, column)
	case t.at[i] != g.at:
		row, known := t.rows[i][g.at]
		if !known {
			t.frame.condition(&g.expr, &row)
			t.rows[i][g.at] = row
			f.kept += t.frame.bars / 32
		}
		*column, t.at[i] = row, g.at
	}
}
