package kis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"maemae/broker"
	"maemae/market"
)

// Env is the environment an app key belongs to.
type Env string

const (
	Real    Env = "real"    // 실전투자
	Virtual Env = "virtual" // 모의투자
)

// Options say who trades where. They are read once, by New.
type Options struct {
	Env       Env
	BaseURL   string // empty for the environment's own host; a loopback address (a simulator) for Virtual only
	AppKey    Secret
	AppSecret Secret
	Account   Account
	TokenDir  string // one directory per app key, shared by its processes: token and calls of the last second
	Limit     Rate   // calls a second; 0 for what KIS grants on the day
	Hashkey   bool   // have KIS sign the body of each order (hashkey), at the cost of a call
	UserAgent string // empty for a browser-like one: KIS has dropped connections of library defaults

	// Now is the market's clock: trade dates, the moments of reads, the age of permits and tokens. Nil for time.Now; a
	// simulator's clock where one is used. Time limits and the rate limit always run on real time.
	Now func() time.Time
	// Observe, if set, is told of every HTTP call, from the goroutine that made it.
	Observe func(Call)
	// RootCAs are the authorities of a simulator with TLS; KIS's hosts are always checked against the system's.
	RootCAs *x509.CertPool
	// Dial, if set, reaches a simulator in this very process in place of the network; BaseURL is then a loopback address
	// that nobody listens on, and Env is Virtual. Such a client never waits in real time, neither for its turn under the
	// rate limit nor before it repeats a read: a simulator whose clock is stepped has no seconds to wait for.
	Dial func(context.Context) (net.Conn, error)
}

// Call is one HTTP call as it went; it holds no secret, no account and no parameter.
type Call struct {
	Op     string // the last part of the path, as in broker.Error
	TR     string // TR id; empty for token and hashkey
	Path   string
	Status int           // HTTP status; 0 without an answer
	Kind   broker.Kind   // empty when it succeeded
	Code   string        // msg_cd or error_code
	Waited time.Duration // for its turn under the rate limit
	Took   time.Duration // from there to the end of the answer
}

// Client is one account at KIS. It is safe for concurrent use, and prints as environment and masked account.
type Client struct {
	opts   Options
	base   *url.URL
	reads  *http.Client
	tls    *tls.Config
	limit  *window
	tokens *tokens
	offset atomic.Int64  // see Offset
	pause  time.Duration // before a read's first repetition; doubles
}

var _ broker.Broker = (*Client)(nil)

const (
	userAgent = "Mozilla/5.0 (X11; Linux x86_64) maemae"

	dialTimeout = 3 * time.Second
	readTimeout = 15 * time.Second // one try; virtual takes 1 to 5 s as a rule
	postTimeout = 10 * time.Second // dial, request and answer of a POST

	readBodyMax = 1 << 20
	postBodyMax = 64 << 10
	headerMax   = 32 << 10

	rateMax      = 20   // more than KIS ever granted
	rateMaxLocal = 1000 // a simulator's affair
)

// New checks that environment, host, key, account and token directory fit together, and opens the directory. It makes
// no call: the first token is asked for by the first call that needs one.
func New(o Options) (*Client, error) {
	base, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("kis: %w", err)
	}
	if err := openDir(o.TokenDir); err != nil {
		return nil, fmt.Errorf("kis: token directory: %w", err)
	}
	c := &Client{opts: o, base: base, pause: 250 * time.Millisecond,
		tls: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs, ServerName: base.Hostname()}}
	c.reads = &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            func(ctx context.Context, _, _ string) (net.Conn, error) { return c.connect(ctx) },
			TLSClientConfig:        c.tls.Clone(),
			TLSHandshakeTimeout:    dialTimeout,
			TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // no HTTP/2
			MaxConnsPerHost:        64,
			MaxIdleConnsPerHost:    64,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: headerMax,
			DisableKeepAlives:      o.Dial != nil, // one call, one connection: nothing is repeated unseen
		},
	}
	c.tokens, err = openTokens(&tokens{dir: o.TokenDir, env: o.Env, app: o.AppKey.fingerprint(), now: o.Now, issue: c.issue})
	if err != nil {
		return nil, fmt.Errorf("kis: token: %w", err)
	}
	calls, err := openPrivate(filepath.Join(o.TokenDir, "calls"), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("kis: rate limit: %w", err)
	}
	c.limit = newWindow(calls, o.Limit)
	if o.Dial != nil {
		c.pause = 0
	}
	return c, nil
}

