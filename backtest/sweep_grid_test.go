package backtest

import (
	"fmt"
	"strings"
	"testing"

	"maemae/report"
)

func TestACellOfTheHeatMapIsTheBestOfTheRest(t *testing.T) {
	rule := strings.Replace(swept, "hot: 70", "hot: {default: 70, min: 60, max: 80, step: 10}", 1)
	for _, objective := range []string{"total_return", "max_drawdown"} {
		r, err := Sweep(options(rules(t, rule), folder(t, "testdata/krx-daily")), SweepOptions{Objective: objective, Keep: 1000})
		if err != nil {
			t.Fatal(err)
		}
		g, err := r.HeatMap("slow", "hot")
		if err != nil || g.XName != "slow" || g.YName != "hot" || fmt.Sprint(g.Rest) != "[fast]" || g.Less != (objective == "max_drawdown") {
			t.Fatal(g.XName, g.YName, g.Rest, err)
		}
		want := map[string]report.Ratio{}
		for _, x := range r.Best { // the best come first
			if at := x.Params["hot"].String() + " " + x.Params["slow"].String(); !want[at].Defined {
				want[at] = metrics[objective].of(x.Metrics)
			}
		}
		for y, row := range g.Cells {
			for x, c := range row {
				if at := g.Y[y] + " " + g.X[x]; c.Value.Sub(want[at].Value).Abs().Shift(5).IntPart() > 0 {
					t.Errorf("%s at %s is %s, want %s", objective, at, c, want[at])
				}
			}
		}
		if g, err := r.HeatMap("", ""); err != nil || g.XName != "slow" || g.YName != "fast" {
			t.Error("the longest axes are", g.XName, g.YName, err)
		}
		for _, x := range [][2]string{{"slow", "slow"}, {"cold", ""}} {
			if _, err := r.HeatMap(x[0], x[1]); err == nil {
				t.Error(x, "is no pair")
			}
		}
	}
}

func TestNeighboursShareALineOfTheHeatMap(t *testing.T) {
	rule := strings.Replace(swept, "slow: {default: 20, min: 12, max: 40, step: 4}", "slow: {default: 20, min: 12, max: 20, step: 0.0625}", 1)
	rule = strings.Replace(rule, "fast: {default: 5, min: 2, max: 10, step: 2}", "fast: 5", 1)
	rule = strings.NewReplacer("close, $slow", "close, 20", "< $hot", "< 50 + $slow").Replace(rule)
	r, err := Sweep(options(rules(t, rule), folder(t, "testdata/krx-daily")), SweepOptions{Objective: "trades", Keep: 1})
	if err != nil {
		t.Fatal(err)
	}
	g, err := r.HeatMap("", "")
	if err != nil || len(g.X) != 65 || g.X[0] != "12–12.0625" || g.X[64] != "20" || len(g.Y) != 1 || !g.Cells[0][64].Defined {
		t.Error(len(g.X), g.X, g.Y, err)
	}
}
