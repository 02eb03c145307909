package dashboard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"maemae/dashboard"
	"maemae/history"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

const token = "0123456789abcdef0123456789abcdef"

// stage is a dashboard over a canned journal: four simulated sessions of three rules, as the demo wrote them.
type stage struct {
	journal *journal.Journal
	entries []journal.Entry
	rules   string // besides the canned ones
	server  *httptest.Server
	host    string

	mu   sync.Mutex
	now  time.Time     // the daemon's clock
	gone time.Duration // what the machine's clock is ahead of the real one
	acts []string
}

func (s *stage) clock() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

func (s *stage) machine() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.gone)
}

func (s *stage) later(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.gone += d }

func (s *stage) act(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts = append(s.acts, text)
	return nil
}

func (s *stage) acted() string { s.mu.Lock(); defer s.mu.Unlock(); return strings.Join(s.acts, "; ") }

// append writes at the moment the daemon's clock shows.
func (s *stage) append(t testing.TB, bodies ...journal.Body) {
	t.Helper()
	if _, err := s.journal.Append(bodies...); err != nil {
		t.Fatal(err)
	}
}

// set builds the stage. ticks makes the streams look; nil never does.
func set(t testing.TB, ticks func(context.Context, time.Duration) <-chan time.Time) *stage {
	t.Helper()
	s := record(t, "")
	s.serve(t, ticks)
	return s
}

// record writes the canned entries into a new journal at the path; an empty one is in memory.
func record(t testing.TB, path string) *stage {
	t.Helper()
	s := &stage{}
	var err error
	if s.journal, err = journal.Open(path, journal.Options{Now: s.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.journal.Close() })
	s.replay(t)
	return s
}

// serve opens the dashboard.
func (s *stage) serve(t testing.TB, ticks func(context.Context, time.Duration) <-chan time.Time) {
	t.Helper()
	rules, err := os.ReadFile("testdata/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules = append(rules, s.rules...)
	file, problems := strategy.Load("rules.yaml", rules, strategy.Options{})
	if file == nil {
		t.Fatal(problems)
	}
	if ticks == nil {
		ticks = func(context.Context, time.Duration) <-chan time.Time { return make(chan time.Time) }
	}
	listener := httptest.NewUnstartedServer(nil)
	s.host = listener.Listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	h, err := dashboard.New(ctx, dashboard.Options{
		Journal: s.journal, Bars: bars, Rules: func() *strategy.File { return file }, Source: func() string { return string(rules) }, Calendar: market.KRX(),
		Acts: dashboard.Acts{
			Halt:   func(reason, by string) error { return s.act("halt " + reason + " by " + by) },
			Resume: func(_ context.Context, by string) error { return s.act("resume by " + by) },
			Kill:   func(reason, by string) error { return s.act("kill " + reason + " by " + by) },
		},
		Token: token, Hosts: []string{s.host}, Now: s.clock, Wall: s.machine, Every: ticks,
	})
	if err != nil {
		t.Fatal(err)
	}
	listener.Config.Handler = h
	listener.Start()
	s.server = listener
	t.Cleanup(func() { cancel(); listener.Close() })
}

// replay writes the canned entries, each at its own moment.
func (s *stage) replay(t testing.TB) {
	t.Helper()
	data, err := os.ReadFile("testdata/demo.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var together []journal.Body // of one moment
	flush := func() {
		e, err := s.journal.Append(together...)
		if err != nil {
			t.Fatal(err)
		}
		s.entries, together = append(s.entries, e...), nil
	}
	for text := range bytes.Lines(data) {
		var line struct {
			At   time.Time
			Kind string
			Body json.RawMessage
		}
		if err := json.Unmarshal(text, &line); err != nil {
			t.Fatal(err)
		}
		if len(together) > 0 && !line.At.Equal(s.clock()) {
			flush()
		}
		s.mu.Lock()
		s.now = line.At
		s.mu.Unlock()
		body, err := decode(line.Kind, line.Body)
		if err != nil {
			t.Fatal(err)
		}
		together = append(together, body)
	}
	flush()
}

func as[B journal.Body](text []byte) (journal.Body, error) {
	var b B
	err := json.Unmarshal(text, &b)
	return b, err
}

func decode(kind string, text []byte) (journal.Body, error) {
	switch kind {
	case "answer":
		return as[journal.Answer](text)
	case "decision":
		return as[journal.Decision](text)
	case "external":
		return as[journal.External](text)
	case "fill":
		return as[journal.Fill](text)
	case "final":
		return as[journal.Final](text)
	case "intent":
		return as[journal.Intent](text)
	case "mark":
		return as[journal.Mark](text)
	case "opening":
		return as[journal.Opening](text)
	case "refusal":
		return as[journal.Refusal](text)
	case "rules":
		return as[journal.Rules](text)
	case "slot":
		return as[journal.Slot](text)
	case "snapshot":
		return as[journal.Snapshot](text)
	case "start":
		return as[journal.Start](text)
	case "state":
		return as[journal.State](text)
	}
	return nil, fmt.Errorf("canned journal: kind %q", kind)
}

func bars(s market.Symbol) (history.Bars, error) {
	f, err := os.Open(filepath.Join("testdata", "bars", string(s)+".csv"))
	if err != nil {
		return history.Bars{}, fs.ErrNotExist
	}
	defer f.Close()
	return history.ReadCSV(string(s)+".csv", f)
}

// browser keeps cookies and does not follow redirects.
func (s *stage) browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// person is a browser that has logged in.
func (s *stage) person(t testing.TB) *http.Client {
	t.Helper()
	c := s.browser(t)
	res, err := c.Get(s.server.URL + "/login?token=" + token)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("login: %s", res.Status)
	}
	return c
}

// get reads a page of a person.
func (s *stage) get(t testing.TB, c *http.Client, path string) (status int, page string) {
	t.Helper()
	res, err := c.Get(s.server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// post sends a form with the word of this person's pages.
func (s *stage) post(t testing.TB, c *http.Client, path string, form url.Values) (status int, page string) {
	t.Helper()
	_, controls := s.get(t, c, "/controls")
	_, rest, _ := strings.Cut(controls, `name="csrf" value="`)
	word, _, _ := strings.Cut(rest, `"`)
	form.Set("csrf", word)
	res, err := c.PostForm(s.server.URL+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
