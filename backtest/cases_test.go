package backtest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"maemae/history"
	"maemae/market"
	"maemae/report"
)

// example is a tiny table of bars with the trades a person computed by hand. Unless it says otherwise: one rule that
// looks at the close, buys 10 shares at a close of 10,000 or more and sells nothing, of 005930 (a KOSPI stock) with
// adjusted prices, sessions from Tuesday 2024-01-02 on, 1,000,000 won, a fee of 0.01 %, slippage of one tick, a volume
// cap of 10 %. A line of bars is "open high low close", volume 1,000,000 if none is given; "-" is a session without a
// bar. Sessions are 2, 3, 4, 5, 8, 9, 10, 11, 12 January.
type example struct {
	name  string
	rules string // lines of YAML, several rules parted by ---
	bars  string // of several symbols parted by ---
	want  string // fills, then the final equity
	more  func(*Options, map[market.Symbol]history.Bars)
}

var examples = []example{
	// Entries.
	{name: "an entry at the close pays one tick more", bars: `
		9900 9950 9850 9900
		9900 10050 9850 10000
		10000 10200 9900 10100`, want: `
		2024-01-03 buy 10 @ 10010 fee 10 tax 0 entry
		1000890`},
	{name: "completed bars: the same decision fills at the next open", rules: "bars: completed", bars: `
		9900 9950 9850 9900
		9900 10050 9850 10000
		9980 10200 9900 10100`, want: `
		2024-01-04 buy 10 @ 9990 fee 9 tax 0 entry
		1001091`},
	{name: "a slot after the open knows the open alone", rules: "when: open + 5m", bars: `
		9900 10900 9850 10800
		10000 10050 9000 9100
		9100 9200 9000 9100`, want: `
		2024-01-03 buy 10 @ 10010 fee 10 tax 0 entry
		990890`},
	{name: "a cross needs the bar before", rules: "buy: close crosses above sma(close, 3)", bars: `
		10000 10000 10000 10000
		9900 9900 9900 9900
		9800 9800 9800 9800
		9700 9700 9700 9700
		9900 9900 9900 9900
		10000 10000 10000 10000`, want: `
		2024-01-08 buy 10 @ 9910 fee 9 tax 0 entry
		1000891`},
	{name: "an order on the last bar of completed bars has no open to fill at", rules: "bars: completed", bars: `
		9900 9950 9850 9900
		9900 10050 9850 10000`, want: `
		1000000`},
	{name: "10 % of equity buys whole shares at the price of the slot", rules: "size: 10% of equity", bars: `
		10100 10200 10000 10150`, want: `
		2024-01-02 buy 9 @ 10160 fee 9 tax 0 entry
		999901`},
	{name: "100 % of cash buys what the cash pays with the fee", rules: "size: 100% of cash", bars: `
		10000 10000 9990 10000`, want: `
		2024-01-02 buy 99 @ 10010 fee 99 tax 0 entry
		998911`},
	{name: "short cash buys fewer shares", bars: `
		10000 10000 9990 10000`, more: cash(100_000), want: `
		2024-01-02 buy 9 @ 10010 fee 9 tax 0 entry
		99901`},
	{name: "the fee counts: the cash for ten shares alone buys nine", bars: `
		10000 10000 9990 10000`, more: cash(100_100), want: `
		2024-01-02 buy 9 @ 10010 fee 9 tax 0 entry
		100001`},
	{name: "an exact size refuses fewer", rules: "size: exact 10 shares", bars: `
		10000 10000 9990 10000`, more: cash(100_000), want: `
		100000`},
	{name: "capital bounds a size", rules: "size: 100% of equity\ncapital: 50,000 KRW", bars: `
		10000 10000 9990 10000`, want: `
		2024-01-02 buy 5 @ 10010 fee 5 tax 0 entry
		999945`},
	{name: "both sides true and nothing held: hold", rules: "buy: close >= 10000\nsell: close >= 10000", bars: `
		10000 10000 9990 10000`, want: `
		1000000`},

	// Sells.
	{name: "the rule's sell at the close pays fee and tax", rules: "sell: close < 9900", bars: `
		9900 10050 9850 10000
		9900 9900 9800 9850`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9840 fee 9 tax 177 exit
		998104`},
	{name: "max_holding sells at the slot of the second session after the entry's", rules: "exits: {max_holding: 2 sessions}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		9900 9950 9850 9900
		9900 9950 9850 9900
		9900 9950 9850 9900`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-04 sell 10 @ 9890 fee 9 tax 178 max_holding
		998603`},
	{name: "position.return: a sell that asks for the position", rules: "sell: position.return >= 3%", bars: `
		9900 10050 9850 10000
		10000 10400 10000 10310
		10310 10310 10200 10310`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		1002990`},
	{name: "position.return: reached", rules: "sell: position.return >= 3%\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		10000 10400 10000 10320`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 10310 fee 10 tax 185 exit
		1002795`},

	// Exits inside a bar.
	{name: "a stop inside the bar fills at its level, down to the tick, one tick worse", rules: "exits: {stop_loss: 5%}", bars: `
		9900 10050 9850 10000
		9900 9950 9450 9600`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9490 fee 9 tax 170 stop_loss
		994611`},
	{name: "a gap through the stop fills at the open", rules: "exits: {stop_loss: 5%}", bars: `
		9900 10050 9850 10000
		9300 9350 9000 9100`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9290 fee 9 tax 167 stop_loss
		992614`},
	{name: "a target inside the bar fills at its level, up to the tick, one tick worse", rules: "exits: {take_profit: 10%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		10100 11050 10000 10900`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 11010 fee 11 tax 198 take_profit
		1009781`},
	{name: "a gap over the target fills at the open", rules: "exits: {take_profit: 10%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		11100 11200 11050 11150`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 11090 fee 11 tax 199 take_profit
		1010580`},
	{name: "a stop is reached when it is touched", rules: "exits: {stop_loss: 5%}\norder: limit\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		9600 9650 9501 9600
		9600 9650 9500 9600`, want: `
		2024-01-02 buy 10 @ 10000 fee 10 tax 0 entry
		2024-01-04 sell 10 @ 9490 fee 9 tax 170 stop_loss
		994711`},
	{name: "a target is reached when it is touched", rules: "exits: {take_profit: 5%}\norder: limit\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		10100 10499 10000 10200
		10100 10500 10000 10200`, want: `
		2024-01-02 buy 10 @ 10000 fee 10 tax 0 entry
		2024-01-04 sell 10 @ 10490 fee 10 tax 188 take_profit
		1004692`},
	{name: "a market exit of a limit rule slips, its own sell does not", rules: "order: limit\nsell: close < 9900", bars: `
		9900 10050 9850 10000
		9900 9900 9800 9850`, want: `
		2024-01-02 buy 10 @ 10000 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9850 fee 9 tax 177 exit
		998304`},
	{name: "stop and target in one bar: the stop", rules: "exits: {stop_loss: 5%, take_profit: 10%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		10000 11500 9400 11000`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9490 fee 9 tax 170 stop_loss
		994611`},
	{name: "a trailing stop follows the highest price", rules: "exits: {trailing_stop: 5%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		10600 11000 10600 10900
		10800 10850 10400 10500`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-04 sell 10 @ 10440 fee 10 tax 187 trailing_stop
		1004093`},
	{name: "a bar's own high moves the trailing stop after its low", rules: "exits: {trailing_stop: 5%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		10000 12000 10000 11900
		11300 11500 11200 11400`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-04 sell 10 @ 11290 fee 11 tax 203 trailing_stop
		1012576`},
	{name: "a trailing stop over the stop loss is reached first", rules: "exits: {stop_loss: 5%, trailing_stop: 4%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		10000 10000 9000 9100`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9590 fee 9 tax 172 trailing_stop
		995609`},
	{name: "an entry at the open can be stopped in the same bar", rules: "bars: completed\nexits: {stop_loss: 5%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		10000 10050 9400 9500`, want: `
		2024-01-03 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9490 fee 9 tax 170 stop_loss
		994611`},
	{name: "an exit inside the bar leaves the session its entry", rules: "exits: {stop_loss: 5%}", bars: `
		9900 10050 9850 10000
		9900 10100 9450 10000`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9490 fee 9 tax 170 stop_loss
		2024-01-03 buy 10 @ 10010 fee 10 tax 0 entry
		994501`},
	{name: "a gap exit comes before the slot at the open, whose buy may follow", rules: "bars: completed\nexits: {stop_loss: 5%}", bars: `
		9900 10050 9850 10000
		10000 10100 9900 10000
		9400 9450 9350 9400`, want: `
		2024-01-03 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-04 sell 10 @ 9390 fee 9 tax 169 stop_loss
		2024-01-04 buy 10 @ 9410 fee 9 tax 0 entry
		993503`},
	{name: "a session that has had its entry cools down, whatever became of it", rules: "when: every 5m\nexits: {stop_loss: 5%}", bars: `
		10000 10100 9400 10050
		9000 9100 8900 9000`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-02 sell 10 @ 9490 fee 9 tax 170 stop_loss
		994611`},
	{name: "reentry: same_session lets it buy again at its next slot", rules: "when: every 5m\nexits: {stop_loss: 5%}\nreentry: same_session", bars: `
		10000 10100 9400 10050
		9000 9100 8900 9000`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-02 sell 10 @ 9490 fee 9 tax 170 stop_loss
		2024-01-02 buy 10 @ 10060 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 8990 fee 8 tax 161 stop_loss
		983732`},
	{name: "exits at slots: a touch inside the bar does nothing", rules: "exits: {stop_loss: 5%}\nbuy: close == 10000", more: atSlots, bars: `
		9900 10050 9850 10000
		9900 9950 9000 9600
		9600 9650 9400 9500`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-04 sell 10 @ 9490 fee 9 tax 170 stop_loss
		994611`},

	{name: "the open moves the trailing stop before the bar's low", rules: "exits: {trailing_stop: 5%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		11000 11100 10400 10500`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 10440 fee 10 tax 187 trailing_stop
		1004093`},
	{name: "a target fills no better than the high, where the tick above it is out of reach", rules: "exits: {take_profit: 10%}\nbuy: close == 10005", bars: `
		9900 10050 9850 10005
		10100 11018 10000 10900`, want: `
		2024-01-02 buy 10 @ 10015 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 11008 fee 11 tax 198 take_profit
		1009711`},
	{name: "an entry at the close takes the day's high as past", rules: "exits: {trailing_stop: 5%}\nbuy: close == 10000", bars: `
		9900 12000 9850 10000
		9900 9950 9600 9700`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		996890`},

	// Days on which not everything trades.
	{name: "until 2015-06-14 the limit is 15 %", rules: "buy: close >= 11000", more: from(20150612), bars: `
		10000 10050 9950 10000
		11500 11500 11500 11500`, want: `
		2015-06-15 buy 10 @ 11510 fee 11 tax 0 entry
		999889`},
	{name: "and a day before it is locked", rules: "buy: close >= 11000", more: from(20150611), bars: `
		10000 10050 9950 10000
		11500 11500 11500 11500`, want: `
		1000000`},
	{name: "an adjusted price a tick short of the limit counts as the limit", rules: "buy: close >= 11000", bars: `
		10000 10050 9950 10000
		12990 12990 12990 12990`, want: `
		1000000`},
	{name: "two ticks short it does not", rules: "buy: close >= 11000", bars: `
		10000 10050 9950 10000
		12980 12980 12980 12980`, want: `
		2024-01-03 buy 10 @ 12990 fee 12 tax 0 entry
		999888`},
	{name: "a halted day decides nothing", bars: `
		10000 10000 10000 10000 0
		10000 10100 9900 10050`, want: `
		2024-01-03 buy 10 @ 10060 fee 10 tax 0 entry
		999890`},
	{name: "a stop waits for the end of a halt", rules: "exits: {stop_loss: 5%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		9000 9000 9000 9000 0
		8900 8950 8800 8900`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-04 sell 10 @ 8890 fee 8 tax 160 stop_loss
		988622`},
	{name: "no buy at a locked upper limit", rules: "buy: close >= 13000", bars: `
		10000 10050 9950 10000
		13000 13000 13000 13000
		13500 13600 13000 13100`, want: `
		2024-01-04 buy 10 @ 13110 fee 13 tax 0 entry
		999887`},
	{name: "no sale at a locked lower limit", rules: "exits: {stop_loss: 5%}", bars: `
		9900 10050 9850 10000
		7000 7000 7000 7000
		6500 6600 6400 6500`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-04 sell 10 @ 6490 fee 6 tax 116 stop_loss
		964668`},
	{name: "one fill takes a tenth of the volume, the rest is cancelled", bars: `
		9900 10050 9850 10000 59
		10000 10100 9900 10000`, want: `
		2024-01-02 buy 5 @ 10010 fee 5 tax 0 entry
		999945`},
	{name: "what a thin day does not take stays and is sold later", rules: "exits: {stop_loss: 5%}\nbuy: close == 10000", bars: `
		9900 10050 9850 10000
		9300 9350 9000 9100 40
		9000 9050 8900 8950`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 4 @ 9290 fee 3 tax 66 stop_loss
		2024-01-03 sell 4 @ 9090 fee 3 tax 65 stop_loss
		2024-01-04 sell 2 @ 8990 fee 1 tax 32 stop_loss
		991220`},
	{name: "a day without volume fills nothing", bars: `
		9900 10050 9850 10000 9
		10000 10100 9900 10000 0
		10000 10100 9900 10000`, want: `
		2024-01-04 buy 10 @ 10010 fee 10 tax 0 entry
		999890`},
	{name: "bars that end leave the holding at the last close", bars: `
		9900 10050 9850 10000
		10000 10000 9900 9950
		-
		-
		---
		500 500 500 500
		500 500 500 500
		500 500 500 500
		500 500 500 500`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		999390`},

	// Orders.
	{name: "a limit at the price pays no slippage", rules: "order: limit", bars: `
		9900 10050 9850 10000`, want: `
		2024-01-02 buy 10 @ 10000 fee 10 tax 0 entry
		999990`},
	{name: "a passive limit at the close is not reached any more", rules: "order: limit - 1 tick", bars: `
		9900 10050 9850 10000`, want: `
		1000000`},
	{name: "a passive limit at the open waits for its price", rules: "when: open + 5m\norder: limit - 2 ticks", bars: `
		10000 10050 9980 10040`, want: `
		2024-01-02 buy 10 @ 9980 fee 9 tax 0 entry
		1000591`},
	{name: "a passive limit that is not touched is cancelled", rules: "when: open + 5m\norder: limit - 2 ticks", bars: `
		10000 10050 9990 10040`, want: `
		1000000`},
	{name: "a waiting limit that is filled can be stopped in its bar, but not reach its target", rules: "when: open + 5m\norder: limit - 2 ticks\nexits: {stop_loss: 5%, take_profit: 1%}", bars: `
		10000 10500 9980 10040
		9990 10000 9900 9950`, want: `
		2024-01-02 buy 10 @ 9980 fee 9 tax 0 entry
		999691`},
	{name: "an order that is valid for minutes does not wait for the bar", rules: "when: open + 5m\norder: {type: limit, ticks: -2, valid: 10m}", bars: `
		10000 10050 9980 10040`, want: `
		1000000`},
	{name: "while a sell waits at its limit, the stop waits too", rules: "when: open + 5m\norder: limit - 2 ticks\nbuy: open == 10000\nsell: open == 9990\nexits: {stop_loss: 5%}", bars: `
		10000 10050 9980 10040
		9990 10000 9400 9450
		9450 9500 9400 9450`, want: `
		2024-01-02 buy 10 @ 9980 fee 9 tax 0 entry
		2024-01-04 sell 10 @ 9440 fee 9 tax 169 stop_loss
		994413`},
	{name: "a protected order trades like a market order", rules: "order: protected", bars: `
		10000 10000 9990 10000`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		999890`},
	{name: "slippage steps tick by tick over the edge of a band", rules: "buy: close == 19990", more: slip(2), bars: `
		19900 20000 19900 19990`, want: `
		2024-01-02 buy 10 @ 20050 fee 20 tax 0 entry
		999380`},
	{name: "an adjusted price off the ladder slips unrounded", bars: `
		10003 10003 10003 10003`, want: `
		2024-01-02 buy 10 @ 10013 fee 10 tax 0 entry
		999890`},
	{name: "slippage ends at one won", rules: "buy: close == 3\nsell: close == 2", more: slip(5), bars: `
		3 3 2 3
		2 3 2 2`, want: `
		2024-01-02 buy 10 @ 8 fee 0 tax 0 entry
		2024-01-03 sell 10 @ 1 fee 0 tax 0 exit
		999930`},
	{name: "raw prices have the ticks of their date", rules: "buy: close == 15000", more: raw(20221226), bars: `
		15000 15100 14900 15000`, want: `
		2022-12-26 buy 10 @ 15050 fee 15 tax 0 entry
		999485`},

	// Taxes and kinds.
	{name: "raw prices before 2010-10-04 have today's ticks", rules: "buy: close == 15000", more: raw(20100929), bars: `
		15000 15100 14900 15000`, want: `
		2010-09-29 buy 10 @ 15010 fee 15 tax 0 entry
		999885`},
	{name: "a sale two sessions before new year pays last year's tax", rules: "sell: close < 9900", more: from(20231222), bars: `
		9900 10050 9850 10000
		9900 9900 9800 9850`, want: `
		2023-12-22 buy 10 @ 10010 fee 10 tax 0 entry
		2023-12-26 sell 10 @ 9840 fee 9 tax 196 exit
		998085`},
	{name: "a day later it settles in the new year and pays the new one", rules: "sell: close < 9900", more: from(20231226), bars: `
		9900 10050 9850 10000
		9900 9900 9800 9850`, want: `
		2023-12-26 buy 10 @ 10010 fee 10 tax 0 entry
		2023-12-27 sell 10 @ 9840 fee 9 tax 177 exit
		998104`},
	{name: "an ETF pays no tax and has its own tick", rules: "symbols: [\"069500\"]\nsell: close < 9900", bars: `
		9900 10050 9850 10000
		9900 9900 9800 9850`, want: `
		2024-01-02 buy 10 @ 10005 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9845 fee 9 tax 0 exit
		998381`},

	// Several at once.
	{name: "two strategies on one symbol keep their own lots", rules: "sell: close < 9900\n---\nbuy: close < 9900", bars: `
		9900 10050 9850 10000
		9900 9900 9800 9850
		9850 9900 9800 9850`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9840 fee 9 tax 177 exit
		2024-01-03 buy 10 @ 9860 fee 9 tax 0 entry
		997995`},
	{name: "the proceeds of a sale pay for a buy in the same slot", more: cash(101_000), rules: "sell: close < 9900\n---\nbuy: close < 9900", bars: `
		9900 10050 9850 10000
		9900 9900 9800 9850`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-03 sell 10 @ 9840 fee 9 tax 177 exit
		2024-01-03 buy 10 @ 9860 fee 9 tax 0 entry
		98995`},
	{name: "the first symbol in the file takes the cash first", more: cash(150_000), rules: "symbols: [\"005930\", \"000660\"]", bars: `
		10000 10000 9990 10000
		---
		10000 10000 9990 10000`, want: `
		2024-01-02 buy 10 @ 10010 fee 10 tax 0 entry
		2024-01-02 buy 4 @ 10010 fee 4 tax 0 entry
		149846`},
	{name: "sessions before --from warm up and trade nothing", more: func(o *Options, _ map[market.Symbol]history.Bars) { o.From = 20240103 }, bars: `
		9900 10050 9850 10000
		10100 10150 9950 10100`, want: `
		2024-01-03 buy 10 @ 10110 fee 10 tax 0 entry
		999890`},
}

