package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"
)

// Damage is a place where the journal is not what was written. Seq is the entry, 0 if it is none.
type Damage struct {
	Seq  int64
	What string
	Err  error // the cause, if any
}

func (d *Damage) Error() string {
	s := "damaged: " + d.What
	if d.Seq > 0 {
		s = fmt.Sprintf("damaged: entry %d %s", d.Seq, d.What)
	}
	if d.Err != nil {
		s += ": " + d.Err.Error()
	}
	return s
}

func (d *Damage) Unwrap() error { return d.Err }

// Report is what Verify walked.
type Report struct {
	Entries     int64     `json:"entries"`
	First       time.Time `json:"first,omitzero"` // moment of the first entry
	Last        time.Time `json:"last,omitzero"`
	Hash        string    `json:"hash"` // of the last entry: keep it elsewhere and give it to a later Verify
	Checkpoints int       `json:"checkpoints"`
	Head        int64     `json:"head"`               // entry the head file names
	Expected    int64     `json:"expected,omitempty"` // entry that has the expected hash
}

// walk goes over entries in order, proving each: hash, form and fold, which minds number and moment.
type walk struct {
	book Book
	hash [32]byte
}

// page is how many rows a walk or an iterator holds at once.
const page = 1000

// startWalk stands right before the newest checkpoint of this program's form, or at the beginning.
func startWalk(ctx context.Context, q querier) (walk, error) {
	s := span{keys: []string{kindKey(Checkpoint{}.Kind())}, hi: end, newest: true, n: 1}
	for {
		rows, err := s.rows(ctx, q)
		if err != nil || len(rows) == 0 {
			return walk{}, err
		}
		r := rows[0]
		s.hi = r.seq
		e, err := r.entry()
		if err != nil {
			return walk{}, err
		}
		c, ok := e.Body.(Checkpoint)
		if !ok {
			return walk{}, &Damage{Seq: r.seq, What: "is found as a checkpoint and is none"}
		}
		if c.Version != bookVersion {
			continue
		}
		var w walk
		if err := w.book.UnmarshalJSON(c.Book); err != nil {
			return walk{}, &Damage{Seq: r.seq, What: "carries a book that cannot be read", Err: err}
		}
		if r.seq == 1 {
			return w, nil
		}
		before, err := span{lo: r.seq - 2, hi: r.seq, n: 1}.rows(ctx, q)
		if err != nil {
			return walk{}, err
		}
		if len(before) != 1 || len(before[0].hash) != len(w.hash) {
			return walk{}, &Damage{Seq: r.seq - 1, What: "is missing"}
		}
		w.hash = [32]byte(before[0].hash)
		return w, nil
	}
}

// run walks to the end and tells visit of every proven entry.
func (w *walk) run(ctx context.Context, q querier, visit func(Entry)) error {
	for {
		rows, err := span{lo: w.book.s.Seq, hi: end, n: page}.rows(ctx, q)
		if err != nil {
			return &Damage{Seq: w.book.s.Seq + 1, What: "or one soon after cannot be read", Err: err}
		}
		for _, r := range rows {
			e, err := w.step(r)
			if err != nil {
				return err
			}
			visit(e)
		}
		if len(rows) < page {
			break
		}
	}
	return nil
}

// meets demands that the journal has the entry the head names.
func (h head) meets(ctx context.Context, q querier) error {
	if h.seq == 0 {
		return nil
	}
	rows, err := span{lo: h.seq - 1, hi: h.seq + 1, n: 1}.rows(ctx, q)
	switch {
	case err != nil:
		return err
	case len(rows) == 0:
		return fmt.Errorf("%w: entry %d, which the head file names, is not there", ErrHead, h.seq)
	case !bytes.Equal(rows[0].hash, h.hash[:]):
		return fmt.Errorf("%w: entry %d is not the one that the head file names", ErrHead, h.seq)
	}
	return nil
}

