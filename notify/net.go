package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Net is how messages leave the machine. The zero Net reaches public addresses over https.
type Net struct {
	// Private are further addresses that may be reached, such as one's own ntfy; a URL that names one of them in digits
	// may be plain http.
	Private  []netip.Prefix
	Resolver *net.Resolver  // default: the system's
	Roots    *x509.CertPool // default: the system's
}

// ErrAddress: a URL, or an address its name resolved to, is not one that messages may go to.
var ErrAddress = errors.New("address is not allowed")

const (
	sendTimeout = 20 * time.Second
	answerMax   = 64 << 10
)

// reserved are the ranges that netip's own questions do not cover: they lead home, to a neighbour, or nowhere.
var reserved = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("::/96"),
}

func (n Net) private(ip netip.Addr) bool {
	for _, p := range n.Private {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

func (n Net) allowed(ip netip.Addr) bool {
	ip = ip.Unmap()
	if n.private(ip) {
		return true
	}
	for _, p := range reserved {
		if p.Contains(ip) {
			return false
		}
	}
	return ip.Zone() == "" && ip.IsGlobalUnicast() && !ip.IsPrivate()
}

// control looks at the address that is really being dialled: after the name was resolved, so that a name which
// resolves anew to something else changes nothing.
func (n Net) control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %q: %w", address, ErrAddress)
	}
	if !n.allowed(a.Addr()) {
		return fmt.Errorf("dial %s: %w", a.Addr(), ErrAddress)
	}
	return nil
}

func (n Net) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: sendTimeout / 2, Resolver: n.Resolver, Control: n.control}
	return d.DialContext(ctx, network, address)
}

// parse takes an https URL without user and fragment; plain http only to a private address written in digits.
func (n Net) parse(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("this is no URL") // the parser's own words would repeat a secret
	}
	if u.Host == "" || u.Opaque != "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("URL of %q: %w: a host, and neither user nor fragment", u.Hostname(), ErrAddress)
	}
	ip, digits := netip.ParseAddr(u.Hostname())
	if digits == nil && !n.allowed(ip) {
		return nil, fmt.Errorf("URL of %q: %w", u.Hostname(), ErrAddress)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || digits != nil || !n.private(ip.Unmap())) {
		return nil, fmt.Errorf("URL of %q: %w: https only", u.Hostname(), ErrAddress)
	}
	return u, nil
}

// client speaks to the host of that URL and to no other.
func (n Net) client(u *url.URL) *http.Client {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	only := net.JoinHostPort(u.Hostname(), port)
	return &http.Client{
		Timeout:       sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives:      true, // minutes lie between messages
			TLSHandshakeTimeout:    sendTimeout / 2,
			MaxResponseHeaderBytes: answerMax,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.Roots},
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if !strings.EqualFold(address, only) {
					return nil, fmt.Errorf("dial %s: %w: not the configured host", address, ErrAddress)
				}
				return n.dial(ctx, network, address)
			},
		},
	}
}

// post sends and wants a 2xx; the answer's text is in the error, the URL, which may hold a secret, is not.
func post(ctx context.Context, c *http.Client, method, to, kind string, header http.Header, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return nil, bare(err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, bare(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerMax))
	if err != nil {
		return nil, bare(err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, fmt.Errorf("answered %s: %.200q", res.Status, answer)
	}
	return answer, nil
}

// bare is the error without the URL that net/http puts in front of it.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Beat asks a URL, to show whoever watches it that the program makes progress.
func (n Net) Beat(raw string) (func(ctx context.Context) error, error) {
	u, err := n.parse(raw)
	if err != nil {
		return nil, fmt.Errorf("heartbeat: %w", err)
	}
	c := n.client(u)
	return func(ctx context.Context) error {
		if _, err := post(ctx, c, http.MethodGet, u.String(), "", nil, nil); err != nil {
			return fmt.Errorf("heartbeat: %w", err)
		}
		return nil
	}, nil
}
