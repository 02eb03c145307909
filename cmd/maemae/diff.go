package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/backtest"
	"maemae/history"
	"maemae/journal"
	"maemae/market"
	reports "maemae/report"
	"maemae/strategy"
)

const diffSessionsMax = 2500

func diffCommand() *cobra.Command {
	var sessions int
	var data string
	var asJSON bool
	c := &cobra.Command{
		Use:   "diff OLD NEW [--sessions N]",
		Short: "what an edit of strategies.yaml changes, and would have changed over the last sessions",
		Long: `diff says in words which rules of two strategy files differ, and which decisions of the last sessions the edit would have
changed. Where the journal has decisions of the old rule at the same moments, the new rule is asked again with what each of
them saw: bars, price, position and funds as they were. Each such answer stands alone: what it would have led to is not
followed. New rules, new symbols, other moments and other exits are played over the stored daily bars (or --data), as maemae
backtest does, old and new, and their fills compared.`,
		Example: `  maemae diff strategies.yaml edited.yaml --sessions 60
  maemae diff strategies.yaml edited.yaml --data cmd/maemae/testdata/krx-daily --json`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if sessions < 1 || sessions > diffSessionsMax {
				return usagef("--sessions %d: want 1 to %d", sessions, diffSessionsMax)
			}
			old, problems := loadRules(args[0])
			if old == nil {
				return problems
			}
			now, problems := loadRules(args[1])
			if now == nil {
				return problems
			}
			e := &edit{old: old, now: now, sessions: sessions, found: RulesDiff{Changes: ruleChanges(old.Strategies, now.Strategies), Decisions: []DecisionDiff{}, Notes: []string{}}}
			if err := e.sources(c, data); err != nil {
				return err
			}
			defer e.close()
			if err := e.compare(c.Context()); err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), e.found)
			}
			return e.found.print(c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.IntVar(&sessions, "sessions", 20, "how many of the last sessions")
	f.StringVar(&data, "data", "", "folder of SYMBOL.csv files instead of journal and stored bars")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

// RulesDiff is what an edit changes and would have changed.
type RulesDiff struct {
	Changes   []RuleChange   `json:"changes"`
	From      market.Date    `json:"from,omitempty"` // first session that was looked at
	To        market.Date    `json:"to,omitempty"`
	Asked     int            `json:"asked"` // decisions of the journal that the new rules were asked about
	Decisions []DecisionDiff `json:"decisions"`
	Notes     []string       `json:"notes"` // what could not be looked at, and why
}

// DecisionDiff is one decision that the edit would have changed.
type DecisionDiff struct {
	Due      time.Time     `json:"due,omitzero"` // of a decision in the journal
	Date     market.Date   `json:"date"`
	Strategy string        `json:"strategy"`
	Symbol   market.Symbol `json:"symbol"`
	Before   string        `json:"before"`
	After    string        `json:"after"`
	Why      string        `json:"why"`
	Source   string        `json:"source"` // journal, or bars
}

func (r RulesDiff) print(w io.Writer) error {
	if len(r.Changes) == 0 {
		_, err := fmt.Fprintln(w, "no rule differs")
		return err
	}
	fmt.Fprintf(w, "%s\n", changesInWords(r.Changes))
	if r.From != 0 {
		differ := fmt.Sprintf("%d decisions differ", len(r.Decisions))
		if len(r.Decisions) == 1 {
			differ = "1 decision differs"
		}
		fmt.Fprintf(w, "\n%s to %s: %s\n", r.From, r.To, differ)
	}
	if len(r.Decisions) > 0 {
		t := newTable("=due", "strategy", "=symbol", "before", "after", "?by", "why")
		for _, d := range r.Decisions {
			due := d.Date.String()
			if !d.Due.IsZero() {
				due = kst(d.Due)[:len("2006-01-02 15:04")]
			}
			t.add(due, d.Strategy, string(d.Symbol), d.Before, d.After, d.Source, d.Why)
		}
		if err := t.print(w); err != nil {
			return err
		}
	}
	for _, n := range r.Notes {
		if _, err := fmt.Fprintln(w, n); err != nil {
			return err
		}
	}
	return nil
}

// edit is two strategy files and what there is to hold them against.
type edit struct {
	old, now *strategy.File
	sessions int
	cal      *market.Calendar
	journal  *journal.Journal // nil without one
	store    *history.Store
	load     func(market.Symbol) (history.Bars, error) // nil without bars
	kind     func(market.Symbol) market.Instrument
	found    RulesDiff
}

// sources finds journal and bars. There may be none: then only words are told.
func (e *edit) sources(c *cobra.Command, data string) error {
	e.cal, e.kind = market.KRX(), market.Known
	if data != "" {
		folder, err := history.ReadFolder(data)
		if err != nil {
			return err
		}
		e.load, e.kind = folder.Load, folder.Instrument
		return nil
	}
	p, err := findPlace(c)
	if err != nil {
		if c.Flags().Changed("state") || c.Flags().Changed("config") {
			return err
		}
		e.note("no journal and no stored bars here: only the rules were compared (--state DIR, --data DIR, or a config.yaml)")
		return nil
	}
	if _, err := os.Stat(p.state); err != nil {
		e.note(fmt.Sprintf("no journal and no stored bars in %s: only the rules were compared (--data DIR, or maemae history pull)", p.state))
		return nil
	}
	if e.store, e.cal, err = p.store(); err != nil {
		return err
	}
	e.load = e.store.Load
	if _, err := os.Stat(p.journal); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	e.journal, err = p.read()
	return err
}

func (e *edit) close() {
	if e.journal != nil {
		_ = e.journal.Close() // it was only read
	}
}

func (e *edit) note(text string) { e.found.Notes = append(e.found.Notes, text) }

// compare looks at every changed rule: by the journal where it was asked at the same moments, otherwise by bars.
func (e *edit) compare(ctx context.Context) error {
	if e.load == nil || len(e.found.Changes) == 0 {
		return nil
	}
	asked, err := e.byJournal(ctx)
	if err != nil {
		return err
	}
	for _, c := range e.found.Changes {
		old, now := ruleNamed(e.old.Strategies, c.Name), ruleNamed(e.now.Strategies, c.Name)
		switch {
		case c.Change == "moved":
			e.note("the order of rules matters where cash is short; that was not played")
			continue
		case asked[c.Name] && sameExits(old.Exits, now.Exits):
			come := without(now.Symbols, old.Symbols)
			if len(come) == 0 {
				continue
			}
			only := *now
			only.Symbols = come
			old, now = nil, &only
		}
		if err := e.byBars(c.Name, old, now); err != nil {
			return err
		}
	}
	slices.SortStableFunc(e.found.Decisions, func(a, b DecisionDiff) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), a.Due.Compare(b.Due))
	})
	return nil
}

