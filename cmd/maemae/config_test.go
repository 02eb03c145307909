package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"maemae"
)

func TestTheExampleConfigurationLoadsAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(maemae.ConfigExample), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	if got.Env != want.Env || got.ExitsEvery != want.ExitsEvery || got.Exclusive != want.Exclusive || got.Bars != want.Bars || got.Grace != want.Grace || got.CatchUp != want.CatchUp || got.KIS != want.KIS || got.Log != want.Log {
		t.Errorf("the example's values are not the defaults:\n got %+v\nwant %+v", got, want)
	}
	if !got.Paper.Cash.Equal(want.Paper.Cash.Decimal) || !got.Paper.FeeRate.Equal(want.Paper.FeeRate.Decimal) || got.Paper.Slippage != want.Paper.Slippage || !got.Paper.VolumeCap.Equal(want.Paper.VolumeCap.Decimal) || got.Paper.Quotes != want.Paper.Quotes {
		t.Errorf("the example's paper values are not the defaults: %+v", got.Paper)
	}
}

// The commented lines of the example are values too: uncommented, the file still loads, and every key of the program is
// in it.
func TestTheExampleConfigurationDocumentsEveryKey(t *testing.T) {
	comment := regexp.MustCompile(`(?m)^( *)# ([a-z_]+: .*|calendar:|  - \{date.*)$`)
	text := comment.ReplaceAllStringFunc(maemae.ConfigExample, func(line string) string {
		return strings.Replace(strings.Replace(line, "# ", "", 1), "#   - ", "  - ", 1)
	})
	var c Config
	if problems := decodeConfig("all.yaml", []byte(strings.ReplaceAll(text, "# token_dir:             #", "# ")), &c); len(problems) > 0 {
		t.Fatalf("%v\n%s", problems, text)
	}
	if !c.Limits.OrderValue.IsPositive() || len(c.Calendar) != 2 || c.KIS.AppKeyFile == "" {
		t.Errorf("commented keys were not read: %+v", c)
	}
	documented := configKeys()
	all, err := yaml.Marshal(defaults())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^ *([a-z_]+):`).FindAllStringSubmatch(string(all), -1) {
		if !slices.Contains(documented, m[1]) && m[1] != "app_key" && m[1] != "app_secret" {
			t.Errorf("config.yaml.example does not document %q", m[1])
		}
	}
}

func TestSecretsAndAccountsAreNotPrintedByTheConfiguration(t *testing.T) {
	c := defaults()
	c.KIS.AppSecret = "s3cret-value"
	out, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "s3cret-value") {
		t.Error("the secret is in the marshalled configuration")
	}
}
