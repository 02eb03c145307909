package paper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// Why a book reserves nothing.
var (
	ErrCash   = errors.New("not enough cash")
	ErrShares = errors.New("not enough sellable shares")
)

// maxShares bounds one order, so that no sum of shares comes near the end of an int64.
const maxShares = 10_000_000_000

// averageDigits is the number of decimals of an average price (매입평균가격 "3145.0000").
const averageDigits = 4

// costDigits is the number of decimals that the cost of the shares that stay is rounded to when some are sold.
const costDigits = 8

// Book keeps the cash and the holdings of one account, exactly, as KIS settles them: a fill moves the D+2 cash at once
// and the deposit two sessions later; sale proceeds buy again the same day; there is no credit and no short sale. An
// order reserves first and fills against its reservation, so that neither cash nor shares can be used twice. It reads
// no clock: the session is told to it. A Book is not safe for use by several goroutines at a time.
type Book struct {
	costs market.Costs
	l     ledger
}

// ledger is the content of a book: all of its JSON form. Amounts are won.
type ledger struct {
	Opening   decimal.Decimal           `json:"opening"`
	Settled   decimal.Decimal           `json:"settled"`
	Due       []due                     `json:"due"`
	Session   market.Date               `json:"session"`
	Next      market.Date               `json:"next"`   // D+1
	Settle    market.Date               `json:"settle"` // D+2
	Realised  decimal.Decimal           `json:"realised"`
	Spent     decimal.Decimal           `json:"spent"` // fees and taxes since the opening
	Today     Traded                    `json:"today"`
	Yesterday Traded                    `json:"yesterday"`
	Rows      map[market.Symbol]Holding `json:"rows"`
	Open      map[string]reservation    `json:"open"`
}

// due is what the fills of one session bring (or, below zero, take) on their settlement date.
type due struct {
	Date   market.Date     `json:"date"`
	Amount decimal.Decimal `json:"amount"`
}

// reservation is what an open order holds back: for a buy Shares × Unit and the fee on it, for a sell Shares.
type reservation struct {
	Symbol market.Symbol   `json:"symbol"`
	Side   broker.Side     `json:"side"`
	Shares int64           `json:"shares"`
	Unit   decimal.Decimal `json:"unit"`
}

// Traded is the sum of one session's fills, in won. Costs are fees and taxes.
type Traded struct {
	Bought decimal.Decimal `json:"bought"`
	Sold   decimal.Decimal `json:"sold"`
	Costs  decimal.Decimal `json:"costs"`
}

// Holding is one symbol of the book. Cost is what the shares were bought for, in won, without fees; a sale takes its
// part of it, so that the average price stays what it was. A symbol that was sold out stays with 0 shares until its
// last sale is settled.
type Holding struct {
	Symbol          market.Symbol   `json:"symbol"`
	Shares          int64           `json:"shares"`
	Cost            decimal.Decimal `json:"cost"`
	BoughtToday     int64           `json:"bought_today"`
	SoldToday       int64           `json:"sold_today"`
	BoughtYesterday int64           `json:"bought_yesterday"`
	SoldYesterday   int64           `json:"sold_yesterday"`
	Settle          market.Date     `json:"settle"` // settlement date of the last fill
}

// AveragePrice is Cost / Shares, rounded half away from zero to 4 decimals as KIS shows it; zero without shares.
func (h Holding) AveragePrice() decimal.Decimal {
	if h.Shares == 0 {
		return decimal.Zero
	}
	return h.Cost.DivRound(decimal.NewFromInt(h.Shares), averageDigits)
}

// NewBook opens an account with that many won of settled cash.
func NewBook(cash decimal.Decimal, costs market.Costs) *Book {
	return &Book{costs: costs, l: ledger{
		Opening: cash,
		Settled: cash,
		Rows:    map[market.Symbol]Holding{},
		Open:    map[string]reservation{},
	}}
}

// clone is a book that shares nothing with b.
func (b *Book) clone() *Book {
	c := *b
	c.l.Due, c.l.Rows, c.l.Open = slices.Clone(b.l.Due), maps.Clone(b.l.Rows), maps.Clone(b.l.Open)
	return &c
}

