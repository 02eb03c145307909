package strategy

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// Where the truths alone are asked for, the numbers they rest on are needed for a moment: they are made in the memory that
// the last evaluation left. A long history is evaluated in blocks besides, where that changes nothing: the numbers of a
// block fit the processor's cache, and the next block's take their place.

// blockBars is the length of a block: a column of it is 64 KiB.
const blockBars = 8192

// windowed tells whether both sides depend on so few of the newest bars that blocks pay, and on nothing else.
func (p *program) windowed() bool {
	if p.warmUp() > blockBars/8 {
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

// truths are both sides of a program whose sell does not ask for the position; those of a sell that is not there have no
// bars.
func (p *program) truths(b Bars) (buy, sell series.Bits) {
	if b.Len() >= 2*blockBars && p.windowed() {
		return p.inBlocks(b, blockBars)
	}
	return p.inBlocks(b, (b.Len()+63)/64*64)
}

// inBlocks evaluates a program in blocks of so many bars, a multiple of 64: a windowed one, or any in one block.
func (p *program) inBlocks(b Bars, size int) (buy, sell series.Bits) {
	n, lead := b.Len(), (p.warmUp()+63)/64*64
	buy = series.NotReadyBits(n)
	if p.sell != nil {
		sell = series.NotReadyBits(n)
	}
	f, _ := p.spare.Get().(*frame)
	if f == nil {
		f = newFrame(Bars{}, decimal.Decimal{})
		f.room, f.columns = &series.Room{}, make([]column, len(p.columns))
	}
	defer p.spare.Put(f)
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
