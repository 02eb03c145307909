package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"

	"maemae"
	"maemae/broker/kis"
	"maemae/market"
	"maemae/strategy"
)

// Config is config.yaml: how the daemon runs. What it wants is in strategies.yaml. Every key has its default in
// defaults; config.yaml.example documents them and is loaded by a test.
type Config struct {
	Version    int             `yaml:"version"`
	Env        string          `yaml:"env"`
	KIS        KISConfig       `yaml:"kis"`
	Paper      PaperConfig     `yaml:"paper"`
	Strategies string          `yaml:"strategies"`
	Watch      bool            `yaml:"watch"`
	State      string          `yaml:"state"`
	Limits     LimitsConfig    `yaml:"limits"`
	ExitsEvery Every           `yaml:"exits_every"`
	Exclusive  bool            `yaml:"exclusive"`
	CatchUp    string          `yaml:"catch_up"`
	Grace      Duration        `yaml:"grace"`
	Bars       int             `yaml:"bars"`
	Calendar   []DayConfig     `yaml:"calendar"`
	Log        LogConfig       `yaml:"log"`
	Dashboard  DashboardConfig `yaml:"dashboard"`
	Notify     NotifyConfig    `yaml:"notify"`
	Metrics    MetricsConfig   `yaml:"metrics"`
	path       string          // where it was read; empty for defaults
	hash       string          // of the file's bytes
	node       *yaml.Node      // for places in later errors
}

// KISConfig reaches KIS. Keys given here are accepted only while nobody else may read the file.
type KISConfig struct {
	AppKey        kis.Secret `yaml:"app_key"`
	AppSecret     kis.Secret `yaml:"app_secret"`
	Account       string     `yaml:"account"`
	AppKeyFile    string     `yaml:"app_key_file"`
	AppSecretFile string     `yaml:"app_secret_file"`
	AccountFile   string     `yaml:"account_file"`
	BaseURL       string     `yaml:"base_url"`
	Hashkey       bool       `yaml:"hashkey"`
	Rate          int        `yaml:"rate"`
	TokenDir      string     `yaml:"token_dir"`
}

// PaperConfig is our own broker: where its quotes come from and what its fills cost.
type PaperConfig struct {
	Quotes    string  `yaml:"quotes"`
	Cash      Money   `yaml:"cash"`
	FeeRate   Percent `yaml:"fee"`
	Slippage  int     `yaml:"slippage"`
	VolumeCap Percent `yaml:"volume_cap"`
}

// LimitsConfig is what the risk gate holds orders to. A key left out of a real configuration means no order.
type LimitsConfig struct {
	OrderValue       Money    `yaml:"order_value"`
	MarketOrderValue Money    `yaml:"market_order_value"`
	SymbolValue      Money    `yaml:"symbol_value"`
	DailyLoss        Money    `yaml:"daily_loss"`
	Positions        int      `yaml:"positions"`
	OrdersPerDay     int      `yaml:"orders_per_day"`
	OrdersPerMinute  int      `yaml:"orders_per_minute"`
	Collar           Percent  `yaml:"collar"`
	HaltLoss         Money    `yaml:"halt_loss"`
	Drawdown         Percent  `yaml:"drawdown"`
	Rejections       int      `yaml:"rejections"`
	CoolDown         Duration `yaml:"cool_down"`
	Duplicate        Duration `yaml:"duplicate"`
	Symbols          []string `yaml:"symbols"`

	OrderShares          int           `yaml:"order_shares"`
	VolumeShare          Percent       `yaml:"volume_share"`
	StrategyValue        Money         `yaml:"strategy_value"`
	TotalValue           Money         `yaml:"total_value"`
	Turnover             Money         `yaml:"turnover"`
	StrategyOrdersPerDay int           `yaml:"strategy_orders_per_day"`
	Marks                []market.Mark `yaml:"marks"`
	Probation            string        `yaml:"probation"`
}

// DayConfig overrides one day of the built-in KRX calendar.
type DayConfig struct {
	Date  market.Date `yaml:"date"`
	Open  string      `yaml:"open"`
	Close string      `yaml:"close"`
	Name  string      `yaml:"name"`
}

