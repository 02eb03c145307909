package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

const (
	tries      = 2 // sends of one decision, the later ones only after a provably unsent one
	retryAfter = 1200 * time.Millisecond
	lookAgain  = 4 // reads of the order list right after an order was accepted
	lookPause  = 500 * time.Millisecond
	// unknownPause is the step in which an order is looked for whose answer was lost.
	unknownPause = 2 * time.Second
	cancelTries  = 5
	restOfIOC    = 10 * time.Second
	collarAfter  = time.Minute // an exit refused for its quote this long goes out as a limit at the collar
	// spellGap ends such a spell: longer than exits are ever apart, shorter than a night.
	spellGap = 90 * time.Minute
)

// fate is what became of one try of an order.
type fate struct {
	sent    bool          // accepted, or may have been
	unsent  bool          // provably not, for no reason of its own
	refusal *risk.Refusal // by the gate, or before it
}

// act turns a decision into at most one order: buying power, complete list, quote, gate, intent on disk, POST, answer. An
// error is one of the machine (journal, broken reads), not of the order.
func (e *Engine) act(ctx context.Context, w wish) (fate, error) {
	delete(e.waiting, w.key())
	for n := 1; ; n++ {
		f, err := e.attempt(ctx, w)
		if err != nil {
			return f, err
		}
		if !f.unsent || n == tries {
			e.postpone(w, f)
			return f, nil
		}
		if err := e.Pause(ctx, retryAfter); err != nil {
			return f, err
		}
	}
}

// postpone keeps a slot's sell that a passing fact held up, or that did not reach the broker, for the next look.
func (e *Engine) postpone(w wish, f fate) {
	if w.slot && w.decision.Answer == strategy.Sell && (f.unsent || f.refusal != nil && f.refusal.Wait) {
		e.waiting[w.key()] = w
	}
}

