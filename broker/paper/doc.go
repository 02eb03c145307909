// Package paper is a broker of ours: it keeps an account in a book of its own and fills orders from the quotes it is
// given, with slippage, a cap by volume, fees and taxes. It reads no clock and reaches no network: quote and moment
// are passed in, so that a daemon on paper and a backtest trade alike. What it has accepted is in its state file
// before it answers. It does not know rules, risk, or where quotes come from.
package paper
