// Package brokertest holds the promises that every broker keeps, as tests that run against any of them: Run calls them
// one by one, each with a fresh account. It knows the port and its nouns, and nothing of who is behind them.
package brokertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// Rig is a fresh account with at least 10,000,000 won, no holdings and no orders, in the continuous trading of an open
// session, and the few controls that a promise needs. Time stands still but for Move and Advance.
type Rig struct {
	Broker     broker.Broker
	Instrument market.Instrument // a stock that trades on ticks at some 50,000 won, 10,000 shares and more by now
	Costs      market.Costs      // what the broker charges
	Today      market.Date
	Settles    market.Date // when today's fills settle
	Close      time.Time   // end of the session

	// Quote is the market of the instrument now.
	Quote func() market.Quote
	// Move lets the market of the instrument trade at the price, within the session. A promise asks for one move, of
	// at most 3 % down or up.
	Move func(price decimal.Decimal)
	// Advance lets market time pass.
	Advance func(to time.Time)
	// Permit is a good permit for the order, Expired one whose time is over.
	Permit, Expired func(broker.Order) broker.Permit
	// Reconnect gives up Broker and opens the same account again.
	Reconnect func() broker.Broker
}

// Factory makes one Rig, and takes it down with t.Cleanup.
type Factory func(t *testing.T) Rig

// Run holds the broker to every promise.
func Run(t *testing.T, f Factory) {
	for _, p := range promises {
		t.Run(p.name, func(t *testing.T) { p.keep(&account{T: t, Rig: f(t)}) })
	}
}

var promises = []struct {
	name string
	keep func(*account)
}{
	{"an account without trades has all in cash", fresh},
	{"a market buy is filled, listed and paid for", marketBuy},
	{"a sale brings its value less fee and tax", sale},
	{"a symbol sold out holds no shares", soldOut},
	{"an average price is value by shares", averagePrice},
	{"power is the cash without credit", power},
	{"sale proceeds buy again the same day", reuse},
	{"a limit order rests, fills at its price or better, and is final", limitFills},
	{"a limit order that the market has reached fills at once", marketable},
	{"a resting buy holds cash back until it is cancelled", cancelBuy},
	{"a resting sell holds shares back until it is cancelled", cancelSell},
	{"a cancellation may be repeated", cancelTwice},
	{"cancelling an order that never was is refused", cancelUnknown},
	{"an IOC order trades at once", iocFills},
	{"an IOC order that finds nobody trades nothing", iocMisses},
	{"a resting order ends with the session", dayOrder},
	{"a price between two ticks is refused", offTick},
	{"a price outside the day's limits is refused", offLimits},
	{"a buy beyond the cash is refused", noCash},
	{"a sale beyond the shares is refused", noShares},
	{"an order outside the session is refused", noSession},
	{"a permit is used once", permitOnce},
	{"an expired permit sends nothing", permitExpired},
	{"a permit that nobody made sends nothing", permitZero},
	{"a long list is complete and its numbers are unique", longList},
	{"orders placed at once get numbers of their own", concurrent},
	{"the list of another day does not hold today's orders", otherDay},
	{"a new connection sees the same account", reconnect},
	{"a cancelled context is an error of the port, and has no effect", cancelled},
}

// account is a rig with the words the promises are written in.
type account struct {
	*testing.T
	Rig
}

func (a *account) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

func (a *account) order(side broker.Side, kind broker.Type, shares int64, price decimal.Decimal) broker.Order {
	return broker.Order{Symbol: a.Instrument.Symbol, Side: side, Type: kind, Shares: shares, Price: price}
}

// place has an order accepted.
func (a *account) place(side broker.Side, kind broker.Type, shares int64, price decimal.Decimal) broker.OrderID {
	a.Helper()
	r, err := a.Broker.Place(a.Context(), a.Permit(a.order(side, kind, shares, price)))
	a.must(err)
	if r.ID.Date != a.Today || r.ID.Number == "" || r.At.IsZero() {
		a.Fatalf("receipt %+v on %s", r, a.Today)
	}
	return r.ID
}

func (a *account) market(side broker.Side, shares int64) broker.Row {
	a.Helper()
	return a.row(a.place(side, broker.Market, shares, decimal.Zero))
}

