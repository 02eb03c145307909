package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"maemae/journal"
	"maemae/market"
	"maemae/notify"
)

// unread are the critical entries that came after the newest acknowledgement; stop ends the walk.
func unread(ctx context.Context, j *journal.Journal, q journal.Query, found func(e journal.Entry, title string) (stop bool)) error {
	for e, err := range j.Entries(ctx, journal.Query{Kinds: []string{journal.Operator{}.Kind()}, Newest: true}) {
		if err != nil {
			return err
		}
		if o, ok := e.Body.(journal.Operator); ok && o.Act == "ack" {
			q.After = max(q.After, e.Seq)
			break
		}
	}
	q.Kinds = notify.Told()
	for e, err := range j.Entries(ctx, q) {
		if err != nil {
			return err
		}
		if title, critical := notify.CriticalEntry(ctx, e); critical && found(e, title) {
			return nil
		}
	}
	return nil
}

// holdUnread lets only exits through while something critical from before today's open is not acknowledged, and ends
// that. What happens within the session has its own consequences. It is asked before each slot.
func (d *daemon) holdUnread(ctx context.Context, at time.Time) {
	s, err := d.cal.Session(market.DateOf(at))
	if err != nil || !d.cfg.Notify.BlockUntilAck {
		return
	}
	what := ""
	err = unread(ctx, d.journal, journal.Query{Until: s.Open}, func(e journal.Entry, title string) bool {
		what = fmt.Sprintf("entry %d: %s", e.Seq, title)
		return true
	})
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

// Acknowledge records that a person has read what was critical so far, and lets entries through again.
func (d *daemon) Acknowledge(by string) error {
	if _, err := d.journal.Append(journal.Operator{Act: "ack", By: by}); err != nil {
		return err
	}
	return d.engine.ReleaseEntries(by)
}

func notifyAckCommand() *cobra.Command {
	return stateFlag(&cobra.Command{
		Use:   "ack",
		Short: "say that you have read what was critical; entries pass again",
		Long: `ack prints every critical entry of the journal since the last ack and notes that a person has read them. With
notify.block_entries_until_ack only exits are sent while something critical from before the open is not acknowledged.`,
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
			n := 0
			err = unread(c.Context(), j, journal.Query{}, func(e journal.Entry, title string) bool {
				n++
				fmt.Fprintf(c.OutOrStdout(), "%d  %s  %s\n", e.Seq, kst(e.At), title)
				return false
			})
			if err = errors.Join(err, j.Close()); err != nil {
				return err
			}
			err = act(c.Context(), p, "/ack", struct{}{}, func(by string) journal.Body { return journal.Operator{Act: "ack", By: by} })
			return done(c, err, fmt.Sprintf("acknowledged: %d", n))
		},
	})
}
