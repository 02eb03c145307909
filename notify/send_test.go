package notify_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/netip"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"maemae/notify"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

var sample = notify.Message{
	Level: notify.Critical, At: time.Date(2026, 1, 5, 6, 15, 0, 0, time.UTC), Seq: 7, From: "virtual ******99-01",
	Title: "중지됨 <b> & \r\nBcc: x@y.z", Body: "orders_unreadable: *no* answer",
}

type request struct {
	method, path string
	header       http.Header
	body         []byte
}

// server records what it is asked and answers with a status and a text.
func server(t *testing.T, status int, answer string) (*httptest.Server, notify.Net, *[]request) {
	t.Helper()
	var got []request
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, request{r.Method, r.URL.Path, r.Header, body})
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer) // the client may have gone
	}))
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s, notify.Net{Private: loopback, Roots: pool}, &got
}

type service struct {
	name, ok, bad string // an answer that takes the message, and one with status 200 that does not
	make          func(n notify.Net, base string) (notify.Send, error)
	check         func(r request) error
}

func services() []service {
	field := func(r request, name string) string {
		var m map[string]any
		if err := json.Unmarshal(r.body, &m); err != nil {
			return err.Error()
		}
		return fmt.Sprint(m[name])
	}
	want := func(got string, parts ...string) error {
		for _, p := range parts {
			if !strings.Contains(got, p) {
				return fmt.Errorf("%q lacks %q", got, p)
			}
		}
		return nil
	}
	return []service{
		{"telegram", `{"ok":true,"result":{"message_id":1}}`, `{"ok":false,"description":"chat not found"}`,
			func(n notify.Net, base string) (notify.Send, error) { return n.Telegram(base, "123:s3cret", "-100") },
			func(r request) error {
				return errors.Join(want(r.path, "/bot123:s3cret/sendMessage"), want(field(r, "chat_id"), "-100"), want(field(r, "text"), "중지됨 <b> &", "15:15:00 KST"))
			}},
		{"slack", "ok", "invalid_payload",
			func(n notify.Net, base string) (notify.Send, error) { return n.Slack(base + "/services/T/B/s3cret") },
			func(r request) error {
				return errors.Join(want(r.path, "/services/T/B/s3cret"), want(field(r, "text"), "중지됨 &lt;b&gt; &amp;", "orders_unreadable"))
			}},
		{"discord", "", "",
			func(n notify.Net, base string) (notify.Send, error) {
				return n.Discord(base + "/api/webhooks/12/s3cret")
			},
			func(r request) error {
				return errors.Join(want(r.path, "/api/webhooks/12/s3cret"), want(string(r.body), "중지됨", "orders_unreadable"))
			}},
		{"ntfy", `{"id":"x","event":"message"}`, "",
			func(n notify.Net, base string) (notify.Send, error) { return n.Ntfy(base+"/topic", "s3cret") },
			func(r request) error {
				return errors.Join(want(r.path, "/topic"), want(r.header.Get("Title"), "중지됨"), want(r.header.Get("Priority"), "Max"),
					want(r.header.Get("Authorization"), base64.StdEncoding.EncodeToString([]byte(":s3cret"))), want(string(r.body), "orders_unreadable"))
			}},
		{"webhook", "", "",
			func(n notify.Net, base string) (notify.Send, error) {
				return n.Webhook(base+"/hook?key=s3cret", "hush")
			},
			func(r request) error {
				mac := hmac.New(sha256.New, []byte("hush"))
				mac.Write(r.body)
				return errors.Join(want(field(r, "level"), "critical"), want(field(r, "seq"), "7"), want(r.header.Get("Maemae-Signature"), hex.EncodeToString(mac.Sum(nil))))
			}},
	}
}

func TestEveryServiceIsSpokenToInItsOwnWay(t *testing.T) {
	for _, s := range services() {
		t.Run(s.name, func(t *testing.T) {
			srv, n, got := server(t, http.StatusOK, s.ok)
			send, err := s.make(n, srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := send(t.Context(), sample); err != nil {
					t.Fatal(err)
				}
			}
			if len(*got) != 2 || (*got)[1].method != http.MethodPost {
				t.Fatalf("%d requests for two messages", len(*got))
			}
			if err := s.check((*got)[1]); err != nil {
				t.Error(err)
			}
			if len((*got)[1].header.Values("Title")) > 1 {
				t.Error("the second message carries the first one's headers")
			}
		})
	}
}

