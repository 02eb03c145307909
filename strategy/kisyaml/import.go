package kisyaml

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"

	"maemae/strategy"
	"maemae/strategy/internal/strict"
)

// Options are what a native rule needs and a .kis.yaml does not say.
type Options struct {
	Symbols []string // without them the native text has a marked empty place and does not load
	When    string   // "" is "close - 15m"
	Size    string   // "" is "10% of equity"; less where the file's max_position_size is less
}

// Result is an imported file.
type Result struct {
	Native []byte // one strategy in the native language, which strategy.Load accepts once it has symbols; nil when refused
	Report Report
}

// Is tells whether a file is one for Import by its name, NAME.kis.yaml.
func Is(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".kis.yaml") }

// Import reads a .kis.yaml of either tool; name is how problems call it. It collects every problem it can find, at its
// place in the file. What the native loader finds in the translation is a problem of the file too. Problems in the
// options have the place 1:1.
func Import(name string, data []byte, o Options) (Result, strategy.Problems) {
	r := &reader{source: newSource(name)}
	if root := r.Document(data); root != nil {
		r.read(root)
	}
	var native []byte
	if !r.problems.Fatal() {
		native = r.translate(o)
	}
	if r.problems.Fatal() {
		native = nil
	}
	r.problems.Sort()
	return Result{native, r.report.sorted()}, r.problems
}

// reader is a .kis.yaml taken apart.
type reader struct {
	*source
	id         piece
	title      piece // metadata.name
	about      piece // metadata.description
	params     []*param
	indicators []*indicator
	candles    []*candle
	entry      group
	exit       group
	exits      [][]piece // stop_loss and the others, in native spelling
	limit      piece     // max_position_size
	partial    bool      // an entry could not be read: an unknown alias may be its
}

// piece is text of the native rule, and what in the file it stands for.
type piece struct {
	text string
	at   place
}

type param struct {
	name  string
	value piece  // its native definition
	about string // what the report says of it besides
	used  bool
}

// alias is what conditions call an indicator or a candlestick. An entry without alias has one of the tools' making, and
// they count differently.
type alias struct {
	at                  place
	builder, backtester string
}

func (a alias) answers(name string) bool { return a.builder == name || a.backtester == name }

type indicator struct {
	alias
	spec   spec
	let    string // the native name
	args   []piece
	output string // what a condition means that does not say
	used   bool
}

type candle struct {
	alias
	id   string
	used bool
}

// group is one side of the rule.
type group struct {
	at         place
	join       string // all or any
	conditions [][]piece
}

func (r *reader) read(root *yaml.Node) {
	top, _ := r.Keyed(root, "the file", []string{"version", "metadata", "strategy", "risk"}, []string{"metadata", "strategy"})
	for _, part := range []struct {
		key  string
		read func(*yaml.Node)
	}{{"version", r.version}, {"metadata", r.metadata}, {"risk", r.risk}, {"strategy", r.strategy}} {
		if v := top[part.key]; v != nil {
			part.read(v)
		}
	}
}

func (r *reader) version(n *yaml.Node) {
	text, ok := r.Text(n, "version")
	switch {
	case !ok:
	case text != "1.0":
		r.refuse(strict.PlaceOf(n), fmt.Sprintf("version %q is not known", text), `write version: "1.0"`)
	case !strict.Quoted(n):
		r.note(Mended, strict.PlaceOf(n), `version: the number 1.0 is the text "1.0"`)
		r.note(Backtester, strict.PlaceOf(n), "refuses the file: it takes an unquoted version for a number")
	}
}

func (r *reader) metadata(n *yaml.Node) {
	keys := []string{"name", "description", "author", "created_at", "updated_at", "tags"}
	values, _ := r.Keyed(n, "metadata", keys, keys[:1])
	for _, key := range keys {
		v := values[key]
		switch {
		case v == nil:
		case key == "tags":
			for _, tag := range r.list(v, key) {
				r.Text(tag, "a tag")
			}
			r.note(LeftOut, strict.PlaceOf(v), "tags")
		default:
			text, _ := r.Text(v, key)
			p := piece{strings.Join(strings.Fields(text), " "), strict.PlaceOf(v)}
			switch key {
			case "name":
				r.title = p
			case "description":
				r.about = p
			default:
				r.note(LeftOut, p.at, key+" "+p.text)
			}
		}
	}
}

