package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"maemae/journal"
)

// Channel is one way to a person.
type Channel struct {
	Name   string // also of its file: letters, digits, - and _
	Level  Level  // what matters less is not sent
	Digest bool   // a message after the close with what the day was
	Send   Send
}

// Day is a session that has closed, for the digest.
type Day struct {
	Name     string // its date
	From, To time.Time
	Next     string // the next session in words
}

// Options of New. All but Names, Repeat, Day and Trouble are required.
type Options struct {
	Dir      string // for the channels' files; made if it is not there
	Journal  *journal.Journal
	Channels []Channel
	Now      func() time.Time
	After    func(time.Duration) <-chan time.Time
	From     string // environment and masked account, below each message
	Lang     Lang   // default English
	Names    func(symbol string) string
	Repeat   time.Duration                   // for how long the same thing is not sent again; default 10m
	Day      func() (Day, bool)              // the newest session that has closed; nil for no digest
	Trouble  func(channel string, err error) // hears of what could not be delivered yet
}

const (
	waitingMax = 200              // messages a channel holds; beyond them it does not read on
	readMax    = 200              // entries a read
	gap        = time.Second      // between two messages: what the services bear
	backoffMax = time.Minute      // between attempts
	lookEvery  = 15 * time.Second // without being woken
	oldMax     = 24 * time.Hour   // after which what is not critical is given up
)

// Notifier carries the journal's entries to the channels.
type Notifier struct {
	o     Options
	lines []*line
}

// line is one channel at work. Only its own goroutine touches state.
type line struct {
	Channel
	o     Options
	words words
	file  string
	state state
	retry time.Time // when what failed may be tried again
	fails int       // in a row
	wake  chan struct{}

	mu     sync.Mutex
	raised []Message
}

// state is what a channel keeps on disk.
type state struct {
	Seq     int64                `json:"seq"` // read up to this entry
	Digest  string               `json:"digest"`
	Waiting []pending            `json:"waiting,omitempty"`
	Sent    map[string]time.Time `json:"sent,omitempty"` // by Key
}

// pending is a message, since when it waits, and how often it was tried.
type pending struct {
	Message
	Queued time.Time `json:"queued"`
	Tries  int       `json:"tries,omitempty"`
}

var channelName = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// New prepares the channels. One that has no file yet begins with the next entry: what is past is not told.
func New(o Options) (*Notifier, error) {
	if o.Names == nil {
		o.Names = func(string) string { return "" }
	}
	if o.Trouble == nil {
		o.Trouble = func(string, error) {}
	}
	if o.Repeat == 0 {
		o.Repeat = 10 * time.Minute
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("notify: %w", err)
	}
	n := &Notifier{o: o}
	for _, c := range o.Channels {
		if !channelName.MatchString(c.Name) || slices.ContainsFunc(n.lines, func(l *line) bool { return l.Name == c.Name }) {
			return nil, fmt.Errorf("notify: channel name %q is no name, or given twice", c.Name)
		}
		l := &line{Channel: c, o: o, file: filepath.Join(o.Dir, c.Name+".json"), wake: make(chan struct{}, 1)}
		l.words = words{lang: o.Lang, names: o.Names, intent: l.intent}
		if err := l.load(); err != nil {
			return nil, fmt.Errorf("notify: channel %s: %w", c.Name, err)
		}
		n.lines = append(n.lines, l)
	}
	return n, nil
}

// Run delivers until the context ends.
func (n *Notifier) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, l := range n.lines {
		wg.Go(func() { l.run(ctx) })
	}
	wg.Wait()
}

// Wake says that the journal has a new entry. It never blocks.
func (n *Notifier) Wake() {
	for _, l := range n.lines {
		l.nudge()
	}
}

// Raise tells what no entry says: that the loop stands still, that nobody can be reached. It never blocks.
func (n *Notifier) Raise(m Message) {
	m.From = n.o.From
	for _, l := range n.lines {
		l.mu.Lock()
		if m.Level >= l.Level && len(l.raised) < waitingMax {
			l.raised = append(l.raised, m)
		}
		l.mu.Unlock()
		l.nudge()
	}
}

func (l *line) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *line) load() error {
	f, err := os.Open(l.file)
	if errors.Is(err, os.ErrNotExist) {
		l.state = state{Seq: l.o.Journal.Book().Seq(), Sent: map[string]time.Time{}}
		if l.o.Day != nil {
			if d, ok := l.o.Day(); ok {
				l.state.Digest = d.Name
			}
		}
		return l.save()
	}
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 16<<20))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &l.state); err != nil {
		return fmt.Errorf("%s: %w", l.file, err)
	}
	if l.state.Sent == nil {
		l.state.Sent = map[string]time.Time{}
	}
	return nil
}

