package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
	"maemae/risk"
)

// What went wrong in other people's programs, once each. The number is that of docs/RELIABILITY.md. The form of the code
// that let it happen is in testdata/naive.txt; TestNaiveFormsFail puts it into a copy of the tree and sees the test fail.

// calls loses the requests of these paths.
func calls(paths ...string) func(*http.Request, []byte) (bool, bool) {
	return func(r *http.Request, _ []byte) (bool, bool) {
		for _, p := range paths {
			if strings.HasSuffix(r.URL.Path, p) {
				return true, false
			}
		}
		return false, false
	}
}

// stopped is a strategy that bought and whose stop or target is reached at the returned moment.
func stopped(t *testing.T) (*rig, time.Time) {
	t.Helper()
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never, "exits: {stop_loss: 0.1%, take_profit: 0.1%}")))
	held := entries[journal.Fill](r)[0]
	bought := held.Value.Div(decimal.NewFromInt(held.Shares))
	for at := monday.At(9, 32); at.Before(monday.At(15, 0)); at = at.Add(time.Minute) {
		q, err := r.client.Quote(t.Context(), "005930")
		if err != nil {
			t.Fatal(err)
		}
		if q.Price.Sub(bought).Div(bought).Abs().GreaterThan(decimal.New(2, -3)) {
			return r, at
		}
		r.to(monday, at.Hour(), at.Minute())
	}
	t.Fatal("the price stood still")
	return nil, time.Time{}
}

// look watches the exits a minute later, whatever that comes to.
func (r *rig) lookAgain(at *time.Time) error {
	*at = at.Add(time.Minute)
	return r.engine.Watch(r.t.Context(), r.to(market.DateOf(*at), at.Hour(), at.Minute()))
}

func TestIncident01AnErrorIsNotAnEmptyAccount(t *testing.T) {
	r, at := stopped(t)
	r.wire.set(calls("/inquire-balance"))
	if err := r.lookAgain(&at); err != nil {
		t.Fatal(err)
	}
	if got := r.last(); got.Code != "account" || !got.Wait || len(entries[journal.Mismatch](r)) > 0 {
		t.Errorf("the stop is refused by %+v; mismatches %+v", got, entries[journal.Mismatch](r))
	}
	r.wire.set(nil)
	if err := r.lookAgain(&at); err != nil || r.held() != 0 {
		t.Errorf("at the next look %d shares are held, %v", r.held(), err)
	}
	r.agree()
}

func TestIncident02OneEmptyBalanceIsNotBelieved(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never)))
	e.account = func(a *broker.Account) { a.Holdings = nil }
	r.slot(r.to(monday, 9, 40), r.rules(rule("a", never, always)))
	if got := r.last(); got.Code != "position" || !got.Wait || r.mode() != "active reconciled" {
		t.Errorf("mode %q, the sell is refused by %+v", r.mode(), got)
	}
	e.account = nil
	if err := r.engine.CheckAccount(t.Context(), r.to(monday, 9, 41)); err != nil {
		t.Fatal(err)
	}
	if err := r.settle(r.to(monday, 9, 42)); err != nil || r.held() != 0 {
		t.Errorf("with the balance back %d shares are held, %v", r.held(), err)
	}
	r.agree()
}

// refusing says no to every sell, as a broker between two sessions does.
type refusing struct{ broker.Broker }

func (b refusing) Place(ctx context.Context, p broker.Permit) (broker.Receipt, error) {
	if p.Order().Side == broker.Sell {
		return broker.Receipt{}, &broker.Error{Op: "order-cash", Kind: broker.Refused, Code: "APBK0918", Text: "장운영시간이 아닙니다.(주문불가)"}
	}
	return b.Broker.Place(ctx, p)
}

func TestIncident03ARefusedSaleIsNotSold(t *testing.T) {
	r := newRig(t)
	r.config.Broker = refusing{r.client}
	r.crash()
	r.start()
	r.slot(r.to(monday, 9, 30), r.rules(rule("a", always, never)))
	r.slot(r.to(monday, 9, 40), r.rules(rule("a", never, always)))
	a, f := entries[journal.Answer](r), entries[journal.Fill](r)
	if len(a) != 2 || a[1].Outcome != journal.Rejected || len(f) != 1 || r.journal.Book().Expected("005930") != 10 {
		t.Errorf("answers %+v, fills %+v, expected %d", a, f, r.journal.Book().Expected("005930"))
	}
	r.agree()
}

// buggy is an adapter whose Place fails in a way that is none of the port's: a mistake in our own code.
type buggy struct {
	broker.Broker
	places int
}

func (b *buggy) Place(context.Context, broker.Permit) (broker.Receipt, error) {
	b.places++
	return broker.Receipt{}, errors.New("interface conversion: interface {} is nil, not string")
}

func TestIncident05AMistakeOfOursIsNotABusyBroker(t *testing.T) {
	r := newRig(t)
	b := &buggy{Broker: r.client}
	r.config.Broker = b
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	if a := entries[journal.Answer](r); b.places != 1 || len(a) != 1 || a[0].Outcome != journal.Unknown {
		t.Errorf("placed %d times, answers %+v", b.places, a)
	}
}

