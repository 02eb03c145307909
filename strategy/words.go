package strategy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"maemae/indicator"
)

// Words explains the rule in plain words, several lines without a final newline: what it looks at and when, what makes
// it buy and sell, and how many bars it needs before it acts.
func (s *Strategy) Words() string {
	w := &words{}
	w.line(0, s.Name)
	if s.Description != "" {
		w.line(1, s.Description)
	}
	seen := "with today's bar as it forms"
	if s.CompletedBars {
		seen = "with completed bars only"
	}
	var whens []string
	for _, text := range strings.Split(s.When, whenSeparator) {
		whens = append(whens, strconv.Quote(text))
	}
	w.line(1, fmt.Sprintf("looks at %s, at %s of every open session, %s", s.symbolWords(), strings.Join(whens, " and "), seen))
	if s.Index != "" {
		w.line(1, string(s.Index)+" stands for the market")
	}
	w.line(1, fmt.Sprintf("buys %s, when", s.buyWords()))
	w.condition(2, "", s.common.buy)
	switch sell := s.common.sell; {
	case sell != nil:
		w.line(1, "sells all its shares, when")
		w.condition(2, "", sell)
	default:
		w.line(1, "has no sell condition")
	}
	s.exitWords(w)
	w.named(s.common)
	s.ranges(w)
	s.symbolParams(w)
	w.line(1, fmt.Sprintf("needs %s before it acts", plural(s.WarmUp(), "bar")))
	return strings.Join(w.lines, "\n")
}

type words struct{ lines []string }

func (w *words) line(depth int, text string) {
	w.lines = append(w.lines, strings.Repeat("  ", depth)+text)
}

func (s *Strategy) symbolWords() string {
	const most = 10
	parts := make([]string, 0, most)
	for _, symbol := range s.Symbols[:min(most, len(s.Symbols))] {
		parts = append(parts, string(symbol))
	}
	if more := len(s.Symbols) - most; more > 0 {
		return strings.Join(parts, ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(parts, ", ")
}

func (s *Strategy) buyWords() string {
	text := s.Size.String()
	if s.ExactSize {
		text = "exactly " + text
	}
	if s.Capital.IsPositive() {
		text += fmt.Sprintf(" (capital %s KRW)", grouped(s.Capital))
	}
	text += " (order: " + s.Order.String() + ")"
	if s.SameSessionReentry {
		text += ", several times a session"
	}
	if s.AllowAuction {
		text += ", in the closing auction too"
	}
	return text
}

func (s *Strategy) exitWords(w *words) {
	x := s.Exits
	if x == (Exits{}) {
		return
	}
	w.line(1, "and in any case, when")
	if x.StopLoss.IsPositive() {
		w.line(2, fmt.Sprintf("the price is %s or more below the average price paid (stop_loss)", percentText(x.StopLoss)))
	}
	if x.TakeProfit.IsPositive() {
		w.line(2, fmt.Sprintf("the price is %s or more above the average price paid (take_profit)", percentText(x.TakeProfit)))
	}
	if x.TrailingStop.IsPositive() {
		w.line(2, fmt.Sprintf("the price is %s or more below the highest since the entry (trailing_stop)", percentText(x.TrailingStop)))
	}
	if x.MaxHolding > 0 {
		w.line(2, fmt.Sprintf("it has been held for %s (max_holding)", plural(x.MaxHolding, "session")))
	}
}

var operatorWords = map[op]string{
	opLess: "is below", opLessEqual: "is at most", opGreater: "is above", opGreaterEqual: "is at least",
	opEqual: "equals", opNotEqual: "differs from", opCrossAbove: "crosses above", opCrossBelow: "crosses below",
}

// condition writes a condition over as many lines as it has parts; lead is how it is joined to the line before.
func (w *words) condition(depth int, lead string, e *expr) {
	switch {
	case e.let != nil:
		w.line(depth, lead+e.name)
	case e.op == opAnd || e.op == opOr:
		w.line(depth, lead+map[op]string{opAnd: "all of these hold:", opOr: "any of these holds:"}[e.op])
		for _, x := range e.args {
			w.condition(depth+1, "- ", x)
		}
	case e.op == opNot:
		w.condition(depth, lead+"not: ", e.args[0])
	case e.op == opBetween:
		w.line(depth, fmt.Sprintf("%s%s is from %s to %s", lead, e.args[0].text, e.args[1].text, e.args[2].text))
	case e.op == opPattern:
		w.line(depth, lead+e.patternWords())
	case e.op == opBack:
		w.condition(depth, lead+plural(e.bars, "bar")+" ago: ", e.args[0])
	default:
		w.line(depth, fmt.Sprintf("%s%s %s %s", lead, e.args[0].text, operatorWords[e.op], e.args[1].text))
	}
}

// named explains the names of lets and the indicators, each once, in order of appearance.
func (w *words) named(p *program) {
	var names, calls []string
	var walk func(e *expr)
	walk = func(e *expr) {
		if e.let != nil {
			text := e.name + " = " + e.let.text
			if !slices.Contains(names, text) {
				names = append(names, text)
				walk(e.let)
			}
			return
		}
		if e.op == opIndicator || e.op == opCandles {
			if text := callWords(e); !slices.Contains(calls, text) {
				calls = append(calls, text)
			}
		}
		for _, x := range e.args {
			walk(x)
		}
	}
	walk(p.buy)
	if p.sell != nil {
		walk(p.sell)
	}
	if len(names)+len(calls) == 0 {
		return
	}
	w.line(1, "where")
	for _, text := range append(names, calls...) {
		w.line(2, text)
	}
}

// callWords is "rsi(close, 14): Relative strength index, period 14".
func callWords(e *expr) string {
	title, params := "", []indicator.Param(nil)
	if e.op == opCandles {
		title, params = e.pattern.Title, e.pattern.Params
	} else {
		title, params = e.spec.Title, e.spec.Params
	}
	text := e.callText(true) + ": " + title
	for i, value := range argumentTexts(params, e.given) {
		text += ", " + params[i].Name + " " + value
	}
	return text
}

// ranges says what a sweep tries of the parameters that have a range.
func (s *Strategy) ranges(w *words) {
	for _, name := range sortedKeys(s.rule.params) {
		p, text := s.rule.params[name], plainText
		if p.step.IsZero() {
			continue
		}
		if p.percent {
			text = percentText
		}
		w.line(1, fmt.Sprintf("$%s is %s; a sweep tries %s to %s in steps of %s", name, text(p.value), text(p.min), text(p.max), text(p.step)))
	}
}

// symbolParams says what differs for single symbols.
func (s *Strategy) symbolParams(w *words) {
	for _, symbol := range s.Symbols {
		values, ok := s.symbols[symbol]
		if !ok {
			continue
		}
		var parts []string
		for _, name := range sortedKeys(values) {
			if values[name] != s.rule.params[name] {
				parts = append(parts, fmt.Sprintf("%s %s", name, plainText(values[name].value)))
			}
		}
		w.line(1, fmt.Sprintf("for %s with %s", symbol, strings.Join(parts, ", ")))
	}
}
