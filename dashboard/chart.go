package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

const (
	candlesMax = 300 // bars on a chart
	marksMax   = 200 // orders on a chart
	linesMax   = 8
)

// chart is what the page draws: exact numbers as text, which the script turns into pixels.
type chart struct {
	Symbol  market.Symbol `json:"symbol"`
	Bars    []candle      `json:"bars"`
	Forming bool          `json:"forming"` // the last bar is unfinished: as the newest decision saw it
	Lines   []line        `json:"lines"`
	Marks   []mark        `json:"marks"`
}

type candle struct {
	Date   market.Date `json:"date"`
	Open   string      `json:"open"`
	High   string      `json:"high"`
	Low    string      `json:"low"`
	Close  string      `json:"close"`
	Volume int64       `json:"volume"`
}

// line is an operand of the rule, computed by package strategy on every bar of the chart.
type line struct {
	Name   string   `json:"name"`
	OnBars bool     `json:"on_bars"` // a price: drawn over the candles
	Values []string `json:"values"`  // one a bar, empty where not ready
}

// mark is an order that filled, on the date it did.
type mark struct {
	Date     market.Date     `json:"date"`
	Side     string          `json:"side"`
	Shares   int64           `json:"shares"`
	Price    string          `json:"price"` // average, won
	Strategy string          `json:"strategy"`
	Reason   strategy.Reason `json:"reason"`
	Detail   string          `json:"detail"`
	Decision string          `json:"decision"`
}

