package strategy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"

	"maemae/strategy/internal/strict"
)

// Basis is what a size is a share of.
type Basis string

const (
	OfEquity Basis = "equity" // a ratio of the account's equity, or of the strategy's capital where that is given
	OfCash   Basis = "cash"   // a ratio of the buying power
	InShares Basis = "shares" // that many shares
	InKRW    Basis = "KRW"    // that much money
)

// Size is how much one entry buys. Amount is a ratio (0 < r <= 1), whole shares or won, by Basis.
type Size struct {
	Basis  Basis
	Amount decimal.Decimal
}

// String is the size as it is written in a file.
func (s Size) String() string {
	switch {
	case s.Basis == OfEquity, s.Basis == OfCash:
		return percentText(s.Amount) + " of " + string(s.Basis)
	case s.Basis == InShares && s.Amount.Equal(decimal.NewFromInt(1)):
		return "1 share"
	case s.Basis == InShares:
		return grouped(s.Amount) + " shares"
	}
	return grouped(s.Amount) + " KRW"
}

// OrderType is how an order is priced.
type OrderType string

const (
	Market    OrderType = "market"    // at whatever the market pays
	Protected OrderType = "protected" // at once or not at all, within the price collar
	Limit     OrderType = "limit"     // at the price at due, moved by Ticks
)

// OrderSpec is how a rule's orders are sent. Ticks moves a limit price: minus is more passive on both sides (lower for
// a buy, higher for a sell). Valid is how long the order may work; 0 is until the session ends.
type OrderSpec struct {
	Type  OrderType
	Ticks int
	Valid time.Duration
}

// String is the order as it is written in a file.
func (o OrderSpec) String() string {
	text := string(o.Type)
	switch n := max(o.Ticks, -o.Ticks); {
	case o.Ticks < 0:
		text += " - " + plural(n, "tick")
	case o.Ticks > 0:
		text += " + " + plural(n, "tick")
	}
	if o.Valid > 0 {
		text += ", valid " + durationText(o.Valid)
	}
	return text
}

// Exits close a position whatever the rule says. The ratios are of the average price of the open lots (the trailing
// stop's of the highest price seen), 0 where there is none; MaxHolding is in sessions after the entry's, 0 for none.
type Exits struct {
	StopLoss, TakeProfit, TrailingStop decimal.Decimal
	MaxHolding                         int
}

var one, hundred = decimal.NewFromInt(1), decimal.NewFromInt(100)

// sizeForms is the hint of every size problem.
const sizeForms = "write 10% of equity, 25% of cash, 3 shares or 1,000,000 KRW"

// size reads a size; exact before it refuses a smaller purchase than wanted.
func (s *source) size(n *yaml.Node) (size Size, exact bool) {
	text, ok := s.Text(n, "size")
	if !ok {
		return Size{}, false
	}
	rest, exact := strings.CutPrefix(text, "exact ")
	size, what := parseSize(strings.Fields(rest))
	if what != "" {
		s.fail(strict.PlaceOf(n), fmt.Sprintf("size %q: %s", text, what), sizeForms)
	}
	return size, exact
}

func parseSize(words []string) (size Size, what string) {
	form := strings.Join(words[min(1, len(words)):], " ")
	switch form {
	case "of equity", "of cash":
		ratio, what := parsePercent(words[0])
		if what == "" && ratio.GreaterThan(one) {
			what = "more than there is"
		}
		return Size{Basis(words[2]), ratio}, what
	case "share", "shares":
		count, what := parseAmount(words[0])
		if what == "" && !count.IsInteger() {
			what = "a share cannot be divided"
		}
		return Size{InShares, count}, what
	case "KRW":
		won, what := parseAmount(words[0])
		return Size{InKRW, won}, what
	}
	return Size{}, "not a size"
}

// maxAmount bounds shares and won.
var maxAmount = decimal.New(1, 15)

