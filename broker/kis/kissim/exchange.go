package kissim

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker/paper"
	"maemae/market"
)

// collecting is how long before the open orders for the opening auction are taken (08:30–09:00), and the day begins.
const collecting = 30 * time.Minute

// phase is the part of the day the market is in.
type phase int

const (
	holiday    phase = iota // no session on this date
	early                   // before orders are taken
	opening                 // opening auction: orders are taken, the open is their single price
	continuous              // 09:00–15:20
	closing                 // closing auction: the close is the single price
	late                    // after the close
)

// exchange is the market and its accounts at one moment. It is not safe for several goroutines: the server has the lock.
type exchange struct {
	cal      *market.Calendar
	feed     *feed
	costs    market.Costs
	at       time.Time
	session  market.Session // the last one that has begun
	accounts map[string]*account
	orders   []*order // of all sessions, in order of acceptance
	number   int      // of the session's last order
}

// account is one account number and its ledger.
type account struct {
	noOrders bool
	book     *paper.Book
	before   int64 // worth at the close of the session before
}

func won(n int64) decimal.Decimal { return decimal.NewFromInt(n) }

// newExchange opens the market at a moment: in the session that has last begun by then.
func newExchange(f *feed, cal *market.Calendar, costs market.Costs, start time.Time) (*exchange, error) {
	x := &exchange{cal: cal, feed: f, costs: costs, at: start, accounts: map[string]*account{}}
	date := market.DateOf(start)
	s, err := x.on(date)
	if err != nil || start.Before(s.Open.Add(-collecting)) {
		if f.end != 0 {
			date = min(date, f.end.Add(1))
		}
		s, err = cal.PreviousSession(date)
	}
	if err != nil {
		return nil, fmt.Errorf("market at %s: %w", rfc(start), err)
	}
	return x, x.begin(s)
}

// on is the session of a date. After the end of the data there is none.
func (x *exchange) on(d market.Date) (market.Session, error) {
	if x.feed.end != 0 && d > x.feed.end {
		return market.Session{}, &market.ClosedError{Date: d, Reason: "after the end of the data"}
	}
	return x.cal.Session(d)
}

// open adds an account.
func (x *exchange) open(number string, cash decimal.Decimal, noOrders bool) error {
	a := &account{noOrders: noOrders, book: paper.NewBook(cash, x.costs), before: cash.IntPart()}
	x.accounts[number] = a
	return x.beginBook(a)
}

// begin starts a session: settlement, order numbers from 1.
func (x *exchange) begin(s market.Session) error {
	worth := map[*account]int64{}
	for _, a := range x.accounts {
		worth[a] = x.worth(a)
	}
	x.session, x.number = s, 0
	for _, a := range x.accounts {
		a.before = worth[a]
		if err := x.beginBook(a); err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) beginBook(a *account) error {
	next, err := x.cal.NextSession(x.session.Date)
	if err != nil {
		return err
	}
	settle, err := x.cal.NextSession(next.Date)
	if err != nil {
		return err
	}
	return a.book.BeginSession(x.session.Date, next.Date, settle.Date)
}

// worth is the D+2 cash and the holdings at last prices.
func (x *exchange) worth(a *account) int64 {
	sum := a.book.Cash().IntPart()
	for _, h := range a.book.Holdings() {
		sum += h.Shares * x.quote(x.feed.issues[h.Symbol]).price
	}
	return sum
}

// phase is where in the day the market stands.
func (x *exchange) phase() phase {
	s := x.session
	if today := market.DateOf(x.at); today != s.Date {
		if _, err := x.on(today); err != nil {
			return holiday
		}
		return early
	}
	switch {
	case x.at.Before(s.Open):
		return opening
	case s.Continuous(x.at):
		return continuous
	case s.Contains(x.at):
		return closing
	}
	return late
}

// next is the market's next moment: a border between phases, or an order that fills. It is zero where the calendar ends.
func (x *exchange) next() time.Time {
	next := x.border()
	for _, o := range x.orders[x.today():] {
		if at := o.happens(); at.After(x.at) && at.Before(next) {
			next = at
		}
	}
	return next
}

func (x *exchange) border() time.Time {
	s := x.session
	for _, m := range []time.Time{s.Open, s.Auction(), s.Close} {
		if m.After(x.at) {
			return m
		}
	}
	n, more := x.following()
	if !more {
		return time.Time{}
	}
	return n.Open.Add(-collecting)
}

// following is the next session, if there is one: the data must reach it, and the calendar two sessions beyond it,
// because the ledger settles then.
func (x *exchange) following() (market.Session, bool) {
	n, err := x.cal.NextSession(x.session.Date)
	if err != nil {
		return n, false
	}
	_, err = x.cal.AddSessions(n.Date, 2)
	return n, err == nil && (x.feed.end == 0 || n.Date <= x.feed.end)
}

// over tells whether a moment is on a date after the last session.
func (x *exchange) over(t time.Time) bool {
	_, last, _ := x.cal.Range()
	return market.DateOf(t) > max(cmp.Or(x.feed.end, last), market.DateOf(x.at))
}

// today is the index of the session's first order.
func (x *exchange) today() int {
	n, _ := slices.BinarySearchFunc(x.orders, x.session.Date, func(o *order, d market.Date) int { return cmp.Compare(o.date, d) })
	return n
}

// advance moves the market to a moment, one event after another.
func (x *exchange) advance(to time.Time) error {
	for x.at.Before(to) {
		next := x.next()
		if next.IsZero() || next.After(to) {
			x.at = to
			return nil
		}
		x.at = next
		if err := x.happen(); err != nil {
			return fmt.Errorf("market at %s: %w", rfc(x.at), err)
		}
	}
	return nil
}

// happen does what is due at this moment.
func (x *exchange) happen() error {
	if today := market.DateOf(x.at); today != x.session.Date {
		s, err := x.on(today)
		if err != nil {
			return err
		}
		return x.begin(s)
	}
	for _, o := range x.orders[x.today():] {
		if err := x.match(o); err != nil {
			return err
		}
	}
	return nil
}
