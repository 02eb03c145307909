package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
)

const (
	quarantine    = time.Minute // T_q: no order of the account this long after an unknown outcome
	absentReads   = 3           // complete reads without a candidate before absence is presumed
	absentFinal   = 10 * time.Minute
	unknownsLimit = 3 // unknown outcomes in ten minutes that halt
)

var errStale = errors.New("the list does not hold an order that is known to exist: stale")

// past brings the book up to date: today's orders, those of earlier dates that were left open, and the account.
func (e *Engine) past(ctx context.Context, at time.Time) error {
	today := market.DateOf(at)
	for _, d := range e.openDates() {
		if d < today {
			if err := e.readDate(ctx, d, at); err != nil {
				return err
			}
		}
	}
	if err := e.readDate(ctx, today, at); err != nil {
		return err
	}
	if err := e.cancelDue(ctx, at); err != nil {
		return err
	}
	return e.readAccount(ctx)
}

func (e *Engine) openDates() []market.Date {
	var out []market.Date
	for _, o := range e.book().Working("") {
		if !slices.Contains(out, o.Intent.Date) {
			out = append(out, o.Intent.Date)
		}
	}
	return out
}

// readOrders brings today's orders, and those of every date that has open ones, up to date.
func (e *Engine) readOrders(ctx context.Context, at time.Time) error {
	_, err := e.orders(ctx, market.DateOf(at))
	return err
}

func (e *Engine) readDate(ctx context.Context, d market.Date, at time.Time) error {
	_, err := e.orders(ctx, d)
	return err
}

// orders reads one date's list completely and writes what follows from it.
func (e *Engine) orders(ctx context.Context, d market.Date) (broker.Orders, error) {
	list, err := e.Broker.Orders(ctx, d)
	if err != nil {
		return broker.Orders{}, fmt.Errorf("order list of %s: %w", d, err)
	}
	now := e.Now()
	entries, err := reconcile(e.book(), list, e.scene(d, now))
	if err != nil {
		return broker.Orders{}, fmt.Errorf("order list of %s: %w", d, err)
	}
	if err := e.write(entries...); err != nil {
		return broker.Orders{}, err
	}
	return list, nil
}

// scene is what reconcile must know besides book and list.
type scene struct {
	now       time.Time
	over      bool // the session of the list's date is over for good
	exclusive bool
	absence   map[string]absence
	fill      func(o journal.Order, row broker.Row) journal.Fill
}

func (e *Engine) scene(d market.Date, now time.Time) scene {
	s := scene{now: now, exclusive: e.Exclusive, absence: e.reads, fill: e.fill}
	if session, err := e.Calendar.Session(d); err != nil || now.After(session.Close.Add(absentFinal)) {
		s.over = err == nil || d < market.DateOf(now)
	}
	return s
}

// fill is the cumulative fill that a row shows, with our estimate of its costs.
func (e *Engine) fill(o journal.Order, row broker.Row) journal.Fill {
	f := journal.Fill{Intent: o.Intent.ID, ID: row.ID, Strategy: o.Intent.Strategy, Symbol: row.Symbol, Side: row.Side, Date: row.ID.Date, Shares: row.Filled, Value: row.Value, Fee: e.Costs.Fee(row.Value)}
	if row.Side == broker.Sell {
		settles := row.ID.Date
		if s, err := e.Calendar.AddSessions(row.ID.Date, 2); err == nil {
			settles = s.Date
		}
		f.Tax = e.Costs.Tax(row.Value, e.Instrument(row.Symbol), settles)
	}
	return f
}

// reconcile is what a complete list says about the book: pure but for the counts of absences, which it keeps in the
// scene. It invents nothing: an unknown intent is bound only to the one order that can be it.
func reconcile(b *journal.Book, list broker.Orders, s scene) ([]journal.Body, error) {
	if err := canary(b, list); err != nil {
		return nil, err
	}
	var out []journal.Body
	bound := map[string]bool{}
	for _, o := range b.Working("") {
		if o.Intent.Date != list.Date {
			continue
		}
		if o.Unresolved() {
			out = append(out, resolve(b, o, list, s, bound)...)
			continue
		}
		row, ok := list.Find(o.ID)
		if !ok {
			return nil, errStale
		}
		out = append(out, progress(o, row, s)...)
	}
	if _, opened := b.Opening(list.Date); !opened {
		return append(out, journal.Opening{Date: list.Date, Numbers: numbers(list)}), nil
	}
	return append(out, foreign(b, list, s, bound)...), nil
}

// canary: a list without an order that is known to exist is an old list.
func canary(b *journal.Book, list broker.Orders) error {
	have := map[string]bool{}
	for _, r := range list.Rows {
		have[r.ID.Key()] = true
	}
	for _, o := range b.Orders() {
		if o.ID.Number != "" && o.ID.Date == list.Date && !have[o.ID.Key()] {
			return fmt.Errorf("%w (%s)", errStale, o.ID.Number)
		}
	}
	return nil
}

// progress is what a bound order's row adds: more filled, or the end.
func progress(o journal.Order, row broker.Row, s scene) []journal.Body {
	var out []journal.Body
	if row.Filled > o.Filled {
		f := s.fill(o, row)
		f.Seen = s.now
		out = append(out, f)
	}
	state := ""
	switch {
	case row.Filled == row.Shares:
		state = "filled"
	case row.Rejected > 0:
		state = "rejected"
	case row.Remaining == 0 && row.Cancelled > 0:
		state = "cancelled"
	case row.Remaining == 0 || s.over:
		state = "expired"
	}
	if state != "" {
		out = append(out, journal.Final{Intent: o.Intent.ID, State: state, Filled: row.Filled})
	}
	return out
}

