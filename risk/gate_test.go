package risk

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/market"
)

const (
	samsung = market.Symbol("005930")
	hynix   = market.Symbol("000660")
)

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func kst(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, market.KST)
	if err != nil {
		panic(err)
	}
	return t
}

// scene is a request with everything the gate may know of it.
type scene struct {
	limits Limits
	req    Request
	view   View
}

// entry is a market buy of ten shares that every check lets pass. At the worst price the collar allows it costs
// 711,515 won.
func entry() scene {
	now := kst("2026-01-05 15:15:03")
	limits := Practice()
	limits.CoolDown = time.Hour
	limits.Symbols = []market.Symbol{hynix, samsung}
	return scene{
		limits: limits,
		req: Request{
			Order:    broker.Order{Symbol: samsung, Side: broker.Buy, Type: broker.Market, Shares: 10},
			Strategy: "golden-cross", Due: kst("2026-01-05 15:15:00"), Now: now,
		},
		view: View{
			Mode:     Active,
			Session:  market.Session{Date: 20260105, Open: kst("2026-01-05 09:00:00"), Close: kst("2026-01-05 15:30:00"), Confirmed: true},
			Agreed:   true,
			Clear:    true,
			Resolved: true,
			Matched:  true,
			ListAt:   now.Add(-2 * time.Second),
			Account: broker.Account{At: now.Add(-20 * time.Second), Cash: dec("5000000"), Holdings: []broker.Holding{
				{Symbol: hynix, Shares: 500, Sellable: 500},
				{Symbol: samsung, Shares: 40, Sellable: 30},
			}},
			Quote: market.Quote{
				Symbol: samsung, At: now.Add(-time.Second), Price: dec("70000"), Ask: dec("70100"), Bid: dec("70000"),
				Base: dec("70000"), Upper: dec("91000"), Lower: dec("49000"),
			},
			Instrument: market.Instrument{Symbol: samsung, Kind: market.Stock, Board: market.KOSPI},
			Power:      broker.Power{At: now.Add(-10 * time.Second), Symbol: samsung, Cash: dec("5000000"), Shares: 54, UnitPrice: dec("91000")},
			Volume:     1_000_000,
			Book: Book{
				At: now, Held: 20, Positions: 2, Proven: true, SymbolValue: dec("1400000"), OrdersToday: 3, OrdersInMinute: 1,
				Loss: dec("10000"), Priced: true, LastExit: now.Add(-2 * time.Hour), LastEntry: now.Add(-3 * time.Hour),
			},
		},
	}
}

// exit is a market sell of all twenty shares of the strategy, and passes too.
func exit() scene {
	s := entry()
	s.req.Order.Side, s.req.Order.Shares, s.req.Exit = broker.Sell, 20, true
	s.view.Power = broker.Power{}
	return s
}

func priced(s scene, t broker.Type, price string) scene {
	s.req.Order.Type, s.req.Order.Price = t, dec(price)
	return s
}

func (s scene) ask(t rapid.TB) (broker.Permit, *Refusal, []Passed) {
	t.Helper()
	g, err := New(s.limits)
	if err != nil {
		t.Fatal(err)
	}
	return g.Check(s.req, s.view)
}

// code is the name of the check that refuses, or "pass".
func (s scene) code(t rapid.TB) string {
	t.Helper()
	if _, no, _ := s.ask(t); no != nil {
		return no.Code
	}
	return "pass"
}

func TestSoundOrdersPass(t *testing.T) {
	for name, s := range map[string]scene{
		"entry at market":              entry(),
		"exit at market":               exit(),
		"entry at a limit":             priced(entry(), broker.Limit, "69900"),
		"exit at a limit":              priced(exit(), broker.Limit, "70100"),
		"protected entry":              priced(entry(), broker.IOC, "71100"),
		"protected exit":               priced(exit(), broker.IOC, "69000"),
		"entry in the locked market":   locked(priced(entry(), broker.Limit, "70000")),
		"exit in the locked market":    locked(priced(exit(), broker.Limit, "70000")),
		"entry into the auction":       auction(entry()),
		"limit entry into the auction": auction(priced(entry(), broker.Limit, "69900")),
	} {
		permit, no, passed := s.ask(t)
		if no != nil {
			t.Errorf("%s: %v", name, no)
			continue
		}
		if permit.Order() != s.req.Order {
			t.Errorf("%s: the permit is for %s", name, permit.Order())
		}
		for _, p := range passed {
			if p.Waived {
				t.Errorf("%s: %s was waived", name, p.Code)
			}
		}
	}
}

// locked takes both sides of the book away, as at a price limit.
func locked(s scene) scene {
	s.view.Quote.Ask, s.view.Quote.Bid = decimal.Zero, decimal.Zero
	return s
}

// auction moves everything into the closing auction and allows that.
func auction(s scene) scene {
	s = later(s, 10*time.Minute)
	s.req.AllowAuction = true
	return s
}

// later moves the present and every read.
func later(s scene, by time.Duration) scene {
	for _, t := range []*time.Time{&s.req.Due, &s.req.Now, &s.view.ListAt, &s.view.Account.At, &s.view.Quote.At, &s.view.Power.At, &s.view.Book.At} {
		if !t.IsZero() {
			*t = t.Add(by)
		}
	}
	return s
}

