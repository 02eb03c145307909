package kissim

import (
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/market"
)

// At 10:00 005930 trades at 50,000 − 1,000 × 3,600/7,800 = 49,539, on ticks 49,500; the offer is 49,550. Fee 0.0140527 %,
// tax 0.18 %, both cut to the won.
func TestABalanceIsWhatAPersonWouldReckon(t *testing.T) {
	for _, env := range []string{envVirtual, envReal} {
		c := byHand(t, env, 10, 0)
		c.accepted(c.order(buyTR, "005930", "01", "10", "0"))
		rows, totals := c.balance()
		c.wants(rows[0].(map[string]any), "pdno", "005930", "prdt_name", "삼성전자", "hldg_qty", "10", "ord_psbl_qty", "10", "thdt_buyqty", "10",
			"pchs_avg_pric", "49550.0000", "pchs_amt", "495500", "prpr", "49500", "evlu_amt", "495000", "evlu_pfls_amt", "-500", "evlu_pfls_rt", "-0.10",
			"fltt_rt", "-1.00000000", "bfdy_cprs_icdc", "-500")
		c.wants(totals, "dnca_tot_amt", "100000000", "nxdy_excc_amt", "100000000", "prvs_rcdl_excc_amt", "99504431", "thdt_buy_amt", "495500",
			"thdt_sll_amt", "0", "thdt_tlex_amt", "69", "scts_evlu_amt", "495000", "tot_evlu_amt", "99999431", "nass_amt", "99999431",
			"bfdy_tot_asst_evlu_amt", "100000000", "asst_icdc_amt", "-569", "evlu_pfls_smtl_amt", "-500")

		c.accepted(c.order(sellTR, "005930", "01", "4", "0"))
		rows, totals = c.balance()
		c.wants(rows[0].(map[string]any), "hldg_qty", "6", "thdt_sll_qty", "4", "pchs_avg_pric", "49550.0000", "pchs_amt", "297300")
		c.wants(totals, "dnca_tot_amt", "100000000", "prvs_rcdl_excc_amt", "99702048", "thdt_sll_amt", "198000", "thdt_tlex_amt", "452", "tot_evlu_amt", "99999048")

		c.accepted(c.order(sellTR, "005930", "01", "6", "0"))
		c.at(market.Date(20241203).At(10, 0)) // D+1: the deposit has not moved, the row is still there
		rows, totals = c.balance()
		c.wants(rows[0].(map[string]any), "hldg_qty", "0", "bfdy_buy_qty", "10", "bfdy_sll_qty", "10", "thdt_buyqty", "0", "pchs_avg_pric", "0.0000")
		c.wants(totals, "dnca_tot_amt", "100000000", "nxdy_excc_amt", "99998473", "prvs_rcdl_excc_amt", "99998473", "bfdy_tlex_amt", "1027",
			"bfdy_buy_amt", "495500", "bfdy_sll_amt", "495000", "thdt_tlex_amt", "0")
		c.at(market.Date(20241204).At(10, 0)) // D+2: settled, the row is gone
		rows, totals = c.balance()
		c.wants(totals, "dnca_tot_amt", "99998473", "nxdy_excc_amt", "99998473", "prvs_rcdl_excc_amt", "99998473", "bfdy_tlex_amt", "0")
		if len(rows) != 0 {
			t.Errorf("%s: rows after settlement: %v", env, rows)
		}
	}
}

func TestAFundPaysNoTax(t *testing.T) {
	c := byHand(t, envVirtual, 10, 0)
	c.accepted(c.order(buyTR, "069500", "01", "10", "0"))
	c.accepted(c.order(sellTR, "069500", "01", "10", "0"))
	bid, _ := decimal.NewFromString(c.price("069500")["stck_prpr"].(string))
	ask := bid.Add(won(5)) // a fund's tick
	fee := func(price decimal.Decimal) decimal.Decimal { return market.DefaultCosts().Fee(price.Mul(won(10))) }
	_, totals := c.balance()
	c.wants(totals, "thdt_tlex_amt", fee(bid).Add(fee(ask)).String(), "thdt_buy_amt", ask.Mul(won(10)).String(), "thdt_sll_amt", bid.Mul(won(10)).String())
}

