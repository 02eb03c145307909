package journal

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

// Entry is one line of the journal. Seq counts from 1 without gaps. Body is one of the types below, by value.
type Entry struct {
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"` // when it was written, by the daemon's clock
	Body Body      `json:"body"`
	Hash string    `json:"hash"` // hex SHA-256 over the previous hash and this entry
}

// Body is what happened. Kind is its name in the store, in logs and in filters.
type Body interface{ Kind() string }

// Start: a daemon began. Nothing before it in memory counts.
type Start struct {
	Version    string      `json:"version"`
	Revision   string      `json:"revision"` // of the source, with "+dirty" if it was
	Env        string      `json:"env"`      // paper, virtual, real
	Account    string      `json:"account"`  // masked
	Config     string      `json:"config"`   // hash
	Strategies string      `json:"strategies"`
	Date       market.Date `json:"date"`
}

// Slot is the one outcome of a slot: ran, closed, disputed, missed, overlapped or failed.
type Slot struct {
	Job       string    `json:"job"`
	Due       time.Time `json:"due"`
	Outcome   string    `json:"outcome"`
	Detail    string    `json:"detail,omitempty"`
	Started   time.Time `json:"started,omitzero"`
	Ended     time.Time `json:"ended,omitzero"`
	Decisions int       `json:"decisions"`
}

// Decision is what a rule answered, hold included. ID is unique.
type Decision struct {
	ID string `json:"id"`
	strategy.Decision
}

// Refusal is the gate's no to a decision.
type Refusal struct {
	Decision string        `json:"decision"`
	Strategy string        `json:"strategy"`
	Order    broker.Order  `json:"order"`
	Refusal  risk.Refusal  `json:"refusal"`
	Passed   []risk.Passed `json:"passed,omitempty"`
}

// Intent is an order about to be sent: committed before the first byte of the POST. Until an Answer follows, its
// outcome is unknown.
type Intent struct {
	ID       string          `json:"id"`
	Decision string          `json:"decision"`
	Strategy string          `json:"strategy"`
	Revision string          `json:"revision"`
	Date     market.Date     `json:"date"` // trade date
	Order    broker.Order    `json:"order"`
	Exit     bool            `json:"exit"`
	Reason   strategy.Reason `json:"reason"`
	Due      time.Time       `json:"due"`
	Quote    market.Quote    `json:"quote"`
	Reserved decimal.Decimal `json:"reserved"` // won that a buy holds back until it is final
	Passed   []risk.Passed   `json:"passed,omitempty"`
	Baseline Baseline        `json:"baseline"`
	Valid    time.Duration   `json:"valid,omitempty"` // cancel a resting order after this long; 0 = day
}

// Baseline is the complete order list read just before the POST: numbers already there cannot be this order.
type Baseline struct {
	At      time.Time `json:"at"`
	Numbers []string  `json:"numbers"`
}

// Outcome of a POST.
type Outcome string

const (
	Accepted Outcome = "accepted" // the broker gave a number
	Rejected Outcome = "rejected" // the broker said no; final
	Unsent   Outcome = "unsent"   // provably never left, or turned away before it was looked at; final
	Unknown  Outcome = "unknown"  // anything else; never sent again
)

// Answer is the outcome of an intent's POST.
type Answer struct {
	Intent  string         `json:"intent"`
	Outcome Outcome        `json:"outcome"`
	ID      broker.OrderID `json:"id,omitzero"`
	Code    string         `json:"code,omitempty"`
	Text    string         `json:"text,omitempty"`
	Offset  time.Duration  `json:"clock_offset,omitempty"` // broker's clock minus ours
}

// Bind ties an unknown intent to the one order in the broker's list that can be it.
type Bind struct {
	Intent string         `json:"intent"`
	ID     broker.OrderID `json:"id"`
	By     string         `json:"by"` // ByReconcile, or the operator
	Late   bool           `json:"late,omitempty"`
}

// ByReconcile is who binds when it is not a person. Only a person may bind an order that was final.
const ByReconcile = "reconcile"

// Absent: an unknown intent has not shown up (presumed), or the session is over and it never did (Final: not placed).
type Absent struct {
	Intent string `json:"intent"`
	Reads  int    `json:"reads"` // complete reads without a candidate
	Final  bool   `json:"final"`
	By     string `json:"by,omitempty"`
}

// Fill is the cumulative state of an order's execution. Shares and Value never fall. Fee and Tax are our estimate by
// the dated table until the broker's own figure is known.
type Fill struct {
	Intent   string          `json:"intent"`
	ID       broker.OrderID  `json:"id"`
	Strategy string          `json:"strategy"`
	Symbol   market.Symbol   `json:"symbol"`
	Side     broker.Side     `json:"side"`
	Date     market.Date     `json:"date"`
	Shares   int64           `json:"shares"` // so far
	Value    decimal.Decimal `json:"value"`  // won so far, without costs
	Fee      decimal.Decimal `json:"fee"`
	Tax      decimal.Decimal `json:"tax"`
	Seen     time.Time       `json:"seen"` // when the list that shows it was asked for
}

