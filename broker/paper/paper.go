package paper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// The codes of this broker's refusals, as broker.Error.Code carries them and the journal remembers them.
const (
	codeOrder   = "order"   // the order means nothing
	codeSession = "session" // the exchange is closed
	codePrice   = "price"   // the symbol has no price yet
	codeHalted  = "halted"  // the symbol is halted
	codeTick    = "tick"    // the price is off the ladder
	codeLimit   = "limit"   // the price is outside the day's limits
	codeCash    = "cash"    // not enough cash
	codeShares  = "shares"  // not enough sellable shares
	codeUnknown = "unknown" // no such order
	codeFinal   = "final"   // nothing of the order is left to cancel
	codePast    = "past"    // orders of that date are no longer kept
	codeState   = "state"   // the state file cannot be written; nothing was done
)

// Options is what a paper account needs. Quote and Now are its only windows on the world.
type Options struct {
	Cash      decimal.Decimal // won that open a new account; an account found at Path keeps its own
	Costs     market.Costs
	Slippage  int   // ticks by which a market order trades worse than the quote
	VolumeCap int64 // percent of the day's volume so far that one order may get; 0 is no cap
	Calendar  *market.Calendar
	Path      string // state file; empty keeps the account in memory only

	Quote      func(context.Context, market.Symbol) (market.Quote, error)
	Now        func() time.Time
	Instrument func(market.Symbol) market.Instrument // board and kind, for tick and tax; nil: all are KOSPI stocks
}

// Broker is a paper account. An order that can trade does so at once against the quote: a buy at the ask, a sell at
// the bid, or at the last price where the quote has neither, made worse by the slippage but never past the day's price
// limits or the order's own. A limit order that cannot waits, is looked at again whenever account, power or orders are
// read, and trades at its limit as soon as the other side's price is there; what waits at the close is cancelled. One
// order gets at most its cap of the day's volume: the rest of a market or IOC order is cancelled, a limit waits for
// more volume. Nothing trades in a halted symbol, without volume, or on the side that a price limit has locked.
type Broker struct {
	o    Options
	turn chan struct{} // holds one token while a method runs
	lock io.Closer     // of the state file; nil in memory
	shut bool
	now  *state // replaced, never edited: what it holds is on disk
}

// New opens the account at Path, or a new one. The state file is locked until Close.
func New(o Options) (*Broker, error) {
	switch {
	case o.Calendar == nil || o.Quote == nil || o.Now == nil:
		return nil, errors.New("paper: calendar, quote and now are needed")
	case o.Cash.Sign() < 0 || !o.Cash.IsInteger():
		return nil, fmt.Errorf("paper: cash %s is no amount of won", o.Cash)
	case o.Costs.FeeRate.Sign() < 0 || o.Costs.FeeRate.GreaterThanOrEqual(decimal.New(1, -1)):
		return nil, fmt.Errorf("paper: fee rate %s is not in [0, 0.1)", o.Costs.FeeRate)
	case o.Slippage < 0 || o.Slippage > 1000 || o.VolumeCap < 0 || o.VolumeCap > 100:
		return nil, fmt.Errorf("paper: slippage of %d ticks, volume cap of %d %%", o.Slippage, o.VolumeCap)
	}
	if o.Instrument == nil {
		o.Instrument = func(s market.Symbol) market.Instrument {
			return market.Instrument{Symbol: s, Board: market.KOSPI, Kind: market.Stock}
		}
	}
	b := &Broker{o: o, turn: make(chan struct{}, 1), now: newState(NewBook(o.Cash, o.Costs))}
	if o.Path == "" {
		return b, nil
	}
	lock, err := lockFile(o.Path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	if err := b.now.load(o.Path); err != nil {
		return nil, errors.Join(fmt.Errorf("paper: %w", err), lock.Close())
	}
	b.lock = lock
	return b, nil
}

// Close gives the state file to others. Every later call fails without effect.
func (b *Broker) Close() error {
	b.turn <- struct{}{}
	defer b.end()
	b.shut = true
	if b.lock == nil {
		return nil
	}
	return b.lock.Close()
}

// begin waits for this caller's turn, and hands out the present moment with a copy of the account rolled to it.
func (b *Broker) begin(ctx context.Context, op string, kind broker.Kind) (*state, time.Time, error) {
	fail := func(err error) (*state, time.Time, error) {
		return nil, time.Time{}, &broker.Error{Op: op, Kind: kind, Err: err}
	}
	if err := ctx.Err(); err != nil { // select would choose at random
		return fail(err)
	}
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return fail(ctx.Err())
	}
	now, next := b.o.Now(), b.now.clone()
	err := next.roll(now, b.o.Calendar)
	if b.shut {
		err = errors.New("the account is closed")
	}
	if err != nil {
		b.end()
		return fail(err)
	}
	return next, now, nil
}

