package engine_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	mutantSeeds = flag.Int("mutants", 0, "TestMutants: how many seeds each mistake may take to be noticed; 0 runs none")
	mutantOnly  = flag.String("mutant", "", "TestMutants: only those whose heading has this in it")
)

// mutant is a mistake: edits of the source.
type mutant struct {
	name, equivalent string
	test             string // the one that notices, where the histories do not
	edits            []edit
}

type edit struct{ file, old, new string }

var testForm = regexp.MustCompile(`(?m)^test (\w+)$`)

var editForm = regexp.MustCompile(`(?s)file (\S+)\n<<<<\n(.*?)\n====\n(.*?)\n>>>>`)

func readMutants(t *testing.T) []mutant {
	t.Helper()
	text, err := os.ReadFile("testdata/mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []mutant
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		m := mutant{name: name}
		for _, e := range editForm.FindAllStringSubmatch(rest, -1) {
			m.edits = append(m.edits, edit{e[1], e[2], e[3]})
		}
		if test := testForm.FindStringSubmatch(rest); test != nil {
			m.test = test[1]
		}
		m.equivalent, _ = strings.CutPrefix(strings.TrimSpace(rest), "equivalent: ")
		if len(m.edits) > 0 {
			m.equivalent = ""
		}
		out = append(out, m)
	}
	return out
}

// apply edits a tree.
func (m mutant) apply(root string) error {
	for _, e := range m.edits {
		name := filepath.Join(root, e.file)
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if n := strings.Count(string(text), e.old); n != 1 {
			return fmt.Errorf("the old text stands %d times in %s; want once:\n%s", n, e.file, e.old)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(text), e.old, e.new, 1)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// TestTheMutantsFitTheSource keeps testdata/mutants.txt true to the code.
func TestTheMutantsFitTheSource(t *testing.T) {
	mutants := readMutants(t)
	if len(mutants) < 30 {
		t.Errorf("%d mistakes, want 30 and more", len(mutants))
	}
	for _, m := range mutants {
		if len(m.edits) == 0 && m.equivalent == "" {
			t.Errorf("%s: neither an edit nor a reason", m.name)
		}
		for _, e := range m.edits {
			text, err := os.ReadFile(filepath.Join("..", e.file))
			if err != nil {
				t.Error(err)
				continue
			}
			if n := strings.Count(string(text), e.old); n != 1 {
				t.Errorf("%s: the old text stands %d times in %s; want once:\n%s", m.name, n, e.file, e.old)
			}
		}
	}
}

// TestMutants makes every mistake of testdata/mutants.txt in a copy of the tree, and demands that the histories notice.
//
//	go test ./engine -run TestMutants -mutants 10000 -timeout 3h -v
func TestMutants(t *testing.T) {
	if *mutantSeeds == 0 {
		t.Skip("give -mutants SEEDS to make every mistake and see it noticed")
	}
	for _, m := range readMutants(t) {
		if !strings.Contains(m.name, *mutantOnly) {
			continue
		}
		if m.equivalent != "" {
			t.Logf("%-70s equivalent: %s", m.name, m.equivalent)
			continue
		}
		verdict, err := m.live(t)
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		t.Logf("%-70s %s", m.name, verdict)
	}
}

var noticed = regexp.MustCompile(`seed (\d+): (I-\d\d[^\n]*|\S[^\n]*)`)

// live runs the histories of a copy with the mistake, and tells which seed noticed it.
func (m mutant) live(t *testing.T) (string, error) {
	root := t.TempDir()
	if err := copyTree(root, ".."); err != nil {
		return "", err
	}
	if err := m.apply(root); err != nil {
		return "", err
	}
	if m.test != "" {
		return m.named(t, root)
	}
	binary := filepath.Join(root, "histories.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-trimpath", "-ldflags=-s -w", "-o", binary, "./engine") // trimmed, so that copies share what they compiled
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not compile: %w\n%s", err, out)
	}
	began := time.Now()
	run := exec.CommandContext(t.Context(), binary, "-test.run", "^TestHistories$", "-seeds", fmt.Sprint(*mutantSeeds), "-shrink=false", "-test.v")
	run.Dir = filepath.Join(root, "engine")
	out, err := run.CombinedOutput()
	if err == nil {
		return "", fmt.Errorf("%d histories did not notice", *mutantSeeds)
	}
	found := noticed.FindStringSubmatch(string(out))
	if found == nil {
		if line := firstLine(string(out), "panic"); line != "" {
			return "noticed by a " + line, nil
		}
		return "", fmt.Errorf("the histories ended with %w and no violation:\n%s", err, out[max(0, len(out)-2000):])
	}
	days := regexp.MustCompile(`(\d+) days`).FindStringSubmatch(string(out))
	return fmt.Sprintf("%s days, %.0f s, %s", days[1], time.Since(began).Seconds(), found[2]), nil
}

// named runs the test that notices what the histories do not.
func (m mutant) named(t *testing.T, root string) (string, error) {
	run := exec.CommandContext(t.Context(), "go", "test", "-trimpath", "./engine", "./risk", "./journal", "-run", "^"+m.test+"$")
	run.Dir = root
	out, err := run.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--- FAIL: "+m.test) {
		return "", fmt.Errorf("%s did not notice: %v\n%s", m.test, err, out[max(0, len(out)-2000):])
	}
	return "not by the histories; by " + m.test, nil
}

func firstLine(text, with string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, with) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// copyTree copies what a build needs.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && rel != ".":
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o600)
	})
}
