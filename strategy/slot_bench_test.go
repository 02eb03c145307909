package strategy_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"maemae/market"
	"maemae/strategy"
)

// BenchmarkSlot is what a slot computes for 500 symbols: a rule of five indicators decides each over 8,343 real bars
// (005930 from 1990 on; every symbol has these). The 500 reads that go before it take 27.8 s at 18 a second.
func BenchmarkSlot(b *testing.B) {
	f, err := os.Open("../backtest/testdata/krx-long/005930.csv")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 1+8343 {
		b.Fatalf("%d rows, %v", len(rows), err)
	}
	var bars strategy.Bars
	for _, row := range rows[1:] {
		date, err := market.ParseDate(row[0])
		if err != nil {
			b.Fatal(err)
		}
		bars.Dates = append(bars.Dates, date)
		for c, column := range []*[]int64{&bars.Open, &bars.High, &bars.Low, &bars.Close, &bars.Volume} {
			v, err := strconv.ParseInt(row[c+1], 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			*column = append(*column, v)
		}
	}
	s := load(b, "buy: close > sma(close, 20) and rsi(close, 14) < 70 and macd(12, 26, 9).histogram > 0",
		"sell: close < bollinger(20, 2).lower or close < ema(close, 60)", "size: 10% of equity")
	v := view(bars)
	used := func() time.Duration { // by this process alone
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	start := used()
	for b.Loop() {
		for range 500 {
			if d := s.Decide(v); d.Reason == strategy.DataMissing || d.Reason == strategy.NotReady {
				b.Fatal(d.Detail)
			}
		}
	}
	b.ReportMetric(float64((used()-start).Microseconds())/float64(b.N)/1000, "cpu-ms/op")
}
