package kis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// fields is one JSON object of KIS, with its keys in lower case: orders answer in capitals, queries in small letters,
// and some keys in both (excg_id_dvsn_Cd).
type fields map[string]json.RawMessage

// decode reads exactly one JSON object. A key that comes twice, but for its case, with two values is an error.
func decode(body []byte) (fields, error) {
	var wire map[string]json.RawMessage
	if err := json.Unmarshal(body, &wire); err != nil || wire == nil {
		return nil, fmt.Errorf("the answer is no JSON object")
	}
	f := make(fields, len(wire))
	for key, value := range wire {
		lower := strings.ToLower(key)
		if other, ok := f[lower]; ok && !bytes.Equal(other, value) {
			return nil, fmt.Errorf("%s: two values", lower)
		}
		f[lower] = value
	}
	return f, nil
}

// raw is the string or number under the first of the names that is there, untrimmed; "" for null and anything else.
func (f fields) raw(names ...string) string {
	for _, name := range names {
		value, ok := f[name]
		if !ok {
			continue
		}
		var text string
		if json.Unmarshal(value, &text) == nil {
			return text
		}
		var number json.Number
		if json.Unmarshal(value, &number) == nil {
			return string(number)
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
	var items []json.RawMessage
	if json.Unmarshal(value, &items) != nil {
		items = []json.RawMessage{value}
	}
	var list []fields
	for _, item := range items {
		if bytes.Equal(item, []byte("null")) {
			continue
		}
		object, err := decode(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(object) > 0 {
			list = append(list, object)
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
