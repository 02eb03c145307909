package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"maemae/broker"
	"maemae/market"
)

// maxBody bounds one entry's JSON text, in bytes.
const maxBody = 4 << 20

// kinds are the kinds of every Body.
func kinds() []string {
	return []string{
		"start", "slot", "decision", "refusal", "intent", "answer", "bind", "absent", "fill", "final", "cancel",
		"snapshot", "opening", "external", "mismatch", "mark", "state", "operator", "rules", "checkpoint", "note",
	}
}

// encode writes a body as its JSON text: one line, < and > as they are.
func encode(b Body) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(b); err != nil {
		return nil, fmt.Errorf("encode %s: %w", b.Kind(), err)
	}
	if buf.Len() > maxBody {
		return nil, fmt.Errorf("encode %s: %d bytes, at most %d fit", b.Kind(), buf.Len(), maxBody)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// decode reads what encode wrote, strictly: an unknown kind or field is an error, for it was written by a newer program
// or by somebody else.
func decode(kind string, text []byte) (Body, error) {
	switch kind {
	case "start":
		return into[Start](text)
	case "slot":
		return into[Slot](text)
	case "decision":
		return into[Decision](text)
	case "refusal":
		return into[Refusal](text)
	case "intent":
		return into[Intent](text)
	case "answer":
		return into[Answer](text)
	case "bind":
		return into[Bind](text)
	case "absent":
		return into[Absent](text)
	case "fill":
		return into[Fill](text)
	case "final":
		return into[Final](text)
	case "cancel":
		return into[Cancel](text)
	case "snapshot":
		return into[Snapshot](text)
	case "opening":
		return into[Opening](text)
	case "external":
		return into[External](text)
	case "mismatch":
		return into[Mismatch](text)
	case "mark":
		return into[Mark](text)
	case "state":
		return into[State](text)
	case "operator":
		return into[Operator](text)
	case "rules":
		return into[Rules](text)
	case "checkpoint":
		return into[Checkpoint](text)
	case "note":
		return into[Note](text)
	}
	return nil, fmt.Errorf("decode: kind %q is unknown", kind)
}

func into[B Body](text []byte) (Body, error) {
	var b B
	if err := strict(text, &b); err != nil {
		return nil, fmt.Errorf("decode %s: %w", b.Kind(), err)
	}
	return b, nil
}

// strict reads one JSON object and nothing else.
func strict(text []byte, v any) error {
	if len(text) > maxBody {
		return fmt.Errorf("%d bytes, at most %d fit", len(text), maxBody)
	}
	if len(text) == 0 || text[0] != '{' {
		return errors.New("want one JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("text after the JSON object")
	}
	return nil
}

// link is the hash of an entry; doc.go has the formula.
func link(previous [32]byte, seq, at int64, kind string, body []byte) [32]byte {
	h := sha256.New()
	h.Write(previous[:])
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(seq))
	h.Write(n[:])
	binary.BigEndian.PutUint64(n[:], uint64(at))
	h.Write(n[:])
	h.Write([]byte{byte(len(kind))})
	h.Write([]byte(kind))
	h.Write(body)
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

// labels are what a body can be found by: its strategy, its symbol, and the names of what it is about (decision, intent,
// order at the broker, job).
func labels(b Body) (strategy string, symbol market.Symbol, refs []string) {
	number := func(id broker.OrderID) string {
		if id.Number == "" {
			return ""
		}
		return id.Key()
	}
	switch b := b.(type) {
	case Slot:
		refs = []string{b.Job}
	case Decision:
		strategy, symbol, refs = b.Strategy, b.Symbol, []string{b.ID}
	case Refusal:
		strategy, symbol, refs = b.Strategy, b.Order.Symbol, []string{b.Decision}
	case Intent:
		strategy, symbol, refs = b.Strategy, b.Order.Symbol, []string{b.ID, b.Decision}
	case Answer:
		refs = []string{b.Intent, number(b.ID)}
	case Bind:
		refs = []string{b.Intent, number(b.ID)}
	case Absent:
		refs = []string{b.Intent}
	case Fill:
		strategy, symbol, refs = b.Strategy, b.Symbol, []string{b.Intent, number(b.ID)}
	case Final:
		refs = []string{b.Intent}
	case Cancel:
		refs = []string{b.Intent, number(b.ID)}
	case External:
		symbol, refs = b.Row.Symbol, []string{number(b.Row.ID)}
	case Mismatch:
		symbol = b.Symbol
	case Mark:
		strategy, symbol = b.Strategy, b.Symbol
	case Operator:
		strategy, symbol, refs = b.Strategy, b.Symbol, []string{number(broker.OrderID{Date: b.Date, Number: b.Number})}
	}
	return strategy, symbol, refs
}

// keys are the words of an entry in the find table, each once.
func keys(b Body) []string {
	kind := b.Kind()
	strategy, symbol, refs := labels(b)
	words := []string{kindKey(kind)}
	if strategy != "" {
		words = append(words, strategyKey(kind, strategy))
	}
	if symbol != "" {
		words = append(words, symbolKey(kind, symbol))
	}
	if strategy != "" && symbol != "" {
		words = append(words, bothKey(kind, strategy, symbol))
	}
	for i, r := range refs {
		if r != "" && (i == 0 || r != refs[0]) {
			words = append(words, refKey(r))
		}
	}
	return words
}

func kindKey(kind string) string                    { return "k " + kind }
func strategyKey(kind, strategy string) string      { return "s " + kind + " " + strategy }
func symbolKey(kind string, s market.Symbol) string { return "y " + kind + " " + string(s) }
func bothKey(kind, st string, s market.Symbol) string {
	return "b " + kind + " " + string(s) + " " + st
}
func refKey(ref string) string { return "r " + ref }
