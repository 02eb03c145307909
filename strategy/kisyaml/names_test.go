package kisyaml

import (
	"slices"
	"strings"
	"testing"

	"maemae/strategy"
)

// IDs is every indicator of the catalogue, for tests.
func IDs() []string { return specIDs() }

// Patterns is every candlestick with a definition, Hollow every one without, for tests.
func Patterns() []string { return patterns }
func Hollow() []string   { return hollow }

// Outputs is the outputs of an indicator, for tests.
func Outputs(id string) []string {
	s, _ := lookup(id)
	return s.outputList()
}

func TestTheCatalogueIsThatOfBothTools(t *testing.T) {
	if len(specs) != 80 || len(patterns) != 57 || len(hollow) != 9 {
		t.Errorf("%d indicators, %d candlesticks, %d without a definition; the tools have 80, 57 and 9", len(specs), len(patterns), len(hollow))
	}
	for _, f := range flaws {
		for _, id := range strings.Fields(f.ids) {
			s, ok := lookup(id)
			if !ok {
				t.Errorf("%q concerns %s, which is no indicator", f.text, id)
			}
			for _, output := range strings.Fields(f.outputs) {
				if !slices.Contains(s.outputList(), output) {
					t.Errorf("%q concerns output %s of %s, which it does not have", f.text, output, id)
				}
			}
		}
	}
}

func TestAPatternIsExportedAsACandlestick(t *testing.T) {
	for text, want := range map[string][]string{
		"pattern(doji)":                 {`candlestick: "doji_1"`, `signal: "detected"`},
		"pattern(engulfing).bullish":    {`candlestick: "engulfing_1"`, `signal: "bullish"`},
		"pattern(evening_star).bearish": {`candlestick: "evening_star_1"`, `signal: "bearish"`},
		"pattern(doji, 9.75)":           nil,
		"pattern(moon)":                 nil,
	} {
		e := &exporter{name: "one"}
		got := e.condition(&strategy.Evidence{Text: text})
		if !slices.Equal(got, want) || e.problems.Fatal() != (want == nil) {
			t.Errorf("%s is exported as %v, want %v; %v", text, got, want, e.problems)
		}
	}
}

func TestAnAliasBecomesANativeName(t *testing.T) {
	for alias, want := range map[string]string{
		"fast": "fast", "sma_1": "sma_1", "_x": "_x", "RSI (14)": "RSI__14", "2sma": "x2sma", "단기": "", "SMA(단기)": "SMA",
		"and": "and_", "position": "position_", "volume": "volume_", "a-b": "a_b",
	} {
		if got := letName(alias); got != want {
			t.Errorf("letName(%q) = %q, want %q", alias, got, want)
		}
	}
}
