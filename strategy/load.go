package strategy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"maemae/market"
	"maemae/strategy/internal/strict"
)

// Options are what Load needs from outside.
type Options struct {
	// SymbolFile reads the list that `symbols: {file: NAME}` names. Without it such a list is refused.
	SymbolFile func(name string) ([]byte, error)
	// When says what is wrong with the text of a `when`, or nothing. Without it any text is accepted.
	When func(text string) (what, hint string)
}

// Bounds of one file.
const (
	maxStrategies = 500
	maxSymbols    = 5000
	maxLets       = 1000 // of one strategy
)

// Load reads a file of rules; name is how problems call it. It collects every problem it can find; the file is nil if
// one of them is more than a warning.
func Load(name string, data []byte, o Options) (*File, Problems) {
	l := &loader{newSource(name), o, map[string][]market.Symbol{}}
	var list []*Strategy
	if root := l.Document(data); root != nil {
		list = l.strategies(root)
	}
	problems := l.sorted()
	if problems.Fatal() {
		return nil, problems
	}
	hash := sha256.Sum256(data)
	return &File{Name: name, Hash: hex.EncodeToString(hash[:]), Strategies: list, Lists: slices.Sorted(maps.Keys(l.lists))}, problems
}

type loader struct {
	*source
	options Options
	lists   map[string][]market.Symbol // of symbol files
}

func (l *loader) strategies(root *yaml.Node) []*Strategy {
	keys := []string{"version", "strategies"}
	values, _ := l.Keyed(root, "the file", keys, keys)
	if v := values["version"]; v != nil && v.Value != "1" {
		l.fail(strict.PlaceOf(v), fmt.Sprintf("version %q is not known", v.Value), "write version: 1")
	}
	if values["strategies"] == nil {
		return nil
	}
	nodes, ok := l.list(values["strategies"], "strategies")
	if !ok {
		return nil
	}
	if len(nodes) > maxStrategies {
		l.fail(strict.PlaceOf(nodes[maxStrategies]), fmt.Sprintf("more than %d strategies", maxStrategies), "split them over several files")
		return nil
	}
	var list []*Strategy
	lines := map[string]int{}
	for _, n := range nodes {
		s := l.strategy(n)
		if s == nil {
			continue
		}
		if line := lines[s.Name]; line > 0 {
			l.fail(strict.PlaceOf(n), fmt.Sprintf("strategy %q stands twice", s.Name), fmt.Sprintf("the first is in line %d", line))
		}
		lines[s.Name] = n.Line
		list = append(list, s)
	}
	return list
}

// strategyKeys are the keys of a strategy in the order people read them.
var strategyKeys = []string{
	"name", "description", "symbols", "when", "bars", "index", "params", "per_symbol", "let", "buy", "sell",
	"size", "capital", "order", "exits", "reentry", "allow_auction",
}

func (l *loader) strategy(n *yaml.Node) *Strategy {
	before := l.mistakes
	values, ok := l.Keyed(n, "strategy", strategyKeys, []string{"name", "symbols", "when", "buy", "size"})
	s := &Strategy{Order: OrderSpec{Type: Market}, rule: rule{partial: !ok}}
	for _, key := range strategyKeys {
		if v := values[key]; v != nil {
			l.key(s, key, v)
		}
	}
	if s.rule.buy == nil {
		return nil
	}
	used := l.compile(s)
	if l.mistakes > before || s.common == nil {
		return nil
	}
	l.warnings(s, values, used)
	s.Revision = s.revision()
	return s
}

// key reads one key of a strategy.
func (l *loader) key(s *Strategy, key string, v *yaml.Node) {
	switch key {
	case "name":
		s.Name = l.name(v)
	case "description":
		s.Description, _ = l.Text(v, key)
	case "symbols":
		s.Symbols = l.symbols(v)
	case "when":
		s.When = l.when(v)
		s.WhenLine, s.WhenCol = v.Line, v.Column
	case "bars":
		s.CompletedBars = l.is(v, key, "completed", "forming")
	case "index":
		s.Index = l.index(v, s)
	case "params":
		s.rule.params = l.params(v, &s.rule)
	case "per_symbol":
		s.symbols = l.perSymbol(v, s)
	case "let":
		s.rule.lets = l.lets(v, &s.rule)
	case "buy":
		s.rule.buy = l.condition(v)
	case "sell":
		s.rule.sell = l.condition(v)
	case "size":
		s.Size, s.ExactSize = l.size(v)
	case "capital":
		s.Capital = l.capital(v)
	case "order":
		s.Order = l.order(v)
	case "exits":
		s.Exits = l.exits(v)
	case "reentry":
		s.SameSessionReentry = l.is(v, key, "same_session", "next_session")
	case "allow_auction":
		s.AllowAuction = l.is(v, key, "true", "false")
	}
}

func (l *loader) name(n *yaml.Node) string {
	text, ok := l.Text(n, "name")
	bad := strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") != ""
	if ok && (text == "" || len(text) > 64 || bad) {
		l.fail(strict.PlaceOf(n), fmt.Sprintf("name %q", text), "use a-z, 0-9, - and _, at most 64; write the rest under description")
	}
	return text
}

