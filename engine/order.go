package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

const (
	tries       = 2 // sends of one decision, the later ones only after a provably unsent one
	retryAfter  = 1200 * time.Millisecond
	lookAgain   = 4 // reads of the order list right after an order was accepted
	lookPause   = 500 * time.Millisecond
	cancelTries = 5
	restOfIOC   = 10 * time.Second
	collarAfter = time.Minute // an exit refused for its quote this long goes out as a limit at the collar
)

// act turns a decision into at most one order: buying power, complete list, quote, gate, intent on disk, POST, answer.
// It tells whether an order was accepted. An error is one of the machine (journal, broken reads), not of the order.
func (e *Engine) act(ctx context.Context, w wish) (bool, error) {
	for try := 1; ; try++ {
		sent, again, err := e.attempt(ctx, w, try)
		if err != nil || !again || try == tries {
			return sent, err
		}
		if err := e.Pause(ctx, retryAfter); err != nil {
			return false, err
		}
	}
}

func (e *Engine) attempt(ctx context.Context, w wish, try int) (sent, again bool, err error) {
	order, power, notes, err := e.shape(ctx, w)
	if err != nil {
		return false, false, e.refuse(w, order, risk.Refusal{Code: "buying_power", Detail: err.Error(), Wait: true}, nil)
	}
	if order.Shares == 0 {
		return false, false, e.refuse(w, order, risk.Refusal{Code: "cash", Wanted: fmt.Sprintf("%d shares", w.decision.Shares), Allowed: "0 shares", Detail: "buying power without credit covers no share"}, nil)
	}
	list, err := e.orders(ctx, market.DateOf(w.decision.Due))
	if err != nil {
		return false, false, e.refuse(w, order, risk.Refusal{Code: "baseline", Detail: err.Error(), Wait: true}, nil)
	}
	if err := e.freshAccount(ctx); err != nil {
		return false, false, e.refuse(w, order, risk.Refusal{Code: "account", Detail: err.Error(), Wait: true}, nil)
	}
	quote, err := e.Feed.Quote(ctx, order.Symbol)
	if err != nil {
		return false, false, e.refuse(w, order, risk.Refusal{Code: "quote", Detail: err.Error(), Wait: true}, nil)
	}
	order = e.price(w, order, quote)
	permit, refusal, passed := e.Gate.Check(e.request(w, order), e.gateView(w, order, quote, list, power))
	passed = append(notes, passed...)
	if refusal != nil {
		e.remember(w, refusal)
		return false, false, e.refuse(w, order, *refusal, passed)
	}
	if e.DryRun {
		return false, false, e.refuse(w, order, risk.Refusal{Code: "dry_run", Detail: "the order would have been sent"}, passed)
	}
	intent := e.intent(w, order, quote, list, power, passed, try)
	return e.send(ctx, w, permit, intent)
}

// shape gives the order its type and its shares; a buy is cut to what the broker lends no credit for.
func (e *Engine) shape(ctx context.Context, w wish) (broker.Order, broker.Power, []risk.Passed, error) {
	o := broker.Order{Symbol: w.decision.Symbol, Side: broker.Side(w.decision.Answer), Type: broker.Market, Shares: w.decision.Shares}
	switch {
	case w.rule.Order.Type == strategy.Protected:
		o.Type = broker.IOC
	case w.rule.Order.Type == strategy.Limit && !forced(w.decision.Reason):
		o.Type = broker.Limit
	}
	if o.Side == broker.Sell {
		if held := e.book().Position(w.rule.Name, o.Symbol); held != nil {
			o.Shares = min(o.Shares, held.Shares)
		}
		return o, broker.Power{}, nil, nil
	}
	power, err := e.Broker.Power(ctx, o.Symbol)
	if err != nil {
		return o, power, nil, err
	}
	limit := power.Shares
	if o.Type == broker.Limit && w.decision.Price.Sign() > 0 {
		limit = power.Cash.Div(w.decision.Price.Mul(decimal.NewFromInt(1).Add(e.Costs.FeeRate))).IntPart()
	}
	if o.Shares <= limit {
		return o, power, nil, nil
	}
	note := risk.Passed{Code: "buying_power", Wanted: fmt.Sprintf("%d shares", o.Shares), Allowed: fmt.Sprintf("%d shares", limit)}
	if w.rule.ExactSize {
		limit = 0
	}
	o.Shares = limit
	return o, power, []risk.Passed{note}, nil
}

