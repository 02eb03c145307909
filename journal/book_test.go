package journal

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/market"
	"maemae/strategy"
)

// tale folds bodies one minute apart from 09:00 on.
type tale struct {
	t *testing.T
	b *Book
}

func tell(t *testing.T, bodies ...Body) tale {
	t.Helper()
	ta := tale{t, &Book{}}
	return ta.then(bodies...)
}

func next(b *Book, body Body) Entry {
	return Entry{Seq: b.Seq() + 1, At: due(9, 0).Add(time.Duration(b.Seq()) * time.Minute), Body: body}
}

func (ta tale) then(bodies ...Body) tale {
	ta.t.Helper()
	for _, body := range bodies {
		b, err := ta.b.Apply(next(ta.b, body))
		if err != nil {
			ta.t.Fatal(err)
		}
		ta.b = b
	}
	return ta
}

func (ta tale) refuses(body Body, want error) {
	ta.t.Helper()
	before := text(ta.t, ta.b)
	_, err := ta.b.Apply(next(ta.b, body))
	var c *Contradiction
	if !errors.Is(err, want) || !errors.As(err, &c) {
		ta.t.Errorf("%s %+v: error %v, want %v", body.Kind(), body, err, want)
	}
	if text(ta.t, ta.b) != before {
		ta.t.Errorf("a refused %s changed the book", body.Kind())
	}
}

