package strategy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/market"
	"maemae/strategy"
)

// number is an operand as text, and what it is on bar i said as plainly as possible; condition likewise. What is not
// ready is not true.
type (
	number struct {
		text string
		at   func(i int) (decimal.Decimal, bool)
	}
	condition struct {
		text string
		at   func(i int) (bool, bool)
	}
)

// author writes random expressions over bars.
type author struct {
	t    *rapid.T
	bars []market.Bar
}

func (a author) pick(n int, label string) int { return rapid.IntRange(0, n-1).Draw(a.t, label) }

func (a author) number(depth int) number {
	if depth == 0 {
		return a.leaf()
	}
	x := a.number(depth - 1)
	switch a.pick(9, "number") {
	case 0:
		return number{"(-" + x.text + ")", func(i int) (decimal.Decimal, bool) { v, ok := x.at(i); return v.Neg(), ok }}
	case 1:
		return a.arithmetic(x, a.number(depth-1))
	case 2:
		k := a.pick(4, "back")
		return number{fmt.Sprintf("(%s)[%d]", x.text, k), func(i int) (decimal.Decimal, bool) { return x.at(i - k) }}
	case 3:
		return a.window("sum", x, func(v []decimal.Decimal) decimal.Decimal { return decimal.Sum(v[0], v[1:]...) })
	case 4:
		return a.window("highest", x, func(v []decimal.Decimal) decimal.Decimal { return decimal.Max(v[0], v[1:]...) })
	case 5:
		return a.window("lowest", x, func(v []decimal.Decimal) decimal.Decimal { return decimal.Min(v[0], v[1:]...) })
	case 6:
		return a.window("sma", x, func(v []decimal.Decimal) decimal.Decimal {
			return decimal.Sum(v[0], v[1:]...).DivRound(decimal.NewFromInt(int64(len(v))), 8)
		})
	case 7:
		return a.counted(a.condition(depth - 1))
	}
	return x
}

func (a author) leaf() number {
	price := func(text string, of func(market.Bar) decimal.Decimal) number {
		return number{text, func(i int) (decimal.Decimal, bool) {
			if i < 0 || i >= len(a.bars) {
				return decimal.Decimal{}, false
			}
			return of(a.bars[i]), true
		}}
	}
	switch a.pick(7, "leaf") {
	case 0:
		return price("open", func(b market.Bar) decimal.Decimal { return b.Open })
	case 1:
		return price("high", func(b market.Bar) decimal.Decimal { return b.High })
	case 2:
		return price("low", func(b market.Bar) decimal.Decimal { return b.Low })
	case 3:
		return price("price", func(b market.Bar) decimal.Decimal { return b.Close })
	case 4:
		return price("volume", func(b market.Bar) decimal.Decimal { return decimal.NewFromInt(b.Volume) })
	case 5: // a constant is a number on every bar, but not before the first
		v := decimal.New(int64(a.pick(2000, "constant")), -2)
		n := price(v.String(), func(market.Bar) decimal.Decimal { return v })
		return number{"(close - close + " + n.text + ")", n.at}
	}
	return price("close", func(b market.Bar) decimal.Decimal { return b.Close })
}

func (a author) arithmetic(x, y number) number {
	sign := []string{"+", "-", "*", "/"}[a.pick(4, "sign")]
	return number{fmt.Sprintf("(%s %s %s)", x.text, sign, y.text), func(i int) (decimal.Decimal, bool) {
		v, ok := x.at(i)
		w, also := y.at(i)
		if !ok || !also || sign == "/" && w.IsZero() {
			return decimal.Decimal{}, false
		}
		switch sign {
		case "+":
			return v.Add(w), true
		case "-":
			return v.Sub(w), true
		case "*":
			return v.Mul(w), true
		}
		return v.DivRound(w, 8), true
	}}
}

func (a author) window(name string, x number, of func([]decimal.Decimal) decimal.Decimal) number {
	n := 1 + a.pick(5, "bars")
	return number{fmt.Sprintf("%s(%s, %d)", name, x.text, n), func(i int) (decimal.Decimal, bool) {
		var values []decimal.Decimal
		for j := i - n + 1; j <= i; j++ {
			v, ok := x.at(j)
			if !ok {
				return decimal.Decimal{}, false
			}
			values = append(values, v)
		}
		return of(values), true
	}}
}