// parseAmount reads a positive number whose thousands may be grouped by commas.
func parseAmount(text string) (value decimal.Decimal, what string) {
	digits := text
	if groups := strings.Split(text, ","); len(groups) > 1 {
		for i, g := range groups {
			if i > 0 && len(g) != 3 || i == 0 && (len(g) == 0 || len(g) > 3) {
				return value, "commas group three digits"
			}
		}
		digits = strings.Join(groups, "")
	}
	value, what = parseDigits(digits)
	switch {
	case what != "":
		return value, what
	case value.Sign() <= 0:
		return value, "must be above zero"
	case value.GreaterThan(maxAmount):
		return value, "more than " + grouped(maxAmount)
	}
	return value, ""
}

// parsePercent reads a number above zero with a percent sign.
func parsePercent(text string) (ratio decimal.Decimal, what string) {
	digits, ok := strings.CutSuffix(text, "%")
	if !ok {
		return ratio, "no percent sign"
	}
	value, what := parseDigits(digits)
	if what == "" && value.Sign() <= 0 {
		what = "must be above zero"
	}
	return value.Shift(-2), what
}

// parseDigits reads a number as an expression does: digits and one point, perhaps a minus; no octal, no exponent.
func parseDigits(text string) (value decimal.Decimal, what string) {
	tokens, err := lex(strings.TrimPrefix(text, "-"))
	if err != nil {
		return value, err.Error()
	}
	if tokens[0].kind != tokenNumber || len(tokens) != 2 || strings.HasSuffix(text, "%") {
		return value, "not a number"
	}
	value, err = decimal.NewFromString(text)
	if err != nil {
		return value, "not a number"
	}
	return value, ""
}

// capital reads an amount of won.
func (s *source) capital(n *yaml.Node) decimal.Decimal {
	text, ok := s.Text(n, "capital")
	if !ok {
		return decimal.Decimal{}
	}
	size, what := parseSize(strings.Fields(text))
	if what == "" && size.Basis != InKRW {
		what = "not an amount of money"
	}
	if what != "" {
		s.fail(strict.PlaceOf(n), fmt.Sprintf("capital %q: %s", text, what), "write 5,000,000 KRW")
	}
	return size.Amount
}

const orderForms = "write market, protected, limit, limit - 1 tick or {type: limit, ticks: -1, valid: 10m}"

// order reads the short form (limit - 1 tick) or the mapping.
func (s *source) order(n *yaml.Node) OrderSpec {
	if n.Kind != yaml.MappingNode {
		text, ok := s.Text(n, "order")
		spec, good := parseOrder(strings.Fields(text))
		if ok && !good {
			s.fail(strict.PlaceOf(n), fmt.Sprintf("order %q is not one", text), orderForms)
		}
		return spec
	}
	keys := []string{"type", "ticks", "valid"}
	values, ok := s.Keyed(n, "order", keys, keys[:1])
	if !ok {
		return OrderSpec{}
	}
	text, ok := s.Text(values["type"], "type")
	spec, good := parseOrder([]string{text})
	if ok && !good {
		s.fail(strict.PlaceOf(values["type"]), fmt.Sprintf("order type %q is not one", text), "write market, protected or limit")
	}
	if t := values["ticks"]; t != nil {
		spec.Ticks = s.integer(t, "ticks", -maxTicks, maxTicks)
		if good && spec.Type != Limit {
			s.fail(strict.PlaceOf(t), "only a limit order has ticks", "")
		}
	}
	if v := values["valid"]; v != nil {
		spec.Valid = s.valid(v)
	}
	return spec
}

const maxTicks = 100

