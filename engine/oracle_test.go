package engine_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/engine"
	"maemae/journal"
	"maemae/market"
)

// The oracle holds what the daemon believes (its journal) against what is (the simulator's own orders and account), at
// every order that arrives and after every step. Its invariants are numbered as in docs/HISTORIES.md.

func won(n int64) decimal.Decimal { return decimal.NewFromInt(n) }

// quarantineTime is how long after an unknown outcome nothing may be sent.
const quarantineTime = time.Minute

// arrives judges an order at the moment its first byte is here, and returns the intent behind it.
func (d *day) arrives(r *http.Request, body []byte) string {
	d.follow()
	b, now := d.journal.Book(), d.moment()
	var sending []journal.Order
	for _, o := range b.Working("") {
		if o.Phase == journal.PhaseSending {
			sending = append(sending, o)
		}
	}
	if len(sending) != 1 {
		d.fail("I-05", "an order arrives while %d intents are on their way", len(sending))
		return ""
	}
	o := sending[0]
	i := o.Intent
	d.say("  POST %s %s", i.ID, i.Order)
	d.saysWhatTheIntentSays(r, body, i)
	d.notSentBefore(i.ID)
	d.nothingElseOpen(b, i, now)
	d.allowedNow(b, i, now)
	d.covered(b, i)
	return i.ID
}

func (d *day) saysWhatTheIntentSays(r *http.Request, body []byte, i journal.Intent) {
	var in map[string]string
	if err := json.Unmarshal(body, &in); err != nil {
		d.fail("I-05", "the body of %s is no JSON: %v", i.ID, err)
		return
	}
	side := map[string]broker.Side{"VTTC0012U": broker.Buy, "VTTC0011U": broker.Sell}[r.Header.Get("tr_id")]
	if side != i.Order.Side || in["PDNO"] != string(i.Order.Symbol) || in["ORD_QTY"] != won(i.Order.Shares).String() ||
		i.Order.Type != broker.Market && in["ORD_UNPR"] != i.Order.Price.String() || i.Order.Type == broker.Market != (in["ORD_DVSN"] == "01") {
		d.fail("I-05", "%s is %s, and %s %v arrives", i.ID, i.Order, side, in)
	}
}

// notSentBefore: I-01. A second POST may follow only a first that the gateway turned away for its token.
func (d *day) notSentBefore(intent string) {
	log := d.sim.OrderLog()
	for n, before := range d.acts {
		if before == intent && log[n].Code != "EGW00121" && log[n].Code != "EGW00123" {
			d.fail("I-01", "%s is sent again; its first POST was answered %q", intent, log[n].Code)
		}
	}
}

// nothingElseOpen: I-09 and I-10.
func (d *day) nothingElseOpen(b *journal.Book, i journal.Intent, now time.Time) {
	for _, o := range b.Working("") {
		switch {
		case o.Intent.ID == i.ID:
		case o.Intent.Order.Symbol == i.Order.Symbol:
			d.fail("I-09", "%s is sent while %s of the symbol is %s", i.ID, o.Intent.ID, o.Phase)
		case o.Phase == journal.PhaseUnknown, o.Phase == journal.PhaseAbsent && now.Sub(o.Sent) < quarantineTime:
			d.fail("I-10", "%s is sent while %s of %s is %s", i.ID, o.Intent.ID, o.Sent.Format(time.TimeOnly), o.Phase)
		}
	}
}

