package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
)

const (
	quarantine    = time.Minute // T_q: no order of the account this long after an unknown outcome
	absentReads   = 3           // complete reads without a candidate before absence is presumed
	absentFinal   = 10 * time.Minute
	unknownsLimit = 3               // unknown outcomes in ten minutes that halt
	unknownsRow   = 2               // in a row, when one more comes
	clockSlack    = 5 * time.Second // an order's time at the broker may be this much before we sent it
)

// doubt is a complete list that cannot be right about one order. It changes nothing; the same doubt in a later list
// halts.
type doubt struct {
	code  string
	of    string        // the order's number
	by    string        // the intent that has it
	what  string        // in words
	after time.Duration // between the first and the list that halts
	mend  *journal.Bind // what puts it right when it halts, if the list tells
}

func (d *doubt) Error() string { return d.what }

// past brings the book up to date: today's orders, those of earlier dates that were left open, and the account.
func (e *Engine) past(ctx context.Context, at time.Time) error {
	if err := e.readPast(ctx, at); err != nil {
		return e.adrift(err)
	}
	e.health.lost = time.Time{}
	if !e.begun {
		return nil
	}
	return e.activate("reconciled") // a resume whose reads failed ends here
}

func (e *Engine) readPast(ctx context.Context, at time.Time) error {
	today := market.DateOf(at)
	for _, d := range e.openDates() {
		if d < today {
			if err := e.readOrders(ctx, d); err != nil {
				return err
			}
		}
	}
	if err := e.readOrders(ctx, today); err != nil {
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

// readOrders brings the orders of a date up to date.
func (e *Engine) readOrders(ctx context.Context, d market.Date) error {
	_, err := e.orders(ctx, d)
	return err
}

// orders reads one date's list completely and writes what follows from it. A list that cannot be right comes with the error.
func (e *Engine) orders(ctx context.Context, d market.Date) (broker.Orders, error) {
	list, err := e.Broker.Orders(ctx, d)
	if err != nil {
		return broker.Orders{}, e.unread(fmt.Errorf("order list of %s: %w", d, err))
	}
	entries, err := reconcile(e.book(), list, e.scene(list))
	if err != nil {
		return list, e.unread(fmt.Errorf("order list of %s: %w", d, err))
	}
	if err := e.write(entries...); err != nil {
		return broker.Orders{}, err
	}
	return list, e.read()
}

// scene is what reconcile must know besides book and list.
type scene struct {
	now       time.Time
	over      bool // the session of the list's date is over for good
	exclusive bool
	channel   string // what the broker writes beside orders that came from us; empty where it tells nothing
	offset    func() time.Duration
	absence   map[string]absence
	fill      func(o journal.Order, row broker.Row) journal.Fill
}

func (e *Engine) scene(list broker.Orders) scene {
	s := scene{now: e.Now(), exclusive: e.Exclusive, channel: e.Channel, offset: e.Offset, absence: e.reads, fill: e.fill}
	if session, err := e.Calendar.Session(list.Date); err != nil || list.At.After(session.Close.Add(absentFinal)) {
		s.over = err == nil || list.Date < market.DateOf(list.At)
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
	rows, err := index(list)
	if err != nil {
		return nil, err
	}
	if err := trust(b, list, rows, s); err != nil {
		return nil, err
	}
	var out []journal.Body
	taken := map[string]bool{}
	for _, o := range b.Working("") {
		if o.Intent.Date != list.Date {
			continue
		}
		if o.Unresolved() {
			out = append(out, resolve(b, o, list, s, taken)...)
			continue
		}
		out = append(out, progress(o, rows[o.ID.Key()], s)...)
	}
	if _, opened := b.Opening(list.Date); !opened {
		out = append(out, journal.Opening{Date: list.Date, Numbers: numbers(list)})
	}
	return append(out, foreign(b, list, s, taken)...), nil
}

// index finds rows by number; a list with one number twice is no list.
func index(list broker.Orders) (map[string]broker.Row, error) {
	rows := make(map[string]broker.Row, len(list.Rows))
	for _, r := range list.Rows {
		if _, twice := rows[r.ID.Key()]; twice {
			return nil, fmt.Errorf("order %s is listed twice", r.ID.Number)
		}
		rows[r.ID.Key()] = r
	}
	return rows, nil
}

// trust holds the list against every order of its date that is known to exist: one that is missing makes it an old list,
// one that contradicts what was read before makes it a wrong one.
func trust(b *journal.Book, list broker.Orders, rows map[string]broker.Row, s scene) error {
	for _, o := range b.Orders() {
		if o.ID.Number == "" || o.ID.Date != list.Date {
			continue
		}
		row, listed := rows[o.ID.Key()]
		if !listed {
			return &doubt{code: reasonMissing, of: o.ID.Number, by: o.Intent.ID, what: fmt.Sprintf("stale: order %s of %s is known to exist and not in the list", o.ID.Number, o.Intent.ID), after: unreadableAfter}
		}
		if what := contradiction(o, row); what != "" {
			d := &doubt{code: "fill_conflict", of: o.ID.Number, by: o.Intent.ID, what: fmt.Sprintf("order %s of %s %s", o.ID.Number, o.Intent.ID, what)}
			if misread(o, row) {
				if ours, told := proven(candidates(b, o, list, s), s); told && len(ours) == 1 {
					d.code, d.mend = "order_number", &journal.Bind{Intent: o.Intent.ID, ID: ours[0].ID, By: journal.ByReconcile}
					d.what += ", which the broker's answer named; it is order " + ours[0].ID.Number
				}
			}
			return d
		}
	}
	return nil
}

// misread tells whether the row of an order that has filled nothing is another order's, so that the number which the
// broker's answer gave it may be wrong.
func misread(o journal.Order, r broker.Row) bool {
	return o.Phase == journal.PhaseOpen && o.Filled == 0 && another(o, r)
}

func another(o journal.Order, r broker.Row) bool {
	want := o.Intent.Order
	return r.Original != "" || r.Symbol != want.Symbol || r.Side != want.Side || r.Shares != want.Shares
}

// contradiction is what cannot be in the row of a known order, in words.
func contradiction(o journal.Order, r broker.Row) string {
	switch {
	case another(o, r):
		return fmt.Sprintf("is listed as %s %d %s", r.Side, r.Shares, r.Symbol)
	case r.Filled < o.Filled || r.Value.LessThan(o.Value):
		return fmt.Sprintf("fell from %d shares for %s won to %d for %s", o.Filled, o.Value, r.Filled, r.Value)
	case r.Filled > o.Filled && !r.Value.GreaterThan(o.Value):
		return fmt.Sprintf("filled %d shares more for nothing", r.Filled-o.Filled)
	case r.Filled+r.Remaining+r.Cancelled+r.Rejected != r.Shares:
		return fmt.Sprintf("does not add up: %d filled, %d remaining, %d cancelled and %d rejected of %d", r.Filled, r.Remaining, r.Cancelled, r.Rejected, r.Shares)
	case o.Phase == journal.PhaseFinal && r.Filled != o.Filled:
		return fmt.Sprintf("was %s with %d shares and now has %d", o.End, o.Filled, r.Filled)
	}
	return ""
}

// progress is what a bound order's row adds: more filled, or the end.
func progress(o journal.Order, row broker.Row, s scene) []journal.Body {
	var out []journal.Body
	if row.Filled > o.Filled || row.Value.GreaterThan(o.Value) {
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

// resolve looks for the one order that an unknown intent can have become. Where others trade the account too, only the
// broker's word that an order came from us makes it ours.
func resolve(b *journal.Book, o journal.Order, list broker.Orders, s scene, taken map[string]bool) []journal.Body {
	found, id := candidates(b, o, list, s), o.Intent.ID
	for _, r := range found {
		taken[r.ID.Key()] = true // what becomes of them is decided here
	}
	ours, told := proven(found, s)
	if !told {
		return halt(b, "unproven_order", fmt.Sprintf("%s may be %s or a person's order: the broker does not tell; maemae resolve %s", id, listed(found), id))
	}
	switch {
	case len(ours) > 1:
		return halt(b, "two_candidates", fmt.Sprintf("%s may be any of %s; maemae resolve %s", id, listed(ours), id))
	case len(ours) == 1:
		delete(s.absence, id)
		return bind(o, ours[0], journal.ByReconcile, s)
	}
	return absent(o, s)
}

// proven are the rows that are the daemon's own, by the broker's word where others trade the account too; false where
// the broker does not tell of each.
func proven(found []broker.Row, s scene) (ours []broker.Row, told bool) {
	if s.exclusive {
		return found, true
	}
	ours = slices.DeleteFunc(slices.Clone(found), func(r broker.Row) bool { return s.channel == "" || r.Channel != s.channel })
	return ours, !slices.ContainsFunc(found, func(r broker.Row) bool { return s.channel == "" || r.Channel == "" })
}

// bind ties the intent to the row and takes over what the row shows.
func bind(o journal.Order, row broker.Row, by string, s scene) []journal.Body {
	out := []journal.Body{journal.Bind{Intent: o.Intent.ID, ID: row.ID, By: by, Late: o.Phase == journal.PhaseAbsent}}
	return append(out, progress(o, row, s)...)
}

// absent is what a list without a candidate adds: nothing, the presumption, or, after the session, the end.
func absent(o journal.Order, s scene) []journal.Body {
	id := o.Intent.ID
	a := s.absence[id]
	if a.reads++; a.reads == 1 {
		a.first = s.now
	}
	s.absence[id] = a
	switch {
	case s.over:
		return []journal.Body{journal.Absent{Intent: id, Reads: a.reads, Final: true, By: journal.ByReconcile}}
	case o.Phase != journal.PhaseAbsent && a.reads >= absentReads && s.now.Sub(o.Sent) >= quarantine:
		return []journal.Body{journal.Absent{Intent: id, Reads: a.reads, By: journal.ByReconcile}}
	}
	return nil
}

func listed(rows []broker.Row) string {
	var out []string
	for _, r := range rows {
		out = append(out, r.ID.Number)
	}
	return strings.Join(out, ", ")
}

// candidates are the rows that can be the intent's order: equal in every field, not there before it, explained by nothing
// else, and not from a moment before it was sent.
func candidates(b *journal.Book, o journal.Order, list broker.Orders, s scene) []broker.Row {
	i, want := o.Intent, o.Intent.Order
	var out []broker.Row
	for _, r := range list.Rows {
		if r.Original != "" || r.Symbol != want.Symbol || r.Side != want.Side || r.Shares != want.Shares || !sameType(r.Type, want.Type) || !r.Price.Equal(want.Price) {
			continue
		}
		if b.Explained(r.ID) || contains(i.Baseline.Numbers, r.ID) || s.before(o, r) {
			continue
		}
		out = append(out, r)
	}
	return out
}

// before tells whether the row's own time, on the broker's clock, is too early for the intent. Without that clock, or
// without a time, it is not.
func (s scene) before(o journal.Order, r broker.Row) bool {
	if s.offset == nil || len(r.Time) != 6 {
		return false
	}
	at, err := time.ParseInLocation("20060102 150405", r.ID.Date.Compact()+" "+r.Time, market.KST)
	return err == nil && at.Before(o.Sent.Add(s.offset()).Add(-clockSlack))
}

// sameType compares an order's type with its row's. An environment without IOC lists it as the limit order it became.
func sameType(listed, wanted broker.Type) bool {
	return listed == wanted || listed == broker.Limit && wanted == broker.IOC
}

// foreign are orders that no intent owns; what they fill moves what no strategy owns. One that neither stood there at the
// day's opening nor is known to a person halts: in an exclusive account always, in a shared one if the broker says that
// it came from us.
func foreign(b *journal.Book, list broker.Orders, s scene, taken map[string]bool) []journal.Body {
	_, opened := b.Opening(list.Date)
	var out []journal.Body
	var strange *broker.Row
	for _, r := range list.Rows {
		if _, ours := b.Bound(r.ID); ours || taken[r.ID.Key()] || r.Original != "" && accounted(b, broker.OrderID{Date: r.ID.Date, Number: r.Original}) {
			continue
		}
		known, seen := b.External(r.ID)
		if seen && known.Filled == r.Filled && known.Remaining == r.Remaining {
			continue
		}
		out = append(out, journal.External{Row: r})
		if opened && !seen && !b.Explained(r.ID) && strange == nil && (s.exclusive || s.channel != "" && r.Channel == s.channel) {
			strange = &r
		}
	}
	if strange != nil {
		out = append(out, halt(b, "foreign_order", fmt.Sprintf("order %s (%s %d %s) is at the broker and no intent explains it", strange.ID.Number, strange.Side, strange.Shares, strange.Symbol))...)
	}
	return out
}

// accounted tells whether an order, ours or not, is known.
func accounted(b *journal.Book, id broker.OrderID) bool {
	_, seen := b.External(id)
	return seen || b.Explained(id)
}

// afterUnknown halts when unknown outcomes pile up, and looks for the order a few times: mostly it is there at once.
func (e *Engine) afterUnknown(ctx context.Context, i journal.Intent) error {
	if err := e.countUnknowns(unknownsRow); err != nil {
		return err
	}
	return e.follow(ctx, i, unknownPause)
}

// countUnknowns halts after too many unknown outcomes in ten minutes, those of a daemon that died while it sent included,
// or so many in a row.
func (e *Engine) countUnknowns(row int) error {
	b := e.book()
	if n := b.UnknownSince(e.Now().Add(-10 * time.Minute)); n >= unknownsLimit || b.Unknowns() >= row {
		return e.stop("unknown_outcomes", fmt.Sprintf("%d unknown outcomes in ten minutes, %d in a row", n, b.Unknowns()))
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
	if err := e.write(entries...); err != nil {
		return err
	}
	return e.weighLoss(a)
}

// compare holds the broker's balance against the book. A symbol that differs is not traded from then on. One difference
// may be a fill that the list did not show yet; the same in two complete reads halts, unless nobody traded the symbol
// today: then it was a split, a rights issue or a transfer, and only that symbol waits for a person.
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
		case !now.Resolved && e.traded(a.Holding(s)):
			out = append(out, halt(b, "position_mismatch", fmt.Sprintf("%s: the broker holds %d shares, the book %d; maemae adopt, release or adjust settles it", s, now.Broker, now.Expected))...)
		}
	}
	return out
}

// traded tells whether anybody traded the symbol on the account's date, as far as broker or book know.
func (e *Engine) traded(h broker.Holding) bool {
	if h.BoughtToday != 0 || h.SoldToday != 0 {
		return true
	}
	today := market.DateOf(e.Now())
	return slices.ContainsFunc(e.book().Orders(), func(o journal.Order) bool {
		return o.Intent.Order.Symbol == h.Symbol && o.Intent.Date == today
	})
}