func (r *reader) strategy(n *yaml.Node) {
	keys := []string{"id", "category", "params", "indicators", "candlesticks", "entry", "exit"}
	values, _ := r.Keyed(n, "strategy", keys, keys[:1])
	if v := values["id"]; v != nil {
		text, _ := r.Text(v, "id")
		r.id = piece{text, strict.PlaceOf(v)}
	}
	if v := values["category"]; v != nil {
		text, _ := r.Text(v, "category")
		r.note(LeftOut, strict.PlaceOf(v), "category "+text)
	}
	if v := values["params"]; v != nil {
		list, _ := r.Entries(v, "params")
		for _, e := range list {
			r.param(e)
		}
	}
	r.readIndicators(r.list(values["indicators"], "indicators"))
	r.readCandles(r.list(values["candlesticks"], "candlesticks"))
	r.distinct()
	r.nameLets()
	r.entry, r.exit = group{at: strict.PlaceOf(n), join: "all"}, group{at: strict.PlaceOf(n), join: "any"}
	if v := values["entry"]; v != nil {
		r.entry = r.group(v, "entry")
	}
	if v := values["exit"]; v != nil {
		r.exit = r.group(v, "exit")
	}
	r.complete(values["exit"])
}

// complete refuses a rule that always or never enters, or that never leaves.
func (r *reader) complete(exit *yaml.Node) {
	if r.problems.Fatal() {
		return
	}
	if len(r.entry.conditions) == 0 {
		r.refuse(r.entry.at, "entry has no conditions", "the backtester would always buy: say when to buy")
	}
	if len(r.exit.conditions) > 0 {
		return
	}
	if len(r.exits) == 0 {
		r.refuse(r.exit.at, "nothing ever sells: no exit conditions and no risk block", "say when to sell, or enable a stop_loss")
		return
	}
	what := "without exit conditions "
	if exit == nil {
		what = "without an exit "
	}
	r.note(Maps, r.exit.at, what+"only the exits of the risk block sell")
	r.note(Builder, r.exit.at, what+"sells when close < open")
	r.note(Backtester, r.exit.at, what+"sells on every bar")
}

func (r *reader) param(e strict.Entry) {
	keys := []string{"default", "min", "max", "type", "description"}
	name, at := e.Key.Value, strict.PlaceOf(e.Key)
	if !strict.IsName(name) {
		r.refuse(at, fmt.Sprintf("parameter name %q", name), "use letters, digits and _, beginning with a letter")
		return
	}
	values, _ := r.Keyed(e.Value, "parameter "+name, keys, keys[:1])
	p := &param{name: name}
	numbers := map[string]string{}
	for _, key := range keys[:3] {
		if v := values[key]; v != nil {
			if text, ok := r.number(v, name+" "+key); ok {
				numbers[key] = text
			}
			if key == "default" {
				p.value = piece{numbers[key], strict.PlaceOf(v)}
			}
		}
	}
	whole := false
	if v := values["type"]; v != nil {
		text, _ := r.Word(v, "type", "int", "float")
		whole = text == "int"
	}
	var left []string
	if values["min"] != nil || values["max"] != nil {
		if step, ok := stepOf(numbers, whole); ok {
			p.value.text = fmt.Sprintf("{default: %s, min: %s, max: %s, step: %s}", numbers["default"], numbers["min"], numbers["max"], step)
			p.about = "; the file names no step"
		} else {
			left = append(left, "min and max, which are no range around the default")
		}
	}
	if values["type"] != nil && p.about == "" {
		left = append(left, "type")
	}
	if v := values["description"]; v != nil {
		r.Text(v, "description")
		left = append(left, "description")
	}
	if len(left) > 0 {
		r.note(LeftOut, at, fmt.Sprintf("parameter %s: %s", name, strings.Join(left, "; ")))
	}
	r.params = append(r.params, p)
}

// maxValues is the most that the rule language lets a sweep try of one parameter.
const maxValues = 10_000