// index reads the symbol that stands for the market. Rules see its completed bars only, so that what was decided can be
// computed again from stored bars.
func (l *loader) index(n *yaml.Node, s *Strategy) market.Symbol {
	symbol, ok := l.symbol(n)
	if ok && !s.CompletedBars {
		l.fail(strict.PlaceOf(n), "index needs completed bars", "add bars: completed")
	}
	s.rule.indexed = true // what reads it is no second mistake
	return symbol
}

// maxWhens bounds the list of a `when`.
const maxWhens = 20

// when reads one `when` or a list of them, and joins them as package scheduler reads them.
func (l *loader) when(n *yaml.Node) string {
	nodes, ok := []*yaml.Node{n}, true
	if n.Kind == yaml.SequenceNode {
		nodes, ok = l.list(n, "when")
	}
	if ok && len(nodes) > maxWhens {
		l.fail(strict.PlaceOf(nodes[maxWhens]), fmt.Sprintf("more than %d moments", maxWhens), "every 5m is one")
		return ""
	}
	var texts []string
	for _, item := range nodes {
		text, ok := l.Text(item, "when")
		what, hint := "", ""
		switch {
		case !ok:
			continue
		case strings.Contains(text, ";"):
			what, hint = fmt.Sprintf("when %q: several moments in one text", text), "write a list: [open + 5m, close - 15m]"
		case slices.Contains(texts, text):
			what = fmt.Sprintf("when %q stands twice", text)
		case l.options.When != nil:
			what, hint = l.options.When(text)
		}
		if what != "" {
			l.fail(strict.PlaceOf(item), what, hint)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, whenSeparator)
}

// symbols reads a list of quoted symbols, or the name of a file with one symbol a line.
func (l *loader) symbols(n *yaml.Node) []market.Symbol {
	if n.Kind == yaml.MappingNode {
		return l.symbolFile(n)
	}
	nodes, ok := l.list(n, "symbols")
	if !ok {
		return nil
	}
	var list []market.Symbol
	for _, item := range nodes {
		symbol, ok := l.symbol(item)
		switch {
		case !ok:
		case slices.Contains(list, symbol):
			l.fail(strict.PlaceOf(item), fmt.Sprintf("symbol %s stands twice", symbol), "")
		case len(list) == maxSymbols:
			l.fail(strict.PlaceOf(item), fmt.Sprintf("more than %d symbols", maxSymbols), "")
			return nil
		default:
			list = append(list, symbol)
		}
	}
	return list
}

// symbol reads a symbol in quotes. Without them YAML takes 005930 for a number.
func (l *loader) symbol(n *yaml.Node) (market.Symbol, bool) {
	text, ok := l.Text(n, "symbol")
	if !ok {
		return "", false
	}
	if !strict.Quoted(n) {
		whole := text
		if strings.Trim(text, "0123456789") == "" && len(text) < 6 {
			whole = strings.Repeat("0", 6-len(text)) + text
		}
		l.fail(strict.PlaceOf(n), fmt.Sprintf("symbol %s is not in quotes", text), fmt.Sprintf("put it in quotes: %q", whole))
		return "", false
	}
	symbol, err := market.ParseSymbol(text)
	if err != nil {
		l.fail(strict.PlaceOf(n), err.Error(), "")
	}
	return symbol, err == nil
}

func (l *loader) symbolFile(n *yaml.Node) []market.Symbol {
	values, ok := l.Keyed(n, "symbols", []string{"file"}, []string{"file"})
	if !ok {
		return nil
	}
	at := strict.PlaceOf(values["file"])
	name, _ := l.Text(values["file"], "file")
	if l.options.SymbolFile == nil || !filepath.IsLocal(name) {
		l.fail(at, fmt.Sprintf("symbol file %q cannot be read here", name), "name a file beside this one, without .. in its path")
		return nil
	}
	if list := l.lists[name]; list != nil {
		return list
	}
	data, err := l.options.SymbolFile(name)
	if err != nil {
		l.fail(at, fmt.Sprintf("symbol file %q: %v", name, err), "")
		return nil
	}
	list, what, line := parseSymbols(data)
	l.lists[name] = list
	if what != "" {
		l.fail(at, fmt.Sprintf("%s:%d: %s", name, line, what), "one symbol a line; what follows a comma or # is ignored")
	}
	return list
}

// parseSymbols reads one symbol a line, or the first column of a CSV file whose header begins with symbol.
func parseSymbols(data []byte) (list []market.Symbol, what string, line int) {
	if len(data) > strict.MaxFile {
		return nil, fmt.Sprintf("%d bytes, the most is %d", len(data), strict.MaxFile), 1
	}
	seen := map[market.Symbol]bool{}
	for text := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		line++
		text, _, _ = strings.Cut(text, "#")
		text, _, _ = strings.Cut(text, ",")
		if text = strings.TrimSpace(text); text == "" || line == 1 && text == "symbol" {
			continue
		}
		symbol, err := market.ParseSymbol(text)
		switch {
		case err != nil:
			return nil, err.Error(), line
		case seen[symbol]:
			return nil, fmt.Sprintf("symbol %s stands twice", symbol), line
		case len(list) == maxSymbols:
			return nil, fmt.Sprintf("more than %d symbols", maxSymbols), line
		}
		seen[symbol] = true
		list = append(list, symbol)
	}
	if len(list) == 0 {
		return nil, "no symbol", max(line, 1)
	}
	return list, "", 0
}

