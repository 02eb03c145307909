package journal

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// What an entry can contradict; errors.Is finds them inside a Contradiction.
var (
	ErrSequence = errors.New("out of sequence")          // number or moment does not follow the entry before
	ErrNoIntent = errors.New("unknown intent")           // speaks of an intent that is not in the book
	ErrRepeated = errors.New("said before")              // an intent, answer, opening or slot written twice
	ErrFinal    = errors.New("order is final")           // leaves a final phase
	ErrPhase    = errors.New("not in this phase")        // a step the order's phase does not have
	ErrNumber   = errors.New("not this intent's number") // an order number that is another's, or cannot be this intent's
	ErrFill     = errors.New("fill cannot be")           // falls, exceeds the order, or is of another order
	ErrKilled   = errors.New("killed")                   // leaves killed without arming
	ErrBook     = errors.New("book disagrees")           // moves shares that are not there, or a checkpoint differs
)

// Contradiction is an entry that cannot follow the book: the writer's mistake, or the broker's.
type Contradiction struct {
	Seq  int64
	Kind string
	Of   string // intent, symbol, job … it is about
	What string
	Err  error // one of the above
}

func (c *Contradiction) Error() string {
	return fmt.Sprintf("fold entry %d: %s %s: %v: %s", c.Seq, c.Kind, c.Of, c.Err, c.What)
}

func (c *Contradiction) Unwrap() error { return c.Err }

func contradict(err error, of, format string, a ...any) error {
	return &Contradiction{Of: of, What: fmt.Sprintf(format, a...), Err: err}
}

// apply folds the entry into b. After an error b is worthless.
func (b *Book) apply(e Entry) error {
	err := b.follow(e)
	if c, ok := err.(*Contradiction); ok {
		c.Seq, c.Kind = e.Seq, e.Body.Kind()
	}
	return err
}

func (b *Book) follow(e Entry) error {
	s := &b.s
	if e.Seq != s.Seq+1 || e.At.Before(s.At) {
		return contradict(ErrSequence, "", "written %s, after entry %d of %s", e.At, s.Seq, s.At)
	}
	if c, ok := e.Body.(Checkpoint); ok {
		if err := b.compare(c); err != nil {
			return err
		}
	}
	s.Seq, s.At = e.Seq, e.At
	switch body := e.Body.(type) {
	case Start:
		b.start(body)
	case Slot:
		return b.slot(body)
	case Decision:
		b.decision(body)
	case Intent:
		return b.intent(e, body)
	case Answer:
		return b.answer(e, body)
	case Bind:
		return b.bind(body)
	case Absent:
		return b.absent(body)
	case Fill:
		return b.fill(e, body)
	case Final:
		return b.final(body)
	case Cancel:
		return b.change(body.Intent, func(o *Order) error { o.Cancels++; return nil })
	case Snapshot:
		b.snapshot(body)
	case Opening:
		return b.opening(body)
	case External:
		return b.external(body)
	case Mismatch:
		if s.Mismatches = put(s.Mismatches, body.Symbol, body); body.Resolved {
			delete(s.Mismatches, body.Symbol)
		}
	case Mark:
		b.raise(owner{body.Strategy, body.Symbol}, body.Price)
	case State:
		return b.state(body)
	case Operator:
		return b.operator(e, body)
	case Rules:
		s.Rules = body
	}
	return nil
}

// compare demands that the checkpoint carries this very book.
func (b *Book) compare(c Checkpoint) error {
	if c.Version != bookVersion {
		return nil
	}
	own, err := b.MarshalJSON()
	if err != nil {
		return err
	}
	if !bytes.Equal(own, c.Book) {
		return contradict(ErrBook, "", "the checkpoint is not the fold of the entries before it")
	}
	return nil
}

func (b *Book) start(st Start) {
	s := &b.s
	s.Start = st
	for id, o := range s.Orders {
		if o.Phase == PhaseSending {
			next := *o
			next.Phase = PhaseUnknown
			s.Orders = put(s.Orders, id, &next)
		}
	}
	if s.State.Mode == ModeActive {
		s.State = State{Mode: ModeReconciling, Reason: "start", By: "daemon"}
	}
	b.turn(st.Date)
}

