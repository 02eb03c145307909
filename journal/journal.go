package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

var (
	// ErrBroken: a write failed. What reached the disk is unknown until the journal is opened again; nothing more is
	// written, and nothing may be sent.
	ErrBroken = errors.New("journal is broken")
	// ErrHead: the journal and its head file do not belong together: entries were cut off or replaced, an older copy
	// was restored, or the head is gone.
	ErrHead = errors.New("journal does not reach its head")
)

// Options of Open. Now is required to write.
type Options struct {
	Now      func() time.Time
	ReadOnly bool
	// OnAppend is told each entry, in order, after it is on disk and in the book. It must not append.
	OnAppend func(Entry)
	// Progress is told by Verify, now and then, how many of the entries it has walked.
	Progress func(done, all int)
}

// Journal is one open journal. All methods may be called at the same time; Append waits its turn.
type Journal struct {
	o     Options
	place place
	read  *sql.DB
	book  atomic.Pointer[Book]

	mu     sync.Mutex // guards what follows
	write  *sql.DB    // nil when read-only
	lock   *os.File
	head   *headFile // nil in memory
	last   head
	broken error
}

// Open opens the journal file, creating it and its directory if need be, and holds the writer's lock until Close; with
// ReadOnly it creates, locks and changes nothing. It folds the entries since the newest checkpoint and verifies their
// chain, and refuses a journal that is damaged there, does not reach its head (ErrHead), is not safely ours (ErrUnsafe),
// is being written by another (ErrLocked) or is of a newer program (ErrNewer). An empty path is a journal in memory,
// gone after Close.
func Open(path string, o Options) (*Journal, error) {
	j := &Journal{o: o}
	j.book.Store(&Book{})
	if err := j.open(path); err != nil {
		return nil, errors.Join(fmt.Errorf("open journal %s: %w", path, err), j.Close())
	}
	return j, nil
}

func (j *Journal) open(path string) (err error) {
	if !j.o.ReadOnly && j.o.Now == nil {
		return errors.New("no clock: a writer needs Now")
	}
	if path == "" {
		return j.openMemory()
	}
	if j.place, err = placeOf(path); err != nil {
		return err
	}
	if j.o.ReadOnly {
		return j.openReader()
	}
	if err := os.MkdirAll(j.place.dir, 0o700); err != nil {
		return err
	}
	if err := j.place.check(false); err != nil {
		return err
	}
	if j.lock, err = j.place.lock(); err != nil {
		return err
	}
	if err := j.openStore(); err != nil {
		return err
	}
	return j.openHead()
}

func (j *Journal) openMemory() (err error) {
	if j.write, err = connect("", false); err != nil {
		return err
	}
	j.read = j.write
	todo, err := schemaSteps()
	if err != nil {
		return err
	}
	return migrate(j.write, todo, nil)
}

// openStore opens the database to write and to read, and brings its schema up to date.
func (j *Journal) openStore() error {
	todo, err := schemaSteps()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(j.place.db, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = errors.Join(f.Close(), syncDir(j.place.dir))
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if j.write, err = connect(j.place.db, false); err != nil {
		return err
	}
	if j.read, err = connect(j.place.db, true); err != nil {
		return err
	}
	return migrate(j.write, todo, func(version int) error {
		return vacuumInto(context.Background(), j.read, fmt.Sprintf("%s.schema-%d", j.place.db, version))
	})
}

// openHead folds what is there, holds it against the head file, and makes head and KILL ready to be overwritten.
func (j *Journal) openHead() error {
	seq, err := newest(context.Background(), j.read)
	if err != nil {
		return err
	}
	var s slots
	if j.head, s, err = openHead(j.place.beside("head"), seq == 0); err != nil {
		return err
	}
	if err := j.load(s.head); err != nil {
		return err
	}
	if j.last != s.head || s.torn {
		if err := j.head.write(j.last); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(killFile(j.place.dir)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text := killText("clear", "")
	if seq > 0 {
		text = killText("KILLED", "the KILL file was missing")
	}
	return createWhole(killFile(j.place.dir), bytes.NewReader(text))
}

func (j *Journal) openReader() error {
	if err := j.place.check(true); err != nil {
		return err
	}
	if _, err := os.Stat(j.place.db); err != nil {
		return err
	}
	todo, err := schemaSteps()
	if err != nil {
		return err
	}
	// The head is read first: the writer commits before it writes the head, so the journal read later reaches it.
	s, err := readHead(j.place.beside("head"))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrHead, err)
	}
	if j.read, err = connect(j.place.db, true); err != nil {
		return err
	}
	switch v, err := version(context.Background(), j.read); {
	case err != nil:
		return err
	case v > len(todo):
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrNewer, v, len(todo))
	case v < len(todo):
		return fmt.Errorf("schema %d is older than %d: the daemon brings it up to date when it starts", v, len(todo))
	}
	return j.load(s.head)
}

