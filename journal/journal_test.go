package journal

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

// clock gives each caller a later second.
func clock() func() time.Time {
	t := due(9, 0)
	return func() time.Time {
		t = t.Add(time.Second)
		return t
	}
}

// newDir is a state directory's journal path.
func newPath(t testing.TB) string {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "journal.db")
}

func open(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := Open(path, Options{Now: clock()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func write(t testing.TB, j *Journal, bodies ...Body) []Entry {
	t.Helper()
	es, err := j.Append(bodies...)
	if err != nil {
		t.Fatal(err)
	}
	return es
}

func shut(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func collect(t testing.TB, j *Journal, q Query) []Entry {
	t.Helper()
	var all []Entry
	for e, err := range j.Entries(context.Background(), q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// print is entries as JSON, to compare them whole.
func print(t testing.TB, entries []Entry) string {
	t.Helper()
	s, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

// session is a day's small legal history, n buys long.
func session(n int) []Body {
	all := []Body{Start{Date: day, Version: "1"}, Opening{Date: day}, Snapshot{}}
	for i := range n {
		in := intent(fmt.Sprintf("i%03d", i), broker.Buy, 10)
		number := fmt.Sprintf("%010d", i+2)
		all = append(all,
			Decision{ID: in.Decision, Decision: strategy.Decision{Strategy: "cross", Symbol: "005930", Due: due(15, 15), Answer: strategy.Buy, Reason: strategy.Entry, Price: won("100"), Detail: "fast 101.5 crossed above slow 100.25"}},
			in, accepted(in.ID, number), fill(in.ID, broker.Buy, number, 10, "1000"), Final{Intent: in.ID, State: "filled", Filled: 10})
	}
	return append(all, Slot{Job: "cross", Due: due(15, 15), Outcome: "ran", Decisions: n})
}

// tamper changes a closed journal's file behind its back.
func tamper(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range append([]string{"DROP TRIGGER entry_update", "DROP TRIGGER entry_delete"}, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsAppendedIsThereAfterReopening(t *testing.T) {
	path := newPath(t)
	var told []Entry
	j, err := Open(path, Options{Now: clock(), OnAppend: func(e Entry) { told = append(told, e) }})
	if err != nil {
		t.Fatal(err)
	}
	bodies := slices.DeleteFunc(bodies(), func(b Body) bool {
		switch b.(type) {
		case Bind, Absent, Checkpoint, External, Operator:
			return true // do not follow the others
		}
		return false
	})
	written := write(t, j, bodies[:3]...)
	for _, b := range bodies[3:] {
		written = append(written, write(t, j, b)...)
	}
	if print(t, told) != print(t, written) {
		t.Error("OnAppend was told something else than was written")
	}
	book := text(t, j.Book())
	shut(t, j)

	j = open(t, path)
	if got := collect(t, j, Query{}); print(t, got) != print(t, written) {
		t.Errorf("read back\n%s\nwant\n%s", print(t, got), print(t, written))
	}
	if text(t, j.Book()) != book {
		t.Errorf("the book after reopening is\n%s\nwant\n%s", text(t, j.Book()), book)
	}
	last := written[len(written)-1]
	if last.Seq != int64(len(bodies)) || last.At.Location() != market.KST {
		t.Errorf("last entry %d at %s", last.Seq, last.At)
	}
	r, err := j.Verify(context.Background(), written[3].Hash)
	if err != nil || r.Entries != last.Seq || r.Hash != last.Hash || r.Expected != 4 || r.Head != last.Seq {
		t.Errorf("verify: %+v, %v", r, err)
	}
}

func TestARefusedBatchLeavesNothing(t *testing.T) {
	j := open(t, newPath(t))
	write(t, j, Note{Text: "one"})
	before := text(t, j.Book())
	var c *Contradiction
	if _, err := j.Append(intent("a", broker.Buy, 1), accepted("none", "2")); !errors.As(err, &c) || c.Seq != 3 || c.Of != "none" {
		t.Errorf("error %v", err)
	}
	if _, err := j.Append(Note{}, Note{Text: strings.Repeat("x", maxBody)}); err == nil {
		t.Error("a note beyond the bound was written")
	}
	if es, err := j.Append(); es != nil || err != nil {
		t.Errorf("nothing to write: %v, %v", es, err)
	}
	if text(t, j.Book()) != before || len(collect(t, j, Query{})) != 1 {
		t.Error("a refused batch left something")
	}
	if es := write(t, j, Note{Text: "two"}); es[0].Seq != 2 {
		t.Errorf("the next entry is %d", es[0].Seq)
	}
}

func TestMomentsNeverFall(t *testing.T) {
	now := due(10, 0)
	j, err := Open("", Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	write(t, j, Note{})
	now = now.Add(-time.Hour)
	if e := write(t, j, Note{})[0]; !e.At.Equal(due(10, 0)) {
		t.Errorf("an hour back the entry is at %s", e.At)
	}
	now = due(10, 1)
	if e := write(t, j, Note{})[0]; !e.At.Equal(now) {
		t.Errorf("later again the entry is at %s", e.At)
	}
}

func TestASecondWriterIsRefusedAndReadersAreNot(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	write(t, j, Note{Text: "one"})
	if _, err := Open(path, Options{Now: clock()}); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("second writer: %v", err)
	}
	r, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	write(t, j, Note{Text: "two"})
	if n := len(collect(t, r, Query{})); n != 2 {
		t.Errorf("the reader sees %d entries, want 2", n)
	}
	if _, err := r.Append(Note{}); err == nil || errors.Is(err, ErrBroken) {
		t.Errorf("the reader wrote: %v", err)
	}
	if _, err := r.Verify(context.Background(), ""); err != nil {
		t.Error(err)
	}
	shut(t, j)
	j = open(t, path) // the lock ended with the writer
	write(t, j, Note{})
	shut(t, j)
	if _, err := j.Append(Note{}); err == nil {
		t.Error("wrote after Close")
	}
}

func TestAReaderCreatesNothing(t *testing.T) {
	path := newPath(t)
	if _, err := Open(path, Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestAJournalInMemoryIsOneLikeAnyOther(t *testing.T) {
	j := open(t, "")
	written := write(t, j, session(3)...)
	if got := collect(t, j, Query{}); print(t, got) != print(t, written) {
		t.Error("read back something else")
	}
	if err := j.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	if r, err := j.Verify(context.Background(), ""); err != nil || r.Checkpoints != 1 {
		t.Errorf("verify: %+v, %v", r, err)
	}
	if p := j.Book().Position("cross", "005930"); p == nil || p.Shares != 30 {
		t.Errorf("position %+v", p)
	}
}

func TestFilesThatAreNotSafelyOursAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(path string) error
	}{
		{"directory open to others", func(p string) error { return os.Chmod(filepath.Dir(p), 0o750) }},
		{"journal readable by others", func(p string) error { return os.Chmod(p, 0o640) }},
		{"head readable by others", func(p string) error { return os.Chmod(strings.TrimSuffix(p, "db")+"head", 0o604) }},
		{"kill switch writable by others", func(p string) error { return os.Chmod(killFile(filepath.Dir(p)), 0o606) }},
		{"journal is a link", func(p string) error {
			return errors.Join(os.Rename(p, p+".x"), os.Symlink(p+".x", p))
		}},
		{"lock is a directory", func(p string) error {
			lock := strings.TrimSuffix(p, "db") + "lock"
			return errors.Join(os.Remove(lock), os.Mkdir(lock, 0o600))
		}},
		{"journal of another user", func(p string) error {
			if os.Geteuid() != 0 {
				return errors.ErrUnsupported
			}
			return os.Chown(p, 12345, -1)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			shut(t, open(t, path))
			if err := c.spoil(path); errors.Is(err, errors.ErrUnsupported) {
				t.Skip("only root can give files away")
			} else if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path, Options{Now: clock()}); !errors.Is(err, ErrUnsafe) {
				t.Errorf("error %v, want %v", err, ErrUnsafe)
			}
		})
	}
}

func TestAFileThatIsNoJournalIsRefused(t *testing.T) {
	path := newPath(t)
	if err := os.WriteFile(path, []byte("bars, bars, bars, and not a database at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{Now: clock()}); err == nil {
		t.Error("a text file was opened as a journal")
	}
	other := newPath(t)
	db, err := sql.Open("sqlite", "file:"+other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE photo (name TEXT)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := os.Chmod(other, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(other, Options{Now: clock()}); err == nil || !strings.Contains(err.Error(), "not a journal") {
		t.Errorf("error %v", err)
	}
}

// files copies a state directory as a crash would leave it.
func files(t testing.TB, path string) (copied string) {
	t.Helper()
	copied = newPath(t)
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if strings.HasSuffix(n.Name(), ".lock") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(filepath.Dir(path), n.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(copied), n.Name()), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}

func TestEveryMomentACrashCanLeaveOpensToAPrefix(t *testing.T) {
	path := newPath(t)
	var books, whole, torn []string
	headName := func(p string) string { return strings.TrimSuffix(p, "db") + "head" }
	var j *Journal
	j, err := Open(path, Options{Now: clock(), OnAppend: func(Entry) {
		books = append(books, text(t, j.Book()))
		whole = append(whole, files(t, path))
		late := files(t, path) // between the commit and the head: the head is the one before
		if len(whole) > 1 {
			old, err := os.ReadFile(headName(whole[len(whole)-2]))
			if err = errors.Join(err, os.WriteFile(headName(late), old, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		torn = append(torn, late)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for i, b := range session(4) {
		write(t, j, b)
		if i == 10 {
			if err := j.Checkpoint(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range books {
		for _, p := range []string{whole[i], torn[i]} {
			again, err := Open(p, Options{Now: clock()})
			if err != nil {
				t.Fatalf("after entry %d: %v", i+1, err)
			}
			if got := text(t, again.Book()); got != books[i] {
				t.Errorf("after entry %d the book is\n%s\nwant\n%s", i+1, got, books[i])
			}
			if h, err := readHead(headName(p)); err != nil || h.seq != int64(i+1) {
				t.Errorf("after entry %d the start left the head at %d, %v", i+1, h.seq, err)
			}
			write(t, again, Note{Text: "and on"})
			shut(t, again)
		}
	}
}

func TestALogCutBehindItsHeadIsRefused(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	write(t, j, session(2)...)
	write(t, j, Note{Text: "the last"})
	cut := files(t, path)
	wal, err := os.Stat(cut + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(cut+"-wal", wal.Size()-4000); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(cut, Options{Now: clock()}); !errors.Is(err, ErrHead) {
		t.Errorf("error %v, want %v", err, ErrHead)
	}
}

func TestAJournalThatDoesNotReachItsHeadIsRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, path, older string)
	}{
		{"restored from an older copy", func(t *testing.T, path, older string) {
			content, err := os.ReadFile(older)
			if err = errors.Join(err, os.WriteFile(path, content, 0o600)); err != nil {
				t.Fatal(err)
			}
		}},
		{"deleted", func(t *testing.T, path, older string) { os.Remove(path) }},
		{"last entry removed", func(t *testing.T, path, older string) {
			tamper(t, path, "DELETE FROM find WHERE seq = (SELECT max(seq) FROM entry)", "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)")
		}},
		{"head deleted", func(t *testing.T, path, older string) { os.Remove(strings.TrimSuffix(path, "db") + "head") }},
		{"head emptied", func(t *testing.T, path, older string) { os.Truncate(strings.TrimSuffix(path, "db")+"head", 0) }},
		{"head of another journal", func(t *testing.T, path, older string) {
			other := newPath(t)
			j := open(t, other)
			write(t, j, Note{Text: "elsewhere"})
			shut(t, j)
			content, err := os.ReadFile(strings.TrimSuffix(other, "db") + "head")
			if err = errors.Join(err, os.WriteFile(strings.TrimSuffix(path, "db")+"head", content, 0o600)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			j := open(t, path)
			write(t, j, session(2)...)
			shut(t, j)
			older := files(t, path)
			j = open(t, path)
			write(t, j, Note{Text: "later"})
			shut(t, j)
			c.spoil(t, path, older)
			for _, o := range []Options{{Now: clock()}, {ReadOnly: true}} {
				if _, err := Open(path, o); !errors.Is(err, ErrHead) && !(o.ReadOnly && errors.Is(err, fs.ErrNotExist)) {
					t.Errorf("read only %v: error %v, want %v", o.ReadOnly, err, ErrHead)
				}
			}
		})
	}
}

func TestATornHeadFallsBackToTheSlotBefore(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	write(t, j, Note{Text: "1"})
	write(t, j, Note{Text: "2"})
	path = files(t, path) // as a crash leaves it
	name := strings.TrimSuffix(path, "db") + "head"
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := readHead(name)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[newest.at*slotSize+20:], make([]byte, 100))
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	if j.Book().Seq() != 2 {
		t.Errorf("the journal ends at %d", j.Book().Seq())
	}
	write(t, j, Note{Text: "3"})
	write(t, j, Note{Text: "4"})
	content, err = os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	one, _ := parseSlot(content[:slotSize])
	two, _ := parseSlot(content[slotSize:])
	if one.seq+two.seq != 3+4 {
		t.Errorf("the slots name entries %d and %d, want the newest two", one.seq, two.seq)
	}
}

func TestASlotOfTheHeadWithAnyByteChangedIsNone(t *testing.T) {
	slot := head{seq: 12345, hash: [32]byte{1, 2, 3}}.slot()
	if h, ok := parseSlot(slot); !ok || h.seq != 12345 {
		t.Fatalf("the slot reads %d, %v", h.seq, ok)
	}
	for i := range slot {
		changed := slices.Clone(slot)
		changed[i] ^= 1
		if h, ok := parseSlot(changed); ok {
			t.Errorf("byte %d changed and it names entry %d", i, h.seq)
		}
	}
}

func TestVerifyNamesTheEntryThatWasTouched(t *testing.T) {
	for _, c := range []struct {
		name string
		sql  []string
		seq  int64 // 0: no single entry
	}{
		{"changed body", []string{"UPDATE entry SET body = replace(body, 'ran', 'run') WHERE kind = 'slot'"}, 14},
		{"changed kind", []string{"UPDATE entry SET kind = 'note' WHERE seq = 5"}, 5},
		{"changed moment", []string{"UPDATE entry SET at = at + 1 WHERE seq = 6"}, 6},
		{"changed hash", []string{"UPDATE entry SET hash = zeroblob(32) WHERE seq = 7"}, 7},
		{"removed", []string{"DELETE FROM find WHERE seq = 8", "DELETE FROM entry WHERE seq = 8"}, 8},
		{"removed and closed up", []string{"DELETE FROM entry WHERE seq = 8", "UPDATE entry SET seq = seq - 1 WHERE seq > 8"}, 8},
		{"swapped", []string{"UPDATE entry SET seq = 99 WHERE seq = 4", "UPDATE entry SET seq = 4 WHERE seq = 5", "UPDATE entry SET seq = 5 WHERE seq = 99"}, 4},
		{"hidden from the index", []string{"DELETE FROM find WHERE seq = 9"}, 0},
		{"shown elsewhere in the index", []string{"UPDATE find SET key = 'k note' WHERE key = 'k slot'"}, 0},
		{"its guards taken away", nil, 0},
		{"a table more", []string{"CREATE TABLE other (x)"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := newPath(t)
			j := open(t, path)
			write(t, j, session(2)...)
			if err := j.Checkpoint(); err != nil { // the start looks at nothing before it
				t.Fatal(err)
			}
			shut(t, j)
			tamper(t, path, c.sql...)
			j, err := Open(path, Options{ReadOnly: true})
			if err == nil {
				defer j.Close()
				_, err = j.Verify(context.Background(), "")
			}
			var d *Damage
			if !errors.As(err, &d) || d.Seq != c.seq {
				t.Errorf("error %v, want damage at entry %d", err, c.seq)
			}
		})
	}
}

// Whichever entry is removed, or trades places with the next, is named; the last one is what the head demands.
func TestEveryEntryRemovedOrMovedIsNamed(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	write(t, j, session(3)...)
	last := j.Book().Seq()
	shut(t, j)
	for seq := int64(1); seq <= last; seq++ {
		for what, sql := range map[string]string{
			"removed": "DELETE FROM find WHERE seq = %[1]d; DELETE FROM entry WHERE seq = %[1]d",
			"moved":   "UPDATE entry SET seq = 999 WHERE seq = %[1]d; UPDATE entry SET seq = %[1]d WHERE seq = %[2]d; UPDATE entry SET seq = %[2]d WHERE seq = 999",
		} {
			if what == "moved" && seq == last {
				continue
			}
			touched := files(t, path)
			tamper(t, touched, fmt.Sprintf(sql, seq, seq+1))
			r, err := Open(touched, Options{ReadOnly: true})
			if err == nil {
				_, err = r.Verify(context.Background(), "")
				r.Close()
			}
			var d *Damage
			if !(errors.As(err, &d) && d.Seq == seq) && !(seq == last && errors.Is(err, ErrHead)) {
				t.Errorf("entry %d %s: error %v", seq, what, err)
			}
		}
	}
}

func TestVerifyTellsHowFarItIs(t *testing.T) {
	now := due(9, 0)
	told := ""
	j, err := Open("", Options{Now: func() time.Time { return now }, Progress: func(done, all int) { told += fmt.Sprintf("%d of %d; ", done, all) }})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	write(t, j, slices.Repeat([]Body{Note{}}, 2*tellEvery+5)...)
	if _, err := j.Verify(context.Background(), ""); err != nil || told != "10000 of 20005; 20000 of 20005; 20005 of 20005; " {
		t.Errorf("%v, told %q", err, told)
	}
}

func TestEntriesAreNeverChangedOrRemovedInTheDatabase(t *testing.T) {
	j := open(t, "")
	write(t, j, Note{})
	for _, s := range []string{"UPDATE entry SET at = 1", "DELETE FROM entry"} {
		if _, err := j.write.Exec(s); err == nil {
			t.Errorf("%s went through", s)
		}
	}
}

func TestARewrittenJournalIsFoundByAHashKeptElsewhere(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	kept := write(t, j, session(1)...)[8].Hash
	shut(t, j)
	other := open(t, newPath(t)) // a whole and consistent other history
	write(t, other, session(2)...)
	if _, err := other.Verify(context.Background(), kept); err == nil || !strings.Contains(err.Error(), kept) {
		t.Errorf("error %v", err)
	}
	for _, bad := range []string{"12", strings.Repeat("g", 64)} {
		if _, err := other.Verify(context.Background(), bad); err == nil {
			t.Errorf("expected hash %q was taken", bad)
		}
	}
	if _, err := open(t, path).Verify(context.Background(), strings.ToUpper(kept)); err != nil {
		t.Error(err)
	}
}

func TestAStartReadsOnlyFromTheNewestCheckpointOfItsOwnForm(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	write(t, j, session(3)...)
	if err := j.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	write(t, j, Checkpoint{Version: bookVersion + 1, Book: json.RawMessage(`{"new":true}`)}, Note{Text: "after"})
	if _, err := j.Append(Checkpoint{Version: bookVersion, Book: json.RawMessage(`{"seq":1}`)}); !errors.Is(err, ErrBook) {
		t.Errorf("a checkpoint of another book: %v", err)
	}
	w, err := startWalk(context.Background(), j.read)
	if err != nil || w.book.Seq() != int64(len(session(3))) {
		t.Errorf("starts after entry %d, %v, want %d", w.book.Seq(), err, len(session(3)))
	}
	book := text(t, j.Book())
	shut(t, j)
	if got := text(t, open(t, path).Book()); got != book {
		t.Errorf("the book from the checkpoint is\n%s\nwant\n%s", got, book)
	}
}

// A daemon that starts again in the afternoon of a busy day writes a checkpoint as any other does.
func TestADayOfAThousandOrdersFitsIntoACheckpoint(t *testing.T) {
	j := open(t, newPath(t))
	var all []Body
	var before []string
	for n := range 1000 {
		number := fmt.Sprintf("%010d", n+1)
		i := intent(number, broker.Buy, 1)
		i.Quote = market.Quote{Symbol: i.Order.Symbol, Name: "삼성전자", Price: won("71200"), Ask: won("71300"), Bid: won("71200"), Base: won("71000"), Upper: won("92300"), Lower: won("49700")}
		for range 20 {
			i.Passed = append(i.Passed, risk.Passed{Code: "collar", Wanted: "41,950 KRW, 1.1779% from 42,450 KRW", Allowed: "1.5%"})
		}
		i.Baseline = Baseline{Numbers: before}
		all = append(all, i, accepted(i.ID, number))
		before = append(before, number)
	}
	write(t, j, all...)
	if err := j.Checkpoint(); err != nil {
		t.Error(err)
	}
}

func TestAFirstEntryMayBeACheckpoint(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	if err := j.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	write(t, j, Note{})
	shut(t, j)
	if n := open(t, path).Book().Seq(); n != 2 {
		t.Errorf("ends at %d", n)
	}
}

// Entries must select what a plain filter over all entries selects.
func TestAQuerySelectsWhatAFilterWould(t *testing.T) {
	now := due(9, 0)
	j, err := Open("", Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	strategies, symbols := []string{"", "a", "b c", "c"}, []market.Symbol{"", "005930", "000660"}
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 3 * page {
		now = now.Add(time.Duration(random.IntN(2)) * time.Second)
		st, sym := strategies[random.IntN(4)], symbols[random.IntN(3)]
		write(t, j, []Body{
			Decision{ID: fmt.Sprintf("d%d", i), Decision: strategy.Decision{Strategy: st, Symbol: sym, Due: due(15, 15)}},
			Mark{Strategy: st, Symbol: sym}, Note{Text: "x"}, Mismatch{Symbol: sym},
			Refusal{Decision: fmt.Sprintf("d%d", i-1), Strategy: st, Order: broker.Order{Symbol: sym}},
		}[random.IntN(5)])
	}
	all := collect(t, j, Query{})
	rapid.Check(t, func(rt *rapid.T) {
		q := Query{
			Kinds:    rapid.SliceOfN(rapid.SampledFrom([]string{"decision", "mark", "note", "refusal", "final", "none"}), 0, 3).Draw(rt, "kinds"),
			Strategy: rapid.SampledFrom(strategies).Draw(rt, "strategy"), Symbol: rapid.SampledFrom(symbols).Draw(rt, "symbol"),
			Newest: rapid.Bool().Draw(rt, "newest"), Limit: rapid.SampledFrom([]int{0, 1, 7, page, page + 1}).Draw(rt, "limit"),
			After: rapid.Int64Range(0, 3*page+1).Draw(rt, "after"), Before: rapid.Int64Range(0, 3*page+2).Draw(rt, "before"),
		}
		if rapid.IntRange(0, 4).Draw(rt, "by ref") == 0 {
			q.Ref = fmt.Sprintf("d%d", rapid.IntRange(0, 3*page).Draw(rt, "ref"))
		}
		if rapid.Bool().Draw(rt, "timed") {
			q.Since = due(9, 0).Add(time.Duration(rapid.IntRange(-1, 1600).Draw(rt, "since")) * time.Second)
			q.Until = due(9, 0).Add(time.Duration(rapid.IntRange(-1, 1600).Draw(rt, "until")) * time.Second)
		}
		var want []Entry
		for _, e := range all {
			if q.has(e.Body) && e.Seq > q.After && (q.Before == 0 || e.Seq < q.Before) &&
				(q.Since.IsZero() || !e.At.Before(q.Since)) && (q.Until.IsZero() || e.At.Before(q.Until)) {
				want = append(want, e)
			}
		}
		if q.Newest {
			slices.Reverse(want)
		}
		if q.Limit > 0 && len(want) > q.Limit {
			want = want[:q.Limit]
		}
		if got := collect(t, j, q); print(t, got) != print(t, want) {
			rt.Fatalf("%+v selects %d entries, want %d", q, len(got), len(want))
		}
	})
}

func TestSinceIsIncludedAndUntilIsNot(t *testing.T) {
	j := open(t, "")
	for range 4 {
		write(t, j, Note{}) // one a second, from 09:00:01
	}
	at := func(second int) time.Time { return due(9, 0).Add(time.Duration(second) * time.Second) }
	for _, c := range []struct {
		since, until time.Time
		want         []int64
	}{
		{at(2), at(4), []int64{2, 3}},
		{at(0), at(1), nil},
		{at(4), time.Time{}, []int64{4}},
		{at(5), time.Time{}, nil},
		{time.Time{}, at(2), []int64{1}},
		{time.Time{}, at(9), []int64{1, 2, 3, 4}},
	} {
		var got []int64
		for _, e := range collect(t, j, Query{Since: c.since, Until: c.until}) {
			got = append(got, e.Seq)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("from %s to %s: entries %v, want %v", c.since, c.until, got, c.want)
		}
	}
}

func TestAnOrdersWholeLifeIsFoundByItsNames(t *testing.T) {
	j := open(t, "")
	write(t, j, session(2)...)
	for ref, want := range map[string][]string{
		"d-i001":          {"decision", "intent"},
		"i001":            {"intent", "answer", "fill", "final"},
		id("0003").Key():  {"answer", "fill"},
		"cross":           {"slot"},
		"nothing of ours": nil,
	} {
		var got []string
		for _, e := range collect(t, j, Query{Ref: ref}) {
			got = append(got, e.Body.Kind())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s finds %v, want %v", ref, got, want)
		}
	}
}

func TestAReaderMayStopAppendAndBeCancelled(t *testing.T) {
	j := open(t, "")
	write(t, j, session(2)...)
	for range j.Entries(context.Background(), Query{}) {
		write(t, j, Note{Text: "while reading"}) // would wait for ever if the loop held the database
		break
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range j.Entries(ctx, Query{Since: due(9, 0)}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	if _, err := j.Verify(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("verify: %v", err)
	}
}

func TestSchemaStepsKeepEntriesAndAreWholeOrNotAtAll(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	write(t, j, Note{Text: "kept"})
	shut(t, j)
	first, err := schemaSteps()
	if err != nil {
		t.Fatal(err)
	}
	db, err := connect(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	backups := 0
	before := func(int) error { backups++; return nil }

	bad := append(slices.Clone(first), "ALTER TABLE entry ADD COLUMN extra TEXT; INSERT INTO nowhere VALUES (1)")
	if err := migrate(db, bad, before); err == nil {
		t.Fatal("a broken step went through")
	}
	if v, err := version(context.Background(), db); v != len(first) || err != nil {
		t.Errorf("after the broken step version %d, %v", v, err)
	}
	if err := migrate(db, first, before); err != nil || backups != 1 {
		t.Errorf("nothing to do: %v after %d backups", err, backups)
	}
	good := append(slices.Clone(first), "ALTER TABLE entry ADD COLUMN extra TEXT")
	if err := migrate(db, good, before); err != nil || backups != 2 {
		t.Errorf("the good step: %v after %d backups", err, backups)
	}
	var body string
	if err := db.QueryRow("SELECT body FROM entry WHERE extra IS NULL").Scan(&body); err != nil || !strings.Contains(body, "kept") {
		t.Errorf("entry %q, %v", body, err)
	}
	if err := migrate(db, good, func(int) error { return errors.New("no room") }); err != nil {
		t.Error(err)
	}
	refused := append(good, "SELECT 1")
	if err := migrate(db, refused, func(int) error { return errors.New("no room") }); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("changed without a backup: %v", err)
	}
	db.Close()
	for _, o := range []Options{{Now: clock()}, {ReadOnly: true}} {
		if _, err := Open(path, o); !errors.Is(err, ErrNewer) {
			t.Errorf("read only %v: an older program opened a newer journal: %v", o.ReadOnly, err)
		}
	}
}

func TestSchemaStepsAreReadInTheirOrder(t *testing.T) {
	got, err := steps(fstest.MapFS{"1.sql": {Data: []byte("one")}, "2.sql": {Data: []byte("two")}, "10.sql": {Data: []byte("ten")}})
	if err != nil || !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("steps %v, %v", got, err)
	}
}

func TestABackupIsTakenWhileWritingAndRestoredKilled(t *testing.T) {
	ctx := context.Background()
	path := newPath(t)
	j := open(t, path)
	written := write(t, j, session(3)...)
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := j.Backup(ctx, copied); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info.Mode(), err)
	}
	if err := j.Backup(ctx, copied); !errors.Is(err, fs.ErrExist) {
		t.Errorf("overwrote the copy: %v", err)
	}
	write(t, j, Note{Text: "after the backup"})
	if _, err := Restore(ctx, copied, path); !errors.Is(err, ErrLocked) {
		t.Errorf("restored under a running daemon: %v", err)
	}
	shut(t, j)
	if _, err := Restore(ctx, copied, path); err == nil {
		t.Error("restored over a journal")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(ctx, copied, path); !errors.Is(err, ErrHead) {
		t.Errorf("restored behind the head: %v", err)
	}

	fresh := filepath.Join(t.TempDir(), "new", "journal.db")
	r, err := Restore(ctx, copied, fresh)
	if err != nil || r.Entries != int64(len(written)) || r.Hash != written[len(written)-1].Hash {
		t.Fatalf("restore: %+v, %v", r, err)
	}
	j = open(t, fresh)
	if got := collect(t, j, Query{}); print(t, got) != print(t, written) {
		t.Error("the restored journal reads differently")
	}
	if why, killed := Killed(filepath.Dir(fresh)); !killed || why == "" {
		t.Error("a restored journal trades at once")
	}
	write(t, j, Note{Text: "on"})

	spoiled, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	spoiled = bytes.ReplaceAll(spoiled, []byte("crossed above"), []byte("crossed below"))
	if err := os.WriteFile(copied, spoiled, 0o600); err != nil {
		t.Fatal(err)
	}
	var d *Damage
	if _, err := Restore(ctx, copied, filepath.Join(t.TempDir(), "x", "journal.db")); !errors.As(err, &d) {
		t.Errorf("restored a damaged copy: %v", err)
	}
}
