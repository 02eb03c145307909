package history

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// Doubt is a kind of thing that may be wrong with bars that are sound one by one.
type Doubt string

const (
	Gap     Doubt = "gap"    // sessions of the exchange without a bar
	Closed  Doubt = "closed" // bars of days on which the exchange was closed
	Halted  Doubt = "halted" // sessions without trading
	OffTick Doubt = "tick"   // raw prices that no order could have had
	Limits  Doubt = "limits" // raw prices outside the day's price limits
)

// Finding is one doubt about sessions in a row.
type Finding struct {
	Doubt    Doubt       `json:"doubt"`
	From     market.Date `json:"from"`
	To       market.Date `json:"to"`
	Sessions int         `json:"sessions"`
	Text     string      `json:"text"` // of the first session
}

// Inspect holds the bars against the calendar and, when they are raw, against the ticks and price limits of their
// dates, and says what does not fit, oldest first and one finding for sessions in a row. Where the calendar or the
// ladder is not known, nothing is found. The base price of a day is taken to be the close before, so that a split in
// raw prices shows as a finding of kind Limits.
func Inspect(b Bars, calendar *market.Calendar, of market.Instrument) []Finding {
	var found []Finding
	for i, d := range b.Dates {
		if i > 0 {
			found = append(found, gap(calendar, b.Dates[i-1], d)...)
		}
		var closed *market.ClosedError
		if _, err := calendar.Session(d); errors.As(err, &closed) {
			found = b.note(found, i, Closed, "the exchange was closed: "+closed.Reason)
		}
		if b.Halted(i) {
			found = b.note(found, i, Halted, fmt.Sprintf("no trading at %s", b.At(i).Close))
			continue
		}
		ladder, known := market.LadderOn(of.Board, of.Kind, d)
		if !b.Raw || !known {
			continue
		}
		bar := b.At(i)
		if text := offTick(bar, ladder); text != "" {
			found = b.note(found, i, OffTick, text)
		}
		if i == 0 {
			continue
		}
		if text := outside(bar, b.At(i-1).Close, ladder); text != "" {
			found = b.note(found, i, Limits, text)
		}
	}
	return found
}

// note adds bar i to the finding of the bar before it, or begins another.
func (b Bars) note(found []Finding, i int, doubt Doubt, text string) []Finding {
	for k := len(found) - 1; k >= 0 && i > 0 && found[k].To >= b.Dates[i-1]; k-- {
		if found[k].Doubt == doubt && found[k].To == b.Dates[i-1] {
			found[k].To, found[k].Sessions = b.Dates[i], found[k].Sessions+1
			return found
		}
	}
	return append(found, Finding{doubt, b.Dates[i], b.Dates[i], 1, text})
}

// gap finds the sessions between two neighbouring bars.
func gap(calendar *market.Calendar, before, after market.Date) []Finding {
	if before.Add(1) == after {
		return nil
	}
	missing, err := calendar.Sessions(before.Add(1), after.Add(-1))
	if err != nil || len(missing) == 0 {
		return nil
	}
	return []Finding{{Gap, missing[0].Date, missing[len(missing)-1].Date, len(missing), "no bar"}}
}

// midpoints is when the second exchange (NXT) opened, which also trades halfway between two ticks.
const midpoints market.Date = 20250304

func offTick(bar market.Bar, ladder market.Ladder) string {
	for _, p := range []decimal.Decimal{bar.Open, bar.High, bar.Low, bar.Close} {
		halfway := bar.Date >= midpoints && p.Add(p).Mod(ladder.Tick(p)).IsZero()
		if !ladder.On(p) && !halfway {
			return fmt.Sprintf("%s is not on a tick of %s: are these adjusted prices?", p, ladder.Tick(p))
		}
	}
	return ""
}

func outside(bar market.Bar, base decimal.Decimal, ladder market.Ladder) string {
	lower, upper := ladder.Limits(base, bar.Date)
	if bar.Low.LessThan(lower) || bar.High.GreaterThan(upper) {
		return fmt.Sprintf("%s to %s, with limits of %s to %s: was the price re-based?", bar.Low, bar.High, lower, upper)
	}
	return ""
}
