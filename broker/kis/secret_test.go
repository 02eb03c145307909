package kis

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

// clean demands that no encoder and no verb of fmt (but %p, which go vet refuses here) shows a secret, an account
// number or a token.
func clean(t *testing.T, what string, value any) {
	t.Helper()
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T"} {
		fmt.Fprintf(&out, verb+"\n", value)
		fmt.Fprintf(&out, verb+"\n", []any{value})
		fmt.Fprintf(&out, verb+"\n", struct{ Value any }{value})
	}
	fmt.Fprintln(&out, value)
	if data, err := json.Marshal(value); err == nil {
		out.Write(data)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
	for _, secret := range []string{string(testKey), string(testSecret), testNumber, "test-token-1"} {
		hex := fmt.Sprintf("%x", secret)
		for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), hex, strings.ToUpper(hex)} {
			if strings.Contains(out.String(), form) {
				t.Errorf("%s shows %s: %s", what, form, out.String())
			}
		}
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	c, _ := connect(t, map[string]answer{price.path: file(t, "price")})
	if _, err := c.Quote(t.Context(), "005930"); err != nil { // now it holds a token
		t.Fatal(err)
	}
	clean(t, "Secret", testSecret)
	clean(t, "a pointer to a Secret", &c.opts.AppSecret)
	clean(t, "Account", Account{testNumber, "01"})
	o := c.opts
	o.Now, o.Observe = nil, nil
	clean(t, "Options", o)
	clean(t, "Client", c)
}

func TestAnAccountIsMasked(t *testing.T) {
	a, err := ParseAccount("12345678-01")
	if err != nil || a != (Account{"12345678", "01"}) {
		t.Fatal(a, err)
	}
	if got := a.String(); got != "12****78-01" {
		t.Errorf("%s", got)
	}
	for _, text := range []string{"", "98765432", "1234567801", "12345678-1", "1234567a-01", "12345678-0a", "12345678_01", "１２３４５６７８-01"} {
		if _, err := ParseAccount(text); err == nil || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if got := fmt.Sprintf("%v", Account{"secret", "1"}); got != "***" {
		t.Errorf("%s", got)
	}
}
