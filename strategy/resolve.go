package strategy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/indicator"
	"maemae/series"
)

// Bounds of what a rule may ask for: bars of one look-back or window, bars in all, and nodes of one side with every let
// written out.
const (
	maxWindow = 5000
	maxWarmUp = 10000
	maxNodes  = 1000
	maxDigits = 100 // of one value: products are exact and grow

	maxSpelled = 32 << 20 // bytes of canonical spelling of one file, every symbol with parameters of its own counted
)

// unit keeps ratios written in percent and values in percent units apart.
type unit uint8

const (
	noUnit  unit = iota
	percent      // 5%, which is 0.05
	points       // an indicator's per cent, where 5 means five
)

// expr is an expression with every name resolved and every parameter filled in.
type expr struct {
	op     op
	place  place
	args   []*expr
	word   string          // of opWord and opPosition
	value  decimal.Decimal // of opNumber
	bars   int             // of look-back, sum and count
	spec   *indicator.Spec
	given  indicator.Args
	output int  // of opIndicator and opPattern
	named  bool // the output was chosen

	pattern *indicator.Pattern

	let  *expr // what the let of this name stands for
	name string

	cond     bool // a condition; else a number
	unit     unit
	position *place // where it reads the position, nil if it does not
	volume   bool   // it reads the newest bar's volume
	price    bool   // it reads the price word
	index    bool   // it reads the market index
	text     string // canonical spelling with the names of lets
	key      string // the same with every let written out: equal keys are equal columns
	size     int    // nodes with every let written out
	warm     int    // bars to the first value
	digits   digits // the most a value can have
	col      int    // its column in the program, -1 when it reads the position
}

// priceWords are the columns of a rule. price is the current price on the newest bar and the close on earlier ones.
var priceWords = []string{"open", "high", "low", "close", "volume", "price"}

// positionWords are what a rule may ask of what the strategy holds.
var positionWords = []string{"return", "sessions", "shares", "high"}

// scope is where names have a meaning: the parameters and lets of one strategy. It is used once, for one set of
// parameters.
type scope struct {
	*ledger
	params map[string]param
	lets   map[string]*node
	done   map[string]*expr // resolved lets; nil for one with a mistake
	path   []string         // lets being resolved
	used   map[string]bool  // "$fast" for parameters, "fast" for lets

	indexed bool // there is a market index
	partial bool // some names could not be read, which has been reported: an unknown one may be among them
}

func newScope(l *ledger, params map[string]param, lets map[string]*node) *scope {
	return &scope{ledger: l, params: params, lets: lets, done: map[string]*expr{}, used: map[string]bool{}}
}

// condition resolves a side of a rule; nil after a problem, which is then in the ledger.
func (c *scope) condition(n *node) *expr { return c.truth(c.resolve(n)) }

// resolve gives a node its meaning; nil after a problem.
func (c *scope) resolve(n *node) *expr {
	if c.spelled > maxSpelled || c.full() {
		return nil // there is nothing more to tell
	}
	switch n.op {
	case opBroken:
		return nil
	case opNumber:
		return c.finish(number(n.place, n.value, n.percent))
	case opParam:
		return c.param(n)
	case opName:
		return c.named(n)
	case opCall:
		return c.call(n)
	case opOutput:
		return c.outputOf(n)
	case opBack:
		return c.back(n)
	}
	return c.operation(n)
}

func number(at place, value decimal.Decimal, isPercent bool) *expr {
	e := &expr{op: opNumber, place: at, value: value}
	if isPercent {
		e.unit = percent
	}
	return e
}

func (c *scope) param(n *node) *expr {
	p, ok := c.params[n.text]
	if !ok && c.partial {
		return nil
	}
	if !ok {
		names := sortedKeys(c.params)
		hint := Suggest("$"+n.text, prefixed("$", names))
		if hint == "" && len(names) == 0 {
			hint = "give it a value: params: {" + n.text + ": 20}"
		} else if hint == "" {
			hint = "the parameters are " + strings.Join(prefixed("$", names), " ")
		}
		c.fail(n.place, "no parameter $"+n.text, hint)
		return nil
	}
	c.used["$"+n.text] = true
	if p.broken {
		return nil
	}
	return c.finish(number(n.place, p.value, p.percent))
}

func (c *scope) named(n *node) *expr {
	if slices.Contains(priceWords, n.text) {
		return c.finish(&expr{op: opWord, place: n.place, word: n.text, volume: n.text == "volume", price: n.text == "price"})
	}
	if _, ok := c.lets[n.text]; ok {
		return c.letNamed(n)
	}
	if c.partial {
		return nil
	}
	hint := Suggest(n.text, append(sortedKeys(c.lets), priceWords...))
	_, known := indicator.Lookup(n.text)
	_, isParam := c.params[n.text]
	_, isPattern := indicator.LookupPattern(n.text)
	switch {
	case n.text == "position":
		hint = "write position." + strings.Join(positionWords, ", position.")
	case known:
		hint = "an indicator is called: " + n.text + "(...)"
	case isPattern:
		hint = "a candlestick pattern is written pattern(" + n.text + ")"
	case functions[n.text] != 0:
		hint = "a function is called: " + n.text + "(...)"
	case isParam:
		hint = "a parameter is written $" + n.text
	}
	c.fail(n.place, fmt.Sprintf("no name %q", n.text), hint)
	return nil
}

