// Package scheduler turns "when" into moments and moments into work: a cron line or an offset from the session's edges,
// together with the market's calendar, names slots, and the runner gives each slot exactly one outcome, across restarts,
// pauses and overlaps. It is one of the few rooms that may read the clock. It does not know what the work is.
package scheduler

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"maemae/market"
)

// When says at which moments of which sessions a job looks. The zero When names no moment; ParseWhen makes the others.
type When struct {
	text   string
	anchor anchor
	offset time.Duration // after the open, before the close, or between two moments
	spec   *cron.SpecSchedule
	parts  []When // of several
}

type anchor int

const (
	nothing anchor = iota
	afterOpen
	beforeClose
	every
	cronLine
	several
)

// WhenError says what is wrong with a when, and how to write it instead.
type WhenError struct {
	Text string // as given
	What string
	Hint string
}

func (e *WhenError) Error() string { return fmt.Sprintf("when %q: %s", e.Text, e.What) }

const (
	usage       = `write close - 15m, open + 5m, every 5m, @daily, or a cron line in KST such as "15 15 * * MON-FRI"`
	longest     = 100 // characters of a when
	daily       = 15 * time.Minute
	shortestGap = time.Minute
	mostParts   = 20 // of one when
)

// ordinary is the session that a when is judged by where the calendar names none: the hours of every ordinary day
// since August 2016.
func ordinary(d market.Date) market.Session {
	return market.Session{Date: d, Open: d.At(9, 0), Close: d.At(15, 30)}
}

var ordinaryLength = ordinary(20260102).Close.Sub(ordinary(20260102).Open)

// ParseWhen reads
//
//	open + 5m    close - 15m    every 5m    @daily    15 15 * * MON-FRI
//
// where @daily is close - 15m and the last form is a cron line (minute hour day month weekday) in KST. Several of them,
// separated by ;, name the moments of each, and a moment that two of them name once. White space is free. The error is
// a *WhenError; it includes every form that can never fall into a regular session.
func ParseWhen(text string) (When, error) {
	var parts []When
	for one := range strings.SplitSeq(text, ";") {
		w, err := parseWhen(strings.Join(strings.Fields(one), " "))
		switch {
		case err != nil:
			err.Text = one[:min(len(one), longest)]
			return When{}, err
		case len(parts) == mostParts:
			return When{}, &WhenError{one[:min(len(one), longest)], fmt.Sprintf("is one of more than %d", mostParts), "every 5m is one"}
		}
		parts = append(parts, w)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return When{text: joined(parts, "; ", When.String), anchor: several, parts: parts}, nil
}

func joined(parts []When, between string, text func(When) string) string {
	texts := make([]string, len(parts))
	for i, w := range parts {
		texts[i] = text(w)
	}
	return strings.Join(texts, between)
}

func parseWhen(text string) (When, *WhenError) {
	word, rest := text, ""
	if i := strings.IndexAny(text, " +-"); i >= 0 {
		word, rest = text[:i], strings.ReplaceAll(text[i:], " ", "")
	}
	switch {
	case text == "":
		return When{}, &WhenError{What: "is empty", Hint: usage}
	case len(text) > longest:
		return When{}, &WhenError{What: fmt.Sprintf("is longer than %d characters", longest), Hint: usage}
	case word == "open":
		return parseOffset(text, rest, "+", afterOpen)
	case word == "close":
		return parseOffset(text, rest, "-", beforeClose)
	case word == "every":
		return parseEvery(text, rest)
	case text == "@daily":
		return When{text: text, anchor: beforeClose, offset: daily}, nil
	case strings.HasPrefix(text, "@"):
		return When{}, &WhenError{What: "only @daily is known", Hint: "write every 1h for a step through the session; " + usage}
	case strings.Contains(text, "TZ="):
		return When{}, &WhenError{What: "a time zone is not accepted", Hint: "cron lines are in the market's zone, KST"}
	}
	return parseCron(text)
}

// parseOffset reads what follows "open" or "close": nothing, or the sign that leads into the session and a duration.
func parseOffset(text, rest, sign string, a anchor) (When, *WhenError) {
	if rest == "" {
		return When{text: text, anchor: a}, nil
	}
	length, err := parseDuration(strings.TrimLeft(rest, "+-"))
	switch {
	case err != nil:
		return When{}, err
	case !strings.HasPrefix(rest, sign) || strings.Count(rest, "+")+strings.Count(rest, "-") != 1:
		return When{}, &WhenError{What: "lies outside the session", Hint: "write open + 5m or close - 15m"}
	case length > ordinaryLength:
		return When{}, &WhenError{What: "lies outside the session", Hint: fmt.Sprintf("a regular session lasts %s", words(ordinaryLength))}
	}
	return When{text: text, anchor: a, offset: length}, nil
}

func parseEvery(text, rest string) (When, *WhenError) {
	gap, err := parseDuration(rest)
	switch {
	case err != nil:
		return When{}, err
	case gap < shortestGap || gap >= ordinaryLength:
		return When{}, &WhenError{
			What: fmt.Sprintf("the step must be from %s to less than a session of %s", words(shortestGap), words(ordinaryLength)),
			Hint: "write every 5m",
		}
	}
	return When{text: text, anchor: every, offset: gap}, nil
}

var duration = regexp.MustCompile(`^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`)

func parseDuration(text string) (time.Duration, *WhenError) {
	d, err := time.ParseDuration(text)
	if err != nil || !duration.MatchString(text) {
		return 0, &WhenError{What: fmt.Sprintf("%q is not a duration", text), Hint: "write 5m, 90s or 1h30m"}
	}
	return d, nil
}

// cronFields are the bounds of the five fields. The parser accepts a step wider than its field and silently makes it
// the field's first value, so that is refused here.
var cronFields = [...]struct {
	name        string
	first, last int
}{{"minute", 0, 59}, {"hour", 0, 23}, {"day", 1, 31}, {"month", 1, 12}, {"weekday", 0, 6}}

var cronItem = regexp.MustCompile(`^(?:[*?]|[0-9A-Za-z]{1,3}(?:-[0-9A-Za-z]{1,3})?)(?:/([0-9]{1,2}))?$`)

func parseCron(text string) (When, *WhenError) {
	fields := strings.Fields(text)
	if len(fields) != len(cronFields) {
		return When{}, &WhenError{What: "is none of the forms", Hint: usage}
	}
	for i, f := range cronFields {
		for item := range strings.SplitSeq(fields[i], ",") {
			m := cronItem.FindStringSubmatch(item)
			if m == nil {
				return When{}, &WhenError{What: fmt.Sprintf("%s %q is not a cron field", f.name, item), Hint: usage}
			}
			if step, _ := strconv.Atoi(m[1]); m[1] != "" && (step < 1 || step > f.last-f.first) {
				return When{}, &WhenError{What: fmt.Sprintf("%s %q: step must be 1 to %d", f.name, item, f.last-f.first), Hint: usage}
			}
		}
	}
	spec, err := parseSpec(text)
	if err != nil {
		return When{}, &WhenError{What: err.Error(), Hint: "minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-6 or SUN-SAT"}
	}
	w := When{text: text, anchor: cronLine, spec: spec}
	if !w.meetsSession() {
		return When{}, &WhenError{What: "never falls into a regular session", Hint: "sessions are 09:00 to 15:30 KST on weekdays; close - 15m is always right"}
	}
	return w, nil
}

// parseSpec shields against the parser's panics.
func parseSpec(text string) (spec *cron.SpecSchedule, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not a cron line: %v", p)
		}
	}()
	s, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return nil, err
	}
	spec, ok := s.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("not a cron line")
	}
	spec.Location = market.KST
	return spec, nil
}

