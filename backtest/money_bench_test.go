package backtest

import (
	"math/rand/v2"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// The money of a walk, one operation at a time, overflow found: two amounts added and compared, shares times a price, the
// fee of an amount, a part of the cash, and the shares that an amount buys. About a nanosecond of each is the loop itself.
func BenchmarkMoney(b *testing.B) {
	const n = 1024
	fee, fits := rateOf(market.DefaultCosts().FeeRate, 5, 0)
	third, held := partOf(decimal.New(333, -3))
	if !fits || !held {
		b.Fatal("the rates do not fit")
	}
	var amounts, prices, shares, out [n]int64
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		amounts[i], prices[i], shares[i] = r.Int64N(100_000_000_00000), 1000_00000+r.Int64N(500_000_00000), 1+r.Int64N(1000)
	}
	one := func(name string, all func() bool) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !all() {
					b.Fatal("an overflow")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/operation")
		})
	}
	one("add", func() bool {
		ok := true
		for i := range out {
			sum := amounts[i] + prices[i]
			ok = ok && sum < limit
			out[i] = sum
		}
		return ok
	})
	one("compare", func() bool {
		for i := range out {
			out[i] = 0
			if amounts[i] < prices[i] {
				out[i] = 1
			}
		}
		return true
	})
	one("multiply", func() bool {
		ok := true
		for i := range out {
			value, fits := times(prices[i], shares[i])
			ok = ok && fits
			out[i] = value
		}
		return ok
	})
	one("rate", func() bool {
		for i := range out {
			out[i] = fee.of(amounts[i])
		}
		return true
	})
	one("part", func() bool {
		ok := true
		for i := range out {
			whole, _, fits := third.of(amounts[i])
			ok = ok && fits
			out[i] = whole
		}
		return ok
	})
	one("divide", func() bool {
		for i := range out {
			out[i] = amounts[i] / prices[i]
		}
		return true
	})
}
