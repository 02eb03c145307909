package kissim

import (
	"fmt"
	"time"
)

// Clock is how the market's time passes.
type Clock string

const (
	Real    Clock = "real"    // from Start on, second by second
	Stepped Clock = "stepped" // only when Advance is called
)

// ParseClock reads the word for one.
func ParseClock(text string) (Clock, error) {
	if c := Clock(text); c == Real || c == Stepped {
		return c, nil
	}
	return "", fmt.Errorf("clock %q: want real or stepped", text)
}

// clock is the market's time. It never runs backwards: real time is read from the monotonic clock.
type clock struct {
	mode  Clock
	at    time.Time // market time
	since time.Time // real moment at which it was that time
}

func newClock(mode Clock, at time.Time) clock { return clock{mode: mode, at: at, since: time.Now()} }

func (c *clock) now() time.Time {
	if c.mode == Stepped {
		return c.at
	}
	return c.at.Add(time.Since(c.since))
}

func (c *clock) set(to time.Time) { c.at, c.since = to, time.Now() }
