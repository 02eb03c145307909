package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"maemae/journal"
)

// recording is the state directory that a demo of two sessions leaves, made once for all tests that only read one.
var recording = sync.OnceValues(func() (string, error) {
	if err := os.Mkdir(recordingDir(), 0o700); err != nil {
		return "", err
	}
	return recordingDir(), runDemo(context.Background(), demoOptions{days: 2, seed: 7, listen: "off", speed: "max", keep: recordingDir()}, io.Discard)
})

func recordingDir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("maemae-recorded-%d", os.Getpid()))
}

// tidy removes the recording after the last test.
type tidy struct{ *testing.M }

func (t tidy) Run() int {
	_ = flag.Set("test.parallel", "4") // most tests wait for a program; -parallel still counts
	defer os.RemoveAll(recordingDir())
	return t.M.Run()
}

// recorded is a journal of two sessions, with its directory, as a copy of the test's own.
func recorded(t *testing.T) (*journal.Journal, string) {
	t.Helper()
	from, err := recording()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "state")
	if err := copyState(dir, from); err != nil {
		t.Fatal(err)
	}
	j, err := place{state: dir, journal: filepath.Join(dir, "journal.db")}.read()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j, dir
}

func copyState(to, from string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	for path, mode := range map[string]os.FileMode{"": 0o700, "history": 0o700, "journal.db": 0o600, "journal.head": 0o600, "journal.lock": 0o600, "KILL": 0o600} {
		if err := os.Chmod(filepath.Join(to, path), mode); err != nil {
			return err
		}
	}
	return nil
}

// recordedCommand puts the recording into a folder of a script: recorded DIR.
func recordedCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: recorded DIR")
	}
	from, err := recording()
	ts.Check(err)
	ts.Check(copyState(ts.MkAbs(args[0]), from))
}
