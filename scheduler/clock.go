package scheduler

import (
	"context"
	"time"
)

// Clock is the time the runner lives by: the wall's, or a simulator's that moves only while it is waited for.
type Clock struct {
	Now func() time.Time
	// Wait returns nil once Now has reached until, and the context's error if that ends first. It may return early;
	// the caller looks at Now again.
	Wait func(ctx context.Context, until time.Time) error
}

// glance bounds how long the wall clock is not looked at: timers stand still while a machine sleeps, and know nothing
// of a clock that was set.
const glance = time.Second

// Wall is the machine's clock. Its moments carry no monotonic reading, so that a suspended or corrected machine is
// noticed.
func Wall() Clock {
	now := func() time.Time { return time.Now().Round(0) }
	return Clock{Now: now, Wait: func(ctx context.Context, until time.Time) error {
		timer := time.NewTimer(0)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-timer.C:
			}
			left := until.Sub(now())
			if left <= 0 {
				return ctx.Err()
			}
			timer.Reset(min(left, glance))
		}
	}}
}
