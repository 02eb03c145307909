package report

import (
	"encoding/json"
	"sort"

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
	dates  []market.Date
	scale  int32
	equity []int64
	cash   []Step
	wide   []Point // in place of the columns
}

// Step is cash that an account had from a point on.
type Step struct {
	From int // index of the point
	Cash int64
}

// CurveOf is the curve of a column of equity, and of the cash as the steps in which it changed, the first from point 0:
// an amount is mantissa / 10^scale won. It takes ownership of the slices.
func CurveOf(dates []market.Date, scale int32, equity []int64, cash []Step) Curve {
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
	step := sort.Search(len(c.cash), func(k int) bool { return c.cash[k].From > i }) - 1
	return Point{c.dates[i], decimal.New(c.equity[i], -c.scale), decimal.New(c.cash[step].Cash, -c.scale)}
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
