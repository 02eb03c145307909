package engine_test

import (
	"context"
	"errors"
	"net/http"
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

// edited is a broker whose reads a test rewrites on their way.
type edited struct {
	broker.Broker
	list    func(broker.Orders) (broker.Orders, error)
	account func(*broker.Account)
}

func (e *edited) Orders(ctx context.Context, d market.Date) (broker.Orders, error) {
	o, err := e.Broker.Orders(ctx, d)
	if err != nil || e.list == nil {
		return o, err
	}
	return e.list(o)
}

func (e *edited) Account(ctx context.Context) (broker.Account, error) {
	a, err := e.Broker.Account(ctx)
	if err == nil && e.account != nil {
		e.account(&a)
	}
	return a, err
}

// edit starts the engine over a broker whose reads can be rewritten.
func (r *rig) edit() *edited {
	e := &edited{Broker: r.client}
	r.config.Broker = e
	r.crash()
	r.start()
	return e
}

// settle looks after orders at a moment; whether that may fail is the test's affair.
func (r *rig) settle(at time.Time) error { return r.engine.Settle(r.t.Context(), at) }

func (r *rig) last() risk.Refusal {
	r.t.Helper()
	all := entries[journal.Refusal](r)
	if len(all) == 0 {
		r.t.Fatal("nothing was refused")
	}
	return all[len(all)-1].Refusal
}

func TestALostAnswerIsLookedForAtOnce(t *testing.T) {
	r := newRig(t)
	r.start()
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	if b := entries[journal.Bind](r); len(b) != 1 || b[0].Late {
		t.Errorf("binds at the end of the slot: %+v", b)
	}
	r.agree()
}

func TestTwoUnknownOutcomesInARowHalt(t *testing.T) {
	r := newRig(t)
	r.start()
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never), rule("b", always, never)))
	if got := r.mode(); got != "halted unknown_outcomes" {
		t.Errorf("mode %q", got)
	}
	if r.wire.sent() != 2 || len(entries[journal.Bind](r)) != 2 {
		t.Errorf("%d posts, %d found; want both orders found while halted", r.wire.sent(), len(entries[journal.Bind](r)))
	}
	r.agree()
}

// A daemon that dies each time it sends must not be started for ever.
func TestThreeDeathsAtThePostHalt(t *testing.T) {
	r := newRig(t)
	r.start()
	for n := range 3 {
		if got := r.mode(); got != "active reconciled" {
			t.Fatalf("life %d: mode %q", n, got)
		}
		at, rules := r.to(monday, 10, 2*n), r.rules(rule(string(rune('a'+n)), always, never))
		r.wire.set(func(q *http.Request, _ []byte) (bool, bool) {
			if strings.HasSuffix(q.URL.Path, "/order-cash") {
				_ = r.journal.Close() // nothing after the POST is written
			}
			return false, false
		})
		if _, err := r.engine.Slot(t.Context(), at, rules.Strategies); err == nil {
			t.Fatal("a dead process went on")
		}
		r.wire.set(nil)
		r.open()
		r.start()
	}
	if got := r.mode(); got != "halted unknown_outcomes" || len(entries[journal.Bind](r)) != 3 {
		t.Errorf("mode %q, binds %+v", got, entries[journal.Bind](r))
	}
	r.agree()
}

func TestALateOrderIsBoundWhenItShows(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	hide := func(o broker.Orders) (broker.Orders, error) { o.Rows = nil; return o, nil }
	e.list = hide
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	r.wire.set(nil)
	for minute := 1; minute < 4; minute++ {
		if err := r.settle(r.to(monday, 10, minute)); err != nil {
			t.Fatal(err)
		}
	}
	if w := r.journal.Book().Working(""); len(w) != 1 || w[0].Phase != journal.PhaseAbsent {
		t.Fatalf("working %+v, want one presumed absent", w)
	}
	e.list = nil
	if err := r.settle(r.to(monday, 10, 5)); err != nil {
		t.Fatal(err)
	}
	if b := entries[journal.Bind](r); len(b) != 1 || !b[0].Late {
		t.Errorf("binds %+v, want a late one", b)
	}
	r.agree()
}

