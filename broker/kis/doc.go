// Package kis is KIS (Korea Investment & Securities, 한국투자증권) behind the broker port, and the reads of prices and of
// the calendar that a feed needs. It speaks KIS's REST interface for domestic stocks: one account, one app key, one
// environment, bound together in a Client that cannot be re-pointed.
//
// Three promises shape it. An order leaves at most once: its connection can carry one request, and everything that is
// not a recorded answer is Unclear. A read is whole or an error: every page, every required field. And a key is never
// abused: all processes of one app key share its token and its calls a second through two small files.
//
// The package knows nothing of rules, risk, journals or the engine, and decides nothing: what an answer means is a table
// (codes.go), what is asked and where is another (tr.go).
package kis