// resolve looks for the one order that an unknown intent can have become.
func resolve(b *journal.Book, o journal.Order, list broker.Orders, s scene, bound map[string]bool) []journal.Body {
	found, id, presumed := candidates(b, o.Intent, list), o.Intent.ID, o.Phase == journal.PhaseAbsent
	switch {
	case len(found) == 1:
		row := found[0]
		bound[row.ID.Key()] = true
		delete(s.absence, id)
		return append([]journal.Body{journal.Bind{Intent: id, ID: row.ID, By: journal.ByReconcile, Late: presumed}}, progress(o, row, s)...)
	case len(found) > 1:
		for _, r := range found {
			bound[r.ID.Key()] = true // they halt below, once
		}
		return halt(b, "two_candidates", fmt.Sprintf("%d orders of the broker can be %s; see maemae orders %s", len(found), id, id))
	}
	a := s.absence[id]
	if a.reads++; a.reads == 1 {
		a.first = s.now
	}
	s.absence[id] = a
	if s.over {
		return []journal.Body{journal.Absent{Intent: id, Reads: a.reads, Final: true, By: journal.ByReconcile}}
	}
	if !presumed && a.reads >= absentReads && s.now.Sub(o.Sent) >= quarantine {
		return []journal.Body{journal.Absent{Intent: id, Reads: a.reads, By: journal.ByReconcile}}
	}
	return nil
}

// candidates are the rows that can be the intent's order: equal in every field, not in its baseline, not bound.
func candidates(b *journal.Book, i journal.Intent, list broker.Orders) []broker.Row {
	var out []broker.Row
	for _, r := range list.Rows {
		o := i.Order
		if r.Original != "" || r.Symbol != o.Symbol || r.Side != o.Side || r.Shares != o.Shares || !sameType(r.Type, o.Type) || !r.Price.Equal(o.Price) {
			continue
		}
		if _, taken := b.Bound(r.ID); taken || contains(i.Baseline.Numbers, r.ID) {
			continue
		}
		out = append(out, r)
	}
	return out
}

// sameType compares an order's type with its row's. An environment without IOC lists it as the limit order it became.
func sameType(listed, wanted broker.Type) bool {
	return listed == wanted || listed == broker.Limit && wanted == broker.IOC
}

// foreign are orders that no intent explains.
func foreign(b *journal.Book, list broker.Orders, s scene, bound map[string]bool) []journal.Body {
	var out []journal.Body
	for _, r := range list.Rows {
		original := broker.OrderID{Date: r.ID.Date, Number: r.Original}
		if b.Explained(r.ID) || bound[r.ID.Key()] || r.Original != "" && b.Explained(original) {
			continue
		}
		if known, seen := b.External(r.ID); seen && known.Filled == r.Filled && known.Remaining == r.Remaining {
			continue
		}
		out = append(out, journal.External{Row: r})
	}
	if len(out) > 0 && s.exclusive {
		first := out[0].(journal.External).Row
		out = append(out, halt(b, "foreign_order", fmt.Sprintf("order %s (%s %d %s) is not ours and the account is exclusive", first.ID.Number, first.Side, first.Shares, first.Symbol))...)
	}
	return out
}

func halt(b *journal.Book, reason, detail string) []journal.Body {
	if m := b.State().Mode; m == journal.ModeHalted || m == journal.ModeKilled {
		return nil
	}
	return []journal.Body{journal.State{Mode: journal.ModeHalted, Reason: reason, Detail: detail, By: "daemon"}}
}

// afterUnknown halts when unknown outcomes pile up.
func (e *Engine) afterUnknown() error {
	if e.book().UnknownSince(e.Now().Add(-10*time.Minute)) >= unknownsLimit {
		return e.write(halt(e.book(), "unknown_outcomes", fmt.Sprintf("%d unknown outcomes in ten minutes", unknownsLimit))...)
	}
	return nil
}

// readAccount reads the balance, keeps it, and compares its holdings with the book.
func (e *Engine) readAccount(ctx context.Context) error {
	a, err := e.Broker.Account(ctx)
	if err != nil {
		return fmt.Errorf("account: %w", err)
	}
	entries := append([]journal.Body{journal.Snapshot{Account: a}}, e.compare(a)...)
	return e.write(entries...)
}

// compare holds the broker's balance against the book. One difference may be a fill that the list did not show yet;
// the same difference in two complete reads halts.
func (e *Engine) compare(a broker.Account) []journal.Body {
	b := e.book()
	if _, first := b.Account(); !first {
		return nil // the first snapshot is what was there before us
	}
	before := map[market.Symbol]journal.Mismatch{}
	symbols := map[market.Symbol]bool{}
	for _, m := range b.Mismatches() {
		before[m.Symbol], symbols[m.Symbol] = m, true
	}
	for _, h := range b.Holdings() {
		symbols[h.Symbol] = true
	}
	for _, h := range a.Holdings {
		symbols[h.Symbol] = true
	}
	var out []journal.Body
	for _, s := range slices.Sorted(maps.Keys(symbols)) {
		if len(b.Working(s)) > 0 {
			continue
		}
		now := journal.Mismatch{Symbol: s, Expected: b.Expected(s), Broker: a.Holding(s).Shares}
		was, differed := before[s]
		switch now.Resolved = now.Expected == now.Broker; {
		case now.Resolved && differed, !now.Resolved && was != now:
			out = append(out, now)
		case !now.Resolved:
			out = append(out, halt(b, "position_mismatch", fmt.Sprintf("%s: the broker holds %d shares, the book %d; maemae adopt, release or adjust settles it", s, now.Broker, now.Expected))...)
		}
	}
	return out
}
