package kisyaml

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"maemae/strategy/internal/strict"
)

// side is one operand of a comparison.
type side struct {
	piece
	x      *indicator // nil for a price or a number
	output string
	price  bool
}

var comparisonKeys = [8]string{
	"indicator", "operator", "compare_to", "value", "output", "compare_output", "compare_scalar", "compare_operation",
}

// condition reads one of the three shapes: an indicator or price against another, against a number, or a candlestick.
func (r *reader) condition(n *yaml.Node) []piece {
	values, ok := r.Keyed(n, "a condition", append(comparisonKeys[:8:8], "candlestick", "signal"), nil)
	if !ok {
		return nil
	}
	if values["candlestick"] != nil || values["signal"] != nil {
		return r.candlestick(n, values)
	}
	return r.comparison(n, values)
}

func (r *reader) candlestick(n *yaml.Node, values map[string]*yaml.Node) []piece {
	for _, key := range comparisonKeys {
		if v := values[key]; v != nil {
			r.refuse(strict.PlaceOf(v), key+" means nothing beside a candlestick", "a candlestick has signal only")
		}
	}
	signal, at := "detected", strict.PlaceOf(n)
	if v := values["signal"]; v != nil {
		signal, _ = r.Word(v, "signal", "bullish", "bearish", "detected")
	}
	v := values["candlestick"]
	if v == nil {
		r.refuse(at, "signal without a candlestick", "")
		return nil
	}
	name, ok := r.Text(v, "candlestick")
	x, found := find(r, v, name, r.candles, func(x *candle) alias { return x.alias })
	if !ok || !found {
		return nil
	}
	x.used = true
	text := "pattern(" + x.id + ")"
	if signal != "detected" {
		text += "." + signal
	}
	r.note(Maps, strict.PlaceOf(v), fmt.Sprintf("candlestick %s, %s is %s", name, signal, text))
	if signal == "detected" && slices.Contains(oneClass, x.id) {
		r.note(Builder, strict.PlaceOf(v), oneClassText)
		r.note(Backtester, strict.PlaceOf(v), oneClassText)
	}
	return []piece{{text, strict.PlaceOf(v)}}
}

func (r *reader) comparison(n *yaml.Node, values map[string]*yaml.Node) []piece {
	at := strict.PlaceOf(n)
	for _, missing := range []struct{ key, tools string }{
		{"indicator", "the price"}, {"operator", "greater_than"},
	} {
		if values[missing.key] == nil {
			r.refuse(at, "the condition has no "+missing.key, "KIS's tools would take "+missing.tools+": write what is meant")
			return nil
		}
	}
	o, known := r.operator(values["operator"])
	left, good := r.operand(values["indicator"], values["output"], "indicator")
	right, ok := r.right(n, values)
	if !known || !good || !ok {
		return nil
	}
	scaled := r.scaled(o, right, values)
	r.differ(o, left, right)
	if scaled == nil {
		scaled = []piece{right.piece}
		if r.neverTrue(at, o, left, right) {
			return nil
		}
	}
	pieces := append([]piece{left.piece, {" " + o.sign + " ", strict.PlaceOf(values["operator"])}}, scaled...)
	r.note(Maps, at, fmt.Sprintf("%s %s %s is %s", values["indicator"].Value, values["operator"].Value, right.text, joined(pieces)))
	return pieces
}

func joined(pieces []piece) (text string) {
	for _, p := range pieces {
		text += p.text
	}
	return text
}

// operator reads a comparison. The builder takes what it does not know for greater_than.
func (r *reader) operator(n *yaml.Node) (operator, bool) {
	text, ok := r.Text(n, "operator")
	name, at := strings.ToLower(text), strict.PlaceOf(n)
	i := slices.IndexFunc(operators, func(o operator) bool { return o.name == name })
	switch {
	case !ok:
		return operator{}, false
	case name == "between":
		r.refuse(at, "operator between has one bound only, and the backtester takes it for >", "write two conditions, greater_equal and less_equal")
		return operator{}, false
	case i < 0:
		r.refuse(at, fmt.Sprintf("no operator %q", text), cmp.Or(suggest(name, operatorNames(), ""),
			"they are greater_than, less_than, greater_equal, less_equal, equal, not_equal, cross_above, cross_below"))
		return operator{}, false
	}
	o := operators[i]
	if o.mended != "" {
		r.note(Mended, at, fmt.Sprintf("operator %s is %s", text, o.mended))
	}
	if o.sign != ">" && (!o.builder || name != text) {
		r.note(Builder, at, fmt.Sprintf("does not know the operator %s and takes it for greater_than", text))
	}
	if !o.backtester {
		r.note(Backtester, at, "refuses the file: it has no operator "+text)
	}
	return o, true
}

