package dashboard_test

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

// first is the first canned entry of its kind that the condition holds for.
func first[B journal.Body](t testing.TB, s *stage, is func(B) bool) B {
	t.Helper()
	for _, e := range s.entries {
		if b, ok := e.Body.(B); ok && is(b) {
			return b
		}
	}
	var none B
	t.Fatalf("the canned journal has no such %T", none)
	return none
}

func aBuy(d journal.Decision) bool { return d.Answer == strategy.Buy }

// trouble adds what four calm sessions do not have, with texts that nobody should trust.
func trouble(t testing.TB, s *stage) {
	t.Helper()
	for _, line := range []struct{ kind, text string }{
		{"state", `{"mode":"halted","reason":"<script>alert(1)</script>","detail":"\"><img src=x onerror=alert(1)>","by":"uid 0 (<b>root</b>)"}`},
		{"external", `{"row":{"id":{"date":"2026-01-08","branch":"1","number":"0000000077"},"symbol":"005930","side":"sell","type":"limit","shares":3,"price":"50000","filled":0,"value":"0","remaining":3,"cancelled":0,"rejected":0,"time":"100000","channel":"<i>HTS</i>"}}`},
		{"slot", `{"job":"</script><script>alert(2)</script>","due":"2026-01-08T10:30:00+09:00","outcome":"failed","detail":"javascript:alert(3)","decisions":0}`},
	} {
		body, err := decode(line.kind, []byte(line.text))
		if err != nil {
			t.Fatal(err)
		}
		s.append(t, body)
	}
	s.append(t, journal.Note{Level: "error", Text: `calendar <svg onload="alert(4)"> & 'quotes'`})
}

// paths are all pages, one of each kind.
func paths(t testing.TB, s *stage) []string {
	buy := first(t, s, aBuy)
	return []string{
		"/", "/decisions", "/decisions?strategy=rising&answer=hold", "/decisions?symbol=" + string(buy.Symbol) + "&answer=buy&day=2026-01-05", "/decisions/" + buy.ID,
		"/symbols", "/symbols/" + string(buy.Symbol), "/symbols/999999", "/strategies", "/orders", "/orders?day=2026-01-05", "/journal", "/log", "/log?kind=note", "/controls", "/licences",
	}
}

func TestEveryPageIsDrawnInBothLanguages(t *testing.T) {
	s := set(t, nil)
	trouble(t, s)
	c := s.person(t)
	for _, lang := range []string{"en", "ko"} {
		s.get(t, c, "/?lang="+lang)
		for _, path := range paths(t, s) {
			status, page := s.get(t, c, path)
			switch {
			case status != 200:
				t.Errorf("%s in %s: %d", path, lang, status)
			case !strings.Contains(page, `<html lang="`+lang+`">`) || !strings.HasSuffix(strings.TrimSpace(page), "</html>"):
				t.Errorf("%s in %s is not whole", path, lang)
			case path == "/strategies" && strings.Contains(page, "매도: 전량, 조건:") != (lang == "ko"):
				t.Errorf("in %s a rule is explained in another language", lang)
			case strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "%!") || strings.Contains(page, "<no value>"):
				t.Errorf("%s in %s has a hole", path, lang)
			}
		}
	}
}

func TestTextsFromOutsideStayText(t *testing.T) {
	s := set(t, nil)
	trouble(t, s)
	c := s.person(t)
	tags := regexp.MustCompile(`(?i)<(script|img|svg|b|i)\b[^>]*>`)
	seen := 0
	for _, path := range append(paths(t, s), "/decisions?strategy=%3Cscript%3Ealert(1)%3C/script%3E&symbol=%22%3E%3Cimg%20src=x%3E", "/log?kind=%3Cb%3E", "/symbols/%3Cscript%3E", "/nothing/%3Cscript%3E") {
		_, page := s.get(t, c, path)
		for _, tag := range tags.FindAllString(page, -1) {
			if strings.Contains(tag, "src=\"/assets/") || tag == "<b>" || strings.HasPrefix(tag, "<b class") {
				continue
			}
			t.Errorf("%s: %s", path, tag)
		}
		if strings.Contains(page, "<b>root") || strings.Contains(page, `href="javascript`) {
			t.Errorf("%s lets a text be more than text", path)
		}
		seen += strings.Count(page, "&lt;script&gt;")
	}
	if seen == 0 {
		t.Error("no page showed the hostile text at all")
	}
}

