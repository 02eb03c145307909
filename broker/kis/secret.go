package kis

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// Secret is text that must reach the wire and nothing else: every way of printing, logging or encoding it gives ***.
type Secret string

const redacted = "***"

// Reveal is the text itself, for a header or body sent to KIS.
func (s Secret) Reveal() string { return string(s) }

// String is ***.
func (Secret) String() string { return redacted }

// GoString is ***.
func (Secret) GoString() string { return redacted }

// Format writes *** for every verb; %p alone never asks it, and go vet refuses that one.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON is "***".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText is ***.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue is ***.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// header tells whether the secret can stand in an HTTP header as it is.
func (s Secret) header() bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}

// fingerprint names an app key without telling it: the first 8 hex digits of its SHA-256.
func (s Secret) fingerprint() string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// Account is the account number: 8 digits (종합계좌번호, CANO) and the product (계좌상품코드, ACNT_PRDT_CD), 01 for
// stocks. It prints as 12****78-01.
type Account struct {
	Number  string
	Product string
}

// ParseAccount reads 12345678-01; the error does not repeat the number.
func ParseAccount(text string) (Account, error) {
	if len(text) != 11 || text[8] != '-' {
		return Account{}, fmt.Errorf("account: want eight digits, a hyphen and two digits, such as 12345678-01")
	}
	a := Account{Number: text[:8], Product: text[9:]}
	return a, a.check()
}

func (a Account) check() error {
	if len(a.Number) != 8 || len(a.Product) != 2 || !digits(a.Number) || !digits(a.Product) {
		return fmt.Errorf("account: want a number of eight digits and a product of two, such as 12345678-01")
	}
	return nil
}

// String is 12****78-01; anything that is no account number is ***.
func (a Account) String() string {
	if a.check() != nil {
		return redacted
	}
	return a.Number[:2] + "****" + a.Number[6:] + "-" + a.Product
}

// Format writes the form of String for every verb.
func (a Account) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// MarshalText writes the form of String.
func (a Account) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// digits tells whether the text is made of 0-9 alone.
func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
