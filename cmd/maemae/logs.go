package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"

	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

// followEvery is how often a followed journal is looked at.
const followEvery = 250 * time.Millisecond

func logsCommand() *cobra.Command {
	var l logReader
	var level, day, symbol string
	var follow bool
	c := &cobra.Command{
		Use:   "logs [-f]",
		Short: "what happened, one line each, from the journal; -f goes on as it happens",
		Long: `logs prints decisions, orders, fills and states as running text, the newest last. It reads the journal and needs no
daemon; with -f it waits for what comes, and neither misses nor repeats an entry. Holds, slots that ran and readings of the
account are of level debug.`,
		Example: `  maemae logs -f --level warn
  maemae logs --strategy golden-cross --day 2026-11-26 --level debug --json`,
		RunE: withJournal(func(c *cobra.Command, _ []string, j *journal.Journal) (err error) {
			if l.level, err = zapcore.ParseLevel(level); err != nil {
				return hinted(usagef("--level %q", level), "debug, info, warn or error")
			}
			l.symbol = market.Symbol(symbol)
			if day != "" {
				d, err := parseDateFlag("day", day)
				if err != nil {
					return err
				}
				l.since, l.until = d.At(0, 0), d.Add(1).At(0, 0)
			}
			l.journal, l.orders, l.out = j, map[string]journal.Intent{}, bufio.NewWriter(c.OutOrStdout())
			last, err := l.tail(c.Context())
			if err != nil || !follow {
				return err
			}
			return l.follow(c.Context(), last)
		}),
	}
	f := c.Flags()
	f.BoolVarP(&follow, "follow", "f", false, "go on with what happens, until Ctrl-C")
	f.IntVarP(&l.lines, "lines", "n", 50, "how many of the newest lines; 0 is all")
	f.StringVar(&l.strategy, "strategy", "", "only this strategy")
	f.StringVar(&symbol, "symbol", "", "only this symbol")
	f.StringVar(&level, "level", "info", "what matters less is left out: debug, info, warn or error")
	f.StringVar(&day, "day", "", "only this date, 2026-11-26")
	f.BoolVar(&l.asJSON, "json", false, "print a JSON object a line")
	return stateFlag(c)
}

// LogLine is one journal entry in words.
type LogLine struct {
	Seq      int64         `json:"seq"`
	At       time.Time     `json:"at"`
	Level    zapcore.Level `json:"level"`
	What     string        `json:"what"`
	Strategy string        `json:"strategy,omitempty"`
	Symbol   market.Symbol `json:"symbol,omitempty"`
	Text     string        `json:"text"`
	Kind     string        `json:"kind"`
	Body     journal.Body  `json:"body"`
}

// words are what a terminal shows of the line, but for its moment.
func (l LogLine) words() string {
	who := l.Strategy
	if who == "" {
		who = "-"
	}
	return strings.TrimRight(fmt.Sprintf("%-8s %-16s %s", l.What, who, l.Text), " ")
}

// logReader prints what a person asked for of a journal.
type logReader struct {
	journal      *journal.Journal
	out          *bufio.Writer
	strategy     string
	symbol       market.Symbol
	level        zapcore.Level
	since, until time.Time
	lines        int
	asJSON       bool
	orders       map[string]journal.Intent // met so far, by id
}

// tail prints the newest lines and tells the newest entry that it looked at.
func (l *logReader) tail(ctx context.Context) (last int64, err error) {
	last = l.journal.Book().Seq()
	var list []LogLine
	for e, err := range l.journal.Entries(ctx, journal.Query{Since: l.since, Until: l.until, Before: last + 1, Newest: true}) {
		if err != nil {
			return last, err
		}
		if line, err := l.line(ctx, e); err != nil {
			return last, err
		} else if l.wanted(line) {
			list = append(list, line)
		}
		if l.lines > 0 && len(list) >= l.lines {
			break
		}
	}
	for _, line := range slices.Backward(list) {
		if err := l.print(line); err != nil {
			return last, err
		}
	}
	return last, l.out.Flush()
}