func TestADecisionShowsEveryOperandsValueTheGateAndTheOrdersLife(t *testing.T) {
	s := set(t, nil)
	buy := first(t, s, aBuy)
	_, page := s.get(t, s.person(t), "/decisions/"+buy.ID)
	var want []string
	var walk func(*strategy.Evidence)
	walk = func(e *strategy.Evidence) {
		if e.Value != "" && e.Value != e.Text {
			want = append(want, e.Value)
		}
		for _, child := range e.Children {
			walk(child)
		}
	}
	walk(buy.Buy)
	if buy.Sell != nil {
		walk(buy.Sell)
	}
	for _, e := range buy.Exits {
		walk(e)
	}
	tree, _, _ := strings.Cut(page, `id="story"`)
	if got := values(tree); !slices.Equal(got, want) || len(want) == 0 {
		t.Errorf("the page shows %v, the journal has %v", got, want)
	}
	intent := first(t, s, func(i journal.Intent) bool { return i.Decision == buy.ID })
	for _, p := range intent.Passed {
		if p.Wanted != "" && !strings.Contains(html.UnescapeString(page), p.Wanted) {
			t.Errorf("the page lacks what %s compared: %s", p.Code, p.Wanted)
		}
	}
	answer := first(t, s, func(a journal.Answer) bool { return a.Intent == intent.ID })
	fill := first(t, s, func(f journal.Fill) bool { return f.Intent == intent.ID })
	for _, text := range []string{answer.ID.Number, answer.Text, plain(fill.Value), "#1"} {
		if !strings.Contains(strings.ReplaceAll(html.UnescapeString(page), ",", ""), text) {
			t.Errorf("the order's life lacks %q", text)
		}
	}
}

func plain(d decimal.Decimal) string { return d.String() }

// values are the numbers a page shows beside operands, without separators.
func values(page string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`<span class="value">([^<]*)</span>`).FindAllStringSubmatch(page, -1) {
		out = append(out, strings.NewReplacer(",", "", "−", "-").Replace(m[1]))
	}
	return out
}

// cells are the texts of a table's cells, row by row.
func cells(page, id string) [][]string {
	_, rest, _ := strings.Cut(page, `id="`+id+`"`)
	section, _, _ := strings.Cut(rest, "</section>")
	_, body, _ := strings.Cut(section, "<tbody>")
	var out [][]string
	for _, row := range strings.Split(body, "<tr")[1:] {
		var cells []string
		for _, m := range regexp.MustCompile(`(?s)<td[^>]*>(.*?)</td>`).FindAllStringSubmatch(row, -1) {
			text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[1], "")
			cells = append(cells, strings.NewReplacer(",", "", "−", "-", "+", "").Replace(strings.TrimSpace(html.UnescapeString(text))))
		}
		out = append(out, cells)
	}
	return out
}

func TestPositionsAreTheBooksAtTheBrokersPrices(t *testing.T) {
	s := set(t, nil)
	_, page := s.get(t, s.person(t), "/")
	account, _ := s.journal.Book().Account()
	var want [][]string
	for _, h := range s.journal.Book().Holdings() {
		n, price := decimal.NewFromInt(h.Shares), account.Holding(h.Symbol).Price
		value := price.Mul(n)
		ratio := price.Div(h.AveragePrice).Sub(decimal.NewFromInt(1)).Shift(2).Round(2)
		want = append(want, []string{account.Holding(h.Symbol).Name + " " + string(h.Symbol), h.Strategy, n.String(), h.AveragePrice.Round(2).String(), price.String(), value.String(), value.Sub(h.AveragePrice.Mul(n)).Round(0).String(), ratio.StringFixed(2) + "%", h.Since.String()})
	}
	got := cells(page, "positions")
	for i := range got { // the canned names are the simulator's
		got[i][0] = got[i][0][max(0, len(got[i][0])-6):]
		want[i][0] = want[i][0][len(want[i][0])-6:]
	}
	if len(want) == 0 || !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the page shows %v, the journal has %v", got, want)
	}
	for _, n := range []decimal.Decimal{account.Equity, account.Cash, s.journal.Book().Realised(20260108)} {
		if !strings.Contains(strings.NewReplacer(",", "", "−", "-").Replace(page), n.String()) {
			t.Errorf("Today lacks %s", n)
		}
	}
}

