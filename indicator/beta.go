package indicator

import "maemae/series"

// beta is the covariance of the bar's and the index's returns over the variance
// of the index's. Returns are rounded, the quotient is rounded once. Without an
// index, and where the index did not move, it is not ready.
var beta = Spec{
	ID: "beta", Title: "Beta", TitleKorean: "베타", Group: volatilities,
	Summary: "How strongly the price follows the market index.",
	Formula: "(n*sum(r*m) - sum(r)*sum(m)) / (n*sum(m^2) - sum(m)^2); r, m = returns of close and index, n = period",
	Source:  "Lean Beta",
	Unit:    "none", Example: "beta(252) < 1",
	Reads:  []string{"close", "index"},
	Params: []Param{integer("period", 252, 2, 1000)}, Outputs: []string{"value"},
	warmUp: periodAnd(1),
	compute: func(in Input, a Args) []series.Series {
		return one(slopeOn(returnsOf(in.Close), returnsOf(indexOf(in)), a.Integer("period")))
	},
}

// indexOf is the index column, not ready where there is none.
func indexOf(in Input) series.Series {
	if in.Index.Len() == 0 {
		return series.NotReady(in.Close.Len())
	}
	return in.Index
}

// returnsOf is the change of a bar as a ratio.
func returnsOf(s series.Series) series.Series {
	return series.Div(series.Change(s, 1), series.Shift(s, 1))
}

// slopeOn is the slope of y on x over n bars.
func slopeOn(y, x series.Series, n int) series.Series {
	return series.Div(covariance(y, x, n), covariance(x, x, n))
}

// covariance is n^2 times the population covariance of the last n bars, exact.
func covariance(x, y series.Series, n int) series.Series {
	products := scaled(series.Sum(series.Mul(x, y), n), int64(n))
	return series.Sub(products, series.Mul(series.Sum(x, n), series.Sum(y, n)))
}
