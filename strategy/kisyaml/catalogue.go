package kisyaml

import (
	"slices"
	"strings"
)

// priceWords are the columns that may stand in place of an alias. The builder knows the first four.
var priceWords = []string{"close", "open", "high", "low", "volume", "price"}

func builderKnows(priceWord string) bool { return priceWord != "volume" && priceWord != "price" }

// spec is an indicator as KIS's files name it: parameters with the builder's defaults, outputs with the main one first.
type spec struct{ id, params, outputs string }

// native is the name of the same indicator in the rule language.
func (s spec) native() string {
	if s.id == "wma" {
		return "wilder"
	}
	return s.id
}

// smoothing is the average that the backtester computes it with, for those of which the rule language lets one choose;
// KIS's files do not.
func (s spec) smoothing() string {
	switch s.id {
	case "apo", "ppo":
		return "exponential"
	case "atr":
		return "simple"
	}
	return ""
}

// paramList is the parameters and their defaults.
func (s spec) paramList() (names, defaults []string) {
	for _, p := range strings.Fields(s.params) {
		name, value, _ := strings.Cut(p, "=")
		names, defaults = append(names, name), append(defaults, value)
	}
	return names, defaults
}

func (s spec) outputList() []string { return strings.Fields(s.outputs) }
func (s spec) main() string         { return s.outputList()[0] }

// specs is every indicator both tools register.
var specs = []spec{
	{"sma", "period=20", "value"},
	{"ema", "period=20", "value"},
	{"dema", "period=20", "value"},
	{"tema", "period=20", "value"},
	{"hma", "period=20", "value"},
	{"kama", "period=10", "value"},
	{"alma", "period=9 sigma=6 offset=0.85", "value"},
	{"lwma", "period=20", "value"},
	{"trima", "period=20", "value"},
	{"t3", "period=10 volume_factor=0.7", "value"},
	{"zlema", "period=20", "value"},
	{"wma", "period=14", "value"},
	{"frama", "period=16", "value"},
	{"vidya", "period=14", "value"},

	{"rsi", "period=14", "value"},
	{"stochastic", "k_period=14 d_period=3", "k d"},
	{"stochrsi", "rsi_period=14 stoch_period=14 k_period=3 d_period=3", "k d"},
	{"macd", "fast=12 slow=26 signal=9", "value signal histogram"},
	{"cci", "period=20", "value"},
	{"williams_r", "period=14", "value"},
	{"momentum", "period=10", "value"},
	{"roc", "period=10", "value"},
	{"apo", "fast=12 slow=26", "value"},
	{"ppo", "fast=12 slow=26", "value signal histogram"},
	{"aroon", "up_period=25 down_period=25", "value aroon_up aroon_down"},
	{"cmo", "period=14", "value"},
	{"ao", "fast=5 slow=34", "value"},
	{"cho", "fast=3 slow=10", "value"},
	{"ultosc", "period1=7 period2=14 period3=28", "value"},
	{"trix", "period=15", "value"},
	{"tsi", "long_period=25 short_period=13 signal_period=7", "value signal"},
	{"rvi", "period=10", "value"},
	{"dpo", "period=20", "value"},
	{"kvo", "fast=34 slow=55 signal=13", "value signal"},

	{"adx", "period=14", "value plus_di minus_di"},
	{"adxr", "period=14", "value"},
	{"ichimoku", "tenkan=9 kijun=26 senkou_b=52", "tenkan kijun senkou_a senkou_b chikou"},
	{"sar", "af_start=0.02 af_step=0.02 af_max=0.2", "value"},
	{"vortex", "period=14", "plus_vi minus_vi"},
	{"chop", "period=14", "value"},
	{"kst", "roc1=10 roc2=15 roc3=20 roc4=30", "value signal"},
	{"coppock", "short_roc=11 long_roc=14 wma=10", "value"},
	{"supertrend", "period=10 multiplier=3", "value"},
	{"mass_index", "ema_period=9 sum_period=25", "value"},
	{"schaff", "cycle=10 fast=23 slow=50", "value"},
	{"fisher", "period=10", "value"},

	{"obv", "", "value"},
	{"ad", "", "value"},
	{"adl", "", "value"},
	{"cmf", "period=20", "value"},
	{"mfi", "period=14", "value"},
	{"force", "period=13", "value"},
	{"vwap", "period=14", "value"},
	{"vwma", "period=20", "value"},
	{"eom", "period=14 scale=10000", "value"},

	{"atr", "period=14", "value"},
	{"natr", "period=14", "value"},
	{"bollinger", "period=20 std=2", "middle upper lower"},
	{"keltner", "period=20 multiplier=2", "middle upper lower"},
	{"donchian", "period=20", "upper lower"},
	{"std", "period=20", "value"},
	{"variance", "period=20", "value"},
	{"accbands", "period=20 width=4", "middle upper lower"},
	{"beta", "period=252", "value"},
	{"alpha", "period=252", "value"},
	{"volatility_ind", "period=10", "value"},

	{"maximum", "period=20", "value"},
	{"minimum", "period=20", "value"},
	{"midpoint", "period=14", "value"},
	{"midprice", "period=14", "value"},
	{"logr", "period=1", "value"},
	{"ibs", "", "value"},
	{"bop", "", "value"},
	{"regression", "period=14", "value slope intercept"},
	{"pivot", "left_bars=5 right_bars=5", "high low"},
	{"augen", "period=3", "value"},
	{"consecutive", "direction=up", "value"},
	{"disparity", "period=20", "value"},
	{"change", "", "value"},
	{"returns", "period=60", "value"},
}

