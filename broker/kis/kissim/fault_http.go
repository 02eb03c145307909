package kissim

import (
	"encoding/json"
	"net/http"
)

// state is a line with what became of it, as GET /sim/faults shows it.
type state struct {
	Fault
	Calls int `json:"calls"` // of its kind that arrived in its hours
	Hits  int `json:"hits"`
}

// serveFaults answers /sim/faults: POST puts the script in the body in force (an empty one ends all faults), and both
// methods answer with the lines in force and what they struck.
func (s *Server) serveFaults(w http.ResponseWriter, r *http.Request, body []byte) {
	status, problem := http.StatusOK, ""
	switch {
	case !loopback(r.RemoteAddr):
		status, problem = http.StatusForbidden, "faults are for callers on this machine"
	case r.Method == http.MethodPost:
		script, err := ParseFaults(body)
		if err == nil {
			err = s.SetFaults(script)
		}
		if err != nil {
			status, problem = http.StatusBadRequest, "line "+err.Error()
		}
	case r.Method != http.MethodGet:
		status, problem = http.StatusMethodNotAllowed, "want GET, or POST with a script"
	}
	var out any = map[string]string{"error": problem}
	if problem == "" {
		out = s.faultState()
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // a caller that hung up wants no answer
}

func (s *Server) faultState() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := struct {
		Faults []state `json:"faults"`
		Hits   []Hit   `json:"hits"`
	}{[]state{}, append([]Hit{}, s.hits...)}
	for _, l := range s.faults {
		out.Faults = append(out.Faults, state{l.Fault, l.calls, l.hits})
	}
	return out
}
