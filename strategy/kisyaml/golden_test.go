package kisyaml_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maemae/strategy"
	"maemae/strategy/kisyaml"
)

var update = flag.Bool("update", false, "write what is said below the line of each golden file")

const line = "\n================\n"

// A golden file holds a .kis.yaml above the line; below it stand the native rule, or the problems, and the report.
func TestEveryFileOfTheCorpusIsAnsweredAsWritten(t *testing.T) {
	paths, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(paths) < 60 {
		t.Fatal("golden files are missing", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			above, below, _ := strings.Cut(string(text), line)
			r, problems := kisyaml.Import(name+".kis.yaml", []byte(above), symbols)
			said := ""
			if len(problems) > 0 {
				said = problems.Error() + "\n"
			}
			if r.Native != nil {
				said += string(r.Native)
				if _, problems := strategy.Load("native", r.Native, strategy.Options{}); problems.Fatal() {
					t.Error("the native rule does not load:", problems)
				}
			}
			said += "----\n" + r.Report.String()
			if *update {
				if err := os.WriteFile(path, []byte(strings.TrimRight(above, "\n")+line+said), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(below, said); diff != "" {
				t.Error(diff)
			}
		})
	}
}
