package indicator

import (
	"fmt"

	"maemae/series"
)

// Spec describes one indicator and computes it.
type Spec struct {
	ID          string // the name rules call it by
	Title       string
	TitleKorean string
	Group       string // moving averages, oscillators, trend, volume, volatility or other
	Summary     string // one sentence: what it shows
	Formula     string
	Source      string // where the definition comes from
	Unit        string // of the value, in words
	Example     string // a condition in the rule language

	// Reads names the bar columns it needs: open, high, low, close, volume,
	// index. An indicator of one series reads close, unless TakesSeries lets
	// the caller put another series in its place.
	Reads       []string
	TakesSeries bool

	Params  []Param
	Outputs []string // the default output first

	// PercentUnit: the value is in percent (5 is five per cent), so that
	// comparing it with a ratio such as 5% = 0.05 is a mistake.
	PercentUnit bool

	// Windowed: a value depends on the last WarmUpOf bars and on nothing before
	// them.
	Windowed bool

	warmUp  func(Args) []int // bars to the first value, per output or one for all
	compute func(Input, Args) []series.Series
	check   func(Args) error // what parameters must satisfy together; may be nil
}

// The groups of the catalogue.
const (
	averages     = "moving averages"
	oscillators  = "oscillators"
	trends       = "trend"
	volumes      = "volume"
	volatilities = "volatility"
	others       = "other"
)

// Input is the columns an indicator may read, all of one length. Open, high,
// low, close and Source are prices, Volume is shares. A zero Source means
// Close. Index is the close of the market index, bar by bar; without it (the
// zero Series) alpha and beta are not ready.
type Input struct {
	Open, High, Low, Close, Volume series.Series
	Source                         series.Series
	Index                          series.Series
}

// Compute is the indicator over whole columns: one column per output, in the
// order of Outputs, as long as the input. Columns that Reads does not name may
// be left out.
func (s *Spec) Compute(in Input, a Args) []series.Series {
	if s.TakesSeries && in.Source.Len() == 0 {
		in.Source = in.Close
	}
	return s.compute(in, a)
}

// WarmUp is the number of bars until the default output has its first value,
// this bar included, when nothing divides by zero.
func (s *Spec) WarmUp(a Args) int { return s.WarmUpOf(s.Outputs[0], a) }

// WarmUpOf is WarmUp for one output, 0 if there is no such output.
func (s *Spec) WarmUpOf(output string, a Args) int {
	need := s.warmUp(a)
	for i, name := range s.Outputs {
		if name == output {
			return need[min(i, len(need)-1)]
		}
	}
	return 0
}

// Output is the index of the named output in Outputs; the empty name is the
// default output.
func (s *Spec) Output(name string) (int, bool) {
	if name == "" {
		return 0, true
	}
	for i, o := range s.Outputs {
		if o == name {
			return i, true
		}
	}
	return 0, false
}

// Lookup finds an indicator by its ID.
func Lookup(id string) (*Spec, bool) {
	for _, s := range catalogue {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// All is the catalogue in its order. The Specs are shared and not to be
// changed.
func All() []*Spec { return append([]*Spec(nil), catalogue[:]...) }

// signature is the indicator with its parameters and defaults, as in
// macd(fast=12, slow=26, signal=9).
func (s *Spec) signature() string {
	text := s.ID + "("
	for i, p := range s.Params {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s=%s", p.Name, p.defaultText())
	}
	return text + ")"
}

// one is a lone output.
func one(s series.Series) []series.Series { return []series.Series{s} }
