package main

import (
	"strings"
	"testing"

	"maemae/broker/kis/kissim"
	"maemae/market"
)

// history pull pages back over years, stores as it goes, and on a second run fetches only the rest.
func TestHistoryIsPulledFromKISAndGoesOnWhereItStopped(t *testing.T) {
	f := newField(t, kissim.Options{Data: "testdata/krx-daily", Start: market.Date(20250102).At(16, 0)}, goldenCross("005930", "003560"))
	f.run("history", "pull", "--from", "2023-12-05", "--clock", "sim")
	if got := f.words("history", "ls"); !strings.Contains(got, "005930 삼성전자 2023-12-05 2025-01-02 262 adjusted kis") {
		t.Errorf("ls:\n%s", got)
	}
	if got := f.run("history", "check", "005930"); !strings.Contains(got, "nothing is missing") {
		t.Errorf("check:\n%s", got)
	}
	if err := f.sim.Advance(market.Date(20250110).At(16, 0)); err != nil {
		t.Fatal(err)
	}
	calls := f.calls.Load()
	f.run("history", "pull", "005930", "--from", "2023-12-05", "--clock", "sim")
	if got := f.words("history", "ls"); !strings.Contains(got, "2023-12-05 2025-01-10 268") {
		t.Errorf("ls after a week:\n%s", got)
	}
	if n := f.calls.Load() - calls; n > 5 {
		t.Errorf("%d calls for a week of one symbol", n)
	}
}

// words is what a command prints, with single spaces.
func (f *field) words(args ...string) string {
	return strings.Join(strings.Fields(f.run(args...)), " ")
}
