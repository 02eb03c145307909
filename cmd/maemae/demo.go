package main

import (
	"context"
	_ "embed" // the demo's rules
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/broker"
	"maemae/broker/kis"
	"maemae/broker/kis/kissim"
	"maemae/history"
	"maemae/journal"
	"maemae/market"
	"maemae/scheduler"
	"maemae/strategy"
)

//go:embed demo.yaml
var demoRules string

// demoOptions are the flags of maemae demo.
type demoOptions struct {
	days       int
	seed       uint64
	data       string
	speed      string
	strategies string
	keep       string
	verbose    bool
	listen     string
}

func demoCommand() *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "simulator, daemon and dashboard in one process, on an accelerated market",
		Long: `demo starts a KIS simulator and the daemon against it over HTTP on loopback, and lets a market run at speed: decisions,
orders and fills as they happen, in the terminal and in the browser at the address it prints, and a summary that is compared
with the simulator's own account. It needs no file, key or network and leaves nothing behind.`,
		Example: "  maemae demo --days 5",
		RunE: func(c *cobra.Command, _ []string) error {
			return runDemo(c.Context(), o, c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.IntVar(&o.days, "days", 0, "end after so many sessions (default: until Ctrl-C)")
	f.Uint64Var(&o.seed, "seed", 7, "seed of the synthetic market")
	f.StringVar(&o.data, "data", "", "folder of SYMBOL.csv files instead of a synthetic market")
	f.StringVar(&o.speed, "speed", "", "session minutes a real minute at the most, or max (default: max without a terminal, else 5850: a session in four seconds)")
	f.StringVar(&o.strategies, "strategies", "", "strategy file (default: the demo's own, on the synthetic market)")
	f.StringVar(&o.keep, "state", "", "keep the journal in this folder (default: a temporary one)")
	f.BoolVar(&o.verbose, "verbose", false, "print holds too")
	f.StringVar(&o.listen, "dashboard", "127.0.0.1:8787", "where the dashboard listens; another free port when that one is taken; off = nowhere")
	return c
}

// demo is a simulator, a daemon against it, and a person watching.
type demo struct {
	demoOptions
	out    io.Writer
	sim    *kissim.Server
	url    string
	daemon *daemon
	pace   float64 // session minutes a real minute; 0 is as fast as it goes
}

func runDemo(ctx context.Context, o demoOptions, out io.Writer) error {
	d := &demo{demoOptions: o, out: out}
	var err error
	if d.pace, err = parseSpeed(o.speed, terminal(out)); err != nil {
		return err
	}
	rules, problems := d.rules()
	if rules == nil {
		return problems
	}
	state := o.keep
	if state == "" {
		if state, err = os.MkdirTemp("", "maemae-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(state)
	}
	stop, err := d.market()
	if err != nil {
		return err
	}
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := d.start(ctx, cancel, state, rules); err != nil {
		return err
	}
	defer d.daemon.close()
	hide, err := d.show(ctx)
	if err != nil {
		return err
	}
	defer hide()
	began := time.Now()
	err = d.daemon.run(ctx, d.daemon.start())
	if err != nil && !errors.Is(err, errMarketOver) && ctx.Err() == nil {
		return err
	}
	return d.summary(context.WithoutCancel(ctx), time.Since(began))
}

func (d *demo) rules() (*strategy.File, strategy.Problems) {
	if d.strategies != "" {
		return loadRules(d.strategies)
	}
	return parseRules("demo.yaml", []byte(demoRules), ".")
}

// market opens the simulator on a loopback port. With data, a quarter of it is taken as past, so that rules are ready.
func (d *demo) market() (stop func(), err error) {
	begin := market.Date(20260105).At(8, 0) // any Monday: the synthetic past is made to fit
	if d.data != "" {
		if begin, err = quarter(d.data); err != nil {
			return nil, err
		}
	}
	d.sim, err = kissim.New(kissim.Options{Data: d.data, Seed: d.seed, Symbols: 20, Clock: kissim.Stepped, Rate: -1, TokenEvery: -1, Start: begin})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.url = "http://" + l.Addr().String()
	srv := &http.Server{Handler: d.sim.Handler(), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }() // ends when stop closes it
	return func() { _ = srv.Close(); <-done }, nil
}

func (d *demo) start(ctx context.Context, cancel func(), state string, rules *strategy.File) error {
	clock, err := dialSimClock(ctx, d.url)
	if err != nil {
		return err
	}
	ready := d.sim.Ready()
	account, err := kis.ParseAccount(ready.Account)
	if err != nil {
		return err
	}
	cfg := defaults()
	cfg.Env, cfg.State, cfg.Strategies = "virtual", state, d.strategies
	cfg.KIS.BaseURL, cfg.KIS.Rate = d.url, 1000
	cfg.Log.Level = "warn"
	log, err := newLogger(cfg.Log, d.out, clock.Now)
	if err != nil {
		return err
	}
	keys := credentials{AppKey: kis.Secret(ready.AppKey), AppSecret: kis.Secret(ready.AppSecret), Account: account, From: "the simulator"}
	d.daemon, err = newDaemon(cfg, keys, parts{log: log, clock: d.paced(clock, cancel), onEntry: d.print})
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "maemae demo: simulated KIS at %s, account %s, %d strategies, market time %s\n\n", d.url, account, len(rules.Strategies), kst(clock.Now()))
	if err := d.daemon.setRules(rules); err != nil {
		return err
	}
	return d.daemon.prepare()
}

// show opens the dashboard and prints the address that logs in.
func (d *demo) show(ctx context.Context) (stop func(), err error) {
	if d.listen == "off" {
		return func() {}, nil
	}
	cfg, token := DashboardConfig{Listen: d.listen}, newToken()
	if _, what, hint := cfg.check(); what != "" {
		return nil, hinted(usagef("--dashboard: %s", what), hint)
	}
	source := func() string {
		if d.strategies == "" {
			return demoRules
		}
		return d.daemon.rulesText()
	}
	url, stop, err := d.daemon.serveDashboard(ctx, cfg, token, source)
	if err != nil {
		cfg.Listen = "127.0.0.1:0"
		if url, stop, err = d.daemon.serveDashboard(ctx, cfg, token, source); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(d.out, "dashboard: %s/login?token=%s\n\n", url, token)
	return stop, nil
}

// paced lets the market's time pass no faster than asked, skips closed hours, and ends after the wanted sessions.
func (d *demo) paced(clock *simClock, cancel func()) scheduler.Clock {
	end := time.Time{}
	cal := market.KRX()
	if d.days > 0 {
		if s, err := cal.AddSessions(market.DateOf(clock.Now()).Add(-1), d.days); err == nil {
			end = s.Close.Add(15 * time.Minute)
		}
	}
	return scheduler.Clock{Now: clock.Now, Wait: func(ctx context.Context, until time.Time) error {
		from := clock.Now()
		if !end.IsZero() && until.After(end) {
			if err := clock.Wait(ctx, end); err != nil {
				return err
			}
			cancel()
			return context.Canceled
		}
		if err := clock.Wait(ctx, until); err != nil {
			return err
		}
		if s, err := cal.Session(market.DateOf(until)); err == nil && d.pace > 0 && from.After(s.Open.Add(-time.Minute)) {
			return pause(ctx, time.Duration(float64(until.Sub(from))/d.pace))
		}
		return nil
	}}
}

// print shows what happens, as it happens: what maemae logs would, without each order's way to its fill.
func (d *demo) print(e journal.Entry) {
	line := inWords(e, journal.Intent{}, d.daemon.feed.Name)
	switch b := e.Body.(type) {
	case journal.Slot:
		if b.Outcome == "ran" {
			return
		}
	case journal.Decision:
		if b.Answer == strategy.Hold && !d.verbose {
			return
		}
	case journal.Answer:
		if b.Outcome == journal.Accepted {
			return
		}
	case journal.Refusal, journal.Fill, journal.State, journal.Mismatch:
	default:
		return
	}
	fmt.Fprintf(d.out, "%s  %s\n", e.At.In(market.KST).Format("01-02 15:04"), line.words())
}

// summary compares the daemon's book with the simulator's own account.
func (d *demo) summary(ctx context.Context, took time.Duration) error {
	if err := d.daemon.engine.CheckAccount(ctx, d.daemon.clock.Now()); err != nil {
		return err
	}
	theirs, err := d.sim.Account()
	if err != nil {
		return err
	}
	count, err := tally(ctx, d.daemon.journal)
	if err != nil {
		return err
	}
	report, err := d.daemon.journal.Verify(ctx, "")
	if err != nil {
		return err
	}
	book := d.daemon.journal.Book()
	fmt.Fprintf(d.out, "\n%d slots, %d decisions (%d buys, %d sells, %d holds), %d refusals, %d orders, %d fills in %s\n", count.slots, count.buys+count.sells+count.holds, count.buys, count.sells, count.holds, count.refusals, count.orders, count.fills, took.Round(100*time.Millisecond))
	fmt.Fprintf(d.out, "journal is whole: %d entries\n\n", report.Entries)
	if err := printHeld(d.out, held(book)); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\ncash     %s won\nequity   %s won\n", grouped(theirs.Cash), grouped(theirs.Equity))
	if bad := disagreements(book, theirs, count); len(bad) > 0 {
		for _, b := range bad {
			fmt.Fprintf(d.out, "DIFFERS  %s\n", b)
		}
		return fmt.Errorf("the book and the simulator's account differ in %d places", len(bad))
	}
	fmt.Fprintln(d.out, "the simulator's own account agrees: cash and every position")
	if d.keep != "" {
		fmt.Fprintf(d.out, "journal kept: maemae decisions --state %s\n", filepath.Clean(d.keep))
	}
	return nil
}

// counts is what a demo came to.
type counts struct {
	slots, buys, sells, holds, refusals, orders, fills int
	start, cash                                        decimal.Decimal // of the first snapshot; that and what every fill moved
	begun                                              bool
}

func tally(ctx context.Context, j *journal.Journal) (counts, error) {
	var c counts
	moved := map[string]decimal.Decimal{} // by order: what its fills moved so far
	for e, err := range j.Entries(ctx, journal.Query{}) {
		if err != nil {
			return c, err
		}
		switch b := e.Body.(type) {
		case journal.Slot:
			c.slots++
		case journal.Decision:
			switch b.Answer {
			case strategy.Buy:
				c.buys++
			case strategy.Sell:
				c.sells++
			default:
				c.holds++
			}
		case journal.Refusal:
			c.refusals++
		case journal.Intent:
			c.orders++
		case journal.Snapshot:
			if !c.begun {
				c.begun, c.start, c.cash = true, b.Account.Cash, b.Account.Cash
			}
		case journal.Fill:
			if last, again := moved[b.Intent]; again {
				c.cash = c.cash.Sub(last)
			} else {
				c.fills++
			}
			moved[b.Intent] = flow(b)
			c.cash = c.cash.Add(moved[b.Intent])
		}
	}
	return c, nil
}

// flow is what an order's fills so far moved in cash: won, costs included.
func flow(f journal.Fill) decimal.Decimal {
	value := f.Value
	if f.Side == broker.Buy {
		value = value.Neg()
	}
	return value.Sub(f.Fee).Sub(f.Tax)
}

// disagreements compares three tellings: the journal's fold, the account as the daemon last read it, and the
// simulator's own.
func disagreements(b *journal.Book, theirs broker.Account, c counts) []string {
	var out []string
	read, _ := b.Account()
	if !read.Cash.Equal(theirs.Cash) {
		out = append(out, fmt.Sprintf("cash as read %s, the simulator's %s", grouped(read.Cash), grouped(theirs.Cash)))
	}
	if !c.cash.Equal(theirs.Cash) {
		out = append(out, fmt.Sprintf("cash by our fills and costs %s, the simulator's %s", grouped(c.cash), grouped(theirs.Cash)))
	}
	return append(out, positionsDiffer(b, theirs)...)
}

// positionsDiffer compares what the book expects with what an account holds.
func positionsDiffer(b *journal.Book, theirs broker.Account) []string {
	var out []string
	symbols := map[market.Symbol]bool{}
	for _, h := range b.Holdings() {
		symbols[h.Symbol] = true
	}
	for _, h := range theirs.Holdings {
		symbols[h.Symbol] = true
	}
	for _, s := range slices.Sorted(maps.Keys(symbols)) {
		if want, have := b.Expected(s), theirs.Holding(s).Shares; want != have {
			out = append(out, fmt.Sprintf("%s: the book has %d shares, the simulator %d", s, want, have))
		}
	}
	return out
}

// parseSpeed reads --speed.
func parseSpeed(text string, terminal bool) (float64, error) {
	switch {
	case text == "max", text == "" && !terminal:
		return 0, nil
	case text == "":
		return 5850, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v <= 0 || v > 1e6 {
		return 0, hinted(usagef("--speed %q", text), "session minutes a real minute, such as 60, or max")
	}
	return v, nil
}

// quarter is the morning of the session that a quarter of the files' bars lie before.
func quarter(dir string) (time.Time, error) {
	folder, err := history.ReadFolder(dir)
	if err != nil {
		return time.Time{}, err
	}
	var dates []market.Date
	for _, s := range folder.Symbols() {
		b, err := folder.Load(s)
		if err != nil {
			return time.Time{}, err
		}
		if len(b.Dates) > len(dates) {
			dates = b.Dates
		}
	}
	if len(dates) < 8 {
		return time.Time{}, fmt.Errorf("%s: no file with eight bars or more", dir)
	}
	return dates[len(dates)/4].At(8, 0), nil
}
