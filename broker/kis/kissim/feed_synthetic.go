package kissim

import (
	"fmt"

	"maemae/market"
)

// A synthetic market has 005930, 000660 and up to maxSymbols more.
const maxSymbols = 2000

// syntheticEnd is the last session in the data of a synthetic market that nobody gave a start.
const syntheticEnd market.Date = 20241202

// anchors are prices around which synthetic issues live, in won.
var anchors = [...]int64{2_600, 4_700, 8_900, 14_500, 23_000, 37_000, 52_000, 76_000, 118_000, 184_000, 262_000, 420_000}

// newSynthetic is a market made from a seed: integer arithmetic only, the same for ever for the same seed and year of
// start. It begins with the first session two years before that year, so that at least 250 sessions lie before start.
func newSynthetic(seed uint64, symbols int, start market.Date, cal *market.Calendar) (*feed, error) {
	if symbols < 0 || symbols > maxSymbols {
		return nil, fmt.Errorf("synthetic market: %d symbols: want 0 to %d", symbols, maxSymbols)
	}
	genesis, err := cal.NextSession((start/10000-2)*10000 + 101)
	if err != nil {
		return nil, fmt.Errorf("synthetic market: two years of sessions before %s: %w", start, err)
	}
	f := &feed{issues: map[market.Symbol]*issue{}}
	add := func(i market.Instrument, anchor int64, halts bool) {
		f.issues[i.Symbol] = synthetic(i, seed, anchor, halts, genesis.Date, cal)
	}
	add(market.Instrument{Symbol: "005930", Name: "삼성전자", Board: market.KOSPI, Kind: market.Stock}, 60_000, false)
	add(market.Instrument{Symbol: "000660", Name: "SK하이닉스", Board: market.KOSPI, Kind: market.Stock}, 170_000, false)
	for n := range int64(symbols) {
		board := market.KOSPI
		if n%2 == 1 {
			board = market.KOSDAQ
		}
		symbol := market.Symbol(fmt.Sprintf("%06d", 100_010+n*430))
		name := fmt.Sprintf("가상%03d", n+1)
		add(market.Instrument{Symbol: symbol, Name: name, Board: board, Kind: market.Stock}, anchors[n%int64(len(anchors))], true)
	}
	return f, nil
}

// dice is splitmix64.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// upTo is a number from 0 up to, not including, n.
func (d *dice) upTo(n int64) int64 { return int64(d.next() % uint64(n)) }

// around is a bell-shaped number between -n and n.
func (d *dice) around(n int64) int64 {
	sum := int64(0)
	for range 4 {
		sum += d.upTo(2*n+1) - n
	}
	return sum / 4
}

// walker makes the days of one synthetic issue, one after another. Returns are in millionths.
type walker struct {
	*issue
	dice
	anchor int64
	halts  bool
	price  int64 // last close
	drift  int64 // of the present trend, a session
	days   int64 // sessions the trend still lasts
	halt   int64 // sessions the present halt still lasts
}

func synthetic(of market.Instrument, seed uint64, anchor int64, halts bool, genesis market.Date, cal *market.Calendar) *issue {
	i := &issue{Instrument: of}
	w := &walker{issue: i, dice: dice(seed), anchor: anchor, halts: halts}
	for _, c := range []byte(of.Symbol) {
		w.dice = dice(w.next() ^ uint64(c))
	}
	w.price = i.grid(genesis).down(anchor * (850_000 + w.upTo(300_000)) / 1_000_000)
	grown := genesis.Add(-1)
	i.grow = func(until market.Date) {
		for grown < until {
			grown = grown.Add(1)
			if _, err := cal.Session(grown); err == nil {
				i.bars = append(i.bars, w.day(grown))
			}
		}
	}
	return i
}

// day is the next session. One in some hundred begins a halt, written the way KIS writes it: without open, high and low.
func (w *walker) day(d market.Date) bar {
	if w.halt == 0 && w.halts && w.upTo(400) == 0 {
		w.halt = 1 + w.upTo(3)
	}
	if w.halt > 0 {
		w.halt--
		return bar{date: d, close: w.price}
	}
	w.turn()
	lower, upper := w.limits(w.price, bar{date: d})
	g := w.grid(d)
	at := func(from, move int64) int64 {
		price := from * (1_000_000 + move) / 1_000_000
		return min(max(g.down(price+g.tick(price)/2), lower), upper)
	}
	b := bar{date: d, open: at(w.price, w.around(12_000)), close: at(w.price, w.drift+w.around(45_000))}
	b.high = at(max(b.open, b.close), abs(w.around(15_000)))
	b.low = at(min(b.open, b.close), -abs(w.around(15_000)))
	b.volume = (200_000 + w.upTo(600_000)) * (1 + 40_000/w.anchor) * (1_000_000 + 20*abs(b.close-w.price)*1_000_000/w.price) / 1_000_000
	w.price = b.close
	return b
}

// turn begins another trend when the present one is over: up or down, but back towards the anchor from afar.
func (w *walker) turn() {
	if w.days--; w.days > 0 {
		return
	}
	w.days = 8 + w.upTo(35)
	w.drift = w.upTo(9_000) - 4_500
	switch {
	case w.price > 2*w.anchor:
		w.drift = -2_000 - w.upTo(3_000)
	case w.price < w.anchor/2:
		w.drift = 2_000 + w.upTo(3_000)
	}
}

func abs(n int64) int64 { return max(n, -n) }