// stepOf is the step in which a sweep goes from min to max: 1 for a whole number, else one unit of the last decimal that
// the three numbers have. It is false where the rule language does not take them for a range: KIS's tools do not look.
func stepOf(numbers map[string]string, whole bool) (step string, ok bool) {
	var d [3]decimal.Decimal
	unit := decimal.NewFromInt(1)
	for i, key := range []string{"min", "default", "max"} {
		v, err := decimal.NewFromString(numbers[key])
		if err != nil {
			return "", false
		}
		d[i] = v
		if !whole {
			unit = decimal.Min(unit, decimal.New(1, v.Exponent()))
		}
	}
	most := decimal.NewFromInt(maxValues - 1)
	return unit.String(), d[0].LessThanOrEqual(d[1]) && d[1].LessThanOrEqual(d[2]) && d[2].Sub(d[0]).LessThanOrEqual(unit.Mul(most))
}

// reference is the parameter that $name in a value means.
func (r *reader) reference(n *yaml.Node, what string) (piece, bool) {
	at := strict.PlaceOf(n)
	name := strings.TrimPrefix(strings.TrimSpace(n.Value), "$")
	i := slices.IndexFunc(r.params, func(p *param) bool { return p.name == name })
	if i < 0 {
		var names []string
		for _, p := range r.params {
			names = append(names, "$"+p.name)
		}
		r.refuse(at, fmt.Sprintf("%s: no parameter $%s", what, name), suggest("$"+name, names, "the parameters are "))
		return piece{}, false
	}
	r.params[i].used = true
	return piece{"$" + name, at}, true
}

// quantity is a number or a $parameter.
func (r *reader) quantity(n *yaml.Node, what string) (piece, bool) {
	if isReference(n) {
		return r.reference(n, what)
	}
	text, ok := r.number(n, what)
	return piece{text, strict.PlaceOf(n)}, ok
}

func isReference(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && strings.HasPrefix(strings.TrimSpace(n.Value), "$")
}

// readIndicators reads the entries of indicators. Without an alias the backtester numbers the nameless entries of an id,
// the builder all of them.
func (r *reader) readIndicators(nodes []*yaml.Node) {
	all, nameless := map[string]int{}, map[string]int{}
	for _, n := range nodes {
		values, _ := r.Keyed(n, "indicator", []string{"id", "alias", "name", "params", "output"}, []string{"id"})
		x := &indicator{}
		id, ok := r.identify(values, &x.alias)
		if !ok {
			r.partial = true
			continue
		}
		if x.spec, ok = r.known(values["id"], id); !ok {
			r.partial = true
			continue
		}
		all[id]++
		if values["alias"] == nil {
			nameless[id]++
			x.builder, x.backtester = fmt.Sprintf("%s_%d", id, all[id]), fmt.Sprintf("%s_%d", id, nameless[id])
		}
		x.args = r.arguments(n, values["params"], x.spec)
		x.output = x.spec.main()
		if v := values["output"]; v != nil {
			x.output, _ = r.output(v, x)
		}
		r.indicators = append(r.indicators, x)
	}
}

func (r *reader) readCandles(nodes []*yaml.Node) {
	nameless := map[string]int{}
	for i, n := range nodes {
		values, _ := r.Keyed(n, "candlestick", []string{"id", "alias"}, []string{"id"})
		x := &candle{}
		id, ok := r.identify(values, &x.alias)
		if !ok {
			r.partial = true
			continue
		}
		if _, other := lookup(id); !slices.Contains(patterns, id) {
			hint := suggest(id, patterns, "")
			switch {
			case other:
				hint = "it is an indicator: write it under indicators"
			case slices.Contains(hollow, id):
				hint = "the backtester lists it, but has no definition for it"
			}
			r.refuse(x.at, fmt.Sprintf("no candlestick %q", id), hint)
			r.partial = true
			continue
		}
		if values["alias"] == nil {
			nameless[id]++
			x.builder, x.backtester = fmt.Sprintf("%s_%d", id, i+1), fmt.Sprintf("%s_%d", id, nameless[id])
		}
		x.id = id
		r.candles = append(r.candles, x)
	}
}