func cash(won int64) func(*Options, map[market.Symbol]history.Bars) {
	return func(o *Options, _ map[market.Symbol]history.Bars) { o.Cash = decimal.NewFromInt(won) }
}

func slip(ticks int) func(*Options, map[market.Symbol]history.Bars) {
	return func(o *Options, _ map[market.Symbol]history.Bars) { o.Slippage = ticks }
}

func atSlots(o *Options, _ map[market.Symbol]history.Bars) { o.ExitsAtSlots = true }

// from moves the bars to the sessions from a date on.
func from(d market.Date) func(*Options, map[market.Symbol]history.Bars) {
	return func(_ *Options, bars map[market.Symbol]history.Bars) {
		for s, b := range bars {
			at := d
			for i := range b.Dates {
				b.Dates[i] = at
				if next, err := market.KRX().NextSession(at); err == nil {
					at = next.Date
				}
			}
			bars[s] = b
		}
	}
}

func raw(d market.Date) func(*Options, map[market.Symbol]history.Bars) {
	return func(o *Options, bars map[market.Symbol]history.Bars) {
		from(d)(o, bars)
		for s, b := range bars {
			b.Raw = true
			bars[s] = b
		}
	}
}

// table reads the bars of an example.
func table(t *testing.T, symbol market.Symbol, text string) history.Bars {
	t.Helper()
	sessions, err := market.KRX().Sessions(20240102, 20240131)
	if err != nil {
		t.Fatal(err)
	}
	b := history.Bars{Symbol: symbol}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		f := strings.Fields(line)
		if f[0] == "-" {
			continue
		}
		if len(f) == 4 {
			f = append(f, "1000000")
		}
		b.Dates = append(b.Dates, sessions[i].Date)
		for k, column := range []*[]int64{&b.Open, &b.High, &b.Low, &b.Close, &b.Volume} {
			v, err := strconv.ParseInt(f[k], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			*column = append(*column, v)
		}
	}
	return b
}

