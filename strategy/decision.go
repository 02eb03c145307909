package strategy

import (
	"time"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// Answer is what a rule says about one symbol at one due moment.
type Answer string

const (
	Buy  Answer = "buy"
	Sell Answer = "sell"
	Hold Answer = "hold"
)

// Reason is the code of why; logs, journal and pages use it, people search for it.
type Reason string

const (
	Entry        Reason = "entry"         // buy: the buy condition is true
	RuleExit     Reason = "exit"          // sell: the sell condition is true
	StopLoss     Reason = "stop_loss"     // sell
	TakeProfit   Reason = "take_profit"   // sell
	TrailingStop Reason = "trailing_stop" // sell
	MaxHolding   Reason = "max_holding"   // sell
	NoSignal     Reason = "no_signal"     // hold: neither condition is true
	NotReady     Reason = "not_ready"     // hold: too few bars, Missing says how many
	InPosition   Reason = "in_position"   // hold: buy is true, but lots are held
	OrderWorking Reason = "order_working" // hold: an order of this strategy in this symbol is working or unknown
	NoPosition   Reason = "no_position"   // hold: sell is true, but nothing is held
	Conflict     Reason = "conflict"      // hold: buy and sell are both true and nothing is held
	Halted       Reason = "halted"        // hold: the symbol does not trade
	SizeZero     Reason = "size_zero"     // hold: the budget buys no share
	Reentry      Reason = "reentry"       // hold: already entered this session
	DataMissing  Reason = "data_missing"  // hold: bars or price could not be read; Detail says why
)

// Decision is one answer with everything it rests on. It is pure: the same View gives the same Decision, byte for byte.
type Decision struct {
	Strategy string        `json:"strategy"`
	Revision string        `json:"revision"` // hash of the rule as compiled
	Symbol   market.Symbol `json:"symbol"`
	Due      time.Time     `json:"due"`
	Answer   Answer        `json:"answer"`
	Reason   Reason        `json:"reason"`
	Detail   string        `json:"detail,omitempty"` // the reason in words, with its numbers

	Price  decimal.Decimal `json:"price"`            // current price at due, won
	Shares int64           `json:"shares,omitempty"` // wanted; 0 for hold
	Budget decimal.Decimal `json:"budget,omitzero"`  // what the size allowed, won

	Bars    int         `json:"bars"`              // completed and forming bars seen
	Last    market.Bar  `json:"last"`              // the newest bar seen
	Forming bool        `json:"forming,omitempty"` // Last is today's unfinished bar
	Missing int         `json:"missing,omitempty"` // bars wanting until ready
	Buy     *Evidence   `json:"buy,omitempty"`     // the buy condition with its numbers
	Sell    *Evidence   `json:"sell,omitempty"`
	Exits   []*Evidence `json:"exits,omitempty"`
	Holding *Position   `json:"holding,omitempty"` // the strategy's own lots at due
}

// Evidence is one node of a condition as it was evaluated: a condition has a Truth, an operand a Value, either may be
// not ready.
type Evidence struct {
	Text     string      `json:"text"`            // as written, canonical spelling
	Truth    *bool       `json:"truth,omitempty"` // of a condition that was ready
	Value    string      `json:"value,omitempty"` // of an operand that was ready: exact, no exponent
	Missing  int         `json:"missing,omitempty"`
	Children []*Evidence `json:"children,omitempty"`
}

// Position is what a strategy holds of a symbol: its open lots taken together.
type Position struct {
	Shares       int64           `json:"shares"`
	AveragePrice decimal.Decimal `json:"average_price"` // of the open lots' fills, without costs
	High         decimal.Decimal `json:"high"`          // highest price seen since the first fill
	Since        market.Date     `json:"since"`         // session of the first fill
	Sessions     int             `json:"sessions"`      // sessions since, 0 in the session of the entry
}
