// Package broker is the port to whoever executes orders, and its nouns: order, fill, account, and the kinds of error.
// It knows nothing of rules, risk or the engine, and says nothing about how a broker is reached. Its two siblings are
// paper (ours) and kis; brokertest holds the promises both keep.
package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// Side is the direction of an order.
type Side string

const (
	Buy  Side = "buy"
	Sell Side = "sell"
)

// Type is how an order is priced.
type Type string

const (
	Market Type = "market" // at once, at whatever price (KIS 01 시장가)
	Limit  Type = "limit"  // at Price or better, rests for the session (KIS 00 지정가)
	IOC    Type = "ioc"    // at Price or better at once, the rest is cancelled (KIS 11 IOC 지정가)
)

// Order is what is wanted of the broker. Price is in won and zero for a market order.
type Order struct {
	Symbol market.Symbol   `json:"symbol"`
	Side   Side            `json:"side"`
	Type   Type            `json:"type"`
	Shares int64           `json:"shares"`
	Price  decimal.Decimal `json:"price"`
}

// String is the order in words, for logs and refusals.
func (o Order) String() string {
	if o.Type == Market {
		return fmt.Sprintf("%s %d %s at market", o.Side, o.Shares, o.Symbol)
	}
	return fmt.Sprintf("%s %d %s %s %s", o.Side, o.Shares, o.Symbol, o.Type, o.Price)
}

// Check refuses an order that no broker could mean.
func (o Order) Check() error {
	_, err := market.ParseSymbol(string(o.Symbol))
	switch {
	case err != nil:
		return err
	case o.Side != Buy && o.Side != Sell:
		return fmt.Errorf("order %s: side %q", o.Symbol, o.Side)
	case o.Shares <= 0:
		return fmt.Errorf("order %s: %d shares", o.Symbol, o.Shares)
	case o.Type == Market && !o.Price.IsZero():
		return fmt.Errorf("order %s: a market order carries no price", o.Symbol)
	case o.Type != Market && (o.Type != Limit && o.Type != IOC || o.Price.Sign() <= 0 || !o.Price.IsInteger()):
		return fmt.Errorf("order %s: type %q at price %s", o.Symbol, o.Type, o.Price)
	}
	return nil
}

// OrderID names an order at the broker: the trade date, the branch that numbered it (주문채번지점) and the number
// (주문번호, digits, kept as the broker wrote it). Numbers start again each day.
type OrderID struct {
	Date   market.Date `json:"date"`
	Branch string      `json:"branch,omitempty"`
	Number string      `json:"number"`
}

// Key compares equal for the same order however its number was padded.
func (id OrderID) Key() string {
	n := id.Number
	for len(n) > 1 && (n[0] == '0' || n[0] == ' ') {
		n = n[1:]
	}
	return id.Date.Compact() + "/" + n
}

// Receipt is the broker's word that it took an order. At is when the answer was received.
type Receipt struct {
	ID   OrderID   `json:"id"`
	At   time.Time `json:"at"`
	Code string    `json:"code,omitempty"` // the broker's own code
	Text string    `json:"text,omitempty"` // the broker's own words
}

// Row is one order of the day as the broker lists it. Filled and Value are cumulative; there is no list of single
// fills (KIS offers none). A cancellation is a row of its own that names the original in Original.
type Row struct {
	ID        OrderID         `json:"id"`
	Original  string          `json:"original,omitempty"` // number of the order that this row cancels or replaces
	Symbol    market.Symbol   `json:"symbol"`
	Side      Side            `json:"side"`
	Type      Type            `json:"type"` // empty when the broker's type is none of ours
	TypeCode  string          `json:"type_code,omitempty"`
	Shares    int64           `json:"shares"`
	Price     decimal.Decimal `json:"price"`
	Filled    int64           `json:"filled"`
	Value     decimal.Decimal `json:"value"` // won, of all fills so far, without costs
	Remaining int64           `json:"remaining"`
	Cancelled int64           `json:"cancelled"`
	Rejected  int64           `json:"rejected"`
	Time      string          `json:"time"`              // HHMMSS on the broker's clock
	Channel   string          `json:"channel,omitempty"` // who entered it, where the broker tells ("OpnAPI")
}

// Open tells whether the row can still trade.
func (r Row) Open() bool { return r.Remaining > 0 }

// Orders is a complete read of one trade date's orders: every page, or an error; never a part. At is when the first
// page was asked for, so that nothing placed before At and visible to the broker is missing.
type Orders struct {
	Date market.Date
	At   time.Time
	Rows []Row
}

// Find returns the row of that order.
func (o Orders) Find(id OrderID) (Row, bool) {
	for _, r := range o.Rows {
		if r.ID.Key() == id.Key() && r.Original == "" {
			return r, true
		}
	}
	return Row{}, false
}

// Holding is what the account holds of one symbol. Sellable is Shares less what open sells hold.
type Holding struct {
	Symbol       market.Symbol   `json:"symbol"`
	Name         string          `json:"name,omitempty"`
	Shares       int64           `json:"shares"`
	Sellable     int64           `json:"sellable"`
	AveragePrice decimal.Decimal `json:"average_price"` // won a share, without costs
	Price        decimal.Decimal `json:"price"`         // last price as the broker values it; zero before the open
	Value        decimal.Decimal `json:"value"`         // won
	BoughtToday  int64           `json:"bought_today"`
	SoldToday    int64           `json:"sold_today"`
}

