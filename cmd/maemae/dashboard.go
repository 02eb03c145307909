package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/zap"

	"maemae/dashboard"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

// DashboardConfig shows the daemon in a browser. Nothing listens without an address.
type DashboardConfig struct {
	Listen  string   `yaml:"listen"`
	Hosts   []string `yaml:"hosts"`
	TLSCert string   `yaml:"tls_cert"`
	TLSKey  string   `yaml:"tls_key"`
	Lang    string   `yaml:"lang"`
}

// check holds the address to what is safe: away from loopback only with TLS. It gives key, what and hint.
func (c DashboardConfig) check() (key, what, hint string) {
	switch {
	case c.Lang != "" && c.Lang != "en" && c.Lang != "ko":
		return "dashboard.lang", fmt.Sprintf("lang %q", c.Lang), "en or ko"
	case c.Listen == "":
		return "", "", ""
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return "dashboard", "one of tls_cert and tls_key alone", "a certificate needs its key"
	}
	at, err := netip.ParseAddrPort(c.Listen)
	switch {
	case err != nil:
		return "dashboard.listen", fmt.Sprintf("listen %q", c.Listen), `an address and a port: "127.0.0.1:8787"`
	case !at.Addr().IsLoopback() && c.TLSCert == "":
		return "dashboard.listen", fmt.Sprintf("listen %q without TLS", c.Listen), "127.0.0.1, or tls_cert and tls_key"
	case !at.Addr().IsLoopback() && len(c.Hosts) == 0:
		return "dashboard.hosts", "no hosts for an address that others reach", `the names browsers will use: ["trader.example:8787"]`
	}
	return "", "", ""
}

// tls is the configured certificate; nil without one.
func (c DashboardConfig) tls() (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, hinted(fmt.Errorf("dashboard: certificate: %w", err), "dashboard.tls_cert and tls_key name two PEM files")
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// hosts are the names the dashboard answers to.
func (c DashboardConfig) hosts(port string) []string {
	out := slices.Clone(c.Hosts)
	for _, name := range []string{"127.0.0.1", "localhost", "[::1]"} {
		out = append(out, name+":"+port)
	}
	return out
}

const (
	tokenFile      = "dashboard-token"
	connectionsMax = 128
)

// serveDashboard opens the dashboard until the context or stop ends it, and gives its address. source is the text of
// the rules in force.
func (d *daemon) serveDashboard(ctx context.Context, cfg DashboardConfig, token string, source func() string) (url string, stop func(), err error) {
	secure, err := cfg.tls()
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return "", nil, hinted(fmt.Errorf("dashboard: %w", err), "another address under dashboard.listen, or leave it empty")
	}
	ctx, cancel := context.WithCancel(ctx)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	h, err := dashboard.New(ctx, dashboard.Options{
		Journal: d.journal, Bars: d.feed.store.Load, Rules: d.rulesNow, Source: source, Calendar: d.cal, Name: d.feed.Name, Limits: d.limitsUsed,
		Acts:  dashboard.Acts{Halt: d.Halt, Resume: d.Resume, Kill: d.Kill},
		Token: token, Hosts: cfg.hosts(port), Secure: secure != nil, Lang: cfg.Lang,
		Now: d.clock.Now, Wall: time.Now, Every: every,
	})
	if err != nil {
		cancel()
		return "", nil, errors.Join(err, l.Close())
	}
	srv := &http.Server{Handler: h, TLSConfig: secure, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 60 * time.Second, MaxHeaderBytes: 16 << 10, ErrorLog: zap.NewStdLog(d.log.WithOptions(zap.IncreaseLevel(zap.ErrorLevel)))}
	bounded := &boundedListener{Listener: l, places: make(chan struct{}, connectionsMax)}
	done := make(chan struct{})
	scheme, serve := "http", srv.Serve
	if secure != nil {
		scheme, serve = "https", func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
	}
	go func() {
		defer close(done)
		if err := serve(bounded); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("the dashboard ended", zap.Error(err))
		}
	}()
	return scheme + "://" + l.Addr().String(), func() { cancel(); _ = srv.Close(); <-done }, nil
}

// rulesNow are the rules in force.
func (d *daemon) rulesNow() *strategy.File {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rules
}

// rulesText is the file of rules as long as it still is what was loaded.
func (d *daemon) rulesText() string {
	f := d.rulesNow()
	data, err := readBounded(d.cfg.Strategies, maxConfigBytes)
	if err != nil {
		return ""
	}
	if sum := sha256.Sum256(data); !strings.HasPrefix(hex.EncodeToString(sum[:]), f.Hash) {
		return ""
	}
	return string(data)
}