// cells has, for each check, ways to break it and nothing before it. A sell with Exit is the exit column, everything
// else the entry column.
var cells = []struct {
	check   string
	spoil   func(*scene)
	wait    bool
	refusal string // wanted | allowed | part of the detail
	only    broker.Side
}{
	{"order", func(s *scene) { s.req.Order.Shares = 0 }, false, "||0 shares", ""},
	{"order", func(s *scene) { s.req.Order.Symbol = "5930" }, false, "||005930", ""},
	{"order", func(s *scene) { s.req.Order.Price = dec("70000") }, false, "||no price", ""},
	{"order", func(s *scene) { s.req.Order.Type = "stop" }, false, "||type", ""},
	{"order", func(s *scene) { s.req.Strategy = "" }, false, "||no strategy", ""},
	{"order", func(s *scene) { s.req.Due = s.req.Now.Add(time.Second) }, false, "||after the present", ""},
	{"order", func(s *scene) { s.req.Due = s.req.Due.AddDate(0, 0, -1) }, false, "||another day", ""},
	{"order", func(s *scene) { s.req.Exit = true }, false, "||only a sell", broker.Buy},
	{"mode", func(s *scene) { s.view.Mode = Halted }, false, "||halted", ""},
	{"mode", func(s *scene) { s.view.Mode = Killed }, false, "||killed", ""},
	{"mode", func(s *scene) { s.view.Mode = Reconciling }, true, "||reconciled", ""},
	{"mode", func(s *scene) { s.view.Mode = "" }, false, "||unknown", ""},
	{"session", func(s *scene) { s.view.Session = market.Session{} }, false, "||no session", ""},
	{"session", func(s *scene) { s.view.Session.Date = 20260106 }, false, "||no session", ""},
	{"session", func(s *scene) { s.view.Session.Open = s.view.Session.Open.AddDate(0, 0, -1) }, false, "||hours", ""},
	{"session", func(s *scene) { s.view.Session.Close = s.view.Session.Open }, false, "||hours", ""},
	{"calendar", func(s *scene) { s.view.Agreed = false }, false, "||disputed", ""},
	{"guard", func(s *scene) { *s = later(*s, -6*time.Hour-14*time.Minute-4*time.Second) }, true, "09:00:59|09:01:00 to 15:19:30|too soon", ""},
	{"guard", func(s *scene) { *s = later(*s, 4*time.Minute+28*time.Second) }, false, "15:19:31|09:01:00 to 15:19:30|too close", ""},
	{"guard", func(s *scene) { *s = later(*s, 14*time.Minute); s.req.AllowAuction = true }, false, "15:29:03|09:01:00 to 15:29:00|too close", ""},
	{"quarantine", func(s *scene) { s.view.Clear = false }, true, "||unknown outcome", ""},
	{"unresolved", func(s *scene) { s.view.Resolved = false }, true, "||not final", ""},
	{"position", func(s *scene) { s.view.Matched = false }, true, "||another number", ""},
	{"list", func(s *scene) { s.view.ListAt = time.Time{} }, true, "||no order list", ""},
	{"list", func(s *scene) { s.view.ListAt = s.req.Now.Add(-30*time.Second - 1) }, true, "age 30.000000001s|30s|not fresh", ""},
	{"list", func(s *scene) { s.view.ListAt = s.req.Now.Add(1) }, true, "age -1ns|30s|not fresh", ""},
	{"account", func(s *scene) { s.view.Account.At = time.Time{} }, true, "||no balance", ""},
	{"account", func(s *scene) { s.view.Account.At = s.req.Now.Add(-time.Minute - 1) }, true, "age 1m0.000000001s|1m0s|not fresh", ""},
	{"halted", func(s *scene) { s.view.Quote.Halted = true }, false, "||does not trade", ""},
	{"quote", func(s *scene) { s.view.Quote = market.Quote{} }, true, "||no quote", ""},
	{"quote", func(s *scene) { s.view.Quote.Symbol = hynix }, true, "||no quote of 005930", ""},
	{"quote", func(s *scene) { s.view.Quote.At = s.req.Now.Add(-30*time.Second - 1) }, true, "age 30.000000001s|30s|not fresh", ""},
	{"quote", func(s *scene) { s.view.Quote.At = s.view.Quote.At.AddDate(0, 0, -1) }, true, "age 24h0m1s|30s|not fresh", ""},
	{"quote", func(s *scene) { s.view.Quote.Price = decimal.Zero }, true, "||lacks", ""},
	{"quote", func(s *scene) { s.view.Quote.Lower = decimal.Zero }, true, "||lacks", ""},
	{"quote", func(s *scene) { s.view.Quote.Upper = decimal.Zero }, true, "||lacks", ""},
	{"quote", func(s *scene) { s.view.Quote.Price = dec("700000") }, true, "||outside the day's limits", ""},
	{"quote", func(s *scene) { s.view.Quote.Price = dec("7000") }, true, "||outside the day's limits", ""},
	{"quote", func(s *scene) { s.view.Quote.Ask, s.view.Quote.Bid = dec("91100"), dec("91100") }, true, "||outside the day's limits", ""},
	{"quote", func(s *scene) { s.view.Quote.Ask, s.view.Quote.Bid = dec("48950"), dec("48950") }, true, "||outside the day's limits", ""},
	{"quote", func(s *scene) { s.view.Quote.Ask, s.view.Quote.Bid = dec("72101"), dec("72101") }, true, "||disagree", ""},
	{"quote", func(s *scene) { s.view.Quote.Ask, s.view.Quote.Bid = dec("67899"), dec("67899") }, true, "||disagree", ""},
	{"price", func(s *scene) { *s = priced(*s, broker.Limit, "70050") }, false, "70,050 KRW|a multiple of 100 KRW|off the tick", ""},
	{"price", func(s *scene) { *s = priced(*s, broker.Limit, "91100") }, false, "91,100 KRW|49,000 KRW to 91,000 KRW|", ""},
	{"price", func(s *scene) { *s = priced(*s, broker.IOC, "48950") }, false, "48,950 KRW|49,000 KRW to 91,000 KRW|", ""},
	{"price", func(s *scene) { *s = priced(*s, broker.Limit, "70000"); s.view.Instrument = market.Instrument{} }, false, "||tick of 005930", ""},
	{"price", func(s *scene) { *s = priced(*s, broker.Limit, "70000"); s.view.Instrument.Kind = "" }, false, "||tick of 005930", ""},
	{"collar", func(s *scene) { s.view.Quote.Ask, s.view.Quote.Bid = dec("71051"), dec("68949") }, true, "1.5", ""},
	{"collar", func(s *scene) { *s = locked(*s) }, true, "||nobody offers", ""},
	{"collar", func(s *scene) { *s = priced(*s, broker.Limit, "71200") }, true, "71,200 KRW, 1.5", broker.Buy},
	{"collar", func(s *scene) { *s = priced(*s, broker.Limit, "69000") }, true, "69,000 KRW, 1.5", broker.Buy},
	{"collar", func(s *scene) { *s = priced(*s, broker.IOC, "68900") }, true, "68,900 KRW, 1.5", broker.Sell},
	{"collar", func(s *scene) { *s = priced(*s, broker.Limit, "71100") }, true, "71,100 KRW, 1.5", broker.Sell},
	{"no_short", func(s *scene) { s.req.Order.Shares = 21 }, false, "21 shares|20 shares|holds 20", broker.Sell},
	{"no_short", func(s *scene) { s.view.Book.OpenSells = 1 }, false, "20 shares|19 shares|1 are being sold", broker.Sell},
	{"no_short", func(s *scene) { s.view.Account.Holdings[1].Sellable = 19 }, false, "20 shares|19 shares|can sell 19", broker.Sell},
	{"no_short", func(s *scene) { s.view.Account.Holdings[1].Shares = 19 }, false, "20 shares|19 shares|of 19", broker.Sell},
	{"no_short", func(s *scene) { s.view.Account.Holdings = nil }, false, "20 shares|0 shares|of 0", broker.Sell},
	{"cash", func(s *scene) { s.view.Power = broker.Power{} }, true, "||no buying power", broker.Buy},
	{"cash", func(s *scene) { s.view.Power.At = s.req.Now.Add(-time.Minute - 1) }, true, "age 1m0.000000001s|1m0s|not fresh", broker.Buy},
	{"cash", func(s *scene) { s.view.Power.Symbol = hynix }, true, "||not that for 005930", broker.Buy},
	{"cash", func(s *scene) { s.view.Power.Shares = 9 }, false, "10 shares|9 shares|without credit", broker.Buy},
	{"cash", func(s *scene) { s.view.Power.Cash = dec("909999") }, false, "10 shares|9 shares|without credit", broker.Buy},
	{"cash", func(s *scene) { s.view.Power.Cash, s.view.Power.UnitPrice = dec("909999"), decimal.Zero }, false, "10 shares|9 shares|", broker.Buy},
	{"cash", func(s *scene) { s.view.Book.Reserved = dec("4090001") }, false, "10 shares|9 shares|without credit", broker.Buy},
	{"cash", func(s *scene) { s.view.Book.Reserved = dec("6000000") }, false, "10 shares|0 shares|without credit", broker.Buy},
	{"cash", func(s *scene) { s.view.Book.Reserved = dec("-1") }, true, "||not that for", broker.Buy},
	{"cash", func(s *scene) { *s = priced(*s, broker.Limit, "70000"); s.view.Book.Reserved = dec("4300001") }, false, "700,000 KRW|699,999 KRW|without credit", broker.Buy},

	{"reduce_only", func(s *scene) { s.view.Mode = ReduceOnly }, false, "||only exits", ""},
	{"symbols", func(s *scene) { s.limits.Symbols = []market.Symbol{hynix} }, false, "005930|[000660]|", ""},
	{"marks", func(s *scene) { s.view.Quote.Marks = []market.Mark{market.Warning} }, false, "warning|[]|exchange warns", ""},
	{"marks", func(s *scene) {
		s.limits.Marks = []market.Mark{market.Interrupted}
		s.view.Quote.Marks = []market.Mark{market.Interrupted, market.Administrative}
	}, false, "administrative|[interrupted]|", ""},
	{"probation", func(s *scene) { s.limits.Probation, s.view.Book.Proven = true, false }, false, "an order after 0 sessions|after 1|promote", ""},
	{"probation", func(s *scene) {
		s.limits.Probation, s.view.Book = true, Book{At: s.req.Now, Held: 20, Priced: true, Sessions: 1, StrategyOrders: 3}
	}, false, "4|3|promote", ""},
	{"probation", func(s *scene) {
		s.limits.Probation, s.view.Book = true, Book{At: s.req.Now, Held: 20, Priced: true, Sessions: 9, StrategyOrders: 2}
	}, false, "KRW|1 share, or 100,000 KRW|promote", ""},
	{"rejections", func(s *scene) { s.view.Book.Rejections = 3 }, false, "3|fewer than 3|disabled", ""},
	{"book", func(s *scene) { s.view.Book.Rejections = -1 }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.At = time.Time{} }, true, "||no sum", ""},
	{"book", func(s *scene) { s.view.Book.At = s.req.Now.Add(-31 * time.Second) }, true, "age 31s|30s|not fresh", ""},
	{"book", func(s *scene) { s.view.Book.OrdersToday = -1 }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.OrdersInMinute = -1 }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.Positions = -1 }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.SymbolValue = dec("-1") }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.StrategyOrders = -1 }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.Sessions = -1 }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.StrategyValue = dec("-1") }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.TotalValue = dec("-1") }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.Traded = dec("-1") }, false, "||below zero", ""},
	{"order_shares", func(s *scene) { s.limits.OrderShares = 9 }, false, "10 shares|9 shares|", broker.Buy},
	{"order_shares", func(s *scene) { s.limits.OrderShares = 19 }, false, "20 shares|19 shares|", broker.Sell},
	{"volume_share", func(s *scene) { s.view.Volume = 99 }, false, "shares|9 shares, 10% of 99 shares a day|", ""},
	{"volume_share", func(s *scene) { s.view.Volume = 0 }, false, "||unknown", ""},
	{"order_value", func(s *scene) { s.limits.OrderValue = dec("711514") }, false, "711,515 KRW|711,514 KRW|", broker.Buy},
	{"order_value", func(s *scene) { s.limits.OrderValue = dec("1399999") }, false, "1,400,000 KRW|1,399,999 KRW|", broker.Sell},
	{"order_value", func(s *scene) { s.limits.OrderValue = decimal.Zero }, false, "|nothing|not set", ""},
	{"market_order_value", func(s *scene) { s.limits.MarketOrderValue = dec("711514.9") }, false, "711,515 KRW|711,514.9 KRW|", broker.Buy},
	{"market_order_value", func(s *scene) { s.limits.MarketOrderValue = dec("1") }, false, "|1 KRW|", ""},
	{"market_order_value", func(s *scene) { s.limits.MarketOrderValue = decimal.Zero }, false, "|nothing|not set", ""},
	{"symbol_value", func(s *scene) { s.limits.SymbolValue = dec("2111514") }, false, "2,111,515 KRW|2,111,514 KRW|", broker.Buy},
	{"symbol_value", func(s *scene) { s.limits.SymbolValue = dec("1") }, false, "|1 KRW|", ""},
	{"symbol_value", func(s *scene) { s.limits.SymbolValue = decimal.Zero }, false, "|nothing|not set", ""},
	{"strategy_value", func(s *scene) { s.limits.StrategyValue, s.view.Book.StrategyValue = dec("911514"), dec("200000") }, false, "911,515 KRW|911,514 KRW|", broker.Buy},
	{"strategy_value", func(s *scene) { s.limits.StrategyValue = dec("1") }, false, "|1 KRW|", broker.Sell},
	{"total_value", func(s *scene) { s.limits.TotalValue, s.view.Book.TotalValue = dec("2711514"), dec("2000000") }, false, "2,711,515 KRW|2,711,514 KRW|", broker.Buy},
	{"total_value", func(s *scene) { s.limits.TotalValue = dec("1") }, false, "|1 KRW|", broker.Sell},
	{"turnover", func(s *scene) { s.limits.Turnover, s.view.Book.Traded = dec("1711514"), dec("1000000") }, false, "1,711,515 KRW|1,711,514 KRW|", broker.Buy},
	{"turnover", func(s *scene) { s.limits.Turnover = dec("1") }, false, "|1 KRW|", broker.Sell},
	{"positions", func(s *scene) { s.limits.Positions = 1 }, false, "2|1|", ""},
	{"positions", func(s *scene) { s.limits.Positions, s.view.Book.SymbolValue = 2, decimal.Zero }, false, "3|2|", ""},
	{"positions", func(s *scene) { s.limits.Positions = 0 }, false, "2|nothing|not set", ""},
	{"orders_per_day", func(s *scene) { s.limits.OrdersPerDay = 3 }, false, "4|3|", ""},
	{"orders_per_day", func(s *scene) { s.limits.OrdersPerDay = 0 }, false, "4|nothing|not set", ""},
	{"strategy_orders_per_day", func(s *scene) { s.limits.StrategyOrdersPerDay, s.view.Book.StrategyOrders = 2, 2 }, false, "3|2|", ""},
	{"orders_per_minute", func(s *scene) { s.limits.OrdersPerMinute = 1 }, true, "2|1|", ""},
	{"orders_per_minute", func(s *scene) { s.limits.OrdersPerMinute = 0 }, true, "2|nothing|not set", ""},
	{"daily_loss", func(s *scene) { s.limits.DailyLoss = dec("10000") }, false, "10,000 KRW|less than 10,000 KRW|", ""},
	{"daily_loss", func(s *scene) { s.limits.DailyLoss = decimal.Zero }, false, "|nothing|not set", ""},
	{"daily_loss", func(s *scene) { s.view.Book.Priced = false }, false, "||no price", ""},
	{"book", func(s *scene) { s.view.Book.DriftFrom = dec("-1") }, false, "||below zero", ""},
	{"book", func(s *scene) { s.view.Book.DriftTo = dec("-1") }, false, "||below zero", ""},
	{"drift", func(s *scene) { s.view.Book.DriftFrom, s.view.Book.DriftTo = dec("70000"), dec("71051") }, true, "71,051 KRW, 1.5014% from 70,000 KRW|1.5%|run away", ""},
	{"drift", func(s *scene) { s.view.Book.DriftFrom, s.view.Book.DriftTo = dec("70000"), dec("68949") }, true, "68,949 KRW, 1.5014% from 70,000 KRW|1.5%|run away", ""},
	{"drift", func(s *scene) { s.view.Book.DriftFrom = dec("70000") }, true, "0 KRW, 100% from 70,000 KRW|1.5%|run away", ""},
	{"cool_down", func(s *scene) { s.view.Book.LastExit = s.req.Now.Add(-time.Hour + 1) }, false, "59m59.999999999s after the last exit|1h0m0s or more|", ""},
	{"duplicate", func(s *scene) { s.view.Book.LastEntry = s.req.Now.Add(-10*time.Minute + 1) }, false, "9m59.999999999s after the last entry|10m0s or more|", ""},
}

