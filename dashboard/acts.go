package dashboard

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"maemae/journal"
)

// by is who an act through a page is journalled as.
const by = "dashboard"

// killWord is typed to kill.
const killWord = "kill"

// reasonMax bounds what a person may give as a reason, in bytes.
const reasonMax = 400

type controlsPage struct {
	Halt, Resume, Kill bool
	Word               string
	Recent             []telling
	Refused            string
}

func (s *server) controls(w http.ResponseWriter, r *http.Request) {
	s.controlsWith(w, r, http.StatusOK, "")
}

func (s *server) controlsWith(w http.ResponseWriter, r *http.Request, status int, refused string) {
	p := controlsPage{Halt: s.Acts.Halt != nil, Resume: s.Acts.Resume != nil, Kill: s.Acts.Kill != nil, Word: killWord, Refused: refused}
	for e, err := range s.Journal.Entries(r.Context(), journal.Query{Kinds: []string{"state"}, Newest: true, Limit: 10}) {
		if err != nil {
			s.fail(w, r, http.StatusInternalServerError, err)
			return
		}
		p.Recent = append(p.Recent, tell(e))
	}
	s.show(w, r, status, "controls", "Controls", p)
}

// act does one of the three things a page may do.
func (s *server) act(w http.ResponseWriter, r *http.Request) {
	reason := strings.TrimSpace(r.PostForm.Get("reason"))
	if len(reason) > reasonMax {
		s.controlsWith(w, r, http.StatusBadRequest, "the reason is too long")
		return
	}
	var err error
	switch act := r.PathValue("act"); {
	case act == "halt" && s.Acts.Halt != nil:
		err = s.Acts.Halt(reason, by)
	case act == "resume" && s.Acts.Resume != nil:
		err = s.Acts.Resume(r.Context(), by)
	case act == "kill" && s.Acts.Kill != nil:
		if strings.TrimSpace(r.PostForm.Get("word")) != killWord {
			s.controlsWith(w, r, http.StatusBadRequest, `type "`+killWord+`" to kill`)
			return
		}
		err = s.Acts.Kill(reason, by)
	default:
		s.fail(w, r, http.StatusNotFound, errors.New("there is no such act"))
		return
	}
	if err != nil {
		s.controlsWith(w, r, http.StatusUnprocessableEntity, err.Error())
		return
	}
	http.Redirect(w, r, "/controls", http.StatusSeeOther)
}

// walk is a verification of the whole journal, at most one at a time, in the background: five years take minutes.
type walk struct {
	mu      sync.Mutex
	running bool
	began   time.Time // by the machine's clock
	took    time.Duration
	report  journal.Report
	err     error
}

type journalPage struct {
	Seq     int64
	Rows    []telling
	Running bool
	Done    bool
	Took    time.Duration
	Report  journal.Report
	Damage  string
}

func (s *server) journalPage(w http.ResponseWriter, r *http.Request) {
	p := journalPage{Seq: s.Journal.Book().Seq()}
	s.walk.mu.Lock()
	p.Running, p.Done, p.Took, p.Report = s.walk.running, s.walk.took > 0, s.walk.took.Round(time.Millisecond), s.walk.report
	if s.walk.err != nil {
		p.Damage = s.walk.err.Error()
	}
	s.walk.mu.Unlock()
	for e, err := range s.Journal.Entries(r.Context(), journal.Query{Newest: true, Limit: rowsMax}) {
		if err != nil {
			s.fail(w, r, http.StatusInternalServerError, err)
			return
		}
		p.Rows = append(p.Rows, tell(e))
	}
	s.show(w, r, http.StatusOK, "journal", "Journal", p)
}

// verify starts a walk, unless one is on.
func (s *server) verify(w http.ResponseWriter, r *http.Request) {
	s.walk.mu.Lock()
	if !s.walk.running {
		s.walk.running, s.walk.began = true, s.Wall()
		go s.verifyAll(s.ctx)
	}
	s.walk.mu.Unlock()
	http.Redirect(w, r, "/journal", http.StatusSeeOther)
}

func (s *server) verifyAll(ctx context.Context) {
	report, err := s.Journal.Verify(ctx, "")
	s.walk.mu.Lock()
	defer s.walk.mu.Unlock()
	s.walk.running, s.walk.report, s.walk.err, s.walk.took = false, report, err, max(1, s.Wall().Sub(s.walk.began))
}

// licences shows the notices of what is vendored.
func (s *server) licences(w http.ResponseWriter, r *http.Request) {
	var out []string
	for _, name := range []string{"lightweight-charts.NOTICE", "lightweight-charts.LICENSE"} {
		text, err := fs.ReadFile(files, "assets/vendor/"+name)
		if err != nil {
			s.fail(w, r, http.StatusInternalServerError, err)
			return
		}
		out = append(out, string(text))
	}
	s.show(w, r, http.StatusOK, "licences", "Licences", out)
}
