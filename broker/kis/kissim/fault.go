package kissim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"maemae/broker"
	"maemae/market"
)

// Fault is one thing that goes wrong: which call it strikes, and what it does to it. Its JSON is one line of a script;
// docs/FAULTS.md explains every word.
type Fault struct {
	// On is the last part of the path of the calls it may strike, such as order-cash; * is every call.
	On string `json:"on"`
	// Of the calls of On it strikes Count (default 1; -1 is all) from the Nth on (default 1), every Every-th of them
	// (default 1), each with a chance of so many percent (default 100).
	Nth    int `json:"nth,omitempty"`
	Count  int `json:"count,omitempty"`
	Every  int `json:"every,omitempty"`
	Chance int `json:"chance,omitempty"`
	// From and Until bound the hours, HH:MM or HH:MM:SS of the market's day; calls outside are not counted.
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty"`

	Do    string          `json:"do"`              // what it does: a word of acts
	When  string          `json:"when,omitempty"`  // "before" the call is executed (default) or "after"
	For   Span            `json:"for,omitzero"`    // how long: lag, delay, until the next piece
	Back  int             `json:"back,omitempty"`  // stale: how many answers back
	HTTP  int             `json:"status,omitzero"` // status, code: of the answer
	Code  string          `json:"code,omitempty"`  // code: msg_cd
	Text  string          `json:"text,omitempty"`  // code: msg1
	Field string          `json:"field,omitempty"` // set, rename, remove: wherever the answer has it
	Value json.RawMessage `json:"value,omitempty"` // set: any JSON
	As    string          `json:"as,omitempty"`    // rename
	Rows  int             `json:"rows,omitempty"`  // cut: rows left on the page

	Side   broker.Side   `json:"side,omitempty"`   // order: of a person's own order
	Symbol market.Symbol `json:"symbol,omitempty"` // order
	Shares int64         `json:"shares,omitempty"` // order; partial: of each piece
	Price  int64         `json:"price,omitempty"`  // order: won, 0 for a market order
}

// Span is a time.Duration that is written like 30s.
type Span time.Duration

// MarshalText writes 30s.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads 30s.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err == nil && (d < 0 || d > 24*time.Hour) {
		err = fmt.Errorf("%q: want 0s to 24h", text)
	}
	*s = Span(d)
	return err
}

// Script is what goes wrong, in order: the first line that strikes a call has it. Seed makes its chances.
type Script struct {
	Seed   uint64
	Faults []Fault
}

// maxFaults bounds a script.
const maxFaults = 10_000

// ParseFaults reads a script: one JSON object a line, blank lines and lines that begin with # left out. A line
// {"seed": 7} sets the seed. The error names the line.
func ParseFaults(text []byte) (Script, error) {
	var s Script
	for n, line := range bytes.Split(text, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] == '#' {
			continue
		}
		if err := s.parse(line); err != nil {
			return Script{}, fmt.Errorf("%d: %w", n+1, err)
		}
	}
	return s, nil
}

func (s *Script) parse(line []byte) error {
	var seed struct {
		Seed *uint64 `json:"seed"`
	}
	if strict(line, &seed) == nil && seed.Seed != nil {
		s.Seed = *seed.Seed
		return nil
	}
	var f Fault
	if err := strict(line, &f); err != nil {
		return err
	}
	if len(s.Faults) == maxFaults {
		return fmt.Errorf("more than %d faults", maxFaults)
	}
	s.Faults = append(s.Faults, f)
	return f.check()
}

func strict(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON object on the line")
	}
	return nil
}

// LoadFaults reads a script from a file. The error is FILE:LINE: what.
func LoadFaults(file string) (Script, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Script{}, err
	}
	s, err := ParseFaults(text)
	if err != nil {
		return Script{}, fmt.Errorf("%s:%w", file, err)
	}
	return s, nil
}

