package kis

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// process is a limiter as another process of the same key has it: the same file, opened anew.
func process(t *testing.T, path string, calls Rate) *window {
	file, err := openPrivate(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return newWindow(file, calls)
}

// wish is a call that wants to leave.
type wish struct {
	process int
	at      time.Duration // when it is asked for
	order   bool
}

// departure is when a call left, after how long a wait.
type departure struct {
	wish
	left, waited time.Duration
}

// depart lets the processes of one key make their calls, in the time of a bubble.
func depart(t *testing.T, processes int, calls Rate, wishes []wish) (out []departure) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "calls")
		windows := make([]*window, processes)
		for i := range windows {
			windows[i] = process(t, path, calls)
		}
		start := time.Now()
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, w := range wishes {
			all.Go(func() {
				time.Sleep(w.at)
				if err := windows[w.process].wait(t.Context(), w.order); err != nil {
					t.Error(err)
				}
				left := time.Since(start)
				mu.Lock()
				out = append(out, departure{w, left, left - w.at})
				mu.Unlock()
			})
		}
		all.Wait()
	})
	slices.SortFunc(out, func(a, b departure) int { return int(a.left - b.left) })
	return out
}

// busiest is the most calls in any span of time.
func busiest(out []departure, span time.Duration) (most int) {
	for i := range out {
		n := 0
		for _, d := range out[i:] {
			if d.left-out[i].left < span {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestNoSecondHoldsMoreCallsThanGranted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		calls := rapid.SampledFrom([]Rate{1, 2, 3, 18, 20}).Draw(rt, "calls")
		processes := rapid.IntRange(1, 3).Draw(rt, "processes")
		wishes := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) wish {
			return wish{
				process: rapid.IntRange(0, processes-1).Draw(rt, "process"),
				at:      time.Duration(rapid.IntRange(0, 3000).Draw(rt, "at")) * time.Millisecond,
				order:   rapid.IntRange(0, 4).Draw(rt, "order") == 0,
			}
		}), 1, 40).Draw(rt, "wishes")
		out := depart(t, processes, calls, wishes)
		if len(out) != len(wishes) {
			rt.Fatalf("%d of %d calls left", len(out), len(wishes))
		}
		if n := busiest(out, time.Second); n > int(calls) {
			rt.Fatalf("%d calls within a second, %d are granted", n, calls)
		}
	})
}

func TestASlotOf500SymbolsTakesAtMostAThirdLongerThanTheQuota(t *testing.T) {
	var wishes []wish
	for range 500 {
		wishes = append(wishes, wish{})
	}
	out := depart(t, 1, 18, wishes)
	if took, limit := out[len(out)-1].left, 500*time.Second/18*13/10; took > limit {
		t.Errorf("took %s, want at most %s", took, limit)
	}
	if n := busiest(out, 100*time.Millisecond); n > 2 {
		t.Errorf("a burst of %d reads in 0.1 s", n)
	}
}

func TestAnOrderDoesNotQueueBehindReads(t *testing.T) {
	for _, row := range []struct {
		calls Rate
		want  time.Duration
	}{{18, windowSpan / 18 * 2}, {3, windowSpan}, {1, windowSpan + 10*time.Millisecond}} {
		var wishes []wish
		for i := range 200 {
			wishes = append(wishes, wish{process: i % 2})
		}
		wishes = append(wishes, wish{process: 1, at: 5 * time.Second, order: true})
		for _, d := range depart(t, 2, row.calls, wishes) {
			if d.order && d.waited > row.want {
				t.Errorf("%d a second: the order waited %s, want at most %s", row.calls, d.waited, row.want)
			}
		}
	}
}

func TestReadsLeaveFourPlacesWhileAnOrderIsPending(t *testing.T) {
	var wishes []wish
	for i := range 300 {
		wishes = append(wishes, wish{process: i % 2})
	}
	for at := 4 * time.Second; at < 8*time.Second; at += time.Second { // an order call a second: always one pending
		wishes = append(wishes, wish{at: at, order: true})
	}
	out := depart(t, 2, 18, wishes)
	reads := 0
	for i, d := range out {
		if d.order || d.left < 4*time.Second || d.left >= 8*time.Second {
			continue
		}
		reads++
		n := 0
		for _, before := range out[:i+1] {
			if d.left-before.left < windowSpan {
				n++
			}
		}
		if d.left > 4*time.Second+windowSpan && n > 14 {
			t.Errorf("a read left as call %d of its window, while four places are for orders", n)
		}
	}
	if reads < 40 {
		t.Errorf("%d reads in four seconds of pending orders", reads)
	}
}

func TestFourOrdersLeaveAtOnceWhileReadsRun(t *testing.T) {
	var wishes []wish
	for range 300 {
		wishes = append(wishes, wish{})
	}
	wishes = append(wishes, wish{at: 3 * time.Second, order: true})
	for range 4 {
		wishes = append(wishes, wish{at: 4300 * time.Millisecond, order: true})
	}
	for _, d := range depart(t, 1, 18, wishes) {
		if d.order && d.at > 4*time.Second && d.waited > windowSpan/18*2 {
			t.Errorf("an order waited %s for its reserved place", d.waited)
		}
	}
}

func TestWaitingForATurnEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := process(t, filepath.Join(t.TempDir(), "calls"), 1)
		if err := w.wait(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		for _, order := range []bool{true, false} {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			if err := w.wait(ctx, order); err == nil {
				t.Errorf("order %t: left at once", order)
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.wait(gone, false); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestAFileFromAnotherClockStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "calls")
		w := process(t, path, 1)
		future := uint64(time.Now().Add(time.Hour).UnixNano())
		var data []byte
		for range 3 {
			data = binary.LittleEndian.AppendUint64(data, future)
		}
		for _, content := range [][]byte{data, []byte("rubbish"), make([]byte, 24), nil} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if err := w.wait(t.Context(), false); err != nil || time.Since(start) > windowSpan {
				t.Errorf("%q: waited %s, error %v", content, time.Since(start), err)
			}
		}
	})
}

func TestTheAccountIsReadBeforeThePrices(t *testing.T) {
	c, s := connect(t, map[string]answer{price.path: file(t, "price"), orderList.path: file(t, "orders")})
	c.limit = newWindow(c.limit.file, 10)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := c.Quote(t.Context(), "005930"); err != nil {
				t.Error(err)
			}
		})
	}
	for s.count(price) < 2 {
		time.Sleep(time.Millisecond)
	}
	if _, err := c.Orders(t.Context(), 20260105); err != nil {
		t.Error(err)
	}
	if n := s.count(price); n > 15 {
		t.Errorf("the list came after %d of 20 queued prices", n)
	}
	all.Wait()
}