// complete fills in what may be left out and refuses what does not belong together.
func (o *Options) complete() (*url.URL, error) {
	host, ok := hosts[o.Env]
	if !ok {
		return nil, fmt.Errorf("environment %q: want %q or %q", string(o.Env), Real, Virtual)
	}
	if !o.AppKey.header() || !o.AppSecret.header() {
		return nil, fmt.Errorf("app key or app secret is empty or holds a character that no key has")
	}
	if err := o.Account.check(); err != nil {
		return nil, err
	}
	if o.TokenDir == "" {
		return nil, fmt.Errorf("no token directory")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.UserAgent == "" {
		o.UserAgent = userAgent
	}
	if strings.ContainsFunc(o.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, fmt.Errorf("user agent: a character that no header may hold")
	}
	local := o.BaseURL != "" && strings.TrimRight(o.BaseURL, "/") != host
	if !local {
		o.BaseURL = host
	}
	base, err := url.Parse(strings.TrimRight(o.BaseURL, "/"))
	if err != nil || base.Path != "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, fmt.Errorf("base address: want http://127.0.0.1:PORT")
	}
	limitMax := Rate(rateMax)
	if local {
		if err := simulator(o.Env, base); err != nil {
			return nil, err
		}
		limitMax = rateMaxLocal
	} else if o.RootCAs != nil || o.Dial != nil {
		return nil, fmt.Errorf("certificate authorities and connections of one's own are for a simulator, not for %s", base.Host)
	}
	if o.Limit == 0 {
		o.Limit = quota(o.Env, market.DateOf(o.Now()))
	}
	if o.Limit < 1 || o.Limit > limitMax {
		return nil, fmt.Errorf("rate limit %d: want 1 to %d calls a second", o.Limit, limitMax)
	}
	return base, nil
}

// simulator refuses an address that is neither KIS's own for the environment nor on this machine.
func simulator(e Env, base *url.URL) error {
	ip := net.ParseIP(base.Hostname())
	switch {
	case base.Scheme != "http" && base.Scheme != "https", ip == nil && base.Hostname() != "localhost", ip != nil && !ip.IsLoopback():
		return fmt.Errorf("base address %s: %s talks to %s or to a simulator on this machine", base.Redacted(), e, hosts[e])
	case e != Virtual:
		return fmt.Errorf("base address %s: a simulator is %s, never %s", base.Redacted(), Virtual, e)
	}
	return nil
}

// Offset is KIS's clock minus ours, as near to what it was before as the Date header of the newest answer allows: to a
// second, however long the answer took; 0 before the first.
func (c *Client) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// String names environment and masked account.
func (c *Client) String() string {
	return fmt.Sprintf("kis %s %s", string(c.opts.Env), c.opts.Account)
}

// Format writes the form of String for every verb, so that no way of printing shows a key.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// Close lets go of connections and files. A Client must not be used after it.
func (c *Client) Close() error {
	c.reads.CloseIdleConnections()
	return errors.Join(c.tokens.lockFile.Close(), c.limit.file.Close())
}

// Revoke tells KIS to drop the token that the app key's processes share, and forgets it. Without a token it does nothing.
func (c *Client) Revoke(ctx context.Context) error {
	err := c.tokens.forget(ctx, func(token Secret) error {
		_, err := c.oauth(ctx, revokeToken, map[string]string{"token": token.Reveal()},
			func(r reply) bool { return r.body.text("code") == "200" })
		return err
	})
	return asError(revokeToken, broker.Unclear, err)
}

// issue asks KIS for a token.
func (c *Client) issue(ctx context.Context) (Secret, error) {
	token := func(r reply) Secret { return Secret(r.body.text("access_token")) }
	r, err := c.oauth(ctx, issueToken, map[string]string{"grant_type": "client_credentials"},
		func(r reply) bool { return token(r).header() })
	if r.status == http.StatusForbidden && broker.KindOf(err) == broker.Unclear { // a key that is locked out; KIS may say so without a code
		err = &broker.Error{Op: issueToken.name, Kind: broker.Busy, Err: err}
	}
	if err != nil {
		return "", err
	}
	return token(r), nil
}

// oauth is a call about the token: it carries key and secret in its body, and its answer has no rt_cd.
func (c *Client) oauth(ctx context.Context, t tr, body map[string]string, good func(reply) bool) (reply, error) {
	body["appkey"], body["appsecret"] = c.opts.AppKey.Reveal(), c.opts.AppSecret.Reveal()
	data, err := json.Marshal(body)
	if err != nil {
		return reply{}, asError(t, broker.Unsent, err)
	}
	return c.post(ctx, post{tr: t, body: data, check: func(r reply) error {
		if r.status == http.StatusOK && good(r) {
			return nil
		}
		return r.refusal(t, false)
	}})
}

// asError makes any error a *broker.Error of the call; one that already holds one stays that.
func asError(t tr, kind broker.Kind, err error) error {
	if err == nil {
		return nil
	}
	var e *broker.Error
	if errors.As(err, &e) {
		return e
	}
	return &broker.Error{Op: t.name, Kind: kind, Err: err}
}
