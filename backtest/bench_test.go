package backtest

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"maemae/history"
	"maemae/market"
	"maemae/strategy"
)

// The works by which engines are compared: a moving average of 20 closes crossing one of 60 on made-up bars, 10 shares
// at the next open, a fee of 0.015 % that is not cut to the won, no tax, no slippage, 100,000,000 won.

// splitmix is the generator of the made-up bars: integers only, so they are the same everywhere.
type splitmix uint64

func (r *splitmix) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// bell is a sum of four even draws: mean 0, standard deviation about sd.
func (r *splitmix) bell(sd int64) (sum int64) {
	w := sd * 866 / 1000
	for range 4 {
		sum += int64(r.next()%uint64(2*w+1)) - w
	}
	return sum
}

// snap is the nearest price of the stock ladder of 2023.
func snap(price int64) int64 {
	t := int64(1000)
	for _, b := range []band{{500_000, 500}, {200_000, 100}, {50_000, 50}, {20_000, 10}, {5_000, 5}, {2_000, 1}} {
		if price < b.from {
			t = b.tick
		}
	}
	return (price + t/2) / t * t
}

// madeUp is n bars of one seed. The dates follow each other from 2036 on, where the calendar takes them as they are.
func madeUp(seed uint64, n int) history.Bars {
	r := splitmix(seed*0x2545f4914f6cdd1d + 12345)
	b := history.Bars{Symbol: "069500", Dates: make([]market.Date, n)}
	for _, c := range []*[]int64{&b.Open, &b.High, &b.Low, &b.Close, &b.Volume} {
		*c = make([]int64, n)
	}
	last := snap(5000 + int64(r.next()%95000))
	day := time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		gap, move := r.bell(4000), r.bell(20000)
		if last > 900_000 && move > 0 || last < 1000 && move < 0 {
			move = -move
		}
		o := snap(last + last*gap/1_000_000)
		c := max(500, snap(o+o*move/1_000_000))
		o = max(500, o)
		h := max(o, c)
		l := min(o, c)
		h = max(snap(h+h*int64(r.next()%12000)/1_000_000), o, c)
		l = min(snap(l-l*int64(r.next()%12000)/1_000_000), o, c)
		b.Open[i], b.High[i], b.Low[i], b.Close[i], b.Volume[i] = o, h, l, c, 1000+int64(r.next()%5_000_000)
		b.Dates[i] = market.Date(day.Year()*10000 + int(day.Month())*100 + day.Day())
		last, day = c, day.AddDate(0, 0, 1)
	}
	return b
}

// reference is the least work that gives the same answer: one pass, fills at the next open, equity and its largest fall
// at every close. Money is in 1/100,000 won.
func reference(open, closes []int64, fast, slow int) (fills int, equity, fall int64) {
	const won, shares, fee = 100_000, 10, 15
	cash := int64(100_000_000 * won)
	high := cash
	var held, sumFast, sumSlow int64
	side, pending := 0, 0
	for i, c := range closes {
		if pending != 0 {
			v := open[i] * shares
			if pending > 0 {
				cash -= v*won + v*fee
				held = shares
			} else {
				cash += v*won - v*fee
				held = 0
			}
			fills++
			pending = 0
		}
		sumFast += c
		sumSlow += c
		if i >= fast {
			sumFast -= closes[i-fast]
		}
		if i >= slow {
			sumSlow -= closes[i-slow]
		}
		if i >= slow-1 {
			d := sumFast*int64(slow) - sumSlow*int64(fast)
			if i >= slow {
				if d > 0 && side <= 0 && held == 0 {
					pending = 1
				} else if d < 0 && side >= 0 && held > 0 {
					pending = -1
				}
			}
			side = 0
			if d > 0 {
				side = 1
			} else if d < 0 {
				side = -1
			}
		}
		equity = cash + held*c*won
		if equity > high {
			high = equity
		} else if high-equity > fall {
			fall = high - equity
		}
	}
	return fills, equity, fall
}

