// Package indicator is the catalogue of technical indicators: one indicator,
// one file. Each is a [Spec]: what it is called, which columns it reads, its
// parameters and outputs, how many bars it needs, and the function that
// computes it over whole columns.
//
// Names, parameters, defaults and outputs are those of KIS's strategy files;
// the definitions are those of QuantConnect Lean, which KIS's own backtester
// runs on. Every division and root is rounded half away from zero to 8 decimals
// and nothing else is rounded (see package series). A bar on which a definition
// has no value (too few bars before it, a division by zero) is not ready; it is
// never zero.
//
// An indicator over a source column that is itself not ready at first starts
// counting where the source does. A filter that carries a value from bar to bar
// counts ready bars only; see [series.Smooth].
//
// The package knows no rules, no symbols and no time.
package indicator
