package paper

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/broker"
	"maemae/market"
)

var errWire = errors.New("the wire is cut")

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

func wantKind(t testing.TB, err error, kind broker.Kind) {
	t.Helper()
	var e *broker.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Errorf("error %v, want kind %s", err, kind)
	}
}

func wantCode(t testing.TB, err error, kind broker.Kind, code string) {
	t.Helper()
	wantKind(t, err, kind)
	var e *broker.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("error %v, want code %s", err, code)
	}
}

// accountOf names the environment variable that makes this test binary trade until it is killed.
const accountOf = "PAPER_ACCOUNT_TO_TRADE"

func TestMain(m *testing.M) {
	if path := os.Getenv(accountOf); path != "" {
		if err := tradeForever(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// tradeForever prints each order's number once it is answered, with the shares filled by then.
func tradeForever(path string) error {
	w := morning()
	b, err := New(w.options(path))
	if err != nil {
		return err
	}
	ctx := context.Background()
	for i := 0; ; i++ {
		o := order([]broker.Side{broker.Buy, broker.Sell}[i%2], 1)
		if i%3 == 2 {
			o = broker.Order{Symbol: samsung, Side: broker.Buy, Type: broker.Limit, Shares: 1, Price: won(50_000)}
		}
		r, err := b.Place(ctx, w.permit(o))
		if errors.Is(err, ErrShares) {
			continue
		}
		if err != nil {
			return err
		}
		fmt.Println(r.ID.Number)
		if o.Type == broker.Limit {
			if err := b.Cancel(ctx, r.ID); err != nil {
				return err
			}
			fmt.Println(r.ID.Number, "cancelled")
		}
	}
}

func TestKilledAccountRemembersEveryOrderItAnswered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "account.json")
	answered := map[string]string{}
	for round := range 4 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), accountOf+"="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines, n := bufio.NewScanner(out), 0
		for lines.Scan() {
			number, rest, _ := strings.Cut(lines.Text(), " ")
			answered[number] = rest
			if n++; n == 11+round*7 {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := child.Wait(); child.ProcessState.ExitCode() != -1 {
			t.Fatalf("the account ended by itself: %v", err)
		}
		w := morning()
		b := open(t, w.options(path))
		list, err := b.Orders(t.Context(), 20241202)
		if err != nil {
			t.Fatal(err)
		}
		for number, rest := range answered {
			r, ok := list.Find(broker.OrderID{Date: 20241202, Number: number})
			if !ok || rest != "" && r.Cancelled != 1 || r.Type == broker.Market && r.Filled != 1 {
				t.Errorf("round %d: order %s %s: %+v", round, number, rest, r)
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAccountHasOneOwnerAtATime(t *testing.T) {
	w, path := morning(), filepath.Join(t.TempDir(), "account.json")
	b := open(t, w.options(path))
	if _, err := New(w.options(path)); err == nil || !strings.Contains(err.Error(), "held by another process") {
		t.Errorf("a second owner: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, w.options(path))
}

func TestAccountOnDiskKeepsItsOwnCash(t *testing.T) {
	w, path := morning(), filepath.Join(t.TempDir(), "account.json")
	b := open(t, w.options(path))
	if _, err := w.placed(t, b, broker.Buy, broker.Market, 10, 0); err != nil {
		t.Fatal(err)
	}
	before, err := b.Account(t.Context())
	if err := errors.Join(err, b.Close()); err != nil {
		t.Fatal(err)
	}
	o := w.options(path)
	o.Cash = won(1)
	after, err := open(t, o).Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "cash", after.Cash, before.Cash.String())
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestWhatCannotBeWrittenDownDidNotHappen(t *testing.T) {
	w, dir := morning(), filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b := open(t, w.options(filepath.Join(dir, "account.json")))
	resting, err := w.placed(t, b, broker.Buy, broker.Limit, 10, 50_000)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, err = w.placed(t, b, broker.Buy, broker.Market, 10, 0)
	wantCode(t, err, broker.Refused, codeState)
	wantCode(t, b.Cancel(t.Context(), resting.ID), broker.Refused, codeState)
	w.move(samsung, won(49_000))
	_, err = b.Account(t.Context())
	wantCode(t, err, broker.Unclear, codeState)
	w.move(samsung, won(54_000))
	a, err := b.Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := b.Orders(t.Context(), 20241202)
	if err != nil || len(list.Rows) != 1 || list.Rows[0].Remaining != 10 || len(a.Holdings) != 0 || !a.Cash.Equal(won(10_000_000)) {
		t.Errorf("%+v, %+v, %v", a, list, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if r, err := w.placed(t, b, broker.Buy, broker.Market, 10, 0); err != nil || r.ID.Number != "0000000002" {
		t.Errorf("%+v, %v", r, err)
	}
	if err := b.Cancel(t.Context(), resting.ID); err != nil {
		t.Error(err)
	}
}

// account is a file's text after one filled and one waiting order.
func account(t testing.TB) []byte {
	t.Helper()
	w, path := morning(), filepath.Join(t.TempDir(), "account.json")
	b := open(t, w.options(path))
	for _, kind := range []broker.Type{broker.Market, broker.Limit} {
		if _, err := w.placed(t, b, broker.Buy, kind, 10, map[broker.Type]int64{broker.Limit: 50_000}[kind]); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err := errors.Join(err, b.Close()); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDamagedAccountIsNotOpened(t *testing.T) {
	text := string(account(t))
	path := filepath.Join(t.TempDir(), "account.json")
	try := func(text string) error {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := New(morning().options(path))
		if err == nil {
			return b.Close()
		}
		return err
	}
	if err := try(text); err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string]string{
		"empty":                  "",
		"cut":                    text[:len(text)/2],
		"two":                    text + text,
		"another version":        strings.Replace(text, `"version":1`, `"version":2`, 1),
		"an unknown field":       strings.Replace(text, `{"version"`, `{"margin":1,"version"`, 1),
		"no book":                `{"version":1,"orders":{}}`,
		"a reservation too many": strings.Replace(text, `"open":{`, `"open":{"0000000009":{"symbol":"005930","side":"buy","shares":1,"unit":"1"},`, 1),
		"an order that is final": strings.Replace(text, `"remaining":10,"cancelled":0`, `"remaining":0,"cancelled":10`, 1),
		"a number given twice":   strings.Replace(text, `"last":2`, `"last":1`, 1),
		"an order of no day":     strings.Replace(text, `"orders":{"2024-12-02"`, `"orders":{"2024-12-03"`, 1),
		"free shares":            strings.Replace(text, `"shares":10,"cost"`, `"shares":10,"unknown":0,"cost"`, 1),
	} {
		if damaged == text {
			t.Errorf("%s: nothing is damaged in %s", name, text)
		}
		if err := try(damaged); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func FuzzAccountFile(f *testing.F) {
	f.Add(account(f))
	f.Add([]byte(`{"version":1,"book":{"rows":{},"open":{}},"last":0,"since":"","orders":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := newState(NewBook(decimal.Zero, market.DefaultCosts()))
		if s.decode(text) != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		read := newState(NewBook(decimal.Zero, market.DefaultCosts()))
		if err := read.decode(again); err != nil {
			t.Fatalf("%v in %s", err, again)
		}
	})
}

// Whatever the market does: fills never fall, final is final, and cash is what the fills left of it.
func TestAccountFollowsItsOrders(t *testing.T) {
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		w := morning()
		b := open(t, w.options(filepath.Join(dir, fmt.Sprint(runs))))
		defer func() { _ = b.Close() }()
		cash, seen := won(10_000_000), map[string]broker.Row{}
		ladder := market.LadderNow(market.Stock)
		look := func(t *rapid.T) {
			list, err := b.Orders(context.Background(), market.DateOf(w.now))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list.Rows {
				old := seen[r.ID.Key()]
				if old.Shares > 0 && (r.Filled < old.Filled || !old.Open() && fmt.Sprint(old) != fmt.Sprint(r)) {
					t.Fatalf("row %+v, before %+v", r, old)
				}
				if r.Original == "" && (r.Filled+r.Remaining+r.Cancelled != r.Shares || r.Type != broker.Limit && r.Open()) {
					t.Fatalf("row %+v", r)
				}
				value := r.Value.Sub(old.Value)
				fee := w.options("").Costs.Fee(value)
				if cash = cash.Sub(fee); r.Side == broker.Buy {
					cash = cash.Sub(value)
				} else {
					cash = cash.Add(value).Sub(w.options("").Costs.Tax(value, share, 20241230))
				}
				seen[r.ID.Key()] = r
			}
			a, err := b.Account(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if !a.Cash.Equal(cash) || a.Cash.Sign() < 0 || !a.Equity.Equal(a.Cash.Add(a.Value)) {
				t.Fatalf("cash %s, want %s; value %s, equity %s", a.Cash, cash, a.Value, a.Equity)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"place": func(t *rapid.T) {
				o := broker.Order{Symbol: samsung, Side: rapid.SampledFrom([]broker.Side{broker.Buy, broker.Sell}).Draw(t, "side"),
					Type: rapid.SampledFrom([]broker.Type{broker.Market, broker.Limit, broker.IOC}).Draw(t, "type"), Shares: rapid.Int64Range(1, 120).Draw(t, "shares")}
				if o.Type != broker.Market {
					o.Price = ladder.RoundDown(won(rapid.Int64Range(37_000, 71_000).Draw(t, "price")))
				}
				if _, err := b.Place(context.Background(), w.permit(o)); err != nil && broker.KindOf(err) != broker.Refused {
					t.Fatal(err)
				}
			},
			"cancel": func(t *rapid.T) {
				id := broker.OrderID{Date: market.DateOf(w.now), Number: fmt.Sprint(rapid.IntRange(1, 10).Draw(t, "number"))}
				if err := b.Cancel(context.Background(), id); err != nil && broker.KindOf(err) != broker.Refused {
					t.Fatal(err)
				}
			},
			"market": func(t *rapid.T) {
				w.move(samsung, ladder.RoundDown(won(rapid.Int64Range(38_000, 70_400).Draw(t, "price"))))
				q := w.quotes[samsung]
				q.Volume += rapid.Int64Range(0, 300).Draw(t, "volume")
				q.Halted = rapid.IntRange(0, 9).Draw(t, "halted") == 0
				w.quotes[samsung] = q
			},
			"thin": func(t *rapid.T) {
				q := w.quotes[samsung]
				q.Volume = rapid.Int64Range(0, 500).Draw(t, "volume")
				w.quotes[samsung] = q
			},
			"time": func(t *rapid.T) {
				look(t) // the fills of a day that is over are not looked at again
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 20).Draw(t, "hours")) * time.Hour)
				if w.now.After(market.Date(20241220).At(0, 0)) {
					t.Skip("the tax of another year")
				}
			},
			"reopen": func(t *rapid.T) {
				path := b.o.Path
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				var err error
				if b, err = New(w.options(path)); err != nil {
					t.Fatal(err)
				}
			},
			"": look,
		})
	})
}
