package strategy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"maemae/strategy/internal/strict"
)

// Problem is one mistake in a file, at its place (lines and columns count from 1, columns in characters), with a hint
// for the person who wrote it. A warning leaves the file valid.
type Problem struct {
	File      string
	Line, Col int
	What      string
	Hint      string
	Warning   bool
}

// String is FILE:LINE:COL: what, and the hint on a line of its own.
func (p Problem) String() string {
	text := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Col, p.What)
	if p.Warning {
		text = fmt.Sprintf("%s:%d:%d: warning: %s", p.File, p.Line, p.Col, p.What)
	}
	if p.Hint != "" {
		text += "\n  hint: " + p.Hint
	}
	return text
}

// Problems is every mistake found, sorted by place.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds a list: who has a hundred mistakes fixes the first ones first. Warnings never keep a mistake out.
const maxProblems = 100

// Add adds a problem that is not in the list yet, as long as the list is not full. It tells whether it did.
func (p *Problems) Add(one Problem) bool {
	if p.full() || one.Warning && len(*p) >= maxProblems || slices.Contains(*p, one) {
		return false
	}
	*p = append(*p, one)
	return true
}

// full tells that there is no room left.
func (p Problems) full() bool { return len(p) >= 2*maxProblems }

// Sort puts the problems in the order of their places.
func (p Problems) Sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}

// Fatal tells whether any of them is more than a warning.
func (p Problems) Fatal() bool {
	return slices.ContainsFunc(p, func(one Problem) bool { return !one.Warning })
}

// fault is a mistake at a place, before it has a file.
type fault struct {
	place
	what, hint string
}

func (f *fault) Error() string { return f.what }

// ledger collects the problems of one file.
type ledger struct {
	file     string
	problems Problems
	mistakes int // also those for which the list had no room
	spelled  int // bytes of all expressions of the file in canonical spelling
}

func (l *ledger) fail(at place, what, hint string) {
	l.mistakes++
	l.add(at, what, hint, false)
}

func (l *ledger) full() bool { return l.problems.full() }

func (l *ledger) warn(at place, what, hint string) { l.add(at, what, hint, true) }

func (l *ledger) add(at place, what, hint string, warning bool) {
	l.problems.Add(Problem{l.file, at.Line, at.Col, what, hint, warning})
}

func (l *ledger) sorted() Problems {
	l.problems.Sort()
	return l.problems
}

// Suggest is "did you mean X?" for the known word nearest to the given one, empty when none is near.
func Suggest(word string, known []string) string { return strict.Suggest(word, known) }
