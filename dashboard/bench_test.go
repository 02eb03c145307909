package dashboard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"maemae/journal"
)

// BenchmarkPages draws each page over a journal that goes on for years after the canned sessions: 10,000 holds and 80
// snapshots a day. DAYS says for how many of them; 1250 are five years.
func BenchmarkPages(b *testing.B) {
	days, err := strconv.Atoi(os.Getenv("DAYS"))
	if err != nil {
		days = 2
	}
	s := record(b, filepath.Join(b.TempDir(), "state", "journal.db"))
	extend(b, s, days)
	s.serve(b, nil)
	c := s.person(b)
	for deadline := time.Now().Add(10 * time.Minute); ; { // until the past is added up
		before := time.Now()
		_, first := s.get(b, c, "/data/equity")
		_, second := s.get(b, c, "/data/equity")
		if first == second || time.Now().After(deadline) {
			b.Logf("equity in %s", time.Since(before))
			break
		}
	}
	for _, path := range append(paths(b, s), "/data/symbols/100870?strategy=rising", "/data/equity", "/decisions?answer=sell") {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if status, _ := s.get(b, c, path); status != 200 {
					b.Fatal(status)
				}
			}
		})
	}
}

// extend writes days of holds, each like the newest canned one of its strategy and symbol.
func extend(b *testing.B, s *stage, days int) {
	var holds []journal.Decision
	var account journal.Snapshot
	for _, e := range s.entries {
		switch x := e.Body.(type) {
		case journal.Decision:
			if x.Answer == "hold" {
				holds = append(holds, x)
			}
		case journal.Snapshot:
			account = x
		}
	}
	for day := range days {
		for part := range 80 {
			s.mu.Lock()
			s.now = time.Date(2026, 1, 9+day, 0, 1+4*part, 0, 0, time.UTC)
			due := s.now
			s.mu.Unlock()
			bodies := []journal.Body{account}
			for i := range 125 {
				d := holds[(part*125+i)%len(holds)]
				d.Due, d.ID = due, fmt.Sprintf("%d-%d-%d", day, part, i)
				bodies = append(bodies, d)
			}
			s.append(b, bodies...)
		}
	}
}
