package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"maemae/broker/kis"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

// newLogger writes JSON lines under systemd and readable lines in a terminal.
func newLogger(c LogConfig, w io.Writer, now func() time.Time) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, err
	}
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = func(t time.Time, a zapcore.PrimitiveArrayEncoder) {
		a.AppendString(t.In(market.KST).Format("2006-01-02T15:04:05.000-07:00"))
	}
	enc.TimeKey, enc.MessageKey = "at", "what"
	var encoder zapcore.Encoder
	if c.Format == "console" || c.Format == "auto" && terminal(w) {
		enc.EncodeTime = func(t time.Time, a zapcore.PrimitiveArrayEncoder) {
			a.AppendString(t.In(market.KST).Format("01-02 15:04:05"))
		}
		enc.EncodeLevel = zapcore.CapitalLevelEncoder
		enc.ConsoleSeparator = "  "
		encoder = zapcore.NewConsoleEncoder(enc)
	} else {
		encoder = zapcore.NewJSONEncoder(enc)
	}
	core := zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level)
	return zap.New(core, zap.WithClock(marketClock(now))), nil
}

// marketClock lets log lines carry the daemon's moment, which a simulated market sets.
type marketClock func() time.Time

func (c marketClock) Now() time.Time                         { return c() }
func (c marketClock) NewTicker(d time.Duration) *time.Ticker { return time.NewTicker(d) }

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// logEntry prints a journal entry in words: one line for a decision, one for each state of an order. names gives a
// symbol's Korean name.
func logEntry(log *zap.Logger, names func(market.Symbol) string, e journal.Entry) {
	seq := zap.Int64("seq", e.Seq)
	named := func(s market.Symbol) zap.Field {
		return zap.String("symbol", strings.TrimSpace(string(s)+" "+names(s)))
	}
	switch b := e.Body.(type) {
	case journal.Start:
		log.Info("start", seq, zap.String("version", b.Version), zap.String("revision", b.Revision), zap.String("env", b.Env), zap.String("account", b.Account), zap.String("config", b.Config), zap.String("strategies", b.Strategies))
	case journal.Rules:
		log.Info("rules in force", seq, zap.String("file", b.File), zap.String("hash", b.Hash), zap.Strings("strategies", b.Names), detail(b.Words))
	case journal.Slot:
		write := log.Info
		if b.Outcome == "failed" || b.Outcome == "missed" || b.Outcome == "disputed" || b.Outcome == "overlapped" {
			write = log.Warn
		}
		write("slot "+b.Outcome, seq, zap.String("job", b.Job), zap.Time("due", b.Due), zap.Int("decisions", b.Decisions), zap.Duration("took", b.Ended.Sub(b.Started)), detail(b.Detail))
	case journal.Decision:
		log.Info("decision: "+string(b.Answer), append([]zap.Field{seq, zap.String("id", b.ID), zap.String("strategy", b.Strategy), named(b.Symbol), zap.Time("due", b.Due), zap.String("reason", string(b.Reason)), detail(b.Detail), zap.Stringer("price", b.Price), zap.Int64("shares", b.Shares)}, evidence(b.Decision)...)...)
	case journal.Refusal:
		log.Warn("refused by "+b.Refusal.Code, seq, zap.String("decision", b.Decision), zap.String("strategy", b.Strategy), named(b.Order.Symbol), zap.Stringer("order", b.Order), zap.String("wanted", b.Refusal.Wanted), zap.String("allowed", b.Refusal.Allowed), detail(b.Refusal.Detail))
	case journal.Intent:
		log.Info("order: intent", seq, zap.String("id", b.ID), zap.String("strategy", b.Strategy), named(b.Order.Symbol), zap.Stringer("order", b.Order), zap.String("reason", string(b.Reason)), zap.Stringer("last", b.Quote.Price), zap.Strings("passed", passed(b.Passed)))
	case journal.Answer:
		write := log.Info
		if b.Outcome != journal.Accepted {
			write = log.Warn
		}
		write("order: "+string(b.Outcome), seq, zap.String("id", b.Intent), zap.String("number", b.ID.Number), zap.String("code", b.Code), zap.String("text", b.Text))
	case journal.Bind:
		log.Warn("order: found", seq, zap.String("id", b.Intent), zap.String("number", b.ID.Number), zap.String("by", b.By), zap.Bool("late", b.Late))
	case journal.Absent:
		log.Warn("order: not at the broker", seq, zap.String("id", b.Intent), zap.Int("reads", b.Reads), zap.Bool("final", b.Final))
	case journal.Fill:
		log.Info("order: fill", seq, zap.String("id", b.Intent), zap.String("number", b.ID.Number), zap.String("strategy", b.Strategy), named(b.Symbol), zap.String("side", string(b.Side)), zap.Int64("shares", b.Shares), zap.Stringer("value", b.Value), zap.Stringer("fee", b.Fee), zap.Stringer("tax", b.Tax))
	case journal.Final:
		log.Info("order: "+b.State, seq, zap.String("id", b.Intent), zap.Int64("filled", b.Filled), detail(b.Detail))
	case journal.Cancel:
		log.Info("order: cancel asked", seq, zap.String("id", b.Intent), zap.String("number", b.ID.Number), zap.String("why", b.Why), zap.String("error", b.Error))
	case journal.State:
		write := log.Info
		if b.Mode == journal.ModeHalted || b.Mode == journal.ModeKilled {
			write = log.Error
		}
		write("daemon: "+string(b.Mode), seq, zap.String("reason", b.Reason), detail(b.Detail), zap.String("by", b.By))
	case journal.External:
		log.Warn("foreign order", seq, zap.String("number", b.Row.ID.Number), named(b.Row.Symbol), zap.String("side", string(b.Row.Side)), zap.Int64("shares", b.Row.Shares))
	case journal.Mismatch:
		log.Warn("position differs", seq, named(b.Symbol), zap.Int64("book", b.Expected), zap.Int64("broker", b.Broker), zap.Bool("resolved", b.Resolved))
	case journal.Operator:
		log.Warn("operator: "+b.Act, seq, zap.String("strategy", b.Strategy), named(b.Symbol), zap.Int64("shares", b.Shares), zap.String("by", b.By), zap.String("why", b.Why))
	case journal.Note:
		level, err := zapcore.ParseLevel(b.Level)
		if err != nil {
			level = zapcore.InfoLevel
		}
		log.Log(level, b.Text, seq)
	default:
		log.Debug(e.Body.Kind(), seq)
	}
}

