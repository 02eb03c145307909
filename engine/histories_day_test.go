package engine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"maemae/broker/kis"
	"maemae/broker/kis/kissim"
	"maemae/engine"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

// day is one history while it runs: the simulator with its faults, and the lives of the daemon against it. The engine,
// the client with its codecs and the journal are those of the product; only the wire is a pipe and time is stepped.
type day struct {
	plan
	dir   string
	rules map[string][]*strategy.Strategy // by what all of them answer: buy, sell, hold
	hold  *strategy.File

	calendar *market.Calendar

	sim     *kissim.Server
	looks   int64 // at the clock, of engine, client and journal
	pipe    *pipe
	client  *kis.Client
	journal *journal.Journal
	path    string
	engine  *engine.Engine
	up      bool // Start has succeeded in this life

	counts  map[string]int // of the events at which a process can die, before it healed
	dying   bool           // dies at the next event
	apart   bool           // in goroutines of the engine's, where a death here cannot be told
	cutHead []byte         // the head as it was before the commit after which the process died
	refuse  int            // connections still to be refused
	dials   int            // before it healed
	acts    map[int]string // intent behind each order-cash request, by its place in the order log
	killed  bool
	healed  bool // nothing goes wrong any more
	lives   int
	posts   int
	calls   int
	asked   map[string]int // before it healed: calls by service
	broken  *violation
	story   []string
	fresh   []journal.Entry // not yet followed
	tell    bool
	ctx     context.Context

	decisions map[string]bool // written
	held      map[string]bool // strategies and symbols with an order refused for its quote
	met       map[string]bool // orders that no intent explains
	strange   string          // one of them that has not halted the daemon yet
	mode      journal.Mode    // in force at the entry being followed
	toll      *toll

	hits   []kissim.Hit   // before it healed
	events string         // at the end: hash of everything that happened
	end    string         // at the end: mode and reason
	ends   map[string]int // at the end: what became of the orders
}

// violation is an invariant that does not hold.
type violation struct{ id, what string }

func (v violation) String() string { return v.id + ": " + v.what }

// died is the end of a process.
type died struct{}

func (d *day) fail(id, format string, args ...any) {
	if d.broken == nil {
		d.broken = &violation{id, fmt.Sprintf(format, args...)}
		d.say("VIOLATION %s", d.broken)
	}
}

func (d *day) say(format string, args ...any) {
	if d.tell {
		d.story = append(d.story, d.sim.Now().Format("15:04:05.000")+" "+fmt.Sprintf(format, args...))
	}
}

// reach counts an event at which the process can die, and dies if the plan says so.
func (d *day) reach(point string) {
	if d.dying {
		d.dying = false
		panic(died{})
	}
	if d.planned(point) {
		d.say("dies at %s %d", point, d.counts[point])
		panic(died{})
	}
}

func (d *day) planned(point string) bool {
	if d.healed || d.apart {
		return false
	}
	d.counts[point]++
	return slices.Contains(d.crashes, crash{point, d.counts[point]})
}

// now is the clock of the engine and the client. Like a wall's it is never the same at two looks.
func (d *day) now() time.Time {
	if d.dying {
		d.reach("now")
	}
	d.looks++
	return d.moment()
}

// moment is the clock as it was last looked at.
func (d *day) moment() time.Time { return d.sim.Now().Add(time.Duration(d.looks) * time.Microsecond) }

// before is the journal's clock, which it asks when it is about to write.
func (d *day) before() time.Time {
	d.reach("append")
	if d.planned("commit") {
		d.say("dies after commit %d", d.counts["commit"])
		d.dying = true // and so it is at the next event, which comes before anything leaves
	}
	if d.planned("head") {
		d.say("dies after commit %d, the head behind", d.counts["head"])
		d.cutHead, _ = os.ReadFile(strings.TrimSuffix(d.path, ".db") + ".head") // there is one since Open
		d.dying = true
	}
	d.looks++
	return d.moment()
}

