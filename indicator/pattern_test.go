package indicator

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"maemae/series"
)

// calm is the bars before every example below: body 5, range 10, shadows 3 and
// 2. So a body is long above 5, a doji to 1, a shadow absent below 1 and short
// below 2.5; equal is 0.5, near 2, far 6. Later candles of an example also have
// its first ones among the bars before them.
const calm = "100 108 98 105; 100 108 98 105; 100 108 98 105; 100 108 98 105; 100 108 98 105;" +
	"100 108 98 105; 100 108 98 105; 100 108 98 105; 100 108 98 105; 100 108 98 105;"

// examples has for every pattern the candles (open high low close) that make it
// and the same with one thing amiss.
var examples = map[string]struct {
	found  string
	value  int
	amiss  string
	reason string
}{
	"doji":             {"100 105 95 101", 100, "100 105 95 102", "the body is above a tenth of the mean range"},
	"dragonfly_doji":   {"100 101 95 101", 100, "100 102 95 101", "it has an upper shadow"},
	"gravestone_doji":  {"100 105 100 101", 100, "100 105 99 101", "it has a lower shadow"},
	"long_legged_doji": {"100 103 100 101", 100, "100 102 99 101", "neither shadow is longer than the body"},
	"marubozu":         {"100 106 100 106", 100, "100 105 100 105", "the body is not above the mean"},
	"closing_marubozu": {"100 106 95 106", 100, "100 107 95 106", "it has an upper shadow"},
	"spinning_top":     {"100 109 95 104", 100, "100 108 95 104", "the upper shadow is as long as the body"},
	"belt_hold":        {"100 110 100 106", 100, "100 110 99 106", "it has a lower shadow"},
	"high_wave":        {"100 113 91 104", 100, "100 112 91 104", "the upper shadow is just twice the body"},
	"rickshaw_man":     {"100 108 98 101", 100, "100 109 98 101", "the body ends more than near below the middle"},

	"hammer":                 {"100 108 98 105; 100 103 96 103", 100, "100 108 98 105; 101 104 96 104", "the body is more than near above the low before"},
	"hanging_man":            {"100 108 98 105; 106 109 101 109", -100, "100 108 98 105; 105 108 100 108", "the body is more than near below the high before"},
	"inverted_hammer":        {"100 108 98 105; 97 103 97 99", 100, "100 108 98 105; 98 104 98 100", "no gap"},
	"shooting_star":          {"100 108 98 105; 106 112 106 108", -100, "100 108 98 105; 105 111 105 107", "no gap"},
	"engulfing":              {"105 108 98 100; 99 107 98 106", 100, "105 108 98 100; 99 107 98 105", "it closes at the open before"},
	"harami":                 {"95 107 94 106; 105 106 99 100", -100, "95 107 94 106; 100 101 94 95", "the body ends where the first begins"},
	"harami_cross":           {"95 107 94 106; 100 105 96 101", -100, "95 107 94 106; 100 105 96 102", "the second is no doji"},
	"piercing":               {"106 107 94 95; 93 102 92 101", 100, "106 107 94 95; 93 102 92 100", "it closes below the middle"},
	"dark_cloud_cover":       {"95 107 94 106; 108 109 99 100", -100, "95 107 94 106; 108 109 99 101", "it closes above the middle"},
	"counterattack":          {"95 107 94 106; 112 113 105 106", -100, "95 107 94 106; 112 113 104 105", "the closes differ by more than equal"},
	"on_neck":                {"106 107 94 95; 90 95 89 94", -100, "106 107 94 95; 90 96 89 95", "it closes above the low before"},
	"in_neck":                {"106 107 94 95; 90 96 89 95", -100, "106 107 94 95; 90 97 89 96", "it closes too far into the body"},
	"thrusting":              {"106 107 94 95; 90 101 89 100", -100, "106 107 94 95; 90 102 89 101", "it closes above the middle"},
	"separating_lines":       {"95 107 94 106; 95 95 88 89", -100, "95 107 94 106; 96 96 88 89", "the opens differ by more than equal"},
	"kicking":                {"106 106 95 95; 107 115 107 115", 100, "106 106 95 95; 106 115 106 115", "the candles touch"},
	"kicking_by_length":      {"106 106 95 95; 107 115 107 115", -100, "106 106 95 95; 106 115 106 115", "the candles touch"},
	"matching_low":           {"105 106 98 100; 104 105 98 100", 100, "105 106 98 100; 104 105 98 101", "the closes differ by more than equal"},
	"homing_pigeon":          {"106 107 94 95; 104 105 98 99", 100, "106 107 94 95; 106 107 100 101", "it opens at the open before"},
	"dojistar":               {"95 107 94 106; 107 109 105 108", -100, "95 107 94 106; 106 109 105 107", "no gap"},
	"gap_side_by_side_white": {"100 108 98 105; 107 112 106 110; 107 113 106 112", 100, "100 108 98 105; 107 112 106 110; 107 114 106 113", "the bodies differ by more than near"},

	"morning_star":         {"106 107 94 95; 92 94 90 93; 92 100 91 99", 100, "106 107 94 95; 92 94 90 93; 92 100 91 98", "the answer is not deep enough"},
	"morning_doji_star":    {"106 107 94 95; 92 94 90 93; 92 100 91 99", 100, "106 107 94 95; 91 94 90 93; 92 100 91 99", "the star is no doji"},
	"evening_star":         {"94 106 93 105; 108 110 106 107; 108 109 100 101", -100, "94 106 93 105; 108 110 106 107; 108 109 100 102", "the answer is not deep enough"},
	"evening_doji_star":    {"94 106 93 105; 108 110 106 107; 108 109 100 101", -100, "94 106 93 105; 109 110 106 107; 108 109 100 101", "the star is no doji"},
	"abandoned_baby":       {"106 107 94 95; 91 93 90 92; 94 102 94 101", 100, "106 107 94 95; 91 93 90 92; 94 102 93 101", "the last candle touches the star"},
	"three_white_soldiers": {"100 106 99 106; 103 109 102 109; 106 113 105 113", 100, "100 106 99 106; 103 109 102 109; 106 114 105 113", "the last has an upper shadow"},
	"three_black_crows":    {"100 108 98 105; 107 108 102 102; 105 106 99 99; 101 102 95 95", -100, "100 108 98 105; 107 108 102 102; 105 106 99 99; 105 106 95 95", "the last opens at the open before"},
	"three_inside":         {"95 107 94 106; 105 106 99 100; 99 100 93 94", -100, "95 107 94 106; 105 106 99 100; 99 100 93 95", "it closes at the first open"},
	"three_outside":        {"105 108 98 100; 99 107 98 106; 104 108 103 107", 100, "105 108 98 100; 99 107 98 106; 104 108 103 106", "the last does not close higher"},
	"three_stars_in_south": {"106 107 90 99; 103 104 93 98; 98 98 95 95", 100, "106 107 90 99; 103 104 93 98; 98 100 95 95", "the last has an upper shadow"},
	"advance_block":        {"100 107 99 106; 103 109 102 108; 106 113 105 110", -100, "100 107 99 106; 103 109 102 108; 106 112 105 110", "the last upper shadow is short"},
	"stalled_pattern":      {"100 107 99 106; 103 110 102 110; 108 113 107 112", -100, "100 107 99 106; 103 111 102 110; 108 113 107 112", "the second has an upper shadow"},
	"tasuki_gap":           {"100 108 98 105; 108 113 107 112; 110 111 105 106", 100, "100 108 98 105; 108 113 107 112; 110 111 105 105", "the gap is closed"},
	"upside_gap_two_crows": {"95 107 94 106; 110 111 107 108; 111 112 106 107", -100, "95 107 94 106; 110 111 107 108; 111 112 105 106", "it closes at the first close"},
	"three_line_strike":    {"100 106 99 105; 103 109 102 108; 106 112 105 111; 112 113 98 99", 100, "100 106 99 105; 103 109 102 108; 106 112 105 111; 112 113 98 100", "it closes at the first open"},
	"two_crows":            {"95 107 94 106; 110 111 107 108; 109 110 103 105", -100, "95 107 94 106; 110 111 107 108; 109 110 103 106", "it closes at the first close"},
	"unique_three_river":   {"106 107 94 95; 105 106 93 98; 94 98 93 97", 100, "106 107 94 95; 105 106 93 98; 93 98 92 97", "it opens at the low before"},

	"breakaway":                 {"106 107 99 100; 98 99 94 95; 95 97 92 94; 94 95 90 91; 92 100 91 99", 100, "106 107 99 100; 98 99 94 95; 95 97 92 94; 94 95 90 91; 92 100 91 98", "it does not close inside the gap"},
	"mat_hold":                  {"100 111 99 110; 114 115 111 112; 111 112 107 108; 109 110 105 106; 108 117 107 116", 100, "100 111 99 110; 114 115 111 112; 111 112 107 108; 109 110 105 106; 108 117 107 115", "it does not close above all three highs"},
	"rising_three_methods":      {"100 111 99 110; 109 110 106 107; 107 108 104 105; 105 106 102 103; 104 112 103 111", 100, "100 111 99 110; 109 110 106 107; 107 108 104 105; 105 106 102 103; 104 112 103 110", "it does not close above the first"},
	"falling_three_methods":     {"100 101 89 90; 91 94 90 93; 93 96 92 95; 95 98 94 97; 96 97 88 89", -100, "100 101 89 90; 91 94 90 93; 93 96 92 95; 95 98 94 97; 96 97 88 90", "it does not close below the first"},
	"ladder_bottom":             {"110 111 104 105; 107 108 101 102; 104 105 98 99; 101 104 96 97; 102 107 101 105", 100, "110 111 104 105; 107 108 101 102; 104 105 98 99; 101 104 96 97; 102 107 101 104", "it does not close above the high before"},
	"concealing_baby_swallow":   {"120 120 114 114; 113 113 107 107; 105 110 101 102; 109 111 99 100", 100, "120 120 114 114; 113 113 107 107; 105 110 101 102; 109 110 99 100", "the last does not cover the high before"},
	"stick_sandwich":            {"105 106 98 100; 103 109 101 107; 108 109 99 100", 100, "105 106 98 100; 103 109 101 107; 108 109 99 101", "the closes differ by more than equal"},
	"tristar":                   {"100 104 96 101; 103 106 101 104; 102 105 99 103", -100, "100 104 96 101; 103 106 101 104; 103 105 99 104", "the last is as high as the second"},
	"identical_three_crows":     {"106 107 100 100; 100 101 95 95; 95 96 90 90", -100, "106 107 100 100; 100 101 95 95; 96 97 90 90", "the last opens more than equal above the close before"},
	"up_down_gap_three_methods": {"100 108 98 105; 107 112 106 111; 110 111 102 103", 100, "100 108 98 105; 107 112 106 111; 110 111 102 105", "it closes at the first close"},
}

