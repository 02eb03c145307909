package indicator

import "maemae/series"

// mfi is the money flow index, 0 to 100: the money (typical price times volume)
// of bars whose typical price rose, in percent of that of the bars where it rose
// or fell. The first bar counts as a rise. Without any such money it is 100. It
// is computed on high+low+close, which leaves the quotient as it is.
var mfi = Spec{
	ID: "mfi", Title: "Money flow index", TitleKorean: "자금흐름지수", Group: volumes,
	Summary: "A volume-weighted RSI: above 80 overbought, below 20 oversold.",
	Formula: "100 * sum(flow of rises, period) / sum(flow of rises and falls, period); flow = (high + low + close) * volume",
	Source:  "Lean MoneyFlowIndex",
	Unit:    "percent, 0 to 100", Example: "mfi(14) < 20",
	Reads: []string{"high", "low", "close", "volume"}, PercentUnit: true,
	Params: []Param{period(14)}, Outputs: []string{"value"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		t := total3(in.High, in.Low, in.Close)
		zero, hundred := constant(t.Len(), 0), constant(t.Len(), 100)
		flow := series.Mul(t, in.Volume)
		move := series.Else(series.Change(t, 1), t)
		rises := series.Sum(series.Where(series.Less(zero, move), flow, zero), n)
		falls := series.Sum(series.Where(series.Less(move, zero), flow, zero), n)
		all := series.Add(rises, falls)
		return one(whereZero(all, hundred, percent(rises, all)))
	},
}