// follow prints what comes after the entry, each once and in order, until the context ends.
func (l *logReader) follow(ctx context.Context, last int64) error {
	for {
		for e, err := range l.journal.Entries(ctx, journal.Query{After: last}) {
			if err != nil {
				return l.ended(ctx, err)
			}
			last = e.Seq
			line, err := l.line(ctx, e)
			if err != nil {
				return l.ended(ctx, err)
			}
			if l.wanted(line) && (l.until.IsZero() || e.At.Before(l.until)) {
				if err := l.print(line); err != nil {
					return err
				}
			}
		}
		if err := l.out.Flush(); err != nil {
			return err
		}
		if err := pause(ctx, followEvery); err != nil {
			return nil // Ctrl-C is how it ends
		}
	}
}

// ended is nil where the reading was broken off by the person.
func (l *logReader) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return l.out.Flush()
	}
	return err
}

func (l *logReader) wanted(x LogLine) bool {
	return x.Level >= l.level && (l.strategy == "" || x.Strategy == l.strategy) && (l.symbol == "" || x.Symbol == l.symbol)
}

func (l *logReader) print(x LogLine) error {
	if l.asJSON {
		text, err := json.Marshal(x)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(l.out, "%s\n", text)
		return err
	}
	_, err := fmt.Fprintf(l.out, "%s  %-5s  %s\n", kst(x.At), x.Level.CapitalString(), x.words())
	return err
}

// line is the entry in words; an order's later steps are told with the order.
func (l *logReader) line(ctx context.Context, e journal.Entry) (LogLine, error) {
	if i, ok := e.Body.(journal.Intent); ok {
		l.orders[i.ID] = i
	}
	var order journal.Intent
	if id := intentOf(e.Body); id != "" {
		var known bool
		if order, known = l.orders[id]; !known {
			for x, err := range l.journal.Entries(ctx, journal.Query{Kinds: []string{journal.Intent{}.Kind()}, Ref: id, Limit: 1}) {
				if err != nil {
					return LogLine{}, err
				}
				order, _ = x.Body.(journal.Intent)
			}
			l.orders[id] = order
		}
	}
	return inWords(e, order, l.name), nil
}

func (l *logReader) name(s market.Symbol) string {
	a, _ := l.journal.Book().Account()
	return orDefault(a.Holding(s).Name, market.Known(s).Name)
}

// intentOf is the order that a later step is about.
func intentOf(b journal.Body) string {
	switch b := b.(type) {
	case journal.Answer:
		return b.Intent
	case journal.Bind:
		return b.Intent
	case journal.Absent:
		return b.Intent
	case journal.Fill:
		return b.Intent
	case journal.Final:
		return b.Intent
	case journal.Cancel:
		return b.Intent
	}
	return ""
}

