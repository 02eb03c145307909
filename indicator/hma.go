package indicator

import (
	"math/bits"

	"maemae/series"
)

// hma is the Hull moving average: the linearly weighted average over root(period)
// bars of 2*lwma(period/2) - lwma(period). Half and root are rounded to whole
// bars, halves to the even neighbour.
var hma = Spec{
	ID: "hma", Title: "Hull moving average", TitleKorean: "헐이동평균", Group: averages,
	Summary: "A smooth weighted average with little delay.",
	Formula: "lwma(2*lwma(x, period/2) - lwma(x, period), root(period))",
	Source:  "Lean HullMovingAverage",
	Unit:    "as the series", Example: "hma(close, 20) > hma(close, 20)[1]",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{integer("period", 20, 2, 1000)}, Outputs: []string{"value"},
	warmUp: func(a Args) []int { n := a.Integer("period"); return []int{n + nearestRoot(n) - 1} },
	compute: func(in Input, a Args) []series.Series {
		n := a.Integer("period")
		fast, slow := linear(in.Source, halfToEven(n)), linear(in.Source, n)
		return one(linear(series.Sub(scaled(fast, 2), slow), nearestRoot(n)))
	},
}

// halfToEven is n/2; a half goes to the even neighbour.
func halfToEven(n int) int {
	half := n / 2
	return half + n&1&half
}

// nearestRoot is the whole number nearest to the root of n. (No root of a whole
// number lies half way.)
func nearestRoot(n int) int {
	r := 1 << ((bits.Len(uint(n)) + 1) / 2) // not below the root
	for r*r-r >= n {
		r--
	}
	return r
}
