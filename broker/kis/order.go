package kis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"maemae/broker"
	"maemae/market"
)

// Place sends the permitted order (주식주문(현금)) at most once, and uses the permit up right before the first byte. An
// IOC order goes as one on real; virtual knows limit and market only, so there it rests as a limit at its price until
// it is cancelled. Unauthorised, like Refused, Busy and Unsent, means that there is no order; a dead token is renewed
// and the order sent once more, because KIS turned the first away unread.
func (c *Client) Place(ctx context.Context, p broker.Permit) (broker.Receipt, error) {
	o := p.Order()
	t := orderSell
	if o.Side == broker.Buy {
		t = orderBuy
	}
	body, err := c.orderBody(o)
	if err != nil {
		return broker.Receipt{}, unsent(t, err)
	}
	hash, err := c.hash(ctx, body)
	if err != nil {
		return broker.Receipt{}, unsent(t, err)
	}
	r, err := c.act(ctx, post{tr: t, hash: hash, body: body, ready: func() error {
		_, err := p.Use(c.opts.Now())
		return err
	}}, func() error { return p.Stands(c.opts.Now()) })
	if err != nil {
		return broker.Receipt{}, err
	}
	f, err := receipt(r)
	if err != nil {
		return broker.Receipt{}, &broker.Error{Op: t.name, Kind: broker.Unclear, Code: r.body.text("msg_cd"), Text: clip(r.body.text("msg1")), Err: err}
	}
	return broker.Receipt{
		ID:   broker.OrderID{Date: market.DateOf(r.sent), Branch: f.text("krx_fwdg_ord_orgno"), Number: f.text("odno")},
		At:   r.received,
		Code: clip(r.body.text("msg_cd")),
		Text: clip(r.body.text("msg1")),
	}, nil
}

// receipt is the part of a yes that names the order.
func receipt(r reply) (fields, error) {
	f, err := r.body.one("output")
	if err != nil {
		return nil, err
	}
	if number := f.text("odno"); !orderNumber(number) {
		return nil, fmt.Errorf("output: odno: %q is no order number", clip(number))
	}
	if branch := f.text("krx_fwdg_ord_orgno"); len(branch) > 10 {
		return nil, fmt.Errorf("output: krx_fwdg_ord_orgno: %q is no branch", clip(branch))
	}
	return f, nil
}

// orderBody is the JSON of order-cash. The side is not in it: the TR id says it.
func (c *Client) orderBody(o broker.Order) ([]byte, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	dvsn, unpr := dvsnLimit, o.Price.String()
	switch {
	case o.Type == broker.Market:
		dvsn, unpr = dvsnMarket, "0"
	case o.Type == broker.IOC && c.opts.Env == Real:
		dvsn = dvsnIOC
	}
	return json.Marshal(struct {
		Number   string `json:"CANO"`            // 종합계좌번호
		Product  string `json:"ACNT_PRDT_CD"`    // 계좌상품코드
		Symbol   string `json:"PDNO"`            // 상품번호
		Type     string `json:"ORD_DVSN"`        // 주문구분
		Shares   string `json:"ORD_QTY"`         // 주문수량
		Price    string `json:"ORD_UNPR"`        // 주문단가
		Exchange string `json:"EXCG_ID_DVSN_CD"` // 거래소ID구분코드
	}{c.opts.Account.Number, c.opts.Account.Product, string(o.Symbol), dvsn, fmt.Sprint(o.Shares), unpr, "KRX"})
}

// Cancel asks for the rest of an order of today to be cancelled (주식주문(정정취소)). An order number of another day is
// Refused here: at KIS the same number may be an order of today. A cancellation only takes away, and is not signed: each
// signature is a call, and after a kill the calls a second are what many cancellations wait for.
func (c *Client) Cancel(ctx context.Context, id broker.OrderID) error {
	t := orderCancel
	if today := market.DateOf(c.opts.Now()); id.Date != today || !orderNumber(id.Number) {
		return &broker.Error{Op: t.name, Kind: broker.Refused, Text: fmt.Sprintf("no order of %s: %s of %s", today, clip(id.Number), id.Date)}
	}
	body, err := json.Marshal(struct {
		Number   string `json:"CANO"`
		Product  string `json:"ACNT_PRDT_CD"`
		Branch   string `json:"KRX_FWDG_ORD_ORGNO"` // 한국거래소전송주문조직번호
		Original string `json:"ORGN_ODNO"`          // 원주문번호
		Type     string `json:"ORD_DVSN"`           // 주문구분
		Action   string `json:"RVSE_CNCL_DVSN_CD"`  // 정정취소구분코드: 02 cancels
		Shares   string `json:"ORD_QTY"`            // 주문수량
		Price    string `json:"ORD_UNPR"`           // 주문단가
		All      string `json:"QTY_ALL_ORD_YN"`     // 잔량전부주문여부
		Exchange string `json:"EXCG_ID_DVSN_CD"`    // 거래소ID구분코드
	}{c.opts.Account.Number, c.opts.Account.Product, id.Branch, id.Number, dvsnLimit, "02", "0", "0", "Y", "KRX"})
	if err != nil {
		return unsent(t, err)
	}
	_, err = c.act(ctx, post{tr: t, body: body}, nil)
	return err
}

// act sends an order or a cancellation once. Only when KIS refuses the token, which it does before it looks at the order,
// there is a second POST, within the time one may take. The post's ready and again are asked right before the one and the
// other; either may be nil.
func (c *Client) act(ctx context.Context, p post, again func() error) (reply, error) {
	token, err := c.tokens.get(ctx, "")
	if err != nil {
		return reply{}, unsent(p.tr, err)
	}
	p.token, p.check = token, func(r reply) error { return r.verdict(p.tr, true) }
	began := time.Now()
	r, err := c.post(ctx, p)
	var e *broker.Error
	if !errors.As(err, &e) || e.Kind != broker.Unauthorised || !deadToken(e.Code) {
		return r, err
	}
	token, renewal := c.tokens.get(ctx, token)
	if renewal != nil || time.Since(began) > postTimeout {
		return r, err
	}
	p.token, p.ready = token, again
	return c.post(ctx, p)
}

// hash has KIS sign the body (hashkey), or is empty where that is switched off.
func (c *Client) hash(ctx context.Context, body []byte) (string, error) {
	if !c.opts.Hashkey {
		return "", nil
	}
	r, err := c.post(ctx, post{tr: hashBody, body: body, check: func(r reply) error {
		if hash := Secret(r.body.text("hash")); r.status == http.StatusOK && hash.header() && len(hash) <= 256 {
			return nil
		}
		return r.refusal(hashBody, false)
	}})
	if err != nil {
		return "", err
	}
	return r.body.text("hash"), nil
}

// unsent is the error of an order that did not leave because of err: Busy if that was the reason, else Unsent.
func unsent(t tr, err error) error {
	e := &broker.Error{Op: t.name, Kind: broker.Unsent, Err: err}
	if broker.KindOf(err) == broker.Busy {
		e.Kind = broker.Busy
	}
	return e
}
