package strategy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind uint8

const (
	tokenEnd    kind = iota
	tokenNumber      // 70, 0.5, 5%
	tokenName        // close, sma, and
	tokenParam       // $fast; text is the name without the sign
	tokenSign        // operators and brackets
)

type token struct {
	kind kind
	text string
	at   int // byte offset in the expression
}

// maxExpression bounds one expression in bytes, maxNumber one number.
const (
	maxExpression = 2000
	maxNumber     = 30
)

// foreign is what other languages write, and what this one does.
var foreign = map[string]string{
	"&&": "write and", "&": "write and", "||": "write or", "|": "write or", "!": "write not",
	"≥": "write >=", "≤": "write <=", "≠": "write !=", "×": "write *", "÷": "write /", "−": "write - (the plain minus)",
	"<>": "write !=", "=>": "write >=", "=<": "write <=", "^": "there is no power: write x * x", "**": "there is no power: write x * x",
	":": "a named argument is written with =, as in macd(fast=12)", "{": "brackets are ( ) and, for look-back, [ ]",
	"\"": "an expression has no quotes inside", "'": "an expression has no quotes inside", "@": "this belongs into when, in quotes",
	"?": "there is no ?: write two rules", ";": "write one expression", "#": "a comment begins with a space and #",
}

// signs are tried longest first; those in foreign are refused with its hint.
var signs = []string{
	"<=", ">=", "==", "!=", "&&", "||", "<>", "=>", "=<", "**",
	"<", ">", "=", "+", "-", "*", "/", "(", ")", "[", "]", ",", ".",
}

// lex cuts an expression into tokens; the last is tokenEnd. The error is a *fault whose place is a byte offset in col.
func lex(text string) ([]token, error) {
	if len(text) > maxExpression {
		return nil, offsetFault(maxExpression, fmt.Sprintf("expression of %d characters, the most is %d", len(text), maxExpression), "name its parts with let")
	}
	var tokens []token
	for at := 0; at < len(text); {
		c, width := utf8.DecodeRuneInString(text[at:])
		if unicode.IsSpace(c) {
			at += width
			continue
		}
		t, err := lexOne(text, at)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		at += len(t.text)
		if t.kind == tokenParam {
			at++
		}
	}
	return append(tokens, token{tokenEnd, "", len(strings.TrimRightFunc(text, unicode.IsSpace))}), nil
}

func lexOne(text string, at int) (token, error) {
	rest := text[at:]
	switch c := rest[0]; {
	case isDigit(c):
		return lexNumber(text, at)
	case isLetter(c):
		return token{tokenName, word(rest), at}, nil
	case c == '$':
		name := word(rest[1:])
		if name == "" {
			return token{}, offsetFault(at, "$ without a name", "a parameter is written $name, one word")
		}
		return token{tokenParam, name, at}, nil
	}
	for _, s := range signs {
		switch {
		case !strings.HasPrefix(rest, s):
		case foreign[s] != "":
			return token{}, offsetFault(at, "no operator "+s, foreign[s])
		default:
			return token{tokenSign, s, at}, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return token{}, offsetFault(at, fmt.Sprintf("unexpected %q", r), foreign[string(r)])
}

// lexNumber reads digits, one point, and a percent sign; nothing else is a number.
func lexNumber(text string, at int) (token, error) {
	rest, n := text[at:], 0
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	whole := n
	if n+1 < len(rest) && rest[n] == '.' && isDigit(rest[n+1]) {
		for n++; n < len(rest) && isDigit(rest[n]); n++ {
		}
	}
	if n < len(rest) && isLetter(rest[n]) {
		bad := rest[:n] + word(rest[n:])
		return token{}, offsetFault(at, "number "+bad+": only digits and one point", "no exponent, no underscore, no unit: 1000000")
	}
	switch {
	case whole > 1 && rest[0] == '0' && at > 0 && text[at-1] == ',':
		return token{}, offsetFault(at-1, "a comma inside a number", "write 1000000")
	case whole > 1 && rest[0] == '0':
		return token{}, offsetFault(at, "number "+rest[:n]+" begins with 0", "write "+strings.TrimLeft(rest[:whole-1], "0")+rest[whole-1:n])
	case n > maxNumber:
		return token{}, offsetFault(at, fmt.Sprintf("number of %d digits, the most is %d", n, maxNumber), "")
	}
	if n < len(rest) && rest[n] == '%' {
		n++
	}
	return token{tokenNumber, rest[:n], at}, nil
}

func word(text string) string {
	n := 0
	for n < len(text) && (isLetter(text[n]) || isDigit(text[n])) {
		n++
	}
	return text[:n]
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func offsetFault(at int, what, hint string) *fault {
	return &fault{place{Line: 0, Col: at}, what, hint}
}
