package report

import (
	"math"
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
	return settled(near(a)/near(b), func() Ratio { return ratio(a.DivRound(b, workDigits)) })
}

// settled is a ratio to which x is known to be nearer than 10^-9: x rounded, but what exactly says where x is so large, or
// lies so near the middle between two roundings, that the difference may matter. Few ratios need decimals so, which take
// longer than all the rest of a run's metrics.
func settled(x float64, exactly func() Ratio) Ratio {
	const largest, margin = 1000e6, 1e-3
	x *= 1e6
	whole := math.Round(x)
	if !(math.Abs(x) < largest) || 0.5-math.Abs(x-whole) < margin {
		return exactly()
	}
	return Ratio{decimal.New(int64(whole), -ratioDigits), true}
}

// near is d in floating point, wrong in its last bits at most.
func near(d decimal.Decimal) float64 {
	m, _ := d.Coefficient().Float64()
	return m * math.Pow10(int(d.Exponent()))
}

// number is an exact number that is worked out where the near one does not settle what it rounds to.
type number struct {
	near  float64
	exact func() decimal.Decimal
}

func (x number) ratio() Ratio { return settled(x.near, func() Ratio { return ratio(x.exact()) }) }

func (x number) over(y number) Ratio {
	if y.near == 0 {
		return Ratio{}
	}
	return settled(x.near/y.near, func() Ratio { return over(x.exact(), y.exact()) })
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
	if !r.Cash.IsZero() {
		growth := final.DivRound(r.Cash, workDigits)
		m.TotalReturn = ratio(growth.Sub(decimal.New(1, 0)))
		m.AnnualReturn = annual(growth, n)
		if invested > 0 {
			m.InvestedReturn = annual(growth, invested)
		}
	}
	s := r.Equity.sums(r.Cash)
	m.MaxDrawdown, m.MaxDrawdownDays = ratio(s.drawdown), s.under
	if s.undefined {
		return
	}
	count := int64(n)
	mean := yearly(s.returns, count)
	if n > 1 {
		all := decimal.NewFromInt(count)
		volatility := yearly(s.squares.Mul(all).Sub(s.returns.Mul(s.returns)), count*(count-1)).root()
		m.Volatility, m.Sharpe = volatility.ratio(), mean.over(volatility)
	}
	m.Sortino = mean.over(yearly(s.losses, count).root())
}

// yearly is a sum over so many, times the sessions of a year.
func yearly(sum decimal.Decimal, over int64) number {
	return number{near(sum) * yearSessions / float64(over), func() decimal.Decimal {
		return sum.Mul(decimal.NewFromInt(yearSessions)).DivRound(decimal.NewFromInt(over), 2*workDigits)
	}}
}

// annual is growth to the power of a year over n sessions, less one. It is undefined without capital left, and where a
// year would be beyond e^100.
func annual(growth decimal.Decimal, n int) Ratio {
	if growth.Sign() <= 0 {
		return Ratio{}
	}
	if e := math.Log(near(growth)) * yearSessions / float64(n); math.Abs(e) < 7 { // further off, a year is large or undefined
		return settled(math.Expm1(e), func() Ratio { return exactAnnual(growth, n) })
	}
	return exactAnnual(growth, n)
}

func exactAnnual(growth decimal.Decimal, n int) Ratio {
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

// root is the square root of a number of at least 0, the exact one cut to workDigits decimals.
func (x number) root() number {
	return number{math.Sqrt(x.near), func() decimal.Decimal {
		m := x.exact().Shift(2 * workDigits).BigInt()
		return decimal.NewFromBigInt(m.Sqrt(m), -workDigits)
	}}
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
	profit tally
}

// ofTrades adds up fills: costs, turnover, and the round trips that are closed. It counts the invested sessions: those
// that began with shares or had a fill. In all others the equity stood still.
func (m *Metrics) ofTrades(r Run) (invested int) {
	type owner struct {
		strategy string
		symbol   market.Symbol
	}
	open := map[owner]*holding{}
	var h *holding
	var whose owner
	var won, lost, traded, costs tally
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
		key := owner{t.Strategy, t.Symbol}
		if h == nil || key != whose { // most fills are of the owner of the last one
			if h, whose = open[key], key; h == nil {
				h = &holding{}
				open[key] = h
			}
		}
		if h.shares == 0 {
			h.since, h.profit = at, tally{}
			held++
		}
		shares := t.Shares
		if t.Side == broker.Buy {
			shares = -shares
		}
		h.shares -= shares
		traded.add(t.Price, t.Shares)
		h.profit.add(t.Price, shares)
		for _, paid := range [...]decimal.Decimal{t.Fee, t.Tax} {
			costs.add(paid, 1)
			h.profit.add(paid, -1)
		}
		if t.Side == broker.Buy || h.shares > 0 {
			continue
		}
		h.shares = 0
		held--
		closed++
		sessions += int64(at - h.since)
		switch h.profit.sign() {
		case 1:
			wins++
			won.join(h.profit, 1)
		case -1:
			losses++
			lost.join(h.profit, -1)
		}
	}
	m.Costs = costs.sum()
	n := r.Equity.Len()
	if held > 0 {
		exposed += n - upTo
		invested += n - 1 - counted
	}
	count := decimal.NewFromInt(closed)
	m.WinRate = over(decimal.NewFromInt(wins), count)
	m.AverageHolding = over(decimal.NewFromInt(sessions), count)
	m.ProfitFactor = over(won.sum(), lost.sum())
	if wins > 0 && losses > 0 {
		m.Payoff = over(won.sum().Mul(decimal.NewFromInt(losses)), lost.sum().Mul(decimal.NewFromInt(wins)))
	}
	m.Exposure = over(decimal.NewFromInt(int64(exposed)), decimal.NewFromInt(int64(n)))
	m.Turnover = over(traded.sum().Mul(decimal.NewFromInt(int64(n))), r.Equity.total())
	return invested
}
