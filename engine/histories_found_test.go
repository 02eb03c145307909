package engine_test

import (
	"net/http"
	"strings"
	"testing"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/strategy"
)

// What histories found, each in its smallest form.

// A resume whose reads failed left the daemon reconciling for good.
func TestAResumeWhoseReadsFailedEndsWithTheNextCompleteRead(t *testing.T) {
	r := newRig(t)
	r.start()
	r.to(monday, 10, 0)
	if err := r.engine.Halt("operator", "test", "uid 1000"); err != nil {
		t.Fatal(err)
	}
	r.wire.set(func(q *http.Request, _ []byte) (bool, bool) {
		return strings.HasSuffix(q.URL.Path, "/inquire-balance"), false
	})
	if err := r.engine.Resume(t.Context(), "uid 1000"); err == nil {
		t.Fatal("resumed without a balance")
	}
	r.wire.set(nil)
	if err := r.engine.CheckAccount(t.Context(), r.to(monday, 10, 5)); err != nil {
		t.Fatal(err)
	}
	if got := r.journal.Book().State().Mode; got != journal.ModeActive {
		t.Errorf("mode %s, want active", got)
	}
}

// A price ten times too high in one answer was a profit to take.
func TestAPriceTheExchangeDoesNotAllowSetsOffNoExit(t *testing.T) {
	r := newRig(t)
	r.start()
	rules := r.rules(rule("a", always, never, "exits: {take_profit: 20%}"))
	r.slot(r.to(monday, 10, 0), rules)
	script, err := kissim.ParseFaults([]byte(`{"on":"inquire-daily-itemchartprice","do":"set","field":"stck_prpr","value":"600000","count":-1}`))
	if err == nil {
		err = r.sim.SetFaults(script)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Watch(t.Context(), r.to(monday, 10, 1)); err == nil {
		t.Error("the price was believed")
	}
	r.slot(r.to(monday, 10, 5), rules)
	d := entries[journal.Decision](r)
	if r.held() != 10 || d[len(d)-1].Reason != strategy.DataMissing {
		t.Errorf("%d shares held, want 10; last decision %+v", r.held(), d[len(d)-1])
	}
}