// observe is told of each call by the goroutine that made it.
func (d *day) observe(c kis.Call) {
	d.calls++
	d.say("  %s %d %s %s", c.Op, c.Status, c.Kind, c.Code)
	d.reach("answer")
}

// pause lets the market move on.
func (d *day) pause(ctx context.Context, wait time.Duration) error {
	d.advance(d.sim.Now().Add(wait))
	d.reach("pause")
	return ctx.Err()
}

// date is the market's.
func (d *day) date() market.Date { return market.DateOf(d.sim.Now()) }

func (d *day) advance(to time.Time) {
	if to.After(d.sim.Now()) {
		if err := d.sim.Advance(to); err != nil {
			d.fail("rig", "advance: %v", err)
		}
	}
}

// ServeHTTP stands before the simulator: it holds each order against the journal at the moment it arrives.
func (d *day) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !d.healed {
		d.asked[path.Base(r.URL.Path)]++
	}
	if strings.HasSuffix(r.URL.Path, "/order-cash") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		d.acts[len(d.sim.OrderLog())] = d.arrives(r, body)
		d.posts++
	}
	d.sim.Handler().ServeHTTP(w, r)
}

// world is what every history of a test shares.
type world struct {
	dir      string
	rules    map[string]*strategy.File
	calendar *market.Calendar
}

// run lives the plan and returns the day after its end.
func (w world) run(p plan, tell bool) (*day, error) {
	dir, err := os.MkdirTemp(w.dir, "day-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	d := &day{plan: p, dir: dir, tell: tell, ctx: context.Background(), counts: map[string]int{}, asked: map[string]int{}, acts: map[int]string{}, decisions: map[string]bool{}, held: map[string]bool{}, met: map[string]bool{}, toll: newToll(),
		rules: map[string][]*strategy.Strategy{}, hold: w.rules["hold"], calendar: w.calendar}
	for name, f := range w.rules {
		d.rules[name] = f.Strategies
	}
	if d.sim, err = kissim.New(kissim.Options{Data: filepath.Join(w.dir, fmt.Sprint("market-", p.market)), Clock: kissim.Stepped, Start: monday.At(8, 40), Rate: -1, Cash: won(20_000_000), Calendar: w.calendar}); err != nil {
		return nil, err
	}
	if err := d.sim.SetFaults(kissim.Script{Seed: p.seed, Faults: p.faults}); err != nil {
		return nil, err
	}
	d.pipe = newPipe(d)
	defer d.pipe.Close()
	defer d.leave()
	if err := d.boot(filepath.Join(dir, "life-0")); err != nil {
		return nil, err
	}
	d.steps = nil
	for n, s := range p.steps {
		d.step(s)
		for p.dense && d.broken == nil && d.struck()*len(p.steps) < atLeast*(n+1) && len(d.steps) < 4*len(p.steps) {
			d.step(more(p, len(d.steps), d.sim.Now()))
		}
	}
	d.dense = false // the plan now has every step that was taken
	if d.broken == nil {
		d.heal()
	}
	if d.broken == nil {
		d.conclude()
	}
	return d, nil
}

// step takes one, and remembers it.
func (d *day) step(s step) {
	if d.broken != nil {
		return
	}
	d.steps = append(d.steps, s)
	d.advance(s.at)
	d.advance(d.sim.Now().Add(time.Second)) // no two steps at one moment, however late the one before ended
	d.live(func() {
		d.reach("idle")
		d.do(s)
	})
}

// struck counts what went wrong so far: faults of calls, and deaths.
func (d *day) struck() int { return len(d.sim.Hits()) + d.lives - 1 }