func schemaSteps() ([]string, error) {
	folder, err := fs.Sub(schema, "schema")
	if err != nil {
		return nil, err
	}
	return steps(folder)
}

// load folds from the newest usable checkpoint to the end, verifying the chain, and demands to meet the head.
func (j *Journal) load(h head) error {
	ctx := context.Background()
	w, err := startWalk(ctx, j.read)
	if err != nil {
		return err
	}
	if err := w.run(ctx, j.read, func(Entry) {}); err != nil {
		return err
	}
	if err := h.meets(ctx, j.read); err != nil {
		return err
	}
	j.last = head{w.book.s.Seq, w.hash}
	j.book.Store(&w.book)
	return nil
}

// Close ends writing and reading. It does not wait for readers' loops; they get an error. Both slots of the head then
// name the last entry, so that a later change of either is found.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	if j.head != nil && j.broken == nil && j.Book() != nil {
		errs = append(errs, j.head.write(j.last))
	}
	if j.read != nil && j.read != j.write {
		errs = append(errs, j.read.Close())
	}
	if j.write != nil {
		errs = append(errs, j.write.Close())
	}
	if j.head != nil {
		errs = append(errs, j.head.f.Close())
	}
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
	}
	j.write, j.head, j.lock = nil, nil, nil
	return errors.Join(errs...)
}

// Book is the fold of all entries so far. It does not change: ask again after Append.
func (j *Journal) Book() *Book { return j.book.Load() }

// Append writes the bodies as one: all or none are in the journal. When it returns without an error they are on disk,
// the head file names the last of them, and Book has them. A body that contradicts the book (*Contradiction) or cannot
// be encoded is refused and nothing happened. Any other error is ErrBroken, now and for every later Append: the journal
// must be opened again.
func (j *Journal) Append(bodies ...Body) ([]Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.append(bodies)
}

// Checkpoint writes the book into the journal. It is meant for the beginning of a session, when the book is smallest.
func (j *Journal) Checkpoint() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	text, err := j.Book().MarshalJSON()
	if err != nil {
		return err
	}
	_, err = j.append([]Body{Checkpoint{Version: bookVersion, Book: text}})
	return err
}

func (j *Journal) append(bodies []Body) ([]Entry, error) {
	switch {
	case j.broken != nil:
		return nil, j.broken
	case j.write == nil:
		return nil, errors.New("append: the journal is not open for writing")
	}
	next, hash := *j.Book(), j.last.hash
	now := j.o.Now()
	if now.Before(next.s.At) {
		now = next.s.At
	}
	at := now.UnixNano()
	rows, entries := make([]row, len(bodies)), make([]Entry, len(bodies))
	for i, b := range bodies {
		text, err := encode(b)
		if err != nil {
			return nil, fmt.Errorf("append: %w", err)
		}
		seq, kind := next.s.Seq+1, b.Kind()
		hash = link(hash, seq, at, kind, text)
		rows[i] = row{seq: seq, at: at, kind: kind, body: string(text), hash: bytes.Clone(hash[:])}
		if entries[i], err = rows[i].entry(); err != nil { // what is folded is what will be read
			return nil, fmt.Errorf("append: %w", err)
		}
		if err := next.apply(entries[i]); err != nil {
			return nil, fmt.Errorf("append: %w", err)
		}
	}
	if len(bodies) == 0 {
		return nil, nil
	}
	last := head{next.s.Seq, hash}
	if err := j.commit(rows, entries, last); err != nil {
		j.broken = fmt.Errorf("%w: entry %d: %w", ErrBroken, rows[0].seq, err)
		return nil, j.broken
	}
	j.last = last
	j.book.Store(&next)
	if j.o.OnAppend != nil {
		for _, e := range entries {
			j.o.OnAppend(e)
		}
	}
	return entries, nil
}

// commit puts the rows on disk, then the head.
func (j *Journal) commit(rows []row, entries []Entry, last head) error {
	tx, err := j.write.Begin()
	if err != nil {
		return err
	}
	if err := insert(tx, rows, entries); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if j.head == nil {
		return nil
	}
	return j.head.write(last)
}

func insert(tx *sql.Tx, rows []row, entries []Entry) error {
	entry, err := tx.Prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer entry.Close()
	find, err := tx.Prepare("INSERT INTO find VALUES (?, ?)")
	if err != nil {
		return err
	}
	defer find.Close()
	for i, r := range rows {
		if _, err := entry.Exec(r.seq, r.at, r.kind, r.body, r.hash); err != nil {
			return err
		}
		for _, k := range keys(entries[i].Body) {
			if _, err := find.Exec(k, r.seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// end is above every number.
const end = math.MaxInt64
