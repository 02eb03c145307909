package indicator

import (
	"math"

	"github.com/shopspring/decimal"

	"maemae/series"
)

// This file says every indicator a second time, bar by bar in plain decimals,
// for clarity and not for speed. Nothing here comes from package series but the
// number of digits.

type num = decimal.Decimal

// line is a column in plain form: nil where a bar is not ready.
type line []*num

func n(v int64) num { return decimal.NewFromInt(v) }

func is(v num) *num { return &v }

// div is a/b rounded; nil where b is 0.
func div(a, b num) *num {
	if b.IsZero() {
		return nil
	}
	return is(a.DivRound(b, series.Digits))
}

// each is a line computed from the ready values of others, bar by bar; f gets
// the values in order and may return nil.
func each(f func(v []num) *num, lines ...line) line {
	out := make(line, len(lines[0]))
bars:
	for i := range out {
		v := make([]num, len(lines))
		for k, l := range lines {
			if l[i] == nil {
				continue bars
			}
			v[k] = *l[i]
		}
		out[i] = f(v)
	}
	return out
}

func add(a, b line) line { return each(func(v []num) *num { return is(v[0].Add(v[1])) }, a, b) }
func sub(a, b line) line { return each(func(v []num) *num { return is(v[0].Sub(v[1])) }, a, b) }
func mul(a, b line) line { return each(func(v []num) *num { return is(v[0].Mul(v[1])) }, a, b) }
func by(a line, k num) line {
	return each(func(v []num) *num { return is(v[0].Mul(k)) }, a)
}
func quo(a, b line) line { return each(func(v []num) *num { return div(v[0], v[1]) }, a, b) }
func pct(a, b line) line { return quo(by(a, n(100)), b) }

func ago(a line, k int) line {
	out := make(line, len(a))
	for i := k; i < len(a); i++ {
		out[i] = a[i-k]
	}
	return out
}

// rolling applies f to the last k values, the oldest first, where all are ready.
func rolling(a line, k int, f func(w []num) *num) line {
	out := make(line, len(a))
bars:
	for i := k - 1; i < len(a); i++ {
		w := make([]num, k)
		for j := range w {
			v := a[i-k+1+j]
			if v == nil {
				continue bars
			}
			w[j] = *v
		}
		out[i] = f(w)
	}
	return out
}

func total(w []num) num { return decimal.Sum(num{}, w...) }

func sums(a line, k int) line {
	return rolling(a, k, func(w []num) *num { return is(total(w)) })
}
func means(a line, k int) line {
	return rolling(a, k, func(w []num) *num { return div(total(w), n(int64(k))) })
}
func tops(a line, k int) line {
	return rolling(a, k, func(w []num) *num { return is(decimal.Max(w[0], w...)) })
}
func bottoms(a line, k int) line {
	return rolling(a, k, func(w []num) *num { return is(decimal.Min(w[0], w...)) })
}
func weighted(a line, k int, weight func(i int64) int64, divisor int64) line {
	return rolling(a, k, func(w []num) *num {
		sum := num{}
		for i, v := range w {
			sum = sum.Add(v.Mul(n(weight(int64(i + 1)))))
		}
		return div(sum, n(divisor))
	})
}
func linears(a line, k int) line {
	return weighted(a, k, func(i int64) int64 { return i }, int64(k*(k+1)/2))
}
func variances(a line, k int, divisor int) line {
	return rolling(a, k, func(w []num) *num {
		squares := num{}
		for _, v := range w {
			squares = squares.Add(v.Mul(v))
		}
		return div(squares.Mul(n(int64(k))).Sub(total(w).Mul(total(w))), n(int64(divisor)))
	})
}
func roots(a line) line {
	return each(func(v []num) *num {
		if v[0].IsNegative() {
			return nil
		}
		if v[0].IsZero() {
			return is(num{})
		}
		r, err := v[0].PowWithPrecision(decimal.New(5, -1), 40)
		if err != nil {
			panic(err)
		}
		return is(r.Round(series.Digits))
	}, a)
}
func logs(a line) line {
	return each(func(v []num) *num {
		if !v[0].IsPositive() {
			return nil
		}
		r, err := v[0].Ln(40)
		if err != nil {
			panic(err)
		}
		return is(r.Round(series.Digits))
	}, a)
}

