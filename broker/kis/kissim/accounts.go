package kissim

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// pageRows are the rows of one page of a list.
type pageRows struct{ real, virtual int }

var (
	orderRows   = pageRows{100, 15}
	holdingRows = pageRows{50, 20}
)

// contextWidth is how wide KIS fills CTX_AREA_FK100 and NK100.
const contextWidth = 100

// page cuts the part of a list that a call asks for. Each row has a key, by which the next page finds its place however
// the list has grown meanwhile; after tells whether a key comes after another in the order of the list.
func page[T any](s *Server, c *call, rows []T, size pageRows, key func(T) string, after func(a, b string) bool) (part []T, next string, refusal *reply) {
	n := size.virtual
	if s.options.Env == envReal {
		n = size.real
	}
	from := 0
	place := strings.TrimSpace(c.query["CTX_AREA_NK100"])
	if c.header.Get("tr_cont") == "N" && place != "" {
		if len(place) > contextWidth {
			return nil, "", invalid("CTX_AREA_NK100")
		}
		for from < len(rows) && !after(key(rows[from]), place) {
			from++
		}
	}
	part = rows[from:min(from+n, len(rows))]
	if from+n < len(rows) {
		next = key(part[len(part)-1])
	}
	return part, next, nil
}

// list words the page of a list: tr_cont F or M says that more follows, D that this is the end.
func (s *Server) list(c *call, empty bool, next string, payload ...field) *reply {
	o, continues := listed, "D"
	switch {
	case next != "" && c.header.Get("tr_cont") == "N":
		o, continues = listedMore, "M"
	case next != "":
		o, continues = listedMore, "F"
	case empty:
		o = listedNone
	}
	var asked []string
	for _, key := range s.routes[c.path].require {
		if !strings.HasPrefix(key, "CTX_") {
			asked = append(asked, c.query[key])
		}
	}
	fk := strings.Join(asked, "^")
	a := s.say(o, append([]field{
		{"ctx_area_fk100", padded(fk[:min(len(fk), contextWidth)], contextWidth)}, // 연속조회검색조건100
		{"ctx_area_nk100", padded(next, contextWidth)},                            // 연속조회키100
	}, payload...)...)
	a.continues = continues
	return a
}

// inquireDailyCcld is TTTC0081R (주식일별주문체결조회): a row for each order, cancellation and replacement.
func (s *Server) inquireDailyCcld(c *call) *reply {
	a, refusal := s.account(c.query)
	if refusal != nil {
		return refusal
	}
	rows, refusal := s.selected(a, c.query)
	if refusal != nil {
		return refusal
	}
	if c.suffers("lag") {
		young := s.exchange.at.Add(-time.Duration(c.fault.For))
		rows = slices.DeleteFunc(rows, func(o *order) bool { return o.at.After(young) })
	}
	newest := c.query["INQR_DVSN"] == "00"
	part, next, refusal := page(s, c, rows, orderRows, orderKey, func(a, b string) bool { return a != b && (a < b) == newest })
	if refusal != nil {
		return refusal
	}
	var shares, filled, value, costs int64
	for _, o := range rows {
		shares, filled, value, costs = shares+o.shares, filled+o.filled, value+o.value, costs+o.costs
	}
	output1 := []object{}
	for _, o := range part {
		output1 = append(output1, s.orderRow(o))
	}
	return s.list(c, len(rows) == 0, next, field{"output1", output1}, field{"output2", object{
		{"tot_ord_qty", text(shares)},                // 총주문수량
		{"tot_ccld_qty", text(filled)},               // 총체결수량
		{"tot_ccld_amt", text(value)},                // 총체결금액
		{"prsm_tlex_smtl", text(costs)},              // 추정제비용합계
		{"pchs_avg_pric", average(value, filled, 4)}, // 매입평균가격
	}})
}

// orderKey sorts orders by time.
func orderKey(o *order) string { return o.date.Compact() + "^" + number(o.number) }

// average is value by shares, zero without any.
func average(value, shares int64, decimals int32) string {
	if shares == 0 {
		return decimal.Zero.StringFixed(decimals)
	}
	return won(value).DivRound(won(shares), decimals).StringFixed(decimals)
}

