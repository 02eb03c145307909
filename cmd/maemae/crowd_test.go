package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

var crowdSessions = flag.Int("crowd", 0, "TestAThousandStreamsDelayNoSlot: how many sessions to measure; 0 measures nothing")

const crowdDay = market.Date(20240507) // a Tuesday

// shownField is a field whose daemon has a dashboard, and one rule.
type shownField struct {
	*field
	at     string // host and port of the dashboard
	cookie string
}

func newShownField(t *testing.T, when string, symbols int) *shownField {
	t.Helper()
	at := freeAddress(t)
	o := kissim.Options{Data: "testdata/krx-daily", Start: crowdDay.At(8, 0)}
	rules := strings.Replace(goldenCross(krxSymbols(t)[:symbols]...), "close - 15m", when, 1)
	f := &shownField{field: newField(t, o, rules), at: at}
	config, err := os.ReadFile(filepath.Join(f.dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f.write("config.yaml", fmt.Sprintf("%sdashboard: {listen: %q}\nlog: {format: json}\n", config, at))
	return f
}

// login waits for the dashboard and gets its cookie.
func (f *shownField) login() {
	f.t.Helper()
	f.wait("the dashboard", func() bool {
		c, err := net.Dial("tcp", f.at)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	token, err := os.ReadFile(filepath.Join(f.dir, "state", tokenFile))
	if err != nil {
		f.t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(f.request("POST", "/login", "token="+strings.TrimSpace(string(token))))
	if err != nil {
		f.t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		f.t.Fatalf("login: %s", res.Status)
	}
	f.cookie = res.Header.Get("Set-Cookie")
	f.cookie, _, _ = strings.Cut(f.cookie, ";")
}

// request is one that a browser which has logged in would send.
func (f *shownField) request(method, path, body string) *http.Request {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, "http://"+f.at+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if f.cookie != "" {
		r.Header.Set("Cookie", f.cookie)
	}
	return r
}

// page is a page of the dashboard, read on a connection of its own.
func (f *shownField) page(path string) (status int, text string) {
	f.t.Helper()
	r := f.request("GET", path, "")
	r.Close = true
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res.StatusCode, string(all)
}

// What a page on the net or a neighbour may send to the real daemon: none of it is answered with a page, none of it acts.
func TestTheRunningDaemonsDashboardRefusesWhatIsNotAPersons(t *testing.T) {
	t.Parallel()
	f := newShownField(t, "close - 15m", 1)
	c := f.daemon()
	f.login()
	for _, x := range []struct {
		name, method, path, body string
		change                   func(*http.Request)
		want                     []int
	}{
		{"another name", "GET", "/", "", func(r *http.Request) { r.Host = "evil.example" }, []int{421}},
		{"no cookie", "GET", "/", "", func(r *http.Request) { r.Header.Del("Cookie") }, []int{401}},
		{"no cookie: live", "GET", "/events", "", func(r *http.Request) { r.Header.Del("Cookie") }, []int{401}},
		{"another site's form", "POST", "/controls/kill", "word=kill&reason=x", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, []int{403}},
		{"another origin's form", "POST", "/controls/kill", "word=kill&reason=x", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, []int{403}},
		{"a form without its word", "POST", "/controls/kill", "word=kill&reason=x", nil, []int{403}},
		{"a path out of the files", "GET", "/assets/../../dashboard-token", "", nil, []int{301, 307, 404}},
		{"the same, encoded", "GET", "/assets/..%2f..%2fdashboard-token", "", nil, []int{404}},
		{"a path to a file of the machine", "GET", "/symbols/..%2f..%2f..%2fetc%2fpasswd", "", nil, []int{404}},
		{"ten megabytes", "POST", "/controls/halt", strings.Repeat("a", 10<<20), nil, []int{413}},
		{"a header of a megabyte", "GET", "/", "", func(r *http.Request) { r.Header.Set("X-Long", strings.Repeat("a", 1<<20)) }, []int{431}},
	} {
		r := f.request(x.method, x.path, x.body)
		r.Close = true
		if x.change != nil {
			x.change(r)
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil { // hung up on before everything was said
			if len(x.body)+len(r.Header.Get("X-Long")) < 1<<20 {
				t.Errorf("%s: %v", x.name, err)
			}
			continue
		}
		text, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if !slices.Contains(x.want, res.StatusCode) || bytes.Contains(text, []byte("root:")) {
			t.Errorf("%s: %s %.200s", x.name, res.Status, text)
		}
	}
	if status, page := f.page("/"); status != 200 || !strings.Contains(page, "golden-cross") {
		t.Errorf("a person's page afterwards: %d", status)
	}
	f.stop(c)
	if s := f.journal().Book().State(); s.Mode != journal.ModeActive && s.Mode != journal.ModeReconciling {
		t.Errorf("something acted: %+v", s)
	}
}

// crowd are connections that all want to follow the daemon live and come back when they are refused.
type crowd struct {
	streams atomic.Int64 // that were ever answered with one
	refused atomic.Int64 // with 503, or hung up on
	leave   context.CancelFunc
	gone    sync.WaitGroup
}

func (f *shownField) gather(n int) *crowd {
	ctx, leave := context.WithCancel(context.Background())
	c := &crowd{leave: leave}
	ask := "GET /events HTTP/1.1\r\nHost: " + f.at + "\r\nCookie: " + f.cookie + "\r\n\r\n"
	for range n {
		c.gone.Go(func() {
			for ctx.Err() == nil {
				if !c.follow(ctx, f.at, ask) {
					c.refused.Add(1)
				}
				select {
				case <-ctx.Done():
				case <-time.After(10 * time.Second): // what Retry-After asks for
				}
			}
		})
	}
	return c
}

// follow reads one stream to its end; false without one.
func (c *crowd) follow(ctx context.Context, at, ask string) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", at)
	if err != nil {
		return false
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, err := io.WriteString(conn, ask); err != nil {
		return false
	}
	in := bufio.NewReader(conn)
	if first, err := in.ReadString('\n'); err != nil || !strings.Contains(first, " 200 ") {
		return false
	}
	c.streams.Add(1)
	_, _ = io.Copy(io.Discard, in) // until one side has enough
	return true
}

func (c *crowd) disperse() { c.leave(); c.gone.Wait() }

// A thousand connections ask to follow the daemon live while it trades: some are let, the others are refused, every slot
// runs, and a person's page still opens. With -crowd N the time that slots take is measured beside it, the crowd there and
// gone in turn.
func TestAThousandStreamsDelayNoSlot(t *testing.T) {
	t.Parallel()
	when, symbols := "every 30m", 1
	if *crowdSessions > 0 {
		when, symbols = "every 5m", 30
	}
	f := newShownField(t, when, symbols)
	c := f.daemon()
	f.login()
	hold := f.hold(crowdDay.At(9, 30))
	crowd := f.gather(1000)
	f.wait("everybody to have asked", func() bool { return crowd.streams.Load()+crowd.refused.Load() >= 1000 })
	if n := crowd.streams.Load(); n == 0 || crowd.refused.Load() == 0 {
		t.Errorf("%d streams, %d refused", n, crowd.refused.Load())
	}
	hold()
	f.until(crowdDay.At(16, 0))
	crowd.disperse()
	if status, _ := f.page("/"); status != 200 {
		t.Errorf("a page after them: %d", status)
	}
	present := f.measure()
	f.stop(c)
	for e, err := range f.journal().Entries(t.Context(), journal.Query{Kinds: []string{"slot"}}) {
		if s, ok := e.Body.(journal.Slot); err != nil || ok && s.Outcome != "ran" && s.Outcome != "closed" {
			t.Errorf("%v %+v", err, s)
		}
	}
	f.compare(present)
}

// span is a stretch of the market's time.
type span struct{ from, until time.Time }

// measure lets the crowd come for every second session of -crowd and gives the stretches in which it was all there.
func (f *shownField) measure() (present []span) {
	for range *crowdSessions / 2 {
		f.until(f.sim.Now().Add(24 * time.Hour))
		crowd := f.gather(1000)
		f.wait("everybody to have asked", func() bool { return crowd.streams.Load()+crowd.refused.Load() >= 1000 })
		from := f.sim.Now()
		f.until(from.Add(24 * time.Hour))
		present = append(present, span{from, f.sim.Now()})
		crowd.disperse()
	}
	return present
}

// compare prints what the log says of how long slots took with the crowd and without.
func (f *shownField) compare(present []span) {
	if len(present) == 0 {
		return
	}
	var with, without []float64
	for line := range strings.Lines(f.out.String()) {
		var said struct {
			What string
			Due  string
			Took float64
		}
		if json.Unmarshal([]byte(line), &said) != nil || said.What != "slot done" {
			continue
		}
		due, err := time.Parse("2006-01-02T15:04:05.000-07:00", said.Due)
		if err != nil {
			f.t.Fatal(err)
		}
		in := slices.ContainsFunc(present, func(s span) bool { return due.After(s.from) && due.Before(s.until) })
		if in {
			with = append(with, said.Took*1000)
		} else if due.After(present[0].from) {
			without = append(without, said.Took*1000)
		}
	}
	slices.Sort(with)
	slices.Sort(without)
	at := func(all []float64, percent int) float64 { return all[(len(all)-1)*percent/100] }
	for _, p := range []int{50, 90, 99} {
		f.t.Logf("slots of 30 symbols, %d%%: %.0f ms with 1,000 connections (%d slots), %.0f ms without (%d), ratio %.2f",
			p, at(with, p), len(with), at(without, p), len(without), at(with, p)/at(without, p))
	}
}
