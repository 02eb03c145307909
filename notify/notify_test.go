package notify_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"maemae/journal"
	"maemae/notify"
)

// phone is a channel's other end, which can be out of reach.
type phone struct {
	mu   sync.Mutex
	down bool
	got  []notify.Message
	at   []time.Time
	bad  string // a title it never takes
}

func (p *phone) send(_ context.Context, m notify.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down || p.bad != "" && m.Title == p.bad {
		return errors.New("out of reach")
	}
	p.got, p.at = append(p.got, m), append(p.at, time.Now())
	return nil
}

func (p *phone) set(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *phone) titles() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, m := range p.got {
		out = append(out, m.Headline())
	}
	return strings.Join(out, "\n")
}

// desk is a journal and a notifier that reads it.
type desk struct {
	t   *testing.T
	dir string
	j   *journal.Journal
	n   *notify.Notifier
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir()}
	j, err := journal.Open("", journal.Options{Now: time.Now, OnAppend: func(journal.Entry) {
		if d.n != nil {
			d.n.Wake()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	d.j = j
	return d
}

// start runs a notifier until the returned function is called.
func (d *desk) start(o notify.Options) (stop func()) {
	d.t.Helper()
	o.Dir, o.Journal, o.Now, o.After, o.From = d.dir, d.j, time.Now, time.After, "virtual ******99-01"
	n, err := notify.New(o)
	if err != nil {
		d.t.Fatal(err)
	}
	d.n = n
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); n.Run(ctx) }()
	return func() { cancel(); <-done; d.n = nil }
}

func (d *desk) write(bodies ...journal.Body) {
	d.t.Helper()
	if _, err := d.j.Append(bodies...); err != nil {
		d.t.Fatal(err)
	}
}

func note(level, format string, args ...any) journal.Note {
	return journal.Note{Level: level, Text: fmt.Sprintf(format, args...)}
}

func missed(due time.Time) journal.Slot {
	return journal.Slot{Job: "golden-cross", Due: due, Outcome: "missed"}
}

func halted(reason string) journal.State {
	return journal.State{Mode: journal.ModeHalted, Reason: reason, By: "daemon"}
}

func TestACriticalMessageIsTriedWithinFiveSecondsAndEachChannelGetsItsLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		defer d.j.Close()
		d.write(note("error", "before the first start"))
		all, loud := &phone{}, &phone{}
		defer d.start(notify.Options{Channels: []notify.Channel{{Name: "all", Send: all.send}, {Name: "loud", Level: notify.Critical, Send: loud.send}}})()
		time.Sleep(time.Minute)
		for i := range 50 {
			d.write(note("info", "chatter %d", i))
		}
		d.write(halted("skew"))
		began := time.Now()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := loud.titles(); got != "‼ halted: nothing is sent until a person resumes" {
			t.Errorf("the loud channel got %q", got)
		}
		if !strings.Contains(all.titles(), "‼ halted") || !strings.Contains(all.titles(), "chatter 0") {
			t.Errorf("the other got %q", all.titles())
		}
		if loud.at[0].Sub(began) > 5*time.Second {
			t.Errorf("tried after %s", loud.at[0].Sub(began))
		}
		if strings.Contains(all.titles(), "before the first start") {
			t.Error("the past was told")
		}
	})
}

// An hour without network: the journal is written at its own pace, and when the network is back every critical message
// arrives, once, also across a restart in the midst of it.
func TestAnOutageOfAnHourLosesNoCriticalMessageAndDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		defer d.j.Close()
		p := &phone{down: true}
		o := notify.Options{Channels: []notify.Channel{{Name: "phone", Send: p.send}}}
		stop := d.start(o)
		want := map[string]bool{}
		for i := range 600 { // more than a channel holds
			text := fmt.Sprintf("critical %d", i)
			want["‼ "+text] = true
			before := time.Now()
			d.write(note("error", "%s", text), note("info", "the same chatter"))
			if !time.Now().Equal(before) {
				t.Fatal("writing waited for a channel")
			}
			time.Sleep(time.Hour / 600)
			if i == 300 {
				stop()
				stop = d.start(o)
			}
		}
		p.set(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		stop()
		seen := map[string]int{}
		for _, title := range strings.Split(p.titles(), "\n") {
			seen[title]++
		}
		for text := range want {
			if seen[text] != 1 {
				t.Errorf("%s arrived %d times", text, seen[text])
			}
		}
		if n := len(seen) - len(want); n > 20 {
			t.Errorf("600 times the same chatter became %d messages", n)
		}
	})
}