func TestIncident06AnOrderOnTheSecondPageExists(t *testing.T) {
	r := newRig(t)
	r.to(monday, 9, 20)
	for range 20 { // a page of a virtual account has fifteen
		r.byHand("buy", 1)
	}
	r.start()
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	if b := entries[journal.Bind](r); len(b) != 1 || r.wire.sent() != 1 {
		t.Errorf("binds %+v after %d posts", b, r.wire.sent())
	}
	r.agree()
}

func TestIncident07ATimeoutIsNotAFailure(t *testing.T) {
	r := newRig(t)
	r.start()
	r.wire.set(orders(false, true))
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	r.wire.set(nil)
	r.slot(r.to(monday, 10, 5), r.rules(rule("a", always, never)))
	if b := entries[journal.Bind](r); r.wire.sent() != 1 || r.held() != 10 || len(b) != 1 || r.mode() != "active reconciled" {
		t.Errorf("mode %q, %d posts, %d shares, binds %+v", r.mode(), r.wire.sent(), r.held(), b)
	}
	r.agree()
}

func TestIncident08TwoOrdersNeverShareANumber(t *testing.T) {
	r := newRig(t)
	r.config.Broker = &echo{Broker: r.client}
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never), rule("b", always, never)))
	numbers := map[string]string{}
	for _, o := range r.journal.Book().Orders() {
		if other, shared := numbers[o.ID.Key()]; shared && o.ID.Number != "" {
			t.Errorf("%s and %s are both order %s", other, o.Intent.ID, o.ID.Number)
		}
		numbers[o.ID.Key()] = o.Intent.ID
	}
	if got := r.mode(); got != "halted order_number" {
		t.Errorf("mode %q", got)
	}
	r.agree()
}

func TestIncident09AFillThatNobodyReportsIsSeenInTheBalance(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	e.list = unfilled
	r.slot(r.to(monday, 15, 10), r.rules(rule("a", always, never)))
	for _, minute := range []int{41, 42, 43} { // the session is over, and the list still says that nothing was filled
		_ = r.engine.Reconcile(t.Context(), r.to(monday, 15, minute)) // its mode tells
	}
	if got := r.mode(); got != "halted position_mismatch" {
		t.Errorf("mode %q", got)
	}
}

// unfilled is a list in which nothing has been filled yet.
func unfilled(o broker.Orders) (broker.Orders, error) {
	for i := range o.Rows {
		if row := &o.Rows[i]; row.Original == "" {
			row.Filled, row.Remaining, row.Value = 0, row.Shares-row.Cancelled-row.Rejected, decimal.Zero
		}
	}
	return o, nil
}

func TestIncident10RefusalsInARowAreTold(t *testing.T) {
	r := newRig(t)
	r.config.Broker = rejecting{r.client}
	r.crash()
	r.start()
	for n := range 5 {
		r.slot(r.to(monday, 10, 5*n), r.rules(rule("a", always, never)))
	}
	if notes := entries[journal.Note](r); len(notes) != 1 || notes[0].Level != "error" {
		t.Errorf("notes %+v", notes)
	}
	if sent := len(entries[journal.Intent](r)); sent != 3 {
		t.Errorf("%d orders", sent)
	}
}

func TestIncident11AnOlderEqualOrderIsNotOurs(t *testing.T) {
	r := newRig(t)
	r.to(monday, 9, 59)
	r.byHand("buy", 10)
	r.start()
	r.wire.set(orders(true, false))
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	if b := entries[journal.Bind](r); len(b) != 0 {
		t.Errorf("bound %+v", b)
	}
	if o := r.journal.Book().Working("005930"); len(o) != 1 || !o[0].Unresolved() {
		t.Errorf("working %+v", o)
	}
}

func TestIncident14AnOrderWhoseFillShowsMinutesLaterIsOneOrder(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	e.list = unfilled
	rules := r.rules(rule("a", always, never), rule("b", always, never))
	r.slot(r.to(monday, 10, 0), rules)
	for _, minute := range []int{1, 2, 3} {
		if err := r.settle(r.to(monday, 10, minute)); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.last(); got.Code != "unresolved" || r.wire.sent() != 1 || r.mode() != "active reconciled" {
		t.Errorf("mode %q, %d posts, refusal %+v", r.mode(), r.wire.sent(), got)
	}
	e.list = nil
	if err := r.settle(r.to(monday, 10, 4)); err != nil {
		t.Fatal(err)
	}
	r.agree()
}

func TestIncident15ACancellationAskedForIsNotACancelledOrder(t *testing.T) {
	r := newRig(t)
	e := r.edit()
	e.list = unfilled // it fills at once, and the list is late
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never, "order: {type: limit, ticks: 0, valid: 10m}")))
	if err := r.settle(r.to(monday, 10, 30)); err != nil {
		t.Fatal(err)
	}
	if c := entries[journal.Cancel](r); len(c) == 0 || len(entries[journal.Final](r)) != 0 {
		t.Fatalf("cancels %+v, finals %+v", c, entries[journal.Final](r))
	}
	e.list = nil
	if err := r.settle(r.to(monday, 10, 31)); err != nil {
		t.Fatal(err)
	}
	if r.held() != 10 {
		t.Fatalf("the order filled %d shares; want all, before the cancellation", r.held())
	}
	r.agree()
}