func TestOrdersAreTheJournals(t *testing.T) {
	s := set(t, nil)
	_, page := s.get(t, s.person(t), "/orders")
	got := cells(page, "list")
	var want [][]string
	for _, e := range slices.Backward(s.entries) {
		i, ok := e.Body.(journal.Intent)
		if !ok {
			continue
		}
		f := first(t, s, func(f journal.Fill) bool { return f.Intent == i.ID })
		end := first(t, s, func(f journal.Final) bool { return f.Intent == i.ID })
		want = append(want, []string{i.Due.In(market.KST).Format("01-02 15:04"), string(i.Order.Side), string(i.Order.Symbol), i.Strategy, strings.ReplaceAll(string(i.Reason), "_", " "), decimal.NewFromInt(i.Order.Shares).String(), decimal.NewFromInt(f.Shares).String(), f.Value.String(), f.Fee.Add(f.Tax).String(), end.State, f.ID.Number})
	}
	for i := range got {
		got[i][2] = got[i][2][len(got[i][2])-6:]
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the page shows %v\nthe journal has %v", got, want)
	}
}

func TestResultsAreWhatTheFillsAddUpTo(t *testing.T) {
	s := set(t, nil)
	_, page := s.get(t, s.person(t), "/strategies")
	account, _ := s.journal.Book().Account()
	newest := map[string]journal.Fill{}
	for _, e := range s.entries {
		if f, ok := e.Body.(journal.Fill); ok {
			newest[f.Intent] = f
		}
	}
	for _, name := range []string{"golden-cross", "rising", "dip"} {
		var bought, sold, costs, value decimal.Decimal
		orders := 0
		for _, f := range newest {
			if f.Strategy != name {
				continue
			}
			orders++
			costs = costs.Add(f.Fee).Add(f.Tax)
			if f.Side == "buy" {
				bought = bought.Add(f.Value)
			} else {
				sold = sold.Add(f.Value)
			}
		}
		for _, h := range s.journal.Book().Holdings() {
			if h.Strategy == name {
				value = value.Add(account.Holding(h.Symbol).Price.Mul(decimal.NewFromInt(h.Shares)))
			}
		}
		_, rest, _ := strings.Cut(page, `id="result-`+name+`"`)
		section, _, _ := strings.Cut(rest, "</div>\n</div>")
		var got []string
		for _, m := range regexp.MustCompile(`<strong[^>]*>([^<]*)<`).FindAllStringSubmatch(section, -1) {
			got = append(got, strings.NewReplacer(",", "", "−", "-", "+", "").Replace(html.UnescapeString(m[1])))
		}
		want := []string{sold.Add(value).Sub(bought).Sub(costs).String(), decimal.NewFromInt(int64(orders)).String(), bought.String(), sold.String(), costs.String(), value.String()}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the page shows %v, the fills give %v", name, got, want)
		}
	}
}

// chart is what /data/symbols gives.
type chart struct {
	Bars []struct {
		Date                   market.Date
		Open, High, Low, Close string
		Volume                 int64
	}
	Forming bool
	Lines   []struct {
		Name   string
		OnBars bool `json:"on_bars"`
		Values []string
	}
	Marks []struct {
		Date            market.Date
		Side            string
		Shares          int64
		Price, Decision string
	}
}

func TestAChartIsTheStoredBarsAndTheRuleComputedFromThem(t *testing.T) {
	s := set(t, nil)
	c := s.person(t)
	drawn := 0
	for _, symbol := range []market.Symbol{"005930", "100870", "104310", "101300", "102590"} {
		for _, rule := range []string{"golden-cross", "rising", "dip"} {
			status, text := s.get(t, c, "/data/symbols/"+string(symbol)+"?strategy="+rule)
			var got chart
			if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 {
				t.Fatalf("%s: %d, %v", symbol, status, err)
			}
			stored, err := bars(symbol)
			if err != nil {
				t.Fatal(err)
			}
			n := len(got.Bars)
			newest := newestDecision(t, s, "", symbol)
			complete := n
			if newest.Last.Date > stored.Dates[stored.Len()-1] {
				complete--
				if last := got.Bars[complete]; last.Date != newest.Last.Date || last.Close != newest.Last.Close.String() || last.Volume != newest.Last.Volume {
					t.Errorf("%s: the last bar %v is not the forming one of the newest decision, %v", symbol, last, newest.Last)
				}
			}
			if got.Forming != (complete < n) {
				t.Errorf("%s: forming %v", symbol, got.Forming)
			}
			for i, b := range got.Bars[:complete] {
				at := stored.At(stored.Len() - complete + i)
				if b.Date != at.Date || b.Open != at.Open.String() || b.High != at.High.String() || b.Low != at.Low.String() || b.Close != at.Close.String() || b.Volume != at.Volume {
					t.Fatalf("%s: bar %v, stored %v", symbol, b, at)
				}
			}
			decision := newestDecision(t, s, rule, symbol)
			for _, l := range got.Lines {
				if len(l.Values) != n {
					t.Errorf("%s: %d values on %d bars", l.Name, len(l.Values), n)
				}
				_, operand, named := strings.Cut(l.Name, " = ")
				if !named {
					operand = l.Name
				}
				i := slices.IndexFunc(got.Bars, func(b struct {
					Date                   market.Date
					Open, High, Low, Close string
					Volume                 int64
				}) bool {
					return b.Date == decision.Last.Date
				})
				if want := operandValue(decision, operand); got.Forming && decision.Last.Date == newest.Last.Date && decision.Last.Close.Equal(newest.Last.Close) && l.Values[i] != want {
					t.Errorf("%s %s: the chart has %q, the decision %q", symbol, l.Name, l.Values[i], want)
				}
				drawn++
			}
		}
	}
	if drawn < 5 {
		t.Errorf("only %d lines drawn", drawn)
	}
}

