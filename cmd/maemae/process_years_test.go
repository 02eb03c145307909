package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

var years = flag.Float64("years", 0.02, "how many years of a thousand decisions a session are behind the program that is started")

const (
	sessionsInYear = 250
	decisionsInDay = 1000
	ordersOnce     = 20 // of each day before
	heldAtNoon     = 20 // issues held at the end of today's orders
)

// The program starts on a journal of so many years, from one year on with a thousand orders at the broker that day, and trades. How long that
// takes is told; what it may hold in memory is demanded, except of a program that is built to find races.
//
//	go test ./cmd/maemae -run TestAStartOnYears -years 5 -timeout 30m -v
func TestAStartOnYearsOfJournalTrades(t *testing.T) {
	t.Parallel()
	today := market.Date(20240306)
	f := newField(t, kissim.Options{Seed: 3, Symbols: heldAtNoon, Start: today.At(10, 0)}, yearRules())
	began := time.Now()
	sessions, orders := max(1, int(*years*sessionsInYear)), 100
	if *years >= 1 {
		orders = 1000 // the ceiling of orders_per_day
	}
	f.patience = 5 * time.Minute
	f.past(today, sessions, orders)
	info, err := os.Stat(filepath.Join(f.dir, "state", "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the past was written in %s: %d sessions, %d MiB", time.Since(began).Round(time.Millisecond), sessions, info.Size()>>20)
	release := f.hold(f.sim.Now())
	j := f.journal()
	last := f.newest(j).Seq // the past's own
	for n := range 3 {
		began := time.Now()
		c := f.daemon()
		f.within("the daemon to trade", func() bool {
			if state := f.newest(j); state.Seq > last {
				last = state.Seq
				s := state.Body.(journal.State)
				if s.Mode == journal.ModeHalted {
					t.Fatalf("halted: %s %s", s.Reason, s.Detail)
				}
				return s.Mode == journal.ModeActive
			}
			return false
		})
		took, peak := time.Since(began), peakMemory(t, c.Process.Pid)
		t.Logf("start %d: trading after %s, at the peak %d MiB", n+1, took.Round(time.Millisecond), peak)
		if peak >= 128 && !testing.Short() { // short goes with the race detector, whose memory is its own
			t.Errorf("the peak was %d MiB", peak)
		}
		f.kill9(c)
	}
	b := f.journal().Book()
	if n := len(b.Orders()); n != orders {
		t.Errorf("the book has %d orders of today, want %d", n, orders)
	}
	release()
	c := f.daemon()
	f.until(today.At(10, 11)) // two looks at the whole account
	f.stop(c)
	if strings.Contains(f.out.String(), `"level":"error"`) {
		t.Errorf("an error in the log:\n%s", tail(f.out.String()))
	}
	theirs, err := f.sim.Account()
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range positionsDiffer(f.journal().Book(), theirs) {
		t.Error(bad)
	}
}

// newest is the last change of mode on disk.
func (f *field) newest(j *journal.Journal) (state journal.Entry) {
	f.t.Helper()
	for e, err := range j.Entries(f.t.Context(), journal.Query{Kinds: []string{journal.State{}.Kind()}, Newest: true, Limit: 1}) {
		if err != nil {
			f.t.Fatal(err)
		}
		state = e
	}
	return state
}

// peakMemory is the most that a process has held, in MiB.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Skipf("skipped: this machine does not tell the peak of a process's memory: %v", err)
	}
	kilobytes, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes / 1024
}

// yearRules are the ten rules of the written past.
func yearRules() string {
	symbols := []string{`"005930"`}
	for n := range heldAtNoon {
		symbols = append(symbols, strconv.Quote(string(pastSymbol(n))))
	}
	text := "version: 1\nstrategies:\n"
	for n := range 10 {
		text += fmt.Sprintf("  - name: rule-%d\n    symbols: [%s]\n    when: close - 15m\n    buy: close < 0\n    sell: close < 0\n    size: 1 share\n", n, strings.Join(symbols, ", "))
	}
	return text
}

// past writes what a daemon of so many sessions has left: each with a thousand decisions and a few orders, and today with
// orders that the simulator has too.
func (f *field) past(today market.Date, sessions, orders int) {
	f.t.Helper()
	var now time.Time
	j, err := journal.Open(filepath.Join(f.dir, "state", "journal.db"), journal.Options{Now: func() time.Time { return now }})
	if err != nil {
		f.t.Fatal(err)
	}
	defer j.Close()
	write := func(bodies ...journal.Body) {
		if _, err := j.Append(bodies...); err != nil {
			f.t.Fatal(err)
		}
	}
	begin := func(d market.Date) {
		now = d.At(8, 0)
		account, err := f.sim.Account()
		if err != nil {
			f.t.Fatal(err)
		}
		account.At = now
		write(journal.Start{Env: "virtual", Date: d}, journal.Snapshot{Account: account}, journal.Opening{Date: d})
		write(journal.State{Mode: journal.ModeActive, Reason: "reconciled", By: "daemon"})
		if err := j.Checkpoint(); err != nil {
			f.t.Fatal(err)
		}
		now = d.At(15, 15)
	}
	first, err := market.KRX().AddSessions(today, -sessions)
	if err != nil {
		f.t.Fatal(err)
	}
	days, err := market.KRX().Sessions(first.Date, today.Add(-1))
	if err != nil || len(days) != sessions {
		f.t.Fatalf("%d sessions: %v", len(days), err)
	}
	for _, s := range days {
		d := s.Date
		begin(d)
		var all []journal.Body
		for n := range decisionsInDay {
			all = append(all, pastDecision(d, n))
		}
		for n := range ordersOnce {
			row := broker.Row{ID: broker.OrderID{Date: d, Number: fmt.Sprintf("%010d", n+1)}, Symbol: pastSymbol(n % 10), Side: []broker.Side{broker.Buy, broker.Sell}[n/10], Shares: 1, Filled: 1, Value: decimal.NewFromInt(71_200)}
			all = append(all, pastOrder(n%10, n, row, nil)...)
		}
		for n := range 10 {
			all = append(all, journal.Slot{Job: fmt.Sprintf("rule-%d", n), Due: d.At(15, 15), Outcome: "ran", Decisions: decisionsInDay / 10})
		}
		write(all...)
	}
	begin(today)
	now = today.At(9, 59)
	var all []journal.Body
	var before []string
	for n, row := range f.busyMorning(today, orders) {
		owner := 0
		if n >= orders-heldAtNoon {
			owner = n % 10
		}
		all = append(all, pastOrder(owner, decisionsInDay+n, row, before)...)
		before = append(before, row.ID.Number)
	}
	write(all...)
}

