package kissim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"maemae/market"
)

// subject is the issue a quotation asks for.
func (s *Server) subject(c *call) (*issue, *reply) {
	if !slices.Contains([]string{"J", "NX", "UN"}, c.query["FID_COND_MRKT_DIV_CODE"]) {
		return nil, envelope("2", "OPSQ2001", "ERROR INVALID FID_COND_MRKT_DIV_CODE")
	}
	i := s.exchange.find(market.Symbol(c.query["FID_INPUT_ISCD"]))
	if i == nil {
		return nil, envelope("1", "MCA05918", "종목코드 오류입니다.")
	}
	return i, nil
}

// inquirePrice is FHKST01010100 (주식현재가 시세). What no bar tells (ratios, holdings of foreigners, listed shares) is zero.
func (s *Server) inquirePrice(c *call) *reply {
	i, refusal := s.subject(c)
	if refusal != nil {
		return refusal
	}
	q := s.exchange.quote(i)
	state, stop := "55", "N"
	if q.suspended {
		state, stop = "58", "Y"
	}
	g := i.grid(q.date)
	output := object{
		{"iscd_stat_cls_code", state},                                 // 종목 상태 구분 코드
		{"marg_rate", "20.00"},                                        // 증거금 비율
		{"rprs_mrkt_kor_name", string(i.Board)},                       // 대표 시장 한글 명
		{"temp_stop_yn", stop},                                        // 임시 정지 여부
		{"oprc_rang_cont_yn", "N"},                                    // 시가 범위 연장 여부
		{"clpr_rang_cont_yn", "N"},                                    // 종가 범위 연장 여부
		{"crdt_able_yn", "N"},                                         // 신용 가능 여부
		{"grmn_rate_cls_code", "40"},                                  // 보증금 비율 구분 코드
		{"elw_pblc_yn", "N"},                                          // ELW 발행 여부
		{"stck_prpr", text(q.price)},                                  // 주식 현재가
		{"prdy_vrss", text(q.price - q.base)},                         // 전일 대비
		{"prdy_vrss_sign", sign(q)},                                   // 전일 대비 부호
		{"prdy_ctrt", percent(q.price-q.base, q.base, 2)},             // 전일 대비율
		{"acml_tr_pbmn", text(q.turnover())},                          // 누적 거래 대금
		{"acml_vol", text(q.volume)},                                  // 누적 거래량
		{"prdy_vrss_vol_rate", percent(q.volume, q.before.volume, 2)}, // 전일 대비 거래량 비율
		{"stck_oprc", text(q.open)},                                   // 주식 시가
		{"stck_hgpr", text(q.high)},                                   // 주식 최고가
		{"stck_lwpr", text(q.low)},                                    // 주식 최저가
		{"stck_mxpr", text(q.upper)},                                  // 주식 상한가
		{"stck_llam", text(q.lower)},                                  // 주식 하한가
		{"stck_sdpr", text(q.base)},                                   // 주식 기준가
		{"wghn_avrg_stck_prc", won(q.average()).StringFixed(2)},       // 가중 평균 주식 가격
		{"hts_frgn_ehrt", "0.00"},                                     // HTS 외국인 소진율
		{"frgn_ntby_qty", "0"},                                        // 외국인 순매수 수량
		{"pgtr_ntby_qty", "0"},                                        // 프로그램매매 순매수 수량
		{"pvt_pont_val", text((q.before.high + q.before.low + q.before.close) / 3)}, // 피벗 포인트 값
		{"cpfn", "0"}, // 자본금
		{"rstc_wdth_prc", text(q.upper - q.base)},    // 제한 폭 가격
		{"stck_fcam", "0"},                           // 주식 액면가
		{"stck_sspr", text(g.down(q.base * 7 / 10))}, // 주식 대용가
		{"aspr_unit", text(g.tick(q.price))},         // 호가단위
		{"hts_deal_qty_unit_val", "1"},               // HTS 매매 수량 단위 값
		{"lstn_stcn", "0"},                           // 상장 주수
		{"hts_avls", "0"},                            // HTS 시가총액
		{"per", "0.00"},                              // PER
		{"pbr", "0.00"},                              // PBR
		{"stac_month", "12"},                         // 결산 월
		{"vol_tnrt", "0.00"},                         // 거래량 회전율
		{"eps", "0.00"},                              // EPS
		{"bps", "0.00"},                              // BPS
	}
	output = append(output, s.extremes(i, q)...)
	return quoted(field{"output", append(output,
		field{"whol_loan_rmnd_rate", "0.00"},      // 전체 융자 잔고 비율
		field{"ssts_yn", "N"},                     // 공매도가능여부
		field{"stck_shrn_iscd", string(i.Symbol)}, // 주식 단축 종목코드
		field{"fcam_cnnm", ""},                    // 액면가 통화명
		field{"cpfn_cnnm", ""},                    // 자본금 통화명
		field{"frgn_hldn_qty", "0"},               // 외국인 보유 수량
		field{"vi_cls_code", "N"},                 // VI적용구분코드
		field{"ovtm_vi_cls_code", "N"},            // 시간외단일가VI적용구분코드
		field{"last_ssts_cntg_qty", "0"},          // 최종 공매도 체결 수량
		field{"invt_caful_yn", "N"},               // 투자유의여부
		field{"mrkt_warn_cls_code", "00"},         // 시장경고코드
		field{"short_over_yn", "N"},               // 단기과열여부
		field{"sltr_yn", "N"},                     // 정리매매여부
		field{"mang_issu_cls_code", "N"},          // 관리종목여부
	)})
}

