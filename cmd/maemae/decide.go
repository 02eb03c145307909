package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"maemae/market"
)

func decideCommand() *cobra.Command {
	var due, clock string
	var asJSON bool
	c := &cobra.Command{
		Use:     "decide [--at DUE]",
		Short:   "what would every rule answer now? sends nothing, writes nothing",
		Long:    "decide reads the account, the bars and the prices, asks every rule, and prints the answers with their numbers. It works beside a running daemon.",
		Example: "  maemae decide --at 2026-11-26T15:15:00+09:00",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, keys, err := loadSetup(c)
			if err != nil {
				return err
			}
			rules, problems := loadRules(cfg.Strategies)
			if rules == nil {
				return problems
			}
			wall, err := chooseClock(c.Context(), clock, cfg)
			if err != nil {
				return err
			}
			at := wall.Now()
			if due != "" {
				if at, err = time.Parse(time.RFC3339, due); err != nil {
					return hinted(usageError{fmt.Errorf("--at: %w", err)}, "2026-11-26T15:15:00+09:00")
				}
			}
			d, err := newDaemon(cfg, keys, parts{log: zap.NewNop(), clock: wall, lookOnly: true})
			if err != nil {
				return err
			}
			defer d.close()
			account, err := d.look(c.Context())
			if err != nil {
				return err
			}
			list, err := d.engine.Ask(c.Context(), at.In(market.KST), rules.Strategies, account)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), list)
			}
			for _, x := range list {
				if err := tellDecision(c.OutOrStdout(), x); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&due, "at", "", "moment to decide at, RFC 3339 (default now)")
	c.Flags().StringVar(&clock, "clock", "wall", "wall, or sim: the simulator's own clock")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
