package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// leaves are the commands that do something, by their path.
func leaves(c *cobra.Command) map[string]*cobra.Command {
	out := map[string]*cobra.Command{}
	for _, sub := range c.Commands() {
		if !sub.IsAvailableCommand() || sub.Name() == "completion" || sub.Name() == "help" {
			continue
		}
		if sub.HasAvailableSubCommands() {
			for name, leaf := range leaves(sub) {
				out[sub.Name()+" "+name] = leaf
			}
			continue
		}
		out[sub.Name()] = sub
	}
	return out
}

func TestEveryCommandHasAManPageWithAllThatItsHelpSays(t *testing.T) {
	root := rootCommand()
	pages := map[string]string{}
	for _, p := range manPages(root) {
		pages[p.name] = p.text
	}
	plain := strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\(ga`, "`", `\(ha`, "^", `\(ti`, "~", `\&`, "", `\e`, `\`)
	seen := 0
	for name, c := range leaves(root) {
		page, found := pages["maemae-"+strings.ReplaceAll(name, " ", "-")]
		if seen++; !found {
			t.Errorf("%s has no page", name)
			continue
		}
		page = plain.Replace(page)
		var want []string
		for _, text := range []string{c.Short, c.Long, c.Example} {
			want = append(want, strings.Split(strings.Trim(text, "\n"), "\n")...)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			_, usage := pflag.UnquoteUsage(f)
			want = append(want, "--"+f.Name, usage)
		})
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: the page lacks %q", name, w)
			}
		}
	}
	if seen < 40 {
		t.Errorf("%d commands: too few to judge", seen)
	}
}

func TestManPagesAreWellFormed(t *testing.T) {
	if _, err := exec.LookPath("groff"); err != nil {
		t.Skip("groff is not here")
	}
	dir := t.TempDir()
	if code := run(t.Context(), []string{"man", dir}, nil, &bytes.Buffer{}, &bytes.Buffer{}); code != 0 {
		t.Fatalf("exit %d", code)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	var said bytes.Buffer
	c := exec.Command("groff", append([]string{"-man", "-Kutf8", "-Tutf8", "-ww", "-z"}, files...)...)
	c.Stdout, c.Stderr = &said, &said
	if err := c.Run(); err != nil || said.Len() > 0 {
		t.Errorf("groff: %v\n%s", err, said.String())
	}
}