// allowedNow: I-10, I-11, I-12, I-13 and I-16.
func (d *day) allowedNow(b *journal.Book, i journal.Intent, now time.Time) {
	l, buy := dayLimits(), i.Order.Side == broker.Buy
	switch m := b.State().Mode; {
	case d.killed:
		d.fail("I-12", "%s is sent after the kill", i.ID)
	case m != journal.ModeActive && (m != journal.ModeReduceOnly || buy):
		d.fail("I-10", "%s is sent while %s", i.ID, m)
	}
	session, err := d.calendar.Session(market.DateOf(now))
	if err != nil || now.Before(session.Open.Add(time.Minute)) || now.After(session.Auction().Add(-30*time.Second)) {
		d.fail("I-11", "%s is sent at %s", i.ID, now)
	}
	account, _ := b.Account()
	for what, age := range map[string]time.Duration{"list": now.Sub(i.Baseline.At) - l.ListAge, "quote": now.Sub(i.Quote.At) - l.QuoteAge, "balance": now.Sub(account.At) - l.AccountAge} {
		if age > 0 && !(what == "quote" && i.Exit && i.Order.Type == broker.Limit && d.held[i.Strategy+string(i.Order.Symbol)]) { // an exit that its quote held up insists
			d.fail("I-16", "%s is sent on a %s that is %s too old", i.ID, what, age)
		}
	}
	if p := i.Order.Price; i.Order.Type != broker.Market {
		off := p.Sub(i.Quote.Price).Abs().Div(i.Quote.Price)
		if off.GreaterThan(won(3).Div(won(100))) || !market.LadderNow(market.Stock).On(p) || p.GreaterThan(i.Quote.Upper) || p.LessThan(i.Quote.Lower) {
			d.fail("I-16", "%s is priced %s at %s", i.ID, p, i.Quote.Price)
		}
	}
	if !buy {
		return
	}
	day, minute := 0, 0
	seen := map[string]bool{}
	for n, id := range d.acts {
		if !seen[id] && id != "" {
			seen[id] = true
			day++
			if now.Sub(d.sim.OrderLog()[n].At) < time.Minute {
				minute++
			}
		}
	}
	if !seen[i.ID] {
		day, minute = day+1, minute+1
	}
	value := i.Order.Price
	if i.Order.Type == broker.Market {
		value = i.Quote.Ask
	}
	if value = value.Mul(won(i.Order.Shares)); day > l.OrdersPerDay || minute > l.OrdersPerMinute || value.GreaterThan(l.OrderValue) {
		d.fail("I-13", "%s is number %d today and %d this minute, and worth %s", i.ID, day, minute, value)
	}
}

// covered: I-15. Whatever the unknown orders turn out to be, what is sold is held; and it is the strategy's own.
func (d *day) covered(b *journal.Book, i journal.Intent) {
	if i.Order.Side != broker.Sell {
		return
	}
	a, err := d.sim.Account()
	if err != nil {
		d.fail("rig", "%v", err)
		return
	}
	held, own := a.Holding(i.Order.Symbol).Shares, int64(0)
	if p := b.Position(i.Strategy, i.Order.Symbol); p != nil {
		own = p.Shares
	}
	if i.Order.Shares > held || i.Order.Shares > own {
		d.fail("I-15", "%s sells %d shares, the account holds %d and the strategy %d", i.ID, i.Order.Shares, held, own)
	}
}

// truth is the simulator's orders by key, and those that each intent caused.
func (d *day) truth() (rows map[string]broker.Row, caused map[string][]broker.Row, ok bool) {
	rows, caused = map[string]broker.Row{}, map[string][]broker.Row{}
	for date := monday; date <= d.date(); date = date.Add(1) {
		list, err := d.sim.Orders(date)
		if err != nil {
			d.fail("rig", "%v", err)
			return nil, nil, false
		}
		for _, r := range list {
			rows[r.ID.Key()] = r
		}
	}
	log := d.sim.OrderLog()
	for n, intent := range d.acts {
		if log[n].Number != "" {
			r := rows[broker.OrderID{Date: market.DateOf(log[n].At), Number: log[n].Number}.Key()]
			caused[intent] = append(caused[intent], r)
		}
	}
	return rows, caused, true
}

