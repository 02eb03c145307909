// Package indicator is the catalogue of technical indicators: one indicator,
// one file. Each is a [Spec]: what it is called, which columns it reads, its
// parameters and outputs, how many bars it needs, and the function that
// computes it over whole columns.
//
// Names, parameters, defaults and outputs are those of KIS's strategy files;
// the definitions are those of QuantConnect Lean, which KIS's own backtester
// runs on. Every division and root is rounded half away from zero to 8 decimals
// (the index inside stochrsi alone to 12) and nothing else is rounded; see
// package series. A bar on which a definition has no value (too few bars before
// it, a division by zero) is not ready; it is never zero.
//
// On bars that stand still: a place in a range that is none, and anything else
// over 0, is not ready. These definitions name a value instead: rsi 100 without
// falls, mfi 100 without any flow, chop 100 and kama's efficiency 1 without
// movement, cmo 0, and the bars of ad, adl, cmf, cho, eom and kvo that have no
// range or no volume count as 0. A halted bar (open = high = low = close, volume 0) is a
// bar like any other.
//
// An indicator over a source column that is itself not ready at first starts
// counting where the source does. A filter that carries a value from bar to bar
// counts ready bars only; see [series.Smooth].
//
// The package knows no rules, no symbols and no time.
package indicator