// limitNames are the checks that never stop an exit.
const limitNames = "reduce_only symbols marks probation rejections book order_shares volume_share order_value market_order_value symbol_value strategy_value total_value turnover positions orders_per_day strategy_orders_per_day orders_per_minute daily_loss drift cool_down duplicate"

// The table of who may be stopped by what, cell by cell: facts stop entries and exits, limits stop entries alone.
func TestFactsStopEveryOrderAndLimitsNeverAnExit(t *testing.T) {
	for _, wrong := range disagreements(checks) {
		t.Error(wrong)
	}
	asked := map[string]bool{}
	for _, c := range cells {
		for _, side := range []broker.Side{broker.Buy, broker.Sell} {
			asked[c.check+" "+string(side)] = asked[c.check+" "+string(side)] || c.only == "" || c.only == side
		}
	}
	var limits []string
	for _, r := range Rules() {
		if r.Limit {
			limits = append(limits, r.Name)
		}
		if !asked[r.Name+" buy"] && r.Name != "no_short" || !asked[r.Name+" sell"] && r.Name != "cash" {
			t.Errorf("%s has an empty cell", r.Name)
		}
	}
	if got := strings.Join(limits, " "); got != limitNames {
		t.Errorf("limits are\n%s\nwant\n%s", got, limitNames)
	}
}