func sameExits(a, b strategy.Exits) bool {
	return a.StopLoss.Equal(b.StopLoss) && a.TakeProfit.Equal(b.TakeProfit) && a.TrailingStop.Equal(b.TrailingStop) && a.MaxHolding == b.MaxHolding
}

func (e *edit) span(from, to market.Date) {
	if e.found.From == 0 || from < e.found.From {
		e.found.From = from
	}
	e.found.To = max(e.found.To, to)
}

// byJournal asks the changed rules anew at each moment at which the old one decided, and tells which were.
func (e *edit) byJournal(ctx context.Context) (asked map[string]bool, err error) {
	asked = map[string]bool{}
	if e.journal == nil || e.journal.Book().Date() == 0 {
		return asked, nil
	}
	last := e.journal.Book().Date()
	first, err := e.cal.AddSessions(last.Add(1), -e.sessions)
	if err != nil {
		return asked, err
	}
	r := &replay{book: &journal.Book{}, next: &journal.Book{}, cal: e.cal, store: e.store, bars: map[market.Symbol]history.Bars{}}
	for entry, err := range e.journal.Entries(ctx, journal.Query{}) {
		if err != nil {
			return asked, err
		}
		d, decision := entry.Body.(journal.Decision)
		if !decision || !r.batch {
			r.book = r.next
		}
		r.batch = decision
		if r.next, err = r.next.Apply(entry); err != nil {
			return asked, err
		}
		if !decision || market.DateOf(d.Due) < first.Date {
			continue
		}
		if now := e.successor(d); now != nil {
			asked[d.Strategy] = true
			if err := e.ask(r, now, d); err != nil {
				return asked, err
			}
		}
	}
	if len(asked) > 0 {
		e.span(first.Date, last)
		e.note(fmt.Sprintf("journal: %d decisions were asked again, each as the account then stood", e.found.Asked))
	}
	return asked, nil
}

// successor is the changed rule that can be asked in the decision's place; nil if there is none.
func (e *edit) successor(d journal.Decision) *strategy.Strategy {
	old, now := ruleNamed(e.old.Strategies, d.Strategy), ruleNamed(e.now.Strategies, d.Strategy)
	switch {
	case old == nil || now == nil || d.Revision != old.Revision || d.Reason == strategy.DataMissing,
		old.When != now.When || !slices.Contains(now.Symbols, d.Symbol),
		!slices.ContainsFunc(e.found.Changes, func(c RuleChange) bool { return c.Name == d.Strategy && c.Change == "changed" }):
		return nil
	}
	return now
}

