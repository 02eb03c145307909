package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
)

// programPath is the program under test: this test binary standing in for it, or with -program one that was built.
var programPath = flag.String("program", "maemae", "the program to test: the path of a built maemae, or the test binary itself")

// sending is an order as it arrived at the simulator.
type sending struct {
	intent string         // the newest intent on disk at that moment: the cause
	id     broker.OrderID // of the order it became; zero if none
	order  broker.Order
	first  time.Time // when the kernel took its first byte
}

// line lies between the daemon and the simulator. It sees every order when it arrives, and who caused it: the intent that
// was on disk then. A trap on it kills the daemon in the midst of one.
type line struct {
	*field
	mu    sync.Mutex
	read  *journal.Journal // opened with the first order
	sent  []sending
	trap  *trap
	soon  chan struct{} // told, if anyone listens, that an order is about to come: its body is being signed
	doubt []string      // what was wrong with an arriving order
}

// trap kills at an order from now on.
type trap struct {
	after  int // orders that pass before
	stage  stage
	within time.Duration // after the answer
	kill   func()
	struck chan struct{}
}

// stage is how far an order comes before the daemon dies.
type stage int

const (
	lost     stage = iota // arrived, and is never executed
	arrived               // arrived, and is executed after the death
	executed              // executed, and never answered
	answered              // answered, and the answer may have been read
	stages
)

func (s stage) String() string {
	return [...]string{"lost", "arrived", "executed", "answered"}[s]
}

func (l *line) through(f *field, sim http.Handler) http.Handler {
	l.field, l.soon = f, make(chan struct{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/order-cash") {
			sim.ServeHTTP(w, r)
			if strings.HasSuffix(r.URL.Path, "/hashkey") {
				select {
				case l.soon <- struct{}{}:
				default:
				}
			}
			return
		}
		first := arrivalOf(r.Context())
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the daemon died in the midst of the request: KIS would not know it either
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		l.order(w, r, body, first, sim)
	})
}

func (l *line) order(w http.ResponseWriter, r *http.Request, body []byte, first time.Time, sim http.Handler) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.sprung()
	s := l.arrives(r, body, first)
	if t != nil && t.stage <= arrived {
		t.kill()
		if t.stage == lost {
			l.sent = append(l.sent, s)
			close(t.struck)
			return
		}
	}
	answer := httptest.NewRecorder()
	sim.ServeHTTP(answer, r)
	log := l.sim.OrderLog()
	if p := log[len(log)-1]; p.Number != "" {
		s.id = broker.OrderID{Date: market.DateOf(p.At), Number: p.Number}
	}
	l.sent = append(l.sent, s)
	if t != nil && t.stage == executed {
		t.kill()
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the daemon may be dead
	if t == nil {
		return
	}
	if t.stage == answered {
		_ = http.NewResponseController(w).Flush()
		time.Sleep(t.within)
		t.kill()
	}
	close(t.struck)
}

// sprung is the trap if this order is the one; the lock is held.
func (l *line) sprung() *trap {
	t := l.trap
	if t == nil {
		return nil
	}
	if t.after--; t.after >= 0 {
		return nil
	}
	l.trap = nil
	return t
}

// set lays a trap, or with nil takes it away; it tells whether one lay there still.
func (l *line) set(t *trap) (there bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	there = l.trap != nil
	l.trap = t
	return there
}

// arrives finds the cause of an order: its intent must be on disk before its first byte is here, and say the same.
func (l *line) arrives(r *http.Request, body []byte, first time.Time) sending {
	s := sending{first: first}
	doubt := func(text string) { l.doubt = append(l.doubt, text+": "+string(body)) }
	if l.read == nil {
		j, err := journal.Open(filepath.Join(l.dir, "state", "journal.db"), journal.Options{ReadOnly: true})
		if err != nil {
			doubt("an order arrived and the journal cannot be read: " + err.Error())
			return s
		}
		l.read = j
		l.t.Cleanup(func() { j.Close() })
	}
	for e, err := range l.read.Entries(context.Background(), journal.Query{Kinds: []string{journal.Intent{}.Kind()}, Newest: true, Limit: 1}) {
		if err != nil {
			doubt("an order arrived and the journal cannot be read: " + err.Error())
			return s
		}
		if i, ok := e.Body.(journal.Intent); ok {
			s.intent, s.order = i.ID, i.Order
		}
	}
	var in map[string]string
	if err := json.Unmarshal(body, &in); err != nil {
		doubt("an order that is no JSON")
		return s
	}
	side := map[string]broker.Side{"VTTC0012U": broker.Buy, "VTTC0011U": broker.Sell}[r.Header.Get("tr_id")]
	if side != s.order.Side || in["PDNO"] != string(s.order.Symbol) || in["ORD_QTY"] != strconv.FormatInt(s.order.Shares, 10) ||
		s.order.Type == broker.Market != (in["ORD_DVSN"] == "01") || s.order.Type != broker.Market && in["ORD_UNPR"] != s.order.Price.String() {
		doubt("the newest intent on disk is " + s.intent + " (" + s.order.String() + "), and another order arrives")
	}
	for _, before := range l.sent {
		if before.intent == s.intent {
			doubt("intent " + s.intent + " is sent again")
		}
	}
	return s
}

