package dashboard

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"maemae/journal"
	"maemae/market"
	"maemae/scheduler"
	"maemae/strategy"
)

// rowsMax is how many rows a page of a list has.
const rowsMax = 50

// todayPage is the daemon on one screen.
type todayPage struct {
	Read     time.Time // when the account was read; zero if never
	Equity   decimal.Decimal
	Cash     decimal.Decimal
	Change   decimal.Decimal // since the last snapshot of an earlier date, or the first of this one
	Ratio    decimal.Decimal
	Realised decimal.Decimal
	Session  session
	Next     []run
	Limits   []Limit
	Working  []journal.Order
	Held     []position
	Acts     []row
	Trouble  []telling
	Behind   bool // the curve does not reach the newest entry yet
}

// session is where the market's day stands.
type session struct {
	State string // before, open, auction, closed
	Open  time.Time
	Close time.Time
	Name  string // why hours are unusual, or why there are none
	Part  int64  // percent of the session that has passed
	Next  time.Time
}

// run is when a rule looks.
type run struct {
	Name string
	Due  time.Time
}

// position is what one strategy holds, valued at the broker's last price.
type position struct {
	journal.Holding
	Price  decimal.Decimal // zero if the broker gave none
	Value  decimal.Decimal
	Profit decimal.Decimal // before costs
	Return decimal.Decimal // ratio
}

func (s *server) today(w http.ResponseWriter, r *http.Request) {
	book, now := s.Journal.Book(), s.Now()
	p := todayPage{Session: sessionAt(s.Calendar, now), Next: s.next(now), Working: book.Working(""), Held: held(book), Realised: book.Realised(market.DateOf(now))}
	if s.Limits != nil {
		p.Limits = s.Limits()
	}
	curve, more, err := s.curveOf(r.Context())
	if err == nil {
		p.Behind = more
		if a, ok := book.Account(); ok {
			p.Read, p.Equity, p.Cash = a.At, a.Equity, a.Cash
			p.Change, p.Ratio = change(curve, a.Equity, market.DateOf(now))
		}
		p.Acts, err = s.acted(r.Context(), journal.Query{Limit: 8})
	}
	if err == nil {
		p.Trouble, err = s.trouble(r.Context(), now)
	}
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, err)
		return
	}
	s.show(w, r, http.StatusOK, "today", "Today", p)
}

// change is how far equity is from where the date began.
func change(curve []point, equity decimal.Decimal, date market.Date) (won, ratio decimal.Decimal) {
	began := equity
	for _, p := range slices.Backward(curve) {
		began = p.equity
		if market.DateOf(p.at) < date {
			break
		}
	}
	won = equity.Sub(began)
	if began.Sign() > 0 {
		ratio = won.DivRound(began, 8)
	}
	return won, ratio
}

func sessionAt(cal *market.Calendar, now time.Time) session {
	var out session
	day, err := cal.Session(market.DateOf(now))
	switch closed, is := errors.AsType[*market.ClosedError](err); {
	case is:
		out = session{State: "closed", Name: closed.Reason}
	case err != nil:
		out = session{State: "closed", Name: err.Error()}
	case now.Before(day.Open):
		return session{State: "before", Open: day.Open, Close: day.Close, Name: day.Name, Next: day.Open}
	case day.Contains(now):
		out = session{State: "open", Open: day.Open, Close: day.Close, Name: day.Name, Part: int64(100 * now.Sub(day.Open) / day.Close.Sub(day.Open))}
		if !day.Continuous(now) {
			out.State = "auction"
		}
		return out
	default:
		out = session{State: "closed", Open: day.Open, Close: day.Close, Name: day.Name, Part: 100}
	}
	if next, err := cal.NextSession(market.DateOf(now)); err == nil {
		out.Next = next.Open
	}
	return out
}

