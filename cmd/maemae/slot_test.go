package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

// One slot of 500 symbols at KIS's real rate, by the real program. It reports how long the slot took against what the
// rate limit alone dictates for one read a symbol, and the program's peak memory:
//
//	go test -run '^$' -bench SlotOf500 -benchtime 1x ./cmd/maemae
func BenchmarkSlotOf500Symbols(b *testing.B) {
	const symbols, rate = 500, 18
	for range b.N {
		names := []string{"005930", "000660"}
		for n := range symbols - 2 {
			names = append(names, fmt.Sprintf("%06d", 100_010+n*430))
		}
		start := market.Date(20260105)
		f := newBenchField(b, kissim.Options{Seed: 3, Symbols: symbols - 2, Start: start.At(8, 0)}, strings.Replace(goldenCross(names...), "fast crosses above slow", "fast < 0", 1), rate)
		c := f.daemon()
		f.until(start.Add(1).At(9, 0)) // the first slot fetches the past; the second is the steady state
		f.until(start.Add(1).At(16, 0))
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
		if err := c.Wait(); err != nil {
			b.Fatal(err)
		}
		took := slotTook(b, f.out.String(), start.Add(1))
		decided := 0
		for range entriesOf(b, f) {
			decided++
		}
		if decided != 2*symbols {
			b.Fatalf("%d decisions, want %d", decided, 2*symbols)
		}
		alone := time.Duration(symbols) * time.Second / rate
		b.ReportMetric(float64(took)/float64(alone), "of-the-limit")
		b.ReportMetric(took.Seconds(), "slot-s")
		b.ReportMetric(float64(c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "peak-MiB")
	}
}

func newBenchField(b *testing.B, o kissim.Options, rules string, rate int) *field {
	b.Helper()
	f := newField(b, o, rules)
	f.patience = 10 * time.Minute
	f.write("config.yaml", fmt.Sprintf("version: 1\nenv: virtual\nstate: %s/state\nexits_every: 30m\nbars: 300\nkis: {base_url: %q, rate: %d}\nlog: {format: json}\n", f.dir, f.url, rate))
	return f
}

// slotTook finds how long the slot of a date took in the log.
func slotTook(b *testing.B, log string, d market.Date) time.Duration {
	b.Helper()
	for line := range strings.Lines(log) {
		if !strings.Contains(line, `"what":"slot done"`) || !strings.Contains(line, d.String()+"T15:15") {
			continue
		}
		var seconds float64
		if _, err := fmt.Sscanf(line[strings.Index(line, `"took":`):], `"took":%g`, &seconds); err != nil {
			b.Fatal(err)
		}
		return time.Duration(seconds * float64(time.Second))
	}
	b.Fatalf("no slot of %s in the log\n%s", d, tail(log))
	return 0
}

func entriesOf(b *testing.B, f *field) (out []journal.Decision) {
	b.Helper()
	for e, err := range f.journal().Entries(b.Context(), journal.Query{Kinds: []string{"decision"}}) {
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, e.Body.(journal.Decision))
	}
	return out
}
