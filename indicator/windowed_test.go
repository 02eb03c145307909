package indicator

import (
	"testing"

	"pgregory.net/rapid"

	"maemae/series"
)

// What a windowed indicator says of a bar does not change when the bars before its window are left out.
func TestAWindowedIndicatorKnowsNothingBeforeItsWindow(t *testing.T) {
	for _, s := range catalogue {
		if !s.Windowed {
			continue
		}
		t.Run(s.ID, func(t *testing.T) {
			a := defaults(t, s)
			rapid.Check(t, func(t *rapid.T) {
				n := rapid.IntRange(2, 120).Draw(t, "bars")
				cut := rapid.IntRange(1, n-1).Draw(t, "left out")
				column := func(name string, least int64) []int64 {
					return rapid.SliceOfN(rapid.Int64Range(least, 50), n, n).Draw(t, name)
				}
				open, high, low, closes, volume := column("open", 1), column("high", 1), column("low", 1), column("close", 1), column("volume", 0)
				from := func(k int) Input {
					return Input{
						Open: series.Of(0, open[k:]), High: series.Of(0, high[k:]), Low: series.Of(0, low[k:]),
						Close: series.Of(0, closes[k:]), Volume: series.Of(0, volume[k:]),
					}
				}
				all, rest := s.Compute(from(0), a), s.Compute(from(cut), a)
				for k, output := range s.Outputs {
					for i := s.WarmUpOf(output, a) - 1; i < n-cut; i++ {
						x, ready := all[k].At(i + cut)
						y, same := rest[k].At(i)
						if ready != same || !x.Equal(y) {
							t.Fatalf("%s of bar %d is %s, without the first %d it is %s", output, i+cut, x, cut, y)
						}
					}
				}
			})
		})
	}
}
