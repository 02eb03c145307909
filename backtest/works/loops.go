package works

import "math/bits"

const (
	won    = 100_000 // units of money in a won
	shares = 10
	fee    = 15 // units for each won traded
	cash   = 100_000_000 * won
)

// Plain is the least work that gives the answer: one pass over the bars, fills at the next open, equity and its largest
// fall at every close.
func Plain(open, closes []int64, fast, slow int) (a Answer) {
	money := int64(cash)
	high := money
	var held, sumFast, sumSlow int64
	side, pending := 0, 0
	for i, c := range closes {
		if pending != 0 {
			v := open[i] * shares
			if pending > 0 {
				money -= v*won + v*fee
				held = shares
			} else {
				money += v*won - v*fee
				held = 0
			}
			a.Fills++
			pending = 0
		}
		sumFast += c
		sumSlow += c
		if i >= fast {
			sumFast -= closes[i-fast]
		}
		if i >= slow {
			sumSlow -= closes[i-slow]
		}
		if i >= slow-1 {
			d := sumFast*int64(slow) - sumSlow*int64(fast)
			if i >= slow {
				if d > 0 && side <= 0 && held == 0 {
					pending = 1
				} else if d < 0 && side >= 0 && held > 0 {
					pending = -1
				}
			}
			side = 0
			if d > 0 {
				side = 1
			} else if d < 0 {
				side = -1
			}
		}
		a.Equity = money + held*c*won
		if a.Equity > high {
			high = a.Equity
		} else if high-a.Equity > a.Fall {
			a.Fall = high - a.Equity
		}
	}
	return a
}

// Shared is what all pairs of averages over the same closes have in common: a row for each average, and a tree of the
// closes that tells the largest fall of any stretch. A pair then compares two rows, 64 bars to a word, and visits only
// the bars in which they cross. It is for one goroutine.
type Shared struct {
	open, closes []int64
	rows         [][]int64 // by bars averaged; the mean of a row is rounded down to 1/2^20 won
	tree         []stretch // node k covers what its children 2k and 2k+1 do; the leaves are the closes
	up, down     []uint64  // the bars in which the pair looked at crosses
}

// stretch is the highest and the lowest of neighbouring closes, and the largest fall among them from one to a later one.
type stretch struct{ top, bottom, fall int64 }

func (a stretch) then(b stretch) stretch {
	return stretch{max(a.top, b.top), min(a.bottom, b.bottom), max(a.fall, b.fall, a.top-b.bottom)}
}

// nothing is a stretch of no closes.
var nothing = stretch{-1 << 61, 1 << 61, 0}

// meanBits is the precision of a row. Two unequal means of integers over n and m bars differ by 1/(n*m) at least, and
// n*m is less than 2^20 for all pairs of averages of up to 1,000 bars: rounded down they are still in order.
const meanBits = 20

// Share computes the rows of the averages of up to most bars, which must be less than 1,000, for whole-won closes.
func Share(open, closes []int64, most int) *Shared {
	n := len(closes)
	s := &Shared{open: open, closes: closes, rows: make([][]int64, most+1)}
	s.up, s.down = make([]uint64, n/64+1), make([]uint64, n/64+1)
	for k := 1; k <= most; k++ {
		row := make([]int64, n)
		var sum int64
		for i, c := range closes {
			sum += c
			if i >= k {
				sum -= closes[i-k]
			}
			if i >= k-1 {
				row[i] = sum << meanBits / int64(k)
			}
		}
		s.rows[k] = row
	}
	leaves := 1
	for leaves < n {
		leaves *= 2
	}
	s.tree = make([]stretch, 2*leaves)
	for i := range leaves {
		s.tree[leaves+i] = nothing
		if i < n {
			s.tree[leaves+i] = stretch{closes[i], closes[i], 0}
		}
	}
	for k := leaves - 1; k > 0; k-- {
		s.tree[k] = s.tree[2*k].then(s.tree[2*k+1])
	}
	return s
}

// Pair is the answer for one pair, fast less than slow.
func (s *Shared) Pair(fast, slow int) (a Answer) {
	s.cross(fast, slow)
	money, high := int64(cash), int64(cash)
	n := len(s.closes)
	for at := 0; ; {
		bought := next(s.up, at) + 1
		if bought >= n {
			break
		}
		v := s.open[bought] * shares
		money -= v*won + v*fee
		sold := next(s.down, bought) + 1
		held := s.between(bought, min(sold, n))
		top, bottom := money+held.top*shares*won, money+held.bottom*shares*won
		a.Fall = max(a.Fall, held.fall*shares*won, high-bottom)
		high = max(high, top)
		a.Fills++
		if sold >= n {
			a.Equity = money + s.closes[n-1]*shares*won
			return a
		}
		v = s.open[sold] * shares
		money += v*won - v*fee
		a.Fall = max(a.Fall, high-money)
		high = max(high, money)
		a.Fills++
		at = sold
	}
	a.Equity = money
	return a
}

// AllPairs is the answer for all pairs, their rows included.
func AllPairs(open, closes []int64) (all Answer) {
	s := Share(open, closes, SlowTo)
	for slow := SlowFrom; slow <= SlowTo; slow++ {
		for fast := FastFrom; fast <= FastTo; fast++ {
			all.Add(s.Pair(fast, slow))
		}
	}
	return all
}

// cross finds where a pair crosses.
func (s *Shared) cross(fast, slow int) {
	f, g := s.rows[fast], s.rows[slow]
	g = g[:len(f)]
	var wasAbove, wasBelow uint64 // in their highest bit, the bar before the word
	for w := range s.up {
		from, to := max(w*64, slow-1), min(w*64+64, len(f))
		var above, below uint64
		for i := from; i < to; i++ {
			d := f[i] - g[i]
			above |= uint64(-d) >> 63 << (i & 63)
			below |= uint64(d) >> 63 << (i & 63)
		}
		s.up[w] = above &^ (above<<1 | wasAbove>>63)
		s.down[w] = below &^ (below<<1 | wasBelow>>63)
		wasAbove, wasBelow = above, below
	}
	// The first bar with both averages has none before it to have crossed from.
	s.up[(slow-1)/64] &^= 1 << ((slow - 1) & 63)
	s.down[(slow-1)/64] &^= 1 << ((slow - 1) & 63)
}

// next is the first bit from i on; where none is, a number beyond all bars.
func next(set []uint64, i int) int {
	for w := i / 64; w < len(set); w++ {
		word := set[w]
		if w == i/64 {
			word = word >> (i & 63) << (i & 63)
		}
		if word != 0 {
			return w*64 + bits.TrailingZeros64(word)
		}
	}
	return len(set) * 64
}

// between is the stretch of the closes from one bar to before another.
func (s *Shared) between(from, to int) stretch {
	left, right := nothing, nothing
	leaves := len(s.tree) / 2
	for l, r := leaves+from, leaves+to; l < r; l, r = l/2, r/2 {
		if l&1 == 1 {
			left = left.then(s.tree[l])
			l++
		}
		if r&1 == 1 {
			r--
			right = s.tree[r].then(right)
		}
	}
	return left.then(right)
}
