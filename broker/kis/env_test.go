package kis

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maemae/broker"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func tlsServer(t *testing.T, h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func roots(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func TestOnlyPureEnvironmentsStart(t *testing.T) {
	rows := []struct {
		name string
		set  func(*Options)
		ok   bool
	}{
		{"real at its host", func(o *Options) { o.Env, o.BaseURL, o.Limit = Real, "", 0 }, true},
		{"real at its host, spelled out", func(o *Options) { o.Env, o.BaseURL, o.Limit = Real, hosts[Real]+"/", 0 }, true},
		{"virtual at its host", func(o *Options) { o.BaseURL, o.Limit = "", 0 }, true},
		{"virtual at a simulator", func(o *Options) { o.BaseURL = "http://127.0.0.1:9000" }, true},
		{"virtual at a simulator, IPv6", func(o *Options) { o.BaseURL = "https://[::1]:9000" }, true},
		{"virtual at a simulator, by name", func(o *Options) { o.BaseURL = "http://localhost:9000/" }, true},
		{"real at a simulator", func(o *Options) { o.Env, o.BaseURL, o.Limit = Real, "http://127.0.0.1:9000", 0 }, false},
		{"real at the virtual host", func(o *Options) { o.Env, o.BaseURL, o.Limit = Real, hosts[Virtual], 0 }, false},
		{"virtual at the real host", func(o *Options) { o.BaseURL, o.Limit = hosts[Real], 0 }, false},
		{"a host like KIS's", func(o *Options) { o.BaseURL = "https://openapivts.koreainvestment.com.evil.example:29443" }, false},
		{"KIS's host without TLS", func(o *Options) { o.BaseURL = "http://openapivts.koreainvestment.com:29443" }, false},
		{"KIS's host at another port", func(o *Options) { o.BaseURL = "https://openapivts.koreainvestment.com:443" }, false},
		{"a name that hides behind loopback", func(o *Options) { o.BaseURL = "http://127.0.0.1:9000@evil.example" }, false},
		{"a name that looks local", func(o *Options) { o.BaseURL = "http://localhost.evil.example:9000" }, false},
		{"another machine", func(o *Options) { o.BaseURL = "http://192.168.0.7:9000" }, false},
		{"any address", func(o *Options) { o.BaseURL = "http://0.0.0.0:9000" }, false},
		{"a path", func(o *Options) { o.BaseURL = "http://127.0.0.1:9000/x" }, false},
		{"a query", func(o *Options) { o.BaseURL = "http://127.0.0.1:9000?x=1" }, false},
		{"another scheme", func(o *Options) { o.BaseURL = "ftp://127.0.0.1:9000" }, false},
		{"no URL", func(o *Options) { o.BaseURL = "127.0.0.1:9000" }, false},
		{"authorities of one's own for KIS", func(o *Options) { o.BaseURL, o.Limit, o.RootCAs = "", 0, x509.NewCertPool() }, false},
		{"a connection of one's own to KIS", func(o *Options) { o.BaseURL, o.Limit, o.Dial = "", 0, nowhere }, false},
		{"a connection of one's own to a simulator", func(o *Options) { o.Dial = nowhere }, true},
		{"no environment", func(o *Options) { o.Env = "" }, false},
		{"paper", func(o *Options) { o.Env = "paper" }, false},
		{"REAL", func(o *Options) { o.Env = "REAL" }, false},
		{"no key", func(o *Options) { o.AppKey = "" }, false},
		{"a key with a line end", func(o *Options) { o.AppKey += "\n" }, false},
		{"no secret", func(o *Options) { o.AppSecret = "" }, false},
		{"an account with a hyphen", func(o *Options) { o.Account.Number = "1234-678" }, false},
		{"a short account", func(o *Options) { o.Account.Number = "1234567" }, false},
		{"no product", func(o *Options) { o.Account.Product = "" }, false},
		{"a user agent that adds a header", func(o *Options) { o.UserAgent = "x\r\nIdempotency-Key: 1" }, false},
		{"no token directory", func(o *Options) { o.TokenDir = "" }, false},
		{"a rate KIS never granted", func(o *Options) { o.BaseURL, o.Limit = "", 21 }, false},
		{"a rate below one", func(o *Options) { o.Limit = -1 }, false},
		{"a rate no simulator needs", func(o *Options) { o.Limit = rateMaxLocal + 1 }, false},
	}
	for _, row := range rows {
		o := options(t, "http://127.0.0.1:9000")
		row.set(&o)
		c, err := New(o)
		if (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
		if err != nil {
			if strings.Contains(err.Error(), "CANARY") || strings.Contains(err.Error(), testNumber) {
				t.Errorf("%s: the error tells a secret: %v", row.name, err)
			}
			continue
		}
		_ = c.Close()
	}
}

