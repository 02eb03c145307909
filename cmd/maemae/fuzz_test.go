package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"maemae"
	"maemae/engine"
	"maemae/journal"
	"maemae/risk"
)

// FuzzConfig reads any text as a configuration. What is refused has a place; what is taken makes a gate whose every
// limit refuses, or is refused by the gate.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(maemae.ConfigExample))
	f.Add([]byte("version: 1\nenv: real\nlimits: {order_value: 1,000 KRW, collar: 1.5%, symbols: [\"005930\"]}\n"))
	f.Add([]byte("version: 1\nlimits:\n  order_value: \"1,000,000 KRW\"\n  drawdown: 99%\n  duplicate: 1h30m\n"))
	f.Add([]byte("exits_every: slot\ncalendar: [{date: 2026-11-19, open: \"10:00\", close: \"16:30\"}]\n"))
	f.Add([]byte("a: &x [*x]\n---\n"))
	f.Add([]byte(" .yaml: how.\n# Every key\nversion: 1\n  # by one stra\x95\xc9tegy\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := defaults()
		problems := decodeConfig("config.yaml", text, &c)
		for _, p := range problems {
			if p.File != "config.yaml" || p.Line < 1 || p.What == "" {
				t.Errorf("a problem without a place: %+v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		gate, err := risk.New(limits(c))
		if err != nil {
			return
		}
		if err := tried(gate); err != nil {
			t.Error(err)
		}
	})
}

// acted is a daemon that remembers what it was asked to do, and by whom.
type acted struct{ by []string }

func (a *acted) did(by string) error { a.by = append(a.by, by); return nil }

func (a *acted) Status() Status                                          { return Status{} }
func (a *acted) Halt(_, by string) error                                 { return a.did(by) }
func (a *acted) Resume(_ context.Context, by string) error               { return a.did(by) }
func (a *acted) Operate(o journal.Operator) error                        { return a.did(o.By) }
func (a *acted) Reload(by string) error                                  { return a.did(by) }
func (a *acted) Acknowledge(_ context.Context, _ int64, by string) error { return a.did(by) }
func (a *acted) Kill(_, by string) error                                 { return a.did(by) }
func (a *acted) CancelAll(context.Context) error                         { return a.did("unknown") }
func (a *acted) Arm(_ context.Context, _, _, by string) error            { return a.did(by) }
func (a *acted) Resolve(_ context.Context, r engine.Resolution) error    { return a.did(r.By) }
func (a *acted) Override(_ context.Context, _, _, by string) error       { return a.did(by) }
func (a *acted) Examine(context.Context, string) (engine.Suspect, error) {
	return engine.Suspect{}, nil
}

// FuzzControl sends any body to any route of the control socket: the answer is JSON, an act is done at most once and
// only by POST, and who did it is the kernel's word, whatever the body says.
func FuzzControl(f *testing.F) {
	routes := []string{"/status", "/halt", "/resume", "/reload", "/operate", "/examine", "/ack", "/kill", "/cancel", "/arm", "/resolve", "/override"}
	for i := range routes {
		f.Add(uint8(i), true, []byte(`{"Reason":"x","By":"root"}`))
		f.Add(uint8(i), false, []byte(`{"act":"adopt","symbol":"005930","shares":1,"by":"root"}{}`))
	}
	f.Add(uint8(4), true, []byte(`{"act":"adopt","strategy":"a","symbol":"005930","shares":9223372036854775808,"price":"1e999999999","by":"root"}`))
	f.Add(uint8(9), true, []byte(`{"Intent":"a#1","Bind":"1","By":"root"}`))
	f.Fuzz(func(t *testing.T, which uint8, post bool, body []byte) {
		d, method, route := &acted{}, http.MethodGet, routes[int(which)%len(routes)]
		if post {
			method = http.MethodPost
		}
		w := httptest.NewRecorder()
		controlHandler(d).ServeHTTP(w, httptest.NewRequest(method, route, bytes.NewReader(body)))
		if len(d.by) > 1 || len(d.by) == 1 && (!post || d.by[0] != "unknown" || w.Code != http.StatusOK) {
			t.Errorf("%s %s %q: done by %q, answered %d", method, route, body, d.by, w.Code)
		}
		if (w.Code == http.StatusOK || w.Code == http.StatusUnprocessableEntity) && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: %s", method, route, w.Body)
		}
		if w.Code == http.StatusOK && post && route != "/resume" && route != "/reload" && route != "/cancel" && !json.Valid(body) {
			t.Errorf("%s took %q", route, body)
		}
	})
}