// filter is y = (take*x + (of-take)*y)/of from the mean of the first k ready
// values on.
func filter(a line, k int, take, of int64) line {
	out := make(line, len(a))
	var seen []num
	y := num{}
	for i, x := range a {
		if x == nil {
			continue
		}
		if seen = append(seen, *x); len(seen) < k {
			continue
		}
		if len(seen) == k {
			y = *div(total(seen), n(int64(k)))
		} else {
			y = *div(x.Mul(n(take)).Add(y.Mul(n(of-take))), n(of))
		}
		out[i] = is(y)
	}
	return out
}
func emas(a line, k int) line    { return filter(a, k, 2, int64(k)+1) }
func wilders(a line, k int) line { return filter(a, k, 1, int64(k)) }

// adaptive is y += share*(x-y), beginning with y = the value of begin one bar
// before the first bar that has all it needs.
func adaptive(a, share, begin line) line {
	out := make(line, len(a))
	var y *num
	for i, x := range a {
		if x == nil || share[i] == nil || y == nil && (i == 0 || begin[i-1] == nil) {
			continue
		}
		if y == nil {
			y = is(begin[i-1].Round(series.Digits))
		}
		y = is(y.Add(share[i].Mul(x.Sub(*y))).Round(series.Digits))
		out[i] = y
	}
	return out
}

func change1(a line) line { return sub(a, ago(a, 1)) }
func sizes(a line) line   { return each(func(v []num) *num { return is(v[0].Abs()) }, a) }
func rates(a line, k int) line {
	return by(quo(sub(a, ago(a, k)), ago(a, k)), n(100))
}
func places(a, low, high line, k int) line {
	bottom, top := bottoms(low, k), tops(high, k)
	return pct(sub(a, bottom), sub(top, bottom))
}
func upsAndDowns(a line, k int) (ups, downs line) {
	up := each(func(v []num) *num { return is(decimal.Max(v[0], num{})) }, change1(a))
	down := each(func(v []num) *num { return is(decimal.Max(v[0].Neg(), num{})) }, change1(a))
	return wilders(up, k), wilders(down, k)
}
func rsis(a line, k int) line {
	ups, downs := upsAndDowns(a, k)
	return each(func(v []num) *num {
		if v[1].IsZero() {
			return is(n(100))
		}
		ratio := *div(v[0], v[1])
		return is(n(100).Sub(*div(n(100), ratio.Add(n(1)))))
	}, ups, downs)
}

// fineRSIs is the index with 12 decimals, in its averages and in itself.
func fineRSIs(a line, k int) line {
	const digits = 12
	out := make(line, len(a))
	count, up, down := int64(0), num{}, num{}
	for i, move := range change1(a) {
		if move == nil {
			continue
		}
		if count++; count <= int64(k) {
			up, down = up.Add(decimal.Max(*move, num{})), down.Add(decimal.Max(move.Neg(), num{}))
		}
		if count < int64(k) {
			continue
		}
		if count > int64(k) {
			up = up.Mul(n(int64(k) - 1)).Add(decimal.Max(*move, num{}))
			down = down.Mul(n(int64(k) - 1)).Add(decimal.Max(move.Neg(), num{}))
		}
		up, down = up.DivRound(n(int64(k)), digits), down.DivRound(n(int64(k)), digits)
		out[i] = is(n(100))
		if !down.IsZero() {
			out[i] = is(up.Mul(n(100)).DivRound(up.Add(down), digits))
		}
	}
	return out
}
func cmos(a line, k int) line {
	ups, downs := upsAndDowns(a, k)
	return each(func(v []num) *num {
		if v[0].Add(v[1]).IsZero() {
			return is(num{})
		}
		return div(v[0].Sub(v[1]).Mul(n(100)), v[0].Add(v[1]))
	}, ups, downs)
}

// plainBars is the input in plain form.
type plainBars struct{ open, high, low, close, volume, source, index line }

