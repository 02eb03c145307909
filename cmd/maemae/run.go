package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"maemae/engine"
	"maemae/journal"
	"maemae/market"
	"maemae/scheduler"
	"maemae/strategy"
)

func runCommand() *cobra.Command {
	var dryRun bool
	var clock string
	var k kisFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "the daemon: wait for each slot, decide, trade, log why",
		Long: `run reconciles with the broker first, then lives until SIGTERM: it wakes at the moments strategies.yaml names, decides,
and places what the limits allow. SIGHUP reads strategies.yaml again; a wrong file changes nothing.
--clock sim takes the time from maemae sim (loopback only): the market jumps to the next moment that matters.`,
		Example: "  maemae run --config config.yaml --dry-run",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, keys, err := loadSetup(c)
			if err != nil {
				return err
			}
			o, err := k.options()
			if err != nil {
				return err
			}
			load := func() (*strategy.File, strategy.Problems) { return loadRulesWith(cfg.Strategies, o) }
			rules, problems := load()
			if rules == nil {
				return problems
			}
			for _, p := range problems {
				fmt.Fprintln(c.ErrOrStderr(), p)
			}
			return runDaemon(c.Context(), cfg, keys, rules, load, clock, dryRun, c.ErrOrStderr())
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "decide and ask the limits, but send no order")
	c.Flags().StringVar(&clock, "clock", "wall", "wall, or sim: the simulator's own clock")
	k.register(c)
	return c
}

// loadSetup reads configuration and credentials.
func loadSetup(c *cobra.Command) (Config, credentials, error) {
	flag, err := c.Flags().GetString("config")
	if err != nil {
		return Config{}, credentials{}, err
	}
	path, err := findConfig(flag)
	if err != nil {
		return Config{}, credentials{}, err
	}
	cfg, err := loadConfig(path)
	if err != nil {
		return Config{}, credentials{}, err
	}
	keys, err := loadCredentials(cfg)
	return cfg, keys, err
}

// chooseClock is the wall's clock, or the simulator's.
func chooseClock(ctx context.Context, name string, cfg Config) (scheduler.Clock, error) {
	switch name {
	case "wall":
		return scheduler.Wall(), nil
	case "sim":
		if cfg.KIS.BaseURL == "" {
			return scheduler.Clock{}, hinted(errors.New("--clock sim without kis.base_url"), "base_url: http://127.0.0.1:29443, where maemae sim listens")
		}
		sim, err := dialSimClock(ctx, cfg.KIS.BaseURL)
		if err != nil {
			return scheduler.Clock{}, err
		}
		return scheduler.Clock{Now: sim.Now, Wait: sim.Wait}, nil
	}
	return scheduler.Clock{}, hinted(usagef("--clock %q", name), "wall or sim")
}

// watched tells systemd that the loop moves: each time it waits, in steps shorter than the watchdog's patience.
func watched(clock scheduler.Clock, alive func(), every time.Duration) scheduler.Clock {
	if every <= 0 {
		return clock
	}
	return scheduler.Clock{Now: clock.Now, Wait: func(ctx context.Context, until time.Time) error {
		for {
			alive()
			step := clock.Now().Add(every)
			if !step.Before(until) {
				return clock.Wait(ctx, until)
			}
			if err := clock.Wait(ctx, step); err != nil {
				return err
			}
		}
	}}
}

// stepOf is how long the loop may wait before it shows that it moves. A simulated clock moves by itself with each wait.
func stepOf(clock string, patience time.Duration) time.Duration {
	if patience > 0 {
		return patience / 3
	}
	if clock == "sim" {
		return 365 * 24 * time.Hour
	}
	return stepEvery
}

