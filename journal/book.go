package journal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
	"maemae/strategy"
)

// Book is what the entries add up to: mode, positions by strategy, orders, and what the account should hold. It is
// pure and it never changes: Apply makes the next one, Journal.Book gives the newest. Orders that are final stay until
// a later trade date begins and every other order of their own date is final too.
type Book struct{ s state }

// bookVersion names the form of state in checkpoints.
const bookVersion = 4

// state is copied shallowly for every entry, so its maps, and what they point to, are replaced and never written to.
type state struct {
	Seq        int64                      `json:"seq"`
	At         time.Time                  `json:"at,omitzero"`
	Date       market.Date                `json:"date"` // newest trade date an entry spoke of
	Start      Start                      `json:"start"`
	State      State                      `json:"state"`
	Armed      bool                       `json:"armed"`
	Rules      Rules                      `json:"rules"`
	Account    *broker.Account            `json:"account,omitempty"`
	Unowned    map[market.Symbol]int64    `json:"unowned,omitempty"`
	Holdings   map[owner]holding          `json:"holdings,omitempty"`
	Orders     map[string]*Order          `json:"orders,omitempty"`
	Bound      map[string]string          `json:"bound,omitempty"` // OrderID.Key → intent
	Openings   map[market.Date][]string   `json:"openings,omitempty"`
	Foreign    map[string]bool            `json:"foreign,omitempty"`  // OrderID.Key
	External   map[string]broker.Row      `json:"external,omitempty"` // OrderID.Key
	Mismatches map[market.Symbol]Mismatch `json:"mismatches,omitempty"`
	Slots      map[string]Slot            `json:"slots,omitempty"`      // newest by job
	Exits      map[owner]time.Time        `json:"exits,omitempty"`      // newest fill of a sell
	Rejections map[string]int             `json:"rejections,omitempty"` // in a row, by strategy
	Revisions  map[string]revision        `json:"revisions,omitempty"`  // by strategy
	Unknowns   int                        `json:"unknowns"`             // in a row
	Realised   decimal.Decimal            `json:"realised"`             // of Date
	Due        time.Time                  `json:"due,omitzero"`         // newest of a decision
	Decisions  int                        `json:"decisions"`            // at Due
}

// revision is a strategy as it is decided with: its own and the program's revision.
type revision struct {
	Key      string      `json:"key"`
	Date     market.Date `json:"date"`     // newest it decided on
	Sessions int         `json:"sessions"` // dates before it, since it is as it is
	Proven   bool        `json:"proven"`   // a person promoted it
}

// owner is a strategy in a symbol.
type owner struct {
	Strategy string
	Symbol   market.Symbol
}

func (o owner) MarshalText() ([]byte, error) { return []byte(string(o.Symbol) + " " + o.Strategy), nil }

func (o *owner) UnmarshalText(text []byte) error {
	symbol, strategy, ok := strings.Cut(string(text), " ")
	if !ok {
		return fmt.Errorf("owner %q: want a symbol and a strategy", text)
	}
	o.Symbol, o.Strategy = market.Symbol(symbol), strategy
	return nil
}

// Lot is shares bought by one intent and not yet sold. Value is what they cost in won, without fees.
type Lot struct {
	Intent string          `json:"intent,omitempty"` // empty for shares a person gave
	Date   market.Date     `json:"date"`
	Shares int64           `json:"shares"`
	Value  decimal.Decimal `json:"value"`
}

type holding struct {
	Lots []Lot           `json:"lots"` // oldest first
	High decimal.Decimal `json:"high"`
}

// Phase is where an intent stands.
type Phase string

const (
	PhaseSending Phase = "sending" // committed, not answered
	PhaseUnknown Phase = "unknown" // no clear answer, or the daemon stopped before one; may exist at the broker
	PhaseAbsent  Phase = "absent"  // presumed absent; its symbol stays blocked
	PhaseOpen    Phase = "open"    // the broker has it under a number
	PhaseFinal   Phase = "final"
)

