package indicator

import (
	"errors"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/series"
)

// columns is random bars: prices random within a limit, flat and halted
// stretches, bars without volume.
// The source, which may be any series, is not ready where known is 0.
type columns struct{ open, high, low, close, volume, source, index, known []num }

func anyBars(t *rapid.T, size int) columns {
	scale := rapid.SampledFrom([]int32{0, 0, 2, 8}).Draw(t, "scale")
	limit := rapid.SampledFrom([]int64{3, 100, 3_000, 2_000_000, 1 << 40, 1<<62 - 1}).Draw(t, "limit")
	shares := rapid.SampledFrom([]int64{5, 1_000_000, 1 << 40}).Draw(t, "shares")
	flat := rapid.SampledFrom([]int{0, 0, 1, 4}).Draw(t, "flat")
	price := rapid.Int64Range(1, limit)
	from := rapid.SampledFrom([]int{0, 0, 1, 5}).Draw(t, "from")
	holes := rapid.SampledFrom([]int{0, 0, 9}).Draw(t, "holes")
	var c columns
	for i := range size {
		p := []int64{price.Draw(t, "a"), price.Draw(t, "b"), price.Draw(t, "c"), price.Draw(t, "d")}
		volume := rapid.Int64Range(0, shares).Draw(t, "volume")
		index, source := price.Draw(t, "index"), decimal.New(price.Draw(t, "source"), -scale)
		if flat > 0 && i > 0 && rapid.IntRange(0, flat).Draw(t, "flat") > 0 { // a halted bar
			last := c.close[i-1].Shift(scale).IntPart()
			p, volume, source = []int64{last, last, last, last}, 0, c.source[i-1]
		}
		c.open = append(c.open, decimal.New(p[0], -scale))
		c.close = append(c.close, decimal.New(p[1], -scale))
		c.high = append(c.high, decimal.New(slices.Max(p), -scale))
		c.low = append(c.low, decimal.New(slices.Min(p), -scale))
		c.volume = append(c.volume, n(volume))
		c.index = append(c.index, decimal.New(index, -scale))
		c.source = append(c.source, source)
		known := n(1)
		if i < from || holes > 0 && rapid.IntRange(0, holes).Draw(t, "hole") == 0 {
			known = num{}
		}
		c.known = append(c.known, known)
	}
	return c
}

func (c columns) input() Input {
	source := series.FromDecimals(c.source)
	if slices.ContainsFunc(c.known, num.IsZero) {
		source = series.Div(source, series.FromDecimals(c.known))
	}
	return Input{
		Open: series.FromDecimals(c.open), High: series.FromDecimals(c.high), Low: series.FromDecimals(c.low),
		Close: series.FromDecimals(c.close), Volume: series.FromDecimals(c.volume),
		Source: source, Index: series.FromDecimals(c.index),
	}
}

func (c columns) plain() plainBars {
	l := func(values []num) line {
		out := make(line, len(values))
		for i := range values {
			out[i] = &values[i]
		}
		return out
	}
	source := l(c.source)
	for i, known := range c.known {
		if known.IsZero() {
			source[i] = nil
		}
	}
	return plainBars{l(c.open), l(c.high), l(c.low), l(c.close), l(c.volume), source, l(c.index)}
}

// head is the first k bars.
func (c columns) head(k int) columns {
	return columns{c.open[:k], c.high[:k], c.low[:k], c.close[:k], c.volume[:k], c.source[:k], c.index[:k], c.known[:k]}
}

// anyArgs draws arguments small enough for short columns.
func anyArgs(t *rapid.T, s *Spec) Args {
	for {
		given := map[string]Value{}
		for _, p := range s.Params {
			switch {
			case len(p.Choices) > 0:
				given[p.Name] = Value{Word: rapid.SampledFrom(p.Choices).Draw(t, p.Name)}
			case p.Integer:
				given[p.Name] = Value{Number: n(rapid.Int64Range(p.Min.IntPart(), 9).Draw(t, p.Name))}
			default:
				given[p.Name] = Value{Number: rapid.SampledFrom([]num{p.Min, p.Default, p.Max}).Draw(t, p.Name)}
			}
		}
		if a, err := s.Bind(given); err == nil {
			return a
		}
	}
}

func defaults(t *testing.T, s *Spec) Args {
	t.Helper()
	a, err := s.Bind(nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEveryIndicatorEqualsItsPlainForm(t *testing.T) {
	for _, s := range All() {
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			reference, ok := plain[s.ID]
			if !ok {
				t.Fatal("no plain form")
			}
			rapid.Check(t, func(t *rapid.T) {
				c := anyBars(t, rapid.IntRange(0, 60).Draw(t, "bars"))
				a := anyArgs(t, s)
				got, want := s.Compute(c.input(), a), reference(c.plain(), a)
				if len(got) != len(s.Outputs) || len(want) != len(s.Outputs) {
					t.Fatalf("%d outputs, plain %d, named %d", len(got), len(want), len(s.Outputs))
				}
				for k, name := range s.Outputs {
					equal(t, name, got[k], want[k])
				}
			})
		})
	}
}

