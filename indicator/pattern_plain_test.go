package indicator

import "github.com/shopspring/decimal"

// This file says every pattern a second time, one bar at a time in plain
// decimals: w(0) is the bar that ends the pattern, w(1) the one before it.

type plainCandle struct{ o, h, l, c num }

func (b plainCandle) white() bool { return b.c.GreaterThanOrEqual(b.o) }
func (b plainCandle) black() bool { return !b.white() }
func (b plainCandle) body() num   { return b.c.Sub(b.o).Abs() }
func (b plainCandle) top() num    { return decimal.Max(b.o, b.c) }
func (b plainCandle) bottom() num { return decimal.Min(b.o, b.c) }
func (b plainCandle) upper() num  { return b.h.Sub(b.top()) }
func (b plainCandle) lower() num  { return b.bottom().Sub(b.l) }
func (b plainCandle) span() num   { return b.h.Sub(b.l) }
func (b plainCandle) shade() num  { return b.upper().Add(b.lower()) }

// plainWindow is the bars up to the one in question.
type plainWindow []plainCandle

func (w plainWindow) at(ago int) plainCandle { return w[len(w)-1-ago] }

// average is a TA-Lib candle setting at the bar ago bars back: factor times the
// mean of what over the bars before it.
func (w plainWindow) average(ago, bars int, factor string, what func(plainCandle) num) num {
	sum := n(0)
	for i := ago + 1; i <= ago+bars; i++ {
		sum = sum.Add(what(w.at(i)))
	}
	return decimal.RequireFromString(factor).Mul(sum).DivRound(n(int64(bars)), 60)
}

func (w plainWindow) bodyLong(ago int) num    { return w.average(ago, 10, "1", plainCandle.body) }
func (w plainWindow) bodyDoji(ago int) num    { return w.average(ago, 10, "0.1", plainCandle.span) }
func (w plainWindow) shadowShort(ago int) num { return w.average(ago, 10, "0.5", plainCandle.shade) }
func (w plainWindow) near(ago int) num        { return w.average(ago, 5, "0.2", plainCandle.span) }
func (w plainWindow) far(ago int) num         { return w.average(ago, 5, "0.6", plainCandle.span) }
func (w plainWindow) equal(ago int) num       { return w.average(ago, 5, "0.05", plainCandle.span) }

func (w plainWindow) long(k int) bool    { return gt(w.at(k).body(), w.bodyLong(k)) }
func (w plainWindow) short(k int) bool   { return lt(w.at(k).body(), w.bodyLong(k)) }
func (w plainWindow) notLong(k int) bool { return !w.long(k) }
func (w plainWindow) doji(k int) bool    { return !gt(w.at(k).body(), w.bodyDoji(k)) }
func (w plainWindow) noUpper(k int) bool { return lt(w.at(k).upper(), w.bodyDoji(k)) }
func (w plainWindow) noLower(k int) bool { return lt(w.at(k).lower(), w.bodyDoji(k)) }
func (w plainWindow) upper(k int) bool   { return gt(w.at(k).upper(), w.bodyDoji(k)) }
func (w plainWindow) lower(k int) bool   { return gt(w.at(k).lower(), w.bodyDoji(k)) }

// isEqual and isNear say that two prices differ by no more than that setting.
func (w plainWindow) isEqual(a, b num, k int) bool { return !gt(a.Sub(b).Abs(), w.equal(k)) }
func (w plainWindow) isNear(a, b num, k int) bool  { return !gt(a.Sub(b).Abs(), w.near(k)) }

func gt(a, b num) bool { return a.GreaterThan(b) }
func lt(a, b num) bool { return a.LessThan(b) }
func inOrder(v ...num) bool { // strictly rising
	for i := 1; i < len(v); i++ {
		if !lt(v[i-1], v[i]) {
			return false
		}
	}
	return true
}