// limitsUsed are the day's limits with what is used of them.
func (d *daemon) limitsUsed() []dashboard.Limit {
	l, b := limits(d.cfg), d.journal.Book()
	today := market.DateOf(d.clock.Now())
	symbols, largest := map[market.Symbol]bool{}, decimal.Zero
	account, _ := b.Account()
	for _, h := range b.Holdings() {
		symbols[h.Symbol] = true
		if v := account.Holding(h.Symbol).Value; v.GreaterThan(largest) {
			largest = v
		}
	}
	for _, o := range b.Working("") {
		symbols[o.Intent.Order.Symbol] = true
	}
	count := func(n int) decimal.Decimal { return decimal.NewFromInt(int64(n)) }
	sent := 0
	if b.Date() == today {
		sent = b.Sent(today, "")
	}
	list := []dashboard.Limit{
		{Name: "orders_per_day", Unit: "orders", Used: count(sent), Allowed: count(l.OrdersPerDay)},
		{Name: "positions", Unit: "symbols", Used: count(len(symbols)), Allowed: count(l.Positions)},
		{Name: "largest_position", Unit: "won", Used: largest, Allowed: l.SymbolValue},
		{Name: "daily_loss", Unit: "won", Used: decimal.Max(decimal.Zero, d.lossOn(today, b)), Allowed: l.DailyLoss},
	}
	return slices.DeleteFunc(list, func(l dashboard.Limit) bool { return l.Allowed.IsZero() })
}

// lossOn is how far equity is below the last snapshot of an earlier date, or the first of this one: what the gate
// counts.
func (d *daemon) lossOn(today market.Date, b *journal.Book) decimal.Decimal {
	account, _ := b.Account()
	for _, q := range []journal.Query{{Until: today.At(0, 0), Newest: true}, {Since: today.At(0, 0)}} {
		q.Kinds, q.Limit = []string{journal.Snapshot{}.Kind()}, 1
		for e, err := range d.journal.Entries(context.Background(), q) {
			if s, ok := e.Body.(journal.Snapshot); err == nil && ok {
				return s.Account.Equity.Sub(account.Equity)
			}
		}
	}
	return decimal.Zero
}

// newToken is 256 random bits.
func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// dashboardToken reads the token of a state directory, or makes it. Nobody else may read the file.
func dashboardToken(state string) (token, path string, err error) {
	path = filepath.Join(state, tokenFile)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		token = newToken()
		return token, path, os.WriteFile(path, []byte(token+"\n"), 0o600)
	case err != nil:
		return "", path, fmt.Errorf("dashboard token: %w", err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0:
		return "", path, hinted(fmt.Errorf("dashboard token %s: others may read it (mode %04o)", path, info.Mode().Perm()), "remove it: the next start makes a new one")
	}
	data, err := readBounded(path, 1<<10)
	if err != nil {
		return "", path, fmt.Errorf("dashboard token: %w", err)
	}
	return strings.TrimSpace(string(data)), path, nil
}

// openDashboard serves the configured dashboard of a running daemon; stop is never nil.
func (d *daemon) openDashboard(ctx context.Context) (stop func(), err error) {
	if d.cfg.Dashboard.Listen == "" {
		return func() {}, nil
	}
	token, path, err := dashboardToken(d.state)
	if err != nil {
		return nil, err
	}
	url, stop, err := d.serveDashboard(ctx, d.cfg.Dashboard, token, d.rulesText)
	if err == nil {
		d.log.Info("dashboard", zap.String("url", url), zap.String("token_in", path))
	}
	return stop, err
}

// every ticks until the context ends.
func every(ctx context.Context, each time.Duration) <-chan time.Time {
	out := make(chan time.Time)
	go func() {
		t := time.NewTicker(each)
		defer t.Stop()
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-t.C:
				select {
				case <-ctx.Done():
					return
				case out <- now:
				}
			}
		}
	}()
	return out
}

// boundedListener keeps a bounded number of connections and hangs up on those beyond.
type boundedListener struct {
	net.Listener
	places chan struct{}
}

func (b *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case b.places <- struct{}{}:
			return &boundedConn{Conn: c, leave: sync.OnceFunc(func() { <-b.places })}, nil
		default:
			_ = c.Close()
		}
	}
}

// boundedConn gives its place back once.
type boundedConn struct {
	net.Conn
	leave func()
}

func (c *boundedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