// retry tries again what had to wait, as long as its date and its lots last.
func (e *Engine) retry(ctx context.Context, at time.Time) error {
	for _, key := range slices.Sorted(maps.Keys(e.waiting)) {
		w := e.waiting[key]
		if market.DateOf(w.decision.Due) != market.DateOf(at) || e.book().Position(w.rule.Name, w.decision.Symbol) == nil {
			delete(e.waiting, key)
			continue
		}
		if _, err := e.act(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) attempt(ctx context.Context, w wish) (fate, error) {
	o, power, notes, err := e.shape(ctx, w)
	if err != nil {
		return e.refuse(w, o, risk.Refusal{Code: "buying_power", Detail: err.Error(), Wait: true}, nil)
	}
	if o.Shares == 0 {
		return e.refuse(w, o, risk.Refusal{Code: "cash", Wanted: fmt.Sprintf("%d shares", w.decision.Shares), Allowed: "0 shares", Detail: "buying power without credit covers no share"}, nil)
	}
	list, err := e.orders(ctx, market.DateOf(w.decision.Due))
	if err != nil {
		return e.refuse(w, o, risk.Refusal{Code: "baseline", Detail: err.Error(), Wait: true}, nil)
	}
	if err := e.freshAccount(ctx); err != nil {
		return e.refuse(w, o, risk.Refusal{Code: "account", Detail: err.Error(), Wait: true}, nil)
	}
	quote, err := e.Feed.Quote(ctx, o.Symbol)
	if err != nil && e.stuck(w) {
		quote, err = w.quote, nil // what the decision saw: the order's own limit bounds what it can do
	}
	if err != nil {
		return e.refuse(w, o, risk.Refusal{Code: "quote", Detail: err.Error(), Wait: true}, nil)
	}
	o = e.price(w, o, quote)
	view := e.gateView(w, o, quote, list, power)
	permit, refusal, passed := e.Gate.Check(e.request(w, o), view) // the request's moment is later than all it is judged by
	passed = append(notes, passed...)
	if refusal != nil {
		return e.refuse(w, o, *refusal, passed)
	}
	if e.DryRun {
		return e.refuse(w, o, risk.Refusal{Code: "dry_run", Detail: "the order would have been sent"}, passed)
	}
	return e.send(ctx, w, permit.Unless(e.stopped), e.intent(w, o, quote, list, power, passed))
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

// refuse writes the no, and since when an exit waits for its quote.
func (e *Engine) refuse(w wish, o broker.Order, r risk.Refusal, passed []risk.Passed) (fate, error) {
	if w.decision.Answer == strategy.Sell && (r.Code == "quote" || r.Code == "collar") {
		s, now := e.quiet[w.key()], e.Now()
		if now.Sub(s.last) > spellGap {
			s.since = now
		}
		s.last = now
		e.quiet[w.key()] = s
	}
	return fate{refusal: &r}, e.write(journal.Refusal{Decision: w.id, Strategy: w.rule.Name, Order: o, Refusal: r, Passed: passed})
}

// stuck tells whether an exit has been held up by its quote or collar long enough to insist.
func (e *Engine) stuck(w wish) bool {
	s, now := e.quiet[w.key()], e.Now()
	return w.decision.Answer == strategy.Sell && now.Sub(s.last) <= spellGap && now.Sub(s.since) >= collarAfter
}

func (e *Engine) request(w wish, o broker.Order) risk.Request {
	return risk.Request{Order: o, Strategy: w.rule.Name, Exit: o.Side == broker.Sell, Due: w.decision.Due, Now: e.Now(), AllowAuction: w.rule.AllowAuction, Insist: e.stuck(w), Override: w.override}
}

// intent is what is written before the POST.
func (e *Engine) intent(w wish, o broker.Order, q market.Quote, list broker.Orders, power broker.Power, passed []risk.Passed) journal.Intent {
	i := journal.Intent{
		ID: e.nextID(w.id), Decision: w.id, Strategy: w.rule.Name, Revision: w.rule.Revision,
		Date: list.Date, Order: o, Exit: o.Side == broker.Sell, Reason: w.decision.Reason, Due: w.decision.Due, Quote: q,
		Passed: passed, Valid: w.rule.Order.Valid, Baseline: journal.Baseline{At: list.At, Numbers: numbers(list)},
	}
	if o.Side == broker.Buy {
		i.Reserved = e.reserve(o, q, power)
	}
	return i
}

// nextID names the next intent of a decision: the decision and the number of the try.
func (e *Engine) nextID(decision string) string {
	for n := 1; ; n++ {
		id := fmt.Sprintf("%s#%d", decision, n)
		if _, taken := e.book().Order(id); !taken {
			return id
		}
	}
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
func (e *Engine) send(ctx context.Context, w wish, permit broker.Permit, i journal.Intent) (fate, error) {
	if err := e.stopped(); err != nil { // a halt may have come while the broker was read
		return e.refuse(w, i.Order, risk.Refusal{Code: "mode", Detail: err.Error(), Wait: true}, i.Passed)
	}
	if err := e.write(i); err != nil {
		return fate{}, err
	}
	receipt, failure := e.Broker.Place(context.WithoutCancel(ctx), permit)
	a := e.classify(i, receipt, failure)
	if err := e.write(a); err != nil {
		return fate{}, err
	}
	delete(e.quiet, w.key())
	switch a.Outcome {
	case journal.Accepted:
		return fate{sent: true}, e.follow(ctx, i, lookPause)
	case journal.Unsent:
		return fate{unsent: true}, nil
	case journal.Rejected:
		return fate{}, e.afterRejection(i.Strategy)
	}
	if failure == nil {
		if err := e.stop("order_number", a.Text); err != nil {
			return fate{}, err
		}
	}
	return fate{sent: true}, e.afterUnknown(ctx, i)
}

// afterRejection tells when a strategy has been refused so often that its entries end.
func (e *Engine) afterRejection(strategy string) error {
	limit := e.Gate.Limits().Rejections
	if n := e.book().Rejections(strategy); limit == 0 || n != limit {
		return nil
	}
	return e.write(journal.Note{Level: "error", Text: fmt.Sprintf("strategy %s is disabled: %d of its orders were rejected in a row; maemae arm %s", strategy, limit, strategy)})
}

// classify is the outcome of a POST.
func (e *Engine) classify(i journal.Intent, r broker.Receipt, err error) journal.Answer {
	a := journal.Answer{Intent: i.ID, ID: r.ID, Code: r.Code, Text: r.Text}
	if e.Offset != nil {
		a.Offset = e.Offset()
	}
	if err == nil {
		a.Outcome = journal.Accepted
		if why := e.misnumbered(i, r.ID); why != "" {
			a.Outcome, a.ID, a.Text = journal.Unknown, broker.OrderID{}, why
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

// misnumbered says why the broker's number cannot be this intent's order.
func (e *Engine) misnumbered(i journal.Intent, id broker.OrderID) string {
	switch {
	case id.Number == "" || id.Date != i.Date:
		return fmt.Sprintf("the broker's answer names order %q of %s", id.Number, id.Date)
	case accounted(e.book(), id) || contains(i.Baseline.Numbers, id):
		return "the broker's number was already in use: " + id.Number
	}
	return ""
}

func contains(numbers []string, id broker.OrderID) bool {
	for _, n := range numbers {
		if (broker.OrderID{Date: id.Date, Number: n}).Key() == id.Key() {
			return true
		}
	}
	return false
}

// follow looks at the list a few times right after an order was sent, so that a market order's fill counts for the next
// decision of the same slot, and a lost answer is found. What is still open then is looked after by Settle.
func (e *Engine) follow(ctx context.Context, i journal.Intent, pause time.Duration) error {
	for n := range lookAgain {
		if n > 0 {
			if err := e.Pause(ctx, pause); err != nil {
				return err
			}
		}
		if err := e.readOrders(ctx, i.Date); err != nil {
			continue // the order stands; the next read will show it
		}
		if o, _ := e.book().Order(i.ID); o.Phase == journal.PhaseFinal || i.Order.Type == broker.Limit && !o.Unresolved() {
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