func gapUp(b, before plainCandle) bool    { return gt(b.bottom(), before.top()) }
func gapDown(b, before plainCandle) bool  { return lt(b.top(), before.bottom()) }
func leapUp(b, before plainCandle) bool   { return gt(b.l, before.h) }
func leapDown(b, before plainCandle) bool { return lt(b.h, before.l) }

// signed is 1 or -1 by whichever holds, both never do.
func signed(up, down bool) int {
	switch {
	case up && down:
		panic("bullish and bearish at once")
	case up:
		return 1
	case down:
		return -1
	}
	return 0
}

func up(b bool) int   { return signed(b, false) }
func down(b bool) int { return signed(false, b) }

func (b plainCandle) colour(found bool) int { return signed(found && b.white(), found && b.black()) }

// part is p of the way from the close back into the body.
func (b plainCandle) part(p num) num {
	if b.white() {
		return b.c.Sub(b.body().Mul(p))
	}
	return b.c.Add(b.body().Mul(p))
}

var half = decimal.New(5, -1)

// plainPatterns gives 1, -1 or 0 for the last bar of w.
var plainPatterns = map[string]func(w plainWindow, penetration num) int{
	"doji":            func(w plainWindow, _ num) int { return up(w.doji(0)) },
	"dragonfly_doji":  func(w plainWindow, _ num) int { return up(w.doji(0) && w.noUpper(0) && w.lower(0)) },
	"gravestone_doji": func(w plainWindow, _ num) int { return up(w.doji(0) && w.noLower(0) && w.upper(0)) },
	"long_legged_doji": func(w plainWindow, _ num) int {
		b := w.at(0)
		return up(w.doji(0) && (gt(b.lower(), b.body()) || gt(b.upper(), b.body())))
	},
	"hammer": func(w plainWindow, _ num) int {
		b := w.at(0)
		return up(w.short(0) && gt(b.lower(), b.body()) && w.noUpper(0) && !gt(b.bottom(), w.at(1).l.Add(w.near(1))))
	},
	"hanging_man": func(w plainWindow, _ num) int {
		b := w.at(0)
		return down(w.short(0) && gt(b.lower(), b.body()) && w.noUpper(0) && !lt(b.bottom(), w.at(1).h.Sub(w.near(1))))
	},
	"inverted_hammer": func(w plainWindow, _ num) int {
		b := w.at(0)
		return up(w.short(0) && gt(b.upper(), b.body()) && w.noLower(0) && gapDown(b, w.at(1)))
	},
	"shooting_star": func(w plainWindow, _ num) int {
		b := w.at(0)
		return down(w.short(0) && gt(b.upper(), b.body()) && w.noLower(0) && gapUp(b, w.at(1)))
	},
	"marubozu": func(w plainWindow, _ num) int {
		return w.at(0).colour(w.long(0) && w.noUpper(0) && w.noLower(0))
	},
	"closing_marubozu": func(w plainWindow, _ num) int {
		b := w.at(0)
		return b.colour(w.long(0) && (b.white() && w.noUpper(0) || b.black() && w.noLower(0)))
	},
	"spinning_top": func(w plainWindow, _ num) int {
		b := w.at(0)
		return b.colour(w.short(0) && gt(b.upper(), b.body()) && gt(b.lower(), b.body()))
	},
	"belt_hold": func(w plainWindow, _ num) int { return plainBelt(w) },
	"high_wave": func(w plainWindow, _ num) int {
		b := w.at(0)
		return b.colour(w.short(0) && gt(b.upper(), b.body().Mul(n(2))) && gt(b.lower(), b.body().Mul(n(2))))
	},
	"rickshaw_man": func(w plainWindow, _ num) int {
		b := w.at(0)
		middle := b.l.Add(b.span().Mul(half))
		return up(w.doji(0) && gt(b.lower(), b.body()) && gt(b.upper(), b.body()) &&
			!gt(b.bottom(), middle.Add(w.near(0))) && !lt(b.top(), middle.Sub(w.near(0))))
	},

	"engulfing": func(w plainWindow, _ num) int { return plainEngulfing(w.at(1), w.at(0)) },
	"harami": func(w plainWindow, _ num) int {
		return -w.at(1).colour(w.long(1) && w.notLong(0) && plainInside(w.at(0), w.at(1)))
	},
	"harami_cross": func(w plainWindow, _ num) int {
		return -w.at(1).colour(w.long(1) && w.doji(0) && plainInside(w.at(0), w.at(1)))
	},
	"piercing": func(w plainWindow, _ num) int {
		a, b := w.at(1), w.at(0)
		return up(a.black() && w.long(1) && b.white() && w.long(0) && lt(b.o, a.l) && lt(b.c, a.o) && gt(b.c, a.part(half)))
	},
	"dark_cloud_cover": func(w plainWindow, p num) int {
		a, b := w.at(1), w.at(0)
		return down(a.white() && w.long(1) && b.black() && gt(b.o, a.h) && gt(b.c, a.o) && lt(b.c, a.part(p)))
	},
	"counterattack": func(w plainWindow, _ num) int {
		a, b := w.at(1), w.at(0)
		return b.colour(a.white() != b.white() && w.long(1) && w.long(0) && w.isEqual(a.c, b.c, 1))
	},
	"on_neck": func(w plainWindow, _ num) int {
		return down(plainRecoil(w) && w.isEqual(w.at(0).c, w.at(1).l, 1))
	},
	"in_neck": func(w plainWindow, _ num) int {
		return down(plainRecoil(w) && w.isEqual(w.at(0).c, w.at(1).c, 1) && !lt(w.at(0).c, w.at(1).c))
	},
	"thrusting": func(w plainWindow, _ num) int {
		a, b := w.at(1), w.at(0)
		return down(plainRecoil(w) && gt(b.c, a.c.Add(w.equal(1))) && !gt(b.c, a.part(half)))
	},
	"separating_lines": func(w plainWindow, _ num) int {
		if w.at(1).white() == w.at(0).white() || !w.isEqual(w.at(0).o, w.at(1).o, 1) {
			return 0
		}
		return plainBelt(w)
	},
	"kicking": func(w plainWindow, _ num) int { return w.at(0).colour(plainKick(w)) },
	"kicking_by_length": func(w plainWindow, _ num) int {
		longer := w.at(1)
		if gt(w.at(0).body(), longer.body()) {
			longer = w.at(0)
		}
		return longer.colour(plainKick(w))
	},
	"matching_low": func(w plainWindow, _ num) int {
		return up(w.at(1).black() && w.at(0).black() && w.isEqual(w.at(1).c, w.at(0).c, 1))
	},
	"gap_side_by_side_white": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		like := b.white() && c.white() && w.isNear(c.body(), b.body(), 1) && w.isEqual(c.o, b.o, 1)
		return signed(like && gapUp(b, a) && gapUp(c, a), like && gapDown(b, a) && gapDown(c, a))
	},
	"homing_pigeon": func(w plainWindow, _ num) int {
		a, b := w.at(1), w.at(0)
		return up(a.black() && b.black() && w.long(1) && w.notLong(0) && lt(b.o, a.o) && gt(b.c, a.c))
	},
	"dojistar": func(w plainWindow, _ num) int {
		a, b := w.at(1), w.at(0)
		return -a.colour(w.long(1) && w.doji(0) && (a.white() && gapUp(b, a) || a.black() && gapDown(b, a)))
	},

	"morning_star":      func(w plainWindow, p num) int { return up(w.notLong(1) && plainStar(w, p, false) > 0) },
	"morning_doji_star": func(w plainWindow, p num) int { return up(w.doji(1) && plainStar(w, p, false) > 0) },
	"evening_star":      func(w plainWindow, p num) int { return down(w.notLong(1) && plainStar(w, p, false) < 0) },
	"evening_doji_star": func(w plainWindow, p num) int { return down(w.doji(1) && plainStar(w, p, false) < 0) },
	"abandoned_baby": func(w plainWindow, p num) int {
		if !w.doji(1) {
			return 0
		}
		return plainStar(w, p, true)
	},
	"three_white_soldiers": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		return up(plainAdvance(w) && w.noUpper(2) && w.noUpper(1) && w.noUpper(0) &&
			gt(b.body(), a.body().Sub(w.far(2))) && gt(c.body(), b.body().Sub(w.far(1))) && w.long(0))
	},
	"three_black_crows": func(w plainWindow, _ num) int {
		d, a, b, c := w.at(3), w.at(2), w.at(1), w.at(0)
		return down(d.white() && plainCrows(w) &&
			lt(b.o, a.o) && gt(b.o, a.c) && lt(c.o, b.o) && gt(c.o, b.c) && gt(d.h, a.c))
	},
	"three_inside": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		if !w.long(2) || !w.notLong(1) || !plainInside(b, a) {
			return 0
		}
		return signed(a.black() && c.white() && gt(c.c, a.o), a.white() && c.black() && lt(c.c, a.o))
	},
	"three_outside": func(w plainWindow, _ num) int {
		side := plainEngulfing(w.at(2), w.at(1))
		return signed(side > 0 && gt(w.at(0).c, w.at(1).c), side < 0 && lt(w.at(0).c, w.at(1).c))
	},
	"three_stars_in_south": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		return up(a.black() && b.black() && c.black() &&
			w.long(2) && gt(a.lower(), a.body()) &&
			lt(b.body(), a.body()) && gt(b.o, a.c) && !gt(b.o, a.h) && lt(b.l, a.c) && !lt(b.l, a.l) && w.lower(1) &&
			w.short(0) && w.noLower(0) && w.noUpper(0) && gt(c.l, b.l) && lt(c.h, b.h))
	},
	"advance_block": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		return down(plainAdvance(w) && w.long(2) && lt(a.upper(), w.shadowShort(2)) &&
			(lt(b.body(), a.body().Sub(w.far(2))) && lt(c.body(), b.body().Add(w.near(1))) ||
				lt(c.body(), b.body().Sub(w.far(1))) ||
				inOrder(c.body(), b.body(), a.body()) && (gt(c.upper(), w.shadowShort(0)) || gt(b.upper(), w.shadowShort(1))) ||
				lt(c.body(), b.body()) && gt(c.upper(), c.body())))
	},
	"stalled_pattern": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		return down(a.white() && b.white() && c.white() && inOrder(a.c, b.c, c.c) &&
			w.long(2) && w.long(1) && w.noUpper(1) && gt(b.o, a.o) && !gt(b.o, a.c.Add(w.near(2))) &&
			w.short(0) && !lt(c.o, b.c.Sub(c.body()).Sub(w.near(1))))
	},
	"tasuki_gap": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		if !lt(b.body().Sub(c.body()).Abs(), w.near(1)) {
			return 0
		}
		return signed(
			gapUp(b, a) && b.white() && c.black() && lt(c.o, b.c) && gt(c.o, b.o) && lt(c.c, b.o) && gt(c.c, a.top()),
			gapDown(b, a) && b.black() && c.white() && lt(c.o, b.o) && gt(c.o, b.c) && gt(c.c, b.o) && lt(c.c, a.bottom()))
	},
	"upside_gap_two_crows": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		return down(a.white() && w.long(2) && b.black() && w.notLong(1) && gapUp(b, a) &&
			c.black() && gt(c.o, b.o) && lt(c.c, b.c) && gt(c.c, a.c))
	},
	"three_line_strike": func(w plainWindow, _ num) int {
		a, b, c, d := w.at(3), w.at(2), w.at(1), w.at(0)
		if a.white() != b.white() || b.white() != c.white() || c.white() == d.white() ||
			lt(b.o, a.bottom().Sub(w.near(3))) || gt(b.o, a.top().Add(w.near(3))) ||
			lt(c.o, b.bottom().Sub(w.near(2))) || gt(c.o, b.top().Add(w.near(2))) {
			return 0
		}
		return signed(c.white() && inOrder(a.c, b.c, c.c) && gt(d.o, c.c) && lt(d.c, a.o),
			c.black() && inOrder(c.c, b.c, a.c) && lt(d.o, c.c) && gt(d.c, a.o))
	},
	"two_crows": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		return down(a.white() && w.long(2) && b.black() && gapUp(b, a) && c.black() &&
			lt(c.o, b.o) && gt(c.o, b.c) && gt(c.c, a.o) && lt(c.c, a.c))
	},
	"unique_three_river": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		return up(w.long(2) && a.black() && b.black() && gt(b.c, a.c) && !gt(b.o, a.o) && lt(b.l, a.l) &&
			w.short(0) && c.white() && gt(c.o, b.l))
	},

	"breakaway": func(w plainWindow, _ num) int {
		a, b, c, d, e := w.at(4), w.at(3), w.at(2), w.at(1), w.at(0)
		if !w.long(4) || a.white() != b.white() || b.white() != d.white() || d.white() == e.white() {
			return 0
		}
		return signed(
			a.black() && gapDown(b, a) && inOrder(d.h, c.h, b.h) && inOrder(d.l, c.l, b.l) && gt(e.c, b.o) && lt(e.c, a.c),
			a.white() && gapUp(b, a) && inOrder(b.h, c.h, d.h) && inOrder(b.l, c.l, d.l) && lt(e.c, b.o) && gt(e.c, a.c))
	},
	"mat_hold": func(w plainWindow, p num) int {
		a, b, c, d, e := w.at(4), w.at(3), w.at(2), w.at(1), w.at(0)
		return up(w.long(4) && w.short(3) && w.short(2) && w.short(1) && a.white() && b.black() && e.white() && gapUp(b, a) &&
			lt(c.bottom(), a.c) && lt(d.bottom(), a.c) && gt(c.bottom(), a.part(p)) && gt(d.bottom(), a.part(p)) &&
			lt(c.top(), b.o) && lt(d.top(), c.top()) && gt(e.o, d.c) && gt(e.c, decimal.Max(b.h, c.h, d.h)))
	},
	"rising_three_methods":  func(w plainWindow, _ num) int { return up(plainMethods(w) > 0) },
	"falling_three_methods": func(w plainWindow, _ num) int { return down(plainMethods(w) < 0) },
	"ladder_bottom": func(w plainWindow, _ num) int {
		a, b, c, d, e := w.at(4), w.at(3), w.at(2), w.at(1), w.at(0)
		return up(a.black() && b.black() && c.black() && inOrder(c.o, b.o, a.o) && inOrder(c.c, b.c, a.c) &&
			d.black() && w.upper(1) && e.white() && gt(e.o, d.o) && gt(e.c, d.h))
	},
	"concealing_baby_swallow": func(w plainWindow, _ num) int {
		a, b, c, d := w.at(3), w.at(2), w.at(1), w.at(0)
		return up(a.black() && b.black() && c.black() && d.black() &&
			w.noLower(3) && w.noUpper(3) && w.noLower(2) && w.noUpper(2) &&
			gapDown(c, b) && w.upper(1) && gt(c.h, b.c) && gt(d.h, c.h) && lt(d.l, c.l))
	},
	"stick_sandwich": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		return up(a.black() && b.white() && c.black() && gt(b.l, a.c) && w.isEqual(c.c, a.c, 2))
	},
	"tristar": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		limit := w.bodyDoji(2)
		if gt(a.body(), limit) || gt(b.body(), limit) || gt(c.body(), limit) {
			return 0
		}
		return signed(gapDown(b, a) && gt(c.bottom(), b.bottom()), gapUp(b, a) && lt(c.top(), b.top()))
	},
	"identical_three_crows": func(w plainWindow, _ num) int {
		return down(plainCrows(w) && w.isEqual(w.at(1).o, w.at(2).c, 2) && w.isEqual(w.at(0).o, w.at(1).c, 1))
	},
	"up_down_gap_three_methods": func(w plainWindow, _ num) int {
		a, b, c := w.at(2), w.at(1), w.at(0)
		return a.colour(a.white() == b.white() && b.white() != c.white() &&
			inOrder(b.bottom(), c.o, b.top()) && inOrder(a.bottom(), c.c, a.top()) &&
			(a.white() && gapUp(b, a) || a.black() && gapDown(b, a)))
	},
}

