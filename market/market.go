// Package market holds the nouns and numbers of the Korean stock market: symbols, dates, bars, quotes, sessions, price
// ticks, limits and costs. It does no I/O, reads no clock, and knows neither rules nor brokers.
package market

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// KST is the zone of every session, date and cron line: UTC+9, no daylight saving since 1988. It is a fixed zone, so
// that nothing depends on the host's zone data.
var KST = time.FixedZone("KST", 9*60*60)

// Symbol is the code of a listed issue as KRX and KIS write it: six characters of 0-9 and A-Z ("005930"), or Q and six
// digits for an exchange traded note. Leading zeros count.
type Symbol string

// ParseSymbol accepts exactly the form of Symbol.
func ParseSymbol(text string) (Symbol, error) {
	ok := len(text) == 6 || len(text) == 7 && text[0] == 'Q'
	for i := 0; ok && i < len(text); i++ {
		c := text[i]
		ok = c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' && len(text) == 6 || i == 0 && c == 'Q'
	}
	if !ok {
		return "", fmt.Errorf("symbol %q: want six characters 0-9 A-Z such as 005930", text)
	}
	return Symbol(text), nil
}

// Board is the market division an issue is listed on.
type Board string

const (
	KOSPI  Board = "KOSPI"
	KOSDAQ Board = "KOSDAQ"
)

// Kind tells what a symbol is; tick ladder and sales tax depend on it.
type Kind string

const (
	Stock Kind = "stock"
	ETF   Kind = "etf"
	ETN   Kind = "etn"
)

// fund tells whether the kind trades like a fund: its own ticks, no sales tax.
func (k Kind) fund() bool { return k == ETF || k == ETN }

// Instrument is what a person needs to know of a symbol. Name is the Korean issue name (종목명), empty if unknown.
type Instrument struct {
	Symbol Symbol `json:"symbol"`
	Name   string `json:"name,omitempty"`
	Board  Board  `json:"board"`
	Kind   Kind   `json:"kind"`
}

// Date is a civil date in KST, written as the integer yyyymmdd, so that dates compare with < and ==. The zero Date is
// no date.
type Date int32

// DateOf is the date of the moment in KST.
func DateOf(t time.Time) Date {
	y, m, d := t.In(KST).Date()
	return Date(y*10000 + int(m)*100 + d)
}

// ParseDate accepts 2006-01-02 and 20060102.
func ParseDate(text string) (Date, error) {
	for _, layout := range []string{"2006-01-02", "20060102"} {
		if t, err := time.ParseInLocation(layout, text, KST); err == nil {
			return DateOf(t), nil
		}
	}
	return 0, fmt.Errorf("date %q: want YYYY-MM-DD", text)
}

// Valid tells whether the date exists in the calendar, in the years 1 to 9999.
func (d Date) Valid() bool {
	year, month, day := int(d/10000), int(d/100%100), int(d%100)
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 {
		return false
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		days++
	}
	return day <= days
}

// At is the moment hour:minute KST of the date.
func (d Date) At(hour, minute int) time.Time {
	return time.Date(int(d/10000), time.Month(d/100%100), int(d%100), hour, minute, 0, 0, KST)
}

// Add moves by calendar days.
func (d Date) Add(days int) Date {
	if day := d % 100; days == 1 && day > 0 && day < 28 {
		return d + 1 // whoever walks along dates asks for most of them
	}
	return DateOf(d.At(12, 0).AddDate(0, 0, days))
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.At(12, 0).Weekday() }

// String is 2006-01-02; the zero Date is the empty string.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d/10000, d/100%100, d%100)
}

// Compact is 20060102, the form KIS uses.
func (d Date) Compact() string { return fmt.Sprintf("%08d", int32(d)) }

// MarshalText writes the form of String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the forms of ParseDate; empty text is the zero Date.
func (d *Date) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*d = 0
		return nil
	}
	*d, err = ParseDate(string(text))
	return err
}