func text(t interface{ Fatal(...any) }, b *Book) string {
	s, err := b.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

func intent(id string, side broker.Side, shares int64) Intent {
	return Intent{
		ID: id, Decision: "d-" + id, Strategy: "cross", Date: day, Reserved: won("1001"),
		Order:    broker.Order{Symbol: "005930", Side: side, Type: broker.Market, Shares: shares},
		Baseline: Baseline{Numbers: []string{"0000000001"}},
	}
}

func fill(intent string, side broker.Side, number string, shares int64, value string) Fill {
	return Fill{
		Intent: intent, ID: id(number), Strategy: "cross", Symbol: "005930", Side: side, Date: day,
		Shares: shares, Value: won(value), Fee: won("10"), Tax: won("1"),
	}
}

func accepted(intent, number string) Answer {
	return Answer{Intent: intent, Outcome: Accepted, ID: id(number)}
}

func unknown(intent string) Answer { return Answer{Intent: intent, Outcome: Unknown} }

// bought is a filled buy of 10 shares for 1,000 won.
func bought() []Body {
	return []Body{
		intent("b", broker.Buy, 10), accepted("b", "2"), fill("b", broker.Buy, "2", 10, "1000"),
		Final{Intent: "b", State: "filled", Filled: 10},
	}
}

func TestAnOrderStepsThroughItsPhasesAndNoOthers(t *testing.T) {
	buy := intent("b", broker.Buy, 10)
	phases := map[string][]Body{
		"none":     {},
		"sending":  {buy},
		"unknown":  {buy, unknown("b")},
		"restart":  {buy, Start{Date: day}},
		"absent":   {buy, unknown("b"), Absent{Intent: "b", Reads: 3}},
		"open":     {buy, accepted("b", "2")},
		"partial":  {buy, accepted("b", "2"), fill("b", broker.Buy, "2", 4, "400")},
		"filled":   bought(),
		"rejected": {buy, Answer{Intent: "b", Outcome: Rejected}},
		"unsent":   {buy, Answer{Intent: "b", Outcome: Unsent}},
		"unplaced": {buy, unknown("b"), Absent{Intent: "b", Final: true}},
	}
	steps := map[string]Body{
		"intent": buy,
		"answer": accepted("b", "2"),
		"bind":   Bind{Intent: "b", ID: id("2"), By: ByReconcile},
		"person": Bind{Intent: "b", ID: id("2"), By: "uid 1000"},
		"absent": Absent{Intent: "b", Reads: 4},
		"never":  Absent{Intent: "b", Final: true, By: "uid 1000"},
		"other":  Bind{Intent: "b", ID: id("3"), By: ByReconcile},
		"fill":   fill("b", broker.Buy, "2", 10, "1000"),
		"less":   fill("b", broker.Buy, "2", 3, "300"),
		"final":  Final{Intent: "b", State: "cancelled"},
		"final4": Final{Intent: "b", State: "cancelled", Filled: 4},
	}
	for _, c := range []struct {
		phase string
		want  map[string]any // a phase, or the error
	}{
		{"none", map[string]any{"intent": PhaseSending, "answer": ErrNoIntent, "bind": ErrNoIntent, "person": ErrNoIntent, "absent": ErrNoIntent, "never": ErrNoIntent, "other": ErrNoIntent, "fill": ErrNoIntent, "less": ErrNoIntent, "final": ErrNoIntent, "final4": ErrNoIntent}},
		{"sending", map[string]any{"intent": ErrRepeated, "answer": PhaseOpen, "bind": ErrPhase, "person": ErrPhase, "absent": ErrPhase, "never": ErrPhase, "other": ErrPhase, "fill": ErrPhase, "less": ErrPhase, "final": ErrPhase, "final4": ErrPhase}},
		{"unknown", map[string]any{"intent": ErrRepeated, "answer": ErrRepeated, "bind": PhaseOpen, "person": PhaseOpen, "absent": PhaseAbsent, "never": PhaseFinal, "other": PhaseOpen, "fill": ErrPhase, "less": ErrPhase, "final": ErrPhase, "final4": ErrPhase}},
		{"restart", map[string]any{"intent": ErrRepeated, "answer": ErrRepeated, "bind": PhaseOpen, "person": PhaseOpen, "absent": PhaseAbsent, "never": PhaseFinal, "other": PhaseOpen, "fill": ErrPhase, "less": ErrPhase, "final": ErrPhase, "final4": ErrPhase}},
		{"absent", map[string]any{"intent": ErrRepeated, "answer": ErrRepeated, "bind": PhaseOpen, "person": PhaseOpen, "absent": PhaseAbsent, "never": PhaseFinal, "other": PhaseOpen, "fill": ErrPhase, "less": ErrPhase, "final": ErrPhase, "final4": ErrPhase}},
		{"open", map[string]any{"intent": ErrRepeated, "answer": ErrRepeated, "bind": PhaseOpen, "person": PhaseOpen, "absent": ErrPhase, "never": PhaseFinal, "other": PhaseOpen, "fill": PhaseOpen, "less": PhaseOpen, "final": PhaseFinal, "final4": ErrFill}},
		{"partial", map[string]any{"intent": ErrRepeated, "answer": ErrRepeated, "bind": PhaseOpen, "person": PhaseOpen, "absent": ErrPhase, "never": ErrPhase, "other": ErrPhase, "fill": PhaseOpen, "less": ErrFill, "final": ErrFill, "final4": PhaseFinal}},
		{"filled", map[string]any{"intent": ErrRepeated, "answer": ErrRepeated, "bind": ErrFinal, "person": ErrFinal, "absent": ErrFinal, "never": ErrFinal, "other": ErrFinal, "fill": PhaseFinal, "less": ErrFinal, "final": ErrFinal, "final4": ErrFinal}},
		{"rejected", map[string]any{"intent": ErrRepeated, "answer": ErrRepeated, "bind": ErrFinal, "person": PhaseOpen, "absent": ErrFinal, "never": ErrFinal, "other": ErrFinal, "fill": ErrPhase, "less": ErrPhase, "final": ErrFinal, "final4": ErrFinal}},
		{"unsent", map[string]any{"intent": ErrRepeated, "answer": ErrRepeated, "bind": ErrFinal, "person": PhaseOpen, "absent": ErrFinal, "never": ErrFinal, "other": ErrFinal, "fill": ErrPhase, "less": ErrPhase, "final": ErrFinal, "final4": ErrFinal}},
		{"unplaced", map[string]any{"intent": ErrRepeated, "answer": ErrRepeated, "bind": ErrFinal, "person": PhaseOpen, "absent": ErrFinal, "never": ErrFinal, "other": ErrFinal, "fill": ErrPhase, "less": ErrPhase, "final": ErrFinal, "final4": ErrFinal}},
	} {
		for step, body := range steps {
			t.Run(c.phase+"/"+step, func(t *testing.T) {
				ta := tell(t, phases[c.phase]...)
				if err, ok := c.want[step].(error); ok {
					ta.refuses(body, err)
					return
				}
				o, ok := ta.then(body).b.Order("b")
				if !ok || o.Phase != c.want[step] {
					t.Errorf("phase %q, want %v", o.Phase, c.want[step])
				}
			})
		}
	}
}

func TestANumberBelongsToOneIntent(t *testing.T) {
	two := tell(t, intent("a", broker.Buy, 1), intent("b", broker.Buy, 1), accepted("a", "0000000002"), unknown("b"))
	bind := func(number string) Bind { return Bind{Intent: "b", ID: id(number), By: ByReconcile} }
	two.refuses(bind("2"), ErrNumber) // a's, without the padding
	two.refuses(bind("1"), ErrNumber) // in the baseline
	two.refuses(bind(""), ErrNumber)
	two.refuses(Bind{Intent: "b", ID: broker.OrderID{Date: day + 1, Number: "3"}, By: ByReconcile}, ErrNumber)
	two.then(Operator{Act: "foreign", Date: day, Number: "3", By: "uid 0"}).refuses(bind("3"), ErrNumber)
	two.refuses(Operator{Act: "foreign", Date: day, Number: "2", By: "uid 0"}, ErrNumber)
	two.refuses(External{Row: broker.Row{ID: id("2"), Symbol: "005930"}}, ErrNumber)
	two = two.then(bind("3"))
	two = two.then(bind("4")) // the broker had named another's
	if owner, ok := two.b.Bound(id("3")); ok {
		t.Errorf("order 3 was given back, and belongs to %q", owner)
	}
	two = two.then(bind("3"))
	if owner, ok := two.b.Bound(id("00003")); owner != "b" || !ok {
		t.Errorf("order 3 belongs to %q, want b", owner)
	}
	other := tell(t, intent("a", broker.Buy, 1))
	other.refuses(accepted("a", "1"), ErrNumber)
	other.refuses(Answer{Intent: "a", Outcome: Accepted}, ErrNumber)
	other.refuses(Answer{Intent: "a", Outcome: "perhaps"}, ErrPhase)
}

func TestAFillNeverFallsNorExceedsItsOrderNorIsAnothers(t *testing.T) {
	ta := tell(t, intent("b", broker.Buy, 10), accepted("b", "2"), fill("b", broker.Buy, "2", 4, "400"))
	good := fill("b", broker.Buy, "2", 5, "500")
	for name, spoil := range map[string]func(*Fill){
		"fewer shares":    func(f *Fill) { f.Shares = 3 },
		"less value":      func(f *Fill) { f.Shares, f.Value = 4, won("399") },
		"too many":        func(f *Fill) { f.Shares = 11 },
		"for nothing":     func(f *Fill) { f.Value = won("400") },
		"other number":    func(f *Fill) { f.ID.Number = "3" },
		"other strategy":  func(f *Fill) { f.Strategy = "other" },
		"other symbol":    func(f *Fill) { f.Symbol = "000660" },
		"the other side":  func(f *Fill) { f.Side = broker.Sell },
		"negative shares": func(f *Fill) { f.Shares = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			f := good
			spoil(&f)
			tale{t, ta.b}.refuses(f, ErrFill)
		})
	}
	once := ta.then(good)
	twice := once.then(good, good)
	if a, b := once.b.Position("cross", "005930"), twice.b.Position("cross", "005930"); !reflect.DeepEqual(a, b) || a.Shares != 5 || !a.AveragePrice.Equal(won("100")) {
		t.Errorf("the same cumulative fill again made %+v of %+v", b, a)
	}
	if !twice.b.Realised(day).Equal(won("-11")) {
		t.Errorf("costs counted %s, want once: -11", twice.b.Realised(day))
	}
}

