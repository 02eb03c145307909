package kis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// fields is one JSON object of KIS, with its keys in lower case: orders answer in capitals, queries in small letters,
// and some keys in both (excg_id_dvsn_Cd).
type fields map[string]json.RawMessage

// decode reads exactly one JSON object. A key that comes twice, but for its case, with two values is an error.
func decode(body []byte) (fields, error) {
	if !json.Valid(body) {
		return nil, errNoObject
	}
	return object(bytes.TrimSpace(body))
}

var errNoObject = errors.New("the answer is no JSON object")

// object splits a valid JSON object. Long order lists are read before every order, so each byte is looked at once more
// after its validation, and not again for each level it lies in.
func object(text []byte) (fields, error) {
	if text[0] != '{' {
		return nil, errNoObject
	}
	f := make(fields, min(bytes.Count(text, []byte(":")), 64))
	for rest := skip(text[1:]); rest[0] != '}'; {
		var key, value []byte
		key, rest = leading(rest)
		value, rest = leading(skip(rest[1:])) // after the colon
		if rest[0] == ',' {
			rest = skip(rest[1:])
		}
		lower := strings.ToLower(unquote(key))
		if other, ok := f[lower]; ok && !bytes.Equal(other, value) {
			return nil, fmt.Errorf("%s: two values", lower)
		}
		f[lower] = value
	}
	return f, nil
}

// elements splits a valid JSON array.
func elements(text []byte) (list []json.RawMessage) {
	for rest := skip(text[1:]); rest[0] != ']'; {
		var value []byte
		value, rest = leading(rest)
		if rest[0] == ',' {
			rest = skip(rest[1:])
		}
		list = append(list, value)
	}
	return list
}

// leading is the first value of valid JSON, and what comes behind it and its blanks.
func leading(text []byte) (value, rest []byte) {
	depth, quoted, at := 0, false, 0
scan:
	for ; at < len(text); at++ {
		switch c := text[at]; {
		case quoted && c == '\\':
			at++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			depth--
		case depth == 0 && strings.IndexByte(",:}] \t\r\n", c) >= 0:
			break scan
		}
	}
	return text[:at], skip(text[at:])
}

func skip(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n") }

// unquote is the text of a valid JSON string.
func unquote(value []byte) (text string) {
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	_ = json.Unmarshal(value, &text) // it is valid
	return text
}

// raw is the string or number under the first of the names that is there, untrimmed; "" for null and anything else.
func (f fields) raw(names ...string) string {
	for _, name := range names {
		value, ok := f[name]
		if !ok {
			continue
		}
		switch c := value[0]; {
		case c == '"':
			return unquote(value)
		case c == 'n':
			return ""
		case c == '-', '0' <= c && c <= '9':
			return string(value)
		}
	}
	return ""
}

// text is raw without the padding; KIS's literal (null) is no text.
func (f fields) text(names ...string) string {
	if s := strings.TrimSpace(f.raw(names...)); s != "(null)" {
		return s
	}
	return ""
}

// list is the objects under the name. One object stands for a list of one; null, {} and [] are the empty list; a name
// that is not there is an error, because an error must not pass for "none".
func (f fields) list(name string) ([]fields, error) {
	value, ok := f[name]
	if !ok {
		return nil, fmt.Errorf("%s: missing", name)
	}
	items := []json.RawMessage{value}
	if value[0] == '[' {
		items = elements(value)
	}
	var list []fields
	for _, item := range items {
		if bytes.Equal(item, []byte("null")) {
			continue
		}
		f, err := object(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(f) > 0 {
			list = append(list, f)
		}
	}
	return list, nil
}

// one is the single object under the name, alone or in a list.
func (f fields) one(name string) (fields, error) {
	list, err := f.list(name)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s: empty", name)
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// row reads the fields of one object and keeps the first error, which names the field.
type row struct {
	fields
	err error
}

// Whether a field has to be there. A field that may be missing or blank is then zero.
const (
	must = true
	may  = false
)

func (r *row) fail(name, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: "+format, append([]any{name}, args...)...)
	}
}

// word is a text field.
func (r *row) word(need bool, name string) string {
	s := r.text(name)
	if need && s == "" {
		r.fail(name, "missing")
	}
	return s
}

// number is a decimal field: an optional sign, digits, perhaps a fraction, perhaps padding; nothing else.
func (r *row) number(need bool, names ...string) decimal.Decimal {
	s := r.text(names...)
	if s == "" {
		if need {
			r.fail(names[0], "missing")
		}
		return decimal.Zero
	}
	d, err := parseNumber(s)
	if err != nil {
		r.fail(names[0], "%w", err)
	}
	return d
}

// amount is a number that cannot be below zero: a price or a sum in won.
func (r *row) amount(need bool, names ...string) decimal.Decimal {
	d := r.number(need, names...)
	if d.Sign() < 0 {
		r.fail(names[0], "%s is below zero", d)
	}
	return d
}

// count is a number of shares: whole, not below zero.
func (r *row) count(need bool, names ...string) int64 {
	d := r.amount(need, names...)
	if !d.IsInteger() || d.NumDigits() > 18 {
		r.fail(names[0], "%s is no number of shares", d)
		return 0
	}
	return d.IntPart()
}

// date is a day written as YYYYMMDD.
func (r *row) date(name string) market.Date {
	s := r.word(must, name)
	d, err := market.ParseDate(s)
	if s != "" && (err != nil || len(s) != 8) {
		r.fail(name, "%q is no date", clip(s))
		return 0
	}
	return d
}

// symbol is the code of a listed issue.
func (r *row) symbol(name string) market.Symbol {
	s, err := market.ParseSymbol(r.word(must, name))
	if err != nil {
		r.fail(name, "%w", err)
	}
	return s
}

func parseNumber(s string) (decimal.Decimal, error) {
	whole, fraction, point := strings.Cut(strings.TrimLeft(s, "+-"), ".")
	if len(s) > 40 || len(s)-len(strings.TrimLeft(s, "+-")) > 1 || !digits(whole) || point && !digits(fraction) {
		return decimal.Zero, fmt.Errorf("%q is no number", clip(s))
	}
	return decimal.NewFromString(s)
}

// clip bounds text of the other side that goes into an error.
func clip(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
