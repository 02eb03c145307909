package kissim

import (
	"cmp"
	"slices"

	"maemae/market"
)

// day is the session's bar of an issue; false when it has none (its data has not begun, or is over).
func (x *exchange) day(i *issue) (bar, bool) {
	bars := i.known(x.session.Date)
	if n := len(bars); n > 0 && bars[n-1].date == x.session.Date {
		return bars[n-1], true
	}
	return bar{}, false
}

// find is the issue of a symbol; nil if it is not listed by now.
func (x *exchange) find(s market.Symbol) *issue {
	i := x.feed.issues[s]
	if i == nil || len(i.known(x.session.Date)) == 0 {
		return nil
	}
	return i
}

// quote is what the exchange shows of an issue: the session that has last begun, as far as it has gone.
type quote struct {
	*issue
	bar                // so far; without prices and volume before the open and on a halted day
	before       bar   // the session before
	price        int64 // of the last trade
	base         int64
	lower, upper int64
	ask, bid     int64 // zero where nobody stands
	locked       int   // +1 all day at the upper limit, -1 at the lower
	suspended    bool
}

// quote needs an issue that is listed by now.
func (x *exchange) quote(i *issue) quote {
	q := quote{issue: i, bar: bar{date: x.session.Date}}
	bars := i.known(x.session.Date)
	day := bars[len(bars)-1]
	if traded := day.date == x.session.Date; !traded {
		q.before, day = day, q.bar
	} else if len(bars) > 1 {
		q.before = bars[len(bars)-2]
	}
	q.suspended = day.halted()
	q.base = cmp.Or(q.before.close, day.open, day.close)
	q.price = q.base
	q.lower, q.upper = i.limits(q.base, day)
	if q.suspended {
		return q
	}
	if day.high == day.low && day.low == q.upper {
		q.locked = 1
	} else if day.high == day.low && day.low == q.lower {
		q.locked = -1
	}
	if x.at.Before(x.session.Open) {
		return q
	}
	q.bar = newPath(day, i.grid(day.date), x.session).sofar(x.second(x.at))
	q.price = q.bar.close
	q.ask = min(q.price+i.grid(day.date).tick(q.price), q.upper)
	q.bid = q.price
	switch q.locked {
	case 1:
		q.ask = 0
	case -1:
		q.ask, q.bid = q.price, 0
	}
	return q
}

// bars are an issue's sessions, oldest first, today's as far as it has gone.
func (x *exchange) bars(i *issue) []bar {
	bars := i.known(x.session.Date)
	n := len(bars)
	if n == 0 || bars[n-1].date != x.session.Date {
		return bars
	}
	if x.at.Before(x.session.Open) {
		return bars[:n-1]
	}
	if bars[n-1].halted() {
		return bars
	}
	return append(slices.Clone(bars[:n-1]), x.quote(i).bar)
}
