package indicator

import "maemae/series"

// macd is the difference of a fast and a slow exponential moving average, its
// own exponential average (signal), and the distance of the two (histogram).
var macd = Spec{
	ID: "macd", Title: "Moving average convergence divergence", TitleKorean: "이동평균수렴확산", Group: oscillators,
	Summary: "The distance of a fast and a slow average, and how it is changing.",
	Formula: "value = ema(x, fast) - ema(x, slow); signal = ema(value, signal); histogram = value - signal",
	Source:  "Lean MovingAverageConvergenceDivergence (Exponential)",
	Unit:    "as the series", Example: "macd(fast=12, slow=26, signal=9).histogram > 0",
	Reads: []string{"close"}, TakesSeries: true,
	Params:  []Param{integer("fast", 12, 1, 500), integer("slow", 26, 1, 500), integer("signal", 9, 1, 100)},
	Outputs: []string{"value", "signal", "histogram"},
	check:   fastBelowSlow,
	warmUp: func(a Args) []int {
		slow, signal := a.Integer("slow"), a.Integer("slow")+a.Integer("signal")-1
		return []int{slow, signal, signal}
	},
	compute: func(in Input, a Args) []series.Series {
		fast, slow, signal := a.Integer("fast"), a.Integer("slow"), a.Integer("signal")
		if out, ok := convergenceNarrow(in.Source, fast, slow, signal); ok {
			return out
		}
		value := series.Sub(exponential(in.Source, fast), exponential(in.Source, slow))
		line := exponential(value, signal)
		return []series.Series{value, line, series.Sub(value, line)}
	},
}

// convergenceNarrow is macd in one pass over 64-bit mantissas that are not
// negative; false where they do not suffice.
func convergenceNarrow(s series.Series, fast, slow, signal int) ([]series.Series, bool) {
	v, ok := s.Narrow()
	top, fit := series.Narrow{Scale: v.Scale, High: v.High}.AtScale(series.Digits)
	if !ok || !fit || v.Low < 0 || top.High >= 1<<60/int64(max(slow, signal)+1) {
		return nil, false
	}
	n := len(v.Mantissas)
	first := v.First + slow - 1
	out := [3]series.Narrow{}
	for i := range out {
		out[i] = series.Narrow{Mantissas: make([]int64, n), Scale: series.Digits, First: first + signal - 1, Low: -2 * top.High, High: 2 * top.High}
	}
	out[0].First = first
	columns := func() ([]series.Series, bool) {
		return []series.Series{out[0].Series(), out[1].Series(), out[2].Series()}, true
	}
	if first >= n {
		return columns()
	}
	up := powerOfTen(series.Digits - v.Scale)
	quick, quickKeep := series.NewDivider(int64(fast)+1), int64(fast)-1
	lazy, lazyKeep := series.NewDivider(int64(slow)+1), int64(slow)-1
	x := v.Mantissas[v.First:]
	ef, es := meanOfFirst(x, fast, up), meanOfFirst(x, slow, up)
	for _, p := range x[fast:slow] {
		ef = quick.Unsigned(2*up*p + quickKeep*ef)
	}
	x = x[slow-1:]
	value, line, histogram := out[0].Mantissas[first:], out[1].Mantissas[first:], out[2].Mantissas[first:]
	value[0] = ef - es
	lead := min(signal, len(x))
	for i := 1; i < lead; i++ {
		ef = quick.Unsigned(2*up*x[i] + quickKeep*ef)
		es = lazy.Unsigned(2*up*x[i] + lazyKeep*es)
		value[i] = ef - es
	}
	if len(x) < signal {
		return columns()
	}
	smooth, smoothKeep := series.NewDivider(int64(signal)+1), int64(signal)-1
	eg := meanOfFirst(value, signal, 1)
	line[signal-1], histogram[signal-1] = eg, value[signal-1]-eg
	value, line, histogram = value[:len(x)], line[:len(x)], histogram[:len(x)]
	for i := signal; i < len(x); i++ {
		p := 2 * up * x[i]
		ef = quick.Unsigned(p + quickKeep*ef)
		es = lazy.Unsigned(p + lazyKeep*es)
		eg = smooth.Signed(2*(ef-es) + smoothKeep*eg)
		value[i], line[i], histogram[i] = ef-es, eg, ef-es-eg
	}
	return columns()
}

// meanOfFirst is the mean of the first n of x, times up, rounded.
func meanOfFirst(x []int64, n int, up int64) int64 {
	var sum int64
	for _, v := range x[:n] {
		sum += v
	}
	return series.NewDivider(int64(n)).Signed(sum * up)
}