// A refusal, a redirect (to the machine's metadata, say) and a wrong host are errors after one attempt, and no error
// repeats a secret.
func TestAFailureIsOneAttemptAndKeepsTheSecret(t *testing.T) {
	for _, s := range services() {
		statuses := map[int]string{500: "down", 429: "slow down", 302: "", 403: "no"}
		if s.bad != "" {
			statuses[200] = s.bad
		}
		for status, answer := range statuses {
			srv, n, got := server(t, status, answer)
			send, err := s.make(n, srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			err = send(t.Context(), sample)
			if err == nil || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: status %d gave %v", s.name, status, err)
			}
			if len(*got) != 1 {
				t.Errorf("%s: status %d: %d requests, want 1", s.name, status, len(*got))
			}
			srv.Close()
			if err := send(t.Context(), sample); err == nil || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: a server that is gone gave %v", s.name, err)
			}
			n.Private = nil
			if _, err := s.make(n, srv.URL); !errors.Is(err, notify.ErrAddress) {
				t.Errorf("%s: a loopback address was taken: %v", s.name, err)
			}
		}
	}
}

func TestAServerThatSaysNothingEndsWithTheContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := notify.Net{Private: loopback}
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	silent, err := n.Mail(notify.Mail{Host: "127.0.0.1", Port: port, From: "a@b.kr", To: []string{"c@d.kr"}})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]notify.Send{"mail": silent}
	for _, s := range services() {
		if all[s.name], err = s.make(n, "https://"+l.Addr().String()); err != nil {
			t.Fatal(err)
		}
	}
	if all["exec"], err = notify.Exec([]string{"/bin/sleep", "600"}); err != nil {
		t.Fatal(err)
	}
	for name, send := range all {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := send(ctx, sample); err == nil {
			t.Errorf("%s: silence was taken for an answer", name)
		}
		cancel()
	}
}

// The addresses that S-15 of the order protocol names, and their relatives.
func TestMessagesGoOnlyToPublicAddressesOverHTTPS(t *testing.T) {
	for _, u := range []string{
		"http://example.com/x", "ftp://example.com", "https://user:pw@example.com/", "https://", "//example.com", "https://example.com/#x",
		"https://169.254.169.254/latest", "https://[::ffff:127.0.0.1]/", "https://[::1]/", "https://10.0.0.1/", "https://192.168.1.9/",
		"https://172.16.0.1/", "https://100.64.0.1/", "https://0.0.0.0/", "https://[::]/", "https://[fe80::1]/", "https://[fd00::1]/",
		"https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://224.0.0.1/", "https://255.255.255.255/", "https://[::127.0.0.1]/", "https://198.18.0.1/",
	} {
		if _, err := (notify.Net{}).Webhook(u, ""); err == nil {
			t.Errorf("%s was taken", u)
		}
	}
	for _, u := range []string{"https://ntfy.sh/x", "https://1.1.1.1/x", "https://[2606:4700:4700::1111]/x"} {
		if _, err := (notify.Net{}).Webhook(u, ""); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
	private := notify.Net{Private: []netip.Prefix{netip.MustParsePrefix("192.168.1.9/32")}}
	if _, err := private.Webhook("http://192.168.1.9/x", ""); err != nil {
		t.Error(err)
	}
	if _, err := private.Webhook("http://192.168.1.10/x", ""); err == nil {
		t.Error("a neighbour of the private address was taken")
	}
}

// A name is judged by the address it resolves to at the moment of the call; whatever the name looks like.
func TestANameThatResolvesHomeIsRefusedWhenDialled(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "169.254.169.254", "10.1.2.3"} {
		n := notify.Net{Resolver: resolver(t, netip.MustParseAddr(ip))}
		for _, host := range []string{"hooks.example.com", "0x7f.1", "rebind.example.com"} {
			send, err := n.Webhook("https://"+host+"/x", "")
			if err != nil {
				t.Fatal(err)
			}
			if err := send(t.Context(), sample); !errors.Is(err, notify.ErrAddress) {
				t.Errorf("%s at %s: %v", host, ip, err)
			}
			letter, err := n.Mail(notify.Mail{Host: host, Port: 587, From: "a@b.kr", To: []string{"c@d.kr"}})
			if err != nil {
				t.Fatal(err)
			}
			if err := letter(t.Context(), sample); !errors.Is(err, notify.ErrAddress) {
				t.Errorf("mail to %s at %s: %v", host, ip, err)
			}
		}
	}
}