// counted is count, barssince or streak of a condition.
func (a author) counted(c condition) number {
	switch n := 1 + a.pick(5, "bars"); a.pick(3, "counted") {
	case 0:
		return number{fmt.Sprintf("count(%s, %d)", c.text, n), func(i int) (decimal.Decimal, bool) {
			count := int64(0)
			for j := i - n + 1; j <= i; j++ {
				truth, ok := c.at(j)
				if !ok {
					return decimal.Decimal{}, false
				}
				if truth {
					count++
				}
			}
			return decimal.NewFromInt(count), true
		}}
	case 1:
		return number{"barssince(" + c.text + ")", func(i int) (decimal.Decimal, bool) {
			if _, ok := c.at(i); !ok {
				return decimal.Decimal{}, false
			}
			for j := i; j >= 0; j-- {
				if truth, _ := c.at(j); truth {
					return decimal.NewFromInt(int64(i - j)), true
				}
			}
			return decimal.Decimal{}, false
		}}
	}
	return number{"streak(" + c.text + ")", func(i int) (decimal.Decimal, bool) {
		if _, ok := c.at(i); !ok {
			return decimal.Decimal{}, false
		}
		run := int64(0)
		for j := i; j >= 0; j-- {
			if truth, _ := c.at(j); !truth {
				break
			}
			run++
		}
		return decimal.NewFromInt(run), true
	}}
}

func (a author) condition(depth int) condition {
	switch a.pick(8, "condition") {
	case 0, 1:
		if depth == 0 {
			break
		}
		return a.both(a.condition(depth-1), a.condition(depth-1))
	case 2:
		if depth == 0 {
			break
		}
		x := a.condition(depth - 1)
		return condition{"(not " + x.text + ")", func(i int) (bool, bool) { truth, ok := x.at(i); return !truth && ok, ok }}
	case 3:
		if depth == 0 {
			break
		}
		x, k := a.condition(depth-1), a.pick(3, "back")
		return condition{fmt.Sprintf("(%s)[%d]", x.text, k), func(i int) (bool, bool) { return x.at(i - k) }}
	case 4:
		return a.cross(a.either(depth), a.either(depth))
	case 5:
		x, low, high := a.either(depth), a.either(depth), a.either(depth)
		return condition{fmt.Sprintf("(%s between %s and %s)", x.text, low.text, high.text), func(i int) (bool, bool) {
			v, a := x.at(i)
			l, b := low.at(i)
			h, c := high.at(i)
			ready := a && b && c
			return ready && l.LessThanOrEqual(v) && v.LessThanOrEqual(h), ready
		}}
	}
	return a.comparison(a.either(depth), a.either(depth))
}

func (a author) both(x, y condition) condition {
	word := []string{"and", "or"}[a.pick(2, "word")]
	return condition{fmt.Sprintf("(%s %s %s)", x.text, word, y.text), func(i int) (bool, bool) {
		p, ok := x.at(i)
		q, also := y.at(i)
		if word == "and" {
			return p && q, ok && also
		}
		return ok && also && (p || q), ok && also
	}}
}

// either is an operand of a comparison: now and then a bare number, which is a value on every bar.
func (a author) either(depth int) number {
	if a.pick(3, "bare") > 0 {
		return a.number(depth)
	}
	v := decimal.New(int64(a.pick(24, "level")), -1)
	return number{v.String(), func(i int) (decimal.Decimal, bool) { return v, i >= 0 && i < len(a.bars) }}
}

func (a author) cross(x, y number) condition {
	word, sign := "above", 1
	if a.pick(2, "direction") == 1 {
		word, sign = "below", -1
	}
	return condition{fmt.Sprintf("(%s crosses %s %s)", x.text, word, y.text), func(i int) (bool, bool) {
		v, a := x.at(i)
		w, b := y.at(i)
		before, c := x.at(i - 1)
		other, d := y.at(i - 1)
		ready := a && b && c && d
		return ready && v.Cmp(w)*sign > 0 && before.Cmp(other)*sign <= 0, ready
	}}
}

