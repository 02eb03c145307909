package market

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func won(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func TestTickByBoardKindAndDate(t *testing.T) {
	for _, tt := range []struct {
		board       Board
		kind        Kind
		on          Date
		price, tick string
	}{
		{KOSPI, Stock, 20230125, "1999", "1"}, {KOSPI, Stock, 20230125, "2000", "5"},
		{KOSPI, Stock, 20230125, "4995", "5"}, {KOSPI, Stock, 20230125, "5000", "10"},
		{KOSPI, Stock, 20230125, "19990", "10"}, {KOSPI, Stock, 20230125, "20000", "50"},
		{KOSPI, Stock, 20230125, "49950", "50"}, {KOSPI, Stock, 20230125, "50000", "100"},
		{KOSPI, Stock, 20230125, "199900", "100"}, {KOSPI, Stock, 20230125, "200000", "500"},
		{KOSPI, Stock, 20230125, "499500", "500"}, {KOSPI, Stock, 20230125, "500000", "1000"},
		{KOSDAQ, Stock, 20230125, "500000", "1000"}, {"", Stock, 20230125, "166500", "100"},
		{KOSPI, "", 20230125, "166500", "100"},
		{KOSPI, Stock, 20230124, "999", "1"}, {KOSPI, Stock, 20230124, "1000", "5"},
		{KOSPI, Stock, 20230124, "10000", "50"}, {KOSPI, Stock, 20230124, "166500", "500"},
		{KOSDAQ, Stock, 20230124, "166500", "100"}, {KOSDAQ, Stock, 20230124, "1660000", "100"},
		{KOSPI, Stock, 20101004, "1000", "5"},
		{KOSPI, ETF, 20230601, "1995", "5"}, {KOSPI, ETF, 20230601, "100000", "5"},
		{KOSPI, ETF, 20240102, "1999", "1"}, {KOSPI, ETN, 20240102, "2000", "5"}, {KOSPI, ETF, 20240102, "35000", "5"},
	} {
		l, known := LadderOn(tt.board, tt.kind, tt.on)
		if !known || !l.Tick(won(tt.price)).Equal(won(tt.tick)) {
			t.Errorf("%s %s %s at %s: known %v, want tick %s", tt.board, tt.kind, tt.on, tt.price, known, tt.tick)
		}
	}
	if _, known := LadderOn(KOSPI, Stock, 20101003); known {
		t.Error("a ladder before 2010-10-04")
	}
}

func TestRoundingToTheLadder(t *testing.T) {
	for _, tt := range []struct{ price, down, up string }{
		{"72300", "72300", "72300"}, {"72310", "72300", "72400"}, {"72300.01", "72300", "72400"},
		{"1999.5", "1999", "2000"}, {"2000", "2000", "2000"}, {"2000.5", "2000", "2005"}, {"1995", "1995", "1995"},
		{"199950", "199900", "200000"}, {"499999", "499500", "500000"}, {"500001", "500000", "501000"}, {"0.4", "0", "1"},
	} {
		l := LadderNow(Stock)
		if d, u := l.RoundDown(won(tt.price)), l.RoundUp(won(tt.price)); !d.Equal(won(tt.down)) || !u.Equal(won(tt.up)) {
			t.Errorf("%s rounds to %s and %s, want %s and %s", tt.price, d, u, tt.down, tt.up)
		}
		if on := l.On(won(tt.price)); on != (tt.down == tt.price) {
			t.Errorf("%s stands on the ladder: %v", tt.price, on)
		}
	}
}

func TestSteppingAlongTheLadder(t *testing.T) {
	for _, tt := range []struct {
		price string
		n     int
		want  string
	}{
		{"72300", 1, "72400"}, {"72300", -1, "72200"}, {"72300", 0, "72300"},
		{"1999", 1, "2000"}, {"1999", 2, "2005"}, {"2000", -1, "1999"}, {"2005", -2, "1999"},
		{"199900", 2, "200500"}, {"200500", -2, "199900"},
		{"364.5", 1, "365.5"}, {"2003", -1, "1998"}, {"2003", 1, "2008"}, {"1999.5", 1, "2000.5"}, {"2000.5", -1, "1995.5"},
		{"2", -1, "1"}, {"2", -5, "1"}, {"1", -1, "1"}, {"0.5", -1, "0.5"}, {"1.5", -1, "1"},
	} {
		l := LadderNow(Stock)
		got := l.StepUp(won(tt.price), tt.n)
		if tt.n < 0 {
			got = l.StepDown(won(tt.price), -tt.n)
		}
		if !got.Equal(won(tt.want)) {
			t.Errorf("%s %+d ticks is %s, want %s", tt.price, tt.n, got, tt.want)
		}
	}
}

// plain walks up from zero: the slow way to know the ladder.
func plain(l Ladder, to int64) (prices []int64) {
	for p := int64(0); p <= to; p += l.Tick(decimal.NewFromInt(p)).IntPart() {
		prices = append(prices, p)
	}
	return prices
}

func TestLadderAgainstAWalkFromZero(t *testing.T) {
	for _, kind := range []Kind{Stock, ETF} {
		l := LadderNow(kind)
		prices := plain(l, 1_000_000)
		rapid.Check(t, func(t *rapid.T) {
			i := rapid.IntRange(1, len(prices)-2).Draw(t, "i")
			n := rapid.IntRange(0, min(i-1, len(prices)-1-i, 40)).Draw(t, "n")
			p := decimal.NewFromInt(prices[i])
			between := p.Add(decimal.New(rapid.Int64Range(1, (prices[i+1]-prices[i])*100-1).Draw(t, "between"), -2))
			switch {
			case !l.On(p) || l.On(between):
				t.Fatalf("%s on %v, %s on %v", p, l.On(p), between, l.On(between))
			case !l.RoundDown(between).Equal(p) || l.RoundUp(between).IntPart() != prices[i+1]:
				t.Fatalf("%s rounds to %s and %s", between, l.RoundDown(between), l.RoundUp(between))
			case l.StepUp(p, n).IntPart() != prices[i+n] || l.StepDown(p, n).IntPart() != prices[i-n]:
				t.Fatalf("%s by %d: %s, %s", p, n, l.StepUp(p, n), l.StepDown(p, n))
			}
		})
	}
}

// The first three rows were quoted by KIS for live issues.
func TestPriceLimits(t *testing.T) {
	for _, tt := range []struct {
		base         string
		on           Date
		lower, upper string
	}{
		{"128500", 20260105, "90000", "167000"},
		{"77300", 20260105, "54200", "100400"},
		{"52800", 20260105, "37000", "68600"},
		{"1000", 20150615, "700", "1300"},
		{"1000", 20150614, "850", "1150"},
		{"180100", 20260105, "126100", "234000"}, // 234,100 is between two prices of the 500 won stretch
		{"1", 20260105, "1", "1"},
	} {
		lower, upper := LadderNow(Stock).Limits(won(tt.base), tt.on)
		if !lower.Equal(won(tt.lower)) || !upper.Equal(won(tt.upper)) {
			t.Errorf("base %s on %s: %s to %s, want %s to %s", tt.base, tt.on, lower, upper, tt.lower, tt.upper)
		}
	}
}
