package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// tongue is the language of a page.
type tongue string

func (l tongue) code() string {
	if l == "ko" {
		return "ko"
	}
	return "en"
}

// say is the text in the language. What has no Korean stays as it is.
func (l tongue) say(text string) string {
	pair, known := spoken[text]
	switch {
	case !known:
		return text
	case l.code() == "ko":
		return pair[1]
	case pair[0] != "":
		return pair[0]
	}
	return text
}

// months are the headings of the twelve columns of a year.
func (l tongue) months() []string {
	if l.code() == "ko" {
		return strings.Fields("1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월")
	}
	return strings.Fields("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
}

// spoken are English and Korean of codes, and Korean of English texts.
var spoken = map[string][2]string{
	"buy":           {"Buy", "매수"},
	"sell":          {"Sell", "매도"},
	"entry":         {"buy condition", "매수 조건"},
	"exit":          {"sell condition", "매도 조건"},
	"stop_loss":     {"stop loss", "손절"},
	"take_profit":   {"take profit", "익절"},
	"trailing_stop": {"trailing stop", "추적 손절"},
	"max_holding":   {"longest holding", "최대 보유 기간"},
	"window_end":    {"end of the window", "구간 종료"},

	"total return − that of the index":                                       {"", "총수익률 − 지수의 총수익률"},
	"(Eₙ / E₀)^(252 / m) − 1, m = sessions begun with shares or with a fill": {"", "(Eₙ / E₀)^(252 / m) − 1, m = 보유하고 시작했거나 체결이 있는 거래일 수"},
	"252 · (Σr / n) / volatility":                                            {"", "252 · (Σr / n) / 연변동성"},
	"max (H − E) / H, H = highest E so far":                                  {"", "max (H − E) / H, H = 그때까지 가장 큰 E"},
	"most sessions below a high":                                             {"", "최고치를 밑돈 가장 긴 거래일 수"},
	"number of fills":                                                        {"", "체결 건수"},
	"round trips with a profit / closed round trips":                         {"", "이익 난 왕복 거래 / 끝난 왕복 거래"},
	"Σ profits / Σ losses":                                                   {"", "Σ 이익 / Σ 손실"},
	"mean profit / mean loss":                                                {"", "평균 이익 / 평균 손실"},
	"mean sessions from entry to last sale":                                  {"", "매수부터 마지막 매도까지 평균 거래일 수"},
	"sessions with a holding at the close / n":                               {"", "종가에 보유한 거래일 수 / n"},
	"value of all fills / mean E":                                            {"", "전체 체결 금액 / 평균 E"},
	"fees + taxes":                                                           {"", "수수료 + 세금"},

	"Open":             {"", "시가"},
	"High":             {"", "고가"},
	"Low":              {"", "저가"},
	"Prices and fills": {"", "가격과 체결"},
	"fills":            {"", "건"},
	"more years with fills have no chart here": {"", "개 연도의 차트는 생략했습니다"},
	"Backtest":          {"", "백테스트"},
	"Strategies":        {"", "전략"},
	"Strategy":          {"", "전략"},
	"Symbols":           {"", "종목"},
	"Symbol":            {"", "종목"},
	"From":              {"", "시작"},
	"To":                {"", "끝"},
	"Cash at the start": {"", "시작 현금"},
	"Final equity, won": {"", "최종 평가금액(원)"},
	"Equity":            {"", "평가금액"},
	"Buy and hold":      {"", "매수 후 보유"},
	"Drawdown":          {"", "낙폭"},
	"Exposure":          {"", "투자 비중"},
	"Price":             {"", "가격"},
	"Close":             {"", "종가"},
	"log scale":         {"", "로그 눈금"},
	"Returns by month":  {"", "월별 수익률"},
	"By year":           {"", "연도별"},
	"Year":              {"", "연도"},
	"Return":            {"", "수익률"},
	"Fills":             {"", "체결"},
	"Traded value":      {"", "거래대금"},
	"Turnover":          {"", "회전율"},
	"Fees":              {"", "수수료"},
	"Fee":               {"", "수수료"},
	"Taxes":             {"", "세금"},
	"Tax":               {"", "세금"},
	"Numbers":           {"", "지표"},
	"Number":            {"", "지표"},
	"Value":             {"", "값"},
	"Amount":            {"", "금액"},
	"Formula":           {"", "계산식"},
	"Trades":            {"", "거래 내역"},
	"Date":              {"", "날짜"},
	"Side":              {"", "구분"},
	"Shares":            {"", "수량"},
	"Decision":          {"", "결정"},
	"Profit":            {"", "손익"},
	"Still held":        {"", "보유 중"},
	"since":             {"", "매수일"},
	"shares":            {"", "주"},
	"Assumptions":       {"", "가정"},
	"The rule in words": {"", "규칙 설명"},
	"won":               {"", "원"},
	"Sweep":             {"", "매개변수 탐색"},
	"earlier fills are left out here; JSON and CSV have all of them": {"", "건의 이전 체결은 생략했습니다. JSON과 CSV에는 모두 있습니다"},
	"more symbols have no chart here":                                {"", "개 종목의 차트는 생략했습니다"},
	"No order was filled.":                                           {"", "체결된 주문이 없습니다."},
	"The part of the equity that is in shares at the close.":         {"", "종가 기준으로 평가금액 가운데 주식이 차지하는 비율입니다."},
	"How far the equity is below its highest so far.":                {"", "평가금액이 이전 최고치보다 얼마나 낮은지 보여줍니다."},
	"Buy and hold: the cash in equal parts, one for each symbol, each bought at the symbol's first close of the run; parts of shares, no costs.":                                            {"", "매수 후 보유: 시작 현금을 종목 수로 똑같이 나누어 각 종목의 첫 종가에 샀다고 가정합니다(소수점 주식, 비용 없음)."},
	"Profit of a round trip, after fees and taxes, stands at the fill that closes it.":                                                                                                      {"", "손익은 청산이 끝난 체결에 표시되며 수수료와 세금을 뺀 금액입니다."},
	"E₀ is the cash at the start, E₁ … Eₙ the equity at the n closes, r the daily return. Quotients are rounded half away from zero to 6 decimals; a dash is a number that is not defined.": {"", "E₀는 시작 현금, E₁ … Eₙ은 n개 종가의 평가금액, r은 일간 수익률입니다. 값은 소수 6자리에서 반올림하며, 줄표는 정의되지 않는 값입니다."},
	"Past results of a rule say nothing certain about its future.":                                                                                                                          {"", "과거의 결과는 미래를 보장하지 않습니다."},
	"dot: buy · square: sell":                          {"", "점: 매수 · 네모: 매도"},
	"Each cell has the best over the other parameters": {"", "각 칸은 나머지 매개변수 가운데 가장 좋은 값입니다"},
	"Walk forward":  {"", "전진 분석"},
	"The windows":   {"", "구간"},
	"Picked over":   {"", "학습 구간"},
	"Traded over":   {"", "검증 구간"},
	"Before":        {"", "학습 성과"},
	"After":         {"", "검증 성과"},
	"Final equity":  {"", "최종 평가금액"},
	"A year":        {"", "연수익률"},
	"Sharpe":        {"", "샤프 비율"},
	"Win rate":      {"", "승률"},
	"Costs":         {"", "비용"},
	"The best sets": {"", "가장 좋은 조합"},
	"%s begins on %s; until then it stands at the cash of the start.": {"", "%s은(는) %s에 시작하며, 그 전에는 시작 현금으로 표시합니다."},
}

// kind is how a metric is read.
type kind int

const (
	plainNumber kind = iota
	percentOf
	wonOf
)

// metricWords are the names and formulas of metrics. One that is missing here is shown under its JSON name.
var metricWords = map[string]struct {
	name, korean, formula string
	kind                  kind
	card                  int // place among the first numbers of a run; 0 is none
}{
	"total_return":           {"Total return", "총수익률", "Eₙ / E₀ − 1", percentOf, 1},
	"annual_return":          {"Annual return", "연수익률", "(Eₙ / E₀)^(252 / n) − 1", percentOf, 2},
	"excess_return":          {"Return above the index", "지수 대비 초과수익률", "total return − that of the index", percentOf, 0},
	"invested_annual_return": {"Annual return over the invested time", "투자 기간 연수익률", "(Eₙ / E₀)^(252 / m) − 1, m = sessions begun with shares or with a fill", percentOf, 0},
	"volatility":             {"Volatility, a year", "연변동성", "√(252 · s²), s² = (n·Σr² − (Σr)²) / (n·(n − 1))", percentOf, 0},
	"sharpe":                 {"Sharpe", "샤프 비율", "252 · (Σr / n) / volatility", plainNumber, 4},
	"sortino":                {"Sortino", "소르티노 비율", "252 · (Σr / n) / √(252 · Σ min(r, 0)² / n)", plainNumber, 0},
	"max_drawdown":           {"Largest drawdown", "최대 낙폭", "max (H − E) / H, H = highest E so far", percentOf, 3},
	"max_drawdown_days":      {"Longest drawdown, sessions", "최장 낙폭 기간(거래일)", "most sessions below a high", plainNumber, 0},
	"trades":                 {"Fills", "체결 수", "number of fills", plainNumber, 0},
	"win_rate":               {"Win rate", "승률", "round trips with a profit / closed round trips", percentOf, 5},
	"profit_factor":          {"Profit factor", "손익비", "Σ profits / Σ losses", plainNumber, 0},
	"payoff":                 {"Payoff", "평균 손익비", "mean profit / mean loss", plainNumber, 0},
	"average_holding":        {"Average holding, sessions", "평균 보유 기간(거래일)", "mean sessions from entry to last sale", plainNumber, 0},
	"exposure":               {"Exposure", "투자 기간 비율", "sessions with a holding at the close / n", percentOf, 0},
	"turnover":               {"Turnover", "회전율", "value of all fills / mean E", plainNumber, 0},
	"costs":                  {"Costs, won", "비용(원)", "fees + taxes", wonOf, 6},
}

type metricRow struct {
	Key, Name, Formula string
	Number, Index      cell
	card               int
}

// besides puts the numbers of an index beside those of a run that it has too, and the difference of the returns below.
func besides(l tongue, rows []metricRow, x Index) ([]metricRow, error) {
	text, err := json.Marshal(x)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, err
	}
	for i, row := range rows {
		if v, has := values[row.Key]; has {
			rows[i].Index = metricRowOf(l, row.Key, v).Number
		}
	}
	return append(rows, metricRowOf(l, "excess_return", values["excess_return"])), nil
}

