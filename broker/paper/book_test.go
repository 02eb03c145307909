package paper

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/market"
)

const samsung, hynix = market.Symbol("005930"), market.Symbol("000660")

var share = market.Instrument{Board: market.KOSPI, Kind: market.Stock}

func won(n int64) decimal.Decimal { return decimal.NewFromInt(n) }

// opened is a book in the session of Monday 2024-12-02.
func opened(t testing.TB, cash int64) *Book {
	t.Helper()
	b := NewBook(won(cash), market.DefaultCosts())
	if err := b.BeginSession(20241202, 20241203, 20241204); err != nil {
		t.Fatal(err)
	}
	return b
}

func order(side broker.Side, shares int64) broker.Order {
	return broker.Order{Symbol: samsung, Side: side, Type: broker.Market, Shares: shares}
}

// traded reserves and fills in one go.
func traded(t testing.TB, b *Book, side broker.Side, shares, price int64) {
	t.Helper()
	if err := b.Reserve("x", order(side, shares), won(price)); err != nil {
		t.Fatal(err)
	}
	if err := b.Fill("x", shares, won(price), share); err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, got decimal.Decimal, want string) {
	t.Helper()
	if !got.Equal(decimal.RequireFromString(want)) {
		t.Errorf("%s = %s, want %s", what, got, want)
	}
}

// The numbers are worked out by hand: 0.0140527 % of 5,310,000 won is 746.19 won; of 2,720,000 it is 382.23; the tax
// of 2024 is 0.18 %: 4,896 won.
func TestCashMovesThroughTwoSessionsAsKISSettlesIt(t *testing.T) {
	b := opened(t, 10_000_000)
	traded(t, b, broker.Buy, 100, 53_100)
	same(t, "deposit after a buy", b.Deposit(), "10000000")
	same(t, "D+1 after a buy", b.DepositD1(), "10000000")
	same(t, "cash after a buy", b.Cash(), "4689254")
	if err := b.BeginSession(20241203, 20241204, 20241205); err != nil {
		t.Fatal(err)
	}
	traded(t, b, broker.Sell, 50, 54_400)
	same(t, "deposit on the next day", b.Deposit(), "10000000")
	same(t, "D+1 on the next day", b.DepositD1(), "4689254")
	same(t, "cash after a sale", b.Cash(), "7403976")
	same(t, "available after a sale", b.Available(), "7403976")
	same(t, "costs today", b.TradedToday().Costs, "5278")
	same(t, "costs yesterday", b.TradedYesterday().Costs, "746")
	h := b.Holding(samsung)
	same(t, "average price after a sale", h.AveragePrice(), "53100")
	if h.Shares != 50 || h.BoughtYesterday != 100 || h.SoldToday != 50 || h.BoughtToday != 0 {
		t.Errorf("holding after a sale: %+v", h)
	}
	if err := b.BeginSession(20241205, 20241206, 20241209); err != nil {
		t.Fatal(err)
	}
	same(t, "deposit when all is settled", b.Deposit(), "7403976")
	same(t, "costs of a session without trades", b.TradedToday().Costs, "0")
	same(t, "costs of a session that was left out", b.TradedYesterday().Costs, "0")
}

func TestTaxIsThatOfTheSettlementDay(t *testing.T) {
	for _, c := range []struct {
		d, next, settle market.Date
		kind            market.Kind
		tax             string
	}{
		{20241227, 20241230, 20250102, market.Stock, "1500"}, // settles in 2025: 0.15 %
		{20241226, 20241227, 20241230, market.Stock, "1800"}, // settles in 2024: 0.18 %
		{20241226, 20241227, 20241230, market.ETF, "0"},
	} {
		b := NewBook(won(2_000_000), market.Costs{})
		if err := b.BeginSession(c.d, c.next, c.settle); err != nil {
			t.Fatal(err)
		}
		traded(t, b, broker.Buy, 100, 10_000)
		if err := b.Reserve("s", order(broker.Sell, 100), decimal.Zero); err != nil {
			t.Fatal(err)
		}
		if err := b.Fill("s", 100, won(10_000), market.Instrument{Board: market.KOSPI, Kind: c.kind}); err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprintf("tax of a %s sold on %s", c.kind, c.d), b.TradedToday().Costs, c.tax)
	}
}

func TestSoldOutSymbolStaysUntilItsSaleIsSettled(t *testing.T) {
	b := opened(t, 10_000_000)
	traded(t, b, broker.Buy, 10, 50_000)
	traded(t, b, broker.Sell, 10, 50_000)
	for _, c := range []struct {
		d, next, settle market.Date
		rows            int
	}{{20241203, 20241204, 20241205, 1}, {20241204, 20241205, 20241206, 0}} {
		if err := b.BeginSession(c.d, c.next, c.settle); err != nil {
			t.Fatal(err)
		}
		if n := len(b.Holdings()); n != c.rows {
			t.Errorf("%s: %d rows, want %d", c.d, n, c.rows)
		}
	}
}

