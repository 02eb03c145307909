package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/broker/kis/kissim"
	"maemae/engine"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
)

// script puts faults in force at the simulator.
func (r *rig) script(faults ...kissim.Fault) {
	r.t.Helper()
	if err := r.sim.SetFaults(kissim.Script{Faults: faults}); err != nil {
		r.t.Fatal(err)
	}
}

func TestALostCancellationIsAskedForAgain(t *testing.T) {
	for name, lost := range map[string]kissim.Fault{
		"not executed": {On: "order-rvsecncl", Do: "lose"}, "executed": {On: "order-rvsecncl", Do: "lose", When: "after"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.start()
			r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never, "order: {type: limit, ticks: -10, valid: 10m}")))
			r.script(lost)
			for minute := 41; minute < 44; minute++ {
				if err := r.settle(r.to(monday, 9, minute)); err != nil {
					t.Fatal(err)
				}
			}
			if f := entries[journal.Final](r); len(f) != 1 || f[0].State != "cancelled" || len(r.journal.Book().Working("")) != 0 {
				t.Errorf("cancels %+v, finals %+v", entries[journal.Cancel](r), f)
			}
			r.agree()
		})
	}
}

func TestALateRejectEndsTheOrderAndMovesNothing(t *testing.T) {
	r := newRig(t)
	r.start()
	r.script(kissim.Fault{On: "order-cash", Do: "reject", For: kissim.Span(20 * time.Second)})
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never, "order: {type: limit, ticks: -10}")))
	if err := r.settle(r.to(monday, 9, 31)); err != nil {
		t.Fatal(err)
	}
	if f := entries[journal.Final](r); len(f) != 1 || f[0].State != "rejected" || r.journal.Book().Rejections("a") != 1 || r.journal.Book().Expected("005930") != 0 {
		t.Errorf("finals %+v, %d rejections", f, r.journal.Book().Rejections("a"))
	}
	r.agree()
}

func TestAnOrderThatTheBrokerCancelledIsNotSentAgain(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never, "order: {type: limit, ticks: -10}")))
	r.script(kissim.Fault{On: "inquire-daily-ccld", Do: "cancel"})
	for minute := 31; minute < 34; minute++ {
		if err := r.settle(r.to(monday, 9, minute)); err != nil {
			t.Fatal(err)
		}
	}
	if f := entries[journal.Final](r); len(f) != 1 || f[0].State != "cancelled" || r.wire.sent() != 1 || len(entries[journal.Cancel](r)) != 0 {
		t.Errorf("finals %+v, %d posts", f, r.wire.sent())
	}
	r.agree()
}

// Whatever the branches say, one number twice is no list: nothing is bound, and nothing is sent, until a person has looked.
func TestANumberOfTwoBranchesIsNoList(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	e.list = func(o broker.Orders) (broker.Orders, error) {
		if len(o.Rows) > 0 {
			twin := o.Rows[0]
			twin.ID.Branch = "06010"
			o.Rows = append(o.Rows, twin)
		}
		return o, nil
	}
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	for minute := 1; minute < 6; minute++ {
		_ = r.settle(r.to(monday, 10, minute)) // its mode tells
	}
	if b := entries[journal.Bind](r); len(b) != 0 || r.wire.sent() != 1 || r.mode() != "halted orders_unreadable" {
		t.Errorf("mode %q, binds %+v, %d posts", r.mode(), b, r.wire.sent())
	}
}

// The balance is the second witness of what the list says: an order said not to exist, whose shares are there, halts.
func TestAnOrderSaidNotPlacedWhoseSharesAreThereHalts(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	e.list = func(o broker.Orders) (broker.Orders, error) { o.Rows = nil; return o, nil }
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 15, 10), r.rules(rule("a", always, never)))
	for minute := 41; minute < 44; minute++ {
		_ = r.engine.Reconcile(t.Context(), r.to(monday, 15, minute)) // its mode tells
	}
	if a := entries[journal.Absent](r); len(a) == 0 || !a[len(a)-1].Final {
		t.Errorf("absences %+v", a)
	}
	if got := r.mode(); got != "halted position_mismatch" {
		t.Errorf("mode %q", got)
	}
}

