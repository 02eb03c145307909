package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"maemae/market"
)

// keyOld is the age in days at which an app key should be changed.
const keyOld = 300

// keyFile is where the daemon remembers when it first used the app key, which KIS does not tell. Its name holds a hash of
// the key.
func keyFile(cfg Config, keys credentials) string {
	return filepath.Join(tokenDir(cfg, keys), "seen-"+keyHash(keys))
}

// rememberKey writes down that the key is used, the first time.
func rememberKey(path string, now time.Time) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err := replaceFile(path, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, market.DateOf(now))
		return err
	})
	if err != nil {
		return fmt.Errorf("app key: %w", err)
	}
	return nil
}

// youngKey is the doctor's question how old the app key is.
func (d *daemon) youngKey(context.Context) (string, error) {
	text, err := os.ReadFile(d.keyFile)
	if errors.Is(err, os.ErrNotExist) {
		return "", skipped("the daemon has not used it yet")
	}
	if err != nil {
		return "", err
	}
	first, err := market.ParseDate(strings.TrimSpace(string(text)))
	if err != nil {
		return "", fmt.Errorf("%s: %w", d.keyFile, err)
	}
	days := int(market.DateOf(d.clock.Now()).At(0, 0).Sub(first.At(0, 0)) / (24 * time.Hour))
	detail := fmt.Sprintf("first used %s, %d days ago", first, days)
	if days >= keyOld {
		return "", warning{hinted(errors.New(detail), "get a new one from KIS before this one lapses, and give it to maemae after a close")}
	}
	return detail, nil
}