// LogConfig shapes the log.
type LogConfig struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// Duration is written "90s", "5m", "1h30m".
type Duration time.Duration

func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 0 {
		return at(n, fmt.Sprintf("%q is no duration", n.Value), `write 90s, 5m or 1h`)
	}
	*d = Duration(v)
	return nil
}

// Every is a Duration, or "slot", which is zero.
type Every time.Duration

func (e *Every) UnmarshalYAML(n *yaml.Node) error {
	if n.Value == "slot" {
		*e = 0
		return nil
	}
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 10*time.Second || v > time.Hour {
		return at(n, fmt.Sprintf("exits_every %q", n.Value), `write a duration from 10s to 1h, or slot`)
	}
	*e = Every(v)
	return nil
}

// Money is won: 1000000, "1,000,000" or "1,000,000 KRW". Exact, never negative.
type Money struct{ decimal.Decimal }

func (m *Money) UnmarshalYAML(n *yaml.Node) error {
	text := strings.TrimSpace(strings.TrimSuffix(n.Value, "KRW"))
	if strings.Contains(text, ",") && !groupedNumber.MatchString(text) {
		return at(n, fmt.Sprintf("%q is no amount", n.Value), `group by three: "1,000,000 KRW"`)
	}
	text = strings.ReplaceAll(text, ",", "")
	if !plainNumber.MatchString(text) {
		return at(n, fmt.Sprintf("%q is no amount", n.Value), `write won, such as 1000000 or "1,000,000 KRW"`)
	}
	v, err := decimal.NewFromString(text)
	if err != nil || !v.IsInteger() {
		return at(n, fmt.Sprintf("%q is no whole number of won", n.Value), "")
	}
	m.Decimal = v
	return nil
}

// Percent is written with its sign, "1.5%", and held as a ratio, 0.015.
type Percent struct{ decimal.Decimal }

func (p *Percent) UnmarshalYAML(n *yaml.Node) error {
	text, ok := strings.CutSuffix(strings.TrimSpace(n.Value), "%")
	if !ok || !plainNumber.MatchString(strings.TrimSpace(text)) {
		return at(n, fmt.Sprintf("%q is no percentage", n.Value), `write it with the sign: 1.5%`)
	}
	v, err := decimal.NewFromString(strings.TrimSpace(text))
	if err != nil {
		return at(n, fmt.Sprintf("%q is no percentage", n.Value), "")
	}
	p.Decimal = v.Shift(-2)
	return nil
}

var (
	plainNumber   = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,10})?$`)
	groupedNumber = regexp.MustCompile(`^[0-9]{1,3}(,[0-9]{3})+$`)
	yamlLine      = regexp.MustCompile(`^(?:yaml: )?line ([0-9]+): (.*)$`)
	documentedKey = regexp.MustCompile(`(?m)^[ #]*([a-z_]+):`)
	unknownField  = regexp.MustCompile(`^field (\S+) not found in type main\.(\S+)$`)
)

const maxConfigBytes = 256 << 10

func defaults() Config {
	won := func(n int64) Money { return Money{decimal.NewFromInt(n)} }
	return Config{
		Version:    1,
		Env:        "paper",
		KIS:        KISConfig{Hashkey: true},
		Paper:      PaperConfig{Quotes: "virtual", Cash: won(10_000_000), FeeRate: Percent{market.DefaultCosts().FeeRate}, Slippage: 1, VolumeCap: Percent{decimal.New(10, -2)}},
		Strategies: "strategies.yaml",
		ExitsEvery: Every(time.Minute),
		Exclusive:  true,
		CatchUp:    "skip",
		Grace:      Duration(10 * time.Minute),
		Bars:       400,
		Log:        LogConfig{Level: "info", Format: "auto"},
		Dashboard:  DashboardConfig{Lang: "en"},
		Notify:     NotifyConfig{Lang: "en", Repeat: Duration(10 * time.Minute), Stalled: Duration(time.Minute), HeartbeatEvery: Duration(time.Minute)},
	}
}

// placed is a problem with a place in a file, kept until the file's name is known.
type placed struct{ strategy.Problem }

