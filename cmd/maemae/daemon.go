package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/zap"

	"maemae/broker"
	"maemae/broker/kis"
	"maemae/broker/paper"
	"maemae/engine"
	"maemae/history"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
	"maemae/scheduler"
	"maemae/strategy"
)

// daemon is the program as it runs: every room, assembled once.
type daemon struct {
	cfg     Config
	account string // masked
	state   string // directory
	keyFile string // since when the app key is used
	log     *zap.Logger
	cal     *market.Calendar
	clock   scheduler.Clock
	kis     *kis.Client
	feed    *liveFeed
	journal *journal.Journal
	engine  *engine.Engine
	runner  *scheduler.Runner
	holiday *holidays
	alive   func() // tells systemd's watchdog that something moved
	started time.Time

	load      func() (*strategy.File, strategy.Problems) // the strategy file, again
	reloading sync.Mutex                                 // one reload at a time

	mu    sync.Mutex
	rules *strategy.File
	today market.Date // of the last daily work

	reading sync.Mutex
	read    int64 // nothing critical up to this entry is unread
}

// parts are what differs between the daemon under systemd, in a demo and in a dry run.
type parts struct {
	log    *zap.Logger
	clock  scheduler.Clock
	dryRun bool
	// lookOnly opens the journal for reading, beside a daemon that may be writing it; nothing can be sent or recorded.
	lookOnly bool
	alive    func()
	onKIS    func(kis.Call)
	// onEntry hears of every journal entry after it is on disk; nil logs them.
	onEntry func(journal.Entry)
	// heard is told of the same entries afterwards.
	heard func(journal.Entry)
}

// newDaemon puts the rooms together; nothing runs yet, and no call was made.
func newDaemon(cfg Config, keys credentials, p parts) (d *daemon, err error) {
	cal, err := calendar(cfg)
	if err != nil {
		return nil, err
	}
	d = &daemon{cfg: cfg, account: keys.Account.String(), log: p.log, cal: cal, clock: p.clock, alive: p.alive, started: p.clock.Now()}
	d.load = func() (*strategy.File, strategy.Problems) { return loadRules(cfg.Strategies) }
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	state := cfg.stateDir(alias(keys.Account))
	d.state = state
	if err := privateDir(state); err != nil {
		return d, err
	}
	if d.kis, err = newKIS(cfg, keys, p); err != nil {
		return d, err
	}
	if d.keyFile = keyFile(cfg, keys); !p.lookOnly {
		if err := rememberKey(d.keyFile, p.clock.Now()); err != nil {
			return d, err
		}
	}
	store, err := history.Open(filepath.Join(state, "history"), cal)
	if err != nil {
		return d, err
	}
	d.feed = newLiveFeed(d.kis, store, cal, p.clock.Now)
	d.holiday = &holidays{client: d.kis, cal: cal, log: p.log}
	exec, err := d.executor(p.lookOnly)
	if err != nil {
		return d, err
	}
	record := filepath.Join(state, "journal.db")
	if _, err := os.Stat(record); p.lookOnly && errors.Is(err, os.ErrNotExist) {
		record = "" // nothing has run here yet: an empty one in memory
	}
	onEntry := p.onEntry
	if onEntry == nil {
		onEntry = func(e journal.Entry) { logEntry(d.log, d.feed.Name, e) }
	}
	if first := onEntry; p.heard != nil {
		onEntry = func(e journal.Entry) { first(e); p.heard(e) }
	}
	d.journal, err = journal.Open(record, journal.Options{Now: p.clock.Now, OnAppend: onEntry, ReadOnly: p.lookOnly && record != ""})
	if err != nil {
		return d, err
	}
	gate, err := risk.New(limits(cfg))
	if err != nil {
		return d, err
	}
	if err := tried(gate); err != nil {
		return d, err
	}
	d.engine, err = engine.New(d.supervised(record, engine.Config{
		Broker: exec, Feed: d.feed, Journal: d.journal, Gate: gate, Calendar: cal, Costs: market.DefaultCosts(),
		Instrument: market.Known, Now: p.clock.Now, Pause: pause, Dispute: d.holiday.disputed, Exclusive: cfg.Exclusive, DryRun: p.dryRun, Bars: cfg.Bars,
	}))
	return d, err
}

// channel is what KIS writes beside an order that came through its API (주문자사번).
const channel = "OpnAPI"

// supervised adds what the engine is told of the world beside its journal: the KILL file, and at KIS the broker's clock
// and channel.
func (d *daemon) supervised(record string, c engine.Config) engine.Config {
	if record != "" {
		c.Killed = func() (string, bool) { return journal.Killed(d.state) }
	}
	if d.cfg.Env != "paper" {
		c.Channel, c.Offset = channel, d.kis.Offset
	}
	return c
}

