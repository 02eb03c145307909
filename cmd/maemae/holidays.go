package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"maemae/broker/kis"
	"maemae/market"
)

// holidays compares our calendar with KIS's own holiday answer, about once a day, where the environment offers it. A
// day on which they differ is not traded.
type holidays struct {
	client *kis.Client
	cal    *market.Calendar
	log    *zap.Logger

	mu   sync.Mutex
	open map[market.Date]bool // KIS's word
}

// disputed says why a session must not be traded, or nothing.
func (h *holidays) disputed(s market.Session) string {
	if !s.Confirmed {
		return fmt.Sprintf("the calendar has not confirmed %s", s.Date)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if open, known := h.open[s.Date]; known && !open {
		return fmt.Sprintf("our calendar has a session on %s, KIS says closed", s.Date)
	}
	return ""
}

// refresh asks KIS, which wants to be asked about once a day, and returns what the two calendars disagree about, in words.
func (h *holidays) refresh(ctx context.Context, today market.Date) (disputes []string) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	days, err := h.client.Holidays(ctx, today)
	if errors.Is(err, kis.ErrNotOffered) {
		return nil
	}
	if err != nil {
		h.log.Warn("KIS's holiday answer could not be read; the built-in calendar counts", zap.Error(err))
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = map[market.Date]bool{}
	for _, d := range days {
		h.open[d.Date] = d.Open
		if _, err := h.cal.Session(d.Date); (err == nil) != d.Open {
			disputes = append(disputes, fmt.Sprintf("calendar dispute on %s: ours %s, KIS %s; no orders that day", d.Date, openOrClosed(err == nil), openOrClosed(d.Open)))
		}
	}
	return disputes
}

func openOrClosed(open bool) string {
	if open {
		return "open"
	}
	return "closed"
}
