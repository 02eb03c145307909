package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// eval prints exactly what a plain decimal computation gives, digit for digit, over every bar of 30 years.
func TestEvalEqualsAPlainDecimalComputationDigitForDigit(t *testing.T) {
	var out, stderr bytes.Buffer
	args := []string{"eval", "--data", "testdata/krx-long", "--symbol", "005930", "sma(close, 5)", "ema(close, 20)", "rsi(close, 14)", "close > sma(close, 20)"}
	if code := run(t.Context(), args, strings.NewReader(""), &out, &stderr); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	got, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	dates, closes := readCloses(t, "testdata/krx-long/005930.csv")
	if len(dates) != 8343 || len(got) != len(dates)+1 {
		t.Fatalf("%d bars, %d lines", len(dates), len(got))
	}
	sma5, sma20, ema20, rsi14 := plainSMA(closes, 5), plainSMA(closes, 20), plainEMA(closes, 20), plainRSI(closes, 14)
	for i, row := range got[1:] {
		cross := ""
		if sma20[i] != "" {
			cross = "false"
			if closes[i].GreaterThan(decimal.RequireFromString(sma20[i])) {
				cross = "true"
			}
		}
		want := []string{dates[i], sma5[i], ema20[i], rsi14[i], cross}
		if strings.Join(row, ",") != strings.Join(want, ",") {
			t.Fatalf("line %d:\n got %v\nwant %v", i+2, row, want)
		}
	}
}

func readCloses(t *testing.T, path string) (dates []string, closes []decimal.Decimal) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		dates = append(dates, r[0])
		closes = append(closes, decimal.RequireFromString(r[4]))
	}
	return dates, closes
}

func plainSMA(x []decimal.Decimal, n int) []string {
	out := make([]string, len(x))
	for i := n - 1; i < len(x); i++ {
		sum := decimal.Zero
		for _, v := range x[i-n+1 : i+1] {
			sum = sum.Add(v)
		}
		out[i] = sum.DivRound(decimal.NewFromInt(int64(n)), 8).String()
	}
	return out
}

// plainEMA: e += (x - e) · 2 / (n + 1), from the average of the first n; each step rounded once to 8 decimals.
func plainEMA(x []decimal.Decimal, n int) []string {
	out := make([]string, len(x))
	e := decimal.RequireFromString(plainSMA(x, n)[n-1])
	out[n-1] = e.String()
	for i := n; i < len(x); i++ {
		sum := x[i].Mul(decimal.NewFromInt(2)).Add(e.Mul(decimal.NewFromInt(int64(n - 1))))
		e = sum.DivRound(decimal.NewFromInt(int64(n+1)), 8)
		out[i] = e.String()
	}
	return out
}

// plainRSI: Wilder's averages, their ratio, the index; each rounded once to 8 decimals; 100 without losses.
func plainRSI(x []decimal.Decimal, n int) []string {
	out := make([]string, len(x))
	count, hundred := decimal.NewFromInt(int64(n)), decimal.NewFromInt(100)
	var up, down decimal.Decimal
	for i := 1; i < len(x); i++ {
		change := x[i].Sub(x[i-1])
		gain, loss := decimal.Max(change, decimal.Zero), decimal.Max(change.Neg(), decimal.Zero)
		switch {
		case i < n:
			up, down = up.Add(gain), down.Add(loss)
			continue
		case i == n:
			up, down = up.Add(gain).DivRound(count, 8), down.Add(loss).DivRound(count, 8)
		default:
			rest := decimal.NewFromInt(int64(n - 1))
			up, down = up.Mul(rest).Add(gain).DivRound(count, 8), down.Mul(rest).Add(loss).DivRound(count, 8)
		}
		if down.IsZero() {
			out[i] = "100"
			continue
		}
		ratio := up.DivRound(down, 8)
		out[i] = hundred.Sub(hundred.DivRound(decimal.NewFromInt(1).Add(ratio), 8)).String()
	}
	return out
}
