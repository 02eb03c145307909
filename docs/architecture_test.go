// Package docs holds the pages that a test reads.
package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "maemae"

// source is one Go file of the tree with what the rules look at.
type source struct {
	path    string // from the root of the tree
	room    string
	test    bool
	outside bool // package x_test
	imports []string
	calls   []string // qualified names used, "time.Now"
}

func tree(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "tools" || name == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		s := source{path: rel, room: filepath.ToSlash(filepath.Dir(rel)), test: strings.HasSuffix(name, "_test.go"), outside: strings.HasSuffix(file.Name.Name, "_test")}
		for _, i := range file.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, p)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok {
					s.calls = append(s.calls, x.Name+"."+sel.Sel.Name)
				}
			}
			return true
		})
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d Go files found: the walk is wrong", len(out))
	}
	return out
}

// arrows reads the block of ARCHITECTURE.md.
func arrows(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```arrows\n")
	block, _, ok2 := strings.Cut(rest, "```")
	if !ok || !ok2 {
		t.Fatal("ARCHITECTURE.md has no arrows block")
	}
	out := map[string][]string{}
	for line := range strings.Lines(block) {
		room, targets, ok := strings.Cut(line, "<-")
		if !ok {
			t.Fatalf("arrow without <-: %q", line)
		}
		out[strings.TrimSpace(room)] = strings.Fields(targets)
	}
	return out
}

func TestImportsFollowTheArrows(t *testing.T) {
	allowed := arrows(t)
	outsideTests := []string{"broker/brokertest", "broker/paper", "broker/kis", "broker/kis/kissim"}
	seen := map[string]bool{}
	for _, s := range tree(t) {
		if s.room == "docs" {
			continue
		}
		seen[s.room] = true
		targets, known := allowed[s.room]
		if !known {
			t.Errorf("%s: room %s is not drawn in ARCHITECTURE.md", s.path, s.room)
			continue
		}
		for _, i := range s.imports {
			to, ours := strings.CutPrefix(i, module+"/")
			if !ours || to == s.room || slices.Contains(targets, to) || slices.Contains(targets, "*") {
				continue
			}
			if s.test && to == "broker/brokertest" || s.outside && slices.Contains(outsideTests, to) {
				continue
			}
			t.Errorf("%s: %s must not import %s (no such arrow)", s.path, s.room, to)
		}
	}
	for room := range allowed {
		if !seen[room] {
			t.Errorf("ARCHITECTURE.md draws %s, which does not exist", room)
		}
	}
}

func TestOnlyTheClockRoomsReadTheClock(t *testing.T) {
	banned := []string{"time.Now", "time.Since", "time.Until", "time.After", "time.AfterFunc", "time.Tick", "time.NewTimer", "time.NewTicker", "time.Sleep"}
	rooms := []string{"scheduler", "broker/kis", "broker/kis/kissim", "cmd/maemae"}
	for _, s := range tree(t) {
		if s.test || slices.Contains(rooms, s.room) {
			continue
		}
		for _, c := range s.calls {
			if slices.Contains(banned, c) {
				t.Errorf("%s: %s: the moment is an argument here", s.path, c)
			}
		}
	}
}

func TestOnlyTheGateMakesPermits(t *testing.T) {
	for _, s := range tree(t) {
		if !s.test && s.room != "risk" && slices.Contains(s.calls, "broker.NewPermit") {
			t.Errorf("%s: broker.NewPermit belongs to the risk room", s.path)
		}
	}
}

func TestNoFloatBecomesMoney(t *testing.T) {
	for _, s := range tree(t) {
		for _, c := range s.calls {
			if !s.test && (strings.HasPrefix(c, "decimal.NewFromFloat") || c == "decimal.InexactFloat64") {
				t.Errorf("%s: %s", s.path, c)
			}
		}
	}
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	rooms := map[string][]string{
		"github.com/robfig/cron/v3":               {"scheduler"},
		"gopkg.in/yaml.v3":                        {"strategy", "strategy/kisyaml", "strategy/internal/strict", "cmd/maemae"},
		"modernc.org/sqlite":                      {"journal"},
		"go.uber.org/zap":                         {"cmd/maemae"},
		"go.uber.org/zap/zapcore":                 {"cmd/maemae"},
		"github.com/spf13/cobra":                  {"cmd/maemae"},
		"golang.org/x/time/rate":                  {"broker/kis"},
		"github.com/coreos/go-systemd/v22/daemon": {"cmd/maemae"},

		"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord": {"notify"},
		"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy":    {"notify"},
		"github.com/prometheus/client_golang/prometheus":               {"cmd/maemae"},
	}
	for _, s := range tree(t) {
		for _, i := range s.imports {
			if where, ruled := rooms[i]; ruled && !s.test && !slices.Contains(where, s.room) {
				t.Errorf("%s: %s belongs to %v", s.path, i, where)
			}
		}
		if s.test {
			continue
		}
		pure := []string{"market", "series", "indicator", "strategy", "risk", "engine"}
		for _, i := range s.imports {
			if slices.Contains(pure, s.room) && (i == "net/http" || i == "net" || i == "os" || i == "database/sql" || i == "os/exec") {
				t.Errorf("%s: %s does no I/O, yet imports %s", s.path, s.room, i)
			}
		}
	}
}

// modernc.org/sqlite works only with the libc of its own go.mod, and its later releases cannot be tidied here.
func TestSQLiteAndItsLibcArePinnedTogether(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, pin := range []string{"modernc.org/sqlite v1.60.1", "modernc.org/libc v1.77.1"} {
		if !strings.Contains(string(mod), pin) {
			t.Errorf("go.mod does not have %s", pin)
		}
	}
}
