package engine_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/engine"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
)

// twins is an account with an unknown order of ours and a person's equal one: nobody but a person can tell them apart.
// It returns our order's number and the other.
func twins(t *testing.T) (r *rig, intent, ours, theirs string) {
	t.Helper()
	r = newRig(t)
	e := r.edit()
	hide := true
	e.list = func(o broker.Orders) (broker.Orders, error) {
		if hide {
			o.Rows = nil
		}
		return o, nil
	}
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	r.wire.set(nil)
	r.byHand("buy", 10)
	hide = false
	if err := r.settle(r.to(monday, 10, 1)); err != nil {
		t.Fatal(err)
	}
	if got := r.mode(); got != "halted two_candidates" {
		t.Fatalf("mode %q", got)
	}
	list, err := r.client.Orders(t.Context(), monday)
	if err != nil || len(list.Rows) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	return r, entries[journal.Intent](r)[0].ID, list.Rows[0].ID.Number, list.Rows[1].ID.Number
}

func TestAPersonTellsTwoEqualOrdersApart(t *testing.T) {
	r, intent, ours, theirs := twins(t)
	s, err := r.engine.Examine(t.Context(), intent)
	if err != nil || len(s.Candidates) != 2 || s.Holding.Shares != 20 || s.Expected != 0 || !s.Order.Unresolved() {
		t.Fatalf("suspect %+v, %v", s, err)
	}
	for name, bad := range map[string]engine.Resolution{
		"not placed while orders can be it": {Intent: intent, NotPlaced: true},
		"a number that is not listed":       {Intent: intent, Bind: "999"},
		"nothing said":                      {Intent: intent},
		"an intent that is not there":       {Intent: "x#1", NotPlaced: true},
		"an unlisted foreign number":        {Intent: intent, External: []string{"999"}, NotPlaced: true},
	} {
		if err := r.engine.Resolve(t.Context(), bad); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := r.engine.Resolve(t.Context(), engine.Resolution{Intent: intent, Bind: ours, External: []string{theirs}, Why: "test", By: "uid 0"}); err != nil {
		t.Fatal(err)
	}
	if got := r.mode(); got != "halted two_candidates" {
		t.Errorf("resolving ended the halt: %q", got)
	}
	if err := r.engine.Resume(t.Context(), "uid 0"); err != nil {
		t.Fatal(err)
	}
	if p := r.journal.Book().Position("a", "005930"); p == nil || p.Shares != 10 || r.journal.Book().Unowned("005930") != 10 {
		t.Errorf("position %+v, unowned %d", p, r.journal.Book().Unowned("005930"))
	}
	if err := r.engine.Resolve(t.Context(), engine.Resolution{Intent: intent, NotPlaced: true, By: "uid 0"}); err == nil {
		t.Error("a known outcome was resolved again")
	}
	r.agree()
}

func TestAPersonSaysThatNeitherIsOurs(t *testing.T) {
	r, intent, ours, theirs := twins(t)
	if err := r.engine.Resolve(t.Context(), engine.Resolution{Intent: intent, NotPlaced: true, External: []string{ours, theirs}, By: "uid 0"}); err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Resume(t.Context(), "uid 0"); err != nil {
		t.Fatal(err)
	}
	if o, _ := r.journal.Book().Order(intent); o.End != "not_placed" || r.journal.Book().Unowned("005930") != 20 {
		t.Errorf("order %+v, unowned %d", o, r.journal.Book().Unowned("005930"))
	}
	r.agree()
}

func TestAnOrderIsNotBoundToAnotherOnesIntent(t *testing.T) {
	r, intent, _, _ := twins(t)
	r.byHand("buy", 4)
	list, err := r.client.Orders(t.Context(), monday)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Resolve(t.Context(), engine.Resolution{Intent: intent, Bind: list.Rows[2].ID.Number, By: "uid 0"}); err == nil || !strings.Contains(err.Error(), "wanted") {
		t.Errorf("error %v", err)
	}
}

// What a person left at the broker before the daemon came moves shares when it fills, and explains them.
func TestAPersonsEarlierOrderMayFillLater(t *testing.T) {
	r := newRig(t)
	r.to(monday, 9, 30)
	r.byHand("buy", 3)
	filled := false
	e := &edited{Broker: r.client}
	e.list = func(o broker.Orders) (broker.Orders, error) {
		for i := range o.Rows {
			if row := &o.Rows[i]; !filled {
				row.Filled, row.Remaining, row.Value = 0, row.Shares, decimal.Zero
			}
		}
		return o, nil
	}
	e.account = func(a *broker.Account) {
		if !filled {
			a.Holdings = nil
		}
	}
	r.config.Broker = e
	r.crash()
	r.start()
	filled = true
	for minute := range 3 {
		r.slot(r.to(monday, 10, minute), r.rules(rule("a", never, never)))
	}
	if got := r.mode(); got != "active reconciled" || r.journal.Book().Unowned("005930") != 3 {
		t.Errorf("mode %q, unowned %d", got, r.journal.Book().Unowned("005930"))
	}
	r.agree()
}

func TestAnOverrideSendsOneRefusedOrderInsideTheCeilings(t *testing.T) {
	r := newRig(t)
	limits := risk.Practice()
	limits.OrderValue, limits.MarketOrderValue = decimal.NewFromInt(1000), decimal.NewFromInt(1000)
	gate, err := risk.New(limits)
	if err != nil {
		t.Fatal(err)
	}
	r.config.Gate = gate
	r.crash()
	r.start()
	rules := r.rules(rule("a", always, never), rule("b", never, never))
	r.slot(r.to(monday, 10, 0), rules)
	d := entries[journal.Decision](r)
	if got := r.last(); got.Code != "order_value" || r.held() != 0 {
		t.Fatalf("refusal %+v", got)
	}
	if err := r.engine.Override(t.Context(), d[1].ID, "test", "uid 0"); err == nil {
		t.Error("a hold was overridden")
	}
	r.to(monday, 10, 5)
	if err := r.engine.Override(t.Context(), d[0].ID, "test", "uid 0"); err != nil {
		t.Fatal(err)
	}
	if r.held() != 10 || len(entries[journal.Operator](r)) != 1 {
		t.Errorf("%d shares, operator %+v", r.held(), entries[journal.Operator](r))
	}
	if err := r.engine.Override(t.Context(), d[0].ID, "test", "uid 0"); err == nil || r.wire.sent() != 1 {
		t.Errorf("overridden twice: %v, %d posts", err, r.wire.sent())
	}
	r.agree()
}

func TestAnOldRefusalAndAFactCannotBeOverridden(t *testing.T) {
	r := newRig(t)
	r.start()
	if err := r.engine.Halt("operator", "", "uid 0"); err != nil {
		t.Fatal(err)
	}
	rules := r.rules(rule("a", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	id := entries[journal.Decision](r)[0].ID
	if err := r.engine.Override(t.Context(), id, "", "uid 0"); err == nil || !strings.Contains(err.Error(), "fact") {
		t.Errorf("error %v", err)
	}
	if err := r.engine.Override(t.Context(), "nothing", "", "uid 0"); err == nil {
		t.Error("a decision that is not there was overridden")
	}
}

func TestCancelAllEndsEveryOpenOrder(t *testing.T) {
	for name, exclusive := range map[string]bool{"exclusive": true, "shared": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.config.Exclusive = exclusive
			r.crash()
			r.start()
			r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never, "order: {type: limit, ticks: -10}")))
			if err := r.engine.Kill("test", "uid 0"); err != nil {
				t.Fatal(err)
			}
			left, err := r.engine.CancelAll(t.Context(), "kill")
			if err != nil || left != 0 {
				t.Fatalf("%d left, %v", left, err)
			}
			if err := r.settle(r.to(monday, 10, 1)); err != nil {
				t.Fatal(err)
			}
			if f := entries[journal.Final](r); len(f) != 1 || f[0].State != "cancelled" || len(entries[journal.Cancel](r)) != 1 {
				t.Errorf("finals %+v, cancels %+v", f, entries[journal.Cancel](r))
			}
		})
	}
}