func TestARevokedKeyPlacesNothingAndSaysSo(t *testing.T) {
	r := newRig(t)
	r.start()
	r.script(kissim.Fault{On: "*", Do: "code", Code: "EGW00103", Text: "유효하지 않은 AppKey입니다.", Count: -1})
	if _, err := r.engine.Slot(t.Context(), r.to(monday, 10, 0), r.rules(rule("a", always, never)).Strategies); err == nil || !strings.Contains(err.Error(), "EGW00103") {
		t.Errorf("the slot ran: %v", err)
	}
	if r.wire.sent() != 0 {
		t.Errorf("%d posts", r.wire.sent())
	}
}

// limited starts the engine under other limits.
func (r *rig) limited(change func(*risk.Limits)) {
	r.t.Helper()
	l := risk.Practice()
	change(&l)
	gate, err := risk.New(l)
	if err != nil {
		r.t.Fatal(err)
	}
	r.config.Gate = gate
	r.crash()
	r.start()
}

func TestWhatIsHeldAndTradedCountsAgainstItsLimits(t *testing.T) {
	won := func(n int64) decimal.Decimal { return decimal.New(n, 0) }
	for code, change := range map[string]func(*risk.Limits, decimal.Decimal){
		"total_value":             func(l *risk.Limits, worth decimal.Decimal) { l.TotalValue = worth.Mul(won(3)).Div(won(2)).Floor() },
		"turnover":                func(l *risk.Limits, worth decimal.Decimal) { l.Turnover = worth.Mul(won(3)).Div(won(2)).Floor() },
		"order_shares":            func(l *risk.Limits, _ decimal.Decimal) { l.OrderShares = 9 },
		"volume_share":            func(l *risk.Limits, _ decimal.Decimal) { l.VolumeShare = decimal.New(1, -8) },
		"strategy_value":          func(l *risk.Limits, worth decimal.Decimal) { l.StrategyValue = worth.Div(won(2)).Floor() },
		"strategy_orders_per_day": func(l *risk.Limits, _ decimal.Decimal) { l.StrategyOrdersPerDay = 2 },
	} {
		t.Run(code, func(t *testing.T) {
			r := newRig(t)
			r.start()
			r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never)))
			worth := entries[journal.Fill](r)[0].Value
			u := engine.Used(r.journal, r.sim.Now())
			if s := u.Strategies["a"]; !u.Traded.Equal(worth) || s.Orders != 1 || s.Value.LessThan(worth) || !s.Value.Equal(u.TotalValue) {
				t.Errorf("bought for %s, used %+v", worth, u)
			}
			r.slot(r.to(monday, 9, 40), r.rules(rule("a", never, always))) // a is out again
			if code == "total_value" {
				r.slot(r.to(monday, 9, 45), r.rules(rule("c", always, never)))
			}
			r.limited(func(l *risk.Limits) { l.Duplicate = 0; change(l, worth) })
			r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never, "reentry: same_session")))
			if got := r.last(); got.Code != code {
				t.Errorf("refusal %+v", got)
			}
			r.agree()
		})
	}
}

func TestASymbolTheExchangeWarnsOfIsNotBought(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never)))
	r.script(kissim.Fault{On: "inquire-price", Do: "set", Field: "vi_cls_code", Value: json.RawMessage(`"Y"`), Count: -1})
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", never, always), rule("b", always, never)))
	if got := r.last(); got.Code != "marks" || got.Wanted != string(market.Interrupted) {
		t.Errorf("refusal %+v", got)
	}
	if r.held() != 0 {
		t.Error("the exit was held up")
	}
	r.limited(func(l *risk.Limits) { l.Marks = []market.Mark{market.Interrupted} })
	r.slot(r.to(monday, 10, 5), r.rules(rule("b", always, never)))
	if r.held() != 10 {
		t.Errorf("permitted, and %d shares", r.held())
	}
}

