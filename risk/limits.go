package risk

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// Limits are what a person allows. Amounts are in won, without costs. A value of zero is a limit that is not set; what
// that means stands with each.
type Limits struct {
	// Required: unset refuses every order but an exit (market_order_value: every market order but an exit).
	OrderValue       decimal.Decimal // of one order, at the worst price the collar lets it pay
	MarketOrderValue decimal.Decimal // of one market order, likewise
	SymbolValue      decimal.Decimal // held and on order in one symbol, this order included
	Positions        int             // symbols held or being bought
	OrdersPerDay     int             // sent today, this one included
	DailyLoss        decimal.Decimal // realised and unrealised loss of the day at which entries end

	OrdersPerMinute int             // sent within a minute, this one included; unset refuses every order but an exit
	Rejections      int             // of a strategy's orders in a row, at which its entries end until a person arms it; unset is none
	HaltLoss        decimal.Decimal // loss of the day at which everything halts, exits too; unset is none. The engine applies it
	Drawdown        decimal.Decimal // loss from the best opening of 20 sessions, as a part of it, at which everything halts; unset is none. The engine applies it
	CoolDown        time.Duration   // after the strategy's exit from the symbol, before it may enter again; unset is none
	Duplicate       time.Duration   // after the strategy's entry into the symbol, before the next; unset is none
	Symbols         []market.Symbol // nothing else may be bought; empty is everything
	Marks           []market.Mark   // warnings of the exchange that do not stop a buy; empty: each does

	OrderShares          int64           // of one order; unset is none
	VolumeShare          decimal.Decimal // of one order, as a part of the shares the symbol trades on an average day; unset is none
	StrategyValue        decimal.Decimal // held and on order by one strategy, this order included; unset is none
	TotalValue           decimal.Decimal // held and on order by all strategies, this order included; unset is none
	Turnover             decimal.Decimal // traded today and on order, buys and sells, this order included; unset is none
	StrategyOrdersPerDay int             // sent today by one strategy, this one included; unset is none
	Probation            bool            // a new revision of a strategy or of the program first watches, then orders little

	// Collar is how far from the market an order may be priced, as a part of the price: a priced order from the best
	// offer (buy) or bid (sell), a market order's offer or bid from the last trade; and how far our own fills in a symbol may
	// move within ten minutes before entries into it end. Required.
	Collar decimal.Decimal

	// The oldest that a quote, a complete order list, and a balance or buying power may be. Required.
	QuoteAge, ListAge, AccountAge time.Duration
}

// Real are the limits for real money before a person has chosen: the required amounts and counts are not set.
func Real() Limits {
	return Limits{
		OrdersPerMinute: 10,
		Rejections:      3,
		VolumeShare:     decimal.New(1, -2),
		Probation:       true,
		Duplicate:       10 * time.Minute,
		Collar:          decimal.New(15, -3),
		QuoteAge:        5 * time.Second,
		ListAge:         5 * time.Second,
		AccountAge:      time.Minute,
	}
}

// Practice are the limits of paper and virtual accounts where a person has chosen nothing: wide enough to watch rules
// at work. A virtual account answers one call a second, so its reads may be older.
func Practice() Limits {
	l := Real()
	l.OrderValue = decimal.New(100, 6)
	l.MarketOrderValue = decimal.New(100, 6)
	l.SymbolValue = decimal.New(200, 6)
	l.DailyLoss = decimal.New(50, 6)
	l.Positions = 50
	l.OrdersPerDay = 300
	l.OrdersPerMinute = 30
	l.VolumeShare = decimal.New(10, -2)
	l.Probation = false
	l.QuoteAge = 30 * time.Second
	l.ListAge = 30 * time.Second
	return l
}

// ceiling is compiled in: a configuration can only stay below it.
func ceiling() Limits {
	return Limits{
		OrderValue:       decimal.New(1000, 6),
		MarketOrderValue: decimal.New(300, 6),
		SymbolValue:      decimal.New(3000, 6),
		DailyLoss:        decimal.New(1000, 6),
		Positions:        200,
		OrdersPerDay:     1000,
		OrdersPerMinute:  30,
		Rejections:       20,
		HaltLoss:         decimal.New(2000, 6),
		Drawdown:         decimal.New(1, 0),
		OrderShares:      1_000_000,
		VolumeShare:      decimal.New(20, -2),
		StrategyValue:    decimal.New(10_000, 6),
		TotalValue:       decimal.New(10_000, 6),
		Turnover:         decimal.New(20_000, 6),

		StrategyOrdersPerDay: 1000,

		Marks:      market.Marks(),
		Collar:     decimal.New(5, -2),
		QuoteAge:   30 * time.Second,
		ListAge:    30 * time.Second,
		AccountAge: time.Minute,
	}
}

// raised are the limits at their ceilings, as far as an order that a person overrides may go: how fresh and how near
// the market its reads must be stays.
func (l Limits) raised() Limits {
	c := ceiling()
	c.Collar, c.QuoteAge, c.ListAge, c.AccountAge = l.Collar, l.QuoteAge, l.ListAge, l.AccountAge
	return c
}