func (w *walk) step(r row) (Entry, error) {
	w.hash = link(w.hash, r.seq, r.at, r.kind, []byte(r.body))
	switch {
	case r.seq != w.book.s.Seq+1:
		return Entry{}, &Damage{Seq: w.book.s.Seq + 1, What: "is missing"}
	case !bytes.Equal(w.hash[:], r.hash):
		return Entry{}, &Damage{Seq: r.seq, What: "does not match its hash: it was changed, or one before it was changed, moved or replaced"}
	}
	e, err := r.entry()
	if err != nil {
		return Entry{}, err
	}
	if err := w.book.apply(e); err != nil {
		return Entry{}, &Damage{Seq: r.seq, What: "does not fold", Err: err}
	}
	return e, nil
}

// Verify walks the whole journal: every entry's number, moment, hash, form and fold, every checkpoint, the find table,
// the head file, SQLite's own structure, and the tables' own definitions. Errors are *Damage, which names the place, or ErrHead. expect is the hash of an
// entry as it was kept elsewhere, or empty; a journal without that entry is not the one it was taken from.
func (j *Journal) Verify(ctx context.Context, expect string) (Report, error) {
	var s slots
	if j.place.db != "" {
		var err error
		if s, err = readHead(j.place.beside("head")); err != nil {
			return Report{}, fmt.Errorf("verify: %w: %w", ErrHead, err)
		}
	}
	r, err := verify(ctx, j.read, s.head, expect, j.o.Progress)
	if err == nil && s.torn && s.seq == r.Entries {
		// A crash tears the slot of an entry that is committed already, and so is beyond the other slot.
		err = &Damage{What: "the head file: one of its slots was changed"}
	}
	if err != nil {
		return r, fmt.Errorf("verify: %w", err)
	}
	return r, nil
}

// tellEvery is how many entries lie between two words of progress.
const tellEvery = 10_000

func verify(ctx context.Context, db *sql.DB, h head, expect string, tell func(done, all int)) (r Report, err error) {
	want, err := hex.DecodeString(expect)
	if err != nil || len(want) != 0 && len(want) != sha256.Size {
		return Report{}, fmt.Errorf("expected hash %q: want 64 hex digits", expect)
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one unmoving view
	if err != nil {
		return Report{}, err
	}
	defer tx.Rollback()

	all, err := newest(ctx, tx)
	if err != nil {
		return r, &Damage{What: "the entries cannot be counted", Err: err}
	}
	r.Head = h.seq
	var w walk
	var derived tally
	err = w.run(ctx, tx, func(e Entry) {
		if r.Entries++; r.Entries == 1 {
			r.First = e.At
		}
		if tell != nil && (r.Entries%tellEvery == 0 || r.Entries == all) {
			tell(int(r.Entries), int(all))
		}
		r.Last, r.Hash = e.At, e.Hash
		if e.Body.Kind() == (Checkpoint{}).Kind() {
			r.Checkpoints++
		}
		if len(want) > 0 && bytes.Equal(w.hash[:], want) {
			r.Expected = e.Seq
		}
		for _, k := range keys(e.Body) {
			derived.add(k, e.Seq)
		}
	})
	if err != nil {
		return r, err
	}
	if err := h.meets(ctx, tx); err != nil {
		return r, err
	}
	if len(want) > 0 && r.Expected == 0 {
		return r, &Damage{What: "no entry has the expected hash " + expect}
	}
	stored, err := tallyFind(ctx, tx)
	if err != nil {
		return r, &Damage{What: "the find table cannot be read", Err: err}
	}
	if stored != derived {
		return r, &Damage{What: fmt.Sprintf("the find table has %d words, the entries %d, and they differ", stored.n, derived.n)}
	}
	var state string
	if err := tx.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&state); err != nil || state != "ok" {
		return r, &Damage{What: "the database's structure: " + state, Err: err}
	}
	return r, sameSchema(ctx, tx)
}