// BeginSession opens session d: what is due by then settles, today becomes yesterday, and sold-out symbols that are
// settled leave. Next and settle are the first and the second session after d. Whatever is still reserved stays so:
// day orders are released by the broker that took them. Telling the same session again changes nothing.
func (b *Book) BeginSession(d, next, settle market.Date) error {
	switch {
	case d == b.l.Session:
		return nil
	case d < b.l.Session || next <= d || settle <= next:
		return fmt.Errorf("book: session %s with D+1 %s and D+2 %s after session %s", d, next, settle, b.l.Session)
	}
	follows := d == b.l.Next
	b.l.Session, b.l.Next, b.l.Settle = d, next, settle
	b.l.Due = slices.DeleteFunc(b.l.Due, func(x due) bool {
		if x.Date <= d {
			b.l.Settled = b.l.Settled.Add(x.Amount)
		}
		return x.Date <= d
	})
	b.l.Yesterday, b.l.Today = b.l.Today, Traded{}
	if !follows {
		b.l.Yesterday = Traded{}
	}
	for s, h := range b.l.Rows {
		if h.Shares == 0 && h.Settle <= d {
			delete(b.l.Rows, s)
			continue
		}
		h.BoughtYesterday, h.SoldYesterday, h.BoughtToday, h.SoldToday = h.BoughtToday, h.SoldToday, 0, 0
		if !follows {
			h.BoughtYesterday, h.SoldYesterday = 0, 0
		}
		b.l.Rows[s] = h
	}
	return b.check()
}

// Reserve holds back what order o may use, under a name that no open order has: a buy its shares at unit won each and
// the fee on them (unit is the limit, or the upper price limit of a market order), a sell its shares. The error is
// ErrCash or ErrShares where the account lacks them.
func (b *Book) Reserve(id string, o broker.Order, unit decimal.Decimal) error {
	if err := o.Check(); err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	_, taken := b.l.Open[id]
	switch {
	case b.l.Session == 0:
		return fmt.Errorf("reserve %s: no session has begun", o)
	case taken:
		return fmt.Errorf("reserve %s: order %s is open already", o, id)
	case o.Shares > maxShares:
		return fmt.Errorf("reserve %s: above %d shares", o, int64(maxShares))
	case o.Side == broker.Buy && unit.Sign() <= 0:
		return fmt.Errorf("reserve %s: unit price %s", o, unit)
	}
	r := reservation{Symbol: o.Symbol, Side: o.Side, Shares: o.Shares, Unit: unit}
	if o.Side == broker.Buy {
		if want, have := b.held(r), b.Available(); want.GreaterThan(have) {
			return fmt.Errorf("reserve %s: %s won of %s: %w", o, want, have, ErrCash)
		}
	} else if have := b.Sellable(o.Symbol); o.Shares > have {
		return fmt.Errorf("reserve %s: %d shares of %d: %w", o, o.Shares, have, ErrShares)
	}
	b.l.Open[id] = r
	return nil
}

// held is the cash that a reservation holds back.
func (b *Book) held(r reservation) decimal.Decimal {
	if r.Side == broker.Sell {
		return decimal.Zero
	}
	value := r.Unit.Mul(decimal.NewFromInt(r.Shares))
	return value.Add(b.costs.Fee(value))
}

// Fill books shares of an open order at a price, and uses up that much of its reservation. A buy cannot fill above the
// unit price it reserved. Fee and tax are truncated to the won, the tax is that of the day the fill settles. Board and
// kind of the instrument decide on the tax.
func (b *Book) Fill(id string, shares int64, price decimal.Decimal, of market.Instrument) error {
	r, open := b.l.Open[id]
	switch {
	case !open:
		return fmt.Errorf("fill: no open order %s", id)
	case shares <= 0 || shares > r.Shares:
		return fmt.Errorf("fill %s: %d shares of %d", id, shares, r.Shares)
	case price.Sign() <= 0 || r.Side == broker.Buy && price.GreaterThan(r.Unit):
		return fmt.Errorf("fill %s: price %s with %s reserved", id, price, r.Unit)
	}
	value := price.Mul(decimal.NewFromInt(shares))
	costs := b.costs.Fee(value)
	if r.Side == broker.Sell {
		costs = costs.Add(b.costs.Tax(value, of, b.l.Settle))
	}
	if r.Shares -= shares; r.Shares == 0 {
		delete(b.l.Open, id)
	} else {
		b.l.Open[id] = r
	}
	b.trade(r, shares, value, costs)
	return b.check()
}