func (a *account) orders() broker.Orders {
	a.Helper()
	list, err := a.Broker.Orders(a.Context(), a.Today)
	a.must(err)
	if list.Date != a.Today || list.At.IsZero() {
		a.Fatalf("orders of %s at %s, want %s", list.Date, list.At, a.Today)
	}
	return list
}

// row is the order as the broker lists it; what every row has to be is looked at here.
func (a *account) row(id broker.OrderID) broker.Row {
	a.Helper()
	r, ok := a.orders().Find(id)
	switch {
	case !ok:
		a.Fatalf("order %s is not listed", id.Number)
	case r.Filled < 0 || r.Remaining < 0 || r.Filled+r.Remaining > r.Shares, r.Filled == 0 != r.Value.IsZero():
		a.Fatalf("row does not add up: %+v", r)
	case r.Symbol != a.Instrument.Symbol || len(r.Time) != 6:
		a.Fatalf("row %+v", r)
	}
	return r
}

// filled demands an order that is done with all its shares.
func (a *account) filled(r broker.Row) broker.Row {
	a.Helper()
	if r.Filled != r.Shares || r.Open() || r.Cancelled != 0 {
		a.Fatalf("not filled: %+v", r)
	}
	return r
}

func (a *account) account() broker.Account {
	a.Helper()
	acc, err := a.Broker.Account(a.Context())
	a.must(err)
	value := decimal.Zero
	for _, h := range acc.Holdings {
		if h.Sellable > h.Shares || h.Shares > 0 && !h.Value.Equal(h.Price.Mul(decimal.NewFromInt(h.Shares))) {
			a.Errorf("holding does not add up: %+v", h)
		}
		value = value.Add(h.Value)
	}
	a.equal("value", acc.Value, value)
	a.equal("equity", acc.Equity, acc.Cash.Add(acc.Value))
	if acc.At.IsZero() {
		a.Error("account without a moment")
	}
	return acc
}

func (a *account) holding() broker.Holding {
	a.Helper()
	return a.account().Holding(a.Instrument.Symbol)
}

func (a *account) power() broker.Power {
	a.Helper()
	p, err := a.Broker.Power(a.Context(), a.Instrument.Symbol)
	a.must(err)
	if p.Symbol != a.Instrument.Symbol || p.Cash.Sign() < 0 || p.Shares < 0 || p.At.IsZero() {
		a.Fatalf("power %+v", p)
	}
	return p
}

func (a *account) equal(what string, got, want decimal.Decimal) {
	a.Helper()
	if !got.Equal(want) {
		a.Errorf("%s is %s, want %s", what, got, want)
	}
}

// off is the price that many percent away from the last one, on a tick further away.
func (a *account) off(percent int64) decimal.Decimal {
	p := a.Quote().Price.Mul(decimal.NewFromInt(100 + percent)).Shift(-2)
	if percent < 0 {
		return market.LadderNow(a.Instrument.Kind).RoundDown(p)
	}
	return market.LadderNow(a.Instrument.Kind).RoundUp(p)
}

// ended demands that nothing of an order trades any more and that shares of it were cancelled. The list tells so on
// the order's own row or on a row of its own.
func (a *account) ended(id broker.OrderID, shares int64) {
	a.Helper()
	list := a.orders()
	r, ok := list.Find(id)
	told := r.Cancelled == shares
	for _, c := range list.Rows {
		original := broker.OrderID{Date: id.Date, Number: c.Original}
		told = told || c.Original != "" && original.Key() == id.Key() && c.Shares == shares
	}
	if !ok || r.Open() || !told || r.Filled+shares != r.Shares {
		a.Errorf("%d shares of order %s are not cancelled: %+v", shares, id.Number, list.Rows)
	}
}

// refused demands a final no that leaves no trace.
func (a *account) refused(o broker.Order) {
	a.Helper()
	before, rows := a.account(), len(a.orders().Rows)
	_, err := a.Broker.Place(a.Context(), a.Permit(o))
	a.kind(err, broker.Refused)
	var e *broker.Error
	if errors.As(err, &e) && e.Code == "" {
		a.Errorf("%s: refused without a code: %v", o, err)
	}
	a.untouched(before, rows)
}

