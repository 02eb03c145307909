package kissim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// route is one service of KIS: its TR ids (today's first), what it requires, and who answers.
type route struct {
	path          string
	real, virtual []string
	require       []string // keys of the query, or of the body of an order
	optionalOld   string   // a required key that only today's TR id requires
	order         bool     // a POST of the ledger
	quotation     bool     // a service of the query server, which words a missing key in its own way
	serve         func(*Server, *call) *reply
}

func (r route) trs(env string) []string {
	if env == envReal {
		return r.real
	}
	return r.virtual
}

const (
	tradingPath   = "/uapi/domestic-stock/v1/trading/"
	quotationPath = "/uapi/domestic-stock/v1/quotations/"
)

// sellTRs are the TR ids of order-cash that sell; the others buy.
var sellTRs = []string{"TTTC0011U", "TTTC0801U", "VTTC0011U", "VTTC0801U"}

// routes are all services, by path. The older ids work like today's, VTTC8001R too, which at KIS has been seen to answer
// with an empty list.
func routes() map[string]route {
	byPath := map[string]route{}
	for _, r := range []route{{
		path: tradingPath + "order-cash", order: true, serve: (*Server).orderCash, // 주식주문(현금)
		real:    []string{"TTTC0012U", "TTTC0011U", "TTTC0802U", "TTTC0801U"},
		virtual: []string{"VTTC0012U", "VTTC0011U", "VTTC0802U", "VTTC0801U"},
		require: []string{"CANO", "ACNT_PRDT_CD", "PDNO", "ORD_DVSN", "ORD_QTY", "ORD_UNPR"},
	}, {
		path: tradingPath + "order-rvsecncl", order: true, serve: (*Server).orderRvsecncl, // 주식주문(정정취소)
		real: []string{"TTTC0013U", "TTTC0803U"}, virtual: []string{"VTTC0013U", "VTTC0803U"},
		require: []string{"CANO", "ACNT_PRDT_CD", "KRX_FWDG_ORD_ORGNO", "ORGN_ODNO", "ORD_DVSN", "RVSE_CNCL_DVSN_CD", "ORD_QTY", "ORD_UNPR", "QTY_ALL_ORD_YN"},
	}, {
		path: tradingPath + "inquire-daily-ccld", serve: (*Server).inquireDailyCcld, // 주식일별주문체결조회
		real: []string{"TTTC0081R", "CTSC9215R", "TTTC8001R", "CTSC9115R"}, virtual: []string{"VTTC0081R", "VTSC9215R", "VTTC8001R", "VTSC9115R"},
		require: []string{"CANO", "ACNT_PRDT_CD", "INQR_STRT_DT", "INQR_END_DT", "SLL_BUY_DVSN_CD", "INQR_DVSN", "PDNO", "CCLD_DVSN",
			"ORD_GNO_BRNO", "ODNO", "INQR_DVSN_3", "INQR_DVSN_1", "EXCG_ID_DVSN_CD", "CTX_AREA_FK100", "CTX_AREA_NK100"},
		optionalOld: "EXCG_ID_DVSN_CD",
	}, {
		path: tradingPath + "inquire-balance", serve: (*Server).inquireBalance, // 주식잔고조회
		real: []string{"TTTC8434R"}, virtual: []string{"VTTC8434R"},
		require: []string{"CANO", "ACNT_PRDT_CD", "AFHR_FLPR_YN", "OFL_YN", "INQR_DVSN", "UNPR_DVSN", "FUND_STTL_ICLD_YN",
			"FNCG_AMT_AUTO_RDPT_YN", "PRCS_DVSN", "CTX_AREA_FK100", "CTX_AREA_NK100"},
	}, {
		path: tradingPath + "inquire-psbl-order", serve: (*Server).inquirePsblOrder, // 매수가능조회
		real: []string{"TTTC8908R"}, virtual: []string{"VTTC8908R"},
		require: []string{"CANO", "ACNT_PRDT_CD", "PDNO", "ORD_UNPR", "ORD_DVSN", "CMA_EVLU_AMT_ICLD_YN", "OVRS_ICLD_YN"},
	}, {
		path: quotationPath + "inquire-price", quotation: true, serve: (*Server).inquirePrice, // 주식현재가 시세
		real: []string{"FHKST01010100"}, virtual: []string{"FHKST01010100"},
		require: []string{"FID_COND_MRKT_DIV_CODE", "FID_INPUT_ISCD"},
	}, {
		path: quotationPath + "inquire-daily-price", quotation: true, serve: (*Server).inquireDailyPrice, // 주식현재가 일자별
		real: []string{"FHKST01010400"}, virtual: []string{"FHKST01010400"},
		require: []string{"FID_COND_MRKT_DIV_CODE", "FID_INPUT_ISCD", "FID_PERIOD_DIV_CODE", "FID_ORG_ADJ_PRC"},
	}, {
		path: quotationPath + "inquire-daily-itemchartprice", quotation: true, serve: (*Server).inquireDailyChart, // 국내주식기간별시세
		real: []string{"FHKST03010100"}, virtual: []string{"FHKST03010100"},
		require: []string{"FID_COND_MRKT_DIV_CODE", "FID_INPUT_ISCD", "FID_INPUT_DATE_1", "FID_INPUT_DATE_2", "FID_PERIOD_DIV_CODE", "FID_ORG_ADJ_PRC"},
	}, {
		path: quotationPath + "chk-holiday", serve: (*Server).chkHoliday, // 국내휴장일조회
		real:    []string{"CTCA0903R"},
		require: []string{"BASS_DT", "CTX_AREA_NK", "CTX_AREA_FK"},
	}} {
		byPath[r.path] = r
	}
	return byPath
}

