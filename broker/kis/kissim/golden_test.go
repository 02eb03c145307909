package kissim

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"maemae/market"
)

var update = flag.Bool("update", false, "write the golden bodies anew")

// walk makes every call once, and hands each answer to the visitor.
func walk(c *client, visit func(name string, body []byte)) {
	c.Helper()
	get := func(name, path, tr string, pairs ...string) {
		visit(name, c.raw("GET", path+"?"+query(pairs), c.headers(tr), ""))
	}
	post := func(name, path, tr string, pairs ...string) {
		visit(name, c.raw("POST", path, c.headers(c.env(tr)), bodyOf(pairs)))
	}
	quote := []string{"FID_COND_MRKT_DIV_CODE", "J", "FID_INPUT_ISCD", "005930"}
	order := append(c.own(), "PDNO", "005930", "ORD_DVSN", "01", "ORD_QTY", "10", "ORD_UNPR", "0", "EXCG_ID_DVSN_CD", "KRX")
	change := append(c.own(), "KRX_FWDG_ORD_ORGNO", "", "ORGN_ODNO", "0000000003", "ORD_DVSN", "00", "ORD_QTY", "0", "ORD_UNPR", "51500", "QTY_ALL_ORD_YN", "Y")
	visit("hashkey", c.raw("POST", "/uapi/hashkey", c.headers(""), bodyOf(order)))
	get("inquire-price", quotationPath+"inquire-price", "FHKST01010100", quote...)
	get("inquire-price-halted", quotationPath+"inquire-price", "FHKST01010100", "FID_COND_MRKT_DIV_CODE", "J", "FID_INPUT_ISCD", "333330")
	get("inquire-daily-price", quotationPath+"inquire-daily-price", "FHKST01010400", append(quote, "FID_PERIOD_DIV_CODE", "D", "FID_ORG_ADJ_PRC", "1")...)
	get("inquire-daily-itemchartprice", quotationPath+"inquire-daily-itemchartprice", "FHKST03010100", append(quote, "FID_INPUT_DATE_1", "20241129",
		"FID_INPUT_DATE_2", "20241202", "FID_PERIOD_DIV_CODE", "D", "FID_ORG_ADJ_PRC", "0")...)
	get("inquire-psbl-order", tradingPath+"inquire-psbl-order", c.env("TTTC8908R"), append(c.own(), "PDNO", "005930", "ORD_UNPR", "", "ORD_DVSN", "01",
		"CMA_EVLU_AMT_ICLD_YN", "N", "OVRS_ICLD_YN", "N")...)
	get("inquire-balance-empty", tradingPath+"inquire-balance", c.env("TTTC8434R"), balanceQuery(c)...)
	get("inquire-daily-ccld-empty", tradingPath+"inquire-daily-ccld", c.env(listTR), listQuery(c, today)...)
	post("order-cash-buy", tradingPath+"order-cash", buyTR, order...)
	post("order-cash-sell", tradingPath+"order-cash", sellTR, append(order, "ORD_QTY", "4")...)
	post("order-cash-limit", tradingPath+"order-cash", sellTR, append(order, "ORD_DVSN", "00", "ORD_QTY", "3", "ORD_UNPR", "52000")...)
	post("order-rvsecncl-replace", tradingPath+"order-rvsecncl", changeTR, append(change, "RVSE_CNCL_DVSN_CD", "01")...)
	post("order-rvsecncl-cancel", tradingPath+"order-rvsecncl", changeTR, append(change, "RVSE_CNCL_DVSN_CD", "02", "ORGN_ODNO", "0000000004")...)
	post("order-cash-refused", tradingPath+"order-cash", buyTR, append(order, "ORD_QTY", "100000")...)
	get("inquire-balance", tradingPath+"inquire-balance", c.env("TTTC8434R"), balanceQuery(c)...)
	get("inquire-daily-ccld", tradingPath+"inquire-daily-ccld", c.env(listTR), listQuery(c, today)...)
	if c.env("T") == "T" {
		get("chk-holiday", quotationPath+"chk-holiday", "CTCA0903R", "BASS_DT", "20241224", "CTX_AREA_NK", "", "CTX_AREA_FK", "")
	}
}

func TestEveryBodyIsAsRecorded(t *testing.T) {
	for _, env := range []string{envVirtual, envReal} {
		c := byHand(t, env, 10, 0)
		walk(c, func(name string, body []byte) {
			file := filepath.Join("testdata", "golden", env, name+".json")
			got := indented(c, body)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s %s:\n%s", env, name, got)
			}
		})
	}
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	record := func(seed uint64) []byte {
		c := start(t, Options{Seed: seed, Symbols: 5, Account: "11112222-01"})
		var all []byte
		walk(c, func(name string, body []byte) { all = append(all, body...) })
		c.at(market.Date(20241209).At(14, 0))
		walk(c, func(name string, body []byte) { all = append(all, body...) })
		return all
	}
	if !bytes.Equal(record(7), record(7)) {
		t.Error("two markets of one seed differ")
	}
	if bytes.Equal(record(7), record(8)) {
		t.Error("two seeds make one market")
	}
}
