package backtest

import (
	"errors"
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
	dates  []market.Date
	after  [2]market.Date
	opens  []int64 // Unix seconds: a time would have the garbage collector look at each
	closes []int64
	zone   *time.Location

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

// between lists the sessions of the calendar from the first date to the last, of which there must be one.
func between(c *market.Calendar, first, last market.Date) (*sessions, error) {
	const inYear = 366 // days, of which every one may be a session
	n := inYear * int(last/10_000-first/10_000+1)
	s := &sessions{dates: make([]market.Date, 0, n), opens: make([]int64, 0, n), closes: make([]int64, 0, n)}
	for d := first; d <= last; d = d.Add(1) {
		x, err := c.Session(d)
		if errors.Is(err, market.ErrBeyond) {
			return nil, err
		}
		if err == nil {
			s.dates, s.opens, s.closes = append(s.dates, x.Date), append(s.opens, x.Open.Unix()), append(s.closes, x.Close.Unix())
			s.zone = x.Open.Location()
		}
	}
	if s.len() == 0 {
		return nil, errors.New("no session counts: the exchange was closed on every date that has a bar")
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

// slots finds the slots of a rule in every session. Outside counts the sessions whose moments all lie where no order
// may be sent.
func slots(rule *strategy.Strategy, s *sessions) (list []slot, outside int, err error) {
	when, err := scheduler.ParseWhen(rule.When)
	if err != nil {
		return nil, 0, err
	}
	last := beforeAuction
	if rule.AllowAuction && rule.Order.Type != strategy.Protected {
		last = beforeClose
	}
	list = make([]slot, s.len())
	for i := range list {
		opens, closes := time.Unix(s.opens[i], 0).In(s.zone), time.Unix(s.closes[i], 0).In(s.zone)
		moments := when.Moments(market.Session{Date: s.dates[i], Open: opens, Close: closes})
		for _, due := range moments {
			switch {
			case due.Before(opens.Add(afterOpen)) || due.After(closes.Add(-last)):
			case rule.CompletedBars || due.Before(closes.Add(-nearClose)):
				list[i] |= atOpen
			default:
				list[i] |= atClose
			}
		}
		if len(moments) > 0 && list[i] == 0 {
			outside++
		}
	}
	return list, outside, nil
}
