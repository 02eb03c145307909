package kis

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"maemae/broker"
)

// seed puts a token into the file that was asked for long ago.
func seed(t *testing.T, c *Client, token string) {
	t.Helper()
	c.tokens.know("")
	if err := c.tokens.save(cached{Env: c.opts.Env, App: c.tokens.app, Token: token, Asked: noon.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
}

func TestClientsOfOneKeyShareOneToken(t *testing.T) {
	s := newStub(t, map[string]answer{price.path: file(t, "price")})
	o := options(t, s.URL)
	var all sync.WaitGroup
	for range 4 {
		c := open(t, o)
		for range 4 {
			all.Go(func() {
				if _, err := c.Quote(t.Context(), "005930"); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if n := s.count(issueToken); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

func TestClientsOfOneKeyRenewADeadTokenOnce(t *testing.T) {
	s := newStub(t, map[string]answer{price.path: func(w http.ResponseWriter, _ int, a asked) {
		if a.header.Get("authorization") == "Bearer old" {
			say(w, 500, rejected("1", "EGW00123", "기간이 만료된 token 입니다."))
			return
		}
		say(w, 200, golden(t, "price"))
	}})
	o := options(t, s.URL)
	seed(t, open(t, o), "old")
	var all sync.WaitGroup
	for range 4 {
		c := open(t, o)
		for range 4 {
			all.Go(func() {
				if _, err := c.Quote(t.Context(), "005930"); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if n := s.count(issueToken); n != 1 {
		t.Errorf("%d tokens", n)
	}
}

// moving is a client whose market clock the test moves.
func moving(t *testing.T, s *stub) (*Client, *atomic.Int64) {
	o := options(t, s.URL)
	var elapsed atomic.Int64
	o.Now = func() time.Time { return noon.Add(time.Duration(elapsed.Load())) }
	return open(t, o), &elapsed
}

func TestATokenIsAskedForOnceAMinuteAndLessOftenWhenRefused(t *testing.T) {
	s := newStub(t, map[string]answer{issueToken.path: always(403, `{"error_code":"EGW00133","error_description":"…"}`)})
	c, elapsed := moving(t, s)
	var asked []int
	for second := range 3600 {
		elapsed.Store(int64(time.Duration(second) * time.Second))
		before := s.count(issueToken)
		if _, err := c.Quote(t.Context(), "005930"); err == nil {
			t.Fatal("no error")
		}
		if s.count(issueToken) > before {
			asked = append(asked, second)
		}
	}
	if want := "[0 120 360 840 1800 2760]"; fmt.Sprint(asked) != want {
		t.Errorf("asked at seconds %v, want %s", asked, want)
	}
}

func TestATokenWhoseAnswerIsBrokenIsAskedForAgainAfterAMinute(t *testing.T) {
	for _, c := range []struct {
		status int
		want   string
	}{
		{502, "[0 60 120 180 240]"}, // a gateway that is down says nothing about the key
		{403, "[0 120]"},            // a lock-out says it with the status alone
	} {
		s := newStub(t, map[string]answer{issueToken.path: always(c.status, "<html>")})
		client, elapsed := moving(t, s)
		var asked []int
		for second := range 300 {
			elapsed.Store(int64(time.Duration(second) * time.Second))
			before := s.count(issueToken)
			if _, err := client.Quote(t.Context(), "005930"); err == nil {
				t.Fatal("no error")
			}
			if s.count(issueToken) > before {
				asked = append(asked, second)
			}
		}
		if fmt.Sprint(asked) != c.want {
			t.Errorf("status %d: asked at seconds %v, want %s", c.status, asked, c.want)
		}
	}
}

func TestATokenThatDiesAtOnceIsNotAskedForAgainWithinAMinute(t *testing.T) {
	s := newStub(t, map[string]answer{price.path: always(500, rejected("1", "EGW00123", ""))})
	c, elapsed := moving(t, s)
	var asked []int
	for second := range 200 {
		elapsed.Store(int64(time.Duration(second) * time.Second))
		before := s.count(issueToken)
		_, _ = c.Quote(t.Context(), "005930")
		if s.count(issueToken) > before {
			asked = append(asked, second)
		}
	}
	if want := "[0 60 120 180]"; fmt.Sprint(asked) != want {
		t.Errorf("asked at seconds %v, want %s", asked, want)
	}
}

func TestATokenRequestThatDidNotLeaveDoesNotCount(t *testing.T) {
	s := newStub(t, map[string]answer{price.path: file(t, "price")})
	o := options(t, s.URL)
	o.BaseURL = "http://127.0.0.1:1" // nobody listens
	c := open(t, o)
	_, err := c.Quote(t.Context(), "005930")
	kind(t, err, broker.Unsent)
	o.BaseURL = s.URL
	if _, err := open(t, o).Quote(t.Context(), "005930"); err != nil {
		t.Error(err)
	}
}

func TestABadKeyIsUnauthorised(t *testing.T) {
	c, _ := fresh(t, map[string]answer{issueToken.path: always(403, `{"error_code":"EGW00103","error_description":"유효하지 않은 AppKey입니다."}`)})
	_, err := c.Quote(t.Context(), "005930")
	if e := kind(t, err, broker.Unauthorised); e.Code != "EGW00103" {
		t.Errorf("%v", err)
	}
	_, err = place(t, c, buy(1))
	if k := broker.KindOf(err); k != broker.Unsent && k != broker.Busy {
		t.Errorf("an order without a token: %v", err)
	}
}

func TestAStampOfTheFutureIsACLockThatWentBack(t *testing.T) {
	s := newStub(t, map[string]answer{price.path: file(t, "price")})
	c := open(t, options(t, s.URL))
	if err := c.tokens.save(cached{Env: Virtual, App: c.tokens.app, Asked: noon.Add(24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Quote(t.Context(), "005930"); err != nil {
		t.Error(err)
	}
}

func TestALostCacheIsNoReasonToStop(t *testing.T) {
	s := newStub(t, map[string]answer{price.path: file(t, "price")})
	o := options(t, s.URL)
	for _, content := range []string{"", "{", `{"env":"virtual","app":"` + testKey.fingerprint() + `","token":"a\nb"}`} {
		c := open(t, o)
		if err := os.WriteFile(filepath.Join(o.TokenDir, "token"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Quote(t.Context(), "005930"); err != nil {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestRevokeDropsTheTokenOfAllProcesses(t *testing.T) {
	live := "test-token-1"
	s := newStub(t, map[string]answer{
		revokeToken.path: func(w http.ResponseWriter, n int, _ asked) {
			if n == 0 {
				say(w, 500, rejected("1", "EGW00301", ""))
				return
			}
			live = "none"
			say(w, 200, `{"code":200,"message":"접근토큰 폐기에 성공하였습니다"}`)
		},
		price.path: func(w http.ResponseWriter, _ int, a asked) {
			if !strings.Contains(a.header.Get("authorization"), live) {
				say(w, 500, rejected("1", "EGW00121", "유효하지 않은 token 입니다."))
				return
			}
			say(w, 200, golden(t, "price"))
		},
	})
	c, elapsed := moving(t, s)
	if err := c.Revoke(t.Context()); err != nil || s.count(revokeToken) != 0 {
		t.Fatalf("nothing to revoke: %v", err)
	}
	if _, err := c.Quote(t.Context(), "005930"); err != nil {
		t.Fatal(err)
	}
	kind(t, c.Revoke(t.Context()), broker.Unclear)
	if err := c.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := s.of(revokeToken)[1]
	if a.body["appkey"] != string(testKey) || a.body["appsecret"] != string(testSecret) || !strings.Contains(a.body["token"], "test-token-1") {
		t.Errorf("revoked with %d keys", len(a.body))
	}
	_, err := c.Quote(t.Context(), "005930")
	kind(t, err, broker.Busy) // within the minute
	elapsed.Store(int64(2 * time.Minute))
	live = "test-token-2"
	if _, err := c.Quote(t.Context(), "005930"); err != nil {
		t.Error(err)
	}
}

func TestATokenAskedForIsOnDiskBeforeTheRequest(t *testing.T) {
	o := options(t, "")
	var dir string
	s := newStub(t, map[string]answer{price.path: file(t, "price"), issueToken.path: func(w http.ResponseWriter, _ int, _ asked) {
		data, err := os.ReadFile(filepath.Join(dir, "token"))
		if err != nil || !strings.Contains(string(data), `"asked":"2026-01-05T12:00:00+09:00"`) {
			t.Errorf("while asking: %s %v", data, err)
		}
		say(w, 200, golden(t, "token"))
	}})
	o.BaseURL, dir = s.URL, o.TokenDir
	if _, err := open(t, o).Quote(t.Context(), "005930"); err != nil {
		t.Fatal(err)
	}
}

func TestWaitingForAnotherProcessEndsWithTheContext(t *testing.T) {
	c, s := fresh(t, map[string]answer{price.path: file(t, "price")})
	other, err := openPrivate(filepath.Join(c.opts.TokenDir, "token.lock"), os.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := lock(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err = c.Quote(ctx, "005930")
	kind(t, err, broker.Unsent)
	unlock(other)
	if _, err := c.Quote(t.Context(), "005930"); err != nil || s.count(issueToken) != 1 {
		t.Errorf("%v after %d tokens", err, s.count(issueToken))
	}
}