// look holds the book against the world after a step.
func (d *day) look() {
	d.follow()
	rows, caused, ok := d.truth()
	if !ok || d.broken != nil {
		return
	}
	b := d.journal.Book()
	settled := true
	for intent, made := range caused {
		o, known := b.Order(intent)
		switch {
		case len(made) > 1:
			d.fail("I-02", "%s has become %d orders", intent, len(made))
		case !known && made[0].ID.Date < d.date():
			continue // of an earlier day, and final
		case !known:
			d.fail("I-03", "%s is not in the book, and is order %s", intent, made[0].ID.Number)
		case o.ID.Number != "" && o.ID.Key() != made[0].ID.Key():
			d.fail("I-04", "%s is order %s, and is bound to %s", intent, made[0].ID.Number, o.ID.Number)
		case o.ID.Number == "" && o.Phase == journal.PhaseFinal:
			d.fail("I-03", "%s is order %s, and the book says %s", intent, made[0].ID.Number, o.End)
		}
		settled = settled && known && o.ID.Number != ""
	}
	for _, o := range b.Orders() {
		if o.ID.Number == "" {
			continue
		}
		row, exists := rows[o.ID.Key()]
		switch want := o.Intent.Order; {
		case !exists || len(caused[o.Intent.ID]) == 0:
			d.fail("I-04", "%s is bound to %s, which it did not cause", o.Intent.ID, o.ID.Number)
		case row.Symbol != want.Symbol || row.Side != want.Side || row.Shares != want.Shares || !row.Price.Equal(want.Price):
			d.fail("I-04", "%s is %s, and order %s is %+v", o.Intent.ID, want, o.ID.Number, row)
		case o.Filled > row.Filled || o.Filled > row.Shares || o.Value.GreaterThan(row.Value):
			d.fail("I-07", "%s has %d shares booked of %d filled", o.Intent.ID, o.Filled, row.Filled)
		case o.Phase == journal.PhaseFinal && (o.Filled != row.Filled || row.Remaining != 0):
			d.fail("I-06", "%s ended %s with %d shares, and order %s has filled %d with %d left", o.Intent.ID, o.End, o.Filled, o.ID.Number, row.Filled, row.Remaining)
		}
		settled = settled && exists && o.Filled == row.Filled
	}
	if d.killed && b.State().Mode != journal.ModeKilled {
		if _, set := journal.Killed(filepath.Dir(d.path)); !set {
			d.fail("I-12", "killed, and the mode is %s", b.State().Mode)
		}
	}
	if settled {
		d.positions(b, rows)
	}
}

// stranger: P-14. An order of a person that came after the day's opening, into an account said to be the daemon's alone,
// halts before anything else is sent.
func (d *day) stranger(e journal.Entry) {
	switch b := e.Body.(type) {
	case journal.State:
		d.mode = b.Mode
	case journal.External:
		key, date := b.Row.ID.Key(), b.Row.ID.Date
		opening, _ := d.journal.Book().Opening(date)
		before := slices.ContainsFunc(opening, func(n string) bool { return (broker.OrderID{Date: date, Number: n}).Key() == key })
		if d.exclusive && b.Row.Channel != "OpnAPI" && !before && !d.met[key] && d.mode != journal.ModeHalted && d.mode != journal.ModeKilled {
			d.strange = b.Row.ID.Number
		}
		d.met[key] = true
	case journal.Intent:
		if d.strange != "" {
			d.fail("P-14", "order %s is a person's, and %s is sent", d.strange, b.ID)
		}
	}
	if d.mode == journal.ModeHalted || d.mode == journal.ModeKilled {
		d.strange = ""
	}
}

// positions: I-08. With every fill booked, strategies hold what their orders bought and sold.
func (d *day) positions(b *journal.Book, rows map[string]broker.Row) {
	own := map[market.Symbol]int64{}
	for _, r := range rows {
		if r.Channel != "OpnAPI" || r.Original != "" {
			continue
		}
		if r.Side == broker.Buy {
			own[r.Symbol] += r.Filled
		} else {
			own[r.Symbol] -= r.Filled
		}
	}
	have := map[market.Symbol]int64{}
	for _, h := range b.Holdings() {
		have[h.Symbol] += h.Shares
	}
	for _, s := range []market.Symbol{"005930", "000660"} {
		if own[s] != have[s] {
			d.fail("I-08", "orders of ours left %d shares of %s, and strategies hold %d", own[s], s, have[s])
		}
	}
}

