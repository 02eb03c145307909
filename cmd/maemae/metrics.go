package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/shopspring/decimal"

	"maemae/broker/kis"
	"maemae/journal"
	"maemae/risk"
)

// MetricsConfig is where Prometheus may ask; empty is nowhere.
type MetricsConfig struct {
	Listen string `yaml:"listen"`
}

func (c MetricsConfig) check() []wrong {
	if c.Listen == "" {
		return nil
	}
	if host, _, err := net.SplitHostPort(c.Listen); err != nil || !loopback(host) {
		return []wrong{{"metrics.listen", fmt.Sprintf("metrics.listen %q", c.Listen), "a loopback address and a port, 127.0.0.1:9464; let Prometheus reach it over a tunnel or a proxy"}}
	}
	return nil
}

// metrics counts what happens and, when asked, looks at what is. A gauge of won is a picture for a graph, rounded as a
// float rounds; the exact number is in the journal.
type metrics struct {
	registry  *prometheus.Registry
	slots     *prometheus.CounterVec
	slotTime  prometheus.Histogram
	decisions *prometheus.CounterVec
	refusals  *prometheus.CounterVec
	orders    *prometheus.CounterVec
	fills     *prometheus.CounterVec
	calls     *prometheus.CounterVec
	callTime  *prometheus.HistogramVec
	callWait  prometheus.Histogram
}

func newMetrics() *metrics {
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "maemae", Name: name, Help: help}, labels)
	}
	times := func(name, help string) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Namespace: "maemae", Name: name, Help: help, Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100}}
	}
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		slots:     count("slots_total", "Slots by outcome: ran, closed, disputed, missed, overlapped, failed.", "outcome"),
		slotTime:  prometheus.NewHistogram(times("slot_duration_seconds", "From the start of a slot to its end, on the daemon's clock.")),
		decisions: count("decisions_total", "Decisions by answer: buy, sell, hold.", "answer"),
		refusals:  count("refusals_total", "Orders the risk gate refused, by check.", "check"),
		orders:    count("orders_total", "Orders by the outcome of their POST: accepted, rejected, unsent, unknown.", "outcome"),
		fills:     count("fill_entries_total", "Fills seen, by side; an order in parts counts each part.", "side"),
		calls:     count("kis_calls_total", "Calls to KIS by TR id and outcome; ok, or the kind of the error.", "tr", "outcome"),
		callTime:  prometheus.NewHistogramVec(times("kis_call_duration_seconds", "From sending a call to KIS to the end of its answer."), []string{"tr"}),
		callWait:  prometheus.NewHistogram(times("kis_limiter_wait_seconds", "How long a call to KIS waited for its turn under the rate limit.")),
	}
	m.registry.MustRegister(m.slots, m.slotTime, m.decisions, m.refusals, m.orders, m.fills, m.calls, m.callTime, m.callWait,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, outcome := range []string{"ran", "missed", "failed"} { // a rate needs a zero to start from
		m.slots.WithLabelValues(outcome)
	}
	m.orders.WithLabelValues(string(journal.Unknown))
	return m
}

func (m *metrics) heard(e journal.Entry) {
	switch b := e.Body.(type) {
	case journal.Slot:
		m.slots.WithLabelValues(b.Outcome).Inc()
		if !b.Started.IsZero() {
			m.slotTime.Observe(b.Ended.Sub(b.Started).Seconds())
		}
	case journal.Decision:
		m.decisions.WithLabelValues(string(b.Answer)).Inc()
	case journal.Refusal:
		m.refusals.WithLabelValues(b.Refusal.Code).Inc()
	case journal.Answer:
		m.orders.WithLabelValues(string(b.Outcome)).Inc()
	case journal.Fill:
		m.fills.WithLabelValues(string(b.Side)).Inc()
	}
}

func (m *metrics) called(c kis.Call) {
	tr, outcome := c.TR, string(c.Kind)
	if tr == "" {
		tr = c.Op
	}
	if outcome == "" {
		outcome = "ok"
	}
	m.calls.WithLabelValues(tr, outcome).Inc()
	m.callTime.WithLabelValues(tr).Observe(c.Took.Seconds())
	m.callWait.Observe(c.Waited.Seconds())
}

