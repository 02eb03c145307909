// Package backtest runs rules over stored daily bars: the same decisions as the daemon's, filled by rules that
// docs/BACKTEST.md lists, exact to the won. It knows no network, no clock and no journal, and holds no opinion of the
// result: report adds it up.
//
// Two engines answer every run alike. The plain one asks strategy.Decide at each slot and keeps its book in decimals:
// it says what a backtest means. The fast one reads the compiled columns of a rule, looks only at sessions in which
// something may happen, and keeps its book in integers. Run takes the fast one where it can: for slots at the close and
// for rules of completed bars, as long as 64 bits hold the money. A test holds the two equal.
package backtest
