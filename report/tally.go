package report

import (
	"math/bits"

	"github.com/shopspring/decimal"
)

// tally is an exact sum of amounts of won: what 64 bits hold of it in 10^-tallyDigits won, the rest in decimals.
type tally struct {
	narrow int64
	wide   decimal.Decimal
}

const tallyDigits = 8

// add adds an amount so many times.
func (t *tally) add(amount decimal.Decimal, times int64) {
	if m, fits := mantissa(amount); fits {
		hi, lo := bits.Mul64(uint64(max(m, -m)), uint64(max(times, -times)))
		if hi == 0 && lo < 1<<62 {
			if m < 0 != (times < 0) {
				lo = -lo
			}
			t.addNarrow(int64(lo))
			return
		}
	}
	t.wide = t.wide.Add(amount.Mul(decimal.NewFromInt(times)))
}

// addNarrow adds an amount of less than 2^62.
func (t *tally) addNarrow(m int64) {
	if t.narrow += m; t.narrow >= 1<<62 || t.narrow <= -1<<62 {
		t.wide, t.narrow = t.sum(), 0
	}
}

// join adds, or takes away, what another tally came to.
func (t *tally) join(o tally, times int64) {
	t.addNarrow(o.narrow * times)
	if !o.wide.IsZero() {
		t.wide = t.wide.Add(o.wide.Mul(decimal.NewFromInt(times)))
	}
}

func (t *tally) sum() decimal.Decimal { return t.wide.Add(decimal.New(t.narrow, -tallyDigits)) }

func (t *tally) sign() int {
	if !t.wide.IsZero() {
		return t.sum().Sign()
	}
	switch {
	case t.narrow > 0:
		return 1
	case t.narrow < 0:
		return -1
	}
	return 0
}

// mantissa is an amount in 10^-tallyDigits won, false where that is no integer or 64 bits may not hold it.
func mantissa(d decimal.Decimal) (m int64, fits bool) {
	e := d.Exponent()
	if e > 0 || e < -tallyDigits || d.NumDigits()+tallyDigits+int(e) > 18 {
		return 0, false
	}
	m = d.CoefficientInt64()
	for ; e > -tallyDigits; e-- {
		m *= 10
	}
	return m, true
}
