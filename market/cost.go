package market

import "github.com/shopspring/decimal"

// Costs is what a fill costs besides its price: the broker's fee on both sides and the sales tax on sells. The zero
// Costs has no fee and still the tax.
type Costs struct {
	FeeRate decimal.Decimal // part of the traded value; 0.00015 is 0.015 %
}

// DefaultCosts carries the fee of KIS's online accounts for domestic stocks: 0.0140527 % (BanKIS, 2026).
func DefaultCosts() Costs { return Costs{FeeRate: decimal.New(140527, -9)} }

// Fee is the broker's fee on a fill of that value, in won, cut to the won.
func (c Costs) Fee(value decimal.Decimal) decimal.Decimal { return value.Mul(c.FeeRate).Floor() }

// Tax is the sales tax on a sell of that value that settles on the date, in won, cut to the won. Buys pay none.
func (c Costs) Tax(value decimal.Decimal, of Instrument, settles Date) decimal.Decimal {
	rate, _ := SalesTax(of.Board, of.Kind, settles)
	return value.Mul(rate).Floor()
}

// salesTax holds the rates by settlement date; each row counts to the next. KOSPI's includes the special tax for
// rural development (농어촌특별세), 0.15 points in every row.
var salesTax = [...]struct {
	from          Date
	kospi, kosdaq decimal.Decimal
}{
	{19970101, decimal.New(30, -4), decimal.New(30, -4)},
	{20190603, decimal.New(25, -4), decimal.New(25, -4)},
	{20210101, decimal.New(23, -4), decimal.New(23, -4)},
	{20230101, decimal.New(20, -4), decimal.New(20, -4)},
	{20240101, decimal.New(18, -4), decimal.New(18, -4)},
	{20250101, decimal.New(15, -4), decimal.New(15, -4)},
	{20260101, decimal.New(20, -4), decimal.New(20, -4)},
}

// SalesTax is the tax on sells (증권거래세) as a part of the value: by the date of settlement, two sessions after the
// trade. ETF and ETN pay none. The table begins in 1997; earlier dates get its first rate with assumed true, so that
// whoever prints the result can say so.
func SalesTax(board Board, kind Kind, settles Date) (rate decimal.Decimal, assumed bool) {
	if kind.fund() {
		return decimal.Zero, false
	}
	row := salesTax[0]
	for _, r := range salesTax {
		if settles >= r.from {
			row = r
		}
	}
	rate = row.kospi
	if board == KOSDAQ {
		rate = row.kosdaq
	}
	return rate, settles < salesTax[0].from
}