// ruleFile fills in what an example leaves out.
func ruleFile(text string) string {
	file := "version: 1\nstrategies:\n"
	for i, body := range strings.Split(text, "---\n") {
		lines := map[string]string{"symbols": `["005930"]`, "when": "close - 15m", "buy": "close >= 10000", "size": "10 shares", "order": "market"}
		for line := range strings.Lines(body) {
			if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
				lines[key] = value
			}
		}
		if lines["sell"] == "" && lines["exits"] == "" {
			lines["sell"] = "close < 0"
		}
		file += fmt.Sprintf("  - name: rule-%d\n", i)
		for key, value := range lines {
			file += fmt.Sprintf("    %s: %s\n", key, value)
		}
	}
	return file
}

func TestExamplesTradeAsComputedByHand(t *testing.T) {
	for _, x := range examples {
		t.Run(x.name, func(t *testing.T) {
			r := rules(t, ruleFile(x.rules))
			bars := map[market.Symbol]history.Bars{}
			symbols := append([]market.Symbol{}, r[0].Symbols...)
			tables := strings.Split(x.bars, "---")
			if len(symbols) < len(tables) {
				symbols = append(symbols, "000660")
				r[0].Symbols = symbols
			}
			for i, text := range tables {
				bars[symbols[i]] = table(t, symbols[i], text)
			}
			o := Options{
				Rules: r, Together: true, Cash: decimal.NewFromInt(1_000_000), Calendar: market.KRX(), Instrument: market.Known,
				Load:  func(s market.Symbol) (history.Bars, error) { return bars[s], nil },
				Costs: market.Costs{FeeRate: decimal.New(1, -4)}, Slippage: 1, VolumeCap: 10,
			}
			if x.more != nil {
				x.more(&o, bars)
			}
			result, err := Run(o)
			if err != nil {
				t.Fatal(err)
			}
			a, err := o.open(r)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := a.plain()
			if err != nil {
				t.Fatal(err)
			}
			for engine, run := range map[string]report.Run{"the plain engine": a.run(plain), "the engine": result.Runs[0]} {
				var got []string
				for _, f := range run.Trades {
					got = append(got, fmt.Sprintf("%s %s %d @ %s fee %s tax %s %s", f.Date, f.Side, f.Shares, f.Price, f.Fee, f.Tax, f.Reason))
				}
				got = append(got, run.FinalEquity.String())
				var want []string
				for line := range strings.Lines(strings.TrimSpace(x.want)) {
					want = append(want, strings.TrimSpace(line))
				}
				if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
					t.Errorf("%s trades\n%s\nwant\n%s", engine, g, w)
				}
			}
		})
	}
}