// What a complete list says of a known order and cannot be true stops nothing at first, for it may be an old list; said
// again, it halts.
func TestARowThatContradictsWhatIsKnownHaltsWhenItIsReadAgain(t *testing.T) {
	for name, spoil := range map[string]func(*broker.Row){
		"fills fall":                func(r *broker.Row) { r.Filled, r.Remaining = 4, 6 },
		"value falls":               func(r *broker.Row) { r.Value = r.Value.Sub(decimal.NewFromInt(1)) },
		"more than ordered":         func(r *broker.Row) { r.Filled = 11 },
		"parts do not add up":       func(r *broker.Row) { r.Remaining = 1 },
		"another side":              func(r *broker.Row) { r.Side = broker.Sell },
		"another symbol":            func(r *broker.Row) { r.Symbol = "000660" },
		"another number of shares":  func(r *broker.Row) { r.Shares, r.Filled = 20, 20; r.Value = r.Value.Add(r.Value) },
		"a cancellation, not order": func(r *broker.Row) { r.Original = "1" },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			e := r.edit()
			rules := r.rules(rule("a", always, never))
			r.slot(r.to(monday, 10, 0), rules)
			e.list = func(o broker.Orders) (broker.Orders, error) { spoil(&o.Rows[0]); return o, nil }
			for n, want := range []string{"active reconciled", "halted fill_conflict"} {
				if _, err := r.engine.Slot(t.Context(), r.to(monday, 10, 5+n), rules.Strategies); err == nil || !strings.Contains(err.Error(), "order list") {
					t.Errorf("read %d: error %v", n+1, err)
				}
				if got := r.mode(); got != want {
					t.Errorf("read %d: mode %q, want %q", n+1, got, want)
				}
			}
			if f := entries[journal.Fill](r); len(f) != 1 {
				t.Errorf("the wrong list was booked: %+v", f)
			}
		})
	}
}

func TestOneOddReadBetweenGoodOnesDoesNotHalt(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	rules := r.rules(rule("a", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	odd := func(o broker.Orders) (broker.Orders, error) { o.Rows[0].Remaining = 1; return o, nil }
	for n := range 3 {
		e.list = odd
		if _, err := r.engine.Slot(t.Context(), r.to(monday, 10, 5+2*n), rules.Strategies); err == nil {
			t.Error("an odd list was taken")
		}
		e.list = nil
		r.slot(r.to(monday, 10, 6+2*n), rules)
	}
	if got := r.mode(); got != "active reconciled" {
		t.Errorf("mode %q", got)
	}
}

func TestAKnownOrderMissingForThreeMinutesHaltsUntilItIsListedAgain(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	rules := r.rules(rule("a", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	e.list = func(o broker.Orders) (broker.Orders, error) { o.Rows = nil; return o, nil }
	for look, want := range []string{"active reconciled", "active reconciled", "halted order_missing", "halted order_missing"} {
		if err := r.engine.CheckAccount(t.Context(), r.to(monday, 10, 5+2*look)); err == nil || !strings.Contains(err.Error(), "stale") {
			t.Errorf("error %v", err)
		}
		if got := r.mode(); got != want {
			t.Errorf("mode %q, want %q", got, want)
		}
	}
	e.list = nil
	for look, want := range []string{"halted order_missing", "halted order_missing", "active reconciled"} {
		if err := r.settle(r.to(monday, 10, 20+look)); err != nil {
			t.Fatal(err)
		}
		if got := r.mode(); got != want {
			t.Errorf("listed again, look %d: mode %q, want %q", look, got, want)
		}
	}
}

func TestAListThatHoldsANumberTwiceIsNoList(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	rules := r.rules(rule("a", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	e.list = func(o broker.Orders) (broker.Orders, error) { o.Rows = append(o.Rows, o.Rows[0]); return o, nil }
	if err := r.engine.CheckAccount(t.Context(), r.to(monday, 10, 5)); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("error %v", err)
	}
}

func TestUnreadableOrdersHaltWhileSomethingIsOpenAndTheHaltEndsByItself(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never, "order: {type: limit, ticks: -10}")))
	e.list = func(broker.Orders) (broker.Orders, error) { return broker.Orders{}, errors.New("down") }
	for minute := 1; minute <= 4; minute++ {
		if err := r.settle(r.to(monday, 10, minute)); err == nil {
			t.Error("an unreadable list is no error")
		}
	}
	if got := r.mode(); got != "halted orders_unreadable" {
		t.Fatalf("mode %q", got)
	}
	e.list = nil
	for minute := 5; minute <= 7; minute++ {
		if got := r.mode(); got != "halted orders_unreadable" {
			t.Errorf("minute %d: mode %q", minute, got)
		}
		if err := r.settle(r.to(monday, 10, minute)); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.mode(); got != "active reconciled" {
		t.Errorf("mode %q", got)
	}
}

func TestAPersonsHaltDoesNotEndByItself(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never, "order: {type: limit, ticks: -10}")))
	if err := r.engine.Halt("orders_unreadable", "", "uid 0"); err != nil {
		t.Fatal(err)
	}
	for minute := range 6 {
		if err := r.settle(r.to(monday, 10, 1+minute)); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.mode(); got != "halted orders_unreadable" {
		t.Errorf("mode %q", got)
	}
}

func TestANumberThatIsAnothersLeavesTheOutcomeUnknownAndHalts(t *testing.T) {
	r := newRig(t)
	r.config.Broker = &echo{Broker: r.client}
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never), rule("b", always, never)))
	if got := r.mode(); got != "halted order_number" {
		t.Errorf("mode %q", got)
	}
	if a := entries[journal.Answer](r); len(a) != 2 || a[1].Outcome != journal.Unknown || a[1].ID.Number != "" {
		t.Errorf("answers %+v", a)
	}
	r.agree()
}

