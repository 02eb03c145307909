package kissim

import "time"

// Calls a second of each environment, whatever day the market has: the gateway lives in the present. KIS has lowered
// them once: to 2026-04-19 they were 20 and 2.
const (
	realRate    = 18
	virtualRate = 1
)

// limiterWindow is a little less than a second: KIS was measured clean at exactly one call a second, which with the
// jitter of a network arrives now and then a few milliseconds early.
const limiterWindow = time.Second - 20*time.Millisecond

// limiter lets rate calls through in any window; all of them when rate is below 0. A refused call does not count.
type limiter struct {
	rate  int
	taken []time.Time // of the last calls let through, oldest first, at most rate of them
}

func (l *limiter) allow(now time.Time) bool {
	if l.rate < 0 {
		return true
	}
	if len(l.taken) < l.rate {
		l.taken = append(l.taken, now)
		return true
	}
	if now.Sub(l.taken[0]) < limiterWindow {
		return false
	}
	copy(l.taken, l.taken[1:])
	l.taken[len(l.taken)-1] = now
	return true
}
