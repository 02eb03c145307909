package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/unicode"

	"maemae/broker/kis/kissim"
	"maemae/market"
)

// history pull pages back over years, stores as it goes, and on a second run fetches only the rest.
func TestHistoryIsPulledFromKISAndGoesOnWhereItStopped(t *testing.T) {
	f := newField(t, kissim.Options{Data: "testdata/krx-daily", Start: market.Date(20250102).At(16, 0)}, goldenCross("005930", "003560"))
	f.run("history", "pull", "--from", "2023-12-05", "--clock", "sim")
	if got := f.words("history", "ls"); !strings.Contains(got, "005930 삼성전자 2023-12-05 2025-01-02 262 adjusted kis") {
		t.Errorf("ls:\n%s", got)
	}
	if got := f.run("history", "check", "005930"); !strings.Contains(got, "nothing is missing") {
		t.Errorf("check:\n%s", got)
	}
	if err := f.sim.Advance(market.Date(20250110).At(16, 0)); err != nil {
		t.Fatal(err)
	}
	calls := f.calls.Load()
	f.run("history", "pull", "005930", "--from", "2023-12-05", "--clock", "sim")
	if got := f.words("history", "ls"); !strings.Contains(got, "2023-12-05 2025-01-10 268") {
		t.Errorf("ls after a week:\n%s", got)
	}
	if n := f.calls.Load() - calls; n > 5 {
		t.Errorf("%d calls for a week of one symbol", n)
	}
}

// words is what a command prints, with single spaces.
func (f *field) words(args ...string) string {
	return strings.Join(strings.Fields(f.run(args...)), " ")
}

// spoken is what the program says to a person, with its exit code. NAME stands for the file.
func spoken(t *testing.T, file string, args ...string) string {
	t.Helper()
	var out, diagnostics bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(""), &out, &diagnostics)
	return strings.ReplaceAll(fmt.Sprintf("%s%sexit %d", out.String(), diagnostics.String(), code), file, "NAME")
}

// A file that cannot be read is an error with its line and what to do about it; what can be read but has a hole is read,
// and the hole is told. Both ways in say the same.
func TestAFileOfBarsIsReadOrSaysWhereItIsWrong(t *testing.T) {
	sound, err := os.ReadFile("testdata/krx-daily/005930.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(sound), "\n")
	file := func(change func(lines []string) []string) string {
		return strings.Join(change(append([]string{}, lines...)), "")
	}
	line := func(old, now string) string {
		return file(func(l []string) []string { l[50] = strings.Replace(l[50], old, now, 1); return l })
	}
	words := strings.NewReplacer("date", "일자", "open", "시가", "high", "고가", "low", "저가", "close", "종가", "volume", "거래량").Replace(string(sound))
	cp949, err := korean.EUCKR.NewEncoder().String(words)
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(words)
	if err != nil {
		t.Fatal(err)
	}
	const inUTF8 = "\n  hint: save it as CSV in UTF-8\n"
	for _, x := range []struct {
		name, text     string
		imported, gave string // what both ways say; gave is said by a backtest alone
	}{
		{"as it is", string(sound), "005930 삼성전자  370 bars, 370 new, 0 corrected\n", "\ncross "},
		{"EUC-KR", cp949, "370 bars, 370 new", "\ncross "},
		{"UTF-8 with a mark", "\ufeff" + words, "370 bars, 370 new", "\ncross "},
		{"a gap", file(func(l []string) []string { return append(l[:50], l[60:]...) }), "no bar on 10 sessions between them, the first 2024-02-19: maemae history check 005930\n", "005930 has no bar on 10 sessions, the first 2024-02-19"},
		{"a date twice", file(func(l []string) []string { l[50] = l[49]; return l }), "NAME:51:1: date 2024-02-16 twice\n  hint: keep one of the two lines; a file holds the bars of one symbol\n", ""},
		{"a price below zero", line(",", ",-"), "NAME:51:12: price \"-72800\": below zero\n  hint: prices are digits", ""},
		{"text in a number", line("72800", "n/a"), "NAME:51:12: price \"n/a\": not a number\n  hint: prices are digits", ""},
		{"UTF-16", utf16, "NAME:1:1: the text is UTF-16, not UTF-8 or EUC-KR" + inUTF8, ""},
		{"Latin-1", line("-02-", "-\xe92-"), "NAME:51:6: neither UTF-8 nor EUC-KR" + inUTF8, ""},
		{"another separator", strings.ReplaceAll(string(sound), ",", ";"), "NAME:1:1: no commas between the columns\n  hint: save it as CSV with commas\n", ""},
		{"nothing", "", "NAME:1:1: empty file\n  hint: the first line names the columns: date,open,high,low,close,volume\n", ""},
		{"10 GiB", "", "NAME:1:1: a zero byte: no text in UTF-8 or EUC-KR" + inUTF8, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			name, rules := filepath.Join(dir, "005930.csv"), filepath.Join(t.TempDir(), "strategies.yaml")
			if err := os.WriteFile(rules, []byte(strings.Replace(sweptRules, `"005930", "000660"`, `"005930"`, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(x.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if x.name == "10 GiB" {
				if err := os.Truncate(name, 10<<30); err != nil {
					t.Skip("no file of that size here:", err)
				}
			}
			code := "exit 1"
			if x.gave != "" {
				code = "exit 0"
			}
			if got := spoken(t, name, "history", "import", name, "--state", filepath.Join(t.TempDir(), "state")); !strings.Contains(got, x.imported) || !strings.HasSuffix(got, code) {
				t.Errorf("import said\n%s\nwant\n%s%s", got, x.imported, code)
			}
			if x.gave == "" {
				x.gave = x.imported
			}
			if got := spoken(t, name, "backtest", "--strategies", rules, "--data", dir); !strings.Contains(got, x.gave) || !strings.HasSuffix(got, code) {
				t.Errorf("backtest said\n%s\nwant\n%s%s", got, x.gave, code)
			}
		})
	}
}