func (a *account) untouched(before broker.Account, rows int) {
	a.Helper()
	if n := len(a.orders().Rows); n != rows {
		a.Errorf("%d orders, before %d", n, rows)
	}
	a.sameAccount(a.account(), before)
}

func (a *account) sameAccount(got, want broker.Account) {
	a.Helper()
	got.At, want.At = time.Time{}, time.Time{}
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		a.Errorf("account\n%s, want\n%s", g, w)
	}
}

func (a *account) kind(err error, want broker.Kind) {
	a.Helper()
	var e *broker.Error
	if !errors.As(err, &e) || e.Kind != want || e.Op == "" {
		a.Errorf("error %v, want one of the port, kind %s", err, want)
	}
}

func fresh(a *account) {
	acc := a.account()
	a.equal("deposit", acc.Deposit, acc.Cash)
	a.equal("costs", acc.Costs, decimal.Zero)
	if acc.Value.IsPositive() || acc.Cash.LessThan(decimal.NewFromInt(10_000_000)) || len(a.orders().Rows) != 0 {
		a.Errorf("account %+v", acc)
	}
}

func marketBuy(a *account) {
	before := a.account()
	r := a.filled(a.market(broker.Buy, 10))
	if r.Side != broker.Buy || r.Type != broker.Market || r.Shares != 10 || r.ID.Date != a.Today {
		a.Errorf("row %+v", r)
	}
	q := a.Quote()
	if low, high := q.Lower.Mul(decimal.NewFromInt(10)), q.Upper.Mul(decimal.NewFromInt(10)); r.Value.LessThan(low) || r.Value.GreaterThan(high) {
		a.Errorf("10 shares for %s, with limits %s and %s", r.Value, q.Lower, q.Upper)
	}
	fee := a.Costs.Fee(r.Value)
	after, h := a.account(), a.holding()
	a.equal("cash", after.Cash, before.Cash.Sub(r.Value).Sub(fee))
	a.equal("deposit", after.Deposit, before.Deposit)
	a.equal("costs", after.Costs, fee)
	a.equal("holding's price", h.Price, q.Price)
	if h.Shares != 10 || h.Sellable != 10 || h.BoughtToday != 10 || h.SoldToday != 0 {
		a.Errorf("holding %+v", h)
	}
}

func sale(a *account) {
	a.filled(a.market(broker.Buy, 10))
	before := a.account()
	r := a.filled(a.market(broker.Sell, 4))
	costs := a.Costs.Fee(r.Value).Add(a.Costs.Tax(r.Value, a.Instrument, a.Settles))
	after, h := a.account(), a.holding()
	if r.Side != broker.Sell {
		a.Errorf("row %+v", r)
	}
	a.equal("cash", after.Cash, before.Cash.Add(r.Value).Sub(costs))
	a.equal("deposit", after.Deposit, before.Deposit)
	a.equal("costs", after.Costs, before.Costs.Add(costs))
	a.equal("average price", h.AveragePrice, before.Holding(h.Symbol).AveragePrice)
	if h.Shares != 6 || h.Sellable != 6 || h.SoldToday != 4 || h.BoughtToday != 10 {
		a.Errorf("holding %+v", h)
	}
}

func soldOut(a *account) {
	a.filled(a.market(broker.Buy, 3))
	a.filled(a.market(broker.Sell, 3))
	if h := a.holding(); h.Shares != 0 || h.Sellable != 0 {
		a.Errorf("holding %+v", h)
	}
	a.equal("value", a.account().Value, decimal.Zero)
	a.refused(a.order(broker.Sell, broker.Market, 1, decimal.Zero))
}

func averagePrice(a *account) {
	first := a.filled(a.market(broker.Buy, 2))
	a.Move(a.off(2))
	second := a.filled(a.market(broker.Buy, 1))
	want := first.Value.Add(second.Value).DivRound(decimal.NewFromInt(3), 4)
	a.equal("average price", a.holding().AveragePrice, want)
	if !second.Value.GreaterThan(first.Value.DivRound(decimal.NewFromInt(2), 0)) {
		a.Errorf("the market rose, and a share cost %s after %s for two", second.Value, first.Value)
	}
}

