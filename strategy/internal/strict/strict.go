// Package strict reads the YAML of rule files, native ones and those of KIS's tools: a small, strict part of YAML. It is
// one document of at most MaxFile bytes and maxNesting levels, without tabs, anchors, aliases, merge keys, tags and
// duplicate keys. Values are read as the text that stands there, never through YAML's own ideas of numbers and booleans
// (010, 1_000, yes). Everything else is a problem at its place, with a hint.
//
// It does not know what the keys mean.
package strict

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

// Bounds of one file.
const (
	MaxFile    = 256 << 10 // bytes
	maxNesting = 20
)

// Place is a line and a column, from 1; columns are in characters.
type Place struct{ Line, Col int }

// File is the text of one file.
type File struct {
	Fail   func(at Place, what, hint string) // takes every problem
	Begin  string                            // how such a file begins
	Advice string                            // the hint for text that is not YAML

	// Explain knows better what is wrong with a line that is not YAML, and from which column on; it says nothing where it
	// does not. It may be nil.
	Explain func(line string) (col int, what, hint string)

	lines []string
}

// Document parses data and returns its root mapping; nil after a problem that leaves nothing to look at.
func (f *File) Document(data []byte) *yaml.Node {
	if len(data) > MaxFile {
		f.Fail(Place{1, 1}, fmt.Sprintf("file of %d bytes, the most is %d", len(data), MaxFile), "split the rules over several files")
		return nil
	}
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	f.lines = strings.Split(string(data), "\n")
	if !f.plain() {
		return nil
	}
	var root yaml.Node
	err := decode(data, &root)
	switch {
	case errors.Is(err, io.EOF), err == nil && Missing(root.Content[0]):
		f.Fail(Place{1, 1}, "the file is empty", "begin with: "+f.Begin)
		return nil
	case err != nil:
		f.syntax(data, err)
		return nil
	case !f.strict(&root, 0):
		return nil
	}
	return root.Content[0]
}

// decode reads the first document. Decoding into a Node keeps aliases as they are: nothing is expanded.
func decode(data []byte, root *yaml.Node) error {
	return yaml.NewDecoder(bytes.NewReader(data)).Decode(root)
}

