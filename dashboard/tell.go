package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"maemae/journal"
	"maemae/market"
)

// telling is a journal entry in words.
type telling struct {
	Seq      int64
	At       time.Time
	Hash     string
	Kind     string
	Level    string // info, warn, error
	Head     string // a code: what happened
	Strategy string
	Symbol   market.Symbol
	Reason   string // a code, of a decision
	Text     string
	Decision string // id of the decision it belongs to, where the entry names one
	Body     journal.Body
}

// tell puts an entry into words.
func tell(e journal.Entry) telling {
	t := telling{Seq: e.Seq, At: e.At, Hash: e.Hash, Kind: e.Body.Kind(), Level: "info", Head: e.Body.Kind(), Body: e.Body}
	n := func(shares int64) string { return grouped(decimal.NewFromInt(shares)) }
	switch b := e.Body.(type) {
	case journal.Start:
		t.Text = fmt.Sprintf("%s %s, account %s, rules %s", b.Version, b.Env, b.Account, b.Strategies)
	case journal.Rules:
		t.Text = fmt.Sprintf("%s %s: %s", b.File, b.Hash, strings.Join(b.Names, ", "))
	case journal.Slot:
		t.Strategy, t.Head = b.Job, "slot_"+b.Outcome
		t.Text = strings.TrimSpace(fmt.Sprintf("due %s, %d decisions %s", b.Due.In(market.KST).Format("15:04:05"), b.Decisions, b.Detail))
		if slices.Contains([]string{"failed", "missed", "disputed", "overlapped"}, b.Outcome) {
			t.Level = "warn"
		}
	case journal.Decision:
		t.Strategy, t.Symbol, t.Head, t.Decision = b.Strategy, b.Symbol, string(b.Answer), b.ID
		t.Reason, t.Text = string(b.Reason), b.Detail
	case journal.Refusal:
		t.Strategy, t.Symbol, t.Head, t.Level, t.Decision = b.Strategy, b.Order.Symbol, "refused", "warn", b.Decision
		t.Text = b.Order.String() + ": " + b.Refusal.Error()
	case journal.Intent:
		t.Strategy, t.Symbol, t.Head, t.Decision = b.Strategy, b.Order.Symbol, "intent", b.Decision
		t.Text = fmt.Sprintf("%s, last price %s", b.Order, grouped(b.Quote.Price))
	case journal.Answer:
		t.Head, t.Text = string(b.Outcome), strings.TrimSpace(fmt.Sprintf("%s %s %s", b.ID.Number, b.Code, b.Text))
		if b.Outcome != journal.Accepted {
			t.Level = "warn"
		}
	case journal.Bind:
		t.Head, t.Level, t.Text = "found", "warn", fmt.Sprintf("at the broker as %s, by %s", b.ID.Number, b.By)
	case journal.Absent:
		t.Head, t.Level, t.Text = "absent", "warn", fmt.Sprintf("not at the broker after %d complete reads", b.Reads)
	case journal.Fill:
		t.Strategy, t.Symbol = b.Strategy, b.Symbol
		t.Text = fmt.Sprintf("%s %s shares so far for %s won, fee %s, tax %s", b.Side, n(b.Shares), grouped(b.Value), grouped(b.Fee), grouped(b.Tax))
	case journal.Final:
		t.Head, t.Text = b.State, strings.TrimSpace(n(b.Filled)+" shares filled "+b.Detail)
	case journal.Cancel:
		t.Text = strings.TrimSpace(b.Why + " " + b.Error)
	case journal.State:
		t.Head, t.Text = string(b.Mode), fmt.Sprintf("%s, by %s", strings.TrimSpace(b.Reason+" "+b.Detail), b.By)
		if b.Mode == journal.ModeHalted || b.Mode == journal.ModeKilled {
			t.Level = "error"
		}
	case journal.External:
		t.Symbol, t.Head, t.Level = b.Row.Symbol, "foreign_order", "warn"
		t.Text = fmt.Sprintf("%s %s %s shares", b.Row.ID.Number, b.Row.Side, n(b.Row.Shares))
	case journal.Mismatch:
		t.Symbol, t.Level = b.Symbol, "warn"
		t.Text = fmt.Sprintf("book %s shares, broker %s", n(b.Expected), n(b.Broker))
		if b.Resolved {
			t.Head, t.Level = "mismatch_resolved", "info"
		}
	case journal.Operator:
		t.Strategy, t.Symbol, t.Head, t.Level = b.Strategy, b.Symbol, b.Act, "warn"
		t.Text = strings.TrimSpace(fmt.Sprintf("%s shares at %s, by %s %s", n(b.Shares), grouped(b.Price), b.By, b.Why))
	case journal.Note:
		t.Level, t.Text = b.Level, b.Text
	case journal.Snapshot:
		t.Text = fmt.Sprintf("cash %s, equity %s, %d holdings", grouped(b.Account.Cash), grouped(b.Account.Equity), len(b.Account.Holdings))
	case journal.Mark:
		t.Strategy, t.Symbol, t.Text = b.Strategy, b.Symbol, "highest "+grouped(b.Price)
	}
	return t
}

// trouble is what a person should know of the last day: newest first, a few.
func (s *server) trouble(ctx context.Context, now time.Time) ([]telling, error) {
	var out []telling
	q := journal.Query{Kinds: []string{"note", "mismatch", "external"}, Newest: true, Since: now.Add(-24 * time.Hour), Limit: 20}
	for e, err := range s.Journal.Entries(ctx, q) {
		if err != nil {
			return nil, err
		}
		if t := tell(e); t.Level != "info" && len(out) < 5 {
			out = append(out, t)
		}
	}
	return out, nil
}

// logPage is the journal in words.
type logPage struct {
	Kind  string
	Day   string
	Kinds []string
	Rows  []telling
	Older string
	Later bool
}

// loggedKinds are the kinds a person filters by; a page without a filter leaves out what repeats every minute.
var loggedKinds = [...]string{"start", "rules", "state", "slot", "decision", "refusal", "intent", "answer", "bind", "absent", "fill", "final", "cancel", "external", "mismatch", "operator", "note", "snapshot", "mark"}

func (s *server) log(w http.ResponseWriter, r *http.Request) {
	in := r.URL.Query()
	p := logPage{Kind: in.Get("kind"), Day: in.Get("day"), Kinds: loggedKinds[:], Later: in.Has("before")}
	q := journal.Query{Newest: true, Limit: 2 * rowsMax, Kinds: loggedKinds[:17]}
	if slices.Contains(p.Kinds, p.Kind) {
		q.Kinds = []string{p.Kind}
	}
	err := day(&q, p.Day)
	if err == nil {
		err = before(&q, in.Get("before"))
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err)
		return
	}
	for e, err := range s.Journal.Entries(r.Context(), q) {
		if err != nil {
			s.fail(w, r, http.StatusInternalServerError, err)
			return
		}
		p.Rows = append(p.Rows, tell(e))
	}
	if len(p.Rows) == q.Limit {
		in.Set("before", strconv.FormatInt(p.Rows[len(p.Rows)-1].Seq, 10))
		p.Older = "/log?" + in.Encode()
	}
	s.show(w, r, http.StatusOK, "log", "Log", p)
}
