package indicator

import "maemae/series"

// rvi is the relative vigor index: close - open against high - low, each with the
// weights 1, 2, 2, 1 over four bars and averaged over period bars. Without any
// range it is not ready.
var rvi = Spec{
	ID: "rvi", Title: "Relative vigor index", TitleKorean: "상대활력지수", Group: oscillators,
	Summary: "Whether bars close near their upper or their lower end.",
	Formula: "sum(f(close - open), period) / sum(f(high - low), period); f(y) = y + 2*y[1] + 2*y[2] + y[3]",
	Source:  "Lean RelativeVigorIndex (Simple)",
	Unit:    "none, -1 to 1", Example: "rvi(10) > 0",
	Reads:  []string{"open", "high", "low", "close"},
	Params: []Param{period(10)}, Outputs: []string{"value"},
	warmUp: periodAnd(3),
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		body := series.Sum(weigh1221(series.Sub(in.Close, in.Open)), n)
		return one(series.Div(body, series.Sum(weigh1221(series.Sub(in.High, in.Low)), n)))
	},
}

// weigh1221 is s + 2*s[1] + 2*s[2] + s[3].
func weigh1221(s series.Series) series.Series {
	inner := series.Add(series.Shift(s, 1), series.Shift(s, 2))
	return total3(s, scaled(inner, 2), series.Shift(s, 3))
}
