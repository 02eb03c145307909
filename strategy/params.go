package strategy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"

	"maemae/market"
	"maemae/strategy/internal/strict"
)

// Param is a number that a rule leaves open. Default is its value in the rule at hand; Min, Max and Step say what a sweep
// tries. Where the file gives nothing but a value, Step is zero and Min and Max are Default.
type Param struct {
	Name                    string
	Default, Min, Max, Step decimal.Decimal
}

// Values are what a sweep tries: Min, Min + Step and so on up to Max; the default alone where there is no Step.
func (p Param) Values() []decimal.Decimal {
	if p.Step.Sign() <= 0 {
		return []decimal.Decimal{p.Default}
	}
	var values []decimal.Decimal
	for v := p.Min; v.LessThanOrEqual(p.Max); v = v.Add(p.Step) {
		values = append(values, v)
	}
	return values
}

// Params are the parameters of the rule, by name. They do not know the values that per_symbol puts in their place.
func (s *Strategy) Params() []Param {
	var list []Param
	for _, name := range sortedKeys(s.rule.params) {
		list = append(list, s.rule.params[name].param(name))
	}
	return list
}

// maxValues bounds what a sweep tries of one parameter.
const maxValues = 10_000

// param is the value of a parameter, and what a sweep tries.
type param struct {
	value          decimal.Decimal
	min, max, step decimal.Decimal
	percent        bool // written with %
	broken         bool // could not be read, which has been reported
}

func (p param) param(name string) Param {
	if p.step.IsZero() {
		p.min, p.max = p.value, p.value
	}
	return Param{name, p.value, p.min, p.max, p.step}
}

// params reads name: number, or name: {default, min, max, step}.
func (l *loader) params(n *yaml.Node, r *rule) map[string]param {
	list, ok := l.Entries(n, "params")
	r.partial = r.partial || !ok
	values := map[string]param{}
	for _, e := range list {
		name := e.Key.Value
		switch {
		case !strict.IsName(name):
			l.fail(strict.PlaceOf(e.Key), fmt.Sprintf("parameter name %q", name), "use letters, digits and _, beginning with a letter")
		case e.Value.Kind == yaml.MappingNode:
			values[name] = l.paramRange(name, e.Value)
		default:
			values[name] = l.paramValue("parameter "+name, e.Value)
		}
	}
	return values
}

func (l *loader) paramValue(what string, n *yaml.Node) param {
	text, ok := l.Text(n, what)
	if !ok {
		return param{broken: true}
	}
	digits, isPercent := strings.CutSuffix(text, "%")
	value, wrong := parseDigits(digits)
	if wrong != "" {
		l.fail(strict.PlaceOf(n), fmt.Sprintf("%s is %q: %s", what, text, wrong), "write a number such as 20, 0.5 or 5%")
		return param{broken: true}
	}
	if isPercent {
		value = value.Shift(-2)
	}
	return param{value: value, percent: isPercent}
}

// paramRange reads {default, min, max, step}.
func (l *loader) paramRange(name string, n *yaml.Node) param {
	what, before := "parameter "+name, l.mistakes
	keys := []string{"default", "min", "max", "step"}
	nodes, _ := l.Keyed(n, what, keys, keys)
	var parts [4]param
	for i, key := range keys {
		if nodes[key] != nil {
			parts[i] = l.paramValue(key+" of "+what, nodes[key])
		}
	}
	if l.mistakes > before {
		return param{broken: true}
	}
	p := parts[0]
	p.min, p.max, p.step = parts[1].value, parts[2].value, parts[3].value
	for i, key := range keys {
		if parts[i].percent != p.percent {
			l.fail(strict.PlaceOf(nodes[key]), fmt.Sprintf("%s of %s is %s, but the default is %s", key, what, nodes[key].Value, nodes["default"].Value), "write all four with % or none")
			return param{broken: true}
		}
	}
	if key, wrong := p.impossible(); wrong != "" {
		l.fail(strict.PlaceOf(nodes[key]), what+": "+wrong, "as in {default: 20, min: 5, max: 60, step: 5}")
		p.broken = true
	}
	return p
}

// impossible tells what is wrong with a range, and at which key.
func (p param) impossible() (key, what string) {
	switch {
	case p.step.Sign() <= 0:
		return "step", "the step must be above zero"
	case p.min.GreaterThan(p.max):
		return "max", "the max is below the min"
	case p.value.LessThan(p.min) || p.value.GreaterThan(p.max):
		return "default", "the default is not between min and max"
	case p.max.Sub(p.min).GreaterThan(p.step.Mul(decimal.NewFromInt(maxValues - 1))):
		return "step", fmt.Sprintf("more than %s values from min to max", grouped(decimal.NewFromInt(maxValues)))
	}
	return "", ""
}

// perSymbol reads symbol: {name: number}, values that replace those of params for one symbol.
func (l *loader) perSymbol(n *yaml.Node, s *Strategy) map[market.Symbol]map[string]param {
	list, _ := l.Entries(n, "per_symbol")
	all := map[market.Symbol]map[string]param{}
	for _, e := range list {
		symbol, ok := l.symbol(e.Key)
		if ok && s.Symbols != nil && !slices.Contains(s.Symbols, symbol) {
			l.fail(strict.PlaceOf(e.Key), fmt.Sprintf("symbol %s is not one of this strategy's", symbol), "")
			ok = false
		}
		if !ok {
			continue
		}
		values := maps.Clone(s.rule.params)
		own, _ := l.Entries(e.Value, "per_symbol "+string(symbol))
		for _, o := range own {
			if _, known := s.rule.params[o.Key.Value]; !known {
				l.fail(strict.PlaceOf(o.Key), fmt.Sprintf("no parameter %q to replace", o.Key.Value), Suggest(o.Key.Value, sortedKeys(s.rule.params)))
			} else {
				values[o.Key.Value] = l.paramValue("parameter "+o.Key.Value, o.Value)
			}
		}
		all[symbol] = values
	}
	return all
}