// metricRows reads the metrics off their JSON, so that the page and JSON cannot differ.
func metricRows(l tongue, m Metrics) ([]metricRow, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var rows []metricRow
	for {
		token, err := d.Token()
		if err != nil {
			break // the end of what was just written
		}
		key, isKey := token.(string)
		if !isKey {
			continue
		}
		value, err := d.Token()
		if err != nil {
			return nil, err
		}
		rows = append(rows, metricRowOf(l, key, value))
	}
	return rows, nil
}

func metricRowOf(l tongue, key string, value any) metricRow {
	words, known := metricWords[key]
	row := metricRow{Key: key, Name: words.name, Formula: l.say(words.formula), card: words.card}
	switch {
	case !known:
		row.Name = key
	case l.code() == "ko":
		row.Name = words.korean
	}
	if value == nil {
		row.Number = cell{Text: "–"}
		return row
	}
	row.Number = cell{Value: fmt.Sprint(value), Text: fmt.Sprint(value)}
	n, err := decimal.NewFromString(row.Number.Value)
	if err != nil {
		return row
	}
	switch {
	case words.kind == percentOf:
		row.Number.Text = percent(n)
	case words.kind == wonOf:
		row.Number.Text = grouped(n)
	default:
		row.Number.Text = grouped(n.Round(2))
	}
	if key == "total_return" || key == "annual_return" {
		row.Number = signed(row.Number, n)
	}
	return row
}

