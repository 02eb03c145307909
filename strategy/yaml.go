package strategy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// The YAML of a rule file is a small, strict part of YAML: one document of at most maxFile bytes and maxNesting levels,
// without tabs, anchors, aliases, merge keys, tags and duplicate keys. Values are read as the text that stands there,
// never through YAML's own ideas of numbers and booleans (010, 1_000, yes).
const (
	maxFile    = 256 << 10
	maxNesting = 20
)

// source is the text of one file and the problems found in it.
type source struct {
	ledger
	lines []string
}

// document parses data and returns its root mapping; nil after a problem that leaves nothing to look at.
func (s *source) document(data []byte) *yaml.Node {
	if len(data) > maxFile {
		s.fail(place{1, 1}, fmt.Sprintf("file of %d bytes, the most is %d", len(data), maxFile), "split the rules over several files")
		return nil
	}
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	s.lines = strings.Split(string(data), "\n")
	if !s.plain() {
		return nil
	}
	var root yaml.Node
	err := decode(data, &root)
	switch {
	case errors.Is(err, io.EOF), err == nil && missing(root.Content[0]):
		s.fail(place{1, 1}, "the file is empty", "begin with: version: 1")
		return nil
	case err != nil:
		s.syntax(data, err)
		return nil
	case !s.strict(&root, 0):
		return nil
	}
	return root.Content[0]
}

// decode reads the first document. Decoding into a Node keeps aliases as they are: nothing is expanded.
func decode(data []byte, root *yaml.Node) error {
	return yaml.NewDecoder(bytes.NewReader(data)).Decode(root)
}

// plain refuses what is wrong with the text before any YAML: bad UTF-8, tabs, a second document.
func (s *source) plain() bool {
	begun := false // a document has content or a marker
	for i, line := range s.lines {
		if col, what, hint := unfit(line); what != "" {
			s.fail(place{i + 1, col}, what, hint)
			return false
		}
		marker := line == "---" || strings.HasPrefix(line, "--- ")
		if begun && (marker || line == "...") {
			s.fail(place{i + 1, 1}, "a second document begins here", "one file holds one document: join them or use two files")
			return false
		}
		text := strings.TrimSpace(line)
		begun = begun || marker || text != "" && text[0] != '#' && text[0] != '%'
	}
	return true
}

// unfit finds a character that has no place in a rule file. YAML breaks lines at some of those that eyes do not see.
func unfit(line string) (col int, what, hint string) {
	if !utf8.ValidString(line) {
		return 1, "the line is not UTF-8 text", "save the file as UTF-8"
	}
	for i, c := range []rune(line) {
		switch {
		case c == '\t':
			return i + 1, "a tab", "indent and separate with spaces"
		case !unicode.IsGraphic(c):
			return i + 1, fmt.Sprintf("the invisible character %U", c), "delete it"
		}
	}
	return 0, "", ""
}

// strict refuses the parts of YAML that a rule file does not use.
func (s *source) strict(n *yaml.Node, depth int) bool {
	what, hint := "", ""
	switch {
	case depth > maxNesting:
		what = fmt.Sprintf("nested deeper than %d levels", maxNesting)
	case n.Kind == yaml.AliasNode:
		what, hint = "an alias (*"+n.Value+")", "write the value out; put text that begins with * in quotes"
	case n.Anchor != "":
		what, hint = "an anchor (&"+n.Anchor+")", "write the value out where it is used"
	case n.Tag == "!!merge":
		what, hint = "a merge key (<<)", "write the keys out"
	case n.Style&yaml.TaggedStyle != 0:
		what, hint = "a tag ("+n.Tag+")", "drop it; put text that begins with ! in quotes"
	}
	if what != "" {
		s.fail(placeOf(n), what+" is not allowed", hint)
		return false
	}
	for _, child := range n.Content {
		if !s.strict(child, depth+1) {
			return false
		}
	}
	return true
}

func placeOf(n *yaml.Node) place { return place{max(n.Line, 1), max(n.Column, 1)} }

