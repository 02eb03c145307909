package strategy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"

	"github.com/shopspring/decimal"

	"maemae/market"
	"maemae/series"
)

// File is a valid file of rules.
type File struct {
	Name       string
	Hash       string // SHA-256 of the bytes, hexadecimal
	Strategies []*Strategy
	Lists      []string // the symbol files it names, sorted
}

// Strategy is one compiled rule.
type Strategy struct {
	Name        string
	Description string
	Revision    string // hash of the rule as compiled: the same for every spelling of the same rule
	Symbols     []market.Symbol

	When              string // the text of `when`; package scheduler reads it. A list stands in one text, separated by ;
	WhenLine, WhenCol int

	Index              market.Symbol // stands for the market in alpha and beta; empty for none
	CompletedBars      bool          // sees finished bars only
	AllowAuction       bool          // may order in the closing auction
	SameSessionReentry bool          // may enter a symbol again in the session of an entry

	Size      Size
	ExactSize bool            // refuses to buy fewer shares than Size says
	Capital   decimal.Decimal // won; bounds a size and takes equity's place; zero for none
	Order     OrderSpec
	Exits     Exits

	rule    rule
	symbols map[market.Symbol]map[string]param // parameters of single symbols
	common  *program
	special map[market.Symbol]*program // for symbols with parameters of their own
}

// whenSeparator stands between the moments of a list.
const whenSeparator = "; "

// rule is both sides as written, before parameters have values.
type rule struct {
	params    map[string]param
	lets      map[string]*node
	buy, sell *node
	indexed   bool // a symbol stands for the market index
	partial   bool // not all of params and lets could be read
}

// compile resolves and compiles both sides with the given parameters; nil after a problem, which is then in the ledger.
func (r rule) compile(l *ledger, params map[string]param) (*program, map[string]bool) {
	c := newScope(l, params, r.lets)
	c.partial, c.indexed = r.partial, r.indexed
	buy := c.condition(r.buy)
	if buy != nil && buy.position != nil {
		c.fail(*buy.position, "buy cannot ask for the position", "a rule buys only while it holds nothing")
		buy = nil
	}
	var sell *expr
	if r.sell != nil {
		if sell = c.condition(r.sell); sell == nil {
			buy = nil
		}
	}
	used := maps.Clone(c.used)
	for _, name := range sortedKeys(r.lets) { // mistakes in lets that nobody uses
		c.letNamed(&node{op: opName, text: name, place: r.lets[name].place})
	}
	if buy == nil {
		return nil, used
	}
	return compile(buy, sell), used
}

func (s *Strategy) programOf(symbol market.Symbol) *program {
	if p := s.special[symbol]; p != nil {
		return p
	}
	return s.common
}

// revision is a hash of everything that decides: two spellings of one rule have the same.
func (s *Strategy) revision() string {
	h := sha256.New()
	line := func(parts ...any) { fmt.Fprintln(h, parts...) }
	line(s.Name, s.When, s.CompletedBars, s.AllowAuction, s.SameSessionReentry)
	if s.Index != "" {
		line("index", s.Index)
	}
	line(s.Size, s.ExactSize, s.Capital, s.Order, s.Exits.StopLoss, s.Exits.TakeProfit, s.Exits.TrailingStop, s.Exits.MaxHolding)
	line(s.common.digest())
	for _, symbol := range s.Symbols {
		if own := s.special[symbol]; own != nil {
			line(symbol, own.digest())
		} else {
			line(symbol)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// WarmUp is the number of bars, today's forming one included where it is seen, until both sides are ready for every
// symbol.
func (s *Strategy) WarmUp() int {
	need := s.common.warmUp()
	for _, p := range s.special {
		need = max(need, p.warmUp())
	}
	return need
}

// ReadsVolumeToday tells whether the rule looks at the volume of today's forming bar, which grows until the close.
func (s *Strategy) ReadsVolumeToday() bool {
	return !s.CompletedBars && (s.common.buy.volume || s.common.sell != nil && s.common.sell.volume)
}

// ReadsPrice tells whether the rule looks at the current price by its own word.
func (s *Strategy) ReadsPrice() bool {
	return s.common.buy.price || s.common.sell != nil && s.common.sell.price
}

// ReadsPosition tells whether the rule sells by what it holds.
func (s *Strategy) ReadsPosition() bool {
	return s.common.sell != nil && s.common.sell.position != nil
}

// With is the strategy with other values for some of its parameters, for every symbol. Problems name a parameter that
// does not exist, or what is wrong in the rule with these values.
func (s *Strategy) With(params map[string]decimal.Decimal) (*Strategy, Problems) {
	l := &ledger{file: s.Name}
	next := *s
	next.rule.params, next.symbols, next.special = maps.Clone(s.rule.params), nil, nil
	for _, name := range sortedKeys(params) {
		p, ok := next.rule.params[name]
		if !ok {
			l.fail(place{Line: 1, Col: 1}, "no parameter "+name, Suggest(name, sortedKeys(s.rule.params)))
			continue
		}
		p.value = params[name]
		next.rule.params[name] = p
	}
	if !l.problems.Fatal() {
		next.common, _ = next.rule.compile(l, next.rule.params)
	}
	if l.problems.Fatal() {
		return nil, l.sorted()
	}
	next.Revision = next.revision()
	return &next, nil
}

// Columns is what both sides of a rule say on every bar, computed as Decide does. A rule acts on a bar only where both
// are ready.
type Columns struct {
	Buy, Sell series.Bits // Sell has no bars where the rule has no sell, or one that asks for the position
	program   *program
	frame     *frame
}

// Columns evaluates the rule over all bars; the price word is the close.
func (s *Strategy) Columns(symbol market.Symbol, b Bars) (Columns, error) {
	if err := b.check(); err != nil {
		return Columns{}, err
	}
	c := Columns{program: s.programOf(symbol)}
	if sell := c.program.sell; sell != nil && sell.position != nil {
		c.frame = c.program.run(b, decimal.Decimal{}) // SellAt asks for its numbers
		c.Buy = c.frame.truths(c.program.buy)
	} else {
		c.Buy, c.Sell = c.program.truths(b)
	}
	return c, nil
}

// SellAt is the sell side on one bar with the position and the price at that moment; it is for rules whose sell asks
// for the position.
func (c Columns) SellAt(i int, position *Position, price decimal.Decimal) (truth, ready bool) {
	return c.frame.side(c.program.sell, i, holding{position, price})
}