// next are the next moments of all rules, the soonest first.
func (s *server) next(now time.Time) []run {
	var out []run
	for _, rule := range s.Rules().Strategies {
		if w, err := scheduler.ParseWhen(rule.When); err == nil {
			if due, ok := w.Next(now, s.Calendar); ok {
				out = append(out, run{rule.Name, due})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b run) int { return a.Due.Compare(b.Due) })
	return out
}

func held(b *journal.Book) []position {
	account, _ := b.Account()
	var out []position
	for _, h := range b.Holdings() {
		p := position{Holding: h, Price: account.Holding(h.Symbol).Price}
		if n := decimal.NewFromInt(h.Shares); p.Price.Sign() > 0 && h.AveragePrice.Sign() > 0 {
			p.Value = p.Price.Mul(n)
			p.Profit = p.Value.Sub(h.AveragePrice.Mul(n)).Round(0)
			p.Return = p.Price.DivRound(h.AveragePrice, 8).Sub(decimal.NewFromInt(1))
		}
		out = append(out, p)
	}
	return out
}

// row is a decision in a list.
type row struct {
	Seq int64
	journal.Decision
	Refused string // code of the check that refused it
}

// decisionsPage is a list of decisions with its filter.
type decisionsPage struct {
	Strategy string
	Symbol   string
	Day      string
	Answer   string
	Rows     []row
	Names    []string
	Symbols  []market.Symbol
	Older    string // address of the next page; empty on the last
	Later    bool   // this is not the first page
}

func (s *server) decisions(w http.ResponseWriter, r *http.Request) {
	in := r.URL.Query()
	p := decisionsPage{Strategy: in.Get("strategy"), Symbol: in.Get("symbol"), Day: in.Get("day"), Answer: in.Get("answer"), Later: in.Has("before")}
	q := journal.Query{Strategy: p.Strategy, Symbol: market.Symbol(p.Symbol), Limit: rowsMax}
	err := errors.Join(day(&q, p.Day), before(&q, in.Get("before")))
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err)
		return
	}
	switch p.Answer {
	case "":
		p.Rows, err = s.answered(r.Context(), q)
	case "buy", "sell", "acted":
		p.Rows, err = s.acted(r.Context(), q)
	case "hold":
		p.Rows, err = s.answered(r.Context(), q)
	default:
		s.fail(w, r, http.StatusBadRequest, errors.New("an answer is buy, sell or hold"))
		return
	}
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, err)
		return
	}
	if len(p.Rows) == rowsMax {
		in.Set("before", strconv.FormatInt(p.Rows[len(p.Rows)-1].Seq, 10))
		p.Older = "/decisions?" + in.Encode()
	}
	p.Rows = slices.DeleteFunc(p.Rows, func(x row) bool {
		return p.Answer != "" && p.Answer != "acted" && string(x.Answer) != p.Answer
	})
	p.Names, p.Symbols = s.ruled()
	s.show(w, r, http.StatusOK, "decisions", "Decisions", p)
}

// answered are decisions, newest first.
func (s *server) answered(ctx context.Context, q journal.Query) ([]row, error) {
	q.Kinds, q.Newest = []string{"decision"}, true
	var out []row
	for e, err := range s.Journal.Entries(ctx, q) {
		if err != nil {
			return nil, err
		}
		if d, ok := e.Body.(journal.Decision); ok {
			out = append(out, row{Seq: e.Seq, Decision: d})
		}
	}
	return out, nil
}

// acted are the decisions that became an order or were refused, newest first. They are found by those, because among
// thousands of holds a search for them would read every one. Seq is that of the order or refusal.
func (s *server) acted(ctx context.Context, q journal.Query) ([]row, error) {
	q.Kinds, q.Newest = []string{"intent", "refusal"}, true
	var out []row
	for e, err := range s.Journal.Entries(ctx, q) {
		if err != nil {
			return nil, err
		}
		id, refused := "", ""
		switch b := e.Body.(type) {
		case journal.Intent:
			id = b.Decision
		case journal.Refusal:
			id, refused = b.Decision, b.Refusal.Code
		}
		for d, err := range s.Journal.Entries(ctx, journal.Query{Ref: id, Limit: 1}) {
			if err != nil {
				return nil, err
			}
			if d, ok := d.Body.(journal.Decision); ok {
				out = append(out, row{Seq: e.Seq, Decision: d, Refused: refused})
			}
		}
	}
	return out, nil
}

// ruled are the names and symbols of the rules in force, for filters.
func (s *server) ruled() (names []string, symbols []market.Symbol) {
	seen := map[market.Symbol]bool{}
	for _, rule := range s.Rules().Strategies {
		names = append(names, rule.Name)
		for _, symbol := range rule.Symbols {
			seen[symbol] = true
		}
	}
	for _, h := range s.Journal.Book().Holdings() {
		seen[h.Symbol] = true
	}
	return names, slices.Sorted(maps.Keys(seen))
}

// day narrows a query to one date.
func day(q *journal.Query, text string) error {
	if text == "" {
		return nil
	}
	d, err := market.ParseDate(text)
	if err != nil {
		return err
	}
	q.Since, q.Until = d.At(0, 0), d.Add(1).At(0, 0)
	return nil
}

// before narrows a query to entries older than a number.
func before(q *journal.Query, text string) (err error) {
	if text != "" {
		if q.Before, err = strconv.ParseInt(text, 10, 64); err != nil || q.Before < 1 {
			return errors.New("before is the number of an entry")
		}
	}
	return nil
}

