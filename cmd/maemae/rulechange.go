package main

import (
	"fmt"
	"slices"
	"strings"

	"maemae/market"
	"maemae/strategy"
)

// RuleChange is what an edit of a strategy file did to one rule.
type RuleChange struct {
	Name   string   `json:"name"`
	Change string   `json:"change"`          // added, removed, changed or moved
	Lines  []string `json:"lines,omitempty"` // of the rule in words: "- " as it was, "+ " as it is
}

// ruleChanges are what differs between two lists of rules, in the order of the new one, removed rules last.
func ruleChanges(old, now []*strategy.Strategy) []RuleChange {
	out := []RuleChange{}
	for _, n := range now {
		o := ruleNamed(old, n.Name)
		switch {
		case o == nil:
			out = append(out, RuleChange{Name: n.Name, Change: "added", Lines: marked("+", toldLines(n))})
		case o.Revision != n.Revision || o.When != n.When || o.Words("en") != n.Words("en") || !slices.Equal(o.Symbols, n.Symbols):
			out = append(out, RuleChange{Name: n.Name, Change: "changed", Lines: lineChanges(o, n)})
		}
	}
	for _, o := range old {
		if ruleNamed(now, o.Name) == nil {
			out = append(out, RuleChange{Name: o.Name, Change: "removed"})
		}
	}
	return append(out, moved(old, now)...)
}

func ruleNamed(list []*strategy.Strategy, name string) *strategy.Strategy {
	for _, s := range list {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// moved tells of rules that stay and stand in another order: the one that stands first buys first.
func moved(old, now []*strategy.Strategy) []RuleChange {
	var was, is []string
	for _, o := range old {
		if ruleNamed(now, o.Name) != nil {
			was = append(was, o.Name)
		}
	}
	for _, n := range now {
		if ruleNamed(old, n.Name) != nil {
			is = append(is, n.Name)
		}
	}
	if slices.Equal(was, is) {
		return nil
	}
	return []RuleChange{{Name: strings.Join(is, ", "), Change: "moved", Lines: []string{"- in this order: " + strings.Join(was, ", "), "+ in this order: " + strings.Join(is, ", ")}}}
}

// lineChanges are the lines of the rule's words that only one of the two has, and the symbols that came and went.
func lineChanges(o, n *strategy.Strategy) []string {
	was, is := toldLines(o), toldLines(n)
	out := append(marked("-", without(was, is)), marked("+", without(is, was))...)
	if gone := without(o.Symbols, n.Symbols); len(gone) > 0 {
		out = append(out, "- symbols: "+joinSymbols(gone))
	}
	if come := without(n.Symbols, o.Symbols); len(come) > 0 {
		out = append(out, "+ symbols: "+joinSymbols(come))
	}
	if len(out) == 0 && !slices.Equal(o.Symbols, n.Symbols) {
		out = []string{"+ symbols in this order: " + joinSymbols(n.Symbols)}
	}
	if len(out) == 0 { // something that the words leave out
		out = []string{"- revision " + short(o.Revision), "+ revision " + short(n.Revision)}
	}
	return out
}

func joinSymbols(list []market.Symbol) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return strings.Join(out, ", ")
}

// without are the elements of a that b lacks, in their order.
func without[T comparable](a, b []T) []T {
	var out []T
	left := map[T]int{}
	for _, x := range b {
		left[x]++
	}
	for _, x := range a {
		if left[x]--; left[x] < 0 {
			out = append(out, x)
		}
	}
	return out
}

func marked(sign string, lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, sign+" "+l)
	}
	return out
}

// toldLines are the rule's words, each line with what it belongs to, so that it can stand alone. Symbols are told apart.
func toldLines(s *strategy.Strategy) []string {
	part := ""
	var out []string
	for i, line := range strings.Split(s.Words("en"), "\n") {
		text := strings.TrimLeft(line, " ")
		switch depth := (len(line) - len(text)) / 2; {
		case i == 0:
			continue // the name
		case strings.HasPrefix(text, "looks at "):
			if _, rest, found := strings.Cut(text, `, at "`); found {
				text = `looks at "` + rest
			}
			out = append(out, text)
		case depth == 1:
			part = partOf(text)
			if text = strings.TrimSuffix(text, ", when"); part == "" || part == "buy" {
				out = append(out, text)
			}
		default:
			out = append(out, part+": "+strings.TrimPrefix(text, "- "))
		}
	}
	return out
}

// partOf is what the lines below a heading of the rule's words belong to.
func partOf(heading string) string {
	for _, p := range []struct{ start, part string }{{"buys ", "buy"}, {"sells ", "sell"}, {"and in any case", "exit"}, {"where", "where"}} {
		if strings.HasPrefix(heading, p.start) {
			return p.part
		}
	}
	return ""
}

// changesInWords are the changes as a person reads them, without a final newline.
func changesInWords(list []RuleChange) string {
	var out []string
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s %s", c.Change, c.Name))
		for _, l := range c.Lines {
			out = append(out, "  "+l)
		}
	}
	return strings.Join(out, "\n")
}