func plainInside(b, a plainCandle) bool { return lt(b.top(), a.top()) && gt(b.bottom(), a.bottom()) }

func plainBelt(w plainWindow) int {
	b := w.at(0)
	return b.colour(w.long(0) && (b.white() && w.noLower(0) || b.black() && w.noUpper(0)))
}

func plainEngulfing(a, b plainCandle) int {
	return signed(b.white() && a.black() && gt(b.c, a.o) && lt(b.o, a.c),
		b.black() && a.white() && gt(b.o, a.c) && lt(b.c, a.o))
}

func plainRecoil(w plainWindow) bool {
	a, b := w.at(1), w.at(0)
	return a.black() && w.long(1) && b.white() && lt(b.o, a.l)
}

func plainKick(w plainWindow) bool {
	a, b := w.at(1), w.at(0)
	return a.white() != b.white() &&
		w.long(1) && w.noUpper(1) && w.noLower(1) && w.long(0) && w.noUpper(0) && w.noLower(0) &&
		(a.black() && leapUp(b, a) || a.white() && leapDown(b, a))
}

// plainStar is the side of a star whose second candle is not looked at but for
// its gaps: between the bodies, or open ones on both sides.
func plainStar(w plainWindow, p num, open bool) int {
	a, b, c := w.at(2), w.at(1), w.at(0)
	gapsDown, gapsUp := gapDown(b, a), gapUp(b, a)
	if open {
		gapsDown, gapsUp = leapDown(b, a) && leapUp(c, b), leapUp(b, a) && leapDown(c, b)
	}
	if !w.long(2) || !w.long(0) {
		return 0
	}
	return signed(a.black() && c.white() && gapsDown && gt(c.c, a.part(p)), a.white() && c.black() && gapsUp && lt(c.c, a.part(p)))
}

