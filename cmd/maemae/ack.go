package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"maemae/journal"
	"maemae/market"
	"maemae/notify"
)

// unread are the critical entries that nobody acknowledged; stop ends the walk. last is the entry up to which there is
// none.
func unread(ctx context.Context, j *journal.Journal, q journal.Query, found func(e journal.Entry, title string) (stop bool)) (last int64, err error) {
	for e, err := range j.Entries(ctx, journal.Query{Kinds: []string{journal.Operator{}.Kind()}, Newest: true}) {
		if err != nil {
			return 0, err
		}
		if o, ok := e.Body.(journal.Operator); ok && o.Act == "ack" {
			if through, err := strconv.ParseInt(o.Number, 10, 64); err == nil {
				q.After = max(q.After, through)
				break
			}
		}
	}
	q.Kinds, last = notify.Told(), q.After
	for e, err := range j.Entries(ctx, q) {
		if err != nil {
			return 0, err
		}
		if title, critical := notify.CriticalEntry(ctx, e); critical && found(e, title) {
			return last, nil
		}
		last = e.Seq
	}
	return last, nil
}

// firstUnread names the first critical entry from before the date's open that is not acknowledged; empty for none. What
// happens within the session has its own consequences.
func (d *daemon) firstUnread(ctx context.Context, at time.Time) (what string, err error) {
	q := journal.Query{Until: at}
	if s, err := d.cal.Session(market.DateOf(at)); err == nil {
		q.Until = s.Open
	}
	d.reading.Lock()
	defer d.reading.Unlock()
	q.After = d.read
	last, err := unread(ctx, d.journal, q, func(e journal.Entry, title string) bool {
		what = fmt.Sprintf("entry %d: %s", e.Seq, title)
		return true
	})
	d.read = max(d.read, last)
	return what, err
}

// holdUnread lets only exits through while something critical is unread, and ends that. It is asked before each slot.
func (d *daemon) holdUnread(ctx context.Context, at time.Time) {
	if !d.cfg.Notify.BlockUntilAck {
		return
	}
	what, err := d.firstUnread(ctx, at)
	switch {
	case err != nil: // what cannot be read may be critical
		err = errors.Join(err, d.engine.HoldEntries("the journal cannot be read: "+err.Error()))
	case what != "":
		err = d.engine.HoldEntries(what)
	default:
		err = d.engine.ReleaseEntries("daemon")
	}
	if err != nil {
		d.log.Error("acknowledgement", zap.Error(err))
	}
}

// acknowledgement is what a person has read: everything up to an entry.
func acknowledgement(through int64, by string) journal.Operator {
	return journal.Operator{Act: "ack", Number: strconv.FormatInt(through, 10), By: by}
}

// Acknowledge records that a person has read what was critical up to an entry, and lets entries through again if nothing
// else is unread.
func (d *daemon) Acknowledge(ctx context.Context, through int64, by string) error {
	if newest := d.journal.Book().Seq(); through < 1 || through > newest {
		return fmt.Errorf("acknowledge entry %d: the journal has entries 1 to %d", through, newest)
	}
	if _, err := d.journal.Append(acknowledgement(through, by)); err != nil {
		return err
	}
	what, err := d.firstUnread(ctx, d.clock.Now())
	if err != nil || what != "" {
		return err
	}
	return d.engine.ReleaseEntries(by)
}

func notifyAckCommand() *cobra.Command {
	return stateFlag(&cobra.Command{
		Use:   "ack",
		Short: "say that you have read what was critical; entries pass again",
		Long: `ack prints every critical entry of the journal since the last ack and notes that a person has read them; what comes after
the printing waits for the next ack. With notify.block_entries_until_ack only exits are sent while something critical from before the open is not acknowledged.`,
		Example: "  maemae notify ack",
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			j, err := p.read()
			if err != nil {
				return err
			}
			n, through := 0, j.Book().Seq()
			_, err = unread(c.Context(), j, journal.Query{Before: through + 1}, func(e journal.Entry, title string) bool {
				n++
				fmt.Fprintf(c.OutOrStdout(), "%d  %s  %s\n", e.Seq, kst(e.At), title)
				return false
			})
			if err = errors.Join(err, j.Close()); err != nil {
				return err
			}
			err = act(c.Context(), p, "/ack", map[string]int64{"Through": through}, func(by string) journal.Body { return acknowledgement(through, by) })
			return done(c, err, fmt.Sprintf("acknowledged: %d", n))
		},
	})
}
