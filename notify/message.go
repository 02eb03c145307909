package notify

import (
	"fmt"
	"strings"
	"time"
)

// Level is how much a message matters.
type Level int

const (
	Info Level = iota
	Warning
	Critical
)

// ParseLevel reads info, warning or critical.
func ParseLevel(s string) (Level, error) {
	for l := Info; l <= Critical; l++ {
		if l.String() == s {
			return l, nil
		}
	}
	return Info, fmt.Errorf("level %q is none of info, warning, critical", s)
}

func (l Level) String() string {
	switch l {
	case Critical:
		return "critical"
	case Warning:
		return "warning"
	}
	return "info"
}

func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}

// Message is one thing to tell. Messages with the same Key are one thing that repeats; an empty Key is never folded.
type Message struct {
	Level   Level     `json:"level"`
	Key     string    `json:"key,omitempty"`
	At      time.Time `json:"at"`
	Seq     int64     `json:"seq,omitempty"` // entry of the journal; 0 if it is none
	From    string    `json:"from"`          // environment and masked account
	Title   string    `json:"title"`
	Body    string    `json:"body,omitempty"`
	Repeats int       `json:"repeats,omitempty"` // how often it came besides this once
	Since   time.Time `json:"since,omitzero"`    // of the first, when it repeats
}

const bodyMax = 1500 // runes: what every service takes as one message

// Headline is the message on one line.
func (m Message) Headline() string {
	mark := map[Level]string{Warning: "⚠ ", Critical: "‼ "}[m.Level]
	text := mark + m.Title
	if m.Repeats > 0 {
		text += fmt.Sprintf(" (×%d)", m.Repeats+1)
	}
	return strings.Join(strings.Fields(text), " ")
}

// Text is what stands below the headline: what happened, when by the market's clock, and to whom.
func (m Message) Text() string {
	kst := time.FixedZone("KST", 9*60*60)
	when := m.At.In(kst).Format("01-02 15:04:05 KST")
	if m.Repeats > 0 {
		when = m.Since.In(kst).Format("01-02 15:04:05") + " – " + when
	}
	body := []rune(strings.TrimSpace(m.Body))
	if len(body) > bodyMax {
		body = append(body[:bodyMax], '…')
	}
	lines := []string{string(body), when + " · " + m.From}
	if len(body) == 0 {
		lines = lines[1:]
	}
	return strings.Join(lines, "\n")
}