func (c *scope) letNamed(n *node) *expr {
	c.used[n.text] = true
	body, ok := c.done[n.text]
	if !ok {
		if i := slices.Index(c.path, n.text); i >= 0 {
			circle := append(slices.Clone(c.path[i:]), n.text)
			c.fail(n.place, fmt.Sprintf("let %s stands for itself", n.text), strings.Join(circle, " -> "))
			return nil
		}
		c.path = append(c.path, n.text)
		body = c.resolve(c.lets[n.text])
		c.path = c.path[:len(c.path)-1]
		c.done[n.text] = body
	}
	if body == nil {
		return nil
	}
	ref := *body
	ref.place, ref.let, ref.name, ref.text = n.place, body, n.text, n.text
	return &ref
}

// outputOf is x.name: an output of an indicator, or a number of the position.
func (c *scope) outputOf(n *node) *expr {
	inner := n.args[0]
	if inner.op == opName && inner.text == "position" {
		if !slices.Contains(positionWords, n.text) {
			c.fail(n.place, "no position."+n.text, cmp.Or(Suggest(n.text, positionWords), "the position has "+strings.Join(positionWords, ", ")))
			return nil
		}
		at := inner.place
		return c.finish(&expr{op: opPosition, place: at, word: n.text, position: &at})
	}
	x := c.resolve(inner)
	switch {
	case x == nil:
		return nil
	case x.op == opPattern && !x.named:
		return c.signOf(x, n)
	case x.op != opIndicator || x.named:
		c.fail(n.place, fmt.Sprintf("%s has no output .%s", x.text, n.text), "only an indicator has outputs, as in macd(12, 26, 9).signal")
		return nil
	}
	i, ok := x.spec.Output(n.text)
	if !ok {
		hint := cmp.Or(Suggest(n.text, x.spec.Outputs), "its outputs are "+strings.Join(x.spec.Outputs, ", "))
		c.fail(n.place, fmt.Sprintf("%s has no output .%s", x.spec.ID, n.text), hint)
		return nil
	}
	chosen := *x
	chosen.output, chosen.named, chosen.let, chosen.name = i, true, nil, ""
	return c.finish(&chosen)
}

// back is x[n], the value n bars ago.
func (c *scope) back(n *node) *expr {
	x := c.resolve(n.args[0])
	bars, ok := c.bars(n.args[1], 0)
	switch {
	case x == nil || !ok:
		return nil
	case x.position != nil:
		c.fail(n.place, "no look-back on the position", "the position is known only now")
		return nil
	case x.op == opNumber || bars == 0:
		return x
	}
	return c.finish(&expr{op: opBack, place: x.place, args: []*expr{x}, bars: bars, cond: x.cond, unit: x.unit})
}

// bars reads a number of bars that is known beforehand.
func (c *scope) bars(n *node, least int64) (int, bool) {
	x := c.resolve(n)
	if x == nil {
		return 0, false
	}
	limits := fmt.Sprintf("a whole number from %d to %d", least, maxWindow)
	if x.op != opNumber {
		c.fail(n.place, "a number of bars must be known beforehand, this is "+x.text, "write "+limits+", or a $parameter")
		return 0, false
	}
	if !x.value.IsInteger() || x.value.LessThan(decimal.NewFromInt(least)) || x.value.GreaterThan(decimal.NewFromInt(maxWindow)) {
		c.fail(n.place, fmt.Sprintf("%s bars, must be %s", x.text, limits), "")
		return 0, false
	}
	return int(x.value.IntPart()), true
}

// operation is an operator and its operands.
func (c *scope) operation(n *node) *expr {
	e := &expr{op: n.op, place: n.place, cond: n.op.rank() <= opLess.rank()}
	good := true
	for _, arg := range n.args {
		x := c.resolve(arg)
		if n.op == opAnd || n.op == opOr || n.op == opNot {
			x = c.truth(x)
		} else {
			x = c.number(x)
		}
		good = good && x != nil
		e.args = append(e.args, x)
	}
	if !good || !c.units(e) {
		return nil
	}
	if (n.op == opCrossAbove || n.op == opCrossBelow) && (e.args[0].position != nil || e.args[1].position != nil) {
		c.fail(n.place, "the position cannot cross anything", "its earlier values are not known: compare with < or >")
		return nil
	}
	return c.fold(e)
}

func (c *scope) number(x *expr) *expr {
	if x != nil && x.cond {
		hint := ""
		if x.op == opPattern {
			hint = "it stands alone: " + x.text
		}
		c.fail(x.place, x.text+" is a condition, not a number", hint)
		return nil
	}
	return x
}

func (c *scope) truth(x *expr) *expr {
	if x != nil && !x.cond {
		c.fail(x.place, x.text+" is a number, not a condition", "compare it with something: "+x.text+" > 0")
		return nil
	}
	return x
}

