package strategy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/strategy/internal/strict"
)

// op is what a node of an expression does. The written operators come first; the rest appear only after names are
// resolved.
type op uint8

const (
	opBroken op = iota // could not be read, which has been reported
	opNumber
	opParam  // $name
	opName   // a price word or the name of a let
	opCall   // name(arguments)
	opOutput // x.name
	opBack   // x[n]
	opNeg
	opAdd
	opSub
	opMul
	opDiv
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opEqual
	opNotEqual
	opCrossAbove
	opCrossBelow
	opBetween // x, low, high
	opNot
	opAnd
	opOr

	opWord      // a bar column or price
	opPosition  // position.x
	opIndicator // an output of an indicator
	opPattern   // a candlestick pattern is there
	opCandles   // its value
	opSum       // the functions of the language itself
	opCount
	opBarsSince
	opStreak
)

// rank is how tightly an operator binds; a larger rank binds first.
func (o op) rank() int {
	switch o {
	case opOr:
		return 1
	case opAnd:
		return 2
	case opNot:
		return 3
	case opLess, opLessEqual, opGreater, opGreaterEqual, opEqual, opNotEqual, opCrossAbove, opCrossBelow, opBetween:
		return 4
	case opAdd, opSub:
		return 5
	case opMul, opDiv:
		return 6
	case opNeg:
		return 7
	}
	return 8
}

func (o op) comparison() bool { return o.rank() == opLess.rank() }

// infix is the operators between two operands.
var infix = map[string]op{
	"or": opOr, "and": opAnd, "<": opLess, "<=": opLessEqual, ">": opGreater, ">=": opGreaterEqual, "==": opEqual,
	"!=": opNotEqual, "crosses": opCrossAbove, "between": opBetween, "+": opAdd, "-": opSub, "*": opMul, "/": opDiv,
}

// keywords cannot be names.
var keywords = []string{"and", "or", "not", "crosses", "above", "below", "between"}

// IsName tells whether text can be the name of a let: letters, digits and _, no digit first, and no word of the language.
func IsName(text string) bool {
	return strict.IsName(text) && !slices.Contains(keywords, text) && !slices.Contains(priceWords, text) && text != "position"
}

// node is an expression as written.
type node struct {
	op      op
	place   place
	text    string          // of a name, parameter, call or output
	value   decimal.Decimal // of a number
	percent bool            // the number was written with %
	args    []*node
	names   []string // of a call: the name of each argument, empty where it has none
}

// maxDepth bounds brackets within brackets.
const maxDepth = 50

// parser is a Pratt parser over the tokens of one expression.
type parser struct {
	tokens []token
	depth  int
	locate func(offset int) place
}

// parse reads one whole expression. locate turns a byte offset of the text into a place of the file. The error is a
// *fault.
func parse(text string, locate func(offset int) place) (*node, error) {
	tokens, err := lex(text)
	if f, ok := err.(*fault); ok {
		f.place = locate(f.Col)
		return nil, f
	}
	p := &parser{tokens: tokens, locate: locate}
	if p.peek().kind == tokenEnd {
		return nil, p.fault(p.peek(), "empty expression", "write a condition such as close > sma(close, 20)")
	}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, p.unexpected(t)
	}
	return n, nil
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) take() token {
	t := p.tokens[0]
	if t.kind != tokenEnd {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) at(sign string) bool {
	t := p.peek()
	return t.text == sign && t.kind != tokenParam
}

func (p *parser) accept(sign string) bool {
	if !p.at(sign) {
		return false
	}
	p.take()
	return true
}

func (p *parser) expect(sign, hint string) error {
	if p.accept(sign) {
		return nil
	}
	t := p.peek()
	return p.fault(t, fmt.Sprintf("expected %s, found %s", sign, t.words()), hint)
}

func (t token) words() string {
	switch t.kind {
	case tokenEnd:
		return "the end"
	case tokenParam:
		return "$" + t.text
	}
	return t.text
}

func (p *parser) fault(t token, what, hint string) *fault {
	return &fault{p.locate(t.at), what, hint}
}

func (p *parser) unexpected(t token) *fault {
	hint := ""
	switch {
	case t.text == "=":
		hint = "write == to compare"
	case t.text == ",":
		hint = "a number has no thousands commas here: 1000000"
	case t.kind == tokenName:
		hint = Suggest(t.text, []string{"and", "or", "crosses", "between"})
	case t.text == "]", t.text == ")":
		hint = "there is no opening bracket for it"
	}
	if t.kind == tokenEnd {
		return p.fault(t, "the expression ends too early", "an operand is missing")
	}
	return p.fault(t, "unexpected "+t.words(), hint)
}

// expression reads operators of at least the given rank.
func (p *parser) expression(rank int) (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fault(p.peek(), fmt.Sprintf("more than %d brackets within brackets", maxDepth), "name the inner parts with let")
	}
	defer func() { p.depth-- }()
	left, err := p.prefix()
	compared := false
	for err == nil {
		t := p.peek()
		o, ok := infix[t.text]
		if !ok || t.kind == tokenParam || o.rank() < rank {
			break
		}
		if compared && o.comparison() {
			return nil, p.fault(t, "two comparisons in a row", "write a < b and b < c")
		}
		compared = o.comparison()
		left, err = p.binary(o, left)
	}
	return left, err
}

