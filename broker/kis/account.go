package kis

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// Account reads the whole balance (주식잔고조회). Rows of one symbol that differ by loan date are added up; a symbol sold
// out stays listed for the day. At is when the first page was asked for.
func (c *Client) Account(ctx context.Context) (broker.Account, error) {
	query := c.query(map[string]string{
		"AFHR_FLPR_YN": "N", "OFL_YN": "", "INQR_DVSN": "01", "UNPR_DVSN": "01",
		"FUND_STTL_ICLD_YN": "N", "FNCG_AMT_AUTO_RDPT_YN": "N", "PRCS_DVSN": "00",
	})
	pages, err := c.pages(ctx, balance, query)
	if err != nil {
		return broker.Account{}, err
	}
	a, err := decodeAccount(pages)
	return a, asError(balance, broker.Unclear, err)
}

func decodeAccount(pages []reply) (broker.Account, error) {
	last := pages[len(pages)-1]
	sums, err := last.body.one("output2")
	if err != nil {
		return broker.Account{}, err
	}
	r := row{fields: sums}
	a := broker.Account{
		At:      pages[0].sent,
		Cash:    r.number(must, "prvs_rcdl_excc_amt"), // 가수도정산금액, D+2
		Deposit: r.number(must, "dnca_tot_amt"),       // 예수금총금액
		Value:   r.amount(must, "scts_evlu_amt"),      // 유가평가금액
		Costs:   r.amount(may, "thdt_tlex_amt"),       // 금일제비용금액
	}
	a.Equity = a.Cash.Add(a.Value)
	if r.err != nil {
		return broker.Account{}, fmt.Errorf("output2: %w", r.err)
	}
	var lots []lot
	for _, page := range pages {
		rows, err := page.body.list("output1")
		if err != nil {
			return broker.Account{}, err
		}
		for _, f := range rows {
			l, err := decodeLot(f)
			if err != nil {
				return broker.Account{}, fmt.Errorf("output1: %w", err)
			}
			lots = append(lots, l)
		}
	}
	a.Holdings = merge(lots)
	return a, nil
}

// lot is a row of the balance: what is held of one symbol and loan date, and what it cost in won.
type lot struct {
	broker.Holding
	cost decimal.Decimal
}

func decodeLot(f fields) (lot, error) {
	r := row{fields: f}
	l := lot{
		Holding: broker.Holding{
			Symbol:       r.symbol("pdno"),               // 상품번호
			Name:         r.word(may, "prdt_name"),       // 상품명
			Shares:       r.count(must, "hldg_qty"),      // 보유수량
			Sellable:     r.count(must, "ord_psbl_qty"),  // 주문가능수량
			AveragePrice: r.amount(may, "pchs_avg_pric"), // 매입평균가격
			Price:        r.amount(may, "prpr"),          // 현재가
			Value:        r.amount(may, "evlu_amt"),      // 평가금액
			BoughtToday:  r.count(may, "thdt_buyqty"),    // 금일매수수량
			SoldToday:    r.count(may, "thdt_sll_qty"),   // 금일매도수량
		},
		cost: r.amount(may, "pchs_amt"), // 매입금액
	}
	return l, r.err
}

// merge adds up the lots of each symbol, in the order of their first rows, and leaves out symbols with nothing held and
// nothing traded today. The average of several lots is their cost by their shares, to 4 decimals as KIS writes it.
func merge(lots []lot) []broker.Holding {
	var sums []lot
	at := map[market.Symbol]int{}
	for _, l := range lots {
		i, ok := at[l.Symbol]
		if !ok {
			at[l.Symbol] = len(sums)
			sums = append(sums, l)
			continue
		}
		s := &sums[i]
		s.Shares += l.Shares
		s.Sellable += l.Sellable
		s.Value = s.Value.Add(l.Value)
		s.BoughtToday += l.BoughtToday
		s.SoldToday += l.SoldToday
		s.cost = s.cost.Add(l.cost)
		if s.Shares > 0 {
			s.AveragePrice = s.cost.DivRound(decimal.NewFromInt(s.Shares), 4)
		}
	}
	var holdings []broker.Holding
	for _, s := range sums {
		if s.Shares != 0 || s.BoughtToday != 0 || s.SoldToday != 0 {
			holdings = append(holdings, s.Holding)
		}
	}
	return holdings
}

// Power reads what a market buy of the symbol may use (매수가능조회), without unpaid margin (미수). At is when the answer
// was received.
func (c *Client) Power(ctx context.Context, s market.Symbol) (broker.Power, error) {
	r, err := c.get(ctx, buyingPower, c.query(map[string]string{
		"PDNO": string(s), "ORD_UNPR": "", "ORD_DVSN": dvsnMarket, "CMA_EVLU_AMT_ICLD_YN": "N", "OVRS_ICLD_YN": "N",
	}), "")
	if err != nil {
		return broker.Power{}, err
	}
	p, err := decodePower(r, s)
	return p, asError(buyingPower, broker.Unclear, err)
}

