package dashboard_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestRequestsThatAreNotAPersonsAreRefused(t *testing.T) {
	s := set(t, nil)
	known := s.person(t)
	for _, c := range []struct {
		name         string
		method, path string
		person       bool
		change       func(*http.Request)
		want         int
	}{
		{"a name that is not ours", "GET", "/", true, func(r *http.Request) { r.Host = "evil.example" }, 421},
		{"our name on another port", "GET", "/", true, func(r *http.Request) { r.Host = "127.0.0.1:1" }, 421},
		{"a name that is not ours, on a path to clean", "GET", "/x/../", true, func(r *http.Request) { r.Host = "evil.example" }, 421},
		{"no session: page", "GET", "/", false, nil, 401},
		{"no session: data", "GET", "/data/equity", false, nil, 401},
		{"no session: candles", "GET", "/data/symbols/005930", false, nil, 401},
		{"no session: stream", "GET", "/events", false, nil, 401},
		{"no session: script", "GET", "/assets/app.js", false, nil, 401},
		{"no session: a page that is not there", "GET", "/nothing", false, nil, 401},
		{"no session: act", "POST", "/controls/halt", false, nil, 401},
		{"a form of another site", "POST", "/controls/halt", true, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"a form of another origin", "POST", "/controls/halt", true, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		{"a form without its word", "POST", "/controls/halt", true, nil, 403},
		{"a form without its word: log out", "POST", "/logout", true, nil, 403},
		{"an act by GET", "GET", "/controls/halt", true, nil, 404},
		{"a log out by GET", "GET", "/logout", true, nil, 405},
		{"a path out of the assets", "GET", "/assets/..%2fguard.go", true, nil, 404},
		{"a path out of the assets, encoded twice", "GET", "/assets/%252e%252e/guard.go", true, nil, 404},
		{"a folder", "GET", "/assets/vendor", true, nil, 404},
		{"a symbol that is a path", "GET", "/symbols/..%2f..%2fetc%2fpasswd", true, nil, 404},
		{"a decision that is a path", "GET", "/decisions/..%2f..%2fetc%2fpasswd", true, nil, 404},
		{"a forged session", "GET", "/", false, func(r *http.Request) {
			for _, k := range known.Jar.Cookies(r.URL) {
				r.AddCookie(&http.Cookie{Name: k.Name, Value: "99999999999." + strings.Repeat("0", 64)})
			}
		}, 401},
		{"ten megabytes", "POST", "/controls/halt", true, func(r *http.Request) {
			body := bytes.NewReader(bytes.Repeat([]byte("a"), 10<<20))
			r.Body, r.ContentLength = struct {
				*bytes.Reader
				closer
			}{Reader: body}, int64(body.Len())
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := s.browser(t)
			if c.person {
				client = known
			}
			r, err := http.NewRequest(c.method, s.server.URL+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(r)
			}
			res, err := client.Do(r)
			if err != nil && c.want == http.StatusRequestEntityTooLarge {
				return // hung up on before it had said everything
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != c.want {
				t.Errorf("%s, want %d", res.Status, c.want)
			}
		})
	}
	if done := s.acted(); done != "" {
		t.Errorf("something happened: %s", done)
	}
}

type closer struct{}

func (closer) Close() error { return nil }

func TestEveryAnswerCarriesThePolicy(t *testing.T) {
	s := set(t, nil)
	res, err := s.person(t).Get(s.server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'",
		"X-Content-Type-Options":  "nosniff",
		"Cache-Control":           "no-store",
		"Referrer-Policy":         "no-referrer",
	} {
		if got := res.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	policy := res.Header.Get("Content-Security-Policy")
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy %q", policy)
	}
	if res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("another origin may read")
	}
}

func TestASessionIsForThisServerAndEnds(t *testing.T) {
	s := set(t, nil)
	c := s.browser(t)
	res, err := c.Get(s.server.URL + "/login?token=" + token)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	cookie := res.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || strings.Contains(cookie.Value, token) {
		t.Errorf("cookie %v", cookie)
	}
	if status, _ := s.get(t, c, "/"); status != 200 {
		t.Errorf("after the login: %d", status)
	}
	s.later(12*time.Hour - time.Minute)
	if status, _ := s.get(t, c, "/"); status != 200 {
		t.Errorf("a minute before twelve hours: %d", status)
	}
	s.later(time.Minute)
	if status, _ := s.get(t, c, "/"); status != 401 {
		t.Errorf("after twelve hours: %d", status)
	}
}

func TestLoggingOutForgetsTheSession(t *testing.T) {
	s := set(t, nil)
	c := s.person(t)
	if status, _ := s.post(t, c, "/logout", url.Values{}); status != 303 {
		t.Fatalf("log out: %d", status)
	}
	if status, _ := s.get(t, c, "/"); status != 401 {
		t.Errorf("after logging out: %d", status)
	}
}

func TestGuessingTheTokenIsSlow(t *testing.T) {
	s := set(t, nil)
	c := s.browser(t)
	try := func(token string) int {
		res, err := c.PostForm(s.server.URL+"/login", url.Values{"token": {token}})
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for i := range 5 {
		if got := try("wrong"); got != 401 {
			t.Errorf("guess %d: %d", i+1, got)
		}
	}
	if got := try(token); got != 429 {
		t.Errorf("the sixth in a minute: %d", got)
	}
	s.later(time.Minute)
	if got := try(token); got != 303 {
		t.Errorf("a minute later: %d", got)
	}
}

func TestAnotherSiteNeitherLogsInNorUsesUpTheAttempts(t *testing.T) {
	s := set(t, nil)
	c := s.browser(t)
	for range 10 {
		r, err := http.NewRequest("GET", s.server.URL+"/login?token=wrong", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 200 || len(res.Cookies()) > 0 {
			t.Fatalf("%s, cookies %v", res.Status, res.Cookies())
		}
	}
	if s.person(t) == nil {
		t.Error("locked out")
	}
}

func TestThePagesHaveThreeActsAndKillIsTyped(t *testing.T) {
	s := set(t, nil)
	c := s.person(t)
	for _, x := range []struct {
		path string
		form url.Values
		want int
		done string
	}{
		{"/controls/kill", url.Values{"reason": {"fear"}}, 400, ""},
		{"/controls/kill", url.Values{"word": {"KILL"}}, 400, ""},
		{"/controls/halt", url.Values{"reason": {strings.Repeat("x", 401)}}, 400, ""},
		{"/controls/arm", url.Values{"word": {"trade real money"}}, 404, ""},
		{"/controls/halt", url.Values{"reason": {"odd fills"}}, 303, "halt odd fills by dashboard"},
		{"/controls/resume", url.Values{}, 303, "halt odd fills by dashboard; resume by dashboard"},
		{"/controls/kill", url.Values{"word": {"kill"}, "reason": {"fear"}}, 303, "halt odd fills by dashboard; resume by dashboard; kill fear by dashboard"},
	} {
		if status, _ := s.post(t, c, x.path, x.form); status != x.want || s.acted() != x.done {
			t.Errorf("%s %v: %d, done %q", x.path, x.form, status, s.acted())
		}
	}
}
