// Package pagetest opens pages in a real browser for tests. It knows nothing of what is on them.
package pagetest

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// ofChromium are the hosts that the browser asks by itself.
var ofChromium = regexp.MustCompile(`(^|\.)(google|googleapis|gvt1|gstatic)\.com(:\d+)?$`)

// Browse opens pages, each in a frame of its own, in one headless Chromium. It returns what they said on the console and
// how many requests to other hosts they made, and skips the test where there is no Chromium. A browser takes a second or
// two to start, so that a short test run has none.
func Browse(t *testing.T, pages ...string) (console []string, asked int) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: apt-get install chromium")
	}
	var count atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ofChromium.MatchString(r.Host) {
			count.Add(1)
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	host, port, err := net.SplitHostPort(proxy.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var frames strings.Builder
	for i, page := range pages {
		name := fmt.Sprintf("page-%d.html", i)
		write(name, page)
		fmt.Fprintf(&frames, `<iframe src=%q width="1200" height="2000"></iframe>`, name)
	}
	all := write("all.html", `<!doctype html><link rel="icon" href="data:,">`+frames.String())
	out, err := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-dev-shm-usage",
		"--proxy-server="+host+":"+port, "--proxy-bypass-list=<-loopback>", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--enable-logging=stderr", "--screenshot="+filepath.Join(dir, "all.png"), "--window-size=1200,2000", "file://"+all).CombinedOutput()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "all.png")); err != nil {
		t.Fatalf("nothing was drawn: %v\n%s", err, out)
	}
	return regexp.MustCompile(`(?m)^.*CONSOLE.*$`).FindAllString(string(out), -1), int(count.Load())
}
