package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheKillSwitchIsSetReadAndCleared(t *testing.T) {
	path := newPath(t)
	dir := filepath.Dir(path)
	shut(t, open(t, path))
	if why, killed := Killed(dir); killed {
		t.Fatalf("a new journal is killed: %s", why)
	}
	before, err := os.Stat(killFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := Kill(dir, "uid 0: looks\nwrong "+strings.Repeat("가", 400)); err != nil {
		t.Fatal(err)
	}
	if why, killed := Killed(dir); !killed || !strings.HasPrefix(why, "uid 0: looks wrong 가") {
		t.Errorf("killed %v: %q", killed, why)
	}
	if after, err := os.Stat(killFile(dir)); err != nil || !os.SameFile(before, after) || after.Size() != slotSize {
		t.Errorf("the file was not overwritten in place: %v, %v", after, err)
	}
	shut(t, open(t, path))
	if _, killed := Killed(dir); !killed {
		t.Error("a start cleared the switch")
	}
	if err := Arm(dir); err != nil {
		t.Fatal(err)
	}
	if why, killed := Killed(dir); killed {
		t.Errorf("armed and yet killed: %s", why)
	}
}

func TestWhatIsNotExactlyClearIsKilled(t *testing.T) {
	dir := t.TempDir()
	if _, killed := Killed(dir); !killed {
		t.Error("no file counts as clear")
	}
	if err := Arm(dir); err == nil {
		t.Error("armed without a file")
	}
	clear := killText("clear", "")
	for i := range clear { // a write torn anywhere
		torn := append(bytes.Clone(killText("KILLED", "x")[:i]), clear[i:]...)
		if i == 0 {
			torn = clear[:len(clear)-1]
		}
		if err := os.WriteFile(killFile(dir), torn, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, killed := Killed(dir); !killed {
			t.Errorf("torn at byte %d counts as clear", i)
		}
	}
	if err := os.Remove(killFile(dir)); err != nil {
		t.Fatal(err)
	}
	if err := Kill(dir, "made it"); err != nil {
		t.Fatal(err)
	}
	if why, killed := Killed(dir); !killed || why != "made it" {
		t.Errorf("killed %v: %q", killed, why)
	}
}

func TestAMissingKillSwitchOfAnOldJournalIsSet(t *testing.T) {
	path := newPath(t)
	j := open(t, path)
	write(t, j, Note{})
	shut(t, j)
	if err := os.Remove(killFile(filepath.Dir(path))); err != nil {
		t.Fatal(err)
	}
	shut(t, open(t, path))
	if _, killed := Killed(filepath.Dir(path)); !killed {
		t.Error("who removes the file clears the switch")
	}
}