// syntax reports text that is not YAML. yaml.v3 names the wrong line for some errors and none for others; the first
// lines of the file that fail the same way end at the right one.
func (s *source) syntax(data []byte, err error) {
	message := reason(err)
	ends := []int{0}
	for i, c := range data {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	ends = append(ends, len(data))
	n, _ := slices.BinarySearchFunc(ends, message, func(end int, message string) int {
		var root yaml.Node
		if err := decode(data[:end], &root); err != nil && reason(err) == message {
			return 0
		}
		return -1
	})
	line := min(max(n, 1), len(s.lines))
	if at, what, hint := accident(s.lines[line-1]); what != "" {
		s.fail(place{line, at}, what, hint)
		return
	}
	text := s.lines[line-1]
	s.fail(place{line, len(text) - len(strings.TrimLeft(text, " ")) + 1}, "not YAML: "+message,
		"check the indentation, the brackets and the quotes here and one line above; put an expression in quotes as a whole")
}

// reason is yaml.v3's message without the line it names.
func reason(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		_, text, _ = strings.Cut(rest, ": ")
	}
	return text
}

// accident recognises text of this language that YAML reads as something else, in a line that is not YAML; col is where.
func accident(line string) (col int, what, hint string) {
	body := strings.TrimLeft(line, " -")
	key, value, ok := strings.Cut(body, ": ")
	if !ok || strings.ContainsAny(key, " \"'{[(") {
		key, value = "", body
	}
	value = strings.TrimLeft(value, " ")
	col = utf8.RuneCountInString(line[:len(line)-len(value)]) + 1
	value, _, _ = strings.Cut(value, " #")
	value = strings.TrimRight(value, " ")
	quote := fmt.Sprintf("put it in quotes: %q", value)
	switch {
	case value == "" || strings.ContainsRune("\"'[{", rune(value[0])):
		return 0, "", ""
	case strings.ContainsRune("@`*&%!|>?", rune(value[0])):
		return col, fmt.Sprintf("YAML reads a value that begins with %c as something else", value[0]), quote
	case strings.Contains(value, ": "):
		before, _, _ := strings.Cut(value, ": ")
		if strings.Contains(before, "(") {
			return col + utf8.RuneCountInString(before), "a colon inside an expression", "a named argument is written with =, as in macd(fast=12)"
		}
		return col + utf8.RuneCountInString(before), "a colon inside a value", quote
	}
	return 0, "", ""
}

// entry is one key of a mapping with its value.
type entry struct{ key, value *yaml.Node }

// entries reads a mapping whose keys are words; what names it in problems. It reports false when something is wrong.
func (s *source) entries(n *yaml.Node, what string) ([]entry, bool) {
	if n.Kind != yaml.MappingNode {
		s.fail(placeOf(n), what+" must be a mapping of keys and values, it is "+shape(n), "")
		return nil, false
	}
	if s.split(n) {
		return nil, false
	}
	var list []entry
	seen, good := map[string]int{}, true
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := entry{n.Content[i], n.Content[i+1]}
		switch first, twice := seen[e.key.Value]; {
		case e.key.Kind != yaml.ScalarNode:
			s.fail(placeOf(e.key), "a key of "+what+" must be one word", "")
			good = false
		case twice:
			s.fail(placeOf(e.key), fmt.Sprintf("key %s stands twice in %s", e.key.Value, what), fmt.Sprintf("the first is in line %d", first))
			good = false
		default:
			list = append(list, e)
			seen[e.key.Value] = e.key.Line
		}
	}
	return list, good
}

// split finds an unquoted value with a comma inside { } or [ ]: YAML cuts it there. It reports once, at the value that
// was cut.
func (s *source) split(n *yaml.Node) bool {
	if n.Style&yaml.FlowStyle == 0 {
		return false
	}
	for i, child := range n.Content {
		value := n.Kind == yaml.SequenceNode || i%2 == 1
		if child.Kind != yaml.ScalarNode || child.Style != 0 || !value || missing(child) {
			continue
		}
		open := strings.Count(child.Value, "(") > strings.Count(child.Value, ")")
		rest := n.Kind == yaml.MappingNode && i+2 < len(n.Content) && missing(n.Content[i+2]) && !isName(n.Content[i+1].Value)
		if open || rest {
			s.fail(placeOf(child), "YAML cuts this value at the comma", fmt.Sprintf("put it in quotes: %q", joined(n, i)))
			return true
		}
	}
	return false
}

