package report

import (
	"encoding/json"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// Point is an account after the close of a session, in won: Cash after all fills (D+2), Equity with the holdings at
// their last close.
type Point struct {
	Date   market.Date     `json:"date"`
	Equity decimal.Decimal `json:"equity"`
	Cash   decimal.Decimal `json:"cash"`
}

// Curve is one point a session, oldest first. It is kept in columns of integers where they hold it, because a curve may
// have a million points; the zero Curve has none.
type Curve struct {
	dates        []market.Date
	scale        int32
	equity, cash []int64
	wide         []Point // in place of the columns
}

// CurveOf is the curve of columns of one length: an amount is mantissa / 10^scale won. It takes ownership of them.
func CurveOf(dates []market.Date, scale int32, equity, cash []int64) Curve {
	return Curve{dates: dates, scale: scale, equity: equity, cash: cash}
}

// CurveOfPoints is the curve of amounts that 64 bits may not hold.
func CurveOfPoints(points []Point) Curve { return Curve{wide: points} }

// Len is the number of points.
func (c Curve) Len() int { return max(len(c.dates), len(c.wide)) }

// At is point i.
func (c Curve) At(i int) Point {
	if c.wide != nil {
		return c.wide[i]
	}
	return Point{c.dates[i], decimal.New(c.equity[i], -c.scale), decimal.New(c.cash[i], -c.scale)}
}

// date is the date of point i.
func (c Curve) date(i int) market.Date {
	if c.wide != nil {
		return c.wide[i].Date
	}
	return c.dates[i]
}

// MarshalJSON writes the list of points.
func (c Curve) MarshalJSON() ([]byte, error) {
	out := []byte{'['}
	for i := range c.Len() {
		if i > 0 {
			out = append(out, ',')
		}
		text, err := json.Marshal(c.At(i))
		if err != nil {
			return nil, err
		}
		out = append(out, text...)
	}
	return append(out, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Curve) UnmarshalJSON(text []byte) error {
	*c = Curve{}
	return json.Unmarshal(text, &c.wide)
}
