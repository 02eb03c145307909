package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/journal"
	"maemae/market"
)

// A second daemon on the same state directory is told who writes there, and changes nothing.
func TestASecondDaemonIsRefusedAndTheFirstGoesOn(t *testing.T) {
	t.Parallel()
	l := newLine(t, 3, 3, 20240304)
	c := l.daemon()
	l.awake()
	out := l.fails("run", "--clock", "sim")
	if want := fmt.Sprintf("another maemae is writing it (pid %d)", c.Process.Pid); !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
	before := len(l.orders())
	l.wait("an order", func() bool { return len(l.orders()) > before })
	if got := l.run("status"); !strings.Contains(got, "running, active") {
		t.Errorf("status of the first:\n%s", got)
	}
	l.stop(c)
	l.judgeOrders()
}

// churn configures a state directory for rules that trade all the time.
func (f *field) churn(state string) {
	f.write("config.yaml", fmt.Sprintf("version: 1\nenv: virtual\nstate: %s\nexits_every: 30m\nkis: {base_url: %q, rate: 1000}\nlimits: {duplicate: 1s, orders_per_day: 40}\n", filepath.Join(f.dir, state), f.url))
}

// onItsOwnDisk runs the test of that name once more, as a child that may mount disks of its own.
func onItsOwnDisk(t *testing.T) (child bool) {
	t.Helper()
	if os.Getenv("MAEMAE_TEST_CHILD") != "" {
		return true
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-program", *programPath)
	c.Env = append(os.Environ(), "MAEMAE_TEST_CHILD=1")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := c.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC):
		t.Skipf("skipped: no disk of its own on this machine: %v", err)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("skipped: %s", out)
	case err != nil:
		t.Errorf("child: %v\n%s", err, out)
	default:
		t.Logf("%s", out)
	}
	return false
}

// smallDisk puts the state directory on a disk of so many megabytes.
func (f *field) smallDisk(size string) (state string) {
	f.t.Helper()
	state = filepath.Join(f.dir, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", state, "tmpfs", 0, "mode=700,size="+size); err != nil {
		f.t.Skipf("skipped: no small disk: %v", err)
	}
	f.t.Cleanup(func() { _ = syscall.Unmount(state, syscall.MNT_DETACH) }) // the namespace ends with the process anyway
	return state
}

// fill leaves no free block, and returns what to remove for room.
func (f *field) fill(state string) (ballast string) {
	f.t.Helper()
	ballast = filepath.Join(state, "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		f.t.Fatal(err)
	}
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if file.Close(); !errors.Is(err, syscall.ENOSPC) {
		f.t.Fatalf("the disk is not full: %v", err)
	}
	return ballast
}

