package kissim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Handler serves KIS's paths, and to callers on this machine the clock: GET /sim/clock and POST /sim/advance.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "body too long or broken off", http.StatusRequestEntityTooLarge)
			return
		}
		c := newCall(r, body)
		switch {
		case c.path == "/sim/faults":
			s.serveFaults(w, r, body)
			return
		case strings.HasPrefix(c.path, "/sim/"):
			s.serveClock(w, r, body)
			return
		}
		if s.arrive(c); c.fault != nil {
			s.suffer(w, r, c)
			return
		}
		a := s.word(c, s.serve(c))
		s.keep(c, a)
		a.write(w)
	})
}

// arrive logs an order and lets the faults have a call, before anything becomes of it.
func (s *Server) arrive(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.catchUp() // what is wrong with the market is told by the answer
	if s.routes[c.path].order {
		sum := sha256.Sum256(c.body)
		c.post = &Post{At: s.exchange.at, TR: c.header.Get("tr_id"), Digest: hex.EncodeToString(sum[:])}
		s.posts = append(s.posts, c.post)
	}
	if c.fault = s.strike(service(c.path)); c.fault != nil && acts[c.fault.Do].enter != nil {
		acts[c.fault.Do].enter(s, c)
	}
}

// serve answers one call at the present moment.
func (s *Server) serve(c *call) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.catchUp(); err != nil {
		return failure(err)
	}
	return s.execute(c)
}

// execute carries a call out; the lock is held and the market is at the call's moment.
func (s *Server) execute(c *call) *reply {
	s.calls++
	a := s.answer(c)
	a.at, a.id = s.exchange.at, s.calls
	if p := c.post; p != nil {
		p.Code, p.Number = a.code(), a.number
		if c.posted != nil {
			p.Account = c.posted["CANO"] + "-" + c.posted["ACNT_PRDT_CD"]
		}
	}
	return a
}

// word writes an answer as bytes. The vendor's helper keeps only headers whose names are in lower case, so they are set
// as such.
func (s *Server) word(c *call, r *reply) *answer {
	body, err := appendJSON(nil, r.body)
	if err != nil {
		return &answer{status: http.StatusInternalServerError, header: http.Header{}, body: []byte(err.Error())}
	}
	a := &answer{status: r.status, header: http.Header{}, body: body}
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	a.header.Set("Date", r.at.UTC().Format(http.TimeFormat))
	a.header["tr_id"] = []string{c.header.Get("tr_id")}
	a.header["tr_cont"] = []string{r.continues}
	a.header["gt_uid"] = []string{fmt.Sprintf("%032x", r.id)}
	return a
}

// serveClock answers /sim/clock and /sim/advance.
func (s *Server) serveClock(w http.ResponseWriter, r *http.Request, body []byte) {
	status, problem := http.StatusOK, ""
	switch {
	case !loopback(r.RemoteAddr):
		status, problem = http.StatusForbidden, "the clock is for callers on this machine"
	case r.URL.Path == "/sim/clock" && r.Method == http.MethodGet:
	case r.URL.Path == "/sim/advance" && r.Method == http.MethodPost:
		var in struct {
			To time.Time `json:"to"`
		}
		if err := json.Unmarshal(body, &in); err != nil || in.To.IsZero() {
			status, problem = http.StatusBadRequest, `want {"to": "2006-01-02T15:04:05+09:00"}`
		} else if err := s.Advance(in.To); errors.Is(err, ErrOver) {
			status, problem = http.StatusGone, err.Error()
		} else if err != nil {
			status, problem = http.StatusConflict, err.Error()
		}
	default:
		status, problem = http.StatusNotFound, "want GET /sim/clock or POST /sim/advance"
	}
	now, next := s.moments()
	answer := map[string]string{"now": rfc(now), "next": rfc(next)}
	if problem != "" {
		answer = map[string]string{"error": problem}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a caller that hung up wants no answer
}

// loopback tells whether a peer is on this machine.
func loopback(peer string) bool {
	address, err := netip.ParseAddrPort(peer)
	return err == nil && address.Addr().Unmap().IsLoopback()
}