// answer finds who answers a call.
func (s *Server) answer(c *call) *reply {
	switch c.path {
	case "/oauth2/tokenP", "/oauth2/revokeP":
		return s.oauth(c)
	case "/uapi/hashkey":
		if _, refusal := s.admit(c); refusal != nil {
			return refusal
		}
		return hashkey(c)
	}
	if !strings.HasPrefix(c.path, "/uapi/") {
		return &reply{status: http.StatusNotFound, body: object{{"error_code", "EGW00101"}, {"error_description", "유효하지 않은 요청입니다."}}}
	}
	key, refusal := s.admit(c)
	if refusal == nil {
		refusal = s.authorised(key, c.header.Get("authorization"))
	}
	if refusal == nil {
		refusal = s.gate(c)
	}
	if refusal != nil {
		return refusal
	}
	return s.route(c)
}

// admit checks the app key and counts the call.
func (s *Server) admit(c *call) (*credential, *reply) {
	name := c.header.Get("appkey")
	if s.options.Env == envReal && strings.HasPrefix(name, virtualKeyMark) && name != s.options.AppKey {
		return nil, gatewayRefusal("EGW02004", "실전투자 도메인은 모의투자 앱키로 호출하실 수 없습니다.")
	}
	key, code, text := s.credential(name, c.header.Get("appsecret"))
	if code != "" {
		return nil, gatewayRefusal(code, text)
	}
	if !key.limiter.allow(time.Now()) {
		return nil, gatewayRefusal("EGW00201", "초당 거래건수를 초과하였습니다.")
	}
	return key, nil
}

// gate checks the headers that need no look at the service.
func (s *Server) gate(c *call) *reply {
	tr := c.header.Get("tr_id")
	virtual := s.options.Env == envVirtual
	content := c.header.Get("content-type")
	switch customer := c.header.Get("custtype"); {
	case customer != "" && customer != "P" && customer != "B":
		return gatewayRefusal("EGW00208", "고객유형(custtype)이 유효하지 않습니다.")
	case virtual && customer == "B":
		return gatewayRefusal("EGW00210", "법인은 모의투자를 이용할 수 없습니다.")
	case c.method == http.MethodPost && content != "" && !strings.HasPrefix(content, "application/json"):
		return gatewayRefusal("EGW00132", "유효하지 않은 Content-Type입니다.")
	case virtual && (strings.HasPrefix(tr, "T") || strings.HasPrefix(tr, "C")):
		return gatewayRefusal("EGW02006", "모의투자 TR 이 아닙니다.")
	}
	return nil
}

// route hands the call to its service, if path, TR id and keys fit together.
func (s *Server) route(c *call) *reply {
	tr := c.header.Get("tr_id")
	r, ok := s.routes[c.path]
	switch offered := slices.Contains(r.trs(s.options.Env), tr); {
	case tr == "":
		return envelope("1", "OPSQ9999", "tr_id not found")
	case !offered && s.options.Env == envVirtual && strings.HasPrefix(tr, "V"):
		return envelope("1", "90000000", "모의투자에서는 해당업무가 제공되지 않습니다.")
	case !ok:
		a := envelope("1", "MCA00124", "해당 서비스를 찾을수 없습니다.")
		a.status = http.StatusNotFound
		return a
	case !offered:
		return envelope("1", "OPSQ0002", "없는 서비스 코드 입니다.")
	case r.order != (c.method == http.MethodPost) || !r.order && c.method != http.MethodGet:
		return missing(r.require[0], r.quotation) // the keys are looked for where they should be
	case r.order:
		if refusal := c.decode(); refusal != nil {
			return refusal
		}
		if h := c.header.Get("hashkey"); h != "" && h != hashOf(c.body) {
			return gatewayRefusal("EGW00131", "유효하지 않은 hashkey입니다.")
		}
		return r.serve(s, c)
	}
	for _, key := range r.require {
		old := key == r.optionalOld && !slices.Contains([]string{r.real[0], r.trs(s.options.Env)[0]}, tr)
		if _, ok := c.query[key]; !ok && !old {
			return missing(key, r.quotation)
		}
	}
	return r.serve(s, c)
}

// lacks is the refusal for the first key that the body of an order does not have.
func (s *Server) lacks(c *call) *reply {
	for _, key := range s.routes[c.path].require {
		if _, ok := c.posted[key]; !ok {
			return missing(key, false)
		}
	}
	return nil
}