func TestCancelAllLeavesAPersonsOrdersInASharedAccount(t *testing.T) {
	for exclusive, want := range map[bool]string{true: "1 2", false: "2"} {
		r := newRig(t)
		c := &cancelling{Broker: r.client, list: broker.Orders{Date: monday, Rows: []broker.Row{
			{ID: broker.OrderID{Date: monday, Number: "1"}, Shares: 5, Remaining: 5, Channel: "HTS"},
			{ID: broker.OrderID{Date: monday, Number: "2"}, Shares: 5, Remaining: 5, Channel: "OpnAPI"},
			{ID: broker.OrderID{Date: monday, Number: "3"}, Shares: 5, Filled: 5, Channel: "OpnAPI"},
			{ID: broker.OrderID{Date: monday, Number: "4"}, Original: "2", Shares: 5, Remaining: 5, Channel: "OpnAPI"},
		}}}
		r.config.Broker, r.config.Exclusive, r.config.Channel = c, exclusive, "OpnAPI"
		r.crash()
		if left, err := r.engine.CancelAll(t.Context(), "kill"); err != nil || left != 0 {
			t.Errorf("%d left, %v", left, err)
		}
		slices.Sort(c.asked)
		if got := strings.Join(c.asked, " "); got != want {
			t.Errorf("exclusive %v: cancelled %s, want %s", exclusive, got, want)
		}
	}
}

// cancelling is a broker that only lists and cancels, in order.
type cancelling struct {
	broker.Broker
	list  broker.Orders
	asked []string
	mu    sync.Mutex
}

func (c *cancelling) Orders(_ context.Context, d market.Date) (broker.Orders, error) {
	c.list.At = d.At(10, 0)
	return c.list, nil
}

func (c *cancelling) Cancel(_ context.Context, id broker.OrderID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, id.Number)
	for i := range c.list.Rows {
		if c.list.Rows[i].ID == id {
			c.list.Rows[i].Remaining = 0
		}
	}
	return nil
}
