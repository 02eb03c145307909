package kissim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// object is a JSON object whose keys keep their order, as KIS's do.
type object []field

type field struct {
	key   string
	value any
}

// MarshalJSON writes the fields in order.
func (o object) MarshalJSON() ([]byte, error) { return o.append(nil) }

// append writes the object, and objects in it, into one buffer: lists are long.
func (o object) append(b []byte) (_ []byte, err error) {
	b = append(b, '{')
	for i, f := range o {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, f.key); err != nil {
			return nil, err
		}
		b = append(b, ':')
		if b, err = appendJSON(b, f.value); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendJSON(b []byte, value any) (_ []byte, err error) {
	switch v := value.(type) {
	case object:
		return v.append(b)
	case []object:
		b = append(b, '[')
		for i, o := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = o.append(b); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case string:
		if !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune("\"\\<>&", r) }) {
			return append(append(append(b, '"'), v...), '"'), nil
		}
	}
	text, err := json.Marshal(value)
	return append(b, text...), err
}

// call is one request, decoded as far as every service needs it.
type call struct {
	method string
	path   string // with single slashes
	header http.Header
	query  map[string]string // keys in upper case
	body   []byte
	posted map[string]string // the body of an order, keys as sent
	asked  string            // the query as sent
	fault  *Fault            // that struck it; nil: none
	post   *Post             // its place in the order log; nil: no order
}

// suffers tells whether that fault struck the call.
func (c *call) suffers(do string) bool { return c.fault != nil && c.fault.Do == do }

// maxBody bounds a request body.
const maxBody = 64 << 10

func newCall(r *http.Request, body []byte) *call {
	return &call{method: r.Method, path: singleSlashes(r.URL.Path), header: r.Header, query: upperKeys(r.URL.Query()), asked: r.URL.RawQuery, body: body}
}

// singleSlashes lets //uapi/… be /uapi/…, as some clients call it.
func singleSlashes(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

func upperKeys(q url.Values) map[string]string {
	m := make(map[string]string, len(q))
	for k, v := range q {
		m[strings.ToUpper(k)] = v[0]
	}
	return m
}

// decode reads the JSON object of an order: every value a string.
func (c *call) decode() *reply {
	if !json.Valid(c.body) {
		return gatewayRefusal("EGW00202", "GW라우팅 중 오류가 발생했습니다.")
	}
	if err := json.Unmarshal(c.body, &c.posted); err != nil || c.posted == nil {
		return gatewayRefusal("IGW00007", "요청 전문이 올바르지 않습니다.")
	}
	return nil
}

// reply is one answer.
type reply struct {
	status    int
	continues string // tr_cont
	number    string // ODNO, of an accepted order
	body      any

	at time.Time // market time of the answer
	id int       // number of the call
}

// code is msg_cd.
func (r *reply) code() string {
	fields, _ := r.body.(object)
	for _, f := range fields {
		if code, ok := f.value.(string); ok && f.key == "msg_cd" {
			return code
		}
	}
	return ""
}

// envelope is a body under /uapi: the payload, then how it went.
func envelope(rtCode, code, text string, payload ...field) *reply {
	return &reply{status: http.StatusOK, body: append(object(payload), field{"rt_cd", rtCode}, field{"msg_cd", code}, field{"msg1", text})}
}

// quoted is a successful answer of the quotation services.
func quoted(payload ...field) *reply {
	return envelope("0", "MCA00000", "정상처리 되었습니다.", payload...)
}

// gatewayRefusal is how the gateway turns a call away before it is routed: HTTP 500 and a body.
func gatewayRefusal(code, text string) *reply {
	return &reply{status: http.StatusInternalServerError, body: object{{"rt_cd", "1"}, {"msg_cd", code}, {"msg1", text}}}
}

// failure is a defect of the simulator itself, told to whoever asked.
func failure(err error) *reply {
	return gatewayRefusal("EGW00002", "서버 에러가 발생했습니다. "+err.Error())
}

// oauthRefusal is the other shape, that of /oauth2.
func oauthRefusal(code, text string) *reply {
	return &reply{status: http.StatusForbidden, body: object{{"error_description", text}, {"error_code", code}}}
}

// text is a whole number on the wire.
func text(n int64) string { return strconv.FormatInt(n, 10) }

// percent is n as a part of d, in percent with that many decimals; zero of nothing.
func percent(n, d int64, decimals int32) string {
	if d == 0 {
		return decimal.Zero.StringFixed(decimals)
	}
	return won(n).Mul(won(100)).DivRound(won(d), decimals).StringFixed(decimals)
}

// number is an order number as REST writes it.
func number(n int) string { return fmt.Sprintf("%010d", n) }

// sign is prdy_vrss_sign (전일 대비 부호).
func sign(q quote) string {
	switch {
	case q.price == q.upper && q.price > q.base:
		return "1"
	case q.price == q.lower && q.price < q.base:
		return "4"
	}
	return signOf(q.price - q.base)
}

func signOf(change int64) string {
	switch {
	case change > 0:
		return "2"
	case change < 0:
		return "5"
	}
	return "3"
}

// padded is a paging field: KIS fills it with spaces.
func padded(s string, width int) string { return fmt.Sprintf("%-*s", width, s) }
