package strict_test

import (
	"testing"

	"maemae/strategy/internal/strict"
)

func TestNames(t *testing.T) {
	for text, want := range map[string]bool{
		"a": true, "fast_2": true, "_": true, "A9": true, "": false, "2fast": false, "a b": false, "a-b": false, "é": false, "aé": false, "단기": false, "a단": false,
	} {
		if strict.IsName(text) != want {
			t.Errorf("%q", text)
		}
	}
}

func TestTheNearestWordIsSuggested(t *testing.T) {
	known := []string{"buy", "sell", "size", "symbols", "exits"}
	for word, want := range map[string]string{
		"by": "buy", "SELL": "sell", "szie": "size", "symbol": "symbols", "exit": "exits", "buys": "buy",
		"": "", "order": "", "x": "", "completely": "",
	} {
		if want != "" {
			want = "did you mean " + want + "?"
		}
		if got := strict.Suggest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
