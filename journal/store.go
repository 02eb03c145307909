package journal

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the database driver

	"maemae/market"
)

// ErrNewer: a newer maemae wrote the journal.
var ErrNewer = errors.New("the journal is of a newer maemae")

// application marks the database file as a journal ("maem").
const application = 0x6d61656d

//go:embed schema
var schema embed.FS

// row is an entry as it is stored.
type row struct {
	seq, at    int64
	kind, body string
	hash       []byte
}

func (r row) entry() (Entry, error) {
	b, err := decode(r.kind, []byte(r.body))
	if err != nil {
		return Entry{}, &Damage{Seq: r.seq, What: "cannot be read", Err: err}
	}
	return Entry{Seq: r.seq, At: moment(r.at), Body: b, Hash: fmt.Sprintf("%x", r.hash)}, nil
}

func moment(at int64) time.Time { return time.Unix(0, at).In(market.KST) }

// connect opens a pool on the file, or on a database in memory if the path is empty.
func connect(path string, readOnly bool) (*sql.DB, error) {
	name, conns := "file::memory:?", 1
	if path != "" {
		name = "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
	}
	pragmas := "_pragma=busy_timeout(5000)&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)"
	if readOnly {
		name, conns = name+"mode=ro&"+pragmas, 4
	} else {
		name += pragmas + "&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// querier is what a pool and a transaction both do.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// version reads the schema version of a journal; 0 for an empty database.
func version(ctx context.Context, q querier) (int, error) {
	var id, v, tables int
	err := errors.Join(
		q.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id),
		q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v),
		q.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables))
	switch {
	case err != nil:
		return 0, err
	case id != application && (id != 0 || v != 0 || tables != 0):
		return 0, errors.New("the file is not a journal of maemae")
	}
	return v, nil
}

// steps reads the numbered schema files of a folder: step n leads from version n-1 to n.
func steps(folder fs.FS) (sql []string, err error) {
	for {
		text, err := fs.ReadFile(folder, fmt.Sprintf("%d.sql", len(sql)+1))
		if errors.Is(err, fs.ErrNotExist) {
			return sql, nil
		}
		if err != nil {
			return nil, err
		}
		sql = append(sql, string(text))
	}
}

// migrate brings the database to the newest step, each step whole or not at all. before runs once, ahead of changing a
// journal that has entries.
func migrate(db *sql.DB, steps []string, before func(version int) error) error {
	v, err := version(context.Background(), db)
	if err != nil {
		return err
	}
	if v > len(steps) {
		return fmt.Errorf("%w: schema %d, this program knows %d", ErrNewer, v, len(steps))
	}
	if v > 0 && v < len(steps) {
		if err := before(v); err != nil {
			return fmt.Errorf("back up schema %d: %w", v, err)
		}
	}
	for n := v + 1; n <= len(steps); n++ {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		_, err = tx.Exec(steps[n-1] + fmt.Sprintf("; PRAGMA application_id = %d; PRAGMA user_version = %d", application, n))
		if err != nil {
			return errors.Join(fmt.Errorf("migrate to schema %d: %w", n, err), tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("migrate to schema %d: %w", n, err)
		}
	}
	return nil
}

// span selects at most n rows with lo < seq < hi that have one of the keys; without keys, all.
type span struct {
	keys   []string
	lo, hi int64
	newest bool
	n      int
}

// rows reads a span, in order. Keys are disjoint words (an entry has at most one of them), and the index holds each
// one's entries in order, so the database merges and never sorts.
func (s span) rows(ctx context.Context, q querier) ([]row, error) {
	order := "ASC"
	if s.newest {
		order = "DESC"
	}
	var query strings.Builder
	var args []any
	if len(s.keys) == 0 {
		query.WriteString("SELECT seq, at, kind, body, hash FROM entry WHERE seq > ? AND seq < ? ORDER BY seq " + order + " LIMIT ?")
		args = append(args, s.lo, s.hi)
	} else {
		query.WriteString("SELECT e.seq, e.at, e.kind, e.body, e.hash FROM (")
		for i, k := range s.keys {
			if i > 0 {
				query.WriteString(" UNION ALL ")
			}
			query.WriteString("SELECT seq FROM find WHERE key = ? AND seq > ? AND seq < ?")
			args = append(args, k, s.lo, s.hi)
		}
		query.WriteString(" ORDER BY seq " + order + " LIMIT ?) AS f CROSS JOIN entry AS e ON e.seq = f.seq ORDER BY f.seq " + order)
	}
	found, err := q.QueryContext(ctx, query.String(), append(args, s.n)...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var all []row
	for found.Next() {
		var r row
		if err := found.Scan(&r.seq, &r.at, &r.kind, &r.body, &r.hash); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, found.Err()
}

// atOf is the moment of that entry.
func atOf(ctx context.Context, q querier, seq int64) (at int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT at FROM entry WHERE seq = ?", seq).Scan(&at)
	return at, err
}

// newest is the highest number; 0 if there is none.
func newest(ctx context.Context, q querier) (seq int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM entry").Scan(&seq)
	return seq, err
}
