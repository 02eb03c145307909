package kissim

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"maemae/market"
)

// Token rules. All follow the market's clock, the minute between issues whichever clock is faster.
const (
	tokenLife  = 24 * time.Hour
	tokenSame  = 6 * time.Hour // an issue within this time gives the same token again
	tokenEvery = time.Minute   // default distance of two issues
)

// maxKeys bounds how many app keys an open simulator remembers.
const maxKeys = 1000

// virtualKeyMark is how keys of the virtual environment begin; one that shows up at a real server is of the other host.
const virtualKeyMark = "PSVT"

// credential is one app key and what the gateway keeps of it.
type credential struct {
	secret   string
	token    string
	issued   time.Time // market time of the issue of token
	lastCall time.Time // market time of the last successful tokenP
	lastReal time.Time // the same moment on the real clock
	limiter  limiter
}

// credential checks a key and its secret. Without a configured key every pair is good, and stays together.
func (s *Server) credential(key, secret string) (c *credential, code, text string) {
	known := s.credentials[key]
	switch {
	case key == "":
		return nil, "EGW00102", "AppKey는 필수입니다."
	case secret == "":
		return nil, "EGW00104", "AppSecret은 필수입니다."
	case known == nil && (!s.openKeys || len(s.credentials) >= maxKeys):
		return nil, "EGW00103", "유효하지 않은 AppKey입니다."
	case known == nil:
		known = &credential{secret: secret, limiter: limiter{rate: s.rate()}}
		s.credentials[key] = known
	case known.secret != secret:
		return nil, "EGW00105", "유효하지 않은 AppSecret입니다."
	}
	return known, "", ""
}

// oauth answers /oauth2.
func (s *Server) oauth(c *call) *reply {
	var in struct {
		Grant  string `json:"grant_type"`
		Key    string `json:"appkey"`
		Secret string `json:"appsecret"`
		Token  string `json:"token"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil || c.method != http.MethodPost {
		return oauthRefusal("EGW00101", "유효하지 않은 요청입니다.")
	}
	key, code, text := s.credential(in.Key, in.Secret)
	switch {
	case code != "":
		return oauthRefusal(code, text)
	case c.path == "/oauth2/revokeP":
		return key.revoke(in.Token)
	case in.Grant == "":
		return oauthRefusal("EGW00115", "grant_type은 필수입니다.")
	case in.Grant != "client_credentials":
		return oauthRefusal("EGW00116", "지원하지 않는 grant_type입니다.")
	}
	return s.issue(key)
}

func (s *Server) issue(k *credential) *reply {
	now, real := s.exchange.at, time.Now()
	if passed := max(now.Sub(k.lastCall), real.Sub(k.lastReal)); !k.lastReal.IsZero() && passed < s.options.TokenEvery {
		return oauthRefusal("EGW00133", "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)")
	}
	if k.token == "" || now.Sub(k.issued) >= tokenSame {
		k.token, k.issued = madeUp("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9", 340), now
	}
	k.lastCall, k.lastReal = now, real
	return &reply{status: http.StatusOK, body: object{
		{"access_token", k.token}, // 접근토큰
		{"access_token_token_expired", k.issued.Add(tokenLife).In(market.KST).Format(time.DateTime)}, // 접근토큰 유효기간 (일시표시)
		{"token_type", "Bearer"}, // 접근토큰유형
		{"expires_in", int(k.issued.Add(tokenLife).Sub(now) / time.Second)}, // 접근토큰 유효기간 (초)
	}}
}

func (k *credential) revoke(token string) *reply {
	if token == "" || token != k.token {
		return oauthRefusal("EGW00121", "유효하지 않은 token 입니다.")
	}
	k.token = ""
	return &reply{status: http.StatusOK, body: object{{"code", 200}, {"message", "접근토큰 폐기에 성공하였습니다"}}}
}

// authorised checks the Authorization header of a call.
func (s *Server) authorised(k *credential, header string) *reply {
	token, bearer := strings.CutPrefix(header, "Bearer ")
	switch {
	case !bearer:
		return gatewayRefusal("EGW00205", "credentials_type이 유효하지 않습니다.(Bearer)")
	case k.token == "" || token != k.token:
		return gatewayRefusal("EGW00121", "유효하지 않은 token 입니다.")
	case s.exchange.at.Sub(k.issued) >= tokenLife:
		return gatewayRefusal("EGW00123", "기간이 만료된 token 입니다.")
	}
	return nil
}

// hashkey answers /uapi/hashkey: the body again, and its hash.
func hashkey(c *call) *reply {
	if len(c.body) == 0 || !json.Valid(c.body) {
		return gatewayRefusal("EGW00202", "GW라우팅 중 오류가 발생했습니다.")
	}
	return &reply{status: http.StatusOK, body: object{{"BODY", json.RawMessage(c.body)}, {"HASH", hashOf(c.body)}}}
}

// hashOf is the same for every spelling of the same JSON: spaces and the order of keys do not count.
func hashOf(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) == nil {
		if canonical, err := json.Marshal(v); err == nil {
			body = canonical
		}
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// madeUp is a random text of that length: letters and digits, so that it survives any file format unquoted.
func madeUp(prefix string, length int) string {
	text := prefix
	for len(text) < length {
		text += rand.Text()
	}
	return text[:length]
}