func (b *Broker) end() { <-b.turn }

// keep writes the next state to disk and lets it count. Where it cannot, nothing has happened, and the error is of the
// kind given; where the disk may forget what it took, it counts and is unclear.
func (b *Broker) keep(op string, next *state, kind broker.Kind) error {
	replaced, err := true, error(nil)
	if b.o.Path != "" {
		replaced, err = next.save(b.o.Path)
	}
	if replaced {
		b.now, kind = next, broker.Unclear
	}
	if err != nil {
		return &broker.Error{Op: op, Kind: kind, Code: codeState, Err: err}
	}
	return nil
}

// refused is a final no.
func refused(op, code string, err error) error {
	return &broker.Error{Op: op, Kind: broker.Refused, Code: code, Err: err}
}

// Place fills or keeps the order. The quote is asked for first, so that the permit is used in the moment it counts.
func (b *Broker) Place(ctx context.Context, p broker.Permit) (broker.Receipt, error) {
	const op = "place"
	q, err := b.o.Quote(ctx, p.Order().Symbol)
	if err != nil {
		return broker.Receipt{}, &broker.Error{Op: op, Kind: broker.Unsent, Err: err}
	}
	next, now, err := b.begin(ctx, op, broker.Unsent)
	if err != nil {
		return broker.Receipt{}, err
	}
	defer b.end()
	o, err := p.Use(now)
	if err != nil {
		return broker.Receipt{}, err
	}
	if code, err := b.admit(o, q, now); err != nil {
		return broker.Receipt{}, refused(op, code, err)
	}
	row, code, err := b.accept(next, o, q, now)
	if err != nil {
		return broker.Receipt{}, refused(op, code, err)
	}
	if err := b.keep(op, next, broker.Refused); err != nil {
		return broker.Receipt{}, err
	}
	return broker.Receipt{ID: row.ID, At: now}, nil
}

// admit checks an order against the exchange's rules.
func (b *Broker) admit(o broker.Order, q market.Quote, now time.Time) (code string, err error) {
	if err := o.Check(); err != nil {
		return codeOrder, err
	}
	session, err := b.o.Calendar.Session(market.DateOf(now))
	if err != nil {
		return codeSession, err
	}
	above, below := q.Upper.IsPositive() && o.Price.GreaterThan(q.Upper), o.Price.LessThan(q.Lower)
	switch {
	case !session.Contains(now):
		return codeSession, fmt.Errorf("%s is outside the session %s to %s", now.In(market.KST).Format(time.TimeOnly),
			session.Open.Format(time.TimeOnly), session.Close.Format(time.TimeOnly))
	case q.Halted:
		return codeHalted, fmt.Errorf("%s is halted", o.Symbol)
	case q.Price.Sign() <= 0:
		return codePrice, fmt.Errorf("%s has no price", o.Symbol)
	case o.Type == broker.Market:
		return "", nil
	case !b.ladder(o.Symbol).On(o.Price):
		return codeTick, fmt.Errorf("price %s is between two ticks of %s", o.Price, b.ladder(o.Symbol).Tick(o.Price))
	case above || below:
		return codeLimit, fmt.Errorf("price %s is outside %s to %s", o.Price, q.Lower, q.Upper)
	}
	return "", nil
}

func (b *Broker) ladder(s market.Symbol) market.Ladder {
	return market.LadderNow(b.o.Instrument(s).Kind)
}

// accept numbers the order, reserves for it, and fills what the quote gives.
func (b *Broker) accept(next *state, o broker.Order, q market.Quote, now time.Time) (broker.Row, string, error) {
	row := broker.Row{Symbol: o.Symbol, Side: o.Side, Type: o.Type, Shares: o.Shares, Price: o.Price, Remaining: o.Shares}
	row.ID, row.Time = next.number(), clock(now)
	unit := b.unit(o, q)
	switch err := next.Book.Reserve(row.ID.Number, o, unit); {
	case errors.Is(err, ErrCash):
		return row, codeCash, err
	case errors.Is(err, ErrShares):
		return row, codeShares, err
	case err != nil:
		return row, codeOrder, err
	}
	if _, err := b.trade(next, &row, q, false); err != nil {
		return row, codeOrder, err
	}
	if o.Type != broker.Limit {
		next.cancelRest(&row)
	}
	next.append(row)
	return row, "", nil
}

