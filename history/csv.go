package history

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"golang.org/x/text/encoding/korean"

	"maemae/market"
)

// maxCSV bounds what is read of one file: the bars of a symbol since 1956 need a quarter of it in the widest form.
const maxCSV = 16 << 20

// shortestRow is what a line takes at least: 20240102,1,1,1,1,1.
const shortestRow = 19

// PlaceError is a mistake at a place of a file that a person wrote or downloaded. Lines and columns count from 1; a
// column counts characters.
type PlaceError struct {
	File string
	Line int
	Col  int
	What string
	Hint string // what to do about it; may be empty
}

func (e *PlaceError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.What)
}

// fields of a bar, in the order of the plain header.
const (
	dateField = iota
	openField
	highField
	lowField
	closeField
	volumeField
	fieldCount
)

// headers are the words a column may be called, lower case: ours, those of KRX downloads, and common vendors'.
var headers = [fieldCount][]string{
	{"date", "일자", "날짜"}, {"open", "시가"}, {"high", "고가"}, {"low", "저가"}, {"close", "종가"}, {"volume", "거래량"},
}

// ReadCSV reads daily bars. The first line names the columns: date,open,high,low,close,volume, or the words of a
// download from KRX (일자, 종가 …), in any order, with others between them, which are skipped. Dates are 2024-01-02,
// 20240102, 2024/01/02 or 2024.01.02, all ascending or all descending. Numbers are digits with an optional fraction of
// at most 8 digits; in quotes they may have thousands separators. The text is UTF-8 or EUC-KR (CP949), at most 16 MiB of it. Rows are normalized
// as market.Bar.Normalize does: zero open, high or low is a halted day, and a price that adjusting rounded out of its
// bar widens the bar. Anything else is a *PlaceError.
//
// The symbol is taken from the name when that is SYMBOL.csv, with or without folders, and is empty otherwise. Prices
// count as adjusted; who knows better sets Raw.
func ReadCSV(name string, from io.Reader) (Bars, error) { return readCSV(name, from, 0) }

// readCSV reads a file of about that size, and no more than the bound whatever it is.
func readCSV(name string, from io.Reader, size int64) (Bars, error) {
	var text bytes.Buffer
	text.Grow(int(min(size, maxCSV)) + bytes.MinRead)
	if _, err := text.ReadFrom(io.LimitReader(from, maxCSV+1)); err != nil {
		return Bars{}, fmt.Errorf("read %s: %w", name, err)
	}
	return parseCSV(name, text.Bytes())
}

// parseCSV reads the lines of a text. Of one that is too long it reads as many as the bound allows, because a mistake
// in them says more than the length does.
func parseCSV(name string, text []byte) (Bars, error) {
	long := len(text) > maxCSV
	if long {
		if end := bytes.LastIndexByte(text, '\n'); end > 0 {
			text = text[:end]
		}
	}
	text, err := decoded(name, text)
	if err != nil {
		return Bars{}, err
	}
	t := table{name: name, rest: text}
	t.bars.Symbol, _ = market.ParseSymbol(strings.TrimSuffix(filepath.Base(name), ".csv"))
	err = t.read()
	if err == nil && long {
		t.line++
		t.row = nil
		err = t.fail(0, "a file holds the daily bars of one symbol", "more than %d MiB up to here", maxCSV>>20)
	}
	return t.bars, err
}