// A table in which one check is gone, inverted, or moved to the other column is told from the true one.
func TestEveryCheckIsMissedWhenItIsSpoilt(t *testing.T) {
	for i, c := range checks {
		gone := slices.Delete(slices.Clone(checks), i, i+1)
		inverted, moved := slices.Clone(checks), slices.Clone(checks)
		inverted[i].ask = func(l Limits, r Request, v View) answer {
			a := c.ask(l, r, v)
			a.no = !a.no
			return a
		}
		moved[i].Limit = !c.Limit
		for how, table := range map[string][]check{"gone": gone, "inverted": inverted, "moved": moved} {
			if len(disagreements(table)) == 0 {
				t.Errorf("nobody notices that %s is %s", c.Name, how)
			}
		}
	}
}

// A check asked by itself, about nothing, answers without failing; alone it does not rely on those before it.
func TestEveryCheckStandsAlone(t *testing.T) {
	for _, c := range checks {
		for _, r := range []Request{{}, entry().req, exit().req, priced(entry(), broker.Limit, "70000").req} {
			for _, v := range []View{{}, {Power: broker.Power{At: r.Now, Symbol: samsung, Cash: dec("1"), Shares: 100}}} {
				if no, _ := judge([]check{c}, Limits{AccountAge: time.Minute}, r, v); no != nil && no.Code != c.Name {
					t.Errorf("%s answers as %s", c.Name, no.Code)
				}
			}
		}
	}
}

// disagreements compares a table with what the cells say of it.
func disagreements(table []check) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, s := range []scene{entry(), exit()} {
		if no, _ := judge(table, s.limits, s.req, s.view); no != nil {
			say("a sound %s is refused: %v", s.req.Order.Side, no)
		}
	}
	for i, c := range cells {
		for _, s := range []scene{entry(), exit()} {
			side := s.req.Order.Side
			if c.only != "" && c.only != side {
				continue
			}
			c.spoil(&s)
			no, passed := judge(table, s.limits, s.req, s.view)
			where := fmt.Sprintf("cell %d, %s of %s", i, c.check, side)
			limit := slices.Contains(strings.Fields(limitNames), c.check)
			if side == broker.Sell && limit {
				waived := slices.ContainsFunc(passed, func(p Passed) bool { return p.Code == c.check && p.Waived })
				if no != nil || !waived {
					say("%s: refused by %v, waived %v", where, no, waived)
				}
				continue
			}
			if no == nil || no.Code != c.check || no.Wait != c.wait || no.Limit != limit {
				say("%s: %+v", where, no)
				continue
			}
			for j, part := range strings.Split(c.refusal, "|") {
				if got := []string{no.Wanted, no.Allowed, no.Detail}[j]; !strings.Contains(got, part) {
					say("%s: %q lacks %q", where, got, part)
				}
			}
			if text := no.Error(); !strings.HasPrefix(text, "risk: "+c.check) || !strings.Contains(text, no.Allowed) {
				say("%s: says %q", where, text)
			}
		}
	}
	return wrong
}

// A sell that is not marked as an exit meets the limits like an entry.
func TestSellThatIsNoExitMeetsLimits(t *testing.T) {
	s := exit()
	s.req.Exit = false
	if c := s.code(t); c != "pass" {
		t.Fatalf("refused by %s", c)
	}
	s.limits.OrdersPerDay = 1
	if c := s.code(t); c != "orders_per_day" {
		t.Errorf("%s", c)
	}
}

