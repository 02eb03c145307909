package kisyaml

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"maemae/strategy"
	"maemae/strategy/internal/strict"
)

// writer is native text with what in the file each part of it stands for.
type writer struct {
	strings.Builder
	line, col int
	origins   []origin
}

// origin says that the native text from here on stands for a place of the file.
type origin struct {
	line, col int
	at        place
}

func (w *writer) add(at place, text string) {
	w.origins = append(w.origins, origin{w.line, w.col, at})
	w.WriteString(text)
	w.col += utf8.RuneCountInString(text)
}

func (w *writer) row(indent int, pieces ...piece) {
	w.line, w.col = w.line+1, 1
	w.add(pieces[0].at, strings.Repeat(" ", indent))
	for _, p := range pieces {
		w.add(p.at, p.text)
	}
	w.WriteByte('\n')
}

// origin is the place in the file of a place in the native text.
func (w *writer) origin(line, col int) place {
	at := place{Line: 1, Col: 1}
	for _, o := range w.origins {
		if o.line > line || o.line == line && o.col > col {
			break
		}
		at = o.at
	}
	return at
}

// options is the place of what the file does not say.
var options = place{Line: 1, Col: 1}

// missingSymbols stands where the symbols go; with standIn in its place the rest of the text can be checked.
const (
	missingSymbols = "[]   # NAME THE SYMBOLS HERE, in quotes: a .kis.yaml names none"
	standIn        = `["005930"]`
)

// translate writes the native rule and holds it against the native loader.
func (r *reader) translate(o Options) []byte {
	r.declared()
	symbols := missingSymbols
	if len(o.Symbols) > 0 {
		symbols = "[" + quoteAll(o.Symbols) + "]"
	}
	size := r.size(o)
	w := &writer{}
	w.row(0, piece{"# From " + strconv.Quote(base(r.file)) + ", a strategy file of KIS's tools.", options})
	w.row(0, piece{"version: 1", options})
	w.row(0, piece{"strategies:", options})
	w.row(2, piece{"- name: ", r.id.at}, piece{strconv.Quote(r.name()), r.id.at})
	if text := r.description(); text != "" {
		w.row(4, piece{"description: " + strconv.Quote(text), r.title.at})
	}
	w.row(4, piece{"symbols: " + symbols, options})
	w.row(4, piece{"when: " + scalar(cmp.Or(o.When, "close - 15m")), options})
	r.writeNames(w)
	r.entry.write(w, "buy")
	if len(r.exit.conditions) > 0 {
		r.exit.write(w, "sell")
	}
	w.row(4, size)
	for i, exit := range r.exits {
		if i == 0 {
			w.row(4, piece{"exits:", exit[0].at})
		}
		w.row(6, exit...)
	}
	r.judge(w)
	return []byte(w.String())
}

func (r *reader) writeNames(w *writer) {
	header := "params:"
	for _, p := range r.params {
		if !p.used {
			continue
		}
		if header != "" {
			w.row(4, piece{header, p.value.at})
			header = ""
		}
		w.row(6, piece{p.name + ": ", p.value.at}, p.value)
	}
	header = "let:"
	for _, x := range r.indicators {
		if !x.used {
			continue
		}
		if header != "" {
			w.row(4, piece{header, x.at})
			header = ""
		}
		w.row(6, append([]piece{{x.let + ": ", x.at}}, x.call()...)...)
	}
}

// call is the indicator in the native language. A word is named, lest it be taken for a let of that name.
func (x *indicator) call() []piece {
	names, _ := x.spec.paramList()
	pieces := []piece{{x.spec.native() + "(", x.at}}
	for i, arg := range x.args {
		if i > 0 {
			pieces = append(pieces, piece{", ", x.at})
		}
		if strict.IsName(arg.text) {
			pieces = append(pieces, piece{names[i] + "=", arg.at})
		}
		pieces = append(pieces, arg)
	}
	if s := x.spec.smoothing(); s != "" && s != "simple" { // which is what the rule language means without a word
		pieces = append(pieces, piece{", smoothing=" + s, x.at})
	}
	return append(pieces, piece{")", x.at})
}

// write writes one side of the rule: one expression, or a list of them.
func (g group) write(w *writer, key string) {
	if len(g.conditions) == 1 {
		w.row(4, append([]piece{{key + ": ", g.at}}, g.conditions[0]...)...)
		return
	}
	w.row(4, piece{key + ":", g.at})
	w.row(6, piece{g.join + ":", g.at})
	for _, c := range g.conditions {
		w.row(8, append([]piece{{"- ", c[0].at}}, c...)...)
	}
}

