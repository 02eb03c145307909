package backtest

import (
	"fmt"

	"maemae/market"
	"maemae/strategy"
)

// findings are what the numbers of a result rest on, gathered account by account.
type findings struct {
	ends                             slot // of rules that see today's bar
	completed, limits, adjusted, raw bool
	alone                            bool     // each symbol is an account
	notes                            []string // what came up in single accounts
}

func (f *findings) add(a *account, out outcome) {
	for _, l := range a.legs {
		f.completed = f.completed || l.rule.CompletedBars
		f.limits = f.limits || l.rule.Order.Type == strategy.Limit
		f.adjusted, f.raw = f.adjusted || !l.tape.raw, f.raw || l.tape.raw
		for _, x := range l.slots {
			if !l.rule.CompletedBars {
				f.ends |= x
			}
		}
	}
	f.notes = append(f.notes, a.particular(out)...)
}

// join takes what another account brought.
func (f *findings) join(x findings) {
	f.ends |= x.ends
	f.completed, f.limits = f.completed || x.completed, f.limits || x.limits
	f.adjusted, f.raw = f.adjusted || x.adjusted, f.raw || x.raw
	f.notes = append(f.notes, x.notes...)
}

// assumptions says the findings in words: first what counts for all runs, then what came up in one.
func (o *Options) assumptions(f findings) []string {
	var list []string
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if f.ends&atClose != 0 {
		say("a slot in the last 15 minutes of a session sees the day's finished bar and trades at its close")
	}
	if f.ends&atOpen != 0 {
		say("an earlier slot sees the day's open and no more, and trades at it")
	}
	if f.completed {
		say("rules of completed bars see the bars before the day and trade at its open")
	}
	say("market orders trade %s worse; one fill takes %s; what is left over is cancelled", count(o.Slippage, "tick"), o.capText())
	say("nothing trades on a halted day, and nothing against a locked price limit")
	if f.limits {
		say("limit orders pay the slippage only as far as their limit allows; one that waits trades at its limit as soon as the bar touches it")
	}
	if o.ExitsAtSlots {
		say("stops and targets are looked at in the rules' slots only")
	} else {
		say("stops and targets act inside the bar: the level below before the level above, a gap at the open; a bar's own high moves a trailing stop only after the bar's low")
	}
	say("the broker's fee is %s%% of every fill; sales tax is that of the market and of the day the sale settles; both are cut to %s", o.Costs.FeeRate.Shift(2), o.unitText())
	say("cash is the D+2 deposit: the proceeds of a sale buy again at once")
	if f.adjusted {
		say("prices are adjusted for splits and rights: today's ticks count on all dates")
	}
	if f.raw {
		say("prices are as traded: the ticks of the date count")
	}
	say("dividends, interest and the impact of the own orders are not in the results")
	say("the symbols are those of today's rules: companies that have left the exchange since are missing (survivorship)")
	say("the sessions before a run's first warm its rules up and are not in its numbers; what is held at the end is valued at the last close")
	switch {
	case f.alone:
		say("each symbol has the cash alone")
	case o.Together && len(o.Rules) > 1:
		say("the strategies share one cash")
	default:
		say("each strategy has the cash alone")
	}
	if o.Permit == nil {
		say("risk limits are not applied")
	}
	return append(list, f.notes...)
}

// particular is what came up in one account.
func (a *account) particular(out outcome) (list []string) {
	say := func(format string, args ...any) {
		list = append(list, a.name()+": "+fmt.Sprintf(format, args...))
	}
	seen := map[*tape]bool{}
	untaxed, unticked := false, false
	for _, l := range a.legs {
		t := l.tape
		if seen[t] {
			continue
		}
		seen[t] = true
		if t.closed > 0 {
			say("%s has %s of days on which the exchange was closed: seen by the rules, not traded", t.of.Symbol, count(t.closed, "bar"))
		}
		if missing, first := t.gaps(a.begin); missing > 0 {
			say("%s has no bar on %s, the first %s: nothing is decided or traded there, and what is held counts at the close before", t.of.Symbol, count(missing, "session"), first)
		}
		if last := t.bars.Dates[t.bars.Len()-1]; last < a.days.dates[a.days.len()-1] {
			say("the bars of %s end on %s", t.of.Symbol, last)
		}
		_, assumed := market.SalesTax(t.of.Board, t.of.Kind, a.days.settles(a.begin))
		_, known := market.LadderOn(t.of.Board, t.of.Kind, a.days.dates[a.begin])
		untaxed, unticked = untaxed || assumed, unticked || t.raw && !known
	}
	if untaxed {
		say("the sales tax of the first years is taken to be the first known one")
	}
	if unticked {
		say("ticks before 2010-10-04 are taken to be today's")
	}
	for _, n := range a.notes {
		say("%s", n)
	}
	if first, last, _ := a.o.Calendar.Range(); a.days.dates[a.begin] < first || a.days.dates[a.days.len()-1] > last {
		say("outside the calendar (%s to %s) the dates of the bars are the sessions", first, last)
	}
	if out.cut.cash > 0 {
		say("the cash did not pay all of %s", count(out.cut.cash, "buy"))
	}
	if out.cut.volume > 0 {
		say("the volume cap cut %s", count(out.cut.volume, "fill"))
	}
	if out.cut.nothing > 0 {
		say("%s found no volume, a locked limit, or a limit price that was not reached", count(out.cut.nothing, "order"))
	}
	if out.wide {
		say("its amounts need more than 64 bits: computed in decimals throughout")
	}
	return list
}

// gaps counts the sessions from one on that have no bar between others.
func (t *tape) gaps(begin int) (n int, first market.Date) {
	for s := begin; s < len(t.newest); s++ {
		if i, here := t.bar(s); here || i < 0 || i == t.bars.Len()-1 {
			continue
		}
		if n++; n == 1 {
			first = t.days.dates[s]
		}
	}
	return n, first
}

func (o *Options) capText() string {
	if o.VolumeCap == 0 {
		return "at most the volume of its bar"
	}
	return fmt.Sprintf("at most %d%% of the volume of its bar", o.VolumeCap)
}

func (o *Options) unitText() string {
	if o.CostDigits == 0 {
		return "the won"
	}
	return count(int(o.CostDigits), "decimal") + " of a won"
}

// count is a number of things in words.
func count(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case n == 0:
		return "no " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