// selected are the orders of the account that the query names, in its order.
func (s *Server) selected(a *account, q map[string]string) ([]*order, *reply) {
	from, err1 := market.ParseDate(q["INQR_STRT_DT"])
	to, err2 := market.ParseDate(q["INQR_END_DT"])
	side, enough := map[string]broker.Side{"00": "", "01": broker.Sell, "02": broker.Buy}[q["SLL_BUY_DVSN_CD"]]
	number, numeric := whole(cmp.Or(strings.TrimSpace(q["ODNO"]), "0"))
	switch {
	case err1 != nil || len(q["INQR_STRT_DT"]) != 8:
		return nil, invalid("INQR_STRT_DT")
	case err2 != nil || len(q["INQR_END_DT"]) != 8:
		return nil, invalid("INQR_END_DT")
	case !enough:
		return nil, invalid("SLL_BUY_DVSN_CD")
	case q["INQR_DVSN"] != "00" && q["INQR_DVSN"] != "01":
		return nil, invalid("INQR_DVSN")
	case !slices.Contains([]string{"00", "01", "02"}, q["CCLD_DVSN"]):
		return nil, invalid("CCLD_DVSN")
	case !slices.Contains([]string{"", "KRX", "NXT", "SOR", "ALL"}, q["EXCG_ID_DVSN_CD"]):
		return nil, invalid("EXCG_ID_DVSN_CD")
	case !numeric:
		return nil, invalid("ODNO")
	}
	var rows []*order
	for _, o := range s.exchange.orders {
		if o.account == a && o.date >= from && o.date <= to && (side == "" || o.side == side) &&
			(q["PDNO"] == "" || q["PDNO"] == string(o.issue.Symbol)) && (number == 0 || int64(o.number) == number) &&
			(q["CCLD_DVSN"] != "01" || o.filled > 0) && (q["CCLD_DVSN"] != "02" || o.rest() > 0) &&
			(q["EXCG_ID_DVSN_CD"] == "" || q["EXCG_ID_DVSN_CD"] == "ALL" || q["EXCG_ID_DVSN_CD"] == o.venue) {
			rows = append(rows, o)
		}
	}
	if q["INQR_DVSN"] == "00" {
		slices.Reverse(rows)
	}
	return rows, nil
}

// orderRow is one row of output1. On each row filled, rest and cancelled shares make up those ordered.
func (s *Server) orderRow(o *order) object {
	side, name := "02", "현금매수"
	if o.side == broker.Sell {
		side, name = "01", "현금매도"
	}
	switch o.verb {
	case verbCancel:
		name = strings.TrimPrefix(name, "현금") + "취소*"
	case verbReplace:
		name = strings.TrimPrefix(name, "현금") + "정정*"
	}
	original, gone, told, condition := "", map[string]string{envReal: "", envVirtual: "N"}[s.options.Env], "", "없음"
	if o.original > 0 {
		original = number(o.original)
	}
	if o.cancelled > 0 && o.verb != verbCancel {
		gone = "Y"
	}
	if !o.told.IsZero() {
		told = o.told.In(market.KST).Format("150405")
	}
	if o.kind == kindIOC {
		condition = "IOC"
	}
	return object{
		{"ord_dt", o.date.Compact()},                      // 주문일자
		{"ord_gno_brno", s.branch()},                      // 주문채번지점번호
		{"odno", number(o.number)},                        // 주문번호
		{"orgn_odno", original},                           // 원주문번호
		{"ord_dvsn_name", kinds[o.kind].name},             // 주문구분명
		{"sll_buy_dvsn_cd", side},                         // 매도매수구분코드
		{"sll_buy_dvsn_cd_name", name},                    // 매도매수구분코드명
		{"pdno", string(o.issue.Symbol)},                  // 상품번호
		{"prdt_name", o.issue.Name},                       // 상품명
		{"ord_qty", text(o.shares)},                       // 주문수량
		{"ord_unpr", text(o.price)},                       // 주문단가
		{"ord_tmd", o.at.In(market.KST).Format("150405")}, // 주문시각
		{"tot_ccld_qty", text(o.filled)},                  // 총체결수량
		{"avg_prvs", average(o.value, o.filled, 0)},       // 평균가
		{"cncl_yn", gone},                                 // 취소여부
		{"tot_ccld_amt", text(o.value)},                   // 총체결금액
		{"loan_dt", ""},                                   // 대출일자
		{"ordr_empno", o.channel},                         // 주문자사번
		{"ord_dvsn_cd", o.kind},                           // 주문구분코드
		{"cncl_cfrm_qty", text(o.cancelled)},              // 취소확인수량
		{"rmn_qty", text(o.rest())},                       // 잔여수량
		{"rjct_qty", text(o.rejected)},                    // 거부수량
		{"ccld_cndt_name", condition},                     // 체결조건명
		{"inqr_ip_addr", "127.0.0.1"},                     // 조회IP주소
		{"cpbc_ordp_ord_rcit_dvsn_cd", ""},                // 전산주문표주문접수구분코드
		{"cpbc_ordp_infm_mthd_dvsn_cd", ""},               // 전산주문표통보방법구분코드
		{"infm_tmd", told},                                // 통보시각
		{"ctac_tlno", ""},                                 // 연락전화번호
		{"prdt_type_cd", "300"},                           // 상품유형코드
		{"excg_dvsn_cd", "02"},                            // 거래소구분코드
		{"cpbc_ordp_mtrl_dvsn_cd", ""},                    // 전산주문표자료구분코드
		{"ord_orgno", "00000"},                            // 주문조직번호
		{"rsvn_ord_end_dt", ""},                           // 예약주문종료일자
		{"excg_id_dvsn_cd", o.venue},                      // 거래소ID구분코드
		{"stpm_cndt_pric", "0"},                           // 스톱지정가조건가격
		{"stpm_efct_occr_dtmd", ""},                       // 스톱지정가효력발생상세시각
	}
}

