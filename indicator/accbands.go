package indicator

import "maemae/series"

// accbands is Headley's acceleration bands: simple averages of the close and of
// high and low, moved outwards by width times the bar's share of range. Where
// high and low are 0 it is not ready.
var accbands = Spec{
	ID: "accbands", Title: "Acceleration bands", TitleKorean: "가속 밴드", Group: volatilities,
	Summary: "A band that widens with the range of the bars.",
	Formula: "upper = sma(high + high*c, period); middle = sma(close, period); lower = sma(low - low*c, period); c = width*(high - low)/(high + low)",
	Source:  "Lean AccelerationBands (Simple)",
	Unit:    "price", Example: "close > accbands(20, 4).upper",
	Reads:   []string{"high", "low", "close"},
	Params:  []Param{period(20), multiplier("width", 4)},
	Outputs: []string{"middle", "upper", "lower"},
	warmUp:  periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		reach := times(series.Sub(in.High, in.Low), a.Decimal("width"))
		both := series.Add(in.High, in.Low)
		upper := series.Add(in.High, series.Div(series.Mul(in.High, reach), both))
		lower := series.Sub(in.Low, series.Div(series.Mul(in.Low, reach), both))
		return []series.Series{series.Mean(in.Close, n), series.Mean(upper, n), series.Mean(lower, n)}
	},
}
