package strategy

import (
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// Family is one rule under many sets of parameters, one after the other: what several sets have in common is resolved
// and computed once. It is for one goroutine.
type Family struct {
	rule   rule                // every call and comparison is a let of its own
	reads  map[string][]string // of a let: the parameters it reads, directly or through others
	varied int
	known  map[string]*expr // resolved lets, by name and the values they read; nil for one with a mistake
	common map[string]bool  // keys of those: other sets have the same
	now    *program         // of the set taken
	charts map[market.Symbol]*chart
	kept   int // values in the rows of all charts
}

// chart is the bars of one symbol and the columns computed from them, by key.
type chart struct {
	frame frame
	rows  map[string]column
}

// Bounds of what a family keeps: it forgets everything when it reaches one, and computes again.
const (
	maxKnown = 4096
	maxKept  = 1 << 20 // values of 8 bytes
)

// Family is the rule with the named parameters left open.
func (s *Strategy) Family(params []string) *Family {
	f := &Family{
		reads: map[string][]string{}, varied: len(params), known: map[string]*expr{}, common: map[string]bool{}, charts: map[market.Symbol]*chart{},
		rule: rule{params: maps.Clone(s.rule.params), lets: map[string]*node{}, partial: s.rule.partial, indexed: s.rule.indexed},
	}
	for name, n := range s.rule.lets {
		f.rule.lets[name] = f.lift(n)
	}
	f.rule.buy, f.rule.sell = f.lift(s.rule.buy), f.lift(s.rule.sell)
	for name, n := range f.rule.lets {
		found := map[string]bool{}
		f.find(n, params, found, map[string]bool{name: true})
		f.reads[name] = sortedKeys(found)
	}
	return f
}

// lift puts a let in the place of every call and comparison. No file has a let of such a name.
func (f *Family) lift(n *node) *node {
	if n == nil || n.op == opCall && n.text == "pattern" {
		return n
	}
	own := *n
	own.args = make([]*node, len(n.args))
	for i, x := range n.args {
		own.args[i] = f.lift(x)
	}
	if n.op != opCall && !n.op.comparison() {
		return &own
	}
	name := "part " + plainText(decimal.NewFromInt(int64(len(f.rule.lets))))
	f.rule.lets[name] = &own
	return &node{op: opName, place: n.place, text: name}
}

// find collects the parameters that a part reads.
func (f *Family) find(n *node, params []string, found, seen map[string]bool) {
	if n.op == opParam && slices.Contains(params, n.text) {
		found[n.text] = true
	}
	if body := f.rule.lets[n.text]; n.op == opName && body != nil && !seen[n.text] {
		seen[n.text] = true
		f.find(body, params, found, seen)
	}
	for _, x := range n.args {
		f.find(x, params, found, seen)
	}
}

// Take makes a set of values the one that WarmUp and Columns speak of; false where the rule refuses them, as With does.
func (f *Family) Take(params map[string]decimal.Decimal) bool {
	spelled := make(map[string]string, len(params))
	for name, v := range params {
		p := f.rule.params[name]
		p.value = v
		f.rule.params[name], spelled[name] = p, v.String()
	}
	if len(f.known) > maxKnown {
		clear(f.known)
		clear(f.common)
	}
	l := &ledger{}
	c := newScope(l, f.rule.params, f.rule.lets)
	c.indexed = f.rule.indexed
	keys, good := make(map[string]string, len(f.rule.lets)), true
	for name, reads := range f.reads {
		if f.varied > 1 && len(reads) == f.varied {
			continue // no other set has the same
		}
		var key strings.Builder
		key.WriteString(name)
		for _, p := range reads {
			key.WriteString("\n" + spelled[p])
		}
		keys[name] = key.String()
		if e, known := f.known[key.String()]; known {
			c.done[name], good = e, good && e != nil
		}
	}
	f.now = nil
	if !good {
		return false
	}
	buy := c.condition(f.rule.buy)
	var sell *expr
	if f.rule.sell != nil {
		sell = c.condition(f.rule.sell)
	}
	for name := range f.rule.lets { // mistakes in lets that nobody uses
		c.letNamed(&node{op: opName, text: name})
	}
	for name, key := range keys {
		e := c.done[name]
		if f.known[key] = e; e != nil {
			f.common[e.key] = true
		}
	}
	if buy == nil || f.rule.sell != nil && sell == nil || l.problems.Fatal() {
		return false
	}
	f.now = compile(buy, sell)
	return true
}

// WarmUp is that of the rule with the values taken.
func (f *Family) WarmUp() int { return f.now.warmUp() }

// Columns are those of the rule with the values taken, until the next are. The bars of a symbol are always the same.
func (f *Family) Columns(symbol market.Symbol, b Bars) (Columns, error) {
	t := f.charts[symbol]
	if t == nil {
		if err := b.check(); err != nil {
			return Columns{}, err
		}
		t = &chart{frame: *(&program{}).run(b, decimal.Decimal{}), rows: map[string]column{}}
		t.frame.price = b.priceColumn(decimal.Decimal{})
		f.charts[symbol] = t
	}
	if f.kept > maxKept {
		f.kept = 0
		for _, t := range f.charts {
			clear(t.rows)
		}
	}
	clear(t.frame.calls)
	t.frame.columns = slices.Grow(t.frame.columns[:0], len(f.now.columns))[:len(f.now.columns)]
	for i, e := range f.now.columns {
		row, known := t.rows[e.key]
		switch {
		case known:
		case e.cond:
			if row.truths = t.frame.condition(e); f.common[e.key] {
				t.rows[e.key] = row
				f.kept += t.frame.bars / 32
			}
		default:
			row.numbers = t.frame.operand(e)
			t.rows[e.key] = row
			f.kept += t.frame.bars
		}
		t.frame.columns[i] = row
	}
	c := Columns{program: f.now, frame: &t.frame, Buy: t.frame.truths(f.now.buy)}
	if sell := f.now.sell; sell != nil && sell.position == nil {
		c.Sell = t.frame.truths(sell)
	}
	return c, nil
}