func TestBordersAreExact(t *testing.T) {
	for _, c := range []struct {
		name  string
		check string
		spoil func(*scene, int64) // with −1, 0 and +1 beyond the last that passes
	}{
		{"order value", "order_value", func(s *scene, n int64) { s.limits.OrderValue = dec("711515").Sub(decimal.NewFromInt(n)) }},
		{"market order value", "market_order_value", func(s *scene, n int64) { s.limits.MarketOrderValue = dec("711515").Sub(decimal.NewFromInt(n)) }},
		{"limit order value", "order_value", func(s *scene, n int64) {
			*s = priced(*s, broker.Limit, "70000")
			s.limits.OrderValue = dec("700000").Sub(decimal.NewFromInt(n))
		}},
		{"symbol value", "symbol_value", func(s *scene, n int64) { s.view.Book.SymbolValue = dec("199288485").Add(decimal.NewFromInt(n)) }},
		{"daily loss", "daily_loss", func(s *scene, n int64) { s.view.Book.Loss = dec("49999999").Add(decimal.NewFromInt(n)) }},
		{"order's shares", "order_shares", func(s *scene, n int64) { s.limits.OrderShares = 10 - n }},
		{"part of the volume", "volume_share", func(s *scene, n int64) { s.view.Volume = 100 - n }},
		{"strategy's value", "strategy_value", func(s *scene, n int64) { s.limits.StrategyValue = dec("711515").Sub(decimal.NewFromInt(n)) }},
		{"total value", "total_value", func(s *scene, n int64) { s.limits.TotalValue = dec("711515").Sub(decimal.NewFromInt(n)) }},
		{"turnover", "turnover", func(s *scene, n int64) { s.limits.Turnover = dec("711515").Sub(decimal.NewFromInt(n)) }},
		{"strategy's orders", "strategy_orders_per_day", func(s *scene, n int64) {
			s.limits.StrategyOrdersPerDay, s.view.Book.StrategyOrders = 3, 2+int(n)
		}},
		{"positions", "positions", func(s *scene, n int64) { s.view.Book.Positions = 50 + int(n) }},
		{"orders today", "orders_per_day", func(s *scene, n int64) { s.view.Book.OrdersToday = 299 + int(n) }},
		{"orders in a minute", "orders_per_minute", func(s *scene, n int64) { s.view.Book.OrdersInMinute = 29 + int(n) }},
		{"drift upwards", "drift", func(s *scene, n int64) {
			s.view.Book.DriftFrom, s.view.Book.DriftTo = dec("70000"), dec("71050").Add(decimal.NewFromInt(n))
		}},
		{"drift downwards", "drift", func(s *scene, n int64) {
			s.view.Book.DriftFrom, s.view.Book.DriftTo = dec("70000"), dec("68950").Sub(decimal.NewFromInt(n))
		}},
		{"cool-down", "cool_down", func(s *scene, n int64) { s.view.Book.LastExit = s.req.Now.Add(-time.Hour + time.Duration(n)) }},
		{"duplicate", "duplicate", func(s *scene, n int64) {
			s.view.Book.LastEntry = s.req.Now.Add(-10*time.Minute + time.Duration(n))
		}},
		{"cash of a limit order", "cash", func(s *scene, n int64) {
			*s = priced(*s, broker.Limit, "70000")
			s.view.Power.Cash = dec("700000").Sub(decimal.NewFromInt(n))
		}},
		{"shares of a market order", "cash", func(s *scene, n int64) { s.view.Power.Shares = 10 - n }},
		{"the offer's distance", "collar", func(s *scene, n int64) { s.view.Quote.Ask = dec("71050").Add(decimal.NewFromInt(n)) }},
		{"the highest limit", "collar", func(s *scene, n int64) { // 200,000 won and its collar lie on the tick of 500
			*s = priced(*s, broker.Limit, "203000")
			s.view.Quote.Price, s.view.Quote.Ask, s.view.Quote.Upper = dec("200000"), dec("200000"), dec("260000")
			s.req.Order.Price = s.req.Order.Price.Add(decimal.NewFromInt(500 * n))
		}},
		{"offer and last trade disagree", "quote", func(s *scene, n int64) {
			*s = priced(*s, broker.Limit, "71100")
			s.view.Quote.Ask = dec("72100").Add(decimal.NewFromInt(n))
		}},
		{"age of the quote", "quote", func(s *scene, n int64) { s.view.Quote.At = s.req.Now.Add(-30*time.Second - time.Duration(n)) }},
		{"first moment", "guard", func(s *scene, n int64) {
			*s = later(*s, kst("2026-01-05 09:01:00").Sub(s.req.Now)-time.Duration(n))
			s.view.Book.LastExit, s.view.Book.LastEntry = time.Time{}, time.Time{}
		}},
		{"last moment", "guard", func(s *scene, n int64) {
			*s = later(*s, kst("2026-01-05 15:19:30").Sub(s.req.Now)+time.Duration(n))
		}},
	} {
		for n := int64(-1); n <= 1; n++ {
			s := entry()
			c.spoil(&s, n)
			want := "pass"
			if n > 0 {
				want = c.check
			}
			if got := s.code(t); got != want {
				t.Errorf("%s %+d: %s, want %s", c.name, n, got, want)
			}
		}
	}
}

// nothing names the inputs whose zero value is an honest answer rather than a missing one. Every other input, deleted,
// refuses.
var nothing = map[string]string{
	"req.Exit":                 "an order with limits",
	"req.AllowAuction":         "not allowed",
	"req.Insist":               "not insisted",
	"req.Override":             "not overridden",
	"req.Order.Price":          "a market order has none",
	"view.Session.Name":        "an ordinary day",
	"view.Session.Confirmed":   "Agreed says it",
	"view.Account.Cash":        "buying power counts",
	"view.Account.Deposit":     "not asked",
	"view.Account.Value":       "not asked",
	"view.Account.Equity":      "not asked",
	"view.Account.Costs":       "not asked",
	"view.Account.Holdings":    "a buy needs none",
	"view.Quote.Name":          "not asked",
	"view.Quote.Bid":           "the other side of a buy is the ask",
	"view.Quote.Base":          "the limits count",
	"view.Quote.Open":          "not asked",
	"view.Quote.High":          "not asked",
	"view.Quote.Low":           "not asked",
	"view.Quote.Volume":        "not asked",
	"view.Quote.Halted":        "trades",
	"view.Quote.Marks":         "nothing to warn of",
	"view.Instrument.Symbol":   "a market order has no tick",
	"view.Instrument.Name":     "not asked",
	"view.Instrument.Board":    "not asked",
	"view.Instrument.Kind":     "a market order has no tick",
	"view.Power.UnitPrice":     "counted at the upper limit",
	"view.Book.Held":           "a buy needs none",
	"view.Book.OpenSells":      "none",
	"view.Book.Reserved":       "none",
	"view.Book.SymbolValue":    "none",
	"view.Book.Positions":      "none",
	"view.Book.OrdersToday":    "none",
	"view.Book.OrdersInMinute": "none",
	"view.Book.StrategyOrders": "none",
	"view.Book.StrategyValue":  "none",
	"view.Book.TotalValue":     "none",
	"view.Book.Traded":         "none",
	"view.Book.Sessions":       "none, and Proven says enough",
	"view.Book.Proven":         "no probation here",
	"view.Book.Rejections":     "none",
	"view.Book.Loss":           "none, and Priced says so",
	"view.Book.LastExit":       "never",
	"view.Book.DriftFrom":      "no fill",
	"view.Book.DriftTo":        "no fill",
	"view.Book.LastEntry":      "never",
	"limits.CoolDown":          "none",
	"limits.Duplicate":         "none",
	"limits.Symbols":           "everything",
	"limits.Marks":             "each warning stops a buy",
	"limits.OrderShares":       "none",
	"limits.VolumeShare":       "none",
	"limits.StrategyValue":     "none",
	"limits.TotalValue":        "none",
	"limits.Turnover":          "none",

	"limits.StrategyOrdersPerDay": "none",
	"limits.Probation":            "none",
	"limits.Rejections":           "none",
	"limits.HaltLoss":             "the engine's affair",
	"limits.Drawdown":             "the engine's affair",
}

