package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/shopspring/decimal"

	"maemae/backtest"
	"maemae/market"
	reports "maemae/report"
	"maemae/strategy"
)

// symbolRun is what --each tells of a symbol: a run without its fills and its curve, which over a whole exchange would be
// gigabytes.
type symbolRun struct {
	Strategy    string          `json:"strategy"`
	Symbol      market.Symbol   `json:"symbol"`
	Name        string          `json:"name,omitempty"`
	From        market.Date     `json:"from"`
	To          market.Date     `json:"to"`
	FinalEquity decimal.Decimal `json:"final_equity"`
	Metrics     reports.Metrics `json:"metrics"`
	Notes       []string        `json:"notes,omitempty"`
}

// symbolError is a symbol that could not be played.
type symbolError struct {
	Strategy string        `json:"strategy"`
	Symbol   market.Symbol `json:"symbol"`
	Error    string        `json:"error"`
}

// eachResult is what came of rules over symbols one by one.
type eachResult struct {
	Version     int             `json:"version"`
	Assumptions []string        `json:"assumptions"`
	Cash        decimal.Decimal `json:"cash"`
	Symbols     []symbolRun     `json:"symbols"`
	Errors      []symbolError   `json:"errors,omitempty"`
}

// playEach plays every rule over each of its symbols alone and tells what came of it.
func (f backtestFlags) playEach(w io.Writer, o backtest.Options) error {
	if f.together || f.report != "" || f.index != "" {
		return usagef("--each tells a line of every symbol: --together, --report and --index are of a run over all of them")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(300)) // few symbols are in memory at a time, so what lives is small and soon doubled
	result := eachResult{Version: reports.Version, Cash: o.Cash}
	rules := o.Rules
	for _, r := range rules {
		o.Rules = []*strategy.Strategy{r}
		assumptions, err := backtest.Each(o, func(p backtest.Alone) error {
			if p.Err != nil {
				result.Errors = append(result.Errors, symbolError{r.Name, p.Symbol, f.missing(p.Err).Error()})
				return nil
			}
			result.Symbols = append(result.Symbols, symbolRun{
				Strategy: r.Name, Symbol: p.Symbol, Name: o.Instrument(p.Symbol).Name, From: p.Run.From, To: p.Run.To,
				FinalEquity: p.Run.FinalEquity, Metrics: p.Run.Metrics, Notes: p.Notes,
			})
			return nil
		})
		if err != nil {
			return err
		}
		for _, a := range assumptions {
			if !slices.Contains(result.Assumptions, a) {
				result.Assumptions = append(result.Assumptions, a)
			}
		}
	}
	if len(result.Symbols) == 0 {
		return fmt.Errorf("no symbol could be played: %s", result.Errors[0].Error)
	}
	if f.csv != "" {
		if err := result.writeCSV(f.csv); err != nil {
			return err
		}
	}
	if f.asJSON {
		return printJSON(w, result)
	}
	return result.print(w, o.Lang)
}

