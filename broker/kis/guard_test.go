package kis

import (
	"errors"
	"net"
	"testing"
)

// written counts what reaches a connection.
type written struct {
	net.Conn
	bytes int
}

func (w *written) Write(b []byte) (int, error) {
	w.bytes += len(b)
	return len(b), nil
}

func TestTheFirstByteAsksAndALateOneIsRefused(t *testing.T) {
	no, failed := errors.New("killed"), errors.New("out of time")
	for _, c := range []struct {
		name   string
		ready  func() error
		writes int // before the failure
		unsent error
		bytes  int // also after one more write
	}{
		{"may", func() error { return nil }, 2, nil, 3},
		{"may not", func() error { return no }, 1, no, 0},
		{"no question", nil, 1, nil, 2},
		{"failed before the first byte", func() error { return nil }, 0, failed, 0},
		{"failed before the first byte, no question", nil, 0, failed, 0},
	} {
		w := &written{}
		g := &guarded{Conn: w, ready: c.ready}
		for range c.writes {
			_, _ = g.Write([]byte("x"))
		}
		if err := g.unsent(failed); !errors.Is(err, c.unsent) || (err == nil) != (c.unsent == nil) {
			t.Errorf("%s: unsent says %v", c.name, err)
		}
		_, _ = g.Write([]byte("x"))
		if w.bytes != c.bytes {
			t.Errorf("%s: %d bytes left, want %d", c.name, w.bytes, c.bytes)
		}
	}
}