// identify reads id and alias of an entry.
func (r *reader) identify(values map[string]*yaml.Node, a *alias) (id string, ok bool) {
	if values["id"] == nil {
		return "", false
	}
	id, ok = r.Text(values["id"], "id")
	a.at = strict.PlaceOf(values["id"])
	if v := values["name"]; v != nil {
		text, _ := r.Text(v, "name")
		r.note(LeftOut, strict.PlaceOf(v), "the name "+text)
	}
	if v := values["alias"]; v != nil {
		text, good := r.Text(v, "alias")
		if good && (text == "" || slices.Contains(priceWords, text) || strings.HasPrefix(text, "$")) {
			r.refuse(strict.PlaceOf(v), fmt.Sprintf("alias %q has another meaning in conditions", text), "choose another alias")
		}
		a.builder, a.backtester = text, text
	}
	return id, ok
}

// distinct refuses two entries with one alias: the backtester refuses them, the builder renames the second.
func (r *reader) distinct() {
	seen := map[string]place{}
	for _, a := range r.aliases() {
		if first, twice := seen[a.backtester]; twice {
			r.refuse(a.at, fmt.Sprintf("alias %s stands twice", a.backtester), fmt.Sprintf("the first is in line %d", first.Line))
			r.partial = true
		}
		seen[a.backtester] = a.at
	}
}

func (r *reader) aliases() (list []alias) {
	for _, x := range r.indicators {
		list = append(list, x.alias)
	}
	for _, x := range r.candles {
		list = append(list, x.alias)
	}
	return list
}

// known finds an indicator that can be imported.
func (r *reader) known(n *yaml.Node, id string) (spec, bool) {
	at := strict.PlaceOf(n)
	if whole := map[string]string{"max": "maximum", "min": "minimum"}[id]; whole != "" {
		r.note(Mended, at, fmt.Sprintf("indicator %s is %s", id, whole))
		r.note(Backtester, at, "refuses the file: it has no indicator "+id)
		id = whole
	}
	found, ok := lookup(id)
	switch {
	case !ok && (slices.Contains(patterns, id) || slices.Contains(hollow, id)):
		r.refuse(at, fmt.Sprintf("no indicator %q", id), "it is a candlestick: write it under candlesticks")
	case !ok:
		r.refuse(at, fmt.Sprintf("no indicator %q", id), suggest(id, specIDs(), ""))
	case id == "alpha" || id == "beta":
		r.refuse(at, id+" compares with a market index, and the file names none", "KIS's tools put 0 or the price in its place; write the rule in the native language with index: \"069500\"")
		ok = false
	case id == "pivot":
		r.refuse(at, "pivot is known only right_bars bars later, and the file does not say when it counts", "write the rule in the native language")
		ok = false
	}
	return found, ok
}

// arguments reads params, in the order of the catalogue, the builder's defaults where one is missing.
func (r *reader) arguments(n, params *yaml.Node, s spec) (args []piece) {
	names, defaults := s.paramList()
	values := map[string]*yaml.Node{}
	if params != nil {
		values, _ = r.Keyed(params, s.id, names, nil)
	}
	for i, name := range names {
		v := values[name]
		switch {
		case v == nil:
			args = append(args, piece{defaults[i], strict.PlaceOf(n)})
			r.note(Maps, strict.PlaceOf(n), fmt.Sprintf("%s without %s: the builder's default %s", s.id, name, defaults[i]))
			r.note(Backtester, strict.PlaceOf(n), fmt.Sprintf("refuses the file: %s has no %s", s.id, name))
			continue
		case name == "direction":
			text, _ := r.Word(v, name, "up", "down")
			args = append(args, piece{text, strict.PlaceOf(v)})
			continue
		case isReference(v):
			r.note(Builder, strict.PlaceOf(v), fmt.Sprintf("does not read $parameters: %s is text to it", v.Value))
		}
		arg, _ := r.quantity(v, s.id+" "+name)
		args = append(args, arg)
	}
	return args
}

// output reads the name of an output; value is the main one.
func (r *reader) output(n *yaml.Node, x *indicator) (string, bool) {
	if n.Kind == yaml.ScalarNode && n.Value == "value" {
		return x.spec.main(), true
	}
	text, ok := r.Text(n, "output")
	if ok && !slices.Contains(x.spec.outputList(), text) {
		r.refuse(strict.PlaceOf(n), fmt.Sprintf("%s has no output %q", x.spec.id, text), suggest(text, x.spec.outputList(), "its outputs are "))
		ok = false
	}
	return text, ok
}