func runDaemon(ctx context.Context, cfg Config, keys credentials, rules *strategy.File, load func() (*strategy.File, strategy.Problems), clockName string, dryRun bool, stderr io.Writer) error {
	clock, err := chooseClock(ctx, clockName, cfg)
	if err != nil {
		return err
	}
	log, err := newLogger(cfg.Log, stderr, clock.Now)
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }() // stderr cannot always be synced, and nothing is lost when it cannot
	patience, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("systemd watchdog: %w", err)
	}
	w := newWatch(cfg, keys, log)
	alive := func() {
		w.health.alive()
		if patience > 0 {
			tellSystemd(log, sd.SdNotifyWatchdog)
		}
	}
	clock = watched(clock, alive, stepOf(clockName, patience))
	d, err := newDaemon(cfg, keys, parts{log: log, clock: clock, dryRun: dryRun, alive: alive, onKIS: w.called, heard: w.heard})
	if err != nil {
		return err
	}
	defer d.close()
	d.load = load
	stopWatch, err := w.start(ctx, d)
	if err != nil {
		return err
	}
	defer stopWatch()
	if rev := build().Revision; cfg.Env == "real" && !dryRun && (rev == "" || strings.HasSuffix(rev, "+dirty")) {
		return hinted(errors.New("real money is traded only by a program built from a clean, known revision"), "a release, or go build in a clean checkout; or run --dry-run")
	}
	if cfg.Env == "real" && !dryRun && !d.journal.Book().Armed() {
		return hinted(errors.New("this state directory has never been armed for real money"), "maemae arm, once; or run --dry-run")
	}
	if err := d.setRules(rules); err != nil {
		return err
	}
	if err := d.prepare(); err != nil {
		return err
	}
	start := d.start()
	if err := d.engine.Begin(start); err != nil { // before anybody can ask for the state
		return err
	}
	log.Info("maemae", zap.String("version", build().Version), zap.String("env", cfg.Env), zap.Stringer("account", keys.Account), zap.String("keys_from", keys.From), zap.String("state", d.state), zap.Bool("dry_run", dryRun))
	stop, err := serveControl(socketPath(d.state), d)
	if err != nil {
		return err
	}
	defer stop()
	hide, err := d.openDashboard(ctx)
	if err != nil {
		return err
	}
	defer hide()
	defer d.onHangup(ctx)()
	defer d.tend(ctx)()
	tellSystemd(log, sd.SdNotifyReady)
	err = d.run(ctx, start)
	tellSystemd(log, sd.SdNotifyStopping)
	if errors.Is(err, errMarketOver) {
		log.Info("the simulated market ended")
		return nil
	}
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		log.Info("stopped")
		return nil
	}
	return err
}

func tellSystemd(log *zap.Logger, state string) {
	if _, err := sd.SdNotify(false, state); err != nil {
		log.Warn("systemd could not be told", zap.String("state", state), zap.Error(err))
	}
}

// What the control socket offers; Kill, CancelAll and Arm are in kill.go.

func (d *daemon) Halt(reason, by string) error {
	if reason == "" {
		reason = "operator"
	}
	return d.engine.Halt("operator", reason, by)
}

func (d *daemon) Resume(ctx context.Context, by string) error { return d.engine.Resume(ctx, by) }

func (d *daemon) Examine(ctx context.Context, intent string) (engine.Suspect, error) {
	return d.engine.Examine(ctx, intent)
}

func (d *daemon) Resolve(ctx context.Context, r engine.Resolution) error {
	return d.engine.Resolve(ctx, r)
}

func (d *daemon) Override(ctx context.Context, decision, why, by string) error {
	return d.engine.Override(ctx, decision, why, by)
}

func (d *daemon) Operate(o journal.Operator) error { return d.engine.Operate(o) }

func (d *daemon) Reload(by string) error { return d.reload(context.Background(), by) }

// Status is the daemon on one screen.
func (d *daemon) Status() Status {
	s := bookStatus(d.journal.Book())
	now := d.clock.Now()
	s.Running, s.Now, s.Account = true, now, d.account
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.rules.Strategies {
		w, err := scheduler.ParseWhen(r.When)
		if err != nil {
			continue // it was checked when the file was loaded
		}
		if due, ok := w.Next(now, d.cal); ok {
			s.Next = append(s.Next, NextSlot{Job: r.Name, Due: due})
		}
	}
	if session, err := d.cal.Session(market.DateOf(now)); err == nil {
		s.Session = session.Open.Format("15:04") + "–" + session.Close.Format("15:04")
	} else {
		s.Session = err.Error()
	}
	return s
}
