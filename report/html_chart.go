package report

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// A plot is drawn in these units and stretched to its place by the browser; texts and marks are not stretched.
const (
	plotWide, plotHigh = 1000, 300
	plotColumns        = 1000 // a line keeps the lowest, highest and last value of each
	roomRight          = 96   // percent of the width after which a date has no room
	logFrom            = 8    // times the lowest value that the highest has to be for a log scale
)

// chart is one plot with its texts.
type chart struct {
	ID, Title, Note string
	Log             bool
	Legend          []legend
	Paths           []path
	Marks           []mark
	Y, X            []tick
	Hover           hover
	Class           string
}

type legend struct{ Class, Name, Value string }

type path struct {
	Class string
	D     string
}

// mark is a fill in a price chart.
type mark struct {
	Class, D, Title string
}

// tick is a text at an axis, at percent of the plot from the left or the top.
type tick struct{ At, Line, Text string }

// hover is what the pointer reads off: positions in plot units, and one text each.
type hover struct {
	At     []int         `json:"at"`
	Dates  []string      `json:"dates"`
	Series []hoverSeries `json:"series"`
}

type hoverSeries struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// line is one series of a chart: a value for each date.
type line struct {
	name, class string
	values      []decimal.Decimal
	area        bool // filled down to the axis of 0
}

// curveCharts are equity, drawdown and exposure of a run with at least one session.
func curveCharts(l tongue, id string, r Run, bars map[market.Symbol][]market.Bar) []chart {
	n := r.Equity.Len()
	dates := make([]market.Date, n)
	equity, invested := make([]decimal.Decimal, n), make([]decimal.Decimal, n)
	for i := range n {
		p := r.Equity.At(i)
		dates[i], equity[i] = p.Date, p.Equity
		invested[i] = over(p.Equity.Sub(p.Cash), p.Equity).Value
	}
	lines := []line{{l.say("Equity"), "own", equity, false}}
	falls := []line{{l.say("Drawdown"), "own", drawdowns(r.Cash, equity), true}}
	note := ""
	if bars != nil {
		hold := buyAndHold(r, dates, bars)
		lines = append(lines, line{l.say("Buy and hold"), "hold", hold, false})
		falls = append(falls, line{l.say("Buy and hold"), "hold", drawdowns(r.Cash, hold), false})
		note = l.say("Buy and hold: the cash in equal parts, one for each symbol, each bought at the symbol's first close of the run; parts of shares, no costs.")
	}
	if r.Index != nil && len(r.Index.equity) == n {
		lines = append(lines, line{r.Index.Name, "index", r.Index.equity, false})
		falls = append(falls, line{r.Index.Name, "index", drawdowns(r.Cash, r.Index.equity), false})
		if r.Index.From > r.From {
			note = strings.TrimSpace(note + " " + fmt.Sprintf(l.say("%s begins on %s; until then it stands at the cash of the start."), r.Index.Name, r.Index.From))
		}
	}
	first := plot(dates, lines, true, l.short, grouped)
	first.ID, first.Title, first.Note, first.Class = id+"-equity", l.say("Equity"), note, "tall"
	for i := range lines {
		end := lines[i].values[n-1]
		first.Legend[i].Value = grouped(end.Round(0)) + " " + l.say("won")
		if growth := over(end.Sub(r.Cash), r.Cash); growth.Defined {
			first.Legend[i].Value += " (" + percent(growth.Value) + ")"
		}
	}
	second := plot(dates, falls, false, percentTick, percent)
	second.ID, second.Title, second.Note = id+"-drawdown", l.say("Drawdown"), l.say("How far the equity is below its highest so far.")
	third := plot(dates, []line{{l.say("Exposure"), "own", invested, true}}, false, percentTick, percent)
	third.ID, third.Title, third.Class, third.Note = id+"-exposure", l.say("Exposure"), "solid", l.say("The part of the equity that is in shares at the close.")
	return []chart{first, second, third}
}

