package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/shopspring/decimal"
	"golang.org/x/text/width"
)

// table prints aligned columns; a heading that begins with > aligns to the right. Hangul counts as two cells.
type table struct {
	heads []string
	right []bool
	rows  [][]string
}

func newTable(heads ...string) *table {
	t := &table{}
	for _, h := range heads {
		name, right := strings.CutPrefix(h, ">")
		t.heads, t.right = append(t.heads, name), append(t.right, right)
	}
	return t
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print(w io.Writer) error {
	wide := make([]int, len(t.heads))
	for _, row := range append([][]string{t.heads}, t.rows...) {
		for i, c := range row {
			wide[i] = max(wide[i], cells(c))
		}
	}
	for _, row := range append([][]string{t.heads}, t.rows...) {
		var line strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", wide[i]-cells(c))
			switch {
			case t.right[i]:
				line.WriteString(pad + c)
			case i < len(row)-1:
				line.WriteString(c + pad)
			default:
				line.WriteString(c)
			}
			if i < len(row)-1 {
				line.WriteString("  ")
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// cells is how many terminal cells a text takes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// grouped writes an exact number with thousands separators.
func grouped(d decimal.Decimal) string {
	whole, frac, _ := strings.Cut(d.String(), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if frac != "" {
		whole += "." + frac
	}
	return sign + whole
}

func groupedInt(n int64) string { return grouped(decimal.NewFromInt(n)) }

// parseWon reads an amount of won from a flag.
func parseWon(text string) (decimal.Decimal, error) {
	text = strings.ReplaceAll(strings.TrimSuffix(strings.TrimSpace(text), "KRW"), ",", "")
	d, err := decimal.NewFromString(strings.TrimSpace(text))
	if err != nil || d.Sign() < 0 || !d.IsInteger() || len(text) > 18 {
		return d, usagef("%q is no amount of won", text)
	}
	return d, nil
}