// Bar is one session of a symbol: prices in won, volume in shares. A halted session has open = high = low = close and
// volume 0 (Normalize makes it so).
type Bar struct {
	Date   Date            `json:"date"`
	Open   decimal.Decimal `json:"open"`
	High   decimal.Decimal `json:"high"`
	Low    decimal.Decimal `json:"low"`
	Close  decimal.Decimal `json:"close"`
	Volume int64           `json:"volume"`
}

// Normalize turns the wire's two ways of writing an honest bar that Check would refuse into one it passes. Zero open,
// high or low means halted: the bar becomes flat at the close with volume 0, and halted is true. And adjusted prices,
// each rounded by itself, may put open or close up to one won outside high and low: those widen to hold them.
func (b Bar) Normalize() (_ Bar, halted bool) {
	if b.Open.IsZero() || b.High.IsZero() || b.Low.IsZero() {
		b.Open, b.High, b.Low, b.Volume = b.Close, b.Close, b.Close, 0
		return b, true
	}
	one := decimal.NewFromInt(1)
	if top := decimal.Max(b.Open, b.Close); top.GreaterThan(b.High) && top.Sub(b.High).LessThanOrEqual(one) {
		b.High = top
	}
	if bottom := decimal.Min(b.Open, b.Close); bottom.LessThan(b.Low) && b.Low.Sub(bottom).LessThanOrEqual(one) {
		b.Low = bottom
	}
	return b, false
}

// Check finds a bar that no session can have made.
func (b Bar) Check() error {
	switch {
	case b.Date == 0:
		return fmt.Errorf("bar without a date")
	case b.Low.Sign() <= 0:
		return fmt.Errorf("bar %s: price not above zero", b.Date)
	case b.High.LessThan(b.Open), b.High.LessThan(b.Close), b.Low.GreaterThan(b.Open), b.Low.GreaterThan(b.Close):
		return fmt.Errorf("bar %s: high %s and low %s do not enclose open %s and close %s", b.Date, b.High, b.Low, b.Open, b.Close)
	case b.Volume < 0:
		return fmt.Errorf("bar %s: volume %d below zero", b.Date, b.Volume)
	}
	return nil
}

// Quote is the market in one symbol at the moment it was received. Prices are in won; a price that the venue did not
// give is zero.
type Quote struct {
	Symbol Symbol          `json:"symbol"`
	Name   string          `json:"name,omitempty"`
	At     time.Time       `json:"at"`    // when the answer was received
	Price  decimal.Decimal `json:"price"` // last trade (현재가)
	Ask    decimal.Decimal `json:"ask"`   // best offer (매도호가)
	Bid    decimal.Decimal `json:"bid"`   // best bid (매수호가)
	Base   decimal.Decimal `json:"base"`  // the day's base price (기준가)
	Upper  decimal.Decimal `json:"upper"` // upper price limit (상한가)
	Lower  decimal.Decimal `json:"lower"` // lower price limit (하한가)
	Open   decimal.Decimal `json:"open"`
	High   decimal.Decimal `json:"high"`
	Low    decimal.Decimal `json:"low"`
	Volume int64           `json:"volume"` // shares traded today
	Halted bool            `json:"halted,omitempty"`
	Marks  []Mark          `json:"marks,omitempty"` // what the exchange warns of, in the order of Marks
}

// Mark is a warning that the exchange ties to an issue, or to its trading at the moment.
type Mark string

const (
	Administrative Mark = "administrative" // 관리종목: may be delisted
	Liquidation    Mark = "liquidation"    // 정리매매: last days before delisting
	Warning        Mark = "warning"        // 투자경고
	Danger         Mark = "danger"         // 투자위험
	Overheated     Mark = "overheated"     // 단기과열: single price sessions
	Interrupted    Mark = "interrupted"    // VI 발동 (변동성완화장치): two minutes of a single price session
)

// Marks are all of them.
func Marks() []Mark {
	return []Mark{Administrative, Liquidation, Warning, Danger, Overheated, Interrupted}
}

// Forming is today's bar as the quote shows it: open, high, low and volume so far, close = the last price.
func (q Quote) Forming() Bar {
	b := Bar{Date: DateOf(q.At), Open: q.Open, High: q.High, Low: q.Low, Close: q.Price, Volume: q.Volume}
	b, _ = b.Normalize()
	return b
}
