package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/engine"
	"maemae/journal"
	"maemae/risk"
)

// tried sends a synthetic order through every limit in force; a limit that lets its order by must not be relied on.
func tried(gate *risk.Gate) error {
	var errs []error
	for _, t := range gate.Trials() {
		if !t.Refused() {
			errs = append(errs, fmt.Errorf("limit %s does not refuse: %v", t.Limit, t.Refusal))
		}
	}
	return errors.Join(errs...)
}

// LimitUse is one limit as a person sees it.
type LimitUse struct {
	Limit string `json:"limit"`
	Value string `json:"value"`
	Used  string `json:"used,omitempty"`  // today
	Trial string `json:"trial,omitempty"` // what the gate said to an order just beyond it
}

func limitsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "limits",
		Short: "each limit, its value, what is used today, and that it refuses",
		Long: `limits shows the limits in force for the configuration, how far each is used today by the journal, and what the gate
says to a synthetic order just beyond it. Nothing is sent. It fails when a limit that orders need is not set, or when one
does not refuse; the daemon makes the same trial at each start.`,
		Example: "  maemae limits --json",
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			l := limits(p.cfg)
			gate, err := risk.New(l)
			if err != nil {
				return err
			}
			rows := limitUse(gate, p.used())
			if asJSON {
				err = printJSON(c.OutOrStdout(), rows)
			} else {
				t := newTable("limit", ">value", ">used today", "just beyond it")
				for _, r := range rows {
					t.add(r.Limit, r.Value, orDash(r.Used), orDash(r.Trial))
				}
				err = t.print(c.OutOrStdout())
			}
			return errors.Join(err, l.Check(), tried(gate))
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

// used is the usage by the journal, or none where there is no journal yet.
func (p place) used() *engine.Usage {
	j, err := journal.Open(p.journal, journal.Options{ReadOnly: true})
	if err != nil {
		return nil
	}
	defer j.Close()
	u := engine.Used(j, p.now(j))
	return &u
}

// now is the present, or the journal's own where that is another day: a simulated market has one of its own.
func (p place) now(j *journal.Journal) time.Time {
	if a, ok := j.Book().Account(); ok && p.cfg.KIS.BaseURL != "" {
		return a.At
	}
	return time.Now()
}

func limitUse(gate *risk.Gate, u *engine.Usage) []LimitUse {
	l := gate.Limits()
	won := func(d decimal.Decimal) string {
		if d.IsZero() {
			return "not set"
		}
		return grouped(d) + " KRW"
	}
	count := func(n int) string {
		if n == 0 {
			return "not set"
		}
		return groupedInt(int64(n))
	}
	rows := []LimitUse{
		{Limit: "order_value", Value: won(l.OrderValue)}, {Limit: "market_order_value", Value: won(l.MarketOrderValue)},
		{Limit: "symbol_value", Value: won(l.SymbolValue)}, {Limit: "positions", Value: count(l.Positions)},
		{Limit: "orders_per_day", Value: count(l.OrdersPerDay)}, {Limit: "orders_per_minute", Value: count(l.OrdersPerMinute)},
		{Limit: "daily_loss", Value: won(l.DailyLoss)}, {Limit: "halt_loss", Value: won(l.HaltLoss)},
		{Limit: "drawdown", Value: orNotSet(l.Drawdown)},
		{Limit: "rejections", Value: count(l.Rejections)}, {Limit: "collar", Value: l.Collar.Shift(2).String() + "%"},
		{Limit: "cool_down", Value: l.CoolDown.String()}, {Limit: "duplicate", Value: l.Duplicate.String()},
		{Limit: "symbols", Value: symbolList(l)}, {Limit: "marks", Value: markList(l)},
		{Limit: "order_shares", Value: count(int(l.OrderShares))}, {Limit: "volume_share", Value: orNotSet(l.VolumeShare)},
		{Limit: "strategy_value", Value: won(l.StrategyValue)}, {Limit: "total_value", Value: won(l.TotalValue)}, {Limit: "turnover", Value: won(l.Turnover)},
		{Limit: "strategy_orders_per_day", Value: count(l.StrategyOrdersPerDay)}, {Limit: "probation", Value: map[bool]string{true: "on", false: "off"}[l.Probation]},
		{Limit: "quote_age", Value: l.QuoteAge.String()}, {Limit: "list_age", Value: l.ListAge.String()}, {Limit: "account_age", Value: l.AccountAge.String()},
	}
	trials := map[string]risk.Trial{}
	for _, t := range gate.Trials() {
		trials[t.Limit] = t
	}
	for i := range rows {
		r := &rows[i]
		if u != nil {
			r.Used = usedOf(r.Limit, *u)
		}
		if t, ok := trials[r.Limit]; ok && t.Refused() {
			r.Trial = strings.TrimPrefix(t.Refusal.Error(), "risk: "+t.Refusal.Code+": ")
		} else if ok {
			r.Trial = "PASSED"
		}
	}
	return rows
}

func orNotSet(ratio decimal.Decimal) string {
	if ratio.IsZero() {
		return "not set"
	}
	return ratio.Shift(2).String() + "%"
}

func symbolList(l risk.Limits) string {
	if len(l.Symbols) == 0 {
		return "all"
	}
	return fmt.Sprintf("%d of them", len(l.Symbols))
}

func markList(l risk.Limits) string {
	if len(l.Marks) == 0 {
		return "none pass"
	}
	return fmt.Sprint(l.Marks)[1:len(fmt.Sprint(l.Marks))-1] + " pass"
}

// usedOf is the part of a limit that is used, in the limit's unit; empty for a limit on single orders.
func usedOf(limit string, u engine.Usage) string {
	switch limit {
	case "symbol_value":
		if u.Symbol == "" {
			return "0 KRW"
		}
		return fmt.Sprintf("%s KRW (%s)", grouped(u.SymbolValue.Round(0)), u.Symbol)
	case "positions":
		return fmt.Sprint(u.Positions)
	case "orders_per_day":
		return fmt.Sprint(u.Orders)
	case "orders_per_minute":
		return fmt.Sprint(u.OrdersInMinute)
	case "total_value":
		return grouped(u.TotalValue.Round(0)) + " KRW"
	case "turnover":
		return grouped(u.Traded.Round(0)) + " KRW"
	case "strategy_value":
		return most(u, func(s engine.StrategyUsage) decimal.Decimal { return s.Value.Round(0) }, " KRW")
	case "strategy_orders_per_day":
		return most(u, func(s engine.StrategyUsage) decimal.Decimal { return decimal.NewFromInt(int64(s.Orders)) }, "")
	case "daily_loss", "halt_loss":
		return grouped(u.Loss.Round(0)) + " KRW"
	case "rejections":
		var out []string
		for name, n := range u.Rejections {
			out = append(out, fmt.Sprintf("%d (%s)", n, name))
		}
		slices.Sort(out)
		return orDefault(strings.Join(out, ", "), "0")
	}
	return ""
}

// most is the strategy that uses the most of a limit.
func most(u engine.Usage, of func(engine.StrategyUsage) decimal.Decimal, unit string) string {
	used, who := decimal.Zero, ""
	for _, name := range slices.Sorted(maps.Keys(u.Strategies)) {
		if n := of(u.Strategies[name]); n.GreaterThan(used) {
			used, who = n, " ("+name+")"
		}
	}
	return grouped(used) + unit + who
}