// exitNeeds names the inputs that an exit at market cannot do without. No other is a reason to stop one.
var exitNeeds = []string{
	"limits.Collar", "limits.QuoteAge", "limits.ListAge", "limits.AccountAge",
	"req.Order.Symbol", "req.Order.Side", "req.Order.Type", "req.Order.Shares", "req.Strategy", "req.Due", "req.Now",
	"view.Mode", "view.Session.Date", "view.Session.Open", "view.Session.Close", "view.Agreed", "view.Clear", "view.Resolved", "view.Matched",
	"view.ListAt", "view.Account.At", "view.Account.Holdings",
	"view.Quote.Symbol", "view.Quote.At", "view.Quote.Price", "view.Quote.Bid", "view.Quote.Upper", "view.Quote.Lower",
	"view.Book.Held",
}

func TestDeletingAnyInputRefuses(t *testing.T) {
	for path, got := range withoutEach(entry()) {
		if (got == "pass") != (nothing[path] != "") {
			t.Errorf("an entry without %s: %s (%s)", path, got, nothing[path])
		}
	}
	for path, got := range withoutEach(exit()) {
		if (got != "pass") != slices.Contains(exitNeeds, path) {
			t.Errorf("an exit without %s: %s", path, got)
		}
	}
	fields := withoutEach(entry())
	for _, path := range append(slices.Collect(maps.Keys(nothing)), exitNeeds...) {
		if _, ok := fields[path]; !ok {
			t.Errorf("%s is no input", path)
		}
	}
}

// withoutEach asks once per input, with that one set to zero, and gives the codes by the input's path.
func withoutEach(s scene) map[string]string {
	codes := map[string]string{}
	ask := func() string {
		g, err := New(s.limits)
		if err != nil {
			return "no gate"
		}
		if _, no, _ := g.Check(s.req, s.view); no != nil {
			return no.Code
		}
		return "pass"
	}
	var visit func(path string, v reflect.Value)
	visit = func(path string, v reflect.Value) {
		if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]() && v.Type() != reflect.TypeFor[decimal.Decimal]() {
			for i := range v.NumField() {
				visit(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		}
		was := reflect.ValueOf(v.Interface())
		v.SetZero()
		codes[path] = ask()
		v.Set(was)
	}
	visit("limits", reflect.ValueOf(&s.limits).Elem())
	visit("req", reflect.ValueOf(&s.req).Elem())
	visit("view", reflect.ValueOf(&s.view).Elem())
	return codes
}

// Whatever the numbers, a sell that passes is covered in every respect.
func TestNoSellExceedsLotsOrWhatTheAccountCanSell(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := exit()
		small := rapid.Int64Range(-2, 30)
		b, h := &s.view.Book, &s.view.Account.Holdings[1]
		s.req.Order.Shares, b.Held, b.OpenSells = small.Draw(rt, "shares"), small.Draw(rt, "held"), small.Draw(rt, "open sells")
		h.Shares, h.Sellable = small.Draw(rt, "owned"), small.Draw(rt, "sellable")
		s.req.Exit = rapid.Bool().Draw(rt, "exit")
		n := s.req.Order.Shares
		covered := n > 0 && n+max(0, b.OpenSells) <= b.Held && n+max(0, b.OpenSells) <= h.Shares && n+max(0, b.OpenSells) <= h.Sellable
		if passes := s.code(rt) == "pass"; passes && !covered || !passes && covered && b.OpenSells >= 0 {
			rt.Fatalf("%+v of %+v with %+v: passes %v", s.req.Order, h, b, passes)
		}
	})
}

// The limits against a plain reading of their words.
func TestEntryPassesExactlyWhenEveryLimitHolds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := entry()
		amount := func(name string) decimal.Decimal {
			return decimal.NewFromInt(rapid.Int64Range(0, 3_000_000).Draw(rt, name))
		}
		l, b := &s.limits, &s.view.Book
		l.OrderValue, l.SymbolValue, l.DailyLoss = amount("order_value"), amount("symbol_value"), amount("daily_loss")
		l.Positions, l.OrdersPerDay, l.OrdersPerMinute = rapid.IntRange(0, 3).Draw(rt, "positions"), rapid.IntRange(0, 3).Draw(rt, "per day"), rapid.IntRange(0, 3).Draw(rt, "per minute")
		b.SymbolValue, b.Loss = amount("in symbol"), amount("loss").Sub(dec("1000000"))
		b.Positions, b.OrdersToday, b.OrdersInMinute = rapid.IntRange(0, 3).Draw(rt, "held"), rapid.IntRange(0, 3).Draw(rt, "today"), rapid.IntRange(0, 3).Draw(rt, "minute")
		n := rapid.Int64Range(1, 54).Draw(rt, "shares")
		s.req.Order = broker.Order{Symbol: samsung, Side: broker.Buy, Type: broker.Limit, Shares: n, Price: dec("70000")}

		worth := n * 70_000
		symbols := b.Positions
		if b.SymbolValue.IsZero() {
			symbols++
		}
		holds := worth <= l.OrderValue.IntPart() && b.SymbolValue.IntPart()+worth <= l.SymbolValue.IntPart() && b.Loss.IntPart() < l.DailyLoss.IntPart() &&
			l.DailyLoss.Sign() > 0 && symbols <= l.Positions && l.Positions > 0 && b.OrdersToday < l.OrdersPerDay && b.OrdersInMinute < l.OrdersPerMinute
		if got := s.code(rt); (got == "pass") != holds {
			rt.Fatalf("%s, and every limit holds: %v", got, holds)
		}
		s.req.Order.Side, s.req.Exit, b.Held = broker.Sell, true, n
		s.view.Account.Holdings[1] = broker.Holding{Symbol: samsung, Shares: n, Sellable: n}
		if got := s.code(rt); got != "pass" {
			rt.Fatalf("the exit is refused by %s", got)
		}
	})
}

