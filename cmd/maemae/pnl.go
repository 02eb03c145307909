package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"maemae/broker"
	"maemae/journal"
	"maemae/market"
)

func pnlCommand() *cobra.Command {
	var by, from, to string
	var asJSON bool
	c := &cobra.Command{
		Use:   "pnl [--by strategy,symbol,day,month]",
		Short: "what was earned and lost, with costs and taxes, by strategy, symbol, day or month",
		Long: `pnl adds the journal's fills up, in exact won. realised is what sells brought above their shares' cost, oldest lot
first, before costs; unrealised is how far the shares held moved against their cost in the period, by the account's last
reading of each day; result is realised less fee and tax, plus unrealised. Fee and tax are the broker's figures, or our
estimate until it tells them. Equity is the account's own, which money paid in or taken out moves as well. Dividends are not
in the journal.`,
		Example: `  maemae pnl --by month
  maemae pnl --by strategy,symbol --from 2026-11-02 --to 2026-11-26 --json`,
		RunE: withJournal(func(c *cobra.Command, _ []string, j *journal.Journal) error {
			span, err := newPeriod(from, to)
			if err != nil {
				return err
			}
			keys, err := pnlKeys(by)
			if err != nil {
				return err
			}
			l, err := readLedger(c.Context(), j)
			if err != nil {
				return err
			}
			p := l.sum(keys, span)
			if asJSON {
				return printJSON(c.OutOrStdout(), p)
			}
			return p.print(c.OutOrStdout(), keys)
		}),
	}
	f := c.Flags()
	f.StringVar(&by, "by", "strategy", "a row for each: strategy, symbol, day, month, or several with commas")
	f.StringVar(&from, "from", "", "first date, 2026-11-02 (default: the journal's)")
	f.StringVar(&to, "to", "", "last date (default: the journal's)")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return stateFlag(c)
}

// PnL is what trading came to in a period. All amounts are won.
type PnL struct {
	From  market.Date `json:"from"` // first and last date of the period that the journal knows
	To    market.Date `json:"to"`
	Rows  []PnLRow    `json:"rows"`
	Total PnLRow      `json:"total"`
}

// PnLRow is one strategy, symbol, day or month, or what several of them have in common.
type PnLRow struct {
	Strategy   string          `json:"strategy,omitempty"`
	Symbol     market.Symbol   `json:"symbol,omitempty"`
	Name       string          `json:"name,omitempty"`
	Day        market.Date     `json:"day,omitempty"`
	Month      string          `json:"month,omitempty"`
	Fills      int             `json:"fills"` // orders that filled, wholly or in part
	Bought     decimal.Decimal `json:"bought"`
	Sold       decimal.Decimal `json:"sold"`
	Realised   decimal.Decimal `json:"realised"` // before costs
	Fee        decimal.Decimal `json:"fee"`
	Tax        decimal.Decimal `json:"tax"`
	Unrealised decimal.Decimal `json:"unrealised"` // what it moved in the period
	Result     decimal.Decimal `json:"result"`
	// Equity is the account's at the end of the row's dates, and Change what it moved since the end of the dates before
	// (the first reading of all, where there are none). Null where a row is not the whole account, or it was not read.
	Equity *decimal.Decimal `json:"equity,omitempty"`
	Change *decimal.Decimal `json:"change,omitempty"`
}

func (r *PnLRow) add(x PnLRow) {
	r.Fills += x.Fills
	for _, m := range []struct{ to, from *decimal.Decimal }{{&r.Bought, &x.Bought}, {&r.Sold, &x.Sold}, {&r.Realised, &x.Realised}, {&r.Fee, &x.Fee}, {&r.Tax, &x.Tax}, {&r.Unrealised, &x.Unrealised}} {
		*m.to = m.to.Add(*m.from)
	}
	r.Result = r.Realised.Sub(r.Fee).Sub(r.Tax).Add(r.Unrealised)
}

// period are the dates from one to the other; zero is open.
type period struct{ from, to market.Date }

func newPeriod(from, to string) (p period, err error) {
	if p.from, err = parseDateFlag("from", from); err != nil {
		return p, err
	}
	if p.to, err = parseDateFlag("to", to); err != nil {
		return p, err
	}
	if p.to != 0 && p.to < p.from {
		return p, usagef("--to %s is before --from %s", p.to, p.from)
	}
	return p, nil
}

func (p period) has(d market.Date) bool { return d >= p.from && (p.to == 0 || d <= p.to) }

// pnlKeys reads --by.
func pnlKeys(text string) ([]string, error) {
	keys := strings.Split(text, ",")
	for i, k := range keys {
		if !slices.Contains([]string{"strategy", "symbol", "day", "month"}, k) || slices.Contains(keys[:i], k) {
			return nil, hinted(usagef("--by %q", text), "strategy, symbol, day, month, or several of them: --by month,strategy")
		}
	}
	return keys, nil
}