func lookup(id string) (spec, bool) {
	i := slices.IndexFunc(specs, func(s spec) bool { return s.id == id })
	if i < 0 {
		return spec{}, false
	}
	return specs[i], true
}

func specIDs() (ids []string) {
	for _, s := range specs {
		ids = append(ids, s.id)
	}
	return ids
}

// patterns are the candlesticks that have a definition.
var patterns = strings.Fields(`
	doji dragonfly_doji gravestone_doji long_legged_doji hammer hanging_man inverted_hammer shooting_star marubozu
	closing_marubozu spinning_top belt_hold high_wave rickshaw_man engulfing harami harami_cross piercing
	dark_cloud_cover counterattack on_neck in_neck thrusting separating_lines kicking kicking_by_length matching_low
	gap_side_by_side_white homing_pigeon dojistar morning_star morning_doji_star evening_star evening_doji_star
	three_white_soldiers three_black_crows three_inside three_outside abandoned_baby three_stars_in_south advance_block
	stalled_pattern tasuki_gap upside_gap_two_crows three_line_strike two_crows unique_three_river breakaway mat_hold
	rising_three_methods falling_three_methods ladder_bottom concealing_baby_swallow stick_sandwich tristar
	identical_three_crows up_down_gap_three_methods`)

// hollow are the candlesticks that the backtester registers without a definition.
var hollow = strings.Fields(`
	opening_marubozu tweezer_top tweezer_bottom meeting_lines matching_high deliberation downside_tasuki_gap
	upside_tasuki_gap side_by_side_white_lines`)

// oneClass are candlesticks that KIS's tools cannot tell apart unless the signal does.
var oneClass = []string{"rising_three_methods", "falling_three_methods"}

const oneClassText = "has one class for rising_three_methods and falling_three_methods: detected is either of them"

// operator is one spelling of a comparison, and who reads it.
type operator struct {
	name, sign          string
	builder, backtester bool
	mended              string // the spelling it is mended to
}

// operators is every spelling either tool reads. The builder takes any other for greater_than.
var operators = []operator{
	{"greater_than", ">", true, true, ""},
	{"gt", ">", true, true, ""},
	{">", ">", false, true, ""},
	{"breaks", ">", false, true, ""},
	{"less_than", "<", true, true, ""},
	{"lt", "<", true, true, ""},
	{"<", "<", false, true, ""},
	{"greater_equal", ">=", true, true, ""},
	{"gte", ">=", true, true, ""},
	{">=", ">=", false, true, ""},
	{"less_equal", "<=", true, true, ""},
	{"lte", "<=", true, true, ""},
	{"<=", "<=", false, true, ""},
	{"cross_above", "crosses above", true, true, ""},
	{"crosses_above", "crosses above", true, true, "cross_above"},
	{"indicator_cross_above", "crosses above", false, true, ""},
	{"crossover", "crosses above", false, true, ""},
	{"cross_below", "crosses below", true, true, ""},
	{"crosses_below", "crosses below", true, true, "cross_below"},
	{"indicator_cross_below", "crosses below", false, true, ""},
	{"crossunder", "crosses below", false, true, ""},
	{"equal", "==", false, true, ""},
	{"==", "==", false, true, ""},
	{"equals", "==", true, false, "equal"},
	{"eq", "==", true, false, "equal"},
	{"not_equal", "!=", false, true, ""},
	{"!=", "!=", false, true, ""},
}

