package indicator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Param is one parameter of an indicator: a number within bounds, or one of a
// few words.
type Param struct {
	Name     string
	Default  decimal.Decimal
	Min, Max decimal.Decimal // both included
	Integer  bool

	Choices       []string // not empty: the value is one of these words
	DefaultChoice string
}

func (p Param) defaultText() string {
	if len(p.Choices) > 0 {
		return p.DefaultChoice
	}
	return p.Default.String()
}

// Value is an argument: a word where Word is not empty, else a number.
type Value struct {
	Number decimal.Decimal
	Word   string
}

// Args is a complete set of valid arguments of one indicator.
type Args struct{ values map[string]Value }

// Integer is the value of an integer parameter.
func (a Args) Integer(name string) int { return int(a.value(name).Number.IntPart()) }

// Decimal is the value of a number.
func (a Args) Decimal(name string) decimal.Decimal { return a.value(name).Number }

// Choice is the value of a word.
func (a Args) Choice(name string) string { return a.value(name).Word }

func (a Args) value(name string) Value {
	v, ok := a.values[name]
	if !ok {
		panic("indicator: no parameter " + name)
	}
	return v
}

// ArgError says which argument is wrong, why, and what would be right.
type ArgError struct {
	ID    string // the indicator
	Param string // empty when it is the combination that is wrong
	What  string
	Hint  string // may be empty
}

func (e *ArgError) Error() string {
	if e.Param == "" {
		return fmt.Sprintf("%s: %s", e.ID, e.What)
	}
	return fmt.Sprintf("%s: %s %s", e.ID, e.Param, e.What)
}

// Bind completes the given arguments with the defaults and checks them against
// the bounds. The error is an *ArgError; of several mistakes it reports the
// first in the order of Params.
func (s *Spec) Bind(given map[string]Value) (Args, error) {
	for name := range given {
		if !slices.ContainsFunc(s.Params, func(p Param) bool { return p.Name == name }) {
			return Args{}, &ArgError{ID: s.ID, Param: name, What: "is not a parameter", Hint: "the call is " + s.signature()}
		}
	}
	a := Args{values: make(map[string]Value, len(s.Params))}
	for _, p := range s.Params {
		v, ok := given[p.Name]
		if !ok {
			v = Value{Number: p.Default, Word: p.DefaultChoice}
		}
		if what, hint := p.refuse(v); what != "" {
			return Args{}, &ArgError{ID: s.ID, Param: p.Name, What: what, Hint: hint}
		}
		a.values[p.Name] = v
	}
	if s.check != nil {
		if err := s.check(a); err != nil {
			return Args{}, &ArgError{ID: s.ID, What: err.Error(), Hint: "the defaults are " + s.signature()}
		}
	}
	return a, nil
}

// refuse says what is wrong with v, nothing when it is right.
func (p Param) refuse(v Value) (what, hint string) {
	if len(p.Choices) > 0 {
		if !slices.Contains(p.Choices, v.Word) {
			return "must be a word it knows", "say " + strings.Join(p.Choices, " or ")
		}
		return "", ""
	}
	switch {
	case v.Word != "":
		return fmt.Sprintf("must be a number, not %q", v.Word), ""
	case v.Number.LessThan(p.Min) || v.Number.GreaterThan(p.Max):
		return fmt.Sprintf("is %s, must be %s to %s", v.Number, p.Min, p.Max), ""
	case p.Integer && !v.Number.IsInteger():
		return fmt.Sprintf("is %s, must be a whole number", v.Number), ""
	case v.Number.Exponent() < -maxDecimals:
		return fmt.Sprintf("has more than %d decimals", maxDecimals), ""
	}
	return "", ""
}

// maxDecimals bounds the decimals of a parameter.
const maxDecimals = 8

// integer is a whole-number parameter.
func integer(name string, def, low, high int64) Param {
	return Param{Name: name, Integer: true, Default: decimal.NewFromInt(def), Min: decimal.NewFromInt(low), Max: decimal.NewFromInt(high)}
}

// period is the parameter nearly every indicator has: a number of bars.
func period(def int64) Param { return integer("period", def, 1, 1000) }

// number is a parameter with decimals.
func number(name string, def, low, high decimal.Decimal) Param {
	return Param{Name: name, Default: def, Min: low, Max: high}
}

// hundredths is v/100.
func hundredths(v int64) decimal.Decimal { return decimal.New(v, -2) }

// multiplier is the width of a band.
func multiplier(name string, def int64) Param {
	return number(name, decimal.NewFromInt(def), hundredths(10), decimal.NewFromInt(10))
}

// smoothing chooses between the simple mean and Wilder's average.
func smoothing() Param {
	return Param{Name: "smoothing", Choices: []string{"simple", "wilder"}, DefaultChoice: "simple"}
}

// fastBelowSlow refuses a fast period that is not below the slow one.
func fastBelowSlow(a Args) error {
	if a.Integer("fast") >= a.Integer("slow") {
		return fmt.Errorf("fast is %d, must be below slow %d", a.Integer("fast"), a.Integer("slow"))
	}
	return nil
}

// periodOf is the warm-up of an indicator that needs exactly its period.
func periodOf(a Args) []int { return []int{a.Integer("period")} }

// bars is the warm-up of an indicator that always needs n bars.
func bars(n int) func(Args) []int {
	return func(Args) []int { return []int{n} }
}

// periodAnd is the warm-up of an indicator that needs its period and more bars.
func periodAnd(more int) func(Args) []int {
	return func(a Args) []int { return []int{a.Integer("period") + more} }
}