// operand reads an alias with its output, or a price word.
func (r *reader) operand(n, output *yaml.Node, what string) (side, bool) {
	name, ok := r.Text(n, what)
	at := strict.PlaceOf(n)
	if !ok {
		return side{}, false
	}
	if slices.Contains(priceWords, name) {
		if output != nil {
			r.refuse(strict.PlaceOf(output), "the price "+name+" has no outputs", "")
			return side{}, false
		}
		if !builderKnows(name) {
			r.note(Builder, at, "does not know the price "+name)
		}
		return side{piece: piece{name, at}, price: true}, true
	}
	if i := slices.IndexFunc(r.candles, func(x *candle) bool { return x.answers(name) }); i >= 0 {
		r.refuse(at, name+" is a candlestick", "write candlestick: "+name+" and signal: bullish, bearish or detected")
		return side{}, false
	}
	x, found := find(r, n, name, r.indicators, func(x *indicator) alias { return x.alias })
	if !found {
		return side{}, false
	}
	x.used = true
	s := side{piece: piece{x.let, at}, x: x, output: x.output}
	if output != nil {
		if s.output, ok = r.output(output, x); !ok {
			return side{}, false
		}
	} else if x.output != x.spec.main() {
		text := fmt.Sprintf("takes %s of %s here, because the condition does not say %s", x.spec.main(), name, x.output)
		r.note(Builder, at, text)
		r.note(Backtester, at, text)
	}
	if s.output != x.spec.main() {
		s.text += "." + s.output
	}
	return s, true
}

// find looks up an alias. Entries without one have a name in each tool; a name that means two entries is refused.
func find[T any](r *reader, n *yaml.Node, name string, list []*T, aliasOf func(*T) alias) (*T, bool) {
	var found *T
	for _, x := range list {
		a := aliasOf(x)
		switch {
		case !a.answers(name):
		case found != nil && r.partial:
			return nil, false
		case found != nil:
			r.refuse(strict.PlaceOf(n), fmt.Sprintf("%s is another entry in the builder than in the backtester", name), "give the entries an alias")
			return nil, false
		default:
			found = x
		}
	}
	if found == nil {
		if !r.partial {
			var names []string
			for _, x := range list {
				names = append(names, aliasOf(x).backtester)
			}
			r.refuse(strict.PlaceOf(n), fmt.Sprintf("no alias %q", name), suggest(name, names, "the aliases are "))
		}
		return nil, false
	}
	switch a := aliasOf(found); {
	case a.builder != name:
		r.note(Builder, strict.PlaceOf(n), fmt.Sprintf("does not know %s: it counts the entry in line %d as %s", name, a.at.Line, a.builder))
	case a.backtester != name:
		r.note(Backtester, strict.PlaceOf(n), fmt.Sprintf("refuses the file: it counts the entry in line %d as %s", a.at.Line, a.backtester))
	}
	return found, true
}

