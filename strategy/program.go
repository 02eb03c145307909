package strategy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/shopspring/decimal"

	"maemae/indicator"
	"maemae/series"
)

// program is the two sides of a rule for one set of parameters. Its columns are every distinct part that does not read
// the position, in an order in which each stands after what it is made of; a part written twice is computed once.
type program struct {
	columns   []*expr
	index     map[string]int // by key
	buy, sell *expr          // sell is nil where the rule has none
}

func compile(buy, sell *expr) *program {
	p := &program{index: map[string]int{}, buy: buy, sell: sell}
	p.add(buy)
	if sell != nil {
		p.add(sell)
	}
	return p
}

func (p *program) add(e *expr) {
	for i, x := range e.args {
		if e.bare(i) {
			x.col = -1
		} else {
			p.add(x)
		}
	}
	if e.let != nil {
		p.add(e.let)
	}
	if e.position != nil {
		e.col = -1
		return
	}
	i, ok := p.index[e.key]
	if !ok {
		i = len(p.columns)
		p.index[e.key], p.columns = i, append(p.columns, e)
	}
	e.col = i
}

// bare tells that an operand is a number which needs no column: it is compared with something that has one.
func (e *expr) bare(i int) bool {
	if !e.op.comparison() || e.args[i].op != opNumber {
		return false
	}
	return i > 0 || !slices.ContainsFunc(e.args[1:], func(x *expr) bool { return x.op == opNumber })
}

// warmUp is the number of bars until both sides are ready.
func (p *program) warmUp() int {
	if p.sell == nil {
		return p.buy.warm
	}
	return max(p.buy.warm, p.sell.warm)
}

