package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNamesOfStrategiesAreCompleted(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	rules := goldenCross("005930") + strings.TrimPrefix(strings.Replace(goldenCross("000660"), "golden-cross", "dip", 1), "version: 1\nstrategies:\n")
	if err := os.WriteFile(filepath.Join(dir, "strategies.yaml"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ line, want string }{
		{"promote ", "golden-cross dip"},
		{"arm d", "dip"},
		{"sweep g", "golden-cross"},
		{"promote dip ", ""},
		{"decisions --strategy ", "golden-cross dip"},
		{"logs --strategy go", "golden-cross"},
		{"sweep --strategies none.yaml ", ""},
	} {
		var out, problems bytes.Buffer
		run(t.Context(), append([]string{"__complete"}, strings.Split(x.line, " ")...), nil, &out, &problems)
		lines := strings.Fields(out.String())
		if len(lines) == 0 || strings.Join(lines[:len(lines)-1], " ") != x.want {
			t.Errorf("maemae %s<TAB>: %q", x.line, out.String())
		}
	}
}
