package backtest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/history"
	"maemae/market"
)

// dated gives the bars of an example other dates.
func dated(dates ...market.Date) func(*Options, map[market.Symbol]history.Bars) {
	return func(_ *Options, bars map[market.Symbol]history.Bars) { copy(bars["005930"].Dates, dates) }
}

// foreign is two English words in a row; a sentence in Korean has none.
var foreign = regexp.MustCompile(`[a-z]{2,} [a-z]{2,}`)

// What a reader would otherwise have to guess of a run is said, and of a run without it it is not.
func TestWhatARunRestsOnIsSaid(t *testing.T) {
	const plain = `
		9900 9950 9850 9900
		9900 10050 9850 10000
		10000 10200 9900 10100`
	for _, x := range []struct {
		name, rules, bars, want string
		more                    func(*Options, map[market.Symbol]history.Bars)
	}{
		{"a gap", "", `
			9900 9950 9850 9900
			-
			-
			10000 10200 9900 10100`, "rule-0: 005930 has no bar on 2 sessions, the first 2024-01-03: nothing is decided or traded there", nil},
		{"a closed day", "", plain, "rule-0: 005930 has 1 bar of days on which the exchange was closed: seen by the rules, not traded", dated(20240105, 20240106, 20240108)},
		{"bars that end before others", "", plain + "\n---" + plain + "\n10000 10200 9900 10100", "rule-0: the bars of 005930 end on 2024-01-04", nil},
		{"no moment for an order", "when: close - 5m", plain, "rule-0: in 3 sessions all its moments lie before the first minute or after the last in which an order may be sent (allow_auction)", nil},
		{"dates beyond the calendar", "", plain, "outside the calendar (", dated(19900103, 19900104, 19900105)},
		{"little cash", "", plain, "rule-0: the cash did not pay all of 1 buy", cash(50_000)},
		{"a thin day", "", "10000 10050 9900 10000 50", "rule-0: the volume cap cut 1 fill", nil},
		{"a locked limit", "", "9000 9050 8950 9000\n11700 11700 11700 11700", "rule-0: 1 order found no volume, a locked limit, or a limit price that was not reached", nil},
		{"the close", "", plain, "a slot in the last 15 minutes of a session sees the day's finished bar and trades at its close", nil},
		{"the open", "when: open + 5m", plain, "an earlier slot sees the day's open and no more, and trades at it", nil},
		{"completed bars", "bars: completed", plain, "rules of completed bars see the bars before the day and trade at its open", nil},
		{"limits", "order: limit", plain, "limit orders pay the slippage only as far as their limit allows", nil},
		{"exits at slots", "", plain, "stops and targets are looked at in the rules' slots only", atSlots},
		{"raw prices", "", plain, "prices are as traded: the ticks of the date count", raw(20240102)},
		{"slippage", "", plain, "market orders trade 3 ticks worse", slip(3)},
		{"several rules", "---\n", plain, "the strategies share one cash", nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			said := func(lang, ruleText, barText string, more func(*Options, map[market.Symbol]history.Bars)) string {
				r, bars := rules(t, ruleFile(ruleText)), map[market.Symbol]history.Bars{}
				symbols := []market.Symbol{"005930", "000660"}
				for i, text := range strings.Split(barText, "---") {
					r[0].Symbols = symbols[:i+1]
					bars[symbols[i]] = table(t, symbols[i], text)
				}
				o := Options{
					Rules: r, Together: true, Cash: decimal.NewFromInt(1_000_000), Calendar: market.KRX(), Instrument: market.Known,
					Load:  func(s market.Symbol) (history.Bars, error) { return bars[s], nil },
					Costs: market.DefaultCosts(), Slippage: 1, VolumeCap: 10, Lang: lang,
				}
				if more != nil {
					more(&o, bars)
				}
				result, err := Run(o)
				if err != nil {
					t.Fatal(err)
				}
				return strings.Join(result.Assumptions, "\n")
			}
			english := said("en", x.rules, x.bars, x.more)
			if !strings.Contains(english, x.want) {
				t.Errorf("no %q in\n%s", x.want, english)
			}
			korean := said("ko", x.rules, x.bars, x.more)
			if strings.Count(korean, "\n") != strings.Count(english, "\n") {
				t.Errorf("in Korean it has other lines:\n%s", korean)
			}
			for line := range strings.Lines(korean) {
				if foreign.MatchString(line) {
					t.Errorf("not in Korean: %s", line)
				}
			}
			if got := said("en", "", plain, nil); x.name != "the close" && strings.Contains(got, x.want) {
				t.Errorf("said of every run: %q", x.want)
			}
		})
	}
}
