// Package report adds up what trading did: fills and a curve of equity give metrics, CSV and JSON. It knows no rules,
// no engine and no disk; whoever traded hands it the fills, and everyone may read what comes out.
package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// Version is the version of the form in which a Result is written as JSON. It grows when a field changes its meaning
// or goes away, not when one is added.
const Version = 1

// Result is what a backtest hands out.
type Result struct {
	Version     int      `json:"version"`
	Assumptions []string `json:"assumptions"` // what the numbers rest on, in words
	Runs        []Run    `json:"runs"`
}

// Run is one account from its first session to its last. Money is in won.
type Run struct {
	Strategy    string          `json:"strategy"` // several that share the cash are joined by " + "
	Symbols     []market.Symbol `json:"symbols"`
	From        market.Date     `json:"from"` // first session counted; warm-up comes before it
	To          market.Date     `json:"to"`
	Cash        decimal.Decimal `json:"cash"`         // at the start
	FinalEquity decimal.Decimal `json:"final_equity"` // cash and holdings at the last close
	Trades      []Trade         `json:"trades"`
	Equity      Curve           `json:"equity"`
	Metrics     Metrics         `json:"metrics"`
	Index       *Index          `json:"index,omitempty"` // what it is held against, if anything
}

// Trade is one fill, in order of time. Fee and tax are in won.
type Trade struct {
	Strategy string          `json:"strategy"`
	Symbol   market.Symbol   `json:"symbol"`
	Side     broker.Side     `json:"side"`
	Date     market.Date     `json:"date"`
	Price    decimal.Decimal `json:"price"`
	Shares   int64           `json:"shares"`
	Fee      decimal.Decimal `json:"fee"`
	Tax      decimal.Decimal `json:"tax"`
	Reason   string          `json:"reason"` // the code of the decision: entry, exit, stop_loss …
}

// Value is price times shares.
func (t Trade) Value() decimal.Decimal { return t.Price.Mul(decimal.NewFromInt(t.Shares)) }

// WriteTrades writes the fills as CSV with a heading.
func (r Run) WriteTrades(to io.Writer) error {
	w := csv.NewWriter(to)
	line := []string{"strategy", "symbol", "side", "date", "price", "shares", "fee", "tax", "reason"}
	for i := -1; i < len(r.Trades); i++ {
		if i >= 0 {
			t := r.Trades[i]
			line = []string{t.Strategy, string(t.Symbol), string(t.Side), t.Date.String(), t.Price.String(), strconv.FormatInt(t.Shares, 10), t.Fee.String(), t.Tax.String(), t.Reason}
		}
		if err := w.Write(line); err != nil {
			return fmt.Errorf("write trades: %w", err)
		}
	}
	w.Flush()
	return w.Error()
}

// WriteEquity writes the curve as CSV with a heading.
func (r Run) WriteEquity(to io.Writer) error {
	w := csv.NewWriter(to)
	line := []string{"date", "equity", "cash"}
	for i := -1; i < r.Equity.Len(); i++ {
		if i >= 0 {
			p := r.Equity.At(i)
			line = []string{p.Date.String(), p.Equity.String(), p.Cash.String()}
		}
		if err := w.Write(line); err != nil {
			return fmt.Errorf("write equity: %w", err)
		}
	}
	w.Flush()
	return w.Error()
}
