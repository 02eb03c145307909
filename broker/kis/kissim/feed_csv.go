package kissim

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"maemae/market"
)

// Bounds of a CSV folder.
const (
	maxFiles = 5_000
	maxRows  = 30_000
	maxPrice = 100_000_000 // won

	maxVolume = 10_000_000_000 // shares a day; with maxPrice their value fits an int64
)

const (
	barHeader    = "date,open,high,low,close,volume"
	symbolHeader = "symbol,market,kind,name"
	symbolFile   = "symbols.csv"
)

// newCSV reads a folder of SYMBOL.csv files (date,open,high,low,close,volume, oldest first) and an optional symbols.csv
// (symbol,market,kind,name). Prices are adjusted unless raw, which are then held to their day's ticks and limits. An
// error names file and line.
func newCSV(dir string, raw bool) (*feed, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if len(files) > maxFiles {
		return nil, fmt.Errorf("data %s: %d files: want at most %d", dir, len(files), maxFiles)
	}
	listed, err := readSymbols(filepath.Join(dir, symbolFile))
	if err != nil {
		return nil, err
	}
	f := &feed{issues: map[market.Symbol]*issue{}}
	for _, entry := range files {
		name, isCSV := strings.CutSuffix(entry.Name(), ".csv")
		if !isCSV || entry.Name() == symbolFile {
			continue
		}
		file := filepath.Join(dir, entry.Name())
		symbol, err := market.ParseSymbol(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		i := &issue{Instrument: market.Known(symbol), adjusted: !raw}
		if of, ok := listed[symbol]; ok {
			i.Instrument = of
		}
		if err := readLines(file, barHeader, i.addRow); err != nil {
			return nil, err
		}
		if n := len(i.bars); n > 0 {
			f.issues[symbol] = i
			f.end = max(f.end, i.bars[n-1].date)
		}
	}
	if len(f.issues) == 0 {
		return nil, fmt.Errorf("data %s: no file SYMBOL.csv with a bar in it", dir)
	}
	return f, nil
}

func readSymbols(file string) (map[market.Symbol]market.Instrument, error) {
	listed := map[market.Symbol]market.Instrument{}
	err := readLines(file, symbolHeader, func(line string) error {
		f := strings.SplitN(line, ",", 4)
		if len(f) != 4 {
			return fmt.Errorf("%d fields, want %s", len(f), symbolHeader)
		}
		s, err := market.ParseSymbol(f[0])
		i := market.Instrument{Symbol: s, Board: market.Board(f[1]), Kind: market.Kind(f[2]), Name: f[3]}
		switch {
		case err != nil:
			return err
		case listed[s] != market.Instrument{}:
			return fmt.Errorf("symbol %s given twice", s)
		case i.Board != market.KOSPI && i.Board != market.KOSDAQ:
			return fmt.Errorf("market %q: want KOSPI or KOSDAQ", f[1])
		case i.Kind != market.Stock && i.Kind != market.ETF && i.Kind != market.ETN:
			return fmt.Errorf("kind %q: want stock, etf or etn", f[2])
		}
		listed[s] = i
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return listed, nil
	}
	return listed, err
}

// readLines hands every line after the header to row and places the errors.
func readLines(file, header string, row func(line string) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if n, err := scanLines(f, header, row); err != nil {
		return fmt.Errorf("%s:%d: %w", file, n, err)
	}
	return nil
}

func scanLines(r io.Reader, header string, row func(line string) error) (n int, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimSuffix(lines.Text(), "\r")
		switch n++; {
		case n == 1:
			if strings.TrimPrefix(line, "\ufeff") != header {
				return n, fmt.Errorf("header %q: want %s", line, header)
			}
		case n > maxRows:
			return n, fmt.Errorf("more than %d rows", maxRows)
		default:
			if err := row(line); err != nil {
				return n, err
			}
		}
	}
	if n == 0 && lines.Err() == nil {
		return 1, fmt.Errorf("no header: want %s", header)
	}
	return n + 1, lines.Err()
}

// addRow reads one bar and appends it.
func (i *issue) addRow(line string) error {
	b, err := parseBar(line)
	if err != nil {
		return err
	}
	var before bar
	if n := len(i.bars); n > 0 {
		before = i.bars[n-1]
	}
	if b.date <= before.date {
		return fmt.Errorf("date %s does not come after %s", b.date, before.date)
	}
	if !i.adjusted && !b.halted() {
		if err := i.checkRaw(b, before); err != nil {
			return err
		}
	}
	i.bars = append(i.bars, b)
	return nil
}

// parseBar reads one row; a bar without open, high, low or volume is a halted day.
func parseBar(line string) (bar, error) {
	f := strings.Split(line, ",")
	if len(f) != 6 {
		return bar{}, fmt.Errorf("%d fields, want %s", len(f), barHeader)
	}
	var read market.Bar
	var err error
	if read.Date, err = market.ParseDate(f[0]); err != nil {
		return bar{}, err
	}
	for k, p := range []*decimal.Decimal{&read.Open, &read.High, &read.Low, &read.Close} {
		if *p, err = parsePrice(f[k+1]); err != nil {
			return bar{}, err
		}
	}
	if read.Volume, err = strconv.ParseInt(f[5], 10, 64); err != nil || read.Volume < 0 || read.Volume > maxVolume {
		return bar{}, fmt.Errorf("volume %q: want a whole number of shares up to %d", f[5], int64(maxVolume))
	}
	read, halted := read.Normalize()
	if err := read.Check(); err != nil {
		return bar{}, err
	}
	if halted || read.Volume == 0 {
		return bar{date: read.Date, close: inWon(read.Close)}, nil
	}
	return bar{read.Date, inWon(read.Open), inWon(read.High), inWon(read.Low), inWon(read.Close), read.Volume}, nil
}

// parsePrice reads won. Adjusted prices may have a fraction.
func parsePrice(text string) (decimal.Decimal, error) {
	if text == "" || len(text) > 20 || strings.Trim(text, "0123456789.") != "" {
		return decimal.Zero, fmt.Errorf("price %q: want won", text)
	}
	d, err := decimal.NewFromString(text)
	if err != nil || d.GreaterThan(decimal.NewFromInt(maxPrice)) {
		return decimal.Zero, fmt.Errorf("price %q: want won up to %d", text, maxPrice)
	}
	return d, nil
}

// inWon rounds half away from zero, as KIS quotes adjusted prices, but not to nothing.
func inWon(price decimal.Decimal) int64 { return max(1, price.Round(0).IntPart()) }

// checkRaw holds a raw bar to the ticks and limits of its day. After a halt, where shares are split, and on the first
// day the limits are not those of the close before.
func (i *issue) checkRaw(b, before bar) error {
	const hint = "(if the prices are adjusted, do not call them raw)"
	if !before.halted() {
		if lower, upper := i.limits(before.close, bar{date: b.date}); b.low < lower || b.high > upper {
			return fmt.Errorf("bar %s: %d to %d is outside the day's limits %d to %d %s", b.date, b.low, b.high, lower, upper, hint)
		}
	}
	for _, p := range []int64{b.open, b.high, b.low, b.close} {
		if i.grid(b.date).down(p) != p {
			return fmt.Errorf("bar %s: price %d is off the tick %s", b.date, p, hint)
		}
	}
	return nil
}
