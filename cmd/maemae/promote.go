package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"maemae/engine"
	"maemae/journal"
	"maemae/risk"
)

func promoteCommand() *cobra.Command {
	var early bool
	var why string
	c := &cobra.Command{
		Use:   "promote STRATEGY",
		Short: "end the probation of a strategy as it is now",
		Long: `promote lets a strategy trade up to its limits with real money. A new revision of it, or of the program, first decides
for a session without entries, and then sends at most three entries a day of one share or 100,000 won. Another edit of the
strategy, or another build, begins anew. Before four sessions it has to be insisted on with --early.`,
		Example: "  maemae promote golden-cross --why \"decisions read, fills as expected\"",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := findPlace(c)
			if err != nil {
				return err
			}
			u := p.used()
			if u == nil {
				return hinted(fmt.Errorf("no journal in %s", p.state), "maemae run makes it")
			}
			s, known := u.Strategies[args[0]]
			switch {
			case !known:
				return hinted(fmt.Errorf("no strategy %q is in force here", args[0]), "maemae status")
			case s.Proven:
				return done(c, nil, args[0]+" is promoted already")
			case s.Sessions < risk.Probation && !early:
				return hinted(fmt.Errorf("%s has decided on %d sessions before the newest, as it is now", args[0], s.Sessions), "after 4 it can be promoted, or now with --early")
			}
			return p.promote(c, args[0], why, s)
		},
	}
	c.Flags().BoolVar(&early, "early", false, "do not wait for the four sessions")
	c.Flags().StringVar(&why, "why", "", "why, for the journal")
	return stateFlag(c)
}

func (p place) promote(c *cobra.Command, name, why string, s engine.StrategyUsage) error {
	o := journal.Operator{Act: "promote", Strategy: name, Why: why}
	err := act(c.Context(), p, "/operate", o, func(by string) journal.Body { o.By = by; return o })
	if errors.Is(err, journal.ErrBook) {
		err = hinted(err, "a strategy is promoted after it has decided")
	}
	return done(c, err, fmt.Sprintf("%s is promoted after %d sessions", name, s.Sessions))
}
