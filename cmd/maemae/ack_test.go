package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

// What was critical while nobody looked turns the next day to exits only, until a person says it was read.
func TestAnUnacknowledgedCriticalAlertMeansExitsOnlyUntilAck(t *testing.T) {
	start := market.Date(20260105)
	f := newField(t, kissim.Options{Seed: 7, Symbols: 1, Start: start.At(8, 0)}, goldenCross("005930"))
	config, err := os.ReadFile(filepath.Join(f.dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f.write("config.yaml", string(config)+"notify: {block_entries_until_ack: true}\n")
	c := f.daemon()
	f.until(start.At(16, 0))
	f.stop(c)
	j, err := journal.Open(filepath.Join(f.dir, "state", "journal.db"), journal.Options{Now: func() time.Time { return start.At(20, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(journal.Note{Level: "error", Text: "in the night"}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	c = f.daemon()
	f.until(start.Add(2).At(16, 0))
	if out := f.run("notify", "ack"); !strings.Contains(out, "in the night") || !strings.Contains(out, "acknowledged: ") {
		t.Errorf("ack: %s", out)
	}
	acked := market.DateOf(f.sim.Now())
	f.until(acked.Add(8).At(9, 0))
	f.stop(c)
	held, released := 0, 0
	for e, err := range f.journal().Entries(t.Context(), journal.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		b, ok := e.Body.(journal.State)
		switch {
		case ok && b.Reason == "unacknowledged" && b.Mode == journal.ModeReduceOnly:
			held++
		case ok && b.Reason == "acknowledged" && b.Mode == journal.ModeActive:
			released++
		}
	}
	if held != 1 || released != 1 {
		t.Errorf("held %d times, released %d times", held, released)
	}
}