func (p placed) Error() string { return p.What }

func at(n *yaml.Node, what, hint string) error {
	return placed{strategy.Problem{Line: n.Line, Col: n.Column, What: what, Hint: hint}}
}

// findConfig is the file to read: the flag, ./config.yaml, or /etc/maemae/config.yaml.
func findConfig(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	for _, p := range []string{"config.yaml", "/etc/maemae/config.yaml"} {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", hinted(errors.New("no config.yaml here or in /etc/maemae"), "maemae init writes one; maemae demo needs none")
}

// loadConfig reads the file strictly: one document, no unknown or double keys, no aliases, every value in its form.
func loadConfig(path string) (Config, error) {
	data, err := readBounded(path, maxConfigBytes)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	c := defaults()
	if problems := decodeConfig(path, data, &c); len(problems) > 0 {
		return Config{}, problems
	}
	sum := sha256.Sum256(data)
	c.path, c.hash = path, hex.EncodeToString(sum[:8])
	if !filepath.IsAbs(c.Strategies) {
		c.Strategies = filepath.Join(filepath.Dir(path), c.Strategies)
	}
	return c, nil
}

func decodeConfig(path string, data []byte, c *Config) strategy.Problems {
	if i := bytes.IndexByte(data, '\t'); i >= 0 {
		line := 1 + bytes.Count(data[:i], []byte("\n"))
		return strategy.Problems{{File: path, Line: line, Col: i - bytes.LastIndexByte(data[:i], '\n'), What: "tab", Hint: "indent with spaces"}}
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return strategy.Problems{{File: path, Line: 1, Col: 1, What: "empty configuration", Hint: "maemae init writes one"}}
	} else if err != nil {
		return yamlProblems(path, err)
	}
	var second yaml.Node
	if err := dec.Decode(&second); err != nil && !errors.Is(err, io.EOF) {
		return yamlProblems(path, err)
	} else if err == nil {
		return strategy.Problems{{File: path, Line: second.Line, Col: 1, What: "second document", Hint: "a configuration is one document: remove ---"}}
	}
	if n := firstAlias(&doc); n != nil {
		return strategy.Problems{{File: path, Line: n.Line, Col: n.Column, What: "anchor or alias", Hint: "write the value out"}}
	}
	strict := yaml.NewDecoder(bytes.NewReader(data))
	strict.KnownFields(true)
	if err := strict.Decode(c); err != nil {
		return placeKeys(yamlProblems(path, err), &doc)
	}
	c.node = &doc
	return checkConfig(path, c)
}

func firstAlias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return n
	}
	for _, child := range n.Content {
		if found := firstAlias(child); found != nil {
			return found
		}
	}
	return nil
}

// yamlProblems turns the decoder's errors into problems with a place.
func yamlProblems(path string, err error) strategy.Problems {
	var p placed
	if errors.As(err, &p) {
		p.File = path
		return strategy.Problems{p.Problem}
	}
	lines := []string{err.Error()}
	var te *yaml.TypeError
	if errors.As(err, &te) {
		lines = te.Errors
	}
	var out strategy.Problems
	for _, text := range lines {
		q := strategy.Problem{File: path, Line: 1, Col: 1, What: text}
		if m := yamlLine.FindStringSubmatch(text); m != nil {
			q.Line, _ = strconv.Atoi(m[1])
			q.What = m[2]
		}
		if m := unknownField.FindStringSubmatch(q.What); m != nil {
			q.What, q.Hint = fmt.Sprintf("unknown key %q", m[1]), "config.yaml.example lists every key"
			if near := strategy.Suggest(m[1], configKeys()); near != "" {
				q.Hint = near
			}
		}
		out = append(out, q)
	}
	return out
}

// placeKeys finds the column of each complaint about a key: the decoder tells only the line.
func placeKeys(problems strategy.Problems, doc *yaml.Node) strategy.Problems {
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			for k := range problems {
				p := &problems[k]
				if n.Kind == yaml.MappingNode && i%2 == 0 && child.Line == p.Line && strings.Contains(p.What, strconv.Quote(child.Value)) {
					p.Col = child.Column
				}
			}
			walk(child)
		}
	}
	walk(doc)
	return problems
}

