package indicator

import "maemae/series"

// ad is Chaikin's accumulation/distribution line: the running total of volume
// times the place of the close in the bar, -1 at the low to 1 at the high. A bar
// without a range adds nothing. Each bar's product is rounded once.
var ad = Spec{
	ID: "ad", Title: "Accumulation/distribution", TitleKorean: "누적분산", Group: volumes,
	Summary: "Volume added up with the side of the bar it closed on.",
	Formula: "ad[1] + volume * ((close - low) - (high - close)) / (high - low)",
	Source:  "Lean AccumulationDistribution",
	Unit:    "shares", Example: "ad() > sma(ad(), 20)",
	Reads:   []string{"high", "low", "close", "volume"},
	Outputs: []string{"value"},
	warmUp:  bars(1),
	compute: accumulation,
}

// accumulation is the accumulation/distribution line.
func accumulation(in Input, _ Args) []series.Series { return one(series.Total(moneyFlow(in))) }

// moneyFlow is volume times the place of the close in the bar, 0 without a
// range.
func moneyFlow(in Input) series.Series {
	width := series.Sub(in.High, in.Low)
	side := series.Sub(scaled(in.Close, 2), series.Add(in.High, in.Low))
	return whereZero(width, constant(width.Len(), 0), series.Div(series.Mul(side, in.Volume), width))
}