// gaps is the true range of the bars that have a close before.
func (b plainBars) gaps() line {
	return each(func(v []num) *num {
		return is(decimal.Max(v[0], v[2]).Sub(decimal.Min(v[1], v[2])))
	}, b.high, b.low, ago(b.close, 1))
}
func (b plainBars) ranges() line {
	out := b.gaps()
	if len(out) > 0 {
		out[0] = is(b.high[0].Sub(*b.low[0]))
	}
	return out
}
func (b plainBars) hlc() line { return add(add(b.high, b.low), b.close) }
func (b plainBars) flow() line {
	return each(func(v []num) *num {
		h, l, c := v[0], v[1], v[2]
		if h.Equal(l) {
			return is(num{})
		}
		return div(c.Add(c).Sub(h).Sub(l).Mul(v[3]), h.Sub(l))
	}, b.high, b.low, b.close, b.volume)
}
func running(a line) line {
	out, sum := make(line, len(a)), num{}
	for i, v := range a {
		if v != nil {
			sum = sum.Add(*v)
			out[i] = is(sum)
		}
	}
	return out
}
func (b plainBars) middles(k int) line {
	return quo(add(tops(b.high, k), bottoms(b.low, k)), constants(len(b.high), n(2)))
}
func constants(k int, v num) line {
	out := make(line, k)
	for i := range out {
		out[i] = is(v)
	}
	return out
}
func bands(middle, half line) []line {
	return []line{middle, add(middle, half), sub(middle, half)}
}
func meanOf(a Args, l line, k int) line {
	switch a.Choice("smoothing") {
	case "exponential":
		return emas(l, k)
	case "wilder":
		return wilders(l, k)
	}
	return means(l, k)
}
func returnLine(a line) line { return quo(change1(a), ago(a, 1)) }
func streaks(a line, up bool) line {
	out, run := make(line, len(a)), int64(0)
	for i := 1; i < len(a); i++ {
		if a[i] == nil || a[i-1] == nil {
			run = 0
			continue
		}
		if run++; up && !a[i].GreaterThan(*a[i-1]) || !up && !a[i].LessThan(*a[i-1]) {
			run = 0
		}
		out[i] = is(n(run))
	}
	return out
}

func period1(f func(a line, k int) line) func(plainBars, Args) []line {
	return func(b plainBars, a Args) []line { return []line{f(b.source, a.Integer("period"))} }
}