// echo answers every order with the number of the first.
type echo struct {
	broker.Broker
	first broker.Receipt
}

func (e *echo) Place(ctx context.Context, p broker.Permit) (broker.Receipt, error) {
	got, err := e.Broker.Place(ctx, p)
	if err == nil && e.first.ID.Number == "" {
		e.first = got
	}
	return e.first, err
}

// neighbour answers every order with the number of a person's, which came between the last read and the order.
type neighbour struct {
	broker.Broker
	before func() // the person's orders, the first of which is named
}

func (n neighbour) Place(ctx context.Context, p broker.Permit) (broker.Receipt, error) {
	n.before()
	got, err := n.Broker.Place(ctx, p)
	if err != nil {
		return got, err
	}
	list, err := n.Orders(ctx, got.ID.Date)
	if err == nil {
		got.ID.Number = list.Rows[0].ID.Number
	}
	return got, err
}

func named(t *testing.T, shares ...int) (r *rig, intent string) {
	t.Helper()
	r = newRig(t)
	r.config.Broker = neighbour{r.client, func() {
		for _, n := range shares {
			r.byHand("buy", n)
		}
	}}
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	return r, entries[journal.Intent](r)[0].ID
}

// A number that nobody had when the order was sent can only be found wrong when the list shows whose it is. The list then
// tells ours as well.
func TestANumberThatTurnsOutToBeAnothersIsGivenBack(t *testing.T) {
	r, intent := named(t, 3)
	if got := r.mode(); got != "halted order_number" {
		t.Errorf("mode %q", got)
	}
	o, _ := r.journal.Book().Order(intent)
	if o.Phase != journal.PhaseFinal || o.Filled != 10 || o.ID.Number == entries[journal.Answer](r)[0].ID.Number {
		t.Errorf("%+v", o)
	}
	if err := r.engine.Resume(t.Context(), "uid 0"); err != nil {
		t.Fatal(err)
	}
	if p := r.journal.Book().Position("a", "005930"); p == nil || p.Shares != 10 || r.journal.Book().Unowned("005930") != 3 || r.wire.sent() != 1 {
		t.Errorf("position %+v, unowned %d, %d sent", p, r.journal.Book().Unowned("005930"), r.wire.sent())
	}
	r.agree()
}

