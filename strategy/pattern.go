package strategy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"maemae/indicator"
)

// A candlestick pattern is a condition made of one operand: opCandles is the value of the pattern (100, -100 or 0), and
// opPattern asks for its sign.

// signs of a pattern are what may follow its call after a dot, the default first.
var patternSigns = []string{"detected", "bullish", "bearish"}

const (
	detected = iota // not 0
	bullish         // above 0
	bearish         // below 0
)

// Patterns whose sign says nothing about direction, and those that know one direction only.
var (
	undirected = strings.Fields("doji dragonfly_doji gravestone_doji long_legged_doji rickshaw_man spinning_top high_wave")
	onlyUp     = strings.Fields(`hammer inverted_hammer piercing matching_low homing_pigeon morning_star morning_doji_star
		three_white_soldiers three_stars_in_south unique_three_river mat_hold rising_three_methods ladder_bottom
		concealing_baby_swallow stick_sandwich`)
	onlyDown = strings.Fields(`hanging_man shooting_star dark_cloud_cover on_neck in_neck thrusting evening_star
		evening_doji_star three_black_crows advance_block stalled_pattern upside_gap_two_crows two_crows
		falling_three_methods identical_three_crows`)
)

const patternForm = "write pattern(engulfing), pattern(engulfing).bullish or pattern(engulfing).bearish"

// candles resolves pattern(id, parameters).
func (c *scope) candles(n *node) *expr {
	if len(n.args) == 0 || n.names[0] != "" || n.args[0].op != opName {
		c.fail(n.place, "pattern takes the name of a candlestick pattern first", patternForm)
		return nil
	}
	id := n.args[0].text
	p, ok := indicator.LookupPattern(id)
	if !ok {
		hint := cmp.Or(Suggest(id, patternIDs()), "maemae indicators lists them")
		if _, other := indicator.Lookup(id); other {
			hint = "it is an indicator: write " + id + "(...)"
		}
		c.fail(n.args[0].place, fmt.Sprintf("no candlestick pattern %q", id), hint)
		return nil
	}
	given, ok := c.arguments(id, p.Params, p.Bind, n, 1)
	if !ok {
		return nil
	}
	value := c.finish(&expr{op: opCandles, place: n.place, pattern: p, given: given})
	if value == nil {
		return nil
	}
	return c.finish(&expr{op: opPattern, place: n.place, args: []*expr{value}, cond: true})
}

// signOf is x.bullish of a pattern x.
func (c *scope) signOf(x *expr, n *node) *expr {
	sign := slices.Index(patternSigns, n.text)
	if sign < 0 {
		hint := cmp.Or(Suggest(n.text, patternSigns), "write .bullish, .bearish or .detected")
		c.fail(n.place, fmt.Sprintf("%s has no output .%s", x.text, n.text), hint)
		return nil
	}
	chosen := *x
	chosen.output, chosen.named, chosen.let, chosen.name = sign, true, nil, ""
	return c.finish(&chosen)
}

func patternIDs() (ids []string) {
	for _, p := range indicator.Patterns() {
		ids = append(ids, p.ID)
	}
	return ids
}

// patternWords is "there is a bullish engulfing".
func (e *expr) patternWords(w *words) string {
	title := e.args[0].pattern.Title
	if w.korean {
		return title + " 패턴 출현" + map[bool]string{false: " (" + patternSigns[e.output] + ")"}[e.output == detected]
	}
	title = strings.ToLower(title[:1]) + title[1:]
	if e.output != detected {
		title = patternSigns[e.output] + " " + title
	}
	article := "a"
	if strings.Contains("aeiou", title[:1]) && !strings.HasPrefix(title, "uni") {
		article = "an"
	}
	return "there is " + article + " " + title
}

// directions warns of a sign that a pattern does not have, or that means nothing.
func (l *ledger) directions(e *expr) {
	id := e.args[0].pattern.ID
	switch {
	case e.output == detected:
	case slices.Contains(undirected, id):
		l.warn(e.place, fmt.Sprintf("the sign of %s is not a direction", id), "write pattern("+id+")")
	case e.output == bearish && slices.Contains(onlyUp, id), e.output == bullish && slices.Contains(onlyDown, id):
		l.warn(e.place, e.text+" is never true", "write "+strings.TrimSuffix(e.text, "."+patternSigns[e.output]))
	}
}
