package kisyaml

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind says what a line of a report is about.
type Kind string

const (
	Maps       Kind = "maps"       // what became of a part of the file
	Mended     Kind = "mended"     // a slip that could be put right without a choice
	LeftOut    Kind = "left out"   // declared, without influence on any trade, not in the native rule
	Builder    Kind = "builder"    // KIS's strategy builder trades differently here
	Backtester Kind = "backtester" // KIS's backtester trades differently here, or refuses the file
	Refused    Kind = "refused"    // what keeps the file from being imported
)

// Note is one line of a report: what it is about, and the line of the file, from 1.
type Note struct {
	Kind Kind   `json:"kind"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

// Report is everything there is to say about an import, in the order of the file.
type Report []Note

// String is the report for people: a line for each note.
func (r Report) String() string {
	var b strings.Builder
	for _, n := range r {
		fmt.Fprintf(&b, "line %-4d %-11s %s\n", n.Line, n.Kind, n.Text)
	}
	return b.String()
}

func (r Report) sorted() Report {
	slices.SortStableFunc(r, func(a, b Note) int { return cmp.Compare(a.Line, b.Line) })
	return r
}