func TestATokenDirectoryOfAnotherKeyOrEnvironmentIsRefused(t *testing.T) {
	s := newStub(t, map[string]answer{price.path: file(t, "price")})
	o := options(t, s.URL)
	c := open(t, o)
	if _, err := c.Quote(t.Context(), "005930"); err != nil {
		t.Fatal(err)
	}
	if _, err := New(o); err != nil {
		t.Errorf("the same again: %v", err)
	}
	other := o
	other.AppKey += "2"
	if _, err := New(other); err == nil {
		t.Error("another key took the token")
	}
	other = o
	other.Env, other.BaseURL, other.Limit = Real, "", 0
	if _, err := New(other); err == nil {
		t.Error("real took virtual's token")
	}
}

func TestATokenDirectoryThatOthersCanReadIsRefused(t *testing.T) {
	for _, name := range []string{".", "token", "token.lock", "calls"} {
		o := options(t, "http://127.0.0.1:9000")
		c := open(t, o)
		seed(t, c, "t")
		path := filepath.Join(o.TokenDir, name)
		if err := os.Chmod(path, 0o644|os.ModeDir&0o111); err != nil {
			t.Fatal(err)
		}
		if name == "." {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "chmod") {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := options(t, "http://127.0.0.1:9000")
	c := open(t, o)
	seed(t, c, "t")
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(filepath.Join(o.TokenDir, "token"), elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(o.TokenDir, "token")); err != nil {
		t.Fatal(err)
	}
	if _, err := New(o); err == nil {
		t.Error("a link was followed")
	}
}

func TestTheFilesAreForTheirOwnerAlone(t *testing.T) {
	o := options(t, "http://127.0.0.1:9000")
	c := open(t, o)
	seed(t, c, "t")
	entries, err := os.ReadDir(o.TokenDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 {
		t.Errorf("%d files", len(entries))
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, error %v", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(o.TokenDir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: mode %v, error %v", info.Mode(), err)
	}
}

func TestErrorsOfTheWireHoldNoSecretAndNoAccount(t *testing.T) {
	c, s := connect(t, map[string]answer{price.path: file(t, "price"), balance.path: hijack("", true), orderBuy.path: hijack("", true)})
	if _, err := c.Quote(t.Context(), "005930"); err != nil {
		t.Fatal(err)
	}
	_, err1 := c.Account(t.Context())
	_, err2 := place(t, c, buy(1))
	s.Close()
	_, err3 := c.Account(t.Context())
	_, err4 := place(t, c, buy(1))
	for _, err := range []error{err1, err2, err3, err4} {
		if err == nil {
			t.Fatal("no error")
		}
		clean(t, "an error", err)
	}
	kind(t, err1, broker.Unclear)
}

func nowhere(context.Context) (net.Conn, error) { return nil, errors.New("nobody is there") }

func TestAConnectionOfOnesOwnCarriesEveryCall(t *testing.T) {
	o := options(t, "http://127.0.0.1:9000")
	o.Dial = nowhere
	c := open(t, o)
	if _, err := c.Quote(t.Context(), "005930"); err == nil || !strings.Contains(err.Error(), "nobody is there") {
		t.Errorf("error %v, want that of the connection", err)
	}
}

// The environment's proxy would see every order.
func TestNoProxyStandsBetween(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	c, _ := fresh(t, nil)
	for what, tr := range map[string]http.RoundTripper{"reads": c.reads.Transport, "orders": once(nil)} {
		if tr.(*http.Transport).Proxy != nil {
			t.Errorf("%s go through the environment's proxy", what)
		}
	}
}