func decodePower(answer reply, s market.Symbol) (broker.Power, error) {
	f, err := answer.body.one("output")
	if err != nil {
		return broker.Power{}, err
	}
	r := row{fields: f}
	p := broker.Power{
		At:        answer.received,
		Symbol:    s,
		Cash:      r.amount(must, "nrcvb_buy_amt"),     // 미수없는매수금액
		Shares:    r.count(must, "nrcvb_buy_qty"),      // 미수없는매수수량
		UnitPrice: r.amount(may, "psbl_qty_calc_unpr"), // 가능수량계산단가
	}
	return p, r.err
}

// Orders reads all orders of the trade date (주식일별주문체결조회), of every venue. At is when the first page was asked for.
func (c *Client) Orders(ctx context.Context, d market.Date) (broker.Orders, error) {
	t := orderList
	if d < market.DateOf(c.opts.Now()).Add(-orderListDays) {
		t = orderArchive
	}
	pages, err := c.pages(ctx, t, c.query(map[string]string{
		"INQR_STRT_DT": d.Compact(), "INQR_END_DT": d.Compact(),
		"SLL_BUY_DVSN_CD": "00", // all
		"INQR_DVSN":       "01", // oldest first, so that a new order does not move the pages
		"CCLD_DVSN":       "00", // filled or not
		"INQR_DVSN_3":     "00", "INQR_DVSN_1": "", "EXCG_ID_DVSN_CD": "ALL",
		"PDNO": "", "ORD_GNO_BRNO": "", "ODNO": "",
	}))
	if err != nil {
		return broker.Orders{}, err
	}
	o, err := decodeOrders(pages, d)
	return o, asError(t, broker.Unclear, err)
}

func decodeOrders(pages []reply, d market.Date) (broker.Orders, error) {
	orders := broker.Orders{Date: d, At: pages[0].sent}
	seen := map[string]bool{}
	for _, page := range pages {
		rows, err := page.body.list("output1")
		if err != nil {
			return broker.Orders{}, err
		}
		for _, f := range rows {
			o, err := decodeOrder(f)
			switch {
			case err != nil:
				return broker.Orders{}, fmt.Errorf("output1: %w", err)
			case o.ID.Date != d:
				return broker.Orders{}, fmt.Errorf("output1: ord_dt: %s in the list of %s", o.ID.Date, d)
			case seen[o.ID.Branch+o.ID.Key()]:
				return broker.Orders{}, fmt.Errorf("output1: odno: %s comes twice", o.ID.Number)
			}
			seen[o.ID.Branch+o.ID.Key()] = true
			orders.Rows = append(orders.Rows, o)
		}
	}
	return orders, nil
}

func decodeOrder(f fields) (broker.Row, error) {
	r := row{fields: f}
	o := broker.Row{
		ID: broker.OrderID{
			Date:   r.date("ord_dt"),            // 주문일자
			Branch: r.word(may, "ord_gno_brno"), // 주문채번지점번호
			Number: r.word(must, "odno"),        // 주문번호
		},
		Original:  r.word(may, "orgn_odno"),                      // 원주문번호
		Symbol:    r.symbol("pdno"),                              // 상품번호
		TypeCode:  r.word(may, "ord_dvsn_cd"),                    // 주문구분코드
		Shares:    r.count(must, "ord_qty"),                      // 주문수량
		Price:     r.amount(may, "ord_unpr"),                     // 주문단가
		Filled:    r.count(must, "tot_ccld_qty"),                 // 총체결수량
		Value:     r.amount(may, "tot_ccld_amt"),                 // 총체결금액
		Remaining: r.count(must, "rmn_qty"),                      // 잔여수량
		Cancelled: r.count(may, "cncl_cfrm_qty", "cnc_cfrm_qty"), // 취소확인수량: on the wire, in the documents
		Rejected:  r.count(may, "rjct_qty"),                      // 거부수량
		Time:      r.word(may, "ord_tmd"),                        // 주문시각
		Channel:   r.word(may, "ordr_empno"),                     // 주문자사번
	}
	if strings.Trim(o.Original, "0") == "" {
		o.Original = ""
	}
	if !orderNumber(o.ID.Number) {
		r.fail("odno", "%q is no order number", clip(o.ID.Number))
	}
	switch side := r.word(must, "sll_buy_dvsn_cd"); side { // 매도매수구분코드
	case sideBuy:
		o.Side = broker.Buy
	case sideSell:
		o.Side = broker.Sell
	default:
		r.fail("sll_buy_dvsn_cd", "%q is no side", clip(side))
	}
	switch o.TypeCode {
	case dvsnMarket:
		o.Type = broker.Market
	case dvsnLimit:
		o.Type = broker.Limit
	case dvsnIOC:
		o.Type = broker.IOC
	}
	return o, r.err
}

// orderNumber tells whether the text is 1 to 10 digits that are not all zero.
func orderNumber(s string) bool {
	return len(s) <= 10 && digits(s) && strings.Trim(s, "0") != ""
}

// query adds the account to the parameters. Every key has to be sent, empty or not.
func (c *Client) query(keys map[string]string) url.Values {
	q := url.Values{"CANO": {c.opts.Account.Number}, "ACNT_PRDT_CD": {c.opts.Account.Product}}
	for key, value := range keys {
		q.Set(key, value)
	}
	return q
}