func (a author) comparison(x, y number) condition {
	sign := []string{"<", "<=", ">", ">=", "==", "!="}[a.pick(6, "sign")]
	return condition{fmt.Sprintf("(%s %s %s)", x.text, sign, y.text), func(i int) (bool, bool) {
		v, ok := x.at(i)
		w, also := y.at(i)
		c := v.Cmp(w)
		truth := map[string]bool{"<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0, "==": c == 0, "!=": c != 0}[sign]
		return truth && ok && also, ok && also
	}}
}

// drawBars are bars of few different prices, so that equality and flat stretches happen.
func drawBars(t *rapid.T, least int) []market.Bar {
	n := rapid.IntRange(least, 30).Draw(t, "bars")
	scale := rapid.Int32Range(0, 3).Draw(t, "scale")
	date := market.Date(20240102)
	bars := make([]market.Bar, n)
	for i := range bars {
		price := func(label string) decimal.Decimal {
			return decimal.New(rapid.Int64Range(1, 12).Draw(t, label), -scale)
		}
		bars[i] = market.Bar{Date: date, Open: price("open"), High: price("high"), Low: price("low"), Close: price("close"),
			Volume: rapid.Int64Range(0, 3).Draw(t, "volume")}
		date = date.Add(1)
	}
	return bars
}

func columns(t interface{ Fatal(...any) }, bars []market.Bar) strategy.Bars {
	b, err := strategy.BarsOf(bars)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bounded skips a random expression that the language refuses for its size.
func bounded(t *rapid.T, text string) {
	if _, problems := strategy.ParseExpr(text); problems.Fatal() {
		if what := problems[0].What; strings.Contains(what, "the most is 2000") || strings.Contains(what, "more than 100 digits") {
			t.Skip(what)
		}
	}
}

func compileExpr(t interface{ Fatal(...any) }, text string) *strategy.Expr {
	e, problems := strategy.ParseExpr(text)
	if problems.Fatal() {
		t.Fatal(text, problems)
	}
	return e
}

func eval(t interface{ Fatal(...any) }, text string, b strategy.Bars) strategy.Column {
	c, err := compileExpr(t, text).Eval(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompiledNumbersEqualThePlainOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bars := drawBars(t, 0)
		n := author{t, bars}.number(rapid.IntRange(0, 4).Draw(t, "depth"))
		bounded(t, n.text)
		c := eval(t, n.text, columns(t, bars))
		for i := range bars {
			want, ready := n.at(i)
			got, is := c.Values.At(i)
			if is != ready || ready && !got.Equal(want) {
				t.Fatalf("%s on bar %d: %s %v, want %s %v", n.text, i, got, is, want, ready)
			}
		}
	})
}

func TestCompiledConditionsEqualThePlainOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bars := drawBars(t, 0)
		n := author{t, bars}.condition(rapid.IntRange(0, 3).Draw(t, "depth"))
		bounded(t, n.text)
		c := eval(t, n.text, columns(t, bars))
		for i := range bars {
			want, ready := n.at(i)
			got, is := c.Truths.At(i)
			if is != ready || ready && got != want {
				t.Fatalf("%s on bar %d: %v %v, want %v %v", n.text, i, got, is, want, ready)
			}
		}
	})
}

func TestTheCanonicalSpellingReadsBackAsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bars := drawBars(t, 1)
		n := author{t, bars}.condition(rapid.IntRange(0, 3).Draw(t, "depth"))
		bounded(t, n.text)
		e := compileExpr(t, n.text)
		again := compileExpr(t, e.String())
		if e.String() != again.String() || e.WarmUp() != again.WarmUp() {
			t.Fatalf("%s -> %s -> %s", n.text, e, again)
		}
		a, b := eval(t, n.text, columns(t, bars)), eval(t, e.String(), columns(t, bars))
		for i := range bars {
			if a.Text(i) != b.Text(i) {
				t.Fatalf("%s and %s differ on bar %d", n.text, e, i)
			}
		}
	})
}

func TestLaterBarsChangeNoEarlierValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bars := drawBars(t, 1)
		n := author{t, bars}.condition(rapid.IntRange(0, 3).Draw(t, "depth"))
		bounded(t, n.text)
		k := rapid.IntRange(1, len(bars)).Draw(t, "prefix")
		all, part := eval(t, n.text, columns(t, bars)), eval(t, n.text, columns(t, bars[:k]))
		for i := range k {
			if all.Text(i) != part.Text(i) {
				t.Fatalf("%s on bar %d: %q of %d bars, %q of %d", n.text, i, all.Text(i), len(bars), part.Text(i), k)
			}
		}
	})
}