// of are the runs of a rule, the best first.
func (r eachResult) of(rule string) (list []symbolRun) {
	for _, x := range r.Symbols {
		if x.Strategy == rule {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(a, b symbolRun) int {
		return cmp.Or(b.FinalEquity.Cmp(a.FinalEquity), cmp.Compare(a.Symbol, b.Symbol))
	})
	return list
}

// rules are the names of the rules in their order.
func (r eachResult) rules() (names []string) {
	for _, x := range r.Symbols {
		if !slices.Contains(names, x.Strategy) {
			names = append(names, x.Strategy)
		}
	}
	return names
}

// eachShown is how many of the best and of the worst a table has.
const eachShown = 10

// print is what a person reads: of every rule the best and the worst symbols, and how they lie.
func (r eachResult) print(w io.Writer, lang string) error {
	for _, rule := range r.rules() {
		list := r.of(rule)
		fmt.Fprintf(w, "%s, on each of %d with %s won of its own\n\n", rule, len(list), grouped(r.Cash))
		t := newTable("=SYMBOL", "NAME", "=FROM", "=TO", ">FINAL EQUITY", ">RETURN", ">A YEAR", ">DRAWDOWN", ">SHARPE", ">FILLS", ">WIN RATE", ">COSTS")
		for i, x := range list {
			if between := len(list) - 2*eachShown; between > 0 && i >= eachShown && i < len(list)-eachShown {
				if i == eachShown {
					t.add("…", fmt.Sprintf("%d more", between), "", "", "", "", "", "", "", "", "", "")
				}
				continue
			}
			m := x.Metrics
			t.add(string(x.Symbol), x.Name, x.From.String(), x.To.String(), grouped(x.FinalEquity), inPercent(m.TotalReturn), inPercent(m.AnnualReturn),
				inPercent(m.MaxDrawdown), shortRatio(m.Sharpe), fmt.Sprint(m.Trades), inPercent(m.WinRate), grouped(m.Costs))
		}
		if err := t.print(w); err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%s\n\n", spread(list, r.Cash))
	}
	if n := len(slices.DeleteFunc(slices.Clone(r.Symbols), func(x symbolRun) bool { return len(x.Notes) == 0 })); n > 0 {
		fmt.Fprintf(w, "%d of these runs have notes, such as sessions without a bar and fills that were cut: --json tells them\n", n)
	}
	for i, x := range r.Errors {
		if i == eachShown {
			fmt.Fprintf(w, "not played: %d more, --json names them\n", len(r.Errors)-i)
			break
		}
		fmt.Fprintf(w, "not played: %s on %s: %s\n", x.Strategy, x.Symbol, x.Error)
	}
	return printAssumptions(w, r.Assumptions, lang)
}

// spread says how the returns of a sorted list lie. A quarter of the symbols did at least as well as the upper quarter.
func spread(list []symbolRun, cash decimal.Decimal) string {
	gained, traded, fills := 0, 0, 0
	for _, x := range list {
		if x.FinalEquity.GreaterThan(cash) {
			gained++
		}
		if x.Metrics.Trades > 0 {
			traded++
		}
		fills += x.Metrics.Trades
	}
	at := func(part int) string { return inPercent(list[(len(list)-1)*part/4].Metrics.TotalReturn) }
	return fmt.Sprintf("%d of %d traded, %d made money; return: best %s, upper quarter %s, middle %s, lower quarter %s, worst %s; %d fills",
		traded, len(list), gained, at(0), at(1), at(2), at(3), at(4), fills)
}

// writeCSV writes one file a rule, one line a symbol, in the order of the rule's symbols.
func (r eachResult) writeCSV(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, rule := range r.rules() {
		err := writeCSV(filepath.Join(dir, rule+".symbols.csv"), func(to io.Writer) error {
			out := csv.NewWriter(to)
			_ = out.Write([]string{"symbol", "name", "from", "to", "final_equity", "total_return", "annual_return", "volatility", "sharpe", "sortino",
				"max_drawdown", "max_drawdown_days", "trades", "win_rate", "profit_factor", "payoff", "average_holding", "exposure", "turnover", "costs"})
			for _, x := range r.Symbols {
				if x.Strategy != rule {
					continue
				}
				m := x.Metrics
				_ = out.Write([]string{string(x.Symbol), x.Name, x.From.String(), x.To.String(), x.FinalEquity.String(), inCSV(m.TotalReturn), inCSV(m.AnnualReturn),
					inCSV(m.Volatility), inCSV(m.Sharpe), inCSV(m.Sortino), inCSV(m.MaxDrawdown), fmt.Sprint(m.MaxDrawdownDays), fmt.Sprint(m.Trades), inCSV(m.WinRate),
					inCSV(m.ProfitFactor), inCSV(m.Payoff), inCSV(m.AverageHolding), inCSV(m.Exposure), inCSV(m.Turnover), m.Costs.String()})
			}
			out.Flush()
			return out.Error()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inCSV is a ratio in a file: empty where it is undefined.
func inCSV(r reports.Ratio) string {
	if !r.Defined {
		return ""
	}
	return r.String()
}