func TestAPositionIsTheFillsOfItsStrategy(t *testing.T) {
	second := intent("b2", broker.Buy, 10)
	otherFill := fill("o", broker.Buy, "9", 7, "7000")
	otherFill.Strategy = "other"
	other := intent("o", broker.Buy, 7)
	other.Strategy = "other"

	ta := tell(t, bought()...).then(
		second, accepted("b2", "3"), fill("b2", broker.Buy, "3", 10, "1301"),
		other, accepted("o", "9"), otherFill,
		intent("s", broker.Sell, 20), accepted("s", "4"), fill("s", broker.Sell, "4", 13, "1690"),
	)
	p := ta.b.Position("cross", "005930")
	// 20 bought for 2,301; the oldest 10 (1,000 won) and 3 of the next (390.3 won) sold for 1,690.
	want := &strategy.Position{Shares: 7, AveragePrice: won("130.1"), High: won("130.1"), Since: day}
	if p == nil || p.Shares != 7 || !p.AveragePrice.Equal(want.AveragePrice) || !p.High.Equal(want.High) || p.Since != day {
		t.Errorf("position %+v, want %+v", p, want)
	}
	if got, want := ta.b.Realised(day), won("255.7"); !got.Equal(want) { // 1,690 − 1,390.3 − 4 × 11
		t.Errorf("realised %s, want %s", got, want)
	}
	if got := ta.b.Expected("005930"); got != 14 {
		t.Errorf("the account should hold %d, want 14", got)
	}
	if hs := ta.b.Holdings(); len(hs) != 2 || hs[0].Strategy != "cross" || hs[1].Shares != 7 {
		t.Errorf("holdings %+v", hs)
	}
	sold := ta.then(fill("s", broker.Sell, "4", 20, "2600"))
	if p := sold.b.Position("cross", "005930"); p != nil {
		t.Errorf("all sold, yet %+v", p)
	}
	if got := sold.b.LastExit("cross", "005930"); !got.Equal(sold.b.s.At) {
		t.Errorf("last exit %s", got)
	}
	if !sold.b.Entered("cross", "005930", day) || sold.b.Entered("cross", "000660", day) || sold.b.Entered("cross", "005930", day+1) {
		t.Error("one entry of cross in 005930 on the day, no other")
	}
}

