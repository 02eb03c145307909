package indicator

import "maemae/series"

// consecutive is the number of bars in a row, this one included, on which the
// series rose (or fell), 0 where it did not.
var consecutive = Spec{
	ID: "consecutive", Title: "Consecutive moves", TitleKorean: "연속 상승·하락", Group: others,
	Summary: "For how many bars in a row the value has been rising or falling.",
	Formula: "bars in a row with x > x[1] (up) or x < x[1] (down)",
	Source:  "KIS strategy builder",
	Unit:    "bars", Example: "consecutive(close, up) >= 5",
	Reads: []string{"close"}, TakesSeries: true,
	Params: []Param{{Name: "direction", Choices: []string{"up", "down"}, DefaultChoice: "up"}}, Outputs: []string{"value"},
	warmUp: bars(2),
	compute: func(in Input, a Args) []series.Series {
		before := series.Shift(in.Source, 1)
		if a.Choice("direction") == "down" {
			return one(series.Streak(series.Less(in.Source, before)))
		}
		return one(series.Streak(series.Less(before, in.Source)))
	},
}