func (d *daemon) close() {
	if d.journal != nil {
		if err := d.journal.Close(); err != nil {
			d.log.Error("close journal", zap.Error(err))
		}
	}
	if d.kis != nil {
		if err := d.kis.Close(); err != nil {
			d.log.Error("close kis", zap.Error(err))
		}
	}
}

// executor is who executes orders: KIS, or our own paper account, which belongs to the process that trades.
func (d *daemon) executor(lookOnly bool) (broker.Broker, error) {
	if d.cfg.Env != "paper" || lookOnly {
		return d.kis, nil
	}
	return paper.New(paper.Options{
		Cash: d.cfg.Paper.Cash.Decimal, Costs: market.Costs{FeeRate: d.cfg.Paper.FeeRate.Decimal}, Slippage: d.cfg.Paper.Slippage,
		VolumeCap: d.cfg.Paper.VolumeCap.Shift(2).IntPart(), Quote: d.feed.Price, Now: d.clock.Now, Calendar: d.cal, Instrument: market.Known,
		Path: filepath.Join(d.state, "paper.json"),
	})
}

func newKIS(cfg Config, keys credentials, p parts) (*kis.Client, error) {
	env := kis.Env(cfg.Env)
	if cfg.Env == "paper" {
		env = kis.Env(cfg.Paper.Quotes)
	}
	dir := tokenDir(cfg, keys)
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	return kis.New(kis.Options{
		Env: env, BaseURL: cfg.KIS.BaseURL, AppKey: keys.AppKey, AppSecret: keys.AppSecret, Account: keys.Account, TokenDir: dir,
		Limit: kis.Rate(cfg.KIS.Rate), Hashkey: cfg.KIS.Hashkey, Now: p.clock.Now,
		Observe: func(c kis.Call) {
			if p.onKIS != nil {
				p.onKIS(c)
			}
			if c.Kind == "" && p.alive != nil {
				p.alive()
			}
		},
	})
}

// tokenDir is where all processes of an app key keep its access token.
func tokenDir(cfg Config, keys credentials) string {
	if cfg.KIS.TokenDir != "" {
		return cfg.KIS.TokenDir
	}
	app, state := "app-"+keyHash(keys), cfg.stateDir(alias(keys.Account))
	if cfg.State != "" || os.Getenv("STATE_DIRECTORY") != "" {
		return filepath.Join(state, app)
	}
	return filepath.Join(filepath.Dir(state), app)
}

// keyHash names an app key without telling it.
func keyHash(keys credentials) string {
	sum := sha256.Sum256([]byte(keys.AppKey.Reveal()))
	return hex.EncodeToString(sum[:4])
}

// alias names an account in paths without giving it away: its last four digits and product.
func alias(a kis.Account) string {
	n := a.Number
	if len(n) > 4 {
		n = n[len(n)-4:]
	}
	return n + "-" + a.Product
}

// privateDir makes a directory that only this user can enter, and refuses one that others can.
func privateDir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return hinted(fmt.Errorf("state directory %s: others may enter (mode %04o)", path, info.Mode().Perm()), "chmod 700 "+path)
	}
	return nil
}

func calendar(cfg Config) (*market.Calendar, error) {
	var overrides []market.Override
	for _, d := range cfg.Calendar {
		overrides = append(overrides, market.Override{Date: d.Date, Closed: d.Open+d.Close == "", Open: d.Open, Close: d.Close, Name: d.Name, Source: "configuration"})
	}
	cal, err := market.KRX().With(overrides)
	if err != nil {
		return nil, fmt.Errorf("configuration: calendar: %w", err)
	}
	return cal, nil
}