func TestALineThatComparesWithAnIndexIsDrawnFromTheIndexsBars(t *testing.T) {
	s := record(t, "")
	s.rules = "\n  - name: steady\n    symbols: [\"005930\"]\n    index: \"100870\"\n    bars: completed\n    when: close - 15m\n    buy: beta(20) < 1\n    size: 1 share\n    exits: {stop_loss: 5%}\n"
	d := newestDecision(t, s, "rising", "005930")
	truth := false
	d.ID, d.Strategy, d.Buy, d.Sell = "steady-1", "steady", &strategy.Evidence{Text: "beta(20) < 1", Truth: &truth, Children: []*strategy.Evidence{{Text: "beta(20)", Value: "1.5"}}}, nil
	s.append(t, d)
	s.serve(t, nil)
	_, text := s.get(t, s.person(t), "/data/symbols/005930?strategy=steady")
	var got chart
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Lines) != 1 || got.Lines[0].Name != "beta(20)" || !got.Forming {
		t.Fatalf("lines %+v, forming %v", got.Lines, got.Forming)
	}
	of := func(symbol market.Symbol) strategy.Bars {
		b, err := bars(symbol)
		if err != nil {
			t.Fatal(err)
		}
		return strategy.Bars{Dates: b.Dates, Scale: b.Scale, Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume}
	}
	expr, _ := strategy.ParseExpr("beta(20)")
	stored := of("005930")
	want, err := expr.Eval(stored.WithIndex(of("100870")))
	if err != nil {
		t.Fatal(err)
	}
	values := got.Lines[0].Values
	if values[len(values)-1] != "" {
		t.Errorf("a value %s on the forming bar, whose index is not known", values[len(values)-1])
	}
	for i, v := range values[:len(values)-1] {
		if w := want.Text(stored.Len() - len(values) + 1 + i); v != w || v == "" {
			t.Fatalf("bar %d: %q, want %q", i, v, w)
		}
	}
}

func newestDecision(t testing.TB, s *stage, rule string, symbol market.Symbol) journal.Decision {
	t.Helper()
	q := journal.Query{Kinds: []string{"decision"}, Strategy: rule, Symbol: symbol, Newest: true, Limit: 1}
	for e, err := range s.journal.Entries(context.Background(), q) {
		if err != nil {
			t.Fatal(err)
		}
		return e.Body.(journal.Decision)
	}
	return journal.Decision{}
}

// operandValue is the value of an operand in a decision's evidence.
func operandValue(d journal.Decision, text string) string {
	found := ""
	var walk func(*strategy.Evidence)
	walk = func(e *strategy.Evidence) {
		if e == nil {
			return
		}
		if e.Text == text {
			found = e.Value
		}
		for _, c := range e.Children {
			walk(c)
		}
	}
	walk(d.Buy)
	walk(d.Sell)
	return found
}