// Order is an intent and what became of it. Intent lacks what its entry alone has: the checks it passed, and its baseline once
// it is bound.
type Order struct {
	Intent   Intent          `json:"intent"`
	Sent     time.Time       `json:"sent"` // when the intent was written
	Phase    Phase           `json:"phase"`
	Answered time.Time       `json:"answered,omitzero"`
	Outcome  Outcome         `json:"outcome,omitempty"` // of the POST; empty while none is known
	Code     string          `json:"code,omitempty"`
	Text     string          `json:"text,omitempty"`
	ID       broker.OrderID  `json:"id,omitzero"` // zero until bound
	Filled   int64           `json:"filled"`
	Value    decimal.Decimal `json:"value"`
	Fee      decimal.Decimal `json:"fee"`
	Tax      decimal.Decimal `json:"tax"`
	Reads    int             `json:"reads,omitempty"`   // complete reads without a candidate
	Cancels  int             `json:"cancels,omitempty"` // cancellations asked for
	End      string          `json:"end,omitempty"`     // how it became final: Final.State, rejected, unsent, not_placed
}

// Remaining is how many shares can still trade, or may: 0 once final.
func (o Order) Remaining() int64 {
	if o.Phase == PhaseFinal {
		return 0
	}
	return o.Intent.Order.Shares - o.Filled
}

// Unresolved tells whether nobody knows yet if the broker has it.
func (o Order) Unresolved() bool {
	return o.Phase == PhaseSending || o.Phase == PhaseUnknown || o.Phase == PhaseAbsent
}

// Reserved is the won a buy still holds back: the part of Intent.Reserved that is not filled, rounded up to the won.
func (o Order) Reserved() decimal.Decimal {
	if o.Remaining() == 0 {
		return decimal.Zero
	}
	rest := o.Intent.Reserved.Mul(decimal.NewFromInt(o.Remaining()))
	return rest.DivRound(decimal.NewFromInt(o.Intent.Order.Shares), 8).RoundCeil(0)
}

// Holding is what one strategy holds of one symbol.
type Holding struct {
	Strategy string        `json:"strategy"`
	Symbol   market.Symbol `json:"symbol"`
	Lots     []Lot         `json:"lots"`
	strategy.Position
}