// ledger is the journal added up by date, strategy and symbol.
type ledger struct {
	book     *journal.Book
	cells    map[ledgerKey]*PnLRow
	names    map[market.Symbol]string
	date     market.Date                      // that entries are being read of
	standing map[journalOwner]decimal.Decimal // unrealised at the end of the date before
	equity   map[market.Date]decimal.Decimal  // the last of each date
	first    *decimal.Decimal                 // equity as first read
	filled   map[string]bool                  // orders already counted
}

type journalOwner struct {
	strategy string
	symbol   market.Symbol
}

type ledgerKey struct {
	date market.Date
	journalOwner
}

// readLedger folds what moves orders, shares and the account. Decisions, the many, move none of them and are left out:
// what remains is numbered anew, as if there had been none.
func readLedger(ctx context.Context, j *journal.Journal) (*ledger, error) {
	l := &ledger{book: &journal.Book{}, cells: map[ledgerKey]*PnLRow{}, names: map[market.Symbol]string{}, standing: map[journalOwner]decimal.Decimal{}, equity: map[market.Date]decimal.Decimal{}, filled: map[string]bool{}}
	kinds := []string{"start", "intent", "answer", "bind", "absent", "fill", "final", "snapshot", "external", "operator"}
	for e, err := range j.Entries(ctx, journal.Query{Kinds: kinds}) {
		if err != nil {
			return nil, err
		}
		if err := l.entry(e); err != nil {
			return nil, err
		}
	}
	l.mark()
	return l, nil
}

func (l *ledger) entry(e journal.Entry) error {
	if d := market.DateOf(e.At); d != l.date {
		l.mark()
		l.date = d
	}
	before := l.book
	e.Seq = before.Seq() + 1
	next, err := before.Apply(e)
	if err != nil {
		return err
	}
	l.book = next
	switch b := e.Body.(type) {
	case journal.Fill:
		l.fill(before, b)
	case journal.Snapshot:
		l.equity[l.date] = b.Account.Equity
		if l.first == nil {
			l.first = &b.Account.Equity
		}
		for _, h := range b.Account.Holdings {
			if h.Name != "" {
				l.names[h.Symbol] = h.Name
			}
		}
	}
	return nil
}

// fill counts what a fill added. What it realised is what came in and what the lots lost in cost.
func (l *ledger) fill(before *journal.Book, f journal.Fill) {
	old, _ := before.Order(f.Intent)
	now, _ := l.book.Order(f.Intent)
	own := journalOwner{f.Strategy, f.Symbol}
	x := PnLRow{Fee: now.Fee.Sub(old.Fee), Tax: now.Tax.Sub(old.Tax)}
	value := now.Value.Sub(old.Value)
	x.Realised = cost(l.book, own).Sub(cost(before, own))
	if f.Side == broker.Buy {
		x.Bought, x.Realised = value, x.Realised.Sub(value)
	} else {
		x.Sold, x.Realised = value, x.Realised.Add(value)
	}
	if !l.filled[f.Intent] && now.Filled > 0 {
		l.filled[f.Intent], x.Fills = true, 1
	}
	l.cell(f.Date, own).add(x)
}

func (l *ledger) cell(d market.Date, own journalOwner) *PnLRow {
	key := ledgerKey{d, own}
	c := l.cells[key]
	if c == nil {
		c = &PnLRow{}
		l.cells[key] = c
	}
	return c
}

// cost is what the strategy's lots of the symbol cost.
func cost(b *journal.Book, own journalOwner) (sum decimal.Decimal) {
	for _, h := range b.Holdings() {
		if h.Strategy == own.strategy && h.Symbol == own.symbol {
			sum = sum.Add(costOf(h))
		}
	}
	return sum
}

func costOf(h journal.Holding) (sum decimal.Decimal) {
	for _, lot := range h.Lots {
		sum = sum.Add(lot.Value)
	}
	return sum
}

// unrealised is how far the account's last price carries the lots above their cost; zero while there is no price.
func unrealised(h journal.Holding, a broker.Account) decimal.Decimal {
	price := a.Holding(h.Symbol).Price
	if price.Sign() <= 0 {
		return decimal.Zero
	}
	return price.Mul(decimal.NewFromInt(h.Shares)).Sub(costOf(h))
}

