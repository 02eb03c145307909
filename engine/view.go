package engine

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
)

// accountAge is how old the balance may grow within a slot of many orders before it is read again; the gate refuses a
// little later.
const accountAge = 40 * time.Second

func (e *Engine) freshAccount(ctx context.Context) error {
	if a, ok := e.book().Account(); ok && e.Now().Sub(a.At) <= accountAge {
		return nil
	}
	return e.readAccount(ctx)
}

// gateView is everything the gate may know, from the reads just made and the book.
func (e *Engine) gateView(w wish, o broker.Order, q market.Quote, list broker.Orders, power broker.Power) risk.View {
	b, now := e.book(), e.Now()
	account, _ := b.Account()
	v := risk.View{Mode: risk.Mode(b.State().Mode), ListAt: list.At, Account: account, Quote: q, Instrument: e.Instrument(o.Symbol), Power: power, Clear: true, Resolved: len(b.Working(o.Symbol)) == 0, Matched: true}
	if s, err := e.Calendar.Session(market.DateOf(now)); err == nil {
		v.Session, v.Agreed = s, e.Dispute(s) == ""
	}
	for _, x := range b.Working("") {
		if x.Phase != journal.PhaseOpen && x.Phase != journal.PhaseAbsent {
			v.Clear = false // the outcome of an order of the account is not known
		}
	}
	for _, m := range b.Mismatches() {
		v.Matched = v.Matched && m.Symbol != o.Symbol
	}
	v.Book = e.counts(b, w, o, account, power, now)
	return v
}

// counts is what our own journal adds up to, orders that may still trade counted as traded.
func (e *Engine) counts(b *journal.Book, w wish, o broker.Order, account broker.Account, power broker.Power, now time.Time) risk.Book {
	c := risk.Book{At: now, OrdersToday: b.Sent(market.DateOf(now), ""), OrdersInMinute: b.SentSince(now.Add(-time.Minute)), Rejections: b.Rejections(w.rule.Name), LastEntry: b.LastEntry(w.rule.Name, o.Symbol), LastExit: b.LastExit(w.rule.Name, o.Symbol), Priced: true}
	if p := b.Position(w.rule.Name, o.Symbol); p != nil {
		c.Held = p.Shares
	}
	symbols := map[market.Symbol]bool{}
	for _, h := range b.Holdings() {
		symbols[h.Symbol] = true
		if h.Symbol == o.Symbol {
			price := decimal.Max(account.Holding(h.Symbol).Price, h.AveragePrice)
			c.SymbolValue = c.SymbolValue.Add(price.Mul(decimal.NewFromInt(h.Shares)))
		}
	}
	for _, h := range account.Holdings { // the loss is counted from this very account
		c.Priced = c.Priced && (h.Shares == 0 || h.Price.Sign() > 0)
	}
	for _, x := range b.Working("") {
		if x.Intent.Order.Side == broker.Sell {
			if x.Intent.Order.Symbol == o.Symbol {
				c.OpenSells += x.Remaining()
			}
			continue
		}
		symbols[x.Intent.Order.Symbol] = true
		if x.Intent.Order.Symbol == o.Symbol {
			c.SymbolValue = c.SymbolValue.Add(x.Reserved())
		}
		if x.Sent.After(power.At) || x.Phase != journal.PhaseOpen {
			c.Reserved = c.Reserved.Add(x.Reserved())
		}
	}
	c.Positions = len(symbols)
	c.Loss = e.lossToday(account)
	return c
}

// opening is the equity that a day's loss is counted from.
type opening struct {
	date   market.Date
	equity decimal.Decimal
}

// lossToday is what the account lost since the last snapshot of an earlier date, or the first of this one: realised,
// unrealised and costs. A gain is negative. Money taken out of the account counts as lost, which errs on the safe side.
func (e *Engine) lossToday(account broker.Account) decimal.Decimal {
	today := market.DateOf(account.At)
	if e.day.date != today {
		e.day = opening{today, e.openingEquity(today, account)}
	}
	return e.day.equity.Sub(account.Equity)
}

func (e *Engine) openingEquity(today market.Date, account broker.Account) decimal.Decimal {
	for _, q := range []journal.Query{{Until: today.At(0, 0), Newest: true}, {Since: today.At(0, 0)}} {
		q.Kinds, q.Limit = []string{journal.Snapshot{}.Kind()}, 1
		for entry, err := range e.Journal.Entries(context.Background(), q) {
			if s, ok := entry.Body.(journal.Snapshot); err == nil && ok {
				return s.Account.Equity
			}
		}
	}
	return account.Equity
}
