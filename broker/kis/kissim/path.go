package kissim

import (
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// bar is a market.Bar in whole won: KRX prices have no fraction. A halted day has volume 0.
type bar struct {
	date                           market.Date
	open, high, low, close, volume int64
}

func (b bar) halted() bool { return b.volume == 0 || b.open == 0 }

// grid is a tick ladder over whole won.
type grid struct{ market.Ladder }

func (g grid) tick(price int64) int64 { return g.Tick(decimal.NewFromInt(price)).IntPart() }
func (g grid) down(price int64) int64 { return price - price%g.tick(price) }

// path is the walk of one issue through one session. Seconds count from the open.
type path struct {
	bar
	grid
	seconds int64 // from open to close
	auction int64 // second at which the closing auction begins
	points  [4]int64
}

func newPath(b bar, g grid, s market.Session) path {
	p := path{bar: b, grid: g, seconds: int64(s.Close.Sub(s.Open) / time.Second), auction: int64(s.Auction().Sub(s.Open) / time.Second)}
	p.points = [4]int64{b.open, b.high, b.low, b.close}
	if b.close >= b.open {
		p.points = [4]int64{b.open, b.low, b.high, b.close}
	}
	return p
}

// corner is the second at which the i-th point is reached.
func (p path) corner(i int) int64 { return p.seconds * int64(i) / 3 }

// last is the last traded price at that second: still during the closing auction, the close from the close on.
func (p path) last(second int64) int64 {
	switch {
	case second >= p.seconds:
		return p.close
	case second > p.auction:
		second = p.auction
	}
	i := 0
	for i < 2 && second >= p.corner(i+1) {
		i++
	}
	from, to := p.points[i], p.points[i+1]
	if second == p.corner(i) {
		return from
	}
	price := from + (to-from)*(second-p.corner(i))/(p.corner(i+1)-p.corner(i))
	return min(max(p.down(price), min(from, to)), max(from, to))
}

// sofar is the session's bar up to that second. Some volume is there from the opening auction on.
func (p path) sofar(second int64) bar {
	second = min(second, p.seconds)
	b := bar{date: p.date, open: p.open, close: p.last(second)}
	b.high, b.low = max(b.open, b.close), min(b.open, b.close)
	reached := min(second, p.auction)
	if second == p.seconds {
		reached = second
	}
	for i := 1; i < 3; i++ {
		if reached >= p.corner(i) {
			b.high, b.low = max(b.high, p.points[i]), min(b.low, p.points[i])
		}
	}
	b.volume = max(1, mulDiv(p.volume, reached+1, p.seconds+1))
	return b
}

// mulDiv is a × b / c for c above b, without leaving 64 bits.
func mulDiv(a, b, c int64) int64 { return a/c*b + a%c*b/c }

// touch is the first second from from up to, not including, the closing auction at which the last price is at the
// limit or better for the side.
func (p path) touch(side broker.Side, limit, from int64) (int64, bool) {
	reached := func(second int64) bool { return reaches(side, limit, p.last(second)) }
	for i := range 3 {
		a, b := max(from, p.corner(i)), min(p.corner(i+1), p.auction-1)
		if a > b {
			continue
		}
		if reached(a) {
			return a, true
		}
		if !reached(b) {
			continue
		}
		for b-a > 1 { // within a leg the price goes one way
			if middle := a + (b-a)/2; reached(middle) {
				b = middle
			} else {
				a = middle
			}
		}
		return b, true
	}
	return 0, false
}

// reaches tells whether a trade at price fills an order with that limit.
func reaches(side broker.Side, limit, price int64) bool {
	if side == broker.Buy {
		return price <= limit
	}
	return price >= limit
}
