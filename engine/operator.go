package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
)

// Suspect is an intent whose outcome is not known, with what may tell it.
type Suspect struct {
	Order      journal.Order  `json:"order"`
	Candidates []broker.Row   `json:"candidates"` // orders at the broker that can be it
	Others     []broker.Row   `json:"others"`     // its symbol's other orders of the date that no intent explains
	Holding    broker.Holding `json:"holding"`    // what the broker's balance shows of the symbol
	Expected   int64          `json:"expected"`   // shares that the book expects there
}

// Examine reads order list and balance, and shows what they say about an intent of today or one that is still open.
func (e *Engine) Examine(ctx context.Context, intent string) (Suspect, error) {
	e.turn.Lock()
	defer e.turn.Unlock()
	o, list, err := e.suspect(ctx, intent)
	if err != nil {
		return Suspect{}, err
	}
	if err := e.readAccount(ctx); err != nil {
		return Suspect{}, err
	}
	b, symbol := e.book(), o.Intent.Order.Symbol
	account, _ := b.Account()
	s := Suspect{Order: o, Candidates: candidates(b, o, list, e.scene(list)), Holding: account.Holding(symbol), Expected: b.Expected(symbol)}
	for _, r := range list.Rows {
		if r.Symbol == symbol && !b.Explained(r.ID) && !has(s.Candidates, r.ID) {
			s.Others = append(s.Others, r)
		}
	}
	return s, nil
}

// suspect is an intent after a fresh look at the list of its date, which may contradict what is known of this one intent.
func (e *Engine) suspect(ctx context.Context, intent string) (journal.Order, broker.Orders, error) {
	o, known := e.book().Order(intent)
	if !known {
		return o, broker.Orders{}, fmt.Errorf("no order %q today, and none that is open", intent)
	}
	list, err := e.orders(ctx, o.Intent.Date)
	if d := (*doubt)(nil); err != nil && !(errors.As(err, &d) && d.by == intent) {
		return o, list, err
	}
	o, _ = e.book().Order(intent)
	return o, list, nil
}

func has(rows []broker.Row, id broker.OrderID) bool {
	for _, r := range rows {
		if r.ID.Key() == id.Key() {
			return true
		}
	}
	return false
}

// Resolution is a person's word about an intent whose outcome is not known: which order it became, which orders it is
// not, or that it never reached the broker.
type Resolution struct {
	Intent    string
	Bind      string   // number of the order that it is
	External  []string // numbers of orders that are not ours
	NotPlaced bool
	Why       string
	By        string
}

// Resolve takes a person's word, as far as a fresh list does not contradict it. A halt stays until Resume.
func (e *Engine) Resolve(ctx context.Context, r Resolution) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	o, list, err := e.suspect(ctx, r.Intent)
	if err != nil {
		return err
	}
	var out []journal.Body
	apart := map[string]bool{}
	for _, n := range r.External {
		row, err := listedAs(list, n)
		if err != nil {
			return err
		}
		apart[row.ID.Key()] = true
		out = append(out, journal.Operator{Act: "foreign", Date: row.ID.Date, Number: row.ID.Number, Symbol: row.Symbol, Why: r.Why, By: r.By})
	}
	named, listed := list.Find(o.ID)
	open := o.Unresolved() || o.Phase == journal.PhaseFinal && o.ID.Number == "" || // a person may revive what never was
		listed && misread(o, named)
	switch {
	case (r.Bind != "" || r.NotPlaced) && !open:
		return fmt.Errorf("the outcome of %s is known: %s %s", r.Intent, o.Phase, o.ID.Number)
	case r.Bind != "":
		row, err := listedAs(list, r.Bind)
		if err != nil {
			return err
		}
		if want := o.Intent.Order; row.Symbol != want.Symbol || row.Side != want.Side || row.Shares != want.Shares {
			return fmt.Errorf("order %s is %s %d %s, and %s wanted %s", r.Bind, row.Side, row.Shares, row.Symbol, r.Intent, want)
		}
		out = append(out, bind(o, row, r.By, e.scene(list))...)
	case r.NotPlaced:
		for _, c := range candidates(e.book(), o, list, e.scene(list)) {
			if !apart[c.ID.Key()] {
				return fmt.Errorf("order %s can be %s: bind it, or say that it is not ours", c.ID.Number, r.Intent)
			}
		}
		if o.Phase != journal.PhaseFinal {
			out = append(out, journal.Absent{Intent: r.Intent, Reads: o.Reads, Final: true, By: r.By})
		}
	}
	if len(out) == 0 {
		return errors.New("nothing to resolve: say which order it is, which it is not, or that it was not placed")
	}
	delete(e.reads, r.Intent)
	return e.write(out...)
}