// inWords is one entry as a line. order is the one that a later step belongs to; names gives a symbol's Korean name.
func inWords(e journal.Entry, order journal.Intent, names func(market.Symbol) string) LogLine {
	l := LogLine{Seq: e.Seq, At: e.At, Level: zapcore.InfoLevel, Kind: e.Body.Kind(), Body: e.Body, Strategy: order.Strategy, Symbol: order.Order.Symbol}
	say := func(level zapcore.Level, what, format string, args ...any) LogLine {
		l.Level, l.What, l.Text = level, what, strings.TrimSpace(fmt.Sprintf(format, args...))
		if l.Symbol != "" {
			l.Text = strings.TrimSpace(strings.TrimSpace(string(l.Symbol)+" "+names(l.Symbol)) + " " + l.Text)
		}
		return l
	}
	const debug, info, warn, bad = zapcore.DebugLevel, zapcore.InfoLevel, zapcore.WarnLevel, zapcore.ErrorLevel
	switch b := e.Body.(type) {
	case journal.Decision:
		l.Strategy, l.Symbol = b.Strategy, b.Symbol
		return decisionInWords(b, say)
	case journal.Refusal:
		l.Strategy, l.Symbol = b.Strategy, b.Order.Symbol
		return say(warn, "refused", "%s %d: %s", b.Order.Side, b.Order.Shares, strings.TrimPrefix(b.Refusal.Error(), "risk: "))
	case journal.Intent:
		l.Strategy, l.Symbol = b.Strategy, b.Order.Symbol
		return say(info, "order", "%s, last price %s (%s)", strings.Replace(b.Order.String(), " "+string(b.Order.Symbol), "", 1), grouped(b.Quote.Price), b.Reason)
	case journal.Answer:
		level := map[journal.Outcome]zapcore.Level{journal.Accepted: info, journal.Unknown: bad}
		if _, ok := level[b.Outcome]; !ok {
			level[b.Outcome] = warn
		}
		return say(level[b.Outcome], string(b.Outcome), "order %s %s", b.ID.Number, strings.TrimSpace(b.Code+" "+b.Text))
	case journal.Bind:
		return say(warn, "found", "at the broker as order %s (by %s)", b.ID.Number, b.By)
	case journal.Absent:
		return say(warn, "absent", "not at the broker after %d complete reads, final: %v", b.Reads, b.Final)
	case journal.Fill:
		l.Strategy, l.Symbol = b.Strategy, b.Symbol
		return say(info, "fill", "%s %d for %s won, fee %s, tax %s (order %s)", b.Side, b.Shares, grouped(b.Value), grouped(b.Fee), grouped(b.Tax), b.ID.Number)
	case journal.Final:
		level := debug // its fill has been told
		if b.State != "filled" {
			level = warn
		}
		return say(level, b.State, "%d shares filled %s", b.Filled, b.Detail)
	case journal.Cancel:
		return say(info, "cancel", "order %s: %s %s", b.ID.Number, b.Why, b.Error)
	case journal.Slot:
		l.Strategy = b.Job
		level := map[string]zapcore.Level{"ran": debug, "closed": debug, "missed": bad, "failed": bad}
		if _, ok := level[b.Outcome]; !ok {
			level[b.Outcome] = warn
		}
		return say(level[b.Outcome], "slot", "%s %s, %d decisions %s", kst(b.Due), b.Outcome, b.Decisions, b.Detail)
	case journal.State:
		level := map[journal.Mode]zapcore.Level{journal.ModeHalted: bad, journal.ModeKilled: bad, journal.ModeReduceOnly: warn}
		return say(level[b.Mode], "daemon", "%s: %s (by %s)", b.Mode, strings.TrimSpace(b.Reason+" "+b.Detail), b.By)
	case journal.Start:
		return say(info, "start", "maemae %s %s, %s %s", b.Version, b.Revision, b.Env, b.Account)
	case journal.Rules:
		return say(info, "rules", "%s %s: %s %s", b.File, short(b.Hash), strings.Join(b.Names, ", "), oneLine(b.Words))
	case journal.External:
		l.Symbol = b.Row.Symbol
		return say(warn, "foreign", "%s %d, an order that is not ours (%s)", b.Row.Side, b.Row.Shares, b.Row.ID.Number)
	case journal.Mismatch:
		l.Symbol = b.Symbol
		return say(warn, "differs", "book %d, broker %d, resolved: %v", b.Expected, b.Broker, b.Resolved)
	case journal.Operator:
		l.Strategy, l.Symbol = b.Strategy, b.Symbol
		return say(warn, "operator", "%s %s (by %s)", b.Act, b.Why, b.By)
	case journal.Note:
		level, err := zapcore.ParseLevel(b.Level)
		if err != nil {
			level = info
		}
		return say(level, "note", "%s", oneLine(b.Text))
	case journal.Snapshot:
		return say(debug, "account", "cash %s, equity %s", grouped(b.Account.Cash), grouped(b.Account.Equity))
	}
	return say(debug, e.Body.Kind(), "")
}

func decisionInWords(b journal.Decision, say func(zapcore.Level, string, string, ...any) LogLine) LogLine {
	why := b.Detail
	switch {
	case b.Answer == strategy.Buy && b.Buy != nil:
		why = strings.TrimPrefix(evidenceLine(b.Buy), "true: ")
	case b.Reason == strategy.RuleExit && b.Sell != nil:
		why = strings.TrimPrefix(evidenceLine(b.Sell), "true: ")
	}
	level := zapcore.InfoLevel
	switch {
	case b.Reason == strategy.DataMissing:
		level = zapcore.WarnLevel
	case b.Answer == strategy.Hold:
		level = zapcore.DebugLevel
	}
	if why != "" {
		why = ", " + why
	}
	return say(level, string(b.Answer), "at %s: %s%s", grouped(b.Price), b.Reason, why)
}

// short is enough of a hash to tell one from another.
func short(hash string) string { return hash[:min(12, len(hash))] }

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
