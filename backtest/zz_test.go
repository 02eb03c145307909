package backtest

import (
	"github.com/shopspring/decimal"
	"testing"
)

func BenchmarkWalkOnly(b *testing.B) {
	bars, rule, o := madeUp(1000, 2500), crossing(b), workOptions()
	days, list := line(b, o, rule, bars.Dates)
	a := prepared(b, o, rule, bars, days, list)
	a.begin = 0
	row := make([]signals, 0)
	for fast := 2; fast <= 101; fast += 5 {
		for slow := 102; slow <= 201; slow += 7 {
			pair, _ := rule.With(map[string]decimal.Decimal{"fast": decimal.NewFromInt(int64(fast)), "slow": decimal.NewFromInt(int64(slow))})
			l := &leg{rule: pair, tape: a.legs[0].tape, slots: list}
			s, err := l.signalsOf(traits{})
			if err != nil {
				b.Fatal(err)
			}
			row = append(row, s)
		}
	}
	book, err := newBook(a, row[:1])
	if err != nil {
		b.Fatal(err)
	}
	begin := cpu()
	n := 0
	fills := 0
	for b.Loop() {
		for _, s := range row {
			book.legs[0].signals = s
			if err := book.walk(); err != nil {
				b.Fatal(err)
			}
			n++
			fills += len(book.fills)
		}
	}
	b.ReportMetric(float64(cpu()-begin)/float64(n), "ns/walk")
	b.ReportMetric(float64(cpu()-begin)/float64(fills), "ns/fill")
}