func TestAveragePriceHasFourDecimalsAndSurvivesSales(t *testing.T) {
	b := opened(t, 10_000_000)
	traded(t, b, broker.Buy, 2, 10_000)
	traded(t, b, broker.Buy, 1, 10_010)
	same(t, "average", b.Holding(samsung).AveragePrice(), "10003.3333")
	traded(t, b, broker.Sell, 1, 12_000)
	traded(t, b, broker.Sell, 1, 9_000)
	same(t, "average", b.Holding(samsung).AveragePrice(), "10003.3333")
}

func TestReservationsKeepCashAndSharesFromBeingUsedTwice(t *testing.T) {
	b := opened(t, 1_000_000)
	if err := b.Reserve("1", order(broker.Buy, 10), won(60_000)); err != nil {
		t.Fatal(err)
	}
	same(t, "available", b.Available(), "399916") // the fee on 600,000 is 84 won
	if err := b.Reserve("2", order(broker.Buy, 7), won(60_000)); !errors.Is(err, ErrCash) {
		t.Errorf("second reservation: %v", err)
	}
	if err := b.Reserve("1", order(broker.Buy, 1), won(60_000)); err == nil {
		t.Error("one name reserved twice")
	}
	if err := b.Fill("1", 4, won(50_000), share); err != nil {
		t.Fatal(err)
	}
	same(t, "available after a part", b.Available(), "439922") // 1,000,000 − 200,028 − 360,050
	b.Release("1")
	b.Release("1")
	same(t, "available after release", b.Available(), "799972")
	if err := b.Reserve("3", order(broker.Sell, 3), decimal.Zero); err != nil {
		t.Fatal(err)
	}
	if err := b.Reserve("4", order(broker.Sell, 2), decimal.Zero); !errors.Is(err, ErrShares) {
		t.Errorf("sell of reserved shares: %v", err)
	}
	other := broker.Order{Symbol: hynix, Side: broker.Buy, Type: broker.Market, Shares: 2}
	if err := b.Reserve("5", other, won(150_000)); err != nil {
		t.Fatal(err)
	}
	if err := b.Fill("5", 2, won(150_000), share); err != nil {
		t.Fatal(err)
	}
	if n := b.Sellable(hynix); n != 2 {
		t.Errorf("%d shares of one symbol are sellable while another's are reserved", n)
	}
}

