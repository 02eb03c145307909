package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
	"maemae/risk"
	"maemae/strategy"
)

const day = market.Date(20261126)

func won(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// due is a moment of the test's session.
func due(hour, minute int) time.Time { return day.At(hour, minute) }

func id(number string) broker.OrderID {
	return broker.OrderID{Date: day, Branch: "91252", Number: number}
}

func buyOrder(shares int64) broker.Order {
	return broker.Order{Symbol: "005930", Side: broker.Buy, Type: broker.Market, Shares: shares}
}

// bodies has one filled body of every kind.
func bodies() []Body {
	yes := true
	quote := market.Quote{Symbol: "005930", Name: "삼성전자", At: due(15, 15), Price: won("71200"), Ask: won("71300"), Volume: 12}
	evidence := &strategy.Evidence{
		Text: "sma(close, 5) < 70 & \"x\" > 1", Truth: &yes,
		Children: []*strategy.Evidence{{Text: "rsi(close, 14)", Value: "61.25"}, {Text: "sma(close, 200)", Missing: 12}},
	}
	passed := []risk.Passed{{Code: "order_value", Wanted: "712000 won", Allowed: "1000000 won", Waived: true}}
	row := broker.Row{ID: id("0000117057"), Symbol: "005930", Side: broker.Buy, Type: broker.Limit, Shares: 10, Price: won("71000"), Filled: 4, Value: won("284000"), Remaining: 6, Time: "151501", Channel: "OpnAPI"}
	return []Body{
		Start{Version: "1.0.0", Revision: "abc+dirty", Env: "virtual", Account: "50******-01", Config: "c0", Strategies: "5a", Date: day},
		Slot{Job: "golden-cross", Due: due(15, 15), Outcome: "ran", Detail: "2 symbols", Started: due(15, 15), Ended: due(15, 16), Decisions: 2},
		Decision{ID: "d1", Decision: strategy.Decision{
			Strategy: "golden-cross", Revision: "r1", Symbol: "005930", Due: due(15, 15), Answer: strategy.Buy, Reason: strategy.Entry,
			Price: won("71200"), Shares: 10, Budget: won("1000000.5"), Bars: 250, Forming: true,
			Last: market.Bar{Date: day, Open: won("70000"), High: won("71500"), Low: won("69900"), Close: won("71200"), Volume: 9_000_000_000},
			Buy:  evidence, Exits: []*strategy.Evidence{evidence}, Holding: &strategy.Position{Shares: 1, AveragePrice: won("70000.12345678"), High: won("72000"), Since: day},
		}},
		Refusal{Decision: "d1", Strategy: "golden-cross", Order: buyOrder(10), Refusal: risk.Refusal{Code: "cash", Wanted: "712000 won", Allowed: "3 won", Limit: true}, Passed: passed},
		Intent{ID: "i1", Decision: "d1", Strategy: "golden-cross", Revision: "r1", Date: day, Order: buyOrder(10), Exit: true, Reason: strategy.Entry, Due: due(15, 15), Quote: quote, Reserved: won("925600"), Passed: passed, Baseline: Baseline{At: due(15, 15), Numbers: []string{"0000117050"}}, Valid: time.Minute},
		Answer{Intent: "i1", Outcome: Accepted, ID: id("0000117057"), Code: "APBK0013", Text: "주문 전송 완료 되었습니다.", Offset: -3 * time.Millisecond},
		Bind{Intent: "i1", ID: id("0000117057"), By: ByReconcile, Late: true},
		Absent{Intent: "i1", Reads: 3, Final: true, By: "uid 1000"},
		Fill{Intent: "i1", ID: id("0000117057"), Strategy: "golden-cross", Symbol: "005930", Side: broker.Buy, Date: day, Shares: 4, Value: won("284800"), Fee: won("40"), Tax: won("0"), Seen: due(15, 16)},
		Final{Intent: "i1", State: "cancelled", Filled: 4, Detail: "valid for 1m"},
		Cancel{Intent: "i1", ID: id("0000117057"), Why: "valid", Error: "busy"},
		Snapshot{Account: broker.Account{At: due(9, 0), Cash: won("10000000"), Deposit: won("10000000"), Equity: won("10071200"), Value: won("71200"), Costs: won("0"), Holdings: []broker.Holding{{Symbol: "005930", Name: "삼성전자", Shares: 1, Sellable: 1, AveragePrice: won("70000.3333")}}}},
		Opening{Date: day, Numbers: []string{"0000117050"}},
		External{Row: row},
		Mismatch{Symbol: "005930", Expected: 3, Broker: 4, Resolved: true},
		Mark{Strategy: "golden-cross", Symbol: "005930", Price: won("72000")},
		State{Mode: ModeHalted, Reason: "unexplained_order", Detail: "0000117058", By: "daemon"},
		Operator{Act: "adopt", Strategy: "golden-cross", Symbol: "005930", Shares: 1, Price: won("70000"), Number: "7", Date: day, Why: "mine", By: "uid 1000"},
		Rules{File: "strategies.yaml", Hash: "5a", Names: []string{"golden-cross"}, Words: "buys when …"},
		Checkpoint{Version: bookVersion, Book: json.RawMessage(`{"seq":7,"start":{"version":"<1>"}}`)},
		Note{Level: "warn", Text: "reload refused: a < b & c"},
	}
}

func TestEveryKindOfBodyIsWrittenAndReadBackTheSame(t *testing.T) {
	var seen []string
	for _, b := range bodies() {
		seen = append(seen, b.Kind())
		text, err := encode(b)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(text, "\n") || bytes.Contains(text, []byte(`\u003c`)) {
			t.Errorf("%s: not plain text on one line: %s", b.Kind(), text)
		}
		back, err := decode(b.Kind(), text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := encode(back)
		if err != nil || !bytes.Equal(text, again) {
			t.Errorf("%s: read back as\n%s, %v, want\n%s", b.Kind(), again, err, text)
		}
	}
	if !slices.Equal(seen, kinds()) {
		t.Errorf("kinds() = %v, bodies are %v", kinds(), seen)
	}
}

func TestWhatIsNotExactlyABodyIsRefused(t *testing.T) {
	for _, c := range []struct{ kind, text string }{
		{"novel", `{}`},
		{"", `{}`},
		{"note", ``},
		{"note", `null`},
		{"note", `[]`},
		{"note", `{"level":"info","text":"x","extra":1}`},
		{"note", `{"level":"info","text":"x"} {}`},
		{"note", `{"level":"info","text":"x"`},
		{"fill", `{"shares":1.5}`},
		{"fill", `{"shares":9223372036854775808}`},
		{"fill", `{"value":"NaN"}`},
		{"opening", `{"date":"2026-02-30"}`},
		{"note", `{"text":"` + strings.Repeat("x", maxBody) + `"}`},
	} {
		if b, err := decode(c.kind, []byte(c.text)); err == nil {
			t.Errorf("decode(%q, %.40q) = %v, want an error", c.kind, c.text, b)
		}
	}
}

func TestABodyThatDoesNotFitIsNotWritten(t *testing.T) {
	if _, err := encode(Note{Text: strings.Repeat("x", maxBody)}); err == nil {
		t.Error("a note beyond the bound was encoded")
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range bodies() {
		text, err := encode(b)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b.Kind(), text)
	}
	f.Fuzz(func(t *testing.T, kind string, text []byte) {
		b, err := decode(kind, text)
		if err != nil {
			return
		}
		first, err := encode(b)
		if err != nil {
			t.Skip(err) // a year beyond 9999 can be read in other forms and not written
		}
		back, err := decode(kind, first)
		if err != nil {
			t.Fatalf("%s was written and cannot be read: %v", first, err)
		}
		if second, err := encode(back); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%s reads back as %s, %v", first, second, err)
		}
		keys(b)
	})
}

// The chain's formula in doc.go, computed by another program (Python's hashlib and struct).
func TestTheHashIsTheDocumentedOne(t *testing.T) {
	first := link([32]byte{}, 1, 1_000_000_000, "note", []byte(`{"level":"info","text":"x"}`))
	second := link(first, 2, 1_000_000_001, "note", []byte(`{"level":"info","text":"y"}`))
	for _, c := range []struct {
		got  [32]byte
		want string
	}{
		{first, "3a24faaa851214af3c2195d307572dc275fe1a4e73695b5d12c2b570c464a535"},
		{second, "66c86f4347f0811ea490b3526036f5636235a81fc0700b3c9dce6a1e7cbc6be0"},
	} {
		if got := fmt.Sprintf("%x", c.got); got != c.want {
			t.Errorf("link = %s, want %s", got, c.want)
		}
	}
}
