package engine_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/engine"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

func TestASlotDecidesOnceForEveryStrategyAndBuysOnce(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never), rule("b", never, never))
	res := r.slot(r.to(monday, 10, 0), rules)
	if res.Decisions != 2 || res.Buys != 1 || res.Orders != 1 {
		t.Errorf("got %+v, want 2 decisions and 1 order", res)
	}
	if d := entries[journal.Decision](r); len(d) != 2 || d[0].Answer != strategy.Buy || d[1].Answer != strategy.Hold || d[1].Reason != strategy.NoSignal {
		t.Errorf("decisions: %+v", d)
	}
	if r.held() != 10 || r.wire.sent() != 1 {
		t.Errorf("%d shares, %d posts; want 10 and 1", r.held(), r.wire.sent())
	}
	if p := r.journal.Book().Position("a", "005930"); p == nil || p.Shares != 10 {
		t.Errorf("position %+v", p)
	}
	r.slot(r.to(monday, 10, 5), rules)
	if r.wire.sent() != 1 {
		t.Error("a second buy while in position")
	}
	r.agree()
}

func TestTheIntentIsOnDiskBeforeThePost(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never))
	written := -1
	r.wire.set(func(q *http.Request, _ []byte) (bool, bool) {
		if strings.HasSuffix(q.URL.Path, "/order-cash") {
			written = len(entries[journal.Intent](r))
		}
		return false, false
	})
	r.slot(r.to(monday, 10, 0), rules)
	if written != 1 {
		t.Errorf("%d intents on disk when the POST arrived, want 1", written)
	}
}

func TestSellsComeBeforeBuysWhateverTheFileOrder(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("seller", always, never)))
	rules := r.rules(rule("buyer", always, never), rule("seller", never, always))
	r.slot(r.to(monday, 10, 5), rules)
	intents := entries[journal.Intent](r)
	if len(intents) != 3 || intents[1].Strategy != "seller" || intents[1].Order.Side != broker.Sell || intents[2].Strategy != "buyer" {
		t.Errorf("intents %+v", intents)
	}
	r.agree()
}

func TestEachStrategySellsOnlyItsOwnLots(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never), rule("b", always, never, "size: 3 shares")))
	r.slot(r.to(monday, 10, 5), r.rules(rule("a", never, never), rule("b", never, always, "size: 3 shares")))
	if p := r.journal.Book().Position("a", "005930"); p == nil || p.Shares != 10 {
		t.Errorf("a holds %+v, want 10", p)
	}
	if p := r.journal.Book().Position("b", "005930"); p != nil {
		t.Errorf("b holds %+v, want nothing", p)
	}
	if r.held() != 10 {
		t.Errorf("the account holds %d, want 10", r.held())
	}
	r.agree()
}

func TestAnExecutedOrderWhoseAnswerIsLostIsBoundAndNeverSentAgain(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never))
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 10, 0), rules)
	r.wire.set(nil)
	if a := entries[journal.Answer](r); len(a) != 1 || a[0].Outcome != journal.Unknown {
		t.Fatalf("answers %+v, want one unknown", a)
	}
	if err := r.engine.Settle(t.Context(), r.to(monday, 10, 1)); err != nil {
		t.Fatal(err)
	}
	if b := entries[journal.Bind](r); len(b) != 1 {
		t.Fatalf("binds %+v, want one", b)
	}
	r.slot(r.to(monday, 10, 5), rules)
	if r.wire.sent() != 1 || r.held() != 10 {
		t.Errorf("%d posts, %d shares; want 1 and 10", r.wire.sent(), r.held())
	}
	r.agree()
}

func TestALostOrderBlocksItsSymbolUntilTheSessionIsOverAndIsNeverSentAgain(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never), rule("b", always, never))
	r.wire.set(orders(true, false))
	r.slot(r.to(monday, 10, 0), rules)
	r.wire.set(nil)
	if refused := entries[journal.Refusal](r); len(refused) != 1 || refused[0].Strategy != "b" || refused[0].Refusal.Code != "quarantine" {
		t.Fatalf("b should wait for a's order: %+v", refused)
	}
	for minute := range 5 {
		if err := r.engine.Settle(t.Context(), r.to(monday, 10, minute+1)); err != nil {
			t.Fatal(err)
		}
	}
	if a := entries[journal.Absent](r); len(a) != 1 || a[0].Final {
		t.Fatalf("absences %+v, want one that is presumed", a)
	}
	r.slot(r.to(monday, 10, 10), rules)
	if refused := entries[journal.Refusal](r); refused[len(refused)-1].Refusal.Code != "unresolved" {
		t.Errorf("the symbol should stay blocked: %+v", refused[len(refused)-1].Refusal)
	}
	if err := r.engine.Settle(t.Context(), r.to(monday, 15, 41)); err != nil {
		t.Fatal(err)
	}
	if a := entries[journal.Absent](r); len(a) != 2 || !a[1].Final {
		t.Errorf("absences %+v, want a final one", a)
	}
	if r.wire.sent() != 1 || r.held() != 0 {
		t.Errorf("%d posts, %d shares; want 1 and 0", r.wire.sent(), r.held())
	}
	next := market.Date(20260106)
	r.slot(r.to(next, 10, 0), rules)
	if r.held() != 20 {
		t.Errorf("the next session holds %d, want 20", r.held())
	}
	r.agree()
}