// Replay folds entries from the first on. Every prefix of a journal folds.
func Replay(entries iter.Seq2[Entry, error]) (*Book, error) {
	b := &Book{}
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		if err := b.apply(e); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Apply returns the book after the entry. The error is a *Contradiction when the entry cannot follow this book.
func (b *Book) Apply(e Entry) (*Book, error) {
	next := *b
	if err := next.apply(e); err != nil {
		return nil, err
	}
	return &next, nil
}

// MarshalJSON writes everything the book holds; equal books give equal text.
func (b *Book) MarshalJSON() ([]byte, error) { return json.Marshal(b.s) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (b *Book) UnmarshalJSON(text []byte) error { return strict(text, &b.s) }

// Seq is the number of the last entry folded, 0 for none.
func (b *Book) Seq() int64 { return b.s.Seq }

// Date is the newest trade date an entry spoke of; 0 for none.
func (b *Book) Date() market.Date { return b.s.Date }

// State is the mode with its reason. A start turns active into reconciling and leaves stricter modes as they are.
func (b *Book) State() State {
	if b.s.State.Mode == "" {
		return State{Mode: ModeReconciling, Reason: "start", By: "daemon"}
	}
	return b.s.State
}

// Armed tells whether a person armed since the directory began, or since the last kill.
func (b *Book) Armed() bool { return b.s.Armed }

// Start is the newest start.
func (b *Book) Start() Start { return b.s.Start }

// Rules is the strategy file in force.
func (b *Book) Rules() Rules { return b.s.Rules }

// Account is the newest snapshot of the account.
func (b *Book) Account() (a broker.Account, ok bool) {
	if b.s.Account == nil {
		return broker.Account{}, false
	}
	return *b.s.Account, true
}

// Position is what the strategy holds of the symbol; nil if nothing. AveragePrice rounds to 8 decimals. Sessions is 0:
// counting them takes a calendar.
func (b *Book) Position(strategy string, symbol market.Symbol) *strategy.Position {
	h, ok := b.s.Holdings[owner{strategy, symbol}]
	if !ok {
		return nil
	}
	return h.position()
}

// Holdings are all positions, by symbol and then strategy.
func (b *Book) Holdings() []Holding {
	var all []Holding
	for o, h := range b.s.Holdings {
		all = append(all, Holding{Strategy: o.Strategy, Symbol: o.Symbol, Lots: slices.Clone(h.Lots), Position: *h.position()})
	}
	slices.SortFunc(all, func(x, y Holding) int {
		return cmp.Or(cmp.Compare(x.Symbol, y.Symbol), cmp.Compare(x.Strategy, y.Strategy))
	})
	return all
}

// Unowned is what the account holds of the symbol and no strategy owns: the first snapshot's holding, moved since by
// external fills and by persons. Below zero, strategies sold what they did not own.
func (b *Book) Unowned(symbol market.Symbol) int64 { return b.s.Unowned[symbol] }

// Expected is what the broker should show of the symbol: all strategies' lots and Unowned.
func (b *Book) Expected(symbol market.Symbol) int64 {
	n := b.s.Unowned[symbol]
	for o, h := range b.s.Holdings {
		if o.Symbol == symbol {
			n += h.shares()
		}
	}
	return n
}

// Mismatches are the symbols whose holding was last seen to disagree, by symbol.
func (b *Book) Mismatches() []Mismatch {
	return slices.SortedFunc(maps.Values(b.s.Mismatches), func(x, y Mismatch) int { return cmp.Compare(x.Symbol, y.Symbol) })
}

// Order is the order of that intent.
func (b *Book) Order(intent string) (o Order, ok bool) {
	if p := b.s.Orders[intent]; p != nil {
		return *p, true
	}
	return Order{}, false
}

// Orders are all orders of Date, and of earlier dates where one is not final, in the order they were written.
func (b *Book) Orders() []Order {
	all := make([]Order, 0, len(b.s.Orders))
	for _, o := range b.s.Orders {
		all = append(all, *o)
	}
	slices.SortFunc(all, func(x, y Order) int { return cmp.Or(x.Sent.Compare(y.Sent), cmp.Compare(x.Intent.ID, y.Intent.ID)) })
	return all
}

// Working are the orders that are not final, of one symbol or, with "", of all.
func (b *Book) Working(symbol market.Symbol) []Order {
	return slices.DeleteFunc(b.Orders(), func(o Order) bool {
		return o.Phase == PhaseFinal || symbol != "" && o.Intent.Order.Symbol != symbol
	})
}

// Reserved is the won that working buys hold back.
func (b *Book) Reserved() decimal.Decimal {
	sum := decimal.Zero
	for _, o := range b.s.Orders {
		sum = sum.Add(o.Reserved())
	}
	return sum
}

// Bound is the intent that owns the broker's order.
func (b *Book) Bound(id broker.OrderID) (intent string, ok bool) {
	intent, ok = b.s.Bound[id.Key()]
	return intent, ok
}

// Explained tells whether an order in the broker's list has a reason: it is bound, was there at the day's opening, or a
// person took note of it.
func (b *Book) Explained(id broker.OrderID) bool {
	key := id.Key()
	if _, ok := b.s.Bound[key]; ok || b.s.Foreign[key] {
		return true
	}
	return slices.ContainsFunc(b.s.Openings[id.Date], func(n string) bool {
		return broker.OrderID{Date: id.Date, Number: n}.Key() == key
	})
}

// External is the order that no intent explains, as last written.
func (b *Book) External(id broker.OrderID) (broker.Row, bool) {
	r, ok := b.s.External[id.Key()]
	return r, ok
}

// Opening tells whether the first complete order list of the date is written, and what stood there.
func (b *Book) Opening(date market.Date) (numbers []string, ok bool) {
	numbers, ok = b.s.Openings[date]
	return slices.Clone(numbers), ok
}

// Sent counts the intents of the date, of one strategy or, with "", of all; whatever became of them.
func (b *Book) Sent(date market.Date, strategy string) int {
	return b.count(func(o *Order) bool {
		return o.Intent.Date == date && (strategy == "" || o.Intent.Strategy == strategy)
	})
}

// SentSince counts the intents written at that moment or later.
func (b *Book) SentSince(t time.Time) int {
	return b.count(func(o *Order) bool { return !o.Sent.Before(t) })
}

// UnknownSince counts the orders whose outcome turned unknown at that moment or later: by the answer, or because the
// daemon stopped before one, which counts from when they were sent.
func (b *Book) UnknownSince(t time.Time) int {
	return b.count(func(o *Order) bool {
		return o.Outcome == Unknown && !o.Answered.Before(t) || o.Outcome == "" && o.Phase != PhaseSending && !o.Sent.Before(t)
	})
}

// Entered tells whether a buy of the strategy in the symbol has filled on the date.
func (b *Book) Entered(strategy string, symbol market.Symbol, date market.Date) bool {
	return b.count(func(o *Order) bool {
		i := o.Intent
		return i.Date == date && i.Strategy == strategy && i.Order.Symbol == symbol && i.Order.Side == broker.Buy && o.Filled > 0
	}) > 0
}

func (b *Book) count(is func(*Order) bool) (n int) {
	for _, o := range b.s.Orders {
		if is(o) {
			n++
		}
	}
	return n
}

// Rejections counts the strategy's orders that the broker or the exchange rejected, in a row, over all dates: a fill,
// another end and a person's arm begin anew.
func (b *Book) Rejections(strategy string) int { return b.s.Rejections[strategy] }

// Revision names what the strategy decides with, its own revision and the program's; tells on how many dates before the
// newest it decided with just that; and whether a person promoted it since. The name is empty before its first decision.
func (b *Book) Revision(strategy string) (name string, sessions int, proven bool) {
	r := b.s.Revisions[strategy]
	return r.Key, r.Sessions, r.Proven
}

// Unknowns counts unknown answers in a row, over all strategies and dates.
func (b *Book) Unknowns() int { return b.s.Unknowns }

// LastEntry is when the newest buy of the strategy in the symbol was sent that filled or still may; zero for none on
// the dates that Orders has.
func (b *Book) LastEntry(strategy string, symbol market.Symbol) (last time.Time) {
	for _, o := range b.s.Orders {
		i := o.Intent
		if i.Strategy == strategy && i.Order.Symbol == symbol && i.Order.Side == broker.Buy && (o.Phase != PhaseFinal || o.Filled > 0) && o.Sent.After(last) {
			last = o.Sent
		}
	}
	return last
}

// LastExit is when a sell of the strategy in the symbol last filled; zero if never.
func (b *Book) LastExit(strategy string, symbol market.Symbol) time.Time {
	return b.s.Exits[owner{strategy, symbol}]
}

// Realised is the profit in won of the date's fills: what sells brought above their lots' cost (oldest lot first), less
// fees and taxes of buys and sells. It is zero for another date than Date.
func (b *Book) Realised(date market.Date) decimal.Decimal {
	if date != b.s.Date {
		return decimal.Zero
	}
	return b.s.Realised
}

// Slot is the newest slot of the job.
func (b *Book) Slot(job string) (s Slot, ok bool) {
	s, ok = b.s.Slots[job]
	return s, ok
}

// Decisions counts the decisions written for that due moment; 0 once a later moment has some.
func (b *Book) Decisions(due time.Time) int {
	if !due.Equal(b.s.Due) {
		return 0
	}
	return b.s.Decisions
}

func (h holding) shares() (n int64) {
	for _, l := range h.Lots {
		n += l.Shares
	}
	return n
}

func (h holding) value() decimal.Decimal {
	sum := decimal.Zero
	for _, l := range h.Lots {
		sum = sum.Add(l.Value)
	}
	return sum
}

func (h holding) position() *strategy.Position {
	n := h.shares()
	return &strategy.Position{
		Shares: n, AveragePrice: h.value().DivRound(decimal.NewFromInt(n), 8), High: h.High, Since: h.Lots[0].Date,
	}
}