// resolver answers every question for an IPv4 address with this one.
func resolver(t *testing.T, ip netip.Addr) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	go func() {
		for {
			b := make([]byte, 1500)
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			end := 12
			for b[end] != 0 {
				end += int(b[end]) + 1
			}
			end += 5
			answers := byte(0)
			var record []byte
			if kind := b[end-3]; kind == 1 {
				a := ip.As4()
				answers, record = 1, append([]byte{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4}, a[:]...)
			}
			reply := append([]byte{b[0], b[1], 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0}, b[12:end]...)
			if n >= end {
				_, _ = pc.WriteTo(append(reply, record...), from) // a lost answer fails the test by itself
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

// postOffice is an SMTP server for one letter; with a certificate it offers STARTTLS and demands it before the login.
func postOffice(t *testing.T, cert *tls.Certificate) (port uint16, letter <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	out := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { conn.Close() }()
		r, secure := bufio.NewReader(conn), false
		say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") } // a client that is gone reads nothing
		say("220 here")
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			switch verb := strings.ToUpper(strings.Fields(line + " .")[0]); verb {
			case "EHLO":
				if cert != nil && !secure {
					say("250-here\r\n250 STARTTLS")
				} else {
					say("250-here\r\n250 AUTH PLAIN")
				}
			case "STARTTLS":
				say("220 go on")
				conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*cert}})
				r, secure = bufio.NewReader(conn), true
			case "AUTH":
				if cert != nil && !secure {
					say("530 not in the open")
				} else {
					say("235 welcome")
				}
			case "DATA":
				say("354 go on")
				body, err := textproto.NewReader(r).ReadDotBytes()
				if err != nil {
					return
				}
				out <- string(body)
				say("250 taken")
			case "QUIT":
				say("221 bye")
				return
			default:
				say("250 fine")
			}
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port), out
}

func TestAnEmailIsALetterThatAnyReaderUnderstands(t *testing.T) {
	srv, n, _ := server(t, 200, "") // for its certificate
	cert := srv.TLS.Certificates[0]
	for name, c := range map[string]*tls.Certificate{"starttls": &cert, "plain to a private address": nil} {
		port, letter := postOffice(t, c)
		send, err := n.Mail(notify.Mail{Host: "127.0.0.1", Port: port, User: "kim", Password: "pw", From: "maemae@example.kr", To: []string{"kim@example.kr", "lee@example.kr"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := send(t.Context(), sample); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m, err := mail.ReadMessage(strings.NewReader(<-letter))
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || !strings.Contains(subject, "중지됨 <b> & Bcc: x@y.z") || m.Header.Get("Bcc") != "" {
			t.Errorf("subject %q, %v, Bcc %q", subject, err, m.Header.Get("Bcc"))
		}
		body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
		if err != nil || !strings.Contains(string(body), "orders_unreadable: *no* answer") {
			t.Errorf("body %q, %v", body, err)
		}
		if to, err := m.Header.AddressList("To"); err != nil || len(to) != 2 {
			t.Errorf("to %v, %v", to, err)
		}
	}
}

func TestNoPasswordGoesToAMailServerWithoutEncryption(t *testing.T) {
	port, _ := postOffice(t, nil)
	n := notify.Net{Private: loopback, Resolver: resolver(t, netip.MustParseAddr("127.0.0.1"))}
	send, err := n.Mail(notify.Mail{Host: "mail.example.com", Port: port, User: "kim", Password: "pw", From: "a@b.kr", To: []string{"c@d.kr"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := send(t.Context(), sample); err == nil || !strings.Contains(err.Error(), "no encryption") {
		t.Errorf("sent in the open: %v", err)
	}
}

func TestAProgramReadsTheMessageOnItsInputWithoutOurEnvironment(t *testing.T) {
	t.Setenv("APP_SECRET", "s3cret")
	out := filepath.Join(t.TempDir(), "out")
	send, err := notify.Exec([]string{"/bin/sh", "-c", "cat > " + strconv.Quote(out) + "; env >> " + strconv.Quote(out)})
	if err != nil {
		t.Fatal(err)
	}
	if err := send(t.Context(), sample); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil || !strings.Contains(string(text), `"title":"중지됨`) || strings.Contains(string(text), "s3cret") {
		t.Errorf("%s %v", text, err)
	}
	if send, err = notify.Exec([]string{"/bin/false"}); err != nil {
		t.Fatal(err)
	}
	if err := send(t.Context(), sample); err == nil {
		t.Error("a program that failed was taken for a delivery")
	}
	if _, err := notify.Exec([]string{"sh"}); err == nil {
		t.Error("a program without an absolute path was taken")
	}
}

func TestAHeartbeatIsOneRequest(t *testing.T) {
	srv, n, got := server(t, 200, "")
	beat, err := n.Beat(srv.URL + "/ping/s3cret")
	if err != nil {
		t.Fatal(err)
	}
	if err := beat(t.Context()); err != nil || len(*got) != 1 || (*got)[0].path != "/ping/s3cret" {
		t.Errorf("%v, %v", err, *got)
	}
	srv.Close()
	if err := beat(t.Context()); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a receiver that is gone: %v", err)
	}
}
