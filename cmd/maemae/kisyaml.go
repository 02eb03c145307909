package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"maemae/market"
	"maemae/strategy"
	"maemae/strategy/kisyaml"
)

// kisFlags are what a .kis.yaml does not say: symbols, schedule and size.
type kisFlags struct {
	symbols []string
	when    string
	size    string
}

func (k *kisFlags) register(c *cobra.Command) {
	c.Flags().StringSliceVar(&k.symbols, "symbols", nil, "for a .kis.yaml: the symbols to trade, which it does not name")
	c.Flags().StringVar(&k.when, "when", "", "for a .kis.yaml: when it looks (default close - 15m)")
	c.Flags().StringVar(&k.size, "size", "", "for a .kis.yaml: how much one entry buys (default 10% of equity)")
}

func (k kisFlags) options() (kisyaml.Options, error) {
	o := kisyaml.Options{When: k.when, Size: k.size}
	for _, text := range k.symbols {
		if _, err := market.ParseSymbol(text); err != nil {
			return o, usageError{err}
		}
		o.Symbols = append(o.Symbols, text)
	}
	return o, nil
}

func importCommand() *cobra.Command {
	var k kisFlags
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "import FILE.kis.yaml",
		Short: "turn a .kis.yaml of KIS's own tools into native rules, with a report",
		Long: `import reads both dialects of KIS's strategy files and writes native YAML. The report says line by line what maps, what
was mended, what is refused and why, and in which of KIS's tools the file would have traded differently.`,
		Example: `  maemae import golden.kis.yaml --symbols 005930,000660 -o strategies.yaml`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			data, err := readBounded(args[0], maxRulesBytes+1)
			if err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			o, err := k.options()
			if err != nil {
				return err
			}
			result, problems := kisyaml.Import(args[0], data, o)
			if asJSON {
				if err := printJSON(c.ErrOrStderr(), result.Report); err != nil {
					return err
				}
			} else {
				fmt.Fprint(c.ErrOrStderr(), result.Report.String())
			}
			if problems.Fatal() {
				return problems
			}
			for _, p := range problems {
				fmt.Fprintln(c.ErrOrStderr(), p)
			}
			if out == "" {
				_, err := c.OutOrStdout().Write(result.Native)
				return err
			}
			if err := writeNew(out, string(result.Native), 0o644); err != nil {
				return hinted(fmt.Errorf("write %s: %w", out, err), "import never writes over a file: name another")
			}
			return done(c, nil, "wrote "+out)
		},
	}
	k.register(c)
	c.Flags().StringVarP(&out, "output", "o", "", "file to write, which must not exist (default: standard output)")
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return c
}

func exportCommand() *cobra.Command {
	var name, dir string
	c := &cobra.Command{
		Use:     "export STRATEGIES.yaml",
		Short:   "write rules as .kis.yaml files that both of KIS's tools read",
		Long:    "export writes the subset of .kis.yaml that KIS's strategy builder and backtester both read, one file a strategy. What they cannot express is refused with the reason.",
		Example: "  maemae export strategies.yaml --strategy golden-cross --dir kis",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, problems := loadRules(args[0])
			if f == nil {
				return problems
			}
			written := 0
			for _, s := range f.Strategies {
				if name != "" && s.Name != name {
					continue
				}
				text, problems := kisyaml.Export(s)
				if problems.Fatal() {
					return problems
				}
				for _, p := range problems {
					fmt.Fprintln(c.ErrOrStderr(), p)
				}
				path := filepath.Join(dir, s.Name+".kis.yaml")
				if err := writeNew(path, string(text), 0o644); err != nil {
					return fmt.Errorf("write %s: %w", path, err)
				}
				written++
				fmt.Fprintln(c.OutOrStdout(), "wrote "+path)
			}
			if written == 0 {
				return fmt.Errorf("%s has no strategy %q", args[0], name)
			}
			return nil
		},
	}
	c.Flags().StringVar(&name, "strategy", "", "only this strategy")
	c.Flags().StringVar(&dir, "dir", ".", "folder to write into")
	return c
}

// importRules lets a .kis.yaml stand where a strategy file is asked for; what it does not say comes from flags or the
// configuration.
func importRules(path string, data []byte, o kisyaml.Options) (*strategy.File, strategy.Problems) {
	result, problems := kisyaml.Import(path, data, o)
	if problems.Fatal() {
		return nil, problems
	}
	if len(o.Symbols) == 0 {
		return nil, append(problems, strategy.Problem{File: path, Line: 1, Col: 1, What: "a .kis.yaml names no symbols", Hint: "--symbols 005930, or maemae import " + filepath.Base(path) + " -o strategies.yaml"})
	}
	f, more := strategy.Load(path, result.Native, strategy.Options{When: whenProblem})
	return f, append(problems, more...)
}

// kisReport is what the importer has to say about a file, indented for a person.
func kisReport(path string, data []byte, o kisyaml.Options) string {
	result, _ := kisyaml.Import(path, data, o)
	return strings.TrimRight(result.Report.String(), "\n") + "\n"
}
