package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// PageOptions is what a page shows beside the result. All of it may be left out.
type PageOptions struct {
	Title string
	Lang  string                                    // "en" or "ko"; empty is en
	Bars  func(market.Symbol) ([]market.Bar, error) // oldest first; nil leaves out buy-and-hold and the price charts
	Name  func(market.Symbol) string                // Korean issue name, empty if unknown
	Rule  func(strategy string) string              // the rule in words
	Why   func(Run) []string                        // the decision behind each trade of the run, in its order
	Sweep Sweep                                     // what the run was picked from
}

// Sweep is what stands before the runs on the page of a sweep or of a walk forward.
type Sweep struct {
	Title string   // "Sweep", "Walk forward"
	Table string   // what the table shows: "The best sets"
	Texts int      // how many columns are texts; the others are numbers
	Heads []string // of the table
	Rows  [][]string
	Notes []string // how many were tried, what luck would show
	Grids []Grid
}

// Grid is one metric over two parameters: Cells[y][x] belongs to Y[y] and X[x].
type Grid struct {
	Metric       string // its name in JSON: "sharpe"
	Less         bool   // less of it is better
	XName, YName string
	Rest         []string // other parameters, of which each cell has the best
	X, Y         []string
	Cells        [][]Ratio
}

// Bounds of a page. What is beyond them is counted on the page and whole in JSON and CSV.
const (
	maxTradeRows   = 2000 // a run
	maxPriceCharts = 12   // a run
	maxYearCharts  = 60   // a run
)

//go:embed html
var pageFiles embed.FS

