package dashboard

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"maemae/history"
	"maemae/journal"
	"maemae/market"
	"maemae/strategy"
)

// Options are what the dashboard reads from and acts through. Journal, Bars, Rules, Calendar, Token, Hosts, Now, Wall
// and Every are required.
type Options struct {
	Journal  *journal.Journal
	Bars     func(market.Symbol) (history.Bars, error) // completed bars; of kind fs.ErrNotExist when there are none
	Rules    func() *strategy.File                     // in force
	Source   func() string                             // text of the file of rules; nil shows none
	Calendar *market.Calendar
	Name     func(market.Symbol) string // Korean issue name, empty if unknown; nil knows what package market knows
	Limits   func() []Limit             // what the day has used of each limit; nil shows none
	Acts     Acts

	Token  string   // what a person logs in with: 32 characters or more
	Hosts  []string // the only Host headers answered: "127.0.0.1:8787"
	Secure bool     // served over TLS
	Lang   string   // "en" or "ko" where a browser asks for neither; empty is en

	Now   func() time.Time                                            // the daemon's clock
	Wall  func() time.Time                                            // the machine's clock: sessions and deadlines
	Every func(ctx context.Context, d time.Duration) <-chan time.Time // ticks until ctx ends
}

// Acts is all that a page may set in motion. by says who: the dashboard. A nil act is not offered.
type Acts struct {
	Halt   func(reason, by string) error
	Resume func(ctx context.Context, by string) error
	Kill   func(reason, by string) error
}

// Limit is one limit and how much of it is used, in Unit ("won", "orders" …).
type Limit struct {
	Name    string
	Unit    string
	Used    decimal.Decimal
	Allowed decimal.Decimal
}

//go:embed assets templates korean.txt
var files embed.FS

// server answers every request.
type server struct {
	Options
	ctx     context.Context // ends streams and background walks
	guard   *guard
	pages   map[string]*template.Template // by language and name: "ko today"
	streams chan struct{}                 // one place for each open stream
	sums    sums
	walk    walk
}

// streamsMax bounds the pages that follow live at once.
const streamsMax = 32

// New makes the handler. Its streams and background work end with ctx.
func New(ctx context.Context, o Options) (http.Handler, error) {
	switch {
	case o.Journal == nil || o.Bars == nil || o.Rules == nil || o.Calendar == nil || o.Now == nil || o.Wall == nil || o.Every == nil:
		return nil, errors.New("dashboard: an option is missing")
	case len(o.Token) < 32:
		return nil, errors.New("dashboard: the token is shorter than 32 characters")
	case len(o.Hosts) == 0:
		return nil, errors.New("dashboard: no host to answer as")
	}
	if o.Name == nil {
		o.Name = func(s market.Symbol) string { return market.Known(s).Name }
	}
	s := &server{Options: o, ctx: ctx, guard: newGuard(o), streams: make(chan struct{}, streamsMax)}
	s.guard.ask = s.login
	if err := s.parse(); err != nil {
		return nil, err
	}
	go s.catchUp()
	return s.guard.wrap(s.routes()), nil
}

// parse reads the templates, once for each language.
func (s *server) parse() error {
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	text, err := files.ReadFile("korean.txt")
	if err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	s.pages = map[string]*template.Template{}
	for _, v := range []voice{{lang: english}, {lang: korean, texts: dictionary(string(text))}} {
		for _, file := range names {
			from := []string{"templates/base.html", "templates/parts.html", file}
			name := strings.TrimSuffix(path.Base(file), ".html")
			switch name {
			case "base", "parts":
				continue
			case "login":
				from = []string{file}
			}
			t, err := template.New(path.Base(from[0])).Funcs(v.words(s.Name)).ParseFS(files, from...)
			if err != nil {
				return fmt.Errorf("dashboard: %w", err)
			}
			s.pages[string(v.lang)+" "+name] = t
		}
	}
	return nil
}

// page is what every template is given.
type page struct {
	Title string
	Name  string // of the template
	Lang  tongue
	CSRF  string
	Now   time.Time
	State journal.State
	Start journal.Start
	Data  any
}

// show renders a page with the header every page has. A template that fails midway shows nothing of itself.
func (s *server) show(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) {
	book := s.Journal.Book()
	lang := language(r, s.Lang)
	s.render(w, status, name, lang, page{Title: title, Name: name, Lang: lang, CSRF: s.guard.csrf(r), Now: s.Now(), State: book.State(), Start: book.Start(), Data: data})
}

// login shows the page that asks for the token; what says what was wrong with the last one.
func (s *server) login(w http.ResponseWriter, r *http.Request, status int, what string) {
	lang := language(r, s.Lang)
	s.render(w, status, "login", lang, struct {
		Lang tongue
		What string
	}{lang, what})
}

func (s *server) render(w http.ResponseWriter, status int, name string, lang tongue, data any) {
	var out bytes.Buffer
	if err := s.pages[string(lang)+" "+name].Execute(&out, data); err != nil {
		http.Error(w, "this page could not be drawn: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(lang))
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the reader is gone; there is nobody left to tell
}

// fail says what went wrong, on a page.
func (s *server) fail(w http.ResponseWriter, r *http.Request, status int, err error) {
	s.show(w, r, status, "error", "Error", struct {
		Status int
		Text   string
	}{status, err.Error()})
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	get := func(route string, h http.HandlerFunc) { mux.HandleFunc("GET "+route, s.spoken(h)) }
	get("/{$}", s.today)
	get("/decisions", s.decisions)
	get("/decisions/{id}", s.decision)
	get("/symbols", s.symbols)
	get("/symbols/{symbol}", s.symbol)
	get("/strategies", s.strategies)
	get("/orders", s.orders)
	get("/journal", s.journalPage)
	get("/log", s.log)
	get("/controls", s.controls)
	get("/licences", s.licences)
	mux.HandleFunc("GET /data/symbols/{symbol}", s.candles)
	mux.HandleFunc("GET /data/equity", s.equity)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /assets/{name...}", s.asset)
	mux.HandleFunc("POST /journal/verify", s.verify)
	mux.HandleFunc("POST /controls/{act}", s.act)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusNotFound, errors.New("there is no such page"))
	})
	return mux
}

// asset serves a vendored or own file. They hold nothing of the account.
func (s *server) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if info, err := fs.Stat(files, "assets/"+name); err != nil || info.IsDir() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "private, max-age=600")
	http.ServeFileFS(w, r, files, "assets/"+name)
}