// A process that dies between its intent and the answer finds its order again, or waits; it never sends it again.
func TestACrashAtThePostIsResolvedByReading(t *testing.T) {
	for name, executed := range map[string]bool{"after the order arrived": true, "before the order arrived": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.start()
			rules := r.rules(rule("a", always, never))
			r.wire.set(orders(!executed, executed))
			r.slot(r.to(monday, 10, 0), rules)
			r.wire.set(nil)
			r.crash()
			r.start()
			r.rules(rule("a", always, never))
			r.slot(r.to(monday, 10, 5), rules)
			want := int64(0)
			if executed {
				want = 10
			}
			if r.wire.sent() != 1 || r.held() != want {
				t.Errorf("%d posts, %d shares; want 1 and %d", r.wire.sent(), r.held(), want)
			}
			r.agree()
		})
	}
}

func TestAnOrderThatNoIntentExplainsHaltsAnExclusiveAccount(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never))
	r.to(monday, 9, 30)
	r.byHand("buy", 3)
	r.slot(r.to(monday, 10, 0), rules)
	if got := r.mode(); got != "halted foreign_order" {
		t.Errorf("mode %q, want halted", got)
	}
	if r.wire.sent() != 0 {
		t.Error("an order was sent while halted")
	}
	if refused := entries[journal.Refusal](r); len(refused) != 1 || refused[0].Refusal.Code != "mode" {
		t.Errorf("refusals %+v", refused)
	}
	if err := r.engine.Resume(t.Context(), "uid 1000"); err != nil {
		t.Fatal(err)
	}
	r.slot(r.to(monday, 10, 5), rules)
	if r.held() != 13 {
		t.Errorf("%d shares, want 13", r.held())
	}
	r.agree()
}

func TestAnOrderFromBeforeTheDaemonIsNotForeign(t *testing.T) {
	r := newRig(t)
	r.to(monday, 9, 30)
	r.byHand("buy", 3)
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	if got := r.mode(); got != "active reconciled" {
		t.Errorf("mode %q, want active", got)
	}
	if p := r.journal.Book().Position("a", "005930"); p == nil || p.Shares != 10 || r.held() != 13 {
		t.Errorf("position %+v of %d", p, r.held())
	}
	r.agree()
}

func TestAHoldingThatNobodyExplainsHaltsAtTheSecondRead(t *testing.T) {
	r := newRig(t)
	r.config.Exclusive = false
	r.crash()
	r.start()
	rules := r.rules(rule("a", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	if err := r.engine.Operate(journal.Operator{Act: "adjust", Strategy: "a", Symbol: "005930", Shares: 7, Price: r.journal.Book().Position("a", "005930").AveragePrice, By: "test"}); err != nil {
		t.Fatal(err)
	}
	for minute := range 3 {
		if err := r.engine.CheckAccount(t.Context(), r.to(monday, 10, minute+1)); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.mode(); got != "halted position_mismatch" {
		t.Errorf("mode %q, want halted", got)
	}
}

func TestAHaltStopsExitsToo(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	if err := r.engine.Halt("operator", "test", "uid 1000"); err != nil {
		t.Fatal(err)
	}
	r.slot(r.to(monday, 10, 5), r.rules(rule("a", never, always)))
	if r.held() != 10 {
		t.Errorf("%d shares, want 10", r.held())
	}
	if d := entries[journal.Decision](r); len(d) != 2 || d[1].Answer != strategy.Sell {
		t.Errorf("a halted daemon still decides: %+v", d)
	}
	r.crash()
	r.start()
	if got := r.mode(); got != "halted operator" {
		t.Errorf("after a restart %q, want halted", got)
	}
}

func TestALimitIsRefusedWithItsNumbersAndAnExitPassesIt(t *testing.T) {
	r := newRig(t)
	limits := risk.Practice()
	limits.OrderValue, limits.MarketOrderValue = decimal.NewFromInt(100_000), decimal.NewFromInt(100_000)
	gate, err := risk.New(limits)
	if err != nil {
		t.Fatal(err)
	}
	r.start()
	r.slot(r.to(monday, 9, 55), r.rules(rule("b", always, never)))
	r.config.Gate = gate
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never), rule("b", never, always)))
	if r.held() != 0 {
		t.Error("the limit stopped the exit")
	}
	refused := entries[journal.Refusal](r)
	if len(refused) != 1 || !refused[0].Refusal.Limit || refused[0].Refusal.Wanted == "" || refused[0].Refusal.Allowed == "" {
		t.Fatalf("refusals %+v", refused)
	}
	if len(refused[0].Passed) == 0 {
		t.Error("the checks before it are not told")
	}
	if r.wire.sent() != 2 {
		t.Errorf("%d posts, want b's two", r.wire.sent())
	}
}

