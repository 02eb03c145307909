package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

// resting is a rule that leaves a limit order at the broker from half past nine on.
const resting = "version: 1\nstrategies:\n  - name: rest\n    symbols: [\"005930\", \"000660\"]\n    when: open + 30m\n    buy: close > 0\n    sell: close < 0\n    size: 1 share\n    order: limit - 9 ticks\n"

func (f *field) arm(words string) (string, error) {
	c := f.command("arm")
	c.Stdin = strings.NewReader(words + "\n")
	out, err := c.CombinedOutput()
	return string(out), err
}

func TestAKillCancelsAndLastsUntilAPersonArms(t *testing.T) {
	t.Parallel()
	start := market.Date(20260105)
	f := newField(t, kissim.Options{Seed: 5, Symbols: 2, Start: start.At(8, 0)}, resting)
	c := f.daemon()
	release := f.hold(start.At(11, 0))
	if n := f.working(); n != 2 {
		t.Fatalf("%d orders rest at the broker, want 2\n%s", n, tail(f.out.String()))
	}
	if out := f.run("kill", "--cancel", "--reason", "strange fills"); !strings.Contains(out, "no order is open") {
		t.Errorf("kill: %s", out)
	}
	if n := f.working(); n != 0 {
		t.Errorf("%d orders still rest at the broker", n)
	}
	if got := f.run("status"); !strings.Contains(got, "running, killed (kill ") || !strings.Contains(got, "strange fills)") {
		t.Errorf("status:\n%s", got)
	}
	posted := len(f.sim.OrderLog())
	release()
	f.until(start.Add(1).At(16, 0))
	f.stop(c)
	c = f.daemon() // a restart changes nothing
	f.running(journal.ModeKilled)
	f.until(start.Add(2).At(16, 0))
	if n := len(f.sim.OrderLog()); n != posted {
		t.Errorf("%d orders were posted after the kill", n-posted)
	}
	if out, err := f.arm("yes"); err == nil || !strings.Contains(out, `the words are "trade again"`) {
		t.Errorf("armed by %q: %s", "yes", out)
	}
	if out, err := f.arm("trade again"); err != nil {
		t.Errorf("arm: %v\n%s", err, out)
	}
	again, err := market.KRX().AddSessions(market.DateOf(f.sim.Now()), 1)
	if err != nil {
		t.Fatal(err)
	}
	f.until(again.Date.At(11, 0))
	if n := len(f.sim.OrderLog()); n == posted {
		t.Errorf("armed, and no order\n%s", tail(f.out.String()))
	}
	f.stop(c)
	text, err := os.ReadFile(filepath.Join(f.dir, "state", exportName))
	if err != nil || !strings.Contains(string(text), "005930") || !strings.Contains(string(text), "virtual") {
		t.Errorf("positions.txt: %v\n%s", err, text)
	}
}

func TestAKillWorksWithoutTheDaemonAndByEveryWay(t *testing.T) {
	t.Parallel()
	start := market.Date(20260105)
	f := newField(t, kissim.Options{Seed: 5, Symbols: 2, Start: start.At(8, 0)}, resting)
	c := f.daemon()
	f.hold(start.At(11, 0))
	f.kill9(c)
	if out := f.run("kill", "--cancel"); !strings.Contains(out, "no daemon is running") || !strings.Contains(out, "no order is open") {
		t.Errorf("kill without a daemon: %s", out)
	}
	if n := f.working(); n != 0 {
		t.Errorf("%d orders still rest at the broker", n)
	}
	if out, err := f.arm("trade again"); err != nil {
		t.Fatalf("arm without a daemon: %v\n%s", err, out)
	}
	for name, kill := range map[string]func(*exec.Cmd) error{
		"SIGUSR1":       func(c *exec.Cmd) error { return c.Process.Signal(syscall.SIGUSR1) },
		"the KILL file": func(*exec.Cmd) error { return journal.Kill(filepath.Join(f.dir, "state"), "by hand") },
	} {
		c = f.daemon()
		f.running(journal.ModeActive)
		if err := kill(c); err != nil {
			t.Fatal(err)
		}
		f.running(journal.ModeKilled)
		f.kill9(c)
		if got := f.run("status"); !strings.Contains(got, "not running, killed") {
			t.Errorf("%s: status\n%s", name, got)
		}
		if out, err := f.arm("trade again"); err != nil {
			t.Fatalf("%s: arm: %v\n%s", name, err, out)
		}
	}
}

// A stopped process cannot answer; the KILL file waits for it.
func TestAKillOfAProcessThatIsStopped(t *testing.T) {
	t.Parallel()
	start := market.Date(20260105)
	f := newField(t, kissim.Options{Seed: 5, Symbols: 2, Start: start.At(8, 0)}, strings.Replace(resting, "open + 30m", "every 5m", 1))
	c := f.daemon()
	f.until(start.At(8, 30))
	f.freeze(c)
	if out := f.run("kill"); !strings.Contains(out, "killed") {
		t.Errorf("kill: %s", out)
	}
	posted := len(f.sim.OrderLog())
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	f.until(start.At(10, 30))
	if n := len(f.sim.OrderLog()); n != posted {
		t.Errorf("%d orders were posted after the kill", n-posted)
	}
	f.stop(c)
}

