// Command maemae trades strategies.yaml on a Korea Investment & Securities account: it wakes at the moments the file
// names, reads prices, decides in exact decimals, says why, and places each order once. One file per command; only this
// package knows configuration, environment and logs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"maemae/history"
	"maemae/strategy"
)

// Exit codes: 0 done, 1 failed, 2 wrong usage or an invalid file.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program; tests call it as the shell would.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	return report(stderr, err)
}

// report prints an error the way editors and people read it, and picks the exit code.
func report(w io.Writer, err error) int {
	var problems strategy.Problems
	var usage usageError
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			fmt.Fprintln(w, p)
		}
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintf(w, "maemae: %v\n", usage.err)
		if h := hintOf(err); h != "" {
			fmt.Fprintf(w, "  hint: %s\n", h)
		}
		return exitUsage
	}
	fmt.Fprintf(w, "maemae: %v\n", err)
	if h := hintOf(err); h != "" {
		fmt.Fprintf(w, "  hint: %s\n", h)
	}
	return exitFailed
}

// usageError is a wrong command line.
type usageError struct{ err error }

func (u usageError) Error() string { return u.err.Error() }
func (u usageError) Unwrap() error { return u.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// hintError carries what a person can do about an error.
type hintError struct {
	error
	hint string
}

func (h hintError) Unwrap() error { return h.error }

func hinted(err error, hint string) error { return hintError{err, hint} }

func hintOf(err error) string {
	var h hintError
	if errors.As(err, &h) {
		return h.hint
	}
	var place *history.PlaceError
	if errors.As(err, &place) {
		return place.Hint
	}
	return ""
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "maemae",
		Short:         "trade strategies.yaml on a Korea Investment & Securities account",
		Long:          "maemae (매매) trades the rules of strategies.yaml on a KIS account, once, and says why.\nStart with `maemae demo`: it needs no file, key or network.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().String("config", "", "configuration file (default ./config.yaml, else /etc/maemae/config.yaml)")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return hinted(usageError{err}, c.CommandPath()+" --help")
	})
	root.AddCommand(demoCommand(), runCommand(), simCommand(), checkCommand(), initCommand(), evalCommand(), decideCommand(), versionCommand(), importCommand(), exportCommand(), backtestCommand(), historyCommand(), indicatorsCommand(), schemaCommand(), parityCommand(), sweepCommand(), notifyCommand())
	root.AddCommand(statusCommand(), decisionsCommand(), explainCommand(), ordersCommand(), positionsCommand(), pnlCommand(), logsCommand(), reloadCommand(), diffCommand(), manCommand(), benchCommand(), verifyCommand(), backupCommand(), restoreCommand())
	root.AddCommand(doctorCommand(), limitsCommand(), haltCommand(), resumeCommand(), killCommand(), armCommand(), resolveCommand(), overrideCommand(), adoptCommand(), releaseCommand(), adjustCommand(), promoteCommand())
	for _, c := range root.Commands() {
		strictArgs(c)
		completeNames(c)
	}
	return root
}

// strictArgs makes every complaint about arguments a usage error.
func strictArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return hinted(usageError{err}, "maemae "+c.Name()+" --help")
		}
		return nil
	}
}
