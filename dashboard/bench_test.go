package dashboard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/journal"
	"maemae/market"
)

// BenchmarkPages draws each page over a journal that goes on for years after the canned sessions. DAYS says for how many
// of them, JOURNAL where the file is kept for another run. 1250 days are five years, 18 GB and half an hour of writing.
func BenchmarkPages(b *testing.B) {
	days, err := strconv.Atoi(os.Getenv("DAYS"))
	if err != nil {
		days = 2
	}
	s := grown(b, days)
	s.serve(b, nil)
	c := s.person(b)
	for before := time.Now(); ; { // until the past is added up
		_, first := s.get(b, c, "/data/equity")
		_, second := s.get(b, c, "/data/equity")
		if first == second {
			b.Logf("the past added up in %s", time.Since(before))
			break
		}
	}
	last := s.clock().In(market.KST).Format("2006-01-02")
	for _, path := range append(paths(b, s), "/data/symbols/104310?strategy=dip", "/data/equity", "/decisions?answer=sell", "/decisions?strategy=dip&symbol=104310&answer=acted",
		"/decisions?strategy=none", "/decisions?symbol=104310&day="+last, "/log?kind=decision&day="+last, "/log?kind=fill") {
		b.Run(path, func(b *testing.B) {
			worst := time.Duration(0)
			for b.Loop() {
				before := time.Now()
				if status, _ := s.get(b, c, path); status != 200 {
					b.Fatal(status)
				}
				worst = max(worst, time.Since(before))
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "ms-worst")
		})
	}
}

// grown is a stage of so many days more than the canned ones; one that was kept is opened again.
func grown(b *testing.B, days int) *stage {
	path := os.Getenv("JOURNAL")
	if path == "" {
		path = filepath.Join(b.TempDir(), "state", "journal.db")
	}
	if _, err := os.Stat(path); err != nil {
		s := record(b, path)
		extend(b, s, days)
		return s
	}
	s := record(b, "")
	kept, err := journal.Open(path, journal.Options{Now: s.clock})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = kept.Close() })
	s.journal = kept
	account, _ := kept.Book().Account()
	s.now = account.At
	return s
}

// extend writes days: 10,000 holds, 80 snapshots and twenty orders each, like the canned ones of their kind.
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
	buy := first(b, s, aBuy)
	intent := first(b, s, func(i journal.Intent) bool { return i.Decision == buy.ID })
	answer := first(b, s, func(a journal.Answer) bool { return a.Intent == intent.ID })
	fill := first(b, s, func(f journal.Fill) bool { return f.Intent == intent.ID })
	for day := range days {
		due := time.Date(2026, 1, 9+day, 0, 0, 0, 0, time.UTC)
		s.now = due.Add(6*time.Hour + 20*time.Minute)
		if err := s.journal.Checkpoint(); err != nil {
			b.Fatal(err)
		}
		var bodies []journal.Body // of a day, written as one: one wait for the disk instead of eighty
		for part := range 80 {
			due = due.Add(4 * time.Minute)
			account.Account.At, account.Account.Equity = due, account.Account.Equity.Add(decimal.NewFromInt(int64(part-39)))
			bodies = append(bodies, account)
			for i := range 125 {
				d := holds[(part*125+i)%len(holds)]
				d.Due, d.ID = due, fmt.Sprintf("%d-%d-%d", day, part, i)
				bodies = append(bodies, d)
			}
			if part%4 != 3 {
				continue
			}
			d, i, a, f := buy, intent, answer, fill
			d.ID, d.Due = fmt.Sprintf("%d-%d", day, part), due
			i.ID, i.Decision, i.Date, i.Due, i.Order.Side = d.ID+"#1", d.ID, market.DateOf(due), due, "buy"
			if part%8 == 7 {
				i.Order.Side = "sell"
			}
			a.Intent, a.ID.Date, a.ID.Number = i.ID, i.Date, fmt.Sprintf("%010d", part)
			f.Intent, f.ID, f.Date, f.Side, f.Seen = i.ID, a.ID, i.Date, i.Order.Side, due
			bodies = append(bodies, d, i, a, f, journal.Final{Intent: i.ID, State: "filled", Filled: f.Shares})
		}
		s.append(b, bodies...)
		if day%50 == 49 {
			fmt.Fprintf(os.Stderr, "day %d of %d\n", day+1, days)
		}
	}
}
