// Package engine is the one loop: first the past (working orders, fills, the account), then what the rules answer, what
// risk allows, the intent written down, and the order sent once. It does not know who it trades with, in which mode, or
// what time it is: broker, feed, journal and the moment are handed in. Every act is journalled before it is done, and
// what it believes of the past is the journal's book and nothing else.
package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

// Feed shows the market. It never shows what was not known at the asked moment.
type Feed interface {
	// Bars returns at least n completed daily bars before the date of due (all there are, if fewer exist), oldest first,
	// then the bar that is forming at due if the symbol trades today, and the price of the same read as a quote. forming
	// tells whether that last bar is there.
	Bars(ctx context.Context, s market.Symbol, n int, due time.Time) (bars strategy.Bars, forming bool, q market.Quote, err error)
	// Quote reads what an order is judged by: the present price, best offer and bid, the day's limits, and whether the
	// symbol trades.
	Quote(ctx context.Context, s market.Symbol) (market.Quote, error)
}

// Config is everything an engine is made of. All fields but the last group are required.
type Config struct {
	Broker     broker.Broker
	Feed       Feed
	Journal    *journal.Journal
	Gate       *risk.Gate
	Calendar   *market.Calendar
	Costs      market.Costs
	Instrument func(market.Symbol) market.Instrument
	Now        func() time.Time
	// Dispute says why a session must not be traded although the calendar has it, or nothing.
	Dispute func(market.Session) string
	// Pause waits inside a step: between two looks at the order list, and before a refused-as-busy order is tried again.
	Pause func(context.Context, time.Duration) error

	// Offset is the broker's clock minus ours; nil where the broker's clock is not known.
	Offset func() time.Duration
	// Killed tells whether a kill switch outside the journal is set, and why; nil where there is none. It is asked right
	// before every POST.
	Killed func() (reason string, killed bool)

	Exclusive bool   // nobody else trades the account: any order that no intent explains halts
	Channel   string // what the broker writes beside orders that came from us; empty where it tells nothing
	DryRun    bool   // decide, ask risk, send nothing
	Bars      int    // completed daily bars a rule sees at the least; 0 means what the rule needs
	Readers   int    // reads under way at once; 0 means 16
}

// Engine is the one loop. Its methods may be called from several goroutines; steps run one after another, and a halt
// does not wait for the running step.
type Engine struct {
	Config
	turn    sync.Mutex // held by the step that runs
	reads   map[string]absence
	quiet   map[string]spell // exits that cannot be sent for their quote
	waiting map[string]wish  // sells of a slot that a passing fact held up, by rule and symbol
	rules   []*strategy.Strategy
	day     opening
	health  health
	begun   bool // the start is written

	modes  sync.Mutex  // held from reading the mode to writing the next
	killed atomic.Bool // also when the disk refused the entry
}

// spell is since when an exit has been refused for its quote or collar, and when it last was.
type spell struct{ since, last time.Time }

// absence counts complete reads in which an unknown intent did not show.
type absence struct {
	reads int
	first time.Time
}

// New checks the parts and returns an engine that has not started.
func New(c Config) (*Engine, error) {
	switch {
	case c.Broker == nil, c.Feed == nil, c.Journal == nil, c.Gate == nil, c.Calendar == nil, c.Instrument == nil, c.Now == nil, c.Pause == nil, c.Dispute == nil:
		return nil, errors.New("engine: a part is missing")
	case c.Bars < 0:
		return nil, fmt.Errorf("engine: %d bars", c.Bars)
	}
	if c.Readers <= 0 {
		c.Readers = 16
	}
	return &Engine{Config: c, reads: map[string]absence{}, quiet: map[string]spell{}, waiting: map[string]wish{}, health: health{doubts: map[string]time.Time{}}}, nil
}

// SetRules puts a strategy file in force, between two steps, and records it.
func (e *Engine) SetRules(f *strategy.File) error { return e.ChangeRules(f, "") }

// ChangeRules puts another strategy file in force, between two steps, and records it with what changed in words.
func (e *Engine) ChangeRules(f *strategy.File, words string) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	r := journal.Rules{File: f.Name, Hash: f.Hash, Words: words}
	for _, s := range f.Strategies {
		r.Names = append(r.Names, s.Name)
	}
	if words != "" || e.book().Rules().Hash != f.Hash {
		if err := e.write(r); err != nil {
			return err
		}
	}
	e.rules = f.Strategies
	return nil
}

// Begin writes the start, once. An active book turns reconciling by it, so that nobody who looks takes the state of the
// life before for this one's.
func (e *Engine) Begin(s journal.Start) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	return e.begin(s)
}

func (e *Engine) begin(s journal.Start) error {
	if e.begun {
		return nil
	}
	if err := e.write(s); err != nil {
		return err
	}
	e.begun = true
	return e.countUnknowns(math.MaxInt)
}

// Start recovers: it begins, reads the past completely, resolves what was left open, compares the account,
// and only then turns active. Started before with a halt in force, it stays halted. On an error nothing may be traded;
// Start may be called again.
func (e *Engine) Start(ctx context.Context, s journal.Start) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	if err := e.begin(s); err != nil {
		return err
	}
	if err := e.heed(); err != nil {
		return err
	}
	if err := e.past(ctx, e.Now()); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	return e.activate("reconciled")
}

// Operate records a person's correction of the book.
func (e *Engine) Operate(o journal.Operator) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	return e.write(o)
}

// Settle looks after working orders between slots: new fills, orders whose time is up, unknown outcomes, and sells of
// the last slot that had to wait. It reads nothing from the broker when nothing is open.
func (e *Engine) Settle(ctx context.Context, at time.Time) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	return e.settle(ctx, at)
}

func (e *Engine) settle(ctx context.Context, at time.Time) error {
	if err := e.heed(); err != nil {
		return err
	}
	switch {
	case e.unreadable(), e.mode() == journal.ModeReconciling:
		if err := e.past(ctx, at); err != nil {
			return err
		}
	case len(e.book().Working("")) > 0:
		if err := e.readOrders(ctx, market.DateOf(at)); err != nil {
			return err
		}
		if err := e.cancelDue(ctx, at); err != nil {
			return err
		}
	}
	return e.retry(ctx, at)
}

// Reconcile reads orders and account whether or not anything is open, so that an order that no intent explains is seen
// soon.
func (e *Engine) Reconcile(ctx context.Context, at time.Time) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	return e.past(ctx, at)
}

func (e *Engine) book() *journal.Book { return e.Journal.Book() }

func (e *Engine) write(bodies ...journal.Body) error {
	if len(bodies) == 0 {
		return nil
	}
	_, err := e.Journal.Append(bodies...)
	return err
}

// CheckAccount compares the whole account with the book between slots, while there is anything to compare.
func (e *Engine) CheckAccount(ctx context.Context, at time.Time) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	if len(e.book().Holdings()) == 0 && len(e.book().Working("")) == 0 && e.mode() != journal.ModeReconciling && !e.unreadable() {
		return nil
	}
	return e.past(ctx, at)
}
