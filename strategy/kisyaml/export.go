package kisyaml

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/strategy"
	"maemae/strategy/internal/strict"
)

// Export writes a rule as a .kis.yaml that both official tools read: block style, quoted text, every alias and
// parameter spelled out, numbers in compare_to, no $parameters. What the format cannot say is refused. Warnings name
// what one of the tools computes differently. Problems have the strategy's name as their file and the place 1:1.
//
// Symbols, when, size and order have no place in the format; the first lines of the file say so.
func Export(s *strategy.Strategy) ([]byte, strategy.Problems) {
	e := &exporter{name: s.Name}
	entry, exit := e.sides(s)
	e.settings(s)
	if entry.conditions != nil && exit.conditions == nil {
		e.refuse("there is no sell", "without exit conditions the backtester sells on every bar: say when to sell")
	}
	if s.WarmUp() > historyOfBuilder {
		e.warn(fmt.Sprintf("the builder answers that there is too little data: the rule needs %d bars, it asks for 100 rows at most", s.WarmUp()))
	}
	if e.problems.Fatal() {
		return nil, e.problems
	}
	return e.write(s, entry, exit), e.problems
}

type exporter struct {
	name     string
	problems strategy.Problems
	calls    []*call
}

// call is one indicator or candlestick of the file.
type call struct {
	text   string // without the output
	alias  string
	id     string
	params []string // name: value
	candle bool
}

// exported is one side: its logic, and its conditions as lines of the file.
type exported struct {
	logic      string
	conditions [][]string
}

func (e *exporter) refuse(what, hint string) { e.add(what, hint, false) }
func (e *exporter) warn(what string)         { e.add(what, "", true) }

func (e *exporter) add(what, hint string, warning bool) {
	e.problems.Add(strategy.Problem{File: e.name, Line: 1, Col: 1, What: what, Hint: hint, Warning: warning})
}

// settings refuses what changes trades and has no key in the format.
func (e *exporter) settings(s *strategy.Strategy) {
	if s.CompletedBars {
		e.refuse("bars: completed cannot be said", "the builder takes today's bar, the backtester does not")
	}
	if s.Exits.MaxHolding > 0 {
		e.refuse("exits: max_holding cannot be said", "drop it, or keep the rule in the native language")
	}
	if s.Exits != (strategy.Exits{}) {
		e.warn("the builder ignores the risk block when it trades; the backtester looks at it at the close of a bar only")
	}
}

// sides takes the rule apart by the evidence of a decision, which is its tree. Every symbol must have the same.
func (e *exporter) sides(s *strategy.Strategy) (entry, exit exported) {
	view := strategy.View{Price: decimal.New(1, 0)}
	view.Bars.Open, view.Bars.High, view.Bars.Low = []int64{1}, []int64{1}, []int64{1}
	view.Bars.Close, view.Bars.Volume = []int64{1}, []int64{1}
	view.Bars.Dates = append(view.Bars.Dates, 20260102)
	for i, symbol := range s.Symbols {
		view.Symbol = symbol
		d := s.Decide(view)
		buy, sell := e.side(d.Buy), e.side(d.Sell)
		if i > 0 && fmt.Sprint(buy, sell) != fmt.Sprint(entry, exit) {
			e.refuse("per_symbol cannot be said", "write a strategy for each symbol")
			break
		}
		entry, exit = buy, sell
	}
	return entry, exit
}

// side is one flat list of conditions joined by and or by or.
func (e *exporter) side(ev *strategy.Evidence) (x exported) {
	if ev == nil {
		return x
	}
	ev = named(ev)
	parts, logic := []*strategy.Evidence{ev}, "AND"
	for joiner, word := range map[string]string{" and ": "AND", " or ": "OR"} {
		if joinedBy(ev, joiner) {
			parts, logic = ev.Children, word
		}
	}
	x.logic, x.conditions = logic, [][]string{}
	for _, part := range parts {
		x.conditions = append(x.conditions, e.condition(named(part)))
	}
	return x
}

// named is what stands under the name of a let.
func named(ev *strategy.Evidence) *strategy.Evidence {
	for strict.IsName(ev.Text) && len(ev.Children) == 1 {
		ev = ev.Children[0]
	}
	return ev
}

// joinedBy tells whether a text is that of its parts with the joiner between them.
func joinedBy(ev *strategy.Evidence, joiner string) bool {
	rest := ev.Text
	for i, part := range ev.Children {
		ok := true
		if i > 0 {
			rest, ok = strings.CutPrefix(rest, joiner)
		}
		whole, bare := strings.CutPrefix(rest, part.Text)
		if !bare {
			whole, bare = strings.CutPrefix(rest, "("+part.Text+")")
		}
		if rest = whole; !ok || !bare {
			return false
		}
	}
	return rest == "" && len(ev.Children) > 1
}

