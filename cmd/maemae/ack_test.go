package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"maemae/broker"
	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

// What was critical while nobody looked turns the next day to exits only, until a person says it was read: the real program
// sells what it holds, buys nothing, and buys again after the ack.
func TestAnUnacknowledgedCriticalAlertMeansExitsOnlyUntilAck(t *testing.T) {
	t.Parallel()
	start := market.Date(20260105)
	f := newField(t, kissim.Options{Seed: 7, Symbols: 1, Start: start.At(8, 0)}, `version: 1
strategies:
  - name: overnight
    symbols: ["005930"]
    when: every 30m
    buy: close > 0
    sell: position.sessions >= 1
    size: 3 shares
`)
	config, err := os.ReadFile(filepath.Join(f.dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f.write("config.yaml", string(config)+"notify: {block_entries_until_ack: true}\n")
	c := f.daemon()
	f.hold(start.At(16, 0))
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
	release := f.hold(start.Add(1).At(12, 10))
	if out := f.run("notify", "ack"); !strings.Contains(out, "in the night") || !strings.Contains(out, "acknowledged: 1") {
		t.Errorf("ack: %s", out)
	}
	release()
	f.until(start.Add(1).At(16, 0))
	f.stop(c)
	told := []string{}
	for e, err := range f.journal().Entries(t.Context(), journal.Query{Since: start.At(20, 0), Until: start.Add(1).At(16, 0)}) {
		if err != nil {
			t.Fatal(err)
		}
		what := ""
		switch b := e.Body.(type) {
		case journal.State:
			what = string(b.Mode) + " " + b.Reason
		case journal.Refusal:
			what = "refused " + b.Refusal.Code
		case journal.Intent:
			what = string(b.Order.Side)
		}
		if what != "" && !slices.Contains(told, what) {
			told = append(told, what)
		}
	}
	want := []string{"active reconciled", "reduce_only unacknowledged", string(broker.Sell), "refused reduce_only", "active acknowledged", string(broker.Buy)}
	if !slices.Equal(told, want) {
		t.Errorf("in turn: %q\nwant     %q", told, want)
	}
}

func TestAnAckIsForWhatWasShownAndNotForWhatCameAfter(t *testing.T) {
	j, err := journal.Open("", journal.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	listed := func(after int64) (out []int64, last int64) {
		last, err := unread(t.Context(), j, journal.Query{After: after}, func(e journal.Entry, _ string) bool {
			out = append(out, e.Seq)
			return false
		})
		if err != nil {
			t.Fatal(err)
		}
		return out, last
	}
	for _, b := range []journal.Body{journal.Note{Level: "error", Text: "shown"}, journal.Note{Level: "error", Text: "after"}, acknowledgement(1, "a person"), journal.Note{Level: "info", Text: "calm"}} {
		if _, err := j.Append(b); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := listed(0); !slices.Equal(got, []int64{2}) {
		t.Errorf("unread %v, want the second", got)
	}
	if _, err := j.Append(acknowledgement(4, "a person")); err != nil {
		t.Fatal(err)
	}
	if got, _ := listed(0); len(got) > 0 {
		t.Errorf("unread %v after all was acknowledged", got)
	}
	if _, last := listed(0); last < 4 {
		t.Errorf("the next look begins at %d", last)
	}
}
