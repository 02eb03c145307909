package engine_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"maemae/broker"
	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

// What histories found, each in its smallest form.

// A resume whose reads failed left the daemon reconciling for good.
func TestAResumeWhoseReadsFailedEndsWithTheNextCompleteRead(t *testing.T) {
	r := newRig(t)
	r.start()
	r.to(monday, 10, 0)
	if err := r.engine.Halt("operator", "test", "uid 1000"); err != nil {
		t.Fatal(err)
	}
	r.wire.set(func(q *http.Request, _ []byte) (bool, bool) {
		return strings.HasSuffix(q.URL.Path, "/inquire-balance"), false
	})
	if err := r.engine.Resume(t.Context(), "uid 1000"); err == nil {
		t.Fatal("resumed without a balance")
	}
	r.wire.set(nil)
	if err := r.engine.CheckAccount(t.Context(), r.to(monday, 10, 5)); err != nil {
		t.Fatal(err)
	}
	if got := r.journal.Book().State().Mode; got != journal.ModeActive {
		t.Errorf("mode %s, want active", got)
	}
}

// A price ten times too high in one answer was a profit to take.
func TestAPriceTheExchangeDoesNotAllowSetsOffNoExit(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never, "exits: {take_profit: 20%}"))
	r.slot(r.to(monday, 10, 0), rules)
	script, err := kissim.ParseFaults([]byte(`{"on":"inquire-daily-itemchartprice","do":"set","field":"stck_prpr","value":"600000","count":-1}`))
	if err == nil {
		err = r.sim.SetFaults(script)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Watch(t.Context(), r.to(monday, 10, 1)); err == nil {
		t.Error("the price was believed")
	}
	r.slot(r.to(monday, 10, 5), rules)
	d := entries[journal.Decision](r)
	if r.held() != 10 || d[len(d)-1].Reason != strategy.DataMissing {
		t.Errorf("%d shares held, want 10; last decision %+v", r.held(), d[len(d)-1])
	}
}

// deaf is a broker that cannot be read.
type deaf struct {
	broker.Broker
	orders, account error
}

func (d *deaf) Orders(ctx context.Context, date market.Date) (broker.Orders, error) {
	if d.orders != nil {
		return broker.Orders{}, d.orders
	}
	return d.Broker.Orders(ctx, date)
}

func (d *deaf) Account(ctx context.Context) (broker.Account, error) {
	if d.account != nil {
		return broker.Account{}, d.account
	}
	return d.Broker.Account(ctx)
}

// Seed 21166: tokens refused three times kept a start from its reads for eight minutes, and the daemon was merely
// reconciling: no halt, no alert.
func TestAStartThatCannotReadHaltsAndGoesOnByItself(t *testing.T) {
	for _, d := range []*deaf{{orders: errors.New("no token")}, {account: errors.New("no token")}} {
		r := newRig(t)
		d.Broker = r.client
		r.config.Broker = d
		r.crash()
		start := journal.Start{Env: "virtual", Account: "50****45-01", Date: monday}
		for minute, want := range []string{"reconciling start", "reconciling start", "reconciling start", "halted orders_unreadable"} {
			r.to(monday, 10, minute)
			if err := r.engine.Start(t.Context(), start); err == nil {
				t.Fatal("started without a read")
			}
			if got := r.mode(); got != want {
				t.Errorf("minute %d: mode %s, want %s", minute, got, want)
			}
		}
		if !strings.Contains(r.journal.Book().State().Detail, "no token") {
			t.Errorf("it does not say why: %+v", r.journal.Book().State())
		}
		d.orders, d.account = nil, nil
		r.start()
		for minute := range 2 {
			if got := r.mode(); got != "halted orders_unreadable" {
				t.Errorf("mode %s after %d complete reads", got, 1+minute)
			}
			if err := r.settle(r.to(monday, 10, 5+minute)); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.mode(); got != "active reconciled" {
			t.Errorf("mode %s after three complete reads", got)
		}
	}
}

// Answers that took ten seconds made the clocks look five apart, and that halted until a person came.
func TestSlowAnswersAreNoWrongClock(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		r := newRig(t)
		r.config.Offset = r.client.Offset
		r.crash()
		r.start()
		r.script(kissim.Fault{On: "*", Do: "slow", When: when, For: kissim.Span(10 * time.Second), Count: -1})
		for minute := range 5 {
			if err := r.engine.Reconcile(t.Context(), r.to(monday, 10, minute)); err != nil {
				t.Fatal(err)
			}
		}
		if got := r.mode(); got != "active reconciled" {
			t.Errorf("%s: mode %q", when, got)
		}
	}
}
