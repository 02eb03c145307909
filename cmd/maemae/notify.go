package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"maemae/broker/kis"
	"maemae/journal"
	"maemae/market"
	"maemae/notify"
)

// NotifyConfig is who is told what.
type NotifyConfig struct {
	Lang           string          `yaml:"lang"`
	Repeat         Duration        `yaml:"repeat"`
	Channels       []ChannelConfig `yaml:"channels"`
	AllowPrivate   []string        `yaml:"allow_private"`
	Stalled        Duration        `yaml:"stalled"`
	HeartbeatFile  string          `yaml:"heartbeat_file"`
	HeartbeatEvery Duration        `yaml:"heartbeat_every"`
	BlockUntilAck  bool            `yaml:"block_entries_until_ack"`
}

// ChannelConfig is one way to a person; Kind says which of the other keys it takes.
type ChannelConfig struct {
	Name       string   `yaml:"name"`
	Kind       string   `yaml:"kind"`
	Level      string   `yaml:"level"`
	Digest     bool     `yaml:"digest"`
	SecretFile string   `yaml:"secret_file"`
	Chat       string   `yaml:"chat"`
	URL        string   `yaml:"url"`
	Host       string   `yaml:"host"`
	Port       uint16   `yaml:"port"`
	User       string   `yaml:"user"`
	From       string   `yaml:"from"`
	Recipients []string `yaml:"recipients"`
	Command    []string `yaml:"command"`
}

// wrong is a problem with the value of a key.
type wrong struct{ key, what, hint string }

func (c NotifyConfig) check() (out []wrong) {
	if c.Lang != string(notify.English) && c.Lang != string(notify.Korean) {
		out = append(out, wrong{"notify.lang", fmt.Sprintf("lang %q", c.Lang), "en or ko"})
	}
	if c.Stalled < Duration(time.Second) || c.Stalled > Duration(time.Hour) {
		out = append(out, wrong{"notify.stalled", "stalled " + time.Duration(c.Stalled).String(), "from 1s to 1h"})
	}
	if c.HeartbeatEvery < Duration(time.Second) {
		out = append(out, wrong{"notify.heartbeat_every", "heartbeat_every " + time.Duration(c.HeartbeatEvery).String(), "at least 1s"})
	}
	for _, p := range c.AllowPrivate {
		if _, err := netip.ParsePrefix(p); err != nil {
			out = append(out, wrong{"notify.allow_private", fmt.Sprintf("%q is no range of addresses", p), "192.168.1.9/32 is one address"})
		}
	}
	seen := map[string]bool{}
	for _, ch := range c.Channels {
		if _, err := notify.ParseLevel(ch.level()); err != nil {
			out = append(out, wrong{"notify.channels", fmt.Sprintf("channel %q: %v", ch.Name, err), ""})
		}
		if ch.Name == "" || seen[ch.Name] {
			out = append(out, wrong{"notify.channels", fmt.Sprintf("channel name %q is missing or given twice", ch.Name), ""})
		}
		if _, known := senders[ch.Kind]; !known {
			out = append(out, wrong{"notify.channels", fmt.Sprintf("channel %q: kind %q", ch.Name, ch.Kind), "one of " + strings.Join(slices.Sorted(maps.Keys(senders)), ", ")})
		}
		seen[ch.Name] = true
	}
	return out
}

func (c ChannelConfig) level() string {
	if c.Level == "" {
		return "warning"
	}
	return c.Level
}

// senders make a channel of each kind.
var senders = map[string]func(n notify.Net, c ChannelConfig, secret string) (notify.Send, error){
	"telegram": func(n notify.Net, c ChannelConfig, secret string) (notify.Send, error) {
		return n.Telegram(orDefault(c.URL, "https://api.telegram.org"), secret, c.Chat)
	},
	"slack":   func(n notify.Net, _ ChannelConfig, secret string) (notify.Send, error) { return n.Slack(secret) },
	"discord": func(n notify.Net, _ ChannelConfig, secret string) (notify.Send, error) { return n.Discord(secret) },
	"ntfy":    func(n notify.Net, c ChannelConfig, secret string) (notify.Send, error) { return n.Ntfy(c.URL, secret) },
	"webhook": func(n notify.Net, c ChannelConfig, secret string) (notify.Send, error) {
		return n.Webhook(c.URL, secret)
	},
	"mail": func(n notify.Net, c ChannelConfig, secret string) (notify.Send, error) {
		return n.Mail(notify.Mail{Host: c.Host, Port: c.Port, User: c.User, Password: secret, From: c.From, To: c.Recipients})
	},
	"exec": func(_ notify.Net, c ChannelConfig, _ string) (notify.Send, error) { return notify.Exec(c.Command) },
}