func TestADearerPriceOfSharesAlreadySoldIsALoss(t *testing.T) {
	ta := tell(t, intent("b", broker.Buy, 10), accepted("b", "2"), fill("b", broker.Buy, "2", 10, "1000"),
		intent("s", broker.Sell, 10), accepted("s", "4"), fill("s", broker.Sell, "4", 10, "1300"))
	before := ta.b.Realised(day)
	ta = ta.then(fill("b", broker.Buy, "2", 10, "1005"))
	if got := before.Sub(ta.b.Realised(day)); !got.Equal(won("5")) || ta.b.Position("cross", "005930") != nil {
		t.Errorf("the profit fell by %s, want 5", got)
	}
}

func TestASaleBeyondTheLotsKeepsTheSumRight(t *testing.T) {
	ta := tell(t, bought()...).then(
		intent("s", broker.Sell, 10), accepted("s", "4"),
		Operator{Act: "release", Strategy: "cross", Symbol: "005930", Shares: 4, By: "uid 0"},
		fill("s", broker.Sell, "4", 10, "1300"))
	if ta.b.Expected("005930") != 0 || ta.b.Unowned("005930") != 0 || ta.b.Position("cross", "005930") != nil {
		t.Errorf("expected %d, unowned %d", ta.b.Expected("005930"), ta.b.Unowned("005930"))
	}
}

func TestTheHighRisesWithMarksAndDecisionsWhileHeld(t *testing.T) {
	ta := tell(t, Mark{Strategy: "cross", Symbol: "005930", Price: won("999")})
	ta = ta.then(bought()...)
	high := func(want string) {
		t.Helper()
		if p := ta.b.Position("cross", "005930"); !p.High.Equal(won(want)) {
			t.Errorf("high %s, want %s", p.High, want)
		}
	}
	high("100")
	ta = ta.then(Mark{Strategy: "cross", Symbol: "005930", Price: won("120")}, Mark{Strategy: "other", Symbol: "005930", Price: won("150")})
	high("120")
	ta = ta.then(Decision{Decision: strategy.Decision{Strategy: "cross", Symbol: "005930", Due: due(10, 0), Price: won("130")}})
	high("130")
	ta = ta.then(Mark{Strategy: "cross", Symbol: "005930", Price: won("110")})
	high("130")
}

func TestPersonsMoveSharesBetweenAStrategyAndTheRest(t *testing.T) {
	account := broker.Account{Holdings: []broker.Holding{{Symbol: "005930", Shares: 100}, {Symbol: "000660", Shares: 5}}}
	act := func(what, strategy string, shares int64, price string) Operator {
		return Operator{Act: what, Strategy: strategy, Symbol: "005930", Shares: shares, Price: won(price), By: "uid 0"}
	}
	ta := tell(t, Snapshot{Account: account})
	ta.refuses(act("adopt", "cross", 101, "100"), ErrBook)
	ta.refuses(act("adopt", "cross", 0, "100"), ErrBook)
	ta.refuses(act("adopt", "cross", 1, "0"), ErrBook)
	ta.refuses(act("adopt", "", 1, "100"), ErrBook)
	ta.refuses(act("release", "cross", 1, "0"), ErrBook)
	ta.refuses(act("adjust", "cross", -1, "1"), ErrBook)
	ta.refuses(act("adjust", "cross", 1, "0"), ErrBook)
	ta.refuses(act("give", "cross", 1, "0"), ErrBook)
	ta.refuses(Operator{Act: "foreign", Number: "1"}, ErrBook)

	check := func(own, unowned int64, average, high string) {
		t.Helper()
		p := ta.b.Position("cross", "005930")
		if p == nil {
			p = &strategy.Position{}
		}
		if p.Shares != own || !p.AveragePrice.Equal(won(average)) || !p.High.Equal(won(high)) || ta.b.Unowned("005930") != unowned {
			t.Errorf("%+v and %d unowned, want %d at %s, high %s, and %d", p, ta.b.Unowned("005930"), own, average, high, unowned)
		}
	}
	adopted := act("adopt", "cross", 40, "100")
	adopted.Date = day - 3
	ta = ta.then(adopted)
	check(40, 60, "100", "100")
	ta = ta.then(Mark{Strategy: "cross", Symbol: "005930", Price: won("150")})
	ta = ta.then(act("adjust", "cross", 400, "10")) // a split: the high moves as the price does
	check(400, 60, "10", "15")
	if p := ta.b.Position("cross", "005930"); p.Since != day-3 {
		t.Errorf("held since %s after the split, want %s", p.Since, day-3)
	}
	ta = ta.then(act("adjust", "", 600, "0"))
	check(400, 600, "10", "15")
	ta = ta.then(act("release", "cross", 100, "0"))
	check(300, 700, "10", "15")
	ta = ta.then(act("adjust", "cross", 0, "0"))
	check(0, 700, "0", "0")
	if ta.b.Expected("000660") != 5 {
		t.Errorf("expected %d of the untouched, want 5", ta.b.Expected("000660"))
	}
	ta = ta.then(Snapshot{Account: broker.Account{Holdings: []broker.Holding{{Symbol: "000660", Shares: 7}}}})
	if ta.b.Expected("000660") != 5 {
		t.Error("a later snapshot moved what the account should hold")
	}
}

