package kissim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// The accounts of a simulator that nobody named one for, and the one that any key may use and that never has the right
// to order.
const (
	defaultAccount  = "50012345-01"
	noOrdersAccount = "50099999-01"
)

// Options make a simulator; the zero Options are a virtual one on a synthetic market.
type Options struct {
	Env  string // "virtual" (default) or "real": whose TR ids, codes, page sizes and limits
	Data string // folder of CSV files; empty: a synthetic market
	Raw  bool   // the CSV prices are as traded, not adjusted
	// Seed and Symbols make the synthetic market: 005930, 000660 and Symbols more.
	Seed    uint64
	Symbols int
	Start   time.Time // of the market's clock; zero: 10:00 of the last session in the data
	Clock   Clock     // Real (default) or Stepped
	Cash    decimal.Decimal
	Costs   market.Costs // zero: those of KIS
	// AppKey and AppSecret are the only good pair; both empty: any pair is good, and a made-up one is announced.
	AppKey, AppSecret string
	Account           string           // empty: 50012345-01
	NoOrders          []string         // further accounts without the right to order, besides 50099999-01
	Rate              int              // calls a second of one app key; 0: the environment's; below 0: no limit
	TokenEvery        time.Duration    // between two tokenP calls; 0: a minute; below 0: no limit
	Calendar          *market.Calendar // nil: KRX
}

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
	Code    string // msg_cd of the answer
	Number  string // ODNO of the answer; empty when none was given
}

// Server is a KIS host with a market and accounts of its own. Its methods may be used while it serves.
type Server struct {
	options     Options
	openKeys    bool
	routes      map[string]route
	intercept   func(c *call, serve func(*call) *reply) *reply // around every call: where a fault would come in
	mu          sync.Mutex                                     // guards everything below: one exchange, one moment
	clock       clock
	exchange    *exchange
	credentials map[string]*credential
	posts       []Post
	calls       int
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
	s, err := serve(o, f)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	s.openKeys = openKeys
	return s, nil
}

// serve opens the exchange and its accounts on a feed.
func serve(o Options, f *feed) (*Server, error) {
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
	s.intercept = func(c *call, serve func(*call) *reply) *reply { return serve(c) }
	s.credentials = map[string]*credential{o.AppKey: {secret: o.AppSecret, limiter: limiter{rate: s.rate()}}}
	return s, nil
}

// complete fills in what was left open and refuses what cannot be.
func (o Options) complete() (Options, bool, error) {
	o.Env = cmp.Or(o.Env, envVirtual)
	o.Clock = cmp.Or(o.Clock, Real)
	o.Account = cmp.Or(o.Account, defaultAccount)
	o.TokenEvery = cmp.Or(o.TokenEvery, tokenEvery)
	o.NoOrders = append([]string{noOrdersAccount}, o.NoOrders...)
	slices.Sort(o.NoOrders)
	o.NoOrders = slices.Compact(o.NoOrders)
	if o.Calendar == nil {
		o.Calendar = market.KRX()
	}
	if o.Costs == (market.Costs{}) {
		o.Costs = market.DefaultCosts()
	}
	if o.Cash.IsZero() {
		o.Cash = won(100_000_000)
	}
	openKeys := o.AppKey == "" && o.AppSecret == ""
	if openKeys {
		o.AppKey = madeUp(map[string]string{envVirtual: virtualKeyMark, envReal: "PSRL"}[o.Env], 36)
		o.AppSecret = madeUp("", 180)
	}
	switch {
	case o.Env != envReal && o.Env != envVirtual:
		return o, false, fmt.Errorf("env %q: want virtual or real", o.Env)
	case o.Clock != Real && o.Clock != Stepped:
		return o, false, fmt.Errorf("clock %q: want real or stepped", o.Clock)
	case o.AppKey == "" || o.AppSecret == "":
		return o, false, errors.New("app key and app secret are given together or not at all")
	case o.Cash.Sign() < 0 || !o.Cash.IsInteger() || o.Cash.GreaterThan(maxCash):
		return o, false, fmt.Errorf("cash %s: want whole won from 0 to %s", o.Cash, maxCash)
	}
	for _, a := range append([]string{o.Account}, o.NoOrders...) {
		if _, _, ok := splitAccount(a); !ok {
			return o, false, fmt.Errorf("account %q: want 8 digits, a dash and 2 digits such as %s", a, defaultAccount)
		}
	}
	return o, openKeys, nil
}

// maxCash keeps every sum of won far from the end of an int64.
var maxCash = decimal.New(1, 15)

