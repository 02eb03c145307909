package kis

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// noon is the market's clock in these tests: a Monday with an open session.
var noon = market.Date(20260105).At(12, 0)

const (
	testKey    = Secret("PSkeyCANARYkeyCANARYkeyCANARYkey0001")
	testSecret = Secret("secretCANARYsecretCANARY/+=secretCANARY")
	testNumber = "50123467"
)

// asked is a request as it reached the server.
type asked struct {
	path, tr, cont string
	header         http.Header
	query          map[string]string
	body           map[string]string
	raw            string
}

// answer is what the server says to the n-th request (from 0) of a path. A nil fn of a path is a test's mistake.
type answer func(w http.ResponseWriter, n int, a asked)

// stub is a server that answers as told and remembers what it was asked.
type stub struct {
	*httptest.Server
	mu      sync.Mutex
	asked   []asked
	counts  map[string]int
	answers map[string]answer
}

func newStub(t *testing.T, answers map[string]answer) *stub {
	t.Helper()
	s := &stub{counts: map[string]int{}, answers: map[string]answer{
		issueToken.path: func(w http.ResponseWriter, n int, _ asked) {
			say(w, 200, strings.ReplaceAll(golden(t, "token"), "test-token-1", fmt.Sprintf("test-token-%d", n+1)))
		},
		hashBody.path: func(w http.ResponseWriter, _ int, a asked) {
			say(w, 200, `{"BODY":`+a.raw+`,"HASH":"8b84068222a49302f7ef58226d90403f62e216828f8103465f900de0e7be2f0f"}`)
		},
	}}
	for path, fn := range answers {
		s.answers[path] = fn
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	a := asked{path: r.URL.Path, tr: r.Header.Get("tr_id"), cont: r.Header.Get("tr_cont"), header: r.Header,
		query: map[string]string{}, raw: string(data)}
	for key, values := range r.URL.Query() {
		a.query[key] = values[0]
	}
	_ = json.Unmarshal(data, &a.body)
	s.mu.Lock()
	n := s.counts[a.path]
	s.counts[a.path]++
	s.asked = append(s.asked, a)
	fn := s.answers[a.path]
	s.mu.Unlock()
	if fn == nil {
		http.NotFound(w, r)
		return
	}
	fn(w, n, a)
}

// count is how many requests of the path came.
func (s *stub) count(t tr) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[t.path]
}

// of is the requests of the path.
func (s *stub) of(t tr) (list []asked) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.asked {
		if a.path == t.path {
			list = append(list, a)
		}
	}
	return list
}

func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// always answers the same.
func always(status int, body string) answer {
	return func(w http.ResponseWriter, _ int, _ asked) { say(w, status, body) }
}

// file answers with a body of testdata.
func file(t *testing.T, name string) answer { return always(200, golden(t, name)) }

// first answers once with one, then with the other.
func first(one, then answer) answer {
	return func(w http.ResponseWriter, n int, a asked) {
		if n == 0 {
			one(w, n, a)
			return
		}
		then(w, n, a)
	}
}

// rejected is the body of an answer that says no.
func rejected(rt, code, text string) string {
	return fmt.Sprintf(`{"rt_cd":%q,"msg_cd":%q,"msg1":%q}`, rt, code, text)
}

func golden(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func options(t *testing.T, url string) Options {
	return Options{Env: Virtual, BaseURL: url, AppKey: testKey, AppSecret: testSecret,
		Account: Account{testNumber, "01"}, TokenDir: filepath.Join(t.TempDir(), "app"), Limit: rateMaxLocal,
		Hashkey: true, Now: func() time.Time { return noon }}
}

// open is a client that loses no time between tries.
func open(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.pause = time.Millisecond
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// fresh is a virtual client of a stub.
func fresh(t *testing.T, answers map[string]answer) (*Client, *stub) {
	t.Helper()
	s := newStub(t, answers)
	return open(t, options(t, s.URL)), s
}

// connect is a virtual client of a stub that has its token.
func connect(t *testing.T, answers map[string]answer) (*Client, *stub) {
	t.Helper()
	c, s := fresh(t, answers)
	c.tokens.know("eyJ0eXAiOiJKV1QifQ.test-token-1.sig")
	return c, s
}

// pretendReal makes a client of a stub speak as on real; only here can the two meet.
func pretendReal(c *Client) *Client {
	c.opts.Env = Real
	return c
}

func buy(shares int64) broker.Order {
	return broker.Order{Symbol: "005930", Side: broker.Buy, Type: broker.Market, Shares: shares}
}

func limitOrder(side broker.Side, kind broker.Type, shares int64, price int64) broker.Order {
	return broker.Order{Symbol: "005930", Side: side, Type: kind, Shares: shares, Price: decimal.NewFromInt(price)}
}

func permit(o broker.Order) broker.Permit { return broker.NewPermit(o, noon.Add(time.Minute)) }

func won(n int64) decimal.Decimal { return decimal.NewFromInt(n) }

// kind demands an error of the port of that kind.
func kind(t *testing.T, err error, want broker.Kind) *broker.Error {
	t.Helper()
	e, ok := err.(*broker.Error)
	if !ok || e.Kind != want || e.Op == "" {
		t.Fatalf("error %v, want one of the port, kind %s", err, want)
	}
	return e
}

func place(t *testing.T, c *Client, o broker.Order) (broker.Receipt, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return c.Place(ctx, permit(o))
}