// conclude sums the day up.
func (d *day) conclude() {
	b := d.journal.Book()
	d.toll.close(b)
	d.end, d.ends = string(b.State().Mode)+" "+b.State().Reason, map[string]int{}
	for _, o := range b.Orders() {
		d.ends[o.End]++
	}
	last := ""
	for e, err := range d.journal.Entries(d.ctx, journal.Query{Newest: true, Limit: 1}) {
		if err == nil {
			last = e.Hash
		}
	}
	hits, _ := json.Marshal(d.hits)          // of texts and numbers
	log, _ := json.Marshal(d.sim.OrderLog()) // likewise
	d.events = fmt.Sprintf("%x", sha256.Sum256([]byte(last+string(hits)+string(log))))
}

// boot starts a process on the state directory.
func (d *day) boot(dir string) (err error) {
	d.path, d.up, d.lives = filepath.Join(dir, "journal.db"), false, d.lives+1
	if d.journal, err = journal.Open(d.path, journal.Options{Now: d.before, OnAppend: func(e journal.Entry) { d.fresh = append(d.fresh, e) }}); err != nil {
		return err
	}
	ready := d.sim.Ready()
	account, err := kis.ParseAccount(ready.Account)
	if err != nil {
		return err
	}
	d.client, err = kis.New(kis.Options{Env: kis.Virtual, BaseURL: "http://127.0.0.1:1", AppKey: kis.Secret(ready.AppKey), AppSecret: kis.Secret(ready.AppSecret),
		Account: account, TokenDir: filepath.Join(d.dir, "app"), Limit: 1000, Now: d.now, Observe: d.observe, Dial: d.dial})
	if err != nil {
		return err
	}
	gate, err := risk.New(dayLimits())
	if err != nil {
		return err
	}
	d.engine, err = engine.New(engine.Config{Broker: d.client, Feed: mortal{feed{d.client}, d}, Journal: d.journal, Gate: gate, Calendar: d.calendar,
		Costs: market.DefaultCosts(), Instrument: market.Known, Now: d.now, Dispute: func(market.Session) string { return "" }, Exclusive: d.exclusive,
		Channel: d.channel, Offset: d.client.Offset, Killed: func() (string, bool) { return journal.Killed(filepath.Dir(d.path)) }, Pause: d.pause, Readers: 1})
	return err
}

// dayLimits are narrow enough to matter.
func dayLimits() risk.Limits {
	l := risk.Practice()
	l.OrdersPerDay, l.OrdersPerMinute, l.Duplicate = 24, 3, 2*time.Minute
	l.OrderValue, l.MarketOrderValue = won(3_000_000), won(2_500_000)
	return l
}

func (d *day) dial(ctx context.Context) (net.Conn, error) {
	if !d.healed {
		d.dials++
	}
	if d.dials == d.refused && !d.healed {
		return nil, errors.New("connection refused")
	}
	if d.refuse > 0 {
		d.refuse--
		return nil, errors.New("connection refused")
	}
	return d.pipe.dial(ctx)
}

// mortal is the feed, whose reads run in goroutines of the engine: a process that dies there dies at the next event of
// the engine's own.
type mortal struct {
	feed
	d *day
}

func (m mortal) Bars(ctx context.Context, s market.Symbol, n int, due time.Time) (bars strategy.Bars, forming bool, q market.Quote, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, is := r.(died); !is {
				panic(r)
			}
			m.d.dying, err = true, errors.New("dying")
		}
	}()
	rows, q, err := m.client.Daily(ctx, s, 20251230, market.DateOf(due))
	if err != nil {
		return bars, false, q, err
	}
	bars, err = strategy.BarsOf(rows)
	return bars, len(rows) > 0 && rows[len(rows)-1].Date == market.DateOf(due), q, err
}

