// Package kissim is KIS (한국투자증권) for one: a real HTTP server with a market, an account and a clock of its own, which a
// KIS client cannot tell from the mock host (virtual) or the real one for the calls it offers: tokenP, revokeP, hashkey,
// inquire-price, inquire-daily-price, inquire-daily-itemchartprice, inquire-balance, inquire-psbl-order, order-cash,
// order-rvsecncl, inquire-daily-ccld, and on the real personality chk-holiday.
//
// Inside a session the price of an issue walks open → low → high → close when the day gains, else open → high → low →
// close, in three equal legs, linear in time from the open to the close and on ticks. During the closing auction the
// last price stands still; the close is printed at the close. Bid is the last price, ask one tick above it. A market
// order fills at the ask or bid, a limit order when the last price touches it, orders of an auction at its single price.
// Orders fill whole: the day's volume does not cap them, but a halted day fills nothing and a day locked at a limit
// fills only the side that the lock leaves open. What is left at the close is cancelled.
//
// Token rules follow the market's clock, because a client takes the time from it; the rate limit counts real time
// always. It knows nothing of maemae's own client, and it never meets real money.
package kissim