// Where the list shows two orders that can be ours, a person says which, although the list contradicts the book.
func TestAPersonGivesBackANumberThatIsAnothers(t *testing.T) {
	r, intent := named(t, 3, 10)
	if got := r.mode(); got != "halted fill_conflict" {
		t.Errorf("mode %q", got)
	}
	s, err := r.engine.Examine(t.Context(), intent)
	if err != nil || len(s.Candidates) != 2 {
		t.Fatalf("suspect %+v, %v", s, err)
	}
	theirs, ours := s.Candidates[0].ID.Number, s.Candidates[1].ID.Number
	if err := r.engine.Resolve(t.Context(), engine.Resolution{Intent: intent, NotPlaced: true, By: "uid 0"}); err == nil {
		t.Error("said to be not placed while two orders can be it")
	}
	if err := r.engine.Resolve(t.Context(), engine.Resolution{Intent: intent, Bind: ours, External: []string{theirs}, Why: "test", By: "uid 0"}); err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Resume(t.Context(), "uid 0"); err == nil || r.mode() != "halted foreign_order" {
		t.Errorf("the order that was named is a person's: %v, mode %q", err, r.mode())
	}
	if err := r.engine.Resume(t.Context(), "uid 0"); err != nil {
		t.Fatal(err)
	}
	if p := r.journal.Book().Position("a", "005930"); p == nil || p.Shares != 10 || r.journal.Book().Unowned("005930") != 13 {
		t.Errorf("position %+v, unowned %d", p, r.journal.Book().Unowned("005930"))
	}
	r.agree()
}

// Between the gate and the first byte lie hashkey, token and dial: a kill in that time still stops the order.
func TestAKillWhileTheBrokerIsReachedStopsThePost(t *testing.T) {
	r := newRig(t)
	r.config.Broker = slow{r.client, func() {
		if err := r.engine.Kill("test", "uid 0"); err != nil {
			t.Error(err)
		}
	}}
	r.crash()
	r.start()
	rules := r.rules(rule("a", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	if r.wire.sent() != 0 {
		t.Error("a POST started after the kill was acknowledged")
	}
	if a := entries[journal.Answer](r); len(a) != 1 || a[0].Outcome != journal.Unsent {
		t.Errorf("answers %+v", a)
	}
	if got := r.mode(); got != "killed kill" {
		t.Errorf("mode %q", got)
	}
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 5), rules)
	if got := r.mode(); got != "killed kill" || r.wire.sent() != 0 {
		t.Errorf("after a restart: mode %q, %d posts", got, r.wire.sent())
	}
	if err := r.engine.Resume(t.Context(), "uid 0"); err == nil {
		t.Error("resume left killed")
	}
	if err := r.engine.Halt("operator", "", "uid 0"); err == nil {
		t.Error("a halt replaced a kill")
	}
	r.config.Broker = r.client
	r.crash()
	r.start()
	if err := r.engine.Arm(t.Context(), "uid 0"); err != nil {
		t.Fatal(err)
	}
	r.slot(r.to(monday, 10, 10), rules)
	if r.held() != 10 {
		t.Errorf("armed, and %d shares", r.held())
	}
}

// slow does something between the permit and the adapter.
type slow struct {
	broker.Broker
	meanwhile func()
}

func (s slow) Place(ctx context.Context, p broker.Permit) (broker.Receipt, error) {
	s.meanwhile()
	return s.Broker.Place(ctx, p)
}

