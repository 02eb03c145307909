// Package strategy is the rule language of strategies.yaml: it parses a file, compiles its rules, explains them in words
// and decides what each says about one symbol at one due moment.
//
// [Load] reads a file and names every mistake with its place. A [Strategy] answers a [View] with a [Decision]: buy, sell
// or hold, with the numbers it rests on. The answer is a pure function of the view. Live and backtest evaluate the same
// compiled program: over all bars, in exact decimals.
//
// The package knows no broker, no clock, no journal and no disk. It cannot place an order; it is handed the bytes of
// files, the bars, the price and what the strategy holds.
package strategy
