package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
)

const (
	unreadableAfter = 3 * time.Minute // without a complete read while orders are open or nothing is known yet
	cleanReads      = 3               // complete reads after which such a halt ends by itself
	skewMax         = 2 * time.Second // between the broker's clock and ours
	skewFor         = time.Minute
)

// The reasons of modes that the daemon leaves by itself.
const (
	reasonUnreadable = "orders_unreadable"
	reasonMissing    = "order_missing"
	reasonLoss       = "daily_loss"
	reasonUnread     = "unacknowledged"
)

// health is what the engine remembers of its reads.
type health struct {
	failing time.Time            // since when the order list cannot be read; zero when it can
	lost    time.Time            // since when the past cannot be read while reconciling; zero when it can
	clean   int                  // complete reads since a halt for want of them
	skewed  time.Time            // since when the clocks differ; zero when they agree
	doubts  map[string]time.Time // what complete lists contradict, and since when
}

func (e *Engine) mode() journal.Mode { return e.book().State().Mode }

// turnTo changes the mode if the present one allows it, with nothing in between.
func (e *Engine) turnTo(next journal.State, from ...journal.Mode) (changed bool, err error) {
	e.modes.Lock()
	defer e.modes.Unlock()
	for _, m := range from {
		if e.mode() == m {
			return true, e.write(next)
		}
	}
	return false, nil
}

// activate leaves reconciling, unless something has halted meanwhile.
func (e *Engine) activate(reason string) error {
	_, err := e.turnTo(journal.State{Mode: journal.ModeActive, Reason: reason, By: "daemon"}, journal.ModeReconciling)
	return err
}

// halt is the entry that stops everything, if it is not stopped yet.
func halt(b *journal.Book, reason, detail string) []journal.Body {
	if m := b.State().Mode; m == journal.ModeHalted || m == journal.ModeKilled {
		return nil
	}
	return []journal.Body{journal.State{Mode: journal.ModeHalted, Reason: reason, Detail: detail, By: "daemon"}}
}

// stop halts for a reason of the daemon's own.
func (e *Engine) stop(reason, detail string) error {
	_, err := e.turnTo(journal.State{Mode: journal.ModeHalted, Reason: reason, Detail: detail, By: "daemon"}, journal.ModeReconciling, journal.ModeActive, journal.ModeReduceOnly)
	return err
}

// Halt stops all new orders at once; the running step finishes without placing another. It returns when the halt is
// on disk.
func (e *Engine) Halt(reason, detail, by string) error {
	changed, err := e.turnTo(journal.State{Mode: journal.ModeHalted, Reason: reason, Detail: detail, By: by}, journal.ModeReconciling, journal.ModeActive, journal.ModeReduceOnly, journal.ModeHalted)
	if err == nil && !changed {
		return fmt.Errorf("halt: the daemon is %s, which is stricter", e.mode())
	}
	return err
}

// Kill stops all orders until a person arms. When it returns no POST of an order starts any more, also where the error
// says that the disk refused the entry. It does not wait for the running step.
func (e *Engine) Kill(reason, by string) error {
	e.killed.Store(true)
	e.modes.Lock()
	defer e.modes.Unlock()
	e.killed.Store(true) // an Arm may have come between
	if e.mode() == journal.ModeKilled {
		return nil
	}
	return e.write(journal.State{Mode: journal.ModeKilled, Reason: "kill", Detail: reason, By: by})
}

// Arm permits leaving killed, and leaves it through a fresh reconciliation. A kill switch outside the journal must be
// clear before.
func (e *Engine) Arm(ctx context.Context, by string) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	if e.Killed != nil {
		if why, set := e.Killed(); set {
			return fmt.Errorf("arm: the kill switch is set: %s", why)
		}
	}
	if killed, err := e.unkill(by); err != nil || !killed {
		return err
	}
	return e.again(ctx, "armed", by)
}

func (e *Engine) unkill(by string) (killed bool, err error) {
	e.modes.Lock()
	defer e.modes.Unlock()
	entries := []journal.Body{journal.Operator{Act: "arm", By: by}}
	if killed = e.mode() == journal.ModeKilled; killed {
		entries = append(entries, journal.State{Mode: journal.ModeReconciling, Reason: "armed", By: by})
	}
	if err := e.write(entries...); err != nil {
		return killed, err
	}
	e.killed.Store(false)
	return killed, nil
}