func percentTick(d decimal.Decimal) string { return grouped(d.Shift(2)) + "%" }

// drawdowns are 0 or less: the equity over its highest so far, the start included, less one.
func drawdowns(start decimal.Decimal, equity []decimal.Decimal) []decimal.Decimal {
	out, high := make([]decimal.Decimal, len(equity)), start
	for i, e := range equity {
		high = decimal.Max(high, e)
		out[i] = over(e.Sub(high), high).Value
	}
	return out
}

// buyAndHold is the cash of a run in equal parts, each following the closes of a symbol from its first one of the run.
func buyAndHold(r Run, dates []market.Date, bars map[market.Symbol][]market.Bar) []decimal.Decimal {
	out := make([]decimal.Decimal, len(dates))
	part := r.Cash.DivRound(decimal.NewFromInt(int64(max(1, len(r.Symbols)))), workDigits)
	for _, symbol := range r.Symbols {
		for i, v := range scaledTo(part, dates, bars[symbol]) {
			out[i] = out[i].Add(v)
		}
	}
	for i := range out {
		out[i] = out[i].Round(0)
	}
	return out
}

// scaledTo is an amount that follows closes from the first one on or after the first date; it rests on days without one.
func scaledTo(amount decimal.Decimal, dates []market.Date, bars []market.Bar) []decimal.Decimal {
	out := make([]decimal.Decimal, len(dates))
	next := sort.Search(len(bars), func(i int) bool { return bars[i].Date >= dates[0] })
	var base decimal.Decimal
	now := amount
	for i, d := range dates {
		for ; next < len(bars) && bars[next].Date <= d; next++ {
			c := bars[next].Close
			if base.IsZero() {
				base = c
			}
			if !base.IsZero() {
				now = amount.Mul(c).DivRound(base, 8)
			}
		}
		out[i] = now
	}
	return out
}

// priceOf is the price of one symbol in the time of a run: all of it, and the years with fills from close by.
type priceOf struct {
	Whole  chart
	Years  []yearChart
	Hidden int // years with fills that have no chart
}

type yearChart struct {
	Year, Fills int
	Chart       chart
}

// placed is a fill with its row, which says it in words.
type placed struct {
	Trade
	row tradeRow
}

// pricesOf are the symbols' bars in the time of the run with the fills that have a row: those after the first cut.
func pricesOf(l tongue, id string, r Run, bars map[market.Symbol][]market.Bar, rows []tradeRow, cut int, name func(market.Symbol) string) (out []priceOf, hidden int) {
	fills := map[market.Symbol][]placed{}
	for i, t := range r.Trades[cut:] {
		fills[t.Symbol] = append(fills[t.Symbol], placed{t, rows[i]})
	}
	closeBy := maxYearCharts
	for k, symbol := range r.Symbols {
		list := within(bars[symbol], r.From, r.To)
		switch {
		case len(list) == 0:
			continue
		case len(out) == maxPriceCharts:
			return out, len(r.Symbols) - k
		}
		id := fmt.Sprintf("%s-price-%d", id, k+1)
		p := priceOf{Whole: priceChart(l, list, fills[symbol])}
		p.Whole.ID, p.Whole.Title = id, titled(symbol, name(symbol))
		p.Years, p.Hidden = yearCharts(l, id, list, fills[symbol], closeBy)
		closeBy -= len(p.Years)
		out = append(out, p)
	}
	return out, 0
}

// within are the bars from one date to another.
func within(bars []market.Bar, from, to market.Date) []market.Bar {
	first := sort.Search(len(bars), func(i int) bool { return bars[i].Date >= from })
	end := sort.Search(len(bars), func(i int) bool { return bars[i].Date > to })
	return bars[first:max(first, end)]
}

