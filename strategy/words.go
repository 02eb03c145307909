package strategy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"maemae/indicator"
)

// Words explains the rule in plain words, several lines without a final newline: what it looks at and when, what makes
// it buy and sell, and how many bars it needs before it acts. The language is en or ko; indicators keep their English
// names.
func (s *Strategy) Words(lang string) string {
	w := &words{korean: lang == "ko"}
	w.line(0, s.Name)
	if s.Description != "" {
		w.line(1, s.Description)
	}
	seen := w.say("with today's bar as it forms", "형성 중인 오늘 봉 포함")
	if s.CompletedBars {
		seen = w.say("with completed bars only", "완성된 봉만")
	}
	var whens []string
	for _, text := range strings.Split(s.When, whenSeparator) {
		whens = append(whens, strconv.Quote(text))
	}
	w.line(1, w.say("looks at %[1]s, at %[2]s of every open session, %[3]s", "종목 %[1]s, 개장일마다 %[2]s에 판단, %[3]s",
		s.symbolWords(w), strings.Join(whens, w.say(" and ", ", ")), seen))
	if s.Index != "" {
		w.line(1, w.say("%s stands for the market", "시장 지수 대신 보는 종목: %s", s.Index))
	}
	w.line(1, w.say("buys %s, when", "매수: %s, 조건:", s.buyWords(w)))
	w.condition(2, "", s.common.buy)
	switch sell := s.common.sell; {
	case sell != nil:
		w.line(1, w.say("sells all its shares, when", "매도: 전량, 조건:"))
		w.condition(2, "", sell)
	default:
		w.line(1, w.say("has no sell condition", "매도: 조건 없음"))
	}
	s.exitWords(w)
	w.named(s.common)
	s.ranges(w)
	s.symbolParams(w)
	w.line(1, w.say("needs %s before it acts", "봉이 %s 있어야 판단 시작", w.count(s.WarmUp(), "bar", "개")))
	return strings.Join(w.lines, "\n")
}

type words struct {
	korean bool
	lines  []string
}

func (w *words) line(depth int, text string) {
	w.lines = append(w.lines, strings.Repeat("  ", depth)+text)
}

// say is a sentence in the language of the words. Both forms take the same values.
func (w *words) say(english, korean string, values ...any) string {
	if w.korean {
		english = korean
	}
	return fmt.Sprintf(english, values...)
}

// count is a number of things: "3 bars", "3개".
func (w *words) count(n int, noun, counter string) string {
	if w.korean {
		return strconv.Itoa(n) + counter
	}
	return plural(n, noun)
}

func (s *Strategy) symbolWords(w *words) string {
	const most = 10
	parts := make([]string, 0, most)
	for _, symbol := range s.Symbols[:min(most, len(s.Symbols))] {
		parts = append(parts, string(symbol))
	}
	if more := len(s.Symbols) - most; more > 0 {
		return strings.Join(parts, ", ") + w.say(" and %d more", " 외 %d개", more)
	}
	return strings.Join(parts, ", ")
}

func (s *Strategy) buyWords(w *words) string {
	text := s.Size.words(w)
	if s.ExactSize {
		text = w.say("exactly %s", "정확히 %s", text)
	}
	if s.Capital.IsPositive() {
		text += w.say(" (capital %s KRW)", " (자본 %s원)", grouped(s.Capital))
	}
	text += w.say(" (order: %s)", " (주문: %s)", s.Order)
	if s.SameSessionReentry {
		text += w.say(", several times a session", ", 하루 여러 번 가능")
	}
	if s.AllowAuction {
		text += w.say(", in the closing auction too", ", 종가 동시호가에도 주문")
	}
	return text
}

func (z Size) words(w *words) string {
	if !w.korean {
		return z.String()
	}
	switch z.Basis {
	case OfEquity:
		return "평가금액의 " + percentText(z.Amount)
	case OfCash:
		return "현금의 " + percentText(z.Amount)
	case InShares:
		return grouped(z.Amount) + "주"
	}
	return grouped(z.Amount) + "원"
}

func (s *Strategy) exitWords(w *words) {
	x := s.Exits
	if x == (Exits{}) {
		return
	}
	w.line(1, w.say("and in any case, when", "조건과 관계없이 매도:"))
	if x.StopLoss.IsPositive() {
		w.line(2, w.say("the price is %s or more below the average price paid (stop_loss)", "가격이 평균 매수가보다 %s 이상 낮을 때 (stop_loss)", percentText(x.StopLoss)))
	}
	if x.TakeProfit.IsPositive() {
		w.line(2, w.say("the price is %s or more above the average price paid (take_profit)", "가격이 평균 매수가보다 %s 이상 높을 때 (take_profit)", percentText(x.TakeProfit)))
	}
	if x.TrailingStop.IsPositive() {
		w.line(2, w.say("the price is %s or more below the highest since the entry (trailing_stop)", "가격이 매수 이후 최고가보다 %s 이상 낮을 때 (trailing_stop)", percentText(x.TrailingStop)))
	}
	if x.MaxHolding > 0 {
		w.line(2, w.say("it has been held for %s (max_holding)", "보유한 지 %s이 되었을 때 (max_holding)", w.count(x.MaxHolding, "session", "거래일")))
	}
}

