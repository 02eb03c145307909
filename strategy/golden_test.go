package strategy_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"maemae/strategy"
)

var update = flag.Bool("update", false, "write what is said below the line of each golden file")

const line = "\n================\n"

// symbolFile stands for the directory of the rule file.
func symbolFile(name string) ([]byte, error) {
	if name != "symbols.csv" {
		return nil, os.ErrNotExist
	}
	return []byte("symbol,market,kind,name\n005930,KOSPI,stock,삼성전자\n069500,KOSPI,etf,KODEX 200\n"), nil
}

// A golden file holds a rule file above the line; below it stands everything the room says about it.
func TestEveryFileIsAnsweredAsWritten(t *testing.T) {
	paths, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			above, below, _ := strings.Cut(string(text), line)
			f, problems := strategy.Load("strategies.yaml", []byte(above), strategy.Options{SymbolFile: symbolFile})
			var said strings.Builder
			if len(problems) > 0 {
				said.WriteString(problems.Error() + "\n")
			}
			if f != nil {
				for _, s := range f.Strategies {
					english, korean := s.Words("en"), s.Words("ko")
					said.WriteString(english + "\n")
					if strings.Count(english, "\n") != strings.Count(korean, "\n") {
						t.Errorf("in Korean it has other lines:\n%s", korean)
					}
				}
			}
			if *update {
				if err := os.WriteFile(path, []byte(strings.TrimRight(above, "\n")+"\n"+line[1:]+said.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(below, said.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