// candles is a table of bars in whole prices: open high low close; ...
type candles [][4]int64

func readCandles(text string) candles {
	var out candles
	for bar := range strings.SplitSeq(strings.TrimSuffix(text, ";"), ";") {
		var c [4]int64
		for i, f := range strings.Fields(bar) {
			v, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				panic(err)
			}
			c[i] = v
		}
		out = append(out, c)
	}
	return out
}

// mirrored is the bars upside down.
func (c candles) mirrored() candles {
	out := make(candles, len(c))
	for i, b := range c {
		out[i] = [4]int64{300 - b[0], 300 - b[2], 300 - b[1], 300 - b[3]}
	}
	return out
}

// input is the bars in units of 10^-scale.
func (c candles) input(scale int32) Input {
	of := func(k int) series.Series {
		values := make([]int64, len(c))
		for i := range c {
			values[i] = c[i][k]
		}
		return series.Of(scale, values)
	}
	return Input{Open: of(0), High: of(1), Low: of(2), Close: of(3)}
}

func patternDefaults(t *testing.T, p *Pattern) Args {
	t.Helper()
	a, err := p.Bind(nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func last(s series.Series) string {
	v, ok := s.At(s.Len() - 1)
	if !ok {
		return "not ready"
	}
	return v.String()
}

func TestEveryPatternIsFoundInItsExampleAndNotInTheNearMiss(t *testing.T) {
	for _, p := range Patterns() {
		e, ok := examples[p.ID]
		if !ok {
			t.Errorf("%s: no example", p.ID)
			continue
		}
		a := patternDefaults(t, p)
		if got := last(p.Compute(readCandles(calm+e.found).input(0), a)); got != strconv.Itoa(e.value) {
			t.Errorf("%s is %s in its example, want %d", p.ID, got, e.value)
		}
		if got := last(p.Compute(readCandles(calm+e.amiss).input(0), a)); got != "0" {
			t.Errorf("%s is %s although %s", p.ID, got, e.reason)
		}
	}
	if len(examples) != len(Patterns()) {
		t.Errorf("%d examples for %d patterns", len(examples), len(Patterns()))
	}
}

func TestAPatternWithTwoSidesTurnsRoundWithThePrices(t *testing.T) {
	twins := map[string]string{
		"morning_star": "evening_star", "morning_doji_star": "evening_doji_star",
		"rising_three_methods": "falling_three_methods",
	}
	for _, p := range Patterns() {
		twin := p
		if other := twins[p.ID]; other != "" {
			twin, _ = LookupPattern(other)
		} else if p.bullish == nil || p.bearish == nil || p.ID == "gap_side_by_side_white" {
			continue // the mirror of a white candle is a black one
		}
		e := examples[p.ID]
		for text, want := range map[string]int{e.found: -e.value, e.amiss: 0} {
			in := readCandles(calm + text).mirrored().input(0)
			if got := last(twin.Compute(in, patternDefaults(t, twin))); got != strconv.Itoa(want) {
				t.Errorf("%s is %s in the mirror of %s (%s), want %d", twin.ID, got, p.ID, text, want)
			}
		}
	}
}

func TestAGapBelowTwoWhiteCandlesIsBearish(t *testing.T) {
	p, _ := LookupPattern("gap_side_by_side_white")
	for candles, want := range map[string]string{
		"100 108 98 105; 93 98 92 96; 93 99 92 98":   "-100",
		"100 108 98 105; 93 98 92 96; 94 99 92 98":   "0", // the opens differ
		"100 108 98 105; 93 98 92 96; 93 101 92 100": "0", // the gap is closed
	} {
		if got := last(p.Compute(readCandles(calm+candles).input(0), patternDefaults(t, p))); got != want {
			t.Errorf("%s is %s, want %s", candles, got, want)
		}
	}
}

func TestKickingByLengthFollowsTheLongerCandle(t *testing.T) {
	p, _ := LookupPattern("kicking_by_length")
	for candles, want := range map[string]string{
		"106 106 95 95; 107 115 107 115": "-100", // 11 black, 8 white
		"106 106 95 95; 107 118 107 118": "-100", // equal: the first
		"106 106 95 95; 107 119 107 119": "100",  // 12 white
		"95 106 95 106; 94 94 82 82":     "-100", // 11 white, 12 black
		"95 106 95 106; 94 94 86 86":     "100",
	} {
		if got := last(p.Compute(readCandles(calm+candles).input(0), patternDefaults(t, p))); got != want {
			t.Errorf("%s is %s, want %s", candles, got, want)
		}
	}
}

func TestPenetrationMovesTheLimitOfTheAnswer(t *testing.T) {
	for _, c := range []struct{ id, found, missed string }{
		{"morning_star", "0.36", "0.37"}, // the answer goes 4 into a body of 11
		{"morning_doji_star", "0.36", "0.37"},
		{"evening_star", "0.36", "0.37"},
		{"evening_doji_star", "0.36", "0.37"},
		{"abandoned_baby", "0.54", "0.55"}, // 6 into 11
		{"dark_cloud_cover", "0.54", "0.55"},
		{"mat_hold", "0.41", "0.4"}, // the rest falls 4 into 10
	} {
		p, _ := LookupPattern(c.id)
		at := func(penetration string) string {
			a, err := p.Bind(map[string]Value{"penetration": {Number: decimal.RequireFromString(penetration)}})
			if err != nil {
				t.Fatal(err)
			}
			return last(p.Compute(readCandles(calm+examples[c.id].found).input(0), a))
		}
		if at(c.found) == "0" || at(c.missed) != "0" {
			t.Errorf("%s is %s at penetration %s and %s at %s", c.id, at(c.found), c.found, at(c.missed), c.missed)
		}
	}
}

// anyCandles is random bars in which patterns are frequent: prices from a few
// ticks, or an example with some of its numbers moved, between flat stretches.
func anyCandles(t *rapid.T) candles {
	var out candles
	ids := slices.Sorted(maps.Keys(examples))
	for range rapid.IntRange(1, 3).Draw(t, "parts") {
		switch rapid.IntRange(0, 4).Draw(t, "part") {
		case 0: // noise
			limit := rapid.SampledFrom([]int64{2, 6, 500}).Draw(t, "limit")
			for range rapid.IntRange(0, 30).Draw(t, "bars") {
				var b [4]int64
				for k := range b {
					b[k] = 100 + rapid.Int64Range(0, limit).Draw(t, "price")
				}
				out = append(out, b)
			}
		case 1: // halted
			p := rapid.Int64Range(95, 105).Draw(t, "halted")
			for range rapid.IntRange(1, 12).Draw(t, "bars") {
				out = append(out, [4]int64{p, p, p, p})
			}
		default:
			e := examples[rapid.SampledFrom(ids).Draw(t, "id")]
			part := readCandles(calm + rapid.SampledFrom([]string{e.found, e.amiss}).Draw(t, "example"))
			if rapid.Bool().Draw(t, "mirrored") {
				part = part.mirrored()
			}
			for range rapid.IntRange(0, 3).Draw(t, "moves") {
				i := rapid.IntRange(0, len(part)-1).Draw(t, "bar")
				part[i][rapid.IntRange(0, 3).Draw(t, "field")] += rapid.Int64Range(-2, 2).Draw(t, "by")
			}
			out = append(out, part...)
		}
	}
	for i, b := range out {
		out[i][1], out[i][2] = slices.Max(b[:]), slices.Min(b[:])
	}
	return out
}

// times is the bars with every price multiplied.
func (c candles) times(k int64) candles {
	out := make(candles, len(c))
	for i, b := range c {
		for j, v := range b {
			out[i][j] = v * k
		}
	}
	return out
}

func (c candles) plain(k int64, scale int32) plainWindow {
	out := make(plainWindow, len(c))
	for i, b := range c.times(k) {
		out[i] = plainCandle{decimal.New(b[0], -scale), decimal.New(b[1], -scale), decimal.New(b[2], -scale), decimal.New(b[3], -scale)}
	}
	return out
}

// anyPenetration draws the arguments of a pattern and gives the penetration,
// 0 where the pattern has none.
func anyPenetration(t *rapid.T, p *Pattern) (Args, num) {
	given, penetration := map[string]Value{}, num{}
	for _, param := range p.Params {
		penetration = param.Default
		if rapid.Bool().Draw(t, "other") {
			penetration = decimal.New(rapid.Int64Range(0, 100_000_000).Draw(t, "penetration"), -8)
		}
		given[param.Name] = Value{Number: penetration}
	}
	a, err := p.Bind(given)
	if err != nil {
		t.Fatal(err)
	}
	return a, penetration
}

// units are the prices of one candle step: won, decimals, and so large that 64
// bits do not hold the sums, or even the prices.
var units = []struct {
	k     int64
	scale int32
}{{1, 0}, {1, 2}, {7, 8}, {100_000_007, 0}, {1_000_000_000_000_007, 8}, {9_000_000_000_000_007, 0}}

func TestEveryPatternEqualsItsPlainForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, unit := anyCandles(t), rapid.SampledFrom(units).Draw(t, "unit")
		w, in := c.plain(unit.k, unit.scale), c.times(unit.k).input(unit.scale)
		for _, p := range Patterns() {
			a, penetration := anyPenetration(t, p)
			got := p.Compute(in, a)
			if got.Len() != len(w) {
				t.Fatalf("%s: %d values for %d bars", p.ID, got.Len(), len(w))
			}
			for i := range w {
				v, ready := got.At(i)
				if ready != (i+1 >= p.WarmUp(a)) {
					t.Fatalf("%s: bar %d ready: %v, warm-up %d", p.ID, i, ready, p.WarmUp(a))
				}
				if !ready {
					continue
				}
				if want := n(int64(100 * plainPatterns[p.ID](w[:i+1], penetration))); !v.Equal(want) {
					t.Fatalf("%s: bar %d is %s, want %s", p.ID, i, v, want)
				}
			}
		}
	})
}