// trade moves cash and shares.
func (b *Book) trade(r reservation, shares int64, value, costs decimal.Decimal) {
	h := b.l.Rows[r.Symbol]
	h.Symbol, h.Settle = r.Symbol, b.l.Settle
	amount := costs.Neg()
	if r.Side == broker.Buy {
		h.Shares += shares
		h.BoughtToday += shares
		h.Cost = h.Cost.Add(value)
		amount = amount.Sub(value)
		b.l.Today.Bought = b.l.Today.Bought.Add(value)
	} else {
		part := h.Cost
		if shares < h.Shares {
			part = h.Cost.Mul(decimal.NewFromInt(shares)).DivRound(decimal.NewFromInt(h.Shares), costDigits)
		}
		h.Shares -= shares
		h.SoldToday += shares
		h.Cost = h.Cost.Sub(part)
		amount = amount.Add(value)
		b.l.Today.Sold = b.l.Today.Sold.Add(value)
		b.l.Realised = b.l.Realised.Add(value).Sub(part)
	}
	b.l.Rows[r.Symbol] = h
	b.l.Today.Costs = b.l.Today.Costs.Add(costs)
	b.l.Spent = b.l.Spent.Add(costs)
	if n := len(b.l.Due); n > 0 && b.l.Due[n-1].Date == b.l.Settle {
		b.l.Due[n-1].Amount = b.l.Due[n-1].Amount.Add(amount)
	} else {
		b.l.Due = append(b.l.Due, due{b.l.Settle, amount})
	}
}

// Release frees what an order still holds back. Releasing one that is not open changes nothing.
func (b *Book) Release(id string) { delete(b.l.Open, id) }

// Session is the session that the book is in; the zero date before the first.
func (b *Book) Session() market.Date { return b.l.Session }

// open is how many shares an order still reserves, and whether it is open at all.
func (b *Book) open(id string) (int64, bool) {
	r, ok := b.l.Open[id]
	return r.Shares, ok
}

// opens is how many orders are open.
func (b *Book) opens() int { return len(b.l.Open) }

// Deposit is the settled cash (예수금, dnca_tot_amt): today's fills do not move it.
func (b *Book) Deposit() decimal.Decimal { return b.l.Settled }

// DepositD1 is the deposit as it will be on the next session (익일정산금액, nxdy_excc_amt).
func (b *Book) DepositD1() decimal.Decimal { return b.settledBy(b.l.Next) }

// Cash is the deposit after all fills so far and their costs (D+2, 가수도정산금액, prvs_rcdl_excc_amt).
func (b *Book) Cash() decimal.Decimal { return b.settledBy(b.l.Settle) }

func (b *Book) settledBy(d market.Date) decimal.Decimal {
	sum := b.l.Settled
	for _, x := range b.l.Due {
		if x.Date <= d {
			sum = sum.Add(x.Amount)
		}
	}
	return sum
}

// Available is the cash that no open buy holds back: buying power without credit, fee still to be paid from it
// (주문가능현금, ord_psbl_cash).
func (b *Book) Available() decimal.Decimal {
	left := b.Cash()
	for _, r := range b.l.Open {
		left = left.Sub(b.held(r))
	}
	return left
}

