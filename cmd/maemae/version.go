package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the release build.
var version = "development"

// buildInfo is what this program was built from.
type buildInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision"` // of the source; +dirty when files were changed; empty when built without it
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func build() buildInfo {
	b := buildInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Revision = s.Value + b.Revision
		case s.Key == "vcs.modified" && s.Value == "true":
			b.Revision += "+dirty"
		}
	}
	return b
}

func versionCommand() *cobra.Command {
	var asJSON bool
	var bom string
	c := &cobra.Command{
		Use:     "version",
		Short:   "print version and revision",
		Example: "  maemae version --json\n  maemae version --sbom /usr/bin/maemae",
		RunE: func(c *cobra.Command, _ []string) error {
			if bom != "" {
				b, err := materials(bom)
				if err != nil {
					return err
				}
				return printJSON(c.OutOrStdout(), b)
			}
			b := build()
			if asJSON {
				return printJSON(c.OutOrStdout(), b)
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "maemae %s (%s, %s, %s)\n", b.Version, orDash(b.Revision), b.Go, b.Platform)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().StringVar(&bom, "sbom", "", "print what the program at this path was built from (CycloneDX)")
	return c
}

func printJSON(w interface{ Write([]byte) (int, error) }, value any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
