package dashboard

import (
	"context"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"maemae/journal"
	"maemae/market"
)

// sums are what pages need of the whole journal: the curve of equity and each strategy's trading. They are folded
// forward from where the last page left off, so that no page reads five years.
type sums struct {
	mu      sync.Mutex
	seq     int64         // newest entry folded
	book    *journal.Book // of what moves orders and shares, numbered anew: what persons gave and took is told by its lots
	curve   []point
	results map[string]*result
	orders  map[string]journal.Fill // by intent: what is already counted of it, for orders of the newest date
	date    market.Date             // of orders
}

// point is the account as one snapshot showed it. Of earlier dates the last one stays.
type point struct {
	at     time.Time
	equity decimal.Decimal
	cash   decimal.Decimal
}

// result is what one strategy's fills add up to, in won.
type result struct {
	Fills  int // orders that filled, wholly or in part
	Bought decimal.Decimal
	Sold   decimal.Decimal
	Costs  decimal.Decimal
	Given  decimal.Decimal // cost of the shares that persons gave it, less that of what they took
}

const (
	sumsStep   = 128 // entries folded at a time in the background, so that no page waits long for it
	sumsOnPage = 512 // entries folded by a page that needs them, so that a young journal is shown whole at once
	curveInDay = 2   // dates that keep every snapshot
)

// catchUp folds what was written before the dashboard began, so that pages need not.
func (s *server) catchUp() {
	for more := true; more && s.ctx.Err() == nil; {
		s.sums.mu.Lock()
		var err error
		more, err = s.sums.advance(s.ctx, s.Journal, sumsStep)
		s.sums.mu.Unlock()
		if err != nil {
			return // the next page meets the same error and shows it
		}
	}
}

// summedKinds are the entries that move orders, shares and the account. Decisions, the many, move none of them.
var summedKinds = [...]string{"start", "intent", "answer", "bind", "absent", "fill", "final", "snapshot", "external", "operator"}

// advance folds at most so many new entries, and tells whether any are left.
func (s *sums) advance(ctx context.Context, j *journal.Journal, limit int) (more bool, err error) {
	n := 0
	for e, err := range j.Entries(ctx, journal.Query{Kinds: summedKinds[:], After: s.seq, Limit: limit}) {
		if err != nil {
			return false, err
		}
		if err := s.fold(e); err != nil {
			return false, err
		}
		n++
	}
	return n == limit, nil
}

func (s *sums) fold(e journal.Entry) error {
	before, seq := s.book, e.Seq
	if before == nil {
		before = &journal.Book{}
	}
	e.Seq = before.Seq() + 1
	book, err := before.Apply(e)
	if err != nil {
		return err
	}
	s.book, s.seq = book, seq
	switch b := e.Body.(type) {
	case journal.Snapshot:
		s.keep(point{at: e.At, equity: b.Account.Equity, cash: b.Account.Cash})
	case journal.Fill:
		s.fill(b)
	case journal.Operator:
		if moved := cost(book, b.Strategy).Sub(cost(before, b.Strategy)); !moved.IsZero() {
			r := s.of(b.Strategy)
			r.Given = r.Given.Add(moved)
		}
	}
	return nil
}

// cost is what the strategy's lots cost.
func cost(b *journal.Book, strategy string) (sum decimal.Decimal) {
	for _, h := range b.Holdings() {
		if h.Strategy != strategy {
			continue
		}
		for _, lot := range h.Lots {
			sum = sum.Add(lot.Value)
		}
	}
	return sum
}

// keep adds a snapshot to the curve and thins the dates before yesterday's to their last one.
func (s *sums) keep(p point) {
	last := len(s.curve) - 1
	if last >= 0 && market.DateOf(s.curve[last].at) != market.DateOf(p.at) {
		dates, from := 0, len(s.curve)
		for from > 0 && dates <= curveInDay {
			from--
			if from == 0 || market.DateOf(s.curve[from-1].at) != market.DateOf(s.curve[from].at) {
				dates++
			}
		}
		kept := s.curve[:0]
		for i, q := range s.curve {
			if i >= from || i == last || market.DateOf(s.curve[i+1].at) != market.DateOf(q.at) {
				kept = append(kept, q)
			}
		}
		s.curve = kept
	} else if last >= 0 && s.curve[last].equity.Equal(p.equity) && s.curve[last].cash.Equal(p.cash) {
		s.curve[last].at = p.at
		return
	}
	s.curve = append(s.curve, p)
}

// fill counts what is new in a cumulative fill.
func (s *sums) fill(f journal.Fill) {
	if s.orders == nil || f.Date > s.date {
		s.orders, s.date = map[string]journal.Fill{}, f.Date
	}
	before, again := s.orders[f.Intent]
	s.orders[f.Intent] = f
	r := s.of(f.Strategy)
	if !again {
		r.Fills++
	}
	value := f.Value.Sub(before.Value)
	if f.Side == "buy" {
		r.Bought = r.Bought.Add(value)
	} else {
		r.Sold = r.Sold.Add(value)
	}
	r.Costs = r.Costs.Add(f.Fee.Add(f.Tax)).Sub(before.Fee.Add(before.Tax))
}

func (s *sums) of(strategy string) *result {
	if s.results == nil {
		s.results = map[string]*result{}
	}
	r := s.results[strategy]
	if r == nil {
		r = &result{}
		s.results[strategy] = r
	}
	return r
}

// curveOf is the curve up to now, and the equity that the newest date began with.
func (s *server) curveOf(ctx context.Context) (curve []point, more bool, err error) {
	s.sums.mu.Lock()
	defer s.sums.mu.Unlock()
	more, err = s.sums.advance(ctx, s.Journal, sumsOnPage)
	return append([]point(nil), s.sums.curve...), more, err
}

// resultsOf are the strategies' sums up to now.
func (s *server) resultsOf(ctx context.Context) (map[string]result, bool, error) {
	s.sums.mu.Lock()
	defer s.sums.mu.Unlock()
	more, err := s.sums.advance(ctx, s.Journal, sumsOnPage)
	out := map[string]result{}
	for name, r := range s.sums.results {
		out[name] = *r
	}
	return out, more, err
}
