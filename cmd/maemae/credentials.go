package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"maemae/broker/kis"
)

// credentials are what KIS wants to know of us.
type credentials struct {
	AppKey, AppSecret kis.Secret
	Account           kis.Account
	From              string // where they were found, for the log
}

// source is one place where the three may stand, in the order they are tried.
type source struct {
	name string
	read func(what string) (string, error) // "" when it is not there
}

var errNoCredentials = errors.New("no KIS credentials")

// loadCredentials tries systemd's credentials directory, files, the environment, and the configuration itself, in that
// order; all three must stand in one place. For real money the environment is refused, and the configuration counts
// only while nobody else may read it.
func loadCredentials(c Config) (credentials, error) {
	for _, s := range c.sources() {
		key, err := s.read("app-key")
		if err != nil {
			return credentials{}, fmt.Errorf("credentials from %s: %w", s.name, err)
		}
		if key == "" {
			continue
		}
		secret, err := s.read("app-secret")
		if err != nil {
			return credentials{}, fmt.Errorf("credentials from %s: %w", s.name, err)
		}
		account, err := s.read("account")
		if err != nil {
			return credentials{}, fmt.Errorf("credentials from %s: %w", s.name, err)
		}
		if secret == "" || account == "" {
			return credentials{}, hinted(fmt.Errorf("credentials from %s: app key without app secret and account", s.name), "all three stand in one place")
		}
		a, err := kis.ParseAccount(account)
		if err != nil {
			return credentials{}, fmt.Errorf("credentials from %s: %w", s.name, err)
		}
		return credentials{AppKey: kis.Secret(key), AppSecret: kis.Secret(secret), Account: a, From: s.name}, nil
	}
	return credentials{}, hinted(errNoCredentials, "maemae init writes the files; maemae demo needs none")
}

func (c Config) sources() []source {
	return []source{
		{"systemd credentials", func(what string) (string, error) {
			dir := os.Getenv("CREDENTIALS_DIRECTORY")
			if dir == "" {
				return "", nil
			}
			return secretFile(filepath.Join(dir, what), false)
		}},
		{"files", func(what string) (string, error) {
			path := map[string]string{"app-key": c.KIS.AppKeyFile, "app-secret": c.KIS.AppSecretFile, "account": c.KIS.AccountFile}[what]
			if path == "" {
				if what == "account" {
					return c.KIS.Account, nil
				}
				return "", nil
			}
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(c.path), path)
			}
			return secretFile(path, true)
		}},
		{"environment", c.fromEnvironment},
		{"configuration", func(what string) (string, error) {
			value := map[string]string{"app-key": c.KIS.AppKey.Reveal(), "app-secret": c.KIS.AppSecret.Reveal(), "account": c.KIS.Account}[what]
			if value == "" || what == "account" {
				return value, nil
			}
			return value, private(c.path)
		}},
	}
}

// fromEnvironment takes over the names of people's existing set-ups.
func (c Config) fromEnvironment(what string) (string, error) {
	names := map[string][]string{"app-key": {"MAEMAE_APP_KEY", "APP_KEY"}, "app-secret": {"MAEMAE_APP_SECRET", "APP_SECRET"}, "account": {"MAEMAE_ACCOUNT"}}[what]
	for _, n := range names {
		if v := os.Getenv(n); v != "" {
			if c.Env == "real" {
				return "", hinted(fmt.Errorf("%s is in the environment", n), "real money takes its keys from systemd credentials or files: every process of this user can read an environment")
			}
			return v, nil
		}
	}
	if what == "account" {
		if number := os.Getenv("CANO"); number != "" {
			product := os.Getenv("ACNT_PRDT_CD")
			if product == "" {
				product = "01"
			}
			return number + "-" + product, nil
		}
		return c.KIS.Account, nil
	}
	return "", nil
}

// secretFile reads one short line. own demands that nobody else may read it; systemd's own directory is checked by
// systemd.
func secretFile(path string, own bool) (string, error) {
	data, err := readBounded(path, 4<<10)
	if errors.Is(err, os.ErrNotExist) && !own {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if own {
		if err := private(path); err != nil {
			return "", err
		}
	}
	return strings.TrimSpace(string(data)), nil
}

// private tells whether a file is ours and closed to everyone else.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return hinted(fmt.Errorf("%s holds a secret and others may read it (mode %04o)", path, info.Mode().Perm()), "chmod 600 "+path)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return hinted(fmt.Errorf("%s holds a secret and belongs to another user (uid %d)", path, st.Uid), "chown it to the user that runs maemae")
	}
	return nil
}
