package main

import (
	"io"

	"github.com/spf13/cobra"

	"maemae/strategy"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "print the JSON schema of strategies.yaml, for editors",
		Long: `schema prints the form of a strategy file as a JSON schema (draft 2020-12). Editors that know YAML schemas complete keys and
values with it, show what they mean, and underline mistakes; check knows more, because it reads the expressions.
Put the schema beside the rules and name it in a comment of theirs:

  # yaml-language-server: $schema=strategies.schema.json`,
		Example: "  maemae schema > strategies.schema.json",
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := io.WriteString(c.OutOrStdout(), strategy.Schema())
			return err
		},
	}
}
