package main

import (
	"io"
	"sort"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/backtest"
	"maemae/broker"
	"maemae/market"
	reports "maemae/report"
	"maemae/strategy"
)

// writeReport writes the result of a backtest as one page, with the bars and rules that it came from.
func writeReport(path string, r reports.Result, o backtest.Options, page reports.PageOptions) error {
	rules := map[string]*strategy.Strategy{}
	for _, rule := range o.Rules {
		rules[rule.Name] = rule
	}
	page.Bars = func(symbol market.Symbol) ([]market.Bar, error) {
		bars, err := o.Load(symbol)
		if err != nil {
			return nil, err
		}
		list := make([]market.Bar, bars.Len())
		for i := range list {
			list[i] = bars.At(i)
		}
		return list, nil
	}
	page.Name = func(symbol market.Symbol) string { return o.Instrument(symbol).Name }
	page.Rule = func(names string) string {
		var words []string
		for name := range strings.SplitSeq(names, " + ") {
			if rule := rules[name]; rule != nil {
				words = append(words, rule.Words(page.Lang))
			}
		}
		return strings.Join(words, "\n\n")
	}
	if page.Why == nil {
		page.Why = func(run reports.Run) []string { return decisionsOf(run, rules, o) }
	}
	return writeCSV(path, func(to io.Writer) error { return reports.HTML(to, r, page) })
}

// decisionsOf are the conditions behind the fills of a run with their numbers, one text each. A rule is asked again with
// what it knew at the close or at the open; where it does not give the same answer for the same reason, the text is empty.
// Where a price decided and no condition, the text holds the fill against the entry.
func decisionsOf(run reports.Run, rules map[string]*strategy.Strategy, o backtest.Options) []string {
	type owner struct {
		strategy string
		symbol   market.Symbol
	}
	bars := map[market.Symbol]strategy.Bars{}
	load := func(s market.Symbol) strategy.Bars {
		b, known := bars[s]
		if !known {
			if h, err := o.Load(s); err == nil {
				b = columns(h)
			}
			bars[s] = b
		}
		return b
	}
	held := map[owner]*strategy.Position{}
	out := make([]string, len(run.Trades))
	for i, t := range run.Trades {
		key := owner{t.Strategy, t.Symbol}
		p := held[key]
		if rule := rules[t.Strategy]; rule != nil {
			b := load(t.Symbol)
			if rule.Index != "" {
				b = b.WithIndex(load(rule.Index))
			}
			out[i] = decisionOf(rule, b, t, p, o.Lang)
		}
		held[key] = after(p, t)
	}
	return out
}

func decisionOf(rule *strategy.Strategy, b strategy.Bars, t reports.Trade, p *strategy.Position, lang string) string {
	at := sort.Search(b.Len(), func(i int) bool { return b.Dates[i] >= t.Date })
	if at == b.Len() || b.Dates[at] != t.Date {
		return ""
	}
	bar := b.At(at)
	if p != nil {
		now := *p
		now.Sessions = at - sort.Search(at, func(i int) bool { return b.Dates[i] >= p.Since })
		p = &now
	}
	plenty := decimal.New(1, 15) // more than any size asks for: how much is bought is not asked here
	view := strategy.View{Symbol: t.Symbol, Price: bar.Open, Holding: p, Funds: strategy.Funds{Equity: plenty, Cash: plenty}}
	atClose := t.Price.Sub(bar.Close).Abs().LessThanOrEqual(t.Price.Sub(bar.Open).Abs())
	switch opening := (market.Bar{Date: bar.Date, Open: bar.Open, High: bar.Open, Low: bar.Open, Close: bar.Open}); {
	case rule.CompletedBars:
		view.Bars = b.First(at)
	case atClose:
		view.Bars, view.Forming, view.Price = b.First(at+1), true, bar.Close
	default:
		forming, err := b.First(at).With(opening)
		if err != nil {
			return ""
		}
		view.Bars, view.Forming = forming, true
	}
	d := rule.Decide(view)
	switch {
	case t.Reason != string(strategy.Entry) && t.Reason != string(strategy.RuleExit) && p != nil:
		change := t.Price.Sub(p.AveragePrice).Shift(2).DivRound(p.AveragePrice, 2)
		return inTongue(lang, "average entry %s, fill at %s%%", "평균 매수가 %s, 체결가 %s%%", grouped(p.AveragePrice.Round(2)), change.StringFixed(2))
	case string(d.Reason) != t.Reason:
		return ""
	case d.Reason == strategy.Entry && d.Buy != nil:
		return strings.TrimPrefix(evidenceLine(d.Buy), "true: ")
	case d.Reason == strategy.RuleExit && d.Sell != nil:
		return strings.TrimPrefix(evidenceLine(d.Sell), "true: ")
	}
	return ""
}

// after is a position after one more fill.
func after(p *strategy.Position, t reports.Trade) *strategy.Position {
	if t.Side == broker.Sell {
		if p == nil || p.Shares <= t.Shares {
			return nil
		}
		left := *p
		left.Shares -= t.Shares
		return &left
	}
	if p == nil {
		return &strategy.Position{Shares: t.Shares, AveragePrice: t.Price, High: t.Price, Since: t.Date}
	}
	more := *p
	more.Shares += t.Shares
	paid := p.AveragePrice.Mul(decimal.NewFromInt(p.Shares)).Add(t.Value())
	more.AveragePrice = paid.DivRound(decimal.NewFromInt(more.Shares), 8)
	more.High = decimal.Max(p.High, t.Price)
	return &more
}
