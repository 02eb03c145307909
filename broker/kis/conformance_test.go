package kis_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/broker/brokertest"
	"maemae/broker/kis"
	"maemae/broker/kis/kissim"
	"maemae/market"
)

const (
	symbol market.Symbol = "005930"
	today  market.Date   = 20241202
)

// box is a simulator with a client of it.
type box struct {
	*testing.T
	sim    *kissim.Server
	host   *httptest.Server
	opts   kis.Options
	client *kis.Client
	env    kis.Env
}

// start opens a simulated KIS of the environment at 09:01 of a day on which 005930 walks 54,000 → 51,500 → 56,500 → 54,500.
func start(t *testing.T, env kis.Env, o kissim.Options) *box {
	t.Helper()
	o.Env, o.Clock, o.Start, o.Cash = string(env), kissim.Stepped, today.At(9, 1), decimal.NewFromInt(10_000_000)
	if o.Data == "" {
		o.Data = t.TempDir()
		rows := []string{"date,open,high,low,close,volume",
			"2024-11-28,54000,54500,53500,54000,1000000", "2024-11-29,54000,54500,53500,54000,1000000",
			"2024-12-02,54000,56500,51500,54500,2000000", "2024-12-03,54500,55000,54000,54500,1000000", "2024-12-04,54500,55000,54000,54500,1000000"}
		if err := os.WriteFile(filepath.Join(o.Data, string(symbol)+".csv"), []byte(strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sim, err := kissim.New(o)
	if err != nil {
		t.Fatal(err)
	}
	b := &box{T: t, sim: sim, host: httptest.NewServer(sim.Handler()), env: env}
	t.Cleanup(b.host.Close)
	ready := sim.Ready()
	account, err := kis.ParseAccount(ready.Account)
	if err != nil {
		t.Fatal(err)
	}
	b.opts = kis.Options{Env: kis.Virtual, BaseURL: b.host.URL, AppKey: kis.Secret(ready.AppKey), AppSecret: kis.Secret(ready.AppSecret),
		Account: account, TokenDir: filepath.Join(t.TempDir(), "app"), Limit: 1000, Hashkey: true, Now: sim.Now}
	b.client = b.connect()
	return b
}

func (b *box) connect() *kis.Client {
	b.Helper()
	c, err := kis.New(b.opts)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	if b.env == kis.Real {
		return kis.PretendReal(c)
	}
	return c
}

func (b *box) quote() market.Quote {
	b.Helper()
	q, err := b.client.Quote(b.Context(), symbol)
	if err != nil {
		b.Fatal(err)
	}
	return q
}

// move lets the day go on until the price is met.
func (b *box) move(price decimal.Decimal) {
	b.Helper()
	side := b.quote().Price.Cmp(price)
	for b.quote().Price.Cmp(price) == side && side != 0 {
		if b.sim.Now().After(today.At(15, 0)) {
			b.Fatalf("the day did not meet %s", price)
		}
		b.advance(b.sim.Now().Add(time.Minute))
	}
}

func (b *box) advance(to time.Time) {
	b.Helper()
	if err := b.sim.Advance(to); err != nil {
		b.Fatal(err)
	}
}

func TestKISKeepsTheBrokersPromises(t *testing.T) {
	for _, env := range []kis.Env{kis.Virtual, kis.Real} {
		t.Run(string(env), func(t *testing.T) {
			brokertest.Run(t, func(t *testing.T) brokertest.Rig {
				b := start(t, env, kissim.Options{Rate: -1})
				return brokertest.Rig{
					Broker:     b.client,
					Instrument: market.Instrument{Symbol: symbol, Board: market.KOSPI, Kind: market.Stock},
					Costs:      market.DefaultCosts(),
					Today:      today,
					Settles:    20241204,
					Close:      today.At(15, 30),
					Quote:      b.quote,
					Move:       b.move,
					Advance:    b.advance,
					Permit:     func(o broker.Order) broker.Permit { return broker.NewPermit(o, b.sim.Now().Add(time.Minute)) },
					Expired:    func(o broker.Order) broker.Permit { return broker.NewPermit(o, b.sim.Now().Add(-time.Second)) },
					Reconnect: func() broker.Broker {
						_ = b.client.Close()
						b.client = b.connect()
						return b.client
					},
				}
			})
		})
	}
}

func TestASlotOfReadsKeepsWithinTheQuotaOfItsHost(t *testing.T) {
	const calls = 100
	b := start(t, kis.Virtual, kissim.Options{Rate: calls})
	b.opts.Limit = calls
	b.opts.TokenDir = filepath.Join(t.TempDir(), "app")
	var turnedAway atomic.Int64
	b.opts.Observe = func(c kis.Call) {
		if c.Code == "EGW00201" {
			turnedAway.Add(1)
		}
	}
	clients := []*kis.Client{b.connect(), b.connect()}
	var all sync.WaitGroup
	for i := range 150 {
		all.Go(func() {
			if _, err := clients[i%2].Quote(t.Context(), symbol); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := turnedAway.Load(); n > 5 { // a stall of this machine may bunch a few
		t.Errorf("%d of 150 calls were turned away", n)
	}
}