func TestOrdersOfOthersMoveWhatNoStrategyOwns(t *testing.T) {
	row := func(side broker.Side, number string, filled int64) External {
		return External{Row: broker.Row{ID: id(number), Symbol: "005930", Side: side, Shares: 10, Filled: filled}}
	}
	ta := tell(t, External{Row: broker.Row{ID: id("7"), Symbol: "005930", Side: broker.Buy, Filled: 3}},
		Snapshot{Account: broker.Account{Holdings: []broker.Holding{{Symbol: "005930", Shares: 3}}}},
		Opening{Date: day, Numbers: []string{"0000000007"}},
		intent("b", broker.Buy, 10), unknown("b"))
	ta = ta.then(row(broker.Buy, "8", 4), row(broker.Buy, "8", 4), row(broker.Buy, "8", 10), row(broker.Sell, "9", 2))
	if got := ta.b.Unowned("005930"); got != 11 {
		t.Errorf("unowned %d, want 3 + 10 − 2", got)
	}
	for number, want := range map[string]bool{"7": true, "8": false, "9": false} {
		if ta.b.Explained(id(number)) != want {
			t.Errorf("order %s explained: %v", number, !want)
		}
	}
	if _, ok := ta.b.External(id("8")); !ok {
		t.Error("order 8 is not known as external")
	}
	// A late order turns out to be ours: its fills come again as ours.
	ta = ta.then(Bind{Intent: "b", ID: id("8"), By: ByReconcile}, fill("b", broker.Buy, "8", 10, "1000"),
		Operator{Act: "foreign", Date: day, Number: "9", By: "uid 0"})
	if ta.b.Unowned("005930") != 1 || ta.b.Expected("005930") != 11 || !ta.b.Explained(id("8")) || !ta.b.Explained(id("9")) {
		t.Errorf("unowned %d, expected %d", ta.b.Unowned("005930"), ta.b.Expected("005930"))
	}
}

func TestABuyReservesItsCashUntilItIsFinal(t *testing.T) {
	ta := tell(t, intent("b", broker.Buy, 10))
	for _, c := range []struct {
		body Body
		want string
	}{
		{unknown("b"), "1001"},
		{Absent{Intent: "b"}, "1001"},
		{Bind{Intent: "b", ID: id("2"), By: ByReconcile}, "1001"},
		{fill("b", broker.Buy, "2", 7, "700"), "301"}, // 1001 × 3/10 = 300.3
		{Final{Intent: "b", State: "cancelled", Filled: 7}, "0"},
	} {
		if ta = ta.then(c.body); !ta.b.Reserved().Equal(won(c.want)) {
			t.Errorf("after %s %s won are reserved, want %s", c.body.Kind(), ta.b.Reserved(), c.want)
		}
	}
}

func TestKilledIsLeftOnlyAfterArming(t *testing.T) {
	ta := tell(t, Start{Date: day})
	if ta.b.State().Mode != ModeReconciling || ta.b.Armed() {
		t.Errorf("a new journal is %+v", ta.b.State())
	}
	ta.refuses(State{Mode: "napping"}, ErrBook)
	ta = ta.then(Operator{Act: "arm", By: "uid 0"}, State{Mode: ModeActive}, Start{Date: day})
	if ta.b.State().Mode != ModeReconciling {
		t.Errorf("after a start %s", ta.b.State().Mode)
	}
	ta = ta.then(State{Mode: ModeHalted}, Start{Date: day})
	if ta.b.State().Mode != ModeHalted || !ta.b.Armed() {
		t.Error("a start ended a halt")
	}
	ta = ta.then(State{Mode: ModeKilled}, Start{Date: day})
	for _, m := range []Mode{ModeReconciling, ModeActive, ModeReduceOnly, ModeHalted} {
		ta.refuses(State{Mode: m, By: "uid 0"}, ErrKilled)
	}
	if got := ta.then(Operator{Act: "arm", By: "uid 0"}, State{Mode: ModeReconciling}).b.State().Mode; got != ModeReconciling {
		t.Errorf("armed and yet %s", got)
	}
}

