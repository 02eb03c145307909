package kissim

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// The two hosts that the simulator can be.
const (
	envReal    = "real"    // 실전
	envVirtual = "virtual" // 모의투자
)

// wording is how one environment puts an outcome.
type wording struct{ rtCode, code, text string }

// outcome is one business outcome as each environment words it. HTTP 200, but for what the inner gateway says (IGW).
type outcome struct{ real, virtual wording }

// The codes and texts are those of logs; where one environment has none on record the nearest is used, as marked.
var (
	bought    = outcome{wording{"0", "APBK0013", "주문 전송 완료 되었습니다."}, wording{"0", "40600000", "모의투자 매수주문이 완료 되었습니다."}}
	sold      = outcome{wording{"0", "APBK0013", "주문 전송 완료 되었습니다."}, wording{"0", "40590000", "모의투자 매도주문이 완료 되었습니다."}}
	replaced  = outcome{wording{"0", "APBK0013", "주문 전송 완료 되었습니다."}, wording{"0", "40620000", "모의투자 정정주문이 완료 되었습니다."}}
	cancelled = outcome{wording{"0", "APBK0013", "주문 전송 완료 되었습니다."}, wording{"0", "40630000", "모의투자 취소주문이 완료 되었습니다."}}

	noOrderRight = outcome{wording{"1", "40910000", "모의투자 주문이 불가한 계좌입니다."}, wording{"1", "40910000", "모의투자 주문이 불가한 계좌입니다."}}
	closedDay    = outcome{wording{"7", "APBK0919", "장운영일자가 주문일과 상이합니다"}, wording{"1", "40100000", "모의투자 영업일이 아닙니다."}}
	tooEarly     = outcome{wording{"7", "APBK0918", "장운영시간이 아닙니다.(주문불가)"}, wording{"1", "40570000", "모의투자 장시작전 입니다."}}
	tooLate      = outcome{wording{"7", "APBK0918", "장운영시간이 아닙니다.(주문불가)"}, wording{"1", "40580000", "모의투자 장종료 입니다."}}
	unknownIssue = outcome{wording{"7", "APBK0656", "해당종목정보가 없습니다."}, wording{"1", "40070000", "모의투자 주문처리가 안되었습니다(매매불가 종목)"}} // virtual: nearest
	halted       = outcome{wording{"7", "APBK0066", "거래정지종목(주식)은 취소주문만 가능(정정불가)합니다."}, wording{"1", "40070000", "모의투자 주문처리가 안되었습니다(매매불가 종목)"}}
	offTick      = outcome{wording{"7", "APBK0506", "주식주문호가단위 오류"}, wording{"1", "40030000", "모의투자 주문처리가 안되었습니다(호가단위 오류)"}}
	aboveLimit   = outcome{wording{"7", "APBK0406", "주문가격이 상한가를 초과합니다"}, wording{"1", "40270000", "모의투자 상/하한가 오류"}}
	belowLimit   = outcome{wording{"7", "APBK0406", "주문가격이 하한가에 미달합니다"}, wording{"1", "40270000", "모의투자 상/하한가 오류"}} // real: no code on record
	badType      = outcome{wording{"7", "APBK0963", "주문구분코드 오류 입니다."}, wording{"2", "OPSQ2001", "ERROR : INPUT INVALID_CHECK_ORD_DVSN"}}
	badVenue     = outcome{wording{"2", "OPSQ2001", "ERROR : INPUT INVALID_CHECK_EXCG_ID_DVSN_CD"}, wording{"2", "OPSQ2001", "ERROR : INPUT INVALID_CHECK_EXCG_ID_DVSN_CD"}}
	noMarket     = outcome{wording{"7", "APBK1943", "시장가호가불가로 주문이 불가합니다."}, wording{"2", "OPSQ2001", "ERROR : INPUT INVALID_CHECK_ORD_DVSN"}}
	auctionType  = outcome{wording{"7", "APBK3013", "[단일가매매] 지정가 및 시장가 주문만 가능합니다."}, wording{"2", "OPSQ2001", "ERROR : INPUT INVALID_CHECK_ORD_DVSN"}}
	shortOfCash  = outcome{wording{"7", "APBK0952", "주문가능금액을 초과 했습니다"}, wording{"1", "40250000", "모의투자 주문가능금액이 부족합니다."}} // virtual: probable
	notHeld      = outcome{wording{"7", "APBK1234", "보유수량이 부족합니다."}, wording{"1", "40240000", "모의투자 잔고내역이 없습니다."}}
	tooMany      = outcome{wording{"7", "APBK0400", "주문 가능한 수량을 초과했습니다."}, wording{"1", "40240000", "모의투자 잔고내역이 없습니다."}}
	noOriginal   = outcome{wording{"1", "IGW00022", "원주문번호를 확인해주세요."}, wording{"1", "40320000", "모의투자 원주문번호가 존재하지 않습니다."}}
	nothingLeft  = outcome{wording{"7", "APBK0927", "정정취소 가능수량이 없습니다."}, wording{"1", "40330000", "모의투자 정정/취소할 수량이 없습니다."}}
	otherAccount = outcome{wording{"1", "IGW00002", "인증 시점의 계좌번호와 요청 계좌번호가 일치하지 않습니다."}, wording{"1", "90070000", "모의투자 처리계좌의 ID와 사용자정보가 상이하여 처리 불가능 합니다."}}

	listed     = outcome{wording{"0", "KIOK0510", "조회가 완료되었습니다"}, wording{"0", "20310000", "모의투자 조회가 완료되었습니다."}}
	listedMore = outcome{wording{"0", "KIOK0500", "조회가 계속됩니다..다음버튼을 Click 하십시오."}, wording{"0", "20310000", "모의투자 조회가 완료되었습니다."}}
	listedNone = outcome{wording{"0", "KIOK0560", "조회할 내용이 없습니다"}, wording{"0", "70070000", "모의투자 조회할 내역(자료)이 없습니다"}}
)

// ledgerText is how wide the ledger pads its texts.
const ledgerText = 80

// say is an outcome on the wire.
func (s *Server) say(o outcome, payload ...field) *reply {
	w := o.virtual
	if s.options.Env == envReal {
		w = o.real
	}
	text := w.text
	if n := utf8.RuneCountInString(text); n < ledgerText {
		text += strings.Repeat(" ", ledgerText-n)
	}
	r := envelope(w.rtCode, w.code, text, payload...)
	if strings.HasPrefix(w.code, "IGW") {
		r.status = http.StatusInternalServerError
	}
	return r
}

// invalid is the query server's word for a value that is none.
func invalid(key string) *reply {
	return envelope("2", "OPSQ2001", fmt.Sprintf("ERROR : INPUT INVALID_CHECK_%s", key))
}

// missing is its word for a key that is not there, which the quotation services spell differently.
func missing(key string, quotation bool) *reply {
	if quotation {
		return envelope("2", "OPSQ2001", fmt.Sprintf("ERROR INPUT FIELD NOT FOUND [%s]", key))
	}
	return envelope("2", "OPSQ2001", fmt.Sprintf("ERROR : INPUT_FIELD_NAME %s", key))
}