// average stands for the weighted average price, which a bar does not tell: the middle of open, high, low and close.
func (b bar) average() int64  { return (b.open + b.high + b.low + b.close) / 4 }
func (b bar) turnover() int64 { return b.average() * b.volume }

// extremes are the highest and lowest prices of the last 250 sessions, of the year, and of 52 weeks.
func (s *Server) extremes(i *issue, q quote) object {
	bars := s.exchange.bars(i)
	var o object
	for _, span := range []struct {
		high, low, after string // names, and how the comparison with the price ends
		bars             []bar
	}{
		{"d250_hgpr", "d250_lwpr", "rate", bars[max(0, len(bars)-250):]},
		{"stck_dryy_hgpr", "stck_dryy_lwpr", "rate", since(bars, q.date/10000*10000)},
		{"w52_hgpr", "w52_lwpr", "ctrt", since(bars, q.date.Add(-364))},
	} {
		high, low := extremeBars(span.bars)
		for _, x := range []struct {
			name  string
			price int64
			date  market.Date
		}{{span.high, high.high, high.date}, {span.low, low.low, low.date}} {
			short := cmp.Or(map[string]string{"stck_dryy_hgpr": "dryy_hgpr", "stck_dryy_lwpr": "dryy_lwpr"}[x.name], x.name)
			o = append(o, field{x.name, text(x.price)}, field{short + "_date", x.date.Compact()},
				field{short + "_vrss_prpr_" + span.after, percent(q.price-x.price, x.price, 2)})
		}
	}
	return o
}

// since are the bars from the date on.
func since(bars []bar, date market.Date) []bar {
	n, _ := slices.BinarySearchFunc(bars, date, func(b bar, d market.Date) int { return cmp.Compare(b.date, d) })
	return bars[n:]
}

// extremeBars are the bars with the highest high and the lowest low; zero when no bar traded.
func extremeBars(bars []bar) (high, low bar) {
	for _, b := range bars {
		if b.halted() {
			continue
		}
		if b.high > high.high {
			high = b
		}
		if low.low == 0 || b.low < low.low {
			low = b
		}
	}
	return high, low
}

// candle is a bar of a day, week, month or year, and the close before it.
type candle struct {
	bar
	before bar
}

// candles are the bars by period (D, W, M, Y), newest first. A longer bar carries the date of its last session.
func candles(bars []bar, period string) []candle {
	var all []candle
	for n, b := range bars {
		if n > 0 && samePeriod(bars[n-1].date, b.date, period) {
			last := &all[len(all)-1]
			last.bar = merge(last.bar, b)
			continue
		}
		c := candle{bar: b}
		if len(all) > 0 {
			c.before = all[len(all)-1].bar
		}
		all = append(all, c)
	}
	slices.Reverse(all)
	return all
}

func merge(a, b bar) bar {
	switch {
	case b.halted():
		b.open, b.high, b.low, b.volume = a.open, a.high, a.low, a.volume
	case !a.halted():
		b.open, b.high, b.low, b.volume = a.open, max(a.high, b.high), min(a.low, b.low), a.volume+b.volume
	}
	return b
}

func samePeriod(a, b market.Date, period string) bool {
	switch period {
	case "W":
		ay, aw := a.At(12, 0).ISOWeek()
		by, bw := b.At(12, 0).ISOWeek()
		return ay == by && aw == bw
	case "M":
		return a/100 == b/100
	case "Y":
		return a/10000 == b/10000
	}
	return false
}