// forced tells whether a sell follows from an exit rather than from the rule's own sell.
func forced(r strategy.Reason) bool {
	return r == strategy.StopLoss || r == strategy.TakeProfit || r == strategy.TrailingStop || r == strategy.MaxHolding
}

// price sets the limit of a priced order from the fresh quote: a protected order at the collar, a limit order so many
// ticks away from the last price, always on the tick and inside the day's limits. An exit that could not go out at the
// market for a minute becomes a limit at the collar.
func (e *Engine) price(w wish, o broker.Order, q market.Quote) broker.Order {
	stuck := e.stuck(w)
	switch {
	case stuck:
		o.Type = broker.Limit
	case o.Type == broker.Market:
		return o
	}
	ladder := market.LadderNow(e.Instrument(o.Symbol).Kind)
	switch {
	case stuck || o.Type == broker.IOC:
		o.Price = e.Gate.Farthest(o.Side, q, ladder, stuck)
		return o
	case o.Side == broker.Buy:
		o.Price = stepped(ladder, ladder.RoundDown(q.Price), w.rule.Order.Ticks)
	default:
		o.Price = stepped(ladder, ladder.RoundUp(q.Price), -w.rule.Order.Ticks)
	}
	return within(o, q)
}

// stepped moves a price up the ladder by ticks, or down where they are negative.
func stepped(l market.Ladder, price decimal.Decimal, ticks int) decimal.Decimal {
	if ticks < 0 {
		return l.StepDown(price, -ticks)
	}
	return l.StepUp(price, ticks)
}

// within keeps a price inside the day's limits.
func within(o broker.Order, q market.Quote) broker.Order {
	if q.Upper.Sign() > 0 {
		o.Price = decimal.Min(o.Price, q.Upper)
	}
	if q.Lower.Sign() > 0 {
		o.Price = decimal.Max(o.Price, q.Lower)
	}
	return o
}

func or(a, b decimal.Decimal) decimal.Decimal {
	if a.Sign() > 0 {
		return a
	}
	return b
}

func quietKey(w wish) string { return w.rule.Name + "/" + string(w.decision.Symbol) }

// remember notes since when an exit has been refused for its quote or collar.
func (e *Engine) remember(w wish, r *risk.Refusal) {
	if w.decision.Answer != strategy.Sell || r.Code != "quote" && r.Code != "collar" {
		return
	}
	if _, known := e.quiet[quietKey(w)]; !known {
		e.quiet[quietKey(w)] = e.Now()
	}
}

func (e *Engine) refuse(w wish, o broker.Order, r risk.Refusal, passed []risk.Passed) error {
	return e.write(journal.Refusal{Decision: w.id, Strategy: w.rule.Name, Order: o, Refusal: r, Passed: passed})
}

// stuck tells whether an exit has been held up by its quote or collar long enough to insist.
func (e *Engine) stuck(w wish) bool {
	since, waits := e.quiet[quietKey(w)]
	return waits && w.decision.Answer == strategy.Sell && e.Now().Sub(since) >= collarAfter
}

func (e *Engine) request(w wish, o broker.Order) risk.Request {
	return risk.Request{Order: o, Strategy: w.rule.Name, Exit: o.Side == broker.Sell, Due: w.decision.Due, Now: e.Now(), AllowAuction: w.rule.AllowAuction, Insist: e.stuck(w)}
}

// intent is what is written before the POST.
func (e *Engine) intent(w wish, o broker.Order, q market.Quote, list broker.Orders, power broker.Power, passed []risk.Passed, try int) journal.Intent {
	i := journal.Intent{
		ID: fmt.Sprintf("%s#%d", w.id, try), Decision: w.id, Strategy: w.rule.Name, Revision: w.rule.Revision,
		Date: list.Date, Order: o, Exit: o.Side == broker.Sell, Reason: w.decision.Reason, Due: w.decision.Due, Quote: q,
		Passed: passed, Valid: w.rule.Order.Valid, Baseline: journal.Baseline{At: list.At, Numbers: numbers(list)},
	}
	if o.Side == broker.Buy {
		i.Reserved = e.reserve(o, q, power)
	}
	return i
}