// The disk fills up on a busy day: the daemon dies at the first entry that it cannot write, because what it cannot remember
// it must not do. The kill still reaches the disk, and holds over restarts while it is full and when there is room again.
func TestAFullDiskEndsTradingAndAKillOutlivesIt(t *testing.T) {
	t.Parallel()
	if !onItsOwnDisk(t) {
		return
	}
	l := newLine(t, 3, 6, 20240304)
	state := l.smallDisk("24m")
	c := l.daemon()
	l.awake()
	l.wait("orders", func() bool { return len(l.orders()) > 3 })
	ballast := l.fill(state)
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(l.out.String(), "journal is broken") {
			t.Errorf("the daemon ended with %v\n%s", err, tail(l.out.String()))
		}
	case <-time.After(l.patience):
		t.Fatalf("the daemon lives on with a full disk\n%s", tail(l.out.String()))
	}
	posted := len(l.orders())
	if out := l.run("kill", "--reason", "the disk is full"); !strings.Contains(out, "the next one starts killed") {
		t.Errorf("kill: %s", out)
	}
	for range 2 { // with a full disk a start may fail; it must not trade
		c := l.command("run", "--clock", "sim")
		var said bytes.Buffer
		c.Stderr = &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { defer close(done); _ = c.Wait() }()
		select {
		case <-done:
			if !strings.Contains(said.String(), "full") {
				t.Errorf("why the start failed is not told:\n%s", tail(said.String()))
			}
		case <-time.After(2 * time.Second):
			_ = c.Process.Kill()
			<-done
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	c = l.daemon()
	l.running(journal.ModeKilled)
	l.until(l.sim.Now().Add(2 * time.Hour))
	if n := len(l.orders()); n != posted {
		t.Errorf("%d orders after the kill", n-posted)
	}
	if out, err := l.arm("trade again"); err != nil {
		t.Errorf("arm: %v\n%s", err, out)
	}
	l.wait("an order", func() bool { l.nurse(); return len(l.orders()) > posted })
	l.stop(c)
	l.settled()
	l.judgeOrders()
}

// A state directory that cannot be written: nothing starts, and a kill that cannot be kept says so.
func TestAReadOnlyStateDirectoryStartsNothing(t *testing.T) {
	t.Parallel()
	if !onItsOwnDisk(t) {
		return
	}
	l := newLine(t, 3, 3, 20240304)
	state := l.smallDisk("24m")
	c := l.daemon()
	l.awake()
	l.wait("an order", func() bool { return len(l.orders()) > 0 })
	l.stop(c)
	posted := len(l.orders())
	l.read.Close()
	if err := syscall.Mount("tmpfs", state, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("skipped: the disk stays writable: %v", err)
	}
	for _, args := range [][]string{{"run", "--clock", "sim"}, {"kill"}} {
		if out := l.fails(args...); !strings.Contains(out, "read-only") {
			t.Errorf("%s does not say why:\n%s", args[0], out)
		}
	}
	if n := len(l.orders()); n != posted {
		t.Errorf("%d orders without a journal", n-posted)
	}
	if err := syscall.Mount("tmpfs", state, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	c = l.daemon()
	l.awake()
	l.stop(c)
}

// wrongClock lies between a daemon and its clock, and says a time that the broker does not share.
type wrongClock struct{ off atomic.Int64 }

func (c *wrongClock) through(sim http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		off := time.Duration(c.off.Load())
		if !strings.HasPrefix(r.URL.Path, "/sim/") || off == 0 {
			sim.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodPost {
			var in struct{ To time.Time }
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			body := fmt.Sprintf(`{"to":%q}`, in.To.Add(-off).Format(time.RFC3339Nano))
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		}
		moved := &movedTime{ResponseWriter: w, off: off}
		sim.ServeHTTP(moved, r)
	})
}

// movedTime moves the moment in an answer of the clock.
type movedTime struct {
	http.ResponseWriter
	off time.Duration
}

func (m *movedTime) Write(body []byte) (int, error) {
	var in map[string]string
	if err := json.Unmarshal(body, &in); err == nil && in["now"] != "" {
		if at, err := time.Parse(time.RFC3339, in["now"]); err == nil {
			in["now"] = at.Add(m.off).Format(time.RFC3339)
			moved, _ := json.Marshal(in) // strings only
			_, err = m.ResponseWriter.Write(moved)
			return len(body), err
		}
	}
	return m.ResponseWriter.Write(body)
}

// Somebody sets the machine's clock an hour forward or back on a trading day: the broker's clock tells, and the daemon
// halts. No slot runs twice, none runs late.
func TestAClockThatIsSetHaltsAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"forward": time.Hour, "back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := market.Date(20240304)
			l, clock := &line{}, &wrongClock{}
			newFieldThrough(t, kissim.Options{Seed: 3, Symbols: 3, Start: start.At(8, 0)}, churnRules(3), func(f *field, sim http.Handler) http.Handler {
				return l.through(f, clock.through(sim))
			})
			l.churn("state")
			c := l.daemon()
			l.until(start.At(10, 32))
			clock.off.Store(int64(off))
			halted := func() bool {
				var s Status
				return l.asks(http.MethodGet, "/status", nil, &s) == nil && s.Mode == journal.ModeHalted && s.Reason == "clock"
			}
			l.wait("a halt for the clock", halted)
			posted := len(l.orders())
			l.until(l.sim.Now().Add(30 * time.Minute))
			if n := len(l.orders()); n != posted {
				t.Errorf("%d orders by a clock that is wrong", n-posted)
			}
			clock.off.Store(0)
			l.until(l.sim.Now().Add(30 * time.Minute))
			l.within("a person to let it go on", func() bool {
				_ = l.asks(http.MethodPost, "/resume", nil, nil) // the mode tells
				return l.nurse() == journal.ModeActive
			})
			l.wait("an order", func() bool { return len(l.orders()) > posted })
			l.stop(c)
			l.judgeOrders()
			ran, decided := map[string]bool{}, map[string]bool{}
			for e, err := range l.journal().Entries(t.Context(), journal.Query{}) {
				if err != nil {
					t.Fatal(err)
				}
				switch b := e.Body.(type) {
				case journal.Decision:
					if decided[b.ID] {
						t.Errorf("decision %s twice", b.ID)
					}
					decided[b.ID] = true
				case journal.Slot:
					key := b.Job + b.Due.String()
					if ran[key] {
						t.Errorf("slot %s of %s twice", b.Job, b.Due)
					}
					ran[key] = true
					if late := b.Started.Sub(b.Due); b.Outcome == "ran" && late > time.Minute {
						t.Errorf("slot %s of %s ran %s late", b.Job, b.Due, late)
					}
				}
			}
		})
	}
}

