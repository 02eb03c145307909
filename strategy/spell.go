package strategy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/indicator"
)

// signOf is how an operator is written.
var signOf = map[op]string{
	opAdd: "+", opSub: "-", opMul: "*", opDiv: "/", opLess: "<", opLessEqual: "<=", opGreater: ">", opGreaterEqual: ">=",
	opEqual: "==", opNotEqual: "!=", opCrossAbove: "crosses above", opCrossBelow: "crosses below", opAnd: "and", opOr: "or",
	opSum: "sum", opCount: "count", opBarsSince: "barssince", opStreak: "streak",
}

// spell is the canonical spelling: one for every way to write the same expression. It reads back as the same
// expression. With names, a let stands under its name; without, it is written out.
func (e *expr) spell(names bool) string {
	part := func(x *expr, rank int) string {
		text, own := x.key, x.op.rank()
		if names {
			text = x.text
		}
		if names && x.let != nil {
			own = opName.rank()
		}
		if own < rank {
			return "(" + text + ")"
		}
		return text
	}
	rank := e.op.rank()
	switch e.op {
	case opNumber:
		if names && e.unit == percent {
			return percentText(e.value)
		}
		return plainText(e.value)
	case opWord:
		return e.word
	case opPosition:
		return "position." + e.word
	case opIndicator:
		return e.callText(names) + e.outputText()
	case opCandles:
		return e.callText(names)
	case opPattern:
		if sign := "." + patternSigns[e.output]; e.output != detected || !names {
			return e.args[0].key + sign
		}
		return e.args[0].key
	case opBack:
		return part(e.args[0], rank) + "[" + strconv.Itoa(e.bars) + "]"
	case opNeg:
		return "-" + part(e.args[0], rank)
	case opNot:
		return "not " + part(e.args[0], rank)
	case opBetween:
		return part(e.args[0], rank+1) + " between " + part(e.args[1], rank+1) + " and " + part(e.args[2], rank+1)
	case opAnd, opOr:
		parts := make([]string, len(e.args))
		for i, x := range e.args {
			if x.op == e.op { // a and (b and c) is a and b and c
				parts[i] = part(x, rank)
			} else {
				parts[i] = part(x, rank+1)
			}
		}
		return strings.Join(parts, " "+signOf[e.op]+" ")
	case opSum, opCount:
		return signOf[e.op] + "(" + part(e.args[0], 0) + ", " + strconv.Itoa(e.bars) + ")"
	case opBarsSince, opStreak:
		return signOf[e.op] + "(" + part(e.args[0], 0) + ")"
	}
	left := rank
	if e.op.comparison() {
		left++
	}
	return part(e.args[0], left) + " " + signOf[e.op] + " " + part(e.args[1], rank+1)
}

// callText is the call of an indicator with every parameter, without the output.
func (e *expr) callText(names bool) string {
	if e.op == opCandles {
		return "pattern(" + strings.Join(append([]string{e.pattern.ID}, argumentTexts(e.pattern.Params, e.given)...), ", ") + ")"
	}
	var parts []string
	switch {
	case len(e.args) > 0 && names:
		parts = append(parts, e.args[0].text)
	case len(e.args) > 0:
		parts = append(parts, e.args[0].key)
	case e.spec.TakesSeries:
		parts = append(parts, e.spec.Reads[0])
	}
	parts = append(parts, argumentTexts(e.spec.Params, e.given)...)
	return e.spec.ID + "(" + strings.Join(parts, ", ") + ")"
}

func argumentTexts(params []indicator.Param, given indicator.Args) (texts []string) {
	for _, p := range params {
		if len(p.Choices) > 0 {
			texts = append(texts, given.Choice(p.Name))
		} else {
			texts = append(texts, plainText(given.Decimal(p.Name)))
		}
	}
	return texts
}

func (e *expr) outputText() string {
	if len(e.spec.Outputs) < 2 {
		return ""
	}
	return "." + e.spec.Outputs[e.output]
}

// plainText is a decimal without exponent and trailing zeros.
func plainText(d decimal.Decimal) string {
	text := d.String()
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func percentText(ratio decimal.Decimal) string { return plainText(ratio.Shift(2)) + "%" }

// grouped is a number with commas between thousands, for people.
func grouped(d decimal.Decimal) string {
	whole, rest, point := strings.Cut(plainText(d), ".")
	sign := whole[:len(whole)-len(strings.TrimPrefix(whole, "-"))]
	whole = whole[len(sign):]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		rest = "." + rest
	}
	return sign + whole + rest
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func prefixed(prefix string, words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = prefix + w
	}
	return out
}
