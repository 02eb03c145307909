package kis

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"maemae/broker"
)

const (
	readTries = 4   // of one read, the first included
	pagesMax  = 100 // of one list: more than the thousand orders of a day that risk allows, at fifteen rows a page
	walksMax  = 4   // of one list, the first included, when it changes while it is read
)

// reply is an answer that is a JSON object. Whether it says yes is another question.
type reply struct {
	status   int
	cont     string // tr_cont: F or M when more pages follow
	sent     time.Time
	received time.Time
	body     fields
}

// flag is rt_cd as text, and whether the answer has one; KIS writes a string, and anything else is not taken for one.
func (r reply) flag() (flag string, has bool) {
	value, has := r.body["rt_cd"]
	if json.Unmarshal(value, &flag) != nil {
		flag = ""
	}
	return flag, has
}

// verdict is nil for an answer that says yes: rt_cd "0", to the letter, with status 200.
func (r reply) verdict(t tr, order bool) error {
	if flag, _ := r.flag(); flag == "0" && r.status == http.StatusOK {
		return nil
	}
	return r.refusal(t, order)
}

// refusal is the error that an answer stands for which did not say yes. A code counts in its own envelope only: msg_cd
// beside an rt_cd that says no, error_code (of /oauth2) without any.
func (r reply) refusal(t tr, order bool) *broker.Error {
	e := &broker.Error{Op: t.name, Kind: broker.Unclear,
		Code: clip(r.body.text("msg_cd", "error_code")),
		Text: clip(r.body.text("msg1", "error_description"))}
	flag, has := r.flag()
	if has && flag != "" && flag != "0" || !has && r.body.text("error_code") != "" {
		e.Kind = kindOf(e.Code, order)
	}
	if e.Kind == broker.Unclear {
		e.Err = fmt.Errorf("HTTP %d, rt_cd %q, no answer known by its code", r.status, clip(flag))
	}
	return e
}

// get is one read, repeated while its error is one that passes.
func (c *Client) get(ctx context.Context, t tr, query url.Values, cont string) (reply, error) {
	if _, offered := t.id(c.opts.Env); !offered {
		return reply{}, &broker.Error{Op: t.name, Kind: broker.Refused, Err: ErrNotOffered}
	}
	var rejected Secret
	for try := 1; ; try++ {
		token, err := c.tokens.get(ctx, rejected)
		if err != nil {
			return reply{}, asError(t, broker.Unsent, err)
		}
		r, err := c.getOnce(ctx, t, query, cont, token)
		var e *broker.Error
		switch {
		case err == nil:
			return r, nil
		case try == readTries || !errors.As(err, &e) || ctx.Err() != nil:
			return reply{}, err
		case deadToken(e.Code) && rejected == "":
			rejected = token
		case e.Kind == broker.Refused || e.Kind == broker.Unauthorised || strings.Contains(e.Text, changed):
			return reply{}, err
		case sleep(ctx, c.pause<<(try-1)) != nil:
			return reply{}, err
		}
	}
}

func (c *Client) getOnce(ctx context.Context, t tr, query url.Values, cont string, token Secret) (r reply, err error) {
	call := c.begin(t)
	defer func() { call.end(r, err) }()
	if err := c.turn(ctx, strings.HasPrefix(t.path, trading)); err != nil {
		return r, asError(t, broker.Unsent, err)
	}
	call.left()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	req, err := c.request(ctx, http.MethodGet, t, nil, token)
	if err != nil {
		return r, asError(t, broker.Unsent, err)
	}
	req.URL.RawQuery = query.Encode()
	req.Header["tr_cont"] = []string{cont}
	sent := c.opts.Now()
	resp, err := c.reads.Do(req)
	if err != nil {
		return r, &broker.Error{Op: t.name, Kind: broker.Unclear, Err: bare(err)}
	}
	if r, err = c.receive(t, resp, sent, readBodyMax); err != nil {
		return r, err
	}
	return r, r.verdict(t, false)
}

// pages reads a list to its end: all pages or an error. KIS says so when the rows moved between two pages; then, and
// when its cursor comes back to where it was, the list is read again from the start.
func (c *Client) pages(ctx context.Context, t tr, query url.Values) (pages []reply, err error) {
	for range walksMax {
		pages, err = c.walk(ctx, t, query)
		var e *broker.Error
		if !errors.Is(err, errCursor) && !(errors.As(err, &e) && strings.Contains(e.Text, changed)) {
			break
		}
	}
	return pages, err
}