// A process that was stopped for an hour of the market, as by a suspended machine, in the midst of an order: what it read
// before is old when it wakes, and nothing is sent on it.
func TestAProcessThatWasStoppedSendsNothingOnOldReads(t *testing.T) {
	t.Parallel()
	start := market.Date(20240304)
	l := &line{}
	var stopAt atomic.Pointer[func()]
	newFieldThrough(t, kissim.Options{Seed: 3, Symbols: 3, Start: start.At(8, 0)}, churnRules(3), func(f *field, sim http.Handler) http.Handler {
		orders := l.through(f, sim)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			orders.ServeHTTP(w, r)
			if stop := stopAt.Load(); stop != nil && strings.HasSuffix(r.URL.Path, "/inquire-psbl-order") && stopAt.CompareAndSwap(stop, nil) {
				(*stop)() // buying power was just read: a buy is on its way
			}
		})
	})
	l.churn("state")
	c := l.daemon()
	l.until(start.At(10, 32))
	stopped := make(chan struct{})
	stop := func() {
		l.freeze(c)
		close(stopped)
	}
	stopAt.Store(&stop)
	<-stopped
	posted := len(l.orders())
	slept := l.sim.Now()
	if err := l.sim.Advance(slept.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second) // a process that is not stopped would send within this
	if n := len(l.orders()); n != posted {
		t.Fatalf("%d orders from a stopped process", n-posted)
	}
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	l.wait("the daemon to see the hour", func() bool { return l.sim.Now().Sub(slept) > 90*time.Minute })
	l.stop(c)
	for e, err := range l.journal().Entries(t.Context(), journal.Query{Kinds: []string{journal.Slot{}.Kind()}}) {
		if err != nil {
			t.Fatal(err)
		}
		b := e.Body.(journal.Slot)
		if missed := b.Due.After(slept.Add(2*time.Minute)) && b.Due.Before(slept.Add(55*time.Minute)); missed && b.Outcome == "ran" {
			t.Errorf("slot %s of %s ran after its hour", b.Job, b.Due)
		}
	}
	for _, s := range l.orders()[posted:] {
		t.Logf("after the hour: %s", s.intent)
	}
	l.judgeOrders()
}