// neighbours is the bars and every table that differs from them by one tick in
// one place.
func (c candles) neighbours() []candles {
	out := []candles{c}
	for i := range c {
		for k := range 4 {
			for _, by := range []int64{-1, 1} {
				other := slices.Clone(c)
				other[i][k] += by
				b := other[i]
				other[i][1], other[i][2] = slices.Max(b[:]), slices.Min(b[:])
				out = append(out, other)
			}
		}
	}
	return out
}

func TestEveryExampleAndItsNeighboursEqualThePlainForm(t *testing.T) {
	for _, p := range Patterns() {
		a, penetration := patternDefaults(t, p), num{}
		if len(p.Params) > 0 {
			penetration = p.Params[0].Default
		}
		e := examples[p.ID]
		found, missed := 0, 0
		for _, text := range []string{e.found, e.amiss} {
			c := readCandles(calm + text)
			for _, c := range append(c.neighbours(), c.mirrored().neighbours()...) {
				want := 100 * plainPatterns[p.ID](c.plain(1, 0), penetration)
				if got := last(p.Compute(c.input(0), a)); got != strconv.Itoa(want) {
					t.Fatalf("%s is %s in %v, want %d", p.ID, got, c, want)
				}
				if want == 0 {
					missed++
				} else {
					found++
				}
			}
		}
		if found < 10 || missed < 10 {
			t.Errorf("%s: found in %d of the tables, missed in %d", p.ID, found, missed)
		}
	}
}

