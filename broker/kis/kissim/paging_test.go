package kissim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// pages reads a list to its end as the vendor's sample does, and returns the keys and each page's size and tr_cont.
func (c *client) pages(path, tr, key string, asked []string, between func()) (keys []string, shape string) {
	c.Helper()
	h := c.headers(tr)
	fk, nk := "", ""
	for range 50 {
		q := append(append([]string{}, asked...), "CTX_AREA_FK100", fk, "CTX_AREA_NK100", nk)
		a := c.do("GET", path+"?"+query(q), h, "")
		if a["rt_cd"] != "0" {
			c.Fatal(a)
		}
		rows := a["output1"].([]any)
		for _, r := range rows {
			keys = append(keys, r.(map[string]any)[key].(string))
		}
		more := c.header.Get("tr_cont")
		shape += fmt.Sprintf("%d%s ", len(rows), more)
		fk, nk = a["ctx_area_fk100"].(string), a["ctx_area_nk100"].(string)
		if len(fk) != 100 || len(nk) != 100 {
			c.Fatalf("context of %d and %d characters", len(fk), len(nk))
		}
		if more != "F" && more != "M" {
			return keys, shape
		}
		h["tr_cont"] = "N"
		if between != nil {
			between()
		}
	}
	c.Fatal("a list without an end")
	return nil, ""
}

func TestListsComeInPagesOfKISsSizes(t *testing.T) {
	for env, want := range map[string][3]string{
		envVirtual: {"15F 15M 7D ", "20F 5D ", "0D "},
		envReal:    {"37D ", "25D ", "0D "},
	} {
		c := start(t, Options{Env: env, Seed: 3, Symbols: 40, Cash: won(10_000_000_000)})
		if _, shape := c.pages(tradingPath+"inquire-daily-ccld", c.env(listTR), "odno", listQuery(c, today), nil); shape != want[2] {
			t.Errorf("%s: empty list %s", env, shape)
		}
		held := 0
		for _, s := range slices.Sorted(maps.Keys(c.sim.exchange.feed.issues)) {
			if held < 25 && c.order(buyTR, string(s), "01", "1", "0")["rt_cd"] == "0" {
				held++
			}
		}
		for range 12 {
			c.accepted(c.order(buyTR, "005930", "01", "1", "0"))
		}
		numbers, shape := c.pages(tradingPath+"inquire-daily-ccld", c.env(listTR), "odno", listQuery(c, today), nil)
		if shape != want[0] || len(numbers) != 37 || numbers[0] != "0000000001" || numbers[36] != "0000000037" {
			t.Errorf("%s: orders %s: %v", env, shape, numbers)
		}
		symbols, shape := c.pages(tradingPath+"inquire-balance", c.env("TTTC8434R"), "pdno", balanceQuery(c), nil)
		if shape != want[1] || len(symbols) != 25 {
			t.Errorf("%s: holdings %s: %v", env, shape, symbols)
		}
	}
}

func TestARealOrderListHasAHundredRowsAPage(t *testing.T) {
	c := start(t, Options{Env: envReal, Seed: 3})
	for range 205 {
		c.accepted(c.order(buyTR, "005930", "01", "1", "0"))
	}
	if _, shape := c.pages(tradingPath+"inquire-daily-ccld", listTR, "odno", listQuery(c, today), nil); shape != "100F 100M 5D " {
		t.Error(shape)
	}
}

func TestAListThatGrowsWhileItIsReadLosesAndRepeatsNothing(t *testing.T) {
	for _, newest := range []string{"00", "01"} {
		c := start(t, Options{Seed: 3})
		for range 40 {
			c.accepted(c.order(buyTR, "005930", "01", "1", "0"))
		}
		grow := func() { c.accepted(c.order(buyTR, "005930", "01", "1", "0")) }
		numbers, _ := c.pages(tradingPath+"inquire-daily-ccld", c.env(listTR), "odno", append(listQuery(c, today), "INQR_DVSN", newest), grow)
		seen := map[string]int{}
		for _, n := range numbers {
			seen[n]++
		}
		for n := 1; n <= 40; n++ {
			if seen[number(n)] != 1 {
				t.Errorf("INQR_DVSN %s: order %d comes %d times", newest, n, seen[number(n)])
			}
		}
	}
}

func TestAPageIsTheFirstOneWithoutTheHeader(t *testing.T) {
	c := start(t, Options{Seed: 3})
	for range 20 {
		c.accepted(c.order(buyTR, "005930", "01", "1", "0"))
	}
	q := append(listQuery(c, today), "CTX_AREA_NK100", "20241202^0000000015")
	first := c.get(tradingPath+"inquire-daily-ccld", c.env(listTR), q...)
	if n := first["output1"].([]any)[0].(map[string]any)["odno"]; n != "0000000001" {
		t.Errorf("starts at %v", n)
	}
	h := c.headers(c.env(listTR))
	h["tr_cont"] = "N"
	a := c.do("GET", tradingPath+"inquire-daily-ccld?"+query(append(q, "CTX_AREA_NK100", strings.Repeat("x", 200))), h, "")
	c.wants(a, "rt_cd", "2", "msg1", "ERROR : INPUT INVALID_CHECK_CTX_AREA_NK100")
}