// limits are the gate's numbers for this environment.
func limits(cfg Config) risk.Limits {
	l := risk.Real()
	if cfg.Env != "real" {
		l = risk.Practice()
	}
	c := cfg.Limits
	for _, m := range []struct {
		from Money
		to   *decimal.Decimal
	}{{c.OrderValue, &l.OrderValue}, {c.MarketOrderValue, &l.MarketOrderValue}, {c.SymbolValue, &l.SymbolValue}, {c.DailyLoss, &l.DailyLoss}, {c.HaltLoss, &l.HaltLoss},
		{c.StrategyValue, &l.StrategyValue}, {c.TotalValue, &l.TotalValue}, {c.Turnover, &l.Turnover}} {
		if m.from.Sign() > 0 {
			*m.to = m.from.Decimal
		}
	}
	for _, n := range []struct {
		from int
		to   *int
	}{{c.Positions, &l.Positions}, {c.OrdersPerDay, &l.OrdersPerDay}, {c.OrdersPerMinute, &l.OrdersPerMinute}, {c.Rejections, &l.Rejections}, {c.StrategyOrdersPerDay, &l.StrategyOrdersPerDay}} {
		if n.from > 0 {
			*n.to = n.from
		}
	}
	if c.Collar.Sign() > 0 {
		l.Collar = c.Collar.Decimal
	}
	if c.Drawdown.Sign() > 0 {
		l.Drawdown = c.Drawdown.Decimal
	}
	if c.VolumeShare.Sign() > 0 {
		l.VolumeShare = c.VolumeShare.Decimal
	}
	l.OrderShares, l.Marks, l.Probation = int64(c.OrderShares), c.Marks, l.Probation && c.Probation != "off"
	if c.CoolDown > 0 {
		l.CoolDown = time.Duration(c.CoolDown)
	}
	if c.Duplicate > 0 {
		l.Duplicate = time.Duration(c.Duplicate)
	}
	if l.HaltLoss.IsZero() {
		l.HaltLoss = l.DailyLoss.Mul(decimal.NewFromInt(2))
	}
	for _, s := range c.Symbols {
		l.Symbols = append(l.Symbols, market.Symbol(s))
	}
	return l
}

// pause waits in real time: between two reads of one step the market's own clock does not move.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// setRules puts a loaded file in force.
func (d *daemon) setRules(f *strategy.File) error {
	if err := d.engine.SetRules(f); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rules = f
	return nil
}

// jobs are the slots of a strategy file: one job a strategy.
func (d *daemon) jobs(f *strategy.File) ([]scheduler.Job, error) {
	var out []scheduler.Job
	for _, s := range f.Strategies {
		w, err := scheduler.ParseWhen(s.When)
		if err != nil {
			return nil, err
		}
		j := scheduler.Job{Name: s.Name, When: w, CatchUp: scheduler.CatchUp(d.cfg.CatchUp)}
		if j.CatchUp == scheduler.Run {
			j.Grace = time.Duration(d.cfg.Grace)
		}
		out = append(out, j)
	}
	return out, nil
}

// prepare makes the runner for the rules in force.
func (d *daemon) prepare() error {
	jobs, err := d.jobs(d.rules)
	if err != nil {
		return err
	}
	d.runner, err = scheduler.New(scheduler.Options{
		Jobs: jobs, Calendar: d.cal, Clock: d.clock, Run: d.slot, Begin: d.begin, Record: d.record, Last: d.last,
		Ticks:    d.ticks(),
		Disputed: d.holiday.disputed,
		Trouble:  func(err error) { d.log.Error("between slots", zap.Error(err)) },
	})
	return err
}

// afterClose is how long orders are looked after past the close: until the closing auction's fills are listed, and two
// reads have come after the ten minutes at whose end what did not show never will.
const afterClose = 13 * time.Minute

// ticks are the daemon's looks between slots. With real money the broker's orders are compared with ours all the time.
func (d *daemon) ticks() []scheduler.Tick {
	out := []scheduler.Tick{
		{Name: "orders", Every: time.Minute, Linger: afterClose, Run: d.engine.Settle},
		{Name: "account", Every: 5 * time.Minute, Linger: afterClose, Run: func(ctx context.Context, at time.Time) error {
			d.daily(ctx, at)
			return d.engine.CheckAccount(ctx, at)
		}},
		d.historyTick(),
	}
	if d.cfg.ExitsEvery > 0 {
		out = append(out, scheduler.Tick{Name: "exits", Every: time.Duration(d.cfg.ExitsEvery), Run: d.engine.Watch})
	}
	if d.cfg.Env == "real" {
		out = append(out, scheduler.Tick{Name: "compare", Every: 30 * time.Second, Run: d.engine.Reconcile})
	}
	return out
}

// slot runs the strategies that are due together.
func (d *daemon) slot(ctx context.Context, due time.Time, jobs []string) map[string]error {
	var rules []*strategy.Strategy
	d.mu.Lock()
	for _, name := range jobs {
		for _, s := range d.rules.Strategies {
			if s.Name == name {
				rules = append(rules, s)
			}
		}
	}
	d.mu.Unlock()
	d.daily(ctx, due)
	d.holdUnread(ctx, due)
	began := time.Now() // how long the slot really took, also on a simulated clock
	res, err := d.engine.Slot(ctx, due, rules)
	failed := map[string]error{}
	if err != nil {
		for _, name := range jobs {
			failed[name] = err
		}
		return failed
	}
	d.log.Info("slot done", zap.Time("due", due), zap.Strings("jobs", jobs), zap.Int("decisions", res.Decisions), zap.Int("buys", res.Buys), zap.Int("sells", res.Sells), zap.Int("orders", res.Orders), zap.Int("refusals", res.Refusals), zap.Duration("took", time.Since(began).Round(time.Millisecond)))
	return failed
}

