package kisyaml_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maemae/strategy"
	"maemae/strategy/kisyaml"
)

// Whatever the bytes are: no panic, every refusal has a place, and what is accepted loads as a native rule.
func FuzzImport(f *testing.F) {
	paths, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		above, _, _ := strings.Cut(string(text), line)
		f.Add([]byte(above))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, problems := kisyaml.Import("a.kis.yaml", data, symbols)
		if problems.Fatal() != (r.Native == nil) {
			t.Fatalf("native %q with %v", r.Native, problems)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Col < 1 || p.What == "" {
				t.Fatalf("a problem without a place: %+v", p)
			}
		}
		if r.Native == nil {
			return
		}
		loaded, problems := strategy.Load("native", r.Native, strategy.Options{})
		if problems.Fatal() {
			t.Fatalf("%v\n%s", problems, r.Native)
		}
		kisyaml.Export(loaded.Strategies[0])
	})
}
