package backtest

import (
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"

	"maemae/market"
	"maemae/scheduler"
	"maemae/strategy"
)

// sessions are the days of an account, warm-up included, oldest first. After dates come the two on which the last
// trades settle.
type sessions struct {
	dates []market.Date
	after [2]market.Date

	reading sync.Mutex
	ladders map[issue][]ladder // those read so far
}

func (s *sessions) len() int { return len(s.dates) }

// settles is the date on which a trade of session i settles: two sessions later.
func (s *sessions) settles(i int) market.Date {
	if i+2 < len(s.dates) {
		return s.dates[i+2]
	}
	return s.after[i+2-len(s.dates)]
}

// find is the first session on or after the date, len if there is none.
func (s *sessions) find(d market.Date) int {
	return sort.Search(len(s.dates), func(i int) bool { return s.dates[i] >= d })
}

// between lists the sessions of the calendar from the first date to the last, and on their way tells the agendas of each.
func between(c *market.Calendar, first, last market.Date, all ...*agenda) (*sessions, error) {
	const inYear = 366 // days, of which every one may be a session
	n := inYear * int(last/10_000-first/10_000+1)
	s := &sessions{dates: make([]market.Date, 0, n)}
	for _, a := range all {
		a.slots = make([]slot, 0, n)
	}
	for d := first; d <= last; d = d.Add(1) {
		x, err := c.Session(d)
		if errors.Is(err, market.ErrBeyond) {
			return nil, err
		}
		if err == nil {
			s.dates = append(s.dates, x.Date)
			for _, a := range all {
				a.add(x)
			}
		}
	}
	d := last
	for i := range s.after {
		d = following(c, d)
		s.after[i] = d
	}
	return s, nil
}

// following is the session after the date; past the end of the calendar, the next weekday.
func following(c *market.Calendar, d market.Date) market.Date {
	next, err := c.NextSession(d)
	if err == nil {
		return next.Date
	}
	if !errors.Is(err, market.ErrBeyond) {
		return d
	}
	for {
		d = d.Add(1)
		if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
			return d
		}
	}
}

// slot tells at which ends of a daily bar a rule looks in one session.
type slot uint8

const (
	atOpen  slot = 1 << iota // the bar's open is the price
	atClose                  // the bar's close is the price
)

// Where in a session an order may be sent, and how near to the close a slot must be to see the finished bar.
const (
	afterOpen     = time.Minute
	beforeAuction = 10*time.Minute + 30*time.Second
	beforeClose   = time.Minute // with allow_auction
	nearClose     = 15 * time.Minute
)

// agenda is the slots of a rule, session by session.
type agenda struct {
	rule    *strategy.Strategy
	when    scheduler.When
	last    time.Duration // before the close: the last moment in which an order may be sent
	slots   []slot
	outside int // sessions whose moments all lie where no order may be sent
}

func agendaOf(rule *strategy.Strategy) (*agenda, error) {
	when, err := scheduler.ParseWhen(rule.When)
	if err != nil {
		return nil, fmt.Errorf("strategy %s: %w", rule.Name, err)
	}
	a := &agenda{rule: rule, when: when, last: beforeAuction}
	if rule.AllowAuction && rule.Order.Type != strategy.Protected {
		a.last = beforeClose
	}
	return a, nil
}

// add is the next session.
func (a *agenda) add(x market.Session) {
	var ends slot
	moments := a.when.Moments(x)
	for _, due := range moments {
		switch {
		case due.Before(x.Open.Add(afterOpen)) || due.After(x.Close.Add(-a.last)):
		case a.rule.CompletedBars || due.Before(x.Close.Add(-nearClose)):
			ends |= atOpen
		default:
			ends |= atClose
		}
	}
	if len(moments) > 0 && ends == 0 {
		a.outside++
	}
	a.slots = append(a.slots, ends)
}
