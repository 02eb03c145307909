package indicator

import "maemae/series"

// bollinger is a band of so many standard deviations around a simple moving
// average. The deviation is that of the population: root((n*sum(x^2) -
// sum(x)^2) / n^2), with one rounding for the quotient and one for the root; the
// band is exact from there.
var bollinger = Spec{
	ID: "bollinger", Title: "Bollinger bands", TitleKorean: "볼린저밴드", Group: volatilities,
	Summary: "A band around the average, as wide as prices have lately scattered.",
	Formula: "middle = sma(x, period); upper, lower = middle +- std * std(x, period), population",
	Source:  "Lean BollingerBands (Simple)",
	Unit:    "as the series", Example: "close < bollinger(20, 2).lower",
	Reads: []string{"close"}, TakesSeries: true,
	Params:  []Param{period(20), multiplier("std", 2)},
	Outputs: []string{"middle", "upper", "lower"},
	warmUp:  periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		middle := series.Mean(in.Source, n)
		return band(middle, times(series.Sqrt(series.Variance(in.Source, n)), a.Decimal("std")))
	},
}

// band is middle, upper and lower of a middle and a half width.
func band(middle, half series.Series) []series.Series {
	return []series.Series{middle, series.Add(middle, half), series.Sub(middle, half)}
}
