package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"maemae/engine"
	"maemae/journal"
)

const (
	controlBody = 64 << 10
	socketName  = "control.sock"
)

// socketPath is where a running daemon listens: systemd's runtime directory, else beside the journal.
func socketPath(state string) string {
	if d := os.Getenv("RUNTIME_DIRECTORY"); d != "" {
		return filepath.Join(strings.Split(d, ":")[0], socketName)
	}
	if p := filepath.Join("/run/maemae", socketName); state == "" || isSocket(p) && !isSocket(filepath.Join(state, socketName)) {
		return p
	}
	return filepath.Join(state, socketName)
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}

// controller is what the control socket may ask of a daemon.
type controller interface {
	Status() Status
	Halt(reason, by string) error
	Resume(ctx context.Context, by string) error
	Operate(o journal.Operator) error
	Reload(by string) error
	Kill(reason, by string) error
	Acknowledge(ctx context.Context, through int64, by string) error
	CancelAll(ctx context.Context) error
	Arm(ctx context.Context, phrase, strategy, by string) error
	Examine(ctx context.Context, intent string) (engine.Suspect, error)
	Resolve(ctx context.Context, r engine.Resolution) error
	Override(ctx context.Context, decision, why, by string) error
}

// serveControl listens on a Unix socket that only this user, its group and root can open; every act carries the peer's uid.
// Who may is left to the kernel, which refuses others before a byte is read: groups looked up here would be a second opinion.
func serveControl(path string, c controller) (stop func(), err error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	old := syscall.Umask(0o117)
	l, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	srv := &http.Server{
		Handler:           controlHandler(c),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ConnContext:       func(ctx context.Context, conn net.Conn) context.Context { return withPeer(ctx, conn) },
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }() // ends with ErrServerClosed when stop closes it
	return func() { _ = srv.Close(); <-done }, nil
}

func controlHandler(c controller) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) { answer(w, c.Status(), nil) })
	act := func(route string, do func(r *http.Request, by string, body []byte) error) {
		mux.HandleFunc("POST "+route, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, controlBody))
			if err != nil {
				answer(w, nil, err)
				return
			}
			answer(w, map[string]string{"done": strings.TrimPrefix(route, "/")}, do(r, peerOf(r.Context()), body))
		})
	}
	act("/halt", func(_ *http.Request, by string, body []byte) error {
		var in struct{ Reason string }
		if err := strictJSON(body, &in); err != nil {
			return err
		}
		return c.Halt(in.Reason, by)
	})
	act("/resume", func(r *http.Request, by string, _ []byte) error { return c.Resume(r.Context(), by) })
	act("/ack", func(r *http.Request, by string, body []byte) error {
		var in struct{ Through int64 }
		if err := strictJSON(body, &in); err != nil {
			return err
		}
		return c.Acknowledge(r.Context(), in.Through, by)
	})
	act("/reload", func(_ *http.Request, by string, _ []byte) error { return c.Reload(by) })
	act("/operate", func(_ *http.Request, by string, body []byte) error {
		var o journal.Operator
		if err := strictJSON(body, &o); err != nil {
			return err
		}
		if o.By = by; o.Act != "adopt" && o.Act != "release" && o.Act != "adjust" && o.Act != "promote" {
			return fmt.Errorf("operate: %q has a command of its own", o.Act)
		}
		return c.Operate(o)
	})
	protect(act, c)
	debugRoutes(mux)
	mux.HandleFunc("POST /examine", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Intent string }
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, controlBody))
		if err = errors.Join(err, strictJSON(body, &in)); err != nil {
			answer(w, nil, err)
			return
		}
		s, err := c.Examine(r.Context(), in.Intent)
		answer(w, s, err)
	})
	return mux
}

// protect adds what stops the daemon, and what only a person may decide.
func protect(act func(route string, do func(r *http.Request, by string, body []byte) error), c controller) {
	act("/kill", func(_ *http.Request, by string, body []byte) error {
		var in struct{ Reason string }
		if err := strictJSON(body, &in); err != nil {
			return err
		}
		return c.Kill(in.Reason, by)
	})
	act("/cancel", func(r *http.Request, _ string, _ []byte) error { return c.CancelAll(r.Context()) })
	act("/arm", func(r *http.Request, by string, body []byte) error {
		var in struct{ Phrase, Strategy string }
		if err := strictJSON(body, &in); err != nil {
			return err
		}
		return c.Arm(r.Context(), in.Phrase, in.Strategy, by)
	})
	act("/resolve", func(r *http.Request, by string, body []byte) error {
		var in engine.Resolution
		if err := strictJSON(body, &in); err != nil {
			return err
		}
		in.By = by
		return c.Resolve(r.Context(), in)
	})
	act("/override", func(r *http.Request, by string, body []byte) error {
		var in struct{ Decision, Why string }
		if err := strictJSON(body, &in); err != nil {
			return err
		}
		return c.Override(r.Context(), in.Decision, in.Why, by)
	})
}

func strictJSON(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON object")
	}
	return nil
}

func answer(w http.ResponseWriter, value any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		value = map[string]string{"error": err.Error(), "hint": hintOf(err)}
	}
	_ = json.NewEncoder(w).Encode(value) // the peer is gone; there is nobody left to tell
}

type peerKey struct{}

// withPeer remembers who opened the connection: the kernel's word, not the client's.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	who := "unknown"
	if uc, ok := conn.(*net.UnixConn); ok {
		if raw, err := uc.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { // an error leaves who unknown
				if cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
					who = userName(int(cred.Uid))
				}
			})
		}
	}
	return context.WithValue(ctx, peerKey{}, who)
}

func peerOf(ctx context.Context) string {
	if who, ok := ctx.Value(peerKey{}).(string); ok {
		return who
	}
	return "unknown"
}

// userName is "uid 1000 (kim)".
func userName(uid int) string {
	text := "uid " + strconv.Itoa(uid)
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		text += " (" + u.Username + ")"
	}
	return text
}

// errNoDaemon: nobody listens on the control socket.
var errNoDaemon = errors.New("no daemon is running on this state directory")

// ask talks to the running daemon.
func ask(ctx context.Context, socket, method, route string, in, out any) error {
	client := &http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}}
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://maemae"+route, body)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return errNoDaemon
	}
	if err != nil {
		return fmt.Errorf("control socket %s: %w", socket, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		var failed struct{ Error, Hint string }
		if err := json.Unmarshal(data, &failed); err != nil || failed.Error == "" {
			return fmt.Errorf("control socket: %s", res.Status)
		}
		if failed.Hint != "" {
			return hinted(errors.New(failed.Error), failed.Hint)
		}
		return errors.New(failed.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}
