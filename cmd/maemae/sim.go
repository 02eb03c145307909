package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"maemae/broker/kis/kissim"
)

func simCommand() *cobra.Command {
	var listen, start, cash, clock, faults string
	var useTLS bool
	var o kissim.Options
	c := &cobra.Command{
		Use:   "sim",
		Short: "KIS for one: a real server that a KIS client cannot tell from the mock host",
		Long: `sim serves KIS's REST interface for domestic stocks on loopback, with prices from CSV files or a seeded synthetic
market. When ready it prints one JSON line: where it listens, and key, secret and account to use.
Its clock runs in real time, or with --clock stepped only when a client moves it (POST /sim/advance).`,
		Example: "  maemae sim --seed 7 --clock stepped",
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if o.Cash, err = parseWon(cash); err != nil {
				return err
			}
			o.Clock = kissim.Clock(clock)
			if faults != "" {
				if o.Faults, err = kissim.LoadFaults(faults); err != nil {
					return err
				}
			}
			if start == "now" {
				o.Start = time.Now()
			} else if start != "" {
				if o.Start, err = time.Parse(time.RFC3339, start); err != nil {
					return hinted(usageError{fmt.Errorf("--start: %w", err)}, "2024-12-02T09:00:00+09:00, or now")
				}
			}
			host, _, err := net.SplitHostPort(listen)
			if err != nil || !loopback(host) {
				return hinted(usagef("--listen %s", listen), "the simulator listens on loopback only: 127.0.0.1:29443")
			}
			srv, err := kissim.New(o)
			if err != nil {
				return err
			}
			return serveSim(c.Context(), c.OutOrStdout(), srv, listen, useTLS)
		},
	}
	f := c.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:29443", "loopback address")
	f.StringVar(&o.Data, "data", "", "folder of SYMBOL.csv files (date,open,high,low,close,volume)")
	f.BoolVar(&o.Raw, "raw", false, "the files hold prices as they were traded, not adjusted")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the synthetic market")
	f.IntVar(&o.Symbols, "symbols", 20, "how many symbols the synthetic market has besides 005930 and 000660")
	f.StringVar(&o.Env, "env", "virtual", "virtual (모의투자) or real: TR ids, page sizes, rate and codes")
	f.StringVar(&start, "start", "", "market time to start at, RFC 3339, or now (default 10:00 of the last session)")
	f.StringVar(&clock, "clock", "real", "real, or stepped: time moves only when a client says so")
	f.StringVar(&cash, "cash", "100000000", "won in the account")
	f.StringSliceVar(&o.NoOrders, "no-orders", nil, "accounts without the right to order")
	f.StringVar(&o.AppKey, "app-key", "", "accept only this key (default: any)")
	f.StringVar(&o.AppSecret, "app-secret", "", "and this secret")
	f.StringVar(&o.Account, "account", "", "and this account, such as 50012345-01")
	f.IntVar(&o.Rate, "rate", 0, "calls a second (default: KIS's own for the environment)")
	f.StringVar(&faults, "faults", "", "script of faults to rehearse with (docs/FAULTS.md)")
	f.BoolVar(&useTLS, "tls", false, "serve HTTPS with a certificate made for the occasion")
	return c
}

func serveSim(ctx context.Context, out interface{ Write([]byte) (int, error) }, srv *kissim.Server, listen string, useTLS bool) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	scheme := "http"
	h := &http.Server{Handler: srv.Handler(), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10}
	if useTLS {
		scheme = "https"
		if h.TLSConfig, err = kissim.SelfSigned(); err != nil {
			return err
		}
	}
	ready := srv.Ready()
	ready.Listening = scheme + "://" + l.Addr().String()
	if err := json.NewEncoder(out).Encode(ready); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = h.Close() }) // Serve returns ErrServerClosed
	defer stop()
	if useTLS {
		err = h.ServeTLS(l, "", "")
	} else {
		err = h.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
