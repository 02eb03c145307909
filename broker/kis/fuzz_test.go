package kis

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"maemae/broker"
)

// FuzzAnswerToAnOrder answers the one POST with any bytes: none may panic, none may bring about a second POST, and only
// an answer that says so in KIS's own words is a yes or a no.
func FuzzAnswerToAnOrder(f *testing.F) {
	accepted := golden(f, "order-virtual")
	reply := func(status, body string) []byte {
		return []byte("HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body)
	}
	f.Add(reply("200 OK", accepted))
	f.Add(reply("200 OK", accepted[:60]))
	f.Add(reply("500 Internal Server Error", rejected("1", "EGW00201", "…")))
	f.Add(reply("500 Internal Server Error", rejected("1", "EGW00123", "…")))
	f.Add(reply("200 OK", rejected("7", "40070000", "…")))
	f.Add(reply("200 OK", "\ufeff"+accepted))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 307 Temporary Redirect\r\nLocation: /\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var posts atomic.Int32
		o := options(t, "http://127.0.0.1:1")
		o.Hashkey = false
		o.Dial = func(context.Context) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				r, err := http.ReadRequest(bufio.NewReader(server))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				if r.URL.Path == orderBuy.path {
					posts.Add(1)
				}
				_, _ = server.Write(raw) // the client may have heard enough
			}()
			return client, nil
		}
		c := open(t, o)
		c.tokens.know("eyJ0eXAiOiJKV1QifQ.test-token-1.sig")
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		receipt, err := c.Place(ctx, permit(buy(1)))
		if n := posts.Load(); n != 1 && !bytes.Contains(raw, []byte("EGW0012")) {
			t.Errorf("%d POSTs", n)
		}
		switch k := broker.KindOf(err); {
		case err == nil && (!orderNumber(receipt.ID.Number) || !bytes.Contains(bytes.ToLower(raw), []byte("odno"))):
			t.Errorf("accepted as %+v", receipt)
		case err == nil || k == broker.Unclear:
		case !strings.Contains(err.Error(), " "):
			t.Errorf("%v without a word", err)
		default:
			code := err.(*broker.Error).Code
			if _, recorded := codes[code]; !recorded || kindOf(code, true) != k {
				t.Errorf("%v: kind %s by code %q", err, k, code)
			}
		}
	})
}

// FuzzTokenFile reads any token file: a lost cache, or another key's, but no panic and no header that would break.
func FuzzTokenFile(f *testing.F) {
	f.Add([]byte(`{"env":"virtual","app":"0a1b","token":"eyJ0.x.y","asked":"2026-01-05T12:00:00+09:00","refusals":3}`))
	f.Add([]byte(`{"env":"real","app":"0a1b"}`))
	f.Add([]byte(`{"env":"virtual","app":"0a1b","token":"a\r\nb"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "token"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		tokens := &tokens{dir: dir, env: Virtual, app: "0a1b"}
		if c, err := tokens.load(); err == nil && (c.Env != Virtual || c.App != "0a1b" || c.Token != "" && !Secret(c.Token).header()) {
			t.Errorf("%+v", c)
		}
	})
}

// FuzzLimiterFile reads any limiter file: whatever it says, a call waits no longer than two windows or a pending order.
func FuzzLimiterFile(f *testing.F) {
	now := time.Now().UnixNano()
	f.Add(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(now+int64(time.Second))), uint64(now)))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := os.Create(filepath.Join(t.TempDir(), "calls"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := file.Write(data); err != nil {
			t.Fatal(err)
		}
		w := newWindow(file, 2)
		for _, order := range []bool{true, false} {
			pause, err := w.try(t.Context(), order)
			if err != nil || pause < 0 || pause > max(2*windowSpan, orderPending) {
				t.Errorf("order %v: pause %s, %v", order, pause, err)
			}
		}
	})
}
