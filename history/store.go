package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// extension of a column file; the name before it is the symbol.
const extension = ".bars"

// settled is how long after the close a session's bar still moves: the closing auction ends at a random moment.
const settled = 10 * time.Minute

// Store is a directory with one column file per symbol. A file is replaced whole or not at all, so a reader never sees
// half a change. Methods may be called at once within one process; two processes that write the same symbol at once
// leave the work of one of them.
type Store struct {
	dir      string
	calendar *market.Calendar
	writing  sync.Mutex
	readers  sync.Pool // of *reader
	used     sync.Pool // of *Bars, from Reuse
}

// Open opens the directory and makes it if it is missing. The calendar tells a completed bar from a forming one.
func Open(dir string, calendar *market.Calendar) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open history: %w", err)
	}
	return &Store{dir: dir, calendar: calendar}, nil
}

// Source says where bars came from and at which moment they were received.
type Source struct {
	Name string // "kis", "csv krx-daily/005930.csv"
	At   time.Time
}

// CorruptError says that a column file cannot be what was written.
type CorruptError struct {
	File string
	Err  error
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("history file %s: corrupt: %v", e.File, e.Err)
}

func (e *CorruptError) Unwrap() error { return e.Err }

// RebasedError says that the stored past and the received one disagree: the exchange or the vendor re-based it (a
// split, a rights issue), or one of the two is wrong. The way out is to fetch the whole history again and Replace it.
type RebasedError struct {
	Symbol   market.Symbol
	Date     market.Date // the first session whose closes differ
	Stored   decimal.Decimal
	Received decimal.Decimal
}

func (e *RebasedError) Error() string {
	return fmt.Sprintf("history of %s: the close of %s is %s in the store and %s as received: the past was re-based",
		e.Symbol, e.Date, e.Stored, e.Received)
}

// DetachedError says that received bars share no session with the stored ones, so that nobody can tell whether both
// are on the same base. The way out is to fetch from the last stored session on, or to Replace.
type DetachedError struct {
	Symbol market.Symbol
	From   market.Date // first and last stored session
	To     market.Date
}

func (e *DetachedError) Error() string {
	return fmt.Sprintf("history of %s: received bars share no session with the stored ones (%s to %s)", e.Symbol, e.From, e.To)
}

// Load reads the bars of a symbol from disk; keep them, the next call reads again. The error is of kind
// fs.ErrNotExist when nothing is stored, or a *CorruptError.
func (s *Store) Load(symbol market.Symbol) (Bars, error) {
	b, _, err := s.load(symbol)
	return b, err
}

// Reuse takes bars that Load gave and nobody reads any more: those that a later Load gives lie in their memory.
func (s *Store) Reuse(b Bars) { s.used.Put(&b) }

func (s *Store) load(symbol market.Symbol) (Bars, []Stretch, error) {
	if _, err := market.ParseSymbol(string(symbol)); err != nil { // a symbol becomes a file name
		return Bars{}, nil, fmt.Errorf("load history: %w", err)
	}
	f, size, err := s.open(symbol)
	if err != nil {
		return Bars{}, nil, fmt.Errorf("load history of %s: %w", symbol, err)
	}
	defer f.Close()
	r, known := s.readers.Get().(*reader)
	if !known {
		r = newReader(chunk)
	}
	defer s.readers.Put(r)
	used, known := s.used.Get().(*Bars)
	if !known {
		used = &Bars{}
	}
	r.begin(f)
	b, stretches, err := r.decode(size, *used)
	if err == nil && b.Symbol != symbol {
		err = fmt.Errorf("holds the bars of %s", b.Symbol)
	}
	if err != nil {
		return Bars{}, nil, &CorruptError{File: f.Name(), Err: err}
	}
	return b, stretches, nil
}

