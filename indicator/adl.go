package indicator

// adl is the accumulation/distribution line under its other name; KIS's files
// use both.
var adl = Spec{
	ID: "adl", Title: "Accumulation/distribution line", TitleKorean: "누적분산선", Group: volumes,
	Summary: "The same as ad.",
	Formula: "adl[1] + volume * ((close - low) - (high - close)) / (high - low)",
	Source:  "Lean AccumulationDistribution",
	Unit:    "shares", Example: "adl() > sma(adl(), 20)",
	Reads:   []string{"high", "low", "close", "volume"},
	Outputs: []string{"value"},
	warmUp:  bars(1),
	compute: accumulation,
}
