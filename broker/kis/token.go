package kis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"maemae/broker"
)

const (
	// KIS issues a token at most once a minute per app key (1분당 1회), and locks a key out that keeps asking.
	issuePause    = time.Minute
	issuePauseMax = 16 * time.Minute
)

// tokens keeps the access token (접근토큰) of one app key in a file that all its processes share. A token is used until
// KIS says it is dead; a new one is asked for under a lock, and never within a minute of the last time anyone asked.
type tokens struct {
	dir   string
	env   Env
	app   string // fingerprint of the app key
	now   func() time.Time
	issue func(context.Context) (Secret, error)

	lockFile *os.File
	turn     chan struct{} // held by the goroutine of this process that works on the file
	mu       sync.Mutex
	current  Secret // what this process last saw to be good
}

// cached is the token file.
type cached struct {
	Env      Env       `json:"env"`
	App      string    `json:"app"`
	Token    string    `json:"token,omitempty"`
	Asked    time.Time `json:"asked"`              // when a token was last asked for
	Refusals int       `json:"refusals,omitempty"` // in a row
}

// openTokens prepares the directory, and refuses one that others can read or that belongs to another key or environment.
func openTokens(t *tokens) (*tokens, error) {
	var err error
	if t.lockFile, err = openPrivate(filepath.Join(t.dir, "token.lock"), os.O_RDWR|os.O_CREATE); err != nil {
		return nil, err
	}
	t.turn = make(chan struct{}, 1)
	if _, err := t.load(); err != nil {
		_ = t.lockFile.Close()
		return nil, err
	}
	return t, nil
}

// get is a token to use. A token KIS called dead is passed as rejected, and never comes back.
func (t *tokens) get(ctx context.Context, rejected Secret) (Secret, error) {
	if token := t.known(); token != "" && token != rejected {
		return token, nil
	}
	var token Secret
	err := t.exclusively(ctx, func() error {
		c, err := t.load()
		if err != nil {
			return err
		}
		if token = Secret(c.Token); token == "" || token == rejected {
			token, err = t.renew(ctx, c)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	t.know(token)
	return token, nil
}

// renew asks KIS for a token. That it asks is on disk first, so that a crash cannot turn into a storm of requests.
func (t *tokens) renew(ctx context.Context, c cached) (Secret, error) {
	before, now := c, t.now()
	pause := min(issuePause<<min(c.Refusals, 4), issuePauseMax)
	if since := now.Sub(c.Asked); since > -issuePause && since < pause {
		return "", &broker.Error{Op: issueToken.name, Kind: broker.Busy,
			Text: fmt.Sprintf("a token was asked for %s ago; KIS allows the next in %s", since.Round(time.Second), (pause - since).Round(time.Second))}
	}
	c.Token, c.Asked = "", now
	if err := t.save(c); err != nil {
		return "", err
	}
	token, err := t.issue(ctx)
	switch kind := broker.KindOf(err); {
	case err == nil:
		c.Token, c.Refusals = string(token), 0
	case kind == broker.Unsent: // KIS did not hear it, so it does not count
		c.Asked, c.Refusals = before.Asked, before.Refusals
	case kind != broker.Unclear: // a broken answer costs a minute; only a refusal makes the waits longer
		c.Refusals++
	}
	if failed := t.save(c); err == nil {
		err = failed
	}
	return token, err
}

// forget takes the token out of memory and file once revoke has told KIS; without a token it does nothing.
func (t *tokens) forget(ctx context.Context, revoke func(Secret) error) error {
	return t.exclusively(ctx, func() error {
		c, err := t.load()
		if err != nil || c.Token == "" {
			return err
		}
		if err := revoke(Secret(c.Token)); err != nil {
			return err
		}
		t.know("")
		c.Token = ""
		return t.save(c)
	})
}

func (t *tokens) known() Secret {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current
}

func (t *tokens) know(token Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current = token
}

// exclusively runs do while no other goroutine or process works on the token.
func (t *tokens) exclusively(ctx context.Context, do func() error) error {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := lock(ctx, t.lockFile); err != nil {
		return err
	}
	defer unlock(t.lockFile)
	return do()
}

func (t *tokens) path() string { return filepath.Join(t.dir, "token") }

// load reads the file. One that cannot be read as JSON is a lost cache and counts as empty; one of another key or
// environment is an error.
func (t *tokens) load() (cached, error) {
	empty := cached{Env: t.env, App: t.app}
	file, err := openPrivate(t.path(), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return cached{}, err
	}
	defer file.Close()
	var c cached
	if err := json.NewDecoder(file).Decode(&c); err != nil {
		return empty, nil
	}
	if c.Env != t.env || c.App != t.app {
		return cached{}, fmt.Errorf("token file %s belongs to another app key or environment (%s); give each key a directory of its own", t.path(), c.Env)
	}
	if !Secret(c.Token).header() {
		c.Token = ""
	}
	return c, nil
}

// save writes the file beside itself and moves it into place.
func (t *tokens) save(c cached) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(t.dir, "token-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails once the file has moved
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), t.path()); err != nil {
		return err
	}
	dir, err := os.Open(t.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// openDir makes the directory if need be; it must be this user's alone.
func openDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s: no directory", dir)
	}
	return private(dir, info)
}

// openPrivate opens a regular file of this user's alone, following no link.
func openPrivate(path string, flag int) (*os.File, error) {
	file, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: no regular file", path)
	}
	if err == nil {
		err = private(path, info)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

func private(path string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s: mode %04o lets others in (hint: chmod go= %s)", path, mode, path)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%s: owned by user %d, not by this one", path, stat.Uid)
	}
	return nil
}