var errCursor = errors.New("the list's cursor came back")

func (c *Client) walk(ctx context.Context, t tr, query url.Values) ([]reply, error) {
	var (
		pages []reply
		cont  string
		seen  = map[string]bool{}
	)
	query.Set("CTX_AREA_FK100", "")
	query.Set("CTX_AREA_NK100", "")
	for range pagesMax {
		r, err := c.get(ctx, t, query, cont)
		if err != nil {
			return nil, err
		}
		pages = append(pages, r)
		if r.cont != "F" && r.cont != "M" {
			return pages, nil
		}
		// The areas go back as they came, padding and all.
		fk, nk := r.body.raw("ctx_area_fk100"), r.body.raw("ctx_area_nk100")
		if strings.TrimSpace(nk) == "" || seen[fk+"\x00"+nk] {
			return nil, &broker.Error{Op: t.name, Kind: broker.Unclear, Err: errCursor}
		}
		seen[fk+"\x00"+nk] = true
		query.Set("CTX_AREA_FK100", fk)
		query.Set("CTX_AREA_NK100", nk)
		cont = "N"
	}
	return nil, &broker.Error{Op: t.name, Kind: broker.Unclear, Err: fmt.Errorf("more than %d pages", pagesMax)}
}

// post is one POST: what is sent, and the two questions asked on the way.
type post struct {
	tr    tr
	token Secret // empty for calls that go without
	hash  string // of the body, by hashkey; may be empty
	body  []byte
	ready func() error             // asked by the write of the first byte; may be nil
	check func(answer reply) error // whether the answer says yes
}

// post sends one request over a connection of its own that cannot carry a second: no pool, no redirect, no repetition.
// It goes before reads of prices: hash and token, too, are what an order waits for.
// Every error before the first byte is Unsent. After it an error is what check makes of the answer, and Unclear without
// one.
func (c *Client) post(ctx context.Context, p post) (r reply, err error) {
	call := c.begin(p.tr)
	defer func() { call.end(r, err) }()
	if err := c.turn(ctx, true); err != nil {
		return r, asError(p.tr, broker.Unsent, err)
	}
	call.left()
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	req, err := c.request(ctx, http.MethodPost, p.tr, p.body, p.token)
	if err != nil {
		return r, asError(p.tr, broker.Unsent, err)
	}
	if p.hash != "" {
		req.Header["hashkey"] = []string{p.hash}
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return r, asError(p.tr, broker.Unsent, bare(err))
	}
	defer conn.Close()
	asked := &guarded{Conn: conn, ready: p.ready}
	sent := c.opts.Now()
	resp, err := once(asked).RoundTrip(req)
	if err != nil {
		if why := asked.unsent(bare(err)); why != nil {
			return r, asError(p.tr, broker.Unsent, why)
		}
		return r, &broker.Error{Op: p.tr.name, Kind: broker.Unclear, Err: bare(err)}
	}
	if r, err = c.receive(p.tr, resp, sent, postBodyMax); err != nil {
		return r, err
	}
	return r, p.check(r)
}

// guarded is a connection whose first write asks once more whether it may. Asked any earlier, a kill could come between
// the question and the byte: net/http writes from a goroutine of its own, which may be late.
type guarded struct {
	net.Conn
	ready func() error

	mu    sync.Mutex
	asked bool
	no    error
}

func (g *guarded) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.asked && g.ready != nil {
		g.no = g.ready()
	}
	g.asked = true
	if g.no != nil {
		return 0, g.no
	}
	return g.Conn.Write(b)
}

// unsent is why no byte was written, nil where one was. When it returns, none ever will be that was not.
func (g *guarded) unsent(failure error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.asked {
		g.asked, g.no = true, failure
	}
	return g.no
}

