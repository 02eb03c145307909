package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"maemae/broker"
	"maemae/engine"
)

func resolveCommand() *cobra.Command {
	var r engine.Resolution
	var asJSON bool
	c := &cobra.Command{
		Use:   "resolve INTENT [--bind NUMBER] [--external NUMBER]... [--not-placed]",
		Short: "say what became of an order whose answer was lost",
		Long: `resolve without a flag shows the order that was sent and everything at the broker that may be it. A person then says
which order it is (--bind), which orders are not ours (--external), or that it never reached the broker (--not-placed).
The daemon has to run; it may be halted. A halt stays until maemae resume.`,
		Example: "  maemae resolve 20261126-151500-golden-cross-005930#1 --bind 0000012345 --why \"seen in the app\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			if r.Intent = args[0]; r.Bind != "" && r.NotPlaced {
				return usagef("--bind and --not-placed contradict each other")
			}
			if r.Bind == "" && !r.NotPlaced && len(r.External) == 0 {
				var s engine.Suspect
				if err := ask(c.Context(), p.socket, http.MethodPost, "/examine", map[string]string{"Intent": r.Intent}, &s); err != nil {
					return err
				}
				if asJSON {
					return printJSON(c.OutOrStdout(), s)
				}
				return printSuspect(c.OutOrStdout(), s)
			}
			return done(c, ask(c.Context(), p.socket, http.MethodPost, "/resolve", r, nil), "resolved: "+r.Intent+"; if the daemon is halted: maemae resume")
		},
	}
	f := c.Flags()
	f.StringVar(&r.Bind, "bind", "", "number of the order that it is")
	f.StringArrayVar(&r.External, "external", nil, "number of an order that is not ours; may be given again")
	f.BoolVar(&r.NotPlaced, "not-placed", false, "it never reached the broker")
	f.StringVar(&r.Why, "why", "", "why, for the journal")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

func printSuspect(w io.Writer, s engine.Suspect) error {
	o := s.Order
	fmt.Fprintf(w, "intent     %s\norder      %s\nphase      %s (sent %s)\n", o.Intent.ID, o.Intent.Order, o.Phase, kst(o.Sent))
	if o.Text != "" {
		fmt.Fprintf(w, "answer     %s %s\n", o.Code, o.Text)
	}
	if o.ID.Number != "" {
		fmt.Fprintf(w, "number     %s\n", o.ID.Number)
	}
	fmt.Fprintf(w, "balance    the broker holds %d shares, the book expects %d\n\n", s.Holding.Shares, s.Expected)
	if err := printRows(w, "may be it", s.Candidates); err != nil {
		return err
	}
	return printRows(w, "other orders of the symbol that nothing explains", s.Others)
}

func printRows(w io.Writer, title string, rows []broker.Row) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintf(w, "%s: none\n", title)
		return err
	}
	fmt.Fprintf(w, "%s:\n", title)
	t := newTable("number", "time", "side", ">shares", ">price", ">filled", ">open", "entered by")
	for _, r := range rows {
		t.add(r.ID.Number, r.Time, string(r.Side), groupedInt(r.Shares), grouped(r.Price), groupedInt(r.Filled), groupedInt(r.Remaining), orDash(r.Channel))
	}
	return t.print(w)
}

func overrideCommand() *cobra.Command {
	var why string
	c := &cobra.Command{
		Use:   "override DECISION --reason TEXT",
		Short: "send the order of a decision that a limit refused, once",
		Long: `override sends the one order of a decision that a limit refused less than ten minutes ago. It passes the limits of the
configuration, never the compiled-in ceilings, and every fact (session, quote, cash, holdings, halts) is asked anew.`,
		Example: "  maemae override 20261126-151500-golden-cross-005930 --reason \"wanted today\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if why == "" {
				return usagef("--reason is missing: why may this order pass?")
			}
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			return done(c, ask(c.Context(), p.socket, http.MethodPost, "/override", map[string]string{"Decision": args[0], "Why": why}, nil), "sent: maemae explain "+args[0])
		},
	}
	c.Flags().StringVar(&why, "reason", "", "why, for the journal")
	return stateFlag(c)
}