func TestMarksAreTheFilledOrdersOfTheSymbol(t *testing.T) {
	s := set(t, nil)
	c := s.person(t)
	var got, want []string
	for _, symbol := range []market.Symbol{"005930", "100870", "104310", "101300"} {
		_, text := s.get(t, c, "/data/symbols/"+string(symbol))
		var drawn chart
		if err := json.Unmarshal([]byte(text), &drawn); err != nil {
			t.Fatal(err)
		}
		for _, m := range drawn.Marks {
			got = append(got, strings.Join([]string{string(symbol), m.Date.String(), m.Side, m.Price, m.Decision}, " "))
		}
		for _, e := range s.entries {
			if f, ok := e.Body.(journal.Fill); ok && f.Symbol == symbol {
				i := first(t, s, func(i journal.Intent) bool { return i.ID == f.Intent })
				want = append(want, strings.Join([]string{string(symbol), f.Date.String(), string(f.Side), f.Value.DivRound(decimal.NewFromInt(f.Shares), 2).String(), i.Decision}, " "))
			}
		}
	}
	if !slices.Equal(got, want) || len(want) < 4 {
		t.Errorf("drawn %v\nfilled %v", got, want)
	}
}

func TestFiltersSelectDecisionsAndPagesReachTheOldest(t *testing.T) {
	s := set(t, nil)
	c := s.person(t)
	ids := regexp.MustCompile(`href="/decisions/([^"]+)" class="why"`)
	next := regexp.MustCompile(`class="older" href="([^"]+)"`)
	for _, f := range []struct {
		query string
		is    func(journal.Decision) bool
	}{
		{"", func(journal.Decision) bool { return true }},
		{"strategy=rising", func(d journal.Decision) bool { return d.Strategy == "rising" }},
		{"symbol=104310", func(d journal.Decision) bool { return d.Symbol == "104310" }},
		{"day=2026-01-06&answer=hold", func(d journal.Decision) bool {
			return market.DateOf(d.Due) == 20260106 && d.Answer == strategy.Hold
		}},
		{"answer=buy", aBuy},
		{"answer=sell&strategy=rising", func(d journal.Decision) bool { return d.Answer == strategy.Sell && d.Strategy == "rising" }},
	} {
		var got, want []string
		for path := "/decisions?" + f.query; path != ""; {
			_, page := s.get(t, c, path)
			for _, m := range ids.FindAllStringSubmatch(page, -1) {
				got = append(got, m[1])
			}
			path = ""
			if m := next.FindStringSubmatch(page); m != nil {
				path = html.UnescapeString(m[1])
			}
		}
		for _, e := range slices.Backward(s.entries) {
			if d, ok := e.Body.(journal.Decision); ok && f.is(d) {
				want = append(want, d.ID)
			}
		}
		if f.query == "answer=buy" || strings.HasPrefix(f.query, "answer=sell") { // in the order of what came of them
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%q: %d decisions shown, %d in the journal", f.query, len(got), len(want))
		}
	}
	for _, wrong := range []string{"day=yesterday", "before=x", "before=-1", "answer=maybe"} {
		if status, _ := s.get(t, c, "/decisions?"+wrong); status != 400 {
			t.Errorf("%s: %d", wrong, status)
		}
	}
}

func TestVerifyWalksTheJournalAndSaysSo(t *testing.T) {
	s := set(t, nil)
	c := s.person(t)
	if status, _ := s.post(t, c, "/journal/verify", map[string][]string{}); status != http.StatusSeeOther {
		t.Fatalf("verify: %d", status)
	}
	report, err := s.journal.Verify(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		_, page := s.get(t, c, "/journal")
		if strings.Contains(page, report.Hash) && strings.Contains(page, decimal.NewFromInt(report.Entries).String()) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the page never showed the verified hash")
		}
	}
}

func TestEveryWordOfAPageHasItsKorean(t *testing.T) {
	text, err := os.ReadFile("korean.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		en, ko, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok || ko == "" {
			t.Errorf("korean.txt: %q", line)
		}
		if known[en] {
			t.Errorf("korean.txt: %q twice", en)
		}
		known[en] = true
	}
	templates, err := os.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range templates {
		page, err := os.ReadFile("templates/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`[({ ]t "([^"]+)"`).FindAllStringSubmatch(string(page), -1) {
			if !known[m[1]] {
				t.Errorf("%s: %q has no Korean", f.Name(), m[1])
			}
		}
	}
	for _, code := range []strategy.Reason{strategy.Entry, strategy.RuleExit, strategy.StopLoss, strategy.TakeProfit, strategy.TrailingStop, strategy.MaxHolding, strategy.NoSignal, strategy.NotReady, strategy.InPosition, strategy.OrderWorking, strategy.NoPosition, strategy.Conflict, strategy.Halted, strategy.SizeZero, strategy.Reentry, strategy.DataMissing} {
		if !known[strings.ReplaceAll(string(code), "_", " ")] {
			t.Errorf("the reason %q has no Korean", code)
		}
	}
}