// comparisons are the operators of the native language that both tools read, and each turned round.
var comparisons = []struct{ sign, name, turned string }{
	{" > ", "greater_than", "less_than"},
	{" < ", "less_than", "greater_than"},
	{" >= ", "greater_equal", "less_equal"},
	{" <= ", "less_equal", "greater_equal"},
	{" crosses above ", "cross_above", "cross_below"},
	{" crosses below ", "cross_below", "cross_above"},
}

// condition is one comparison or candlestick as lines of the file; nil after a problem.
func (e *exporter) condition(ev *strategy.Evidence) []string {
	if m := patternText.FindStringSubmatch(ev.Text); m != nil && slices.Contains(patterns, m[2]) && usual(m[1], m[2]) {
		c := e.use(call{text: m[1], id: m[2], candle: true}, "")
		if m[3] == "" && slices.Contains(oneClass, m[2]) {
			e.warn(fmt.Sprintf("%s: the builder and the backtester each %s", c.alias, oneClassText))
		}
		return []string{"candlestick: " + strconv.Quote(c.alias), "signal: " + strconv.Quote(cmp.Or(m[3], "detected"))}
	}
	if len(ev.Children) >= 2 {
		left, right := ev.Children[0], ev.Children[1]
		for _, o := range comparisons {
			if ev.Text == left.Text+o.sign+right.Text {
				return e.comparison(o.name, o.turned, left, right)
			}
		}
	}
	hint := "both tools know >, <, >=, <=, crosses above, crosses below and candlesticks, joined all by and, or all by or"
	if strings.Contains(ev.Text, " == ") || strings.Contains(ev.Text, " != ") {
		hint = "the builder and the backtester have no common word for equality"
	}
	e.refuse(ev.Text+" cannot be said", hint)
	return nil
}

// patternText is a candlestick in the native language.
var patternText = regexp.MustCompile(`^(pattern\(([a-z_]+)[^()]*\))(?:\.(bullish|bearish|detected))?$`)

// usual tells whether a pattern has its default parameters: KIS's files know no others.
func usual(text, id string) bool {
	plain := "pattern(" + id + ")"
	e, problems := strategy.ParseExpr(plain)
	return text == plain || !problems.Fatal() && text == strings.TrimSuffix(e.String(), ".detected")
}

func (e *exporter) comparison(name, turned string, left, right *strategy.Evidence) []string {
	a, good := e.operand(left)
	b, ok := e.operand(right)
	if !good || !ok {
		return nil
	}
	if a.number && b.number {
		e.refuse(left.Text+" and "+right.Text+" are both numbers", "")
		return nil
	}
	if a.number {
		a, b, name = b, a, turned
	}
	for _, x := range []operand{a, b} {
		e.flaws(x, strings.HasPrefix(name, "cross"))
	}
	lines := []string{"indicator: " + strconv.Quote(a.text), "operator: " + strconv.Quote(name)}
	if b.number {
		lines = append(lines, "compare_to: "+b.text)
	} else {
		lines = append(lines, "compare_to: "+strconv.Quote(b.text))
	}
	if a.output != "" {
		lines = append(lines, "output: "+strconv.Quote(a.output))
	}
	if b.output != "" {
		lines = append(lines, "compare_output: "+strconv.Quote(b.output))
	}
	return lines
}

// operand is a price word, an alias with its output, or a number.
type operand struct {
	text, output, id string
	number           bool
}

func (e *exporter) operand(ev *strategy.Evidence) (operand, bool) {
	let := ""
	for strict.IsName(ev.Text) && len(ev.Children) == 1 {
		let, ev = ev.Text, ev.Children[0]
	}
	text := ev.Text
	switch digits, percent := strings.CutSuffix(text, "%"); {
	case strict.IsName(text) && builderKnows(text) && slices.Contains(priceWords, text):
		return operand{text: text}, true
	case text == "price":
		e.refuse("price cannot be said", "the builder knows close, open, high and low: write close")
		return operand{}, false
	case text == "volume":
		e.refuse("volume cannot be said", "the builder knows close, open, high and low only")
		return operand{}, false
	case plainNumber.MatchString(digits):
		value, _ := decimal.NewFromString(digits)
		if percent {
			value = value.Shift(-2)
		}
		return operand{text: value.String(), number: true}, true
	case strict.IsName(text) && plainNumber.MatchString(ev.Value): // a let that is a number
		return operand{text: ev.Value, number: true}, true
	}
	c, output, what := parseCall(text)
	if what != "" {
		e.refuse(text+" cannot be said", what)
		return operand{}, false
	}
	if output != "" {
		let = ""
	}
	used := e.use(c, let)
	return operand{text: used.alias, output: output, id: c.id}, true
}

// use is the entry of a call, made when it is the first. It bears the name of the let that is just this call.
func (e *exporter) use(c call, let string) *call {
	nth := 1
	for _, known := range e.calls {
		if known.text == c.text {
			return known
		}
		if known.id == c.id {
			nth++
		}
	}
	c.alias = let
	free := func(alias string) bool {
		return alias != "" && !slices.ContainsFunc(e.calls, func(x *call) bool { return x.alias == alias })
	}
	for ; !free(c.alias); nth++ {
		c.alias = fmt.Sprintf("%s_%d", c.id, nth)
	}
	e.calls = append(e.calls, &c)
	return &c
}