// columnsOf are dates and one series of each price.
func columnsOf(l tongue, bars []market.Bar) (dates []market.Date, open, high, low, last line) {
	open, high, low, last = line{name: l.say("Open")}, line{name: l.say("High")}, line{name: l.say("Low")}, line{name: l.say("Close"), class: "price"}
	for _, b := range bars {
		dates = append(dates, b.Date)
		open.values, high.values = append(open.values, b.Open), append(high.values, b.High)
		low.values, last.values = append(low.values, b.Low), append(last.values, b.Close)
	}
	return dates, open, high, low, last
}

func priceChart(l tongue, bars []market.Bar, fills []placed) chart {
	dates, _, _, _, closes := columnsOf(l, bars)
	lines, prices := []line{closes}, pricesOfFills(fills)
	c := plot(dates, lines, true, l.short, grouped, prices...)
	c.Note, c.Class = l.say("dot: buy · square: sell"), "tall"
	if len(fills) > 100 {
		c.Class += " dense"
	}
	c.Marks = marksOf(dates, scaleOf(lines, true, prices...), fills)
	return c
}

// yearCharts are the newest years with fills in candles, oldest first, and how many more there would be.
func yearCharts(l tongue, id string, bars []market.Bar, fills []placed, most int) (out []yearChart, hidden int) {
	for len(fills) > 0 {
		year, n := yearOf(fills[0].Date), 0
		for n < len(fills) && yearOf(fills[n].Date) == year {
			n++
		}
		c := candleChart(l, within(bars, market.Date(year*10000), market.Date(year*10000+9999)), fills[:n])
		c.ID, c.Title = fmt.Sprintf("%s-%d", id, year), strconv.Itoa(year)
		out, fills = append(out, yearChart{year, n, c}), fills[n:]
	}
	hidden = max(0, len(out)-most)
	return out[hidden:], hidden
}

func candleChart(l tongue, bars []market.Bar, fills []placed) chart {
	dates, open, high, low, closes := columnsOf(l, bars)
	lines, prices := []line{open, high, low, closes}, pricesOfFills(fills)
	c, s := plot(dates, lines, false, l.short, grouped, prices...), scaleOf(lines, false, prices...)
	c.Legend, c.Paths, c.Class = nil, candles(bars, s), "tall"
	c.Marks = marksOf(dates, s, fills)
	return c
}

// candles are wicks and bodies, rising and falling.
func candles(bars []market.Bar, s scale) []path {
	var wicks, bodies [2]strings.Builder
	wide := plotWide / float64(max(1, len(bars)-1)) * 0.64
	for i, b := range bars {
		way, x := 0, plotWide*float64(i)/float64(max(1, len(bars)-1))
		if b.Close.LessThan(b.Open) {
			way = 1
		}
		fmt.Fprintf(&wicks[way], "M%s %sV%s", unit(x), s.down(b.High), s.down(b.Low))
		fmt.Fprintf(&bodies[way], "M%s %sh%sV%sh-%sz", unit(x-wide/2), s.down(b.Open), unit(wide), s.down(b.Close), unit(wide))
	}
	return []path{{"rise", wicks[0].String()}, {"fall", wicks[1].String()}, {"rise body", bodies[0].String()}, {"fall body", bodies[1].String()}}
}

func pricesOfFills(fills []placed) (out []decimal.Decimal) {
	for _, f := range fills {
		out = append(out, f.Price)
	}
	return out
}

func marksOf(dates []market.Date, s scale, fills []placed) (out []mark) {
	for _, f := range fills {
		at := sort.Search(len(dates), func(i int) bool { return dates[i] >= f.Date })
		if at == len(dates) {
			continue
		}
		row, m := f.row, mark{Class: "sell", D: "M" + across(at, len(dates)) + " " + s.down(f.Price) + "h.01"}
		if row.Buy {
			m.Class = "buy"
		}
		m.Title = row.Date + " · " + row.Side + " " + row.Shares.Text + " × " + row.Price.Text + " · " + row.Reason
		if row.Why != "" {
			m.Title += "\n" + row.Why
		}
		out = append(out, m)
	}
	return out
}

