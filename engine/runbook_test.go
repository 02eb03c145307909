package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"maemae/risk"
)

// codes are the halt and refusal codes in the sources of this room: first arguments of halt and stop, codes of doubts and
// refusals, reasons of modes that stop something.
func codes(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	constants, found := map[string]string{}, map[string]bool{}
	var trees []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
		ast.Inspect(tree, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
				for i := range v.Names {
					constants[v.Names[i].Name] = text(v.Values[i], nil)
				}
			}
			return true
		})
	}
	add := func(e ast.Expr) {
		if code := text(e, constants); code != "" {
			found[code] = true
		}
	}
	for _, tree := range trees {
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				switch name := name(n.Fun); {
				case name == "halt" && len(n.Args) == 3:
					add(n.Args[1])
				case name == "stop" && len(n.Args) == 2:
					add(n.Args[0])
				}
			case *ast.CompositeLit:
				literal(n, add)
			}
			return true
		})
	}
	return found
}

// literal looks at a doubt, a refusal, or a mode that stops something.
func literal(n *ast.CompositeLit, add func(ast.Expr)) {
	fields := map[string]ast.Expr{}
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			fields[name(kv.Key)] = kv.Value
		}
	}
	switch name(n.Type) {
	case "doubt":
		add(fields["code"])
	case "Refusal":
		if code, ok := fields["Code"]; ok {
			add(code)
		}
	case "State":
		if m := name(fields["Mode"]); m == "ModeReduceOnly" || m == "ModeHalted" || m == "ModeKilled" {
			add(fields["Reason"])
		}
	}
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func text(e ast.Expr, constants map[string]string) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if s, err := strconv.Unquote(lit.Value); err == nil {
			return s
		}
	}
	return constants[name(e)]
}

func TestTheRunbookHasASectionForEachCodeAndNoOther(t *testing.T) {
	want := codes(t)
	if !want["two_candidates"] || !want["orders_unreadable"] || !want["baseline"] || !want["fill_conflict"] || !want["kill"] {
		t.Fatalf("codes are missed: %v", slices.Sorted(maps.Keys(want)))
	}
	for _, r := range risk.Rules() {
		want[r.Name] = true
	}
	want["operator"] = true // given by the command
	page, err := os.ReadFile("../docs/RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^### `([a-z_]+)`$").FindAllStringSubmatch(string(page), -1) {
		if have[m[1]] {
			t.Errorf("%s has two sections", m[1])
		}
		have[m[1]] = true
	}
	for code := range want {
		if !have[code] {
			t.Errorf("docs/RUNBOOK.md has no section for %s", code)
		}
	}
	for code := range have {
		if !want[code] {
			t.Errorf("docs/RUNBOOK.md has a section for %s, which nothing says", code)
		}
	}
}