// missing tells a value that is not there, as in "key:".
func missing(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && (n.Value == "" || n.Tag == "!!null")
}

// joined is the value that YAML cut, put together again.
func joined(n *yaml.Node, i int) string {
	text, step := n.Content[i].Value, 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	open := func() bool { return strings.Count(text, "(") > strings.Count(text, ")") }
	for i += 1; i < len(n.Content); i += step {
		if step == 1 && !open() || step == 2 && !missing(n.Content[i+1]) {
			break
		}
		next := n.Content[i].Value
		if next != "" && isDigit(next[0]) && isDigit(text[len(text)-1]) {
			text += "," + next // thousands
		} else {
			text += ", " + next
		}
	}
	return text
}

// keyed reads a mapping with known keys. Unknown ones are refused with the nearest known one.
func (s *source) keyed(n *yaml.Node, what string, known, required []string) (map[string]*yaml.Node, bool) {
	list, good := s.entries(n, what)
	if list == nil && !good {
		return nil, false
	}
	values := map[string]*yaml.Node{}
	for _, e := range list {
		if !slices.Contains(known, e.key.Value) {
			hint := Suggest(e.key.Value, known)
			if hint == "" {
				hint = "the keys of " + what + " are " + strings.Join(known, " ")
			}
			s.fail(placeOf(e.key), fmt.Sprintf("no key %q in %s", e.key.Value, what), hint)
			good = false
			continue
		}
		values[e.key.Value] = e.value
		if missing(e.value) {
			s.fail(placeOf(e.key), e.key.Value+" is empty", "give it a value or delete the key")
			good = false
		}
	}
	if !good { // an unknown key is probably the missing one
		return values, false
	}
	for _, key := range required {
		if values[key] == nil {
			s.fail(placeOf(n), fmt.Sprintf("%s has no %s", what, key), "")
			good = false
		}
	}
	return values, good
}

// list reads a sequence.
func (s *source) list(n *yaml.Node, what string) ([]*yaml.Node, bool) {
	switch {
	case n.Kind != yaml.SequenceNode:
		s.fail(placeOf(n), what+" must be a list, it is "+shape(n), "")
		return nil, false
	case len(n.Content) == 0:
		s.fail(placeOf(n), what+" is empty", "")
		return nil, false
	case s.split(n):
		return nil, false
	}
	return n.Content, true
}

// text reads a scalar as it stands.
func (s *source) text(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		s.fail(placeOf(n), what+" must be one value, it is "+shape(n), "")
		return "", false
	}
	return strings.TrimSpace(n.Value), true
}

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

// quoted tells whether a scalar stands in quotes.
func quoted(n *yaml.Node) bool { return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 }

// locate finds where in the file a byte of a scalar's value stands. YAML folds, unquotes and unindents; what it keeps in
// order are the characters that are not blank, so those are counted.
func (s *source) locate(n *yaml.Node) func(offset int) place {
	return func(offset int) place {
		ahead := 0 // characters before the wanted one
		for _, c := range n.Value[:min(offset, len(n.Value))] {
			if !unicode.IsSpace(c) {
				ahead++
			}
		}
		past := strings.TrimSpace(n.Value[min(offset, len(n.Value)):]) == "" && ahead > 0
		if past {
			ahead-- // the end of the value is just behind its last character
		}
		line, col := n.Line, n.Column
		switch {
		case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
			line, col = line+1, 1
		case quoted(n):
			col++
		}
		for ; line <= len(s.lines); line, col = line+1, 1 {
			text := []rune(s.lines[line-1])
			for ; col <= len(text); col++ {
				switch {
				case unicode.IsSpace(text[col-1]):
				case ahead > 0:
					ahead--
				case past:
					return place{line, col + 1}
				default:
					return place{line, col}
				}
			}
		}
		return placeOf(n)
	}
}
