package kis

import "maemae/broker"

// meaning is what a code says of an order or cancellation that got it, and of a read that got it.
type meaning struct {
	order, read broker.Kind
}

var (
	refused      = meaning{broker.Refused, broker.Refused}           // KIS or the exchange looked at it and said no
	busy         = meaning{broker.Busy, broker.Busy}                 // the gateway counted too many calls; not routed
	unauthorised = meaning{broker.Unauthorised, broker.Unauthorised} // the gateway did not accept key, token, header or account; not routed
	unclear      = meaning{broker.Unclear, broker.Unclear}           // the outcome is open
	throttled    = meaning{broker.Unclear, broker.Busy}              // a read may wait and ask again, an order stays open
)

// codes holds every code with a recorded message; one that is missing is unclear. The HTTP status has no say: KIS sends
// rate limits, dead tokens and even business rejects with status 500. Text is msg1, shortened. Codes with invented
// meanings circulate in public programs: a row needs a message KIS really sent or its own table of codes.
var codes = map[string]struct {
	meaning
	text string
}{
	// Gateway, refused before routing.
	"EGW00201": {busy, "초당 거래건수를 초과하였습니다."},
	"EGW00133": {busy, "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)"},
	"EGW00121": {unauthorised, "유효하지 않은 token 입니다."},
	"EGW00122": {unauthorised, "token을 찾을 수 없습니다."},
	"EGW00123": {unauthorised, "기간이 만료된 token 입니다."},
	"EGW00003": {unauthorised, "접근이 거부되었습니다."},
	"EGW00004": {unauthorised, "권한이 없는 고객입니다."},
	"EGW00102": {unauthorised, "AppKey는 필수입니다."},
	"EGW00103": {unauthorised, "유효하지 않은 AppKey입니다."},
	"EGW00104": {unauthorised, "AppSecret은 필수입니다."},
	"EGW00105": {unauthorised, "유효하지 않은 AppSecret입니다."},
	"EGW00131": {unauthorised, "유효하지 않은 hashkey입니다."},
	"EGW00132": {unauthorised, "유효하지 않은 Content-Type입니다."},
	"EGW00205": {unauthorised, "credentials_type이 유효하지 않습니다.(Bearer)"},
	"EGW00206": {unauthorised, "API 사용 권한이 없습니다."},
	"EGW00207": {unauthorised, "IP 주소가 유효하지 않습니다."},
	"EGW00208": {unauthorised, "고객유형(custtype)이 유효하지 않습니다."},
	"EGW00210": {unauthorised, "법인은 모의투자를 이용할 수 없습니다."},
	"EGW00213": {unauthorised, "모의투자 TR 이 아닙니다."},
	"EGW00303": {unauthorised, "허용되지 않은 IP 입니다."},
	"EGW00304": {unauthorised, "personalSeckey 또는 appSecret이 유효하지 않습니다."},
	"EGW02004": {unauthorised, "실전투자 도메인은 모의투자 앱키로 호출하실 수 없습니다."},
	"EGW02006": {unauthorised, "모의투자 TR 이 아닙니다."},
	"IGW00002": {unauthorised, "인증 시점의 계좌번호와 요청 계좌번호가 일치하지 않습니다."},
	"90070000": {unauthorised, "모의투자 처리계좌의 ID와 사용자정보가 상이하여 처리 불가능 합니다."},

	// Open: the request may have been carried out.
	"EGW00215": {throttled, "원장에서 허용 가능한 초당 거래건수를 초과하였습니다."},
	"EGW00301": {unclear, "연결 시간이 초과되었습니다. 직전 거래를 확인하십시오."},
	"EGW00302": {unclear, "거래시간이 초과되었습니다. 직전 거래를 확인하십시오."},
	"EGW00202": {unclear, "GW라우팅 중 오류가 발생했습니다."},
	"APBK1630": {unclear, "데이터 오류발생입니다. -1-ORA-00001"},
	"IGW00007": {unclear, "(본문 형식 오류; 호출이 몰릴 때도 나옴)"},
	"IGW00008": {unclear, "(내부 게이트웨이 오류)"},
	"IGW00019": {unclear, "(취소 주문의 일시 오류)"},

	// Business rejects of a real account.
	"APBK0918": {refused, "장운영시간이 아닙니다.(주문불가)"},
	"APBK0919": {refused, "장운영일자가 주문일과 상이합니다"},
	"APBK0952": {refused, "주문가능금액을 초과 했습니다"},
	"APBK0400": {refused, "주문 가능한 수량을 초과했습니다"},
	"APBK1234": {refused, "(보유수량 부족)"},
	"APBK0656": {refused, "해당종목정보가 없습니다"},
	"APBK0963": {refused, "주문구분코드 오류 입니다."},
	"APBK0927": {refused, "정정취소 가능수량이 없습니다."},
	"APBK1943": {refused, "시장가호가불가로 주문이 불가합니다."},
	"APBK3013": {refused, "[단일가매매] 지정가 주문만 가능합니다."},
	"APBK0066": {refused, "거래정지종목(주식)은 취소주문만 가능(정정불가)합니다."},
	"APBK0506": {refused, "주식주문호가단위 오류"},
	"APBK0406": {refused, "주문가격이 상한가를 초과합니다"},
	"KIOK0320": {refused, "(장종료)"},
	"APAC0081": {refused, "계좌번호 입력 오류입니다"},
	"IGW00017": {refused, "상품번호를 확인해주세요."},
	"IGW00022": {refused, "원주문번호를 확인해주세요."},
	"OPSQ0002": {refused, "없는 서비스 코드 입니다."},
	"OPSQ2000": {refused, "ERROR : INPUT INVALID_CHECK_ACNO"},
	"OPSQ2001": {refused, "ERROR : INPUT_FIELD_NAME"},
	"OPSQ2002": {refused, "ERROR : INPUT FIELD_LENGTH"},
	"MCA00124": {refused, "해당 서비스를 찾을수 없습니다."},
	"MCA05918": {refused, "종목코드 오류입니다."},

	// Business rejects of a virtual account.
	"40030000": {refused, "모의투자 주문처리가 안되었습니다(호가단위 오류)"},
	"40070000": {refused, "모의투자 주문처리가 안되었습니다(매매불가 종목)"},
	"40100000": {refused, "모의투자 영업일이 아닙니다."},
	"40240000": {refused, "모의투자 잔고내역이 없습니다."},
	"40250000": {refused, "모의투자 주문가능금액이 부족합니다."},
	"40270000": {refused, "모의투자 상/하한가 오류"},
	"40320000": {refused, "모의투자 원주문번호가 존재하지 않습니다."},
	"40330000": {refused, "모의투자 정정/취소할 수량이 없습니다."},
	"40570000": {refused, "모의투자 장시작전 입니다."},
	"40580000": {refused, "모의투자 장종료 입니다."},
	"40910000": {refused, "모의투자 주문이 불가한 계좌입니다."},
	"90000000": {refused, "모의투자에서는 해당업무가 제공되지 않습니다."},
}

// kindOf is what the code means for a read or, if order, for an order or cancellation.
func kindOf(code string, order bool) broker.Kind {
	m := unclear
	if c, ok := codes[code]; ok {
		m = c.meaning
	}
	if order {
		return m.order
	}
	return m.read
}

// deadToken tells whether the code asks for a new token.
func deadToken(code string) bool {
	return code == "EGW00121" || code == "EGW00122" || code == "EGW00123"
}

// changed is in msg1 when the rows moved between two pages of one read; KIS gives it no code of its own.
const changed = "조회이후에 자료가 변경"