func TestLaterCandlesChangeNoEarlierPattern(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCandles(t)
		k := rapid.IntRange(0, len(c)).Draw(t, "k")
		whole, head := c.input(0), c[:k].input(0)
		for _, p := range Patterns() {
			a, _ := anyPenetration(t, p)
			long, short := p.Compute(whole, a), p.Compute(head, a)
			for i := range k {
				v, ok := long.At(i)
				w, okHead := short.At(i)
				if ok != okHead || !v.Equal(w) {
					t.Fatalf("%s: bar %d is %s (%v) with later bars, %s (%v) without", p.ID, i, v, ok, w, okHead)
				}
			}
		}
	})
}

func TestPricesTimesAConstantShowTheSamePatterns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, unit := anyCandles(t), rapid.SampledFrom(units).Draw(t, "unit")
		one, other := c.input(0), c.times(unit.k).input(unit.scale)
		for _, p := range Patterns() {
			a, _ := anyPenetration(t, p)
			v, w := p.Compute(one, a), p.Compute(other, a)
			for i := range c {
				x, _ := v.At(i)
				if y, _ := w.At(i); !x.Equal(y) {
					t.Fatalf("%s: bar %d is %s, times %d / 10^%d %s", p.ID, i, x, unit.k, unit.scale, y)
				}
			}
		}
	})
}

