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
		if strings.HasPrefix(c.path, "/sim/") {
			s.serveClock(w, r, body)
			return
		}
		s.write(w, c, s.intercept(c, s.serve))
	})
}

// serve answers one call at the present moment.
func (s *Server) serve(c *call) *reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if err := s.catchUp(); err != nil {
		return failure(err)
	}
	a := s.answer(c)
	a.at, a.id = s.exchange.at, s.calls
	if s.routes[c.path].order {
		s.log(c, a)
	}
	return a
}

// log keeps an order POST and what became of it.
func (s *Server) log(c *call, a *reply) {
	sum := sha256.Sum256(c.body)
	p := Post{At: a.at, TR: c.header.Get("tr_id"), Digest: hex.EncodeToString(sum[:]), Code: a.code(), Number: a.number}
	if c.posted != nil {
		p.Account = c.posted["CANO"] + "-" + c.posted["ACNT_PRDT_CD"]
	}
	s.posts = append(s.posts, p)
}

// write sends an answer. The vendor's helper keeps only headers whose names are in lower case, so they are set as such.
func (s *Server) write(w http.ResponseWriter, c *call, a *reply) {
	body, err := json.Marshal(a.body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Date", a.at.UTC().Format(http.TimeFormat))
	h["tr_id"] = []string{c.header.Get("tr_id")}
	h["tr_cont"] = []string{a.continues}
	h["gt_uid"] = []string{fmt.Sprintf("%032x", a.id)}
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // a client that hung up wants no answer
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