// turn begins a new trade date: the counts of the old one end, and what is final and explained of the past goes.
func (b *Book) turn(date market.Date) {
	s := &b.s
	if date <= s.Date {
		return
	}
	s.Date, s.Realised = date, decimal.Zero
	alive := map[market.Date]bool{date: true}
	for _, o := range s.Orders {
		if o.Phase != PhaseFinal {
			alive[o.Intent.Date] = true
		}
	}
	gone := func(key string) bool {
		for d := range alive {
			if strings.HasPrefix(key, d.Compact()+"/") {
				return false
			}
		}
		return true
	}
	s.Orders = without(s.Orders, func(_ string, o *Order) bool { return !alive[o.Intent.Date] })
	s.Bound = without(s.Bound, func(key, _ string) bool { return gone(key) })
	s.Foreign = without(s.Foreign, func(key string, _ bool) bool { return gone(key) })
	s.External = without(s.External, func(key string, _ broker.Row) bool { return gone(key) })
	s.Openings = without(s.Openings, func(d market.Date, _ []string) bool { return !alive[d] })
}

func (b *Book) slot(sl Slot) error {
	last, ok := b.s.Slots[sl.Job]
	if ok && last.Due.Equal(sl.Due) {
		return contradict(ErrRepeated, sl.Job, "slot %s already ended %s", sl.Due, last.Outcome)
	}
	if !ok || sl.Due.After(last.Due) {
		b.s.Slots = put(b.s.Slots, sl.Job, sl)
	}
	return nil
}

func (b *Book) decision(d Decision) {
	if s := &b.s; d.Due.After(s.Due) {
		s.Due, s.Decisions = d.Due, 1
	} else if d.Due.Equal(s.Due) {
		s.Decisions++
	}
	b.turn(market.DateOf(d.Due))
	b.raise(owner{d.Strategy, d.Symbol}, d.Price)
	b.revise(d.Strategy, d.Revision+"@"+b.s.Start.Revision, market.DateOf(d.Due))
}

// revise counts the dates on which a strategy decided as it is now. Another revision of it, or of the program, begins anew.
func (b *Book) revise(strategy, key string, date market.Date) {
	r, known := b.s.Revisions[strategy]
	switch {
	case !known || r.Key != key:
		r = revision{Key: key, Date: date}
	case date > r.Date:
		r.Date, r.Sessions = date, r.Sessions+1
	default:
		return
	}
	b.s.Revisions = put(b.s.Revisions, strategy, r)
}

// raise keeps the highest price seen while held.
func (b *Book) raise(o owner, price decimal.Decimal) {
	if h, ok := b.s.Holdings[o]; ok && price.GreaterThan(h.High) {
		h.High = price
		b.s.Holdings = put(b.s.Holdings, o, h)
	}
}

func (b *Book) intent(e Entry, i Intent) error {
	b.turn(i.Date)
	if i.ID == "" || i.Order.Shares <= 0 {
		return contradict(ErrBook, i.ID, "an intent needs an id and shares")
	}
	if b.s.Orders[i.ID] != nil {
		return contradict(ErrRepeated, i.ID, "the intent is written already")
	}
	i.Passed = nil // nothing follows from it, and the entry has it
	b.s.Orders = put(b.s.Orders, i.ID, &Order{Intent: i, Sent: e.At, Phase: PhaseSending})
	return nil
}

// change replaces an order by what step makes of a copy.
func (b *Book) change(intent string, step func(*Order) error) error {
	o := b.s.Orders[intent]
	if o == nil {
		return contradict(ErrNoIntent, intent, "no such order in the book")
	}
	next := *o
	if err := step(&next); err != nil {
		return err
	}
	b.s.Orders = put(b.s.Orders, intent, &next)
	return nil
}

