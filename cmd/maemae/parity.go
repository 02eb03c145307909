package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/broker"
	"maemae/engine"
	"maemae/history"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

func parityCommand() *cobra.Command {
	var rules string
	var asJSON bool
	c := &cobra.Command{
		Use:   "parity",
		Short: "recompute every journalled decision from stored bars, byte for byte",
		Long: `parity folds the journal again and asks the rules anew at every moment they decided, with the stored completed bars, the
forming bar, price, position and funds that the journal says they had. Every byte must be the same. It also sums up, in won,
what real fills cost against the backtest's assumption: the price at the decision, one tick worse.`,
		Example: "  maemae parity --state kept --strategies strategies.yaml",
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			if rules == "" {
				rules = p.cfg.Strategies
			}
			f, problems := loadRules(rules)
			if f == nil {
				return problems
			}
			s, cal, err := p.store()
			if err != nil {
				return err
			}
			j, err := p.read()
			if err != nil {
				return err
			}
			defer j.Close()
			r, err := recompute(c.Context(), j, s, cal, f)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(c.OutOrStdout(), r)
			} else {
				err = r.print(c.OutOrStdout())
			}
			if err == nil && len(r.Differences) > 0 {
				err = fmt.Errorf("%d decisions differ", len(r.Differences))
			}
			return err
		},
	}
	c.Flags().StringVar(&rules, "strategies", "", "strategy file the decisions were made with (default: as the configuration says)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

// Parity is what a recomputation came to.
type Parity struct {
	Equal       int             `json:"equal"`
	Differences []Difference    `json:"differences"`
	OtherRules  int             `json:"other_rules"` // decided by a revision that the strategy file does not have
	NoData      int             `json:"no_data"`     // decided without bars or price
	Fills       int             `json:"fills"`
	Gap         decimal.Decimal `json:"gap"` // won that fills cost more than the backtest assumes; below zero is better
}

// Difference is a decision that came out otherwise.
type Difference struct {
	ID         string          `json:"id"`
	Journalled json.RawMessage `json:"journalled"`
	Recomputed json.RawMessage `json:"recomputed"`
}

func (p Parity) print(w io.Writer) error {
	for _, d := range p.Differences {
		if _, err := fmt.Fprintf(w, "%s\n  journalled %s\n  recomputed %s\n", d.ID, d.Journalled, d.Recomputed); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d decisions equal byte for byte, %d differ; %d of other rules, %d without data\n%d fills cost %s won more than the price at the decision and a tick\n", p.Equal, len(p.Differences), p.OtherRules, p.NoData, p.Fills, grouped(p.Gap))
	return err
}

// replay is a journal read again from its first entry.
type replay struct {
	book   *journal.Book // before the entry at hand; before the first of a batch of decisions
	next   *journal.Book
	batch  bool
	rules  map[string]*strategy.Strategy
	cal    *market.Calendar
	store  *history.Store
	bars   map[market.Symbol]history.Bars
	prices map[string]decimal.Decimal // by decision
	wanted map[string]journal.Intent
	parity Parity
}

func recompute(ctx context.Context, j *journal.Journal, s *history.Store, cal *market.Calendar, f *strategy.File) (Parity, error) {
	r := &replay{book: &journal.Book{}, next: &journal.Book{}, rules: map[string]*strategy.Strategy{}, cal: cal, store: s, bars: map[market.Symbol]history.Bars{}, prices: map[string]decimal.Decimal{}, wanted: map[string]journal.Intent{}}
	r.parity.Differences = []Difference{}
	for _, rule := range f.Strategies {
		r.rules[rule.Name] = rule
	}
	for e, err := range j.Entries(ctx, journal.Query{}) {
		if err != nil {
			return r.parity, err
		}
		if err := r.entry(e); err != nil {
			return r.parity, err
		}
	}
	return r.parity, nil
}

// entry folds one entry. The decisions of a slot are written together: each was made with the book before the first.
func (r *replay) entry(e journal.Entry) (err error) {
	d, decision := e.Body.(journal.Decision)
	if !decision || !r.batch {
		r.book = r.next
	}
	r.batch = decision
	if r.next, err = r.next.Apply(e); err != nil {
		return err
	}
	switch b := e.Body.(type) {
	case journal.Decision:
		r.prices[d.ID] = d.Price
		return r.decision(d)
	case journal.Intent:
		r.wanted[b.ID] = b
	case journal.Final:
		r.fill(b)
	}
	return nil
}

// decision asks the rule again and compares bytes.
func (r *replay) decision(d journal.Decision) error {
	rule := r.rules[d.Strategy]
	switch {
	case rule == nil || rule.Revision != d.Revision:
		r.parity.OtherRules++
		return nil
	case d.Reason == strategy.DataMissing:
		r.parity.NoData++
		return nil
	}
	again, err := r.ask(rule, d.Decision)
	if err != nil {
		return err
	}
	was, err := json.Marshal(d.Decision)
	if err != nil {
		return err
	}
	is, err := json.Marshal(again)
	if err != nil {
		return err
	}
	if bytes.Equal(was, is) {
		r.parity.Equal++
		return nil
	}
	r.parity.Differences = append(r.parity.Differences, Difference{ID: d.ID, Journalled: was, Recomputed: is})
	return nil
}

// ask is the rule's answer to what the journal says it saw.
func (r *replay) ask(rule *strategy.Strategy, d strategy.Decision) (strategy.Decision, error) {
	q := market.Quote{Symbol: d.Symbol, Price: d.Price, Halted: d.Reason == strategy.Halted}
	v := engine.View(r.book, r.cal, d.Due, rule, d.Symbol, q)
	if d.Bars == 0 {
		again, _ := rule.CheckExits(v)
		return again, nil
	}
	account, _ := r.book.Account()
	v.Funds, v.Forming = engine.Funds(r.book, account), d.Forming
	completed := d.Bars
	if d.Forming {
		completed--
	}
	bars, err := r.before(d.Symbol, market.DateOf(d.Due), completed)
	if err != nil {
		return d, err
	}
	if d.Forming {
		if bars, err = bars.With(d.Last); err != nil {
			return d, err
		}
	}
	if rule.Index != "" { // a rule with one sees completed bars
		index, err := r.before(rule.Index, market.DateOf(d.Due), math.MaxInt)
		if err != nil {
			return d, err
		}
		bars = bars.WithIndex(index)
	}
	v.Bars = bars
	return rule.Decide(v), nil
}

// before are the newest n completed bars before a date.
func (r *replay) before(s market.Symbol, date market.Date, n int) (strategy.Bars, error) {
	b, known := r.bars[s]
	if !known {
		var err error
		if b, err = r.store.Load(s); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return strategy.Bars{}, err
		}
		r.bars[s] = b
	}
	return columns(b.Between(0, date.Add(-1)).Last(n)), nil
}

// fill holds what an order's shares really cost against the decision's price, a tick worse.
func (r *replay) fill(f journal.Final) {
	i, known := r.wanted[f.Intent]
	o, inBook := r.next.Order(f.Intent)
	if !known || !inBook || f.Filled == 0 {
		return
	}
	ladder := market.LadderNow(market.Known(i.Order.Symbol).Kind)
	price, sign := ladder.StepUp(r.prices[i.Decision], 1), decimal.NewFromInt(1)
	if i.Order.Side == broker.Sell {
		price, sign = ladder.StepDown(r.prices[i.Decision], 1), decimal.NewFromInt(-1)
	}
	assumed := price.Mul(decimal.NewFromInt(f.Filled))
	r.parity.Fills++
	r.parity.Gap = r.parity.Gap.Add(o.Value.Sub(assumed).Mul(sign))
}
