package strategy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"maemae/indicator"
)

// functions are those of the language itself; the rest of the calls are the catalogue's.
var functions = map[string]op{"sum": opSum, "count": opCount, "barssince": opBarsSince, "streak": opStreak}

func (o op) ofCondition() bool { return o == opCount || o == opBarsSince || o == opStreak }
func (o op) windowed() bool    { return o == opSum || o == opCount }

// call resolves a function of the language or an indicator.
func (c *scope) call(n *node) *expr {
	if o, ok := functions[n.text]; ok {
		return c.function(o, n)
	}
	if n.text == "pattern" {
		return c.candles(n)
	}
	spec, ok := indicator.Lookup(n.text)
	if !ok {
		c.fail(n.place, fmt.Sprintf("no indicator %q", n.text), c.callHint(n.text))
		return nil
	}
	if slices.Contains(spec.Reads, "index") && !c.indexed {
		c.fail(n.place, n.text+" compares with a market index", `say which symbol stands for it: index: "069500" (with bars: completed)`)
		return nil
	}
	return c.indicator(spec, n)
}

// renamed are words people bring from elsewhere.
var renamed = map[string]string{
	"wma": "say lwma (linearly weighted) or wilder (what KIS calls wma)", "max": "did you mean highest(x, bars)?",
	"min": "did you mean lowest(x, bars)?", "bb": "did you mean bollinger?", "stdev": "did you mean std?", "stddev": "did you mean std?",
	"crossover": "write a crosses above b", "crossunder": "write a crosses below b", "ma": "did you mean sma?", "ref": "look back with x[1]",
}

func (c *scope) callHint(name string) string {
	if hint := renamed[name]; hint != "" {
		return hint
	}
	if _, ok := indicator.LookupPattern(name); ok {
		return "a candlestick pattern is written pattern(" + name + ")"
	}
	known := append(sortedKeys(functions), "pattern")
	for _, s := range indicator.All() {
		known = append(known, s.ID)
	}
	return cmp.Or(Suggest(name, known), "maemae indicators lists them")
}

func (c *scope) function(o op, n *node) *expr {
	want, form := 1, n.text+"(close > open)"
	if o.windowed() {
		want, form = 2, n.text+"(close, 20)"
	}
	if o == opCount {
		form = "count(close > open, 20)"
	}
	named := slices.IndexFunc(n.names, func(name string) bool { return name != "" })
	if len(n.args) != want || named == 0 || named > 0 && n.names[named] != "period" {
		c.fail(n.place, fmt.Sprintf("%s takes %s", n.text, plural(want, "argument")), "write "+form)
		return nil
	}
	x, bars, ok := c.resolve(n.args[0]), 0, true
	if o.ofCondition() {
		x = c.truth(x)
	} else {
		x = c.number(x)
	}
	if o.windowed() {
		bars, ok = c.bars(n.args[1], 1)
	}
	if x == nil || !ok || !c.known(x) {
		return nil
	}
	e := &expr{op: o, place: n.place, args: []*expr{x}, bars: bars}
	if !o.ofCondition() {
		e.unit = x.unit
	}
	return c.finish(e)
}

// known refuses the position inside a function over bars.
func (c *scope) known(x *expr) bool {
	if x.position != nil {
		c.fail(*x.position, "the position has no earlier values", "it cannot stand inside a function")
	}
	return x.position == nil
}

// indicator resolves a call of the catalogue: a source first where it takes one, then parameters by position or name.
func (c *scope) indicator(spec *indicator.Spec, n *node) *expr {
	e := &expr{op: opIndicator, place: n.place, spec: spec}
	if spec.PercentUnit {
		e.unit = points
	}
	first := 0
	if len(n.args) > 0 && n.names[0] == "" {
		x, ok := c.source(spec, n.args[0])
		if !ok {
			return nil
		}
		if x != nil {
			e.args, first = []*expr{x}, 1
		}
	}
	var ok bool
	if e.given, ok = c.arguments(spec.ID, spec.Params, spec.Bind, n, first); !ok {
		return nil
	}
	return c.finish(e)
}

// arguments reads the parameters of a call from its argument first on, by position or by name, and completes them.
func (c *scope) arguments(id string, params []indicator.Param, bind func(map[string]indicator.Value) (indicator.Args, error), n *node, first int) (indicator.Args, bool) {
	given, places, position := map[string]indicator.Value{}, map[string]place{}, 0
	for i := first; i < len(n.args); i++ {
		arg, name := n.args[i], n.names[i]
		if name == "" {
			if position >= len(params) {
				c.fail(arg.place, fmt.Sprintf("%s takes %s", id, plural(len(params), "parameter")), "")
				return indicator.Args{}, false
			}
			name = params[position].Name
			position++
		}
		if _, twice := given[name]; twice {
			c.fail(arg.place, fmt.Sprintf("%s: %s is given twice", id, name), "")
			return indicator.Args{}, false
		}
		value, ok := c.argument(id, params, name, arg)
		if !ok {
			return indicator.Args{}, false
		}
		given[name], places[name] = value, arg.place
	}
	bound, err := bind(given)
	if err != nil {
		c.refuse(n, places, err)
	}
	return bound, err == nil
}

// refuse reports arguments that the indicator does not take, at the argument.
func (c *scope) refuse(n *node, places map[string]place, err error) {
	at, hint := n.place, ""
	if wrong := (*indicator.ArgError)(nil); errors.As(err, &wrong) {
		hint = wrong.Hint
		if p, ok := places[wrong.Param]; ok {
			at = p
		}
	}
	c.fail(at, err.Error(), hint)
}

// source is the series an indicator reads, where the first argument is one; false after a problem.
func (c *scope) source(spec *indicator.Spec, n *node) (x *expr, ok bool) {
	_, isLet := c.lets[n.text]
	if n.op == opName && !isLet && !slices.Contains(priceWords, n.text) && len(spec.Params) > 0 && len(spec.Params[0].Choices) > 0 {
		return nil, true // a word such as up
	}
	x = c.number(c.resolve(n))
	switch {
	case x == nil || !c.known(x):
		return nil, false
	case x.op == opNumber:
		return nil, true
	case !spec.TakesSeries:
		c.fail(n.place, fmt.Sprintf("%s reads %s and takes no series", spec.ID, strings.Join(spec.Reads, ", ")), "drop "+x.text)
		return nil, false
	}
	return x, true
}

// argument reads one parameter of a call: a number known beforehand, or one of its words.
func (c *scope) argument(id string, params []indicator.Param, name string, n *node) (indicator.Value, bool) {
	i := slices.IndexFunc(params, func(p indicator.Param) bool { return p.Name == name })
	if i >= 0 && len(params[i].Choices) > 0 && n.op == opName {
		return indicator.Value{Word: n.text}, true
	}
	x := c.resolve(n)
	if x == nil {
		return indicator.Value{}, false
	}
	if x.op != opNumber {
		c.fail(n.place, fmt.Sprintf("%s: %s must be known beforehand, this is %s", id, name, x.text), "write a number or a $parameter")
		return indicator.Value{}, false
	}
	return indicator.Value{Number: x.value}, true
}