func TestAPatternCountsFromTheFirstBarThatIsReady(t *testing.T) {
	e := examples["morning_star"]
	p, _ := LookupPattern("morning_star")
	in := readCandles(calm + calm + e.found).input(0)
	in.High = in.High.From(10) // 13 bars are left
	got := p.Compute(in, patternDefaults(t, p))
	if got.First() != 22 || last(got) != "100" {
		t.Errorf("first value on bar %d, last %s", got.First(), last(got))
	}
	in.High = in.High.From(11)
	if got := p.Compute(in, patternDefaults(t, p)); got.First() != got.Len() {
		t.Errorf("a value on bar %d after 12 bars", got.First())
	}
}

func TestAHaltedStretchIsDojisAndNothingElse(t *testing.T) {
	in := readCandles(strings.Repeat("100 100 100 100;", 30)).input(0)
	for _, p := range Patterns() {
		got, want := last(p.Compute(in, patternDefaults(t, p))), "0"
		if p.ID == "doji" {
			want = "100"
		}
		if got != want {
			t.Errorf("%s is %s in a halted stretch, want %s", p.ID, got, want)
		}
	}
}

func TestThePatternsAreThoseOfKIS(t *testing.T) {
	const kis = `doji dragonfly_doji gravestone_doji long_legged_doji hammer hanging_man inverted_hammer shooting_star
		marubozu closing_marubozu spinning_top belt_hold high_wave rickshaw_man engulfing harami harami_cross piercing
		dark_cloud_cover counterattack on_neck in_neck thrusting separating_lines kicking kicking_by_length matching_low
		gap_side_by_side_white homing_pigeon dojistar morning_star morning_doji_star evening_star evening_doji_star
		three_white_soldiers three_black_crows three_inside three_outside abandoned_baby three_stars_in_south advance_block
		stalled_pattern tasuki_gap upside_gap_two_crows three_line_strike two_crows unique_three_river breakaway mat_hold
		rising_three_methods falling_three_methods ladder_bottom concealing_baby_swallow stick_sandwich tristar
		identical_three_crows up_down_gap_three_methods`
	var ids []string
	for _, p := range Patterns() {
		ids = append(ids, p.ID)
		if found, ok := LookupPattern(p.ID); !ok || found != p {
			t.Errorf("%s is not found by its ID", p.ID)
		}
		if p.Title == "" || p.TitleKorean == "" || p.Summary == "" || p.Formula == "" || !strings.Contains(p.Source, "Lean ") {
			t.Errorf("%s is not described", p.ID)
		}
	}
	if want := strings.Fields(kis); !slices.Equal(ids, want) {
		t.Errorf("the catalogue is %v, want %v", ids, want)
	}
	if _, ok := LookupPattern("tweezer_top"); ok {
		t.Error("tweezer_top is found")
	}
}

func TestWrongArgumentsOfAPatternAreRefused(t *testing.T) {
	for _, c := range []struct {
		id, param, value, what, hint string
	}{
		{"morning_star", "penetration", "1.1", "morning_star: penetration is 1.1, must be 0 to 1", ""},
		{"morning_star", "penetration", "-0.1", "morning_star: penetration is -0.1, must be 0 to 1", ""},
		{"morning_star", "depth", "0.1", "morning_star: depth is not a parameter", "the call is pattern(morning_star, penetration=0.3)"},
		{"doji", "penetration", "0.1", "doji: penetration is not a parameter", "the call is pattern(doji)"},
	} {
		p, _ := LookupPattern(c.id)
		_, err := p.Bind(map[string]Value{c.param: {Number: decimal.RequireFromString(c.value)}})
		var wrong *ArgError
		if !errors.As(err, &wrong) {
			t.Errorf("%s(%s=%s): %v", c.id, c.param, c.value, err)
		} else if err.Error() != c.what || wrong.Hint != c.hint {
			t.Errorf("%s(%s=%s): %v, hint %q", c.id, c.param, c.value, err, wrong.Hint)
		}
	}
}
