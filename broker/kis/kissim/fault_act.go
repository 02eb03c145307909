package kissim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// act is what a fault can do: to the call, to the ledger, or to the answer on its way out.
type act struct {
	on           []string // the services it fits; nil is every one
	needs, takes []string // the words of a line it must and may have
	timed        bool     // before or after the execution of the call

	enter  func(*Server, *call)                                                        // before the call is executed; the lock is held
	answer func(*Server, *call, *answer)                                               // what goes out in place of the answer
	send   func(s *Server, w http.ResponseWriter, r *http.Request, c *call, a *answer) // how it goes out
}

var (
	ledger = []string{"order-cash"}
	lists  = []string{"inquire-daily-ccld", "inquire-balance"}
	orders = []string{"inquire-daily-ccld"}
)

// acts are the words of a script.
var acts = map[string]act{
	// The wire.
	"lose":     {timed: true, send: cutOff},                                                               // the connection is cut without an answer
	"hang":     {timed: true, send: hang},                                                                 // no answer until the caller gives up
	"late":     {needs: []string{"for"}, send: cutOff},                                                    // cut, and executed so much later
	"slow":     {timed: true, needs: []string{"for"}},                                                     // the answer takes so long
	"status":   {timed: true, needs: []string{"status"}, answer: page500},                                 // that status and a page of HTML
	"code":     {timed: true, needs: []string{"code"}, takes: []string{"text", "status"}, answer: refuse}, // that refusal
	"truncate": {answer: func(_ *Server, _ *call, a *answer) { a.body = a.body[:len(a.body)/2] }},
	"break":    {send: breakOff}, // the connection is cut in the middle of the body
	"empty":    {answer: func(_ *Server, _ *call, a *answer) { a.body = nil }},
	"null":     {answer: func(_ *Server, _ *call, a *answer) { a.body = []byte("null") }},
	"html":     {answer: maintenance}, // the page of the nightly maintenance, with status 200
	"huge":     {answer: func(_ *Server, _ *call, a *answer) { a.body = append(bytes.Repeat([]byte(" "), 10<<20), a.body...) }},
	"bom":      {answer: func(_ *Server, _ *call, a *answer) { a.body = append([]byte("\ufeff"), a.body...) }},
	"gzip":     {answer: func(_ *Server, _ *call, a *answer) { a.header.Set("Content-Encoding", "gzip") }}, // says so, and is not
	"drip":     {needs: []string{"for"}, send: drip},                                                       // a byte at a time, so far apart in real time

	// What the answer says.
	"set":    {needs: []string{"field", "value"}, answer: edit},
	"rename": {needs: []string{"field", "as"}, answer: edit},
	"remove": {needs: []string{"field"}, answer: edit},
	"number": {on: ledger, answer: sameNumber}, // the number of the order before

	// Lists.
	"lag":     {on: orders, needs: []string{"for"}},                   // does not show orders that young
	"stale":   {on: lists, takes: []string{"back"}, answer: oldPage},  // the answer of so many calls before
	"no-rows": {on: lists, answer: cutPage},                           // nothing, and that is all
	"cut":     {on: lists, needs: []string{"rows"}, answer: cutPage},  // the first rows, and that is all
	"again":   {on: lists, answer: samePage},                          // says that more follows, and gives the same for ever
	"twice":   {on: lists, answer: repeatRow},                         // a row comes twice
	"changed": {on: lists, answer: refuse, takes: []string{"status"}}, // the rows moved while they were read

	// The ledger.
	"partial": {on: ledger, needs: []string{"shares"}, takes: []string{"for"}}, // fills so many shares at a time
	"reject":  {on: ledger, takes: []string{"for"}},                            // accepted, and rejected so much later
	"cancel":  {enter: cancelAll},                                              // whatever is open is cancelled by the exchange
	"order":   {needs: []string{"side", "symbol", "shares"}, takes: []string{"price"}, enter: byPerson},

	// The gateway.
	"revoke": {enter: revokeAll}, // the token is dead
}

func actNames() []string { return slices.Sorted(maps.Keys(acts)) }

// answer is a reply as bytes.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that hung up wants no answer
}