// look reads the account without touching it. A paper account is read as the journal last saw it.
func (d *daemon) look(ctx context.Context) (broker.Account, error) {
	if d.cfg.Env != "paper" {
		return d.kis.Account(ctx)
	}
	if a, ok := d.journal.Book().Account(); ok {
		return a, nil
	}
	cash := d.cfg.Paper.Cash.Decimal
	return broker.Account{Cash: cash, Deposit: cash, Equity: cash}, nil
}

// daily does what a date asks for once: the calendars are compared, where a dispute is loud and stays in the journal,
// and a checkpoint is written, so that the next start reads one session and not five years.
func (d *daemon) daily(ctx context.Context, at time.Time) {
	today := market.DateOf(at)
	d.mu.Lock()
	done := d.today == today
	d.today = today
	d.mu.Unlock()
	if done {
		return
	}
	if err := d.journal.Checkpoint(); err != nil {
		d.log.Error("checkpoint", zap.Error(err))
	}
	for _, text := range d.holiday.refresh(ctx, market.DateOf(at)) {
		if _, err := d.journal.Append(journal.Note{Level: "error", Text: text}); err != nil {
			d.log.Error(text, zap.Error(err))
		}
	}
}

// begin has nothing to write: a slot's decisions are on disk before its first order, and last finds them there.
func (d *daemon) begin(time.Time, []string) error { return nil }

func (d *daemon) record(r scheduler.Record) error {
	s := journal.Slot{Job: r.Job, Due: r.Due, Outcome: string(r.Outcome), Detail: r.Detail, Started: r.Started, Ended: r.Ended}
	if r.Outcome == scheduler.Ran {
		d.mu.Lock()
		for _, rule := range d.rules.Strategies {
			if rule.Name == r.Job {
				s.Decisions = len(rule.Symbols)
			}
		}
		d.mu.Unlock()
	}
	_, err := d.journal.Append(s)
	return err
}

// last is the job's newest recorded slot, or else the moment its rule first came into force, and the newest moment it
// decided at.
func (d *daemon) last(job string) (recorded, begun time.Time) {
	if s, ok := d.journal.Book().Slot(job); ok {
		recorded = s.Due
	} else {
		recorded = d.inForceSince(job)
	}
	for e, err := range d.journal.Entries(context.Background(), journal.Query{Kinds: []string{"decision"}, Strategy: job, Newest: true, Limit: 1}) {
		if decision, ok := e.Body.(journal.Decision); err == nil && ok {
			begun = decision.Due
		}
	}
	return recorded, begun
}

// inForceSince is when a strategy file with that rule was first put in force. A daemon that died in its very first slot
// has nothing else to tell it that there was one.
func (d *daemon) inForceSince(job string) time.Time {
	for e, err := range d.journal.Entries(context.Background(), journal.Query{Kinds: []string{journal.Rules{}.Kind()}}) {
		if rules, ok := e.Body.(journal.Rules); err == nil && ok && slices.Contains(rules.Names, job) {
			return e.At
		}
	}
	return time.Time{}
}

// start is what the journal remembers of this life's beginning.
func (d *daemon) start() journal.Start {
	b := build()
	return journal.Start{Version: b.Version, Revision: b.Revision, Env: d.cfg.Env, Account: d.account, Config: d.cfg.hash, Strategies: d.rules.Hash, Date: market.DateOf(d.clock.Now())}
}

// run reconciles and then lives until the context ends.
func (d *daemon) run(ctx context.Context, start journal.Start) error {
	if err := d.recover(ctx, start); err != nil {
		return err
	}
	if d.cfg.Env == "real" && d.cfg.Limits.Probation == "off" {
		if _, err := d.journal.Append(journal.Note{Level: "warn", Text: "limits.probation is off: new revisions trade up to their limits at once"}); err != nil {
			return err
		}
	}
	d.daily(ctx, d.clock.Now())
	return d.runner.Run(ctx)
}

// recover starts the engine, again and again until the past could be read: a broker that is down in the night is no
// reason to die.
func (d *daemon) recover(ctx context.Context, start journal.Start) error {
	wait := time.Second
	for {
		err := d.engine.Start(ctx, start)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || errors.Is(err, journal.ErrBroken) {
			return err
		}
		d.log.Error("not trading yet: the past could not be read", zap.Error(err), zap.Duration("again_in", wait))
		if err := pause(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, time.Minute)
		if d.alive != nil {
			d.alive()
		}
	}
}