func TestAKillSwitchOutsideTheJournalIsHeeded(t *testing.T) {
	r := newRig(t)
	killed := false
	r.config.Killed = func() (string, bool) { return "by hand", killed }
	r.config.Broker = slow{r.client, func() { killed = true }}
	r.crash()
	r.start()
	rules := r.rules(rule("a", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	if r.wire.sent() != 0 {
		t.Error("a POST started while the switch was set")
	}
	r.slot(r.to(monday, 10, 5), rules)
	if got := r.mode(); got != "killed kill" {
		t.Errorf("mode %q", got)
	}
	if err := r.engine.Arm(t.Context(), "uid 0"); err == nil {
		t.Error("armed while the switch is set")
	}
}

func TestASplitHoldsItsSymbolAndNothingElse(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	e.account = func(a *broker.Account) {
		for i := range a.Holdings {
			a.Holdings[i].Shares *= 2
			a.Holdings[i].Sellable *= 2
		}
	}
	tuesday := market.Date(20260106)
	rules := r.rules(rule("a", never, always), rule("b", always, never))
	for minute := range 3 {
		r.slot(r.to(tuesday, 10, minute), rules)
	}
	if got := r.mode(); got != "active reconciled" {
		t.Errorf("mode %q", got)
	}
	if got := r.last(); got.Code != "position" || r.wire.sent() != 1 {
		t.Errorf("refusal %+v, %d posts", got, r.wire.sent())
	}
	p := r.journal.Book().Position("a", "005930")
	if err := r.engine.Operate(journal.Operator{Act: "adjust", Strategy: "a", Symbol: "005930", Shares: 20, Price: p.AveragePrice.Div(decimal.NewFromInt(2)), By: "uid 0"}); err != nil {
		t.Fatal(err)
	}
	if err := r.engine.CheckAccount(t.Context(), r.to(tuesday, 10, 10)); err != nil {
		t.Fatal(err)
	}
	if m := r.journal.Book().Mismatches(); len(m) != 0 {
		t.Errorf("adjusted, and still %+v", m)
	}
}

func TestTheDaysLossEndsEntriesAndThenEverything(t *testing.T) {
	r := newRig(t)
	limits := risk.Practice()
	limits.DailyLoss, limits.HaltLoss = decimal.NewFromInt(100_000), decimal.NewFromInt(200_000)
	gate, err := risk.New(limits)
	if err != nil {
		t.Fatal(err)
	}
	r.config.Gate = gate
	e := r.edit()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	lose := func(won int64) {
		e.account = func(a *broker.Account) { a.Equity = a.Equity.Sub(decimal.NewFromInt(won)) }
	}
	lose(150_000)
	r.slot(r.to(monday, 10, 5), r.rules(rule("a", never, never), rule("b", always, never)))
	if got := r.mode(); got != "reduce_only daily_loss" || r.last().Code != "reduce_only" {
		t.Errorf("mode %q, refusal %+v", got, r.last())
	}
	r.slot(r.to(monday, 10, 10), r.rules(rule("a", never, always)))
	if r.held() != 0 {
		t.Error("the loss stopped the exit")
	}
	r.slot(r.to(market.Date(20260106), 10, 0), r.rules(rule("b", always, never)))
	if got := r.mode(); got != "active new_day" || r.held() != 10 {
		t.Errorf("the next day: mode %q, %d shares", got, r.held())
	}
	lose(400_000)
	if err := r.engine.CheckAccount(t.Context(), r.to(market.Date(20260106), 10, 5)); err != nil {
		t.Fatal(err)
	}
	if got := r.mode(); got != "halted halt_loss" {
		t.Errorf("mode %q", got)
	}
	if err := r.engine.Resume(t.Context(), "uid 0"); err == nil || !strings.Contains(err.Error(), "halt_loss") {
		t.Errorf("resume: %v", err)
	}
}

func TestAFallFromTheBestDayHalts(t *testing.T) {
	r := newRig(t)
	limits := risk.Practice()
	limits.Drawdown = decimal.New(10, -2)
	gate, err := risk.New(limits)
	if err != nil {
		t.Fatal(err)
	}
	r.config.Gate = gate
	e := r.edit()
	rules := r.rules(rule("a", never, never))
	equity := decimal.Zero
	e.account = func(a *broker.Account) { a.Equity = equity }
	day := monday
	for n, c := range []struct {
		won  int64
		want string
	}{{100_000_000, "active reconciled"}, {110_000_000, "active reconciled"}, {105_000_000, "active reconciled"}, {99_000_001, "active reconciled"}, {99_000_000, "halted drawdown"}} {
		equity = decimal.NewFromInt(c.won)
		for minute := range 2 {
			r.slot(r.to(day, 10, minute), rules)
		}
		if got := r.mode(); got != c.want {
			t.Errorf("day %d: mode %q, want %q", n, got, c.want)
		}
		day = day.Add(1)
	}
}

// rejecting refuses every order.
type rejecting struct{ broker.Broker }

func (rejecting) Place(context.Context, broker.Permit) (broker.Receipt, error) {
	return broker.Receipt{}, &broker.Error{Op: "order-cash", Kind: broker.Refused, Code: "APBK0952"}
}

func TestAStrategyRejectedInARowIsDisabledUntilItIsArmed(t *testing.T) {
	r := newRig(t)
	r.config.Broker = rejecting{r.client}
	r.crash()
	r.start()
	rules := r.rules(rule("a", always, never), rule("b", never, never))
	for n := range 5 {
		r.slot(r.to(monday, 10, 5*n), rules)
		if n == 3 {
			r.crash()
			r.start()
		}
	}
	if n := len(entries[journal.Intent](r)); n != 3 {
		t.Errorf("%d orders, want three", n)
	}
	if got := r.last(); got.Code != "rejections" {
		t.Errorf("refusal %+v", got)
	}
	if n := entries[journal.Note](r); len(n) != 1 || !strings.Contains(n[0].Text, "maemae arm a") {
		t.Errorf("notes %+v", n)
	}
	r.config.Broker = r.client
	r.crash()
	r.start()
	r.rules(rule("a", always, never), rule("b", never, never))
	if err := r.engine.Operate(journal.Operator{Act: "arm", Strategy: "a", By: "uid 0"}); err != nil {
		t.Fatal(err)
	}
	r.slot(r.to(monday, 10, 40), rules)
	if r.held() != 10 {
		t.Errorf("armed, and %d shares", r.held())
	}
}

func TestAStrategyThatFiresTwiceIsADuplicate(t *testing.T) {
	r := newRig(t)
	r.start()
	out := rule("a", never, always, "reentry: same_session")
	in := rule("a", always, never, "reentry: same_session")
	r.slot(r.to(monday, 10, 0), r.rules(in))
	r.slot(r.to(monday, 10, 2), r.rules(out))
	r.slot(r.to(monday, 10, 4), r.rules(in))
	if got := r.last(); got.Code != "duplicate" || r.wire.sent() != 2 {
		t.Errorf("refusal %+v, %d posts", got, r.wire.sent())
	}
	r.slot(r.to(monday, 10, 11), r.rules(in))
	if r.held() != 10 {
		t.Error("ten minutes later it is none")
	}
}

// A rule's own sell that a passing fact held up is not lost until the next slot.
func TestASellThatHadToWaitGoesOutAtTheNextLook(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	rules := r.rules(rule("a", never, always))
	down := false
	reads := 0
	e.list = func(o broker.Orders) (broker.Orders, error) {
		if reads++; down && reads > 1 { // the slot's own look at the past still passes
			return o, errors.New("down")
		}
		return o, nil
	}
	down = true
	r.slot(r.to(monday, 10, 5), rules)
	if got := r.last(); got.Code != "baseline" || r.held() != 10 {
		t.Fatalf("refusal %+v, %d shares", got, r.held())
	}
	down = false
	if err := r.settle(r.to(monday, 10, 6)); err != nil {
		t.Fatal(err)
	}
	if r.held() != 0 {
		t.Errorf("%d shares left", r.held())
	}
	if err := r.settle(r.to(monday, 10, 7)); err != nil {
		t.Fatal(err)
	}
	if r.wire.sent() != 2 {
		t.Errorf("%d posts", r.wire.sent())
	}
	r.agree()
}

// blind is a feed whose order quotes fail.
type blind struct {
	feed
	down *bool
}

func (b blind) Quote(ctx context.Context, s market.Symbol) (market.Quote, error) {
	if *b.down {
		return market.Quote{}, errors.New("no quote")
	}
	return b.feed.Quote(ctx, s)
}

func TestAnExitWithoutAQuoteGoesOutAfterAMinuteAtTheCollar(t *testing.T) {
	r := newRig(t)
	down := false
	r.config.Feed = blind{feed{r.client}, &down}
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	down = true
	r.slot(r.to(monday, 10, 5), r.rules(rule("a", never, always)))
	if got := r.last(); got.Code != "quote" || r.held() != 10 {
		t.Fatalf("refusal %+v, %d shares", got, r.held())
	}
	if err := r.settle(r.to(monday, 10, 6)); err != nil {
		t.Fatal(err)
	}
	i := entries[journal.Intent](r)
	if len(i) != 2 || i[1].Order.Type != broker.Limit || r.held() != 0 {
		t.Errorf("intents %+v, %d shares", i, r.held())
	}
	r.agree()
}

// A spell that is over does not count for the next exit.
func TestAnExitHeldUpYesterdayWaitsAnewToday(t *testing.T) {
	r := newRig(t)
	down := false
	r.config.Feed = blind{feed{r.client}, &down}
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	down = true
	out := r.rules(rule("a", never, always))
	r.slot(r.to(monday, 15, 10), out)
	r.slot(r.to(market.Date(20260106), 10, 0), out)
	if got := r.last(); got.Code != "quote" || len(entries[journal.Intent](r)) != 1 {
		t.Errorf("refusal %+v, intents %+v", got, entries[journal.Intent](r))
	}
}

func TestOneSymbolThatCannotBeReadDoesNotStopTheExitsOfOthers(t *testing.T) {
	r := newRig(t)
	r.start()
	exits := "exits: {stop_loss: 0.1%, take_profit: 0.1%}"
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never, exits)))
	r.wire.set(func(q *http.Request, _ []byte) (bool, bool) {
		return strings.HasSuffix(q.URL.Path, "/inquire-daily-itemchartprice") && q.URL.Query().Get("FID_INPUT_ISCD") == "000660", false
	})
	if err := r.engine.Operate(journal.Operator{Act: "adjust", Symbol: "000660", Shares: 3, By: "t"}); err != nil {
		t.Fatal(err)
	}
	file := r.rules(rule("first", never, never, exits), rule("a", always, never, exits))
	file.Strategies[0].Symbols = []market.Symbol{"000660"}
	if err := r.engine.Operate(journal.Operator{Act: "adopt", Strategy: "first", Symbol: "000660", Shares: 3, Price: decimal.NewFromInt(1000), By: "t"}); err != nil {
		t.Fatal(err)
	}
	failed := false
	for at := monday.At(9, 31); at.Before(monday.At(15, 0)) && r.held() > 0; at = at.Add(time.Minute) {
		if err := r.engine.Watch(t.Context(), r.to(monday, at.Hour(), at.Minute())); err != nil {
			failed = true
		}
	}
	if r.held() != 0 || !failed {
		t.Errorf("%d shares left, failed %v", r.held(), failed)
	}
}

