// Package dashboard shows the daemon to people: server-rendered pages that follow the journal live, with the candles
// of each symbol, the lines of the rules and every order's why.
//
// It reads. What it shows comes from the journal, from stored bars, or is computed by package strategy from them. It
// imports no broker and no engine, so a screen cannot trade; the three acts it offers (halt, resume, kill) are
// functions it was given, and none of them can place an order.
//
// It does not know the time: the daemon's clock, the machine's clock and timers are handed in. It opens no listener
// and knows no file: the handler is served by whoever made it, with that server's own limits.
//
// # Who may look
//
// Requests pass, in this order: the Host allow-list (421), the rule against requests from other sites (403), the
// session (a login page, or 401). The session is a cookie that proves who holds the token, for twelve hours. Every
// form carries a word that only this session's pages know. Pages have a policy that allows no script, style or image
// from elsewhere and no inline ones; texts of brokers and names of symbols are shown as text whatever they contain.
package dashboard
