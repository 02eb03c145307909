// Package works holds what engines are measured with: made-up bars that are the same on every machine, three pieces of
// work over them with their right answers, and loops that do the same work with nothing else in their way. It knows no
// rule language and no engine.
//
// The work is a moving average of the closes that crosses a slower one: 10 shares are bought where it comes to lie
// above, and sold where it comes to lie below, at the open of the next bar. The fee is 0.015 % of what is traded, kept to
// the hundred-thousandth of a won; there is no tax. The account begins with 100,000,000 won.
package works

import (
	"time"

	"maemae/history"
	"maemae/market"
)

// Answer is what a work comes to. Money is in 1/100,000 won.
type Answer struct {
	Fills  int
	Equity int64 // at the last close; of several accounts, of all
	Fall   int64 // the largest fall of the equity from a high, close by close; of several accounts, of all
}

// Add counts another account in.
func (a *Answer) Add(b Answer) {
	a.Fills, a.Equity, a.Fall = a.Fills+b.Fills, a.Equity+b.Equity, a.Fall+b.Fall
}

// The right answers.
var (
	Long  = Answer{20_191, 10_172_281_716_100, 511_263_940_800}          // one symbol of LongBars bars, 20 closes and 60
	Many  = Answer{117_558, 24_996_734_481_183_500, 125_600_600_848_100} // Symbols of Bars bars, 20 closes and 60
	Pairs = Answer{234_884, 99_702_335_673_671_000, 607_214_337_312_500} // one symbol of Bars bars, all pairs of Fast and Slow
	Short = Answer{2_012, 9_990_051_301_750, 355_227_440_000}            // the first 100,000 bars of Long
)

// Sizes of the works.
const (
	LongBars = 1_000_000
	Symbols  = 2_500
	Bars     = 2_500

	LongSeed  = 1    // of the one long symbol
	FirstSeed = 1000 // of the first of many; each next has the next

	FastFrom, FastTo = 2, 101
	SlowFrom, SlowTo = 102, 201
)

// splitmix is a generator of random numbers (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
// 2014): integers only.
type splitmix uint64

func (r *splitmix) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// bell is a sum of four even draws: mean 0, standard deviation about sd.
func (r *splitmix) bell(sd int64) (sum int64) {
	w := sd * 866 / 1000
	for range 4 {
		sum += int64(r.next()%uint64(2*w+1)) - w
	}
	return sum
}

// snap is the nearest price of the stock ladder of 2023.
func snap(price int64) int64 {
	t := int64(1000)
	for _, b := range [...]struct{ from, tick int64 }{{500_000, 500}, {200_000, 100}, {50_000, 50}, {20_000, 10}, {5_000, 5}, {2_000, 1}} {
		if price < b.from {
			t = b.tick
		}
	}
	return (price + t/2) / t * t
}

// MadeUp is n bars of one seed under one symbol, which has no sales tax. The dates follow each other from 2036 on, where
// no calendar of this program reaches and the dates of the bars are the sessions.
func MadeUp(seed uint64, n int) history.Bars {
	r := splitmix(seed*0x2545f4914f6cdd1d + 12345)
	b := history.Bars{Symbol: "069500", Dates: make([]market.Date, n)}
	for _, c := range []*[]int64{&b.Open, &b.High, &b.Low, &b.Close, &b.Volume} {
		*c = make([]int64, n)
	}
	last := snap(5000 + int64(r.next()%95000))
	day := time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		gap, move := r.bell(4000), r.bell(20000)
		if last > 900_000 && move > 0 || last < 1000 && move < 0 {
			move = -move
		}
		o := snap(last + last*gap/1_000_000)
		c := max(500, snap(o+o*move/1_000_000))
		o = max(500, o)
		h := max(o, c)
		l := min(o, c)
		h = max(snap(h+h*int64(r.next()%12000)/1_000_000), o, c)
		l = min(snap(l-l*int64(r.next()%12000)/1_000_000), o, c)
		b.Open[i], b.High[i], b.Low[i], b.Close[i], b.Volume[i] = o, h, l, c, 1000+int64(r.next()%5_000_000)
		b.Dates[i] = market.Date(day.Year()*10000 + int(day.Month())*100 + day.Day())
		last, day = c, day.AddDate(0, 0, 1)
	}
	return b
}

// Rule is the work in the language of strategy files.
const Rule = crossing + "{default: 60, min: 60, max: 201, step: 1}}" + acts

// PairsRule is Rule with the values that the work of pairs tries.
const PairsRule = crossing + "{default: 120, min: 102, max: 201, step: 1}}" + acts

const (
	crossing = `
version: 1
strategies:
  - name: crossing
    symbols: ["069500"]
    when: close - 15m
    bars: completed
    params: {fast: {default: 20, min: 2, max: 101, step: 1}, slow: `
	acts = `
    buy: sma(close, $fast) crosses above sma(close, $slow)
    sell: sma(close, $fast) crosses below sma(close, $slow)
    size: 10 shares
    order: market
`
)

// MixedRule is 10,000 sets of a rule of another kind, over the same bars as PairsRule.
const MixedRule = `
version: 1
strategies:
  - name: mixed
    symbols: ["069500"]
    when: close - 15m
    params: {fast: {default: 20, min: 2, max: 101, step: 1}, hot: {default: 60, min: 40, max: 89, step: 0.5}}
    let: {band: "bollinger(close, 20, 2).upper"}
    buy: close > sma(close, $fast) and rsi(close, 14) < $hot and close < band
    sell: close < sma(close, $fast) or rsi(close, 14) > 85
    size: 10 shares
    order: market
    exits: {stop_loss: 5%}
`