// Account is a complete read of the balance: every page, or an error. Won.
type Account struct {
	At       time.Time       `json:"at"`
	Cash     decimal.Decimal `json:"cash"`    // D+2 deposit: after all fills so far and their costs (가수도정산금액)
	Deposit  decimal.Decimal `json:"deposit"` // settled deposit today (예수금); unmoved by today's fills
	Value    decimal.Decimal `json:"value"`   // of all holdings
	Equity   decimal.Decimal `json:"equity"`  // Cash + Value
	Costs    decimal.Decimal `json:"costs"`   // fees and taxes of today's fills
	Holdings []Holding       `json:"holdings"`
}

// Holding returns what is held of the symbol; the zero Holding if nothing.
func (a Account) Holding(s market.Symbol) Holding {
	for _, h := range a.Holdings {
		if h.Symbol == s {
			return h
		}
	}
	return Holding{Symbol: s}
}

// Power is what a buy of one symbol may use, without credit (미수없는매수금액, 미수없는매수수량). For a market order
// the broker reserves cash at the upper price limit, so Shares is fewer than Cash / price.
type Power struct {
	At        time.Time       `json:"at"`
	Symbol    market.Symbol   `json:"symbol"`
	Cash      decimal.Decimal `json:"cash"`
	Shares    int64           `json:"shares"`
	UnitPrice decimal.Decimal `json:"unit_price"` // the price the broker counted with
}

// Broker executes orders for one account. Every method returns within its context or the adapter's own deadline, and
// every error is an *Error. Reads are complete or fail; an error is never an empty list.
type Broker interface {
	// Account reads the balance.
	Account(ctx context.Context) (Account, error)
	// Power reads what a market buy of the symbol may use.
	Power(ctx context.Context, s market.Symbol) (Power, error)
	// Orders reads all orders of the trade date, cancellations and rejects included.
	Orders(ctx context.Context, d market.Date) (Orders, error)
	// Place sends the permitted order, at most once. A nil error means that the order exists; Refused, Busy,
	// Unauthorised and Unsent that it does not; Unclear that it may.
	Place(ctx context.Context, p Permit) (Receipt, error)
	// Cancel asks for the rest of an order to be cancelled. Repeating it is safe; the truth is in Orders.
	Cancel(ctx context.Context, id OrderID) error
}

// Kind says what an error means for the one who asked.
type Kind string

const (
	// Refused: the broker understood and said no. Final.
	Refused Kind = "refused"
	// Busy: turned away before it was looked at (rate limit). The request had no effect; it may be repeated later.
	Busy Kind = "busy"
	// Unauthorised: the key, token or account was not accepted. The request had no effect.
	Unauthorised Kind = "unauthorised"
	// Unsent: no connection was obtained; not a byte left. The request had no effect.
	Unsent Kind = "unsent"
	// Unclear: anything else. A read failed; an order or cancellation may or may not exist.
	Unclear Kind = "unclear"
)

// Error is what every broker returns: the operation, its kind, and the broker's own code and text where it gave any.
type Error struct {
	Op   string // "order-cash", "inquire-balance" …
	Kind Kind
	Code string // msg_cd, EGW00201 …
	Text string // msg1, trimmed
	Err  error  // the cause below, if any
}

func (e *Error) Error() string {
	s := e.Op + ": " + string(e.Kind)
	if e.Code != "" {
		s += " " + e.Code
	}
	if e.Text != "" {
		s += " " + e.Text
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of a broker error; Unclear for an error that is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Unclear
}

// Permit is an order that the risk gate let through; Place accepts nothing else. Only the gate makes one (a test over
// the tree holds NewPermit to the risk room), it is bound to its order, used once, and expires.
type Permit struct {
	order   Order
	expires time.Time
	used    *bool
	stopped func() error
}

// NewPermit is for the risk gate alone.
func NewPermit(o Order, expires time.Time) Permit {
	return Permit{order: o, expires: expires, used: new(bool)}
}

// Order shows what is permitted without using the permit up.
func (p Permit) Order() Order { return p.order }

// Unless returns the permit under one more condition: it ends as soon as stopped has an error to tell. Stopped is asked
// right before each POST of the order, so that a halt or kill that came while the broker was reached still counts.
func (p Permit) Unless(stopped func() error) Permit {
	p.stopped = stopped
	return p
}

// Use hands the order out once; a broker calls it right before it sends, with the present moment.
func (p Permit) Use(now time.Time) (Order, error) {
	if err := p.Stands(now); err != nil {
		return Order{}, err
	}
	if *p.used {
		return Order{}, &Error{Op: "place", Kind: Unsent, Text: "permit already used"}
	}
	*p.used = true
	return p.order, nil
}

// Stands tells whether the permit is still good, used or not: a broker asks it before it repeats a POST that was turned
// away unread.
func (p Permit) Stands(now time.Time) error {
	switch {
	case p.used == nil:
		return &Error{Op: "place", Kind: Unsent, Text: "no permit"}
	case now.After(p.expires):
		return &Error{Op: "place", Kind: Unsent, Text: "permit expired"}
	case p.stopped == nil:
		return nil
	}
	if err := p.stopped(); err != nil {
		return &Error{Op: "place", Kind: Unsent, Text: "stopped before it was sent", Err: err}
	}
	return nil
}
