package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "write a man page for each command",
		Long: `man writes maemae.1 and a page for each command, from the texts that --help prints, into a folder. Packages have them in
/usr/share/man/man1 already; without one, man -l DIR/maemae-run.1 shows a page.`,
		Example: "  maemae man man1",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			pages := manPages(c.Root())
			for _, p := range pages {
				if err := os.WriteFile(filepath.Join(args[0], p.name+".1"), []byte(p.text), 0o644); err != nil {
					return err
				}
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "%d pages in %s\n", len(pages), args[0])
			return err
		},
	}
}

// manPage is one page; its file is the name and .1.
type manPage struct{ name, text string }

// manPages are those of a command and all below it.
func manPages(c *cobra.Command) []manPage {
	c.InitDefaultHelpFlag()
	pages := []manPage{{manName(c), manText(c)}}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			pages = append(pages, manPages(sub)...)
		}
	}
	return pages
}

func manName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manText is the page in the language of man(7). It carries no date, so that the same program makes the same bytes.
func manText(c *cobra.Command) string {
	var w strings.Builder
	section := func(title string) { fmt.Fprintf(&w, ".SH %s\n", title) }
	fmt.Fprintf(&w, ".TH %s 1 \"\" \"maemae %s\" \"maemae\"\n", strings.ToUpper(roff(manName(c))), roff(version))
	section("NAME")
	fmt.Fprintf(&w, "%s \\- %s\n", roff(manName(c)), roff(c.Short))
	section("SYNOPSIS")
	fmt.Fprintf(&w, ".B %s\n", roff(c.UseLine()))
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&w, ".br\n.B %s\n", roff(c.CommandPath()+" COMMAND"))
	}
	section("DESCRIPTION")
	manParagraphs(&w, orDefault(c.Long, c.Short))
	if c.HasAvailableSubCommands() {
		section("COMMANDS")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&w, ".TP\n.BR %s (1)\n%s\n", roff(manName(sub)), roff(sub.Short))
			}
		}
	}
	manFlags(&w, "OPTIONS", c.LocalFlags())
	manFlags(&w, "GLOBAL OPTIONS", c.InheritedFlags())
	if c.HasExample() {
		section("EXAMPLES")
		fmt.Fprintf(&w, ".nf\n%s\n.fi\n", roffLines(c.Example))
	}
	section("EXIT STATUS")
	fmt.Fprint(&w, "0 done, 1 failed, 2 wrong usage or an invalid file.\n")
	if p := c.Parent(); p != nil {
		section("SEE ALSO")
		fmt.Fprintf(&w, ".BR %s (1)\n", roff(manName(p)))
	}
	return w.String()
}

func manFlags(w *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(w, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if kind != "" {
			name += " " + kind
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(name), roff(usage))
	})
}

// manParagraphs fills lines; an empty line begins a paragraph, and indented lines stand as they are.
func manParagraphs(w *strings.Builder, text string) {
	for i, p := range strings.Split(text, "\n\n") {
		if i > 0 {
			fmt.Fprint(w, ".PP\n")
		}
		if strings.HasPrefix(p, " ") {
			fmt.Fprintf(w, ".nf\n%s\n.fi\n", roffLines(p))
			continue
		}
		fmt.Fprintln(w, roffLines(p))
	}
}

func roffLines(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = roff(l)
	}
	return strings.Join(lines, "\n")
}

// roff is text that man(7) takes for nothing but text.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, "'", `\(aq`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
