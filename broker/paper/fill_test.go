package paper

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// placed sends one order of 005930.
func (w *world) placed(t testing.TB, b *Broker, side broker.Side, kind broker.Type, shares, price int64) (broker.Row, error) {
	t.Helper()
	o := broker.Order{Symbol: samsung, Side: side, Type: kind, Shares: shares, Price: won(price)}
	r, err := b.Place(t.Context(), w.permit(o))
	if err != nil {
		return broker.Row{}, err
	}
	return w.row(t, b, r.ID), nil
}

func (w *world) row(t testing.TB, b *Broker, id broker.OrderID) broker.Row {
	t.Helper()
	list, err := b.Orders(t.Context(), id.Date)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := list.Find(id)
	if !ok {
		t.Fatalf("order %s is not listed", id.Number)
	}
	return r
}

// The quote is morning's: 54,000 last, 54,100 ask, 54,000 bid, limits 38,000 and 70,400, a tick of 100 won there and
// of 50 below 50,000; a million shares by now.
func TestWhatAQuoteGivesToAnOrder(t *testing.T) {
	quote := func(change func(*market.Quote)) func(*market.Quote) { return change }
	asIs := quote(func(*market.Quote) {})
	noBook := quote(func(q *market.Quote) { q.Ask, q.Bid = decimal.Zero, decimal.Zero })
	at := func(price int64, flat bool) func(*market.Quote) {
		return func(q *market.Quote) {
			q.Price, q.Ask, q.Bid = won(price), decimal.Zero, decimal.Zero
			if flat {
				q.Open, q.High, q.Low = q.Price, q.Price, q.Price
			}
		}
	}
	for _, c := range []struct {
		name   string
		side   broker.Side
		kind   broker.Type
		shares int64
		limit  int64
		quote  func(*market.Quote)
		filled int64
		price  int64
		waits  bool
	}{
		{"market buy at the ask and a tick", broker.Buy, broker.Market, 10, 0, asIs, 10, 54_200, false},
		{"market sell at the bid less a tick", broker.Sell, broker.Market, 10, 0, asIs, 10, 53_900, false},
		{"market buy at the last price without a book", broker.Buy, broker.Market, 10, 0, noBook, 10, 54_100, false},
		{"market sell at the last price without a book", broker.Sell, broker.Market, 10, 0, noBook, 10, 53_900, false},
		{"market buy without known limits", broker.Buy, broker.Market, 10, 0, func(q *market.Quote) { q.Upper, q.Lower = decimal.Zero, decimal.Zero }, 10, 54_200, false},
		{"market buy never above the upper limit", broker.Buy, broker.Market, 10, 0, at(70_400, false), 10, 70_400, false},
		{"market sell never below the lower limit", broker.Sell, broker.Market, 10, 0, at(38_000, false), 10, 38_000, false},
		{"no buy when locked at the upper limit", broker.Buy, broker.Market, 10, 0, at(70_400, true), 0, 0, false},
		{"a sell when locked at the upper limit", broker.Sell, broker.Market, 10, 0, at(70_400, true), 10, 70_300, false},
		{"no sell when locked at the lower limit", broker.Sell, broker.Market, 10, 0, at(38_000, true), 0, 0, false},
		{"a buy when locked at the lower limit", broker.Buy, broker.Market, 10, 0, at(38_000, true), 10, 38_050, false},
		{"a limit buy waits at the locked limit", broker.Buy, broker.Limit, 10, 70_400, at(70_400, true), 0, 0, true},
		{"no buy where nobody offers", broker.Buy, broker.Market, 10, 0, func(q *market.Quote) { q.Price, q.Ask, q.Bid = q.Upper, decimal.Zero, q.Upper }, 0, 0, false},
		{"no fill without volume", broker.Buy, broker.Market, 10, 0, func(q *market.Quote) { q.Volume = 0 }, 0, 0, false},
		{"a tenth of the volume, the rest cancelled", broker.Buy, broker.Market, 10, 0, func(q *market.Quote) { q.Volume = 69 }, 6, 54_200, false},
		{"a tenth of the volume, the rest of a limit waits", broker.Buy, broker.Limit, 10, 54_200, func(q *market.Quote) { q.Volume = 69 }, 6, 54_200, true},
		{"less than a tenth of nine shares is none", broker.Sell, broker.Market, 1, 0, func(q *market.Quote) { q.Volume = 9 }, 0, 0, false},
		{"limit buy above the ask at no more than its limit", broker.Buy, broker.Limit, 10, 54_100, asIs, 10, 54_100, false},
		{"limit buy far above the ask slips like any other", broker.Buy, broker.Limit, 10, 60_000, asIs, 10, 54_200, false},
		{"limit buy below the ask waits", broker.Buy, broker.Limit, 10, 54_000, asIs, 0, 0, true},
		{"limit sell below the bid at no less than its limit", broker.Sell, broker.Limit, 10, 54_000, asIs, 10, 54_000, false},
		{"limit sell far below the bid slips like any other", broker.Sell, broker.Limit, 10, 50_000, asIs, 10, 53_900, false},
		{"limit sell above the bid waits", broker.Sell, broker.Limit, 10, 54_100, asIs, 0, 0, true},
		{"IOC at once", broker.Buy, broker.IOC, 10, 54_100, asIs, 10, 54_100, false},
		{"IOC or not at all", broker.Buy, broker.IOC, 10, 54_000, asIs, 0, 0, false},
		{"IOC as far as it goes", broker.Buy, broker.IOC, 10, 54_100, func(q *market.Quote) { q.Volume = 69 }, 6, 54_100, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := morning()
			b := open(t, w.options(""))
			if _, err := w.placed(t, b, broker.Buy, broker.Market, 20, 0); err != nil {
				t.Fatal(err)
			}
			q := w.quotes[samsung]
			c.quote(&q)
			w.quotes[samsung] = q
			r, err := w.placed(t, b, c.side, c.kind, c.shares, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			if r.Filled != c.filled || !r.Value.Equal(won(c.filled*c.price)) || r.Open() != c.waits || r.Filled+r.Remaining+r.Cancelled != c.shares {
				t.Errorf("%d for %s, %d wait, %d cancelled; want %d at %d", r.Filled, r.Value, r.Remaining, r.Cancelled, c.filled, c.price)
			}
		})
	}
}

