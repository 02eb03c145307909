package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/market"
)

// toldSystemd hears what the daemon tells systemd.
type toldSystemd struct {
	t    *testing.T
	f    *field
	conn *net.UnixConn
	path string
	seen map[string]int
}

func listenAsSystemd(t *testing.T, f *field) *toldSystemd {
	t.Helper()
	path := filepath.Join(f.dir, "notify.sock")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &toldSystemd{t, f, conn, path, map[string]int{}}
}

// start runs the daemon as a unit with Type=notify and WatchdogSec=3 would.
func (s *toldSystemd) start() *exec.Cmd {
	s.t.Helper()
	c := s.f.command("run", "--clock", "sim")
	c.Env = append(c.Env, "NOTIFY_SOCKET="+s.path, "WATCHDOG_USEC=3000000", "WATCHDOG_PID=")
	c.Stderr = &s.f.out
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Process.Kill() })
	return c
}

// next waits for one message; false if none comes for so long.
func (s *toldSystemd) next(patience time.Duration) bool {
	s.t.Helper()
	buffer := make([]byte, 4096)
	if err := s.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	n, err := s.conn.Read(buffer)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		s.t.Fatal(err)
	}
	s.seen[strings.TrimSpace(string(buffer[:n]))]++
	return err == nil
}

// until hears messages as long as some are missing.
func (s *toldSystemd) until(enough func() bool) {
	s.t.Helper()
	for !enough() {
		if !s.next(time.Minute) {
			s.t.Fatalf("nothing for a minute after %v\n%s", s.seen, tail(s.f.out.String()))
		}
	}
}

// systemd is told that the daemon is ready once it can be spoken to, that it lives while the market moves, and that it
// stops.
func TestSystemdIsToldReadyAliveAndStopping(t *testing.T) {
	t.Parallel()
	f := newField(t, kissim.Options{Seed: 7, Symbols: 1, Start: market.Date(20260105).At(8, 0)}, goldenCross("005930"))
	s := listenAsSystemd(t, f)
	c := s.start()
	s.until(func() bool { return s.seen["READY=1"] > 0 && s.seen["WATCHDOG=1"] >= 3 })
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.until(func() bool { return s.seen["STOPPING=1"] > 0 })
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}

// A loop that hangs does not feed the watchdog, and so systemd ends and restarts the daemon within WatchdogSec.
func TestTheWatchdogStarvesWhileTheDaemonHangs(t *testing.T) {
	for _, x := range []struct{ what, early, late string }{
		{"a slot that waits for its bars", "inquire-daily-itemchartprice", "inquire-daily-itemchartprice"},
		{"a clock that stands", "", "/sim/advance"},
	} {
		t.Run(x.what, func(t *testing.T) {
			f := newWatchedField(t, "1m")
			f.hang.Store(x.early)
			if err := f.sim.Advance(market.Date(20260105).At(15, 14)); err != nil { // the slot comes a minute later
				t.Fatal(err)
			}
			s := listenAsSystemd(t, f.field)
			c := s.start()
			defer f.kill(c)
			s.until(func() bool { return s.seen["WATCHDOG=1"] >= 3 })
			f.hang.Store(x.late)
			f.within("the watchdog to get nothing for WatchdogSec", func() bool { return !s.next(3 * time.Second) })
		})
	}
}

// The command of the unit that runs when the daemon has failed for good, as it stands there, with the paths of this test.
func TestTheCommandOfTheFailureUnitTellsAPerson(t *testing.T) {
	unit, err := os.ReadFile("../../deploy/maemae-failed.service")
	if err != nil {
		t.Fatal(err)
	}
	_, line, ok := strings.Cut(string(unit), "\nExecStart=/usr/bin/maemae ")
	if !ok {
		t.Fatal("the unit does not run maemae")
	}
	line, _, _ = strings.Cut(line, "\n")
	f := newWatchedField(t, "1m")
	line = strings.NewReplacer("%H", "trader", "/etc/maemae/", f.dir+"/").Replace(line)
	c := exec.Command("/bin/sh", "-c", `exec "$0" `+line, *programPath)
	c.Env = append(os.Environ(), "STATE_DIRECTORY=", "RUNTIME_DIRECTORY=") // the unit has neither keys nor state
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f.told("trader: maemae.service has failed and does not restart")
}
