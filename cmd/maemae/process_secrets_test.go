package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

// troubles are faults whose answers and errors find their way into logs, journal and messages.
const troubles = `{"seed": 3}
{"on": "order-cash", "do": "revoke", "nth": 12}
{"on": "order-cash", "do": "lose", "when": "after", "nth": 3}
{"on": "order-cash", "do": "status", "status": 307, "nth": 6}
{"on": "order-cash", "do": "truncate", "nth": 9}
{"on": "inquire-daily-ccld", "do": "html", "nth": 12, "count": 3}
{"on": "hashkey", "do": "code", "code": "EGW00201", "text": "초당 거래건수를 초과하였습니다.", "nth": 5}
{"on": "inquire-price", "do": "break", "nth": 40}
`

// Key, secret, account and token of a simulated run with faults are in nothing that leaves the program: log, journal,
// state directory, commands, metrics, dashboard, messages, and the dump of a program that is made to die. Only the token's
// own file has the token.
func TestNothingThatLeavesTheProgramHoldsASecret(t *testing.T) {
	t.Parallel()
	faults, err := kissim.ParseFaults([]byte(troubles))
	if err != nil {
		t.Fatal(err)
	}
	const key, secret, account = "PSVTcanaryKEY5f0c2b7e9a1d4c6038b7e2", "canarySECRET+/9f8e7d6c5b4a392817263540+/abcdefghijklmnopqrstuvwxyz0123456789==", "50817263-01"
	l := &line{}
	start := market.Date(20240304)
	f := newFieldThrough(t, kissim.Options{Seed: 3, Symbols: 6, Start: start.At(13, 0), AppKey: key, AppSecret: secret, Account: account, Faults: faults}, churnRules(6), l.through)
	ports := [2]string{freeAddress(t), freeAddress(t)}
	f.write("config.yaml", fmt.Sprintf(`version: 1
env: virtual
state: %[1]s/state
exits_every: 30m
kis: {base_url: %[2]q, rate: 1000}
limits: {duplicate: 1s, orders_per_day: 40}
log: {level: debug}
notify:
  channels: [{name: file, kind: exec, level: info, digest: true, command: ["/bin/sh", "-c", "cat >> %[1]s/messages"]}]
metrics: {listen: %[3]q}
dashboard: {listen: %[4]q}
`, f.dir, f.url, ports[0], ports[1]))
	said := map[string]string{}
	c := f.daemon()
	f.tended(start.At(15, 50), func() { // whatever has halted: it is the words that count here
		var s Status
		if f.asks(http.MethodGet, "/status", nil, &s) == nil && s.Mode == journal.ModeHalted {
			_ = f.asks(http.MethodPost, "/resume", nil, nil) // the next look tells
		}
	})
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"positions"}, {"orders"}, {"orders", "--json"}, {"limits"}, {"decisions", "--limit", "50"}, {"decisions", "--json", "--limit", "50"}, {"logs"}, {"doctor", "--clock", "sim"}, {"halt", "--reason", "test"}, {"kill", "--cancel"}, {"notify", "test"}} {
		out, err := f.command(args...).CombinedOutput() // with the daemon in whatever mode it is, some must fail
		said["maemae "+strings.Join(args, " ")] = fmt.Sprint(string(out), err)
	}
	for _, page := range []string{"/metrics", "/healthz", "/readyz"} {
		said[page] = fetched(t, http.DefaultClient, "http://"+ports[0]+page)
	}
	login, err := os.ReadFile(filepath.Join(f.dir, "state", tokenFile))
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	seen := map[string]bool{}
	link := regexp.MustCompile(`(?:href|data-[a-z]+|src)="(/[^"#]*)"`)
	for queue := []string{"/login?token=" + strings.TrimSpace(string(login)), "/"}; len(queue) > 0 && len(seen) < 80; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		page := fetched(t, browser, "http://"+ports[1]+queue[0])
		said["dashboard "+queue[0]] = page
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			if !strings.Contains(m[1], "logout") && !strings.Contains(m[1], "events") {
				queue = append(queue, strings.ReplaceAll(m[1], "&amp;", "&"))
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d pages were seen", len(seen))
	}
	if err := c.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it dumps its goroutines and dies
	if said["log"] = f.out.String(); !strings.Contains(said["log"], "goroutine ") {
		t.Error("no dump in the log")
	}
	text, err := os.ReadFile(filepath.Join(f.dir, "messages"))
	if err != nil {
		t.Fatal(err)
	}
	said["messages"] = string(text)
	token, kept := "", ""
	err = filepath.WalkDir(filepath.Join(f.dir, "state"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(path, "/app-") {
			var stored map[string]any
			if json.Unmarshal(data, &stored) == nil {
				for _, v := range stored {
					if s, ok := v.(string); ok && len(s) > 100 {
						token, kept = s, path
					}
				}
			}
			return err
		}
		if filepath.Base(path) != tokenFile {
			said[path] = string(data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if token == "" {
		t.Fatal("the token's own file was not found: nothing was searched for it")
	}
	t.Logf("%d orders, %d texts, token kept in %s", len(f.sim.OrderLog()), len(said), filepath.Base(kept))
	for name, needle := range map[string]string{"key": key, "secret": secret, "account": account[:8], "token": token, "dashboard's token": strings.TrimSpace(string(login))} {
		for _, form := range []string{needle, url.QueryEscape(needle), base64.StdEncoding.EncodeToString([]byte(needle)), strings.ReplaceAll(needle, "/", `\/`), needle[:min(len(needle), 24)]} {
			for where, text := range said {
				if at := strings.Index(text, form); at >= 0 {
					t.Errorf("the %s is in %s: %q", name, where, text[max(0, at-60):at])
				}
			}
		}
	}
}

func fetched(t *testing.T, c *http.Client, address string) string {
	t.Helper()
	res, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		t.Fatal(err)
	}
	return res.Status + string(text)
}
