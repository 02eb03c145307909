package risk

import (
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// Mode is what the daemon may do at all. Its words are the journal's.
type Mode string

const (
	Active      Mode = "active"
	ReduceOnly  Mode = "reduce_only" // exits only
	Reconciling Mode = "reconciling" // nothing yet
	Halted      Mode = "halted"      // nothing until a person resumes
	Killed      Mode = "killed"      // nothing until a person arms
)

// Request is the order that is wanted, and when.
type Request struct {
	Order    broker.Order
	Strategy string
	Exit     bool      // the order gives back lots of the strategy: limits let it pass. Only a sell can be one
	Due      time.Time // the moment the decision stands for
	Now      time.Time // the present, by the clock that stamped the reads of the View
	// AllowAuction lets market and limit orders reach into the closing auction.
	AllowAuction bool
	// Override is a person's word that this one order may pass the limits as far as the compiled-in ceilings.
	Override bool
	// Insist marks an exit that a missing, odd or far quote has held up long enough: as a limit order it may rely on
	// an older quote of the same session.
	Insist bool
}

// View is everything the gate may know. The zero value of each field is an answer that refuses, except where a number
// is truly nothing (no orders yet, nothing reserved).
type View struct {
	Mode     Mode
	Session  market.Session // of today; zero when the exchange is closed
	Agreed   bool           // nobody contradicts the calendar about today
	Clear    bool           // the account is not in quarantine after an order with an unknown outcome
	Resolved bool           // no order of ours in this symbol is sent and not final
	Matched  bool           // the broker's holding of this symbol is what the book expects

	ListAt     time.Time // when the complete order list was asked for
	Account    broker.Account
	Quote      market.Quote
	Instrument market.Instrument
	Power      broker.Power // a buy needs it, a sell does not
	Volume     int64        // shares the symbol trades on an average day of the last 20 sessions; a buy needs it where it is limited

	Book Book
}

// Book is what our own journal adds up to. Orders that are working or whose outcome is unknown count as filled in the
// worst direction.
type Book struct {
	At time.Time // when it was added up

	Held      int64           // shares in lots of the strategy in the symbol
	OpenSells int64           // shares in the symbol that unfinished sells may still sell
	Reserved  decimal.Decimal // won that unfinished buys hold back and Power does not know of yet

	SymbolValue    decimal.Decimal // won held and on order in the symbol, of all strategies
	StrategyValue  decimal.Decimal // won held and on order in all symbols, of the strategy
	TotalValue     decimal.Decimal // won held and on order in all symbols, of all strategies
	Traded         decimal.Decimal // won traded today and on order, buys and sells, of all strategies
	Positions      int             // symbols held or on order, of all strategies
	OrdersToday    int             // sent
	StrategyOrders int             // sent today, of the strategy
	OrdersInMinute int             // sent within the last minute
	Sessions       int             // before today's, in which the strategy decided as it is now
	Proven         bool            // a person promoted the strategy as it is now
	Rejections     int             // of the strategy's orders, in a row, since a person last armed it
	Loss           decimal.Decimal // won lost today, realised and unrealised; a gain is negative
	Priced         bool            // Loss rests on a price for every holding
	LastExit       time.Time       // of the strategy from the symbol; zero if never
	LastEntry      time.Time       // of the strategy into the symbol; zero if never

	// Of all strategies' orders in the symbol that were sent within ten minutes and filled: the last trade in won that the
	// first of them saw, and the average fill of one of them that is farthest from that. Zero when there is none.
	DriftFrom, DriftTo decimal.Decimal
}

// Gate holds the limits in force. It has no other state and may be used by several goroutines.
type Gate struct{ limits Limits }

// New refuses limits that are negative or above a ceiling, and a gate that could not judge a quote: without a collar or
// an age. Other limits may be missing; the orders that need them are then refused.
func New(l Limits) (*Gate, error) {
	var errs []error
	for _, e := range l.problems() {
		if !e.Missing || e.Limit == "collar" || e.Limit == "quote_age" || e.Limit == "list_age" || e.Limit == "account_age" {
			errs = append(errs, e)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &Gate{l}, nil
}

// Limits are the limits in force.
func (g *Gate) Limits() Limits { return g.limits }

// Farthest is the price on the tick, inside the day's limits, that is as far into the market as the collar allows: what
// a protected order carries, and with insist an exit that its quote has held up (Request.Insist), which is measured
// from the last trade alone. It is zero when the quote has no price to measure from.
func (g *Gate) Farthest(side broker.Side, q market.Quote, l market.Ladder, insist bool) decimal.Decimal {
	from := reference(side, q, insist)
	one := decimal.NewFromInt(1)
	switch {
	case from.Sign() <= 0:
		return decimal.Zero
	case side == broker.Buy:
		return decimal.Min(l.RoundDown(from.Mul(one.Add(g.limits.Collar))), q.Upper)
	}
	return decimal.Max(l.RoundUp(from.Mul(one.Sub(g.limits.Collar))), q.Lower)
}

// Check lets the order through every check in order, or returns the refusal of the first that says no. Passed are the
// checks before it with their numbers. The permit lasts until the first of the reads it rests on is too old, and not
// beyond the last moment for orders.
func (g *Gate) Check(r Request, v View) (broker.Permit, *Refusal, []Passed) {
	no, passed := judge(checks, g.limits, r, v)
	if no != nil {
		return broker.Permit{}, no, passed
	}
	return broker.NewPermit(r.Order, g.expiry(r, v)), nil, passed
}

// judge asks each check of the table in order, until one refuses that the order has to obey.
func judge(table []check, l Limits, r Request, v View) (*Refusal, []Passed) {
	passed := make([]Passed, 0, len(table))
	for _, c := range table {
		a := c.ask(l, r, v)
		waived := a.no && c.Limit && (exits(r) || r.Override && !c.ask(l.raised(), r, v).no)
		if a.no && !waived {
			return &Refusal{Code: c.Name, Wanted: a.wanted, Allowed: a.allowed, Detail: a.detail, Limit: c.Limit, Wait: a.wait}, passed
		}
		if a.wanted != "" || waived {
			passed = append(passed, Passed{Code: c.Name, Wanted: a.wanted, Allowed: a.allowed, Waived: waived})
		}
	}
	return nil, passed
}

func exits(r Request) bool { return r.Exit && r.Order.Side == broker.Sell }

func (g *Gate) expiry(r Request, v View) time.Time {
	_, until := Window(v.Session, r.Order.Type, r.AllowAuction)
	for _, t := range []time.Time{v.ListAt.Add(g.limits.ListAge), v.Account.At.Add(g.limits.AccountAge)} {
		until = earlier(until, t)
	}
	if !insists(r) {
		until = earlier(until, v.Quote.At.Add(g.limits.QuoteAge))
	}
	if r.Order.Side == broker.Buy {
		until = earlier(until, v.Power.At.Add(g.limits.AccountAge))
	}
	return until
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

const (
	afterOpen     = time.Minute      // the opening auction's prices are still settling
	beforeAuction = 30 * time.Second // an order must reach the exchange before continuous trading ends
	beforeClose   = time.Minute      // with AllowAuction
)

// Window is when orders may be sent in the session: from a minute after the open to half a minute before the closing
// auction; with allowAuction, and for types the auction takes, to a minute before the close. Both ends belong to it.
func Window(s market.Session, t broker.Type, allowAuction bool) (from, until time.Time) {
	if allowAuction && t != broker.IOC {
		return s.Open.Add(afterOpen), s.Close.Add(-beforeClose)
	}
	return s.Open.Add(afterOpen), s.Auction().Add(-beforeAuction)
}