func TestANewRevisionWatchesThenOrdersLittleUntilItIsPromoted(t *testing.T) {
	r := newRig(t)
	r.limited(func(l *risk.Limits) { l.Probation = true })
	tuesday := market.Date(20260106)
	refused := func(want, why string) {
		t.Helper()
		if got := r.last(); got.Code != want || !strings.Contains(got.Error(), why) {
			t.Errorf("refusal %v", got.Error())
		}
	}
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	refused("probation", "after 1")
	r.slot(r.to(tuesday, 10, 0), r.rules(rule("a", always, never)))
	refused("probation", "1 share")
	if err := r.engine.Operate(journal.Operator{Act: "promote", Strategy: "nobody", By: "uid 0"}); err == nil {
		t.Error("a strategy that decided nothing was promoted")
	}
	if err := r.engine.Operate(journal.Operator{Act: "promote", Strategy: "a", By: "uid 0"}); err != nil {
		t.Fatal(err)
	}
	r.crash()
	r.start()
	r.slot(r.to(tuesday, 10, 5), r.rules(rule("a", always, never)))
	if r.held() != 10 {
		t.Errorf("promoted, and %d shares", r.held())
	}
	r.slot(r.to(tuesday, 10, 20), r.rules(rule("a", "close > 1", never, "reentry: same_session"), rule("b", always, never))) // both are new
	refused("probation", "after 1")
	if r.wire.sent() != 1 {
		t.Errorf("%d posts", r.wire.sent())
	}
}

// A lost buy is not taken for somebody's sale of as many shares at the same moment.
func TestASaleOfAsManySharesIsNotALostBuy(t *testing.T) {
	r := newRig(t)
	r.to(monday, 9, 30)
	r.byHand("buy", 10)
	r.start()
	rules := r.rules(rule("a", always, never))
	r.wire.set(orders(true, false))
	r.slot(r.to(monday, 10, 0), rules)
	r.wire.set(nil)
	r.byHand("sell", 10)
	if err := r.engine.Settle(t.Context(), r.to(monday, 10, 1)); err != nil {
		t.Fatal(err)
	}
	if b := entries[journal.Bind](r); len(b) != 0 {
		t.Errorf("the sale is bound to the buy: %+v", b)
	}
	if got := r.mode(); got != "halted foreign_order" {
		t.Errorf("mode %q, want a halt for the sale", got)
	}
}

// Two rules in turn drive a price up, or buy while it runs: the collar of each order alone does not see it.
func TestOwnFillsThatRunAwayEndEntriesForTenMinutesAndNoExit(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	e.list = func(o broker.Orders) (broker.Orders, error) {
		for i := range o.Rows {
			o.Rows[i].Value = o.Rows[i].Value.Mul(decimal.New(102, -2)).Floor()
		}
		return o, nil
	}
	rules := r.rules(rule("a", always, never), rule("b", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	if got := r.last(); got.Code != "drift" || !got.Limit || !got.Wait {
		t.Errorf("refusal %+v", got)
	}
	refused := len(entries[journal.Refusal](r))
	r.slot(r.to(monday, 10, 9), r.rules(rule("a", never, always)))
	r.slot(r.to(monday, 10, 20), r.rules(rule("b", always, never)))
	if n := len(entries[journal.Refusal](r)); n != refused {
		t.Errorf("refused: %+v", r.last())
	}
	var sent []string
	for _, i := range entries[journal.Intent](r) {
		sent = append(sent, i.Strategy+" "+string(i.Order.Side))
	}
	if got := strings.Join(sent, ", "); got != "a buy, a sell, b buy" {
		t.Errorf("sent %s", got)
	}
}
