package kisyaml

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"maemae/strategy"
)

// The YAML of a file is held to the same bounds as a native one: one document of at most maxFile bytes and maxNesting
// levels, without tabs, anchors, aliases, merge keys, tags and duplicate keys.
const (
	maxFile     = 256 << 10
	maxNesting  = 20
	maxProblems = 100
)

// place is a line and a column, from 1.
type place struct{ line, col int }

func placeOf(n *yaml.Node) place { return place{max(n.Line, 1), max(n.Column, 1)} }

// source is one file, the problems found in it and the notes about it.
type source struct {
	file     string
	problems strategy.Problems
	report   Report
}

// refuse takes down what keeps the file from being imported, in the report too.
func (s *source) refuse(at place, what, hint string) {
	p := strategy.Problem{File: s.file, Line: at.line, Col: at.col, What: what, Hint: hint}
	if len(s.problems) == maxProblems || slices.Contains(s.problems, p) {
		return
	}
	s.problems = append(s.problems, p)
	text := what
	if hint != "" {
		text += " (" + hint + ")"
	}
	s.note(Refused, at, text)
}

func (s *source) note(kind Kind, at place, text string) {
	s.report = append(s.report, Note{kind, at.line, text})
}

func (s *source) sorted() strategy.Problems {
	slices.SortStableFunc(s.problems, func(a, b strategy.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return s.problems
}

// document parses data; nil after a problem that leaves nothing to look at.
func (s *source) document(data []byte) *yaml.Node {
	if len(data) > maxFile {
		s.refuse(place{1, 1}, fmt.Sprintf("file of %d bytes, the most is %d", len(data), maxFile), "")
		return nil
	}
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	if !s.plain(string(data)) {
		return nil
	}
	var root, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(&root)
	switch {
	case errors.Is(err, io.EOF):
		s.refuse(place{1, 1}, "the file is empty", "")
	case err != nil:
		s.syntax(data, err)
	case !s.strict(&root, 0):
	case !errors.Is(decoder.Decode(&second), io.EOF):
		s.refuse(placeOf(&second), "a second document begins here", "one file holds one strategy")
	default:
		return root.Content[0]
	}
	return nil
}

// plain refuses what is wrong with the text before any YAML.
func (s *source) plain(text string) bool {
	for i, line := range strings.Split(text, "\n") {
		if !utf8.ValidString(line) {
			s.refuse(place{i + 1, 1}, "the line is not UTF-8 text", "save the file as UTF-8")
			return false
		}
		for j, c := range []rune(line) {
			if unicode.IsControl(c) || c == '\ufeff' {
				s.refuse(place{i + 1, j + 1}, fmt.Sprintf("the invisible character %U", c), "delete it; indent with spaces")
				return false
			}
		}
	}
	return true
}

// syntax reports text that is not YAML. yaml.v3 often names the wrong line; the first lines of the file that fail the
// same way end at the right one.
func (s *source) syntax(data []byte, err error) {
	what := reason(err)
	lines := bytes.SplitAfter(data, []byte("\n"))
	n := sort.Search(len(lines), func(i int) bool {
		var root yaml.Node
		err := yaml.Unmarshal(bytes.Join(lines[:i+1], nil), &root)
		return err != nil && reason(err) == what
	})
	s.refuse(place{min(n+1, len(lines)), 1}, "not YAML: "+what,
		"check the indentation, the brackets and the quotes here and one line above; the builder writes quotes inside a name without escaping them")
}

// reason is yaml.v3's message without the line it names.
func reason(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		_, text, _ = strings.Cut(rest, ": ")
	}
	return text
}

// strict refuses the parts of YAML that such a file does not use.
func (s *source) strict(n *yaml.Node, depth int) bool {
	what := ""
	switch {
	case depth > maxNesting:
		what = fmt.Sprintf("nesting deeper than %d levels", maxNesting)
	case n.Kind == yaml.AliasNode:
		what = "an alias (*" + n.Value + ")"
	case n.Anchor != "":
		what = "an anchor (&" + n.Anchor + ")"
	case n.Tag == "!!merge":
		what = "a merge key (<<)"
	case n.Style&yaml.TaggedStyle != 0:
		what = "a tag (" + n.Tag + ")"
	}
	if what != "" {
		s.refuse(placeOf(n), what+" is not allowed", "write the value out")
		return false
	}
	return !slices.ContainsFunc(n.Content, func(child *yaml.Node) bool { return !s.strict(child, depth+1) })
}

// entry is one key of a mapping with its value.
type entry struct{ key, value *yaml.Node }

// entries reads a mapping whose keys are words; what names it in problems.
func (s *source) entries(n *yaml.Node, what string) (list []entry) {
	if n.Kind != yaml.MappingNode {
		s.refuse(placeOf(n), what+" must be a mapping of keys and values, it is "+shape(n), "")
		return nil
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := entry{n.Content[i], n.Content[i+1]}
		switch first := lines[e.key.Value]; {
		case e.key.Kind != yaml.ScalarNode:
			s.refuse(placeOf(e.key), "a key of "+what+" must be one word", "")
		case first > 0:
			s.refuse(placeOf(e.key), fmt.Sprintf("key %s stands twice in %s", e.key.Value, what), fmt.Sprintf("the first is in line %d", first))
		default:
			list = append(list, e)
			lines[e.key.Value] = e.key.Line
		}
	}
	return list
}

// mapping reads a mapping with known keys. KIS's tools drop unknown ones in silence; here they are refused. It reports
// false when something is wrong.
func (s *source) mapping(n *yaml.Node, what string, known, required []string) (map[string]*yaml.Node, bool) {
	values, before := map[string]*yaml.Node{}, len(s.problems)
	for _, e := range s.entries(n, what) {
		switch key := e.key.Value; {
		case !slices.Contains(known, key):
			s.refuse(placeOf(e.key), fmt.Sprintf("no key %q in %s", key, what), suggest(key, known, "its keys are "))
		case missing(e.value) && key != "conditions":
			s.refuse(placeOf(e.key), key+" is empty", "give it a value or delete the key")
		default:
			values[key] = e.value
		}
	}
	if len(s.problems) > before { // an unknown key may be the missing one
		return values, false
	}
	for _, key := range required {
		if values[key] == nil {
			s.refuse(placeOf(n), what+" has no "+key, "")
		}
	}
	return values, len(s.problems) == before
}

// list reads a sequence; nil is an empty one.
func (s *source) list(n *yaml.Node, what string) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		s.refuse(placeOf(n), what+" must be a list, it is "+shape(n), "")
		return nil
	}
	return n.Content
}