func TestRefusalsNameTheirCode(t *testing.T) {
	for code, c := range map[string]struct {
		order broker.Order
		world func(*world)
	}{
		codeOrder:   {order: broker.Order{Symbol: samsung, Side: "swap", Type: broker.Market, Shares: 1}},
		codeSession: {order: order(broker.Buy, 1), world: func(w *world) { w.now = market.Date(20241201).At(10, 0) }},
		codePrice:   {order: order(broker.Buy, 1), world: func(w *world) { w.quotes[samsung] = market.Quote{} }},
		codeHalted: {order: order(broker.Buy, 1), world: func(w *world) {
			q := w.quotes[samsung]
			q.Halted = true
			w.quotes[samsung] = q
		}},
		codeTick:   {order: broker.Order{Symbol: samsung, Side: broker.Buy, Type: broker.Limit, Shares: 1, Price: won(54_050)}},
		codeLimit:  {order: broker.Order{Symbol: samsung, Side: broker.Buy, Type: broker.IOC, Shares: 1, Price: won(70_500)}},
		codeCash:   {order: order(broker.Buy, 143)}, // 142 at the upper limit
		codeShares: {order: order(broker.Sell, 1)},
	} {
		t.Run(code, func(t *testing.T) {
			w := morning()
			if c.world != nil {
				c.world(w)
			}
			_, err := open(t, w.options("")).Place(t.Context(), w.permit(c.order))
			wantCode(t, err, broker.Refused, code)
		})
	}
	w := morning()
	if _, err := w.placed(t, open(t, w.options("")), broker.Buy, broker.Market, 142, 0); err != nil {
		t.Errorf("142 shares at the upper limit: %v", err)
	}
}

func TestTicksAndTaxesAreThoseOfTheInstrument(t *testing.T) {
	w := morning()
	o := w.options("")
	o.Instrument = func(s market.Symbol) market.Instrument {
		return market.Instrument{Symbol: s, Board: market.KOSPI, Kind: market.ETF}
	}
	b := open(t, o)
	r, err := w.placed(t, b, broker.Buy, broker.Limit, 10, 54_105) // an ETF's tick is 5 won
	if err != nil || !r.Value.Equal(won(541_050)) {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err = w.placed(t, b, broker.Sell, broker.Market, 10, 0); err != nil {
		t.Fatal(err)
	}
	a, err := b.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "fees without a tax", a.Costs, "151") // 76 and 75
}

func TestWaitingOrderFillsAtItsLimitAsVolumeComes(t *testing.T) {
	w := morning()
	b := open(t, w.options(""))
	r, err := w.placed(t, b, broker.Buy, broker.Limit, 100, 53_000)
	if err != nil {
		t.Fatal(err)
	}
	q := w.quotes[samsung]
	for _, c := range []struct{ price, volume, filled int64 }{
		{53_000, 1_000, 0}, // the ask is still a tick above
		{52_500, 500, 50},
		{52_500, 500, 50}, // reading again brings nothing
		{52_000, 700, 70},
		{54_000, 5_000, 70},
		{52_900, 5_000, 100},
	} {
		q.Volume = c.volume
		w.quotes[samsung] = q
		w.move(samsung, won(c.price))
		q = w.quotes[samsung]
		if got := w.row(t, b, r.ID); got.Filled != c.filled || !got.Value.Equal(won(c.filled*53_000)) {
			t.Errorf("at %d with volume %d: %d shares for %s, want %d", c.price, c.volume, got.Filled, got.Value, c.filled)
		}
	}
}