func equal(t *rapid.T, name string, got series.Series, want line) {
	t.Helper()
	if got.Len() != len(want) {
		t.Fatalf("%s: %d bars, want %d", name, got.Len(), len(want))
	}
	for i := range want {
		v, ok := got.At(i)
		if ok != (want[i] != nil) || ok && !v.Equal(*want[i]) {
			t.Fatalf("%s: bar %d is %s (ready %v), want %v", name, i, v, ok, want[i])
		}
	}
}

func TestLaterBarsChangeNoEarlierValue(t *testing.T) {
	for _, s := range All() {
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				c := anyBars(t, 40)
				a := anyArgs(t, s)
				k := rapid.IntRange(0, 40).Draw(t, "k")
				whole, head := s.Compute(c.input(), a), s.Compute(c.head(k).input(), a)
				for o, name := range s.Outputs {
					for i := range k {
						v, ok := whole[o].At(i)
						w, okHead := head[o].At(i)
						if ok != okHead || !v.Equal(w) {
							t.Fatalf("%s: bar %d is %s (%v) with later bars, %s (%v) without", name, i, v, ok, w, okHead)
						}
					}
				}
			})
		})
	}
}

// lively is bars on which nothing is flat or divides by zero.
func lively(size int) columns {
	var c columns
	for i := range int64(size) {
		wave := (i*7919)%251 - 125 + (i%23)*9
		p := 50_000 + wave*20 + i
		c.open = append(c.open, n(p-wave%37))
		c.close = append(c.close, n(p+13))
		c.high = append(c.high, n(p+200+i%11))
		c.low = append(c.low, n(p-200-i%7))
		c.volume = append(c.volume, n(1000+i*31%977))
		c.source = append(c.source, n(p+13))
		c.index = append(c.index, n(2500+wave*wave%91+i%3))
		c.known = append(c.known, n(1))
	}
	return c
}

func TestFirstValueComesAfterTheWarmUp(t *testing.T) {
	c := lively(600)
	for _, s := range All() {
		a := defaults(t, s)
		got := s.Compute(c.input(), a)
		for k, name := range s.Outputs {
			need := s.WarmUpOf(name, a)
			if s.ID == "pivot" { // waits for a turning point besides
				if got[k].First()+1 < need || got[k].First() == got[k].Len() {
					t.Errorf("%s.%s: first value on bar %d, warm-up %d", s.ID, name, got[k].First()+1, need)
				}
				continue
			}
			if got[k].First()+1 != need {
				t.Errorf("%s.%s: first value on bar %d, the warm-up says %d", s.ID, name, got[k].First()+1, need)
			}
			for i := need; i < 600; i++ {
				if !got[k].Ready(i) {
					t.Errorf("%s.%s: bar %d is not ready", s.ID, name, i+1)
					break
				}
			}
		}
		short := s.Compute(c.head(s.WarmUp(a)-1).input(), a)
		if short[0].First() != short[0].Len() {
			t.Errorf("%s: a value before the warm-up is over", s.ID)
		}
	}
}

// TestPricesInAnotherUnitGiveTheSameAnswer multiplies all prices by ten: what is
// a price must follow, what is a ratio must stay, but for rounding.
func TestPricesInAnotherUnitGiveTheSameAnswer(t *testing.T) {
	c := lively(400)
	ten := columns{volume: c.volume, known: c.known}
	for _, p := range []struct{ to, from *[]num }{
		{&ten.open, &c.open}, {&ten.high, &c.high}, {&ten.low, &c.low},
		{&ten.close, &c.close}, {&ten.source, &c.source}, {&ten.index, &c.index},
	} {
		for _, v := range *p.from {
			*p.to = append(*p.to, v.Mul(n(10)))
		}
	}
	factor := map[string]int64{
		"price": 10, "as the series": 10, "the series squared": 100, "price times shares": 10, "price squared per scale shares": 100,
	}
	for _, s := range All() {
		a := defaults(t, s)
		k, ok := factor[s.Unit]
		if !ok {
			k = 1
		}
		got, want := s.Compute(ten.input(), a), s.Compute(c.input(), a)
		for o, name := range s.Outputs {
			for i := range got[o].Len() {
				v, ok := got[o].At(i)
				w, okW := want[o].At(i)
				w = w.Mul(n(k))
				bound := decimal.New(1, -5).Add(w.Abs().Mul(decimal.New(1, -9)))
				if ok != okW || v.Sub(w).Abs().GreaterThan(bound) {
					t.Errorf("%s.%s: bar %d is %s, want %s", s.ID, name, i, v, w)
					break
				}
			}
		}
	}
}

// TestNoIndexMeansNotReady is for the two that compare with the market.
func TestNoIndexMeansNotReady(t *testing.T) {
	in := lively(300).input()
	in.Index = series.Series{}
	for _, id := range []string{"alpha", "beta"} {
		s, _ := Lookup(id)
		if got := s.Compute(in, defaults(t, s))[0]; got.Len() != 300 || got.First() != 300 {
			t.Errorf("%s: %d bars, first %d", id, got.Len(), got.First())
		}
	}
}

