package notify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"maemae/journal"
)

// digest is the message of the newest session that has closed, once.
func (l *line) digest(ctx context.Context) (Message, bool) {
	if !l.Digest || l.o.Day == nil {
		return Message{}, false
	}
	d, ok := l.o.Day()
	if !ok || d.Name == l.state.Digest {
		return Message{}, false
	}
	m, err := l.summary(ctx, d)
	if err != nil {
		l.o.Trouble(l.Name, fmt.Errorf("digest: %w", err))
		return Message{}, false
	}
	l.state.Digest = d.Name
	return m, true
}

// summary adds the session's entries up: slots, decisions by answer, refusals, orders by outcome, fills with their
// costs, the account, and the hash of the newest entry, which `maemae verify --expect` proves the journal against.
func (l *line) summary(ctx context.Context, d Day) (Message, error) {
	say := l.o.Lang.say
	m := Message{Key: "digest/" + d.Name, At: d.To, From: l.o.From, Title: say("day of ", "하루 요약 ") + d.Name}
	var slots, answers, outcomes, refused counts
	fills := map[string]journal.Fill{} // the newest state of each order
	var account journal.Snapshot
	var last journal.Entry
	for e, err := range l.o.Journal.Entries(ctx, journal.Query{Since: d.From, Until: d.To}) {
		if err != nil {
			return m, err
		}
		switch b := e.Body.(type) {
		case journal.Slot:
			slots.add(b.Outcome)
		case journal.Decision:
			answers.add(string(b.Answer))
		case journal.Refusal:
			refused.add(b.Refusal.Code)
		case journal.Answer:
			outcomes.add(string(b.Outcome))
		case journal.Fill:
			fills[b.Intent] = b
		case journal.Snapshot:
			account = b
		}
		last = e
	}
	text := []string{
		pair(say("slots:", "실행:"), slots.String()), pair(say("decisions:", "판단:"), answers.String()),
		pair(say("refusals:", "자체 거부:"), refused.String()), pair(say("orders:", "주문:"), outcomes.String()),
		l.fills(fills),
	}
	if a := account.Account; !a.At.IsZero() {
		text = append(text, fmt.Sprintf(say("equity %s KRW, cash %s KRW", "평가금액 %s원, 예수금 %s원"), a.Equity, a.Cash))
	}
	book := l.o.Journal.Book()
	if book.Date().String() == d.Name {
		text = append(text, fmt.Sprintf(say("realised %s KRW after costs", "실현손익 %s원 (비용 차감)"), book.Realised(book.Date())))
	}
	text = append(text, pair(say("next session:", "다음 거래일:"), d.Next))
	if last.Seq > 0 {
		text = append(text, fmt.Sprintf(say("journal: entry %d, %s", "기록: %d번, %s"), last.Seq, last.Hash))
	}
	m.Body = lines(text...)
	return m, nil
}

// fills are the executions of the day in one line, won.
func (l *line) fills(all map[string]journal.Fill) string {
	if len(all) == 0 {
		return l.o.Lang.say("fills: none", "체결: 없음")
	}
	var sum journal.Fill // of values and costs alone
	for _, f := range all {
		sum.Value, sum.Fee, sum.Tax = sum.Value.Add(f.Value), sum.Fee.Add(f.Fee), sum.Tax.Add(f.Tax)
	}
	return fmt.Sprintf(l.o.Lang.say("fills: %d orders, %s KRW traded, fees %s, taxes %s", "체결: 주문 %d건, 거래대금 %s원, 수수료 %s, 세금 %s"), len(all), sum.Value, sum.Fee, sum.Tax)
}

type counts map[string]int

func (c *counts) add(word string) {
	if *c == nil {
		*c = counts{}
	}
	(*c)[word]++
}

func (c counts) String() string {
	var out []string
	for word, n := range c {
		out = append(out, fmt.Sprintf("%d %s", n, word))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