// Resume leaves a halt through a fresh reconciliation.
func (e *Engine) Resume(ctx context.Context, by string) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	changed, err := e.turnTo(journal.State{Mode: journal.ModeReconciling, Reason: "resumed", By: by}, journal.ModeHalted, journal.ModeReduceOnly, journal.ModeReconciling)
	if err != nil {
		return err
	}
	if !changed {
		return fmt.Errorf("resume: the daemon is %s, not halted", e.mode())
	}
	return e.again(ctx, "resumed", by)
}

// again reconciles from the start, and tells if that ended in another halt.
func (e *Engine) again(ctx context.Context, word, by string) error {
	e.health = health{doubts: map[string]time.Time{}}
	if err := e.past(ctx, e.Now()); err != nil {
		return fmt.Errorf("%s, but not trading: %w", word, err)
	}
	if err := e.activate(word + " by " + by); err != nil {
		return err
	}
	if s := e.book().State(); s.Mode != journal.ModeActive && s.Mode != journal.ModeReduceOnly {
		return fmt.Errorf("%s, and %s again: %s: %s", word, s.Mode, s.Reason, s.Detail)
	}
	return nil
}

// heed takes notice of a kill switch outside the journal.
func (e *Engine) heed() error {
	if e.Killed == nil {
		return nil
	}
	if why, set := e.Killed(); set && e.mode() != journal.ModeKilled {
		return e.Kill(why, "kill switch")
	}
	return nil
}

// halted tells whether the mode forbids every order.
func (e *Engine) halted() bool {
	m := e.mode()
	return e.killed.Load() || m == journal.ModeHalted || m == journal.ModeKilled || m == journal.ModeReconciling
}

// stopped is asked right before each POST.
func (e *Engine) stopped() error {
	if e.Killed != nil {
		if why, set := e.Killed(); set {
			return fmt.Errorf("killed: %s", why)
		}
	}
	if e.halted() {
		return fmt.Errorf("the daemon is %s", e.mode())
	}
	return nil
}

// unreadable tells whether the daemon halted because it could not read the broker's orders, or read old ones.
func (e *Engine) unreadable() bool {
	s := e.book().State()
	return s.Mode == journal.ModeHalted && (s.Reason == reasonUnreadable || s.Reason == reasonMissing) && s.By == "daemon"
}

// unread notes a read that failed or cannot be right, and halts when that lasts while something is open. It returns the
// error it was given.
func (e *Engine) unread(failure error) error {
	now := e.Now()
	e.health.clean = 0
	if e.health.failing.IsZero() {
		e.health.failing = now
	}
	var d *doubt
	var err error
	switch {
	case errors.As(failure, &d):
		key := d.code + " " + d.of
		first, again := e.health.doubts[key]
		if !again {
			e.health.doubts[key] = now
		} else if now.Sub(first) >= d.after {
			if err = e.stop(d.code, d.what); err == nil && d.mend != nil {
				err = e.write(*d.mend)
			}
		}
	case len(e.book().Working("")) > 0 && now.Sub(e.health.failing) >= unreadableAfter:
		err = e.stop(reasonUnreadable, failure.Error())
	}
	return errors.Join(failure, err)
}

// adrift notes that reconciling did not come to its end, and halts when that lasts: a daemon that neither trades nor says
// why would be noticed by nobody. It returns the error it was given.
func (e *Engine) adrift(failure error) error {
	now := e.Now()
	e.health.clean = 0
	switch {
	case e.mode() != journal.ModeReconciling:
		e.health.lost = time.Time{}
	case e.health.lost.IsZero():
		e.health.lost = now
	case now.Sub(e.health.lost) >= unreadableAfter:
		return errors.Join(failure, e.stop(reasonUnreadable, failure.Error()))
	}
	return failure
}