func (b *Book) answer(e Entry, a Answer) error {
	return b.change(a.Intent, func(o *Order) error {
		if o.Phase != PhaseSending {
			return contradict(ErrRepeated, a.Intent, "answered %s, but the order is %s", a.Outcome, o.Phase)
		}
		o.Answered, o.Outcome, o.Code, o.Text = e.At, a.Outcome, a.Code, a.Text
		s := &b.s
		switch a.Outcome {
		case Accepted:
			s.Unknowns = 0
			return b.take(o, a.ID)
		case Rejected:
			s.Unknowns = 0
			b.rejected(o.Intent.Strategy, true)
			o.Phase, o.End = PhaseFinal, string(Rejected)
		case Unsent:
			o.Phase, o.End = PhaseFinal, string(Unsent)
		case Unknown:
			s.Unknowns++
			o.Phase = PhaseUnknown
		default:
			return contradict(ErrPhase, a.Intent, "outcome %q", a.Outcome)
		}
		return nil
	})
}

// rejected counts a strategy's rejections in a row.
func (b *Book) rejected(strategy string, again bool) {
	n := 0
	if again {
		n = b.s.Rejections[strategy] + 1
	}
	if b.s.Rejections[strategy] != n {
		b.s.Rejections = put(b.s.Rejections, strategy, n)
	}
	if n == 0 {
		b.s.Rejections = without(b.s.Rejections, func(k string, _ int) bool { return k == strategy })
	}
}

// release gives back a number that turned out to be another order's. Of an order that has filled nothing, for a fill would
// have been booked on it.
func (b *Book) release(o *Order) {
	key := o.ID.Key()
	b.s.Bound = without(b.s.Bound, func(k, _ string) bool { return k == key })
	o.ID = broker.OrderID{}
}

// take makes the broker's order the intent's own, if it can be.
func (b *Book) take(o *Order, id broker.OrderID) error {
	key, intent := id.Key(), o.Intent.ID
	other, bound := b.s.Bound[key]
	before := func(n string) bool { return broker.OrderID{Date: id.Date, Number: n}.Key() == key }
	switch {
	case id.Number == "":
		return contradict(ErrNumber, intent, "no order number")
	case id.Date != o.Intent.Date:
		return contradict(ErrNumber, intent, "order %s is not of trade date %s", key, o.Intent.Date)
	case bound:
		return contradict(ErrNumber, intent, "order %s belongs to %s", key, other)
	case b.s.Foreign[key]:
		return contradict(ErrNumber, intent, "order %s was marked as not ours", key)
	case slices.ContainsFunc(o.Intent.Baseline.Numbers, before):
		return contradict(ErrNumber, intent, "order %s was there before the intent", key)
	}
	if row, ok := b.s.External[key]; ok { // its fills will come again as ours
		b.s.Unowned = put(b.s.Unowned, row.Symbol, b.s.Unowned[row.Symbol]-signed(row))
		b.s.External = without(b.s.External, func(k string, _ broker.Row) bool { return k == key })
	}
	b.s.Bound = put(b.s.Bound, key, intent)
	o.Phase, o.ID, o.End = PhaseOpen, id, ""
	o.Intent.Baseline.Numbers = nil // it has done its part, and a busy day's would not fit into a checkpoint
	return nil
}

func (b *Book) bind(bd Bind) error {
	return b.change(bd.Intent, func(o *Order) error {
		switch {
		case o.Phase == PhaseOpen && o.ID.Key() == bd.ID.Key():
			return nil
		case o.Phase == PhaseFinal && (o.ID.Number != "" || bd.By == ByReconcile):
			return contradict(ErrFinal, bd.Intent, "bind to %s after %s", bd.ID.Key(), o.End)
		case o.Phase == PhaseOpen && o.Filled == 0: // the broker's answer named another's
			b.release(o)
		case o.Phase == PhaseOpen, o.Phase == PhaseSending:
			return contradict(ErrPhase, bd.Intent, "bind to %s while %s", bd.ID.Key(), o.Phase)
		}
		return b.take(o, bd.ID)
	})
}