func TestRejectionsInARowEndWithAFillAnotherEndOrAPerson(t *testing.T) {
	reject := func(n int) []Body {
		return []Body{intent(fmt.Sprint("r", n), broker.Buy, 1), Answer{Intent: fmt.Sprint("r", n), Outcome: Rejected}}
	}
	late := []Body{intent("l", broker.Buy, 1), accepted("l", "9"), Final{Intent: "l", State: "rejected"}}
	for name, c := range map[string]struct {
		then []Body
		want int
	}{
		"again":                   {reject(3), 3},
		"rejected late":           {late, 3},
		"accepted":                {late[:2], 2},
		"filled":                  {append(late[:2:2], fill("l", broker.Buy, "9", 1, "100")), 0},
		"cancelled":               {append(late[:2:2], Final{Intent: "l", State: "cancelled"}), 0},
		"unsent":                  {[]Body{intent("u", broker.Buy, 1), Answer{Intent: "u", Outcome: Unsent}}, 2},
		"armed":                   {[]Body{Operator{Act: "arm", Strategy: "cross", By: "uid 0"}}, 0},
		"another armed":           {[]Body{Operator{Act: "arm", Strategy: "other", By: "uid 0"}}, 2},
		"armed for real money":    {[]Body{Operator{Act: "arm", By: "uid 0"}}, 2},
		"overridden":              {[]Body{Operator{Act: "override", Strategy: "cross", Why: "d", By: "uid 0"}}, 2},
		"a date later, restarted": {[]Body{Start{Date: day + 1}}, 2},
	} {
		ta := tell(t, reject(1)...).then(reject(2)...).then(c.then...)
		if got := ta.b.Rejections("cross"); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		if ta.b.Armed() != (name == "armed for real money") {
			t.Errorf("%s: armed %v", name, ta.b.Armed())
		}
	}
}

func TestALastEntryIsABuyThatFilledOrMay(t *testing.T) {
	ta := tell(t, intent("x", broker.Buy, 1), Answer{Intent: "x", Outcome: Rejected})
	if at := ta.b.LastEntry("cross", "005930"); !at.IsZero() {
		t.Errorf("a rejected buy counts: %s", at)
	}
	ta = ta.then(intent("y", broker.Buy, 1), unknown("y"))
	if at := ta.b.LastEntry("cross", "005930"); at.IsZero() || !ta.b.LastEntry("other", "005930").IsZero() || !ta.b.LastEntry("cross", "000660").IsZero() {
		t.Errorf("an unknown buy does not count, or for others too: %s", at)
	}
	ta = ta.then(Absent{Intent: "y", Final: true})
	if at := ta.b.LastEntry("cross", "005930"); !at.IsZero() {
		t.Errorf("a buy that was not placed counts: %s", at)
	}
}

func TestCountsAreOfTheirDateAndEndWithIt(t *testing.T) {
	ta := tell(t, bought()...).then(
		Opening{Date: day, Numbers: []string{"1"}}, intent("r", broker.Buy, 1), Answer{Intent: "r", Outcome: Rejected},
		intent("u", broker.Buy, 1), unknown("u"), Cancel{Intent: "u", ID: id("5"), Why: "test"})
	ta.refuses(Opening{Date: day}, ErrRepeated)
	if cut := ta.then(intent("c", broker.Buy, 1)); cut.b.UnknownSince(due(9, 8)) != 1 || cut.then(Start{Date: day}).b.UnknownSince(due(9, 8)) != 2 {
		t.Error("an order that a stop left without an answer does not count as unknown, or one under way does")
	}
	if b := ta.b; b.Sent(day, "") != 3 || b.Sent(day, "cross") != 3 || b.Sent(day, "other") != 0 || b.SentSince(due(9, 5)) != 2 ||
		b.Rejections("cross") != 1 || b.Unknowns() != 1 || b.UnknownSince(due(9, 8)) != 1 || b.UnknownSince(due(9, 9)) != 0 {
		t.Errorf("sent %d, since %d, rejections %d, unknowns %d, %d", b.Sent(day, ""), b.SentSince(due(9, 5)), b.Rejections("cross"), b.Unknowns(), b.UnknownSince(due(9, 8)))
	}
	// The next day: everything of this one stays while an order of it is unknown.
	ta = ta.then(Start{Date: day + 1})
	if b := ta.b; len(b.Orders()) != 3 || !b.Realised(day+1).IsZero() || b.Sent(day+1, "") != 0 {
		t.Errorf("orders %d, realised %s, sent %d", len(b.Orders()), b.Realised(day+1), b.Sent(day+1, ""))
	}
	ta = ta.then(Bind{Intent: "u", ID: id("8"), By: ByReconcile}, fill("u", broker.Buy, "8", 1, "100"))
	if !ta.b.Realised(day + 1).IsZero() {
		t.Errorf("costs of yesterday's fill count today: %s", ta.b.Realised(day+1))
	}
	ta = ta.then(Final{Intent: "u", State: "filled", Filled: 1}, Start{Date: day + 4})
	_, opened := ta.b.Opening(day)
	_, bound := ta.b.Bound(id("2"))
	if len(ta.b.Orders()) != 0 || opened || bound || ta.b.Position("cross", "005930") == nil {
		t.Error("the finished day was not put away, or the position was")
	}
}

