package report

import (
	"strconv"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// monthRow is a year of monthly returns; a month outside the run is empty.
type monthRow struct {
	Year   int
	Months [12]cell
	Whole  cell
}

type yearRow struct {
	Year                    int
	Return, Drawdown        cell
	Fills, Traded, Turnover cell
	Fees, Taxes             cell
}

func yearOf(d market.Date) int { return int(d) / 10000 }

func monthOf(d market.Date) int { return int(d) / 100 % 100 }

// calendarOf cuts the curve at the ends of months and years, and the fills with it. A return is the equity at the end of
// a month over that at the end of the one before, the first over the cash at the start.
func calendarOf(r Run) ([]monthRow, []yearRow) {
	var months []monthRow
	var years []yearRow
	n := r.Equity.Len()
	monthStart, yearStart := r.Cash, r.Cash
	high, fall, sum, from := r.Cash, decimal.Zero, decimal.Zero, 0
	trades := r.Trades
	for i := range n {
		p := r.Equity.At(i)
		year, month := yearOf(p.Date), monthOf(p.Date)
		if len(months) == 0 || months[len(months)-1].Year != year {
			months = append(months, monthRow{Year: year})
			high, fall, sum, from = yearStart, decimal.Zero, decimal.Zero, i
		}
		sum, high = sum.Add(p.Equity), decimal.Max(high, p.Equity)
		if f := over(high.Sub(p.Equity), high); f.Defined {
			fall = decimal.Max(fall, f.Value)
		}
		row := &months[len(months)-1]
		last := i == n-1
		if last || monthOf(r.Equity.date(i+1)) != month || yearOf(r.Equity.date(i+1)) != year {
			row.Months[month-1] = change(monthStart, p.Equity, "0.15")
			monthStart = p.Equity
		}
		if !last && yearOf(r.Equity.date(i+1)) == year {
			continue
		}
		row.Whole = change(yearStart, p.Equity, "0.40")
		y := yearRow{Year: year, Return: change(yearStart, p.Equity, ""), Drawdown: percentCell(ratio(fall))}
		var count int
		var traded, fees, taxes decimal.Decimal
		for len(trades) > 0 && (last || trades[0].Date <= p.Date) {
			t := trades[0]
			count, traded, fees, taxes = count+1, traded.Add(t.Value()), fees.Add(t.Fee), taxes.Add(t.Tax)
			trades = trades[1:]
		}
		y.Fills, y.Traded, y.Fees, y.Taxes = countCell(int64(count)), wonCell(traded), wonCell(fees), wonCell(taxes)
		if turnover := over(traded.Mul(decimal.NewFromInt(int64(i-from+1))), sum); turnover.Defined {
			y.Turnover = cell{Value: turnover.String(), Text: grouped2(turnover.Value)}
		}
		years = append(years, y)
		yearStart = p.Equity
	}
	return months, years
}

// change is the return from one equity to another, shaded up to the part that is given.
func change(from, to decimal.Decimal, full string) cell {
	r := over(to.Sub(from), from)
	if !r.Defined {
		return cell{Text: "–"}
	}
	c := signed(percentCell(r), r.Value)
	if full == "" {
		return c
	}
	if c.Text = group(r.Value.Shift(2).StringFixed(1)); c.Class == "" {
		return c
	}
	c.Class += " " + shade(r.Value.Abs(), decimal.RequireFromString(full))
	return c
}

// shade is h1 to h9 for a part of the whole.
func shade(part, whole decimal.Decimal) string {
	level := int64(9)
	if part.LessThan(whole) {
		level = 1 + part.Mul(decimal.New(9, 0)).DivRound(whole, 8).IntPart()
	}
	return "h" + strconv.FormatInt(min(level, 9), 10)
}