func (b *Book) absent(a Absent) error {
	return b.change(a.Intent, func(o *Order) error {
		switch {
		case o.Phase == PhaseFinal:
			return contradict(ErrFinal, a.Intent, "absent after %s", o.End)
		case o.Phase == PhaseOpen && o.Filled == 0 && a.Final && a.By != ByReconcile: // a person's word that the answer named another's
			b.release(o)
		case o.Phase != PhaseUnknown && o.Phase != PhaseAbsent:
			return contradict(ErrPhase, a.Intent, "absent while %s", o.Phase)
		}
		o.Phase, o.Reads = PhaseAbsent, a.Reads
		if a.Final {
			o.Phase, o.End = PhaseFinal, "not_placed"
		}
		return nil
	})
}

func (b *Book) final(f Final) error {
	return b.change(f.Intent, func(o *Order) error {
		switch {
		case o.Phase == PhaseFinal:
			return contradict(ErrFinal, f.Intent, "%s after %s", f.State, o.End)
		case o.Phase != PhaseOpen:
			return contradict(ErrPhase, f.Intent, "%s while %s", f.State, o.Phase)
		case f.State == "":
			return contradict(ErrPhase, f.Intent, "final without a state")
		case f.Filled != o.Filled:
			return contradict(ErrFill, f.Intent, "%s with %d shares, but %d are booked", f.State, f.Filled, o.Filled)
		}
		o.Phase, o.End = PhaseFinal, f.State
		b.rejected(o.Intent.Strategy, f.State == string(Rejected))
		return nil
	})
}

func (b *Book) fill(e Entry, f Fill) error {
	b.turn(f.Date)
	return b.change(f.Intent, func(o *Order) error {
		want := o.Intent.Order
		switch {
		case o.ID.Number == "":
			return contradict(ErrPhase, f.Intent, "fill of an order that is %s", o.Phase)
		case f.ID.Key() != o.ID.Key() || f.Strategy != o.Intent.Strategy || f.Symbol != want.Symbol || f.Side != want.Side:
			return contradict(ErrFill, f.Intent, "%s %s %s for %s is another order's", f.Side, f.Symbol, f.ID.Key(), f.Strategy)
		case f.Shares == o.Filled && f.Value.Equal(o.Value) && f.Fee.Equal(o.Fee) && f.Tax.Equal(o.Tax):
			return nil
		case o.Phase == PhaseFinal:
			return contradict(ErrFinal, f.Intent, "fill of %d shares after %s", f.Shares, o.End)
		case f.Shares < o.Filled || f.Value.LessThan(o.Value):
			return contradict(ErrFill, f.Intent, "falls from %d shares, %s won to %d, %s", o.Filled, o.Value, f.Shares, f.Value)
		case f.Shares > want.Shares:
			return contradict(ErrFill, f.Intent, "%d of %d shares", f.Shares, want.Shares)
		case f.Shares > o.Filled && !f.Value.GreaterThan(o.Value):
			return contradict(ErrFill, f.Intent, "%d shares more for nothing", f.Shares-o.Filled)
		}
		profit := o.Fee.Add(o.Tax).Sub(f.Fee).Sub(f.Tax)
		profit = profit.Add(b.move(e, f, f.Shares-o.Filled, f.Value.Sub(o.Value)))
		if f.Date == b.s.Date {
			b.s.Realised = b.s.Realised.Add(profit)
		}
		b.rejected(o.Intent.Strategy, false)
		o.Filled, o.Value, o.Fee, o.Tax = f.Shares, f.Value, f.Fee, f.Tax
		return nil
	})
}