// Power is what a buy at unit won a share may spend, the fee set aside (미수없는매수금액, nrcvb_buy_amt), and the
// shares that makes (nrcvb_buy_qty).
func (b *Book) Power(unit decimal.Decimal) (cash decimal.Decimal, shares int64) {
	cash, _ = b.Available().QuoRem(b.costs.FeeRate.Add(decimal.NewFromInt(1)), 0)
	if unit.Sign() > 0 {
		n, _ := cash.QuoRem(unit, 0)
		shares = min(n.IntPart(), maxShares)
	}
	return cash, shares
}

// Sellable is the shares of the symbol that no open sell holds back.
func (b *Book) Sellable(s market.Symbol) int64 {
	left := b.l.Rows[s].Shares
	for _, r := range b.l.Open {
		if r.Symbol == s && r.Side == broker.Sell {
			left -= r.Shares
		}
	}
	return left
}

// Holding is the row of the symbol; the zero row of that symbol if there is none.
func (b *Book) Holding(s market.Symbol) Holding {
	if h, ok := b.l.Rows[s]; ok {
		return h
	}
	return Holding{Symbol: s}
}

// Holdings are all rows by symbol, sold-out ones that are not settled included.
func (b *Book) Holdings() []Holding {
	return slices.SortedFunc(maps.Values(b.l.Rows), func(x, y Holding) int {
		return strings.Compare(string(x.Symbol), string(y.Symbol))
	})
}

// TradedToday and TradedYesterday are the sums of the fills of this session and of the one before it.
func (b *Book) TradedToday() Traded     { return b.l.Today }
func (b *Book) TradedYesterday() Traded { return b.l.Yesterday }

// check finds a book that no account can have: it holds after every fill and for every file that is read.
func (b *Book) check() error {
	cost := decimal.Zero
	for s, h := range b.l.Rows {
		if h.Symbol != s || h.Shares < 0 || h.Cost.Sign() < 0 || h.Shares == 0 && !h.Cost.IsZero() {
			return fmt.Errorf("book: %d shares of %s (%s) that cost %s", h.Shares, s, h.Symbol, h.Cost)
		}
		if b.Sellable(s) < 0 {
			return fmt.Errorf("book: open sells of %s exceed the %d shares held", s, h.Shares)
		}
		cost = cost.Add(h.Cost)
	}
	if left := b.Available(); left.Sign() < 0 {
		return fmt.Errorf("book: open buys exceed the cash by %s won", left.Neg())
	}
	if in, out := b.l.Opening.Add(b.l.Realised), b.Cash().Add(cost).Add(b.l.Spent); !in.Equal(out) {
		return fmt.Errorf("book: opening and gains %s differ from cash, holdings and costs %s", in, out)
	}
	return nil
}

// MarshalJSON writes all of the book but its rates.
func (b *Book) MarshalJSON() ([]byte, error) { return json.Marshal(b.l) }

// UnmarshalJSON reads what MarshalJSON wrote, keeps the rates, and refuses a book that does not close.
func (b *Book) UnmarshalJSON(text []byte) error {
	read := NewBook(decimal.Zero, b.costs)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&read.l); err != nil {
		return fmt.Errorf("book: %w", err)
	}
	if read.l.Rows == nil || read.l.Open == nil || !read.l.plain() {
		return errors.New("book: amounts that no account has")
	}
	if err := read.check(); err != nil {
		return err
	}
	*b = *read
	return nil
}

// plain tells whether no amount has an exponent that would blow up a sum.
func (l *ledger) plain() bool {
	ok := plain(l.Opening, l.Settled, l.Realised, l.Spent, l.Today.Bought, l.Today.Sold, l.Today.Costs,
		l.Yesterday.Bought, l.Yesterday.Sold, l.Yesterday.Costs)
	for _, x := range l.Due {
		ok = ok && plain(x.Amount)
	}
	for _, h := range l.Rows {
		ok = ok && plain(h.Cost)
	}
	for _, r := range l.Open {
		ok = ok && plain(r.Unit)
	}
	return ok
}

func plain(amounts ...decimal.Decimal) bool {
	return !slices.ContainsFunc(amounts, func(d decimal.Decimal) bool { return d.Exponent() > 0 || d.Exponent() < -32 })
}
