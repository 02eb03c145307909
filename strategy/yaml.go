package strategy

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"maemae/strategy/internal/strict"
)

// place is a line and a column, from 1.
type place = strict.Place

// source is the text of one file and the problems found in it.
type source struct {
	ledger
	strict.File
}

func newSource(name string) *source {
	s := &source{ledger: ledger{file: name}}
	s.File = strict.File{Fail: s.fail, Begin: "version: 1", Explain: accident,
		Advice: "check the indentation, the brackets and the quotes here and one line above; put an expression in quotes as a whole"}
	return s
}

// list reads a sequence of at least one.
func (s *source) list(n *yaml.Node, what string) ([]*yaml.Node, bool) {
	nodes, ok := s.List(n, what)
	if ok && len(nodes) == 0 {
		s.fail(strict.PlaceOf(n), what+" is empty", "")
		return nil, false
	}
	return nodes, ok
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
