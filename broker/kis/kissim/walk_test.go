package kissim

import (
	"testing"
)

// The first things that any KIS client does, with today's order ids and the older ones.
func TestAPlainClientTradesThroughItsFirstDay(t *testing.T) {
	for _, ids := range [][2]string{{"VTTC0802U", "VTTC0801U"}, {"VTTC0012U", "VTTC0011U"}} {
		c := start(t, Options{Seed: 7, Symbols: 20})
		if p := c.price("005930")["stck_prpr"].(string); !digits(p, len(p)) {
			t.Errorf("price %q", p)
		}
		rows := c.get(quotationPath+"inquire-daily-price", "FHKST01010400", "FID_COND_MRKT_DIV_CODE", "J", "FID_INPUT_ISCD", "005930",
			"FID_PERIOD_DIV_CODE", "D", "FID_ORG_ADJ_PRC", "1")["output"].([]any)
		if len(rows) != 30 {
			t.Errorf("%d daily rows", len(rows))
		}
		for _, key := range []string{"stck_bsop_date", "stck_oprc", "stck_hgpr", "stck_lwpr", "stck_clpr", "acml_vol", "prdy_vrss", "prdy_vrss_sign",
			"prdy_ctrt", "hts_frgn_ehrt", "frgn_ntby_qty", "flng_cls_code", "acml_prtt_rate", "prdy_vrss_vol_rate"} {
			if v, ok := rows[0].(map[string]any)[key].(string); !ok || v == "" {
				t.Errorf("daily row without %s", key)
			}
		}
		body := bodyOf(append(c.own(), "PDNO", "005930", "ORD_DVSN", "01", "ORD_QTY", "10", "ORD_UNPR", "0"))
		h := c.headers("")
		delete(h, "authorization")
		hash := c.do("POST", "/uapi/hashkey", h, body)["HASH"].(string)
		for _, tr := range ids {
			h := c.headers(tr)
			h["hashkey"] = hash
			answer := c.do("POST", tradingPath+"order-cash", h, body)
			c.wants(answer, "rt_cd", "0")
			c.wants(answer["output"].(map[string]any), "KRX_FWDG_ORD_ORGNO", "00950")
			c.accepted(answer)
		}
		c.wants(c.post(tradingPath+"order-cash", ids[0], "CANO", "50099999", "ACNT_PRDT_CD", "01"), "rt_cd", "1", "msg_cd", "40910000")
	}
}
