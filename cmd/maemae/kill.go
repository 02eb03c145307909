package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"maemae/broker"
	"maemae/engine"
	"maemae/journal"
	"maemae/market"
	"maemae/scheduler"
)

const (
	killPatience   = 5 * time.Second // for a daemon that does not answer; the KILL file is written before
	cancelPatience = 5 * time.Minute // virtual answers one call a second: some two hundred cancellations, the list twice
	tendEvery      = time.Second
	exportEvery    = time.Minute
)

func killCommand() *cobra.Command {
	var reason string
	var cancel bool
	c := &cobra.Command{
		Use:   "kill [--cancel]",
		Short: "stop everything at once, until a person arms",
		Long: `kill writes the KILL file of the state directory, which needs neither the daemon nor a free block on the disk, and tells
the daemon. When it returns no order is sent any more, exits included, and a restart changes nothing: maemae arm ends it.
Positions and open orders stay as they are; --cancel asks the broker to cancel every open order, of all pages, also when
no daemon runs. A kill never sells: selling is a decision, and it takes a person and a price.`,
		Example: `  maemae kill --cancel --reason "strange fills"`,
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			answers, err := p.kill(c, reason)
			if err != nil || !cancel {
				return err
			}
			return p.cancelAll(c, answers)
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the journal")
	c.Flags().BoolVar(&cancel, "cancel", false, "cancel every open order, too")
	return stateFlag(c)
}

// kill sets the switch in both places it can be set, and is content with one. It tells whether a daemon answered.
func (p place) kill(c *cobra.Command, reason string) (answers bool, err error) {
	if _, err := os.Stat(p.state); err != nil {
		return false, fmt.Errorf("kill: %w", err)
	}
	by := userName(os.Getuid())
	file := journal.Kill(p.state, by+" "+reason)
	ctx, stop := context.WithTimeout(c.Context(), killPatience)
	defer stop()
	told := ask(ctx, p.socket, http.MethodPost, "/kill", map[string]string{"Reason": reason}, nil)
	switch {
	case told == nil:
		return true, done(c, nil, "killed: no order is sent until maemae arm")
	case file != nil:
		return false, errors.Join(file, told)
	case errors.Is(told, errNoDaemon):
		return false, done(c, nil, "killed: no daemon is running, and the next one starts killed")
	}
	fmt.Fprintf(c.ErrOrStderr(), "maemae: the daemon does not answer (%v); it reads the KILL file before each order\n", told)
	return false, done(c, nil, "killed: no order is sent until maemae arm")
}

// cancelAll has a daemon that answers cancel, or cancels itself.
func (p place) cancelAll(c *cobra.Command, answers bool) error {
	ctx, stop := context.WithTimeout(c.Context(), cancelPatience)
	defer stop()
	if answers {
		err := ask(ctx, p.socket, http.MethodPost, "/cancel", struct{}{}, nil)
		if err == nil {
			return done(c, nil, "no order is open")
		}
		fmt.Fprintf(c.ErrOrStderr(), "maemae: the daemon cannot cancel (%v); cancelling without it\n", err)
	}
	cfg, keys, err := loadSetup(c)
	if err != nil {
		return fmt.Errorf("cancel: %w", err)
	}
	left, err := cancelAlone(ctx, cfg, keys, c.OutOrStdout())
	if err == nil && left > 0 {
		err = fmt.Errorf("%d orders may still be open", left)
	}
	if err != nil {
		return hinted(fmt.Errorf("cancel: %w", err), "cancel them in KIS's own app or by telephone; docs/RUNBOOK.md")
	}
	return done(c, nil, "no order is open")
}

// cancelAlone cancels every open order at the broker, without journal and engine. In a shared account it cancels only
// what the broker says came from us.
func cancelAlone(ctx context.Context, cfg Config, keys credentials, out io.Writer) (left int, err error) {
	d := &daemon{cfg: cfg, log: zap.NewNop(), state: cfg.stateDir(alias(keys.Account)), clock: scheduler.Wall()}
	if cfg.KIS.BaseURL != "" { // a simulator has a clock of its own
		if d.clock, err = chooseClock(ctx, "sim", cfg); err != nil {
			return 0, err
		}
	}
	if d.cal, err = calendar(cfg); err != nil {
		return 0, err
	}
	if d.kis, err = newKIS(cfg, keys, parts{clock: d.clock}); err != nil {
		return 0, err
	}
	defer d.close()
	d.feed = newLiveFeed(d.kis, nil, d.cal, d.clock.Now)
	b, err := d.executor(false)
	if err != nil {
		return 0, err
	}
	today := market.DateOf(d.clock.Now())
	selected := func(r broker.Row) bool { return cfg.Exclusive || r.Channel == channel }
	told := func(r broker.Row, failure error) error {
		_, err := fmt.Fprintf(out, "cancel %s (%s %d %s): %v\n", r.ID.Number, r.Side, r.Remaining, r.Symbol, orAsked(failure))
		return err
	}
	for range 5 {
		if left, err = engine.CancelOpen(ctx, b, today, selected, told); err == nil && left == 0 {
			return 0, nil
		}
		if paused := pause(ctx, time.Second); paused != nil {
			return left, errors.Join(err, paused)
		}
	}
	return left, err
}

func orAsked(err error) string {
	if err == nil {
		return "asked"
	}
	return err.Error()
}

// Kill sets the switch in the journal and in the KILL file; one of them on disk is enough.
func (d *daemon) Kill(reason, by string) error {
	entry := d.engine.Kill(reason, by)
	file := journal.Kill(d.state, by+" "+reason)
	if entry != nil && file != nil {
		return errors.Join(entry, file)
	}
	for _, err := range []error{entry, file} {
		if err != nil {
			d.log.Error("the kill is in force, but one of its two places could not be written", zap.Error(err))
		}
	}
	return nil
}

// CancelAll cancels what is open at the broker.
func (d *daemon) CancelAll(ctx context.Context) error {
	left, err := d.engine.CancelAll(ctx, "kill")
	if err == nil && left > 0 {
		err = fmt.Errorf("%d orders may still be open", left)
	}
	return err
}

// Arm leaves a kill after the typed words, or lets a disabled strategy trade again.
func (d *daemon) Arm(ctx context.Context, phrase, strategy, by string) error {
	if strategy != "" {
		return d.engine.Operate(journal.Operator{Act: "arm", Strategy: strategy, By: by})
	}
	if phrase != armPhrase(d.cfg.Env) {
		return errors.New("not armed: the words are others")
	}
	if err := journal.Arm(d.state); err != nil {
		return err
	}
	return d.engine.Arm(ctx, by)
}

// tend does what must not wait for the market's clock, until the returned function is called: it heeds SIGUSR1 and the
// KILL file, and writes what a person needs when the daemon is down.
func (d *daemon) tend(ctx context.Context) (stop func()) {
	usr := make(chan os.Signal, 1)
	signal.Notify(usr, syscall.SIGUSR1)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(tendEvery)
		defer tick.Stop()
		var exported time.Time
		for {
			if time.Since(exported) >= exportEvery {
				exported = time.Now()
				d.export()
			}
			select {
			case <-ctx.Done():
				return
			case <-usr:
				d.killed("SIGUSR1", "signal")
			case <-tick.C:
				if why, set := journal.Killed(d.state); set && d.journal.Book().State().Mode != journal.ModeKilled {
					d.killed(why, "KILL file")
				}
			}
		}
	}()
	return func() { signal.Stop(usr); cancel(); <-done; d.export() }
}

func (d *daemon) killed(why, by string) {
	if err := d.Kill(why, by); err != nil {
		d.log.Error("kill", zap.Error(err))
	}
}

// exportName is the plain file with positions and open orders.
const exportName = "positions.txt"

// export writes positions and open orders, so that a person can act while the daemon is down.
func (d *daemon) export() {
	err := replaceFile(filepath.Join(d.state, exportName), func(w io.Writer) error {
		fmt.Fprintf(w, "maemae %s %s, as the daemon knew it at %s\n\n", d.cfg.Env, d.account, kst(d.clock.Now()))
		return printStatus(w, d.Status())
	})
	if err != nil {
		d.log.Warn("positions could not be written to a file", zap.Error(err))
	}
}

// replaceFile makes a file of new content appear at once, readable for its owner.
func replaceFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone after the rename
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
