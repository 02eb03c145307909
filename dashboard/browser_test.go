package dashboard_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"maemae/journal"
)

// ticking looks every few milliseconds of real time, so that a page follows quickly.
func ticking(ctx context.Context, _ time.Duration) <-chan time.Time {
	out := make(chan time.Time)
	go func() {
		defer close(out)
		t := time.NewTicker(20 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-t.C:
				select {
				case out <- now:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

func TestAPersonSeesAChartWithABuyAndOpensItsWhy(t *testing.T) {
	c := openChrome(t)
	s := set(t, ticking)
	c.look(t, 1280, "light")
	buy := first(t, s, func(d journal.Decision) bool { return aBuy(d) && d.Strategy == "rising" })
	c.open(t, s.server.URL+"/login?token="+token)
	c.until(t, `document.querySelectorAll("#acts tbody tr").length >= 5`)
	c.until(t, `Number(document.querySelector("[data-chart=equity]").dataset.points) > 10 && document.querySelectorAll("[data-chart=equity] canvas").length > 0`)

	c.eval(t, fmt.Sprintf(`document.querySelector('#acts a.symbol[href="/symbols/%s"]').click()`, buy.Symbol))
	c.until(t, fmt.Sprintf(`location.pathname === "/symbols/%s" && document.querySelector("#chart") && Number(document.querySelector("#chart").dataset.marks) >= 1 && Number(document.querySelector("#chart").dataset.bars) > 100`, buy.Symbol))
	c.until(t, `document.querySelector("#legend").textContent.includes("sma(close, 10)")`)
	found := false
	for x := 0.96; x > 0.5 && !found; x -= 0.004 { // hover along the chart until a mark tells of itself
		c.mouse(t, "#chart", x, 0.3, false)
		found = c.eval(t, `document.querySelector(".tip.shown") ? document.querySelector(".tip").textContent : ""`) != ""
		if found {
			c.picture(t, "symbol-hover")
			if text := c.eval(t, `document.querySelector(".tip").textContent`); !strings.Contains(text, "rising") {
				t.Errorf("the mark says %q", text)
			}
			c.mouse(t, "#chart", x, 0.3, true)
		}
	}
	if !found {
		t.Fatal("no mark told of itself")
	}
	c.until(t, `location.pathname.startsWith("/decisions/") && document.querySelectorAll(".tree .value").length > 2 && document.querySelectorAll(".life li").length >= 3`)
	if said := c.complaints(); said != "" {
		t.Errorf("the console said: %s", said)
	}
}

func TestAFilterSelectsAndThePageFollowsTheJournal(t *testing.T) {
	c := openChrome(t)
	s := set(t, ticking)
	c.look(t, 1280, "dark")
	c.open(t, s.server.URL+"/login?token="+token)
	c.open(t, s.server.URL+"/decisions")
	c.eval(t, `document.querySelector("select[name=strategy]").value = "dip"; document.querySelector("select[name=answer]").value = "sell"; document.querySelector(".filter button").click()`)
	c.until(t, `location.search.includes("strategy=dip") && document.querySelectorAll("#list tbody tr").length > 0`)
	if wrong := c.eval(t, `[...document.querySelectorAll("#list tbody tr")].filter((r) => !r.textContent.includes("dip") || !r.querySelector(".answer-sell")).length`); wrong != "0" {
		t.Errorf("%s rows are not what was asked for", wrong)
	}

	c.open(t, s.server.URL+"/log")
	c.until(t, `document.querySelectorAll("#list tbody tr").length > 10`)
	s.append(t, journal.Note{Level: "warn", Text: "written while someone looks"})
	c.until(t, `document.querySelector("#list").textContent.includes("written while someone looks")`)

	c.open(t, s.server.URL+"/controls")
	c.eval(t, `document.querySelector("form[action='/controls/halt'] input[name=reason]").value = "odd fills"; document.querySelector("form[action='/controls/halt'] button").click()`)
	c.until(t, `location.pathname === "/controls"`)
	for deadline := time.Now().Add(10 * time.Second); s.acted() == ""; {
		if time.Now().After(deadline) {
			t.Fatal("the button did nothing")
		}
		<-time.After(10 * time.Millisecond)
	}
	if got := s.acted(); got != "halt odd fills by dashboard" {
		t.Errorf("done: %q", got)
	}
	if said := c.complaints(); said != "" {
		t.Errorf("the console said: %s", said)
	}
}

func TestEveryPageFitsAPhoneAndKeepsTheConsoleQuiet(t *testing.T) {
	c := openChrome(t)
	s := set(t, nil)
	trouble(t, s)
	c.look(t, 390, "light")
	c.open(t, s.server.URL+"/login?token="+token)
	for i, look := range []struct {
		name, lang, scheme string
		width              int
	}{{"phone", "en", "dark", 390}, {"desk", "ko", "light", 1280}, {"night", "en", "dark", 1280}} {
		if i > 0 && os.Getenv("SCREENSHOTS") == "" {
			break // the others are for people who look
		}
		c.look(t, look.width, look.scheme)
		c.open(t, s.server.URL+"/?lang="+look.lang)
		for k, path := range paths(t, s) {
			c.open(t, s.server.URL+path)
			c.until(t, `[...document.querySelectorAll("[data-chart]")].every((b) => "points" in b.dataset || "bars" in b.dataset)`)
			if over := c.eval(t, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over != "0" {
				t.Errorf("%s, %s: %s pixels wider than the screen", look.name, path, over)
			}
			if cut := c.eval(t, `[...document.querySelectorAll("nav [aria-current]")].filter((a) => a.getBoundingClientRect().right > document.documentElement.clientWidth).length`); cut != "0" {
				t.Errorf("%s, %s: the tab one is on is cut off", look.name, path)
			}
			c.picture(t, fmt.Sprintf("%d-%s-%02d", i, look.name, k))
		}
	}
	if said := c.complaints(); said != "" {
		t.Errorf("the console said: %s", said)
	}
	if alert := c.eval(t, "document.title"); alert == "" {
		t.Error("the page stands behind a dialog")
	}
}