// running waits until the running daemon says that it is in a mode.
func (f *field) running(mode journal.Mode) {
	f.t.Helper()
	f.within("the mode "+string(mode), func() bool {
		var s Status
		return f.asks(http.MethodGet, "/status", nil, &s) == nil && s.Mode == mode
	})
}

func (f *field) kill9(c *exec.Cmd) {
	f.t.Helper()
	if err := c.Process.Kill(); err != nil {
		f.t.Fatal(err)
	}
	_ = c.Wait() // it was killed
}

// working counts the orders that rest at the broker.
func (f *field) working() (n int) {
	f.t.Helper()
	rows, err := f.sim.Orders(market.DateOf(f.sim.Now()))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, r := range rows {
		if r.Open() && r.Original == "" {
			n++
		}
	}
	return n
}

func TestTheDoctorAsksEverythingAndOneRedIsTold(t *testing.T) {
	t.Parallel()
	start := market.Date(20260105)
	f := newField(t, kissim.Options{Seed: 5, Symbols: 2, Start: start.At(8, 0)}, resting)
	out := f.run("doctor", "--clock", "sim")
	for _, what := range []string{"configuration", "strategies", "limits", "calendar", "clock", "inquire-balance", "inquire-daily-ccld", "inquire-psbl-order", "inquire-price", "inquire-daily-itemchartprice"} {
		if !strings.Contains(out, "ok       "+what+" ") {
			t.Errorf("%s is not ok:\n%s", what, out)
		}
	}
	if !strings.Contains(out, "skipped  app key ") {
		t.Errorf("nobody has used the key:\n%s", out)
	}
	if !strings.Contains(out, "skipped  chk-holiday") {
		t.Errorf("the holiday answer is not offered here:\n%s", out)
	}
	c := f.daemon()
	f.hold(start.At(11, 0))
	f.run("kill")
	f.stop(c)
	out = f.fails("doctor", "--clock", "sim")
	for _, want := range []string{"ok       disk ", "ok       state directory ", "ok       app key                       first used 2026-01-05, 0 days ago", "failed   KILL file", "failed   journal ", "doctor: 2 of", "hint: maemae arm"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	seen, err := filepath.Glob(filepath.Join(f.dir, "state", "app-*", "seen-*"))
	if err != nil || len(seen) != 1 {
		t.Fatal(seen, err)
	}
	for days, want := range map[int]string{299: "ok       app key ", 300: "warning  app key "} {
		if err := os.WriteFile(seen[0], []byte(start.Add(-days).String()), 0o600); err != nil {
			t.Fatal(err)
		}
		out = f.fails("doctor", "--clock", "sim")
		if !strings.Contains(out, want) || !strings.Contains(out, "doctor: 2 of") || days == 300 && !strings.Contains(out, "hint: get a new one from KIS") {
			t.Errorf("a key used for %d days:\n%s", days, out)
		}
	}
	out = strings.Join(strings.Fields(f.run("limits")), " ")
	for _, want := range []string{"orders_per_day 300 2 wanted 301, allowed 300", "wanted 301, allowed 300", "halt_loss"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// fails runs a command that must fail, and returns what it said.
func (f *field) fails(args ...string) string {
	f.t.Helper()
	out, err := f.command(args...).CombinedOutput()
	if err == nil {
		f.t.Errorf("maemae %s succeeded:\n%s", strings.Join(args, " "), out)
	}
	return string(out)
}

// A person tells what became of an order whose answer was lost, through the running daemon.
func TestAPersonResolvesAndOverrides(t *testing.T) {
	t.Parallel()
	start := market.Date(20260105)
	f := newField(t, kissim.Options{Seed: 5, Symbols: 2, Start: start.At(8, 0)}, resting)
	c := f.daemon()
	f.hold(start.At(11, 0))
	intent := "20260105-093000-rest-005930#1"
	if out := f.run("resolve", intent); !strings.Contains(out, "phase      open") || !strings.Contains(out, "may be it: none") {
		t.Errorf("resolve: %s", out)
	}
	for _, args := range [][]string{
		{"resolve", intent, "--not-placed"}, {"resolve", intent, "--bind", "1", "--not-placed"}, {"resolve", "nothing#1"},
		{"override", "20260105-093000-rest-005930", "--reason", "x"}, {"override", "20260105-093000-rest-005930"},
	} {
		f.fails(args...)
	}
	f.stop(c)
	if out := f.fails("resolve", intent); !strings.Contains(out, "no daemon is running") {
		t.Errorf("resolve without a daemon: %s", out)
	}
}

// The test's own program was not built from a known revision: with real money it ends before it has asked anybody anything.
func TestAProgramOfUnknownSourceTradesNoRealMoney(t *testing.T) {
	if *programPath != "maemae" {
		t.Skip("skipped: the program that -program names may be of a known revision")
	}
	f := newField(t, kissim.Options{Seed: 5, Symbols: 2}, resting)
	f.write("key", f.sim.Ready().AppKey)
	f.write("secret", f.sim.Ready().AppSecret)
	f.write("config.yaml", "version: 1\nenv: real\nstate: "+filepath.Join(f.dir, "state")+"\nkis: {app_key_file: key, app_secret_file: secret, account: \"50012345-01\"}\n"+
		"limits: {order_value: 1000000, market_order_value: 1000000, symbol_value: 1000000, positions: 3, orders_per_day: 10, daily_loss: 100000}\n")
	if out := f.fails("run"); !strings.Contains(out, "clean, known revision") {
		t.Errorf("run with real money:\n%s", out)
	}
}
