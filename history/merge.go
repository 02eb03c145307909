package history

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// originated are bars with, for each, the stretch it belongs to.
type originated struct {
	Bars
	origin []Stretch
}

// origins deals the stretches out to the bars they cover.
func origins(b Bars, stretches []Stretch) originated {
	o := originated{Bars: b, origin: make([]Stretch, 0, b.Len())}
	for _, s := range stretches {
		for range s.Bars {
			o.origin = append(o.origin, s)
		}
	}
	return o
}

// stretches joins neighbours of one source again.
func (o originated) stretches() []Stretch {
	var joined []Stretch
	for i, s := range o.origin {
		s.From, s.To, s.Bars = o.Dates[i], o.Dates[i], 1
		if n := len(joined); n > 0 && joined[n-1].Source == s.Source {
			last := &joined[n-1]
			last.To, last.Bars = s.To, last.Bars+1
			if s.Since.Before(last.Since) {
				last.Since = s.Since
			}
			if s.Until.After(last.Until) {
				last.Until = s.Until
			}
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// merge is the stored bars with the received ones among them, at the finer of their scales.
func merge(stored, received originated) (originated, Change, error) {
	var change Change
	if stored.Len() > 0 && stored.Raw != received.Raw {
		return stored, change, fmt.Errorf("history of %s: raw and adjusted prices do not mix", stored.Symbol)
	}
	scale, fits, both := max(stored.Scale, received.Scale), true, true
	stored.Bars, fits = stored.rescale(scale)
	received.Bars, both = received.rescale(scale)
	if !fits || !both {
		return stored, change, fmt.Errorf("history of %s: prices do not fit at %d decimals", stored.Symbol, scale)
	}
	out := originated{Bars: Bars{Symbol: stored.Symbol, Raw: received.Raw, Scale: scale}}
	out.grow(stored.Len() + received.Len())
	i, j, shared := 0, 0, 0
	for i < stored.Len() || j < received.Len() {
		switch {
		case j == received.Len() || i < stored.Len() && stored.Dates[i] < received.Dates[j]:
			out.take(stored, i)
			i++
		case i == stored.Len() || received.Dates[j] < stored.Dates[i]:
			out.take(received, j)
			change.Added++
			j++
		default:
			if stored.Close[i] != received.Close[j] {
				return stored, Change{}, rebased(stored.Bars, i, received.Bars, j)
			}
			if stored.same(i, received.Bars, j) {
				out.take(stored, i)
			} else {
				out.take(received, j)
				change.Corrected++
			}
			shared++
			i, j = i+1, j+1
		}
	}
	if shared == 0 && !stored.Raw && stored.Len() > 0 && received.Len() > 0 {
		return stored, Change{}, &DetachedError{stored.Symbol, stored.Dates[0], stored.Dates[stored.Len()-1]}
	}
	return out, change, nil
}

// take appends bar i of another column.
func (o *originated) take(from originated, i int) {
	o.append(from.Dates[i], [4]int64{from.Open[i], from.High[i], from.Low[i], from.Close[i]}, from.Volume[i])
	o.origin = append(o.origin, from.origin[i])
}

// same compares bar i with bar j of columns at the same scale.
func (b Bars) same(i int, other Bars, j int) bool {
	return b.Open[i] == other.Open[j] && b.High[i] == other.High[j] && b.Low[i] == other.Low[j] &&
		b.Close[i] == other.Close[j] && b.Volume[i] == other.Volume[j]
}

func rebased(stored Bars, i int, received Bars, j int) error {
	return &RebasedError{
		Symbol: stored.Symbol, Date: stored.Dates[i],
		Stored: decimal.New(stored.Close[i], -stored.Scale), Received: decimal.New(received.Close[j], -received.Scale),
	}
}
