package main

import (
	"bufio"
	"strings"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/market"
)

// BenchmarkStart is how long the real program takes at the simulator from exec to active, which is reconciled with the
// account, and to its first decision: the first time, when it fetches the bars, and again, with what it stored then. Of
// many starts the quickest, so that what else the machine does disturbs none.
func BenchmarkStart(b *testing.B) {
	least := map[string]time.Duration{}
	for b.Loop() {
		f := newField(b, kissim.Options{Seed: 3, Symbols: 1, Start: market.Date(20250304).At(15, 0)}, goldenCross("005930"))
		for _, start := range []string{"first", "again"} {
			for mark, took := range f.start(b, "daemon: active", "decision:") {
				unit := start + "-" + strings.Trim(strings.TrimPrefix(mark, "daemon"), ": ") + "-ms"
				if old, known := least[unit]; !known || took < old {
					least[unit] = took
				}
			}
		}
	}
	for unit, took := range least {
		b.ReportMetric(float64(took.Microseconds())/1000, unit)
	}
}

// start starts the program, tells after how long each mark stood in its log, and stops it at the last.
func (f *field) start(b *testing.B, marks ...string) map[string]time.Duration {
	c := f.command("run", "--clock", "sim")
	log, err := c.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	took := map[string]time.Duration{}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	last := ""
	for len(took) < len(marks) && lines.Scan() {
		last = lines.Text()
		for _, m := range marks {
			if _, seen := took[m]; !seen && strings.Contains(lines.Text(), m) {
				took[m] = time.Since(begin)
			}
		}
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	if len(took) < len(marks) {
		b.Fatalf("the program ended before it said all of %q: %s", marks, last)
	}
	return took
}
