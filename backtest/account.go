package backtest

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

// account is what shares one cash: the legs of one strategy, or of all.
type account struct {
	o     *Options
	days  *sessions
	begin int // first session that counts; those before it only warm up
	legs  []*leg
	notes []string // what is worth saying about its slots
}

// name is that of its strategies.
func (a *account) name() string {
	var names []string
	for _, l := range a.legs {
		if !slices.Contains(names, l.rule.Name) {
			names = append(names, l.rule.Name)
		}
	}
	return strings.Join(names, " + ")
}

// leg is one rule on one symbol. Legs stand in the order in which they may buy.
type leg struct {
	rule  *strategy.Strategy
	tape  *tape
	slots []slot
}

// outcome is what either engine makes of an account.
type outcome struct {
	trades []report.Trade
	curve  report.Curve
	cut    cuts
	wide   bool // 64 bits did not hold the money
}

// cuts counts the orders that got less than they wanted.
type cuts struct {
	cash    int // buys cut to the cash, or refused for it
	volume  int // fills cut to the volume cap
	nothing int // orders without any fill: no volume, a locked limit, or a limit price not reached
}

// quote is the price at which an order of the leg trades in a slot, and whether it does so at once; otherwise the price
// is the limit that it waits at.
func (l *leg) quote(side broker.Side, forced bool, session int, price decimal.Decimal, slippage int) (decimal.Decimal, bool) {
	steps := l.tape.ladderOn(session)
	slipped := steps.StepUp(price, slippage)
	if side == broker.Sell {
		slipped = steps.StepDown(price, slippage)
	}
	if l.rule.Order.Type != strategy.Limit || forced {
		return slipped, true
	}
	ticks := l.rule.Order.Ticks
	switch {
	case side == broker.Buy && ticks >= 0:
		return decimal.Min(slipped, steps.StepUp(price, ticks)), true
	case side == broker.Buy:
		return steps.StepDown(price, -ticks), false
	case ticks >= 0:
		return decimal.Max(slipped, steps.StepDown(price, ticks)), true
	}
	return steps.StepUp(price, -ticks), false
}

func (t *tape) ladderOn(session int) market.Ladder {
	return ladderAt(t.of, t.raw, t.days.dates[session])
}

// forced tells whether a sell follows from an exit rather than from the rule's own sell.
func forced(r strategy.Reason) bool { return r != strategy.RuleExit }

// room is how many of the shares wanted a bar may fill: at most its share of the volume.
func (o *Options) room(wanted, volume int64) int64 {
	if o.VolumeCap > 0 {
		volume = volume/100*o.VolumeCap + volume%100*o.VolumeCap/100
	}
	return min(wanted, volume)
}