// change is the close against the close before; zero on the first bar.
func (c candle) change() int64 {
	if c.before.close == 0 {
		return 0
	}
	return c.close - c.before.close
}

// recentRows is how many bars FHKST01010400 gives, chartRows how many FHKST03010100 gives at most.
const (
	recentRows = 30
	chartRows  = 100
)

// inquireDailyPrice is FHKST01010400 (주식현재가 일자별): the last 30 bars, newest first. The feed has one kind of price, so
// FID_ORG_ADJ_PRC (0 raw, 1 adjusted) changes nothing.
func (s *Server) inquireDailyPrice(c *call) *reply {
	i, refusal := s.subject(c)
	if refusal != nil {
		return refusal
	}
	if refusal := oneOf(c, "FID_PERIOD_DIV_CODE", "D", "W", "M"); refusal != nil {
		return refusal
	}
	if refusal := oneOf(c, "FID_ORG_ADJ_PRC", "0", "1"); refusal != nil {
		return refusal
	}
	rows := []object{}
	for n, b := range candles(s.exchange.bars(i), c.query["FID_PERIOD_DIV_CODE"]) {
		if n == recentRows {
			break
		}
		rows = append(rows, object{
			{"stck_bsop_date", b.date.Compact()}, // 주식 영업 일자
			{"stck_oprc", text(b.open)},          // 주식 시가
			{"stck_hgpr", text(b.high)},          // 주식 최고가
			{"stck_lwpr", text(b.low)},           // 주식 최저가
			{"stck_clpr", text(b.close)},         // 주식 종가
			{"acml_vol", text(b.volume)},         // 누적 거래량
			{"prdy_vrss_vol_rate", percent(b.volume-b.before.volume, b.before.volume, 2)}, // 전일 대비 거래량 비율
			{"prdy_vrss", text(b.change())},                                               // 전일 대비
			{"prdy_vrss_sign", signOf(b.change())},                                        // 전일 대비 부호
			{"prdy_ctrt", percent(b.change(), b.before.close, 2)},                         // 전일 대비율
			{"hts_frgn_ehrt", "0.00"},                                                     // HTS 외국인 소진율
			{"frgn_ntby_qty", "0"},                                                        // 외국인 순매수 수량
			{"flng_cls_code", "00"},                                                       // 락 구분 코드
			{"acml_prtt_rate", "0.00"},                                                    // 누적 분할 비율
		})
	}
	return quoted(field{"output", rows})
}

func oneOf(c *call, key string, values ...string) *reply {
	if !slices.Contains(values, c.query[key]) {
		return envelope("2", "OPSQ2001", fmt.Sprintf("ERROR INVALID %s", key))
	}
	return nil
}

// inquireDailyChart is FHKST03010100 (국내주식기간별시세): the quote, and up to 100 bars between two dates, newest first.
func (s *Server) inquireDailyChart(c *call) *reply {
	i, refusal := s.subject(c)
	if refusal != nil {
		return refusal
	}
	if refusal := oneOf(c, "FID_PERIOD_DIV_CODE", "D", "W", "M", "Y"); refusal != nil {
		return refusal
	}
	if refusal := oneOf(c, "FID_ORG_ADJ_PRC", "0", "1"); refusal != nil {
		return refusal
	}
	var span [2]market.Date
	for n, key := range []string{"FID_INPUT_DATE_1", "FID_INPUT_DATE_2"} {
		d, err := market.ParseDate(c.query[key])
		if err != nil || len(c.query[key]) != 8 {
			return envelope("2", "OPSQ2001", fmt.Sprintf("ERROR INVALID %s", key))
		}
		span[n] = d
	}
	rows := []object{}
	for _, b := range candles(s.exchange.bars(i), c.query["FID_PERIOD_DIV_CODE"]) {
		if b.date < span[0] || b.date > span[1] {
			continue
		}
		if len(rows) == chartRows {
			break
		}
		rows = append(rows, object{
			{"stck_bsop_date", b.date.Compact()},   // 주식 영업 일자
			{"stck_clpr", text(b.close)},           // 주식 종가
			{"stck_oprc", text(b.open)},            // 주식 시가
			{"stck_hgpr", text(b.high)},            // 주식 최고가
			{"stck_lwpr", text(b.low)},             // 주식 최저가
			{"acml_vol", text(b.volume)},           // 누적 거래량
			{"acml_tr_pbmn", text(b.turnover())},   // 누적 거래 대금
			{"flng_cls_code", "00"},                // 락 구분 코드
			{"prtt_rate", "0.00"},                  // 분할 비율
			{"mod_yn", "N"},                        // 변경 여부
			{"prdy_vrss_sign", signOf(b.change())}, // 전일 대비 부호
			{"prdy_vrss", text(b.change())},        // 전일 대비
			{"revl_issu_reas", ""},                 // 재평가사유코드
		})
	}
	return quoted(field{"output1", chartHead(s.exchange.quote(i))}, field{"output2", rows})
}