// plain refuses what is wrong with the text before any YAML: bad UTF-8, tabs, a second document.
func (f *File) plain() bool {
	begun := false // a document has content or a marker
	for i, line := range f.lines {
		if col, what, hint := unfit(line); what != "" {
			f.Fail(Place{i + 1, col}, what, hint)
			return false
		}
		marker := line == "---" || strings.HasPrefix(line, "--- ")
		if begun && (marker || line == "...") {
			f.Fail(Place{i + 1, 1}, "a second document begins here", "one file holds one document: join them or use two files")
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
func (f *File) strict(n *yaml.Node, depth int) bool {
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
		f.Fail(PlaceOf(n), what+" is not allowed", hint)
		return false
	}
	for _, child := range n.Content {
		if !f.strict(child, depth+1) {
			return false
		}
	}
	return true
}

// PlaceOf is where a value begins.
func PlaceOf(n *yaml.Node) Place { return Place{max(n.Line, 1), max(n.Column, 1)} }

// syntax reports text that is not YAML. yaml.v3 names the wrong line for some errors and none for others; the first
// lines of the file that fail the same way end at the right one.
func (f *File) syntax(data []byte, err error) {
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
	line := min(max(n, 1), len(f.lines))
	text := f.lines[line-1]
	if f.Explain != nil {
		if col, what, hint := f.Explain(text); what != "" {
			f.Fail(Place{line, col}, what, hint)
			return
		}
	}
	f.Fail(Place{line, len(text) - len(strings.TrimLeft(text, " ")) + 1}, "not YAML: "+message, f.Advice)
}

// reason is yaml.v3's message without the line it names.
func reason(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		_, text, _ = strings.Cut(rest, ": ")
	}
	return text
}

// Entry is one key of a mapping with its value.
type Entry struct{ Key, Value *yaml.Node }

// Entries reads a mapping whose keys are words; what names it in problems. It reports false when something is wrong.
func (f *File) Entries(n *yaml.Node, what string) ([]Entry, bool) {
	if n.Kind != yaml.MappingNode {
		f.Fail(PlaceOf(n), what+" must be a mapping of keys and values, it is "+shape(n), "")
		return nil, false
	}
	if f.split(n) {
		return nil, false
	}
	var list []Entry
	seen, good := map[string]int{}, true
	for i := 0; i+1 < len(n.Content); i += 2 {
		e := Entry{n.Content[i], n.Content[i+1]}
		switch first, twice := seen[e.Key.Value]; {
		case e.Key.Kind != yaml.ScalarNode:
			f.Fail(PlaceOf(e.Key), "a key of "+what+" must be one word", "")
			good = false
		case twice:
			f.Fail(PlaceOf(e.Key), fmt.Sprintf("key %s stands twice in %s", e.Key.Value, what), fmt.Sprintf("the first is in line %d", first))
			good = false
		default:
			list = append(list, e)
			seen[e.Key.Value] = e.Key.Line
		}
	}
	return list, good
}

// split finds an unquoted value with a comma inside { } or [ ]: YAML cuts it there. It reports once, at the value that
// was cut.
func (f *File) split(n *yaml.Node) bool {
	if n.Style&yaml.FlowStyle == 0 {
		return false
	}
	for i, child := range n.Content {
		value := n.Kind == yaml.SequenceNode || i%2 == 1
		if child.Kind != yaml.ScalarNode || child.Style != 0 || !value || Missing(child) {
			continue
		}
		open := strings.Count(child.Value, "(") > strings.Count(child.Value, ")")
		rest := n.Kind == yaml.MappingNode && i+2 < len(n.Content) && Missing(n.Content[i+2]) && !IsName(n.Content[i+1].Value)
		if open || rest {
			f.Fail(PlaceOf(child), "YAML cuts this value at the comma", fmt.Sprintf("put it in quotes: %q", joined(n, i)))
			return true
		}
	}
	return false
}

// Missing tells a value that is not there, as in "key:".
func Missing(n *yaml.Node) bool {
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
		if step == 1 && !open() || step == 2 && !Missing(n.Content[i+1]) {
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

// Keyed reads a mapping with known keys; the values are those that are there. Unknown keys are refused with the nearest
// known one. It reports false when something is wrong.
func (f *File) Keyed(n *yaml.Node, what string, known, required []string) (map[string]*yaml.Node, bool) {
	list, good := f.Entries(n, what)
	if list == nil && !good {
		return nil, false
	}
	values := map[string]*yaml.Node{}
	for _, e := range list {
		if !slices.Contains(known, e.Key.Value) {
			hint := Suggest(e.Key.Value, known)
			if hint == "" {
				hint = "the keys of " + what + " are " + strings.Join(known, " ")
			}
			f.Fail(PlaceOf(e.Key), fmt.Sprintf("no key %q in %s", e.Key.Value, what), hint)
			good = false
			continue
		}
		if Missing(e.Value) {
			f.Fail(PlaceOf(e.Key), e.Key.Value+" is empty", "give it a value or delete the key")
			good = false
			continue
		}
		values[e.Key.Value] = e.Value
	}
	if !good { // an unknown key is probably the missing one
		return values, false
	}
	for _, key := range required {
		if values[key] == nil {
			f.Fail(PlaceOf(n), fmt.Sprintf("%s has no %s", what, key), "")
			good = false
		}
	}
	return values, good
}

// List reads a sequence, which may be empty.
func (f *File) List(n *yaml.Node, what string) ([]*yaml.Node, bool) {
	switch {
	case n.Kind != yaml.SequenceNode:
		f.Fail(PlaceOf(n), what+" must be a list, it is "+shape(n), "")
		return nil, false
	case f.split(n):
		return nil, false
	}
	return n.Content, true
}

// Text reads a scalar as it stands, without blanks around it.
func (f *File) Text(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode {
		f.Fail(PlaceOf(n), what+" must be one value, it is "+shape(n), "")
		return "", false
	}
	return strings.TrimSpace(n.Value), true
}

// Word reads a scalar that is one of two or more words.
func (f *File) Word(n *yaml.Node, what string, words ...string) (string, bool) {
	text, ok := f.Text(n, what)
	if ok && !slices.Contains(words, text) {
		f.Fail(PlaceOf(n), fmt.Sprintf("%s is %q, must be %s or %s", what, text, strings.Join(words[:len(words)-1], ", "), words[len(words)-1]), Suggest(text, words))
		ok = false
	}
	return text, ok
}

func shape(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case Missing(n):
		return "empty"
	}
	return "a single value"
}

// Quoted tells whether a scalar stands in quotes.
func Quoted(n *yaml.Node) bool { return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 }

// Locate finds where in the file a byte of a scalar's value stands. YAML folds, unquotes and unindents; what it keeps in
// order are the characters that are not blank, so those are counted.
func (f *File) Locate(n *yaml.Node) func(offset int) Place {
	var places []Place // of the characters of the value, once they are needed
	return func(offset int) Place {
		offset = min(offset, len(n.Value))
		if places == nil {
			places = f.places(n)
		}
		ahead := inked(n.Value[:offset]) // characters before the wanted one
		switch {
		case inked(n.Value[offset:]) == 0 && ahead > 0 && ahead <= len(places):
			last := places[ahead-1] // the end of the value is just behind its last character
			return Place{last.Line, last.Col + 1}
		case ahead < len(places):
			return places[ahead]
		}
		return PlaceOf(n)
	}
}

// places are those of as many characters as the value of a scalar has and one more, from where it begins in the file.
func (f *File) places(n *yaml.Node) []Place {
	line, col := n.Line, n.Column
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		line, col = line+1, 1
	case Quoted(n):
		col++
	}
	most := inked(n.Value) + 1
	places := make([]Place, 0, most)
	for ; line <= len(f.lines) && len(places) < most; line, col = line+1, 1 {
		text := []rune(f.lines[line-1])
		for ; col <= len(text) && len(places) < most; col++ {
			if !unicode.IsSpace(text[col-1]) {
				places = append(places, Place{line, col})
			}
		}
	}
	return places
}

// inked is the number of characters that are not blank.
func inked(text string) (n int) {
	for _, c := range text {
		if !unicode.IsSpace(c) {
			n++
		}
	}
	return n
}

// IsName tells whether text can be the name of a parameter or of a let: letters, digits and _, no digit first.
func IsName(text string) bool {
	for i, c := range text {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || !isDigit(byte(c)) || c > unicode.MaxASCII) {
			return false
		}
	}
	return text != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