// scale turns values into heights of the plot. Pixels are the only floats of the page.
type scale struct {
	shift     int32 // decimals kept
	low, high decimal.Decimal
	log       bool
}

// scaleOf holds all values of the lines and the extra ones with some air around them; a scale that may be logarithmic
// is when the values are far apart and all above 0.
func scaleOf(lines []line, mayLog bool, extra ...decimal.Decimal) scale {
	var s scale
	first, area := true, false
	take := func(v decimal.Decimal) {
		if first || v.LessThan(s.low) {
			s.low = v
		}
		if first || v.GreaterThan(s.high) {
			s.high = v
		}
		first = false
	}
	for _, l := range lines {
		area = area || l.area
		for _, v := range l.values {
			take(v)
		}
	}
	for _, v := range extra {
		take(v)
	}
	if area {
		take(decimal.Zero)
	}
	s.log = mayLog && s.low.Sign() > 0 && s.high.GreaterThan(s.low.Mul(decimal.NewFromInt(logFrom)))
	switch {
	case s.low.Equal(s.high):
		half := decimal.Max(s.high.Abs().Shift(-1), decimal.New(1, -2))
		s.low, s.high = s.low.Sub(half), s.high.Add(half)
	case !s.log && !area:
		air := s.high.Sub(s.low).Shift(-1).DivRound(decimal.NewFromInt(2), 8)
		s.low, s.high = s.low.Sub(air), s.high.Add(air)
	}
	top := decimal.Max(s.low.Abs(), s.high.Abs())
	s.shift = 15 - int32(top.NumDigits()) - top.Exponent()
	return s
}

// pixel is a value as a number to draw with.
func (s scale) pixel(v decimal.Decimal) float64 {
	p := float64(v.Shift(s.shift).Round(0).IntPart())
	if s.log {
		return math.Log(math.Max(p, 1))
	}
	return p
}

// height is the distance from the top in plot units.
func (s scale) height(v decimal.Decimal) float64 {
	low, high := s.pixel(s.low), s.pixel(s.high)
	return plotHigh * (high - s.pixel(v)) / (high - low)
}

func (s scale) down(v decimal.Decimal) string { return unit(s.height(v)) }