func (e *edit) ask(r *replay, now *strategy.Strategy, d journal.Decision) error {
	again, err := r.ask(now, d.Decision)
	if err != nil {
		return err
	}
	e.found.Asked++
	was, is := decisionShort(d.Decision), decisionShort(again)
	if was == is || d.Answer == strategy.Hold && again.Answer == strategy.Hold {
		return nil
	}
	line := inWords(journal.Entry{Body: journal.Decision{Decision: again}}, journal.Intent{}, func(market.Symbol) string { return "" })
	_, why, _ := strings.Cut(line.Text, ": "+string(again.Reason)+", ")
	if again.Answer == strategy.Hold && again.Buy != nil && d.Answer == strategy.Buy {
		why = evidenceLine(again.Buy)
	} else if again.Answer == strategy.Hold && again.Sell != nil && d.Reason == strategy.RuleExit {
		why = evidenceLine(again.Sell)
	}
	e.found.Decisions = append(e.found.Decisions, DecisionDiff{Due: d.Due, Date: market.DateOf(d.Due), Strategy: d.Strategy, Symbol: d.Symbol, Before: was, After: is, Why: why, Source: "journal"})
	return nil
}

// decisionShort is "buy 33 (entry)".
func decisionShort(d strategy.Decision) string {
	switch {
	case d.Answer == "":
		return "no exit"
	case d.Answer == strategy.Buy:
		return fmt.Sprintf("buy %s (%s)", groupedInt(d.Shares), d.Reason)
	}
	return fmt.Sprintf("%s (%s)", d.Answer, d.Reason)
}

// byBars plays both rules over the last stored sessions and compares their fills; nil for a rule that is not there.
func (e *edit) byBars(name string, old, now *strategy.Strategy) error {
	o := backtest.Options{Load: e.load, Instrument: e.kind, Calendar: e.cal, Cash: decimal.NewFromInt(10_000_000), Costs: market.DefaultCosts(), Slippage: 1, VolumeCap: 10}
	var err error
	if o.From, o.To, err = e.lastBars(name, old, now); err != nil || o.To == 0 {
		return err
	}
	was, err := played(o, old)
	if err != nil {
		return err
	}
	is, err := played(o, now)
	if err != nil {
		return err
	}
	e.span(o.From, o.To)
	for _, one := range []struct {
		mine, other map[fillKey]fillText
		after       bool
	}{{was, is, false}, {is, was, true}} {
		for key, f := range one.mine {
			other, both := one.other[key]
			if both && (one.after || other.text == f.text) {
				continue
			}
			d := DecisionDiff{Date: key.date, Strategy: name, Symbol: key.symbol, Before: f.text, After: orDash(other.text), Why: orDefault(other.why, f.why), Source: "bars"}
			if one.after {
				d.Before, d.After = d.After, d.Before
			}
			e.found.Decisions = append(e.found.Decisions, d)
		}
	}
	slices.SortFunc(e.found.Decisions, func(a, b DecisionDiff) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), a.Due.Compare(b.Due), cmp.Compare(a.Strategy, b.Strategy), cmp.Compare(a.Symbol, b.Symbol), cmp.Compare(a.Before, b.Before))
	})
	e.note(fmt.Sprintf("bars: %s was played from %s to %s with 10,000,000 won of its own, as maemae backtest does", name, o.From, o.To))
	return nil
}

// lastBars are the last sessions for which the symbols have bars; zero where one has none.
func (e *edit) lastBars(name string, old, now *strategy.Strategy) (from, to market.Date, err error) {
	for _, r := range []*strategy.Strategy{old, now} {
		if r == nil {
			continue
		}
		for _, s := range r.Symbols {
			b, err := e.load(s)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return 0, 0, err
			}
			if b.Len() == 0 {
				e.note(fmt.Sprintf("%s: no stored bars of %s, so it was not played (maemae history pull, or --data DIR)", name, s))
				return 0, 0, nil
			}
			to = max(to, b.Dates[b.Len()-1])
		}
	}
	first, err := e.cal.AddSessions(to.Add(1), -e.sessions)
	return first.Date, to, err
}

type fillKey struct {
	date   market.Date
	symbol market.Symbol
	side   string
	nth    int // of several of that day
}

type fillText struct{ text, why string }

// played are the fills of a rule with the conditions behind them.
func played(o backtest.Options, rule *strategy.Strategy) (map[fillKey]fillText, error) {
	out := map[fillKey]fillText{}
	if rule == nil {
		return out, nil
	}
	o.Rules = []*strategy.Strategy{rule}
	result, err := backtest.Run(o)
	if err != nil {
		return nil, err
	}
	for _, run := range result.Runs {
		why := decisionsOf(run, map[string]*strategy.Strategy{rule.Name: rule}, o)
		for i, t := range run.Trades {
			key := fillKey{date: t.Date, symbol: t.Symbol, side: string(t.Side)}
			for _, taken := out[key]; taken; _, taken = out[key] {
				key.nth++
			}
			out[key] = fillText{text: fillShort(t), why: why[i]}
		}
	}
	return out, nil
}

// fillShort is "buy 33 at 41,700 (entry)".
func fillShort(t reports.Trade) string {
	return fmt.Sprintf("%s %s at %s (%s)", t.Side, groupedInt(t.Shares), grouped(t.Price), t.Reason)
}