// units refuses to mix 5% = 0.05 with an indicator whose 5 means five per cent, and finds the unit of the result.
func (c *scope) units(e *expr) bool {
	if e.op == opMul || e.op == opDiv || e.op.rank() < opLess.rank() {
		return true
	}
	var ratio, inPoints *expr
	for _, x := range e.args {
		switch x.unit {
		case percent:
			ratio = x
		case points:
			inPoints = x
		}
	}
	if ratio != nil && inPoints != nil {
		c.fail(ratio.place, fmt.Sprintf("%s is in percent units, %s is %s", inPoints.text, ratio.text, plainText(ratio.value)),
			"write "+plainText(ratio.value.Shift(2)))
		return false
	}
	if !e.cond && ratio != nil && e.op == opNeg {
		e.unit = percent
	}
	if !e.cond && inPoints != nil {
		e.unit = points
	}
	return true
}

// fold computes arithmetic on numbers at once.
func (c *scope) fold(e *expr) *expr {
	last := e.args[len(e.args)-1]
	if e.op == opDiv && last.op == opNumber && last.value.IsZero() {
		c.fail(last.place, "division by zero", "")
		return nil
	}
	if e.cond || slices.ContainsFunc(e.args, func(x *expr) bool { return x.op != opNumber }) {
		return c.finish(e)
	}
	value := e.args[0].value.Neg()
	if e.op != opNeg {
		value = arithmetic(e.op, e.args[0].value, last.value)
	}
	sum := e.op == opNeg || e.op == opAdd || e.op == opSub
	return c.finish(number(e.place, value, sum && e.args[0].unit == percent && last.unit == percent))
}

// arithmetic is one operation on two numbers; the divisor is not zero.
func arithmetic(o op, a, b decimal.Decimal) decimal.Decimal {
	switch o {
	case opAdd:
		return a.Add(b)
	case opSub:
		return a.Sub(b)
	case opMul:
		return a.Mul(b)
	}
	return a.DivRound(b, series.Digits)
}

// finish fills in what follows from the parts, and bounds it.
func (c *scope) finish(e *expr) *expr {
	e.size, e.warm = 1, 1
	for _, x := range e.args {
		e.size += x.size
		e.warm = max(e.warm, x.warm)
		e.volume = e.volume || x.volume
		e.price = e.price || x.price
		e.index = e.index || x.index
		if e.position == nil {
			e.position = x.position
		}
	}
	switch e.op {
	case opBack:
		e.warm += e.bars
		e.volume = false
	case opSum, opCount:
		e.warm += e.bars - 1
	case opCrossAbove, opCrossBelow:
		e.warm++
	case opCandles:
		e.warm += e.pattern.WarmUp(e.given) - 1
	case opIndicator:
		e.warm += e.spec.WarmUpOf(e.spec.Outputs[e.output], e.given) - 1
		e.volume = e.volume || slices.Contains(e.spec.Reads, "volume")
		e.index = e.index || slices.Contains(e.spec.Reads, "index")
	}
	e.digits = e.mostDigits()
	switch {
	case e.digits.whole+e.digits.behind > maxDigits:
		c.fail(e.place, fmt.Sprintf("a product of more than %d digits", maxDigits), "compare ratios instead of products")
		return nil
	case e.size > maxNodes:
		c.fail(e.place, fmt.Sprintf("more than %d parts with every let written out", maxNodes), "make the rule smaller")
		return nil
	case e.warm > maxWarmUp:
		c.fail(e.place, fmt.Sprintf("needs %d bars, the most is %d", e.warm, maxWarmUp), "")
		return nil
	}
	e.text, e.key = e.spell(true), e.spell(false)
	if c.spelled += len(e.text) + len(e.key) + 100; c.spelled > maxSpelled {
		c.fail(e.place, "the rules of this file are too many parts with every let written out", "split the file, or give fewer symbols parameters of their own")
		return nil
	}
	if n := len(strings.Trim(e.text, "-%")); e.op == opNumber && n > maxNumber {
		c.fail(e.place, fmt.Sprintf("a result of %d digits, the most is %d", n, maxNumber), "")
		return nil
	}
	return e
}

// digits bounds the digits of a value before and behind the point.
type digits struct{ whole, behind int }

// mostDigits bounds a value, so that exact products cannot eat the memory.
func (e *expr) mostDigits() digits {
	d := digits{15, 4} // a price or a volume
	for _, x := range e.args {
		d = digits{max(d.whole, x.digits.whole), max(d.behind, x.digits.behind)}
	}
	switch e.op {
	case opNumber:
		behind := int(max(0, -e.value.Exponent()))
		return digits{max(0, e.value.NumDigits()-behind), behind}
	case opMul:
		a, b := e.args[0].digits, e.args[1].digits
		return digits{a.whole + b.whole, a.behind + b.behind}
	case opDiv:
		return digits{e.args[0].digits.whole + e.args[1].digits.behind, series.Digits}
	case opAdd, opSub:
		d.whole++
	case opSum:
		d.whole += 4
	case opIndicator:
		return digits{d.whole + 4, max(d.behind, series.Digits)}
	}
	return d
}
