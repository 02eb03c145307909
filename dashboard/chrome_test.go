package dashboard_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// chrome is a headless Chromium and one page in it, spoken to over the pipe of its DevTools protocol.
type chrome struct {
	in      *os.File
	session string

	mu      sync.Mutex
	last    int
	waiting map[int]chan answer
	said    []string // console errors, exceptions and refused loads
}

type answer struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// findChromium is where Debian and others put it, or the reason there is none.
func findChromium() (string, error) {
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium on this machine (apt-get install chromium)")
}

func openChrome(t *testing.T) *chrome {
	t.Helper()
	path, err := findChromium()
	if err != nil {
		t.Skip(err)
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	home, err := os.MkdirTemp("", "maemae-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir="+home, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirIn.Close(), theirOut.Close()
	c := &chrome{in: in, waiting: map[int]chan answer{}}
	go c.listen(out)
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		_ = in.Close()
		_ = os.RemoveAll(home)
	})
	var target struct{ TargetID string }
	c.ask(t, "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	c.ask(t, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	c.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		c.ask(t, domain+".enable", nil, nil)
	}
	return c
}

// listen reads messages, each ended by a zero byte.
func (c *chrome) listen(out *os.File) {
	defer out.Close()
	for from := bufio.NewReader(out); ; {
		text, err := from.ReadBytes(0)
		if err != nil {
			return
		}
		var m struct {
			ID     int
			Method string
			Params json.RawMessage
			answer
		}
		if json.Unmarshal(bytes.TrimRight(text, "\x00"), &m) != nil {
			continue
		}
		c.mu.Lock()
		switch {
		case m.ID > 0:
			if to := c.waiting[m.ID]; to != nil {
				to <- m.answer
				delete(c.waiting, m.ID)
			}
		case m.Method == "Runtime.exceptionThrown",
			m.Method == "Log.entryAdded" && bytes.Contains(m.Params, []byte(`"level":"error"`)),
			m.Method == "Runtime.consoleAPICalled" && (bytes.Contains(m.Params, []byte(`"type":"error"`)) || bytes.Contains(m.Params, []byte(`"type":"warning"`))):
			c.said = append(c.said, string(m.Params))
		}
		c.mu.Unlock()
	}
}

func (c *chrome) ask(t *testing.T, method string, params, result any) {
	t.Helper()
	if err := c.try(method, params, result); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

func (c *chrome) try(method string, params, result any) error {
	if params == nil {
		params = struct{}{}
	}
	c.mu.Lock()
	c.last++
	id, back := c.last, make(chan answer, 1)
	c.waiting[id] = back
	c.mu.Unlock()
	message := map[string]any{"id": id, "method": method, "params": params}
	if c.session != "" {
		message["sessionId"] = c.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(text, 0)); err != nil {
		return err
	}
	select {
	case a := <-back:
		if a.Error != nil {
			return errors.New(a.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(a.Result, result)
	case <-time.After(time.Minute):
		return errors.New("no answer")
	}
}

// value is an expression's value as text.
func (c *chrome) value(expression string) (string, error) {
	var out struct {
		Result           struct{ Value any }
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	if err := c.try("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &out); err != nil {
		return "", err
	}
	if out.ExceptionDetails != nil {
		return "", errors.New(out.ExceptionDetails.Exception.Description)
	}
	return fmt.Sprint(out.Result.Value), nil
}

func (c *chrome) eval(t *testing.T, expression string) string {
	t.Helper()
	value, err := c.value(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// until waits for an expression to be true; while the page changes to another there is nothing to ask.
func (c *chrome) until(t *testing.T, expression string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(20 * time.Millisecond) {
		value, err := c.value("Boolean(" + expression + ")")
		if value == "true" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never: %s (%v)\non %s", expression, err, c.eval(t, "location.href + ' ' + document.body.innerText.slice(0, 600)"))
		}
	}
}

func (c *chrome) open(t *testing.T, url string) {
	t.Helper()
	c.ask(t, "Page.navigate", map[string]any{"url": url}, nil)
	c.until(t, `document.readyState === "complete" && location.href !== "about:blank"`)
}

// picture keeps what the page looks like where SCREENSHOTS names a folder.
func (c *chrome) picture(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	c.ask(t, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// look sets the window's width and the scheme of colours.
func (c *chrome) look(t *testing.T, width int, scheme string) {
	t.Helper()
	c.ask(t, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
	c.ask(t, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// mouse moves over a point of an element, given in parts of its size, and clicks it if asked.
func (c *chrome) mouse(t *testing.T, selector string, x, y float64, click bool) {
	t.Helper()
	var at struct{ X, Y float64 }
	text := c.eval(t, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return JSON.stringify({X: r.x + r.width * %g, Y: r.y + r.height * %g}); })()`, selector, x, y))
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		t.Fatal(err)
	}
	kinds := []string{"mouseMoved"}
	if click {
		kinds = append(kinds, "mousePressed", "mouseReleased")
	}
	for _, kind := range kinds {
		button, count := "none", 0
		if kind != "mouseMoved" {
			button, count = "left", 1
		}
		c.ask(t, "Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": button, "clickCount": count}, nil)
	}
}

// complaints are what the console said since the last time.
func (c *chrome) complaints() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := strings.Join(c.said, "\n")
	c.said = nil
	return out
}