// unit is the price that a buy reserves: its limit, the day's upper limit for a market order as KIS does it, or the
// price of its fill where the quote knows no upper limit.
func (b *Broker) unit(o broker.Order, q market.Quote) decimal.Decimal {
	switch {
	case o.Type != broker.Market:
		return o.Price
	case q.Upper.IsPositive():
		return q.Upper
	}
	return b.slipped(o.Symbol, o.Side, q)
}

// trade fills what the quote gives to the row's order, and tells whether that was anything.
func (b *Broker) trade(next *state, row *broker.Row, q market.Quote, resting bool) (bool, error) {
	shares, price := b.match(*row, q, resting)
	if shares == 0 {
		return false, nil
	}
	if err := next.Book.Fill(row.ID.Number, shares, price, b.o.Instrument(row.Symbol)); err != nil {
		return false, err
	}
	row.Filled += shares
	row.Remaining -= shares
	row.Value = row.Value.Add(price.Mul(decimal.NewFromInt(shares)))
	return true, nil
}

// match is what the quote gives to an order: shares, and the price of each. A resting order was there before the quote
// and trades at its own price.
func (b *Broker) match(r broker.Row, q market.Quote, resting bool) (int64, decimal.Decimal) {
	shares := r.Remaining
	if b.o.VolumeCap > 0 {
		shares = min(shares, q.Volume/100*b.o.VolumeCap+q.Volume%100*b.o.VolumeCap/100-r.Filled)
	}
	if shares <= 0 || q.Volume <= 0 || q.Halted || locked(q, r.Side) {
		return 0, decimal.Zero
	}
	price, reached := b.slipped(r.Symbol, r.Side, q), touch(q, r.Side)
	switch {
	case r.Type == broker.Market:
		return shares, price
	case r.Side == broker.Buy && reached.GreaterThan(r.Price), r.Side == broker.Sell && reached.LessThan(r.Price):
		return 0, decimal.Zero
	case resting:
		return shares, r.Price
	case r.Side == broker.Buy:
		return shares, decimal.Min(price, r.Price)
	}
	return shares, decimal.Max(price, r.Price)
}

// slipped is the price a market order of that side trades at.
func (b *Broker) slipped(s market.Symbol, side broker.Side, q market.Quote) decimal.Decimal {
	price := touch(q, side)
	if side == broker.Buy {
		if price = b.ladder(s).StepUp(price, b.o.Slippage); q.Upper.IsPositive() {
			price = decimal.Min(price, q.Upper)
		}
		return price
	}
	return decimal.Max(b.ladder(s).StepDown(price, b.o.Slippage), q.Lower)
}

// touch is the price on the other side of the book, or the last one where the quote has no book.
func touch(q market.Quote, side broker.Side) decimal.Decimal {
	switch {
	case side == broker.Buy && q.Ask.IsPositive():
		return q.Ask
	case side == broker.Sell && q.Bid.IsPositive():
		return q.Bid
	}
	return q.Price
}

// locked tells whether the day's price limit leaves nobody on the other side: the symbol has traded at nothing but the
// limit, or stands at it with one side of the book empty.
func locked(q market.Quote, side broker.Side) bool {
	limit, other, own := q.Upper, q.Ask, q.Bid
	if side == broker.Sell {
		limit, other, own = q.Lower, q.Bid, q.Ask
	}
	flat := q.Open.Equal(q.Price) && q.High.Equal(q.Price) && q.Low.Equal(q.Price)
	return limit.IsPositive() && q.Price.Equal(limit) && (flat || other.IsZero() && own.IsPositive())
}

// Cancel cancels what has not traded. A second cancellation is refused as final, and changes nothing.
func (b *Broker) Cancel(ctx context.Context, id broker.OrderID) error {
	const op = "cancel"
	next, now, err := b.begin(ctx, op, broker.Unsent)
	if err != nil {
		return err
	}
	defer b.end()
	row := next.find(id)
	switch {
	case row == nil:
		return refused(op, codeUnknown, fmt.Errorf("no order %s of %s", id.Number, id.Date))
	case !row.Open():
		return refused(op, codeFinal, fmt.Errorf("order %s has nothing left to cancel", id.Number))
	}
	rest := row.Remaining
	next.cancelRest(row)
	next.append(broker.Row{ID: next.number(), Original: row.ID.Number, Symbol: row.Symbol, Side: row.Side, Type: row.Type,
		Shares: rest, Time: clock(now)})
	return b.keep(op, next, broker.Refused)
}

// clock is the time of day as a broker lists it.
func clock(now time.Time) string { return now.In(market.KST).Format("150405") }