// check holds a fault against the table of acts: a word that exists, on a call it can strike, with all it needs and
// nothing it would ignore.
func (f Fault) check() error {
	a, known := acts[f.Do]
	switch {
	case !known:
		return fmt.Errorf("do %q: want one of %s", f.Do, strings.Join(actNames(), " "))
	case f.On != "*" && !slices.Contains(services(), f.On):
		return fmt.Errorf("on %q: want * or one of %s", f.On, strings.Join(services(), " "))
	case a.on != nil && !slices.Contains(a.on, f.On):
		return fmt.Errorf("%s strikes %s only, not %s", f.Do, strings.Join(a.on, " and "), f.On)
	case f.When != "" && f.When != "before" && f.When != "after" || f.When != "" && !a.timed:
		return fmt.Errorf("when %q: %s", f.When, map[bool]string{true: "want before or after", false: f.Do + " has no before and after"}[a.timed])
	case f.Nth < 0 || f.Count < -1 || f.Every < 0 || f.Chance < 0 || f.Chance > 100 || f.Back < 0 || f.Rows < 0 || f.Shares < 0 || f.Price < 0:
		return errors.New("a number is out of bounds")
	case f.HTTP != 0 && (f.HTTP < 200 || f.HTTP > 599):
		return fmt.Errorf("status %d: want 200 to 599", f.HTTP)
	case f.Side != "" && f.Side != broker.Buy && f.Side != broker.Sell:
		return fmt.Errorf("side %q: want buy or sell", f.Side)
	}
	for _, clock := range []string{f.From, f.Until} {
		if _, err := secondOfDay(clock); err != nil {
			return err
		}
	}
	given := map[string]bool{"for": f.For != 0, "back": f.Back != 0, "status": f.HTTP != 0, "code": f.Code != "", "text": f.Text != "",
		"field": f.Field != "", "value": f.Value != nil, "as": f.As != "", "rows": f.Rows != 0,
		"side": f.Side != "", "symbol": f.Symbol != "", "shares": f.Shares != 0, "price": f.Price != 0}
	for _, word := range a.needs {
		if !given[word] {
			return fmt.Errorf("%s needs %q", f.Do, word)
		}
		delete(given, word)
	}
	for word, has := range given {
		if has && !slices.Contains(a.takes, word) {
			return fmt.Errorf("%s does not take %q", f.Do, word)
		}
	}
	return nil
}

// secondOfDay reads HH:MM or HH:MM:SS; -1 for nothing.
func secondOfDay(clock string) (int, error) {
	if clock == "" {
		return -1, nil
	}
	for _, layout := range []string{"15:04", time.TimeOnly} {
		if t, err := time.Parse(layout, clock); err == nil {
			return t.Hour()*3600 + t.Minute()*60 + t.Second(), nil
		}
	}
	return 0, fmt.Errorf("%q: want HH:MM or HH:MM:SS", clock)
}

// services are what a fault can be on: the last parts of the paths.
func services() []string {
	names := []string{"tokenP", "revokeP", "hashkey"}
	for path := range routes() {
		names = append(names, service(path))
	}
	slices.Sort(names)
	return names
}

func service(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// line is a fault in force.
type line struct {
	Fault
	calls, hits int
	dice        dice
}

// Hit is one fault that struck.
type Hit struct {
	At    time.Time `json:"at"`    // market time
	Fault int       `json:"fault"` // its place in the script, from 1
	On    string    `json:"on"`    // the call it struck
	Do    string    `json:"do"`
	Note  string    `json:"note,omitempty"` // what came of it, where that is not plain
}

// maxHits is how many of the newest hits are kept.
const maxHits = 10_000

// SetFaults puts a script in force in place of the one before; calls are counted from here on.
func (s *Server) SetFaults(script Script) error {
	lines := make([]*line, len(script.Faults))
	for i, f := range script.Faults {
		if err := f.check(); err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
		f.Nth, f.Count, f.Every = max(f.Nth, 1), max(f.Count, -1), max(f.Every, 1)
		if f.Count == 0 {
			f.Count = 1
		}
		lines[i] = &line{Fault: f, dice: dice(script.Seed ^ uint64(i)<<32)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.hits, s.said = lines, nil, nil
	return nil
}

// Hits are the faults that struck since SetFaults, in order; of very many the newest.
func (s *Server) Hits() []Hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.hits)
}

// strike counts a call with every line and returns the first that it meets; the lock is held.
func (s *Server) strike(on string) *Fault {
	if len(s.faults) == 0 {
		return nil
	}
	var struck *Fault
	now := s.exchange.at.In(market.KST)
	second := now.Hour()*3600 + now.Minute()*60 + now.Second()
	for i, l := range s.faults {
		if l.meets(on, second) && struck == nil {
			l.hits++
			struck = &l.Fault
			if len(s.hits) == maxHits {
				s.hits = slices.Delete(s.hits, 0, maxHits/2)
			}
			s.hits = append(s.hits, Hit{At: s.exchange.at, Fault: i + 1, On: on, Do: l.Do})
		}
	}
	return struck
}

// meets counts the call and tells whether it is one of those that the line strikes.
func (l *line) meets(on string, second int) bool {
	from, _ := secondOfDay(l.From) // checked
	until, _ := secondOfDay(l.Until)
	if l.On != "*" && l.On != on || from >= 0 && second < from || until >= 0 && second >= until {
		return false
	}
	l.calls++
	n := l.calls - l.Nth
	if n < 0 || n%l.Every != 0 || l.Count > 0 && n/l.Every >= l.Count {
		return false
	}
	return l.Chance == 0 || l.dice.upTo(100) < int64(l.Chance)
}

// note adds to the newest hit what came of it; the lock is held.
func (s *Server) note(format string, args ...any) {
	if n := len(s.hits); n > 0 {
		s.hits[n-1].Note = fmt.Sprintf(format, args...)
	}
}