func operatorNames() (names []string) {
	for _, o := range operators {
		names = append(names, o.name)
	}
	return names
}

func (o operator) cross() bool { return strings.HasPrefix(o.sign, "crosses") }

// flaw is where one of the tools computes something else than an indicator's definition.
type flaw struct {
	kind    Kind
	ids     string
	outputs string // only when one of these is read
	cross   bool   // only in a cross
	text    string
}

// flaws are what the two tools were seen to do; of a whole indicator, of one of its outputs, or of an output in a cross.
var flaws = []flaw{
	{Builder, "macd", "histogram", false, "computes macd's value where the file says histogram"},
	{Builder, "adx", "plus_di minus_di", false, "computes adx's value where the file says plus_di or minus_di"},
	{Builder, "aroon", "value", false, "computes aroon_down where the file says aroon's value"},
	{Builder, "ichimoku", "senkou_a senkou_b chikou", false, "computes kijun where the file says senkou_a, senkou_b or chikou"},
	{Builder, "keltner accbands", "middle", false, "computes the lower band where the file says middle"},
	{Builder, "kst", "signal", false, "computes kst's value where the file says signal"},
	{Builder, "ppo", "histogram", false, "computes ppo's value where the file says histogram"},
	{Builder, "regression", "value intercept", false, "computes the slope where the file says regression's value or intercept"},
	{Builder, "stochrsi", "k", false, "computes d where the file says stochrsi's k"},
	{Builder, "ppo tsi kvo", "signal", false, "takes the signal line for the constant 0"},
	{Builder, "std", "value", false, "takes std for the constant 0"},

	{Builder, "maximum minimum ibs consecutive change", "value", true, "stops with an error: it cannot let this indicator cross"},
	{Builder, "ppo tsi kvo", "signal", true, "stops with an error: it cannot let this output cross"},

	{Builder, "alma", "", false, "ignores sigma and offset"},
	{Builder, "t3", "", false, "ignores volume_factor"},
	{Builder, "stochastic", "", false, "ignores d_period"},
	{Builder, "stochrsi", "", false, "ignores k_period and d_period"},
	{Builder, "supertrend keltner", "", false, "ignores multiplier"},
	{Builder, "mass_index", "", false, "ignores sum_period"},
	{Builder, "schaff", "", false, "ignores fast and slow"},
	{Builder, "accbands", "", false, "ignores width"},
	{Builder, "vwap", "", false, "ignores period"},
	{Builder, "eom", "", false, "ignores scale"},
	{Builder, "apo ppo ao cho ultosc tsi kvo sar kst coppock", "", false, "ignores every parameter"},
	{Builder, "hma", "", false, "takes simple means where the definition weighs them"},
	{Builder, "rsi", "", false, "smooths rsi exponentially by span, not by Wilder's average"},
	{Builder, "atr", "", false, "smooths atr exponentially by span; here, as in the backtester, it is the simple mean"},
	{Builder, "ema", "", false, "starts ema at the first close, not at the mean of the first period"},
	{Builder, "bollinger", "", false, "takes the sample's deviation (n-1), not the population's (n)"},
	{Builder, "maximum", "", false, "takes the highest high, not the highest close"},

	{Backtester, "returns", "", false, "multiplies a value already in percent by 100"},
	{Backtester, "kst", "", false, "hands over the periods in the wrong order"},
	{Backtester, "kst", "signal", false, "fails: it asks for an output its kst does not have"},
}

// about tells whether a flaw concerns an indicator as a whole, when the output is empty, or one output of it.
func (f flaw) about(id, output string, cross bool) bool {
	outputs := strings.Fields(f.outputs)
	return slices.Contains(strings.Fields(f.ids), id) && (output == "" && f.outputs == "" || slices.Contains(outputs, output)) && (cross || !f.cross)
}

// historyOfBuilder is the longest period the builder can fill from its one call of 100 rows.
const historyOfBuilder = 95
