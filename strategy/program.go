package strategy

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"

	"github.com/shopspring/decimal"

	"maemae/indicator"
	"maemae/market"
	"maemae/series"
)

// program is the two sides of a rule for one set of parameters. Its columns are every distinct part that does not read
// the position, in an order in which each stands after what it is made of; a part written twice is computed once.
type program struct {
	columns   []*expr
	index     map[string]int // by key
	calls     map[string]int // of the first output of an indicator with these parameters
	call      []int          // of a column: the one that the outputs of its indicator stand under
	buy, sell *expr          // sell is nil where the rule has none
	spare     sync.Pool      // of *frame: those whose numbers nobody needs any more
}

func compile(buy, sell *expr) *program {
	p := &program{index: map[string]int{}, calls: map[string]int{}, buy: buy, sell: sell}
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
		p.index[e.key], p.columns, p.call = i, append(p.columns, e), append(p.call, i)
		if e.op == opIndicator {
			text := e.callText(false)
			first, called := p.calls[text]
			if !called {
				first = i
				p.calls[text] = i
			}
			p.call[i] = first
		}
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
	of      Bars
	bars    int
	now     decimal.Decimal // what the price word is on the newest bar, zero for the close
	in      indicator.Input // the columns that were asked for
	price   series.Series
	columns []column
	pairs   []pair
	spare   series.Bits
	room    *series.Room // for columns of numbers that are needed for a moment only, else nil
	shared  *Shared      // indicators that other frames of the symbol know too, or nil
	symbol  market.Symbol
}

// pair is two operands that were compared.
type pair struct {
	x, y         *expr
	below, above series.Bits
}

// run evaluates the program over the bars. price is the current price, zero where the newest close is meant.
func (p *program) run(b Bars, price decimal.Decimal) *frame {
	f := newFrame(b, price)
	f.extend(p)
	f.pairs = nil
	return f
}

func newFrame(b Bars, price decimal.Decimal) *frame { return &frame{of: b, bars: b.Len(), now: price} }

// restart makes f the frame of other bars. What was computed before is gone, its memory is used again.
func (f *frame) restart(b Bars) {
	f.of, f.bars, f.in, f.pairs = b, b.Len(), indicator.Input{}, f.pairs[:0]
	f.room.Clear()
}

// extend evaluates the columns that the program has more than the frame.
func (f *frame) extend(p *program) {
	first := len(f.columns)
	f.columns = append(f.columns, make([]column, len(p.columns)-first)...)
	f.evaluate(p, first)
}

// evaluate computes the columns of the program from the first on.
func (f *frame) evaluate(p *program, first int) {
	calls := map[int][]series.Series{}
	for i, e := range p.columns[first:] {
		switch c := &f.columns[first+i]; {
		case e.cond:
			f.condition(e, &c.truths)
		case e.op == opIndicator:
			call := p.call[first+i]
			if calls[call] == nil {
				calls[call] = f.shared.once(f.symbol, e, f.indicator)
			}
			c.numbers = calls[call][e.output]
		default:
			c.numbers = f.operand(e)
		}
	}
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
	case opCandles:
		f.read("open", "high", "low", "close")
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

// word is a column of the bars.
func (f *frame) word(word string) series.Series {
	into, b := &f.in.Close, &f.of
	column, scale := b.Close, b.Scale
	switch word {
	case "open":
		into, column = &f.in.Open, b.Open
	case "high":
		into, column = &f.in.High, b.High
	case "low":
		into, column = &f.in.Low, b.Low
	case "volume":
		into, column, scale = &f.in.Volume, b.Volume, 0
	case "index":
		f.in.Index = b.index()
		return f.in.Index
	case "price":
		f.price = b.priceColumn(f.now)
		return f.price
	}
	if into.Len() == 0 {
		*into = series.Of(scale, column).In(f.room)
	}
	return *into
}

// read makes columns ready for an indicator.
func (f *frame) read(words ...string) {
	for _, w := range words {
		f.word(w)
	}
}

// indicator computes all outputs of a call.
func (f *frame) indicator(e *expr) []series.Series {
	f.read(e.spec.Reads...)
	in := f.in
	if len(e.args) > 0 {
		in.Source = f.numbers(e.args[0])
	}
	return e.spec.Compute(in, e.given)
}

// condition computes a column of truths from the columns of its parts.
func (f *frame) condition(e *expr, z *series.Bits) {
	switch e.op {
	case opNot:
		z.Not(f.truths(e.args[0]))
	case opBack:
		z.Shift(f.truths(e.args[0]), e.bars)
	case opPattern:
		below, above := f.compared(e.args[0], nought)
		sides([...]op{detected: opNotEqual, bullish: opGreater, bearish: opLess}[e.output], below, above, z)
	case opAnd:
		z.Set(f.truths(e.args[0]))
		for _, x := range e.args[1:] {
			z.And(*z, f.truths(x))
		}
	case opOr:
		z.Set(f.truths(e.args[0]))
		for _, x := range e.args[1:] {
			z.Or(*z, f.truths(x))
		}
	case opBetween:
		f.comparison(opGreaterEqual, e.args[0], e.args[1], z)
		f.comparison(opLessEqual, e.args[0], e.args[2], &f.spare)
		z.And(*z, f.spare)
	default:
		f.comparison(e.op, e.args[0], e.args[1], z)
	}
}

var nought = &expr{op: opNumber}

// comparison computes a column of truths from two operands, one of which may be a bare number.
func (f *frame) comparison(o op, x, y *expr, z *series.Bits) {
	if x.op == opNumber && y.op != opNumber {
		above, below := f.compared(y, x)
		sides(o, below, above, z)
		return
	}
	below, above := f.compared(x, y)
	sides(o, below, above, z)
}

// compared tells on which bars x, which has a column, is below y, and on which above. Two operands are compared once.
func (f *frame) compared(x, y *expr) (below, above series.Bits) {
	for i := range f.pairs {
		if p := &f.pairs[i]; p.x.col == x.col && same(p.y, y) {
			return p.below, p.above
		}
	}
	n := len(f.pairs)
	if n < cap(f.pairs) {
		f.pairs = f.pairs[:n+1]
	} else {
		f.pairs = append(f.pairs, pair{})
	}
	p := &f.pairs[n]
	p.x, p.y = x, y
	if y.op == opNumber {
		series.AgainstInto(f.numbers(x), y.value, &p.below, &p.above)
	} else {
		series.CompareInto(f.numbers(x), f.numbers(y), &p.below, &p.above)
	}
	return p.below, p.above
}

// same tells whether two operands are the same number, or the same column.
func same(x, y *expr) bool {
	if x.op == opNumber || y.op == opNumber {
		return x.op == y.op && x.value.Equal(y.value)
	}
	return x.col == y.col
}

// sides is a comparison where it is known on which bars the left side is below the right one, and on which above.
func sides(o op, below, above series.Bits, z *series.Bits) {
	switch o {
	case opLess:
		z.Set(below)
	case opLessEqual:
		z.Not(above)
	case opGreater:
		z.Set(above)
	case opGreaterEqual:
		z.Not(below)
	case opEqual:
		z.Or(below, above)
		z.Not(*z)
	case opNotEqual:
		z.Or(below, above)
	case opCrossAbove:
		z.Begun(above)
	default:
		z.Begun(below)
	}
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
