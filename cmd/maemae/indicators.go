package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/indicator"
	"maemae/strategy"
)

func indicatorsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "indicators [NAME]",
		Short: "list the indicators and candlestick patterns, or explain one",
		Long: `indicators lists what an expression may call, with parameters, defaults and outputs. With a name it prints one in full:
formula, source, unit, an example, and how many bars it needs. docs/INDICATORS.md has the same for all.`,
		Example: `  maemae indicators
  maemae indicators macd`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			list := catalogue()
			switch {
			case len(names) == 1:
				e, err := findIndicator(list, names[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(c.OutOrStdout(), e)
				}
				return printIndicator(c.OutOrStdout(), e)
			case asJSON:
				return printJSON(c.OutOrStdout(), list)
			}
			return printCatalogue(c.OutOrStdout(), list)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// catalogueEntry is one indicator or candlestick pattern as the screen, the page and JSON show it.
type catalogueEntry struct {
	ID          string        `json:"id"`
	Title       string        `json:"title"`
	TitleKorean string        `json:"title_korean"`
	Group       string        `json:"group"`
	Summary     string        `json:"summary"`
	Formula     string        `json:"formula"`
	Reads       []string      `json:"reads"`        // columns of the bars; a series it takes stands in place of the first
	TakesSeries bool          `json:"takes_series"` // the call may begin with another series
	Params      []paramEntry  `json:"params"`
	Outputs     []outputEntry `json:"outputs"` // the default one first
	Unit        string        `json:"unit"`
	Source      string        `json:"source"`
	Call        string        `json:"call,omitempty"` // with its defaults written out
	Example     string        `json:"example,omitempty"`
	Refused     string        `json:"refused,omitempty"` // why an expression cannot call it
}

type paramEntry struct {
	Name    string           `json:"name"`
	Default string           `json:"default"`
	Min     *decimal.Decimal `json:"min,omitempty"` // both included
	Max     *decimal.Decimal `json:"max,omitempty"`
	Integer bool             `json:"integer,omitempty"`
	Choices []string         `json:"choices,omitempty"`
}

type outputEntry struct {
	Name   string `json:"name"`
	WarmUp int    `json:"warm_up"` // bars to the first value with the defaults, that bar included
}

// patternGroup is the group of all candlestick patterns.
const patternGroup = "candlestick patterns"

// catalogue is the whole catalogue in its order, patterns last.
func catalogue() []catalogueEntry {
	var list []catalogueEntry
	for _, s := range indicator.All() {
		list = append(list, ofIndicator(s))
	}
	for _, p := range indicator.Patterns() {
		list = append(list, ofPattern(p))
	}
	return list
}

func ofIndicator(s *indicator.Spec) catalogueEntry {
	e := catalogueEntry{
		ID: s.ID, Title: s.Title, TitleKorean: s.TitleKorean, Group: s.Group, Summary: s.Summary, Formula: s.Formula,
		Reads: s.Reads, TakesSeries: s.TakesSeries, Params: paramsOf(s.Params), Unit: s.Unit, Source: s.Source, Example: s.Example,
	}
	args, err := s.Bind(nil)
	if err != nil {
		panic(err) // the defaults of the catalogue are valid
	}
	for _, name := range s.Outputs {
		e.Outputs = append(e.Outputs, outputEntry{name, s.WarmUpOf(name, args)})
	}
	var first []string
	if s.TakesSeries {
		first = append(first, s.Reads[0])
	}
	e.setCall(s.ID, first)
	return e
}

func ofPattern(p *indicator.Pattern) catalogueEntry {
	e := catalogueEntry{
		ID: p.ID, Title: p.Title, TitleKorean: p.TitleKorean, Group: patternGroup, Summary: p.Summary, Formula: p.Formula,
		Reads: []string{"open", "high", "low", "close"}, Params: paramsOf(p.Params), Source: p.Source,
		Unit: "a condition, true on the bar that completes it; detected is either side",
	}
	args, err := p.Bind(nil)
	if err != nil {
		panic(err) // the defaults of the catalogue are valid
	}
	for _, name := range []string{"detected", "bullish", "bearish"} {
		e.Outputs = append(e.Outputs, outputEntry{name, p.WarmUp(args)})
	}
	e.setCall("pattern", []string{p.ID})
	e.Example = e.Call
	return e
}

// setCall writes the call with its defaults, if the language takes it.
func (e *catalogueEntry) setCall(name string, args []string) {
	for _, p := range e.Params {
		args = append(args, p.Name+"="+p.Default)
	}
	call := name + "(" + strings.Join(args, ", ") + ")"
	if _, problems := strategy.ParseExpr(call); problems.Fatal() {
		e.Example, e.Refused = "", problems[0].What
		return
	}
	e.Call = call
}

func paramsOf(params []indicator.Param) []paramEntry {
	list := make([]paramEntry, len(params))
	for i, p := range params {
		list[i] = paramEntry{Name: p.Name, Default: p.DefaultChoice, Choices: p.Choices}
		if len(p.Choices) == 0 {
			list[i] = paramEntry{Name: p.Name, Default: p.Default.String(), Min: &p.Min, Max: &p.Max, Integer: p.Integer}
		}
	}
	return list
}

// words says what a parameter may be.
func (p paramEntry) words() string {
	switch {
	case len(p.Choices) > 0:
		return strings.Join(p.Choices, " or ")
	case p.Integer:
		return fmt.Sprintf("a whole number from %s to %s", p.Min, p.Max)
	}
	return fmt.Sprintf("a number from %s to %s", p.Min, p.Max)
}

// findIndicator looks a name up, or says which one was meant.
func findIndicator(list []catalogueEntry, name string) (catalogueEntry, error) {
	ids := make([]string, len(list))
	for i, e := range list {
		if ids[i] = e.ID; e.ID == name {
			return e, nil
		}
	}
	hint := strategy.Suggest(name, ids)
	if hint == "" {
		hint = "maemae indicators lists them"
	}
	return catalogueEntry{}, hinted(usagef("no indicator %q", name), hint)
}

// fact is one line of what is known of an indicator; code is in the words of the language.
type fact struct {
	label, text string
	code        bool
}

func (e catalogueEntry) facts() []fact {
	list := []fact{{"formula", e.Formula, e.Group != patternGroup}}
	if e.Call != "" {
		list = append(list, fact{"call", e.Call, true})
	} else {
		list = append(list, fact{"call", "not in rules: " + e.Refused, false})
	}
	for _, p := range e.Params {
		list = append(list, fact{"parameter", fmt.Sprintf("%s = %s, %s", p.Name, p.Default, p.words()), false})
	}
	for i := 0; i < len(e.Outputs); {
		names, need := e.Outputs[i].Name, e.Outputs[i].WarmUp
		for i++; i < len(e.Outputs) && e.Outputs[i].WarmUp == need; i++ {
			names += ", " + e.Outputs[i].Name
		}
		list = append(list, fact{"output", fmt.Sprintf("%s, warm-up %d", names, need), false})
	}
	reads := strings.Join(e.Reads, ", ")
	if e.TakesSeries {
		reads += "; another series may stand in place of " + e.Reads[0]
	}
	list = append(list, fact{"unit", e.Unit, false}, fact{"reads", reads, false}, fact{"source", e.Source, false})
	if e.Example != "" {
		list = append(list, fact{"example", e.Example, true})
	}
	return list
}

func printIndicator(w io.Writer, e catalogueEntry) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s (%s), %s\n%s\n\n", e.ID, e.Title, e.TitleKorean, e.Group, e.Summary)
	for _, f := range e.facts() {
		fmt.Fprintf(&b, "%-9s  %s\n", f.label, f.text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printCatalogue(w io.Writer, list []catalogueEntry) error {
	t := newTable("name", "title", "제목", "parameters", "outputs")
	for _, e := range list {
		var params, outputs []string
		for _, p := range e.Params {
			params = append(params, p.Name+"="+p.Default)
		}
		for _, o := range e.Outputs {
			outputs = append(outputs, o.Name)
		}
		t.add(e.ID, e.Title, e.TitleKorean, strings.Join(params, " "), strings.Join(outputs, " "))
	}
	return t.print(w)
}

// indicatorPage is docs/INDICATORS.md.
func indicatorPage() string {
	list := catalogue()
	var groups []string
	for _, e := range list {
		if !slices.Contains(groups, e.Group) {
			groups = append(groups, e.Group)
		}
	}
	var b strings.Builder
	b.WriteString(pageHead)
	for _, g := range groups {
		fmt.Fprintf(&b, "- [%s](#%s):", title(g), strings.ReplaceAll(g, " ", "-"))
		for _, e := range list {
			if e.Group == g {
				fmt.Fprintf(&b, " [%s](#%s)", e.ID, e.ID)
			}
		}
		b.WriteString("\n")
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n", title(g))
		if g == patternGroup {
			b.WriteString(patternHead)
		}
		for _, e := range list {
			if e.Group == g {
				e.section(&b)
			}
		}
	}
	return b.String()
}

// pageHead is what holds for all.
const pageHead = `# Indicators

<!-- Written by go test ./cmd/maemae -run IndicatorPage -update out of the catalogue. Do not edit. -->

What an expression may call. ` + "`maemae indicators NAME`" + ` prints one of these, ` + "`maemae eval`" + ` its values on every bar.

Parameters are given in this order or by name, and may be left out: ` + "`rsi()`, `rsi(14)`, `rsi(close, 14)` and `rsi(period=14)`" + ` are the
same. An output is chosen with a dot, ` + "`macd(12, 26, 9).signal`" + `; without one the first is meant. The warm-up is the number of bars
to the first value with the default parameters, that bar included. Before it, and where the formula divides by zero, the value is
not ready: neither zero nor false, and the rule waits. Every division and root is rounded half away from zero to 8 decimals;
nothing else is rounded. In the formulas ` + "`x`" + ` is the series and ` + "`x[1]`" + ` its value a bar ago.

`

// patternHead says what the words of the patterns' formulas mean.
const patternHead = `
A candle is white when its close is at or above its open, else black. Its body lies between the two, its shadows above and
below. Sizes are held against the bars just before the candle, never against itself:

- long, short: the body is above, below the mean body of 10 bars
- doji: the body is at most a tenth of the mean range (high - low) of 10 bars
- no, some shadow: the shadow is below, above a tenth of the mean range of 10 bars
- long shadow: above the candle's own body; very long: above twice the body
- short shadow: below half the mean of both shadows together of 10 bars
- equal, near, far: 0.05, 0.2, 0.6 of the mean range of 5 bars
- gap: the bodies do not touch; open gap: nor do the shadows

Whether a trend went before, which most books ask for, is left to the rule.
`

// section is one indicator of the page.
func (e catalogueEntry) section(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n**%s** (%s). %s\n\n", e.ID, e.Title, e.TitleKorean, e.Summary)
	for _, f := range e.facts() {
		if f.code {
			f.text = "`" + f.text + "`"
		}
		fmt.Fprintf(b, "- %s: %s\n", f.label, f.text)
	}
}

// title is text that begins with a capital.
func title(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
