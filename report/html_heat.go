package report

import "strings"

// roomy is how many columns of a grid have room for their numbers. A wider one shows shades alone.
const roomy = 12

// heat is a grid ready to be read.
type heat struct {
	Title, Metric, Rest, Corner string
	Dense                       bool // cells without numbers
	Low                         bool // dense, of few rows
	X                           []span
	Rows                        []heatRow
	Worst, Best, BestAt         string
}

// span is a heading over several columns, or beside several rows.
type span struct {
	Text string
	Over int
}

type heatRow struct {
	Y     span // of no width where the row stands under the heading of one above it
	Cells []cell
}

func heatOf(l tongue, g Grid) heat {
	h := heat{Title: g.XName, Dense: len(g.X) > roomy, Rest: strings.Join(g.Rest, ", "), Corner: g.XName + " →"}
	if g.YName != "" {
		h.Title, h.Corner = g.YName+" × "+g.XName, g.YName+" \\ "+g.XName
	}
	h.Low = h.Dense && len(g.Y) <= roomy
	h.Metric = metricRowOf(l, g.Metric, nil).Name
	eachX, eachY := 1, 1
	if h.Dense {
		eachX = (len(g.X) + 7) / 8
		if !h.Low {
			eachY = (len(g.Y) + 9) / 10
		}
	}
	h.X = spans(g.X, eachX)
	side := spans(g.Y, eachY)
	worst, best := ends(g)
	for y, row := range g.Cells {
		out := heatRow{}
		if y%eachY == 0 && y/eachY < len(side) {
			out.Y = side[y/eachY]
		}
		for x, c := range row {
			shown := graded(l, g, c, worst, best)
			if h.Dense && c.Defined {
				at := g.XName + " " + g.X[x]
				if g.YName != "" {
					at = g.YName + " " + g.Y[y] + ", " + at
				}
				shown.Value = at + ": " + shown.Text
			}
			if c.Defined && c.Value.Equal(best.Value) && h.BestAt == "" {
				h.BestAt = g.XName + " " + g.X[x]
				if g.YName != "" {
					h.BestAt = g.YName + " " + g.Y[y] + ", " + h.BestAt
				}
			}
			out.Cells = append(out.Cells, shown)
		}
		h.Rows = append(h.Rows, out)
	}
	if best.Defined {
		h.Worst, h.Best = metricRowOf(l, g.Metric, worst.String()).Number.Text, metricRowOf(l, g.Metric, best.String()).Number.Text
	}
	return h
}

// spans are headings that each stand for so many lines and name the first of them.
func spans(names []string, each int) (out []span) {
	for i := 0; i < len(names); i += each {
		out = append(out, span{names[i], min(each, len(names)-i)})
	}
	return out
}

// ends are the worst and the best cell.
func ends(g Grid) (worst, best Ratio) {
	for _, row := range g.Cells {
		for _, c := range row {
			if !c.Defined {
				continue
			}
			if !best.Defined {
				worst, best = c, c
			}
			if c.Value.GreaterThan(best.Value) != g.Less && !c.Value.Equal(best.Value) {
				best = c
			}
			if c.Value.LessThan(worst.Value) != g.Less && !c.Value.Equal(worst.Value) {
				worst = c
			}
		}
	}
	return worst, best
}

// graded is a cell with its shade, the deeper the better.
func graded(l tongue, g Grid, c, worst, best Ratio) cell {
	if !c.Defined {
		return cell{Text: "–"}
	}
	shown := metricRowOf(l, g.Metric, c.String()).Number
	shown.Class = "grade"
	if span := best.Value.Sub(worst.Value).Abs(); !span.IsZero() {
		shown.Class += " " + shade(c.Value.Sub(worst.Value).Abs(), span)
	}
	if c.Value.Equal(best.Value) {
		shown.Class += " best"
	}
	return shown
}

// shades are the steps of the scale, the worst first.
func shades() []string { return strings.Fields("h1 h2 h3 h4 h5 h6 h7 h8 h9") }
