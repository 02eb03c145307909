package indicator

import "maemae/series"

// kst is Pring's know sure thing: four rates of change, each as a simple average
// of 10, 13, 15 and 20 bars, weighted 1, 2, 3, 4; signal is its simple average
// of 9 bars.
var kst = Spec{
	ID: "kst", Title: "Know sure thing", TitleKorean: "KST", Group: trends,
	Summary: "Momentum of four spans in one line.",
	Formula: "value = sma(roc(roc1), 10) + 2*sma(roc(roc2), 13) + 3*sma(roc(roc3), 15) + 4*sma(roc(roc4), 20); signal = sma(value, 9)",
	Source:  "Lean KnowSureThing with the periods KIS's backtester means (it passes them in the wrong order)",
	Unit:    "percent", Example: "kst().value crosses above kst().signal",
	Reads: []string{"close"}, TakesSeries: true, PercentUnit: true,
	Params: []Param{
		integer("roc1", 10, 1, 1000), integer("roc2", 15, 1, 1000),
		integer("roc3", 20, 1, 1000), integer("roc4", 30, 1, 1000),
	},
	Outputs: []string{"value", "signal"},
	warmUp: func(a Args) []int {
		value := 0
		for _, part := range kstParts {
			value = max(value, a.Integer(part.roc)+part.mean)
		}
		return []int{value, value + kstSignal - 1}
	},
	compute: func(in Input, a Args) []series.Series {
		value := constant(in.Source.Len(), 0)
		for i, part := range kstParts {
			mean := series.Mean(rate(in.Source, a.Integer(part.roc)), part.mean)
			value = series.Add(value, scaled(mean, int64(i)+1))
		}
		return []series.Series{value, series.Mean(value, kstSignal)}
	},
}

// kstParts is the parameters of kst's four parts and the bars of their averages.
var kstParts = [...]struct {
	roc  string
	mean int
}{{"roc1", 10}, {"roc2", 13}, {"roc3", 15}, {"roc4", 20}}

const kstSignal = 9
