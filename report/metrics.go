package report

import (
	"math/big"
	"math/bits"
	"sort"

	"github.com/shopspring/decimal"

	"maemae/broker"
	"maemae/market"
)

// Numbers that the formulas share.
const (
	yearSessions = 252
	returnDigits = 10 // decimals of a daily return
	ratioDigits  = 6  // decimals of every ratio that is handed out
	workDigits   = 24 // decimals of roots, logarithms and quotients on the way there
)

// Ratio is a metric that may be undefined. It is written with six decimals, rounded half away from zero, or as null.
type Ratio struct {
	Value   decimal.Decimal
	Defined bool
}

// String is the value with six decimals, or a dash where it is undefined.
func (r Ratio) String() string {
	if !r.Defined {
		return "–"
	}
	return r.Value.StringFixed(ratioDigits)
}

// MarshalJSON writes a string, or null.
func (r Ratio) MarshalJSON() ([]byte, error) {
	if !r.Defined {
		return []byte("null"), nil
	}
	return []byte(`"` + r.Value.StringFixed(ratioDigits) + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Ratio) UnmarshalJSON(text []byte) error {
	*r = Ratio{}
	if string(text) == "null" {
		return nil
	}
	r.Defined = true
	return r.Value.UnmarshalJSON(text)
}

func ratio(d decimal.Decimal) Ratio { return Ratio{d.Round(ratioDigits), true} }

// over is a / b, undefined where b is 0.
func over(a, b decimal.Decimal) Ratio {
	if b.IsZero() {
		return Ratio{}
	}
	return ratio(a.DivRound(b, workDigits))
}

// Metrics add a run up. The formulas stand in docs/BACKTEST.md. Ratios are parts of one, not percent.
type Metrics struct {
	TotalReturn     Ratio           `json:"total_return"`
	AnnualReturn    Ratio           `json:"annual_return"`
	InvestedReturn  Ratio           `json:"invested_annual_return"` // a year of nothing but invested sessions
	Volatility      Ratio           `json:"volatility"`
	Sharpe          Ratio           `json:"sharpe"`
	Sortino         Ratio           `json:"sortino"`
	MaxDrawdown     Ratio           `json:"max_drawdown"`
	MaxDrawdownDays int             `json:"max_drawdown_days"` // sessions
	Trades          int             `json:"trades"`            // fills
	WinRate         Ratio           `json:"win_rate"`
	ProfitFactor    Ratio           `json:"profit_factor"`
	Payoff          Ratio           `json:"payoff"`
	AverageHolding  Ratio           `json:"average_holding"` // sessions
	Exposure        Ratio           `json:"exposure"`
	Turnover        Ratio           `json:"turnover"`
	Costs           decimal.Decimal `json:"costs"` // won
}

// Measure computes the metrics of a run from its cash, trades and curve.
func Measure(r Run) Metrics {
	var m Metrics
	m.Trades = len(r.Trades)
	invested := m.ofTrades(r)
	if r.Equity.Len() > 0 {
		m.ofCurve(r, invested)
	}
	return m
}

// ofCurve adds up the equity of a run with so many invested sessions.
func (m *Metrics) ofCurve(r Run, invested int) {
	n := r.Equity.Len()
	final := r.Equity.At(n - 1).Equity
	growth := over(final, r.Cash)
	if growth.Defined {
		exact := final.DivRound(r.Cash, workDigits)
		m.TotalReturn = ratio(exact.Sub(decimal.New(1, 0)))
		m.AnnualReturn = annual(exact, n)
		if invested > 0 {
			m.InvestedReturn = annual(exact, invested)
		}
	}
	s := r.Equity.sums(r.Cash)
	m.MaxDrawdown, m.MaxDrawdownDays = ratio(s.drawdown), s.under
	if s.undefined {
		return
	}
	count, year := decimal.NewFromInt(int64(n)), decimal.NewFromInt(yearSessions)
	mean := s.returns.DivRound(count, workDigits).Mul(year)
	if n > 1 {
		spread := s.squares.Mul(count).Sub(s.returns.Mul(s.returns))
		volatility := root(spread.Mul(year).DivRound(count.Mul(count.Sub(decimal.New(1, 0))), 2*workDigits))
		m.Volatility = ratio(volatility)
		m.Sharpe = over(mean, volatility)
	}
	m.Sortino = over(mean, root(s.losses.Mul(year).DivRound(count, 2*workDigits)))
}

// annual is growth to the power of a year over n sessions, less one. It is undefined without capital left, and where a
// year would be beyond e^100.
func annual(growth decimal.Decimal, n int) Ratio {
	if growth.Sign() <= 0 {
		return Ratio{}
	}
	ln, err := growth.Ln(workDigits)
	if err != nil {
		return Ratio{}
	}
	exponent := ln.Mul(decimal.NewFromInt(yearSessions)).DivRound(decimal.NewFromInt(int64(n)), workDigits)
	if exponent.Abs().GreaterThan(decimal.NewFromInt(100)) {
		return Ratio{}
	}
	power, err := exponent.ExpTaylor(workDigits)
	if err != nil {
		return Ratio{}
	}
	return ratio(power.Sub(decimal.New(1, 0)))
}

// root is the square root of a number of at least 0, cut to workDigits decimals.
func root(d decimal.Decimal) decimal.Decimal {
	m := d.Shift(2 * workDigits).BigInt()
	return decimal.NewFromBigInt(m.Sqrt(m), -workDigits)
}

// sums are what one pass over a curve leaves: sums over daily returns of returnDigits decimals, and the worst fall.
type sums struct {
	returns, squares, losses decimal.Decimal // Σr, Σr², Σmin(r, 0)²
	undefined                bool            // a return could not be told: equity of 0, or one beyond 64 bits
	drawdown                 decimal.Decimal // the largest part of a high that was lost
	under                    int             // most sessions below a high
}

func (c Curve) sums(start decimal.Decimal) sums {
	if s, ok := c.narrowSums(start); ok {
		return s
	}
	return c.wideSums(start)
}

// wideSums is the plain form: it says what narrowSums computes.
func (c Curve) wideSums(start decimal.Decimal) sums {
	var s sums
	last, high, since := start, start, 0
	for i := range c.Len() {
		e := c.At(i).Equity
		if last.Sign() <= 0 {
			s.undefined = true
		} else if !s.undefined {
			r := e.Sub(last).DivRound(last, returnDigits)
			s.returns, s.squares = s.returns.Add(r), s.squares.Add(r.Mul(r))
			if r.Sign() < 0 {
				s.losses = s.losses.Add(r.Mul(r))
			}
		}
		last, since = e, since+1
		if e.GreaterThanOrEqual(high) {
			high, since = e, 0
		}
		s.under = max(s.under, since)
		if high.Sign() > 0 {
			s.drawdown = decimal.Max(s.drawdown, high.Sub(e).DivRound(high, workDigits))
		}
	}
	return s
}

// narrowSums is wideSums in 64-bit columns with 128-bit sums; false where they do not hold it.
func (c Curve) narrowSums(start decimal.Decimal) (s sums, ok bool) {
	first := start.Shift(c.scale)
	if c.wide != nil || !first.IsInteger() || !first.BigInt().IsInt64() || first.Sign() <= 0 {
		return s, false
	}
	const unit = 10_000_000_000 // 10^returnDigits
	var returns int64
	var squares, losses sum128
	last := first.IntPart()
	high, fallOf, fall, since := last, last, int64(0), 0 // the worst fall is fall/fallOf
	for _, e := range c.equity {
		if e < 0 || e == 0 && last == 0 {
			return s, false
		}
		if e != last {
			if last == 0 {
				return s, false
			}
			r, fits := scaled(e-last, unit, last)
			if !fits || r > 1<<40 {
				return s, false
			}
			returns += r
			squares.addSquare(r)
			if r < 0 {
				losses.addSquare(r)
			}
			last = e
		}
		since++
		if e >= high {
			high, since = e, 0
		}
		s.under = max(s.under, since)
		if f := high - e; f > 0 && lessProduct(fall, high, f, fallOf) {
			fall, fallOf = f, high
		}
	}
	s.returns = decimal.New(returns, -returnDigits)
	s.squares, s.losses = squares.decimal(2*returnDigits), losses.decimal(2*returnDigits)
	s.drawdown = decimal.NewFromInt(fall).DivRound(decimal.NewFromInt(fallOf), workDigits)
	return s, true
}

// scaled is a*unit/b rounded half away from zero, for b > 0.
func scaled(a, unit, b int64) (int64, bool) {
	m := uint64(max(a, -a))
	hi, lo := bits.Mul64(m, uint64(unit))
	lo, carry := bits.Add64(lo, uint64(b)/2, 0)
	if hi += carry; hi >= uint64(b) {
		return 0, false
	}
	q, _ := bits.Div64(hi, lo, uint64(b))
	if q > 1<<62 {
		return 0, false
	}
	if a < 0 {
		return -int64(q), true
	}
	return int64(q), true
}

// lessProduct is a*b < c*d, for factors of at least 0.
func lessProduct(a, b, c, d int64) bool {
	h1, l1 := bits.Mul64(uint64(a), uint64(b))
	h2, l2 := bits.Mul64(uint64(c), uint64(d))
	return h1 < h2 || h1 == h2 && l1 < l2
}

// sum128 is a sum of numbers of at least 0. A million squares of 40 bits do not come near its end.
type sum128 struct{ hi, lo uint64 }

func (s *sum128) add(hi, lo uint64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi += hi + carry
}

func (s *sum128) addSquare(r int64) {
	m := uint64(max(r, -r))
	s.add(bits.Mul64(m, m))
}

func (s *sum128) decimal(digits int32) decimal.Decimal {
	m := new(big.Int).Lsh(new(big.Int).SetUint64(s.hi), 64)
	return decimal.NewFromBigInt(m.Add(m, new(big.Int).SetUint64(s.lo)), -digits)
}

// total is the sum of equity over all sessions.
func (c Curve) total() decimal.Decimal {
	var sum sum128
	for _, e := range c.equity {
		sum.add(0, uint64(max(e, 0))) // equity is never below 0: there is no credit and no short sale
	}
	total := sum.decimal(c.scale)
	for _, p := range c.wide {
		total = total.Add(p.Equity)
	}
	return total
}

// holding is an open round trip: from the first fill to the one that leaves nothing.
type holding struct {
	shares int64
	since  int // index of the session of the entry
	profit decimal.Decimal
}

// ofTrades adds up fills: costs, turnover, and the round trips that are closed. It counts the invested sessions: those
// that began with shares or had a fill. In all others the equity stood still.
func (m *Metrics) ofTrades(r Run) (invested int) {
	type owner struct {
		strategy string
		symbol   market.Symbol
	}
	open := map[owner]*holding{}
	var won, lost, traded decimal.Decimal
	var wins, losses, closed, sessions int64
	held, exposed, upTo := 0, 0, 0 // round trips open, sessions with one, sessions counted
	counted := -1                  // last session of which it is known whether it was invested
	for _, t := range r.Trades {
		at := sort.Search(r.Equity.Len(), func(i int) bool { return r.Equity.date(i) >= t.Date })
		if held > 0 {
			exposed += at - upTo
			invested += at - counted
		} else if at > counted {
			invested++
		}
		upTo, counted = at, at
		value, costs := t.Value(), t.Fee.Add(t.Tax)
		m.Costs, traded = m.Costs.Add(costs), traded.Add(value)
		key := owner{t.Strategy, t.Symbol}
		h := open[key]
		if h == nil {
			h = &holding{since: at}
			open[key] = h
			held++
		}
		if t.Side == broker.Buy {
			h.shares, h.profit = h.shares+t.Shares, h.profit.Sub(value).Sub(costs)
			continue
		}
		h.shares, h.profit = h.shares-t.Shares, h.profit.Add(value).Sub(costs)
		if h.shares > 0 {
			continue
		}
		delete(open, key)
		held--
		closed++
		sessions += int64(at - h.since)
		switch h.profit.Sign() {
		case 1:
			wins, won = wins+1, won.Add(h.profit)
		case -1:
			losses, lost = losses+1, lost.Sub(h.profit)
		}
	}
	n := r.Equity.Len()
	if held > 0 {
		exposed += n - upTo
		invested += n - 1 - counted
	}
	count := decimal.NewFromInt(closed)
	m.WinRate = over(decimal.NewFromInt(wins), count)
	m.AverageHolding = over(decimal.NewFromInt(sessions), count)
	m.ProfitFactor = over(won, lost)
	if wins > 0 && losses > 0 {
		m.Payoff = over(won.Mul(decimal.NewFromInt(losses)), lost.Mul(decimal.NewFromInt(wins)))
	}
	m.Exposure = over(decimal.NewFromInt(int64(exposed)), decimal.NewFromInt(int64(n)))
	m.Turnover = over(traded.Mul(decimal.NewFromInt(int64(n))), r.Equity.total())
	return invested
}