func TestOnlyTheBrokersWordMakesAnOrderOursInASharedAccount(t *testing.T) {
	for name, c := range map[string]struct {
		channel string            // what the engine is told of the broker's word
		say     func(*broker.Row) // what the list says of our order
		mode    string
		binds   int
	}{
		"ours by channel":       {"OpnAPI", func(r *broker.Row) { r.Channel = "OpnAPI" }, "active reconciled", 1},
		"a person's by channel": {"OpnAPI", func(r *broker.Row) { r.Channel = "HTS" }, "active reconciled", 0},
		"the row does not tell": {"OpnAPI", func(r *broker.Row) { r.Channel = "" }, "halted unproven_order", 0},
		"no broker tells":       {"", func(*broker.Row) {}, "halted unproven_order", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.config.Exclusive, r.config.Channel = false, c.channel
			e := r.edit()
			e.list = func(o broker.Orders) (broker.Orders, error) {
				for i := range o.Rows {
					c.say(&o.Rows[i])
				}
				return o, nil
			}
			r.wire.set(orders(false, true))
			r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
			if got := r.mode(); got != c.mode || len(entries[journal.Bind](r)) != c.binds {
				t.Errorf("mode %q, %d binds; want %q, %d", got, len(entries[journal.Bind](r)), c.mode, c.binds)
			}
		})
	}
}