func TestTheSourceIsTheCloseUnlessGiven(t *testing.T) {
	in := lively(60).input()
	in.Source = series.Series{}
	s, _ := Lookup("sma")
	got, _ := s.Compute(in, defaults(t, s))[0].At(59)
	in.Source = in.Close
	want, _ := s.Compute(in, defaults(t, s))[0].At(59)
	if !got.Equal(want) {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTheCatalogueIsKIS(t *testing.T) {
	// The ids of KIS's catalogue, with its wma called wilder, and the two that
	// take any series.
	want := `accbands ad adl adx adxr alma alpha ao apo aroon atr augen beta bollinger bop cci change cho chop cmf cmo
consecutive coppock dema disparity donchian dpo ema eom fisher force frama highest hma ibs ichimoku kama keltner kst kvo
logr lowest lwma macd mass_index maximum mfi midpoint midprice minimum momentum natr obv pivot ppo regression returns
roc rsi rvi sar schaff sma std stochastic stochrsi supertrend t3 tema trima trix tsi ultosc variance vidya
volatility_ind vortex vwap vwma wilder williams_r zlema`
	var got []string
	for _, s := range All() {
		got = append(got, s.ID)
		if found, ok := Lookup(s.ID); !ok || found != s {
			t.Errorf("Lookup does not find %s", s.ID)
		}
		for name, text := range map[string]string{
			"title": s.Title, "Korean title": s.TitleKorean, "group": s.Group, "summary": s.Summary,
			"formula": s.Formula, "source": s.Source, "unit": s.Unit, "example": s.Example,
		} {
			if text == "" {
				t.Errorf("%s has no %s", s.ID, name)
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, fields(want)) {
		t.Errorf("catalogue is %v", got)
	}
	if _, ok := Lookup("wma"); ok {
		t.Error("wma is known, but means two things")
	}
}

func fields(s string) []string {
	var out []string
	word := ""
	for _, r := range s + " " {
		if r == ' ' || r == '\n' {
			if word != "" {
				out = append(out, word)
			}
			word = ""
			continue
		}
		word += string(r)
	}
	return out
}

func TestWrongArgumentsAreRefused(t *testing.T) {
	word, number := func(w string) Value { return Value{Word: w} }, func(s string) Value {
		return Value{Number: decimal.RequireFromString(s)}
	}
	for _, row := range []struct {
		id    string
		given map[string]Value
		want  string
		param string
	}{
		{"sma", map[string]Value{"period": number("0")}, "sma: period is 0, must be 1 to 1000", "period"},
		{"sma", map[string]Value{"period": number("1001")}, "sma: period is 1001, must be 1 to 1000", "period"},
		{"sma", map[string]Value{"period": number("2.5")}, "sma: period is 2.5, must be a whole number", "period"},
		{"sma", map[string]Value{"period": word("up")}, `sma: period must be a number, not "up"`, "period"},
		{"sma", map[string]Value{"length": number("5")}, "sma: length is not a parameter", "length"},
		{"macd", map[string]Value{"fast": number("26")}, "macd: fast is 26, must be below slow 26", ""},
		{"bollinger", map[string]Value{"std": number("0.05")}, "bollinger: std is 0.05, must be 0.1 to 10", "std"},
		{"bollinger", map[string]Value{"std": number("1.123456789")}, "bollinger: std has more than 8 decimals", "std"},
		{"consecutive", map[string]Value{"direction": word("sideways")}, "consecutive: direction must be a word it knows", "direction"},
		{"consecutive", map[string]Value{"direction": number("1")}, "consecutive: direction must be a word it knows", "direction"},
		{"frama", map[string]Value{"period": number("15")}, "frama: period must be even", ""},
		{"sar", map[string]Value{"af_start": number("0.3")}, "sar: af_start is 0.3, must be at most af_max 0.2", ""},
	} {
		s, _ := Lookup(row.id)
		_, err := s.Bind(row.given)
		var wrong *ArgError
		if !errors.As(err, &wrong) || err.Error() != row.want || wrong.Param != row.param {
			t.Errorf("%s %v: %v, want %s", row.id, row.given, err, row.want)
		}
	}
}

func TestDefaultsAreInBounds(t *testing.T) {
	for _, s := range All() {
		defaults(t, s)
	}
}

func TestNoBarCostsAnAllocation(t *testing.T) {
	for _, id := range []string{"sma", "ema", "rsi", "macd", "bollinger", "atr", "std", "sar", "supertrend"} {
		s, _ := Lookup(id)
		a := defaults(t, s)
		few, many := walk(1000), walk(8000)
		short := testing.AllocsPerRun(5, func() { s.Compute(few, a) })
		long := testing.AllocsPerRun(5, func() { s.Compute(many, a) })
		if long > short {
			t.Errorf("%s: %v allocations over 1000 bars, %v over 8000", id, short, long)
		}
	}
}