// digest is a hash of what the program means.
func (p *program) digest() string {
	text := p.buy.key
	if p.sell != nil {
		text += "\n" + p.sell.key
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// column is the value of one part on every bar: numbers or truths.
type column struct {
	numbers series.Series
	truths  series.Bits
}

// frame is a program evaluated over bars.
type frame struct {
	bars    int
	in      indicator.Input
	price   series.Series
	calls   map[string][]series.Series // indicators, all outputs, by their call
	columns []column
}

// run evaluates the program over the bars. price is the current price, zero where the newest close is meant.
func (p *program) run(b Bars, price decimal.Decimal) *frame {
	f := &frame{bars: b.Len(), calls: map[string][]series.Series{}, columns: make([]column, len(p.columns))}
	f.in = indicator.Input{
		Open: series.Of(b.Scale, b.Open), High: series.Of(b.Scale, b.High), Low: series.Of(b.Scale, b.Low),
		Close: series.Of(b.Scale, b.Close), Volume: series.Of(0, b.Volume), Index: b.index(),
	}
	if _, reads := p.index["price"]; reads {
		f.price = b.priceColumn(price)
	}
	for i, e := range p.columns {
		if e.cond {
			f.columns[i].truths = f.condition(e)
		} else {
			f.columns[i].numbers = f.operand(e)
		}
	}
	return f
}

func (f *frame) numbers(e *expr) series.Series { return f.columns[e.col].numbers }
func (f *frame) truths(e *expr) series.Bits    { return f.columns[e.col].truths }

// operand computes a column of numbers from the columns of its parts.
func (f *frame) operand(e *expr) series.Series {
	switch e.op {
	case opNumber:
		return series.Constant(f.bars, e.value)
	case opWord:
		return f.word(e.word)
	case opIndicator:
		return f.indicator(e)
	case opCandles:
		return e.pattern.Compute(f.in, e.given)
	case opBack:
		return series.Shift(f.numbers(e.args[0]), e.bars)
	case opSum:
		return series.Sum(f.numbers(e.args[0]), e.bars)
	case opCount:
		return series.Count(f.truths(e.args[0]), e.bars)
	case opBarsSince:
		return series.BarsSince(f.truths(e.args[0]))
	case opStreak:
		return series.Streak(f.truths(e.args[0]))
	case opNeg:
		return series.Neg(f.numbers(e.args[0]))
	}
	a, b := f.numbers(e.args[0]), f.numbers(e.args[1])
	switch e.op {
	case opAdd:
		return series.Add(a, b)
	case opSub:
		return series.Sub(a, b)
	case opMul:
		return series.Mul(a, b)
	}
	return series.Div(a, b)
}

func (f *frame) word(word string) series.Series {
	switch word {
	case "open":
		return f.in.Open
	case "high":
		return f.in.High
	case "low":
		return f.in.Low
	case "volume":
		return f.in.Volume
	case "price":
		return f.price
	}
	return f.in.Close
}

// indicator computes all outputs of a call once.
func (f *frame) indicator(e *expr) series.Series {
	call := e.callText(false)
	if f.calls[call] == nil {
		in := f.in
		if len(e.args) > 0 {
			in.Source = f.numbers(e.args[0])
		}
		f.calls[call] = e.spec.Compute(in, e.given)
	}
	return f.calls[call][e.output]
}

// condition computes a column of truths from the columns of its parts.
func (f *frame) condition(e *expr) series.Bits {
	switch e.op {
	case opNot:
		return series.Not(f.truths(e.args[0]))
	case opBack:
		return series.ShiftBits(f.truths(e.args[0]), e.bars)
	case opPattern:
		return f.pattern(e)
	case opAnd, opOr:
		join := series.And
		if e.op == opOr {
			join = series.Or
		}
		all := f.truths(e.args[0])
		for _, x := range e.args[1:] {
			all = join(all, f.truths(x))
		}
		return all
	}
	a, b := e.args[0], e.args[1]
	if e.op == opBetween {
		return series.And(f.comparison(opGreaterEqual, a, b), f.comparison(opLessEqual, a, e.args[2]))
	}
	return f.comparison(e.op, a, b)
}

// comparison computes a column of truths from two operands, one of which may be a bare number.
func (f *frame) comparison(o op, x, y *expr) series.Bits {
	switch {
	case y.op == opNumber:
		below, above := series.Against(f.numbers(x), y.value)
		return sides(o, below, above)
	case x.op == opNumber:
		above, below := series.Against(f.numbers(y), x.value)
		return sides(o, below, above)
	}
	a, b := f.numbers(x), f.numbers(y)
	switch o {
	case opLess:
		return series.Less(a, b)
	case opLessEqual:
		return series.LessEqual(a, b)
	case opGreater:
		return series.Less(b, a)
	case opGreaterEqual:
		return series.LessEqual(b, a)
	case opEqual:
		return series.Equal(a, b)
	case opNotEqual:
		return series.Not(series.Equal(a, b))
	case opCrossAbove:
		return series.CrossAbove(a, b)
	}
	return series.CrossBelow(a, b)
}

// sides is a comparison where it is known on which bars the left side is below the right one, and on which above.
func sides(o op, below, above series.Bits) series.Bits {
	begun := func(b series.Bits) series.Bits { return series.And(b, series.Not(series.ShiftBits(b, 1))) }
	switch o {
	case opLess:
		return below
	case opLessEqual:
		return series.Not(above)
	case opGreater:
		return above
	case opGreaterEqual:
		return series.Not(below)
	case opEqual:
		return series.Not(series.Or(below, above))
	case opNotEqual:
		return series.Or(below, above)
	case opCrossAbove:
		return begun(above)
	}
	return begun(below)
}

// pattern is where a candlestick pattern is there, with the sign asked for.
func (f *frame) pattern(e *expr) series.Bits {
	below, above := series.Against(f.numbers(e.args[0]), decimal.Decimal{})
	return sides([...]op{detected: opNotEqual, bullish: opGreater, bearish: opLess}[e.output], below, above)
}

// holding is what position.x refers to at one bar. A nil position holds nothing.
type holding struct {
	position *Position
	price    decimal.Decimal
}

func (h holding) flat() bool { return h.position == nil || h.position.Shares <= 0 }

// high is the highest price seen since the first fill, this moment included.
func (h holding) high() decimal.Decimal { return decimal.Max(h.position.High, h.price) }

// value is position.x while something is held.
func (h holding) value(word string) (decimal.Decimal, bool) {
	switch p := h.position; word {
	case "shares":
		return decimal.NewFromInt(p.Shares), true
	case "sessions":
		return decimal.NewFromInt(int64(p.Sessions)), true
	case "high":
		return h.high(), true
	default:
		if p.AveragePrice.Sign() <= 0 {
			return decimal.Decimal{}, false
		}
		return h.price.Sub(p.AveragePrice).DivRound(p.AveragePrice, series.Digits), true
	}
}

// number is an operand on bar i: from its column, or computed here where it reads the position.
func (f *frame) number(e *expr, i int, h holding) (decimal.Decimal, bool) {
	switch {
	case e.op == opNumber:
		return e.value, i >= 0 && i < f.bars
	case e.position == nil:
		return f.numbers(e).At(i)
	case h.flat():
		return decimal.Decimal{}, false
	case e.op == opPosition:
		return h.value(e.word)
	}
	a, ready := f.number(e.args[0], i, h)
	if e.op == opNeg || !ready {
		return a.Neg(), ready
	}
	b, ready := f.number(e.args[1], i, h)
	if !ready || e.op == opDiv && b.IsZero() {
		return decimal.Decimal{}, false
	}
	return arithmetic(e.op, a, b), true
}

// truth is a condition on bar i. Every operand must be ready, as in a column.
func (f *frame) truth(e *expr, i int, h holding) (truth, ready bool) {
	if e.position == nil {
		return f.truths(e).At(i)
	}
	switch e.op {
	case opNot:
		truth, ready = f.truth(e.args[0], i, h)
		return !truth && ready, ready
	case opAnd, opOr:
		truth, ready = e.op == opAnd, true
		for _, x := range e.args {
			t, r := f.truth(x, i, h)
			ready = ready && r
			if t != (e.op == opAnd) {
				truth = t
			}
		}
		return truth && ready, ready
	}
	values := make([]decimal.Decimal, len(e.args))
	for k, x := range e.args {
		if values[k], ready = f.number(x, i, h); !ready {
			return false, false
		}
	}
	return compare(e.op, values), true
}

func compare(o op, v []decimal.Decimal) bool {
	switch c := v[0].Cmp(v[1]); o {
	case opLess:
		return c < 0
	case opLessEqual:
		return c <= 0
	case opGreater:
		return c > 0
	case opGreaterEqual:
		return c >= 0
	case opEqual:
		return c == 0
	case opNotEqual:
		return c != 0
	default: // between
		return c >= 0 && v[0].Cmp(v[2]) <= 0
	}
}

// side is a side of the rule on bar i. A rule without a sell never sells by itself, and a sell that asks for the
// position is false while nothing is held.
func (f *frame) side(e *expr, i int, h holding) (truth, ready bool) {
	switch {
	case e == nil:
		return false, true
	case e.position != nil && h.flat():
		return false, f.ready(e, i)
	}
	return f.truth(e, i, h)
}

// ready tells whether everything but the position is ready on bar i.
func (f *frame) ready(e *expr, i int) bool {
	switch {
	case e.position == nil && e.cond:
		_, ready := f.truths(e).At(i)
		return ready
	case e.op == opNumber:
		return i >= 0 && i < f.bars
	case e.position == nil:
		return f.numbers(e).Ready(i)
	}
	for _, x := range e.args {
		if !f.ready(x, i) {
			return false
		}
	}
	return true
}
