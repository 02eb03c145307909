package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

// Result is what a slot came to.
type Result struct {
	Decisions, Buys, Sells, Orders, Refusals int
	Read                                     time.Duration // until the last symbol was read
	Took                                     time.Duration
}

// sight is what the feed showed of one symbol, or why it did not.
type sight struct {
	bars    strategy.Bars
	forming bool
	quote   market.Quote
	err     error
}

// Slot runs the rules that are due at one moment: the past first, then every decision of every rule and symbol, written
// together, then the orders: sells in file order, then buys in file order. An error means that the slot did not run and
// no decision was recorded.
func (e *Engine) Slot(ctx context.Context, due time.Time, rules []*strategy.Strategy) (Result, error) {
	e.turn.Lock()
	defer e.turn.Unlock()
	began := e.Now()
	if err := e.heed(); err != nil {
		return Result{}, err
	}
	if err := e.past(ctx, due); err != nil {
		return Result{}, fmt.Errorf("slot %s: %w", due.Format("2006-01-02 15:04"), err)
	}
	seen, err := e.look(ctx, due, rules)
	if err != nil {
		return Result{}, fmt.Errorf("slot %s: %w", due.Format("2006-01-02 15:04"), err)
	}
	res := Result{Read: e.Now().Sub(began)}
	wishes, err := e.decide(due, rules, seen)
	if err != nil {
		return Result{}, err
	}
	res.Decisions = len(wishes)
	for _, side := range []strategy.Answer{strategy.Sell, strategy.Buy} {
		for _, w := range wishes {
			if w.decision.Answer != side {
				continue
			}
			if side == strategy.Sell {
				res.Sells++
			} else {
				res.Buys++
			}
			f, err := e.act(ctx, w)
			if err != nil {
				return res, err
			}
			if f.sent {
				res.Orders++
			} else {
				res.Refusals++
			}
		}
	}
	res.Took = e.Now().Sub(began)
	return res, nil
}

// Ask is what the rules would answer at the moment with this account: the market is read, nothing is written or sent.
func (e *Engine) Ask(ctx context.Context, due time.Time, rules []*strategy.Strategy, a broker.Account) ([]journal.Decision, error) {
	e.turn.Lock()
	defer e.turn.Unlock()
	seen, err := e.look(ctx, due, rules)
	if err != nil {
		return nil, err
	}
	var out []journal.Decision
	for _, r := range rules {
		for _, s := range r.Symbols {
			out = append(out, journal.Decision{ID: decisionID(due, r.Name, s), Decision: e.answer(due, r, s, seen, Funds(e.book(), a))})
		}
	}
	return out, nil
}

// wish is a decision together with the rule it came from.
type wish struct {
	id       string
	decision strategy.Decision
	rule     *strategy.Strategy
	quote    market.Quote // what the decision saw
	slot     bool         // of a slot: it is not decided again at the next look
	override bool         // a person lets it pass the limits
	volume   int64        // shares an average day trades; 0 where it is not known
}

// key names the rule and symbol of a wish, of which there is one at a time.
func (w wish) key() string { return w.rule.Name + "/" + string(w.decision.Symbol) }