// read notes a complete read. A halt for want of reads turns into a fresh reconciliation after a few of them, when no
// outcome is unknown.
func (e *Engine) read() error {
	e.health.failing = time.Time{}
	clear(e.health.doubts)
	if err := e.compareClocks(); err != nil {
		return err
	}
	if !e.unreadable() {
		return nil
	}
	for _, o := range e.book().Working("") {
		if o.Unresolved() {
			return nil
		}
	}
	if e.health.clean++; e.health.clean < cleanReads {
		return nil
	}
	_, err := e.turnTo(journal.State{Mode: journal.ModeReconciling, Reason: "readable", Detail: "the order list is complete again", By: "daemon"}, journal.ModeHalted)
	return err
}

// compareClocks halts when the broker's clock and ours keep differing: session hours and ages would mean nothing.
func (e *Engine) compareClocks() error {
	if e.Offset == nil {
		return nil
	}
	off, now := e.Offset(), e.Now()
	switch {
	case off.Abs() <= skewMax:
		e.health.skewed = time.Time{}
	case e.health.skewed.IsZero():
		e.health.skewed = now
	case now.Sub(e.health.skewed) >= skewFor:
		return e.stop("clock", fmt.Sprintf("the broker's clock is %s from ours", off))
	}
	return nil
}

// weighLoss holds the day's loss against its two limits, from the one on only exits are sent, from the other on nothing,
// and the fall from the best of many days against its own. A new date ends the first.
func (e *Engine) weighLoss(a broker.Account) error {
	for _, h := range a.Holdings {
		if h.Shares > 0 && h.Price.Sign() <= 0 {
			return nil // nothing is known of the loss; the gate refuses entries
		}
	}
	loss, l := e.lossToday(a), e.Gate.Limits()
	say := func(limit fmt.Stringer) string {
		return fmt.Sprintf("%s won lost today, the limit is %s won", loss, limit)
	}
	if l.HaltLoss.Sign() > 0 && !loss.LessThan(l.HaltLoss) {
		return e.stop("halt_loss", say(l.HaltLoss))
	}
	if l.Drawdown.Sign() > 0 {
		if fell, allowed := e.peak(a).Sub(a.Equity), e.peak(a).Mul(l.Drawdown); fell.Sign() > 0 && !fell.LessThan(allowed) {
			return e.stop("drawdown", fmt.Sprintf("%s won below the best opening of %d sessions, the limit is %s won", fell, drawdownSessions, allowed))
		}
	}
	if l.DailyLoss.Sign() > 0 && !loss.LessThan(l.DailyLoss) {
		_, err := e.turnTo(journal.State{Mode: journal.ModeReduceOnly, Reason: reasonLoss, Detail: say(l.DailyLoss), By: "daemon"}, journal.ModeActive)
		return err
	}
	if s := e.book().State(); s.Mode != journal.ModeReduceOnly || s.Reason != reasonLoss || e.since() == market.DateOf(a.At) {
		return nil
	}
	_, err := e.turnTo(journal.State{Mode: journal.ModeActive, Reason: "new_day", Detail: "the day's loss begins anew", By: "daemon"}, journal.ModeReduceOnly)
	return err
}

// HoldEntries lets only exits through until ReleaseEntries: a person was told something that nobody has acknowledged. A stricter mode
// stays what it is.
func (e *Engine) HoldEntries(what string) error {
	_, err := e.turnTo(journal.State{Mode: journal.ModeReduceOnly, Reason: reasonUnread, Detail: what, By: "daemon"}, journal.ModeActive)
	return err
}

// ReleaseEntries ends what HoldEntries began.
func (e *Engine) ReleaseEntries(by string) error {
	e.modes.Lock()
	defer e.modes.Unlock()
	if s := e.book().State(); s.Mode != journal.ModeReduceOnly || s.Reason != reasonUnread {
		return nil
	}
	return e.write(journal.State{Mode: journal.ModeActive, Reason: "acknowledged", By: by})
}

// since is the date on which the present mode was written.
func (e *Engine) since() market.Date {
	for entry, err := range e.Journal.Entries(context.Background(), journal.Query{Kinds: []string{journal.State{}.Kind()}, Newest: true, Limit: 1}) {
		if err == nil {
			return market.DateOf(entry.At)
		}
	}
	return 0
}