// meetsSession looks for one ordinary session with a moment of the line, over all years of the shipped calendar with
// today's hours.
func (w When) meetsSession() bool {
	cal := market.KRX()
	_, last, _ := cal.Range()
	for d := w.day(20170101); d != 0 && d <= last; d = w.day(d.Add(1)) {
		s, err := cal.Session(d)
		if err == nil && s.Name == "" && len(w.Moments(s)) > 0 {
			return true
		}
	}
	return false
}

// day is the first date from d on that the when names, without regard to the calendar; zero if there is none.
func (w When) day(d market.Date) market.Date {
	switch w.anchor {
	case nothing:
		return 0
	case cronLine:
		next := w.spec.Next(d.At(0, 0).Add(-time.Second))
		if next.IsZero() {
			return 0
		}
		return market.DateOf(next)
	case several:
		first := market.Date(0)
		for _, part := range w.parts {
			if next := part.day(d); next != 0 && (first == 0 || next < first) {
				first = next
			}
		}
		return first
	}
	return d
}

// Moments are the due moments within the session, ascending. An offset and a cron line may fall on the open and on the
// close itself; every steps from the first step after the open to the last before the close.
func (w When) Moments(s market.Session) []time.Time {
	var ms []time.Time
	add := func(t time.Time) {
		if !t.Before(s.Open) && !t.After(s.Close) {
			ms = append(ms, t)
		}
	}
	switch w.anchor {
	case afterOpen:
		add(s.Open.Add(w.offset))
	case beforeClose:
		add(s.Close.Add(-w.offset))
	case every:
		for t := s.Open.Add(w.offset); t.Before(s.Close); t = t.Add(w.offset) {
			add(t)
		}
	case cronLine:
		for t := w.spec.Next(s.Open.Add(-time.Second)); !t.IsZero() && !t.After(s.Close); t = w.spec.Next(t) {
			add(t)
		}
	case several:
		for _, part := range w.parts {
			ms = append(ms, part.Moments(s)...)
		}
		slices.SortFunc(ms, time.Time.Compare)
		return slices.CompactFunc(ms, time.Time.Equal)
	}
	return ms
}

