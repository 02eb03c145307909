package paper

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/broker/brokertest"
	"maemae/market"
)

// world is what the account looks out on: one market that stands still until a test moves it.
type world struct {
	now    time.Time
	quotes map[market.Symbol]market.Quote
	err    error // answers every question for a quote
}

func (w *world) options(path string) Options {
	return Options{
		Cash:      won(10_000_000),
		Costs:     market.DefaultCosts(),
		Slippage:  1,
		VolumeCap: 10,
		Calendar:  market.KRX(),
		Path:      path,
		Now:       func() time.Time { return w.now },
		Quote: func(ctx context.Context, s market.Symbol) (market.Quote, error) {
			q, ok := w.quotes[s]
			if !ok || w.err != nil {
				return q, errors.Join(errors.New("no quote of "+string(s)), w.err)
			}
			q.At = w.now
			return q, ctx.Err()
		},
	}
}

// move lets the symbol trade at a price, with one tick between the two sides of the book.
func (w *world) move(s market.Symbol, price decimal.Decimal) {
	q := w.quotes[s]
	q.Price, q.Ask, q.Bid = price, market.LadderNow(market.Stock).StepUp(price, 1), price
	q.High, q.Low = decimal.Max(q.High, price), decimal.Min(q.Low, price)
	w.quotes[s] = q
}

// morning is ten o'clock on Monday 2024-12-02, with 005930 at 54,000 won.
func morning() *world {
	q := market.Quote{Symbol: samsung, Name: "삼성전자", Price: won(54_000), Ask: won(54_100), Bid: won(54_000), Base: won(54_200),
		Upper: won(70_400), Lower: won(38_000), Open: won(54_300), High: won(54_500), Low: won(53_900), Volume: 1_000_000}
	return &world{now: market.Date(20241202).At(10, 0), quotes: map[market.Symbol]market.Quote{samsung: q}}
}

func open(t testing.TB, o Options) *Broker {
	t.Helper()
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func (w *world) permit(o broker.Order) broker.Permit {
	return broker.NewPermit(o, w.now.Add(time.Minute))
}

func TestPaperKeepsTheBrokersPromises(t *testing.T) {
	for name, dir := range map[string]func(*testing.T) string{
		"in memory": func(*testing.T) string { return "" },
		"on disk":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "account.json") },
	} {
		t.Run(name, func(t *testing.T) {
			brokertest.Run(t, func(t *testing.T) brokertest.Rig {
				w, path := morning(), dir(t)
				b := open(t, w.options(path))
				return brokertest.Rig{
					Broker:     b,
					Instrument: market.Instrument{Symbol: samsung, Board: market.KOSPI, Kind: market.Stock},
					Costs:      market.DefaultCosts(),
					Today:      20241202,
					Settles:    20241204,
					Close:      market.Date(20241202).At(15, 30),
					Quote:      func() market.Quote { return w.quotes[samsung] },
					Move:       func(price decimal.Decimal) { w.move(samsung, price) },
					Advance:    func(to time.Time) { w.now = to },
					Permit:     w.permit,
					Expired:    func(o broker.Order) broker.Permit { return broker.NewPermit(o, w.now.Add(-time.Second)) },
					Reconnect: func() broker.Broker {
						if path == "" {
							return b
						}
						if err := b.Close(); err != nil {
							t.Fatal(err)
						}
						return open(t, w.options(path))
					},
				}
			})
		})
	}
}
