package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/market"
)

var monthDays = flag.Int("month", 0, "for so many sessions the real program trades without a restart, its memory and goroutines watched; 0 skips")

// An accelerated month of the real program without a restart: its memory at the peak, its goroutines, and that they do
// not grow from one session to the next for ever.
//
//	go test ./cmd/maemae -run TestAMonthOfSessions -month 21 -timeout 20m -v
func TestAMonthOfSessionsNeedsLessThan128MiB(t *testing.T) {
	if *monthDays == 0 {
		t.Skip("skipped: -month 21 runs it")
	}
	start := market.Date(20240304)
	rules := strings.Replace(churnRules(20), "when: every 5m", "when: every 30m", 1)
	f := newField(t, kissim.Options{Seed: 3, Symbols: 20, Start: start.At(8, 0)}, rules)
	f.patience = 5 * time.Minute
	f.churn("state")
	at := freeAddress(t)
	config, err := os.ReadFile(filepath.Join(f.dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f.write("config.yaml", fmt.Sprintf("%smetrics: {listen: %q}\n", config, at))
	most := 0
	c := f.daemon()
	last, err := market.KRX().AddSessions(start, *monthDays-1)
	if err != nil {
		t.Fatal(err)
	}
	days, err := market.KRX().Sessions(start, last.Date)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for n, s := range days {
		f.until(s.Close.Add(20 * time.Minute))
		there := goroutines(t, at)
		most = max(most, there)
		if n%5 == 0 || n == len(days)-1 {
			t.Logf("session %d, after %s: peak %d MiB, %d goroutines, %d orders, %d calls", n+1, time.Since(began).Round(time.Second), peakMemory(t, c.Process.Pid), there, len(f.sim.OrderLog()), f.calls.Load())
		}
	}
	if peak := peakMemory(t, c.Process.Pid); peak >= 128 {
		t.Errorf("the peak was %d MiB", peak)
	}
	if t.Logf("goroutines at most: %d", most); most > 100 {
		t.Errorf("%d goroutines", most)
	}
	f.stop(c)
	if n := len(f.sim.OrderLog()); n < len(days)*10 {
		t.Errorf("only %d orders", n)
	}
}

// goroutines are how many the program has, by its own metrics.
func goroutines(t *testing.T, at string) int {
	t.Helper()
	m := regexp.MustCompile(`(?m)^go_goroutines (\d+)$`).FindStringSubmatch(fetched(t, http.DefaultClient, "http://"+at+"/metrics"))
	if m == nil {
		t.Fatal("the metrics count no goroutines")
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
