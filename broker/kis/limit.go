package kis

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/time/rate"
)

// Rate is a number of calls a second.
type Rate int

const (
	// KIS counts the calls of an app key in a sliding second. The window kept here is a tenth longer, for the jitter of
	// the way: what leaves 1.1 s apart does not arrive within one second.
	windowSpan = 1100 * time.Millisecond
	// An order counts as pending this long after one of its calls asked for a turn, which is longer than the pause
	// between its calls.
	orderPending = 1500 * time.Millisecond
)

// window is the limiter of an app key: in any windowSpan no more than calls leave, counted over all processes, because
// the moments of the last calls live in a file under a lock. A call of an order (the POST, and the reads of the account
// that come before it) takes the next free place; reads of prices keep out of the reserve while an order of any process
// is pending, and leave evenly spaced, so that the next place is never far away.
type window struct {
	file    *os.File
	turn    chan struct{} // held by the one goroutine of this process that works on the file
	calls   int
	reserve int
	gap     time.Duration // between a read of prices and the call before it
	queue   *rate.Limiter // of this process's reads of prices, so that they go in order and do not all watch the file
}

func newWindow(file *os.File, calls Rate) *window {
	gap := windowSpan / time.Duration(calls)
	return &window{
		file:    file,
		turn:    make(chan struct{}, 1),
		calls:   int(calls),
		reserve: min(max(int(calls)/4, 1), 4), // 4 of 18, 1 of 3; on virtual the only one, so that an order comes before every read
		gap:     gap,
		queue:   rate.NewLimiter(rate.Every(gap), 1),
	}
}

// wait returns when the call may leave, or with the context's error.
func (w *window) wait(ctx context.Context, order bool) error {
	if !order {
		if err := w.queue.Wait(ctx); err != nil {
			return err
		}
	}
	for {
		pause, err := w.try(ctx, order)
		if err != nil || pause == 0 {
			return err
		}
		if err := sleep(ctx, max(pause, time.Millisecond)); err != nil {
			return err
		}
	}
}

// try takes a place in the window, or tells how long none will be free.
func (w *window) try(ctx context.Context, order bool) (pause time.Duration, err error) {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := lock(ctx, w.file); err != nil {
		return 0, err
	}
	defer unlock(w.file)

	now := time.Now().UnixNano()
	s, err := w.load(now)
	if err != nil {
		return 0, err
	}
	free := w.calls
	switch {
	case order:
		s.pending = now + int64(orderPending)
	case s.pending > now:
		free -= w.reserve
	}
	pause = s.pause(now, free)
	if n := len(s.calls); !order && n > 0 {
		pause = max(pause, time.Duration(s.calls[n-1]-now)+w.gap)
	}
	if pause <= 0 {
		pause, s.calls = 0, append(s.calls, now)
	}
	return pause, w.save(s)
}

// moments is what the file holds, in nanoseconds of the wall clock: until when an order is pending, and the calls
// that left within the window, oldest first.
type moments struct {
	pending int64
	calls   []int64
}

// pause is how long until fewer than free calls are left in the window; not above zero if they are.
func (s moments) pause(now int64, free int) time.Duration {
	switch {
	case len(s.calls) < free:
		return 0
	case free == 0:
		return time.Duration(s.pending - now)
	}
	return time.Duration(s.calls[len(s.calls)-free]-now) + windowSpan
}

// load reads the file and forgets what is older than the window, and what a clock that went back left in the future.
func (w *window) load(now int64) (moments, error) {
	data, err := io.ReadAll(io.NewSectionReader(w.file, 0, 1<<20))
	if err != nil {
		return moments{}, err
	}
	var s moments
	for i := 0; i+8 <= len(data); i += 8 {
		at := int64(binary.LittleEndian.Uint64(data[i:]))
		switch {
		case i == 0:
			if at-now <= int64(orderPending) {
				s.pending = at
			}
		case at-now < int64(windowSpan) && now-at < int64(windowSpan):
			s.calls = append(s.calls, at)
		}
	}
	return s, nil
}

func (w *window) save(s moments) error {
	data := binary.LittleEndian.AppendUint64(nil, uint64(s.pending))
	for _, at := range s.calls {
		data = binary.LittleEndian.AppendUint64(data, uint64(at))
	}
	if _, err := w.file.WriteAt(data, 0); err != nil {
		return err
	}
	return w.file.Truncate(int64(len(data)))
}

// lock takes the file's lock from other processes and other open files; it gives up with the context.
func lock(ctx context.Context, file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			return os.NewSyscallError("flock", err)
		}
		if err := sleep(ctx, 2*time.Millisecond); err != nil {
			return err
		}
	}
}

func unlock(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