func TestBuyingPowerCountsAMarketOrderAtTheUpperLimit(t *testing.T) {
	ask := func(c *client, symbol, kind, price string) map[string]any {
		c.Helper()
		a := c.get(tradingPath+"inquire-psbl-order", c.env("TTTC8908R"), append(c.own(), "PDNO", symbol, "ORD_UNPR", price, "ORD_DVSN", kind,
			"CMA_EVLU_AMT_ICLD_YN", "N", "OVRS_ICLD_YN", "N")...)
		if a["rt_cd"] != "0" {
			c.Fatal(a)
		}
		return a["output"].(map[string]any)
	}
	c := byHand(t, envVirtual, 10, 0)
	// 100,000,000 / 1.000140527 = 99,985,949; / 65,000 = 1,538; five times the cash by 65,000 is 7,692.
	c.wants(ask(c, "005930", "01", ""), "ord_psbl_cash", "100000000", "nrcvb_buy_amt", "99985949", "psbl_qty_calc_unpr", "65000", "nrcvb_buy_qty", "1538",
		"max_buy_amt", "500000000", "max_buy_qty", "7692", "ruse_psbl_amt", "0")
	c.wants(ask(c, "005930", "00", "50000"), "psbl_qty_calc_unpr", "50000", "nrcvb_buy_qty", "1999")
	c.wants(ask(c, "", "01", ""), "nrcvb_buy_amt", "99985949", "nrcvb_buy_qty", "0")
	c.wants(c.order(buyTR, "005930", "01", "1539", "0"), "rt_cd", "1", "msg_cd", "40250000")
	c.accepted(c.order(buyTR, "005930", "00", "1000", "40000")) // rests, holds back 40,000,000 and the fee of 5,621
	c.wants(ask(c, "005930", "01", ""), "ord_psbl_cash", "59994379")

	c = byHand(t, envReal, 10, 0)
	c.wants(ask(c, "005930", "01", ""), "nrcvb_buy_amt", "99985949", "nrcvb_buy_qty", "1538", "max_buy_amt", "99985949", "max_buy_qty", "1538")
	c.accepted(c.order(buyTR, "005930", "01", "1538", "0"))
}

// Whatever is traded, the answers agree with each other and with the simulator's own account.
func TestAnswersAgreeWhateverIsTraded(t *testing.T) {
	dir := folder(t, handMade)
	rapid.Check(t, func(r *rapid.T) {
		c := start(t, Options{Data: dir, Start: today.At(8, 40), Cash: won(3_000_000)})
		defer http.DefaultClient.CloseIdleConnections()
		number := func(label string, from, to, unit int64) string {
			return text(rapid.Int64Range(from, to).Draw(r, label) * unit)
		}
		for range rapid.IntRange(1, 10).Draw(r, "steps") {
			price := number("price", 970, 1050, 50)
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0:
				c.at(c.sim.Now().Add(time.Duration(rapid.SampledFrom([]int{1, 20, 90, 600}).Draw(r, "minutes")) * time.Minute))
			case 1:
				c.change(rapid.SampledFrom([]string{"01", "02"}).Draw(r, "change"), number("original", 1, 8, 1), "00", price)
			default:
				c.order(rapid.SampledFrom([]string{buyTR, sellTR}).Draw(r, "side"), "005930",
					rapid.SampledFrom([]string{"00", "01", "11"}).Draw(r, "kind"), number("shares", 1, 40, 1), price)
			}
			agree(r, c)
		}
	})
}

// agree compares balance, order list and the simulator's account.
func agree(r *rapid.T, c *client) {
	n := func(m map[string]any, key string) int64 {
		d, err := decimal.NewFromString(m[key].(string))
		if err != nil || !d.IsInteger() {
			r.Fatalf("%s is %v", key, m[key])
		}
		return d.IntPart()
	}
	rows, totals := c.balance()
	truth, err := c.sim.Account()
	if err != nil {
		r.Fatal(err)
	}
	if n(totals, "prvs_rcdl_excc_amt") != truth.Cash.IntPart() || n(totals, "tot_evlu_amt") != truth.Equity.IntPart() || truth.Cash.Sign() < 0 {
		r.Fatalf("totals %v, account %+v", totals, truth)
	}
	held := map[string]int64{}
	for _, row := range rows {
		row := row.(map[string]any)
		held[row["pdno"].(string)] = n(row, "thdt_buyqty") - n(row, "thdt_sll_qty")
	}
	var value int64
	for _, o := range c.orders() {
		filled := n(o, "tot_ccld_qty")
		if filled+n(o, "rmn_qty")+n(o, "cncl_cfrm_qty")+n(o, "rjct_qty") != n(o, "ord_qty") || n(o, "rmn_qty") < 0 {
			r.Fatalf("order %v does not add up", o)
		}
		if o["sll_buy_dvsn_cd"] == "01" {
			filled = -filled
		}
		value += n(o, "tot_ccld_amt")
		held[o["pdno"].(string)] -= filled
	}
	for symbol, left := range held {
		if left != 0 && market.DateOf(c.sim.Now()) == today {
			r.Fatalf("%s: %d shares neither in orders nor in holdings", symbol, left)
		}
	}
	if market.DateOf(c.sim.Now()) == today && value != n(totals, "thdt_buy_amt")+n(totals, "thdt_sll_amt") {
		r.Fatalf("fills of %d won, totals %v", value, totals)
	}
}
