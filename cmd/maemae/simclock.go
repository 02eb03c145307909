package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// simClock is the clock of a simulator: it stands still until the daemon has nothing left to do, and then jumps. The
// moment is cached, so that asking for it costs no request.
type simClock struct {
	client *http.Client
	base   string
	now    atomic.Pointer[time.Time]
}

// errMarketOver is how a simulated market says that its data end here.
var errMarketOver = errors.New("the simulated market has no further sessions")

// dialSimClock reads the simulator's clock. Only a loopback address has one: the clock of a real market is the wall's.
func dialSimClock(ctx context.Context, base string) (*simClock, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("simulated clock: %w", err)
	}
	if !loopback(u.Hostname()) {
		return nil, hinted(fmt.Errorf("simulated clock: %s is not a loopback address", u.Host), "--clock sim works only against maemae sim on this machine")
	}
	c := &simClock{client: &http.Client{Timeout: 5 * time.Minute}, base: base}
	return c, c.ask(ctx, http.MethodGet, "/sim/clock", nil)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Now is the simulator's moment as last heard.
func (c *simClock) Now() time.Time { return *c.now.Load() }

// Wait moves the market to the moment.
func (c *simClock) Wait(ctx context.Context, until time.Time) error {
	if !until.After(c.Now()) {
		return ctx.Err()
	}
	body, err := json.Marshal(map[string]string{"to": until.Format(time.RFC3339Nano)})
	if err != nil {
		return err
	}
	return c.ask(ctx, http.MethodPost, "/sim/advance", body)
}

func (c *simClock) ask(ctx context.Context, method, path string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("simulated clock: %w", err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("simulated clock: %w", err)
	}
	switch {
	case res.StatusCode == http.StatusGone:
		return errMarketOver
	case res.StatusCode == http.StatusConflict && method == http.MethodPost:
		// An earlier wait was broken off after the simulator had taken it: its clock is ahead of what we know.
		return c.ask(ctx, http.MethodGet, "/sim/clock", nil)
	}
	if res.StatusCode != http.StatusOK {
		return hinted(fmt.Errorf("simulated clock: %s: %s", res.Status, bytes.TrimSpace(data)), "is the simulator's clock stepped? maemae sim --clock stepped")
	}
	var answer struct {
		Now time.Time `json:"now"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Now.IsZero() {
		return fmt.Errorf("simulated clock: no moment in the answer")
	}
	c.now.Store(&answer.Now)
	return nil
}