// cardsOf are the numbers that stand first, in their order.
func cardsOf(rows []metricRow) []metricRow {
	var out []metricRow
	for place := 1; place <= len(rows); place++ {
		for _, r := range rows {
			if r.card == place {
				out = append(out, r)
			}
		}
	}
	return out
}

func wonCell(d decimal.Decimal) cell { return cell{Value: d.String(), Text: grouped(d)} }

func countCell(n int64) cell { return wonCell(decimal.NewFromInt(n)) }

func percentCell(r Ratio) cell { return cell{Value: r.String(), Text: percent(r.Value)} }

// signed marks a cell as a gain or a loss.
func signed(c cell, d decimal.Decimal) cell {
	switch d.Sign() {
	case 1:
		c.Class = "up"
	case -1:
		c.Class = "down"
	}
	return c
}

// percent is a part of one with two decimals of a percent.
func percent(d decimal.Decimal) string { return grouped2(d.Shift(2)) + "%" }

func grouped(d decimal.Decimal) string { return group(d.String()) }

func grouped2(d decimal.Decimal) string { return group(d.StringFixed(2)) }

// group puts commas between thousands, and a real minus before what is below 0.
func group(text string) string {
	whole, part, _ := strings.Cut(text, ".")
	whole, negative := strings.CutPrefix(whole, "-")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if part != "" {
		whole += "." + part
	}
	if negative {
		whole = "−" + whole
	}
	return whole
}

// minus is a number of others with a real minus.
func minus(text string) string {
	if number, negative := strings.CutPrefix(text, "-"); negative {
		return "−" + number
	}
	return text
}

// short is an amount at an axis: 12.5M, 1,250만.
func (l tongue) short(d decimal.Decimal) string {
	digits, names := []int32{12, 9, 6}, []string{"T", "B", "M"}
	if l.code() == "ko" {
		digits, names = []int32{12, 8, 4}, []string{"조", "억", "만"}
	}
	for i, n := range digits {
		if d.Abs().GreaterThanOrEqual(decimal.New(1, n)) {
			return grouped(d.Shift(-n)) + names[i]
		}
	}
	return grouped(d)
}

func titled(symbol market.Symbol, name string) string {
	if name == "" {
		return string(symbol)
	}
	return string(symbol) + " " + name
}