func power(a *account) {
	cash, p := a.account().Cash, a.power()
	if p.Cash.GreaterThan(cash) || p.Cash.LessThan(cash.Mul(decimal.New(99, -2))) {
		a.Errorf("power %s of %s in cash", p.Cash, cash)
	}
	if p.UnitPrice.LessThan(a.Quote().Price) || decimal.NewFromInt(p.Shares).Mul(p.UnitPrice).GreaterThan(p.Cash) {
		a.Errorf("power %+v at price %s", p, a.Quote().Price)
	}
	a.refused(a.order(broker.Buy, broker.Market, p.Shares+1, decimal.Zero))
	r := a.market(broker.Buy, p.Shares)
	if r.Filled == 0 {
		a.Errorf("nothing filled: %+v", r)
	}
	a.spent(p, r.Value)
	if cash := a.account().Cash; cash.Sign() < 0 {
		a.Errorf("cash %s", cash)
	}
}

// spent demands that value is gone from the power. Setting the fee aside rounds to the won, so one won may be left.
func (a *account) spent(before broker.Power, value decimal.Decimal) {
	a.Helper()
	if after := a.power(); after.Cash.GreaterThan(before.Cash.Sub(value).Add(decimal.NewFromInt(1))) {
		a.Errorf("power %s, before a buy for %s it was %s", after.Cash, value, before.Cash)
	}
}

func reuse(a *account) {
	a.filled(a.market(broker.Buy, 10))
	before := a.power()
	r := a.filled(a.market(broker.Sell, 10))
	if after := a.power(); !after.Cash.GreaterThan(before.Cash.Add(r.Value.Mul(decimal.New(99, -2)))) {
		a.Errorf("power %s, before a sale for %s %s", after.Cash, r.Value, before.Cash)
	}
}

func limitFills(a *account) {
	limit, target := a.off(-1), a.off(-2)
	id := a.place(broker.Buy, broker.Limit, 5, limit)
	if r := a.row(id); r.Filled != 0 || r.Remaining != 5 || r.Cancelled != 0 || r.Type != broker.Limit || !r.Price.Equal(limit) {
		a.Fatalf("a resting order: %+v", r)
	}
	if h := a.holding(); h.Shares != 0 {
		a.Errorf("holding %+v", h)
	}
	a.Move(target)
	r := a.filled(a.row(id))
	if r.Value.GreaterThan(limit.Mul(decimal.NewFromInt(5))) {
		a.Errorf("5 shares for %s with a limit of %s", r.Value, limit)
	}
	if h := a.holding(); h.Shares != 5 {
		a.Errorf("holding %+v", h)
	}
	a.kind(a.Broker.Cancel(a.Context(), id), broker.Refused)
	a.filled(a.row(id))
}

func marketable(a *account) {
	limit := a.off(1)
	r := a.filled(a.row(a.place(broker.Buy, broker.Limit, 5, limit)))
	if r.Value.GreaterThan(limit.Mul(decimal.NewFromInt(5))) {
		a.Errorf("5 shares for %s with a limit of %s", r.Value, limit)
	}
	limit = a.off(-1)
	r = a.filled(a.row(a.place(broker.Sell, broker.Limit, 5, limit)))
	if r.Value.LessThan(limit.Mul(decimal.NewFromInt(5))) {
		a.Errorf("5 shares for %s with a limit of %s", r.Value, limit)
	}
}

func cancelBuy(a *account) {
	before, limit := a.power(), a.off(-2)
	id := a.place(broker.Buy, broker.Limit, 7, limit)
	a.spent(before, limit.Mul(decimal.NewFromInt(7)))
	a.must(a.Broker.Cancel(a.Context(), id))
	a.ended(id, 7)
	a.equal("power", a.power().Cash, before.Cash)
}

func cancelSell(a *account) {
	a.filled(a.market(broker.Buy, 10))
	id := a.place(broker.Sell, broker.Limit, 7, a.off(2))
	if h := a.holding(); h.Shares != 10 || h.Sellable != 3 {
		a.Errorf("holding while a sell rests: %+v", h)
	}
	a.refused(a.order(broker.Sell, broker.Market, 4, decimal.Zero))
	a.must(a.Broker.Cancel(a.Context(), id))
	a.ended(id, 7)
	if h := a.holding(); h.Sellable != 10 {
		a.Errorf("holding after the cancellation: %+v", h)
	}
}

