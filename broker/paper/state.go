package paper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

const (
	stateVersion = 1
	stateMax     = 64 << 20 // bytes of a state file
	keptSessions = 5        // sessions whose orders can be listed
)

// state is all of an account, and the form of its file.
type state struct {
	Version int                          `json:"version"`
	Book    *Book                        `json:"book"`
	Last    int                          `json:"last"`  // number of the session's last order
	Since   market.Date                  `json:"since"` // orders of earlier sessions are no longer kept
	Orders  map[market.Date][]broker.Row `json:"orders"`
}

func newState(b *Book) *state {
	return &state{Version: stateVersion, Book: b, Orders: map[market.Date][]broker.Row{}}
}

// clone shares nothing that changes: only the rows of the current session ever do.
func (s *state) clone() *state {
	c := *s
	c.Book, c.Orders = s.Book.clone(), maps.Clone(s.Orders)
	d := s.Book.Session()
	if rows, ok := s.Orders[d]; ok {
		c.Orders[d] = slices.Clone(rows)
	}
	return &c
}

func (s *state) today() []broker.Row { return s.Orders[s.Book.Session()] }

func (s *state) append(r broker.Row) {
	d := s.Book.Session()
	s.Orders[d] = append(s.Orders[d], r)
}

// number is the next order number of the session, in the ten digits that KIS writes.
func (s *state) number() broker.OrderID {
	s.Last++
	return broker.OrderID{Date: s.Book.Session(), Number: fmt.Sprintf("%010d", s.Last)}
}

// find points to the row of an order that is no cancellation. Only one of the current session can be open.
func (s *state) find(id broker.OrderID) *broker.Row {
	rows := s.Orders[id.Date]
	for i := range rows {
		if rows[i].ID.Key() == id.Key() && rows[i].Original == "" {
			return &rows[i]
		}
	}
	return nil
}

func (s *state) cancelRest(r *broker.Row) {
	s.Book.Release(r.ID.Number)
	r.Cancelled += r.Remaining
	r.Remaining = 0
}

// roll moves the account to the moment: the orders of a session that is over end, and a new one begins.
func (s *state) roll(now time.Time, calendar *market.Calendar) error {
	d := market.DateOf(now)
	if last := s.Book.Session(); last != 0 {
		session, err := calendar.Session(last)
		if err != nil {
			return fmt.Errorf("session of the account: %w", err)
		}
		if !now.Before(session.Close) {
			rows := s.today()
			for i := range rows {
				s.cancelRest(&rows[i])
			}
		}
		if d <= last {
			return nil
		}
	}
	if _, err := calendar.Session(d); err != nil {
		return nil // closed or unknown: nothing begins, and no order is admitted
	}
	next, err := calendar.AddSessions(d, 1)
	if err != nil {
		return err
	}
	settle, err := calendar.AddSessions(d, 2)
	if err != nil {
		return err
	}
	s.Last = 0
	s.prune()
	return s.Book.BeginSession(d, next.Date, settle.Date)
}

// prune makes room for a new session's orders.
func (s *state) prune() {
	dates := slices.Sorted(maps.Keys(s.Orders))
	for len(dates) >= keptSessions {
		delete(s.Orders, dates[0])
		dates = dates[1:]
		s.Since = dates[0]
	}
}

// check finds a file whose orders and book tell different stories.
func (s *state) check() error {
	open := 0
	for d, rows := range s.Orders {
		for _, r := range rows {
			switch left, reserved := s.Book.open(r.ID.Number); {
			case r.ID.Date != d || r.Filled < 0 || r.Remaining < 0 || r.Original == "" && r.Filled+r.Remaining+r.Cancelled != r.Shares, !plain(r.Price, r.Value):
				return fmt.Errorf("order %s of %s does not add up", r.ID.Number, d)
			case r.Open() && (d != s.Book.Session() || !reserved || left != r.Remaining):
				return fmt.Errorf("order %s of %s is open, and the book reserves %d shares of %d", r.ID.Number, d, left, r.Remaining)
			case r.Open():
				open++
			}
		}
	}
	if n := s.Book.opens(); n != open || len(s.today()) > s.Last {
		return fmt.Errorf("%d open orders, %d reservations, %d rows up to number %d", open, n, len(s.today()), s.Last)
	}
	return nil
}

// load reads the file, if there is one. The book keeps the rates it has.
func (s *state) load(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, stateMax+1))
	if err != nil {
		return err
	}
	if len(text) > stateMax {
		return fmt.Errorf("%s: larger than %d bytes", path, stateMax)
	}
	if err := s.decode(text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (s *state) decode(text []byte) error {
	read := state{Book: NewBook(decimal.Zero, s.Book.costs)}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&read); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("text after the end of the account")
	}
	if read.Version != stateVersion || read.Book == nil || read.Book.Session() == 0 || read.Orders == nil {
		return fmt.Errorf("no account of version %d", stateVersion)
	}
	if err := read.check(); err != nil {
		return err
	}
	*s = read
	return nil
}

// save replaces the file. An error with replaced set means that the new file is in place, but perhaps not for good.
func (s *state) save(path string) (replaced bool, err error) {
	text, err := json.Marshal(s)
	if err != nil {
		return false, err
	}
	if err := writeSynced(path+".new", text); err != nil {
		return false, err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return false, err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return true, err
	}
	return true, errors.Join(dir.Sync(), dir.Close())
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// lockFile holds a file for this process until it is closed.
func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is held by another process: %w", path, err), f.Close())
	}
	return f, nil
}
