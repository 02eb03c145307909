package kisyaml

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"maemae/strategy"
	"maemae/strategy/internal/strict"
)

// place is a line and a column, from 1.
type place = strict.Place

// source is one file, the problems found in it and the notes about it.
type source struct {
	strict.File
	file     string
	problems strategy.Problems
	report   Report
}

func newSource(name string) *source {
	s := &source{file: name}
	s.File = strict.File{Fail: s.refuse, Begin: `version: "1.0"`,
		Advice: "check the indentation, the brackets and the quotes here and one line above; the builder writes quotes inside a name without escaping them"}
	return s
}

// refuse takes down what keeps the file from being imported, in the report too.
func (s *source) refuse(at place, what, hint string) {
	if !s.problems.Add(strategy.Problem{File: s.file, Line: at.Line, Col: at.Col, What: what, Hint: hint}) {
		return
	}
	text := what
	if hint != "" {
		text += " (" + hint + ")"
	}
	s.note(Refused, at, text)
}

func (s *source) note(kind Kind, at place, text string) {
	s.report = append(s.report, Note{kind, at.Line, text})
}

// maxEntries bounds a list.
const maxEntries = 500

// list reads a sequence; one that is not there is empty.
func (s *source) list(n *yaml.Node, what string) []*yaml.Node {
	if n == nil {
		return nil
	}
	nodes, _ := s.List(n, what)
	if len(nodes) > maxEntries {
		s.refuse(strict.PlaceOf(nodes[maxEntries]), fmt.Sprintf("more than %d %s", maxEntries, what), "")
		return nil
	}
	return nodes
}

// plainNumber is what a number may look like: no exponent, no leading zeros, at most 30 digits.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,10})?$`)

// number reads a number and spells it without trailing zeros. One in quotes is mended.
func (s *source) number(n *yaml.Node, what string) (string, bool) {
	text, ok := s.Text(n, what)
	if !ok {
		return "", false
	}
	if !plainNumber.MatchString(text) {
		s.refuse(strict.PlaceOf(n), fmt.Sprintf("%s is %q, not a number", what, text), "write plain digits such as 20, 0.5 or -3")
		return "", false
	}
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		text = "0"
	}
	if strict.Quoted(n) {
		s.note(Mended, strict.PlaceOf(n), fmt.Sprintf("%s: the quoted number %q is the number %s", what, n.Value, text))
	}
	return text, true
}

// suggest is a hint: the known word nearest to the given one, else all of them after the lead.
func suggest(word string, known []string, lead string) string {
	if len(known) > 0 && lead != "" {
		lead += strings.Join(known, ", ")
	}
	return cmp.Or(strategy.Suggest(word, known), lead)
}