func plainAdvance(w plainWindow) bool {
	a, b, c := w.at(2), w.at(1), w.at(0)
	return a.white() && b.white() && c.white() && inOrder(a.c, b.c, c.c) &&
		gt(b.o, a.o) && !gt(b.o, a.c.Add(w.near(2))) && gt(c.o, b.o) && !gt(c.o, b.c.Add(w.near(1)))
}

func plainCrows(w plainWindow) bool {
	a, b, c := w.at(2), w.at(1), w.at(0)
	return a.black() && b.black() && c.black() && w.noLower(2) && w.noLower(1) && w.noLower(0) && inOrder(c.c, b.c, a.c)
}

func plainMethods(w plainWindow) int {
	a, b, c, d, e := w.at(4), w.at(3), w.at(2), w.at(1), w.at(0)
	if !w.long(4) || !w.short(3) || !w.short(2) || !w.short(1) || !w.long(0) {
		return 0
	}
	for _, small := range []plainCandle{b, c, d} {
		if small.white() == a.white() || !lt(small.bottom(), a.h) || !gt(small.top(), a.l) {
			return 0
		}
	}
	return signed(a.white() && e.white() && inOrder(d.c, c.c, b.c) && gt(e.o, d.c) && gt(e.c, a.c),
		a.black() && e.black() && inOrder(b.c, c.c, d.c) && lt(e.o, d.c) && lt(e.c, a.c))
}