// reserve is what a buy holds back until it is final: at the upper limit for a market order, as the broker does.
func (e *Engine) reserve(o broker.Order, q market.Quote, power broker.Power) decimal.Decimal {
	unit := o.Price
	if o.Type == broker.Market {
		unit = or(or(power.UnitPrice, q.Upper), q.Price)
	}
	value := unit.Mul(decimal.NewFromInt(o.Shares))
	return value.Add(e.Costs.Fee(value))
}

func numbers(list broker.Orders) []string {
	out := make([]string, 0, len(list.Rows))
	for _, r := range list.Rows {
		out = append(out, r.ID.Number)
	}
	return out
}

// send commits the intent, posts it once, and commits the answer. Whatever is not provably unsent or refused is
// unknown, and unknown is never sent again.
func (e *Engine) send(ctx context.Context, w wish, permit broker.Permit, i journal.Intent) (sent, again bool, err error) {
	if e.halted() { // a halt may have come while the broker was read
		return false, false, e.refuse(w, i.Order, risk.Refusal{Code: "halted", Detail: string(e.mode()), Wait: true}, i.Passed)
	}
	if err := e.write(i); err != nil {
		return false, false, err
	}
	receipt, failure := e.Broker.Place(context.WithoutCancel(ctx), permit)
	a := e.classify(i, receipt, failure)
	if err := e.write(a); err != nil {
		return false, false, err
	}
	delete(e.quiet, quietKey(w))
	switch a.Outcome {
	case journal.Accepted:
		return true, false, e.follow(ctx, i)
	case journal.Unsent:
		return false, true, nil
	case journal.Unknown:
		return true, false, e.afterUnknown()
	}
	return false, false, nil
}

// classify is the outcome of a POST.
func (e *Engine) classify(i journal.Intent, r broker.Receipt, err error) journal.Answer {
	a := journal.Answer{Intent: i.ID, ID: r.ID, Code: r.Code, Text: r.Text}
	if err == nil {
		a.Outcome = journal.Accepted
		if _, bound := e.book().Bound(r.ID); bound || contains(i.Baseline.Numbers, r.ID) {
			a.Outcome, a.ID, a.Text = journal.Unknown, broker.OrderID{}, "the broker's number was already in use: "+r.ID.Number
		}
		return a
	}
	var be *broker.Error
	if errors.As(err, &be) {
		a.Code, a.Text = be.Code, be.Text
	}
	if a.Text == "" {
		a.Text = err.Error()
	}
	switch broker.KindOf(err) {
	case broker.Refused:
		a.Outcome = journal.Rejected
	case broker.Busy, broker.Unauthorised, broker.Unsent:
		a.Outcome = journal.Unsent
	default:
		a.Outcome = journal.Unknown
	}
	return a
}

func contains(numbers []string, id broker.OrderID) bool {
	for _, n := range numbers {
		if (broker.OrderID{Date: id.Date, Number: n}).Key() == id.Key() {
			return true
		}
	}
	return false
}

// follow looks at the list a few times right after an order was accepted, so that a market order's fill counts for the
// next decision of the same slot. What is still open then is looked after by Settle.
func (e *Engine) follow(ctx context.Context, i journal.Intent) error {
	for n := range lookAgain {
		if n > 0 {
			if err := e.Pause(ctx, lookPause); err != nil {
				return err
			}
		}
		if err := e.readOrders(ctx, e.Now()); err != nil {
			continue // the order stands; the next read will show it
		}
		if o, _ := e.book().Order(i.ID); o.Phase == journal.PhaseFinal || i.Order.Type == broker.Limit {
			break
		}
	}
	return ctx.Err()
}

// cancelDue asks for the cancellation of resting orders whose time is up. The truth about it comes from the list.
func (e *Engine) cancelDue(ctx context.Context, at time.Time) error {
	for _, o := range e.book().Working("") {
		valid := o.Intent.Valid
		if valid == 0 && o.Intent.Order.Type == broker.IOC {
			valid = restOfIOC // where the broker has no such type it rests as a limit order
		}
		if valid <= 0 || o.Phase != journal.PhaseOpen || at.Sub(o.Answered) < valid || o.Cancels >= cancelTries {
			continue
		}
		c := journal.Cancel{Intent: o.Intent.ID, ID: o.ID, Why: fmt.Sprintf("not filled within %s", valid)}
		if err := e.Broker.Cancel(ctx, o.ID); err != nil {
			c.Error = err.Error()
		}
		if err := e.write(c); err != nil {
			return err
		}
	}
	return nil
}
