package strategy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"maemae/strategy"
)

// rootSchema is the copy that people's editors find beside strategies.yaml.
const rootSchema = "../strategies.schema.json"

func TestTheSchemaBesideTheRulesIsTheSchema(t *testing.T) {
	if *update {
		if err := os.WriteFile(rootSchema, []byte(strategy.Schema()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(rootSchema)
	if err != nil || string(got) != strategy.Schema() {
		t.Errorf("%s is not strategy/schema.json; go test ./strategy -run Schema -update writes it (%v)", rootSchema, err)
	}
}

// The loader names the keys it knows when it meets one it does not.
func TestTheSchemaHasTheKeysOfTheLoader(t *testing.T) {
	in := func(line string) string { return strings.Replace(rules, "    size: 1 share\n", line, 1) }
	for text, place := range map[string][]string{
		"zzzzzzzz: 1\n":                                          {},
		in("    zzzzzzzz: 1\n"):                                  {"$defs", "strategy"},
		in("    order: {zzzzzzzz: 1}\n"):                         {"$defs", "strategy", "properties", "order", "oneOf", "1"},
		in("    exits: {zzzzzzzz: 1}\n"):                         {"$defs", "strategy", "properties", "exits"},
		in("    params: {a: {zzzzzzzz: 1}}\n"):                   {"$defs", "strategy", "properties", "params", "patternProperties", "^[A-Za-z_][A-Za-z0-9_]*$", "anyOf", "1"},
		strings.Replace(rules, `["005930"]`, "{zzzzzzzz: 1}", 1): {"$defs", "strategy", "properties", "symbols", "oneOf", "1"},
	} {
		_, problems := strategy.Load("strategies.yaml", []byte(text), strategy.Options{})
		_, listed, found := strings.Cut(problems.Error(), "  hint: the keys of ")
		_, listed, _ = strings.Cut(listed, " are ")
		listed, _, _ = strings.Cut(listed, "\n")
		want := slices.Sorted(slices.Values(strings.Fields(listed)))
		got := slices.Sorted(maps.Keys(at(parsedSchema(t), place...)["properties"].(map[string]any)))
		if !found || !slices.Equal(got, want) {
			t.Errorf("%v: the schema has %v, the loader %v (%v)", place, got, want, problems)
		}
	}
	joins := map[string]bool{}
	for _, form := range at(parsedSchema(t), "$defs", "condition")["anyOf"].([]any) {
		for key := range asMap(form.(map[string]any)["properties"]) {
			joins[key] = true
		}
	}
	_, problems := strategy.Load("a", []byte(strings.Replace(rules, "close > open", "{zzzzzzzz: 1}", 1)), strategy.Options{})
	if len(joins) != 3 || !joins["all"] || !joins["any"] || !joins["not"] || !strings.Contains(problems.Error(), "write all, any or not;") {
		t.Errorf("the schema joins conditions with %v: %v", joins, problems)
	}
}

func TestShippedRulesFitTheSchema(t *testing.T) {
	examples, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatal("no examples", err)
	}
	for _, path := range append(examples, "../strategies.yaml", "../cmd/maemae/demo.yaml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if misfit := fits(t, string(text)); misfit != "" {
			t.Errorf("%s: %s", path, misfit)
		}
	}
}

// Of the eight mistakes of acceptance a schema cannot see the two inside expressions and a second document that is sound by
// itself.
func TestTheSchemaSeesMistakes(t *testing.T) {
	paths, err := filepath.Glob("testdata/golden/mistake-*.txt")
	if err != nil || len(paths) < 8 {
		t.Fatal("no mistakes", err)
	}
	for _, path := range paths {
		text := goldenRules(t, path)
		unseen := regexp.MustCompile(`mistake-[346]-`).MatchString(path)
		if misfit := fits(t, text); (misfit == "") != unseen {
			t.Errorf("%s: %q", path, misfit)
		}
	}
	for name, line := range map[string]string{
		"a moment that never comes": "when: \"@hourly\"", "two moments in one text": "when: open; close", "a moment twice": "when: [open, open]", "a size without a basis": "size: 10%", "a stop without percent": "exits: {stop_loss: 5}",
		"ticks of a fraction": "order: {type: limit, ticks: 1.5}", "days": "exits: {max_holding: 20 days}", "a yes": "allow_auction: yes",
		"a bare list": "buy: [close > open]", "two joins": "buy: {all: [close > open], any: [close > open]}", "a name with a space": "name: Golden Cross",
		"a symbol twice": `symbols: ["005930", "005930"]`, "no symbol": "symbols: []", "a word for a number": "params: {fast: five}", "a range without a step": "params: {a: {default: 1, min: 1, max: 2}}",
		"a whole loss": "exits: {stop_loss: 0%}", "two hundred percent": "size: 200% of cash", "an order of the future": "order: stop",
	} {
		key, _, _ := strings.Cut(line, ":")
		text := regexp.MustCompile(`(?m)^(    |  - )`+key+`: .*\n`).ReplaceAllString(rules, "") + "    " + line + "\n"
		if key == "name" {
			text = strings.Replace(rules, "name: rule", line, 1)
		}
		if misfit := fits(t, text); misfit == "" {
			t.Errorf("%s fits:\n%s", name, text)
		}
	}
}

// What an editor underlines is wrong: a file that loads fits, whatever it is made of.
func TestWhatLoadsFitsTheSchema(t *testing.T) {
	paths, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	loaded := 0
	for _, path := range paths {
		text := goldenRules(t, path)
		if f, _ := strategy.Load(path, []byte(text), strategy.Options{SymbolFile: symbolFile}); f != nil {
			loaded++
			if misfit := fits(t, text); misfit != "" {
				t.Errorf("%s loads, yet %s", path, misfit)
			}
		}
	}
	if loaded < 5 {
		t.Errorf("only %d golden files load", loaded)
	}
	loaded = 0
	drawn := 0
	rapid.Check(t, func(r *rapid.T) {
		drawn++
		text := drawRules(r)
		if f, problems := strategy.Load("a.yaml", []byte(text), strategy.Options{SymbolFile: symbolFile}); f != nil {
			loaded++
			if misfit := fits(t, text); misfit != "" {
				r.Fatalf("loads, yet %s\n%s%v", misfit, text, problems)
			}
		}
	})
	if loaded*10 < drawn || loaded == 0 { // a tenth: under -short few are drawn
		t.Errorf("only %d of %d drawn files load", loaded, drawn)
	}
}

// drawRules writes a rule from values that are right by themselves, in all the ways people write them; they may not go
// together.
func drawRules(r *rapid.T) string {
	choices := map[string][]string{
		"name":    {"a", "golden-cross", "x_1", "52-week"},
		"symbols": {`["005930"]`, `["005930", "0001A0", 'Q530031']`, "{file: symbols.csv}"},
		"when":    {"close - 15m", "open + 5m", "close-15m", "every 1h30m", `"@daily"`, `"5 15 * * MON-FRI"`, `"*/5 9-14 * * 1,2"`, "[open + 5m, close - 15m]", `["@daily"]`, "open", "close - 90s"},
		"buy": {"close > open", "{all: [close > open, open < close]}", "{not: [{any: [close > open]}]}", "{not: close > open}", `"sma(close, $fast) > 1"`,
			"|\n      close >\n      open"},
		"size": {"1 share", "3 shares", "1,000 shares", "2.0 shares", "10% of equity", "100% of cash", "0.5% of cash", "99.99% of equity", "1,000,000 KRW",
			"0.5 KRW", "exact 3 shares", "exact 5% of cash", "10  %  of cash"},
		"bars":          {"completed", "forming"},
		"index":         {`"069500"`, "'114800'"},
		"params":        {"{fast: 5}", "{fast: 5, k: 0.5, p: 5%, n: -2, m: -3%}", "{fast: 5.0}", "{fast: {default: 5, min: 2, max: 50, step: 1}}", "{p: {default: 5%, min: -1.5%, max: 10%, step: 0.5%}, fast: 3}"},
		"per_symbol":    {`{"005930": {fast: 3}}`, `{"000660": {fast: 3}}`},
		"let":           {"{a: close}", "{a: 5, b: -0.5, c: 5%}", "{a: {all: [close > open]}}"},
		"sell":          {"close < open", "{any: [position.return > 5%, close < open]}"},
		"capital":       {"5,000,000 KRW", "5000000 KRW"},
		"order":         {"market", "protected", "limit", "limit - 1 tick", "limit + 20 ticks", "{type: limit, ticks: -1, valid: 10m}", "{type: market, valid: 90s}"},
		"exits":         {"{stop_loss: 5%}", "{take_profit: 250%, trailing_stop: 0.5%, max_holding: 20 sessions}", "{max_holding: 1 session}", "{}", "{stop_loss: 99.9%}"},
		"reentry":       {"same_session", "next_session"},
		"allow_auction": {"true", "false"},
		"description":   {"text", "\"매매: 1\""},
	}
	text := "version: 1\nstrategies:\n  -\n"
	for _, key := range slices.Sorted(maps.Keys(choices)) {
		needed := slices.Contains([]string{"name", "symbols", "when", "buy", "size"}, key)
		if !needed && rapid.IntRange(0, 2).Draw(r, key+" left out") > 0 {
			continue
		}
		text += "    " + key + ": " + rapid.SampledFrom(choices[key]).Draw(r, key) + "\n"
	}
	return text
}

func goldenRules(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	above, _, _ := strings.Cut(string(text), line)
	return above
}

func parsedSchema(t *testing.T) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal([]byte(strategy.Schema()), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// at walks into a schema by keys and indices.
func at(s map[string]any, path ...string) map[string]any {
	var v any = s
	for _, p := range path {
		if list, ok := v.([]any); ok {
			v = list[p[0]-'0']
		} else {
			v = v.(map[string]any)[p]
		}
	}
	return v.(map[string]any)
}

func asMap(v any) map[string]any { m, _ := v.(map[string]any); return m }

// fits reads a file as an editor does, every document of it, and says what does not fit the schema; empty when it fits.
func fits(t *testing.T, text string) string {
	t.Helper()
	v := validator{t, parsedSchema(t)}
	documents := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		var value any
		err := documents.Decode(&value)
		if errors.Is(err, io.EOF) {
			return ""
		}
		if err != nil {
			return "not YAML: " + err.Error()
		}
		if misfit := v.misfit(v.root, value, ""); misfit != "" {
			return misfit
		}
	}
}

// validator knows the part of JSON Schema that the schema uses, and fails the test at any other keyword.
type validator struct {
	t    *testing.T
	root map[string]any
}

// misfit says what is wrong with a value at a path, empty when nothing is.
func (v validator) misfit(schema map[string]any, value any, path string) string {
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if what := v.broken(schema, keyword, value, path); what != "" {
			return what
		}
	}
	return ""
}