func TestExitHeldUpByItsQuoteMayInsistAsALimitOrder(t *testing.T) {
	held := func(spoil func(*scene)) scene {
		s := priced(exit(), broker.Limit, "69000")
		s.view.Quote.At = s.req.Now.Add(-10 * time.Minute)
		s.req.Insist = true
		spoil(&s)
		return s
	}
	for _, c := range []struct {
		name, want string
		spoil      func(*scene)
	}{
		{"an old quote of the session", "pass", func(*scene) {}},
		{"a bid far away", "pass", func(s *scene) { s.view.Quote.Bid = dec("60000") }},
		{"without insisting", "quote", func(s *scene) { s.req.Insist = false }},
		{"a market order", "quote", func(s *scene) { s.req.Order.Type, s.req.Order.Price = broker.Market, decimal.Zero }},
		{"an entry", "quote", func(s *scene) { *s = entry(); s.req.Insist = true; s.view.Quote.At = s.req.Now.Add(-10 * time.Minute) }},
		{"a limit entry", "quote", func(s *scene) {
			*s = priced(entry(), broker.Limit, "70000")
			s.req.Insist = true
			s.view.Quote.At = s.req.Now.Add(-10 * time.Minute)
		}},
		{"a sell that is no exit", "quote", func(s *scene) { s.req.Exit = false }},
		{"a quote of yesterday", "quote", func(s *scene) { s.view.Quote.At = s.view.Quote.At.AddDate(0, 0, -1) }},
		{"a quote of the future", "quote", func(s *scene) { s.view.Quote.At = s.req.Now.Add(1) }},
		{"no quote at all", "quote", func(s *scene) { s.view.Quote = market.Quote{} }},
		{"below the collar", "collar", func(s *scene) { s.req.Order.Price = dec("68900") }},
		{"above the collar", "collar", func(s *scene) { s.req.Order.Price = dec("71100") }},
	} {
		if got := held(c.spoil).code(t); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestFarthestPriceIsTheLastThatPasses(t *testing.T) {
	for _, c := range []struct {
		name   string
		scene  scene
		insist bool
		want   string
	}{
		{"a protected entry", entry(), false, "71100"}, // 70,100 and 1.5 %
		{"a protected exit", exit(), false, "69000"},   // 70,000 less 1.5 %
		{"an entry in the locked market", locked(entry()), false, "71000"},
		{"an exit in the locked market", locked(exit()), false, "69000"},
		{"an exit whose bid has fallen away", func() scene { s := exit(); s.view.Quote.Bid = dec("60000"); return s }(), true, "69000"},
		{"an entry at the upper limit", func() scene { s := entry(); s.view.Quote.Upper = dec("70500"); return s }(), false, "70500"},
		{"an exit at the lower limit", func() scene { s := exit(); s.view.Quote.Lower = dec("69500"); return s }(), false, "69500"},
	} {
		g, err := New(c.scene.limits)
		if err != nil {
			t.Fatal(err)
		}
		side, ladder := c.scene.req.Order.Side, market.LadderNow(market.Stock)
		price := g.Farthest(side, c.scene.view.Quote, ladder, c.insist)
		if !price.Equal(dec(c.want)) {
			t.Errorf("%s: %s, want %s", c.name, price, c.want)
		}
		beyond := ladder.StepUp(price, 1)
		if side == broker.Sell {
			beyond = ladder.StepDown(price, 1)
		}
		for p, want := range map[string]bool{price.String(): true, beyond.String(): false} {
			s := priced(c.scene, broker.Limit, p)
			s.req.Insist = c.insist
			if got := s.code(t); (got == "pass") != want || !want && got != "collar" && got != "price" {
				t.Errorf("%s at %s: %s", c.name, p, got)
			}
		}
		if p := g.Farthest(side, market.Quote{}, ladder, c.insist); !p.IsZero() {
			t.Errorf("%s: %s without a quote", c.name, p)
		}
	}
}

func TestPermitEndsWithTheFirstReadThatGrowsOld(t *testing.T) {
	now := entry().req.Now
	for _, c := range []struct {
		name  string
		make  func() scene
		after time.Duration // of Now, the last moment the permit can be used
	}{
		{"the list", entry, 28 * time.Second},
		{"the quote", func() scene { s := entry(); s.view.ListAt = now; return s }, 29 * time.Second},
		{"the balance", func() scene { s := entry(); s.view.Account.At = now.Add(-50 * time.Second); return s }, 10 * time.Second},
		{"the buying power", func() scene { s := entry(); s.view.Power.At = now.Add(-55 * time.Second); return s }, 5 * time.Second},
		{"a sell needs no buying power", exit, 28 * time.Second},
		{"an insisted exit needs no fresh quote", func() scene {
			s := priced(exit(), broker.Limit, "69000")
			s.req.Insist, s.view.Quote.At = true, now.Add(-time.Hour)
			return s
		}, 28 * time.Second},
		{"the last moment for orders", func() scene { return later(entry(), 4*time.Minute+20*time.Second) }, 4*time.Minute + 27*time.Second},
	} {
		permit, no, _ := c.make().ask(t)
		if no != nil {
			t.Errorf("%s: %v", c.name, no)
			continue
		}
		if _, err := permit.Use(now.Add(c.after + 1)); err == nil {
			t.Errorf("%s: the permit outlived it", c.name)
		}
		if o, err := permit.Use(now.Add(c.after)); err != nil || o.String() != c.make().req.Order.String() {
			t.Errorf("%s: %v for %s", c.name, err, o)
		}
	}
	refused := entry()
	refused.view.Mode = Killed
	permit, _, _ := refused.ask(t)
	if _, err := permit.Use(now); err == nil {
		t.Error("a refused order came with a permit")
	}
}

func TestPassedTellsEachCheckInOrderWithItsNumbers(t *testing.T) {
	_, _, passed := entry().ask(t)
	var got []string
	for _, p := range passed {
		got = append(got, p.Code+": "+p.Wanted+" / "+p.Allowed)
	}
	want := `order: buy 10 005930 at market / 
mode: active / 
guard: 15:15:03 / 09:01:00 to 15:19:30
list: age 2s / 30s
account: age 20s / 1m0s
quote: age 1s / 30s
collar: 70,100 KRW, 0.1429% from 70,000 KRW / 1.5%
cash: 10 shares / 54 shares
symbols: 005930 / [000660 005930]
rejections: 0 / fewer than 3
book: age 0s / 30s
volume_share: 10 shares / 100000 shares, 10% of 1000000 shares a day
order_value: 711,515 KRW / 100,000,000 KRW
market_order_value: 711,515 KRW / 100,000,000 KRW
symbol_value: 2,111,515 KRW / 200,000,000 KRW
positions: 2 / 50
orders_per_day: 4 / 300
orders_per_minute: 2 / 30
daily_loss: 10,000 KRW / less than 50,000,000 KRW
cool_down: 2h0m0s after the last exit / 1h0m0s or more
duplicate: 3h0m0s after the last entry / 10m0s or more`
	if g := strings.Join(got, "\n"); g != want {
		t.Errorf("passed\n%s\nwant\n%s", g, want)
	}

	s := entry()
	s.limits.Positions = 1
	_, no, passed := s.ask(t)
	if no == nil || passed[len(passed)-1].Code != "symbol_value" {
		t.Errorf("%v after %v", no, passed)
	}
	if got, want := no.Error(), "risk: positions: wanted 2, allowed 1"; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
}

func TestWindowFollowsTheSession(t *testing.T) {
	exam, err := market.KRX().Session(20261119)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		session market.Session
		order   broker.Type
		auction bool
		want    string
	}{
		{entry().view.Session, broker.Market, false, "09:01:00 15:19:30"},
		{entry().view.Session, broker.Limit, true, "09:01:00 15:29:00"},
		{entry().view.Session, broker.Market, true, "09:01:00 15:29:00"},
		{entry().view.Session, broker.IOC, true, "09:01:00 15:19:30"},
		{exam, broker.Market, false, "10:01:00 16:19:30"},
	} {
		from, until := Window(c.session, c.order, c.auction)
		if got := clock(from) + " " + clock(until); got != c.want {
			t.Errorf("%s, auction %v: %s, want %s", c.order, c.auction, got, c.want)
		}
	}
	s := auction(priced(entry(), broker.IOC, "70100"))
	if got := s.code(t); got != "guard" {
		t.Errorf("a protected order in the auction: %s", got)
	}
}

func TestLimitsAreBoundByTheCeilings(t *testing.T) {
	names := func(err error) string {
		var all []string
		var walk func(error)
		walk = func(err error) {
			var one *LimitError
			if many, ok := err.(interface{ Unwrap() []error }); ok {
				for _, e := range many.Unwrap() {
					walk(e)
				}
			} else if errors.As(err, &one) {
				name := one.Limit
				if one.Missing {
					name += "?"
				}
				if one.Hint == "" || !strings.HasPrefix(one.Error(), "limit "+one.Limit+": ") {
					t.Errorf("%v; hint %q", one, one.Hint)
				}
				all = append(all, name)
			}
		}
		walk(err)
		return strings.Join(all, " ")
	}
	for _, c := range []struct {
		name      string
		limits    func() Limits
		check     string
		gateTakes bool
	}{
		{"practice", Practice, "", true},
		{"the ceilings themselves", ceiling, "", true},
		{"real before a choice", Real, "order_value? market_order_value? symbol_value? positions? orders_per_day? daily_loss?", true},
		{"nothing", func() Limits { return Limits{} },
			"order_value? market_order_value? symbol_value? positions? orders_per_day? daily_loss? orders_per_minute? collar? quote_age? list_age? account_age?", false},
		{"too high", func() Limits {
			l := ceiling()
			l.OrderValue, l.MarketOrderValue = l.OrderValue.Add(dec("1")), l.MarketOrderValue.Add(dec("1"))
			l.SymbolValue, l.DailyLoss = l.SymbolValue.Add(dec("1")), l.DailyLoss.Add(dec("1"))
			l.Positions++
			l.OrdersPerDay++
			l.OrdersPerMinute++
			l.Collar = l.Collar.Add(dec("0.0001"))
			l.QuoteAge++
			l.ListAge++
			l.AccountAge++
			l.Rejections++
			l.HaltLoss, l.Drawdown = l.HaltLoss.Add(dec("1")), l.Drawdown.Add(dec("0.0001"))
			l.CoolDown, l.Duplicate = maxPause+1, maxPause+1
			l.OrderShares++
			l.StrategyOrdersPerDay++
			l.VolumeShare = l.VolumeShare.Add(dec("0.0001"))
			l.StrategyValue, l.TotalValue, l.Turnover = l.StrategyValue.Add(dec("1")), l.TotalValue.Add(dec("1")), l.Turnover.Add(dec("1"))
			l.Marks = append(l.Marks, "gossip")
			return l
		}, "order_value market_order_value symbol_value positions orders_per_day daily_loss orders_per_minute rejections halt_loss drawdown order_shares volume_share strategy_value total_value turnover strategy_orders_per_day collar quote_age list_age account_age cool_down duplicate marks", false},
		{"negative", func() Limits {
			l := Practice()
			l.OrderValue, l.Positions, l.CoolDown, l.Collar = dec("-1"), -1, -1, dec("-0.01")
			return l
		}, "order_value positions collar cool_down", false},
		{"a symbol without its zeros", func() Limits { l := Practice(); l.Symbols = []market.Symbol{"5930"}; return l }, "symbols", false},
	} {
		if got := names(c.limits().Check()); got != c.check {
			t.Errorf("%s: %s, want %s", c.name, got, c.check)
		}
		if g, err := New(c.limits()); (err == nil) != c.gateTakes || (g != nil) != c.gateTakes {
			t.Errorf("%s: gate %v, %v", c.name, g, err)
		}
	}
}

func TestRealMoneyWithoutChosenLimitsCanOnlyExit(t *testing.T) {
	in, out := entry(), exit()
	in.limits, out.limits = Real(), Real()
	if got := in.code(t); got != "order_value" {
		t.Errorf("entry: %s", got)
	}
	if got := out.code(t); got != "pass" {
		t.Errorf("exit: %s", got)
	}
}

// A new revision watches one session, sends three small orders a day in the next, and is free once it is promoted; its
// exits are free from the first.
func TestProbationIsALadder(t *testing.T) {
	for _, c := range []struct {
		sessions, orders int
		proven           bool
		shares           int64
		want             string
	}{
		{0, 0, false, 1, "probation"},
		{1, 0, false, 1, "pass"},
		{1, 0, false, 2, "probation"}, // 142,303 won at the worst price
		{1, 2, false, 1, "pass"},
		{1, 3, false, 1, "probation"},
		{40, 3, false, 1, "probation"},
		{0, 3, true, 10, "pass"},
	} {
		s := entry()
		s.limits.Probation = true
		s.view.Book.Sessions, s.view.Book.StrategyOrders, s.view.Book.Proven, s.req.Order.Shares = c.sessions, c.orders, c.proven, c.shares
		if got := s.code(t); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
		out := exit()
		out.limits.Probation, out.view.Book.Sessions, out.view.Book.StrategyOrders, out.view.Book.Proven = true, c.sessions, c.orders, c.proven
		if got := out.code(t); got != "pass" {
			t.Errorf("exit of %+v: %s", c, got)
		}
	}
}

func TestAmountsAreWrittenForPeople(t *testing.T) {
	for amount, want := range map[string]string{
		"0": "0 KRW", "999": "999 KRW", "1000": "1,000 KRW", "1234567.5": "1,234,567.5 KRW", "-1000000": "-1,000,000 KRW", "100000": "100,000 KRW",
	} {
		if got := won(dec(amount)); got != want {
			t.Errorf("%s is written %s, want %s", amount, got, want)
		}
	}
	if got := percent(dec("0.01502")); got != "1.502%" {
		t.Error(got)
	}
}