// inquireBalance is TTTC8434R (주식잔고조회).
func (s *Server) inquireBalance(c *call) *reply {
	a, refusal := s.account(c.query)
	if refusal != nil {
		return refusal
	}
	switch q := c.query; {
	case q["INQR_DVSN"] != "01": // 02 is refused since 2026-02-10
		return invalid("INQR_DVSN")
	case !slices.Contains([]string{"N", "Y", "X"}, q["AFHR_FLPR_YN"]):
		return invalid("AFHR_FLPR_YN")
	case q["PRCS_DVSN"] != "00" && q["PRCS_DVSN"] != "01":
		return invalid("PRCS_DVSN")
	}
	var rows []holding
	var total holding
	for _, h := range a.book.Holdings() {
		row := s.exchange.holding(a, h.Symbol)
		total.cost, total.value = total.cost+row.cost, total.value+row.value
		rows = append(rows, row)
	}
	key := func(h holding) string { return string(h.Symbol) }
	part, next, refusal := page(s, c, rows, holdingRows, key, func(a, b string) bool { return a > b })
	if refusal != nil {
		return refusal
	}
	output1 := []object{}
	for _, h := range part {
		output1 = append(output1, h.row())
	}
	return s.list(c, len(rows) == 0, next, field{"output1", output1}, field{"output2", []object{a.totals(total)}})
}

// holding is one symbol of an account at the present price.
type holding struct {
	quote
	bought, sold, boughtBefore, soldBefore int64 // today and the session before
	shares, sellable                       int64
	average                                decimal.Decimal
	cost, value                            int64
}

func (x *exchange) holding(a *account, symbol market.Symbol) holding {
	h := a.book.Holding(symbol)
	q := x.quote(x.feed.issues[symbol])
	return holding{
		quote: q, bought: h.BoughtToday, sold: h.SoldToday, boughtBefore: h.BoughtYesterday, soldBefore: h.SoldYesterday,
		shares: h.Shares, sellable: a.book.Sellable(symbol), average: h.AveragePrice(), cost: h.Cost.IntPart(), value: h.Shares * q.price,
	}
}

func (h holding) row() object {
	return object{
		{"pdno", string(h.Symbol)},                           // 상품번호
		{"prdt_name", h.Name},                                // 상품명
		{"trad_dvsn_name", "현금"},                             // 매매구분명
		{"bfdy_buy_qty", text(h.boughtBefore)},               // 전일매수수량
		{"bfdy_sll_qty", text(h.soldBefore)},                 // 전일매도수량
		{"thdt_buyqty", text(h.bought)},                      // 금일매수수량
		{"thdt_sll_qty", text(h.sold)},                       // 금일매도수량
		{"hldg_qty", text(h.shares)},                         // 보유수량
		{"ord_psbl_qty", text(h.sellable)},                   // 주문가능수량
		{"pchs_avg_pric", h.average.StringFixed(4)},          // 매입평균가격
		{"pchs_amt", text(h.cost)},                           // 매입금액
		{"prpr", text(h.price)},                              // 현재가
		{"evlu_amt", text(h.value)},                          // 평가금액
		{"evlu_pfls_amt", text(h.value - h.cost)},            // 평가손익금액
		{"evlu_pfls_rt", percent(h.value-h.cost, h.cost, 2)}, // 평가손익율
		{"evlu_erng_rt", "0.00000000"},                       // 평가수익율
		{"loan_dt", ""},                                      // 대출일자
		{"loan_amt", "0"},                                    // 대출금액
		{"stln_slng_chgs", "0"},                              // 대주매각대금
		{"expd_dt", ""},                                      // 만기일자
		{"fltt_rt", percent(h.price-h.base, h.base, 8)},      // 등락율
		{"bfdy_cprs_icdc", text(h.price - h.base)},           // 전일대비증감
		{"item_mgna_rt_name", ""},                            // 종목증거금율명
		{"grta_rt_name", ""},                                 // 보증금율명
		{"sbst_pric", "0"},                                   // 대용가격
		{"stck_loan_unpr", "0.0000"},                         // 주식대출단가
	}
}