// look reads every symbol of the rules once, several at a time; the broker's rate limit sets the pace. A symbol that
// cannot be read costs only its own decisions; a cancelled context costs the slot.
func (e *Engine) look(ctx context.Context, due time.Time, rules []*strategy.Strategy) (map[market.Symbol]sight, error) {
	need := map[market.Symbol]int{}
	var order []market.Symbol
	ask := func(s market.Symbol, bars int) {
		if _, known := need[s]; !known {
			order = append(order, s)
		}
		need[s] = max(need[s], bars, e.Bars)
	}
	for _, r := range rules {
		for _, s := range r.Symbols {
			ask(s, r.WarmUp())
		}
		if r.Index != "" {
			ask(r.Index, r.WarmUp())
		}
	}
	seen := make([]sight, len(order))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(e.Readers, len(order)) {
		wg.Go(func() {
			for i := range next {
				s := &seen[i]
				*s = e.sight(ctx, order[i], need[order[i]], due)
			}
		})
	}
	for i := range order {
		next <- i
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make(map[market.Symbol]sight, len(order))
	for i, s := range order {
		out[s] = seen[i]
	}
	return out, nil
}

// sight reads one symbol. A price that the exchange does not allow today is no price: it would set off exits.
func (e *Engine) sight(ctx context.Context, s market.Symbol, n int, due time.Time) (seen sight) {
	seen.bars, seen.forming, seen.quote, seen.err = e.Feed.Bars(ctx, s, n, due)
	q := seen.quote
	if seen.err == nil && (q.Upper.Sign() > 0 && q.Price.GreaterThan(q.Upper) || q.Price.LessThan(q.Lower)) {
		seen.err = fmt.Errorf("price %s is outside the day's limits %s to %s", q.Price, q.Lower, q.Upper)
	}
	return seen
}

// decide asks every rule about every symbol and writes all answers in one transaction.
func (e *Engine) decide(due time.Time, rules []*strategy.Strategy, seen map[market.Symbol]sight) ([]wish, error) {
	funds, err := e.funds()
	if err != nil {
		return nil, err
	}
	var wishes []wish
	var entries []journal.Body
	for _, r := range rules {
		for _, s := range r.Symbols {
			d := e.answer(due, r, s, seen, funds)
			id := decisionID(due, r.Name, s)
			w := wish{id: id, decision: d, rule: r, quote: seen[s].quote, slot: true, volume: seen[s].volume()}
			delete(e.waiting, w.key()) // the rule has decided anew
			wishes = append(wishes, w)
			entries = append(entries, journal.Decision{ID: id, Decision: d})
		}
	}
	return wishes, e.write(entries...)
}

// answer is one rule's decision about one symbol.
func (e *Engine) answer(due time.Time, r *strategy.Strategy, s market.Symbol, all map[market.Symbol]sight, funds strategy.Funds) strategy.Decision {
	seen := all[s]
	missing := func(err error) strategy.Decision {
		return strategy.Decision{Strategy: r.Name, Revision: r.Revision, Symbol: s, Due: due, Answer: strategy.Hold, Reason: strategy.DataMissing, Detail: err.Error()}
	}
	if seen.err != nil {
		return missing(seen.err)
	}
	v := e.view(due, r, s, seen.quote)
	v.Bars, v.Forming, v.Funds = seen.bars, seen.forming, funds
	if r.Index != "" {
		index := all[r.Index]
		if index.err != nil {
			return missing(fmt.Errorf("index %s: %w", r.Index, index.err))
		}
		v.Bars = v.Bars.WithIndex(index.bars)
	}
	return r.Decide(v)
}

func (e *Engine) view(due time.Time, r *strategy.Strategy, s market.Symbol, q market.Quote) strategy.View {
	return View(e.book(), e.Calendar, due, r, s, q)
}

// View is what a rule may know of a symbol besides bars and funds, as the book has it: its own lots, what it has
// working, and whether it entered today.
func View(b *journal.Book, cal *market.Calendar, due time.Time, r *strategy.Strategy, s market.Symbol, q market.Quote) strategy.View {
	date := market.DateOf(due)
	v := strategy.View{Symbol: s, Due: due, Price: q.Price, Halted: q.Halted, EnteredToday: b.Entered(r.Name, s, date)}
	for _, o := range b.Working(s) {
		v.Working = v.Working || o.Intent.Strategy == r.Name
	}
	if p := b.Position(r.Name, s); p != nil {
		p.Sessions = sessionsSince(cal, p.Since, date)
		p.High = decimal.Max(p.High, q.Price)
		v.Holding = p
	}
	return v
}

// sessionsSince counts sessions after the first date up to and including the second.
func sessionsSince(cal *market.Calendar, from, to market.Date) int {
	if from == 0 || to <= from {
		return 0
	}
	between, err := cal.Sessions(from.Add(1), to)
	if err != nil {
		return 0
	}
	return len(between)
}

// funds are read once, at the start of a slot.
func (e *Engine) funds() (strategy.Funds, error) {
	a, ok := e.book().Account()
	if !ok {
		return strategy.Funds{}, errors.New("no account has been read")
	}
	return Funds(e.book(), a), nil
}

// Funds is what sizes are taken from: the account's equity, and its cash less what working buys hold back.
func Funds(b *journal.Book, a broker.Account) strategy.Funds {
	return strategy.Funds{Equity: a.Equity, Cash: decimal.Max(a.Cash.Sub(b.Reserved()), decimal.Zero)}
}

// Watch looks at the exits of everything held, between slots: stops, targets, trailing stops and holding times, by the
// present price alone. A decision is recorded only when an exit applies.
func (e *Engine) Watch(ctx context.Context, at time.Time) error {
	e.turn.Lock()
	defer e.turn.Unlock()
	if err := e.settle(ctx, at); err != nil {
		return err
	}
	var failed []error
	quotes := map[market.Symbol]market.Quote{}
	for _, r := range e.rules {
		x := r.Exits
		if x.StopLoss.IsZero() && x.TakeProfit.IsZero() && x.TrailingStop.IsZero() {
			continue
		}
		for _, s := range r.Symbols {
			if _, waits := e.waiting[r.Name+"/"+string(s)]; waits || e.book().Position(r.Name, s) == nil {
				continue
			}
			q, read := quotes[s]
			if !read {
				seen := e.sight(ctx, s, 0, at)
				if seen.err != nil {
					failed = append(failed, fmt.Errorf("watch %s: %w", s, seen.err)) // the others are watched all the same
					continue
				}
				q, quotes[s] = seen.quote, seen.quote
			}
			if err := e.watch(ctx, at, r, s, q); err != nil {
				return err
			}
		}
	}
	return errors.Join(failed...)
}

func (e *Engine) watch(ctx context.Context, at time.Time, r *strategy.Strategy, s market.Symbol, q market.Quote) error {
	if p := e.book().Position(r.Name, s); r.Exits.TrailingStop.Sign() > 0 && q.Price.GreaterThan(p.High) {
		if err := e.write(journal.Mark{Strategy: r.Name, Symbol: s, Price: q.Price}); err != nil {
			return err
		}
	}
	d, applies := r.CheckExits(e.view(at, r, s, q))
	if !applies || d.Answer != strategy.Sell {
		return nil // an exit that has to wait is asked again at the next look
	}
	w := wish{id: decisionID(at, r.Name, s), decision: d, rule: r, quote: q}
	if err := e.write(journal.Decision{ID: w.id, Decision: d}); err != nil {
		return err
	}
	_, err := e.act(ctx, w)
	return err
}

// decisionID names a decision so that a person can say it: 20261126-151500-golden-cross-005930.
func decisionID(due time.Time, rule string, s market.Symbol) string {
	return due.In(market.KST).Format("20060102-150405") + "-" + rule + "-" + string(s)
}