// plain is every indicator, by ID.
var plain = map[string]func(b plainBars, a Args) []line{
	"sma": period1(means), "ema": period1(emas), "lwma": period1(linears), "wilder": period1(wilders),
	"rsi": period1(rsis), "cmo": period1(cmos), "momentum": period1(rates), "roc": period1(rates), "returns": period1(rates),
	"highest": period1(tops), "lowest": period1(bottoms),
	"variance": period1(func(a line, k int) line { return variances(a, k, k*k) }),
	"std":      period1(func(a line, k int) line { return roots(variances(a, k, k*k)) }),
	"dema": period1(func(a line, k int) line {
		e := emas(a, k)
		return sub(by(e, n(2)), emas(e, k))
	}),
	"tema": period1(func(a line, k int) line {
		e1 := emas(a, k)
		e2 := emas(e1, k)
		return add(by(sub(e1, e2), n(3)), emas(e2, k))
	}),
	"hma": period1(func(a line, k int) line {
		half := int(math.RoundToEven(float64(k) / 2))
		root := int(math.RoundToEven(math.Sqrt(float64(k))))
		return linears(sub(by(linears(a, half), n(2)), linears(a, k)), root)
	}),
	"kama": period1(func(a line, k int) line {
		share := each(func(v []num) *num {
			er := n(1)
			if !v[1].IsZero() {
				er = *div(v[0], v[1])
			}
			c := div(er.Mul(n(56)).Add(n(6)), n(93))
			return is(c.Mul(*c))
		}, sizes(sub(a, ago(a, k))), sums(sizes(change1(a)), k))
		return adaptive(a, share, a)
	}),
	"alma": func(b plainBars, a Args) []line {
		k, sigma := int64(a.Integer("period")), int64(a.Integer("sigma"))
		top := a.Decimal("offset").Mul(n(k - 1)).Floor().IntPart()
		weights, sum := make([]int64, k+1), int64(0)
		for i := int64(1); i <= k; i++ {
			away := i - 1 - top
			x := *div(n(-away*away*sigma*sigma), n(2*k*k))
			y, err := x.ExpTaylor(30)
			if err != nil {
				panic(err)
			}
			weights[i] = y.Round(8).Shift(8).IntPart()
			sum += weights[i]
		}
		return []line{weighted(b.source, int(k), func(i int64) int64 { return weights[i] }, sum)}
	},
	"trima": period1(func(a line, k int) line {
		if k%2 == 0 {
			return means(means(a, k/2), k/2+1)
		}
		return means(means(a, (k+1)/2), (k+1)/2)
	}),
	"t3": func(b plainBars, a Args) []line {
		x, k, v := b.source, a.Integer("period"), a.Decimal("volume_factor")
		for range 3 {
			e := emas(x, k)
			x = sub(by(e, v.Add(n(1))), by(emas(e, k), v))
		}
		return []line{x}
	},
	"zlema": period1(func(a line, k int) line {
		lag := int(math.RoundToEven(float64(k-1) / 2))
		return emas(sub(by(a, n(2)), ago(a, lag)), k)
	}),
	"frama": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		width := func(k int) line { return sub(tops(b.high, k), bottoms(b.low, k)) }
		halves := add(width(k/2), ago(width(k/2), k/2))
		share := each(func(v []num) *num {
			if v[0].IsZero() {
				return is(n(1))
			}
			x := logs(line{div(v[0], v[1])})[0]
			if x == nil {
				return nil
			}
			y, err := x.Mul(decimal.RequireFromString("-6.63662462")).ExpTaylor(30)
			if err != nil {
				panic(err)
			}
			return is(decimal.Min(n(1), decimal.Max(hundredths(1), y.Round(8))))
		}, halves, width(k))
		m := quo(add(b.high, b.low), constants(len(b.high), n(2)))
		return []line{adaptive(m, share, m)}
	},
	"vidya": period1(func(a line, k int) line {
		share := quo(sizes(cmos(a, k)), constants(len(a), n(50*int64(k+1))))
		return adaptive(a, share, a)
	}),

	"stochastic": func(b plainBars, a Args) []line {
		k := places(b.close, b.low, b.high, a.Integer("k_period"))
		return []line{k, means(k, a.Integer("d_period"))}
	},
	"stochrsi": func(b plainBars, a Args) []line {
		r := fineRSIs(b.source, a.Integer("rsi_period"))
		k := means(places(r, r, r, a.Integer("stoch_period")), a.Integer("k_period"))
		return []line{k, means(k, a.Integer("d_period"))}
	},
	"macd": func(b plainBars, a Args) []line {
		v := sub(emas(b.source, a.Integer("fast")), emas(b.source, a.Integer("slow")))
		s := emas(v, a.Integer("signal"))
		return []line{v, s, sub(v, s)}
	},
	"cci": func(b plainBars, a Args) []line {
		return []line{rolling(b.hlc(), a.Integer("period"), func(w []num) *num {
			k := n(int64(len(w)))
			mean, away := *div(total(w), k), num{}
			for _, v := range w {
				away = away.Add(v.Sub(mean).Abs())
			}
			return div(w[len(w)-1].Sub(mean), div(away, k).Mul(decimal.New(15, -3)))
		})}
	},
	"williams_r": func(b plainBars, a Args) []line {
		top, bottom := tops(b.high, a.Integer("period")), bottoms(b.low, a.Integer("period"))
		return []line{by(pct(sub(top, b.close), sub(top, bottom)), n(-1))}
	},
	"apo": func(b plainBars, a Args) []line {
		return []line{sub(meanOf(a, b.source, a.Integer("fast")), meanOf(a, b.source, a.Integer("slow")))}
	},
	"ppo": func(b plainBars, a Args) []line {
		fast, slow := meanOf(a, b.source, a.Integer("fast")), meanOf(a, b.source, a.Integer("slow"))
		v := pct(sub(fast, slow), slow)
		s := meanOf(a, v, a.Integer("slow"))
		return []line{v, s, sub(v, s)}
	},
	"aroon": func(b plainBars, a Args) []line {
		fresh := func(l line, k int, beats func(x, y num) bool) line {
			return rolling(l, k+1, func(w []num) *num {
				best := 0
				for i := range w {
					if beats(w[i], w[best]) {
						best = i
					}
				}
				return div(n(100*int64(best)), n(int64(k)))
			})
		}
		up := fresh(b.high, a.Integer("up_period"), num.GreaterThanOrEqual)
		down := fresh(b.low, a.Integer("down_period"), num.LessThanOrEqual)
		return []line{sub(up, down), up, down}
	},
	"ao": func(b plainBars, a Args) []line {
		m := quo(add(b.high, b.low), constants(len(b.high), n(2)))
		return []line{sub(means(m, a.Integer("fast")), means(m, a.Integer("slow")))}
	},
	"cho": func(b plainBars, a Args) []line {
		ad := running(b.flow())
		return []line{sub(emas(ad, a.Integer("fast")), emas(ad, a.Integer("slow")))}
	},
	"ultosc": func(b plainBars, a Args) []line {
		pressure := each(func(v []num) *num { return is(v[0].Sub(decimal.Min(v[1], v[2]))) }, b.close, b.low, ago(b.close, 1))
		p := func(k int) line { return pct(sums(pressure, k), sums(b.gaps(), k)) }
		return []line{each(func(v []num) *num {
			return div(v[0].Mul(n(4)).Add(v[1].Mul(n(2))).Add(v[2]), n(7))
		}, p(a.Integer("period1")), p(a.Integer("period2")), p(a.Integer("period3")))}
	},
	"trix": period1(func(a line, k int) line {
		e := emas(emas(emas(a, k), k), k)
		return pct(change1(e), ago(e, 1))
	}),
	"tsi": func(b plainBars, a Args) []line {
		s := func(l line) line { return emas(emas(l, a.Integer("long_period")), a.Integer("short_period")) }
		v := pct(s(change1(b.source)), s(sizes(change1(b.source))))
		return []line{v, emas(v, a.Integer("signal_period"))}
	},
	"rvi": func(b plainBars, a Args) []line {
		f := func(l line) line {
			return rolling(l, 4, func(w []num) *num {
				return is(w[0].Add(w[1].Mul(n(2))).Add(w[2].Mul(n(2))).Add(w[3]))
			})
		}
		k := a.Integer("period")
		return []line{quo(sums(f(sub(b.close, b.open)), k), sums(f(sub(b.high, b.low)), k))}
	},
	"dpo": period1(func(a line, k int) line { return sub(ago(a, k/2+1), means(a, k)) }),
	"kvo": func(b plainBars, a Args) []line {
		force := make(line, len(b.close))
		t, trend, moved := b.hlc(), int64(0), num{}
		for i := 1; i < len(force); i++ {
			now := int64(-1)
			if t[i].GreaterThan(*t[i-1]) {
				now = 1
			}
			span := b.high[i].Sub(*b.low[i])
			if trend != now {
				moved = b.high[i-1].Sub(*b.low[i-1])
			}
			turned := trend == 0
			trend = now
			if turned { // the second bar has no trend before it
				trend, moved = now, num{}
				force[i] = nil
				if i == 1 {
					moved = span
				}
				continue
			}
			moved = moved.Add(span)
			if moved.IsZero() {
				force[i] = is(num{})
			} else {
				force[i] = div(b.volume[i].Mul(n(200*now)).Mul(moved.Sub(span)), moved)
			}
		}
		v := sub(emas(force, a.Integer("fast")), emas(force, a.Integer("slow")))
		return []line{v, emas(v, a.Integer("signal"))}
	},

	"adx": func(b plainBars, a Args) []line { return b.directions(a.Integer("period")) },
	"adxr": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		v := b.directions(k)[0]
		return []line{quo(add(v, ago(v, k-1)), constants(len(v), n(2)))}
	},
	"ichimoku": func(b plainBars, a Args) []line {
		k := a.Integer("kijun")
		tenkan, kijun := b.middles(a.Integer("tenkan")), b.middles(k)
		cloud := quo(add(tenkan, kijun), constants(len(kijun), n(2)))
		return []line{tenkan, kijun, ago(cloud, k), ago(b.middles(a.Integer("senkou_b")), k), ago(b.close, k)}
	},
	"sar": func(b plainBars, a Args) []line {
		out := make(line, len(b.close))
		long, af, at, ep := false, num{}, num{}, num{}
		start, step, top := a.Decimal("af_start"), a.Decimal("af_step"), a.Decimal("af_max")
		for i := 1; i < len(out); i++ {
			h, l, h1, l1 := *b.high[i], *b.low[i], *b.high[i-1], *b.low[i-1]
			above := func() { at = decimal.Max(at, h1, h) }
			below := func() { at = decimal.Min(at, l1, l) }
			advance := func() { at = at.Add(af.Mul(ep.Sub(at))).Round(8) }
			switch {
			case i == 1:
				af = start
				if long = !b.close[i].LessThan(*b.close[i-1]); long {
					ep, at = decimal.Min(h, h1), l1
				} else {
					ep, at = decimal.Min(l, l1), h1
				}
				out[i] = is(at)
			case long && l.LessThanOrEqual(at):
				at = ep
				above()
				out[i] = is(at)
				long, af, ep = false, start, l
				advance()
				above()
			case long:
				out[i] = is(at)
				if h.GreaterThan(ep) {
					ep, af = h, decimal.Min(af.Add(step), top)
				}
				advance()
				below()
			case h.GreaterThanOrEqual(at):
				at = ep
				below()
				out[i] = is(at)
				long, af, ep = true, start, h
				advance()
				below()
			default:
				out[i] = is(at)
				if l.LessThan(ep) {
					ep, af = l, decimal.Min(af.Add(step), top)
				}
				advance()
				above()
			}
		}
		return []line{out}
	},
	"vortex": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		way := sums(b.gaps(), k)
		plus, minus := sizes(sub(b.high, ago(b.low, 1))), sizes(sub(b.low, ago(b.high, 1)))
		return []line{quo(sums(plus, k), way), quo(sums(minus, k), way)}
	},
	"chop": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		return []line{each(func(v []num) *num {
			if v[1].IsZero() {
				return is(n(100))
			}
			way := logs(line{div(v[0], v[1])})[0]
			if way == nil {
				return nil
			}
			return div(way.Mul(n(100)), *logs(line{is(n(int64(k)))})[0])
		}, sums(b.ranges(), k), sub(tops(b.high, k), bottoms(b.low, k)))}
	},
	"kst": func(b plainBars, a Args) []line {
		part := func(name string, k int, weight int64) line {
			return by(means(rates(b.source, a.Integer(name)), k), n(weight))
		}
		v := add(add(part("roc1", 10, 1), part("roc2", 13, 2)), add(part("roc3", 15, 3), part("roc4", 20, 4)))
		return []line{v, means(v, 9)}
	},
	"coppock": func(b plainBars, a Args) []line {
		return []line{linears(add(rates(b.source, a.Integer("short_roc")), rates(b.source, a.Integer("long_roc"))), a.Integer("wma"))}
	},
	"supertrend": func(b plainBars, a Args) []line {
		out := make(line, len(b.close))
		atr := wilders(b.ranges(), a.Integer("period"))
		var up, down num
		above, begun := true, false
		for i, r := range atr {
			if r == nil {
				continue
			}
			m, c := *div(b.high[i].Add(*b.low[i]), n(2)), *b.close[i]
			u, d := m.Add(r.Mul(a.Decimal("multiplier"))), m.Sub(r.Mul(a.Decimal("multiplier")))
			if begun && !b.close[i-1].GreaterThan(up) {
				u = decimal.Min(u, up)
			}
			if begun && !b.close[i-1].LessThan(down) {
				d = decimal.Max(d, down)
			}
			up, down, begun = u, d, true
			if above {
				above = !c.GreaterThan(up)
			} else {
				above = c.LessThan(down)
			}
			if out[i] = is(down); above {
				out[i] = is(up)
			}
			above = above || up.Equal(down)
		}
		return []line{out}
	},
	"mass_index": func(b plainBars, a Args) []line {
		e := emas(sub(b.high, b.low), a.Integer("ema_period"))
		return []line{sums(quo(e, emas(e, a.Integer("ema_period"))), a.Integer("sum_period"))}
	},
	"schaff": func(b plainBars, a Args) []line {
		y := sub(emas(b.source, a.Integer("fast")), emas(b.source, a.Integer("slow")))
		y = emas(places(y, y, y, a.Integer("cycle")), 3)
		return []line{emas(places(y, y, y, a.Integer("cycle")), 3)}
	},
	"fisher": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		out := make(line, len(b.high))
		v, f := num{}, num{}
		for i := k - 1; i < len(out); i++ {
			if i == 0 {
				continue // the filters need a bar before
			}
			low, high, m := b.high[i].Add(*b.low[i]), b.high[i].Add(*b.low[i]), b.high[i].Add(*b.low[i])
			for j := i - k + 1; j <= i; j++ {
				low, high = decimal.Min(low, b.high[j].Add(*b.low[j])), decimal.Max(high, b.high[j].Add(*b.low[j]))
			}
			y := num{}
			if low.Equal(high) {
				v = num{}
			} else {
				p := div(m.Sub(low).Mul(n(2)), high.Sub(low)).Sub(n(1))
				v = v.Add(hundredths(33).Mul(p.Sub(v))).Round(8)
				w := decimal.Max(decimal.Min(v, decimal.New(999, -3)), decimal.New(-999, -3))
				y = *logs(line{div(n(1).Add(w), n(1).Sub(w))})[0]
			}
			f = f.Add(hundredths(50).Mul(y.Sub(f))).Round(8)
			out[i] = is(f)
		}
		return []line{out}
	},

	"obv": func(b plainBars, a Args) []line {
		out, sum := make(line, len(b.close)), num{}
		for i := range out {
			switch {
			case i == 0 || b.close[i].GreaterThan(*b.close[i-1]):
				sum = sum.Add(*b.volume[i])
			case b.close[i].LessThan(*b.close[i-1]):
				sum = sum.Sub(*b.volume[i])
			}
			out[i] = is(sum)
		}
		return []line{out}
	},
	"ad":  func(b plainBars, a Args) []line { return []line{running(b.flow())} },
	"adl": func(b plainBars, a Args) []line { return []line{running(b.flow())} },
	"cmf": func(b plainBars, a Args) []line {
		return []line{quo(sums(b.flow(), a.Integer("period")), sums(b.volume, a.Integer("period")))}
	},
	"mfi": func(b plainBars, a Args) []line {
		t := b.hlc()
		in, out := make(line, len(t)), make(line, len(t))
		for i := range t {
			flow := t[i].Mul(*b.volume[i])
			in[i], out[i] = is(num{}), is(num{})
			switch {
			case i == 0 && t[i].IsPositive() || i > 0 && t[i].GreaterThan(*t[i-1]):
				in[i] = is(flow)
			case i > 0 && t[i].LessThan(*t[i-1]):
				out[i] = is(flow)
			}
		}
		return []line{each(func(v []num) *num {
			if v[0].Add(v[1]).IsZero() {
				return is(n(100))
			}
			return div(v[0].Mul(n(100)), v[0].Add(v[1]))
		}, sums(in, a.Integer("period")), sums(out, a.Integer("period")))}
	},
	"force": func(b plainBars, a Args) []line {
		return []line{emas(mul(change1(b.close), b.volume), a.Integer("period"))}
	},
	"vwap": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		return []line{quo(sums(mul(add(b.hlc(), b.open), b.volume), k), by(sums(b.volume, k), n(4)))}
	},
	"vwma": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		return []line{quo(sums(mul(b.close, b.volume), k), sums(b.volume, k))}
	},
	"eom": func(b plainBars, a Args) []line {
		ease := make(line, len(b.high))
		for i := range ease {
			ease[i] = is(num{})
			if i > 0 && !b.volume[i].IsZero() {
				move := b.high[i].Add(*b.low[i]).Sub(*b.high[i-1]).Sub(*b.low[i-1])
				ease[i] = div(move.Mul(b.high[i].Sub(*b.low[i])).Mul(a.Decimal("scale")), b.volume[i].Mul(n(2)))
			}
		}
		return []line{means(ease, a.Integer("period"))}
	},

	"atr": func(b plainBars, a Args) []line { return []line{meanOf(a, b.ranges(), a.Integer("period"))} },
	"natr": func(b plainBars, a Args) []line {
		return []line{pct(wilders(b.gaps(), a.Integer("period")), b.close)}
	},
	"bollinger": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		return bands(means(b.source, k), by(roots(variances(b.source, k, k*k)), a.Decimal("std")))
	},
	"keltner": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		middle := quo(sums(b.hlc(), k), constants(len(b.close), n(3*int64(k))))
		return bands(middle, by(means(b.ranges(), k), a.Decimal("multiplier")))
	},
	"donchian": func(b plainBars, a Args) []line {
		return []line{tops(b.high, a.Integer("period")), bottoms(b.low, a.Integer("period"))}
	},
	"accbands": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		reach := func(l line) line {
			return quo(by(mul(l, sub(b.high, b.low)), a.Decimal("width")), add(b.high, b.low))
		}
		return []line{means(b.close, k), means(add(b.high, reach(b.high)), k), means(sub(b.low, reach(b.low)), k)}
	},
	"beta": func(b plainBars, a Args) []line {
		return []line{betas(returnLine(b.close), returnLine(b.index), a.Integer("period"))}
	},
	"alpha": func(b plainBars, a Args) []line {
		k := a.Integer("period")
		own, market := returnLine(b.close), returnLine(b.index)
		return []line{sub(means(own, k), mul(betas(own, market, k), means(market, k)))}
	},
	"volatility_ind": period1(func(a line, k int) line { return roots(variances(returnLine(a), k, k*(k-1))) }),

	"maximum": func(b plainBars, a Args) []line { return []line{tops(b.close, a.Integer("period"))} },
	"minimum": func(b plainBars, a Args) []line { return []line{bottoms(b.close, a.Integer("period"))} },
	"midpoint": period1(func(a line, k int) line {
		return quo(add(tops(a, k), bottoms(a, k)), constants(len(a), n(2)))
	}),
	"midprice": func(b plainBars, a Args) []line { return []line{b.middles(a.Integer("period"))} },
	"logr":     period1(func(a line, k int) line { return logs(quo(a, ago(a, k))) }),
	"ibs":      func(b plainBars, a Args) []line { return []line{quo(sub(b.close, b.low), sub(b.high, b.low))} },
	"bop":      func(b plainBars, a Args) []line { return []line{quo(sub(b.close, b.open), sub(b.high, b.low))} },
	"regression": func(b plainBars, a Args) []line {
		k := int64(a.Integer("period"))
		slope := weighted(b.source, int(k), func(t int64) int64 { return 6 * (2*t - k - 1) }, k*(k*k-1))
		base := weighted(b.source, int(k), func(t int64) int64 { return 4*k + 2 - 6*t }, k*(k-1))
		value := weighted(b.source, int(k), func(t int64) int64 { return 6*t - 2*k - 2 }, k*(k+1))
		return []line{value, slope, base}
	},
	"pivot": func(b plainBars, a Args) []line {
		left, right := a.Integer("left_bars"), a.Integer("right_bars")
		find := func(l line, beats func(x, y num) bool) line {
			out := make(line, len(l))
			var last *num
			for i := left + right; i < len(l); i++ {
				turn := true
				for j := i - left - right; j <= i; j++ {
					turn = turn && (j == i-right || beats(*l[i-right], *l[j]))
				}
				if turn {
					last = l[i-right]
				}
				out[i] = last
			}
			return out
		}
		return []line{find(b.high, num.GreaterThan), find(b.low, num.LessThan)}
	},
	"augen": period1(func(a line, k int) line {
		scatter := roots(variances(logs(quo(a, ago(a, 1))), k, k*k))
		return quo(change1(a), mul(ago(scatter, 1), ago(a, 1)))
	}),
	"consecutive": func(b plainBars, a Args) []line { return []line{streaks(b.source, a.Choice("direction") == "up")} },
	"disparity":   period1(func(a line, k int) line { return pct(a, means(a, k)) }),
	"change":      func(b plainBars, a Args) []line { return []line{rates(b.source, 1)} },
}

func betas(y, x line, k int) line {
	co := func(a, b line) line {
		return sub(by(sums(mul(a, b), k), n(int64(k))), mul(sums(a, k), sums(b, k)))
	}
	return quo(co(y, x), co(x, x))
}

// directions is adx, plus_di and minus_di.
func (b plainBars) directions(k int) []line {
	plus, minus := make(line, len(b.high)), make(line, len(b.high))
	for i := 1; i < len(plus); i++ {
		up, down := b.high[i].Sub(*b.high[i-1]), b.low[i-1].Sub(*b.low[i])
		plus[i], minus[i] = is(num{}), is(num{})
		if up.IsPositive() && up.GreaterThanOrEqual(down) {
			plus[i] = is(up)
		}
		if down.IsPositive() && down.GreaterThan(up) {
			minus[i] = is(down)
		}
	}
	p, m := pct(wilders(plus, k), wilders(b.gaps(), k)), pct(wilders(minus, k), wilders(b.gaps(), k))
	return []line{wilders(pct(sizes(sub(p, m)), add(p, m)), k), p, m}
}