func TestIncident16ARefusalIsObeyed(t *testing.T) {
	r := newRig(t)
	limits := risk.Practice()
	limits.OrderValue = decimal.New(1, 0)
	var err error
	if r.config.Gate, err = risk.New(limits); err != nil {
		t.Fatal(err)
	}
	r.crash()
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", always, never)))
	if got := r.last(); got.Code != "order_value" || len(entries[journal.Intent](r)) != 0 || r.wire.sent() != 0 {
		t.Errorf("refusal %+v, %d intents, %d posts", got, len(entries[journal.Intent](r)), r.wire.sent())
	}
}

func TestIncident17ADivisorOfZeroBuysNothing(t *testing.T) {
	r := newRig(t)
	r.start()
	r.slot(r.to(monday, 10, 0), r.rules(rule("a", "close / (close - close) < 1", never)))
	if d := entries[journal.Decision](r); len(d) != 1 || d[0].Answer != "hold" || r.wire.sent() != 0 {
		t.Errorf("decisions %+v, %d posts", d, r.wire.sent())
	}
}

var naive = flag.Bool("naive", false, "TestNaiveFormsFail: put each naive form into a copy of the tree and see its test fail")

// naiveForm is a test of an incident, its room, and the code that let it happen.
type naiveForm struct {
	room, test string
	mutant
}

func readNaive(t *testing.T) (out []naiveForm) {
	t.Helper()
	text, err := os.ReadFile("testdata/naive.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		heading, rest, _ := strings.Cut(part, "\n")
		f := naiveForm{}
		f.room, f.test, _ = strings.Cut(heading, " ")
		for _, e := range editForm.FindAllStringSubmatch(rest, -1) {
			f.edits = append(f.edits, edit{e[1], e[2], e[3]})
		}
		out = append(out, f)
	}
	return out
}

var incidentTest = regexp.MustCompile(`(?m)^func (TestIncident\w+)\(`)

// Every test of an incident has a naive form, and every naive form fits the source.
func TestTheNaiveFormsFitTheSource(t *testing.T) {
	forms := map[string]bool{}
	for _, f := range readNaive(t) {
		forms[f.room+" "+f.test] = len(f.edits) > 0
		for _, e := range f.edits {
			text, err := os.ReadFile(filepath.Join("..", e.file))
			if n := strings.Count(string(text), e.old); err != nil || n != 1 {
				t.Errorf("%s: the old text stands %d times in %s; want once (%v):\n%s", f.test, n, e.file, err, e.old)
			}
		}
	}
	for _, room := range []string{"engine", "broker/kis"} {
		text, err := os.ReadFile(filepath.Join("..", room, "incidents_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range incidentTest.FindAllStringSubmatch(string(text), -1) {
			if !forms[room+" "+name[1]] {
				t.Errorf("%s of %s has no naive form", name[1], room)
			}
			delete(forms, room+" "+name[1])
		}
	}
	for f := range forms {
		t.Errorf("there is no test %s", f)
	}
}

// TestNaiveFormsFail demands that the test of each incident fails on the code that let it happen.
//
//	go test ./engine -run TestNaiveFormsFail -naive -timeout 1h -v      # -mutant Incident04 runs one
func TestNaiveFormsFail(t *testing.T) {
	if !*naive {
		t.Skip("give -naive to see each incident's test fail on its naive form")
	}
	for _, f := range readNaive(t) {
		if !strings.Contains(f.test, *mutantOnly) {
			continue
		}
		why, err := f.fails(t)
		if err != nil {
			t.Errorf("%s: %v", f.test, err)
			continue
		}
		t.Logf("%-66s %s", f.test, why)
	}
}

// fails runs the test on a tree with the naive form, and tells why it failed.
func (f naiveForm) fails(t *testing.T) (string, error) {
	root := t.TempDir()
	defer os.RemoveAll(root)
	if err := errors.Join(copyTree(root, ".."), f.apply(root)); err != nil {
		return "", err
	}
	run := exec.CommandContext(t.Context(), "go", "test", "-trimpath", "-vet=off", "./"+f.room, "-run", "^"+f.test+"$")
	run.Dir = root
	out, err := run.CombinedOutput()
	if err == nil {
		return "", errors.New("it passes")
	}
	for _, with := range []string{"_test.go:", "panic:"} {
		if line := firstLine(string(out), with); line != "" && !strings.Contains(string(out), "[build failed]") {
			return line[:min(len(line), 200)], nil
		}
	}
	return "", fmt.Errorf("it does not run: %s", out)
}
