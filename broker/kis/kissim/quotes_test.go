package kissim

import (
	"testing"

	"maemae/market"
)

func TestAQuoteFollowsItsSession(t *testing.T) {
	c := byHand(t, envVirtual, 8, 0)
	before := c.price("005930") // Friday's last state until orders are taken
	c.wants(before, "stck_prpr", "50000", "stck_oprc", "50000", "acml_vol", "1000000")
	c.to(8, 45)
	c.wants(c.price("005930"), "stck_prpr", "50000", "prdy_vrss", "0", "prdy_vrss_sign", "3", "stck_oprc", "0", "stck_hgpr", "0", "stck_lwpr", "0", "acml_vol", "0")
	c.to(10, 0)
	c.wants(c.price("005930"), "stck_prpr", "49500", "prdy_vrss", "-500", "prdy_vrss_sign", "5", "prdy_ctrt", "-1.00", "stck_sdpr", "50000",
		"stck_mxpr", "65000", "stck_llam", "35000", "rstc_wdth_prc", "15000", "stck_oprc", "50000", "stck_hgpr", "50000", "stck_lwpr", "49500", "aspr_unit", "50")
	c.to(15, 30)
	c.wants(c.price("005930"), "stck_prpr", "51000", "prdy_vrss", "1000", "prdy_vrss_sign", "2", "prdy_ctrt", "2.00", "acml_vol", "2000000",
		"prdy_vrss_vol_rate", "200.00", "d250_hgpr", "52000", "d250_hgpr_date", "20241202", "d250_lwpr", "49000", "w52_hgpr", "52000", "stck_dryy_lwpr", "49000")
	c.wants(c.price("111110"), "prdy_vrss_sign", "1")
	c.wants(c.price("222220"), "prdy_vrss_sign", "4")
	c.wants(c.price("333330"), "iscd_stat_cls_code", "58", "stck_prpr", "10000", "prdy_vrss_sign", "3")
	c.at(today.Add(1).At(3, 0)) // the night still shows the day before
	c.wants(c.price("005930"), "stck_prpr", "51000", "prdy_vrss", "1000")
}

// bars asks for daily bars and returns date → close, and the dates in order.
func (c *client) bars(period, from, to string) (dates []string, rows []map[string]any) {
	c.Helper()
	a := c.get(quotationPath+"inquire-daily-itemchartprice", "FHKST03010100", "FID_COND_MRKT_DIV_CODE", "J", "FID_INPUT_ISCD", "005930",
		"FID_INPUT_DATE_1", from, "FID_INPUT_DATE_2", to, "FID_PERIOD_DIV_CODE", period, "FID_ORG_ADJ_PRC", "0")
	if a["rt_cd"] != "0" {
		c.Fatal(a)
	}
	for _, r := range a["output2"].([]any) {
		rows = append(rows, r.(map[string]any))
		dates = append(dates, r.(map[string]any)["stck_bsop_date"].(string))
	}
	return dates, rows
}

func TestTodaysBarFormsWithTheSession(t *testing.T) {
	c := byHand(t, envVirtual, 8, 59)
	if dates, _ := c.bars("D", "20241101", "20241231"); dates[0] != "20241129" {
		t.Errorf("before the open: %v", dates)
	}
	c.to(10, 0)
	dates, rows := c.bars("D", "20241101", "20241231")
	if len(dates) != 3 || dates[0] != "20241202" {
		t.Errorf("dates %v", dates)
	}
	c.wants(rows[0], "stck_oprc", "50000", "stck_hgpr", "50000", "stck_lwpr", "49500", "stck_clpr", "49500", "prdy_vrss", "-500", "prdy_vrss_sign", "5")
	c.to(15, 30)
	_, rows = c.bars("D", "20241202", "20241202")
	c.wants(rows[0], "stck_oprc", "50000", "stck_hgpr", "52000", "stck_lwpr", "49000", "stck_clpr", "51000", "acml_vol", "2000000")
	if dates, _ := c.bars("D", "20241201", "20241201"); len(dates) != 0 {
		t.Errorf("a Sunday has bars: %v", dates)
	}
}

func TestTheChartGivesTheNewestHundredBars(t *testing.T) {
	c := start(t, Options{Seed: 1})
	dates, _ := c.bars("D", "20220101", "20241202")
	if len(dates) != 100 || dates[0] != "20241202" {
		t.Fatalf("%d bars from %s", len(dates), dates[0])
	}
	older, _ := c.bars("D", "20220101", market.Date(20241202).Compact()[:6]+"01")
	if len(older) != 100 || older[0] != "20241129" {
		t.Errorf("%d older bars from %s", len(older), older[0])
	}
}

func TestLongerBarsAreMadeOfDays(t *testing.T) {
	c := byHand(t, envVirtual, 15, 30)
	c.at(market.Date(20241205).At(15, 30))
	dates, rows := c.bars("W", "20241101", "20241231")
	if len(dates) != 2 || dates[0] != "20241205" || dates[1] != "20241129" {
		t.Fatalf("weeks %v", dates)
	}
	c.wants(rows[0], "stck_oprc", "50000", "stck_hgpr", "52000", "stck_lwpr", "49000", "stck_clpr", "51000", "acml_vol", "5000000", "prdy_vrss", "1000")
	if dates, _ := c.bars("M", "20241101", "20241231"); len(dates) != 2 {
		t.Errorf("months %v", dates)
	}
	if dates, _ := c.bars("Y", "20241101", "20241231"); len(dates) != 1 {
		t.Errorf("years %v", dates)
	}
}

func TestHolidaysComeInPages(t *testing.T) {
	c := byHand(t, envReal, 10, 0)
	ask := func(from, more string) map[string]any {
		h := c.headers("CTCA0903R")
		if more != "" {
			h["tr_cont"] = "N"
		}
		a := c.do("GET", quotationPath+"chk-holiday?"+query([]string{"BASS_DT", from, "CTX_AREA_NK", more, "CTX_AREA_FK", ""}), h, "")
		c.wants(a, "rt_cd", "0")
		return a
	}
	a := ask("20241223", "")
	rows := a["output"].([]any)
	if len(rows) != 24 || c.header.Get("tr_cont") != "M" {
		t.Fatalf("%d rows, tr_cont %s", len(rows), c.header.Get("tr_cont"))
	}
	c.wants(rows[0].(map[string]any), "bass_dt", "20241223", "wday_dvsn_cd", "02", "opnd_yn", "Y", "bzdy_yn", "Y", "sttl_day_yn", "Y")
	c.wants(rows[2].(map[string]any), "bass_dt", "20241225", "opnd_yn", "N")
	c.wants(rows[5].(map[string]any), "bass_dt", "20241228", "wday_dvsn_cd", "07", "opnd_yn", "N", "tr_day_yn", "Y") // a Saturday
	c.wants(rows[8].(map[string]any), "bass_dt", "20241231", "opnd_yn", "N")
	next := ask("20241223", a["ctx_area_nk"].(string))["output"].([]any)
	c.wants(next[0].(map[string]any), "bass_dt", "20250116")
	if last := ask("20351230", "")["output"].([]any); len(last) != 2 || c.header.Get("tr_cont") != "D" {
		t.Errorf("at the end of the calendar: %d rows, tr_cont %s", len(last), c.header.Get("tr_cont"))
	}
	c.wants(c.get(quotationPath+"chk-holiday", "CTCA0903R", "BASS_DT", "2024", "CTX_AREA_NK", "", "CTX_AREA_FK", ""), "rt_cd", "2")
}
