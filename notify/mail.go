package notify

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/netip"
	"net/smtp"
	"strings"
	"time"
)

// Mail is an SMTP server and who writes to whom. Port 465 begins with TLS; any other must offer STARTTLS, unless Host
// is one of Net.Private in digits.
type Mail struct {
	Host           string
	Port           uint16
	User, Password string // empty: no login
	From           string
	To             []string
}

// Mail sends an e-mail a message.
func (n Net) Mail(o Mail) (Send, error) {
	if o.Host == "" || o.Port == 0 || len(o.To) == 0 {
		return nil, errors.New("mail: needs host, port, from and to")
	}
	for _, a := range append([]string{o.From}, o.To...) {
		if parsed, err := mail.ParseAddress(a); err != nil || parsed.Address != a {
			return nil, fmt.Errorf("mail: %q is no plain address", a)
		}
	}
	ip, err := netip.ParseAddr(o.Host)
	if err == nil && !n.allowed(ip) {
		return nil, fmt.Errorf("mail: host %s: %w", o.Host, ErrAddress)
	}
	plain := err == nil && n.private(ip.Unmap())
	return func(ctx context.Context, m Message) error { return n.mail(ctx, o, plain, m) }, nil
}

func (n Net) mail(ctx context.Context, o Mail, plain bool, m Message) error {
	conn, err := n.dial(ctx, "tcp", net.JoinHostPort(o.Host, fmt.Sprint(o.Port)))
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends a server that says nothing
	defer stop()
	secure := &tls.Config{ServerName: o.Host, MinVersion: tls.VersionTLS12, RootCAs: n.Roots}
	if o.Port == 465 {
		conn = tls.Client(conn, secure)
	}
	c, err := smtp.NewClient(conn, o.Host)
	if err != nil {
		return err
	}
	if ok, _ := c.Extension("STARTTLS"); ok && o.Port != 465 {
		if err := c.StartTLS(secure); err != nil {
			return err
		}
	} else if o.Port != 465 && !plain {
		return errors.New("the server offers no encryption")
	}
	if o.User != "" {
		if err := c.Auth(smtp.PlainAuth("", o.User, o.Password, o.Host)); err != nil {
			return err
		}
	}
	if err := c.Mail(o.From); err != nil {
		return err
	}
	for _, to := range o.To {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(o.letter(m)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the server has taken it
	return nil
}

// letter is the message as RFC 5322 text.
func (o Mail) letter(m Message) []byte {
	var b strings.Builder
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", o.From)
	header("To", strings.Join(o.To, ", "))
	header("Subject", mime.BEncoding.Encode("utf-8", m.Headline()))
	header("Date", m.At.Format(time.RFC1123Z))
	header("MIME-Version", "1.0")
	header("Content-Type", `text/plain; charset="utf-8"`)
	header("Content-Transfer-Encoding", "base64")
	header("Auto-Submitted", "auto-generated")
	b.WriteString("\r\n")
	text := base64.StdEncoding.EncodeToString([]byte(m.Text() + "\n"))
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	b.WriteString(text + "\r\n")
	return []byte(b.String())
}
