package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// completeNames lets a shell complete the names of strategies: after --strategy, and where the command takes one.
func completeNames(c *cobra.Command) {
	if c.Flags().Lookup("strategy") != nil {
		if err := c.RegisterFlagCompletionFunc("strategy", strategyNames); err != nil {
			panic(err) // the flag is there
		}
	}
	if words := strings.Fields(c.Use); len(words) > 1 && strings.Trim(words[1], "[]") == "STRATEGY" {
		c.ValidArgsFunction = strategyNames
	}
}

// strategyNames are those of --strategies, or of the file that the configuration names, or of the one in this folder. A
// file that cannot be read completes nothing.
func strategyNames(c *cobra.Command, args []string, start string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	path := "strategies.yaml"
	config, _ := c.Flags().GetString("config") // every command has it
	if f := c.Flags().Lookup("strategies"); f != nil && f.Changed {
		path = f.Value.String()
	} else if config, err := findConfig(config); err == nil {
		if cfg, err := loadConfig(config); err == nil {
			path = cfg.Strategies
		}
	}
	var names []cobra.Completion
	if rules, _ := loadRules(path); rules != nil {
		for _, s := range rules.Strategies {
			if strings.HasPrefix(s.Name, start) {
				names = append(names, s.Name)
			}
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
