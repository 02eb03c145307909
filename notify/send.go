package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
)

// Send delivers one message, or says why not. It gives up when the context ends.
type Send func(ctx context.Context, m Message) error

const jsonType = "application/json; charset=utf-8"

// Telegram sends as the bot of the token to a chat. base is https://api.telegram.org.
func (n Net) Telegram(base, token, chat string) (Send, error) {
	u, err := n.parse(base)
	if err != nil {
		return nil, err
	}
	if token == "" || chat == "" || strings.ContainsAny(token, "/?#% ") {
		return nil, errors.New("telegram: needs a bot's token and a chat")
	}
	c := n.client(u)
	to := strings.TrimSuffix(u.String(), "/") + "/bot" + token + "/sendMessage"
	return func(ctx context.Context, m Message) error {
		answer, err := postJSON(ctx, c, to, map[string]any{"chat_id": chat, "text": m.Headline() + "\n" + m.Text()}, nil)
		if err != nil {
			return err
		}
		var said struct {
			OK          bool   `json:"ok"`
			Description string `json:"description"`
		}
		if err := json.Unmarshal(answer, &said); err != nil || !said.OK {
			return fmt.Errorf("telegram did not take it: %.200q", said.Description)
		}
		return nil
	}, nil
}

// Slack sends to an incoming webhook.
func (n Net) Slack(webhook string) (Send, error) {
	u, err := n.parse(webhook)
	if err != nil {
		return nil, err
	}
	c := n.client(u)
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	return func(ctx context.Context, m Message) error {
		answer, err := postJSON(ctx, c, u.String(), map[string]any{"text": "*" + escape.Replace(m.Headline()) + "*\n" + escape.Replace(m.Text())}, nil)
		if err == nil && strings.TrimSpace(string(answer)) != "ok" {
			err = fmt.Errorf("slack did not take it: %.200q", answer)
		}
		return err
	}, nil
}

// Webhook posts the message as JSON. With a secret the header Maemae-Signature holds the hex HMAC-SHA256 of the body.
func (n Net) Webhook(to, secret string) (Send, error) {
	u, err := n.parse(to)
	if err != nil {
		return nil, err
	}
	c := n.client(u)
	return func(ctx context.Context, m Message) error {
		_, err := postJSON(ctx, c, u.String(), m, func(body []byte) http.Header {
			if secret == "" {
				return nil
			}
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write(body)
			return http.Header{"Maemae-Signature": {hex.EncodeToString(mac.Sum(nil))}}
		})
		return err
	}, nil
}

func postJSON(ctx context.Context, c *http.Client, to string, value any, header func(body []byte) http.Header) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var h http.Header
	if header != nil {
		h = header(body)
	}
	return post(ctx, c, http.MethodPost, to, jsonType, h, bytes.NewReader(body))
}

// once lets a library's service make one attempt through our client: trying again is the queue's work. It keeps what
// went wrong, because the library's own errors may repeat the URL.
type once struct {
	ctx  context.Context
	c    *http.Client
	to   *url.URL // scheme and host are the configured ones
	done bool
	err  error
}

var errOnce = errors.New("one attempt a message")

func (o *once) Do(req *http.Request) (*http.Response, error) {
	if o.done {
		return nil, errOnce
	}
	o.done = true
	req = req.WithContext(o.ctx)
	req.URL.Scheme, req.URL.Host, req.Host = o.to.Scheme, o.to.Host, ""
	res, err := o.c.Do(req)
	if err != nil {
		o.err = bare(err)
		return nil, o.err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		o.err = fmt.Errorf("answered %s", res.Status)
	}
	res.Body = http.MaxBytesReader(nil, res.Body, answerMax)
	return res, nil
}

// RoundTrip lets the library put its own client around it.
func (o *once) RoundTrip(req *http.Request) (*http.Response, error) { return o.Do(req) }

// judge is how the attempt ended: err is what the library says of it.
func (o *once) judge(service string, err error) error {
	switch {
	case o.err != nil:
		return o.err
	case err != nil:
		return fmt.Errorf("%s did not take it", service)
	}
	return nil
}

// Sleep lets the library wait for nothing: the second attempt it would wait for is refused.
func (o *once) Sleep(time.Duration) {}

// Discord sends to a channel's webhook, https://discord.com/api/webhooks/ID/TOKEN.
func (n Net) Discord(webhook string) (Send, error) {
	u, err := n.parse(webhook)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) != 4 || parts[0] != "api" || parts[1] != "webhooks" {
		return nil, errors.New("discord: needs a webhook's URL, https://discord.com/api/webhooks/ID/TOKEN")
	}
	c := n.client(u)
	return func(ctx context.Context, m Message) error {
		o := &once{ctx: ctx, c: c, to: u}
		var s discord.Service
		if err := s.Initialize(&url.URL{Scheme: discord.Scheme, User: url.User(parts[3]), Host: parts[2], RawQuery: "splitlines=no"}, nil); err != nil {
			return errors.New("discord: the webhook's id or token is not one")
		}
		s.HTTPClient, s.Sleeper = o, o
		return o.judge("discord", s.Send("**"+m.Headline()+"**\n"+m.Text(), nil))
	}, nil
}

// Ntfy publishes to a topic, https://ntfy.sh/TOPIC, with an access token if the topic wants one.
func (n Net) Ntfy(topic, token string) (Send, error) {
	u, err := n.parse(topic)
	if err != nil {
		return nil, err
	}
	name := strings.Trim(u.Path, "/")
	if name == "" || strings.Contains(name, "/") {
		return nil, errors.New("ntfy: needs a topic, https://ntfy.sh/TOPIC")
	}
	c := n.client(u)
	return func(ctx context.Context, m Message) error {
		o := &once{ctx: ctx, c: c, to: u}
		var s ntfy.Service // a new one each time: it adds a message's headers to those of the one before
		q := url.Values{"title": {m.Headline()}, "priority": {map[Level]string{Info: "default", Warning: "high", Critical: "max"}[m.Level]}}
		if err := s.Initialize(&url.URL{Scheme: ntfy.Scheme, Host: u.Host, Path: "/" + name, RawQuery: q.Encode()}, nil); err != nil {
			return errors.New("ntfy: the topic is not one")
		}
		s.Config.Password = token
		s.SetHTTPClient(&http.Client{Transport: o, Timeout: sendTimeout, CheckRedirect: c.CheckRedirect})
		return o.judge("ntfy", s.Send(m.Text(), nil))
	}, nil
}

// Exec runs a program with the message as JSON on its standard input. It gets no environment but PATH, and is killed
// when it takes longer than the context.
func Exec(argv []string) (Send, error) {
	if len(argv) == 0 || !filepath.IsAbs(argv[0]) {
		return nil, errors.New("exec: needs a program's absolute path")
	}
	return func(ctx context.Context, m Message) error {
		body, err := json.Marshal(m)
		if err != nil {
			return err
		}
		c := exec.CommandContext(ctx, argv[0], argv[1:]...)
		c.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
		c.Dir = "/"
		c.WaitDelay = time.Second
		c.Stdin = bytes.NewReader(append(body, '\n'))
		if err := c.Run(); err != nil {
			return fmt.Errorf("exec %s: %w", filepath.Base(argv[0]), err)
		}
		return nil
	}, nil
}
