package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

func killFile(dir string) string { return filepath.Join(dir, "KILL") }

// killText is a KILL file's whole content: a word, a reason on the same line, blanks.
func killText(word, reason string) []byte {
	reason = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, reason)
	line := strings.TrimSpace(word + " " + reason)
	line = strings.ToValidUTF8(line[:min(len(line), slotSize-1)], "")
	return fmt.Appendf(nil, "%s%s\n", line, strings.Repeat(" ", slotSize-1-len(line)))
}

// Kill writes the kill switch of a state directory and returns once it is on disk. It needs neither the daemon nor a
// free block: Open made the file, and it is overwritten in place. Without a file it makes one. The reason is cut to what
// fits, about 500 bytes.
func Kill(dir, reason string) error {
	err := overwrite(killFile(dir), killText("KILLED", reason))
	if errors.Is(err, fs.ErrNotExist) {
		err = createWhole(killFile(dir), bytes.NewReader(killText("KILLED", reason)))
	}
	if err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	return nil
}

// Arm clears the kill switch.
func Arm(dir string) error {
	if err := overwrite(killFile(dir), killText("clear", "")); err != nil {
		return fmt.Errorf("arm: %w", err)
	}
	return nil
}

// Killed tells whether the kill switch is set, and why. Whatever is not exactly clear counts as set: a torn write, and
// a file that is missing or cannot be read.
func Killed(dir string) (reason string, killed bool) {
	text, err := os.ReadFile(killFile(dir))
	if err != nil {
		return err.Error(), true
	}
	if bytes.Equal(text, killText("clear", "")) {
		return "", false
	}
	return strings.TrimSpace(strings.TrimPrefix(strings.ToValidUTF8(string(text), "?"), "KILLED")), true
}

func overwrite(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 0)
	return errors.Join(err, f.Sync(), f.Close())
}
