package backtest

import (
	"github.com/shopspring/decimal"

	"maemae/history"
	"maemae/market"
	"maemae/strategy"
)

// tape is one symbol laid along the sessions of an account.
type tape struct {
	of     market.Instrument
	raw    bool
	bars   strategy.Bars
	days   *sessions
	offset int     // session of the first bar, where the bars have no gap; then the other two are nil
	newest []int32 // of a session: its bar, or the newest before it; -1 before the first
	day    []int32 // of a bar: its session, or -1 where the exchange was closed

	closed  int      // bars of dates that are no session
	highest int64    // the highest price of all
	flats   []uint64 // a bit a bar: it has one price
	runs    []run    // of the closes, where a sweep asks for drawdowns
	ladders []ladder // by session, the first from 0
}

// newTape lays bars along sessions that reach from before their first date to their last or further.
func newTape(of market.Instrument, b history.Bars, days *sessions) *tape {
	t := &tape{of: of, raw: b.Raw, days: days, ladders: days.laddersOf(of, b.Raw), bars: barsOf(b)}
	t.flats = make([]uint64, len(b.Dates)/64+1)
	low := b.Low[:len(b.High)]
	for i, h := range b.High {
		t.highest = max(t.highest, h)
		if h == low[i] {
			t.flats[i>>6] |= 1 << (i & 63)
		}
	}
	t.offset = days.find(b.Dates[0])
	n := len(b.Dates)
	straight := t.offset+n <= days.len()
	for i := 0; straight && i < n; i++ {
		straight = days.dates[t.offset+i] == b.Dates[i]
	}
	if !straight {
		t.align()
	}
	return t
}

func barsOf(b history.Bars) strategy.Bars {
	return strategy.Bars{Dates: b.Dates, Scale: b.Scale, Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume}
}

// align fills the tables of bars that do not follow the sessions one by one.
func (t *tape) align() {
	t.newest, t.day = make([]int32, t.days.len()), make([]int32, t.bars.Len())
	i := 0
	for s, date := range t.days.dates {
		for ; i < t.bars.Len() && t.bars.Dates[i] <= date; i++ {
			t.day[i] = -1
			if t.bars.Dates[i] == date {
				t.day[i] = int32(s)
			} else {
				t.closed++
			}
		}
		t.newest[s] = int32(i - 1)
	}
	for ; i < t.bars.Len(); i++ {
		t.day[i] = -1
	}
}

// bar is the bar of a session, or the newest before it with here false; -1 before the first.
func (t *tape) bar(session int) (i int, here bool) {
	if t.newest == nil {
		i = session - t.offset
		if n := t.bars.Len(); i >= n {
			return n - 1, false
		}
		return max(i, -1), i >= 0
	}
	i = int(t.newest[session])
	return i, i >= 0 && int(t.day[i]) == session
}

// session is the session of a bar, -1 where it has none.
func (t *tape) session(bar int) int {
	if t.day == nil {
		return t.offset + bar
	}
	return int(t.day[bar])
}

// halted tells whether bar i is a session without trading: one price and no volume.
func (t *tape) halted(i int) bool { return t.flat(i) && t.bars.Volume[i] == 0 }

func (t *tape) flat(i int) bool { return t.flats[i>>6]>>(i&63)&1 == 1 }

// locked tells whether all of bar i traded at a price limit: nothing is to be had at the upper, nothing is to be got rid
// of at the lower. Adjusted prices were rounded, so a tick counts as the limit.
func (t *tape) locked(i int) (upper, lower bool) {
	if i == 0 || !t.flat(i) {
		return false, false
	}
	session := t.session(i)
	if session < 0 {
		return false, false
	}
	l := ladderAt(t.of, t.raw, t.days.dates[session])
	price, base := decimal.New(t.bars.Close[i], -t.bars.Scale), decimal.New(t.bars.Close[i-1], -t.bars.Scale)
	low, high := l.Limits(base, t.bars.Dates[i])
	if !t.raw {
		low, high = l.StepUp(low, 1), l.StepDown(high, 1)
	}
	return price.GreaterThan(base) && price.GreaterThanOrEqual(high), price.LessThan(base) && price.LessThanOrEqual(low)
}

// ladderAt is the ladder that counts: of raw prices that of the date, of adjusted ones today's.
func ladderAt(of market.Instrument, raw bool, on market.Date) market.Ladder {
	if raw {
		if l, known := market.LadderOn(of.Board, of.Kind, on); known {
			return l
		}
	}
	return market.LadderNow(of.Kind)
}