func cancelTwice(a *account) {
	id := a.place(broker.Buy, broker.Limit, 7, a.off(-2))
	a.must(a.Broker.Cancel(a.Context(), id))
	before, rows := a.account(), len(a.orders().Rows)
	if err := a.Broker.Cancel(a.Context(), id); err != nil {
		a.kind(err, broker.Refused)
	}
	a.ended(id, 7)
	a.untouched(before, rows)
}

func cancelUnknown(a *account) {
	id := a.place(broker.Buy, broker.Limit, 7, a.off(-2))
	unknown := broker.OrderID{Date: id.Date, Branch: id.Branch, Number: "0009999999"}
	before, rows := a.account(), len(a.orders().Rows)
	a.kind(a.Broker.Cancel(a.Context(), unknown), broker.Refused)
	a.untouched(before, rows)
}

func iocFills(a *account) {
	limit := a.off(1)
	r := a.filled(a.row(a.place(broker.Buy, broker.IOC, 5, limit)))
	if r.Value.GreaterThan(limit.Mul(decimal.NewFromInt(5))) {
		a.Errorf("5 shares for %s with a limit of %s", r.Value, limit)
	}
}

// A broker that has no IOC lets the order rest; then whoever sent it cancels it.
func iocMisses(a *account) {
	id := a.place(broker.Buy, broker.IOC, 5, a.off(-2))
	if r := a.row(id); r.Filled != 0 {
		a.Errorf("row %+v", r)
	} else if r.Open() {
		a.must(a.Broker.Cancel(a.Context(), id))
	}
	a.ended(id, 5)
	if h := a.holding(); h.Shares != 0 {
		a.Errorf("holding %+v", h)
	}
}

func dayOrder(a *account) {
	before := a.power()
	id := a.place(broker.Buy, broker.Limit, 5, market.LadderNow(a.Instrument.Kind).RoundUp(a.Quote().Lower))
	a.Advance(a.Close.Add(time.Minute))
	a.ended(id, 5)
	a.equal("power", a.power().Cash, before.Cash)
}

func offTick(a *account) {
	a.refused(a.order(broker.Buy, broker.Limit, 1, a.off(-1).Add(decimal.NewFromInt(1))))
}

func offLimits(a *account) {
	q, ladder := a.Quote(), market.LadderNow(a.Instrument.Kind)
	a.refused(a.order(broker.Buy, broker.Limit, 1, ladder.StepUp(ladder.RoundUp(q.Upper), 1)))
	a.refused(a.order(broker.Buy, broker.Limit, 1, ladder.StepDown(ladder.RoundDown(q.Lower), 1)))
}

func noCash(a *account) {
	price := a.off(-1)
	shares := a.account().Cash.Div(price).IntPart() + 1
	a.refused(a.order(broker.Buy, broker.Limit, shares, price))
	a.place(broker.Buy, broker.Limit, shares/2+1, price)
	a.refused(a.order(broker.Buy, broker.Limit, shares/2+1, price))
}

func noShares(a *account) {
	a.refused(a.order(broker.Sell, broker.Market, 1, decimal.Zero))
	a.filled(a.market(broker.Buy, 2))
	a.refused(a.order(broker.Sell, broker.Limit, 3, a.off(1)))
}

func noSession(a *account) {
	price := a.off(-1)
	a.Advance(a.Close.Add(2 * time.Minute))
	a.refused(a.order(broker.Buy, broker.Limit, 1, price))
	a.refused(a.order(broker.Buy, broker.Market, 1, decimal.Zero))
}

func permitOnce(a *account) {
	p := a.Permit(a.order(broker.Buy, broker.Limit, 1, a.off(-1)))
	_, err := a.Broker.Place(a.Context(), p)
	a.must(err)
	before, rows := a.account(), len(a.orders().Rows)
	_, err = a.Broker.Place(a.Context(), p)
	a.kind(err, broker.Unsent)
	a.untouched(before, rows)
}

