package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/shopspring/decimal"
	"golang.org/x/sys/unix"
	"golang.org/x/text/width"
)

// table prints aligned columns. A heading that begins with > is a number's: to the right, points under points. One that
// begins with = is a date or copied into a next command. Neither is ever cut. Where the terminal is too narrow, columns
// whose heading begins with ? are left out, the last one first: others say the same. Then texts end with …, and where
// even that does not fit, each row stands as a list of its own. Hangul counts as two cells.
type table struct {
	heads []string
	right []bool
	whole []bool
	spare []bool
	rows  [][]string
}

func newTable(heads ...string) *table {
	t := &table{}
	for _, h := range heads {
		name, spare := strings.CutPrefix(h, "?")
		name, right := strings.CutPrefix(name, ">")
		name, whole := strings.CutPrefix(name, "=")
		t.heads, t.right, t.whole, t.spare = append(t.heads, name), append(t.right, right), append(t.whole, right || whole), append(t.spare, spare)
	}
	return t
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

const (
	columnGap    = 2
	textCellsMin = 8 // a text is not cut shorter than that
)

func (t *table) print(w io.Writer) error {
	rows := t.aligned()
	wide := make([]int, len(t.heads))
	for _, row := range rows {
		for i, c := range row {
			wide[i] = max(wide[i], cells(c))
		}
	}
	if !t.fit(wide, columnsOf(w)) {
		return t.lists(w)
	}
	for _, row := range rows {
		var line strings.Builder
		for i, c := range row {
			if wide[i] == 0 {
				continue
			}
			c = cut(c, wide[i])
			pad := strings.Repeat(" ", wide[i]-cells(c))
			if t.right[i] {
				line.WriteString(pad + c)
			} else {
				line.WriteString(c + pad)
			}
			line.WriteString(strings.Repeat(" ", columnGap))
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// fit makes the columns as narrow as the terminal, 0 for those left out; false if that cannot be.
func (t *table) fit(wide []int, columns int) bool {
	if columns <= 0 {
		return true
	}
	room := columns + columnGap
	for _, n := range wide {
		room -= n + columnGap
	}
	for i := len(wide) - 1; i >= 0 && room < 0; i-- {
		if t.spare[i] {
			room, wide[i] = room+wide[i]+columnGap, 0
		}
	}
	for ; room < 0; room++ {
		widest := -1
		for i, n := range wide {
			if !t.whole[i] && n > max(textCellsMin, cells(t.heads[i])) && (widest < 0 || n > wide[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return false
		}
		wide[widest]--
	}
	return true
}

// lists prints each row as lines of heading and value.
func (t *table) lists(w io.Writer) error {
	wide := 0
	for _, h := range t.heads {
		wide = max(wide, cells(h))
	}
	for n, row := range t.rows {
		if n > 0 {
			fmt.Fprintln(w)
		}
		for i, c := range row {
			if c == "" {
				continue
			}
			if _, err := fmt.Fprintf(w, "%s%s%s\n", t.heads[i], strings.Repeat(" ", wide-cells(t.heads[i])+columnGap), c); err != nil {
				return err
			}
		}
	}
	return nil
}

// exactNumber is a number with its fraction apart.
var exactNumber = regexp.MustCompile(`^([-+]?[0-9,]+)((?:\.[0-9]+)?%?)$`)

// aligned are headings and rows, the numbers of a column filled up behind so that their points stand in one line. A
// column with anything but numbers is left as it is.
func (t *table) aligned() [][]string {
	rows := [][]string{t.heads}
	for _, row := range t.rows {
		rows = append(rows, slices.Clone(row))
	}
	for i := range t.heads {
		if !t.right[i] {
			continue
		}
		behind, all := 0, true
		for _, row := range t.rows {
			m := exactNumber.FindStringSubmatch(row[i])
			switch {
			case m != nil:
				behind = max(behind, len(m[2]))
			case row[i] != "" && row[i] != "-" && row[i] != "–":
				all = false
			}
		}
		for _, row := range rows[1:] {
			if m := exactNumber.FindStringSubmatch(row[i]); all && m != nil {
				row[i] += strings.Repeat(" ", behind-len(m[2]))
			}
		}
	}
	return rows
}

// cut shortens a text to so many cells.
func cut(s string, most int) string {
	if cells(s) <= most {
		return s
	}
	var out strings.Builder
	n := 0
	for _, r := range s {
		if n += runeCells(r); n > most-1 {
			break
		}
		out.WriteRune(r)
	}
	return out.String() + "…"
}

// sized is a writer that knows its width.
type sized interface{ columns() int }

// columnsOf is how wide the writer is: COLUMNS, else what the terminal says, 0 if it is none.
func columnsOf(w io.Writer) int {
	if s, ok := w.(sized); ok {
		return s.columns()
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	cols, _ := screen(w)
	return cols
}

// screen is the size of the terminal behind a writer; zeros if there is none.
func screen(w io.Writer) (cols, rows int) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}

// cells is how many terminal cells a text takes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n += runeCells(r)
	}
	return n
}

func runeCells(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) {
		return 0
	}
	return 1
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