// name is strategy.id as a native name: a-z, 0-9, - and _. An id in other letters gives way to the name of the file.
func (r *reader) name() string {
	file, _, _ := strings.Cut(base(r.file), ".")
	return cmp.Or(slug(r.id.text), slug(file), "imported")
}

// description is the name for people and what they say about it, as far as the id does not say it already.
func (r *reader) description() string {
	var parts []string
	for _, p := range []piece{r.title, r.about} {
		if p.text != "" && p.text != r.id.text && !slices.Contains(parts, p.text) {
			parts = append(parts, p.text)
		}
	}
	return strings.Join(parts, ": ")
}

func base(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

func slug(text string) string {
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' {
			return c
		}
		return '-'
	}, strings.ToLower(text))
	return strings.Trim(name[:min(len(name), 64)], "-")
}

// size is the size asked for, or a tenth of the equity; max_position_size bounds it.
func (r *reader) size(o Options) piece {
	size := piece{cmp.Or(o.Size, "10% of equity"), options}
	if r.limit.text != "" {
		limit, _ := decimal.NewFromString(r.limit.text)
		most := limit.Shift(2).String() + "% of equity"
		digits, ofEquity := strings.CutSuffix(size.text, "% of equity")
		wanted, err := decimal.NewFromString(digits)
		switch {
		case !ofEquity || err != nil:
			r.note(LeftOut, r.limit.at, fmt.Sprintf("max_position_size %s: the size is %s", r.limit.text, size.text))
		case wanted.LessThanOrEqual(limit.Shift(2)):
			r.note(Maps, r.limit.at, fmt.Sprintf("max_position_size %s: the size, %s, is within it", r.limit.text, size.text))
		case o.Size != "":
			r.refuse(r.limit.at, fmt.Sprintf("size %s is more than max_position_size %s", size.text, r.limit.text), "the most is "+most)
		default:
			size = piece{most, r.limit.at}
			r.note(Maps, r.limit.at, fmt.Sprintf("max_position_size %s is size: %s", r.limit.text, most))
		}
	}
	at := r.entry.at
	r.note(Builder, at, "buys 1 share unless told otherwise; here the size is "+size.text)
	r.note(Backtester, at, "buys for an equal part of the capital per symbol, on closed bars only; here the size is "+size.text+" and today's bar counts as it forms")
	return piece{"size: " + scalar(size.text), size.at}
}

// plainScalar is text that YAML takes as it stands.
var plainScalar = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ,.%+-]*$`)

func scalar(text string) string {
	if plainScalar.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}

// declared notes what became of everything declared.
func (r *reader) declared() {
	r.note(Maps, r.id.at, fmt.Sprintf("id %s is the name %s", r.id.text, r.name()))
	for _, p := range r.params {
		if p.used {
			r.note(Maps, p.value.at, fmt.Sprintf("parameter %s is params: %s: %s%s", p.name, p.name, p.value.text, p.about))
		} else {
			r.note(LeftOut, p.value.at, fmt.Sprintf("parameter %s is not used", p.name))
		}
	}
	for _, x := range r.indicators {
		if !x.used {
			r.note(LeftOut, x.at, fmt.Sprintf("indicator %s is not used", x.backtester))
			continue
		}
		r.note(Maps, x.at, fmt.Sprintf("%s is let: %s: %s", x.backtester, x.let, joined(x.call())))
		for _, f := range flaws {
			if f.outputs == "" && f.about(x.spec.id, "", true) {
				r.note(f.kind, x.at, f.text)
			}
		}
	}
	for _, x := range r.candles {
		if !x.used {
			r.note(LeftOut, x.at, fmt.Sprintf("candlestick %s is not used", x.backtester))
		}
	}
}

// judge lets the native loader read the text, and takes its problems to their places in the file.
func (r *reader) judge(w *writer) {
	f, problems := strategy.Load(r.file, []byte(strings.Replace(w.String(), missingSymbols, standIn, 1)), strategy.Options{})
	for _, p := range problems {
		at := w.origin(p.Line, p.Col)
		if !p.Warning {
			r.refuse(at, p.What, p.Hint)
			continue
		}
		p.Line, p.Col = at.Line, at.Col
		r.problems = append(r.problems, p)
	}
	if f != nil && f.Strategies[0].WarmUp() > historyOfBuilder {
		r.note(Builder, r.entry.at, fmt.Sprintf("answers that there is too little data: the rule needs %d bars, it asks for 100 rows at most", f.Strategies[0].WarmUp()))
	}
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = strconv.Quote(word)
	}
	return strings.Join(quoted, ", ")
}
