package main

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"maemae/broker/kis/kissim"
	"maemae/market"
)

// systemd is told that the daemon is ready once it can be spoken to, that it lives while the market moves, and that it
// stops.
func TestSystemdIsToldReadyAliveAndStopping(t *testing.T) {
	f := newField(t, kissim.Options{Seed: 7, Symbols: 1, Start: market.Date(20260105).At(8, 0)}, goldenCross("005930"))
	path := filepath.Join(f.dir, "notify.sock")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := f.command("run", "--clock", "sim")
	c.Env = append(c.Env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=3000000", "WATCHDOG_PID=")
	c.Stderr = &f.out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	seen := map[string]int{}
	read := func() string {
		buffer := make([]byte, 4096)
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatalf("%v after %v\n%s", err, seen, tail(f.out.String()))
		}
		text := strings.TrimSpace(string(buffer[:n]))
		seen[text]++
		return text
	}
	for seen["READY=1"] == 0 || seen["WATCHDOG=1"] < 3 {
		read()
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for seen["STOPPING=1"] == 0 {
		read()
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}
