package report

import (
	"github.com/shopspring/decimal"

	"maemae/market"
)

// Index is a series of closes beside a run: what the cash of the run would have become if it had followed them from the
// first close of the run on, in parts of shares and without costs.
type Index struct {
	Name            string      `json:"name"`
	From            market.Date `json:"from"` // first close of the run; until then the index stands at the cash of the start
	TotalReturn     Ratio       `json:"total_return"`
	AnnualReturn    Ratio       `json:"annual_return"`
	Volatility      Ratio       `json:"volatility"`
	Sharpe          Ratio       `json:"sharpe"`
	Sortino         Ratio       `json:"sortino"`
	MaxDrawdown     Ratio       `json:"max_drawdown"`
	MaxDrawdownDays int         `json:"max_drawdown_days"`
	ExcessReturn    Ratio       `json:"excess_return"` // total return of the run less that of the index

	equity []decimal.Decimal
}

// Against holds a measured run against closes, oldest first; nil where they have none in the time of the run.
func Against(r Run, name string, bars []market.Bar) *Index {
	n, closes := r.Equity.Len(), within(bars, r.From, r.To)
	if n == 0 || len(closes) == 0 {
		return nil
	}
	dates, points := make([]market.Date, n), make([]Point, n)
	for i := range dates {
		dates[i] = r.Equity.date(i)
	}
	x := &Index{Name: name, From: closes[0].Date, equity: scaledTo(r.Cash, dates, bars)}
	for i, e := range x.equity {
		points[i] = Point{Date: dates[i], Equity: e}
	}
	m := Measure(Run{Cash: r.Cash, Equity: CurveOfPoints(points)})
	x.TotalReturn, x.AnnualReturn, x.Volatility, x.Sharpe, x.Sortino = m.TotalReturn, m.AnnualReturn, m.Volatility, m.Sharpe, m.Sortino
	x.MaxDrawdown, x.MaxDrawdownDays = m.MaxDrawdown, m.MaxDrawdownDays
	if r.Metrics.TotalReturn.Defined && x.TotalReturn.Defined {
		x.ExcessReturn = Ratio{r.Metrics.TotalReturn.Value.Sub(x.TotalReturn.Value), true}
	}
	return x
}