// secret reads a file beside the configuration, or a systemd credential of that name; "" without a name.
func (c Config) secret(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && filepath.Base(name) == name {
		if text, err := secretFile(filepath.Join(dir, name), false); err != nil || text != "" {
			return text, err
		}
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(c.path), name)
	}
	return secretFile(name, true)
}

func (c Config) net() notify.Net {
	var n notify.Net
	for _, p := range c.Notify.AllowPrivate {
		if prefix, err := netip.ParsePrefix(p); err == nil { // it was checked when the file was loaded
			n.Private = append(n.Private, prefix)
		}
	}
	return n
}

// channels are the configured ways to a person, ready to send.
func (c Config) channels() ([]notify.Channel, error) {
	var out []notify.Channel
	for _, ch := range c.Notify.Channels {
		secret, err := c.secret(ch.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("channel %s: %w", ch.Name, err)
		}
		send, err := senders[ch.Kind](c.net(), ch, secret)
		if err != nil {
			return nil, fmt.Errorf("channel %s: %w", ch.Name, err)
		}
		level, err := notify.ParseLevel(ch.level())
		if err != nil {
			return nil, fmt.Errorf("channel %s: %w", ch.Name, err)
		}
		out = append(out, notify.Channel{Name: ch.Name, Level: level, Digest: ch.Digest, Send: send})
	}
	return out, nil
}

// watch is what looks at the running daemon from beside: messages, alarms, metrics. Nothing in it can act.
type watch struct {
	cfg     Config
	keys    credentials
	log     *zap.Logger
	health  *health
	metrics *metrics
	people  atomic.Pointer[notify.Notifier]

	mu    sync.Mutex
	codes map[string]bool // error codes that KIS has answered with since the start
}

func newWatch(cfg Config, keys credentials, log *zap.Logger) *watch {
	return &watch{cfg: cfg, keys: keys, log: log, health: newHealth(time.Duration(cfg.Notify.Stalled), time.Now), metrics: newMetrics(), codes: map[string]bool{}}
}

func (w *watch) heard(e journal.Entry) {
	w.metrics.heard(e)
	if n := w.people.Load(); n != nil {
		n.Wake()
	}
}

func (w *watch) called(c kis.Call) {
	logCall(w.log, c)
	w.metrics.called(c)
	w.health.called(c)
	if c.Kind == "" || c.Code == "" {
		return
	}
	w.mu.Lock()
	known := w.codes[c.Code]
	w.codes[c.Code] = true
	w.mu.Unlock()
	if !known {
		w.raise(notify.Warning, "code/"+c.Code, "KIS answered with an error not met since the start", "시작 이후 처음 보는 KIS 오류 코드", c.Code+" "+c.Op)
	}
}

func (w *watch) raise(level notify.Level, key, en, ko, body string) {
	title := en
	if w.cfg.Notify.Lang == string(notify.Korean) {
		title = ko
	}
	if n := w.people.Load(); n != nil {
		n.Raise(notify.Message{Level: level, Key: key, At: time.Now(), Title: title, Body: body})
	}
}

// start begins to look; what it began ends with the returned function.
func (w *watch) start(ctx context.Context, d *daemon) (stop func(), err error) {
	channels, err := w.cfg.channels()
	if err != nil {
		return nil, err
	}
	n, err := notify.New(notify.Options{
		Dir: filepath.Join(d.state, "notify"), Journal: d.journal, Channels: channels, Now: time.Now, After: time.After,
		From: w.cfg.Env + " " + d.account, Lang: notify.Lang(w.cfg.Notify.Lang), Names: func(s string) string { return d.feed.Name(market.Symbol(s)) },
		Repeat: time.Duration(w.cfg.Notify.Repeat), Day: d.closed,
		Trouble: func(channel string, err error) {
			w.log.Warn("not told yet", zap.String("channel", channel), zap.Error(err))
		},
	})
	if err != nil {
		return nil, err
	}
	beat, err := w.heartbeat()
	if err != nil {
		return nil, err
	}
	stopMetrics := func() {}
	if listen := w.cfg.Metrics.Listen; listen != "" {
		if err := w.metrics.registry.Register(observed{d: d, limits: limits(w.cfg), health: w.health, token: filepath.Join(tokenDir(w.cfg, w.keys), "token")}); err != nil {
			return nil, err
		}
		state := func() journal.State { return d.journal.Book().State() }
		if stopMetrics, err = serveMetrics(listen, w.metrics, w.health, state, func(err error) { w.log.Error("metrics", zap.Error(err)) }); err != nil {
			return nil, err
		}
	}
	w.people.Store(n)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // what is told last is told on the way out
	var wg sync.WaitGroup
	wg.Go(func() { n.Run(ctx) })
	wg.Go(func() { w.health.guard(ctx, time.Duration(w.cfg.Notify.HeartbeatEvery), w.trouble, beat) })
	return func() { cancel(); wg.Wait(); stopMetrics() }, nil
}