// observed are the daemon's numbers at the moment someone asks.
type observed struct {
	d      *daemon
	limits risk.Limits
	health *health
	token  string // file
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("maemae_"+name, help, labels, nil)
}

var (
	descMode     = describe("mode", "1 for the mode the daemon is in.", "mode")
	descOrders   = describe("orders_working", "Orders that are not final, by phase.", "phase")
	descUnknown  = describe("unknown_age_seconds", "Age of the oldest order whose outcome nobody knows; 0 for none.")
	descEquity   = describe("equity_won", "Equity as the account was last read.")
	descCash     = describe("cash_won", "D+2 cash as the account was last read.")
	descRealised = describe("realised_won", "Realised profit of the trade date, after costs.")
	descUsed     = describe("limit_used_ratio", "Used share of a limit of the day.", "limit")
	descEntries  = describe("journal_entries", "Entries of the journal.")
	descSize     = describe("journal_size_bytes", "Size of the journal's files.")
	descOffset   = describe("clock_offset_seconds", "KIS's clock minus ours.")
	descToken    = describe("token_age_seconds", "Age of the access token; absent without one.")
	descMoved    = describe("loop_age_seconds", "Since the trading loop last moved.")
	descRead     = describe("account_age_seconds", "Since the account was last read, on the daemon's clock.")
)

func (o observed) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descMode, descOrders, descUnknown, descEquity, descCash, descRealised, descUsed, descEntries, descSize, descOffset, descToken, descMoved, descRead} {
		ch <- d
	}
}

func (o observed) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	b, now := o.d.journal.Book(), o.d.clock.Now()
	for _, m := range []journal.Mode{journal.ModeReconciling, journal.ModeActive, journal.ModeReduceOnly, journal.ModeHalted, journal.ModeKilled} {
		is := 0.0
		if b.State().Mode == m {
			is = 1
		}
		gauge(descMode, is, string(m))
	}
	phases := map[journal.Phase]float64{journal.PhaseSending: 0, journal.PhaseUnknown: 0, journal.PhaseAbsent: 0, journal.PhaseOpen: 0}
	var oldest time.Duration
	for _, w := range b.Working("") {
		phases[w.Phase]++
		if w.Unresolved() {
			oldest = max(oldest, now.Sub(w.Sent))
		}
	}
	for p, n := range phases {
		gauge(descOrders, n, string(p))
	}
	gauge(descUnknown, oldest.Seconds())
	if a, ok := b.Account(); ok {
		gauge(descEquity, picture(a.Equity))
		gauge(descCash, picture(a.Cash))
		gauge(descRead, now.Sub(a.At).Seconds())
	}
	realised := b.Realised(b.Date())
	gauge(descRealised, picture(realised))
	if o.limits.OrdersPerDay > 0 {
		gauge(descUsed, float64(b.Sent(b.Date(), ""))/float64(o.limits.OrdersPerDay), "orders_per_day")
	}
	if o.limits.DailyLoss.IsPositive() && !realised.IsPositive() {
		gauge(descUsed, picture(realised.Neg())/picture(o.limits.DailyLoss), "daily_loss")
	}
	gauge(descEntries, float64(b.Seq()))
	gauge(descSize, float64(sizeOf(filepath.Join(o.d.state, "journal.db*"))))
	gauge(descOffset, o.d.kis.Offset().Seconds())
	gauge(descMoved, o.health.age().Seconds())
	if info, err := os.Stat(o.token); err == nil {
		gauge(descToken, time.Since(info.ModTime()).Seconds())
	}
}

// picture is a number of won as a graph shows it.
func picture(d decimal.Decimal) float64 {
	v, _ := d.Float64() // a graph does not mind the last digit
	return v
}

func sizeOf(pattern string) (sum int64) {
	files, _ := filepath.Glob(pattern) // the pattern is ours
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			sum += info.Size()
		}
	}
	return sum
}

// serveMetrics answers on a loopback address until the returned function is called.
func serveMetrics(listen string, m *metrics, h *health, state func() journal.State, trouble func(error)) (stop func(), err error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	h.handler(mux, state)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			trouble(fmt.Errorf("metrics: %w", err))
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = srv.Shutdown(ctx) // a slow reader is cut off
		_ = srv.Close()
		<-done
	}, nil
}