func parseOrder(words []string) (OrderSpec, bool) {
	switch strings.Join(words, " ") {
	case string(Market):
		return OrderSpec{Type: Market}, true
	case string(Protected):
		return OrderSpec{Type: Protected}, true
	case string(Limit):
		return OrderSpec{Type: Limit}, true
	}
	if len(words) != 4 || words[0] != string(Limit) || words[1] != "-" && words[1] != "+" || words[3] != "tick" && words[3] != "ticks" {
		return OrderSpec{}, false
	}
	ticks, err := strconv.Atoi(words[1] + words[2])
	ok := err == nil && ticks != 0 && isDigit(words[2][0]) && words[2][0] != '0' && max(ticks, -ticks) <= maxTicks
	return OrderSpec{Type: Limit, Ticks: ticks}, ok
}

func (s *source) valid(n *yaml.Node) time.Duration {
	text, ok := s.Text(n, "valid")
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 10*time.Second || d > 7*time.Hour || d%time.Second != 0 {
		s.fail(strict.PlaceOf(n), fmt.Sprintf("valid %q is not a time an order can work", text), "write 10m; at least 10s, at most 7h")
	}
	return d
}

// exits reads the mapping of exits.
func (s *source) exits(n *yaml.Node) (x Exits) {
	values, ok := s.Keyed(n, "exits", []string{"stop_loss", "take_profit", "trailing_stop", "max_holding"}, nil)
	if !ok {
		return x
	}
	for key, into := range map[string]*decimal.Decimal{
		"stop_loss": &x.StopLoss, "take_profit": &x.TakeProfit, "trailing_stop": &x.TrailingStop,
	} {
		if v := values[key]; v != nil {
			*into = s.ratio(v, key)
		}
	}
	if v := values["max_holding"]; v != nil {
		x.MaxHolding = s.sessions(v)
	}
	return x
}

func (s *source) ratio(n *yaml.Node, key string) decimal.Decimal {
	text, ok := s.Text(n, key)
	if !ok {
		return decimal.Decimal{}
	}
	ratio, what := parsePercent(text)
	hint := "write 5%"
	switch {
	case what == "" && key != "take_profit" && ratio.GreaterThanOrEqual(one):
		what, hint = "a price cannot fall that far", "write less than 100%"
	case what == "" && ratio.GreaterThan(hundred):
		what, hint = "too far", "write at most 10000%"
	case what == "no percent sign" && text != "":
		hint = "write " + text + "%"
	}
	if what != "" {
		s.fail(strict.PlaceOf(n), fmt.Sprintf("%s %q: %s", key, text, what), hint)
	}
	return ratio
}

func (s *source) sessions(n *yaml.Node) int {
	text, ok := s.Text(n, "max_holding")
	words := strings.Fields(text)
	if !ok {
		return 0
	}
	if len(words) != 2 || words[1] != "session" && words[1] != "sessions" {
		s.fail(strict.PlaceOf(n), fmt.Sprintf("max_holding %q is not a number of sessions", text), "write 20 sessions")
		return 0
	}
	count := *n
	count.Value = words[0]
	return s.integer(&count, "max_holding", 1, 10000)
}

// integer reads a whole number within bounds.
func (s *source) integer(n *yaml.Node, what string, low, high int) int {
	text, ok := s.Text(n, what)
	if !ok {
		return 0
	}
	value, wrong := parseDigits(text)
	limits := fmt.Sprintf("a whole number from %d to %d", low, high)
	switch {
	case wrong != "":
		s.fail(strict.PlaceOf(n), fmt.Sprintf("%s %q: %s", what, text, wrong), "write "+limits)
	case !value.IsInteger() || value.LessThan(decimal.NewFromInt(int64(low))) || value.GreaterThan(decimal.NewFromInt(int64(high))):
		s.fail(strict.PlaceOf(n), fmt.Sprintf("%s is %s, must be %s", what, text, limits), "")
	default:
		return int(value.IntPart())
	}
	return 0
}

// is reads a word or the other; it tells whether it is the first.
func (s *source) is(n *yaml.Node, what, word, other string) bool {
	text, _ := s.Word(n, what, word, other)
	return text == word
}

// durationText is 10m or 1h30m, without the zeros Go adds.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
