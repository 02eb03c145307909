package indicator

import (
	"github.com/shopspring/decimal"

	"maemae/series"
)

// constant is a column of one whole number.
func constant(n int, v int64) series.Series {
	return series.Constant(n, decimal.NewFromInt(v))
}

// times is s times a constant, exact.
func times(s series.Series, k decimal.Decimal) series.Series {
	return series.Mul(s, series.Constant(s.Len(), k))
}

// scaled is s times a whole number, exact.
func scaled(s series.Series, k int64) series.Series {
	return times(s, decimal.NewFromInt(k))
}

// over is s divided by a whole number, rounded once.
func over(s series.Series, k int64) series.Series {
	return series.Div(s, constant(s.Len(), k))
}

// percent is 100*a/b, rounded once.
func percent(a, b series.Series) series.Series {
	return series.Div(scaled(a, 100), b)
}

// whereZero is value where test is 0, and s elsewhere.
func whereZero(test, value, s series.Series) series.Series {
	return series.Where(series.Equal(test, constant(test.Len(), 0)), value, s)
}

// positive is s where it is above 0, else 0.
func positive(s series.Series) series.Series {
	return series.Larger(s, constant(s.Len(), 0))
}

// sign is 1 where s is above 0, -1 where it is below, else 0.
func sign(s series.Series) series.Series {
	zero := constant(s.Len(), 0)
	return series.Sub(series.Less(zero, s).Series(), series.Less(s, zero).Series())
}

// total3 is the sum of three columns.
func total3(a, b, c series.Series) series.Series {
	return series.Add(series.Add(a, b), c)
}

// delayed is the column of values that begins on bar first; the bars before are
// not ready.
func delayed(values []decimal.Decimal, first int) series.Series {
	return series.FromDecimals(append(make([]decimal.Decimal, first), values...)).From(first)
}