// configKeys are all keys a configuration can have: those that the example documents.
func configKeys() []string {
	var out []string
	for _, m := range documentedKey.FindAllStringSubmatch(maemae.ConfigExample, -1) {
		out = append(out, m[1])
	}
	return out
}

// checkConfig holds the values to what the daemon can do.
func checkConfig(path string, c *Config) strategy.Problems {
	var out strategy.Problems
	bad := func(key, what, hint string) {
		n := keyNode(c.node, strings.Split(key, ".")...)
		out = append(out, strategy.Problem{File: path, Line: n.Line, Col: n.Column, What: what, Hint: hint})
	}
	oneOf := func(key, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			bad(key, fmt.Sprintf("%s %q", key, value), "one of "+strings.Join(allowed, ", "))
		}
	}
	if c.Version != 1 {
		bad("version", fmt.Sprintf("version %d", c.Version), "this program reads version 1")
	}
	oneOf("env", c.Env, "paper", "virtual", "real")
	oneOf("paper.quotes", c.Paper.Quotes, "virtual", "real")
	oneOf("catch_up", c.CatchUp, "skip", "run")
	oneOf("limits.probation", c.Limits.Probation, "", "on", "off")
	oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	oneOf("log.format", c.Log.Format, "auto", "json", "console")
	if cap := c.Paper.VolumeCap; !cap.Shift(2).IsInteger() || cap.GreaterThan(decimal.NewFromInt(1)) {
		bad("paper.volume_cap", fmt.Sprintf("volume_cap %s%%", cap.Shift(2)), "whole percent, 1% to 100%; 0% is no cap")
	}
	if c.Paper.Slippage < 0 || c.Paper.Slippage > 100 {
		bad("paper.slippage", fmt.Sprintf("slippage %d", c.Paper.Slippage), "ticks, 0 to 100")
	}
	if c.Bars < 50 || c.Bars > 10_000 {
		bad("bars", fmt.Sprintf("bars %d", c.Bars), "from 50 to 10000 daily bars a symbol")
	}
	if c.KIS.Rate < 0 || c.KIS.Rate > 1000 {
		bad("kis.rate", fmt.Sprintf("rate %d", c.KIS.Rate), "calls a second; 0 is KIS's published limit")
	}
	if c.Limits.Positions < 0 || c.Limits.OrdersPerDay < 0 || c.Limits.OrdersPerMinute < 0 || c.Limits.Rejections < 0 || c.Limits.OrderShares < 0 || c.Limits.StrategyOrdersPerDay < 0 {
		bad("limits", "a limit below zero", "")
	}
	for _, p := range append(c.Notify.check(), c.Metrics.check()...) {
		bad(p.key, p.what, p.hint)
	}
	if key, what, hint := c.Dashboard.check(); what != "" {
		bad(key, what, hint)
	}
	for _, m := range c.Limits.Marks {
		if !slices.Contains(market.Marks(), m) {
			bad("limits.marks", fmt.Sprintf("%q is no warning of the exchange", m), fmt.Sprintf("of %v", market.Marks()))
		}
	}
	for i, s := range c.Limits.Symbols {
		if _, err := market.ParseSymbol(s); err != nil {
			bad("limits.symbols", fmt.Sprintf("entry %d: %v", i+1, err), "")
		}
	}
	return out
}

// keyNode finds the value at a path of keys; the document itself when a key is not there.
func keyNode(n *yaml.Node, keys ...string) *yaml.Node {
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, k := range keys {
		found := false
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == k {
				n, found = n.Content[i+1], true
				break
			}
		}
		if !found {
			return n
		}
	}
	return n
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: over %d KiB", path, limit>>10)
	}
	return data, nil
}

// stateDir is where the journal, bars and paper book live.
func (c Config) stateDir(alias string) string {
	if c.State != "" {
		return c.State
	}
	if d := os.Getenv("STATE_DIRECTORY"); d != "" {
		return strings.Split(d, ":")[0]
	}
	base := os.Getenv("XDG_STATE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = "."
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "maemae", c.Env+"-"+alias)
}
