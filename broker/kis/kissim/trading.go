package kissim

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"maemae/broker"
	"maemae/broker/paper"
	"maemae/market"
)

// kinds is the matrix of order types (ORD_DVSN) and the venues that know them. The simulator executes three; one it
// does not execute is refused like one that the venue does not know.
var kinds = map[string]struct {
	name     string
	venues   []string
	executed bool
}{
	"00": {"지정가", []string{"KRX", "NXT", "SOR"}, true},
	"01": {"시장가", []string{"KRX", "SOR"}, true},
	"02": {"조건부지정가", []string{"KRX"}, false},
	"03": {"최유리지정가", []string{"KRX", "NXT", "SOR"}, false},
	"04": {"최우선지정가", []string{"KRX", "NXT", "SOR"}, false},
	"05": {"장전 시간외", []string{"KRX"}, false},
	"06": {"장후 시간외", []string{"KRX"}, false},
	"11": {"IOC지정가", []string{"KRX", "NXT", "SOR"}, true},
	"12": {"FOK지정가", []string{"KRX", "NXT", "SOR"}, false},
	"13": {"IOC시장가", []string{"KRX", "SOR"}, false},
	"14": {"FOK시장가", []string{"KRX", "SOR"}, false},
	"15": {"IOC최유리", []string{"KRX", "NXT", "SOR"}, false},
	"16": {"FOK최유리", []string{"KRX", "NXT", "SOR"}, false},
	"21": {"중간가", []string{"KRX", "NXT"}, false},
	"22": {"스톱지정가", []string{"KRX", "NXT"}, false},
	"23": {"중간가IOC", []string{"KRX", "NXT"}, false},
	"24": {"중간가FOK", []string{"KRX", "NXT"}, false},
}

// account finds the account that a call names.
func (s *Server) account(values map[string]string) (*account, *reply) {
	number := values["CANO"] + "-" + values["ACNT_PRDT_CD"]
	if _, _, ok := splitAccount(number); !ok {
		return nil, envelope("2", "OPSQ2000", "ERROR : INPUT INVALID_CHECK_ACNO")
	}
	if a := s.exchange.accounts[number]; a != nil {
		return a, nil
	}
	return nil, s.say(otherAccount)
}

// trader is the account of an order, if it may order at all; and the order has all its keys.
func (s *Server) trader(c *call) (*account, *reply) {
	for _, key := range []string{"CANO", "ACNT_PRDT_CD"} {
		if _, ok := c.posted[key]; !ok {
			return nil, missing(key, false)
		}
	}
	a, refusal := s.account(c.posted)
	switch {
	case refusal != nil:
		return nil, refusal
	case a.noOrders:
		return nil, s.say(noOrderRight)
	}
	return a, s.lacks(c)
}

// orderCash is TTTC0012U and 0011U (주식주문(현금)), and the older 0802U and 0801U.
func (s *Server) orderCash(c *call) *reply {
	a, refusal := s.trader(c)
	if refusal != nil {
		return refusal
	}
	o := &order{account: a, side: broker.Buy, channel: api}
	if slices.Contains(sellTRs, c.header.Get("tr_id")) {
		o.side = broker.Sell
	}
	if refusal := s.read(o, c.posted); refusal != nil {
		return refusal
	}
	if o.issue = s.exchange.find(market.Symbol(c.posted["PDNO"])); o.issue == nil {
		return s.say(unknownIssue)
	}
	if refusal := s.check(o); refusal != nil {
		return refusal
	}
	switch {
	case c.suffers("partial"):
		o.piece, o.gap = c.fault.Shares, time.Duration(c.fault.For)
	case c.suffers("reject"):
		o.refusal = s.exchange.at.Add(time.Duration(c.fault.For))
	}
	done := bought
	if o.side == broker.Sell {
		done = sold
	}
	return s.accept(o, done)
}

// read takes type, venue, shares and price from the body of an order.
func (s *Server) read(o *order, in map[string]string) *reply {
	var ok bool
	if o.shares, ok = whole(in["ORD_QTY"]); !ok || o.shares == 0 {
		return invalid("ORD_QTY")
	}
	if o.price, ok = whole(in["ORD_UNPR"]); !ok {
		return invalid("ORD_UNPR")
	}
	o.kind = in["ORD_DVSN"]
	if o.kind == kindMarket {
		o.price = 0
	}
	if o.venue = in["EXCG_ID_DVSN_CD"]; o.venue == "" {
		o.venue = "KRX"
	}
	return nil
}