// decisionPage is one decision: the rule's condition with every operand's value, the gate, the order's life.
type decisionPage struct {
	journal.Decision
	Refusals []journal.Refusal
	Orders   []journal.Intent
	Life     []telling
	Live     bool // something may still happen to its orders
}

func (s *server) decision(w http.ResponseWriter, r *http.Request) {
	var p decisionPage
	story := func(ref string) error {
		for e, err := range s.Journal.Entries(r.Context(), journal.Query{Ref: ref, Limit: 200}) {
			if err != nil {
				return err
			}
			switch b := e.Body.(type) {
			case journal.Decision:
				p.Decision = b
				continue
			case journal.Refusal:
				p.Refusals = append(p.Refusals, b)
			case journal.Intent:
				if ref != b.ID {
					p.Orders = append(p.Orders, b)
					continue // comes with its own entries
				}
			}
			p.Life = append(p.Life, tell(e))
		}
		return nil
	}
	err := story(r.PathValue("id"))
	for _, o := range p.Orders {
		err = errors.Join(err, story(o.ID))
		if order, ok := s.Journal.Book().Order(o.ID); ok && order.Phase != journal.PhaseFinal {
			p.Live = true
		}
	}
	switch {
	case err != nil:
		s.fail(w, r, http.StatusInternalServerError, err)
	case p.ID == "":
		s.fail(w, r, http.StatusNotFound, errors.New("there is no such decision in this journal"))
	default:
		s.show(w, r, http.StatusOK, "decision", string(p.Symbol)+" "+s.Name(p.Symbol), p)
	}
}

// strategyPage is one rule with what it did.
type strategyPage struct {
	*strategy.Strategy
	Yaml   string
	Next   time.Time
	Last   *journal.Slot
	Held   []position
	Sum    result
	Value  decimal.Decimal // of what it holds
	Result decimal.Decimal // sold and held, less bought, given and costs
}

func (s *server) strategies(w http.ResponseWriter, r *http.Request) {
	book := s.Journal.Book()
	results, more, err := s.resultsOf(r.Context())
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, err)
		return
	}
	source := ""
	if s.Source != nil {
		source = s.Source()
	}
	due := map[string]time.Time{}
	for _, n := range s.next(s.Now()) {
		due[n.Name] = n.Due
	}
	p := struct {
		Rules  journal.Rules
		List   []strategyPage
		Behind bool
	}{Rules: book.Rules(), Behind: more}
	all := held(book)
	for _, rule := range s.Rules().Strategies {
		x := strategyPage{Strategy: rule, Yaml: excerpt(source, rule.WhenLine), Next: due[rule.Name], Sum: results[rule.Name]}
		if slot, ok := book.Slot(rule.Name); ok {
			x.Last = &slot
		}
		for _, h := range all {
			if h.Strategy == rule.Name {
				x.Held = append(x.Held, h)
				x.Value = x.Value.Add(h.Value)
			}
		}
		x.Result = x.Sum.Sold.Add(x.Value).Sub(x.Sum.Bought).Sub(x.Sum.Given).Sub(x.Sum.Costs)
		p.List = append(p.List, x)
	}
	s.show(w, r, http.StatusOK, "strategies", "Strategies", p)
}

// excerpt is the list item of the file of rules that contains the line (from 1): from its dash to the next one as far
// out.
func excerpt(source string, line int) string {
	lines := strings.Split(source, "\n")
	outer := -1 // how far in the dashes of the list of strategies stand
	from, until := -1, len(lines)
	for i, l := range lines {
		trimmed := strings.TrimLeft(l, " ")
		if !strings.HasPrefix(trimmed, "- ") {
			continue
		}
		in := len(l) - len(trimmed)
		if outer < 0 {
			outer = in
		}
		if in > outer {
			continue
		}
		if i+1 > line {
			until = i
			break
		}
		from = i
	}
	if from < 0 {
		return ""
	}
	kept := lines[from:until]
	for len(kept) > 0 {
		last := strings.TrimSpace(kept[len(kept)-1])
		if last != "" && !strings.HasPrefix(last, "#") {
			break
		}
		kept = kept[:len(kept)-1] // the next rule's comment
	}
	return strings.Join(kept, "\n")
}

// ordersPage is a list of orders with their fills.
type ordersPage struct {
	Day   string
	Rows  []order
	Older string
	Later bool
}

// order is an intent and what became of it.
type order struct {
	journal.Intent
	Number string
	State  string
	Text   string // the broker's words
	Fill   journal.Fill
}