func (v validator) broken(schema map[string]any, keyword string, value any, path string) string {
	rule := schema[keyword]
	limit, _ := rule.(float64)
	text, isText := value.(string)
	list, isList := value.([]any)
	n, isNumber := numeric(value)
	wrong := false
	switch keyword {
	case "$schema", "$defs", "title", "description", "default", "examples", "defaultSnippets", "errorMessage", "patternErrorMessage":
	case "$ref":
		return v.misfit(at(v.root, strings.Split(strings.TrimPrefix(rule.(string), "#/"), "/")...), value, path)
	case "properties", "patternProperties":
		if schema["additionalProperties"] != false {
			v.t.Fatalf("%s: the test knows %s only where no others are allowed", path, keyword)
		}
	case "additionalProperties":
		return v.properties(schema, value, path)
	case "items":
		for i, item := range list {
			if what := v.misfit(rule.(map[string]any), item, fmt.Sprintf("%s/%d", path, i)); what != "" {
				return what
			}
		}
	case "type":
		wrong = !isType(rule.(string), value)
	case "const":
		wrong = !isNumber || n != limit
	case "enum":
		wrong = !isText || !slices.Contains(rule.([]any), value)
	case "required":
		for _, key := range rule.([]any) {
			_, has := keys(value)[key.(string)]
			wrong = wrong || keys(value) != nil && !has
		}
	case "minItems":
		wrong = isList && float64(len(list)) < limit
	case "maxItems":
		wrong = isList && float64(len(list)) > limit
	case "uniqueItems":
		for i, item := range list {
			wrong = wrong || slices.ContainsFunc(list[:i], func(other any) bool { return reflect.DeepEqual(item, other) })
		}
	case "minLength":
		wrong = isText && float64(utf8.RuneCountInString(text)) < limit
	case "maxLength":
		wrong = isText && float64(utf8.RuneCountInString(text)) > limit
	case "pattern":
		wrong = isText && !regexp.MustCompile(rule.(string)).MatchString(text)
	case "minimum":
		wrong = isNumber && n < limit
	case "maximum":
		wrong = isNumber && n > limit
	case "anyOf", "oneOf":
		fit := 0
		for _, form := range rule.([]any) {
			if v.misfit(form.(map[string]any), value, path) == "" {
				fit++
			}
		}
		wrong = fit == 0 || keyword == "oneOf" && fit > 1
	default:
		v.t.Fatalf("%s: the test knows no keyword %s", path, keyword)
	}
	if wrong {
		return fmt.Sprintf("%s/ is %v, against %s %v", path, value, keyword, rule)
	}
	return ""
}

