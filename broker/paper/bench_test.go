package paper

import (
	"fmt"
	"testing"

	"maemae/broker"
	"maemae/market"
)

// One order, one read of the orders and one of the account, with fifty symbols held.
func BenchmarkOrderInMemory(b *testing.B) {
	w := morning()
	o := w.options("")
	o.Cash = won(1_000_000_000_000)
	account := open(b, o)
	place := func(s market.Symbol, side broker.Side) {
		if _, err := account.Place(b.Context(), w.permit(broker.Order{Symbol: s, Side: side, Type: broker.Market, Shares: 1})); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 50 {
		s := market.Symbol(fmt.Sprintf("%06d", i))
		w.quotes[s] = w.quotes[samsung]
		place(s, broker.Buy)
	}
	for i := 0; b.Loop(); i++ {
		if i%100 == 0 {
			next, err := o.Calendar.NextSession(market.DateOf(w.now))
			if err != nil {
				b.Fatal(err)
			}
			w.now = next.Open
		}
		place("000001", []broker.Side{broker.Buy, broker.Sell}[i%2])
		if _, err := account.Orders(b.Context(), market.DateOf(w.now)); err != nil {
			b.Fatal(err)
		}
		if _, err := account.Account(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