// save replaces the file whole: after a crash it is the old or the new one.
func (l *line) save() error {
	text, err := json.Marshal(l.state)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(l.file+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(l.file+".new", l.file)
}

func (l *line) run(ctx context.Context) {
	for {
		if err := l.gather(ctx); err != nil && ctx.Err() == nil {
			l.o.Trouble(l.Name, err)
		}
		tried, err := l.deliver(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			l.o.Trouble(l.Name, err)
		}
		pause, wake := lookEvery, l.wake
		if tried {
			pause, wake = gap, nil // not even a wake cuts this short
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-l.o.After(pause):
		}
	}
}

// gather moves what was raised, the journal's new entries and the digest to what waits. A channel that holds too much
// reads no further: the journal keeps the rest.
func (l *line) gather(ctx context.Context) error {
	before := len(l.state.Waiting)
	l.mu.Lock()
	raised := l.raised
	l.raised = nil
	l.mu.Unlock()
	for _, m := range raised {
		l.add(m)
	}
	moved, err := l.read(ctx)
	if d, ok := l.digest(ctx); ok {
		l.add(d)
		moved = true
	}
	now := l.o.Now()
	for k, at := range l.state.Sent {
		if now.Sub(at) >= l.o.Repeat {
			delete(l.state.Sent, k)
		}
	}
	if moved || len(raised) > 0 || len(l.state.Waiting) != before {
		err = errors.Join(err, l.save())
	}
	return err
}

func (l *line) read(ctx context.Context) (moved bool, err error) {
	for len(l.state.Waiting) < waitingMax {
		upto, count := l.o.Journal.Book().Seq(), 0
		if upto <= l.state.Seq {
			return moved, nil
		}
		q := journal.Query{Kinds: told[:], After: l.state.Seq, Before: upto + 1, Limit: readMax}
		for e, err := range l.o.Journal.Entries(ctx, q) {
			if err != nil {
				return moved, fmt.Errorf("read the journal: %w", err)
			}
			count++
			if m, ok := l.words.message(ctx, e); ok && m.Level >= l.Level {
				m.From = l.o.From
				l.add(m)
			}
			l.state.Seq, moved = e.Seq, true
		}
		if count < readMax {
			l.state.Seq, moved = upto, true
		}
	}
	return moved, nil
}

func (l *line) intent(ctx context.Context, id string) (journal.Intent, bool) {
	for e, err := range l.o.Journal.Entries(ctx, journal.Query{Kinds: []string{"intent"}, Ref: id, Limit: 1}) {
		if err != nil {
			break
		}
		i, ok := e.Body.(journal.Intent)
		return i, ok
	}
	return journal.Intent{}, false
}

// add folds a message into the one that waits with its key, or lines it up.
func (l *line) add(m Message) {
	for i, w := range l.state.Waiting {
		if m.Key != "" && w.Key == m.Key {
			m.Repeats, m.Since = w.Repeats+1, w.Since
			if m.Since.IsZero() {
				m.Since = w.At
			}
			m.Level = max(m.Level, w.Level)
			l.state.Waiting[i].Message = m
			return
		}
	}
	l.state.Waiting = append(l.state.Waiting, pending{Message: m, Queued: l.o.Now()})
}

// next is the message to send now, -1 for none: what was tried least, then what matters most, then the oldest. So one
// that no service takes holds up no other, and a new one is tried at once also while others wait for their next try.
func (l *line) next(now time.Time) int {
	best := -1
	for i, m := range l.state.Waiting {
		if _, sent := l.state.Sent[m.Key]; sent && m.Key != "" || m.Tries > 0 && now.Before(l.retry) {
			continue
		}
		if best < 0 || m.Tries < l.state.Waiting[best].Tries || m.Tries == l.state.Waiting[best].Tries && m.Level > l.state.Waiting[best].Level {
			best = i
		}
	}
	return best
}

// deliver tries one message. What is not critical is given up after a day.
func (l *line) deliver(ctx context.Context) (tried bool, err error) {
	i := l.next(l.o.Now())
	if i < 0 {
		return false, nil
	}
	m := &l.state.Waiting[i]
	attempt, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err = l.Send(attempt, m.Message)
	if err != nil && ctx.Err() != nil {
		return true, err
	}
	now := l.o.Now()
	if err == nil {
		l.fails, l.retry = 0, now
		if m.Key != "" {
			l.state.Sent[m.Key] = now
		}
	} else {
		l.retry = now.Add(min(backoffMax, time.Second<<min(l.fails, 6)))
		l.fails++
		m.Tries++
	}
	if err == nil || m.Level < Critical && now.Sub(m.Queued) >= oldMax {
		l.state.Waiting = slices.Delete(l.state.Waiting, i, i+1)
	}
	return true, errors.Join(err, l.save())
}