func detail(text string) zap.Field {
	if text == "" {
		return zap.Skip()
	}
	return zap.String("detail", text)
}

// evidence is a field per side of the rule, in one line of words with every operand's value.
func evidence(d strategy.Decision) []zap.Field {
	var out []zap.Field
	if d.Buy != nil {
		out = append(out, zap.String("buy", evidenceLine(d.Buy)))
	}
	if d.Sell != nil {
		out = append(out, zap.String("sell", evidenceLine(d.Sell)))
	}
	for _, x := range d.Exits {
		out = append(out, zap.String("exit", evidenceLine(x)))
	}
	return out
}

// evidenceLine prints a condition with its numbers: "true: fast crosses above slow [fast = 101 | slow = 100.5]".
func evidenceLine(e *strategy.Evidence) string {
	var values []string
	var walk func(*strategy.Evidence)
	walk = func(n *strategy.Evidence) {
		switch {
		case n.Value != "" && n.Value != n.Text:
			values = append(values, n.Text+" = "+n.Value)
		case n.Missing > 0 && len(n.Children) == 0:
			values = append(values, fmt.Sprintf("%s needs %d more bars", n.Text, n.Missing))
		case n.Truth != nil && n != e:
			values = append(values, fmt.Sprintf("(%s) is %v", n.Text, *n.Truth))
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(e)
	state := "not ready"
	if e.Truth != nil {
		state = fmt.Sprint(*e.Truth)
	}
	line := state + ": " + e.Text
	if len(values) > 0 {
		line += " [" + strings.Join(values, " | ") + "]"
	}
	return line
}

func passed(list []risk.Passed) []string {
	out := make([]string, 0, len(list))
	for _, p := range list {
		text := p.Code
		if p.Wanted != "" {
			text += " " + p.Wanted
		}
		if p.Allowed != "" {
			text += " of " + p.Allowed
		}
		if p.Waived {
			text += " (an exit passes)"
		}
		out = append(out, text)
	}
	return out
}

// logCall shows what KIS was asked, at the level of debugging: never a key, account or parameter.
func logCall(log *zap.Logger, c kis.Call) {
	log.Debug("kis", zap.String("op", c.Op), zap.String("tr", c.TR), zap.Int("status", c.Status), zap.String("kind", string(c.Kind)), zap.String("code", c.Code), zap.Duration("waited", c.Waited), zap.Duration("took", c.Took))
}