// move books a fill's growth in the strategy's lots and returns the profit it realised before costs. A sale beyond the
// lots is taken from what no strategy owns: it happened, and the sum must stay right.
func (b *Book) move(e Entry, f Fill, shares int64, value decimal.Decimal) decimal.Decimal {
	own := owner{f.Strategy, f.Symbol}
	h := b.s.Holdings[own]
	if f.Side == broker.Sell {
		lots, taken, cost := consume(h.Lots, shares)
		b.hold(own, holding{Lots: lots, High: h.High})
		b.s.Exits = put(b.s.Exits, own, e.At)
		if rest := shares - taken; rest > 0 {
			b.s.Unowned = put(b.s.Unowned, f.Symbol, b.s.Unowned[f.Symbol]-rest)
		}
		return value.Sub(cost)
	}
	lots := slices.Clone(h.Lots)
	i := slices.IndexFunc(lots, func(l Lot) bool { return l.Intent == f.Intent })
	switch {
	case i >= 0:
		lots[i].Shares += shares
		lots[i].Value = lots[i].Value.Add(value)
	case shares > 0:
		lots = append(lots, Lot{Intent: f.Intent, Date: f.Date, Shares: shares, Value: value})
	default: // a dearer value for shares already sold
		return value.Neg()
	}
	b.hold(own, holding{Lots: lots, High: h.High})
	if shares > 0 {
		b.raise(own, value.DivRound(decimal.NewFromInt(shares), 8))
	}
	return decimal.Zero
}

// hold replaces a strategy's lots; without lots it holds nothing.
func (b *Book) hold(o owner, h holding) {
	if b.s.Holdings = put(b.s.Holdings, o, h); len(h.Lots) == 0 {
		delete(b.s.Holdings, o)
	}
}

// consume takes shares from the oldest lots and tells what they had cost; part of a lot costs its share of the lot's
// value, rounded to 8 decimals.
func consume(lots []Lot, shares int64) (rest []Lot, taken int64, cost decimal.Decimal) {
	for _, l := range lots {
		n := min(l.Shares, shares-taken)
		if n == l.Shares {
			taken, cost = taken+n, cost.Add(l.Value)
			continue
		}
		part := l.Value.Mul(decimal.NewFromInt(n)).DivRound(decimal.NewFromInt(l.Shares), 8)
		l.Shares, l.Value = l.Shares-n, l.Value.Sub(part)
		taken, cost = taken+n, cost.Add(part)
		rest = append(rest, l)
	}
	return rest, taken, cost
}

func (b *Book) snapshot(sn Snapshot) {
	s := &b.s
	if s.Account == nil {
		for _, h := range sn.Account.Holdings {
			s.Unowned = put(s.Unowned, h.Symbol, s.Unowned[h.Symbol]+h.Shares-b.Expected(h.Symbol))
		}
	}
	s.Account = &sn.Account
}

func (b *Book) opening(o Opening) error {
	b.turn(o.Date)
	if _, ok := b.s.Openings[o.Date]; ok {
		return contradict(ErrRepeated, o.Date.String(), "the opening list is written already")
	}
	b.s.Openings = put(b.s.Openings, o.Date, o.Numbers)
	return nil
}

func (b *Book) external(x External) error {
	s, key := &b.s, x.Row.ID.Key()
	if intent, ok := s.Bound[key]; ok {
		return contradict(ErrNumber, key, "the order belongs to %s", intent)
	}
	s.Unowned = put(s.Unowned, x.Row.Symbol, s.Unowned[x.Row.Symbol]+signed(x.Row)-signed(s.External[key]))
	s.External = put(s.External, key, x.Row)
	return nil
}

// signed is how many shares the row's fills brought to the account.
func signed(r broker.Row) int64 {
	if r.Side == broker.Sell {
		return -r.Filled
	}
	return r.Filled
}

func (b *Book) state(st State) error {
	s := &b.s
	switch st.Mode {
	case ModeReconciling, ModeActive, ModeReduceOnly, ModeHalted:
		if s.State.Mode == ModeKilled && !s.Armed {
			return contradict(ErrKilled, string(st.Mode), "a person must arm first")
		}
	case ModeKilled:
		s.Armed = false
	default:
		return contradict(ErrBook, string(st.Mode), "no such mode")
	}
	s.State = st
	return nil
}