// orders are those that arrived so far.
func (l *line) orders() []sending {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]sending(nil), l.sent...)
}

// judgeOrders holds what the journal says of orders against what the line saw of them, and counts those that were executed.
func (l *line) judgeOrders() (executed int) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, text := range l.doubt {
		l.t.Error(text)
	}
	owner := map[string]string{}
	bind := func(intent string, id broker.OrderID) {
		if other, taken := owner[id.Key()]; taken && other != intent {
			l.t.Errorf("order %s belongs to %s and %s", id.Key(), other, intent)
		}
		owner[id.Key()] = intent
	}
	for e, err := range l.journal().Entries(l.t.Context(), journal.Query{}) {
		if err != nil {
			l.t.Fatal(err)
		}
		switch b := e.Body.(type) {
		case journal.Answer:
			if b.Outcome == journal.Accepted {
				bind(b.Intent, b.ID)
			}
		case journal.Bind:
			bind(b.Intent, b.ID)
		}
	}
	made := map[string]string{}
	for _, s := range l.sent {
		if s.id.Number == "" {
			continue
		}
		executed++
		key := s.id.Key()
		if twice, again := made[s.intent]; again {
			l.t.Errorf("duplicate: %s became orders %s and %s", s.intent, twice, key)
		}
		made[s.intent] = key
		switch got := owner[key]; got {
		case s.intent:
		case "":
			l.t.Errorf("lost: order %s of %s belongs to no intent", key, s.intent)
		default:
			l.t.Errorf("wrongly bound: order %s of %s belongs to %s", key, s.intent, got)
		}
		delete(owner, key)
	}
	for key, intent := range owner {
		l.t.Errorf("wrongly bound: %s claims order %s, which it did not cause", intent, key)
	}
	return executed
}

// A stampedListener's connections know when the kernel took their first byte, which is when the other side sent it: how
// late this busy process comes to read it does not count.
type stampedListener struct{ net.Listener }

type stampedConn struct {
	*net.TCPConn
	first time.Time
}

func (l stampedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn)
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	_ = raw.Control(func(fd uintptr) { // without it the moment of reading counts
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
	})
	return &stampedConn{TCPConn: tcp}, nil
}

// Read asks the first time for the kernel's stamp too.
func (c *stampedConn) Read(p []byte) (n int, err error) {
	if !c.first.IsZero() {
		return c.TCPConn.Read(p)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	extra := make([]byte, 128)
	var got, failure = 0, error(nil)
	err = raw.Read(func(fd uintptr) bool {
		got, failure = 0, nil
		var used int
		got, used, _, _, failure = syscall.Recvmsg(int(fd), p, extra, 0)
		if failure == syscall.EAGAIN || failure == syscall.EINTR {
			return false
		}
		extra = extra[:max(used, 0)]
		return true
	})
	switch {
	case err != nil:
		return 0, err
	case failure != nil:
		return 0, os.NewSyscallError("recvmsg", failure)
	case got == 0 && len(p) > 0:
		return 0, io.EOF
	}
	c.first = stampIn(extra)
	return got, nil
}

func stampIn(control []byte) time.Time {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return time.Now()
	}
	for _, m := range messages {
		if m.Header.Level == syscall.SOL_SOCKET && m.Header.Type == syscall.SCM_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(syscall.Timespec{})) {
			ts := (*syscall.Timespec)(unsafe.Pointer(&m.Data[0]))
			return time.Unix(ts.Unix())
		}
	}
	return time.Now()
}

type arrivalKey struct{}

func withArrival(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, arrivalKey{}, c)
}

// arrivalOf is when the first byte of the request's connection was sent: orders have one of their own.
func arrivalOf(ctx context.Context) time.Time {
	if c, ok := ctx.Value(arrivalKey{}).(*stampedConn); ok {
		return c.first
	}
	return time.Now()
}
