package kissim

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"maemae/broker"
	"maemae/market"
)

// Ready is what a simulator prints when it listens.
type Ready struct {
	Listening string `json:"listening"` // for the one who listens to fill in
	Env       string `json:"env"`
	AppKey    string `json:"app_key"`
	AppSecret string `json:"app_secret"`
	Account   string `json:"account"`
	Time      string `json:"time"` // of the market, RFC 3339 in KST
}

// Post is one request for an order, cancellation or replacement, as it arrived.
type Post struct {
	At      time.Time // market time
	TR      string
	Account string
	Digest  string // SHA-256 of the body, hex
	Code    string // msg_cd of its execution; empty while it was not executed
	Number  string // ODNO of the order it made, whatever the answer said; empty when it made none
}

// Server is a KIS host with a market and accounts of its own. Its methods may be used while it serves.
type Server struct {
	options     Options
	openKeys    bool
	routes      map[string]route
	mu          sync.Mutex // guards everything below: one exchange, one moment
	clock       clock
	exchange    *exchange
	credentials map[string]*credential
	posts       []*Post
	calls       int

	faults []*line
	hits   []Hit
	said   map[string][]answer // kept answers of lists, by call
	later  []delayed           // calls still to be executed, soonest first
}

// New opens the market; nothing listens yet. An error names the option, or the file and line, that is wrong.
func New(o Options) (*Server, error) {
	o, openKeys, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	f, start, err := o.feed()
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	o.Start = start
	s, err := newServer(o, f)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	s.openKeys = openKeys
	return s, nil
}

// newServer opens the exchange and its accounts on a feed.
func newServer(o Options, f *feed) (*Server, error) {
	x, err := newExchange(f, o.Calendar.Extend(f.dates()), o.Costs, o.Start)
	if err != nil {
		return nil, err
	}
	for _, number := range append([]string{o.Account}, o.NoOrders...) {
		if err := x.open(number, o.Cash, slices.Contains(o.NoOrders, number)); err != nil {
			return nil, fmt.Errorf("account %s: %w", number, err)
		}
	}
	s := &Server{options: o, routes: routes(), exchange: x, clock: newClock(o.Clock, o.Start)}
	s.credentials = map[string]*credential{o.AppKey: {secret: o.AppSecret, limiter: limiter{rate: s.rate()}}}
	return s, s.SetFaults(o.Faults)
}

// Ready is what to print when the simulator listens; the address is the caller's to add.
func (s *Server) Ready() Ready {
	o := s.options
	return Ready{Env: o.Env, AppKey: o.AppKey, AppSecret: o.AppSecret, Account: o.Account, Time: rfc(s.Now())}
}

func rfc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(market.KST).Format(time.RFC3339)
}

// catchUp moves the market to the present, and executes the calls that were delayed until then; the lock is held.
func (s *Server) catchUp() error {
	now := s.clock.now()
	for len(s.later) > 0 && !s.later[0].at.After(now) {
		c := s.later[0]
		s.later = s.later[1:]
		if err := s.exchange.advance(c.at); err != nil {
			return err
		}
		s.execute(c.call)
	}
	return s.exchange.advance(now)
}

// moments are the market's present and next one.
func (s *Server) moments() (now, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.catchUp() == nil {
		next = s.exchange.next()
		if len(s.later) > 0 && s.later[0].at.Before(next) {
			next = s.later[0].at
		}
	}
	return s.exchange.at, next
}

// Now is the market's time.
func (s *Server) Now() time.Time {
	now, _ := s.moments()
	return now
}

// Next is the market's next moment: the start of order taking, open, closing auction or close of a session, or the
// fill of a resting order. It is zero where the calendar ends.
func (s *Server) Next() time.Time {
	_, next := s.moments()
	return next
}

// ErrBackwards says that the market's clock was asked to go back.
var ErrBackwards = errors.New("the market's clock does not go back")

// ErrOver says that the market has no further session: its data or the calendar end.
var ErrOver = errors.New("the market has no further session")

// Advance moves the market's clock to a moment; prices move and resting orders fill on the way. The error is
// ErrBackwards, or ErrOver beyond the date of the last session; the clock then stays where it was.
func (s *Server) Advance(to time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.clock.now(); to.Before(now) {
		return fmt.Errorf("advance to %s from %s: %w", rfc(to), rfc(now), ErrBackwards)
	}
	if s.exchange.over(to) {
		return fmt.Errorf("advance to %s: %w", rfc(to), ErrOver)
	}
	s.clock.set(to)
	return s.catchUp()
}

// Account is what the simulator itself knows of the first account: the truth that a client's reads are held against.
func (s *Server) Account() (broker.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.catchUp(); err != nil {
		return broker.Account{}, err
	}
	x := s.exchange
	b := x.accounts[s.options.Account].book
	a := broker.Account{At: x.at, Cash: b.Cash(), Deposit: b.Deposit(), Costs: b.TradedToday().Costs}
	for _, h := range b.Holdings() {
		q := x.quote(x.feed.issues[h.Symbol])
		value := won(q.price).Mul(won(h.Shares))
		a.Value = a.Value.Add(value)
		a.Holdings = append(a.Holdings, broker.Holding{
			Symbol: h.Symbol, Name: q.Name, Shares: h.Shares, Sellable: b.Sellable(h.Symbol), AveragePrice: h.AveragePrice(),
			Price: won(q.price), Value: value, BoughtToday: h.BoughtToday, SoldToday: h.SoldToday,
		})
	}
	a.Equity = a.Cash.Add(a.Value)
	return a, nil
}

// OrderLog is every request to order-cash and order-rvsecncl in order of arrival, refused and lost ones included.
func (s *Server) OrderLog() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := make([]Post, len(s.posts))
	for i, p := range s.posts {
		log[i] = *p
	}
	return log
}

// Orders are the first account's orders of a date as they truly are, in the order of their numbers; Channel is HTS for
// those that a fault entered for a person.
func (s *Server) Orders(d market.Date) ([]broker.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.catchUp(); err != nil {
		return nil, err
	}
	var rows []broker.Row
	for _, o := range s.exchange.orders {
		if o.date == d && o.account == s.exchange.accounts[s.options.Account] {
			rows = append(rows, s.row(o))
		}
	}
	return rows, nil
}

func (s *Server) row(o *order) broker.Row {
	r := broker.Row{ID: broker.OrderID{Date: o.date, Branch: s.branch(), Number: number(o.number)}, Symbol: o.issue.Symbol, Side: o.side,
		Type: o.noun().Type, TypeCode: o.kind, Shares: o.shares, Price: won(o.price), Filled: o.filled, Value: won(o.value),
		Remaining: o.rest(), Cancelled: o.cancelled, Rejected: o.rejected, Time: o.at.In(market.KST).Format("150405"), Channel: o.channel}
	if o.original > 0 {
		r.Original = number(o.original)
	}
	return r
}
