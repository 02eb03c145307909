package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

func TestTheProgramListsWhatItWasBuiltFrom(t *testing.T) {
	path, err := exec.LookPath(*programPath)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "version", "--sbom", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var b sbom
	if err := json.Unmarshal(out, &b); err != nil {
		t.Fatal(err)
	}
	if b.Format != "CycloneDX" || b.Metadata.Component.Name != "maemae" {
		t.Errorf("%+v", b.Metadata)
	}
	seen := map[string]component{}
	for _, c := range b.Components {
		seen[c.Name] = c
	}
	for _, name := range []string{"github.com/shopspring/decimal", "modernc.org/sqlite", "std"} {
		c := seen[name]
		if c.Version == "" || !strings.HasPrefix(c.PURL, "pkg:golang/"+name+"@") || (len(c.Properties) == 0) != (name == "std") {
			t.Errorf("%s: %+v", name, c)
		}
	}
	if out, err := exec.Command(path, "version", "--sbom", "version.go").CombinedOutput(); err == nil || !strings.Contains(string(out), "hint: ") {
		t.Errorf("a file that is no program: %v\n%s", err, out)
	}
}
