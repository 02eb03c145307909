package engine_test

import (
	"net/http"
	"strings"
	"testing"

	"maemae/journal"
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
