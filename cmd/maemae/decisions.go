package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

func decisionsCommand() *cobra.Command {
	var q journal.Query
	var symbol, day, answer string
	var asJSON, all bool
	c := &cobra.Command{
		Use:     "decisions",
		Short:   "what the rules answered, newest first",
		Example: "  maemae decisions --strategy golden-cross --answer buy --limit 20",
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			q.Kinds, q.Newest, q.Symbol = []string{"decision"}, true, market.Symbol(symbol)
			if day != "" {
				d, err := market.ParseDate(day)
				if err != nil {
					return usageError{err}
				}
				q.Since, q.Until = d.At(0, 0), d.Add(1).At(0, 0)
			}
			j, err := p.read()
			if err != nil {
				return err
			}
			defer j.Close()
			list, err := selectDecisions(c.Context(), j, q, answer, all)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), list)
			}
			return printDecisions(c.OutOrStdout(), list)
		},
	}
	f := c.Flags()
	f.StringVar(&q.Strategy, "strategy", "", "only this strategy")
	f.StringVar(&symbol, "symbol", "", "only this symbol")
	f.StringVar(&day, "day", "", "only this date, 2026-11-26")
	f.StringVar(&answer, "answer", "", "only buy, sell or hold")
	f.IntVar(&q.Limit, "limit", 50, "how many")
	f.BoolVar(&all, "all", false, "no limit")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

func selectDecisions(ctx context.Context, j *journal.Journal, q journal.Query, answer string, all bool) ([]journal.Decision, error) {
	limit := q.Limit
	q.Limit = 0
	out := []journal.Decision{}
	for e, err := range j.Entries(ctx, q) {
		if err != nil {
			return nil, err
		}
		d, ok := e.Body.(journal.Decision)
		if !ok || answer != "" && string(d.Answer) != answer {
			continue
		}
		if out = append(out, d); len(out) == limit && !all {
			break
		}
	}
	return out, nil
}

func printDecisions(w io.Writer, list []journal.Decision) error {
	t := newTable("?=due", "?strategy", "?symbol", "answer", "reason", ">price", ">shares", "=id")
	for _, d := range list {
		shares := ""
		if d.Shares > 0 {
			shares = groupedInt(d.Shares)
		}
		t.add(kst(d.Due), d.Strategy, string(d.Symbol), string(d.Answer), string(d.Reason), grouped(d.Price), shares, d.ID)
	}
	if err := t.print(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d decisions; maemae explain ID shows one with its numbers\n", len(list))
	return err
}

func explainCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "explain ID",
		Short:   "one decision with every operand's value, what the gate said, and the order's life",
		Example: "  maemae explain 20261126-151500-golden-cross-005930",
		Args:    cobra.ExactArgs(1),
		RunE: withJournal(func(c *cobra.Command, args []string, j *journal.Journal) error {
			return printStory(c, j, args[0], asJSON)
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

// printStory prints everything about a decision or an order.
func printStory(c *cobra.Command, j *journal.Journal, id string, asJSON bool) error {
	entries, err := story(c.Context(), j, id)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), printable(entries))
	}
	for _, e := range entries {
		if err := tell(c.OutOrStdout(), e); err != nil {
			return err
		}
	}
	return nil
}