func (s *server) orders(w http.ResponseWriter, r *http.Request) {
	in := r.URL.Query()
	p := ordersPage{Day: in.Get("day"), Later: in.Has("before")}
	q := journal.Query{Kinds: []string{"intent"}, Newest: true, Limit: rowsMax}
	if err := errors.Join(day(&q, p.Day), before(&q, in.Get("before"))); err != nil {
		s.fail(w, r, http.StatusBadRequest, err)
		return
	}
	last := int64(0)
	for e, err := range s.Journal.Entries(r.Context(), q) {
		o := order{}
		if i, ok := e.Body.(journal.Intent); ok && err == nil {
			o, err = s.orderOf(r.Context(), i)
		}
		if err != nil {
			s.fail(w, r, http.StatusInternalServerError, err)
			return
		}
		p.Rows, last = append(p.Rows, o), e.Seq
	}
	if len(p.Rows) == rowsMax {
		in.Set("before", strconv.FormatInt(last, 10))
		p.Older = "/orders?" + in.Encode()
	}
	s.show(w, r, http.StatusOK, "orders", "Orders and fills", p)
}

// orderOf gathers what became of an intent.
func (s *server) orderOf(ctx context.Context, i journal.Intent) (order, error) {
	o := order{Intent: i, State: "sending"}
	for e, err := range s.Journal.Entries(ctx, journal.Query{Ref: i.ID}) {
		if err != nil {
			return o, err
		}
		switch b := e.Body.(type) {
		case journal.Answer:
			o.State, o.Text = string(b.Outcome), strings.TrimSpace(b.Code+" "+b.Text)
			o.Number = cmp.Or(b.ID.Number, o.Number)
		case journal.Bind:
			o.State, o.Number = "found", b.ID.Number
		case journal.Absent:
			o.State = "absent"
			if b.Final {
				o.State = "not_placed"
			}
		case journal.Fill:
			o.State, o.Fill = "filling", b
		case journal.Final:
			o.State = b.State
		}
	}
	return o, nil
}

// symbolsPage is every symbol of the rules with what is known of it.
type symbolLine struct {
	Symbol market.Symbol
	Last   journal.Decision // newest; zero if none
	Held   int64
}

func (s *server) symbols(w http.ResponseWriter, r *http.Request) {
	_, symbols := s.ruled()
	shares := map[market.Symbol]int64{}
	for _, h := range s.Journal.Book().Holdings() {
		shares[h.Symbol] += h.Shares
	}
	var list []symbolLine
	for _, symbol := range symbols {
		rows, err := s.answered(r.Context(), journal.Query{Symbol: symbol, Limit: 1})
		if err != nil {
			s.fail(w, r, http.StatusInternalServerError, err)
			return
		}
		line := symbolLine{Symbol: symbol, Held: shares[symbol]}
		if len(rows) > 0 {
			line.Last = rows[0].Decision
		}
		list = append(list, line)
	}
	s.show(w, r, http.StatusOK, "symbols", "Symbols", list)
}

// symbolPage is one symbol: its chart is drawn from /data/symbols.
type symbolPage struct {
	Symbol market.Symbol
	Names  []string // strategies that look at it
	Chosen string
	Data   string // address of the chart's data
	Held   []position
	Acts   []row
	Rows   []row
}

func (s *server) symbol(w http.ResponseWriter, r *http.Request) {
	symbol, err := market.ParseSymbol(r.PathValue("symbol"))
	if err != nil {
		s.fail(w, r, http.StatusNotFound, err)
		return
	}
	p := symbolPage{Symbol: symbol, Names: s.watchers(symbol), Chosen: r.URL.Query().Get("strategy")}
	for _, h := range held(s.Journal.Book()) {
		if h.Symbol == symbol {
			p.Held = append(p.Held, h)
		}
	}
	p.Acts, err = s.acted(r.Context(), journal.Query{Symbol: symbol, Limit: 10})
	if err == nil {
		p.Rows, err = s.answered(r.Context(), journal.Query{Symbol: symbol, Limit: 10})
	}
	if err != nil {
		s.fail(w, r, http.StatusInternalServerError, err)
		return
	}
	switch { // the rule that acted last, where none is asked for
	case p.Chosen != "":
	case len(p.Acts) > 0:
		p.Chosen = p.Acts[0].Strategy
	case len(p.Names) > 0:
		p.Chosen = p.Names[0]
	}
	p.Data = "/data/symbols/" + string(symbol) + "?" + url.Values{"strategy": {p.Chosen}}.Encode()
	s.show(w, r, http.StatusOK, "symbol", string(symbol)+" "+s.Name(symbol), p)
}

// watchers are the strategies that look at the symbol.
func (s *server) watchers(symbol market.Symbol) []string {
	var out []string
	for _, rule := range s.Rules().Strategies {
		if slices.Contains(rule.Symbols, symbol) {
			out = append(out, rule.Name)
		}
	}
	return out
}