// dial connects to KIS, TLS included.
func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := c.connect(ctx)
	if err != nil || c.base.Scheme != "https" {
		return conn, err
	}
	secure := tls.Client(conn, c.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// connect is the bare connection.
func (c *Client) connect(ctx context.Context) (net.Conn, error) {
	if c.opts.Dial != nil {
		return c.opts.Dial(ctx)
	}
	port := c.base.Port()
	if port == "" {
		port = c.base.Scheme
	}
	return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", net.JoinHostPort(c.base.Hostname(), port))
}

// turn waits for the call's place under the rate limit.
func (c *Client) turn(ctx context.Context, order bool) error {
	if c.opts.Dial != nil {
		return ctx.Err()
	}
	return c.limit.wait(ctx, order)
}

// once is a transport that owns exactly this connection. Whatever makes net/http want another (a redirect, a replay of
// a request it thinks idempotent) finds none.
func once(conn net.Conn) *http.Transport {
	given := false
	give := func(context.Context, string, string) (net.Conn, error) {
		if given {
			return nil, errors.New("the connection of this request is spent")
		}
		given = true
		return conn, nil
	}
	return &http.Transport{
		DialContext:            give,
		DialTLSContext:         give,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: headerMax,
	}
}

// request builds what every call carries. Errors made from it must not: its URL holds the account, its header the keys.
func (c *Client) request(ctx context.Context, method string, t tr, body []byte, token Secret) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+t.path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("bad address")
	}
	req.GetBody = nil // nothing may send the body a second time
	if body == nil {
		req.Body, req.ContentLength = nil, 0
	}
	// Names as KIS writes them; Set would capitalise them.
	req.Header["content-type"] = []string{"application/json; charset=utf-8"}
	req.Header["User-Agent"] = []string{c.opts.UserAgent}
	if t == issueToken || t == revokeToken {
		return req, nil
	}
	req.Header["appkey"] = []string{c.opts.AppKey.Reveal()}
	req.Header["appsecret"] = []string{c.opts.AppSecret.Reveal()}
	req.Header["custtype"] = []string{"P"} // 개인
	if token != "" {
		req.Header["authorization"] = []string{"Bearer " + token.Reveal()}
	}
	if id, _ := t.id(c.opts.Env); id != "" {
		req.Header["tr_id"] = []string{id}
	}
	return req, nil
}

// compare moves the offset by no more than an answer proves. Its date, which is cut to the second, was written at some
// moment between the two of ours: a slow answer says little.
func (c *Client) compare(date, sent, received time.Time) {
	least, most := int64(date.Sub(received)), int64(date.Add(time.Second).Sub(sent))
	for {
		was := c.offset.Load()
		if c.offset.CompareAndSwap(was, min(max(was, least), most)) {
			return
		}
	}
}

// receive reads an answer to its end, within max bytes.
func (c *Client) receive(t tr, resp *http.Response, sent time.Time, max int64) (reply, error) {
	defer resp.Body.Close()
	r := reply{status: resp.StatusCode, cont: strings.TrimSpace(resp.Header.Get("tr_cont")), sent: sent}
	body, err := io.ReadAll(io.LimitReader(resp.Body, max+1))
	r.received = c.opts.Now()
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.compare(date, sent, r.received)
	}
	switch {
	case err != nil:
		err = bare(err)
	case int64(len(body)) > max:
		err = fmt.Errorf("an answer above %d bytes", max)
	default:
		r.body, err = decode(body)
	}
	if err != nil {
		return r, &broker.Error{Op: t.name, Kind: broker.Unclear, Err: fmt.Errorf("HTTP %d: %w", r.status, err)}
	}
	return r, nil
}

// bare is the cause without the URL that net/http wraps around it.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// running is a Call in the making.
type running struct {
	Call
	tell          func(Call)
	asked, leaves time.Time
}

func (c *Client) begin(t tr) *running {
	id, _ := t.id(c.opts.Env)
	return &running{Call: Call{Op: t.name, TR: id, Path: t.path}, tell: c.opts.Observe, asked: time.Now()}
}

// left notes that the call got its turn.
func (r *running) left() {
	r.leaves = time.Now()
	r.Waited = r.leaves.Sub(r.asked)
}

// end reports the call.
func (r *running) end(answer reply, err error) {
	if r.tell == nil {
		return
	}
	if r.leaves.IsZero() {
		r.left()
	}
	r.Took, r.Status = time.Since(r.leaves), answer.status
	if err == nil {
		r.Code = clip(answer.body.text("msg_cd", "error_code"))
	} else {
		r.Kind = broker.KindOf(err)
		var e *broker.Error
		if errors.As(err, &e) {
			r.Code = e.Code
		}
	}
	r.tell(r.Call)
}