// cpu is the processor time this process has used, the garbage collector's included. The wall's clock would measure the
// neighbours too.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func crossing(t testing.TB) *strategy.Strategy {
	return rules(t, `
version: 1
strategies:
  - name: crossing
    symbols: ["069500"]
    when: close - 15m
    bars: completed
    params: {fast: 20, slow: 60}
    buy: sma(close, $fast) crosses above sma(close, $slow)
    sell: sma(close, $fast) crosses below sma(close, $slow)
    size: 10 shares
    order: market
`)[0]
}

func workOptions() *Options {
	return &Options{
		Cash: decimal.NewFromInt(100_000_000), Costs: market.Costs{FeeRate: decimal.New(15, -5)}, CostDigits: 5,
		Calendar: market.KRX(), Instrument: market.Known,
	}
}

// prepared is an account of one made-up symbol, up to where the engine begins.
func prepared(t testing.TB, o *Options, rule *strategy.Strategy, b history.Bars, days *sessions, list []slot) *account {
	l := &leg{rule: rule, tape: newTape(market.Known(b.Symbol), b, days), slots: list}
	a := &account{o: o, days: days, legs: []*leg{l}}
	if err := a.start(0, 0); err != nil {
		t.Fatal(err)
	}
	return a
}

// engine is what is measured: columns, walk, curve and fills. It is play without the guard.
func engine(t testing.TB, a *account) *book {
	s, err := a.legs[0].signalsOf(traits{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBook(a, []signals{s})
	if err == nil {
		err = b.walk()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// line is the calendar of made-up bars.
func line(t testing.TB, o *Options, rule *strategy.Strategy, dates []market.Date) (*sessions, []slot) {
	days, err := between(o.Calendar.Extend(dates), dates[0], dates[len(dates)-1])
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := slots(rule, days)
	if err != nil {
		t.Fatal(err)
	}
	return days, list
}

var firstWork = sync.OnceValue(func() history.Bars { return madeUp(1, 1_000_000) })

// One symbol, a million bars: 20,191 fills, 101,722,817.161 won.
func BenchmarkOneLongSymbol(b *testing.B) {
	bars, rule, o := firstWork(), crossing(b), workOptions()
	days, list := line(b, o, rule, bars.Dates)
	a := prepared(b, o, rule, bars, days, list)
	n := float64(len(bars.Dates))
	var ours, theirs time.Duration
	for b.Loop() {
		begin := cpu()
		fills, equity, _ := reference(bars.Open, bars.Close, 20, 60)
		theirs += cpu() - begin
		begin = cpu()
		book := engine(b, a)
		got := book.outcome()
		ours += cpu() - begin
		last := got.curve.At(got.curve.Len() - 1).Equity
		if len(got.trades) != fills || fills != 20_191 || !last.Equal(decimal.New(equity, -5)) || last.String() != "101722817.161" {
			b.Fatalf("%d fills and %s won, the reference has %d and %d", len(got.trades), last, fills, equity)
		}
	}
	b.ReportMetric(float64(ours)/float64(b.N)/n, "ns/bar")
	b.ReportMetric(float64(theirs)/float64(b.N)/n, "reference-ns/bar")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

// 2,500 symbols of 2,500 bars, each its own account, one in memory at a time: 117,558 fills.
func BenchmarkManySymbols(b *testing.B) {
	const symbols, n = 2500, 2500
	rule, o := crossing(b), workOptions()
	days, list := line(b, o, rule, madeUp(1000, n).Dates)
	var ours, theirs time.Duration
	for b.Loop() {
		fills, wantFills, sum, want := 0, 0, int64(0), int64(0)
		for i := range symbols {
			bars := madeUp(uint64(1000+i), n)
			begin := cpu()
			f, equity, _ := reference(bars.Open, bars.Close, 20, 60)
			theirs += cpu() - begin
			wantFills, want = wantFills+f, want+equity
			begin = cpu()
			book := engine(b, prepared(b, o, rule, bars, days, list))
			ours += cpu() - begin
			fills, sum = fills+len(book.fills), sum+book.final()
		}
		if fills != wantFills || fills != 117_558 || sum != want || sum != 24_996_734_481_183_500 {
			b.Fatalf("%d fills and %d, the reference has %d and %d", fills, sum, wantFills, want)
		}
	}
	b.ReportMetric(float64(ours)/float64(b.N)/symbols/n, "ns/bar")
	b.ReportMetric(float64(theirs)/float64(b.N)/symbols/n, "reference-ns/bar")
	b.ReportMetric(float64(ours)/float64(theirs), "ratio")
}

// One symbol of 2,500 bars under 10,000 pairs of averages: 234,884 fills. The columns of a pair are computed anew; the
// walk is the part that a sweep repeats.
func BenchmarkManyPairs(b *testing.B) {
	bars, rule, o := madeUp(1000, 2500), crossing(b), workOptions()
	days, list := line(b, o, rule, bars.Dates)
	a := prepared(b, o, rule, bars, days, list)
	a.begin = 0
	s, err := a.legs[0].signalsOf(traits{})
	if err != nil {
		b.Fatal(err)
	}
	book, err := newBook(a, []signals{s})
	if err != nil {
		b.Fatal(err)
	}
	var ours, theirs time.Duration
	for b.Loop() {
		fills, wantFills, sum, want := 0, 0, int64(0), int64(0)
		for fast := 2; fast <= 101; fast++ {
			row := make([]signals, 100)
			for i := range row {
				pair, problems := rule.With(map[string]decimal.Decimal{"fast": decimal.NewFromInt(int64(fast)), "slow": decimal.NewFromInt(int64(102 + i))})
				if problems.Fatal() {
					b.Fatal(problems)
				}
				l := &leg{rule: pair, tape: a.legs[0].tape, slots: list}
				if row[i], err = l.signalsOf(traits{}); err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			begin := cpu()
			for _, s := range row {
				book.legs[0].signals = s
				if err := book.walk(); err != nil {
					b.Fatal(err)
				}
				fills, sum = fills+len(book.fills), sum+book.final()
			}
			ours += cpu() - begin
			begin = cpu()
			for slow := 102; slow <= 201; slow++ {
				f, equity, _ := reference(bars.Open, bars.Close, fast, slow)
				wantFills, want = wantFills+f, want+equity
			}
			theirs += cpu() - begin
		}
		if fills != wantFills || fills != 234_884 || sum != want || sum != 99_702_335_673_671_000 {
			b.Fatalf("%d fills and %d, the reference has %d and %d", fills, sum, wantFills, want)
		}
	}
	b.ReportMetric(float64(ours)/float64(b.N)/10_000, "walk-ns/pair")
	b.ReportMetric(float64(theirs)/float64(b.N)/10_000, "reference-ns/pair")
}

// What a walk repeats costs no allocation, whatever the rule.
func TestAWalkAllocatesNothing(t *testing.T) {
	f := folder(t, "testdata/krx-daily")
	r := shipped(t)[0]
	r.Exits.TrailingStop, r.Exits.MaxHolding = decimal.New(3, -2), 20
	o := options([]*strategy.Strategy{r}, f)
	a, err := o.open(o.Rules)
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.fast(map[*strategy.Strategy]traits{r: {columnar: true}})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() {
		if err := b.walk(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d fills", n, len(b.fills))
	}
}

func TestTheWorksHaveTheirAnswers(t *testing.T) {
	bars, rule, o := madeUp(1, 100_000), crossing(t), workOptions()
	days, list := line(t, o, rule, bars.Dates)
	book := engine(t, prepared(t, o, rule, bars, days, list))
	fills, equity, _ := reference(bars.Open, bars.Close, 20, 60)
	if got := fmt.Sprint(len(book.fills), book.final()); got != "2012 9990051301750" || got != fmt.Sprint(fills, equity) {
		t.Errorf("fills and equity %s, the reference has %d %d", got, fills, equity)
	}
}

func TestTheNumberOfProcessorsChangesNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, err := Run(options(shipped(t), folder(t, "testdata/krx-daily")))
	if err != nil {
		t.Fatal(err)
	}
	runtime.GOMAXPROCS(2)
	two, err := Run(options(shipped(t), folder(t, "testdata/krx-daily")))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := hash(t, one), hash(t, two); a != b {
		t.Errorf("one processor gives %s, two give %s", a, b)
	}
}
