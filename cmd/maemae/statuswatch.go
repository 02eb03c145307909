package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"maemae/market"
)

const (
	watchAtLeast = 250 * time.Millisecond
	clearScreen  = "\x1b[H\x1b[J" // home, and nothing below
)

// page is text on its way to a screen of a known size.
type page struct {
	bytes.Buffer
	cols int
}

func (p *page) columns() int { return p.cols }

// watchStatus shows the status again and again until the context ends: redrawn on a terminal, elsewhere once for each
// change. A daemon that stops or starts meanwhile is a change like any other.
func (p place) watchStatus(ctx context.Context, w io.Writer, each time.Duration, asJSON bool) error {
	if each < watchAtLeast {
		return usagef("--every %s: want %s or more", each, watchAtLeast)
	}
	last := ""
	for {
		text, err := p.statusText(ctx, w, asJSON)
		switch cols, rows := screen(w); {
		case ctx.Err() != nil:
			return nil // Ctrl-C is how it ends
		case err != nil:
			return err
		case rows > 0 && !asJSON:
			text = clearScreen + cropped(time.Now().In(market.KST).Format(time.TimeOnly)+"  maemae status, every "+each.String()+", Ctrl-C ends it\n\n"+text, cols, rows)
		case text == last:
			text = ""
		default:
			last = text
			if !asJSON {
				text += "\n"
			}
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		if err := pause(ctx, each); err != nil {
			return nil
		}
	}
}

// statusText is the status as a screen of the writer's width shows it, or as a line of JSON.
func (p place) statusText(ctx context.Context, w io.Writer, asJSON bool) (string, error) {
	s, err := p.status(ctx)
	if err != nil {
		return "", err
	}
	if asJSON {
		text, err := json.Marshal(s)
		return string(text) + "\n", err
	}
	out := &page{cols: columnsOf(w)}
	err = printStatus(out, s)
	return out.String(), err
}

// cropped is the text cut to a screen; the last line says what is missing.
func cropped(text string, cols, rows int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if room := rows - 1; len(lines) > room && room > 0 { // the cursor stands on the line below
		lines = append(lines[:room-1:room-1], fmt.Sprintf("… and %d lines more", len(lines)-room+1))
	}
	for i, l := range lines {
		if cols > 0 {
			lines[i] = cut(l, cols)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