// live does something that may be the end of the process, and then looks at the world. A dead process is started again
// on what was on the disk.
func (d *day) live(do func()) {
	if d.survives(do) {
		d.look()
		return
	}
	d.look()
	before, err := d.journal.Book().MarshalJSON()
	if err != nil {
		d.fail("rig", "%v", err)
		return
	}
	dir := filepath.Join(d.dir, fmt.Sprint("life-", d.lives))
	if err := d.copyState(dir); err != nil {
		d.fail("rig", "copy: %v", err)
		return
	}
	d.leave()
	d.dying, d.cutHead = false, nil
	if err := d.boot(dir); err != nil {
		d.fail("I-20", "the journal does not open again: %v", err)
		return
	}
	after, err := d.journal.Book().MarshalJSON()
	if err != nil || !bytes.Equal(before, after) {
		d.fail("I-20", "the book differs after a restart: %v\n%s\n%s", err, before, after)
	}
}

func (d *day) survives(do func()) (alive bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, is := r.(died); !is {
				panic(r)
			}
			alive = false
		}
	}()
	do()
	return !d.dying // what was to die at the next event dies idle
}

// copyState is what the disk holds at this moment.
func (d *day) copyState(to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	from := filepath.Dir(d.path)
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "-shm") || strings.HasSuffix(f.Name(), ".lock") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			return err
		}
		if strings.HasSuffix(f.Name(), ".head") && d.cutHead != nil {
			text = d.cutHead
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// leave lets go of a process's files.
func (d *day) leave() {
	_ = d.client.Close()  // it is dead
	_ = d.journal.Close() // and so is this
}

// do is one step of the daemon's life.
func (d *day) do(s step) {
	r := rand.New(rand.NewPCG(s.pick, d.seed))
	if !d.start() {
		return
	}
	if m := d.journal.Book().State().Mode; !d.written && (m == journal.ModeHalted && r.IntN(2) == 0 || m == journal.ModeKilled && r.IntN(8) == 0) {
		s.what = "operator" // who is called when the daemon halts
	}
	ctx, at := d.ctx, d.sim.Now()
	d.say("%s", s.what)
	var err error
	switch words := strings.Fields(s.what); words[0] {
	case "slot":
		if len(words) == 1 {
			d.slot(ctx, at, r)
		} else {
			d.wanted(ctx, at, words[1:])
		}
	case "settle":
		err = d.engine.Settle(ctx, at)
	case "watch":
		err = d.engine.Watch(ctx, at)
	case "account":
		err = d.engine.CheckAccount(ctx, at)
	case "halt":
		err = d.engine.Halt("operator", "a person", "uid 1000")
	case "kill":
		if r.IntN(3) == 0 {
			if err = d.kill(r.IntN(2) == 0); err == nil {
				d.killed = true
			}
		}
	case "dial":
		d.refuse = 1 + r.IntN(4)
	case "operator":
		err = d.attend(ctx)
	case "die":
		panic(died{})
	case "KILL":
		if err = d.kill(len(words) > 1); err == nil {
			d.killed = true
		}
	case "cancel":
		d.apart = true
		_, err = d.engine.CancelAll(ctx, "a person")
		d.apart = false
	}
	if err != nil {
		d.say("  error %v", err)
	}
}

// start recovers, as the daemon does until it succeeds.
func (d *day) start() bool {
	if d.up {
		return true
	}
	if err := d.engine.SetRules(d.hold); err != nil {
		d.fail("rig", "rules: %v", err)
		return false
	}
	d.say("start of life %d", d.lives)
	err := d.engine.Start(d.ctx, journal.Start{Env: "virtual", Account: "50****45-01", Date: d.date()})
	if d.up = err == nil; err != nil {
		d.say("  error %v", err)
	}
	return d.up
}

// slot runs some of the rules, each of them wanting what the dice say.
func (d *day) slot(ctx context.Context, at time.Time, r *rand.Rand) {
	if at.Before(d.date().At(9, 0)) {
		return
	}
	var due []*strategy.Strategy
	pairs := 0
	for i := range d.rules["hold"] {
		wish := []string{"buy", "buy", "buy", "sell", "sell", "hold"}[r.IntN(6)]
		if r.IntN(4) > 0 {
			due = append(due, d.rules[wish][i])
			pairs += len(d.rules[wish][i].Symbols)
		}
	}
	d.decide(ctx, at, due, pairs)
}

// wanted runs the rules that are named, each after what it wants.
func (d *day) wanted(ctx context.Context, at time.Time, words []string) {
	var due []*strategy.Strategy
	pairs := 0
	for i, rule := range d.rules["hold"] {
		if n := slices.Index(words, rule.Name); n > 0 {
			due = append(due, d.rules[words[n-1]][i])
			pairs += len(rule.Symbols)
		}
	}
	d.decide(ctx, at, due, pairs)
}

func (d *day) decide(ctx context.Context, at time.Time, due []*strategy.Strategy, pairs int) {
	res, err := d.engine.Slot(ctx, at, due)
	if err != nil {
		d.say("  error %v", err)
		return
	}
	d.decided(at, res, pairs)
}

// kill sets the kill switch: through the daemon, or without it.
func (d *day) kill(file bool) error {
	if file {
		return journal.Kill(filepath.Dir(d.path), "a person")
	}
	return d.engine.Kill("a person", "uid 1000")
}

// attend is a person who looked at the broker's own screen: orders whose fate the daemon does not know are named, and
// what was halted or killed goes on.
func (d *day) attend(ctx context.Context) error {
	b := d.journal.Book()
	_, caused, ok := d.truth()
	switch m := b.State().Mode; {
	case !ok:
		return nil
	case m == journal.ModeKilled:
		if err := journal.Arm(filepath.Dir(d.path)); err != nil {
			return err
		}
		d.killed = false
		return d.engine.Arm(ctx, "uid 1000")
	case m != journal.ModeHalted:
		return nil
	}
	for _, o := range b.Working("") {
		if made := caused[o.Intent.ID]; o.Unresolved() && len(made) == 1 {
			if err := d.engine.Resolve(ctx, engine.Resolution{Intent: o.Intent.ID, Bind: made[0].ID.Number, Why: "seen on the screen", By: "uid 1000"}); err != nil {
				d.say("  error %v", err)
			}
		}
	}
	return d.engine.Resume(ctx, "uid 1000")
}

// heal ends the faults and gives the daemon five minutes, then the rest of the day.
func (d *day) heal() {
	d.hits = d.sim.Hits()
	if err := d.sim.SetFaults(kissim.Script{}); err != nil {
		d.fail("rig", "%v", err)
	}
	d.healed, d.refuse = true, 0
	calls := d.calls
	for range 6 {
		d.settleDown(d.engine.CheckAccount)
		d.advance(d.sim.Now().Add(time.Minute))
	}
	d.converged(d.calls - calls)
	d.advance(d.date().At(15, 45))
	for range 4 { // a token may be asked for again only a quarter of an hour after the last of many refusals
		d.settleDown(d.engine.Reconcile)
		d.advance(d.sim.Now().Add(6 * time.Minute))
	}
	d.atRest()
}

func (d *day) settleDown(check func(context.Context, time.Time) error) {
	if d.broken != nil {
		return
	}
	d.live(func() {
		if !d.start() {
			return
		}
		for _, act := range []func(context.Context, time.Time) error{d.engine.Settle, check} {
			if err := act(d.ctx, d.sim.Now()); err != nil {
				d.say("  error %v", err)
			}
		}
	})
}

// pipe is the wire between client and simulator, inside the process.
type pipe struct {
	conns  chan net.Conn
	closed chan struct{}
	server *http.Server
}

func newPipe(h http.Handler) *pipe {
	p := &pipe{conns: make(chan net.Conn), closed: make(chan struct{}), server: &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}}
	go func() { _ = p.server.Serve(p) }() // ends with the pipe
	return p
}

func (p *pipe) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept is net.Listener's.
func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close is net.Listener's, and ends the server.
func (p *pipe) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
		_ = p.server.Close() // its listener is this one, already closed
	}
	return nil
}

// Addr is net.Listener's.
func (p *pipe) Addr() net.Addr { return &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)} }
