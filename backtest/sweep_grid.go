package backtest

import (
	"fmt"
	"slices"

	"maemae/report"
)

// maxGridSide is how many values of a parameter a grid keeps apart. Of more, neighbours share a line.
const maxGridSide = 100

// HeatMap lays the objective out over two of the parameters that vary: in each cell the best ranked set with these values,
// whatever the other parameters are, undefined where there is none. Without names it takes the two that have the most
// values; a sweep of one parameter is a grid of one line. Where neighbours share a line it is named by the first and the
// last of them.
func (r SweepResult) HeatMap(x, y string) (report.Grid, error) {
	w := r.swept
	sides, err := w.sides(x, y)
	if err != nil {
		return report.Grid{}, fmt.Errorf("sweep: heat-map: %w", err)
	}
	g := report.Grid{Metric: r.Objective, Less: metrics[r.Objective].less}
	places := make([]func(value int) int, 2) // of a value among those of its axis: its line
	for k, names := range []*string{&g.XName, &g.YName} {
		lines := []string{""}
		places[k] = func(int) int { return 0 }
		if k < len(sides) {
			lines, places[k] = w.lines(sides[k])
			*names = w.axes[sides[k]].Name
		}
		if k == 0 {
			g.X = lines
		} else {
			g.Y = lines
		}
	}
	for i, a := range w.axes {
		if !slices.Contains(sides, i) {
			g.Rest = append(g.Rest, a.Name)
		}
	}
	g.Cells = make([][]report.Ratio, len(g.Y))
	best := make([][]int64, len(g.Y))
	for row := range g.Cells {
		g.Cells[row], best[row] = make([]report.Ratio, len(g.X)), make([]int64, len(g.X))
	}
	values := make([]int, len(w.axes))
	for i, s := range w.scores {
		if s.state != ranked {
			continue
		}
		w.set(w.number(i), values)
		column, row := places[0](values[sides[0]]), 0
		if len(sides) > 1 {
			row = places[1](values[sides[1]])
		}
		if c := &g.Cells[row][column]; !c.Defined || s.objective > best[row][column] {
			*c, best[row][column] = w.told(s.objective), s.objective
		}
	}
	return g, nil
}

// sides are the numbers of the two axes: those named, or else the longest, the first of equal ones.
func (w *sweep) sides(x, y string) ([]int, error) {
	var sides []int
	for _, name := range []string{x, y} {
		if name == "" {
			continue
		}
		i := slices.Index(w.names(), name)
		if i < 0 || slices.Contains(sides, i) {
			return nil, fmt.Errorf("no two parameters %q and %q; those that vary are %q", x, y, w.names())
		}
		sides = append(sides, i)
	}
	for len(sides) < min(2, len(w.axes)) {
		longest := -1
		for i, a := range w.axes {
			if !slices.Contains(sides, i) && (longest < 0 || len(a.Values) > len(w.axes[longest].Values)) {
				longest = i
			}
		}
		sides = append(sides, longest)
	}
	return sides, nil
}

// lines are the lines of an axis, and which of them a value belongs to.
func (w *sweep) lines(axis int) (names []string, place func(value int) int) {
	values := w.axes[axis].Values
	each := (len(values) + maxGridSide - 1) / maxGridSide
	for i := 0; i < len(values); i += each {
		name := values[i].String()
		if last := min(i+each, len(values)) - 1; last > i {
			name += "–" + values[last].String()
		}
		names = append(names, name)
	}
	return names, func(value int) int { return value / each }
}
