package history

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"maemae/market"
)

// Folder is a directory of CSV files, one SYMBOL.csv for each symbol, read one at a time. An optional symbols.csv
// (symbol,market,kind,name) says what the symbols are.
type Folder struct {
	dir         string
	symbols     []market.Symbol
	instruments map[market.Symbol]market.Instrument
}

const (
	symbolsFile   = "symbols.csv"
	symbolsHeader = "symbol,market,kind,name"
	maxSymbols    = 100_000
)

// ReadFolder reads the names in a directory and its symbols.csv, and no bars yet. Files that do not end in .csv are
// left alone; a .csv whose name is no symbol is an error, because it would otherwise be missed in silence.
func ReadFolder(dir string) (*Folder, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read folder: %w", err)
	}
	f := &Folder{dir: dir}
	for _, file := range files {
		name, ok := strings.CutSuffix(file.Name(), ".csv")
		if !ok || file.Name() == symbolsFile {
			continue
		}
		symbol, err := market.ParseSymbol(name)
		if err != nil {
			return nil, &PlaceError{filepath.Join(dir, file.Name()), 1, 1, "the name of the file is no symbol",
				"call it SYMBOL.csv, such as 005930.csv"}
		}
		f.symbols = append(f.symbols, symbol)
	}
	if len(f.symbols) == 0 {
		return nil, fmt.Errorf("read folder %s: no SYMBOL.csv in it", dir)
	}
	f.instruments, err = readSymbols(filepath.Join(dir, symbolsFile))
	return f, err
}

// Symbols are the symbols of the folder in ascending order.
func (f *Folder) Symbols() []market.Symbol { return slices.Clone(f.symbols) }

// Instrument is what symbols.csv says of the symbol, or else market.Known.
func (f *Folder) Instrument(s market.Symbol) market.Instrument {
	if i, ok := f.instruments[s]; ok {
		return i
	}
	return market.Known(s)
}

// Load reads the bars of a symbol with ReadCSV; the next call reads again. Of kind fs.ErrNotExist when the folder has
// no such file.
func (f *Folder) Load(s market.Symbol) (Bars, error) {
	if !slices.Contains(f.symbols, s) {
		return Bars{}, fmt.Errorf("read folder %s: %s.csv: %w", f.dir, s, fs.ErrNotExist)
	}
	name := filepath.Join(f.dir, string(s)+".csv")
	file, err := os.Open(name)
	if err != nil {
		return Bars{}, fmt.Errorf("read folder: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Bars{}, fmt.Errorf("read folder: %w", err)
	}
	return readCSV(name, file, info.Size())
}

// readSymbols reads symbols.csv; a missing file is no error.
func readSymbols(name string) (map[market.Symbol]market.Instrument, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read folder: %w", err)
	}
	defer file.Close()
	return parseSymbols(name, io.LimitReader(file, maxCSV))
}

func parseSymbols(name string, from io.Reader) (map[market.Symbol]market.Instrument, error) {
	rows := csv.NewReader(from)
	rows.ReuseRecord = true
	instruments := make(map[market.Symbol]market.Instrument)
	for first := true; ; first = false {
		row, err := rows.Read()
		var broken *csv.ParseError
		switch {
		case err == io.EOF:
			return instruments, nil
		case errors.As(err, &broken):
			return nil, &PlaceError{name, broken.Line, max(1, broken.Column), broken.Err.Error(), "columns are " + symbolsHeader}
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if first {
			if header := strings.TrimPrefix(strings.Join(row, ","), "\ufeff"); header != symbolsHeader {
				return nil, &PlaceError{name, 1, 1, fmt.Sprintf("header %q", header), "columns are " + symbolsHeader}
			}
			continue
		}
		i, field, what := instrument(row)
		if _, twice := instruments[i.Symbol]; what == "" && (twice || len(instruments) == maxSymbols) {
			what = fmt.Sprintf("symbol %s twice, or more than %d symbols", i.Symbol, maxSymbols)
		}
		if what != "" {
			line, col := rows.FieldPos(field)
			return nil, &PlaceError{name, line, col, what, "columns are " + symbolsHeader}
		}
		instruments[i.Symbol] = i
	}
}

// instrument reads a row; what says what is wrong with which field.
func instrument(row []string) (i market.Instrument, field int, what string) {
	symbol, err := market.ParseSymbol(row[0])
	i = market.Instrument{Symbol: symbol, Board: market.Board(row[1]), Kind: market.Kind(row[2]), Name: row[3]}
	switch {
	case err != nil:
		return i, 0, err.Error()
	case i.Board != market.KOSPI && i.Board != market.KOSDAQ:
		return i, 1, fmt.Sprintf("market %q: want KOSPI or KOSDAQ", row[1])
	case i.Kind != market.Stock && i.Kind != market.ETF && i.Kind != market.ETN:
		return i, 2, fmt.Sprintf("kind %q: want stock, etf or etn", row[2])
	case len(i.Name) > 100:
		return i, 3, "name of more than 100 bytes"
	}
	return i, 0, ""
}
