package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	lookEvery = 500 * time.Millisecond // how often a stream looks at the journal
	sayEvery  = 10                     // looks after which the clock is told although nothing happened
	sendIn    = 10 * time.Second       // a reader that takes nothing for so long is left
)

// events tells the page the number of the newest entry and the daemon's clock, whenever they move. The page then asks
// for what it shows again. A stream reads a pointer; the writer of the journal does not know that it exists.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.Header().Set("Retry-After", "10")
		w.Header().Set("Connection", "close") // and free its place for a page
		http.Error(w, fmt.Sprintf("%d pages are followed live already", streamsMax), http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	seq, quiet := int64(-1), 0
	for look := s.Every(ctx, lookEvery); ; {
		if now := s.Journal.Book().Seq(); now != seq || quiet >= sayEvery {
			seq, quiet = now, 0
			if err := s.send(w, out, seq); err != nil {
				return
			}
		}
		quiet++
		select {
		case <-ctx.Done():
			return
		case _, open := <-look:
			if !open {
				return
			}
		}
	}
}

func (s *server) send(w http.ResponseWriter, out *http.ResponseController, seq int64) error {
	data, err := json.Marshal(map[string]any{"seq": seq, "now": s.Now().Format(time.RFC3339), "mode": s.Journal.Book().State().Mode})
	if err != nil {
		return err
	}
	if err := out.SetWriteDeadline(s.Wall().Add(sendIn)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
		return err
	}
	return out.Flush()
}
