package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"maemae/broker/kis/kissim"
	"maemae/market"
)

func TestAStatusFitsItsScreen(t *testing.T) {
	text := "golden-cross 삼성전자 1\n2\n3\n4\n5\n6\n"
	if got, want := cropped(text, 16, 5), "golden-cross 삼…\n2\n3\n… and 3 lines m…\n"; got != want {
		t.Errorf("cropped:\n%s", got)
	}
	if got := cropped(text, 0, 7); got != text {
		t.Errorf("all of it fits: %q", got)
	}
}

// The real program without a terminal prints each change and nothing twice, sees the daemon come and go, and ends on
// Ctrl-C.
func TestAWatchedStatusSeesTheDaemonComeAndGo(t *testing.T) {
	t.Parallel()
	start := market.Date(20260105)
	f := newField(t, kissim.Options{Seed: 5, Symbols: 2, Start: start.At(8, 0)}, everyHour)
	d := f.daemon()
	f.until(start.At(10, 0))
	c := f.command("status", "--watch", "--every", "250ms", "--json")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	lines, last := bufio.NewScanner(out), ""
	sees := func(running bool) {
		t.Helper()
		for lines.Scan() {
			var s Status
			if lines.Text() == last {
				t.Fatalf("printed twice: %s", last)
			}
			last = lines.Text()
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				t.Fatal(err)
			}
			if s.Running == running {
				return
			}
		}
		t.Fatalf("ended before running is %v: %v", running, lines.Err())
	}
	sees(true)
	f.stop(d)
	sees(false)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("Ctrl-C ends it with %v", err)
	}
}

// On a terminal, here the one that script(1) makes, the screen is redrawn and nothing is wider than it.
func TestAWatchedStatusIsRedrawnOnATerminal(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip("script(1) is not here")
	}
	_, dir := recorded(t)
	c := exec.Command("script", "-qec", "stty cols 70 rows 12; exec maemae status --watch --every 250ms --state "+dir, "/dev/null")
	pipe, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for buf := make([]byte, 4096); strings.Count(out.String(), clearScreen) < 4; {
		n, err := pipe.Read(buf)
		if out.Write(buf[:n]); err != nil {
			t.Fatalf("%v after %q", err, out.String())
		}
	}
	_ = c.Process.Kill() // its terminal is gone, and with it the program
	_ = c.Wait()
	screens := strings.Split(out.String(), clearScreen)
	screens = screens[:len(screens)-1] // the last may be half drawn
	for _, s := range screens[1:] {
		rows := strings.Split(strings.TrimRight(strings.ReplaceAll(s, "\r", ""), "\n"), "\n")
		if len(rows) > 11 || !strings.HasPrefix(rows[len(rows)-1], "… and ") {
			t.Errorf("%d rows, the last is %q", len(rows), rows[len(rows)-1])
		}
		for _, r := range rows {
			if cells(r) > 70 {
				t.Errorf("%d cells: %q", cells(r), r)
			}
		}
	}
}