func chartHead(q quote) object {
	return object{
		{"prdy_vrss", text(q.price - q.base)},               // 전일 대비
		{"prdy_vrss_sign", sign(q)},                         // 전일 대비 부호
		{"prdy_ctrt", percent(q.price-q.base, q.base, 2)},   // 전일 대비율
		{"stck_prdy_clpr", text(q.base)},                    // 주식 전일 종가
		{"acml_vol", text(q.volume)},                        // 누적 거래량
		{"acml_tr_pbmn", text(q.turnover())},                // 누적 거래 대금
		{"hts_kor_isnm", q.Name},                            // HTS 한글 종목명
		{"stck_prpr", text(q.price)},                        // 주식 현재가
		{"stck_shrn_iscd", string(q.Symbol)},                // 주식 단축 종목코드
		{"prdy_vol", text(q.before.volume)},                 // 전일 거래량
		{"stck_mxpr", text(q.upper)},                        // 주식 상한가
		{"stck_llam", text(q.lower)},                        // 주식 하한가
		{"stck_oprc", text(q.open)},                         // 주식 시가
		{"stck_hgpr", text(q.high)},                         // 주식 최고가
		{"stck_lwpr", text(q.low)},                          // 주식 최저가
		{"stck_prdy_oprc", text(q.before.open)},             // 주식 전일 시가
		{"stck_prdy_hgpr", text(q.before.high)},             // 주식 전일 최고가
		{"stck_prdy_lwpr", text(q.before.low)},              // 주식 전일 최저가
		{"askp", text(q.ask)},                               // 매도호가
		{"bidp", text(q.bid)},                               // 매수호가
		{"prdy_vrss_vol", text(q.volume - q.before.volume)}, // 전일 대비 거래량
		{"vol_tnrt", "0.00"},                                // 거래량 회전율
		{"stck_fcam", "0"},                                  // 주식 액면가
		{"lstn_stcn", "0"},                                  // 상장 주수
		{"cpfn", "0"},                                       // 자본금
		{"hts_avls", "0"},                                   // HTS 시가총액
		{"per", "0.00"},                                     // PER
		{"eps", "0.00"},                                     // EPS
		{"pbr", "0.00"},                                     // PBR
		{"itewhol_loan_rmnd_ratem", "0.00"},                 // 전체 융자 잔고 비율
	}
}

// holidayRows is how many dates a page of chk-holiday has.
const holidayRows = 24

// chkHoliday is CTCA0903R (국내휴장일조회): each date from BASS_DT on. opnd_yn is the one that means the market is open.
func (s *Server) chkHoliday(c *call) *reply {
	from := c.query["BASS_DT"]
	if c.header.Get("tr_cont") == "N" {
		from = strings.TrimSpace(c.query["CTX_AREA_NK"])
	}
	date, err := market.ParseDate(from)
	if err != nil || len(from) != 8 {
		return invalid("BASS_DT")
	}
	_, end, _ := s.exchange.cal.Range()
	rows := []object{}
	for ; len(rows) < holidayRows && date <= end; date = date.Add(1) {
		_, err := s.exchange.cal.Session(date)
		open, transfer := yes(err == nil), yes(date.Weekday() != time.Sunday)
		rows = append(rows, object{
			{"bass_dt", date.Compact()},                                  // 기준일자
			{"wday_dvsn_cd", fmt.Sprintf("%02d", int(date.Weekday())+1)}, // 요일구분코드: 01 Sunday
			{"bzdy_yn", open},                                            // 영업일여부
			{"tr_day_yn", transfer},                                      // 거래일여부: a day of money transfers
			{"opnd_yn", open},                                            // 개장일여부
			{"sttl_day_yn", open},                                        // 결제일여부
		})
	}
	outcome, continues := listedMore, "M"
	if date > end {
		outcome, continues = listed, "D"
	}
	a := s.say(outcome, field{"ctx_area_nk", padded(date.Compact(), 20)}, field{"ctx_area_fk", padded(c.query["BASS_DT"], 20)}, field{"output", rows})
	a.continues = continues
	return a
}

func yes(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}