// follow tells the new entries, and holds each intent to a decision that came before it.
func (d *day) follow() {
	if d.broken != nil {
		return
	}
	fresh := d.fresh
	d.fresh = nil
	for _, e := range fresh {
		d.stranger(e)
		d.toll.read(e, d.journal.Book())
		switch b := e.Body.(type) {
		case journal.Decision:
			if d.decisions[b.ID] {
				d.fail("I-17", "decision %s is written twice", b.ID)
			}
			d.decisions[b.ID] = true
		case journal.Intent:
			if !d.decisions[b.Decision] {
				d.fail("I-17", "intent %s has no decision", b.ID)
			}
		case journal.Refusal:
			if b.Refusal.Code == "" {
				d.fail("I-17", "a refusal of %s without a code", b.Decision)
			}
			if b.Refusal.Code == "quote" || b.Refusal.Code == "collar" {
				d.held[b.Strategy+string(b.Order.Symbol)] = true
			}
		}
		if d.tell {
			d.describe(e)
		}
	}
	if d.strange != "" {
		d.fail("P-14", "order %s is a person's, and the mode is %s", d.strange, d.mode)
	}
}

func (d *day) describe(e journal.Entry) {
	switch e.Body.(type) {
	case journal.Snapshot, journal.Rules:
		return
	}
	text, _ := json.Marshal(e.Body) // was read from JSON
	line := string(text)
	for _, noisy := range []string{`,"passed":[`, `,"evidence":[`} {
		if at := strings.Index(line, noisy); at > 0 {
			line = line[:at] + "…"
		}
	}
	if len(line) > 260 {
		line = line[:260] + "…"
	}
	d.say("  #%d %s %s", e.Seq, e.Body.Kind(), line)
}

// decided: I-17. A slot that ran has one decision for each rule and symbol, and an intent or a refusal for each order
// wanted.
func (d *day) decided(at time.Time, res engine.Result, pairs int) {
	d.follow()
	if res.Decisions != pairs || d.journal.Book().Decisions(at) < pairs {
		d.fail("I-17", "%d decisions of %d at %s", res.Decisions, pairs, at)
	}
	if res.Buys+res.Sells != res.Orders+res.Refusals {
		d.fail("I-17", "%d orders wanted, %d sent and %d refused", res.Buys+res.Sells, res.Orders, res.Refusals)
	}
}

// converged: I-24. Five minutes after the last fault the daemon trades or says why not, with nothing in the dark.
func (d *day) converged(calls int) {
	if d.broken != nil {
		return
	}
	b := d.journal.Book()
	switch s := b.State(); s.Mode {
	case journal.ModeActive, journal.ModeReduceOnly:
		for _, o := range b.Working("") {
			if o.Phase != journal.PhaseOpen && o.Phase != journal.PhaseAbsent {
				d.fail("I-24", "%s is still %s", o.Intent.ID, o.Phase)
			}
		}
	case journal.ModeHalted, journal.ModeKilled:
		if s.Reason == "" {
			d.fail("I-24", "%s without a reason", s.Mode)
		}
	default:
		d.fail("I-24", "still %s %s", s.Mode, s.Reason)
	}
	if calls > 300 {
		d.fail("I-24", "%d calls in five quiet minutes", calls)
	}
}

// atRest: after the session and complete reads nothing of ours is open, and the book is the account.
func (d *day) atRest() {
	rows, caused, ok := d.truth()
	if !ok || d.broken != nil {
		return
	}
	b := d.journal.Book()
	operator := b.State().Mode == journal.ModeHalted || b.State().Mode == journal.ModeKilled
	for _, o := range b.Working("") {
		if !operator || o.Phase == journal.PhaseOpen {
			d.fail("I-03", "%s is still %s after the session", o.Intent.ID, o.Phase)
		}
	}
	for intent, made := range caused {
		if o, known := b.Order(intent); o.ID.Number == "" && !operator && (known || made[0].ID.Date == d.date()) {
			d.fail("I-03", "%s is order %s, and nobody knows", intent, made[0].ID.Number)
		}
	}
	a, err := d.sim.Account()
	if err != nil {
		d.fail("rig", "%v", err)
		return
	}
	if a.Cash.Sign() < 0 || a.Deposit.Sign() < 0 {
		d.fail("I-14", "cash %s, deposit %s", a.Cash, a.Deposit)
	}
	if operator || d.broken != nil {
		return
	}
	for _, s := range []market.Symbol{"005930", "000660"} {
		if want, have := b.Expected(s), a.Holding(s).Shares; want != have {
			d.fail("I-08", "the book expects %d shares of %s, the account holds %d; orders %v", want, s, have, rows)
		}
	}
}