func TestAPersonMayTradeASharedAccountAndAnotherProgramOfOursMayNot(t *testing.T) {
	for channel, want := range map[string]string{"HTS": "active reconciled", "OpnAPI": "halted foreign_order"} {
		r := newRig(t)
		r.config.Exclusive, r.config.Channel = false, "OpnAPI"
		e := r.edit()
		e.list = func(o broker.Orders) (broker.Orders, error) {
			for i := range o.Rows {
				o.Rows[i].Channel = channel
			}
			return o, nil
		}
		r.to(monday, 9, 30)
		r.byHand("buy", 3)
		r.slot(r.to(monday, 10, 0), r.rules(rule("a", never, never)))
		if got := r.mode(); got != want {
			t.Errorf("%s: mode %q, want %q", channel, got, want)
		}
		r.agree()
	}
}

func TestARowFromBeforeTheIntentIsNoCandidate(t *testing.T) {
	r := newRig(t)
	r.config.Offset = func() time.Duration { return 0 }
	e := r.edit()
	e.list = func(o broker.Orders) (broker.Orders, error) {
		for i := range o.Rows {
			o.Rows[i].Time = "095954"
		}
		return o, nil
	}
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	if got := r.mode(); len(entries[journal.Bind](r)) != 0 || got != "halted foreign_order" {
		t.Errorf("mode %q, binds %+v", got, entries[journal.Bind](r))
	}
}