// candles is the data of a symbol's chart.
func (s *server) candles(w http.ResponseWriter, r *http.Request) {
	symbol, err := market.ParseSymbol(r.PathValue("symbol"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	c, err := s.chartOf(r.Context(), symbol, r.URL.Query().Get("strategy"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, c)
}

func (s *server) chartOf(ctx context.Context, symbol market.Symbol, rule string) (chart, error) {
	c := chart{Symbol: symbol, Bars: []candle{}, Lines: []line{}, Marks: []mark{}}
	bars, err := s.stored(symbol)
	if err != nil {
		return c, err
	}
	newest, err := s.answered(ctx, journal.Query{Symbol: symbol, Limit: 1})
	if err != nil {
		return c, err
	}
	if len(newest) > 0 && newest[0].Forming && (bars.Len() == 0 || newest[0].Last.Date > bars.Dates[bars.Len()-1]) {
		if bars, err = bars.With(newest[0].Last); err != nil {
			return c, err
		}
		c.Forming = true
	}
	from := max(0, bars.Len()-candlesMax)
	for i := from; i < bars.Len(); i++ {
		b := bars.At(i)
		c.Bars = append(c.Bars, candle{b.Date, b.Open.String(), b.High.String(), b.Low.String(), b.Close.String(), b.Volume})
	}
	if rule != "" {
		if c.Lines, err = s.lines(ctx, symbol, rule, bars, from); err != nil {
			return c, err
		}
	}
	if from < bars.Len() {
		c.Marks, err = s.marks(ctx, symbol, bars.Dates[from])
	}
	return c, err
}

// stored are the symbol's completed bars; none where nothing is stored.
func (s *server) stored(symbol market.Symbol) (strategy.Bars, error) {
	b, err := s.Bars(symbol)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return strategy.Bars{}, err
	}
	return strategy.Bars{Dates: b.Dates, Scale: b.Scale, Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume}, nil
}

// lines are the operands in the newest evidence of the rule that stand on their own, each evaluated on every bar. What
// compares with an index has no value on a bar that is still forming.
func (s *server) lines(ctx context.Context, symbol market.Symbol, rule string, bars strategy.Bars, from int) ([]line, error) {
	out := []line{}
	newest, err := s.answered(ctx, journal.Query{Strategy: rule, Symbol: symbol, Limit: 1})
	if err != nil || len(newest) == 0 {
		return out, err
	}
	for _, r := range s.Rules().Strategies {
		if r.Name != rule || r.Index == "" {
			continue
		}
		index, err := s.stored(r.Index)
		if err != nil {
			return out, err
		}
		bars = bars.WithIndex(index)
	}
	seen := map[string]bool{}
	var walk func(e *strategy.Evidence, name string) error
	walk = func(e *strategy.Evidence, name string) error {
		if e == nil || len(out) == linesMax {
			return nil
		}
		if e.Truth == nil && strings.ContainsRune(e.Text, '(') && !seen[e.Text] {
			seen[e.Text] = true
			l, drawn, err := draw(e.Text, name, bars, from)
			if err != nil {
				return err
			}
			if drawn {
				out = append(out, l)
				return nil
			}
		}
		name = ""
		if e.Truth == nil && !strings.ContainsAny(e.Text, "()[] ") {
			name = e.Text // given under let: what it stands for comes below it
		}
		for _, child := range e.Children {
			if err := walk(child, name); err != nil {
				return err
			}
		}
		return nil
	}
	return out, errors.Join(walk(newest[0].Buy, ""), walk(newest[0].Sell, ""))
}

// draw evaluates an operand on the bars; drawn is false for one that needs the rule around it.
func draw(text, name string, bars strategy.Bars, from int) (l line, drawn bool, err error) {
	expr, problems := strategy.ParseExpr(text)
	if expr == nil || problems.Fatal() || expr.ReadsIndex() && len(bars.Index) == 0 {
		return l, false, nil
	}
	column, err := expr.Eval(bars)
	if err != nil || column.Condition {
		return l, false, err
	}
	l.Name = text
	if name != "" {
		l.Name = name + " = " + text
	}
	l.Values = make([]string, 0, bars.Len()-from)
	near, ready := 0, 0
	for i := from; i < bars.Len(); i++ {
		value := column.Text(i)
		l.Values = append(l.Values, value)
		if value == "" {
			continue
		}
		v, err := decimal.NewFromString(value)
		if err != nil {
			return l, false, fmt.Errorf("chart %s: %w", text, err)
		}
		ready++
		if c := bars.At(i).Close; v.Mul(decimal.NewFromInt(2)).GreaterThan(c) && c.Mul(decimal.NewFromInt(2)).GreaterThan(v) {
			near++
		}
	}
	l.OnBars = near*10 >= ready*9 // within a factor of two of the close: it is a price
	return l, ready > 0, nil
}

// marks are the symbol's filled orders since the date, oldest first.
func (s *server) marks(ctx context.Context, symbol market.Symbol, since market.Date) ([]mark, error) {
	out := []mark{}
	seen := map[string]bool{}
	for e, err := range s.Journal.Entries(ctx, journal.Query{Kinds: []string{"fill"}, Symbol: symbol, Since: since.At(0, 0), Newest: true, Limit: marksMax}) {
		if err != nil {
			return nil, err
		}
		f, ok := e.Body.(journal.Fill)
		if !ok || f.Shares == 0 || seen[f.Intent] {
			continue // an earlier state of the same order
		}
		seen[f.Intent] = true
		m := mark{Date: f.Date, Side: string(f.Side), Shares: f.Shares, Price: f.Value.DivRound(decimal.NewFromInt(f.Shares), 2).String(), Strategy: f.Strategy}
		if err := s.explain(ctx, f.Intent, &m); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	slices.Reverse(out)
	return out, nil
}

// explain adds the decision behind an order.
func (s *server) explain(ctx context.Context, intent string, m *mark) error {
	for e, err := range s.Journal.Entries(ctx, journal.Query{Ref: intent, Limit: 1}) {
		if err != nil {
			return err
		}
		if i, ok := e.Body.(journal.Intent); ok {
			m.Reason, m.Decision = i.Reason, i.Decision
		}
	}
	for e, err := range s.Journal.Entries(ctx, journal.Query{Ref: m.Decision, Limit: 1}) {
		if err != nil {
			return err
		}
		if d, ok := e.Body.(journal.Decision); ok {
			m.Detail = d.Detail
		}
	}
	return nil
}

// equity is the data of the curve: one point a session, every snapshot of the newest dates.
func (s *server) equity(w http.ResponseWriter, r *http.Request) {
	curve, _, err := s.curveOf(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	type dot struct {
		At     int64           `json:"at"` // Unix seconds
		Equity decimal.Decimal `json:"equity"`
		Cash   decimal.Decimal `json:"cash"`
	}
	out := make([]dot, 0, len(curve))
	for _, p := range curve {
		d := dot{p.at.Unix(), p.equity, p.cash}
		if n := len(out); n > 0 && out[n-1].At == d.At {
			out[n-1] = d
			continue
		}
		out = append(out, d)
	}
	writeJSON(w, out)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the reader is gone; there is nobody left to tell
}