// properties holds the keys of a mapping against properties and patternProperties, where no others are allowed.
func (v validator) properties(schema map[string]any, value any, path string) string {
	known, patterns := asMap(schema["properties"]), asMap(schema["patternProperties"])
	for _, key := range slices.Sorted(maps.Keys(keys(value))) {
		inner, ok := known[key]
		for pattern, form := range patterns {
			if regexp.MustCompile(pattern).MatchString(key) {
				inner, ok = form, true
			}
		}
		if !ok {
			return fmt.Sprintf("%s/ has no key %s", path, key)
		}
		if what := v.misfit(inner.(map[string]any), keys(value)[key], path+"/"+key); what != "" {
			return what
		}
	}
	return ""
}

// keys is a mapping with its keys as text, nil for any other value.
func keys(value any) map[string]any {
	switch m := value.(type) {
	case map[string]any:
		return m
	case map[any]any:
		out := map[string]any{}
		for k, v := range m {
			out[fmt.Sprint(k)] = v
		}
		return out
	}
	return nil
}

func numeric(value any) (float64, bool) {
	switch n := value.(type) {
	case int:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

func isType(name string, value any) bool {
	n, isNumber := numeric(value)
	switch name {
	case "object":
		return keys(value) != nil
	case "array":
		_, ok := value.([]any)
		return ok
	case "string":
		_, ok := value.(string)
		return ok
	case "boolean":
		_, ok := value.(bool)
		return ok
	case "integer":
		return isNumber && n == math.Trunc(n)
	case "number":
		return isNumber
	}
	return false
}
