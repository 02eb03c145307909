package market

import (
	_ "embed" // the calendar table is data, not code
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Session is one regular trading session of the exchange. Both moments are in KST.
type Session struct {
	Date  Date
	Open  time.Time
	Close time.Time
	Name  string // why the hours are unusual ("college entrance exam"); empty on an ordinary day
	// Confirmed is false where the exchange may still decree otherwise: good for a plan, too little for an order.
	Confirmed bool
}

// closingAuction is how long orders are collected for the single closing price (15:20–15:30 on an ordinary day).
const closingAuction = 10 * time.Minute

// Auction is the moment continuous trading ends and the closing auction (동시호가) begins.
func (s Session) Auction() time.Time { return s.Close.Add(-closingAuction) }

// Continuous tells whether the moment falls into continuous trading: from Open up to, but not including, Auction.
func (s Session) Continuous(t time.Time) bool { return !t.Before(s.Open) && t.Before(s.Auction()) }

// Contains tells whether the moment falls into the session, closing auction included: from Open up to, but not
// including, Close.
func (s Session) Contains(t time.Time) bool { return !t.Before(s.Open) && t.Before(s.Close) }

// ErrBeyond is the kind of every error that says: the calendar does not know this date.
var ErrBeyond = errors.New("beyond the calendar")

// ClosedError says that the exchange does not trade on a date, and why.
type ClosedError struct {
	Date      Date
	Reason    string // "Saturday", "Seollal", "holiday" where the table has no name
	Confirmed bool
}

func (e *ClosedError) Error() string { return fmt.Sprintf("session %s: closed (%s)", e.Date, e.Reason) }

// hours is what is known of one weekday, as minutes after midnight; both are zero when the exchange is closed.
type hours struct {
	open, close int
	name        string
	pending     bool // the table itself marks the row as awaiting a notice
	override    bool // a person's word
}

// regular holds the ordinary hours by era; each row counts from its date to the next row's.
var regular = [...]struct {
	from Date
	hours
}{
	{0, hours{open: 9 * 60, close: 15 * 60}},
	{20160801, hours{open: 9 * 60, close: 15*60 + 30}},
}

func ordinary(d Date) hours {
	h := regular[0].hours
	for _, era := range regular[1:] {
		if d >= era.from {
			h = era.hours
		}
	}
	return h
}

// Calendar knows on which dates the Korea Exchange trades, and from when to when. It does not change; With, Confirm
// and Extend return another one.
type Calendar struct {
	first, last Date           // what the table covers
	confirmed   Date           // last date for which the table has been compared with the exchange's own notices
	days        map[Date]hours // every date that is not an ordinary weekday or weekend
	given       []Date         // sessions outside the table, ascending, from Extend
}

//go:embed data/krx-calendar.csv
var krxTable string

// The table is complete from krxFirst to krxLast. After krxConfirmed elections, special holidays and exam days are
// still to be decreed.
const (
	krxFirst     Date = 20000101
	krxLast      Date = 20351231
	krxConfirmed Date = 20261231
)

// KRX is the calendar of the Korea Exchange as shipped: closures and late openings 2000–2035, confirmed to the end of
// 2026.
func KRX() *Calendar {
	days, err := parseTable(krxTable)
	if err != nil {
		panic(err) // the table is part of the program: a test reads it
	}
	return &Calendar{first: krxFirst, last: krxLast, confirmed: krxConfirmed, days: days}
}

// parseTable reads lines of date,kind,open,close,name with the kinds closed and late_open.
func parseTable(text string) (map[Date]hours, error) {
	header, rest, _ := strings.Cut(text, "\n")
	if header != "date,kind,open,close,name" {
		return nil, fmt.Errorf("calendar: header %q", header)
	}
	days := make(map[Date]hours)
	n := 1
	for line := range strings.Lines(rest) {
		n++
		d, h, err := parseRow(strings.TrimRight(line, "\r\n"))
		if err == nil && days[d] != (hours{}) {
			err = errors.New("date given twice")
		}
		if err != nil {
			return nil, fmt.Errorf("calendar line %d: %w", n, err)
		}
		days[d] = h
	}
	return days, nil
}

func parseRow(line string) (Date, hours, error) {
	f := strings.Split(line, ",")
	if len(f) != 5 {
		return 0, hours{}, fmt.Errorf("%d fields, want 5", len(f))
	}
	d, err := ParseDate(f[0])
	if err != nil {
		return 0, hours{}, err
	}
	h := hours{name: f[4], pending: strings.Contains(f[4], "unconfirmed")}
	switch f[1] {
	case "closed":
		if h.name == "" {
			h.name = "holiday"
		}
	case "late_open":
		h.open, h.close, err = parseHours(f[2], f[3])
	default:
		err = fmt.Errorf("kind %q: want closed or late_open", f[1])
	}
	return d, h, err
}

func parseHours(open, close string) (from, to int, err error) {
	if from, err = parseClock(open); err != nil {
		return 0, 0, err
	}
	if to, err = parseClock(close); err != nil {
		return 0, 0, err
	}
	if to-from <= int(closingAuction.Minutes()) {
		return 0, 0, fmt.Errorf("session from %s to %s: no time to trade before the closing auction", open, close)
	}
	return from, to, nil
}

func parseClock(text string) (int, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return 0, fmt.Errorf("time %q: want HH:MM", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// Override is a person's correction of one date: closed, or open with these hours (HH:MM in KST).
type Override struct {
	Date   Date
	Closed bool
	Open   string
	Close  string
	Name   string // why, in a word: "presidential election"
	Source string // where that is written: an exchange notice; required, because an override counts as confirmed
}

// With is the calendar with the overrides in the place of what the table says. A date given twice, unreadable hours
// or a missing source is an error.
func (c *Calendar) With(overrides []Override) (*Calendar, error) {
	next := *c
	next.days = maps.Clone(c.days)
	seen := make(map[Date]bool, len(overrides))
	for _, o := range overrides {
		h, err := o.hours()
		if err == nil && seen[o.Date] {
			err = errors.New("date given twice")
		}
		if err != nil {
			return nil, fmt.Errorf("calendar override %s: %w", o.Date, err)
		}
		seen[o.Date], next.days[o.Date] = true, h
	}
	return &next, nil
}

func (o Override) hours() (h hours, err error) {
	h = hours{name: o.Name, override: true}
	switch {
	case !o.Date.Valid():
		return h, errors.New("not a date")
	case o.Source == "":
		return h, errors.New("no source: say where the closure or the hours are written")
	case o.Closed && o.Open+o.Close != "":
		return h, errors.New("closed and hours exclude each other")
	case o.Closed:
		if h.name == "" {
			h.name = "closed by override"
		}
		return h, nil
	}
	h.open, h.close, err = parseHours(o.Open, o.Close)
	return h, err
}

// Confirm is the calendar of a person who compared the table with the exchange's own list up to that date. Rows marked
// unconfirmed in the table stay so: they need an override. An earlier date than the shipped one changes nothing.
func (c *Calendar) Confirm(until Date) *Calendar {
	next := *c
	next.confirmed = min(max(c.confirmed, until), c.last)
	return &next
}

// Extend is the calendar in which, outside the table, the given dates are the sessions, with the ordinary hours of
// their era: the dates of stored bars, for a backtest of years the table does not cover. Dates inside the table are
// ignored; nothing extended is confirmed.
func (c *Calendar) Extend(sessions []Date) *Calendar {
	next := *c
	next.given = slices.Concat(c.given, sessions)
	next.given = slices.DeleteFunc(next.given, func(d Date) bool { return d >= c.first && d <= c.last })
	slices.Sort(next.given)
	next.given = slices.Compact(next.given)
	return &next
}

// Range is the first and the last date the calendar knows, and the last one for which the whole table is confirmed.
func (c *Calendar) Range() (first, last, confirmed Date) {
	first, last = c.first, c.last
	if n := len(c.given); n > 0 {
		first, last = min(first, c.given[0]), max(last, c.given[n-1])
	}
	return first, last, c.confirmed
}

// Session is the session of the date. The error is a *ClosedError when the exchange does not trade, or of kind
// ErrBeyond when the calendar does not know.
func (c *Calendar) Session(d Date) (Session, error) {
	h, special := c.days[d]
	day := d.Weekday()
	inside, given := d >= c.first && d <= c.last, false
	if !inside {
		_, given = slices.BinarySearch(c.given, d)
	}
	switch {
	case special && h.open == 0:
		return Session{}, &ClosedError{d, h.name, c.sure(d, h)}
	case special:
		return Session{d, d.At(0, h.open), d.At(0, h.close), h.name, c.sure(d, h)}, nil
	case inside && (day == time.Saturday || day == time.Sunday):
		return Session{}, &ClosedError{d, day.String(), true}
	case inside || given:
		h = ordinary(d)
		return Session{d, d.At(0, h.open), d.At(0, h.close), "", inside && c.sure(d, h)}, nil
	}
	if first, last, _ := c.Range(); d < first || d > last {
		return Session{}, fmt.Errorf("session %s: %w, which knows %s to %s", d, ErrBeyond, first, last)
	}
	return Session{}, &ClosedError{d, "no session in the data", false}
}

// Sessions are the sessions of the dates from, to and between, oldest first; an error of kind ErrBeyond when the
// calendar does not know one of the dates.
func (c *Calendar) Sessions(from, to Date) ([]Session, error) {
	var sessions []Session
	for d := from; d <= to; d = d.Add(1) {
		s, err := c.Session(d)
		if errors.Is(err, ErrBeyond) {
			return nil, err
		}
		if err == nil {
			sessions = append(sessions, s)
		}
	}
	return sessions, nil
}

// sure tells whether what is known of the date counts as confirmed: an override always, the table within the years
// compared with the exchange's notices.
func (c *Calendar) sure(d Date, h hours) bool { return h.override || !h.pending && d <= c.confirmed }

// NextSession is the first session after the date, or an error of kind ErrBeyond.
func (c *Calendar) NextSession(after Date) (Session, error) { return c.AddSessions(after, 1) }

// PreviousSession is the last session before the date, or an error of kind ErrBeyond.
func (c *Calendar) PreviousSession(before Date) (Session, error) { return c.AddSessions(before, -1) }

// AddSessions is the n-th session after the date (settlement of a trade is AddSessions(day, 2)), for negative n the
// n-th before it, and for 0 the date's own session. The date itself need not be a session unless n is 0. The error is
// of kind ErrBeyond when the calendar ends first.
func (c *Calendar) AddSessions(d Date, n int) (Session, error) {
	if n == 0 {
		return c.Session(d)
	}
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for {
		d = d.Add(step)
		s, err := c.Session(d)
		if errors.Is(err, ErrBeyond) {
			return Session{}, err
		}
		if err == nil {
			if n--; n == 0 {
				return s, nil
			}
		}
	}
}
