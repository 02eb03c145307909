package dashboard

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	sessionLasts = 12 * time.Hour
	loginsMax    = 5 // failed logins a minute
	bodyMax      = 64 << 10
)

// policy lets a page load its own script, style, image and data, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard stands before every page: who asks, from where, under which name.
type guard struct {
	token  string
	hosts  []string
	secure bool
	wall   func() time.Time
	cookie string // its name; another for each token, because cookies do not keep ports apart
	site   *http.CrossOriginProtection
	ask    func(w http.ResponseWriter, r *http.Request, status int, what string) // shows the login page

	mu     sync.Mutex
	failed []time.Time // recent failed logins
}

func newGuard(o Options) *guard {
	g := &guard{token: o.Token, hosts: o.Hosts, secure: o.Secure, wall: o.Wall, site: http.NewCrossOriginProtection()}
	g.cookie = "maemae-" + g.sign("cookie")[:8]
	return g
}

// wrap puts the guard before a handler.
func (g *guard) wrap(inside http.Handler) http.Handler {
	checked := g.site.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
		if err := r.ParseForm(); err != nil {
			status := http.StatusBadRequest
			if _, over := errors.AsType[*http.MaxBytesError](err); over {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, "this request cannot be read", status)
			return
		}
		switch {
		case r.URL.Path == "/login":
			g.login(w, r)
		case r.URL.Path == "/assets/style.css" || r.URL.Path == "/assets/icon.svg":
			inside.ServeHTTP(w, r) // the login page needs them
		case !g.known(r):
			g.refuse(w, r)
		case r.Method == http.MethodPost && !g.meant(r):
			http.Error(w, "this form is not of your session: load the page again", http.StatusForbidden)
		case r.URL.Path == "/logout":
			g.logout(w, r)
		default:
			inside.ServeHTTP(w, r)
		}
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(g.hosts, strings.ToLower(r.Host)) {
			http.Error(w, "this server does not answer under that name", http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		checked.ServeHTTP(w, r)
	})
}

// sign is a word that only the token's holder can make.
func (g *guard) sign(parts ...string) string {
	mac := hmac.New(sha256.New, []byte(g.token))
	for _, p := range parts {
		mac.Write([]byte(p))
		mac.Write([]byte{0})
	}
	return hex.EncodeToString(mac.Sum(nil))
}

func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return hmac.Equal(x[:], y[:])
}

// known tells whether the request carries a session that has not ended.
func (g *guard) known(r *http.Request) bool {
	c, err := r.Cookie(g.cookie)
	if err != nil {
		return false
	}
	until, mac, ok := strings.Cut(c.Value, ".")
	seconds, err := strconv.ParseInt(until, 10, 64)
	return ok && err == nil && equal(mac, g.sign("session", until)) && g.wall().Before(time.Unix(seconds, 0))
}

// csrf is the word that the session's forms carry; empty without a session.
func (g *guard) csrf(r *http.Request) string {
	c, err := r.Cookie(g.cookie)
	if err != nil || !g.known(r) {
		return ""
	}
	return g.sign("form", c.Value)
}

// meant tells whether a form comes from a page of this session.
func (g *guard) meant(r *http.Request) bool {
	word := g.csrf(r)
	return word != "" && equal(r.PostForm.Get("csrf"), word)
}

func (g *guard) refuse(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		g.ask(w, r, http.StatusUnauthorized, "")
		return
	}
	http.Error(w, "log in first", http.StatusUnauthorized)
}

// login takes the token from the address the daemon printed, or from the form, and starts a session.
func (g *guard) login(w http.ResponseWriter, r *http.Request) {
	token := ""
	switch r.Method {
	case http.MethodGet:
		token = r.Form.Get("token")
	case http.MethodPost:
		token = r.PostForm.Get("token")
	default:
		http.Error(w, "GET or POST", http.StatusMethodNotAllowed)
		return
	}
	// Another site may link here, but must neither log anyone in nor use up the attempts.
	if from := r.Header.Get("Sec-Fetch-Site"); token == "" || from == "cross-site" || from == "same-site" {
		g.ask(w, r, http.StatusOK, "")
		return
	}
	switch right, tooMany := g.attempt(token); {
	case tooMany:
		w.Header().Set("Retry-After", "60")
		g.ask(w, r, http.StatusTooManyRequests, "Too many wrong tokens: wait a minute.")
		return
	case !right:
		g.ask(w, r, http.StatusUnauthorized, "That is not the token.")
		return
	}
	until := g.wall().Add(sessionLasts)
	text := strconv.FormatInt(until.Unix(), 10)
	http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: text + "." + g.sign("session", text), Path: "/", MaxAge: int(sessionLasts / time.Second), HttpOnly: true, Secure: g.secure, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// attempt compares the token, at most so often a minute.
func (g *guard) attempt(token string) (right, tooMany bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.wall()
	g.failed = slices.DeleteFunc(g.failed, func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(g.failed) >= loginsMax {
		return false, true
	}
	if !equal(token, g.token) {
		g.failed = append(g.failed, now)
		return false, false
	}
	return true, false
}

func (g *guard) logout(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "POST", http.StatusMethodNotAllowed)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: g.cookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: g.secure, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}