// callText is an indicator in the canonical spelling of the native language.
var callText = regexp.MustCompile(`^([a-z0-9_]+)\(([^()]*)\)(?:\.([a-z_0-9]+))?$`)

// parseCall takes a call in canonical spelling apart; what says why it cannot be exported.
func parseCall(text string) (c call, output, what string) {
	m := callText.FindStringSubmatch(text)
	if m == nil {
		return c, "", "both tools know a price, a number or an indicator of the price there: no arithmetic, no look-back, no position, no indicator of an indicator"
	}
	c.id, output = foreign(m[1]), m[3]
	c.text = strings.TrimSuffix(text, "."+output)
	s, ok := lookup(c.id)
	switch {
	case !ok:
		return c, "", "KIS's tools have no " + m[1]
	case c.id == "pivot":
		return c, "", "KIS's tools read pivot wrongly"
	}
	args := strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' || r == ' ' })
	names, _ := s.paramList()
	if len(args) > 0 && strict.IsName(args[0]) && (len(names) == 0 || names[0] != "direction" || len(args) > 1) {
		if args[0] != "close" {
			return c, "", "KIS's " + c.id + " reads the close only"
		}
		args = args[1:]
	}
	if want := s.smoothing(); want != "" && len(args) == len(names)+1 {
		if args[len(names)] != want {
			return c, "", fmt.Sprintf("KIS's backtester computes %s with %s averages only: smoothing=%s", c.id, want, want)
		}
		args = args[:len(names)]
	}
	if len(args) != len(names) {
		return c, "", fmt.Sprintf("KIS's %s has %d parameters", c.id, len(names))
	}
	for i, arg := range args {
		if strict.IsName(arg) {
			arg = strconv.Quote(arg)
		}
		c.params = append(c.params, names[i]+": "+arg)
	}
	return c, output, ""
}

// foreign is KIS's name of a native indicator.
func foreign(id string) string {
	switch id {
	case "wilder":
		return "wma"
	case "wma":
		return ""
	case "highest":
		return "maximum"
	case "lowest":
		return "minimum"
	}
	return id
}

// flaws warns of what one of the tools computes differently.
func (e *exporter) flaws(x operand, cross bool) {
	s, ok := lookup(x.id)
	if !ok {
		return
	}
	output := x.output
	if output == "" {
		output = s.main()
	}
	for _, f := range flaws {
		if f.outputs == "" && f.about(x.id, "", true) || f.about(x.id, output, cross) && f.outputs != "" {
			e.warn(fmt.Sprintf("%s: the %s %s", x.text, f.kind, f.text))
		}
	}
}

func (e *exporter) write(s *strategy.Strategy, entry, exit exported) []byte {
	var b strings.Builder
	line := func(indent int, text string) { b.WriteString(strings.Repeat("  ", indent) + text + "\n") }
	line(0, "# A rule of maemae, in the part of the format that KIS's strategy builder and backtester both read.")
	line(0, "# Symbols, when, size and order are not part of it.")
	line(0, `version: "1.0"`)
	line(0, "metadata:")
	line(1, "name: "+strconv.Quote(s.Name))
	line(1, "description: "+strconv.Quote(s.Description))
	line(0, "strategy:")
	line(1, "id: "+strconv.Quote(s.Name))
	e.writeCalls(line, "indicators:", false)
	e.writeCalls(line, "candlesticks:", true)
	for _, side := range []struct {
		key string
		exported
	}{{"entry:", entry}, {"exit:", exit}} {
		line(1, side.key)
		line(2, "logic: "+strconv.Quote(side.logic))
		line(2, "conditions:")
		for _, c := range side.conditions {
			line(3, "- "+c[0])
			for _, rest := range c[1:] {
				line(4, rest)
			}
		}
	}
	e.writeRisk(line, s.Exits)
	return []byte(b.String())
}

func (e *exporter) writeCalls(line func(int, string), header string, candles bool) {
	for _, c := range e.calls {
		if c.candle != candles {
			continue
		}
		if header != "" {
			line(1, header)
			header = ""
		}
		line(2, "- id: "+strconv.Quote(c.id))
		line(3, "alias: "+strconv.Quote(c.alias))
		if len(c.params) > 0 {
			line(3, "params:")
		}
		for _, p := range c.params {
			line(4, p)
		}
	}
}

func (e *exporter) writeRisk(line func(int, string), x strategy.Exits) {
	header := "risk:"
	for _, stop := range []struct {
		key   string
		ratio decimal.Decimal
	}{{"stop_loss:", x.StopLoss}, {"take_profit:", x.TakeProfit}, {"trailing_stop:", x.TrailingStop}} {
		if stop.ratio.IsZero() {
			continue
		}
		if header != "" {
			line(0, header)
			header = ""
		}
		line(1, stop.key)
		line(2, "enabled: true")
		line(2, "percent: "+stop.ratio.Shift(2).String())
	}
}