func pastSymbol(n int) market.Symbol {
	return market.Symbol(fmt.Sprintf("%06d", 100_010+n%heldAtNoon*430))
}

// pastDecision is what a rule with three indicators writes of one issue.
func pastDecision(d market.Date, n int) journal.Decision {
	yes := n%7 == 0
	price := decimal.NewFromInt(71_200)
	return journal.Decision{ID: fmt.Sprintf("%s-%04d", d.Compact(), n), Decision: strategy.Decision{
		Strategy: fmt.Sprintf("rule-%d", n%10), Revision: "0f1e2d3c", Symbol: market.Symbol(fmt.Sprintf("%06d", n/10*10)), Due: d.At(15, 15),
		Answer: strategy.Hold, Reason: strategy.NoSignal, Price: price, Bars: 250, Forming: true,
		Last: market.Bar{Date: d, Open: price, High: price, Low: price, Close: price, Volume: 12_345_678},
		Buy: &strategy.Evidence{Text: "sma(close, 5) crosses above sma(close, 20) and rsi(close, 14) < 70", Truth: &yes, Children: []*strategy.Evidence{
			{Text: "sma(close, 5)", Value: "70812.4"}, {Text: "sma(close, 20)", Value: "70911.25"}, {Text: "rsi(close, 14)", Value: "61.25431877"},
		}},
	}}
}

// pastOrder is what a daemon writes of an order from its intent to its end.
func pastOrder(rule, n int, row broker.Row, before []string) []journal.Body {
	id, owner := fmt.Sprintf("%s-%04d#1", row.ID.Date.Compact(), n), fmt.Sprintf("rule-%d", rule)
	due := row.ID.Date.At(9, 30)
	out := []journal.Body{
		journal.Intent{ID: id, Decision: strings.TrimSuffix(id, "#1"), Strategy: owner, Revision: "0f1e2d3c", Date: row.ID.Date, Due: due, Exit: row.Side == broker.Sell,
			Order: broker.Order{Symbol: row.Symbol, Side: row.Side, Type: broker.Market, Shares: row.Shares}, Baseline: journal.Baseline{At: due, Numbers: before[:len(before):len(before)]}},
		journal.Answer{Intent: id, Outcome: journal.Accepted, ID: row.ID},
	}
	if row.Filled > 0 {
		out = append(out, journal.Fill{Intent: id, ID: row.ID, Strategy: owner, Symbol: row.Symbol, Side: row.Side, Date: row.ID.Date, Shares: row.Filled, Value: row.Value, Seen: due})
	}
	if row.Remaining == 0 {
		out = append(out, journal.Final{Intent: id, State: "filled", Filled: row.Filled})
	}
	return out
}

// busyMorning sends today's orders: one share is bought and sold again and again, and at the end some issues are bought. It
// returns them as the broker has them.
func (f *field) busyMorning(today market.Date, orders int) []broker.Row {
	f.t.Helper()
	ready := f.sim.Ready()
	token, ok := f.post("/oauth2/tokenP", "", "", map[string]string{"grant_type": "client_credentials", "appkey": ready.AppKey, "appsecret": ready.AppSecret})["access_token"].(string)
	if !ok {
		f.t.Fatal("no token")
	}
	for n := range orders {
		tr, symbol := []string{"VTTC0012U", "VTTC0011U"}[n%2], market.Symbol("005930")
		if n >= orders-heldAtNoon {
			tr, symbol = "VTTC0012U", pastSymbol(n)
		}
		answer := f.post("/uapi/domestic-stock/v1/trading/order-cash", tr, token, map[string]string{
			"CANO": ready.Account[:8], "ACNT_PRDT_CD": ready.Account[9:], "PDNO": string(symbol), "ORD_DVSN": "01", "ORD_QTY": "1", "ORD_UNPR": "0", "EXCG_ID_DVSN_CD": "KRX",
		})
		if answer["rt_cd"] != "0" {
			f.t.Fatalf("order %d: %v", n, answer)
		}
	}
	rows, err := f.sim.Orders(today)
	if err != nil || len(rows) != orders {
		f.t.Fatalf("%d orders: %v", len(rows), err)
	}
	return rows
}

// post sends what the test itself asks of the simulator.
func (f *field) post(path, tr, token string, in map[string]string) (out map[string]any) {
	f.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, f.url+path, bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	ready := f.sim.Ready()
	for name, value := range map[string]string{"content-type": "application/json; charset=utf-8", "appkey": ready.AppKey, "appsecret": ready.AppSecret, "tr_id": tr, "authorization": "Bearer " + token, "custtype": "P"} {
		req.Header[name] = []string{value}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		f.t.Fatal(err)
	}
	return out
}