// mark ends a date: what is held is held against its cost.
func (l *ledger) mark() {
	account, _ := l.book.Account()
	now := map[journalOwner]decimal.Decimal{}
	for _, h := range l.book.Holdings() {
		now[journalOwner{h.Strategy, h.Symbol}] = unrealised(h, account)
	}
	for own, was := range l.standing {
		if _, held := now[own]; !held && !was.IsZero() {
			l.cell(l.date, own).add(PnLRow{Unrealised: was.Neg()})
		}
	}
	for own, is := range now {
		if moved := is.Sub(l.standing[own]); !moved.IsZero() {
			l.cell(l.date, own).add(PnLRow{Unrealised: moved})
		}
	}
	l.standing = now
}

// sum gathers the period's cells by the keys, in their order.
func (l *ledger) sum(keys []string, span period) PnL {
	p := PnL{Rows: []PnLRow{}}
	rows := map[string]*PnLRow{}
	row := func(key ledgerKey) *PnLRow {
		var head PnLRow
		for _, k := range keys {
			switch k {
			case "strategy":
				head.Strategy = key.strategy
			case "symbol":
				head.Symbol, head.Name = key.symbol, orDefault(l.names[key.symbol], market.Known(key.symbol).Name)
			case "day":
				head.Day = key.date
			case "month":
				head.Month = monthOf(key.date)
			}
		}
		id := head.id(keys)
		if rows[id] == nil {
			rows[id] = &head
		}
		return rows[id]
	}
	for key, c := range l.cells {
		if span.has(key.date) {
			row(key).add(*c)
			p.Total.add(*c)
		}
	}
	l.measure(&p, wholeAccount(keys), span, row)
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		p.Rows = append(p.Rows, *rows[id])
	}
	return p
}

// measure adds the account's equity to rows of days and months, and to the total.
func (l *ledger) measure(p *PnL, whole bool, span period, row func(ledgerKey) *PnLRow) {
	last := l.first
	for _, d := range slices.Sorted(maps.Keys(l.equity)) {
		equity := l.equity[d]
		if last != nil && span.has(d) {
			if p.From == 0 {
				p.From = d
			}
			p.To = d
			moved := equity.Sub(*last)
			p.Total.account(equity, moved)
			if whole {
				row(ledgerKey{date: d}).account(equity, moved)
			}
		}
		last = &equity
	}
}

// wholeAccount tells whether a row has all that happened in its dates.
func wholeAccount(keys []string) bool {
	return len(keys) == 1 && (keys[0] == "day" || keys[0] == "month")
}

func (r *PnLRow) account(equity, moved decimal.Decimal) {
	if r.Change != nil {
		moved = moved.Add(*r.Change)
	}
	r.Equity, r.Change = &equity, &moved
}

func (r PnLRow) id(keys []string) string {
	var parts []string
	for _, k := range keys {
		parts = append(parts, r.key(k))
	}
	return strings.Join(parts, "\x00")
}

func (r PnLRow) key(k string) string {
	switch k {
	case "strategy":
		return r.Strategy
	case "symbol":
		return string(r.Symbol)
	case "day":
		if r.Day == 0 {
			return ""
		}
		return r.Day.String()
	}
	return r.Month
}

func monthOf(d market.Date) string { return d.At(0, 0).Format("2006-01") }

func (p PnL) print(w io.Writer, keys []string) error {
	if p.From == 0 {
		_, err := fmt.Fprintln(w, "the account was not read in these dates")
		return err
	}
	whole := wholeAccount(keys)
	var heads []string
	for _, k := range keys {
		heads = append(heads, "="+k)
		if k == "symbol" {
			heads = append(heads, "?name")
		}
	}
	heads = append(heads, "?>fills", "?>bought", "?>sold", ">realised", ">fee", ">tax", ">unrealised", ">result")
	if whole {
		heads = append(heads, ">equity", ">change")
	}
	t := newTable(heads...)
	line := func(r PnLRow, first string) {
		var out []string
		for _, k := range keys {
			out = append(out, cmp.Or(first, r.key(k)))
			if first = ""; k == "symbol" {
				out = append(out, r.Name)
			}
		}
		out = append(out, groupedInt(int64(r.Fills)))
		for _, d := range []decimal.Decimal{r.Bought, r.Sold, r.Realised, r.Fee, r.Tax, r.Unrealised, r.Result} {
			out = append(out, grouped(d))
		}
		if whole {
			out = append(out, groupedOr(r.Equity), groupedOr(r.Change))
		}
		t.add(out...)
	}
	for _, r := range p.Rows {
		line(r, "")
	}
	line(p.Total, "total")
	if err := t.print(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s to %s, in won; equity %s, %s in these dates\n", p.From, p.To, groupedOr(p.Total.Equity), signedWon(p.Total.Change))
	return err
}

func groupedOr(d *decimal.Decimal) string {
	if d == nil {
		return "-"
	}
	return grouped(*d)
}

func signedWon(d *decimal.Decimal) string {
	if d != nil && d.Sign() > 0 {
		return "+" + grouped(*d)
	}
	return groupedOr(d)
}
