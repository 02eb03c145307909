package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"maemae/market"
	"maemae/scheduler"
	"maemae/strategy"
	"maemae/strategy/kisyaml"
)

const maxRulesBytes = 256 << 10

// loadRules reads a strategy file and its schedules. Warnings come back beside a good file.
func loadRules(path string) (*strategy.File, strategy.Problems) {
	return loadRulesWith(path, kisyaml.Options{})
}

// loadRulesWith also takes a .kis.yaml, with what that does not say.
func loadRulesWith(path string, o kisyaml.Options) (*strategy.File, strategy.Problems) {
	data, err := readBounded(path, maxRulesBytes+1) // the loader says what is too large
	if err != nil {
		return nil, strategy.Problems{{File: path, Line: 1, Col: 1, What: "cannot be read: " + err.Error()}}
	}
	if kisyaml.Is(path) {
		return importRules(path, data, o)
	}
	return parseRules(path, data, filepath.Dir(path))
}

// parseRules also holds every `when` against the scheduler, at its place in the file.
func parseRules(name string, data []byte, dir string) (*strategy.File, strategy.Problems) {
	f, problems := strategy.Load(name, data, strategy.Options{SymbolFile: symbolFiles(dir), When: whenProblem})
	if f == nil {
		return nil, problems
	}
	for _, s := range f.Strategies {
		w, err := scheduler.ParseWhen(s.When)
		if err != nil {
			return nil, append(problems, strategy.Problem{File: name, Line: s.WhenLine, Col: s.WhenCol, What: err.Error()})
		}
		switch {
		case s.ReadsVolumeToday() && !s.CompletedBars && looksEarly(w):
			problems = append(problems, strategy.Problem{File: name, Line: s.WhenLine, Col: s.WhenCol, Warning: true, What: "the rule reads today's volume, which is still growing at " + w.Words(), Hint: "close - 15m, or bars: completed"})
		case w.MayMissLateOpen():
			problems = append(problems, strategy.Problem{File: name, Line: s.WhenLine, Col: s.WhenCol, Warning: true, What: fmt.Sprintf("when %q: a cron line does not move with the session on exam day and the first session of a year", s.When), Hint: "close - 15m does"})
		}
	}
	problems = append(problems, slowSlots(f)...)
	slices.SortStableFunc(problems, func(a, b strategy.Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col)) })
	return f, problems
}

// whenProblem is the scheduler's word on a `when`.
func whenProblem(text string) (what, hint string) {
	_, err := scheduler.ParseWhen(text)
	var bad *scheduler.WhenError
	switch {
	case err == nil:
		return "", ""
	case errors.As(err, &bad):
		return fmt.Sprintf("when %q: %s", bad.Text, bad.What), bad.Hint
	}
	return err.Error(), ""
}

// slowSlots warns of slots whose reads, one a symbol, cannot end before orders do: 30 seconds before the closing
// auction.
func slowSlots(f *strategy.File) strategy.Problems {
	var out strategy.Problems
	seen := map[string]map[market.Symbol]bool{}
	for _, s := range f.Strategies {
		if seen[s.When] == nil {
			seen[s.When] = map[market.Symbol]bool{}
		}
		for _, symbol := range s.Symbols {
			seen[s.When][symbol] = true
		}
		w, err := scheduler.ParseWhen(s.When)
		if err != nil {
			continue // told elsewhere
		}
		moments := w.Moments(ordinaryDay)
		if len(moments) == 0 {
			continue
		}
		left := ordinaryDay.Auction().Add(-30 * time.Second).Sub(moments[len(moments)-1])
		for _, env := range []struct {
			name string
			rate int
		}{{"real", 18}, {"virtual", 1}} {
			if need := time.Duration(len(seen[s.When])) * time.Second / time.Duration(env.rate); need > left {
				out = append(out, strategy.Problem{File: f.Name, Line: s.WhenLine, Col: s.WhenCol, Warning: true, What: fmt.Sprintf("on %s, reading %d symbols takes %s at %d calls a second, and orders end %s after %q", env.name, len(seen[s.When]), need, env.rate, left, s.When), Hint: "an earlier when, or fewer symbols"})
				break
			}
		}
	}
	return out
}