// risk reads the block of stops, and turns it into exits.
func (r *reader) risk(n *yaml.Node) {
	keys := []string{"stop_loss", "take_profit", "trailing_stop"}
	values, _ := r.Keyed(n, "risk", append(keys, "max_position_size"), nil)
	for _, key := range keys {
		if v := values[key]; v != nil {
			r.stop(key, v)
		}
	}
	if len(r.exits) > 0 {
		r.note(Builder, strict.PlaceOf(n), "ignores the risk block when it trades")
		r.note(Backtester, strict.PlaceOf(n), "looks at the risk block at the close of a bar only; here the price is watched between slots too")
	}
	if v := values["max_position_size"]; v != nil {
		text, ok := r.number(v, "max_position_size")
		if size, _ := decimal.NewFromString(text); ok && (size.Sign() <= 0 || size.GreaterThan(decimal.NewFromInt(1))) {
			r.refuse(strict.PlaceOf(v), "max_position_size is "+text, "it is a share of the account: more than 0, at most 1")
		}
		r.limit = piece{text, strict.PlaceOf(v)}
	}
}

func (r *reader) stop(key string, n *yaml.Node) {
	values, ok := r.Keyed(n, key, []string{"enabled", "percent"}, []string{"enabled"})
	if !ok {
		return
	}
	enabled, ok := r.Word(values["enabled"], "enabled", "true", "false")
	switch {
	case !ok:
		return
	case enabled == "false" && values["percent"] == nil:
		r.note(LeftOut, strict.PlaceOf(n), key+" is not enabled")
		return
	case values["percent"] == nil:
		r.refuse(strict.PlaceOf(n), key+" has no percent", "")
		return
	}
	at := strict.PlaceOf(values["percent"])
	percent, ok := r.number(values["percent"], key+" percent")
	switch {
	case !ok:
	case strings.HasPrefix(percent, "-") || percent == "0":
		r.refuse(at, fmt.Sprintf("%s percent is %s", key, percent), "write how far the price may move, above zero")
	case enabled == "false":
		r.note(LeftOut, at, key+" is not enabled")
	default:
		r.exits = append(r.exits, []piece{{key + ": " + percent + "%", at}})
		r.note(Maps, at, fmt.Sprintf("%s of %s percent is exits: %s: %s%%", key, percent, key, percent))
	}
}

// group reads entry or exit.
func (r *reader) group(n *yaml.Node, what string) group {
	g := group{at: strict.PlaceOf(n), join: "all"}
	r.emptyConditions(n)
	values, _ := r.Keyed(n, what, []string{"logic", "conditions"}, nil)
	if v := values["logic"]; v != nil {
		if text, _ := r.Word(v, "logic", "AND", "OR"); text == "OR" {
			g.join = "any"
		}
	}
	for _, c := range r.list(values["conditions"], "conditions") {
		g.conditions = append(g.conditions, r.condition(c))
	}
	return g
}

// emptyConditions makes an empty list of "conditions:" with nothing behind it, which the builder writes.
func (r *reader) emptyConditions(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key, v := n.Content[i], n.Content[i+1]; key.Value == "conditions" && strict.Missing(v) {
			r.note(Backtester, strict.PlaceOf(v), "refuses the file: conditions is empty")
			v.Kind, v.Tag = yaml.SequenceNode, "!!seq"
		}
	}
}

// letName makes a native name of an alias; empty when nothing of it is left.
func letName(alias string) string {
	name := strings.Map(func(c rune) rune {
		if c == '_' || c < utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
			return c
		}
		return '_'
	}, alias)
	if name != alias {
		name = strings.Trim(name, "_")
	}
	switch {
	case name == "" || strategy.IsName(name):
		return name
	case !strict.IsName(name):
		return "x" + name
	}
	return name + "_"
}

// nameLets gives every indicator a native name of its own.
func (r *reader) nameLets() {
	taken := map[string]bool{}
	for _, x := range r.indicators {
		base := cmp.Or(letName(x.backtester), x.spec.id)
		x.let = base
		for n := 2; taken[x.let]; n++ {
			x.let = fmt.Sprintf("%s_%d", base, n)
		}
		taken[x.let] = true
	}
}
