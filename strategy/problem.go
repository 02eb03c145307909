package strategy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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

// Fatal tells whether any of them is more than a warning.
func (p Problems) Fatal() bool {
	return slices.ContainsFunc(p, func(one Problem) bool { return !one.Warning })
}

// place is a line and a column, from 1.
type place struct{ line, col int }

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
}

func (l *ledger) fail(at place, what, hint string) { l.add(at, what, hint, false) }
func (l *ledger) warn(at place, what, hint string) { l.add(at, what, hint, true) }

// maxProblems bounds the report: who has a hundred mistakes fixes the first ones first. Warnings never keep a mistake
// out of it.
const maxProblems = 100

func (l *ledger) add(at place, what, hint string, warning bool) {
	p := Problem{l.file, at.line, at.col, what, hint, warning}
	full := len(l.problems) >= maxProblems && (warning || len(l.problems) >= 2*maxProblems)
	if !full && !slices.Contains(l.problems, p) {
		l.problems = append(l.problems, p)
	}
}

func (l *ledger) sorted() Problems {
	slices.SortStableFunc(l.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return l.problems
}

// Suggest is "did you mean X?" for the known word nearest to the given one, empty when none is near.
func Suggest(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

// nearest allows one letter in each three to be wrong, and two in a short word that begins alike.
func nearest(word string, known []string) string {
	if word == "" || len(word) > 40 {
		return ""
	}
	word = strings.ToLower(word)
	best, least := "", len(word)
	for _, k := range known {
		d := distance(word, k)
		near := d <= max(1, len(word)/3) || d == 2 && word[0] == k[0]
		if near && d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the number of letters to add, drop, change or swap with the next one (optimal string alignment).
func distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
