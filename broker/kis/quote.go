package kis

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"maemae/broker"
	"maemae/market"
)

// ErrNotOffered is the cause of the error of a call that the environment does not have.
var ErrNotOffered = errors.New("not offered by this environment")

// Quote reads the current price of the symbol at KRX (주식현재가 시세). Ask and bid are not part of it.
func (c *Client) Quote(ctx context.Context, s market.Symbol) (market.Quote, error) {
	r, err := c.get(ctx, price, venue(s), "")
	if err != nil {
		return market.Quote{}, err
	}
	f, err := r.body.one("output")
	if err != nil {
		return market.Quote{}, asError(price, broker.Unclear, err)
	}
	q, err := decodeQuote(f, s)
	q.At = r.received
	return q, asError(price, broker.Unclear, err)
}

// decodeQuote reads the fields that inquire-price and the daily chart share; what the answer does not have is zero.
func decodeQuote(f fields, s market.Symbol) (market.Quote, error) {
	r := row{fields: f}
	q := market.Quote{
		Symbol: s,
		Name:   r.word(may, "hts_kor_isnm"), // HTS 한글 종목명
		Price:  r.amount(must, "stck_prpr"), // 주식 현재가
		Ask:    r.amount(may, "askp"),       // 매도호가
		Bid:    r.amount(may, "bidp"),       // 매수호가
		Base:   r.amount(may, "stck_sdpr"),  // 주식 기준가
		Upper:  r.amount(may, "stck_mxpr"),  // 주식 상한가
		Lower:  r.amount(may, "stck_llam"),  // 주식 하한가
		Open:   r.amount(may, "stck_oprc"),  // 주식 시가
		High:   r.amount(may, "stck_hgpr"),  // 주식 최고가
		Low:    r.amount(may, "stck_lwpr"),  // 주식 최저가
		Volume: r.count(may, "acml_vol"),    // 누적 거래량
		// 종목 상태 구분 코드 58: 거래정지; 임시 정지 여부
		Halted: r.word(may, "iscd_stat_cls_code") == "58" || r.word(may, "temp_stop_yn") == "Y",
		Marks:  marks(f),
	}
	if code := r.word(may, "stck_shrn_iscd"); code != "" && !strings.HasSuffix(code, strings.TrimPrefix(string(s), "Q")) { // 주식 단축 종목코드
		r.fail("stck_shrn_iscd", "asked for %s, got %q", s, clip(code))
	}
	if r.err == nil && q.Price.IsZero() {
		r.fail("stck_prpr", "is zero")
	}
	return q, r.err
}

// marks reads what inquire-price says beside the price. Merely "invest with care" (투자주의) is left out: it hangs on
// dozens of issues every day and is gone the next.
func marks(f fields) (out []market.Mark) {
	state, warning := f.text("iscd_stat_cls_code"), f.text("mrkt_warn_cls_code") // 종목 상태 구분 코드, 시장경고코드
	vi := f.text("vi_cls_code")                                                  // VI적용구분코드
	for _, m := range market.Marks() {
		if map[market.Mark]bool{
			market.Administrative: state == "51" || f.text("mang_issu_cls_code") == "Y", // 관리종목여부
			market.Liquidation:    f.text("sltr_yn") == "Y",                             // 정리매매여부
			market.Warning:        state == "53" || warning == "02",
			market.Danger:         state == "52" || warning == "03",
			market.Overheated:     state == "59" || f.text("short_over_yn") == "Y", // 단기과열여부
			market.Interrupted:    vi != "" && vi != "N" && vi != "0",
		}[m] {
			out = append(out, m)
		}
	}
	return out
}

// Daily reads the sessions from and to, both included (국내주식기간별시세), with prices adjusted for splits and rights,
// oldest first; years take a call per 100 sessions, a shorter stretch one. During a session today's bar is the forming
// one; its date tells. A halted session is a flat bar. The quote comes with the first call: it is the present one even
// when the stretch is past, has ask and bid, and has no base price.
func (c *Client) Daily(ctx context.Context, s market.Symbol, from, to market.Date) (bars []market.Bar, q market.Quote, err error) {
	t := dailyChart
	fail := func(err error) ([]market.Bar, market.Quote, error) {
		return nil, market.Quote{}, asError(t, broker.Unclear, err)
	}
	if from > to {
		return fail(fmt.Errorf("%s is after %s", from, to))
	}
	query := venue(s)
	query.Set("FID_INPUT_DATE_1", from.Compact())
	query.Set("FID_PERIOD_DIV_CODE", "D")
	query.Set("FID_ORG_ADJ_PRC", "0") // adjusted; the other daily call counts the other way round
	for last := to; last >= from; {
		query.Set("FID_INPUT_DATE_2", last.Compact())
		r, err := c.get(ctx, t, query, "")
		if err != nil {
			return fail(err)
		}
		if last == to {
			if q, err = decodeChart(r, s); err != nil {
				return fail(err)
			}
		}
		page, err := decodeBars(r, "output2", from, last)
		if err != nil {
			return fail(err)
		}
		bars = append(bars, page...)
		if len(page) < t.rows {
			break
		}
		last = page[len(page)-1].Date.Add(-1)
	}
	slices.Reverse(bars)
	return bars, q, nil
}