func permitExpired(a *account) {
	before := a.account()
	_, err := a.Broker.Place(a.Context(), a.Expired(a.order(broker.Buy, broker.Market, 1, decimal.Zero)))
	a.kind(err, broker.Unsent)
	a.untouched(before, 0)
}

func permitZero(a *account) {
	before := a.account()
	_, err := a.Broker.Place(a.Context(), broker.Permit{})
	a.kind(err, broker.Unsent)
	a.untouched(before, 0)
}

// Twenty rows are a page of KIS's virtual host; a second one has to be turned to.
func longList(a *account) {
	const n = 25
	placed := map[string]bool{}
	for range n {
		placed[a.place(broker.Buy, broker.Limit, 1, a.off(-2)).Key()] = true
	}
	listed := map[string]bool{}
	for _, r := range a.orders().Rows {
		if listed[r.ID.Key()] {
			a.Errorf("order %s is listed twice", r.ID.Number)
		}
		listed[r.ID.Key()] = true
		delete(placed, r.ID.Key())
	}
	if len(listed) != n || len(placed) != 0 {
		a.Errorf("%d orders listed and %d missing of %d", len(listed), len(placed), n)
	}
}

func concurrent(a *account) {
	const n = 6
	price, ids := a.off(-2), make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r, err := a.Broker.Place(a.Context(), a.Permit(a.order(broker.Buy, broker.Limit, int64(i+1), price)))
			if err != nil {
				a.Error(err)
			}
			ids[i] = r.ID.Key()
		})
	}
	all.Wait()
	shares := map[string]int64{}
	for _, r := range a.orders().Rows {
		shares[r.ID.Key()] = r.Shares
	}
	for i, id := range ids {
		if shares[id] != int64(i+1) || len(shares) != n {
			a.Errorf("order %s: %d shares of %d listed, %d orders", id, shares[id], i+1, len(shares))
		}
	}
}

func otherDay(a *account) {
	a.place(broker.Buy, broker.Limit, 1, a.off(-1))
	yesterday := a.Today.Add(-1)
	list, err := a.Broker.Orders(a.Context(), yesterday)
	a.must(err)
	if list.Date != yesterday || len(list.Rows) != 0 {
		a.Errorf("orders of %s: %+v", yesterday, list)
	}
}

func reconnect(a *account) {
	a.filled(a.market(broker.Buy, 10))
	id := a.place(broker.Sell, broker.Limit, 4, a.off(2))
	before, rows := a.account(), a.orders().Rows
	a.Broker = a.Reconnect()
	a.untouched(before, len(rows))
	for i, r := range a.orders().Rows {
		if fmt.Sprintf("%+v", r) != fmt.Sprintf("%+v", rows[i]) {
			a.Errorf("row %+v, before %+v", r, rows[i])
		}
	}
	a.must(a.Broker.Cancel(a.Context(), id))
	a.ended(id, 4)
}

func cancelled(a *account) {
	id := a.place(broker.Buy, broker.Limit, 1, a.off(-1))
	before, rows := a.account(), len(a.orders().Rows)
	ctx, cancel := context.WithCancel(a.Context())
	cancel()
	_, err := a.Broker.Account(ctx)
	a.typed(err)
	_, err = a.Broker.Power(ctx, a.Instrument.Symbol)
	a.typed(err)
	_, err = a.Broker.Orders(ctx, a.Today)
	a.typed(err)
	a.typed(a.Broker.Cancel(ctx, id))
	_, err = a.Broker.Place(ctx, a.Permit(a.order(broker.Buy, broker.Market, 1, decimal.Zero)))
	a.kind(err, broker.Unsent)
	a.untouched(before, rows)
	if r := a.row(id); !r.Open() {
		a.Errorf("row %+v", r)
	}
}

// typed demands an error of the port that is no final no.
func (a *account) typed(err error) {
	a.Helper()
	var e *broker.Error
	if !errors.As(err, &e) || e.Kind == broker.Refused || e.Op == "" {
		a.Errorf("error %v of kind %q, want one of the port that is no refusal", err, broker.KindOf(err))
	}
}
