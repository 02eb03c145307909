package strategy

import (
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// View is what a rule is shown: everything it may know at one due moment about one symbol.
type View struct {
	Symbol       market.Symbol
	Due          time.Time
	Bars         Bars
	Forming      bool            // the last bar is today's unfinished one
	Price        decimal.Decimal // current price, won
	Halted       bool            // the symbol does not trade
	Holding      *Position       // the strategy's own lots; nil when it holds nothing
	Working      bool            // an order of this strategy in this symbol is working or unknown
	EnteredToday bool            // the strategy has entered this symbol in this session
	Funds        Funds
}

// Funds is what sizes are measured by, in won, read once at the start of a slot.
type Funds struct {
	Equity decimal.Decimal // D+2 cash and market value
	Cash   decimal.Decimal // buying power without credit
}

// check finds what makes a view no ground for a decision.
func (v View) check() error {
	switch {
	case v.Price.Sign() <= 0:
		return errors.New("no current price")
	case v.Forming && v.Bars.Len() == 0:
		return errors.New("no bars")
	}
	return v.Bars.check()
}

func (v View) holding() holding { return holding{v.Holding, v.Price} }

// Decide is the rule's answer to a view. Exits come first, the pessimistic before the others: stop loss, take profit,
// trailing stop, longest holding; they rest on the price and the position alone. Then the sell condition while something
// is held, then the buy condition: both act only when every operand of both is ready.
func (s *Strategy) Decide(v View) Decision {
	d := s.decision(v)
	if err := v.check(); err != nil {
		return d.hold(DataMissing, err.Error())
	}
	b, p, h := v.Bars, s.programOf(v.Symbol), v.holding()
	d.Forming = v.Forming
	if s.CompletedBars && v.Forming {
		b, d.Forming = b.First(b.Len()-1), false
	}
	last := b.Len() - 1
	f := p.run(b, v.Price)
	d.Bars = b.Len()
	if last >= 0 {
		d.Last = b.At(last)
	}
	d.Buy, d.Sell = f.explain(p.buy, last, h), f.explain(p.sell, last, h)
	exits := s.exits(h, true)
	d.Exits = evidenceOf(exits)
	if v.Halted {
		return d.hold(Halted, "the symbol does not trade")
	}
	if x := first(exits); x != nil {
		return d.exit(v, x.reason, x.detail)
	}
	buy, buyReady := f.side(p.buy, last, h)
	sell, sellReady := f.side(p.sell, last, h)
	if !buyReady || !sellReady {
		return d.notReady(f, p, last)
	}
	return s.act(d, v, buy, sell)
}

// CheckExits looks at stop loss, take profit and trailing stop alone, as they are watched between slots (the longest
// holding ends at a slot). It is false when none applies. The answer is hold where one applies and cannot be followed
// now, because the symbol is halted or an order is working.
func (s *Strategy) CheckExits(v View) (Decision, bool) {
	h := v.holding()
	if v.Price.Sign() <= 0 || h.flat() {
		return Decision{}, false
	}
	exits := s.exits(h, false)
	x := first(exits)
	if x == nil {
		return Decision{}, false
	}
	d := s.decision(v)
	d.Exits = evidenceOf(exits)
	if n := v.Bars.Len(); n > 0 && v.Bars.check() == nil {
		d.Bars, d.Last, d.Forming = n, v.Bars.At(n-1), v.Forming
	}
	if v.Halted {
		return d.hold(Halted, x.detail+", but the symbol does not trade"), true
	}
	return d.exit(v, x.reason, x.detail), true
}

// act turns the truths of both sides into an answer.
func (s *Strategy) act(d Decision, v View, buy, sell bool) Decision {
	held := !v.holding().flat()
	switch {
	case !buy && !sell:
		return d.hold(NoSignal, "neither condition is true")
	case sell && held:
		return d.exit(v, RuleExit, "the sell condition is true")
	case v.Working:
		return d.hold(OrderWorking, "an order in this symbol is working or unknown")
	case buy && sell:
		return d.hold(Conflict, "both conditions are true and nothing is held")
	case sell:
		return d.hold(NoPosition, "the sell condition is true, but nothing is held")
	case held:
		return d.hold(InPosition, fmt.Sprintf("the buy condition is true, but %s are held", plural(int(v.Holding.Shares), "share")))
	case v.EnteredToday && !s.SameSessionReentry:
		return d.hold(Reentry, "the buy condition is true, but this session has had its entry")
	}
	return s.enter(d, v)
}

// enter buys what the size allows.
func (s *Strategy) enter(d Decision, v View) Decision {
	var what string
	d.Budget, d.Shares, what = s.sized(v.Funds, v.Price)
	if d.Shares == 0 {
		return d.hold(SizeZero, what)
	}
	d.Answer, d.Reason, d.Detail = Buy, Entry, "the buy condition is true; "+what
	return d
}

// sized is the budget in won and the whole shares it buys at the price, with the sum in words.
func (s *Strategy) sized(funds Funds, price decimal.Decimal) (budget decimal.Decimal, shares int64, what string) {
	capital := s.Capital.IsPositive()
	switch s.Size.Basis {
	case InShares:
		budget = s.Size.Amount.Mul(price)
	case InKRW:
		budget = s.Size.Amount
	case OfCash:
		budget = s.Size.Amount.Mul(funds.Cash)
	default:
		if capital {
			funds.Equity = s.Capital
		}
		budget = s.Size.Amount.Mul(funds.Equity)
	}
	wanted := floorDiv(budget, price)
	if capital && budget.GreaterThan(s.Capital) {
		budget = s.Capital
	}
	shares = floorDiv(budget, price)
	what = fmt.Sprintf("%s is %s KRW, which buys %s at %s", s.Size, grouped(budget.Truncate(0)), plural(int(shares), "share"), grouped(price))
	if s.ExactSize && shares < wanted {
		return budget, 0, fmt.Sprintf("%s: the capital of %s KRW covers fewer, and the size is exact", plural(int(wanted), "share"), grouped(s.Capital))
	}
	return budget, shares, what
}

// floorDiv is the number of whole prices in a budget, 0 when the budget is negative.
func floorDiv(budget, price decimal.Decimal) int64 {
	if budget.Sign() <= 0 {
		return 0
	}
	shares, _ := budget.QuoRem(price, 0)
	return decimal.Min(shares, maxAmount).IntPart()
}

func (s *Strategy) decision(v View) Decision {
	return Decision{
		Strategy: s.Name, Revision: s.Revision, Symbol: v.Symbol, Due: v.Due, Answer: Hold, Price: v.Price, Holding: v.Holding,
	}
}

func (d Decision) hold(r Reason, detail string) Decision {
	d.Answer, d.Reason, d.Detail, d.Shares = Hold, r, detail, 0
	return d
}

// exit sells everything, unless an order is already on its way.
func (d Decision) exit(v View, r Reason, detail string) Decision {
	if v.Working {
		return d.hold(OrderWorking, detail+", but an order in this symbol is working or unknown")
	}
	d.Answer, d.Reason, d.Detail, d.Shares = Sell, r, detail, v.Holding.Shares
	return d
}

func (d Decision) notReady(f *frame, p *program, last int) Decision {
	d.Missing = max(0, p.warmUp()-1-last)
	if d.Missing > 0 {
		return d.hold(NotReady, fmt.Sprintf("needs %s, has %d", plural(p.warmUp(), "bar"), last+1))
	}
	what := f.unready(p.buy, last)
	if what == "" {
		what = f.unready(p.sell, last)
	}
	return d.hold(NotReady, what+" has no value on this bar")
}

// exit is one of the exits as it stands: whether it applies, and why.
type exit struct {
	reason   Reason
	applies  bool
	detail   string
	evidence *Evidence
}

// exits are those of the strategy, in the order in which they apply, while something is held.
func (s *Strategy) exits(h holding, atSlot bool) []exit {
	if h.flat() {
		return nil
	}
	var list []exit
	price, average := h.price, h.position.AveragePrice
	level := func(r Reason, ratio, base decimal.Decimal, of string, up bool) {
		if ratio.Sign() <= 0 || base.Sign() <= 0 {
			return
		}
		sign, compare, at := "-", "<=", base.Mul(one.Sub(ratio))
		applies := price.LessThanOrEqual(at)
		if up {
			sign, compare, at = "+", ">=", base.Mul(one.Add(ratio))
			applies = price.GreaterThanOrEqual(at)
		}
		bound := fmt.Sprintf("%s * (1 %s %s)", of, sign, percentText(ratio))
		list = append(list, exit{r, applies,
			fmt.Sprintf("price %s %s %s = %s of %s", grouped(price), compare, bound, grouped(at), grouped(base)),
			condition(fmt.Sprintf("%s: price %s %s", r, compare, bound), applies, "price", plainText(price), bound, plainText(at))})
	}
	level(StopLoss, s.Exits.StopLoss, average, "average price", false)
	level(TakeProfit, s.Exits.TakeProfit, average, "average price", true)
	level(TrailingStop, s.Exits.TrailingStop, h.high(), "high", false)
	if n := s.Exits.MaxHolding; n > 0 && atSlot {
		held := h.position.Sessions
		list = append(list, exit{MaxHolding, held >= n, fmt.Sprintf("held for %s of %d", plural(held, "session"), n),
			condition(fmt.Sprintf("%s: position.sessions >= %d", MaxHolding, n), held >= n, "position.sessions", fmt.Sprint(held), fmt.Sprint(n), fmt.Sprint(n))})
	}
	return list
}

// condition is the evidence of a comparison of two operands.
func condition(text string, truth bool, left, leftValue, right, rightValue string) *Evidence {
	return &Evidence{Text: text, Truth: &truth, Children: []*Evidence{{Text: left, Value: leftValue}, {Text: right, Value: rightValue}}}
}

func evidenceOf(exits []exit) []*Evidence {
	var list []*Evidence
	for _, x := range exits {
		list = append(list, x.evidence)
	}
	return list
}

// first is the first exit that applies, nil when none does.
func first(exits []exit) *exit {
	for i := range exits {
		if exits[i].applies {
			return &exits[i]
		}
	}
	return nil
}