func TestUnknownAnswersAreCountedInARow(t *testing.T) {
	ta := tell(t)
	for n, c := range []struct {
		outcome Outcome
		want    int
	}{{Unknown, 1}, {Unsent, 1}, {Unknown, 2}, {Rejected, 0}, {Unknown, 1}, {Accepted, 0}, {Unknown, 1}} {
		name := fmt.Sprint("i", n)
		ta = ta.then(intent(name, broker.Buy, 1), Answer{Intent: name, Outcome: c.outcome, ID: id("77")})
		if got := ta.b.Unknowns(); got != c.want {
			t.Errorf("after answer %d, %s, %d are unknown in a row, want %d", n, c.outcome, got, c.want)
		}
	}
}

func TestASlotEndsOnce(t *testing.T) {
	slot := func(hour int, outcome string) Slot {
		return Slot{Job: "cross", Due: due(hour, 15), Outcome: outcome}
	}
	ta := tell(t, slot(15, "overlapped"), slot(14, "ran"))
	ta.refuses(slot(15, "ran"), ErrRepeated)
	if s, ok := ta.b.Slot("cross"); !ok || s.Outcome != "overlapped" {
		t.Errorf("newest slot %+v", s)
	}
	d := Decision{Decision: strategy.Decision{Strategy: "cross", Symbol: "005930", Due: due(15, 15)}}
	if n := ta.then(d, d).b.Decisions(due(15, 15)); n != 2 {
		t.Errorf("%d decisions, want 2", n)
	}
}

func TestAMismatchStandsUntilItIsResolved(t *testing.T) {
	ta := tell(t, Mismatch{Symbol: "005930", Expected: 1, Broker: 2}, Mismatch{Symbol: "000660", Expected: 1})
	if ms := ta.b.Mismatches(); len(ms) != 2 || ms[0].Symbol != "000660" {
		t.Errorf("mismatches %+v", ms)
	}
	if ms := ta.then(Mismatch{Symbol: "000660", Resolved: true}).b.Mismatches(); len(ms) != 1 || ms[0].Symbol != "005930" {
		t.Errorf("mismatches %+v", ms)
	}
}

func TestEntriesFollowOneAnother(t *testing.T) {
	ta := tell(t, Note{}, Note{})
	for _, e := range []Entry{
		{Seq: 2, At: due(10, 0), Body: Note{}},
		{Seq: 4, At: due(10, 0), Body: Note{}},
		{Seq: 3, At: due(9, 0), Body: Note{}},
	} {
		if _, err := ta.b.Apply(e); !errors.Is(err, ErrSequence) {
			t.Errorf("entry %d at %s: %v", e.Seq, e.At, err)
		}
	}
}

// anyBody draws a body about few names, so that legal and illegal steps both happen often.
func anyBody(rt *rapid.T, b *Book) Body {
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(rt, name) }
	small := func(name string) int64 { return rapid.Int64Range(0, 6).Draw(rt, name) }
	in := pick("intent", "i1", "i2", "i3", "i4", "i5", "i6")
	st, sym := pick("strategy", "a", "b"), market.Symbol(pick("symbol", "005930", "000660"))
	side := broker.Side(pick("side", "buy", "sell"))
	date := day + market.Date(rapid.IntRange(0, 2).Draw(rt, "date"))
	number := broker.OrderID{Date: date, Number: fmt.Sprintf("%03d", small("number"))}
	if o, ok := b.Order(in); ok && rapid.IntRange(0, 9).Draw(rt, "own") > 0 { // mostly what fits the order
		st, sym, side, date = o.Intent.Strategy, o.Intent.Order.Symbol, o.Intent.Order.Side, o.Intent.Date
		number.Date = date
		if o.ID.Number != "" {
			number = o.ID
		}
	}
	switch rapid.IntRange(0, 15).Draw(rt, "kind") {
	case 0:
		return Start{Date: date}
	case 1, 2:
		o := broker.Order{Symbol: sym, Side: side, Type: broker.Market, Shares: small("shares")}
		return Intent{ID: in, Strategy: st, Date: date, Order: o, Reserved: won("997"), Baseline: Baseline{Numbers: []string{"6"}}}
	case 3, 4:
		return Answer{Intent: in, Outcome: Outcome(pick("outcome", "accepted", "accepted", "rejected", "unsent", "unknown")), ID: number}
	case 5:
		return Bind{Intent: in, ID: number, By: pick("by", ByReconcile, "uid 0")}
	case 6:
		return Absent{Intent: in, Reads: 3, Final: rapid.Bool().Draw(rt, "final")}
	case 7, 8, 9:
		n := small("filled")
		return Fill{Intent: in, ID: number, Strategy: st, Symbol: sym, Side: side, Date: date, Shares: n, Value: won(fmt.Sprint(n*100 + small("more"))), Fee: won(fmt.Sprint(n)), Tax: won("0")}
	case 10:
		o, _ := b.Order(in)
		return Final{Intent: in, State: "cancelled", Filled: o.Filled + small("off")/6}
	case 11:
		return Snapshot{Account: broker.Account{Holdings: []broker.Holding{{Symbol: sym, Shares: small("held")}}}}
	case 12:
		return External{Row: broker.Row{ID: number, Symbol: sym, Side: side, Filled: small("filled")}}
	case 13:
		return Operator{Act: pick("act", "adopt", "release", "adjust", "foreign", "arm"), Strategy: st, Symbol: sym, Shares: small("shares"), Price: won("101.5"), Number: number.Number, Date: date}
	case 14:
		return State{Mode: Mode(pick("mode", "reconciling", "active", "reduce_only", "halted", "killed"))}
	default:
		return Decision{Decision: strategy.Decision{Strategy: st, Symbol: sym, Due: date.At(10, int(small("minute"))), Price: won("105")}}
	}
}