func TestFillOutsideItsReservationChangesNothing(t *testing.T) {
	b := opened(t, 1_000_000)
	if err := b.Reserve("1", order(broker.Buy, 10), won(60_000)); err != nil {
		t.Fatal(err)
	}
	before, _ := json.Marshal(b)
	for name, err := range map[string]error{
		"unknown":        b.Fill("2", 1, won(60_000), share),
		"too many":       b.Fill("1", 11, won(60_000), share),
		"none":           b.Fill("1", 0, won(60_000), share),
		"too dear":       b.Fill("1", 1, won(60_001), share),
		"free":           b.Fill("1", 1, decimal.Zero, share),
		"back in time":   b.BeginSession(20241129, 20241202, 20241203),
		"settles before": b.BeginSession(20241203, 20241204, 20241204),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if after, _ := json.Marshal(b); string(after) != string(before) {
		t.Errorf("the book changed:\n%s\n%s", before, after)
	}
}

// KIS's own sample (nrcvb_buy_amt 9,998,580 and 146 shares at 68,100 of 10,000,000 won), at the mock host's 0.0142 %.
func TestPowerSetsTheFeeAside(t *testing.T) {
	b := NewBook(won(10_000_000), market.Costs{FeeRate: decimal.RequireFromString("0.000142")})
	cash, shares := b.Power(won(68_100))
	same(t, "cash", cash, "9998580")
	if shares != 146 {
		t.Errorf("%d shares", shares)
	}
}

// A book is compared with the plain list of everything that happened.
func TestBookEqualsTheListOfItsFills(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			settle        market.Date
			amount, costs decimal.Decimal
			symbol        market.Symbol
			shares        int64
			session       market.Date
		}
		opening := rapid.Int64Range(0, 50_000_000).Draw(t, "opening")
		costs := market.Costs{FeeRate: decimal.New(rapid.Int64Range(0, 5000).Draw(t, "fee"), -6)}
		b := NewBook(won(opening), costs)
		d := market.Date(20241202)
		begin := func() {
			if err := b.BeginSession(d, d.Add(1), d.Add(2)); err != nil {
				t.Fatal(err)
			}
		}
		begin()
		var list []entry
		type open struct {
			order broker.Order
			unit  int64
		}
		orders, number := map[string]open{}, 0
		pick := func(t *rapid.T) (string, open, bool) {
			if len(orders) == 0 {
				return "", open{}, false
			}
			id := rapid.SampledFrom(slices.Sorted(maps.Keys(orders))).Draw(t, "order")
			return id, orders[id], true
		}
		t.Repeat(map[string]func(*rapid.T){
			"reserve": func(t *rapid.T) {
				o := broker.Order{Symbol: rapid.SampledFrom([]market.Symbol{samsung, hynix}).Draw(t, "symbol"), Type: broker.Market,
					Side: rapid.SampledFrom([]broker.Side{broker.Buy, broker.Sell}).Draw(t, "side"), Shares: rapid.Int64Range(1, 400).Draw(t, "shares")}
				unit := rapid.Int64Range(1, 300_000).Draw(t, "unit")
				number++
				id := fmt.Sprint(number)
				before := b.Available()
				err := b.Reserve(id, o, won(unit))
				switch value := won(unit * o.Shares); {
				case err == nil:
					orders[id] = open{o, unit}
				case errors.Is(err, ErrCash):
					if o.Side == broker.Sell || value.Add(costs.Fee(value)).LessThanOrEqual(before) {
						t.Fatalf("%v with %s available", err, before)
					}
				case !errors.Is(err, ErrShares) || o.Side == broker.Buy:
					t.Fatal(err)
				}
			},
			"fill": func(t *rapid.T) {
				id, o, ok := pick(t)
				if !ok {
					return
				}
				n, price := rapid.Int64Range(1, o.order.Shares).Draw(t, "shares"), rapid.Int64Range(1, o.unit).Draw(t, "price")
				if err := b.Fill(id, n, won(price), share); err != nil {
					t.Fatal(err)
				}
				value := won(price * n)
				e := entry{settle: d.Add(2), session: d, symbol: o.order.Symbol, shares: n, amount: value.Neg(), costs: costs.Fee(value)}
				if o.order.Side == broker.Sell {
					e.shares, e.amount, e.costs = -n, value, e.costs.Add(costs.Tax(value, share, d.Add(2)))
				}
				list = append(list, e)
				if o.order.Shares -= n; o.order.Shares == 0 {
					delete(orders, id)
				} else {
					orders[id] = o
				}
			},
			"release": func(t *rapid.T) {
				if id, _, ok := pick(t); ok {
					b.Release(id)
					delete(orders, id)
				}
			},
			"session": func(t *rapid.T) {
				d = d.Add(rapid.IntRange(1, 4).Draw(t, "days"))
				begin()
			},
			"reload": func(t *rapid.T) {
				text, err := json.Marshal(b)
				if err != nil {
					t.Fatal(err)
				}
				read := NewBook(decimal.Zero, costs)
				if err := json.Unmarshal(text, read); err != nil {
					t.Fatal(err)
				}
				b = read
			},
			"": func(t *rapid.T) {
				cash, deposit, today := won(opening), won(opening), decimal.Zero
				held := map[market.Symbol]int64{}
				for _, e := range list {
					net := e.amount.Sub(e.costs)
					cash = cash.Add(net)
					if e.settle <= d {
						deposit = deposit.Add(net)
					}
					if e.session == d {
						today = today.Add(e.costs)
					}
					held[e.symbol] += e.shares
				}
				free, sellable := cash, maps.Clone(held)
				for _, o := range orders {
					if o.order.Side == broker.Sell {
						sellable[o.order.Symbol] -= o.order.Shares
					} else {
						value := won(o.unit * o.order.Shares)
						free = free.Sub(value).Sub(costs.Fee(value))
					}
				}
				if !b.Cash().Equal(cash) || !b.Deposit().Equal(deposit) || !b.TradedToday().Costs.Equal(today) || !b.Available().Equal(free) {
					t.Fatalf("cash %s %s, deposit %s %s, costs %s %s, available %s %s", b.Cash(), cash, b.Deposit(), deposit,
						b.TradedToday().Costs, today, b.Available(), free)
				}
				for s, n := range held {
					if b.Holding(s).Shares != n || b.Sellable(s) != sellable[s] || sellable[s] < 0 {
						t.Fatalf("%s: %d shares, want %d; %d sellable, want %d", s, b.Holding(s).Shares, n, b.Sellable(s), sellable[s])
					}
				}
				if free.Sign() < 0 {
					t.Fatalf("available %s", free)
				}
			},
		})
	})
}

func TestBookThatDoesNotCloseIsNotRead(t *testing.T) {
	b := opened(t, 1_000_000)
	traded(t, b, broker.Buy, 10, 50_000)
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{`"shares":11`, `"spent":"0"`, `"opening":"2000000"`, `"unknown":1`, `"rows":null`} {
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte("{"+change+"}"), &fields); err != nil {
			t.Fatal(err)
		}
		if n, ok := fields["shares"]; ok {
			delete(fields, "shares")
			fields["rows"].(map[string]any)["005930"].(map[string]any)["shares"] = n
			fields["open"] = map[string]any{"9": map[string]any{"symbol": "005930", "side": "sell", "shares": 12, "unit": "0"}}
		}
		changed, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(changed, NewBook(decimal.Zero, market.DefaultCosts())); err == nil {
			t.Errorf("%s was read", change)
		}
	}
}
