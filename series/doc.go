// Package series holds columns of exact decimals, one value per bar, and the
// few operations on them that indicators and rules are made of.
//
// A column is a list of integer mantissas with one scale: the value of a bar is
// mantissa / 10^scale. Sums, differences and products are exact. Every division
// and every root is rounded once, half away from zero, to [Digits] decimals, so
// a result never depends on which path computed it: 64-bit mantissas where they
// hold the values, big integers where they do not. Nothing ever wraps.
//
// Every bar is either ready or not. A bar that is not ready has no value; it is
// not zero, and whatever is computed from it is not ready either.
//
// The package knows no bars, prices, symbols or time: only numbers in a row.
package series