// HTML writes the result as one page that needs no other file and no network.
func HTML(to io.Writer, r Result, o PageOptions) error {
	l := tongue(o.Lang)
	script, err := pageFiles.ReadFile("html/page.js")
	if err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	style, err := pageFiles.ReadFile("html/page.css")
	if err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	p := page{Lang: l.code(), Title: o.Title, Style: template.CSS(style), Script: template.JS(script), Assumptions: r.Assumptions}
	hash := sha256.Sum256(script)
	p.ScriptHash = base64.StdEncoding.EncodeToString(hash[:])
	if p.Title == "" {
		p.Title = l.say("Backtest")
	}
	for i, run := range r.Runs {
		s, err := sectionOf(l, i, run, o)
		if err != nil {
			return fmt.Errorf("write page: %s: %w", run.Strategy, err)
		}
		p.Runs = append(p.Runs, s)
	}
	p.Sweep = swept{Title: o.Sweep.Title, Table: o.Sweep.Table, Texts: o.Sweep.Texts, Heads: o.Sweep.Heads, Rows: o.Sweep.Rows, Notes: o.Sweep.Notes}
	for _, g := range o.Sweep.Grids {
		p.Sweep.Grids = append(p.Sweep.Grids, heatOf(l, g))
	}
	t, err := template.New("page.html").Funcs(template.FuncMap{"t": l.say, "months": l.months, "shades": shades, "minus": minus}).ParseFS(pageFiles, "html/page.html")
	if err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	var out bytes.Buffer // a page is written whole or not at all
	if err := t.Execute(&out, p); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if _, err := out.WriteTo(to); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// page is what the template sees: every text is ready to be read.
type page struct {
	Lang, Title, ScriptHash string
	Style                   template.CSS
	Script                  template.JS
	Runs                    []section
	Sweep                   swept
	Assumptions             []string
}

// swept is what the runs were picked from.
type swept struct {
	Title, Table string
	Texts        int
	Heads, Notes []string
	Rows         [][]string
	Grids        []heat
}

// section is one run.
type section struct {
	ID, Name, Rule, From, To string
	IndexName                string
	Symbols                  []string
	Cash, Final              cell
	Cards, Metrics           []metricRow
	Charts                   []chart
	Prices                   []priceOf
	HiddenPrices             int
	Months                   []monthRow
	Years                    []yearRow
	Trades                   []tradeRow
	HiddenTrades             int
	Open                     []openRow
}

// cell is a number: Value as JSON has it, Text as a person reads it.
type cell struct {
	Value, Text string
	Class       string // up, down or nothing, with a shade h1 to h9 in a heat map
}

type tradeRow struct {
	Strategy, Date, Symbol, Name, Side, Reason, Why string
	Buy                                             bool
	Price, Shares, Value, Fee, Tax                  cell
	Profit, Part                                    cell // of the round trip that this fill closes
}

// openRow is a position that the end of the run left open.
type openRow struct {
	Strategy, Symbol, Name, Since string
	Shares                        cell
}

func sectionOf(l tongue, i int, r Run, o PageOptions) (section, error) {
	s := section{
		ID: fmt.Sprintf("run-%d", i+1), Name: r.Strategy, From: r.From.String(), To: r.To.String(),
		Cash: wonCell(r.Cash), Final: wonCell(r.FinalEquity),
	}
	if o.Rule != nil {
		s.Rule = o.Rule(r.Strategy)
	}
	name := func(symbol market.Symbol) string {
		if o.Name == nil {
			return ""
		}
		return o.Name(symbol)
	}
	for _, symbol := range r.Symbols {
		s.Symbols = append(s.Symbols, titled(symbol, name(symbol)))
	}
	var err error
	if s.Metrics, err = metricRows(l, r.Metrics); err != nil {
		return s, err
	}
	if r.Index != nil {
		s.IndexName = r.Index.Name
		if s.Metrics, err = besides(l, s.Metrics, *r.Index); err != nil {
			return s, err
		}
	}
	s.Cards = cardsOf(s.Metrics)
	s.Trades, s.Open = tradeRows(l, r, o, name)
	if cut := len(s.Trades) - maxTradeRows; cut > 0 {
		s.Trades, s.HiddenTrades = s.Trades[cut:], cut
	}
	s.Months, s.Years = calendarOf(r)
	bars, err := barsOf(r, o)
	if err != nil {
		return s, err
	}
	if r.Equity.Len() > 0 {
		s.Charts = curveCharts(l, s.ID, r, bars)
	}
	s.Prices, s.HiddenPrices = pricesOf(l, s.ID, r, bars, s.Trades, s.HiddenTrades, name)
	return s, nil
}

// barsOf are the bars of each symbol of the run; nil without a source.
func barsOf(r Run, o PageOptions) (map[market.Symbol][]market.Bar, error) {
	if o.Bars == nil {
		return nil, nil
	}
	out := map[market.Symbol][]market.Bar{}
	for _, symbol := range r.Symbols {
		bars, err := o.Bars(symbol)
		if err != nil {
			return nil, fmt.Errorf("bars of %s: %w", symbol, err)
		}
		out[symbol] = bars
	}
	return out, nil
}

// tradeRows are all fills in order of time, and what is still held after the last.
func tradeRows(l tongue, r Run, o PageOptions, name func(market.Symbol) string) ([]tradeRow, []openRow) {
	type owner struct {
		strategy string
		symbol   market.Symbol
	}
	type trip struct {
		since        market.Date
		shares       int64
		paid, profit decimal.Decimal
	}
	var why []string
	if o.Why != nil {
		why = o.Why(r)
	}
	trips := map[owner]*trip{}
	var order []owner
	rows := make([]tradeRow, 0, len(r.Trades))
	for i, t := range r.Trades {
		row := tradeRow{
			Strategy: t.Strategy, Date: t.Date.String(), Symbol: string(t.Symbol), Name: name(t.Symbol),
			Side: l.say(string(t.Side)), Buy: t.Side == broker.Buy, Reason: l.say(t.Reason),
			Price: wonCell(t.Price), Shares: countCell(t.Shares), Value: wonCell(t.Value()), Fee: wonCell(t.Fee), Tax: wonCell(t.Tax),
		}
		if i < len(why) {
			row.Why = why[i]
		}
		key, costs := owner{t.Strategy, t.Symbol}, t.Fee.Add(t.Tax)
		open := trips[key]
		if open == nil {
			open = &trip{since: t.Date}
			trips[key] = open
			order = append(order, key)
		}
		if t.Side == broker.Buy {
			open.shares += t.Shares
			open.paid = open.paid.Add(t.Value())
			open.profit = open.profit.Sub(t.Value()).Sub(costs)
		} else {
			open.shares -= t.Shares
			open.profit = open.profit.Add(t.Value()).Sub(costs)
		}
		if open.shares == 0 {
			row.Profit = signed(wonCell(open.profit), open.profit)
			if part := over(open.profit, open.paid); part.Defined {
				row.Part = signed(percentCell(part), open.profit)
			}
			delete(trips, key)
		}
		rows = append(rows, row)
	}
	var left []openRow
	for _, key := range order {
		if open := trips[key]; open != nil {
			left = append(left, openRow{key.strategy, string(key.symbol), name(key.symbol), open.since.String(), countCell(open.shares)})
			delete(trips, key)
		}
	}
	return rows, left
}
