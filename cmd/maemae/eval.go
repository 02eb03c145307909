package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"maemae/history"
	"maemae/market"
	"maemae/strategy"
)

func evalCommand() *cobra.Command {
	var data, symbol, index string
	var asJSON bool
	c := &cobra.Command{
		Use:   `eval --data DIR --symbol CODE "EXPRESSION"…`,
		Short: "print an expression's value on every bar, exactly",
		Long: `eval is the pocket calculator that lets anyone compare a number with their HTS: it prints "date,value" for every bar
of DIR/CODE.csv, one more column per further expression, exact decimals, empty where not ready, true or false for
conditions.`,
		Example: `  maemae eval --data broker/kis/kissim/testdata/csv --symbol 005930 "sma(close, 5)" "rsi(14)"`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, texts []string) error {
			s, err := market.ParseSymbol(symbol)
			if err != nil {
				return usageError{err}
			}
			var exprs []*strategy.Expr
			var problems strategy.Problems
			for _, t := range texts {
				e, p := strategy.ParseExpr(t)
				problems = append(problems, p...)
				exprs = append(exprs, e)
			}
			if problems.Fatal() {
				return problems
			}
			bars, err := readColumns(data, s)
			if err != nil {
				return err
			}
			if bars, err = withIndex(bars, data, index, exprs); err != nil {
				return err
			}
			if asJSON {
				return printColumnsJSON(c.OutOrStdout(), bars, exprs)
			}
			return printColumns(c.OutOrStdout(), bars, exprs)
		},
	}
	c.Flags().StringVar(&data, "data", ".", "folder of CODE.csv files: date,open,high,low,close,volume")
	c.Flags().StringVar(&symbol, "symbol", "", "symbol, such as 005930")
	c.Flags().StringVar(&index, "index", "", "symbol that stands for the market in alpha and beta, such as 069500")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	if err := c.MarkFlagRequired("symbol"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

// readColumns reads the bars of a symbol's file.
func readColumns(folder string, s market.Symbol) (strategy.Bars, error) {
	path := filepath.Join(folder, string(s)+".csv")
	f, err := os.Open(path)
	if err != nil {
		return strategy.Bars{}, fmt.Errorf("read bars: %w", err)
	}
	defer f.Close()
	bars, err := history.ReadCSV(path, f)
	return columns(bars), err
}

// withIndex adds the closes of the market to the bars, where one is named. What asks for the market needs one.
func withIndex(bars strategy.Bars, folder, index string, exprs []*strategy.Expr) (strategy.Bars, error) {
	if index == "" {
		for _, e := range exprs {
			if e.ReadsIndex() {
				return bars, usageError{fmt.Errorf("%s compares with a market index: say which symbol stands for it, --index 069500", e)}
			}
		}
		return bars, nil
	}
	s, err := market.ParseSymbol(index)
	if err != nil {
		return bars, usageError{fmt.Errorf("--index: %w", err)}
	}
	of, err := readColumns(folder, s)
	return bars.WithIndex(of), err
}

// columns shows stored bars to the evaluator without copying them.
func columns(b history.Bars) strategy.Bars {
	return strategy.Bars{Dates: b.Dates, Scale: b.Scale, Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Volume: b.Volume}
}

func printColumns(to interface{ Write([]byte) (int, error) }, bars strategy.Bars, exprs []*strategy.Expr) error {
	w := bufio.NewWriter(to)
	fmt.Fprint(w, "date")
	results := make([]strategy.Column, len(exprs))
	for i, e := range exprs {
		if i == 0 {
			fmt.Fprint(w, ",value")
		} else {
			fmt.Fprintf(w, ",value%d", i+1)
		}
		column, err := e.Eval(bars)
		if err != nil {
			return err
		}
		results[i] = column
	}
	fmt.Fprintln(w)
	for i, d := range bars.Dates {
		fmt.Fprint(w, d)
		for _, r := range results {
			fmt.Fprint(w, ",", r.Text(i))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// EvalRow is one bar's values, by expression: an exact number, true or false, or empty where not ready.
type EvalRow struct {
	Date   market.Date `json:"date"`
	Values []string    `json:"values"`
}

func printColumnsJSON(to interface{ Write([]byte) (int, error) }, bars strategy.Bars, exprs []*strategy.Expr) error {
	rows := make([]EvalRow, bars.Len())
	for i, d := range bars.Dates {
		rows[i].Date = d
	}
	for _, e := range exprs {
		column, err := e.Eval(bars)
		if err != nil {
			return err
		}
		for i := range rows {
			rows[i].Values = append(rows[i].Values, column.Text(i))
		}
	}
	return printJSON(to, rows)
}