// ordinaryDay is a session with ordinary hours, to judge a when by.
var ordinaryDay = market.Session{Date: 20260302, Open: market.Date(20260302).At(9, 0), Close: market.Date(20260302).At(15, 30)}

// looksEarly tells whether a when has moments more than a quarter of an hour before the close of an ordinary session.
func looksEarly(w scheduler.When) bool {
	for _, t := range w.Moments(ordinaryDay) {
		if t.Before(ordinaryDay.Close.Add(-15 * time.Minute)) {
			return true
		}
	}
	return false
}

// symbolFiles reads symbol lists beside the strategy file, and nowhere else.
func symbolFiles(dir string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		f, err := root.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, maxRulesBytes))
	}
}

// CheckedFiles is what check says to a program.
type CheckedFiles struct {
	Rules    []CheckedRule  `json:"rules"`
	Problems []FoundProblem `json:"problems"`
}

// CheckedRule is a valid rule in words.
type CheckedRule struct {
	File     string          `json:"file"`
	Name     string          `json:"name"`
	Revision string          `json:"revision"`
	Symbols  []market.Symbol `json:"symbols"`
	When     string          `json:"when"`
	WarmUp   int             `json:"warm_up"` // bars until it acts
	Words    string          `json:"words"`
}

// FoundProblem is a mistake, or a warning, at its place.
type FoundProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	What    string `json:"what"`
	Hint    string `json:"hint,omitempty"`
	Warning bool   `json:"warning"`
}

func (f *CheckedFiles) add(rules *strategy.File, problems strategy.Problems, lang string) {
	for _, p := range problems {
		f.Problems = append(f.Problems, FoundProblem{p.File, p.Line, p.Col, p.What, p.Hint, p.Warning})
	}
	if rules == nil {
		return
	}
	for _, s := range rules.Strategies {
		f.Rules = append(f.Rules, CheckedRule{File: rules.Name, Name: s.Name, Revision: s.Revision, Symbols: s.Symbols, When: s.When, WarmUp: s.WarmUp(), Words: s.Words(lang)})
	}
}

func checkCommand() *cobra.Command {
	var asJSON bool
	var lang string
	var k kisFlags
	c := &cobra.Command{
		Use:   "check [FILE…]",
		Short: "explain each rule of a strategy file in words, or say what is wrong and where",
		Long: `check reads strategy files (strategies.yaml when none is named), prints every rule in words with the bars it needs,
and points at each mistake as FILE:LINE:COL with a hint. Exit 2 when a file is invalid; warnings alone exit 0.`,
		Example: "  maemae check strategies.yaml\n  maemae check --lang ko",
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, files []string) error {
			if len(files) == 0 {
				files = []string{"strategies.yaml"}
			}
			if lang != "en" && lang != "ko" {
				return usagef("--lang %q: want en or ko", lang)
			}
			o, err := k.options()
			if err != nil {
				return err
			}
			var all strategy.Problems
			told := CheckedFiles{Rules: []CheckedRule{}, Problems: []FoundProblem{}}
			for _, path := range files {
				f, problems := loadRulesWith(path, o)
				if told.add(f, problems, lang); asJSON {
					all = append(all, problems...)
					continue
				}
				if kisyaml.Is(path) {
					if data, err := readBounded(path, maxRulesBytes+1); err == nil {
						fmt.Fprintln(c.OutOrStdout(), kisReport(path, data, o))
					}
				}
				all = append(all, problems...)
				if f == nil {
					continue
				}
				for _, s := range f.Strategies {
					if err := explainRule(c.OutOrStdout(), s, lang); err != nil {
						return err
					}
				}
			}
			if asJSON {
				if err := printJSON(c.OutOrStdout(), told); err != nil {
					return err
				}
			}
			if all.Fatal() {
				return all
			}
			for _, p := range all {
				fmt.Fprintln(c.ErrOrStderr(), p)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&lang, "lang", "en", "language of the rules in words: en or ko")
	k.register(c)
	return c
}

func explainRule(w io.Writer, s *strategy.Strategy, lang string) error {
	_, err := fmt.Fprintf(w, "%s\n\n", s.Words(lang))
	return err
}