func (b *Book) operator(e Entry, op Operator) error {
	s, own := &b.s, owner{op.Strategy, op.Symbol}
	h := s.Holdings[own]
	bad := func(what string) error { return contradict(ErrBook, op.Act+" "+string(op.Symbol), "%s", what) }
	switch op.Act {
	case "arm":
		if op.Strategy != "" {
			b.rejected(op.Strategy, false)
			break
		}
		s.Armed = true
	case "promote":
		r, decided := s.Revisions[op.Strategy]
		if !decided {
			return bad("strategy " + op.Strategy + " has decided nothing yet")
		}
		r.Proven = true
		s.Revisions = put(s.Revisions, op.Strategy, r)
	case "override", "ack":
	case "foreign":
		id := broker.OrderID{Date: op.Date, Number: op.Number}
		if op.Number == "" || op.Date == 0 {
			return bad("want the order's number and date")
		}
		if intent, ok := s.Bound[id.Key()]; ok {
			return contradict(ErrNumber, id.Key(), "the order belongs to %s", intent)
		}
		s.Foreign = put(s.Foreign, id.Key(), true)
	case "adopt":
		if op.Strategy == "" || op.Shares <= 0 || op.Price.Sign() <= 0 || op.Shares > s.Unowned[op.Symbol] {
			return bad(fmt.Sprintf("%d shares at %s, while no strategy owns %d", op.Shares, op.Price, s.Unowned[op.Symbol]))
		}
		lot := Lot{Date: dateOr(op.Date, e), Shares: op.Shares, Value: op.Price.Mul(decimal.NewFromInt(op.Shares))}
		b.hold(own, holding{Lots: append(slices.Clone(h.Lots), lot), High: h.High})
		b.raise(own, op.Price)
		s.Unowned = put(s.Unowned, op.Symbol, s.Unowned[op.Symbol]-op.Shares)
	case "release":
		if op.Shares <= 0 || op.Shares > h.shares() {
			return bad(fmt.Sprintf("%d shares of the %d that %s holds", op.Shares, h.shares(), op.Strategy))
		}
		lots, _, _ := consume(h.Lots, op.Shares)
		b.hold(own, holding{Lots: lots, High: h.High})
		s.Unowned = put(s.Unowned, op.Symbol, s.Unowned[op.Symbol]+op.Shares)
	case "adjust":
		return b.adjust(e, op)
	default:
		return bad("no such act")
	}
	return nil
}

// adjust sets what a strategy, or no strategy, holds of a symbol.
func (b *Book) adjust(e Entry, op Operator) error {
	own := owner{op.Strategy, op.Symbol}
	if op.Symbol == "" || op.Shares < 0 || op.Strategy != "" && op.Shares > 0 && op.Price.Sign() <= 0 {
		return contradict(ErrBook, "adjust "+string(op.Symbol), "%d shares at %s", op.Shares, op.Price)
	}
	if op.Strategy == "" {
		b.s.Unowned = put(b.s.Unowned, op.Symbol, op.Shares)
		return nil
	}
	h, held := b.s.Holdings[own]
	if op.Shares == 0 {
		b.hold(own, holding{})
		return nil
	}
	lot := Lot{Date: dateOr(op.Date, e), Shares: op.Shares, Value: op.Price.Mul(decimal.NewFromInt(op.Shares))}
	high := op.Price
	if held {
		old := h.position()
		lot.Date = old.Since
		if old.AveragePrice.Sign() > 0 {
			high = decimal.Max(op.Price, h.High.Mul(op.Price).DivRound(old.AveragePrice, 8))
		}
	}
	b.hold(own, holding{Lots: []Lot{lot}, High: high})
	return nil
}

// dateOr is the date a person gave, else the entry's own.
func dateOr(d market.Date, e Entry) market.Date {
	if d != 0 {
		return d
	}
	return market.DateOf(e.At)
}

func put[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	next := make(map[K]V, len(m)+1)
	maps.Copy(next, m)
	next[k] = v
	return next
}

func without[K comparable, V any](m map[K]V, gone func(K, V) bool) map[K]V {
	next := maps.Clone(m)
	maps.DeleteFunc(next, gone)
	return next
}