func TestClocksThatKeepDifferingHalt(t *testing.T) {
	r := newRig(t)
	off := time.Duration(0)
	r.config.Offset = func() time.Duration { return off }
	r.crash()
	r.start()
	rules := r.rules(rule("a", never, never))
	off = 3 * time.Second
	r.slot(r.to(monday, 10, 0), rules)
	off = 0
	r.slot(r.to(monday, 10, 5), rules)
	off = -3 * time.Second
	r.slot(r.to(monday, 10, 10), rules)
	if got := r.mode(); got != "active reconciled" {
		t.Errorf("mode %q", got)
	}
	r.slot(r.to(monday, 10, 15), rules)
	if got := r.mode(); got != "halted clock" {
		t.Errorf("mode %q", got)
	}
}

func TestABuyIsCutToWhatTheCashPaysUnlessItsSizeIsExact(t *testing.T) {
	for size, want := range map[string]string{"size: 20000 shares": "sent", "size: exact 20000 shares": "cash"} {
		r := newRig(t)
		r.start()
		a, err := r.sim.Account()
		if err != nil {
			t.Fatal(err)
		}
		r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never, size)))
		if want != "sent" {
			if got := r.last(); got.Code != want || r.wire.sent() != 0 {
				t.Errorf("%s: refusal %+v", size, got)
			}
			continue
		}
		i := entries[journal.Intent](r)
		if len(i) != 1 || i[0].Order.Shares >= 20000 || i[0].Reserved.GreaterThan(a.Cash) || i[0].Passed[0].Code != "buying_power" || i[0].Passed[0].Wanted != "20000 shares" {
			t.Errorf("%s: refusals %+v, intents %+v", size, entries[journal.Refusal](r), i)
		}
		r.agree()
	}
}

func TestALimitSellAsksForSoManyTicksMore(t *testing.T) {
	r := newRig(t)
	r.start()
	order := "order: {type: limit, ticks: -2, valid: 5m}"
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never)))
	r.slot(r.to(monday, 9, 40), r.rules(rule("a", never, always, order)))
	i := entries[journal.Intent](r)
	sell := i[len(i)-1]
	if want := market.LadderNow(market.Stock).StepUp(sell.Quote.Price, 2); sell.Order.Type != broker.Limit || !sell.Order.Price.Equal(want) {
		t.Errorf("%s at %s, want %s", sell.Order, sell.Quote.Price, want)
	}
}

// A fill that comes after the end contradicts the end: nobody knows what the strategy holds.
func TestAFinalOrderThatFillsMoreHalts(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never, "order: {type: limit, ticks: -10}")))
	r.script(kissim.Fault{On: "inquire-daily-ccld", Do: "cancel"})
	if err := r.settle(r.to(monday, 10, 1)); err != nil {
		t.Fatal(err)
	}
	e.list = func(o broker.Orders) (broker.Orders, error) {
		row := &o.Rows[0]
		row.Filled, row.Cancelled, row.Value = 3, row.Cancelled-3, row.Price.Mul(decimal.NewFromInt(3))
		return o, nil
	}
	for minute, want := range []string{"active reconciled", "halted fill_conflict"} {
		if err := r.engine.Reconcile(t.Context(), r.to(monday, 10, 5+minute)); err == nil || !strings.Contains(err.Error(), "was cancelled with 0 shares and now has 3") {
			t.Errorf("error %v", err)
		}
		if got := r.mode(); got != want {
			t.Errorf("mode %q, want %q", got, want)
		}
	}
}

// misdated answers orders with the number of another day.
type misdated struct{ broker.Broker }

func (m misdated) Place(ctx context.Context, p broker.Permit) (broker.Receipt, error) {
	receipt, err := m.Broker.Place(ctx, p)
	receipt.ID.Date = receipt.ID.Date.Add(-1)
	return receipt, err
}

func TestANumberOfAnotherDayIsAnUnknownOutcomeAndHalts(t *testing.T) {
	r := newRig(t)
	r.config.Broker = misdated{r.client}
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	if a := entries[journal.Answer](r); a[0].Outcome != journal.Unknown || r.mode() != "halted order_number" || r.wire.sent() != 1 {
		t.Errorf("mode %q, answers %+v", r.mode(), a)
	}
	if b := entries[journal.Bind](r); len(b) != 1 || b[0].ID.Date != monday {
		t.Errorf("binds %+v", b)
	}
	r.agree()
}