func TestEveryHistoryFoldsTheSameStepByStepAndFromAnyCheckpoint(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, history := &Book{}, []Entry(nil)
		texts := []string{text(rt, b)}
		accepted := 0
		for range 60 {
			e := next(b, anyBody(rt, b))
			after, err := b.Apply(e)
			if text(rt, b) != texts[len(texts)-1] {
				rt.Fatalf("applying %+v changed the book before it", e)
			}
			if err != nil {
				var c *Contradiction
				if !errors.As(err, &c) {
					rt.Fatalf("refused without a contradiction: %v", err)
				}
				continue
			}
			accepted++
			holds(rt, b, after, e)
			b, history = after, append(history, e)
			texts = append(texts, text(rt, b))
		}
		replayed, err := Replay(func(yield func(Entry, error) bool) {
			for _, e := range history {
				if !yield(e, nil) {
					return
				}
			}
		})
		if err != nil || text(rt, replayed) != texts[accepted] {
			rt.Fatalf("replay: %v\n%s\nwant\n%s", err, text(rt, replayed), texts[accepted])
		}
		from := rapid.IntRange(0, accepted).Draw(rt, "from")
		var resumed Book
		if err := resumed.UnmarshalJSON([]byte(texts[from])); err != nil {
			rt.Fatal(err)
		}
		for _, e := range history[from:] {
			if err := resumed.apply(e); err != nil {
				rt.Fatalf("from checkpoint %d: %v", from, err)
			}
		}
		if text(rt, &resumed) != texts[accepted] {
			rt.Fatalf("from checkpoint %d:\n%s\nwant\n%s", from, text(rt, &resumed), texts[accepted])
		}
	})
}

// holds states what no step may break (order-lifecycle invariants: one owner a number, terminal is final, fills only
// grow, shares only move by what the entry says).
func holds(rt *rapid.T, before, after *Book, e Entry) {
	numbers := map[string]string{}
	for _, o := range after.Orders() {
		was, had := before.Order(o.Intent.ID)
		bind, _ := e.Body.(Bind)
		switch {
		case o.Filled > o.Intent.Order.Shares || o.Filled < 0, o.Reserved().IsNegative(), o.Reserved().GreaterThan(o.Intent.Reserved):
			rt.Fatalf("order %+v", o)
		case had && (o.Filled < was.Filled || o.Value.LessThan(was.Value)):
			rt.Fatalf("fill fell from %+v to %+v", was, o)
		case had && was.Phase == PhaseFinal && o.Phase != PhaseFinal && (bind.By == ByReconcile || was.ID.Number != ""):
			rt.Fatalf("%+v left its final phase by %+v", was, e)
		case (o.Phase == PhaseOpen) && o.ID.Number == "", o.Unresolved() && o.ID.Number != "":
			rt.Fatalf("number and phase: %+v", o)
		}
		if o.ID.Number == "" {
			continue
		}
		key := o.ID.Key()
		if other := numbers[key]; other != "" {
			rt.Fatalf("%s and %s share order %s", other, o.Intent.ID, key)
		}
		numbers[key] = o.Intent.ID
		if owner, ok := after.Bound(o.ID); !ok || owner != o.Intent.ID || !after.Explained(o.ID) {
			rt.Fatalf("order %s of %s is bound to %q", key, o.Intent.ID, owner)
		}
	}
	for _, h := range after.Holdings() {
		if h.Shares <= 0 || h.High.LessThan(won("0")) || h.AveragePrice.Sign() <= 0 {
			rt.Fatalf("holding %+v", h)
		}
	}
	for _, sym := range []market.Symbol{"005930", "000660"} {
		moved := after.Expected(sym) - before.Expected(sym)
		var want int64
		switch body := e.Body.(type) {
		case Fill:
			was, _ := before.Order(body.Intent)
			if body.Symbol == sym && body.Side == broker.Buy {
				want = body.Shares - was.Filled
			} else if body.Symbol == sym {
				want = was.Filled - body.Shares
			}
		case External, Snapshot, Bind, Answer:
			continue // move it by design; their own tests say how
		case Operator:
			if body.Act == "adjust" {
				continue
			}
		}
		if moved != want {
			rt.Fatalf("%T moved %s by %d, want %d", e.Body, sym, moved, want)
		}
	}
}