// quotes asks for each symbol once.
type quotes struct {
	ask  func(context.Context, market.Symbol) (market.Quote, error)
	seen map[market.Symbol]market.Quote
}

func (k *quotes) of(ctx context.Context, s market.Symbol) (market.Quote, error) {
	if q, ok := k.seen[s]; ok {
		return q, nil
	}
	q, err := k.ask(ctx, s)
	if err == nil {
		k.seen[s] = q
	}
	return q, err
}

// read is the account at the present moment: waiting orders have been compared with their quotes. The caller ends it.
func (b *Broker) read(ctx context.Context, op string) (*state, time.Time, *quotes, error) {
	next, now, err := b.begin(ctx, op, broker.Unclear)
	if err != nil {
		return nil, now, nil, err
	}
	seen := &quotes{ask: b.o.Quote, seen: map[market.Symbol]market.Quote{}}
	changed, err := b.rest(ctx, next, now, seen)
	if err != nil {
		err = &broker.Error{Op: op, Kind: broker.Unclear, Err: err}
	} else if changed {
		err = b.keep(op, next, broker.Unclear)
	}
	if err != nil {
		b.end()
		return nil, now, nil, err
	}
	return next, now, seen, nil
}

// rest gives every waiting order another look, while the exchange is open.
func (b *Broker) rest(ctx context.Context, next *state, now time.Time, seen *quotes) (changed bool, err error) {
	session, err := b.o.Calendar.Session(next.Book.Session())
	if err != nil || !session.Contains(now) {
		return false, nil
	}
	rows := next.today()
	for i := range rows {
		if !rows[i].Open() {
			continue
		}
		q, err := seen.of(ctx, rows[i].Symbol)
		if err != nil {
			return false, err
		}
		traded, err := b.trade(next, &rows[i], q, true)
		if err != nil {
			return false, err
		}
		changed = changed || traded
	}
	return changed, nil
}

// Account values every holding at its quote; before the first trade of the day, at the base price.
func (b *Broker) Account(ctx context.Context) (broker.Account, error) {
	const op = "account"
	s, now, seen, err := b.read(ctx, op)
	if err != nil {
		return broker.Account{}, err
	}
	defer b.end()
	a := broker.Account{At: now, Cash: s.Book.Cash(), Deposit: s.Book.Deposit(), Costs: s.Book.TradedToday().Costs}
	for _, h := range s.Book.Holdings() {
		held := broker.Holding{Symbol: h.Symbol, Shares: h.Shares, Sellable: s.Book.Sellable(h.Symbol),
			AveragePrice: h.AveragePrice(), BoughtToday: h.BoughtToday, SoldToday: h.SoldToday}
		if h.Shares > 0 {
			q, err := seen.of(ctx, h.Symbol)
			if err != nil {
				return broker.Account{}, &broker.Error{Op: op, Kind: broker.Unclear, Err: err}
			}
			if held.Name, held.Price = q.Name, q.Price; held.Price.IsZero() {
				held.Price = q.Base
			}
			held.Value = held.Price.Mul(decimal.NewFromInt(h.Shares))
		}
		a.Value = a.Value.Add(held.Value)
		a.Holdings = append(a.Holdings, held)
	}
	a.Equity = a.Cash.Add(a.Value)
	return a, nil
}

// Power counts with the price that a market buy would reserve.
func (b *Broker) Power(ctx context.Context, symbol market.Symbol) (broker.Power, error) {
	const op = "power"
	s, now, seen, err := b.read(ctx, op)
	if err != nil {
		return broker.Power{}, err
	}
	defer b.end()
	q, err := seen.of(ctx, symbol)
	if err != nil {
		return broker.Power{}, &broker.Error{Op: op, Kind: broker.Unclear, Err: err}
	}
	p := broker.Power{At: now, Symbol: symbol, UnitPrice: b.unit(broker.Order{Symbol: symbol, Side: broker.Buy, Type: broker.Market}, q)}
	p.Cash, p.Shares = s.Book.Power(p.UnitPrice)
	return p, nil
}

// Orders lists the orders of one of the last sessions, oldest first.
func (b *Broker) Orders(ctx context.Context, d market.Date) (broker.Orders, error) {
	const op = "orders"
	s, now, _, err := b.read(ctx, op)
	if err != nil {
		return broker.Orders{}, err
	}
	defer b.end()
	if d < s.Since {
		return broker.Orders{}, refused(op, codePast, fmt.Errorf("orders before %s are no longer kept", s.Since))
	}
	return broker.Orders{Date: d, At: now, Rows: slices.Clone(s.Orders[d])}, nil
}

var _ broker.Broker = (*Broker)(nil)