// listedAs finds an order by the number a person typed.
func listedAs(list broker.Orders, number string) (broker.Row, error) {
	row, ok := list.Find(broker.OrderID{Date: list.Date, Number: number})
	if !ok {
		return row, fmt.Errorf("the broker lists no order %s on %s", number, list.Date)
	}
	return row, nil
}

// overrideFor is how long after a refusal a person may override it.
const overrideFor = 10 * time.Minute

// Override sends the order of a decision that a limit refused lately: once, inside the compiled-in ceilings, with every
// fact asked anew. The error says why it was not sent.
func (e *Engine) Override(ctx context.Context, decision, why, by string) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	w, err := e.refused(ctx, decision)
	if err != nil {
		return err
	}
	if err := e.write(journal.Operator{Act: "override", Strategy: w.rule.Name, Symbol: w.decision.Symbol, Shares: w.decision.Shares, Why: decision + ": " + why, By: by}); err != nil {
		return err
	}
	w.volume = e.sight(ctx, w.decision.Symbol, volumeBars, w.decision.Due).volume() // 0, which the gate refuses, if it cannot be read
	f, err := e.act(ctx, w)
	switch {
	case err != nil:
		return err
	case f.refusal != nil:
		return f.refusal
	case !f.sent:
		return fmt.Errorf("override %s: the broker did not take the order; maemae explain %s", decision, decision)
	}
	return nil
}

// refused finds a decision whose newest entry is a limit's refusal that is not too old.
func (e *Engine) refused(ctx context.Context, decision string) (wish, error) {
	w := wish{id: decision, override: true}
	var newest journal.Entry
	for entry, err := range e.Journal.Entries(ctx, journal.Query{Ref: decision}) {
		if err != nil {
			return w, err
		}
		if d, ok := entry.Body.(journal.Decision); ok {
			w.decision = d.Decision
		}
		newest = entry
	}
	r, refused := newest.Body.(journal.Refusal)
	switch {
	case w.decision.Strategy == "":
		return w, fmt.Errorf("no decision %q in this journal", decision)
	case !refused || !r.Refusal.Limit:
		return w, fmt.Errorf("override %s: it was not refused by a limit; a fact cannot be overridden", decision)
	case e.Now().Sub(newest.At) > overrideFor:
		return w, fmt.Errorf("override %s: it was refused more than %s ago", decision, overrideFor)
	}
	for _, rule := range e.rules {
		if rule.Name == w.decision.Strategy {
			w.rule = rule
			return w, nil
		}
	}
	return w, fmt.Errorf("override %s: strategy %s is not in force", decision, w.decision.Strategy)
}

const cancelsAtOnce = 8

// CancelAll asks for the cancellation of every open order at the broker, in a shared account of those that are ours, and
// tells how many are still open. It does not wait for the running step, only for an order that is being sent.
func (e *Engine) CancelAll(ctx context.Context, why string) (left int, err error) {
	ours := func(r broker.Row) bool {
		_, bound := e.book().Bound(r.ID)
		return bound || e.Exclusive || e.Channel != "" && r.Channel == e.Channel
	}
	done := func(r broker.Row, failure error) error {
		text := ""
		if failure != nil {
			text = failure.Error()
		}
		if intent, bound := e.book().Bound(r.ID); bound {
			return e.write(journal.Cancel{Intent: intent, ID: r.ID, Why: why, Error: text})
		}
		return e.write(journal.Note{Level: "warn", Text: fmt.Sprintf("%s: cancellation of order %s, which no intent explains, asked for: %s", why, r.ID.Number, text)})
	}
	for range cancelTries {
		if left, err = CancelOpen(ctx, e.Broker, market.DateOf(e.Now()), ours, done); err == nil && left == 0 && !e.sending() {
			return 0, nil
		}
		if pause := e.Pause(ctx, lookPause); pause != nil {
			return left, errors.Join(err, pause)
		}
	}
	return left, err
}

// sending tells whether an order is on its way whose answer has not come.
func (e *Engine) sending() bool {
	for _, o := range e.book().Working("") {
		if o.Phase == journal.PhaseSending {
			return true
		}
	}
	return false
}

// CancelOpen reads the orders of the date, asks once for the cancellation of each open one that is selected, several at
// a time, reports each, and tells how many were open. It needs no engine: whoever has a broker can stop it.
func CancelOpen(ctx context.Context, b broker.Broker, d market.Date, selected func(broker.Row) bool, done func(broker.Row, error) error) (open int, err error) {
	list, err := b.Orders(ctx, d)
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	gate := make(chan struct{}, cancelsAtOnce)
	for _, r := range list.Rows {
		if !r.Open() || r.Original != "" || !selected(r) {
			continue
		}
		open++
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			failure := b.Cancel(ctx, r.ID)
			mu.Lock()
			defer mu.Unlock()
			err = errors.Join(err, done(r, failure))
		})
	}
	wg.Wait()
	return open, err
}