// sameSchema demands the tables and the triggers that guard them, word for word as this program makes them.
func sameSchema(ctx context.Context, q querier) error {
	todo, err := schemaSteps()
	if err != nil {
		return err
	}
	fresh, err := connect("", false)
	if err != nil {
		return err
	}
	defer fresh.Close()
	if err := migrate(fresh, todo, nil); err != nil {
		return err
	}
	want, err := schemaOf(ctx, fresh)
	if err != nil {
		return err
	}
	if have, err := schemaOf(ctx, q); err != nil || have != want {
		return &Damage{What: "the tables or their triggers are not as they were made", Err: err}
	}
	return nil
}

func schemaOf(ctx context.Context, q querier) (text string, err error) {
	err = q.QueryRowContext(ctx, `SELECT group_concat(quote(type) || quote(name) || quote(tbl_name) || quote(sql) ||
		quote(CASE type WHEN 'trigger' THEN rootpage ELSE rootpage > 0 END)) FROM (SELECT * FROM sqlite_schema ORDER BY type, name)`).Scan(&text)
	return text, err
}

// tally is a set of words and entries, summed up so that two sets can be compared without sorting either.
type tally struct {
	n   int64
	sum uint64
}

func (t *tally) add(key string, seq int64) {
	h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(key), uint64(seq)))
	t.n++
	t.sum += binary.BigEndian.Uint64(h[:])
}

func tallyFind(ctx context.Context, q querier) (t tally, err error) {
	rows, err := q.QueryContext(ctx, "SELECT key, seq FROM find")
	if err != nil {
		return t, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var seq int64
		if err := rows.Scan(&key, &seq); err != nil {
			return t, err
		}
		t.add(key, seq)
	}
	return t, rows.Err()
}

// Backup writes a copy of the journal to a new file, readable by its owner only, while the writer may go on.
func (j *Journal) Backup(ctx context.Context, file string) error {
	if err := vacuumInto(ctx, j.read, file); err != nil {
		return fmt.Errorf("back up to %s: %w", file, err)
	}
	return nil
}

func vacuumInto(ctx context.Context, db *sql.DB, file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return f.Sync()
}

// Restore verifies a file that Backup wrote, whole and without its head, and makes it the journal at path, where none
// may be. A head file that is there and ahead of the backup is refused (ErrHead): orders may have been sent after it. The
// restored journal starts killed, until a person has looked.
func Restore(ctx context.Context, file, path string) (r Report, err error) {
	if r, err = restore(ctx, file, path); err != nil {
		err = fmt.Errorf("restore %s from %s: %w", path, file, err)
	}
	return r, err
}

func restore(ctx context.Context, file, path string) (r Report, err error) {
	p, err := placeOf(path)
	if err != nil {
		return r, err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return r, err
	}
	if err := p.check(false); err != nil {
		return r, err
	}
	lock, err := p.lock()
	if err != nil {
		return r, err
	}
	defer lock.Close()
	if _, err := os.Lstat(p.db); err == nil {
		return r, errors.New("a journal is there already")
	}
	var h head
	if _, err := os.Lstat(p.beside("head")); err == nil {
		s, err := readHead(p.beside("head"))
		if err != nil {
			return r, fmt.Errorf("%w: %w", ErrHead, err)
		}
		h = s.head
	}
	if r, err = verifyFile(ctx, file, h); err != nil {
		return r, err
	}
	from, err := os.Open(file)
	if err != nil {
		return r, err
	}
	defer from.Close()
	if err := createWhole(p.db, from); err != nil || h.seq > 0 {
		return r, err
	}
	hash, err := hex.DecodeString(r.Hash)
	if err != nil || len(hash) != len(h.hash) {
		return r, errors.Join(err, errors.New("the backup has no entries"))
	}
	return r, createHead(p.beside("head"), head{r.Entries, [32]byte(hash)})
}

func verifyFile(ctx context.Context, file string, h head) (Report, error) {
	if _, err := os.Stat(file); err != nil {
		return Report{}, err
	}
	db, err := connect(file, true)
	if err != nil {
		return Report{}, err
	}
	defer db.Close()
	if _, err := version(ctx, db); err != nil {
		return Report{}, err
	}
	return verify(ctx, db, h, "", nil)
}
