package strategy

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// A long history is evaluated in blocks where that changes nothing: the numbers of a block fit the processor's cache, and
// the next block's take their place.

// blockBars is the length of a block: a column of it is 64 KiB.
const blockBars = 8192

// windowed tells whether both sides depend on so few of the newest bars that blocks pay, and on nothing else. A sell that
// asks for the position is asked bar by bar later and needs the numbers themselves.
func (p *program) windowed() bool {
	if p.warmUp() > blockBars/8 || p.sell != nil && p.sell.position != nil {
		return false
	}
	for _, e := range p.columns {
		switch e.op {
		case opIndicator:
			if !e.spec.Windowed {
				return false
			}
		case opCandles, opPattern, opBarsSince, opStreak:
			return false
		}
	}
	return true
}

// inBlocks evaluates a windowed program in blocks of so many bars, a multiple of 64.
func (p *program) inBlocks(b Bars, size int) (buy, sell series.Bits) {
	n, lead := b.Len(), (p.warmUp()+63)/64*64
	buy = series.NotReadyBits(n)
	if p.sell != nil {
		sell = series.NotReadyBits(n)
	}
	f := newFrame(b, decimal.Decimal{})
	f.room = &series.Room{}
	f.columns = make([]column, len(p.columns))
	for at := 0; at < n; at += size {
		first := max(0, at-lead)
		f.restart(b.between(first, min(n, at+size)))
		f.evaluate(p, 0)
		buy.Splice(at, f.truths(p.buy), at-first)
		if p.sell != nil {
			sell.Splice(at, f.truths(p.sell), at-first)
		}
	}
	return buy, sell
}