func (s *Store) open(symbol market.Symbol) (*os.File, int64, error) {
	// To a file O_NONBLOCK means nothing; without it the runtime asks the system four times to find that out.
	f, err := os.OpenFile(filepath.Join(s.dir, string(symbol)+extension), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// Entry is what the store holds of one symbol.
type Entry struct {
	Symbol    market.Symbol `json:"symbol"`
	Raw       bool          `json:"raw"`
	From      market.Date   `json:"from"`
	To        market.Date   `json:"to"`
	Bars      int           `json:"bars"`
	Stretches []Stretch     `json:"stretches"`
}

// List is what the store holds, in order of symbols, read from the heads of the files. Files that cannot be read are
// named in the error; the others are listed all the same.
func (s *Store) List() ([]Entry, error) {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list history: %w", err)
	}
	var entries []Entry
	var failed []error
	for _, file := range files {
		symbol, ok := strings.CutSuffix(file.Name(), extension)
		if _, err := market.ParseSymbol(symbol); !ok || err != nil {
			continue
		}
		e, err := s.entry(market.Symbol(symbol))
		if err != nil {
			failed = append(failed, err)
			continue
		}
		entries = append(entries, e)
	}
	return entries, errors.Join(failed...)
}

func (s *Store) entry(symbol market.Symbol) (Entry, error) {
	f, size, err := s.open(symbol)
	if err != nil {
		return Entry{}, err
	}
	defer f.Close()
	r := newReader(4 << 10)
	r.begin(f)
	b, count, stretches, err := r.decodeHead(size)
	if err != nil {
		return Entry{}, &CorruptError{File: f.Name(), Err: err}
	}
	e := Entry{Symbol: b.Symbol, Raw: b.Raw, Bars: count, Stretches: stretches}
	if len(stretches) > 0 {
		e.From, e.To = stretches[0].From, stretches[len(stretches)-1].To
	}
	return e, nil
}

// Change is what a Merge or Replace did.
type Change struct {
	Added     int  // sessions that were not stored
	Corrected int  // stored sessions whose open, high, low or volume is now another
	Forming   bool // the last received bar was not complete when it was received, and was left out
}

// Merge adds bars to what is stored of their symbol. Sessions in both are compared by their closes: the first
// difference is a *RebasedError and nothing is written; where the closes agree, the received bar counts. Adjusted bars
// that share no session with the stored ones are a *DetachedError. Raw and adjusted bars do not mix.
func (s *Store) Merge(b Bars, from Source) (Change, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	b, forming, err := s.completed(b, from)
	if err != nil {
		return Change{}, err
	}
	stored, stretches, err := s.load(b.Symbol)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		stored = Bars{Symbol: b.Symbol, Raw: b.Raw, Scale: b.Scale}
	case err != nil:
		return Change{}, err
	}
	merged, change, err := merge(origins(stored, stretches), origins(b, []Stretch{from.stretch(b)}))
	if err != nil {
		return Change{}, err
	}
	change.Forming = forming
	if change.Added+change.Corrected == 0 {
		return change, nil
	}
	return change, s.write(merged.Bars, merged.stretches())
}

// Replace puts bars in the place of everything stored of their symbol. No bars is an error, not a deletion.
func (s *Store) Replace(b Bars, from Source) (Change, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	b, forming, err := s.completed(b, from)
	if err == nil && b.Len() == 0 {
		err = fmt.Errorf("history of %s: no completed bars to replace the stored ones with", b.Symbol)
	}
	if err != nil {
		return Change{}, err
	}
	return Change{Added: b.Len(), Forming: forming}, s.write(b, []Stretch{from.stretch(b)})
}

// completed checks what was received and leaves out the bar that was still forming then.
func (s *Store) completed(b Bars, from Source) (Bars, bool, error) {
	if err := b.Check(); err != nil {
		return b, false, err
	}
	if _, err := market.ParseSymbol(string(b.Symbol)); err != nil {
		return b, false, fmt.Errorf("bars: %w", err)
	}
	if from.Name == "" || from.At.IsZero() {
		return b, false, fmt.Errorf("history of %s: bars without a source and the moment they were received", b.Symbol)
	}
	today, n := market.DateOf(from.At), b.Len()
	if n == 0 || b.Dates[n-1] < today {
		return b, false, nil
	}
	if last := b.Dates[n-1]; last > today {
		return b, false, fmt.Errorf("history of %s: a bar of %s received on %s", b.Symbol, last, today)
	}
	session, err := s.calendar.Session(today)
	if err == nil && !from.At.Before(session.Close.Add(settled)) {
		return b, false, nil
	}
	return b.slice(0, n-1), true, nil
}

func (from Source) stretch(b Bars) Stretch {
	st := Stretch{Bars: b.Len(), Source: from.Name, Since: from.At, Until: from.At}
	if b.Len() > 0 {
		st.From, st.To = b.Dates[0], b.Dates[b.Len()-1]
	}
	return st
}

// write replaces the file of the symbol: a temporary file beside it, on disk before it takes the name.
func (s *Store) write(b Bars, stretches []Stretch) (err error) {
	f, err := os.CreateTemp(s.dir, "."+string(b.Symbol)+"-*.tmp")
	if err != nil {
		return fmt.Errorf("write history of %s: %w", b.Symbol, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("write history of %s: %w", b.Symbol, err)
		}
	}()
	err = encode(f, b, stretches)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err = os.Rename(f.Name(), filepath.Join(s.dir, string(b.Symbol)+extension)); err != nil {
		return err
	}
	return syncDir(s.dir)
}

// syncDir makes the new name itself durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