// Final ends an order: filled, cancelled, expired or rejected by the exchange.
type Final struct {
	Intent string `json:"intent"`
	State  string `json:"state"`
	Filled int64  `json:"filled"`
	Detail string `json:"detail,omitempty"`
}

// Cancel: a cancellation was asked for (Error empty) or the asking failed.
type Cancel struct {
	Intent string         `json:"intent"`
	ID     broker.OrderID `json:"id"`
	Why    string         `json:"why"`
	Error  string         `json:"error,omitempty"`
}

// Snapshot is the account as the broker showed it.
type Snapshot struct {
	Account broker.Account `json:"account"`
}

// Opening is the first complete order list of a trade date: orders there are not ours unless bound.
type Opening struct {
	Date    market.Date `json:"date"`
	Numbers []string    `json:"numbers"`
}

// External is an order at the broker that no intent explains, written again whenever its fills grow: they move what
// the account holds and no strategy owns.
type External struct {
	Row broker.Row `json:"row"`
}

// Mismatch: the broker's holding and the sum of our lots (plus what was there before us) disagree, or agree again.
type Mismatch struct {
	Symbol   market.Symbol `json:"symbol"`
	Expected int64         `json:"expected"`
	Broker   int64         `json:"broker"`
	Resolved bool          `json:"resolved,omitempty"`
}

// Mark is a new highest price of a held symbol, kept for trailing stops.
type Mark struct {
	Strategy string          `json:"strategy"`
	Symbol   market.Symbol   `json:"symbol"`
	Price    decimal.Decimal `json:"price"`
}

// Mode is what the daemon may do.
type Mode string

const (
	ModeReconciling Mode = "reconciling" // finding out what happened; places nothing
	ModeActive      Mode = "active"
	ModeReduceOnly  Mode = "reduce_only" // exits only
	ModeHalted      Mode = "halted"      // places nothing until a person resumes
	ModeKilled      Mode = "killed"      // places nothing until a person arms
)

// State is a change of the daemon's mode. ModeKilled is left only after an Operator entry that arms.
type State struct {
	Mode   Mode   `json:"mode"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	By     string `json:"by"` // daemon, or the operator's uid and name
}

// Operator is a person's correction of the book. Adopt gives a strategy shares that the account holds and no strategy
// owns; release gives them back. Adjust sets a strategy's shares and average price after a split, rights issue or manual
// trade (its high moves as its price does); without a strategy it sets what no strategy owns. Foreign marks an order
// number of that date as seen and not ours. Arm permits leaving ModeKilled; with a strategy it lets one trade again whose
// orders were rejected in a row. Promote ends the probation of a strategy as it is now. Override lets the one order of the decision named in Why pass a limit; it moves nothing.
// Ack says that a person has read what the daemon had to say up to the entry of that Number; it moves nothing either.
type Operator struct {
	Act      string          `json:"act"` // adopt, release, adjust, foreign, arm, promote, override, ack
	Strategy string          `json:"strategy,omitempty"`
	Symbol   market.Symbol   `json:"symbol,omitempty"`
	Shares   int64           `json:"shares,omitempty"`
	Price    decimal.Decimal `json:"price,omitzero"`
	Number   string          `json:"number,omitempty"`
	Date     market.Date     `json:"date,omitempty"`
	Why      string          `json:"why,omitempty"`
	By       string          `json:"by"`
}

// Rules is a strategy file that came into force.
type Rules struct {
	File  string   `json:"file"`
	Hash  string   `json:"hash"`
	Names []string `json:"names"`
	Words string   `json:"words,omitempty"`
}

// Checkpoint carries the book as it was before this entry, so that a start reads one session instead of five years. Its
// entry's hash seals it; Verify compares it with the fold of everything before.
type Checkpoint struct {
	Version int             `json:"version"` // of the book's form; a start passes over other versions
	Book    json.RawMessage `json:"book"`
}

// Note is something a person should know that changes nothing: a refused reload, a calendar dispute, a slow slot.
type Note struct {
	Level string `json:"level"` // info, warn, error
	Text  string `json:"text"`
}

func (Start) Kind() string      { return "start" }
func (Slot) Kind() string       { return "slot" }
func (Decision) Kind() string   { return "decision" }
func (Refusal) Kind() string    { return "refusal" }
func (Intent) Kind() string     { return "intent" }
func (Answer) Kind() string     { return "answer" }
func (Bind) Kind() string       { return "bind" }
func (Absent) Kind() string     { return "absent" }
func (Fill) Kind() string       { return "fill" }
func (Final) Kind() string      { return "final" }
func (Cancel) Kind() string     { return "cancel" }
func (Snapshot) Kind() string   { return "snapshot" }
func (Opening) Kind() string    { return "opening" }
func (External) Kind() string   { return "external" }
func (Mismatch) Kind() string   { return "mismatch" }
func (Mark) Kind() string       { return "mark" }
func (State) Kind() string      { return "state" }
func (Operator) Kind() string   { return "operator" }
func (Rules) Kind() string      { return "rules" }
func (Checkpoint) Kind() string { return "checkpoint" }
func (Note) Kind() string       { return "note" }