// LimitError is what is wrong with one limit. Limit is its name as in a configuration.
type LimitError struct {
	Limit   string
	Missing bool // required and not set: orders are refused, exits are not
	What    string
	Hint    string
}

func (e *LimitError) Error() string { return "limit " + e.Limit + ": " + e.What }

// Check finds every required limit that is missing and every value that is negative or above its ceiling. The errors
// joined are *LimitError.
func (l Limits) Check() error {
	var errs []error
	for _, e := range l.problems() {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

func (l Limits) problems() (found []*LimitError) {
	c := ceiling()
	add := func(e *LimitError) {
		if e != nil {
			found = append(found, e)
		}
	}
	add(bound("order_value", true, l.OrderValue, c.OrderValue, won))
	add(bound("market_order_value", true, l.MarketOrderValue, c.MarketOrderValue, won))
	add(bound("symbol_value", true, l.SymbolValue, c.SymbolValue, won))
	add(bound("positions", true, count(l.Positions), count(c.Positions), decimal.Decimal.String))
	add(bound("orders_per_day", true, count(l.OrdersPerDay), count(c.OrdersPerDay), decimal.Decimal.String))
	add(bound("daily_loss", true, l.DailyLoss, c.DailyLoss, won))
	add(bound("orders_per_minute", true, count(l.OrdersPerMinute), count(c.OrdersPerMinute), decimal.Decimal.String))
	add(bound("rejections", false, count(l.Rejections), count(c.Rejections), decimal.Decimal.String))
	add(bound("halt_loss", false, l.HaltLoss, c.HaltLoss, won))
	add(bound("drawdown", false, l.Drawdown, c.Drawdown, percent))
	add(bound("order_shares", false, decimal.NewFromInt(l.OrderShares), decimal.NewFromInt(c.OrderShares), sharesOf))
	add(bound("volume_share", false, l.VolumeShare, c.VolumeShare, percent))
	add(bound("strategy_value", false, l.StrategyValue, c.StrategyValue, won))
	add(bound("total_value", false, l.TotalValue, c.TotalValue, won))
	add(bound("turnover", false, l.Turnover, c.Turnover, won))
	add(bound("strategy_orders_per_day", false, count(l.StrategyOrdersPerDay), count(c.StrategyOrdersPerDay), decimal.Decimal.String))
	add(bound("collar", true, l.Collar, c.Collar, percent))
	add(bound("quote_age", true, nanos(l.QuoteAge), nanos(c.QuoteAge), span))
	add(bound("list_age", true, nanos(l.ListAge), nanos(c.ListAge), span))
	add(bound("account_age", true, nanos(l.AccountAge), nanos(c.AccountAge), span))
	add(bound("cool_down", false, nanos(l.CoolDown), nanos(maxPause), span))
	add(bound("duplicate", false, nanos(l.Duplicate), nanos(maxPause), span))
	for _, s := range l.Symbols {
		if _, err := market.ParseSymbol(string(s)); err != nil {
			add(&LimitError{Limit: "symbols", What: err.Error(), Hint: `put the code in quotes: "005930"`})
		}
	}
	for _, m := range l.Marks {
		if !slices.Contains(market.Marks(), m) {
			add(&LimitError{Limit: "marks", What: fmt.Sprintf("%q is no warning of the exchange", m), Hint: fmt.Sprintf("one of %v", market.Marks())})
		}
	}
	return found
}

// maxPause bounds what only makes trading rarer; more is a slip of the pen.
const maxPause = 366 * 24 * time.Hour

func bound(name string, required bool, v, most decimal.Decimal, say func(decimal.Decimal) string) *LimitError {
	switch {
	case v.IsZero() && required:
		return &LimitError{Limit: name, Missing: true, What: "is not set", Hint: "choose a value up to " + say(most)}
	case v.Sign() < 0:
		return &LimitError{Limit: name, What: say(v) + " is below zero", Hint: "choose a value up to " + say(most)}
	case v.GreaterThan(most):
		return &LimitError{Limit: name, What: say(v) + " is above the ceiling of " + say(most), Hint: "the ceiling is compiled in; a configuration can only stay below it"}
	}
	return nil
}

func count(n int) decimal.Decimal           { return decimal.NewFromInt(int64(n)) }
func nanos(d time.Duration) decimal.Decimal { return decimal.NewFromInt(int64(d)) }
func span(d decimal.Decimal) string         { return time.Duration(d.IntPart()).String() }

// won writes an amount with separators and its unit: 1,000,000 KRW.
func won(d decimal.Decimal) string {
	text, fraction := d.Abs().String(), ""
	for i := range text {
		if text[i] == '.' {
			text, fraction = text[:i], text[i:]
			break
		}
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if d.Sign() < 0 {
		text = "-" + text
	}
	return text + fraction + " KRW"
}

// percent writes a ratio, rounded to four decimals: 1.5%.
func percent(ratio decimal.Decimal) string { return ratio.Shift(2).Round(4).String() + "%" }

func shares(n int64) string { return fmt.Sprintf("%d shares", n) }