// decoded is the text in UTF-8 without a mark at its beginning.
func decoded(name string, text []byte) ([]byte, error) {
	wrong := func(text []byte, at int, what string) error {
		before := text[:at]
		row := before[bytes.LastIndexByte(before, '\n')+1:]
		return &PlaceError{name, bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(row) + 1, what, "save it as CSV in UTF-8"}
	}
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return nil, wrong(text, 0, "the text is UTF-16, not UTF-8 or EUC-KR")
	}
	if at := bytes.IndexByte(text, 0); at >= 0 {
		return nil, wrong(text, at, "a zero byte: no text in UTF-8 or EUC-KR")
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if utf8.Valid(text) {
		return text, nil
	}
	korean, err := korean.EUCKR.NewDecoder().Bytes(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	at, bad := bytes.IndexRune(text, utf8.RuneError), bytes.IndexRune(korean, utf8.RuneError)
	if bad < 0 {
		return korean, nil
	}
	// The encoding that is right for more of the text is the one that was meant.
	if bytes.Count(korean[:bad], []byte("\n")) > bytes.Count(text[:at], []byte("\n")) {
		text, at = korean, bad
	}
	return nil, wrong(text, at, "neither UTF-8 nor EUC-KR")
}

// table reads one file line by line.
type table struct {
	name  string
	rest  []byte
	row   []byte // the line being read, number line
	line  int
	cells []cell
	place [fieldCount]int // which cell holds which field
	bars  Bars
	order int // 1 when dates ascend, -1 when they descend, 0 before the second bar
}

// cell is one value of a line; at is the byte it begins at.
type cell struct {
	text   []byte
	at     int
	quoted bool
}

// maxCells bounds the columns of a line.
const maxCells = 64

// maxWhat bounds what is told of a mistake, in bytes: a cell can be the whole file.
const maxWhat = 200

func (t *table) fail(at int, hint, format string, args ...any) error {
	col := utf8.RuneCount(t.row[:min(at, len(t.row))]) + 1
	what := fmt.Sprintf(format, args...)
	if len(what) > maxWhat {
		what = strings.ToValidUTF8(what[:maxWhat], "") + "…"
	}
	return &PlaceError{File: t.name, Line: t.line, Col: col, What: what, Hint: hint}
}

func (t *table) read() error {
	if !t.next() {
		t.line = 1
		return t.fail(0, "the first line names the columns: "+plainHeader, "empty file")
	}
	if err := t.header(); err != nil {
		return err
	}
	t.bars.grow(min(bytes.Count(t.rest, []byte("\n")), len(t.rest)/shortestRow) + 1)
	plain := string(t.row) == plainHeader
	for t.next() {
		if len(t.row) == 0 && len(bytes.TrimSpace(t.rest)) == 0 {
			break
		}
		if plain && t.plain() {
			continue
		}
		if err := t.bar(); err != nil {
			return err
		}
	}
	if t.order < 0 {
		for _, c := range [][]int64{t.bars.Open, t.bars.High, t.bars.Low, t.bars.Close, t.bars.Volume} {
			slices.Reverse(c)
		}
		slices.Reverse(t.bars.Dates)
	}
	return nil
}

// next moves to the following line; false at the end of the file.
func (t *table) next() bool {
	if len(t.rest) == 0 {
		return false
	}
	t.row, t.rest, _ = bytes.Cut(t.rest, []byte("\n"))
	t.row = bytes.TrimSuffix(t.row, []byte("\r"))
	t.line++
	return true
}

// split cuts the line into cells.
func (t *table) split() error {
	t.cells = t.cells[:0]
	for at := 0; ; {
		c := cell{at: at}
		if rest := t.row[at:]; len(rest) > 0 && rest[0] == '"' {
			end := bytes.IndexByte(rest[1:], '"')
			if end < 0 {
				return t.fail(at, "", "quote without an end")
			}
			c.text, c.quoted = rest[1:1+end], true
			at += end + 2
			if at < len(t.row) && t.row[at] != ',' {
				return t.fail(at, "", "want a comma after the quote")
			}
		} else {
			end := bytes.IndexByte(rest, ',')
			if end < 0 {
				end = len(rest)
			}
			c.text = rest[:end]
			at += end
		}
		if len(t.cells) == maxCells {
			return t.fail(at, "", "more than %d columns", maxCells)
		}
		t.cells = append(t.cells, c)
		if at == len(t.row) {
			return nil
		}
		at++
	}
}

func (t *table) header() error {
	if err := t.split(); err != nil {
		return err
	}
	for f, words := range headers {
		t.place[f] = -1
		for i, c := range t.cells {
			if !slices.Contains(words, strings.ToLower(string(bytes.TrimSpace(c.text)))) {
				continue
			}
			if t.place[f] >= 0 {
				return t.fail(c.at, "", "a second column %q", c.text)
			}
			t.place[f] = i
		}
		if t.place[f] < 0 && len(t.cells) == 1 && bytes.ContainsAny(t.row, ";\t") {
			return t.fail(0, "save it as CSV with commas", "no commas between the columns")
		}
		if t.place[f] < 0 {
			return t.fail(0, "the first line names the columns: "+plainHeader, "no column %q", words[0])
		}
	}
	return nil
}

// plain reads a line of the plain form in one pass: whole numbers, dates ascending. Of any other line it takes nothing
// and leaves it, right or wrong, to bar.
func (t *table) plain() bool {
	n := t.bars.Len()
	if len(t.row) < 11 || t.row[10] != ',' || t.order < 0 || t.bars.Scale > 0 {
		return false
	}
	d, ok := parseDate(t.row[:10])
	if !ok || n > 0 && d <= t.bars.Dates[n-1] {
		return false
	}
	var v [5]int64
	at := 11
	for i := range v {
		from := at
		for at < len(t.row) && t.row[at]-'0' <= 9 {
			v[i] = v[i]*10 + int64(t.row[at]-'0')
			at++
		}
		if at == from || at-from > 18 {
			return false
		}
		if last := i == len(v)-1; last != (at == len(t.row)) || !last && t.row[at] != ',' {
			return false
		}
		at++
	}
	if t.take(d, [4]int64(v[:4]), v[4]) != nil {
		return false
	}
	if n > 0 {
		t.order = 1
	}
	return true
}

// take appends a bar after making of it what market.Bar.Normalize makes.
func (t *table) take(d market.Date, ohlc [4]int64, volume int64) error {
	open, high, low, close := ohlc[0], ohlc[1], ohlc[2], ohlc[3]
	if open == 0 || high == 0 || low == 0 {
		open, high, low, volume = close, close, close, 0
	}
	won := pow10(t.bars.Scale)
	if top := max(open, close); top > high && top-high <= won {
		high = top
	}
	if bottom := min(open, close); bottom < low && low-bottom <= won {
		low = bottom
	}
	if err := sound(open, high, low, close, volume); err != nil {
		return err
	}
	t.bars.append(d, [4]int64{open, high, low, close}, volume)
	return nil
}

// bar reads one line of values.
func (t *table) bar() error {
	columns := len(t.cells)
	if err := t.split(); err != nil {
		return err
	}
	if len(t.cells) != columns {
		return t.fail(0, "every line has as many values as the first", "%d values under %d columns", len(t.cells), columns)
	}
	d, err := t.date(t.cells[t.place[dateField]])
	if err != nil {
		return err
	}
	var ohlc [4]int64
	for i := range ohlc {
		if ohlc[i], err = t.price(t.cells[t.place[openField+i]], ohlc[:i]); err != nil {
			return err
		}
	}
	cell := t.cells[t.place[volumeField]]
	volume, decimals, what := number(cell)
	if what == "" && decimals > 0 {
		what = "part of a share"
	}
	if what != "" {
		return t.fail(cell.at, "volume is in whole shares", "volume %q: %s", cell.text, what)
	}
	if err := t.take(d, ohlc, volume); err != nil {
		return t.fail(t.cells[t.place[highField]].at, "are the columns named as they are?", "%s: %v", d, err)
	}
	return nil
}

// date reads a date and holds it against the one before.
func (t *table) date(c cell) (market.Date, error) {
	d, ok := parseDate(c.text)
	if !ok {
		return 0, t.fail(c.at, "write dates as 2024-01-02", "date %q", c.text)
	}
	n := t.bars.Len()
	if n == 0 {
		return d, nil
	}
	order, last := 1, t.bars.Dates[n-1]
	if d < last {
		order = -1
	}
	switch {
	case d == last:
		return 0, t.fail(c.at, "keep one of the two lines; a file holds the bars of one symbol", "date %s twice", d)
	case t.order == 0:
		t.order = order
	case t.order != order:
		return 0, t.fail(c.at, "sort the lines by date", "date %s after %s", d, last)
	}
	return d, nil
}

// parseDate knows four digits, two and two, with one separator or none.
func parseDate(text []byte) (market.Date, bool) {
	var digits [8]byte
	switch {
	case len(text) == 8:
		copy(digits[:], text)
	case len(text) == 10 && text[4] == text[7] && bytes.IndexByte([]byte("-/."), text[4]) >= 0:
		copy(digits[:4], text[:4])
		copy(digits[4:6], text[5:7])
		copy(digits[6:], text[8:])
	}
	d := market.Date(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		d = d*10 + market.Date(c-'0')
	}
	return d, d.Valid()
}

// price reads a price at the scale of the bars. When it needs a finer one, the bars so far and the prices of this line
// move to it.
func (t *table) price(c cell, line []int64) (int64, error) {
	m, decimals, what := number(c)
	switch {
	case what == "" && decimals > maxDigits:
		return 0, t.fail(c.at, fmt.Sprintf("round to %d decimals", maxDigits), "price %q: too many decimals", c.text)
	case what != "":
		return 0, t.fail(c.at, "prices are digits, such as 71200, or in quotes \"71,200\"", "price %q: %s", c.text, what)
	}
	fits := true
	if decimals > t.bars.Scale {
		factor := pow10(decimals - t.bars.Scale)
		for i := range line {
			fits = fits && line[i] <= maxPrice/factor
			line[i] *= factor
		}
		if fits {
			t.bars, fits = t.bars.rescale(decimals)
		}
	}
	if fits && decimals == t.bars.Scale {
		return m, nil
	}
	factor := pow10(t.bars.Scale - decimals)
	if !fits || m > maxPrice/factor {
		return 0, t.fail(c.at, "", "price %q: more than 18 digits together with the decimals of the others", c.text)
	}
	return m * factor, nil
}

// number reads digits with an optional fraction, whose zeros at the end do not count, and in quotes with thousands
// separators. what says what is wrong, and is empty when nothing is.
func number(c cell) (mantissa int64, decimals int32, what string) {
	var zeros int32
	group, grouped, fraction := 0, false, false
	push := func(digit int64) bool {
		if mantissa > (maxPrice-digit)/10 {
			return false
		}
		mantissa = mantissa*10 + digit
		return true
	}
	for i, ch := range c.text {
		switch {
		case ch == '0' && fraction:
			zeros++
		case ch >= '0' && ch <= '9':
			for ; zeros > 0; zeros-- {
				if !push(0) {
					return 0, 0, "more than 18 digits"
				}
				decimals++
			}
			if !push(int64(ch - '0')) {
				return 0, 0, "more than 18 digits"
			}
			if fraction {
				decimals++
			}
			group++
		case ch == ',' && c.quoted && !fraction && (group == 3 || !grouped && group > 0 && group < 3):
			group, grouped = 0, true
		case ch == '.' && !fraction && i > 0 && i < len(c.text)-1 && (!grouped || group == 3):
			fraction, grouped = true, false
		case ch == '-' && i == 0:
			return 0, 0, "below zero"
		default:
			return 0, 0, "not a number"
		}
	}
	if len(c.text) == 0 {
		return 0, 0, "empty"
	}
	if grouped && group != 3 {
		return 0, 0, "not a number"
	}
	return mantissa, decimals, ""
}

// plainHeader is what WriteCSV writes and ReadCSV reads.
const plainHeader = "date,open,high,low,close,volume"

// WriteCSV writes the bars in the plain form: one line a session, prices without exponent and trailing zeros. A halted
// session is written flat, at its close with volume 0. ReadCSV reads the same bars back.
func WriteCSV(to io.Writer, b Bars) error {
	out := bufio.NewWriter(to)
	out.WriteString(plainHeader + "\n") // a bufio.Writer keeps its first error for Flush
	var line []byte
	for i, d := range b.Dates {
		line = append(line[:0], d.String()...)
		for _, m := range [...]int64{b.Open[i], b.High[i], b.Low[i], b.Close[i]} {
			line = append(line, ',')
			line = append(line, decimal.New(m, -b.Scale).String()...)
		}
		line = append(line, ',')
		line = append(strconv.AppendInt(line, b.Volume[i], 10), '\n')
		out.Write(line)
	}
	return out.Flush()
}