func unit(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

func across(i, n int) string { return unit(plotWide * float64(i) / float64(max(1, n-1))) }

// ticks are round values within the scale.
func (s scale) ticks() []decimal.Decimal {
	if s.log {
		return s.logTicks()
	}
	step := roundStep(s.high.Sub(s.low).DivRound(decimal.NewFromInt(6), 12))
	var out []decimal.Decimal
	for v := s.low.Div(step).Ceil().Mul(step); v.LessThanOrEqual(s.high); v = v.Add(step) {
		out = append(out, v)
	}
	return out
}

// roundStep is the nearest 1, 2 or 5 times a power of ten from a positive number up.
func roundStep(atLeast decimal.Decimal) decimal.Decimal {
	e := int32(atLeast.NumDigits()) + atLeast.Exponent() - 1
	for _, m := range []int64{1, 2, 5} {
		if step := decimal.New(m, e); step.GreaterThanOrEqual(atLeast) {
			return step
		}
	}
	return decimal.New(10, e)
}

func (s scale) logTicks() []decimal.Decimal {
	for _, steps := range [][]int64{{1, 2, 5}, {1, 3}, {1}} {
		var out []decimal.Decimal
		for e := int32(s.low.NumDigits()) + s.low.Exponent() - 1; decimal.New(1, e).LessThanOrEqual(s.high); e++ {
			for _, m := range steps {
				if v := decimal.New(m, e); v.GreaterThanOrEqual(s.low) && v.LessThanOrEqual(s.high) {
					out = append(out, v)
				}
			}
		}
		if len(out) <= 7 || len(steps) == 1 {
			return out
		}
	}
	return nil
}

// plot draws lines over dates.
func plot(dates []market.Date, lines []line, mayLog bool, axis, text func(decimal.Decimal) string, extra ...decimal.Decimal) chart {
	s := scaleOf(lines, mayLog, extra...)
	c := chart{Log: s.log, X: dateTicks(dates)}
	for _, v := range s.ticks() {
		y := s.height(v)
		c.Y = append(c.Y, tick{At: unit(100 * y / plotHigh), Line: unit(y), Text: axis(v)})
	}
	for i := len(lines) - 1; i >= 0; i-- { // the first lies on top
		l := lines[i]
		d := drawn(l.values, s, plotColumns)
		if l.area {
			zero := s.down(decimal.Zero)
			c.Paths = append(c.Paths, path{l.class + " area", d + "V" + zero + "H0Z"})
		}
		c.Paths = append(c.Paths, path{l.class, d})
	}
	for _, l := range lines {
		c.Legend = append(c.Legend, legend{Class: l.class, Name: l.name})
	}
	c.Hover = hoverOf(dates, lines, text)
	return c
}

// drawn is the path of a line: of each of so many columns its lowest, highest and last value, in their order.
func drawn(values []decimal.Decimal, s scale, columns int) string {
	n := len(values)
	var out strings.Builder
	point := func(i int) {
		out.WriteByte("ML"[min(1, out.Len())])
		out.WriteString(across(i, n))
		out.WriteByte(' ')
		out.WriteString(s.down(values[i]))
	}
	for k := range columns {
		from, to := k*n/columns, (k+1)*n/columns
		if from == to {
			continue
		}
		low, high := from, from
		for i := from; i < to; i++ {
			if values[i].LessThan(values[low]) {
				low = i
			}
			if values[i].GreaterThan(values[high]) {
				high = i
			}
		}
		a, b := min(low, high), max(low, high)
		point(a)
		if b != a {
			point(b)
		}
		if to-1 != b {
			point(to - 1)
		}
	}
	return out.String()
}

func hoverOf(dates []market.Date, lines []line, text func(decimal.Decimal) string) hover {
	n := len(dates)
	h := hover{Series: make([]hoverSeries, len(lines))}
	for k, l := range lines {
		h.Series[k].Name = l.name
	}
	count := min(n, plotColumns)
	for k := range count {
		i := n - 1
		if count > 1 {
			i = k * (n - 1) / (count - 1)
		}
		h.At = append(h.At, plotWide*i/max(1, n-1))
		h.Dates = append(h.Dates, dates[i].String())
		for j, l := range lines {
			h.Series[j].Values = append(h.Series[j].Values, text(l.values[i]))
		}
	}
	return h
}

// dateTicks are at most nine beginnings of years, of months, or dates.
func dateTicks(dates []market.Date) []tick {
	const most = 9
	var found []int
	label := func(d market.Date) string { return d.String() }
	for _, unit := range []struct {
		part, least int
		name        func(market.Date) string
	}{
		{10000, 3, func(d market.Date) string { return strconv.Itoa(yearOf(d)) }},
		{100, 3, func(d market.Date) string { return d.String()[:7] }},
		{1, 0, label},
	} {
		found, label = nil, unit.name
		for i := 1; i < len(dates); i++ {
			if int(dates[i])/unit.part != int(dates[i-1])/unit.part {
				found = append(found, i)
			}
		}
		if len(found) >= unit.least {
			break
		}
	}
	step := (len(found) + most - 1) / most
	var out []tick
	for k := 0; k < len(found); k += max(1, step) {
		i, last := found[k], max(1, len(dates)-1)
		if i*100 > last*roomRight && len(out) > 0 {
			break // its text would stand beyond the edge
		}
		out = append(out, tick{At: unit(100 * float64(i) / float64(last)), Text: label(dates[i])})
	}
	return out
}