// story is every entry about a decision: itself, refusals, and the life of its intents.
func story(ctx context.Context, j *journal.Journal, id string) ([]journal.Entry, error) {
	id, _, _ = strings.Cut(id, "#")
	var out []journal.Entry
	var intents []string
	for e, err := range j.Entries(ctx, journal.Query{Ref: id}) {
		if err != nil {
			return nil, err
		}
		if i, ok := e.Body.(journal.Intent); ok {
			intents = append(intents, i.ID)
			continue // comes with its intent's own entries
		}
		out = append(out, e)
	}
	for _, i := range intents {
		for e, err := range j.Entries(ctx, journal.Query{Ref: i}) {
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, hinted(fmt.Errorf("no decision %q in this journal", id), "maemae decisions lists them")
	}
	return out, nil
}

// printable shows an entry with its kind.
func printable(entries []journal.Entry) []map[string]any {
	out := []map[string]any{}
	for _, e := range entries {
		out = append(out, map[string]any{"seq": e.Seq, "at": e.At, "kind": e.Body.Kind(), "body": e.Body, "hash": e.Hash})
	}
	return out
}

// tell prints one entry for a person.
func tell(w io.Writer, e journal.Entry) error {
	head := func(format string, args ...any) error {
		_, err := fmt.Fprintf(w, "%s  #%d  %s\n", kst(e.At), e.Seq, fmt.Sprintf(format, args...))
		return err
	}
	switch b := e.Body.(type) {
	case journal.Decision:
		if err := tellDecision(w, b); err != nil {
			return err
		}
	case journal.Refusal:
		if err := head("refused: %s: %s", b.Order, b.Refusal.Error()); err != nil {
			return err
		}
		return tellPassed(w, b.Passed)
	case journal.Intent:
		if err := head("intent %s: %s (%s), last price %s", b.ID, b.Order, b.Reason, grouped(b.Quote.Price)); err != nil {
			return err
		}
		return tellPassed(w, b.Passed)
	case journal.Answer:
		return head("broker: %s %s %s", b.Outcome, b.ID.Number, strings.TrimSpace(b.Code+" "+b.Text))
	case journal.Bind:
		return head("found at the broker as order %s (by %s)", b.ID.Number, b.By)
	case journal.Absent:
		return head("not at the broker after %d complete reads, final: %v", b.Reads, b.Final)
	case journal.Fill:
		return head("filled %s shares so far for %s won, fee %s, tax %s", groupedInt(b.Shares), grouped(b.Value), grouped(b.Fee), grouped(b.Tax))
	case journal.Final:
		return head("%s, %s shares filled", b.State, groupedInt(b.Filled))
	case journal.Cancel:
		return head("cancel asked: %s %s", b.Why, b.Error)
	default:
		return head("%s", e.Body.Kind())
	}
	return nil
}

func tellDecision(w io.Writer, d journal.Decision) error {
	name := strings.TrimSpace(string(d.Symbol) + " " + market.Known(d.Symbol).Name)
	fmt.Fprintf(w, "%s\n  %s on %s, due %s\n  %s (%s)", d.ID, d.Strategy, name, kst(d.Due), d.Answer, d.Reason)
	if d.Detail != "" {
		fmt.Fprintf(w, ": %s", d.Detail)
	}
	fmt.Fprintf(w, "\n  price %s, %d bars seen", grouped(d.Price), d.Bars)
	if d.Bars > 0 {
		state := "completed"
		if d.Forming {
			state = "forming"
		}
		fmt.Fprintf(w, ", last %s %s: open %s high %s low %s close %s volume %s", state, d.Last.Date, grouped(d.Last.Open), grouped(d.Last.High), grouped(d.Last.Low), grouped(d.Last.Close), groupedInt(d.Last.Volume))
	}
	fmt.Fprintln(w)
	if d.Shares > 0 {
		fmt.Fprintf(w, "  wants %s shares (budget %s won)\n", groupedInt(d.Shares), grouped(d.Budget))
	}
	if h := d.Holding; h != nil {
		fmt.Fprintf(w, "  holds %s shares at %s since %s (%d sessions), high %s\n", groupedInt(h.Shares), grouped(h.AveragePrice), h.Since, h.Sessions, grouped(h.High))
	}
	for _, side := range []struct {
		name string
		e    *strategy.Evidence
	}{{"buy", d.Buy}, {"sell", d.Sell}} {
		if side.e != nil {
			fmt.Fprintf(w, "  %s\n", side.name)
			tellEvidence(w, side.e, 4)
		}
	}
	for _, x := range d.Exits {
		fmt.Fprintln(w, "  exit")
		tellEvidence(w, x, 4)
	}
	return nil
}

func tellEvidence(w io.Writer, e *strategy.Evidence, depth int) {
	state := ""
	switch {
	case e.Truth != nil:
		state = fmt.Sprintf("  → %v", *e.Truth)
	case e.Value != "":
		state = " = " + e.Value
	case e.Missing > 0:
		state = fmt.Sprintf("  → not ready, %d bars missing", e.Missing)
	}
	fmt.Fprintf(w, "%s%s%s\n", strings.Repeat(" ", depth), e.Text, state)
	for _, c := range e.Children {
		tellEvidence(w, c, depth+2)
	}
}

func tellPassed(w io.Writer, list []risk.Passed) error {
	for _, p := range passed(list) {
		if _, err := fmt.Fprintf(w, "    passed %s\n", p); err != nil {
			return err
		}
	}
	return nil
}

func ordersCommand() *cobra.Command {
	var asJSON bool
	var day string
	c := &cobra.Command{
		Use:   "orders [ID|NUMBER]",
		Short: "the orders that were sent, or one order's life from decision to last fill",
		Long: `orders lists what was sent. With the id of an order, or of its decision, or with the broker's number, it tells that order's life
from the decision to the last fill. Numbers begin anew each day: the newest order counts, or that of --day.`,
		Example: "  maemae orders --day 2026-11-26\n  maemae orders 0000000004",
		Args:    cobra.MaximumNArgs(1),
		RunE: withJournal(func(c *cobra.Command, args []string, j *journal.Journal) error {
			if len(args) == 1 && strings.Trim(args[0], "0123456789") != "" {
				return printStory(c, j, args[0], asJSON)
			}
			list, err := orderList(c.Context(), j, day)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				id, err := numbered(list, args[0])
				if err != nil {
					return err
				}
				return printStory(c, j, id, asJSON)
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), list)
			}
			return printOrders(c.OutOrStdout(), list)
		}),
	}
	c.Flags().StringVar(&day, "day", "", "only this date, 2026-11-26")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

// OrderLine is one order as the journal knows it.
type OrderLine struct {
	Intent  journal.Intent  `json:"intent"`
	Outcome journal.Outcome `json:"outcome,omitempty"`
	ID      broker.OrderID  `json:"id,omitzero"`
	Filled  journal.Fill    `json:"filled,omitzero"`
	End     string          `json:"end,omitempty"`
}

