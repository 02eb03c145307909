package indicator

import "maemae/series"

// regression is the least-squares line through the last period values, drawn over
// t = 1 (the oldest) to period: its value on this bar, its slope per bar and its
// intercept at t = 0. All three are weighted sums with one rounding each.
var regression = Spec{
	ID: "regression", Title: "Linear regression", TitleKorean: "선형회귀", Group: others,
	Summary: "The straight line that fits the last values best.",
	Formula: "value = intercept + slope*period; slope = 6*sum((2t-n-1)*x) / (n*(n^2-1)), intercept = sum((4n+2-6t)*x) / (n*(n-1)), n = period",
	Source:  "Lean LeastSquaresMovingAverage",
	Unit:    "as the series", Example: "regression(close, 14).slope > 0",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{integer("period", 14, 2, 1000)}, Outputs: []string{"value", "slope", "intercept"},
	warmUp: periodOf,
	compute: func(in Input, a Args) []series.Series {
		n := int64(a.Integer("period"))
		fit := func(perBar, base, divisor int64) series.Series {
			weights := make([]int64, n)
			for i := range weights {
				weights[i] = perBar*int64(i+1) + base
			}
			return series.Weighted(in.Source, weights, divisor)
		}
		return []series.Series{
			fit(6, -2*n-2, n*(n+1)),
			fit(12, -6*n-6, n*(n*n-1)),
			fit(-6, 4*n+2, n*(n-1)),
		}
	},
}