// lets reads name: expression.
func (l *loader) lets(n *yaml.Node, r *rule) map[string]*node {
	list, ok := l.Entries(n, "let")
	if len(list) > maxLets {
		l.fail(strict.PlaceOf(list[maxLets].Key), fmt.Sprintf("more than %d lets", maxLets), "")
		list, ok = nil, false
	}
	r.partial = r.partial || !ok
	lets := map[string]*node{}
	for _, e := range list {
		name := e.Key.Value
		switch {
		case !strict.IsName(name):
			l.fail(strict.PlaceOf(e.Key), fmt.Sprintf("let name %q", name), "use letters, digits and _, beginning with a letter")
		case !IsName(name):
			l.fail(strict.PlaceOf(e.Key), fmt.Sprintf("let %s: the language has this word", name), "choose another name")
		case strict.Missing(e.Value):
			l.fail(strict.PlaceOf(e.Key), "let "+name+" is empty", "")
			lets[name] = &node{place: strict.PlaceOf(e.Key)}
		default:
			lets[name] = l.condition(e.Value)
		}
	}
	return lets
}

// condition reads one expression, or all, any and not with lists of them. Both become the same tree. What could not be
// read is broken.
func (l *loader) condition(n *yaml.Node) *node {
	broken := &node{place: strict.PlaceOf(n)}
	switch n.Kind {
	case yaml.ScalarNode:
		parsed, err := parse(n.Value, l.Locate(n))
		if f, ok := err.(*fault); ok {
			l.fail(f.place, f.what, f.hint)
			return broken
		}
		return parsed
	case yaml.SequenceNode:
		l.fail(strict.PlaceOf(n), "a list of conditions does not say how they are joined", "put all: or any: above the list")
		return broken
	}
	list, ok := l.Entries(n, "condition")
	if !ok {
		return broken
	}
	if len(list) != 1 {
		l.fail(strict.PlaceOf(n), "a condition is one of all, any, not", "put several into a list below all: or any:")
		return broken
	}
	return l.joined(list[0])
}

// joined reads one of all, any, not. Not of a list is: none of them.
func (l *loader) joined(e strict.Entry) *node {
	at := strict.PlaceOf(e.Key)
	o, ok := map[string]op{"all": opAnd, "any": opOr, "not": opNot}[e.Key.Value]
	if !ok {
		l.fail(at, fmt.Sprintf("no condition %q", e.Key.Value),
			cmp.Or(Suggest(e.Key.Value, []string{"all", "any", "not"}), "write all, any or not; an expression with a colon is put in quotes"))
		return &node{place: at}
	}
	parts := []*node{}
	if o == opNot && e.Value.Kind != yaml.SequenceNode {
		parts = append(parts, l.condition(e.Value))
	} else {
		items, ok := l.list(e.Value, e.Key.Value)
		if !ok {
			return &node{place: at}
		}
		for _, item := range items {
			parts = append(parts, l.condition(item))
		}
	}
	if o == opNot {
		return &node{op: opNot, place: at, args: []*node{chain(opOr, at, parts...)}}
	}
	return chain(o, at, parts...)
}

// compile gives the rule its meaning, for all symbols and for those with parameters of their own. It tells which
// parameters and lets were used.
func (l *loader) compile(s *Strategy) map[string]bool {
	var used map[string]bool
	s.common, used = s.rule.compile(&l.ledger, s.rule.params)
	if s.common == nil {
		return used
	}
	s.special = map[market.Symbol]*program{}
	for _, symbol := range s.Symbols {
		params, ok := s.symbols[symbol]
		if !ok {
			continue
		}
		own := &ledger{file: l.file, spelled: l.spelled}
		s.special[symbol], _ = s.rule.compile(own, params)
		l.spelled = own.spelled
		for _, p := range own.problems {
			l.fail(place{Line: p.Line, Col: p.Col}, p.What+" (with the parameters of "+string(symbol)+")", p.Hint)
		}
	}
	return used
}

// warnings are about rules without mistakes.
func (l *loader) warnings(s *Strategy, values map[string]*yaml.Node, used map[string]bool) {
	l.unused(values["params"], "parameter", "$", used)
	l.unused(values["let"], "let", "", used)
	l.proven(s.common)
	if s.rule.sell == nil && s.Exits == (Exits{}) {
		l.warn(strict.PlaceOf(values["buy"]), "nothing ever sells: there is no sell and there are no exits", "add sell, or exits: {stop_loss: 5%}")
	}
}

func (l *loader) unused(n *yaml.Node, what, prefix string, used map[string]bool) {
	if n == nil {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if name := n.Content[i].Value; !used[prefix+name] {
			l.warn(strict.PlaceOf(n.Content[i]), what+" "+name+" is not used", "")
		}
	}
}