func (o Options) feed() (*feed, time.Time, error) {
	if o.Data != "" {
		f, err := newCSV(o.Data, o.Raw)
		if err != nil {
			return nil, o.Start, err
		}
		if o.Start.IsZero() {
			o.Start = f.end.At(10, 0)
		}
		return f, o.Start, nil
	}
	if o.Start.IsZero() {
		o.Start = syntheticEnd.At(10, 0)
	}
	f, err := newSynthetic(o.Seed, o.Symbols, market.DateOf(o.Start), o.Calendar)
	return f, o.Start, err
}

func (s *Server) rate() int {
	switch {
	case s.options.Rate != 0:
		return s.options.Rate
	case s.options.Env == envReal:
		return realRate
	}
	return virtualRate
}

// splitAccount takes 50012345-01 apart.
func splitAccount(a string) (number, product string, ok bool) {
	number, product, ok = strings.Cut(a, "-")
	return number, product, ok && digits(number, 8) && digits(product, 2)
}

// loopback tells whether a peer is on this machine.
func loopback(peer string) bool {
	address, err := netip.ParseAddrPort(peer)
	return err == nil && address.Addr().Unmap().IsLoopback()
}

func digits(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789") == "" }

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

// catchUp moves the market to the present; the lock is held.
func (s *Server) catchUp() error { return s.exchange.advance(s.clock.now()) }

// moments are the market's present and next one.
func (s *Server) moments() (now, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.catchUp() == nil {
		next = s.exchange.next()
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

// OrderLog is every request to order-cash and order-rvsecncl in order of arrival, refused ones included.
func (s *Server) OrderLog() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posts)
}

// Handler serves KIS's paths, and to callers on this machine the clock: GET /sim/clock and POST /sim/advance.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "body too long or broken off", http.StatusRequestEntityTooLarge)
			return
		}
		c := newCall(r, body)
		if strings.HasPrefix(c.path, "/sim/") {
			s.serveClock(w, r, body)
			return
		}
		s.write(w, c, s.intercept(c, s.serve))
	})
}

// serve answers one call at the present moment.
func (s *Server) serve(c *call) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if err := s.catchUp(); err != nil {
		return failure(err)
	}
	a := s.answer(c)
	a.at, a.id = s.exchange.at, s.calls
	if s.routes[c.path].order {
		s.log(c, a)
	}
	return a
}

// log keeps an order POST and what became of it.
func (s *Server) log(c *call, a *reply) {
	sum := sha256.Sum256(c.body)
	p := Post{At: a.at, TR: c.header.Get("tr_id"), Digest: hex.EncodeToString(sum[:]), Code: a.code(), Number: a.number}
	if c.posted != nil {
		p.Account = c.posted["CANO"] + "-" + c.posted["ACNT_PRDT_CD"]
	}
	s.posts = append(s.posts, p)
}

// write sends an answer. The vendor's helper keeps only headers whose names are in lower case, so they are set as such.
func (s *Server) write(w http.ResponseWriter, c *call, a *reply) {
	body, err := json.Marshal(a.body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Date", a.at.UTC().Format(http.TimeFormat))
	h["tr_id"] = []string{c.header.Get("tr_id")}
	h["tr_cont"] = []string{a.continues}
	h["gt_uid"] = []string{fmt.Sprintf("%032x", a.id)}
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // a client that hung up wants no answer
}

// serveClock answers /sim/clock and /sim/advance.
func (s *Server) serveClock(w http.ResponseWriter, r *http.Request, body []byte) {
	status, problem := http.StatusOK, ""
	switch {
	case !loopback(r.RemoteAddr):
		status, problem = http.StatusForbidden, "the clock is for callers on this machine"
	case r.URL.Path == "/sim/clock" && r.Method == http.MethodGet:
	case r.URL.Path == "/sim/advance" && r.Method == http.MethodPost:
		var in struct {
			To time.Time `json:"to"`
		}
		if err := json.Unmarshal(body, &in); err != nil || in.To.IsZero() {
			status, problem = http.StatusBadRequest, `want {"to": "2006-01-02T15:04:05+09:00"}`
		} else if err := s.Advance(in.To); errors.Is(err, ErrOver) {
			status, problem = http.StatusGone, err.Error()
		} else if err != nil {
			status, problem = http.StatusConflict, err.Error()
		}
	default:
		status, problem = http.StatusNotFound, "want GET /sim/clock or POST /sim/advance"
	}
	now, next := s.moments()
	answer := map[string]string{"now": rfc(now), "next": rfc(next)}
	if problem != "" {
		answer = map[string]string{"error": problem}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a caller that hung up wants no answer
}