// numbered is the newest order with that number at the broker.
func numbered(list []*OrderLine, number string) (intent string, err error) {
	for _, o := range slices.Backward(list) {
		if id := o.ID; id.Number != "" && id.Key() == (broker.OrderID{Date: id.Date, Number: number}).Key() {
			return o.Intent.ID, nil
		}
	}
	return "", hinted(fmt.Errorf("no order has the number %s", number), "maemae orders lists them")
}

// orderList gathers intents and what became of them, in the order they were written.
func orderList(ctx context.Context, j *journal.Journal, day string) ([]*OrderLine, error) {
	q := journal.Query{Kinds: []string{"intent", "answer", "bind", "absent", "fill", "final"}}
	if day != "" {
		d, err := market.ParseDate(day)
		if err != nil {
			return nil, usageError{err}
		}
		q.Since, q.Until = d.At(0, 0), d.Add(1).At(0, 0)
	}
	list, byID := []*OrderLine{}, map[string]*OrderLine{}
	for e, err := range j.Entries(ctx, q) {
		if err != nil {
			return nil, err
		}
		switch b := e.Body.(type) {
		case journal.Intent:
			o := &OrderLine{Intent: b}
			byID[b.ID] = o
			list = append(list, o)
		case journal.Answer:
			if o := byID[b.Intent]; o != nil {
				o.Outcome, o.ID = b.Outcome, b.ID
				if b.Outcome == journal.Rejected || b.Outcome == journal.Unsent {
					o.End = string(b.Outcome)
				}
			}
		case journal.Bind:
			if o := byID[b.Intent]; o != nil {
				o.ID = b.ID
			}
		case journal.Absent:
			if o := byID[b.Intent]; o != nil && b.Final {
				o.End = "not_placed"
			}
		case journal.Fill:
			if o := byID[b.Intent]; o != nil {
				o.Filled = b
			}
		case journal.Final:
			if o := byID[b.Intent]; o != nil {
				o.End = b.State
			}
		}
	}
	return list, nil
}

func printOrders(w io.Writer, list []*OrderLine) error {
	t := newTable("?=date", "?strategy", "order", "?reason", "?number", ">filled", ">value", "state", "=id")
	for _, o := range list {
		state := orDefault(o.End, string(o.Outcome))
		t.add(o.Intent.Date.String(), o.Intent.Strategy, o.Intent.Order.String(), string(o.Intent.Reason), orDash(o.ID.Number), groupedInt(o.Filled.Shares), grouped(o.Filled.Value), orDefault(state, "sending"), o.Intent.ID)
	}
	if err := t.print(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d orders\n", len(list))
	return err
}

func positionsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "positions",
		Short:   "what each strategy holds",
		Example: "  maemae positions --json",
		RunE: withJournal(func(c *cobra.Command, _ []string, j *journal.Journal) error {
			if asJSON {
				return printJSON(c.OutOrStdout(), held(j.Book()))
			}
			return printHeld(c.OutOrStdout(), held(j.Book()))
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

func verifyCommand() *cobra.Command {
	var expect string
	var asJSON bool
	c := &cobra.Command{
		Use:     "verify",
		Short:   "walk the journal's whole hash chain and fold, and name the place of any damage",
		Example: "  maemae verify --expect HASH",
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			j, err := p.readTelling(progressOf("entries", c.ErrOrStderr()))
			if err != nil {
				return err
			}
			defer j.Close()
			r, err := j.Verify(c.Context(), expect)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), r)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "journal is whole: %d entries, last hash %s\n", r.Entries, r.Hash)
			return err
		},
	}
	c.Flags().StringVar(&expect, "expect", "", "a hash kept elsewhere, which the chain must contain")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

func backupCommand() *cobra.Command {
	return stateFlag(&cobra.Command{
		Use:     "backup FILE",
		Short:   "copy the journal to a new file while the daemon runs",
		Long:    "backup writes a complete copy of the journal; maemae restore puts it back.",
		Example: "  maemae backup journal-2026-11-26.db",
		Args:    cobra.ExactArgs(1),
		RunE: withJournal(func(c *cobra.Command, args []string, j *journal.Journal) error {
			return done(c, j.Backup(c.Context(), args[0]), "wrote "+args[0])
		}),
	})
}

func restoreCommand() *cobra.Command {
	return stateFlag(&cobra.Command{
		Use:     "restore FILE",
		Short:   "put a backup of the journal in place, where none is",
		Long:    "restore verifies a backup and makes it the journal of a state directory that has none. What happened after the backup is then unknown to it: the next start reconciles with the broker, and halts on orders it cannot explain.",
		Example: "  maemae restore journal-2026-11-26.db --state /var/lib/maemae",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			if err := privateDir(p.state); err != nil {
				return err
			}
			r, err := journal.Restore(c.Context(), args[0], p.journal)
			return done(c, err, fmt.Sprintf("restored %d entries into %s", r.Entries, p.state))
		},
	})
}