func decodeChart(r reply, s market.Symbol) (market.Quote, error) {
	f, err := r.body.one("output1")
	if err != nil {
		return market.Quote{}, err
	}
	q, err := decodeQuote(f, s)
	q.At = r.received
	if err != nil {
		err = fmt.Errorf("output1: %w", err)
	}
	return q, err
}

// Recent reads the newest 30 sessions, adjusted, oldest first (주식현재가 일자별).
func (c *Client) Recent(ctx context.Context, s market.Symbol) ([]market.Bar, error) {
	query := venue(s)
	query.Set("FID_PERIOD_DIV_CODE", "D")
	query.Set("FID_ORG_ADJ_PRC", "1") // adjusted
	r, err := c.get(ctx, dailyRecent, query, "")
	if err != nil {
		return nil, err
	}
	bars, err := decodeBars(r, "output", 0, 99991231)
	slices.Reverse(bars)
	return bars, asError(dailyRecent, broker.Unclear, err)
}

// decodeBars reads rows that come newest first and lie within from and to; blank rows stand for nothing.
func decodeBars(answer reply, name string, from, to market.Date) ([]market.Bar, error) {
	rows, err := answer.body.list(name)
	if err != nil {
		return nil, err
	}
	var bars []market.Bar
	for _, f := range rows {
		if f.text("stck_bsop_date") == "" {
			continue
		}
		b, err := decodeBar(f)
		switch {
		case err != nil:
		case b.Date < from, b.Date > to:
			err = fmt.Errorf("a bar of %s, asked for %s to %s", b.Date, from, to)
		case len(bars) > 0 && b.Date >= bars[len(bars)-1].Date:
			err = fmt.Errorf("the bar of %s follows that of %s; want newest first", b.Date, bars[len(bars)-1].Date)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		bars = append(bars, b)
	}
	return bars, nil
}

func decodeBar(f fields) (market.Bar, error) {
	r := row{fields: f}
	b := market.Bar{
		Date:   r.date("stck_bsop_date"),    // 주식 영업 일자
		Open:   r.amount(may, "stck_oprc"),  // 주식 시가
		High:   r.amount(may, "stck_hgpr"),  // 주식 최고가
		Low:    r.amount(may, "stck_lwpr"),  // 주식 최저가
		Close:  r.amount(must, "stck_clpr"), // 주식 종가
		Volume: r.count(may, "acml_vol"),    // 누적 거래량
	}
	if r.err != nil {
		return market.Bar{}, r.err
	}
	b, _ = b.Normalize()
	return b, b.Check()
}

// Day is what KIS says of a date.
type Day struct {
	Date market.Date
	Open bool // the market opens (개장일여부, opnd_yn)
}

// Holidays reads the days from a date on, about three weeks of them, oldest first (국내휴장일조회). KIS asks to be asked
// about once a day, and does not offer it on virtual: the error is then ErrNotOffered.
func (c *Client) Holidays(ctx context.Context, from market.Date) ([]Day, error) {
	r, err := c.get(ctx, holidays, url.Values{"BASS_DT": {from.Compact()}, "CTX_AREA_NK": {""}, "CTX_AREA_FK": {""}}, "")
	if err != nil {
		return nil, err
	}
	days, err := decodeDays(r)
	return days, asError(holidays, broker.Unclear, err)
}

func decodeDays(answer reply) ([]Day, error) {
	rows, err := answer.body.list("output")
	if err != nil {
		return nil, err
	}
	var days []Day
	for _, f := range rows {
		r := row{fields: f}
		day := Day{Date: r.date("bass_dt")} // 기준일자
		switch open := r.word(must, "opnd_yn"); open {
		case "Y", "N":
			day.Open = open == "Y"
		default:
			r.fail("opnd_yn", "%q is neither Y nor N", clip(open))
		}
		if r.err != nil {
			return nil, fmt.Errorf("output: %w", r.err)
		}
		days = append(days, day)
	}
	slices.SortFunc(days, func(a, b Day) int { return int(a.Date - b.Date) })
	return days, nil
}

// venue asks for the symbol at KRX; J stands for it, NX for NXT, UN for both.
func venue(s market.Symbol) url.Values {
	return url.Values{"FID_COND_MRKT_DIV_CODE": {"J"}, "FID_INPUT_ISCD": {string(s)}}
}