// Next is the first due moment strictly after the given one, in a session the calendar knows; ok is false when the
// calendar ends first.
func (w When) Next(after time.Time, cal *market.Calendar) (due time.Time, ok bool) {
	ahead := w.ahead(after, cal)
	for len(ahead) > 0 && !ahead[0].open() {
		if ahead[0].beyond {
			return time.Time{}, false
		}
		ahead = w.ahead(ahead[0].due, cal)
	}
	if len(ahead) == 0 {
		return time.Time{}, false
	}
	return ahead[0].due, true
}

// slot is one due moment of one job, with what the calendar says of its day.
type slot struct {
	due     time.Time
	session market.Session
	closed  string // why the exchange does not trade at that moment; empty in a session
	beyond  bool   // the calendar does not know the day
}

func (s slot) open() bool { return s.closed == "" && !s.beyond }

// ahead are the slots strictly after the moment, of the first date that has any; those outside a session included.
func (w When) ahead(after time.Time, cal *market.Calendar) []slot {
	const years = 40 // nothing recurs more rarely than 29 February on a certain weekday
	first := market.DateOf(after)
	for d := w.day(first); d != 0 && d < first+years*10000; d = w.day(d.Add(1)) {
		all := w.slots(d, cal)
		if i := slices.IndexFunc(all, func(s slot) bool { return s.due.After(after) }); i >= 0 {
			return all[i:]
		}
	}
	return nil
}

// slots are the slots of one date: the moments within its session. On a weekday where a cron line names moments and
// none of them falls into a session, its first one is a closed slot, so that the silence has a record; and so is, past
// the end of the calendar, the first moment of every when.
func (w When) slots(d market.Date, cal *market.Calendar) []slot {
	if w.anchor == several {
		return w.together(d, cal)
	}
	session, err := cal.Session(d)
	var closed *market.ClosedError
	outside := slot{}
	switch {
	case err == nil:
		if ms := w.Moments(session); len(ms) > 0 {
			slots := make([]slot, len(ms))
			for i, m := range ms {
				slots[i] = slot{due: m, session: session}
			}
			return slots
		}
		outside.closed = fmt.Sprintf("outside the session %s to %s", session.Open.Format("15:04"), session.Close.Format("15:04"))
		if session.Name != "" {
			outside.closed += " (" + session.Name + ")"
		}
	case errors.As(err, &closed):
		outside.closed = closed.Reason
	default:
		outside.beyond = true
	}
	weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
	if weekend || w.anchor != cronLine && !outside.beyond {
		return nil
	}
	ms := w.Moments(ordinary(d))
	if len(ms) == 0 {
		return nil
	}
	outside.due = ms[0]
	return []slot{outside}
}

// together are the slots of a date that any part names: those in the session, else the first one outside.
func (w When) together(d market.Date, cal *market.Calendar) []slot {
	var inside, outside []slot
	for _, part := range w.parts {
		for _, s := range part.slots(d, cal) {
			if s.open() {
				inside = append(inside, s)
			} else {
				outside = append(outside, s)
			}
		}
	}
	earlier := func(a, b slot) int { return a.due.Compare(b.due) }
	slices.SortStableFunc(inside, earlier)
	if len(inside) > 0 || len(outside) == 0 {
		return slices.CompactFunc(inside, func(a, b slot) bool { return a.due.Equal(b.due) })
	}
	return []slot{slices.MinFunc(outside, earlier)}
}

// String is the when as it was written, with single spaces.
func (w When) String() string { return w.text }

// Words says it to a person.
func (w When) Words() string {
	switch {
	case w.anchor == nothing:
		return "never"
	case w.anchor == several:
		return joined(w.parts, ", and ", When.Words)
	case w.anchor == cronLine:
		return fmt.Sprintf("by the cron line %q in KST, within open sessions", w.text)
	case w.anchor == every:
		return fmt.Sprintf("every %s from the open of each open session", words(w.offset))
	case w.anchor == afterOpen && w.offset == 0:
		return "at the open of each open session"
	case w.anchor == afterOpen:
		return fmt.Sprintf("%s after the open of each open session", words(w.offset))
	case w.offset == 0:
		return "at the close of each open session"
	}
	return fmt.Sprintf("%s before the close of each open session", words(w.offset))
}

// MayMissLateOpen tells that a cron line does not move with the session: on the day of the college entrance exam, when
// everything is an hour later, it looks at other points of the session, or not at all. An offset always moves along.
func (w When) MayMissLateOpen() bool {
	if w.anchor != cronLine {
		return slices.ContainsFunc(w.parts, When.MayMissLateOpen)
	}
	anyDay := *w.spec
	anyDay.Dom, anyDay.Month, anyDay.Dow = ^uint64(0), ^uint64(0), ^uint64(0)
	line := When{anchor: cronLine, spec: &anyDay}
	usual := ordinary(20261119)
	exam := market.Session{Date: usual.Date, Open: usual.Open.Add(time.Hour), Close: usual.Close.Add(time.Hour)}
	want, got := line.Moments(usual), line.Moments(exam)
	if len(want) != len(got) {
		return true
	}
	for i := range want {
		if !want[i].Add(time.Hour).Equal(got[i]) {
			return true
		}
	}
	return false
}

// words writes a duration without its zero parts: 15m, 6h30m.
func words(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
