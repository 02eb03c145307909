package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// heldRow is a line of the tables in RELIABILITY.md: an id, what it is about, and who holds it or why nobody does.
var heldRow = regexp.MustCompile(`(?m)^\| ((?:F|INC|C|I|G|S)-\d+) \| ([^|]+) \| ([^|]+) \|$`)

// fileName is a script or a unit that holds a row.
var fileName = regexp.MustCompile("`((?:deploy|\\.ci)/[a-z.]+)`")

// testName is a test as the tables name it: a room, a function, and perhaps one of its cases in the words of its source.
var testName = regexp.MustCompile("`([a-z/]+) ((?:Test|Fuzz)\\w+)(?:/([^`]+))?`")

// Every control, invariant, fault, goal, security rule and incident has its row; every test or file that a row names exists; a
// row without one says why.
func TestEveryRowIsHeldByATestThatExists(t *testing.T) {
	text, err := os.ReadFile("RELIABILITY.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := functions(t)
	rows := map[string]bool{}
	for _, m := range heldRow.FindAllStringSubmatch(string(text), -1) {
		id, held := m[1], testName.FindAllStringSubmatch(m[3], -1)
		if rows[id] {
			t.Errorf("%s has two rows", id)
		}
		rows[id] = true
		files := fileName.FindAllStringSubmatch(m[3], -1)
		if len(held)+len(files) == 0 && (strings.Contains(m[3], "Test") || !reason.MatchString(m[3])) {
			t.Errorf("%s: no test, and no reason: %s", id, m[3])
		}
		for _, f := range files {
			if _, err := os.Stat(filepath.Join("..", f[1])); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		for _, n := range held {
			source, exists := tests[n[1]+" "+n[2]]
			if !exists {
				t.Errorf("%s: there is no %s in %s", id, n[2], n[1])
			}
			if n[3] != "" && !strings.Contains(source, `"`+n[3]+`"`) {
				t.Errorf("%s: %s in %s has no case %q", id, n[2], n[1], n[3])
			}
		}
		if strings.HasPrefix(id, "INC-") && !strings.Contains(m[3], "TestIncident"+strings.TrimPrefix(id, "INC-")) {
			t.Errorf("%s has no test of its name", id)
		}
	}
	for kind, last := range map[string]int{"C": 34, "I": 25, "F": 66, "G": 20, "S": 26, "INC": 17} {
		for n := 1; n <= last; n++ {
			if id := fmt.Sprintf("%s-%02d", kind, n); !rows[id] {
				t.Errorf("%s is missing", id)
			}
		}
	}
}

// reason begins what stands in the place of a test.
var reason = regexp.MustCompile(`^(cannot|changed|not shown|not held): .`)

var testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

// functions are the tests of the tree by room and name, with the text of their file.
func functions(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		room := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."+string(filepath.Separator)))
		for _, m := range testFunction.FindAllStringSubmatch(string(text), -1) {
			found[room+" "+m[1]] = string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
