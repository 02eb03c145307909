package journal

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asChild runs the test of that name once more, as a child that may be given its own disk or limits.
func asChild(t *testing.T, attr *syscall.SysProcAttr) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), "MAEMAE_TEST_CHILD="+t.TempDir())
	c.SysProcAttr = attr
	out, err := c.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC):
		t.Skipf("no namespace of its own on this machine: %v", err)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("child: %s", out)
	case err != nil:
		t.Errorf("child: %v\n%s", err, out)
	}
}

func TestAFullDiskBreaksTheJournalAndNotTheKillSwitch(t *testing.T) {
	disk := os.Getenv("MAEMAE_TEST_CHILD")
	if disk == "" {
		asChild(t, &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		})
		return
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=2m,mode=700"); err != nil {
		t.Skipf("no small disk: %v", err)
	}
	path := filepath.Join(disk, "journal.db")
	j := open(t, path)
	write(t, j, session(2)...)
	ballast := filepath.Join(disk, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if f.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	before, err := 0, nil
	for ; err == nil; before++ {
		_, err = j.Append(Note{Text: strings.Repeat("x", 10_000)})
	}
	seq := j.Book().Seq()
	if !errors.Is(err, ErrBroken) {
		t.Errorf("error %v, want %v", err, ErrBroken)
	}
	if err := Kill(disk, "the disk is full"); err != nil {
		t.Error(err)
	}
	if why, killed := Killed(disk); !killed || why != "the disk is full" {
		t.Errorf("killed %v: %s", killed, why)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(Note{Text: "room again"}); !errors.Is(err, ErrBroken) || j.Book().Seq() != seq {
		t.Errorf("a broken journal wrote on: %v", err)
	}
	shut(t, j)
	j = open(t, path)
	if got := j.Book().Seq(); got < seq || got > seq+1 {
		t.Errorf("reopened at entry %d, %d were acknowledged", got, seq)
	}
	write(t, j, Note{Text: "on"})
}

func TestKillingAndNamingTheHeadNeverGrowAFile(t *testing.T) {
	if testing.CoverMode() != "" {
		t.Skip("the child could not write what it covered: that grows a file")
	}
	dir := os.Getenv("MAEMAE_TEST_CHILD")
	if dir == "" {
		asChild(t, nil)
		return
	}
	path := filepath.Join(dir, "state", "journal.db")
	j := open(t, path)
	write(t, j, Note{})
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 2 * slotSize, Max: 2 * slotSize} // no file may grow beyond a head file
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skipf("no limit: %v", err)
	}
	if _, err := j.Append(Note{}); !errors.Is(err, ErrBroken) {
		t.Errorf("the limit does not hold: %v", err)
	}
	for range 3 {
		if err := j.head.write(j.last); err != nil {
			t.Error(err)
		}
	}
	if err := Kill(filepath.Dir(path), "at the limit"); err != nil {
		t.Error(err)
	}
	if err := Arm(filepath.Dir(path)); err != nil {
		t.Error(err)
	}
}
