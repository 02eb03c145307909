package dashboard_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"maemae/journal"
)

// stream opens the event stream and gives the numbers of the newest entry as they come.
func (s *stage) stream(t *testing.T, ctx context.Context, c *http.Client) (status int, seqs <-chan int64) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan int64, 16)
	go func() {
		defer close(out)
		defer res.Body.Close()
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var said struct{ Seq int64 }
				if json.Unmarshal([]byte(text), &said) == nil {
					out <- said.Seq
				}
			}
		}
	}()
	return res.StatusCode, out
}

func TestAStreamTellsOfNewEntries(t *testing.T) {
	tick := make(chan time.Time)
	s := set(t, func(context.Context, time.Duration) <-chan time.Time { return tick })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	status, seqs := s.stream(t, ctx, s.person(t))
	if status != 200 {
		t.Fatalf("stream: %d", status)
	}
	if got, want := <-seqs, s.journal.Book().Seq(); got != want {
		t.Errorf("first %d, want %d", got, want)
	}
	tick <- time.Time{} // nothing is new: nothing is said
	s.append(t, journal.Note{Level: "info", Text: "hello"})
	tick <- time.Time{}
	if got, want := <-seqs, s.journal.Book().Seq(); got != want {
		t.Errorf("then %d, want %d", got, want)
	}
	cancel()
	for range seqs {
		t.Error("something was said to nobody")
	}
}

func TestStreamsAreBoundedAndGiveTheirPlaceBack(t *testing.T) {
	s := set(t, nil)
	c := s.person(t)
	ctx, cancel := context.WithCancel(context.Background())
	var open []<-chan int64
	refused := 0
	for range 1000 {
		status, seqs := s.stream(t, ctx, c)
		if status == http.StatusServiceUnavailable {
			refused++
			for range seqs { // its end
			}
			continue
		}
		open = append(open, seqs)
		<-seqs
	}
	if len(open) != 32 || refused != 968 {
		t.Errorf("%d open, %d refused", len(open), refused)
	}
	if status, _ := s.get(t, c, "/"); status != 200 {
		t.Errorf("a page beside them: %d", status)
	}
	cancel()
	for _, seqs := range open {
		for range seqs {
		}
	}
	again, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	for {
		if status, _ := s.stream(t, again, c); status == 200 {
			return
		}
	}
}

func TestVendoredFilesAreWhatWasPublished(t *testing.T) {
	list, err := os.ReadFile("assets/vendor/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(list)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums[name] = sum
	}
	files, err := os.ReadDir("assets/vendor")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() == "SHA256SUMS" || strings.HasSuffix(f.Name(), ".NOTICE") {
			continue
		}
		data, err := os.ReadFile("assets/vendor/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); sums[f.Name()] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s is not the published one", f.Name())
		}
	}
}
