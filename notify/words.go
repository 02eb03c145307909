package notify

import (
	"context"
	"fmt"
	"strings"

	"maemae/journal"
)

// Lang is the language of messages.
type Lang string

const (
	English Lang = "en"
	Korean  Lang = "ko"
)

// say picks the words of the language.
func (l Lang) say(en, ko string) string {
	if l == Korean {
		return ko
	}
	return en
}

// told are the kinds of entries that words knows; all others are nobody's message.
var told = [...]string{"start", "rules", "slot", "refusal", "answer", "bind", "absent", "fill", "final", "state", "external", "mismatch", "operator", "note"}

// words makes the message of an entry; ok is false for one that is not worth any.
type words struct {
	lang  Lang
	names func(symbol string) string
	// intent finds the order that an entry speaks of only by its id.
	intent func(ctx context.Context, id string) (journal.Intent, bool)
}

func (w words) symbol(s string) string { return strings.TrimSpace(s + " " + w.names(s)) }

// order is "buy 3 005930 삼성전자 (golden-cross)" of an intent, or its id when it cannot be found.
func (w words) order(ctx context.Context, id string) string {
	i, ok := w.intent(ctx, id)
	if !ok {
		return id
	}
	return w.wanted(string(i.Order.Side), i.Order.Shares, string(i.Order.Symbol), i.Strategy)
}

func (w words) wanted(side string, shares int64, symbol, strategy string) string {
	if w.lang == Korean {
		side = map[string]string{"buy": "매수", "sell": "매도"}[side]
		return fmt.Sprintf("%s %s %d주 (%s)", w.symbol(symbol), side, shares, strategy)
	}
	return fmt.Sprintf("%s %d %s (%s)", side, shares, w.symbol(symbol), strategy)
}

func (w words) message(ctx context.Context, e journal.Entry) (m Message, ok bool) {
	say := w.lang.say
	m.At, m.Seq = e.At, e.Seq
	switch b := e.Body.(type) {
	case journal.Start:
		m.Level, m.Title, m.Body = Warning, say("daemon started", "데몬이 시작되었습니다"), fmt.Sprintf("%s %s", b.Version, b.Env)
	case journal.Rules:
		m.Title, m.Body = say("rules in force", "전략 파일 적용"), lines(strings.Join(b.Names, ", "), b.Words)
	case journal.Slot:
		return w.slot(m, b)
	case journal.Refusal:
		m.Level, m.Key = Warning, "refusal/"+b.Strategy+"/"+string(b.Order.Symbol)+"/"+b.Refusal.Code
		m.Title = say("order refused by ", "주문 거부(자체 한도): ") + b.Refusal.Code
		m.Body = lines(w.wanted(string(b.Order.Side), b.Order.Shares, string(b.Order.Symbol), b.Strategy), pair(say("wanted", "요청"), b.Refusal.Wanted), pair(say("allowed", "허용"), b.Refusal.Allowed), b.Refusal.Detail)
	case journal.Answer:
		return w.answer(ctx, m, b)
	case journal.Bind:
		m.Level, m.Title = Warning, say("lost order found at the broker", "확인되지 않던 주문을 증권사에서 찾았습니다")
		m.Body = lines(w.order(ctx, b.Intent), say("number ", "주문번호 ")+b.ID.Number)
	case journal.Absent:
		m.Level, m.Key, m.Title = Warning, "absent/"+b.Intent, say("unknown order is not at the broker", "확인되지 않은 주문이 증권사 주문 목록에 없습니다")
		m.Body = w.order(ctx, b.Intent)
	case journal.Fill:
		m.Key, m.Title = "fill/"+b.Intent, say("filled so far: ", "현재까지 체결: ")+w.wanted(string(b.Side), b.Shares, string(b.Symbol), b.Strategy)
		m.Body = fmt.Sprintf(say("value %s KRW, fee %s, tax %s (estimated)", "금액 %s원, 수수료 %s, 세금 %s (추정)"), b.Value, b.Fee, b.Tax)
	case journal.Final:
		return w.final(ctx, m, b)
	case journal.State:
		return w.state(m, b)
	case journal.External:
		m.Level, m.Key, m.Title = Critical, "external/"+b.Row.ID.Key(), say("an order that is not ours", "이 프로그램이 내지 않은 주문")
		m.Body = fmt.Sprintf("%s %s %d (%s)", w.symbol(string(b.Row.Symbol)), b.Row.Side, b.Row.Shares, b.Row.ID.Number)
	case journal.Mismatch:
		return w.mismatch(m, b)
	case journal.Operator:
		m.Title = say("operator: ", "운영자 조치: ") + b.Act
		m.Body = lines(strings.TrimSpace(b.Strategy+" "+w.symbol(string(b.Symbol))), b.Why, b.By)
	case journal.Note:
		m.Level = map[string]Level{"warn": Warning, "error": Critical}[b.Level]
		m.Key, m.Title = "note/"+b.Text, b.Text
	default:
		return m, false
	}
	return m, true
}