func (w *watch) heartbeat() (func(context.Context) error, error) {
	url, err := w.cfg.secret(w.cfg.Notify.HeartbeatFile)
	if err != nil || url == "" {
		return nil, err
	}
	return w.cfg.net().Beat(url)
}

// trouble tells of what health found, in the log too: a channel may be what is broken.
func (w *watch) trouble(t trouble, over bool) {
	if over {
		w.log.Info("over: "+t.en, zap.Time("since", t.since))
		w.raise(notify.Info, "", "over: "+t.en, "해소됨: "+t.ko, "")
		return
	}
	w.log.Error(t.en, zap.Time("since", t.since))
	w.raise(notify.Critical, "health/"+t.name, t.en, t.ko, kst(t.since))
}

// afterDigest is how long after the close the day is summed up: when the closing auction's fills have been read.
const afterDigest = 15 * time.Minute

// closed is the newest session that is over, from the end of the one before.
func (d *daemon) closed() (notify.Day, bool) {
	now := d.clock.Now()
	s, err := d.cal.Session(market.DateOf(now))
	if err != nil || now.Before(s.Close.Add(afterDigest)) {
		if s, err = d.cal.PreviousSession(market.DateOf(now)); err != nil {
			return notify.Day{}, false
		}
	}
	before, err := d.cal.PreviousSession(s.Date)
	if err != nil {
		return notify.Day{}, false
	}
	day := notify.Day{Name: s.Date.String(), From: before.Close.Add(afterDigest), To: s.Close.Add(afterDigest)}
	if next, err := d.cal.NextSession(s.Date); err == nil {
		day.Next = next.Date.String() + " " + next.Open.Format("15:04") + "–" + next.Close.Format("15:04")
	}
	return day, true
}

func notifyCommand() *cobra.Command {
	c := &cobra.Command{Use: "notify", Short: "try the channels to a person, or tell them something", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(notifyTestCommand(), notifySendCommand(), notifyAckCommand())
	for _, sub := range c.Commands() {
		strictArgs(sub)
	}
	return c
}

func notifyTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "test",
		Short:   "send a message to every channel of config.yaml, and say which took it",
		Example: "  maemae notify test --config config.yaml",
		RunE: func(c *cobra.Command, _ []string) error {
			return tellPeople(c, notify.Message{Level: notify.Info, Title: "maemae: a test · 시험 메시지", Body: "This channel works. · 이 채널은 정상입니다."}, false)
		},
	}
}

func notifySendCommand() *cobra.Command {
	level := notify.Critical
	c := &cobra.Command{
		Use:     "send TEXT",
		Short:   "tell every channel that wants the level; needs no daemon",
		Long:    "send is what the unit maemae-failed.service runs when the daemon has ended badly.",
		Example: `  maemae notify send --level warning "the office has no power at noon"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return tellPeople(c, notify.Message{Level: level, Title: args[0]}, true)
		},
	}
	c.Flags().TextVar(&level, "level", notify.Critical, "info, warning or critical")
	return c
}

// tellPeople sends one message to the channels at once, and prints who took it.
func tellPeople(c *cobra.Command, m notify.Message, byLevel bool) error {
	flag, err := c.Flags().GetString("config")
	if err != nil {
		return err
	}
	path, err := findConfig(flag)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(path)
	if err != nil {
		return err
	}
	channels, err := cfg.channels()
	if err != nil {
		return err
	}
	if len(channels) == 0 {
		return hinted(errors.New("no channels"), "notify.channels in "+path+"; config.yaml.example shows each kind")
	}
	m.At, m.From = time.Now(), cfg.Env
	var failed []string
	for _, ch := range channels {
		if byLevel && m.Level < ch.Level {
			continue
		}
		ctx, cancel := context.WithTimeout(c.Context(), 20*time.Second)
		err := ch.Send(ctx, m)
		cancel()
		said := "taken"
		if err != nil {
			said, failed = err.Error(), append(failed, ch.Name)
		}
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%s  %s\n", ch.Name, said); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("not told: %s", strings.Join(failed, ", "))
	}
	return nil
}
