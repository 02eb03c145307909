package kis

import (
	"net/http"
	"strings"
	"testing"

	"maemae/broker"
)

// What went wrong in other people's programs that talk to KIS; see engine/incidents_test.go.

func TestIncident04ATokenThatMaintenanceRevokedIsRenewed(t *testing.T) {
	dead := func(w http.ResponseWriter, n int, a asked) {
		if strings.Contains(a.header.Get("authorization"), "test-token-1.") && n < 5 {
			say(w, 500, rejected("1", "EGW00123", "기간이 만료된 token 입니다."))
			return
		}
		say(w, 200, golden(t, "price"))
	}
	c, s := connect(t, map[string]answer{price.path: dead, issueToken.path: always(200, strings.ReplaceAll(golden(t, "token"), "test-token-1", "test-token-2"))})
	if _, err := c.Quote(t.Context(), "009150"); err != nil || s.count(issueToken) != 1 || s.count(price) != 2 {
		t.Errorf("%v after %d tokens and %d reads", err, s.count(issueToken), s.count(price))
	}
}

func TestIncident12APartOfAListIsNoList(t *testing.T) {
	body := strings.Replace(golden(t, "orders"), `"ctx_area_nk100":" `, `"ctx_area_nk100":"1`, 1)
	pages := func(w http.ResponseWriter, _ int, a asked) {
		if a.cont == "N" {
			say(w, 500, rejected("1", "EGW00202", "GW라우팅 중 오류가 발생했습니다."))
			return
		}
		w.Header().Set("tr_cont", "M")
		say(w, 200, body)
	}
	c, s := connect(t, map[string]answer{orderList.path: pages})
	o, err := c.Orders(t.Context(), 20260105)
	if broker.KindOf(err) != broker.Unclear || err == nil || len(o.Rows) > 0 || s.count(orderList) < 2 || strings.Contains(err.Error(), "cursor") {
		t.Errorf("%d rows after %d reads, %v", len(o.Rows), s.count(orderList), err)
	}
}

func TestIncident13AFieldMoreAndAnEmptyTimeAreNoError(t *testing.T) {
	body := strings.Replace(golden(t, "orders"), `"ord_tmd":`, `"new_field_2027":"x","ord_tmd":"","was":`, 1)
	c, _ := connect(t, map[string]answer{orderList.path: always(200, body)})
	o, err := c.Orders(t.Context(), 20260105)
	if err != nil || len(o.Rows) == 0 || o.Rows[0].Time != "" {
		t.Errorf("%+v, %v", o.Rows, err)
	}
}
