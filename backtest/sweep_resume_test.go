package backtest

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// slower has a set that needs more bars than any corner of its grid: macd refuses a fast average that is not faster.
const slower = `
version: 1
strategies:
  - name: cross
    symbols: ["005930"]
    when: close - 15m
    params: {fast: {default: 5, min: 2, max: 30, step: 4}, slow: {default: 20, min: 12, max: 28, step: 4}}
    buy: sma(close, $fast)[40] < close and macd(fast=$fast, slow=$slow, signal=9).histogram > 0
    sell: macd(fast=$fast, slow=$slow, signal=9).histogram < 0
    size: 50% of cash
    order: market
`

// kept opens a file of finished sets that holds so much.
func kept(t *testing.T, text string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sets")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func holds(t *testing.T, f *os.File) string {
	t.Helper()
	all, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func TestASweepBrokenOffAnywhereGoesOnToTheSameReport(t *testing.T) {
	folder := folder(t, "testdata/krx-daily")
	for name, rule := range map[string]string{"one pass": swept, "a second pass": slower} {
		t.Run(name, func(t *testing.T) {
			play := func(s SweepOptions) string {
				t.Helper()
				s.Objective, s.Seed, s.Key = "total_return", 7, "program 1"
				r, err := Sweep(options(rules(t, rule), folder), s)
				if err != nil {
					t.Fatal(err)
				}
				var sets strings.Builder
				if err := r.WriteSets(&sets); err != nil {
					t.Fatal(err)
				}
				return text(t, r) + sets.String()
			}
			want := play(SweepOptions{})
			whole := kept(t, "")
			if got := play(SweepOptions{File: whole, Workers: 2}); got != want {
				t.Fatal("with a file it says something else")
			}
			all := holds(t, whole)
			if play(SweepOptions{File: whole}) != want || holds(t, whole) != all {
				t.Error("what is finished is played again, or says something else")
			}
			draw := rand.New(rand.NewPCG(1, 1))
			for i := range 4 {
				cut := all[:len(all)*i/4+draw.IntN(len(all)/4)]
				if i > 0 { // what a process leaves half written
					cut += [...]string{"", "0 0 1 0", "\x00\x00\x00\n"}[draw.IntN(3)]
				}
				if play(SweepOptions{File: kept(t, cut), Workers: 1 + draw.IntN(3)}) != want {
					t.Errorf("broken off after %d bytes it says something else", len(cut))
				}
			}
		})
	}
}

func TestTheSlowestSetBetweenTheCornersBeginsASecondPass(t *testing.T) {
	f := kept(t, "")
	if _, err := Sweep(options(rules(t, slower), folder(t, "testdata/krx-daily")), SweepOptions{File: f, Workers: 1}); err != nil {
		t.Fatal(err)
	}
	passes := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(holds(t, f)), "\n")[1:] {
		pass, _, _ := strings.Cut(line, " ")
		passes[pass] = true
	}
	if len(passes) != 2 {
		t.Errorf("the passes begin after %v bars", passes)
	}
}

func TestAFileOfAnotherSweepIsRefusedAndLeftAsItIs(t *testing.T) {
	folder, f := folder(t, "testdata/krx-daily"), kept(t, "")
	with := SweepOptions{File: f, Key: "program 1"}
	if _, err := Sweep(options(rules(t, swept), folder), with); err != nil {
		t.Fatal(err)
	}
	all := holds(t, f)
	for name, change := range map[string]func(*Options, *SweepOptions){
		"program":   func(_ *Options, s *SweepOptions) { s.Key = "program 2" },
		"seed":      func(_ *Options, s *SweepOptions) { s.Seed = 2 },
		"objective": func(_ *Options, s *SweepOptions) { s.Objective = "trades" },
		"grid":      func(o *Options, _ *SweepOptions) { o.Rules = rules(t, strings.Replace(swept, "max: 40", "max: 36", 1)) },
		"draw":      func(_ *Options, s *SweepOptions) { s.Random = 7 },
		"slippage":  func(o *Options, _ *SweepOptions) { o.Slippage++ },
		"bars":      func(o *Options, _ *SweepOptions) { o.To = 20250102 },
	} {
		o, s := options(rules(t, swept), folder), with
		change(&o, &s)
		if _, err := Sweep(o, s); !errors.Is(err, ErrOtherSweep) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	if holds(t, f) != all {
		t.Error("the file was changed")
	}
	if _, err := Sweep(options(rules(t, swept), folder), SweepOptions{File: kept(t, "my notes\n"), Key: "program 1"}); !errors.Is(err, ErrOtherSweep) {
		t.Errorf("notes of a person: %v", err)
	}
	if _, err := WalkForward(options(rules(t, swept), folder), WalkForwardOptions{SweepOptions: with, In: 50, Out: 10}); err == nil {
		t.Error("a walk takes a file")
	}
}
