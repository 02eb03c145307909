package main

import (
	"debug/buildinfo"
	"fmt"
	"runtime/debug"
	"strings"
)

// The software bill of materials, as far as a Go program can tell of itself: CycloneDX 1.5, https://cyclonedx.org.

type sbom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   sbomAbout   `json:"metadata"`
	Components []component `json:"components"`
}

type sbomAbout struct {
	Timestamp string    `json:"timestamp,omitempty"` // of the revision: the same program has the same bill
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// materials reads what a Go program was built from out of the program itself.
func materials(path string) (sbom, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return sbom{}, hinted(fmt.Errorf("bill of materials: %w", err), "a program built by Go")
	}
	return bill(info), nil
}

func bill(info *debug.BuildInfo) sbom {
	b := sbom{Format: "CycloneDX", Spec: "1.5", Version: 1, Metadata: sbomAbout{Component: component{Type: "application", Name: info.Main.Path}}}
	main := &b.Metadata.Component
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.time":
			b.Metadata.Timestamp = s.Value
		case "vcs.revision":
			main.Version = s.Value
		}
		if s.Key == "vcs.modified" || strings.HasPrefix(s.Key, "GO") || strings.HasPrefix(s.Key, "-") {
			main.Properties = append(main.Properties, property{"go:" + strings.TrimPrefix(s.Key, "-"), s.Value})
		}
	}
	b.Components = append(b.Components, component{Type: "framework", Name: "std", Version: info.GoVersion, PURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version}
		if m.Sum != "" {
			c.Properties = []property{{"go:sum", m.Sum}}
		}
		b.Components = append(b.Components, c)
	}
	return b
}