func (w words) slot(m Message, b journal.Slot) (Message, bool) {
	level, worth := map[string]Level{"missed": Critical, "failed": Critical, "disputed": Warning, "overlapped": Warning}[b.Outcome]
	if !worth {
		return m, false
	}
	names := map[string]string{"missed": "놓쳤습니다", "failed": "실패했습니다", "disputed": "개장 여부가 불확실해 쉬었습니다", "overlapped": "이전 실행과 겹쳤습니다"}
	m.Level, m.Key = level, "slot/"+b.Job+"/"+b.Outcome
	m.Title = w.lang.say("slot of "+b.Job+" "+b.Outcome, b.Job+" 실행 시각을 "+names[b.Outcome])
	m.Body = lines(w.lang.say("due ", "예정 ")+b.Due.Format("01-02 15:04:05"), b.Detail)
	return m, true
}

func (w words) answer(ctx context.Context, m Message, b journal.Answer) (Message, bool) {
	say := w.lang.say
	switch b.Outcome {
	case journal.Unknown:
		m.Level, m.Key, m.Title = Critical, "unknown/"+b.Intent, say("outcome of an order is unknown; it is not sent again", "주문 결과를 알 수 없습니다 (다시 보내지 않습니다)")
	case journal.Rejected:
		m.Level, m.Key, m.Title = Warning, "rejected/"+b.Code, say("order rejected by the broker", "증권사가 주문을 거부했습니다")
	case journal.Unsent:
		m.Level, m.Key, m.Title = Warning, "unsent/"+b.Code, say("order was not sent", "주문이 전송되지 않았습니다")
	default:
		return m, false // the fill is the message
	}
	m.Body = lines(w.order(ctx, b.Intent), strings.TrimSpace(b.Code+" "+b.Text))
	return m, true
}

// final speaks of orders that ended without being wholly filled; a whole one has its fill's message.
func (w words) final(ctx context.Context, m Message, b journal.Final) (Message, bool) {
	say := w.lang.say
	if b.State == "filled" {
		return m, false
	}
	if b.State == "rejected" {
		m.Level = Warning
	}
	state := map[string]string{"rejected": "거래소 거부", "cancelled": "취소", "expired": "만료"}[b.State]
	if state == "" {
		state = b.State
	}
	m.Key, m.Title = "final/"+b.Intent, say("order "+b.State, "주문 종료: "+state)
	m.Body = lines(w.order(ctx, b.Intent), fmt.Sprintf(say("filled %d", "체결 %d주"), b.Filled), b.Detail)
	return m, true
}

// state has no key: a mode is entered anew each time, and a second halt is no repeat of the first.
func (w words) state(m Message, b journal.State) (Message, bool) {
	say := w.lang.say
	switch b.Mode {
	case journal.ModeHalted:
		m.Level, m.Title = Critical, say("halted: nothing is sent until a person resumes", "중지됨: 사람이 재개할 때까지 주문하지 않습니다")
	case journal.ModeKilled:
		m.Level, m.Title = Critical, say("killed: nothing is sent until a person arms", "긴급 정지됨: 사람이 해제할 때까지 주문하지 않습니다")
	case journal.ModeReduceOnly:
		m.Level, m.Title = Critical, say("exits only", "매도(청산)만 허용합니다")
	case journal.ModeActive:
		m.Title = say("active", "정상 가동")
	default:
		return m, false
	}
	m.Body = lines(strings.TrimSpace(b.Reason+" "+b.Detail), b.By)
	return m, true
}

func (w words) mismatch(m Message, b journal.Mismatch) (Message, bool) {
	say := w.lang.say
	m.Level, m.Key, m.Title = Critical, "mismatch/"+string(b.Symbol), say("position disagrees with the broker", "보유 수량이 증권사와 다릅니다")
	if b.Resolved {
		m.Level, m.Key, m.Title = Info, "", say("position agrees again", "보유 수량이 다시 일치합니다")
	}
	m.Body = fmt.Sprintf(say("%s: book %d, broker %d", "%s: 장부 %d주, 증권사 %d주"), w.symbol(string(b.Symbol)), b.Expected, b.Broker)
	return m, true
}

func pair(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

// lines joins what is not empty.
func lines(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n")
}

// CriticalEntry tells whether an entry is worth a critical message that a person has to read, and its title in English. What a
// person did is known to a person, and a hold for what is unread has that as its cause.
func CriticalEntry(ctx context.Context, e journal.Entry) (title string, critical bool) {
	if s, ok := e.Body.(journal.State); ok && (s.By != "daemon" || s.Reason == "unacknowledged") {
		return "", false
	}
	w := words{lang: English, names: func(string) string { return "" }, intent: func(context.Context, string) (journal.Intent, bool) { return journal.Intent{}, false }}
	m, ok := w.message(ctx, e)
	return m.Title, ok && m.Level == Critical
}

// Told are the kinds of entries that may be worth a message.
func Told() []string { return told[:] }
