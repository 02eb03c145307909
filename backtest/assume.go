package backtest

import (
	"fmt"
	"strconv"

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

// say is a sentence in the language of the assumptions. Both forms take the same values.
func (o *Options) say(english, korean string, values ...any) string {
	if o.Lang == "ko" {
		english = korean
	}
	return fmt.Sprintf(english, values...)
}

// count is a number of things: "3 ticks", "3틱".
func (o *Options) count(n int, thing, counter string) string {
	if o.Lang == "ko" {
		return strconv.Itoa(n) + counter
	}
	return count(n, thing)
}

// assumptions says the findings in words: first what counts for all runs, then what came up in one.
func (o *Options) assumptions(f findings) []string {
	var list []string
	say := func(english, korean string, values ...any) { list = append(list, o.say(english, korean, values...)) }
	if f.ends&atClose != 0 {
		say("a slot in the last 15 minutes of a session sees the day's finished bar and trades at its close", "장 마감 전 15분 안의 판단은 그날의 완성된 봉을 보고 종가에 체결합니다")
	}
	if f.ends&atOpen != 0 {
		say("an earlier slot sees the day's open and no more, and trades at it", "그보다 이른 판단은 그날의 시가만 보고 시가에 체결합니다")
	}
	if f.completed {
		say("rules of completed bars see the bars before the day and trade at its open", "완성된 봉만 보는 규칙은 전날까지의 봉을 보고 시가에 체결합니다")
	}
	say("market orders trade %s worse; one fill takes %s; what is left over is cancelled", "시장가 주문은 %s 불리하게 체결되고, 한 번의 체결은 %s이며, 남은 수량은 취소됩니다", o.count(o.Slippage, "tick", "틱"), o.capText())
	say("nothing trades on a halted day, and nothing against a locked price limit", "거래정지일에는 체결되지 않습니다. 상한가에 묶인 날의 매수와 하한가에 묶인 날의 매도도 마찬가지입니다")
	if f.limits {
		say("limit orders pay the slippage only as far as their limit allows; one that waits trades at its limit as soon as the bar touches it", "지정가 주문의 슬리피지는 지정가까지만이고, 기다리는 주문은 봉이 지정가에 닿으면 지정가에 체결됩니다")
	}
	if o.ExitsAtSlots {
		say("stops and targets are looked at in the rules' slots only", "손절과 익절은 규칙의 판단 시각에만 봅니다")
	} else {
		say("stops and targets act inside the bar: the level below before the level above, a gap at the open; a bar's own high moves a trailing stop only after the bar's low", "손절과 익절은 봉 안에서 작동합니다. 아래 기준이 위 기준보다 먼저이고, 갭은 시가에 체결되며, 봉의 고가는 그 봉의 저가 뒤에야 추적 손절을 올립니다")
	}
	say("the broker's fee is %s%% of every fill; sales tax is that of the market and of the day the sale settles; both are cut to %s", "수수료는 체결마다 %s%%이고 매도 세금은 시장과 결제일의 세율이며, 둘 다 %s 미만은 버립니다", o.Costs.FeeRate.Shift(2), o.unitText())
	say("cash is the D+2 deposit: the proceeds of a sale buy again at once", "현금은 D+2 예수금입니다. 매도 대금으로 곧바로 다시 살 수 있습니다")
	if f.adjusted {
		say("prices are adjusted for splits and rights: today's ticks count on all dates", "가격은 수정주가입니다. 모든 날짜에 지금의 호가 단위를 씁니다")
	}
	if f.raw {
		say("prices are as traded: the ticks of the date count", "가격은 거래 당시 가격입니다. 그 날짜의 호가 단위를 씁니다")
	}
	say("dividends, interest and the impact of the own orders are not in the results", "배당, 이자, 자기 주문이 시장에 주는 영향은 결과에 없습니다")
	say("the symbols are those of today's rules: companies that have left the exchange since are missing (survivorship)", "종목은 지금 규칙에 있는 종목입니다. 그사이 상장폐지된 회사는 빠져 있습니다(생존 편향)")
	say("the sessions before a run's first warm its rules up and are not in its numbers; what is held at the end is valued at the last close", "첫 거래일 이전의 날들은 지표를 준비하는 데만 쓰이고 수치에 들어가지 않으며, 끝에 보유한 주식은 마지막 종가로 평가합니다")
	switch {
	case f.alone:
		say("each symbol has the cash alone", "종목마다 시작 현금을 따로 가집니다")
	case o.Together && len(o.Rules) > 1:
		say("the strategies share one cash", "전략들이 현금 하나를 함께 씁니다")
	default:
		say("each strategy has the cash alone", "전략마다 시작 현금을 따로 가집니다")
	}
	if o.Permit == nil {
		say("risk limits are not applied", "위험 한도는 적용하지 않습니다")
	}
	return append(list, f.notes...)
}

// particular is what came up in one account.
func (a *account) particular(out outcome) (list []string) {
	say := func(english, korean string, values ...any) {
		list = append(list, a.name()+": "+a.o.say(english, korean, values...))
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
			say("%s has %s of days on which the exchange was closed: seen by the rules, not traded", "%s에 휴장일의 봉이 %s 있습니다. 규칙은 보지만 거래하지 않습니다", t.of.Symbol, a.o.count(t.closed, "bar", "개"))
		}
		if missing, first := t.gaps(a.begin); missing > 0 {
			say("%s has no bar on %s, the first %s: nothing is decided or traded there, and what is held counts at the close before", "%s에 봉이 없는 거래일이 %s 있습니다(첫날 %s). 그날은 판단도 거래도 하지 않고 보유 주식은 전 종가로 평가합니다", t.of.Symbol, a.o.count(missing, "session", "일"), first)
		}
		if last := t.bars.Dates[t.bars.Len()-1]; last < a.days.dates[a.days.len()-1] {
			say("the bars of %s end on %s", "%s의 봉은 %s에 끝납니다", t.of.Symbol, last)
		}
		_, assumed := market.SalesTax(t.of.Board, t.of.Kind, a.days.settles(a.begin))
		_, known := market.LadderOn(t.of.Board, t.of.Kind, a.days.dates[a.begin])
		untaxed, unticked = untaxed || assumed, unticked || t.raw && !known
	}
	if untaxed {
		say("the sales tax of the first years is taken to be the first known one", "초기의 매도 세금은 알려진 첫 세율로 봅니다")
	}
	if unticked {
		say("ticks before 2010-10-04 are taken to be today's", "2010-10-04 이전의 호가 단위는 지금 것으로 봅니다")
	}
	for _, n := range a.notes {
		list = append(list, a.name()+": "+n)
	}
	if first, last, _ := a.o.Calendar.Range(); a.days.dates[a.begin] < first || a.days.dates[a.days.len()-1] > last {
		say("outside the calendar (%s to %s) the dates of the bars are the sessions", "달력(%s–%s) 밖에서는 봉이 있는 날을 거래일로 봅니다", first, last)
	}
	if out.cut.cash > 0 {
		say("the cash did not pay all of %s", "현금이 모자라 다 사지 못한 매수가 %s입니다", a.o.count(out.cut.cash, "buy", "건"))
	}
	if out.cut.volume > 0 {
		say("the volume cap cut %s", "거래량 한도로 줄어든 체결이 %s입니다", a.o.count(out.cut.volume, "fill", "건"))
	}
	if out.cut.nothing > 0 {
		say("%s found no volume, a locked limit, or a limit price that was not reached", "거래량이 없거나 상·하한가에 묶이거나 지정가에 닿지 않아 체결되지 않은 주문이 %s입니다", a.o.count(out.cut.nothing, "order", "건"))
	}
	if out.wide {
		say("its amounts need more than 64 bits: computed in decimals throughout", "금액이 64비트를 넘어 전부 십진수로 계산했습니다")
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
		return o.say("at most the volume of its bar", "그 봉의 거래량까지")
	}
	return o.say("at most %d%% of the volume of its bar", "그 봉 거래량의 %d%%까지", o.VolumeCap)
}

func (o *Options) unitText() string {
	if o.CostDigits == 0 {
		return o.say("the won", "1원")
	}
	return o.say("%s of a won", "소수 %s", o.count(int(o.CostDigits), "decimal", "자리"))
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
