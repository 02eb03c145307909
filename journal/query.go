package journal

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sort"
	"time"

	"maemae/market"
)

// Query selects entries; a zero field selects all.
type Query struct {
	Kinds    []string
	Strategy string
	Symbol   market.Symbol
	Ref      string    // id of a decision or intent, OrderID.Key of an order at the broker, or name of a job
	Since    time.Time // At or later
	Until    time.Time // before
	After    int64     // entries with a higher number
	Before   int64     // entries with a lower number
	Newest   bool      // newest first
	Limit    int
}

// has tells whether an entry is selected, its number, moment and limit aside.
func (q Query) has(b Body) bool {
	strategy, symbol, refs := labels(b)
	return (len(q.Kinds) == 0 || slices.Contains(q.Kinds, b.Kind())) &&
		(q.Strategy == "" || q.Strategy == strategy) &&
		(q.Symbol == "" || q.Symbol == symbol) &&
		(q.Ref == "" || slices.Contains(refs, q.Ref))
}

// keys are words of the find table of which every selected entry has exactly one; none when all are selected.
func (q Query) keys() []string {
	if q.Ref != "" {
		return []string{refKey(q.Ref)}
	}
	if len(q.Kinds) == 0 && q.Strategy == "" && q.Symbol == "" {
		return nil
	}
	of := slices.Compact(slices.Sorted(slices.Values(q.Kinds)))
	if len(of) == 0 {
		of = kinds()
	}
	words := make([]string, len(of))
	for i, kind := range of {
		switch {
		case q.Strategy != "" && q.Symbol != "":
			words[i] = bothKey(kind, q.Strategy, q.Symbol)
		case q.Strategy != "":
			words[i] = strategyKey(kind, q.Strategy)
		case q.Symbol != "":
			words[i] = symbolKey(kind, q.Symbol)
		default:
			words[i] = kindKey(kind)
		}
	}
	return words
}

// Entries reads what the query selects, in order. It goes page by page and holds nothing open in between, so a slow
// reader hinders nobody, and entries written meanwhile are met unless Newest.
func (j *Journal) Entries(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := j.entries(ctx, q, func(e Entry) bool { return yield(e, nil) }); err != nil {
			yield(Entry{}, fmt.Errorf("read journal: %w", err))
		}
	}
}

func (j *Journal) entries(ctx context.Context, q Query, yield func(Entry) bool) error {
	s := span{keys: q.keys(), lo: q.After, hi: end, newest: q.Newest, n: page}
	if q.Before > 0 {
		s.hi = q.Before
	}
	if q.Limit > 0 && q.Limit < page {
		s.n = q.Limit
	}
	if err := j.narrow(ctx, &s, q); err != nil {
		return err
	}
	for left := q.Limit; ; {
		rows, err := s.rows(ctx, j.read)
		if err != nil {
			return err
		}
		for _, r := range rows {
			e, err := r.entry()
			if err != nil {
				return err
			}
			if !q.has(e.Body) {
				continue
			}
			if !yield(e) {
				return nil
			}
			if left--; left == 0 {
				return nil
			}
		}
		if len(rows) < s.n {
			return nil
		}
		if s.newest {
			s.hi = rows[len(rows)-1].seq
		} else {
			s.lo = rows[len(rows)-1].seq
		}
	}
}

// narrow turns Since and Until into numbers: moments never fall, so a search by halves finds them.
func (j *Journal) narrow(ctx context.Context, s *span, q Query) error {
	if q.Since.IsZero() && q.Until.IsZero() {
		return nil
	}
	last, err := newest(ctx, j.read)
	if err != nil {
		return err
	}
	first := func(t time.Time) int64 { // number of the first entry at t or later
		return 1 + int64(sort.Search(int(last), func(i int) bool {
			at, e := atOf(ctx, j.read, int64(i)+1)
			if e != nil && err == nil {
				err = e
			}
			return !moment(at).Before(t)
		}))
	}
	if !q.Since.IsZero() {
		s.lo = max(s.lo, first(q.Since)-1)
	}
	if !q.Until.IsZero() {
		s.hi = min(s.hi, first(q.Until))
	}
	return err
}