// right reads value, which wins, or compare_to.
func (r *reader) right(n *yaml.Node, values map[string]*yaml.Node) (side, bool) {
	v, to, output := values["value"], values["compare_to"], values["compare_output"]
	switch {
	case v == nil && to == nil:
		r.refuse(strict.PlaceOf(n), "the condition has nothing to compare with", "write compare_to; KIS's tools would take 0")
		return side{}, false
	case v == nil && !isReference(to) && !plainNumber.MatchString(strings.TrimSpace(to.Value)):
		return r.operand(to, output, "compare_to")
	case output != nil:
		r.refuse(strict.PlaceOf(output), "a number has no outputs", "")
		return side{}, false
	}
	what, at := "compare_to", to
	if v != nil {
		what, at = "value", v
		r.note(Builder, strict.PlaceOf(v), builderWithout(to))
	} else if isReference(to) {
		r.note(Builder, strict.PlaceOf(to), fmt.Sprintf("does not read $parameters: %s is text to it", to.Value))
	} else if strict.Quoted(to) {
		r.note(Backtester, strict.PlaceOf(to), "refuses the file: it takes a quoted number in compare_to for an alias")
	}
	p, ok := r.quantity(at, what)
	return side{piece: p}, ok
}

// builderWithout is what the builder compares with in place of value, which it does not read.
func builderWithout(to *yaml.Node) string {
	if to == nil {
		return "does not read value: it compares with 0"
	}
	return "does not read value: it compares with " + to.Value
}

// scaled is the right side with its constant, nil without one.
func (r *reader) scaled(o operator, right side, values map[string]*yaml.Node) []piece {
	scalar, operation := values["compare_scalar"], values["compare_operation"]
	sign := "*"
	if operation != nil {
		word, _ := r.Word(operation, "compare_operation", "mul", "div", "add", "sub")
		sign = map[string]string{"mul": "*", "div": "/", "add": "+", "sub": "-"}[word]
	}
	switch {
	case scalar == nil && operation != nil:
		r.refuse(strict.PlaceOf(operation), "compare_operation without compare_scalar", "")
	case scalar == nil:
	case right.x == nil && !right.price:
		r.refuse(strict.PlaceOf(scalar), "compare_scalar beside a number", "write the number that is meant")
	case isReference(scalar):
		r.refuse(strict.PlaceOf(scalar), "compare_scalar cannot be a $parameter", "write a number")
	default:
		text, _ := r.number(scalar, "compare_scalar")
		r.note(Builder, strict.PlaceOf(scalar), "ignores compare_scalar")
		if o.cross() {
			r.note(Backtester, strict.PlaceOf(scalar), "ignores compare_scalar in a cross")
		}
		return []piece{right.piece, {" " + sign + " ", strict.PlaceOf(scalar)}, {text, strict.PlaceOf(scalar)}}
	}
	return nil
}

// differ notes where the tools compute another value for a side, or another cross.
func (r *reader) differ(o operator, left, right side) {
	for _, f := range flaws {
		if f.outputs == "" {
			continue
		}
		for _, s := range []side{left, right} {
			if s.x != nil && f.about(s.x.spec.id, s.output, o.cross()) {
				r.note(f.kind, s.at, f.text)
				break
			}
		}
	}
	if !o.cross() {
		return
	}
	r.note(Builder, left.at, "asks for a strict inequality on the bar before too: from equal to beyond is no cross to it")
	r.note(Backtester, left.at, "takes the value before its first bar for 0, which can make a cross")
	for _, s := range []side{left, right} {
		if s.price && s.text != "close" && s.text != "price" {
			r.note(Backtester, s.at, fmt.Sprintf("takes the earlier %s for 0 on every bar of a cross", s.text))
		}
	}
}

// neverTrue refuses a close beyond an extreme that includes it; it tells whether it did.
func (r *reader) neverTrue(at place, o operator, left, right side) bool {
	high := map[string]string{"maximum": "highest", "minimum": "lowest"}
	price, extreme, above := left, right, o.sign == ">" || o.sign == "crosses above"
	below := o.sign == "<" || o.sign == "crosses below"
	if price.x != nil {
		price, extreme, above, below = right, left, below, above
	}
	if extreme.x == nil || !price.price || price.text != "close" && price.text != "price" {
		return false
	}
	id := extreme.x.spec.id
	never := id == "maximum" && above || id == "minimum" && below
	if never {
		r.refuse(at, fmt.Sprintf("%s %s %s is never true: the %s close includes today's", left.text, o.sign, right.text, high[id]),
			fmt.Sprintf("compare with the bar before: the native language writes %s(%s)[1]", id, extreme.x.args[0].text))
	}
	return never
}