// binary reads the operator and what stands to its right.
func (p *parser) binary(o op, left *node) (*node, error) {
	at := p.locate(p.take().at)
	if o == opCrossAbove && !p.accept("above") {
		if t := p.peek(); !p.accept("below") {
			return nil, p.fault(t, "expected above or below, found "+t.words(), "write a crosses above b or a crosses below b")
		}
		o = opCrossBelow
	}
	right, err := p.expression(o.rank() + 1)
	if err != nil {
		return nil, err
	}
	switch o {
	case opAnd, opOr:
		return chain(o, at, left, right), nil
	case opBetween:
		if err := p.expect("and", "write x between 30 and 70"); err != nil {
			return nil, err
		}
		high, err := p.expression(o.rank() + 1)
		return &node{op: o, place: at, args: []*node{left, right, high}}, err
	}
	return &node{op: o, place: at, args: []*node{left, right}}, nil
}

// chain joins conditions; "a and b and c" is one node, however it was written.
func chain(o op, at place, parts ...*node) *node {
	n := &node{op: o, place: at}
	for _, part := range parts {
		if part.op == o {
			n.args = append(n.args, part.args...)
		} else {
			n.args = append(n.args, part)
		}
	}
	if len(n.args) == 1 {
		return n.args[0]
	}
	return n
}

func (p *parser) prefix() (*node, error) {
	t, o := p.peek(), opBroken
	switch {
	case p.accept("not"):
		o = opNot
	case p.accept("-"):
		o = opNeg
	}
	if o != opBroken {
		x, err := p.expression(o.rank())
		return &node{op: o, place: p.locate(t.at), args: []*node{x}}, err
	}
	x, err := p.primary()
	for err == nil {
		switch {
		case p.accept("."):
			x, err = p.output(x)
		case p.accept("["):
			x, err = p.back(x)
		default:
			return x, nil
		}
	}
	return nil, err
}

func (p *parser) primary() (*node, error) {
	t := p.take()
	at := p.locate(t.at)
	switch {
	case t.kind == tokenNumber:
		return literal(t.text, at)
	case t.kind == tokenParam:
		return &node{op: opParam, place: at, text: t.text}, nil
	case t.kind == tokenName && slices.Contains(keywords, t.text):
		return nil, p.fault(t, "unexpected "+t.text, "an operand is missing before it")
	case t.kind == tokenName && p.accept("("):
		return p.call(t)
	case t.kind == tokenName:
		return &node{op: opName, place: at, text: t.text}, nil
	case t.kind == tokenSign && t.text == "(":
		x, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return x, p.expect(")", "close the bracket")
	}
	return nil, p.unexpected(t)
}

// literal reads a number token; 5% is 0.05.
func literal(text string, at place) (*node, error) {
	digits, percent := strings.CutSuffix(text, "%")
	value, err := decimal.NewFromString(digits)
	if err != nil {
		return nil, &fault{at, "number " + text + " is not a number", ""}
	}
	if percent {
		value = value.Shift(-2)
	}
	return &node{op: opNumber, place: at, value: value, percent: percent}, nil
}

// call reads the arguments of a call whose name and opening bracket are taken.
func (p *parser) call(name token) (*node, error) {
	n := &node{op: opCall, place: p.locate(name.at), text: name.text}
	for !p.accept(")") {
		if len(n.args) > 0 {
			if t := p.peek(); !p.accept(",") {
				return nil, p.fault(t, "expected a comma or ), found "+t.words(), "close the bracket of "+name.text+"(")
			}
		}
		label := ""
		if len(p.tokens) > 1 && p.peek().kind == tokenName && p.tokens[1].text == "=" {
			label = p.take().text
			p.take()
		}
		arg, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		n.args, n.names = append(n.args, arg), append(n.names, label)
	}
	return n, nil
}

func (p *parser) output(x *node) (*node, error) {
	t := p.take()
	if t.kind != tokenName {
		return nil, p.fault(t, "expected a name after the dot, found "+t.words(), "as in macd(12, 26, 9).signal")
	}
	return &node{op: opOutput, place: p.locate(t.at), text: t.text, args: []*node{x}}, nil
}

func (p *parser) back(x *node) (*node, error) {
	t := p.peek()
	if t.kind != tokenNumber && t.kind != tokenParam {
		return nil, p.fault(t, "expected a number of bars in [ ], found "+t.words(), "the close one bar ago is close[1]")
	}
	bars, err := p.primary()
	if err != nil {
		return nil, err
	}
	return &node{op: opBack, place: bars.place, args: []*node{x, bars}}, p.expect("]", "the close one bar ago is close[1]")
}