// totals is output2: the deposit does not move with today's fills, D+1 and D+2 say what they will leave.
func (a *account) totals(t holding) object {
	today, before, settled := a.book.TradedToday(), a.book.TradedYesterday(), a.book.Cash().IntPart()
	worth := t.value + settled
	return object{
		{"dnca_tot_amt", a.book.Deposit().String()},    // 예수금총금액
		{"nxdy_excc_amt", a.book.DepositD1().String()}, // 익일정산금액 (D+1)
		{"prvs_rcdl_excc_amt", text(settled)},          // 가수도정산금액 (D+2)
		{"cma_evlu_amt", "0"},                          // CMA평가금액
		{"bfdy_buy_amt", before.Bought.String()},       // 전일매수금액
		{"thdt_buy_amt", today.Bought.String()},        // 금일매수금액
		{"nxdy_auto_rdpt_amt", "0"},                    // 익일자동상환금액
		{"bfdy_sll_amt", before.Sold.String()},         // 전일매도금액
		{"thdt_sll_amt", today.Sold.String()},          // 금일매도금액
		{"d2_auto_rdpt_amt", "0"},                      // D+2자동상환금액
		{"bfdy_tlex_amt", before.Costs.String()},       // 전일제비용금액
		{"thdt_tlex_amt", today.Costs.String()},        // 금일제비용금액
		{"tot_loan_amt", "0"},                          // 총대출금액
		{"scts_evlu_amt", text(t.value)},               // 유가평가금액
		{"tot_evlu_amt", text(worth)},                  // 총평가금액
		{"nass_amt", text(worth)},                      // 순자산금액
		{"fncg_gld_auto_rdpt_yn", ""},                  // 융자금자동상환여부
		{"pchs_amt_smtl_amt", text(t.cost)},            // 매입금액합계금액
		{"evlu_amt_smtl_amt", text(t.value)},           // 평가금액합계금액
		{"evlu_pfls_smtl_amt", text(t.value - t.cost)}, // 평가손익합계금액
		{"tot_stln_slng_chgs", "0"},                    // 총대주매각대금
		{"bfdy_tot_asst_evlu_amt", text(a.before)},     // 전일총자산평가금액
		{"asst_icdc_amt", text(worth - a.before)},      // 자산증감액
		{"asst_icdc_erng_rt", "0.00000000"},            // 자산증감수익율
	}
}

// leverage is how much of an account's cash the virtual environment lets unpaid margin (미수) buy.
const leverage = 5

// inquirePsblOrder is TTTC8908R (매수가능조회). With ORD_DVSN 01 it counts with the upper limit, else with ORD_UNPR.
func (s *Server) inquirePsblOrder(c *call) *reply {
	a, refusal := s.account(c.query)
	if refusal != nil {
		return refusal
	}
	kind, symbol := c.query["ORD_DVSN"], c.query["PDNO"]
	unit, ok := whole(cmp.Or(c.query["ORD_UNPR"], "0"))
	_, known := kinds[kind]
	switch {
	case !ok:
		return invalid("ORD_UNPR")
	case !known:
		return invalid("ORD_DVSN")
	}
	if symbol != "" {
		i := s.exchange.find(market.Symbol(symbol))
		if i == nil {
			return s.say(unknownIssue)
		}
		if kind == kindMarket || unit == 0 {
			unit = s.exchange.quote(i).upper
		}
	}
	cash, shares := a.book.Power(won(unit))
	most, mostShares := cash, shares
	if s.options.Env == envVirtual {
		most = a.book.Available().Mul(won(leverage))
		mostShares = perUnit(most, unit)
	}
	reuse := decimal.Max(decimal.Zero, a.book.Cash().Sub(a.book.Deposit()))
	return s.say(listed, field{"output", object{
		{"ord_psbl_cash", a.book.Available().String()}, // 주문가능현금
		{"ord_psbl_sbst", "0"},                         // 주문가능대용
		{"ruse_psbl_amt", reuse.String()},              // 재사용가능금액
		{"fund_rpch_chgs", "0"},                        // 펀드환매대금
		{"psbl_qty_calc_unpr", text(unit)},             // 가능수량계산단가
		{"nrcvb_buy_amt", cash.String()},               // 미수없는매수금액
		{"nrcvb_buy_qty", text(shares)},                // 미수없는매수수량
		{"max_buy_amt", most.String()},                 // 최대매수금액
		{"max_buy_qty", text(mostShares)},              // 최대매수수량
		{"cma_evlu_amt", "0"},                          // CMA평가금액
		{"ovrs_re_use_amt_wcrc", "0"},                  // 해외재사용금액원화
		{"ord_psbl_frcr_amt_wcrc", "0"},                // 주문가능외화금액원화
	}})
}

func perUnit(cash decimal.Decimal, unit int64) int64 {
	if unit == 0 {
		return 0
	}
	return cash.IntPart() / unit
}