func TestSessionsRollOverAndOldOrdersLeaveTheList(t *testing.T) {
	w := morning()
	b := open(t, w.options(""))
	first, err := w.placed(t, b, broker.Buy, broker.Limit, 10, 50_000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.placed(t, b, broker.Buy, broker.Market, 10, 0); err != nil {
		t.Fatal(err)
	}
	var last broker.Row
	for i, d := range []market.Date{20241203, 20241204, 20241205, 20241206, 20241209} {
		w.now = d.At(9, 30)
		w.move(samsung, won(40_000)) // far below what waited
		if last, err = w.placed(t, b, broker.Buy, broker.Market, 1, 0); err != nil {
			t.Fatal(err)
		}
		if last.ID.Date != d || last.ID.Number != "0000000001" {
			t.Errorf("first order of %s: %+v", d, last.ID)
		}
		if i < 4 {
			if r := w.row(t, b, first.ID); r.Filled != 0 || r.Cancelled != 10 || r.Open() {
				t.Errorf("%s: yesterday's order %+v", d, r)
			}
		}
		a, err := b.Account(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if settled := a.Deposit.LessThan(won(10_000_000)); settled != (d >= 20241204) {
			t.Errorf("%s: deposit %s", d, a.Deposit)
		}
	}
	_, err = b.Orders(t.Context(), 20241202)
	wantCode(t, err, broker.Refused, codePast)
	wantCode(t, b.Cancel(t.Context(), first.ID), broker.Refused, codeUnknown)
	wantCode(t, b.Cancel(t.Context(), last.ID), broker.Refused, codeFinal)
	w.now = market.Date(20241207).At(12, 0) // a Saturday; and time went back
	if _, err := b.Account(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNoQuoteIsAnErrorAndNeverAnEmptyAccount(t *testing.T) {
	w := morning()
	b := open(t, w.options(""))
	if _, err := w.placed(t, b, broker.Buy, broker.Market, 1, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.placed(t, b, broker.Buy, broker.Limit, 1, 50_000); err != nil {
		t.Fatal(err)
	}
	w.err = errWire
	_, err := b.Account(t.Context())
	wantKind(t, err, broker.Unclear)
	_, err = b.Power(t.Context(), samsung)
	wantKind(t, err, broker.Unclear)
	_, err = b.Orders(t.Context(), 20241202)
	wantKind(t, err, broker.Unclear)
	_, err = b.Place(t.Context(), w.permit(order(broker.Buy, 1)))
	wantKind(t, err, broker.Unsent)
	w.err = nil
	if list, err := b.Orders(t.Context(), 20241202); err != nil || len(list.Rows) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestPermitRunsOutWhileTheQuoteIsOnItsWay(t *testing.T) {
	w := morning()
	o := w.options("")
	quote := o.Quote
	o.Quote = func(ctx context.Context, s market.Symbol) (market.Quote, error) {
		w.now = w.now.Add(2 * time.Minute)
		return quote(ctx, s)
	}
	b := open(t, o)
	_, err := b.Place(t.Context(), w.permit(order(broker.Buy, 1)))
	wantKind(t, err, broker.Unsent)
	if list, err := b.Orders(t.Context(), 20241202); err != nil || len(list.Rows) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestHoldingIsValuedAtTheBasePriceBeforeTheFirstTrade(t *testing.T) {
	w := morning()
	b := open(t, w.options(""))
	if _, err := w.placed(t, b, broker.Buy, broker.Market, 10, 0); err != nil {
		t.Fatal(err)
	}
	w.now = market.Date(20241203).At(8, 0)
	w.quotes[samsung] = market.Quote{Symbol: samsung, Base: won(53_000)}
	a, err := b.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "value", a.Value, "530000")
}

func TestOptionsThatMeanNothingAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no calendar":      func(o *Options) { o.Calendar = nil },
		"no quotes":        func(o *Options) { o.Quote = nil },
		"no clock":         func(o *Options) { o.Now = nil },
		"debt":             func(o *Options) { o.Cash = won(-1) },
		"part of a won":    func(o *Options) { o.Cash = decimal.RequireFromString("0.5") },
		"a paid fee":       func(o *Options) { o.Costs.FeeRate = won(-1) },
		"a fee in percent": func(o *Options) { o.Costs.FeeRate = won(1) },
		"better prices":    func(o *Options) { o.Slippage = -1 },
		"more than all":    func(o *Options) { o.VolumeCap = 101 },
		"a missing folder": func(o *Options) { o.Path = "/nowhere/at/all.json" },
	} {
		o := morning().options("")
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestNothingWaitsForeverForItsTurn(t *testing.T) {
	w := morning()
	b := open(t, w.options(""))
	b.turn <- struct{}{} // somebody else is in the middle of a call
	ctx, cancel := contextWithTimeout(t, 10*time.Millisecond)
	defer cancel()
	_, err := b.Account(ctx)
	wantKind(t, err, broker.Unclear)
	<-b.turn
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = b.Account(t.Context())
	wantKind(t, err, broker.Unclear)
	_, err = b.Place(t.Context(), w.permit(order(broker.Buy, 1)))
	wantKind(t, err, broker.Unsent)
}