// suffer serves a call that a fault struck.
func (s *Server) suffer(w http.ResponseWriter, r *http.Request, c *call) {
	f, what := c.fault, acts[c.fault.Do]
	var a *answer
	switch {
	case f.Do == "late":
		s.postpone(c)
	case what.timed && f.When != "after" && f.Do != "slow":
		a = s.word(c, s.unserved())
	case f.Do == "slow" && f.When != "after":
		s.delay(time.Duration(f.For))
		a = s.word(c, s.serve(c))
	default:
		a = s.word(c, s.serve(c))
		if f.Do == "slow" {
			s.delay(time.Duration(f.For))
		}
	}
	if a != nil {
		s.keep(c, a)
	}
	if what.answer != nil {
		what.answer(s, c, a)
	}
	if what.send != nil {
		what.send(s, w, r, c, a)
		return
	}
	a.write(w)
}

// unserved stands for the answer of a call that was not executed.
func (s *Server) unserved() *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return &reply{status: http.StatusBadGateway, body: object{}, at: s.exchange.at, id: s.calls}
}

// delay lets so much of the market's time pass: at once where the clock is stepped.
func (s *Server) delay(d time.Duration) {
	s.mu.Lock()
	stepped := s.clock.mode == Stepped
	if to := s.clock.now().Add(d); stepped && !s.exchange.over(to) {
		s.clock.set(to)
	}
	s.mu.Unlock()
	if !stepped {
		time.Sleep(d)
	}
}

// delayed is a call that will be executed later, though its caller was cut off.
type delayed struct {
	at time.Time
	*call
}

func (s *Server) postpone(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later = append(s.later, delayed{s.exchange.at.Add(time.Duration(c.fault.For)), c})
	slices.SortStableFunc(s.later, func(a, b delayed) int { return a.at.Compare(b.at) })
}

func cutOff(_ *Server, _ http.ResponseWriter, _ *http.Request, _ *call, _ *answer) {
	panic(http.ErrAbortHandler)
}

func hang(_ *Server, _ http.ResponseWriter, r *http.Request, _ *call, _ *answer) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func breakOff(_ *Server, w http.ResponseWriter, _ *http.Request, _ *call, a *answer) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", fmt.Sprint(len(a.body)))
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body[:len(a.body)/2])
	_ = http.NewResponseController(w).Flush() // then it is cut off anyway
	panic(http.ErrAbortHandler)
}

