package kissim

import (
	"fmt"
	"math"
	"time"

	"maemae/broker"
	"maemae/market"
)

// order is one row of the order list: an order, or the cancellation or replacement of another.
type order struct {
	account  *account
	date     market.Date
	number   int
	original int    // number of the order that this one cancels or replaces
	verb     string // verbCancel, verbReplace, or empty
	issue    *issue
	side     broker.Side
	kind     string // ORD_DVSN
	venue    string // EXCG_ID_DVSN_CD
	shares   int64
	price    int64 // 0 for a market order
	unit     int64 // won a share that a buy holds back
	at       time.Time

	due       time.Time // when it fills, as things stand; zero: never
	duePrice  int64
	filled    int64
	value     int64
	costs     int64
	cancelled int64
	rejected  int64
	told      time.Time // of the last fill, cancellation or rejection

	channel string        // who entered it: api or screen
	piece   int64         // at most so many shares fill at once; 0: all
	gap     time.Duration // between two pieces
	refusal time.Time     // when the exchange rejects what was accepted; zero: never
}

// Who enters an order (주문자사번).
const (
	api    = "OpnAPI"
	screen = "HTS"
)

const (
	verbCancel  = "cancel"
	verbReplace = "replace"
)

// The order types that the simulator executes.
const (
	kindLimit  = "00"
	kindMarket = "01"
	kindIOC    = "11"
)

func (o *order) id() string { return fmt.Sprintf("%s/%d", o.date.Compact(), o.number) }
func (o *order) rest() int64 {
	return o.shares - o.filled - o.cancelled - o.rejected
}

// noun is the order as the ledger knows it; shares are what is left of it.
func (o *order) noun() broker.Order {
	n := broker.Order{Symbol: o.issue.Symbol, Side: o.side, Type: broker.Limit, Shares: o.rest(), Price: won(o.price)}
	switch o.kind {
	case kindMarket:
		n.Type = broker.Market
	case kindIOC:
		n.Type = broker.IOC
	}
	return n
}

// happens is the next moment at which something happens to the order by itself; zero: none.
func (o *order) happens() time.Time {
	switch {
	case o.rest() == 0:
		return time.Time{}
	case o.refusal.IsZero() || !o.due.IsZero() && o.due.Before(o.refusal):
		return o.due
	}
	return o.refusal
}

// match fills or rejects an order whose moment has come, and cancels what nothing can fill any more.
func (x *exchange) match(o *order) error {
	if o.rest() > 0 && !o.refusal.IsZero() && !o.refusal.After(x.at) {
		o.rejected, o.told = o.rest(), x.at
		o.account.book.Release(o.id())
	}
	if o.rest() > 0 && !o.due.IsZero() && !o.due.After(x.at) {
		if err := x.fill(o); err != nil {
			return err
		}
	}
	if o.rest() > 0 && (o.kind == kindIOC || !x.at.Before(x.session.Close)) {
		o.cancelled, o.told = o.cancelled+o.rest(), x.at
		o.account.book.Release(o.id())
	}
	return nil
}

func (x *exchange) fill(o *order) error {
	book, shares := o.account.book, o.rest()
	if o.piece > 0 && o.piece < shares {
		shares, o.due = o.piece, x.at.Add(o.gap)
	}
	before := book.TradedToday().Costs
	if err := book.Fill(o.id(), shares, won(o.duePrice), o.issue.Instrument); err != nil {
		return err
	}
	o.filled += shares
	o.value += shares * o.duePrice
	o.costs += book.TradedToday().Costs.Sub(before).IntPart()
	o.told = x.at
	return nil
}

// accept enters an order that has passed every check but that of the account's means, and fills it if it can trade at
// once. The error is paper.ErrCash or paper.ErrShares when the account lacks the means.
func (x *exchange) accept(o *order) error {
	o.date, o.number, o.at = x.session.Date, x.number+1, x.at
	if o.verb == verbCancel {
		o.cancelled = o.shares
	} else if err := o.account.book.Reserve(o.id(), o.noun(), won(o.unit)); err != nil {
		return err
	}
	x.number++
	x.orders = append(x.orders, o)
	o.due, o.duePrice = x.plan(o)
	return x.match(o)
}

// reduce takes shares of the rest of an order away, for a cancellation or replacement.
func (x *exchange) reduce(o *order, shares int64) error {
	o.account.book.Release(o.id())
	o.cancelled += shares
	o.told = x.at
	if o.rest() == 0 {
		return nil
	}
	return o.account.book.Reserve(o.id(), o.noun(), won(o.unit))
}

// plan is when and at which price an order fills as it is accepted. Nothing after that changes it: the session's path
// is fixed, and no order moves the market.
func (x *exchange) plan(o *order) (time.Time, int64) {
	day, ok := x.day(o.issue)
	if !ok || day.halted() || blocked(o.side, x.quote(o.issue)) {
		return time.Time{}, 0
	}
	p := newPath(day, o.issue.grid(day.date), x.session)
	limit := o.price // 0 for a market order: as a sell it takes every price
	if o.kind == kindMarket && o.side == broker.Buy {
		limit = math.MaxInt64
	}
	from := x.second(o.at)
	if at, ok := p.touch(o.side, limit, max(from, 0)); ok {
		switch {
		case at == from && !o.at.Before(x.session.Open):
			return o.at, x.crossing(o, limit)
		case at == 0:
			return x.session.Open, p.open
		}
		return x.session.Open.Add(time.Duration(at) * time.Second), limit
	}
	if reaches(o.side, limit, p.close) {
		return x.session.Close, p.close
	}
	return time.Time{}, 0
}

// second is how far into the session a moment is; negative before the open.
func (x *exchange) second(t time.Time) int64 { return int64(t.Sub(x.session.Open) / time.Second) }

// crossing is the price of an order that trades as it arrives: the other side's best, but never beyond its limit.
func (x *exchange) crossing(o *order, limit int64) int64 {
	q := x.quote(o.issue)
	if o.side == broker.Buy {
		return min(limit, q.ask)
	}
	return max(limit, q.bid)
}

// blocked tells whether the day is locked at the limit that leaves this side without a partner.
func blocked(side broker.Side, q quote) bool {
	if q.locked == 0 {
		return false
	}
	return (q.locked > 0) == (side == broker.Buy)
}