// whole reads a number of shares or won: digits only.
func whole(s string) (int64, bool) {
	if s == "" || len(s) > 10 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// check holds an order to the rules of the market; nil when it may be entered. It sets what a buy holds back.
func (s *Server) check(o *order) *reply {
	if refusal := s.checkKind(o); refusal != nil {
		return refusal
	}
	q := s.exchange.quote(o.issue)
	o.unit = o.price
	if o.kind == kindMarket {
		o.unit = q.upper
	}
	switch {
	case q.suspended:
		return s.say(halted)
	case o.kind == kindMarket:
		return nil
	case o.price > q.upper:
		return s.say(aboveLimit)
	case o.price < q.lower:
		return s.say(belowLimit)
	case o.issue.grid(q.date).down(o.price) != o.price:
		return s.say(offTick)
	}
	return nil
}

// checkKind asks whether venue and market take this type now.
func (s *Server) checkKind(o *order) *reply {
	if !slices.Contains([]string{"KRX", "NXT", "SOR"}, o.venue) || s.options.Env == envVirtual && o.venue != "KRX" {
		return s.say(badVenue)
	}
	phase := s.exchange.phase()
	switch kind := kinds[o.kind]; {
	case phase == holiday:
		return s.say(closedDay)
	case phase == early:
		return s.say(tooEarly)
	case phase == late:
		return s.say(tooLate)
	case o.kind == kindMarket && o.venue == "NXT":
		return s.say(noMarket)
	case !kind.executed || !slices.Contains(kind.venues, o.venue):
		return s.say(badType)
	case o.kind == kindIOC && phase != continuous:
		return s.say(auctionType)
	}
	return nil
}

// accept enters a checked order and words the answer.
func (s *Server) accept(o *order, done outcome) *reply {
	held := o.account.book.Holding(o.issue.Symbol).Shares
	err := s.exchange.accept(o)
	switch {
	case errors.Is(err, paper.ErrCash):
		return s.say(shortOfCash)
	case errors.Is(err, paper.ErrShares) && held == 0:
		return s.say(notHeld)
	case errors.Is(err, paper.ErrShares):
		return s.say(tooMany)
	case err != nil:
		return failure(err)
	}
	output := object{
		{"KRX_FWDG_ORD_ORGNO", s.branch()},                // 한국거래소전송주문조직번호
		{"ODNO", number(o.number)},                        // 주문번호
		{"ORD_TMD", o.at.In(market.KST).Format("150405")}, // 주문시각
	}
	if s.options.Env == envReal {
		output = append(output, field{"SOR_ODNO", ""})
	}
	a := s.say(done, field{"output", output})
	a.number = number(o.number)
	return a
}

// branch is the office that numbers the orders (주문채번지점번호).
func (s *Server) branch() string {
	if s.options.Env == envReal {
		return "03930"
	}
	return "00950"
}

// orderRvsecncl is TTTC0013U (주식주문(정정취소)): cancels or replaces what is left of an order, under a new number.
func (s *Server) orderRvsecncl(c *call) *reply {
	a, refusal := s.trader(c)
	if refusal != nil {
		return refusal
	}
	in := c.posted
	all := in["QTY_ALL_ORD_YN"] == "Y"
	shares, ok := whole(in["ORD_QTY"])
	switch {
	case !all && in["QTY_ALL_ORD_YN"] != "N":
		return invalid("QTY_ALL_ORD_YN")
	case in["RVSE_CNCL_DVSN_CD"] != "01" && in["RVSE_CNCL_DVSN_CD"] != "02":
		return invalid("RVSE_CNCL_DVSN_CD")
	case !all && (!ok || shares == 0):
		return invalid("ORD_QTY")
	}
	original := s.original(a, in)
	if original == nil {
		return s.say(noOriginal)
	}
	if all {
		shares = original.rest()
	}
	if shares == 0 || shares > original.rest() {
		return s.say(nothingLeft)
	}
	o := &order{account: a, channel: api, original: original.number, issue: original.issue, side: original.side, kind: original.kind,
		venue: original.venue, shares: shares, price: original.price}
	if in["RVSE_CNCL_DVSN_CD"] == "02" {
		return s.cancel(original, o)
	}
	return s.replace(original, o, in)
}

// original is the order of today that a cancellation or replacement names. The branch may be left blank.
func (s *Server) original(a *account, in map[string]string) *order {
	n, ok := whole(strings.TrimSpace(in["ORGN_ODNO"]))
	branch := strings.TrimSpace(in["KRX_FWDG_ORD_ORGNO"])
	if !ok || branch != "" && branch != s.branch() {
		return nil
	}
	for _, o := range s.exchange.orders[s.exchange.today():] {
		if int64(o.number) == n && o.account == a {
			return o
		}
	}
	return nil
}

func (s *Server) cancel(original, o *order) *reply {
	o.verb = verbCancel
	if err := s.exchange.reduce(original, o.shares); err != nil {
		return failure(err)
	}
	return s.accept(o, cancelled)
}

// replace gives the shares of the original to a new order; where that is refused, the original stays as it was.
func (s *Server) replace(original, o *order, in map[string]string) *reply {
	o.verb = verbReplace
	shares := o.shares
	in["ORD_QTY"] = strconv.FormatInt(shares, 10)
	if refusal := s.read(o, in); refusal != nil {
		return refusal
	}
	o.venue = original.venue
	if refusal := s.check(o); refusal != nil {
		return refusal
	}
	if err := s.exchange.reduce(original, shares); err != nil {
		return failure(err)
	}
	a := s.accept(o, replaced)
	if a.number == "" {
		if err := s.exchange.reduce(original, -shares); err != nil {
			return failure(err)
		}
	}
	return a
}