func drip(_ *Server, w http.ResponseWriter, r *http.Request, c *call, a *answer) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	tick := time.NewTicker(max(time.Duration(c.fault.For), time.Millisecond))
	defer tick.Stop()
	for i := range a.body {
		if _, err := w.Write(a.body[i : i+1]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush() // a caller that hung up ends the loop
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

func page500(_ *Server, c *call, a *answer) {
	a.status = c.fault.HTTP
	if a.status/100 == 3 {
		a.header.Set("Location", c.path)
	}
	html(a, fmt.Sprintf("<html><body><h1>%d %s</h1></body></html>", a.status, http.StatusText(a.status)))
}

func maintenance(_ *Server, _ *call, a *answer) {
	html(a, "<html><body><h1>시스템 점검 중입니다.</h1></body></html>")
}

func html(a *answer, text string) {
	a.header.Set("Content-Type", "text/html; charset=utf-8")
	a.body = []byte(text)
}

// refuse says no with a code. Codes of the gateways come with status 500.
func refuse(_ *Server, c *call, a *answer) {
	f := *c.fault
	if f.Do == "changed" {
		f.Code, f.Text, f.HTTP = "APBK9999", "조회이후에 자료가 변경되었습니다.(다시 조회하세요)", http.StatusOK
	}
	if a.status = f.HTTP; a.status == 0 {
		a.status = http.StatusOK
		if strings.HasPrefix(f.Code, "EGW") || strings.HasPrefix(f.Code, "IGW") {
			a.status = http.StatusInternalServerError
		}
	}
	body := object{{"rt_cd", "1"}, {"msg_cd", f.Code}, {"msg1", f.Text}}
	if strings.HasPrefix(c.path, "/oauth2/") {
		body = object{{"error_description", f.Text}, {"error_code", f.Code}}
	}
	a.body, _ = json.Marshal(body) // of texts only
	delete(a.header, "tr_cont")
}

// tree reads a body that keeps numbers and the rest as they are.
func (a *answer) tree() map[string]any {
	var t map[string]any
	if json.Unmarshal(a.body, &t) != nil {
		return nil
	}
	return t
}

func (a *answer) set(t map[string]any) {
	if body, err := json.Marshal(t); err == nil {
		a.body = body
	}
}

// edit changes a field wherever the answer has it.
func edit(_ *Server, c *call, a *answer) {
	t := a.tree()
	change(t, *c.fault)
	a.set(t)
}

func change(at any, f Fault) {
	switch at := at.(type) {
	case []any:
		for _, v := range at {
			change(v, f)
		}
	case map[string]any:
		for _, v := range at {
			change(v, f)
		}
		old, has := at[f.Field]
		if !has {
			return
		}
		switch f.Do {
		case "set":
			at[f.Field] = f.Value
		case "rename":
			at[f.As] = old
			fallthrough
		default:
			delete(at, f.Field)
		}
	}
}

// sameNumber gives the number of the newest order before.
func sameNumber(s *Server, c *call, a *answer) {
	s.mu.Lock()
	n := s.exchange.number - 1
	s.mu.Unlock()
	value, _ := json.Marshal(number(max(n, 1))) // a text
	f := *c.fault
	f.Do, f.Field, f.Value = "set", "ODNO", value
	t := a.tree()
	change(t, f)
	a.set(t)
}

// Lists.

// keptPages is how many answers of a list are kept for stale ones.
const keptPages = 16

// keep remembers the answers of lists, while a script has stale ones.
func (s *Server) keep(c *call, a *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stale := slices.ContainsFunc(s.faults, func(l *line) bool { return l.Do == "stale" && l.On == service(c.path) })
	if !stale || a.status != http.StatusOK {
		return
	}
	if s.said == nil {
		s.said = map[string][]answer{}
	}
	key := c.path + "?" + c.asked
	all := append(s.said[key], answer{a.status, a.header.Clone(), bytes.Clone(a.body)})
	s.said[key] = all[max(0, len(all)-keptPages):]
}

func oldPage(s *Server, c *call, a *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.said[c.path+"?"+c.asked]
	if len(all) == 0 {
		return
	}
	old := all[max(0, len(all)-1-max(c.fault.Back, 1))]
	date := a.header.Get("Date")
	a.status, a.header, a.body = old.status, old.header.Clone(), bytes.Clone(old.body)
	a.header.Set("Date", date)
}

func cutPage(_ *Server, c *call, a *answer) {
	t := a.tree()
	rows, _ := t["output1"].([]any)
	t["output1"] = append([]any{}, rows[:min(len(rows), c.fault.Rows)]...)
	a.set(t)
	a.header["tr_cont"] = []string{"D"}
}

func samePage(_ *Server, _ *call, a *answer) {
	t := a.tree()
	t["ctx_area_nk100"] = padded("again", contextWidth)
	a.set(t)
	a.header["tr_cont"] = []string{"M"}
}

func repeatRow(_ *Server, _ *call, a *answer) {
	t := a.tree()
	if rows, _ := t["output1"].([]any); len(rows) > 0 {
		t["output1"] = append(rows, rows[0])
	}
	a.set(t)
}

// The ledger.

// cancelAll is the exchange that takes every order off the book: a halt, a break, the end of the day.
func cancelAll(s *Server, _ *call) {
	n := 0
	for _, o := range s.exchange.orders[s.exchange.today():] {
		if rest := o.rest(); rest > 0 && s.exchange.reduce(o, rest) == nil {
			n++
		}
	}
	s.note("%d orders", n)
}

// byPerson is an order that the account's owner enters on a screen.
func byPerson(s *Server, c *call) {
	f := c.fault
	o := &order{account: s.exchange.accounts[s.options.Account], side: f.Side, shares: f.Shares, price: f.Price, kind: kindLimit,
		venue: "KRX", channel: screen, issue: s.exchange.find(f.Symbol)}
	if f.Price == 0 {
		o.kind = kindMarket
	}
	refusal := s.say(unknownIssue)
	if o.issue != nil {
		refusal = s.check(o)
	}
	if refusal == nil {
		refusal = s.accept(o, bought)
	}
	s.note("%s %s", refusal.number, refusal.code())
}

func revokeAll(s *Server, _ *call) {
	for _, k := range s.credentials {
		k.token = ""
	}
}
