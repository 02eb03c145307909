package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTheDashboardListensOnlyWhereItIsSafe(t *testing.T) {
	for _, c := range []struct {
		DashboardConfig
		bad string
	}{
		{DashboardConfig{}, ""},
		{DashboardConfig{Listen: "127.0.0.1:8787"}, ""},
		{DashboardConfig{Listen: "[::1]:0", Lang: "ko"}, ""},
		{DashboardConfig{Listen: "0.0.0.0:8787"}, "dashboard.listen"},
		{DashboardConfig{Listen: ":8787"}, "dashboard.listen"},
		{DashboardConfig{Listen: "localhost:8787"}, "dashboard.listen"},
		{DashboardConfig{Listen: "192.168.0.9:8787", TLSCert: "c", TLSKey: "k"}, "dashboard.hosts"},
		{DashboardConfig{Listen: "192.168.0.9:8787", TLSCert: "c", Hosts: []string{"trader.example:8787"}}, "dashboard"},
		{DashboardConfig{Listen: "192.168.0.9:8787", TLSCert: "c", TLSKey: "k", Hosts: []string{"trader.example:8787"}}, ""},
		{DashboardConfig{Lang: "fr"}, "dashboard.lang"},
	} {
		if key, what, hint := c.check(); key != c.bad || (what == "") != (key == "") || (hint == "") != (key == "") {
			t.Errorf("%+v: %q %q %q", c.DashboardConfig, key, what, hint)
		}
	}
}

func TestTheDashboardsTokenIsMadeOnceAndKeptFromOthers(t *testing.T) {
	dir := t.TempDir()
	made, path, err := dashboardToken(dir)
	if err != nil || len(made) != 64 {
		t.Fatalf("%q, %v", made, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if again, _, err := dashboardToken(dir); err != nil || again != made {
		t.Errorf("the second start has %q, %v", again, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := dashboardToken(dir); err == nil {
		t.Error("a token that others can read is used")
	}
}

func TestACertificateThatCannotBeReadIsNoDashboard(t *testing.T) {
	if c, err := (DashboardConfig{}).tls(); c != nil || err != nil {
		t.Errorf("without one: %v, %v", c, err)
	}
	if _, err := (DashboardConfig{TLSCert: "none.crt", TLSKey: "none.key"}).tls(); err == nil || hintOf(err) == "" {
		t.Errorf("files that are not there: %v", err)
	}
}

func TestConnectionsBeyondTheBoundAreHungUpAndPlacesComeBack(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &boundedListener{Listener: l, places: make(chan struct{}, 2)}
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := b.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	dial()
	dial()
	first := <-accepted
	<-accepted
	if _, err := dial().Read(make([]byte, 1)); err == nil {
		t.Error("the third is served")
	}
	_ = first.Close()
	_ = first.Close() // gives its place back once
	dial()
	<-accepted
	if _, err := dial().Read(make([]byte, 1)); err == nil {
		t.Error("a place came back twice")
	}
	_ = l.Close()
	<-accepted
}

// told is what a demo prints, while it prints.
type told struct {
	mu   sync.Mutex
	text strings.Builder
}

func (p *told) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *told) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func TestTheDemosAddressOpensAChartWithABuyAndItsWhy(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, ended := &told{}, make(chan error, 1)
	go func() {
		ended <- runDemo(ctx, demoOptions{seed: 7, listen: "127.0.0.1:0", speed: "6000"}, out)
	}()
	find := func(what string, pattern string, in func() string) string {
		for re := regexp.MustCompile(pattern); ; {
			if m := re.FindStringSubmatch(in()); m != nil {
				return m[1]
			}
			select {
			case <-ctx.Done():
				t.Fatalf("no %s in five minutes:\n%s", what, in())
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	login := find("address", `dashboard: (http://\S+)`, out.String)
	base, _, _ := strings.Cut(login, "/login")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	get := func(url string) string {
		res, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if page := get(login); !strings.Contains(page, "limits") || !strings.Contains(page, "300 orders") {
		t.Errorf("the first page lacks the limits: %s", page)
	}
	symbol := find("fill", `fill +\S+ +(\S{6}) \S* ?buy`, out.String)
	decision := find("mark", `"side":"buy".*?"decision":"([^"]+)"`, func() string { return get(base + "/data/symbols/" + symbol) })
	if page := get(base + "/decisions/" + decision); !strings.Contains(page, "✓ true") || !strings.Contains(page, "checks passed") {
		t.Errorf("the why of %s: %s", decision, page)
	}
	if page := get(base + "/strategies"); !strings.Contains(page, "buy: fast crosses above slow") {
		t.Error("the rules' text is not shown")
	}
	cancel()
	<-ended
}