// text reads a scalar as it stands.
func (s *source) text(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		s.refuse(placeOf(n), what+" must be one value, it is "+shape(n), "")
		return "", false
	}
	return strings.TrimSpace(n.Value), true
}

// word reads a scalar that is one of a few words.
func (s *source) word(n *yaml.Node, what string, known ...string) (string, bool) {
	text, ok := s.text(n, what)
	if ok && !slices.Contains(known, text) {
		s.refuse(placeOf(n), fmt.Sprintf("%s is %q", what, text), suggest(text, known, "it is one of "))
		ok = false
	}
	return text, ok
}

// plainNumber is what a number may look like: no exponent, no leading zeros, at most 30 digits.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,10})?$`)

// number reads a number and spells it without trailing zeros. One in quotes is mended.
func (s *source) number(n *yaml.Node, what string) (string, bool) {
	text, ok := s.text(n, what)
	if !ok {
		return "", false
	}
	if !plainNumber.MatchString(text) {
		s.refuse(placeOf(n), fmt.Sprintf("%s is %q, not a number", what, text), "write plain digits such as 20, 0.5 or -3")
		return "", false
	}
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		text = "0"
	}
	if quoted(n) {
		s.note(Mended, placeOf(n), fmt.Sprintf("%s: the quoted number %q is the number %s", what, n.Value, text))
	}
	return text, true
}

func quoted(n *yaml.Node) bool { return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 }

// missing tells a value that is not there, as in "key:".
func missing(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func shape(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case missing(n):
		return "empty"
	}
	return "a single value"
}

// suggest is a hint: the known word nearest to the given one, else all of them after the lead.
func suggest(word string, known []string, lead string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); len(word) < 40 && d < least {
			best, least = k, d
		}
	}
	switch {
	case best != "":
		return "did you mean " + best + "?"
	case len(known) == 0 || lead == "":
		return ""
	}
	return lead + strings.Join(known, ", ")
}

// distance is the number of letters to add, drop or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = min(change, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
