package kissim

import (
	"testing"

	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/market"
)

// anyPath draws a day on or off the ticks.
func anyPath(r *rapid.T) path {
	g := grid{market.LadderNow(market.Stock)}
	on := rapid.Bool().Draw(r, "on ticks")
	price := func(label string, from, to int64) int64 {
		p := rapid.Int64Range(from, to).Draw(r, label)
		if on {
			p = max(g.down(p), g.tick(p))
		}
		return p
	}
	low := price("low", 1, 600_000)
	high := max(low, price("high", low, low*13/10+1))
	b := bar{date: today, open: max(low, price("open", low, high)), high: high, low: low, close: max(low, price("close", low, high)), volume: rapid.Int64Range(1, 1e9).Draw(r, "volume")}
	s, err := market.KRX().Session(rapid.SampledFrom([]market.Date{20241202, 20241114, 20250102}).Draw(r, "session"))
	if err != nil {
		r.Fatal(err)
	}
	return newPath(b, g, s)
}

func TestADayWalksThroughItsFourPricesOnTicksAndWithinThem(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := anyPath(r)
		reached := map[int64]bool{}
		before := p.sofar(0)
		for i := range 4 {
			reached[p.last(p.corner(i))] = true
		}
		stride := rapid.Int64Range(1, 120).Draw(r, "stride")
		for second := int64(0); second < p.seconds+stride; second += stride {
			last := p.last(second)
			if last < p.low || last > p.high || last != p.down(last) && last != p.open && last != p.high && last != p.low && last != p.close {
				r.Fatalf("price %d at second %d of %+v", last, second, p.bar)
			}
			if second > p.auction && second < p.seconds && last != p.last(p.auction) {
				r.Fatalf("price moves during the auction")
			}
			now := p.sofar(second)
			if now.open != p.open || now.close != last || now.high < max(before.high, last) || now.low > min(before.low, last) || now.volume < before.volume || now.halted() {
				r.Fatalf("at second %d: %+v after %+v", second, now, before)
			}
			before = now
		}
		if before != p.bar {
			r.Fatalf("the day ends as %+v, not %+v", before, p.bar)
		}
		if !reached[p.open] || !reached[p.high] || !reached[p.low] || !reached[p.close] {
			r.Fatalf("%+v: not every price was reached", p.bar)
		}
	})
}

func TestTouchIsTheFirstSecondThatReachesTheLimit(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := anyPath(r)
		side := rapid.SampledFrom([]broker.Side{broker.Buy, broker.Sell}).Draw(r, "side")
		limit := rapid.Int64Range(max(1, p.low-10), p.high+10).Draw(r, "limit")
		from := rapid.Int64Range(0, p.seconds).Draw(r, "from")
		want, found := int64(0), false
		for s := from; s < p.auction && !found; s++ {
			want, found = s, reaches(side, limit, p.last(s))
		}
		if got, ok := p.touch(side, limit, from); ok != found || ok && got != want {
			r.Fatalf("%s %d from %d of %+v: %d %v, want %d %v", side, limit, from, p.bar, got, ok, want, found)
		}
	})
}

func TestALosingDayIsHighBeforeItIsLow(t *testing.T) {
	s, _ := market.KRX().Session(today)
	g := grid{market.LadderNow(market.Stock)}
	for _, r := range []struct {
		b    bar
		want [4]int64 // at the open, after a third, after two, at the close
	}{
		{bar{date: today, open: 50_000, high: 52_000, low: 49_000, close: 51_000, volume: 1}, [4]int64{50_000, 49_000, 52_000, 51_000}},
		{bar{date: today, open: 50_000, high: 52_000, low: 49_000, close: 50_000, volume: 1}, [4]int64{50_000, 49_000, 52_000, 50_000}},
		{bar{date: today, open: 50_000, high: 52_000, low: 49_000, close: 49_500, volume: 1}, [4]int64{50_000, 52_000, 49_000, 49_500}},
	} {
		p := newPath(r.b, g, s)
		if got := [4]int64{p.last(0), p.last(7_800), p.last(15_600), p.last(23_400)}; got != r.want {
			t.Errorf("%+v walks %v, want %v", r.b, got, r.want)
		}
	}
}