func TestAStopIsWatchedBetweenSlots(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never, "exits: {stop_loss: 0.1%, take_profit: 0.1%}")))
	for at := monday.At(9, 31); at.Before(monday.At(15, 0)) && r.held() > 0; at = at.Add(time.Minute) {
		if err := r.engine.Watch(t.Context(), r.to(monday, at.Hour(), at.Minute())); err != nil {
			t.Fatal(err)
		}
	}
	d := entries[journal.Decision](r)
	if len(d) != 2 || d[1].Answer != strategy.Sell || d[1].Reason != strategy.StopLoss && d[1].Reason != strategy.TakeProfit {
		t.Fatalf("decisions %+v, want the entry and one exit", d)
	}
	if r.held() != 0 {
		t.Error("the exit did not sell")
	}
	r.agree()
}

func TestALimitOrderRestsAndIsCancelledWhenItsTimeIsUp(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never, "order: {type: limit, ticks: -10, valid: 10m}")))
	if w := r.journal.Book().Working("005930"); len(w) != 1 || w[0].Phase != journal.PhaseOpen {
		t.Fatalf("working %+v", w)
	}
	rules := r.rules(rule("a", always, never, "order: {type: limit, ticks: -10, valid: 10m}"))
	r.slot(r.to(monday, 9, 35), rules)
	if d := entries[journal.Decision](r); d[1].Reason != strategy.OrderWorking {
		t.Errorf("reason %q, want order_working", d[1].Reason)
	}
	for _, minute := range []int{41, 42} { // at 9:40 its ten minutes are not over: it was answered a moment after 9:30
		if err := r.engine.Settle(t.Context(), r.to(monday, 9, minute)); err != nil {
			t.Fatal(err)
		}
	}
	if f := entries[journal.Final](r); len(f) != 1 || f[0].State != "cancelled" || f[0].Filled != 0 {
		t.Errorf("finals %+v, want cancelled", f)
	}
	r.agree()
}

func TestADayOrderOfYesterdayIsExpiredToday(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never, "order: {type: limit, ticks: -10}")))
	r.to(market.Date(20260106), 8, 30)
	r.crash()
	r.start()
	if f := entries[journal.Final](r); len(f) != 1 || f[0].State != "cancelled" && f[0].State != "expired" {
		t.Errorf("finals %+v, want the day order ended", f)
	}
	if got := r.mode(); got != "active reconciled" {
		t.Errorf("mode %q", got)
	}
}

func TestADryRunSendsNothing(t *testing.T) {
	r := newRig(t)
	r.config.DryRun = true
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	refused := entries[journal.Refusal](r)
	if r.wire.sent() != 0 || len(refused) != 1 || refused[0].Refusal.Code != "dry_run" || len(refused[0].Passed) == 0 {
		t.Errorf("%d posts, refusals %+v", r.wire.sent(), refused)
	}
}

func TestASymbolThatCannotBeReadCostsOnlyItsOwnDecision(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never), rule("b", always, never))
	r.wire.set(func(q *http.Request, _ []byte) (bool, bool) {
		return strings.HasSuffix(q.URL.Path, "/inquire-daily-itemchartprice"), false
	})
	res := r.slot(r.to(monday, 10, 0), rules)
	if d := entries[journal.Decision](r); res.Decisions != 2 || d[0].Reason != strategy.DataMissing || d[0].Detail == "" {
		t.Errorf("decisions %+v", d)
	}
}

func TestASlotWithoutAnAccountDoesNotRun(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never))
	r.wire.set(func(q *http.Request, _ []byte) (bool, bool) {
		return strings.HasSuffix(q.URL.Path, "/inquire-balance"), false
	})
	if _, err := r.engine.Slot(t.Context(), r.to(monday, 10, 0), rules.Strategies); err == nil || !strings.Contains(err.Error(), "account") {
		t.Errorf("error %v, want the account's", err)
	}
	if d := entries[journal.Decision](r); len(d) != 0 {
		t.Errorf("%d decisions of a slot that did not run", len(d))
	}
}

// A list that lost an order that is known to exist is an old list: nothing may be concluded from it.
func TestAListWithoutAKnownOrderIsStale(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	r.config.Broker = forgetful{r.client}
	r.crash()
	err := r.engine.Start(t.Context(), journal.Start{Date: monday})
	if err == nil || !strings.Contains(err.Error(), "stale") {
		t.Errorf("error %v, want a stale list", err)
	}
	if got := r.mode(); !strings.HasPrefix(got, "reconciling") {
		t.Errorf("mode %q, want reconciling", got)
	}
}

// forgetful is a broker whose order list is empty.
type forgetful struct{ broker.Broker }

func (f forgetful) Orders(ctx context.Context, d market.Date) (broker.Orders, error) {
	o, err := f.Broker.Orders(ctx, d)
	o.Rows = nil
	return o, err
}

func TestAnEngineWithAPartMissingIsRefused(t *testing.T) {
	if _, err := engine.New(engine.Config{}); err == nil {
		t.Error("an empty configuration was accepted")
	}
}