// operatorWords are English and Korean of a comparison, of which the first value stands before it and the second behind
// it, in Korean after a colon that asks for no particle.
var operatorWords = map[op][2]string{
	opLess: {"%s is below %s", "%s: %s 미만"}, opLessEqual: {"%s is at most %s", "%s: %s 이하"}, opGreater: {"%s is above %s", "%s: %s 초과"},
	opGreaterEqual: {"%s is at least %s", "%s: %s 이상"}, opEqual: {"%s equals %s", "%s: %s 같음"}, opNotEqual: {"%s differs from %s", "%s: %s 다름"},
	opCrossAbove: {"%s crosses above %s", "%s: %s 상향 돌파"}, opCrossBelow: {"%s crosses below %s", "%s: %s 하향 돌파"},
}

// condition writes a condition over as many lines as it has parts; lead is how it is joined to the line before.
func (w *words) condition(depth int, lead string, e *expr) {
	switch {
	case e.let != nil:
		w.line(depth, lead+e.name)
	case e.op == opAnd || e.op == opOr:
		all := w.say("all of these hold:", "다음을 모두 만족:")
		if e.op == opOr {
			all = w.say("any of these holds:", "다음 중 하나를 만족:")
		}
		w.line(depth, lead+all)
		for _, x := range e.args {
			w.condition(depth+1, "- ", x)
		}
	case e.op == opNot:
		w.condition(depth, lead+w.say("not: ", "다음이 아닐 것: "), e.args[0])
	case e.op == opBetween:
		w.line(depth, lead+w.say("%s is from %s to %s", "%s: %s 이상 %s 이하", e.args[0].text, e.args[1].text, e.args[2].text))
	case e.op == opPattern:
		w.line(depth, lead+e.patternWords(w))
	case e.op == opBack:
		w.condition(depth, lead+w.say("%s ago: ", "%s 전: ", w.count(e.bars, "bar", "봉")), e.args[0])
	default:
		pair := operatorWords[e.op]
		w.line(depth, lead+w.say(pair[0], pair[1], e.args[0].text, e.args[1].text))
	}
}

// named explains the names of lets and the indicators, each once, in order of appearance.
func (w *words) named(p *program) {
	var names, calls []string
	var walk func(e *expr)
	walk = func(e *expr) {
		if e.let != nil {
			text := e.name + " = " + e.let.text
			if !slices.Contains(names, text) {
				names = append(names, text)
				walk(e.let)
			}
			return
		}
		if e.op == opIndicator || e.op == opCandles {
			if text := callWords(e); !slices.Contains(calls, text) {
				calls = append(calls, text)
			}
		}
		for _, x := range e.args {
			walk(x)
		}
	}
	walk(p.buy)
	if p.sell != nil {
		walk(p.sell)
	}
	if len(names)+len(calls) == 0 {
		return
	}
	w.line(1, w.say("where", "이름과 지표"))
	for _, text := range append(names, calls...) {
		w.line(2, text)
	}
}

// callWords is "rsi(close, 14): Relative strength index, period 14".
func callWords(e *expr) string {
	title, params := "", []indicator.Param(nil)
	if e.op == opCandles {
		title, params = e.pattern.Title, e.pattern.Params
	} else {
		title, params = e.spec.Title, e.spec.Params
	}
	text := e.callText(true) + ": " + title
	for i, value := range argumentTexts(params, e.given) {
		text += ", " + params[i].Name + " " + value
	}
	return text
}

// ranges says what a sweep tries of the parameters that have a range.
func (s *Strategy) ranges(w *words) {
	for _, name := range sortedKeys(s.rule.params) {
		p, text := s.rule.params[name], plainText
		if p.step.IsZero() {
			continue
		}
		if p.percent {
			text = percentText
		}
		w.line(1, w.say("$%s is %s; a sweep tries %s to %s in steps of %s", "$%s: %s, 탐색 범위 %s–%s, 간격 %s", name, text(p.value), text(p.min), text(p.max), text(p.step)))
	}
}

// symbolParams says what differs for single symbols.
func (s *Strategy) symbolParams(w *words) {
	for _, symbol := range s.Symbols {
		values, ok := s.symbols[symbol]
		if !ok {
			continue
		}
		var parts []string
		for _, name := range sortedKeys(values) {
			if values[name] != s.rule.params[name] {
				parts = append(parts, fmt.Sprintf("%s %s", name, plainText(values[name].value)))
			}
		}
		w.line(1, w.say("for %s with %s", "%s에는 %s", symbol, strings.Join(parts, ", ")))
	}
}