func TestWhatRepeatsIsFoldedButASecondHaltIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		defer d.j.Close()
		p := &phone{}
		defer d.start(notify.Options{Channels: []notify.Channel{{Name: "phone", Send: p.send}}})()
		for range 30 {
			d.write(missed(time.Now()))
			time.Sleep(10 * time.Second)
		}
		if got := strings.Count(p.titles(), "missed"); got != 1 {
			t.Errorf("%d messages of 30 missed slots within five minutes", got)
		}
		time.Sleep(10 * time.Minute)
		if got := p.titles(); !strings.HasSuffix(got, "‼ slot of golden-cross missed (×29)") {
			t.Errorf("the repeats: %q", got)
		}
		d.write(halted("a"), journal.State{Mode: journal.ModeActive, Reason: "resumed", By: "kim"}, halted("a"))
		time.Sleep(10 * time.Second)
		if got := strings.Count(p.titles(), "halted"); got != 2 {
			t.Errorf("two halts gave %d messages", got)
		}
	})
}

func TestAMessageThatNobodyTakesHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		defer d.j.Close()
		p := &phone{bad: "poison"}
		defer d.start(notify.Options{Channels: []notify.Channel{{Name: "phone", Send: p.send}}})()
		d.write(note("error", "poison"), note("error", "second"), note("info", "third"))
		time.Sleep(10 * time.Minute)
		if got := p.titles(); got != "‼ second\nthird" && got != "third\n‼ second" {
			t.Errorf("got %q", got)
		}
	})
}

func TestWhatNoEntrySaysIsRaised(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		defer d.j.Close()
		p := &phone{}
		defer d.start(notify.Options{Channels: []notify.Channel{{Name: "phone", Level: notify.Warning, Send: p.send}}})()
		d.n.Raise(notify.Message{Level: notify.Critical, At: time.Now(), Title: "the loop stands still"})
		d.n.Raise(notify.Message{Level: notify.Info, At: time.Now(), Title: "nothing"})
		time.Sleep(2 * time.Second)
		if got := p.titles(); got != "‼ the loop stands still" || !strings.Contains(p.got[0].Text(), "virtual ******99-01") {
			t.Errorf("got %q", got)
		}
	})
}

func TestTheDigestComesOnceAfterTheCloseAndNamesTheJournalsLastHash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		defer d.j.Close()
		p := &phone{}
		day := func() (notify.Day, bool) { // each day of this calendar closes at noon
			from := time.Now().Add(-12 * time.Hour).Truncate(24 * time.Hour)
			return notify.Day{Name: from.Format(time.DateOnly), From: from, To: from.Add(24 * time.Hour), Next: "tomorrow 09:00"}, true
		}
		o := notify.Options{Lang: notify.Korean, Day: day, Channels: []notify.Channel{{Name: "phone", Level: notify.Critical, Digest: true, Send: p.send}}}
		stop := d.start(o)
		d.write(journal.Slot{Job: "golden-cross", Due: time.Now(), Outcome: "ran", Decisions: 3})
		time.Sleep(time.Second)
		if got := p.titles(); got != "" {
			t.Errorf("before the close: %q", got)
		}
		time.Sleep(36 * time.Hour)
		stop()
		defer d.start(o)()
		time.Sleep(time.Hour)
		if got := p.titles(); got != "하루 요약 2000-01-01\n하루 요약 2000-01-02" && got != "하루 요약 2000-01-01" {
			t.Errorf("digests: %q", got)
		}
		var last journal.Entry
		for e, err := range d.j.Entries(t.Context(), journal.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			last = e
		}
		for _, part := range []string{"1 ran", "체결: 없음", "다음 거래일: tomorrow 09:00", last.Hash} {
			if !strings.Contains(p.got[0].Body, part) {
				t.Errorf("the digest lacks %q:\n%s", part, p.got[0].Body)
			}
		}
	})
}

func TestAChannelsFileIsItsOwnersAloneAndANameIsNoPath(t *testing.T) {
	d := newDesk(t)
	defer d.j.Close()
	p := &phone{}
	d.start(notify.Options{Channels: []notify.Channel{{Name: "phone", Send: p.send}}})()
	info, err := os.Stat(filepath.Join(d.dir, "phone.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	for _, name := range []string{"", "../x", "A b"} {
		if _, err := notify.New(notify.Options{Dir: d.dir, Journal: d.j, Now: time.Now, After: time.After, Channels: []notify.Channel{{Name: name, Send: p.send}}}); err == nil {
			t.Errorf("name %q was taken", name)
		}
	}
	if err := os.WriteFile(filepath.Join(d.dir, "torn.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := notify.New(notify.Options{Dir: d.dir, Journal: d.j, Now: time.Now, After: time.After, Channels: []notify.Channel{{Name: "torn", Send: p.send}}}); err == nil {
		t.Error("a file that is no state was taken")
	}
}
