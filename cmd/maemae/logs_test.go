package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"maemae/journal"
	"maemae/market"
)

// The real program follows a journal that is being written; what it prints is every entry, once, in order.
func TestAFollowedJournalMissesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	now := market.Date(20260105).At(9, 0)
	j, err := journal.Open(filepath.Join(dir, "journal.db"), journal.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	write := func(n int) {
		t.Helper()
		var bodies []journal.Body
		for i := range n {
			bodies = append(bodies, journal.Note{Level: "info", Text: fmt.Sprint("note ", i)})
		}
		if _, err := j.Append(bodies...); err != nil {
			t.Fatal(err)
		}
	}
	write(3)
	c := exec.Command("maemae", "logs", "-f", "--json", "-n", "2", "--state", dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	lines := bufio.NewScanner(out)
	next := func(want int64) {
		t.Helper()
		var l struct {
			Seq  int64
			Text string
		}
		if !lines.Scan() {
			t.Fatalf("ended before entry %d: %v", want, lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil || l.Seq != want || l.Text == "" {
			t.Fatalf("want entry %d, got %s (%v)", want, lines.Text(), err)
		}
	}
	next(2) // the two newest of three
	next(3)
	want := int64(4)
	for _, burst := range []int{1, 700, 2, 0, 300, 1} { // more than a page at once, too
		if burst > 0 {
			write(burst)
		}
		for range burst {
			next(want)
			want++
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if lines.Scan() {
		t.Errorf("printed once more: %s", lines.Text())
	}
	if err := c.Wait(); err != nil {
		t.Errorf("Ctrl-C ends it with %v", err)
	}
}

func TestEveryKindOfEntryHasALine(t *testing.T) {
	for _, b := range []journal.Body{
		journal.Start{}, journal.Rules{}, journal.Slot{Outcome: "missed"}, journal.Decision{}, journal.Refusal{}, journal.Intent{}, journal.Answer{Outcome: journal.Unknown},
		journal.Bind{}, journal.Absent{}, journal.Fill{}, journal.Final{}, journal.Cancel{}, journal.Snapshot{}, journal.Opening{}, journal.External{}, journal.Mismatch{},
		journal.Mark{}, journal.State{Mode: journal.ModeHalted}, journal.Operator{}, journal.Checkpoint{}, journal.Note{},
	} {
		l := inWords(journal.Entry{Seq: 1, Body: b}, journal.Intent{Strategy: "s"}, func(market.Symbol) string { return "" })
		if l.Kind != b.Kind() || l.What == "" && b.Kind() != "decision" && b.Kind() != "final" {
			t.Errorf("%s: %+v", b.Kind(), l)
		}
	}
}
