// Package strategy is the rule language of strategies.yaml: it parses a file, compiles its rules, explains them in words
// and decides what each says about one symbol at one due moment.
//
// [Load] reads a file and names every mistake with its place. A [Strategy] answers a [View] with a [Decision]: buy, sell
// or hold, with the numbers it rests on. The answer is a pure function of the view. Live and backtest evaluate the same
// compiled program: over all bars, in exact decimals.
//
// The package knows no broker, no clock, no journal and no disk. It cannot place an order; it is handed the bytes of
// files, the bars, the price and what the strategy holds.
//
// # Expressions
//
// An expression is a number or a condition. From the loosest to the tightest, its operators are
//
//	or
//	and
//	not
//	<  <=  >  >=  ==  !=  crosses above  crosses below  between L and H
//	+  -
//	*  /
//	-x
//	x[n]  x.output
//
// and its operands are
//
//	70  0.5  5%                      numbers; 5% is 0.05
//	open high low close volume       the bar
//	price                            the current price on the newest bar, the close on earlier ones
//	$fast                            a parameter of the strategy
//	fast                             a name given under let
//	sma(close, 5)  rsi(14)           an indicator of package indicator; parameters by position or name=value
//	macd(12, 26, 9).signal           one of its outputs
//	pattern(engulfing).bullish       a candlestick pattern of package indicator is there; .bearish, or either without a dot
//	sum(x, n)  count(c, n)           the sum of n values; on how many of n bars c was true
//	barssince(c)  streak(c)          bars since c was last true; for how many bars in a row it has been true
//	position.return                  what the strategy holds, in sell only: price / average price - 1;
//	position.sessions .shares .high  sessions since the entry, shares, and the highest price since the entry
//
// Sums, differences and products are exact; a quotient is rounded half away from zero to 8 decimals. Comparison is by
// value: 1.50 equals 1.5, and two averages over a flat stretch never cross. "a crosses above b" is: a was at most b on
// the bar before and is above it now. "x between L and H" includes both ends.
//
// alpha and beta compare with the market: index: "069500" says which symbol stands for it, bar by bar of the same date.
//
// A part that has too few bars behind it, or divides by zero, is not ready: it is neither zero nor false, and neither is
// what is made of it. A rule acts only on bars where both its sides are ready. A sell that asks for the position is false
// while nothing is held.
package strategy
