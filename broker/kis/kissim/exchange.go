package kissim

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
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
	number   string // 8 digits, a dash, 2 digits
	noOrders bool
	book     *paper.Book
	before   int64 // worth at the close of the session before
}

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
	told      time.Time // of the last fill or cancellation
}

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
	return o.shares - o.filled - o.cancelled
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
	a := &account{number: number, noOrders: noOrders, book: paper.NewBook(cash, x.costs), before: cash.IntPart()}
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
		if o.rest() > 0 && o.due.After(x.at) && o.due.Before(next) {
			next = o.due
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

// match fills an order whose moment has come, and cancels what nothing can fill any more.
func (x *exchange) match(o *order) error {
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

// day is the session's bar of an issue; false when it has none (its data has not begun, or is over).
func (x *exchange) day(i *issue) (bar, bool) {
	bars := i.known(x.session.Date)
	if n := len(bars); n > 0 && bars[n-1].date == x.session.Date {
		return bars[n-1], true
	}
	return bar{}, false
}

// find is the issue of a symbol; nil if it is not listed by now.
func (x *exchange) find(s market.Symbol) *issue {
	i := x.feed.issues[s]
	if i == nil || len(i.known(x.session.Date)) == 0 {
		return nil
	}
	return i
}

// quote is what the exchange shows of an issue: the session that has last begun, as far as it has gone.
type quote struct {
	*issue
	bar                // so far; without prices and volume before the open and on a halted day
	before       bar   // the session before
	price        int64 // of the last trade
	base         int64
	lower, upper int64
	ask, bid     int64 // zero where nobody stands
	locked       int   // +1 all day at the upper limit, -1 at the lower
	suspended    bool
}

// quote needs an issue that is listed by now.
func (x *exchange) quote(i *issue) quote {
	q := quote{issue: i, bar: bar{date: x.session.Date}}
	bars := i.known(x.session.Date)
	day := bars[len(bars)-1]
	if traded := day.date == x.session.Date; !traded {
		q.before, day = day, q.bar
	} else if len(bars) > 1 {
		q.before = bars[len(bars)-2]
	}
	q.suspended = day.halted()
	q.base = cmp.Or(q.before.close, day.open, day.close)
	q.price = q.base
	q.lower, q.upper = i.limits(q.base, day)
	if q.suspended {
		return q
	}
	if day.high == day.low && day.low == q.upper {
		q.locked = 1
	} else if day.high == day.low && day.low == q.lower {
		q.locked = -1
	}
	if x.at.Before(x.session.Open) {
		return q
	}
	q.bar = newPath(day, i.grid(day.date), x.session).sofar(x.second(x.at))
	q.price = q.bar.close
	q.ask = min(q.price+i.grid(day.date).tick(q.price), q.upper)
	q.bid = q.price
	switch q.locked {
	case 1:
		q.ask = 0
	case -1:
		q.ask, q.bid = q.price, 0
	}
	return q
}

// bars are an issue's sessions, oldest first, today's as far as it has gone.
func (x *exchange) bars(i *issue) []bar {
	bars := i.known(x.session.Date)
	n := len(bars)
	if n == 0 || bars[n-1].date != x.session.Date {
		return bars
	}
	if x.at.Before(x.session.Open) {
		return bars[:n-1]
	}
	if bars[n-1].halted() {
		return bars
	}
	return append(slices.Clone(bars[:n-1]), x.quote(i).bar)
}
