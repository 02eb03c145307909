package backtest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/shopspring/decimal"

	"maemae/market"
	"maemae/report"
	"maemae/strategy"
)

// SweepOptions say which values of a rule's parameters are tried, and what makes one set better than another.
type SweepOptions struct {
	Objective string       // the metric that ranks, by its name in JSON; empty is sharpe
	Limits    []SweepLimit // what a set must keep to be ranked
	Random    int          // so many sets of the grid, drawn at random; 0 tries all
	Seed      uint64       // of that draw, and of the random rules the best one is held against
	Keep      int          // how many of the best are told; 0 is 10
	Workers   int          // 0 is one for each processor; the result does not depend on it
	File      SweepFile    // keeps finished sets, so that the same sweep goes on where it was broken off; nil keeps none
	Key       string       // what a score depends on beside options and bars: the text of the rule, the program
}

// SweepLimit is a bound on a metric. A metric that is undefined breaks it.
type SweepLimit struct {
	Metric  string
	AtLeast bool // else at most
	Bound   decimal.Decimal
}

func (l SweepLimit) String() string {
	if l.AtLeast {
		return l.Metric + " >= " + l.Bound.String()
	}
	return l.Metric + " <= " + l.Bound.String()
}

// SweepResult is what a sweep hands out. Every set was counted over the same sessions: those for which the slowest of
// the grid had its bars. Backtesting a set from From on gives the same fills and the same metrics.
type SweepResult struct {
	Version     int             `json:"version"`
	Assumptions []string        `json:"assumptions"`
	Strategy    string          `json:"strategy"`
	Params      []string        `json:"params"` // those that vary, by name
	Symbols     []market.Symbol `json:"symbols"`
	From        market.Date     `json:"from"`
	To          market.Date     `json:"to"`
	Cash        decimal.Decimal `json:"cash"`
	Objective   string          `json:"objective"`
	Limits      []string        `json:"limits"`
	Grid        int64           `json:"grid"`       // sets there are
	Tried       int             `json:"tried"`      // sets played
	Impossible  int             `json:"impossible"` // of them, those the rule refuses: an average of 0 bars
	Refused     int             `json:"refused"`    // of them, those beyond a limit, or without the objective
	Best        []Trial         `json:"best"`       // best first; of equal ones the smaller values first
	Luck        Luck            `json:"luck"`

	swept *sweep
}

// Trial is one set of values and what came of it.
type Trial struct {
	Params      map[string]decimal.Decimal `json:"params"`
	FinalEquity decimal.Decimal            `json:"final_equity"`
	Metrics     report.Metrics             `json:"metrics"`
}

// Bounds of a sweep.
const (
	maxTried = 1_000_000
	maxKeep  = 1000
)

// Sweep plays one rule with many sets of values for its parameters. Options are those of a backtest of that rule alone.
func Sweep(o Options, s SweepOptions) (SweepResult, error) {
	w, err := openSweep(&o, s)
	if err != nil {
		return SweepResult{}, fmt.Errorf("sweep: %w", err)
	}
	result, err := w.run()
	if err != nil {
		return SweepResult{}, fmt.Errorf("sweep: %w", err)
	}
	return result, nil
}

// sweep is what all workers share and none of them changes, but for its own sets in scores.
type sweep struct {
	*account
	with   SweepOptions
	rule   *strategy.Strategy
	traits traits
	axes   []strategy.Axis
	grid   int64
	picks  []int64 // sets by number, where not the whole grid is tried
	scores []score
	shared strategy.Shared
	need   atomic.Int64 // the most bars a set needs
	bounds []int64      // of the limits
	quick  bool         // the book alone tells all metrics asked for
	sharp  bool         // the Sharpe ratio of every set is known
	blind  bool         // only the best is asked for, not what it rests on or owes to luck
}

// score is what is kept of every set: ratios in millionths.
type score struct {
	objective, sharpe int64
	state             state
	unsharp           bool // sharpe is undefined, or nobody asked
	objectless        bool // objective is undefined
}

type state uint8

const (
	ranked state = iota
	refused
	impossible
)

func openSweep(o *Options, s SweepOptions) (*sweep, error) {
	s.Objective, s.Keep = cmp.Or(s.Objective, "sharpe"), cmp.Or(s.Keep, 10)
	if s.Workers == 0 {
		s.Workers = runtime.GOMAXPROCS(0)
	}
	if err := errors.Join(o.check(), s.check()); err != nil {
		return nil, err
	}
	if len(o.Rules) != 1 {
		return nil, fmt.Errorf("%d rules, one is swept", len(o.Rules))
	}
	w := &sweep{with: s, rule: o.Rules[0]}
	if err := w.lay(); err != nil {
		return nil, err
	}
	var err error
	if w.account, err = o.open(o.Rules); err != nil {
		return nil, err
	}
	w.traits = traitsOf(w.legs[0])
	w.quick, w.sharp = quickly[s.Objective], s.Objective == "sharpe"
	for _, l := range s.Limits {
		w.bounds = append(w.bounds, l.bound())
		w.quick, w.sharp = w.quick && quickly[l.Metric], w.sharp || l.Metric == "sharpe"
	}
	w.sharp = w.sharp || !w.quick
	for _, l := range w.legs {
		l.tape.runs = runsOf(l.tape.bars.Close)
	}
	return w, nil
}

// limits are the limits in words.
func (s SweepOptions) limits() []string {
	list := []string{}
	for _, l := range s.Limits {
		list = append(list, l.String())
	}
	return list
}

func (s SweepOptions) check() error {
	for _, l := range append([]SweepLimit{{Metric: s.Objective}}, s.Limits...) {
		if _, known := metrics[l.Metric]; !known {
			return fmt.Errorf("no metric %q; there are %s", l.Metric, strings.Join(SweepMetrics(), " "))
		}
	}
	switch {
	case s.Random < 0 || s.Random > maxTried:
		return fmt.Errorf("%d sets at random are out of range", s.Random)
	case s.Keep < 1 || s.Keep > maxKeep:
		return fmt.Errorf("the best %d are out of range, %d at most", s.Keep, maxKeep)
	case s.Workers < 1 || s.Workers > 1024:
		return fmt.Errorf("%d workers are out of range", s.Workers)
	}
	return nil
}

// lay finds the sets to try.
func (w *sweep) lay() error {
	w.grid = 1
	for _, p := range w.rule.Params() {
		if p.Step.IsZero() {
			continue
		}
		a := strategy.Axis{Name: p.Name, Values: p.Values()}
		if n := int64(len(a.Values)); w.grid > math.MaxInt64/n {
			return errors.New("more sets than 64 bits count; take larger steps")
		}
		w.axes, w.grid = append(w.axes, a), w.grid*int64(len(a.Values))
	}
	if len(w.axes) == 0 {
		return fmt.Errorf("strategy %s has no parameter with a range: give one {default: 20, min: 5, max: 60, step: 5}", w.rule.Name)
	}
	n := w.grid
	if r := int64(w.with.Random); r > 0 && r < n {
		n, w.picks = r, draw(w.grid, w.with.Random, w.with.Seed)
	}
	if n > maxTried {
		return fmt.Errorf("%d sets are more than %d: take larger steps, or draw some at random", n, maxTried)
	}
	w.scores = make([]score, n)
	return nil
}

// names are those of the parameters that vary.
func (w *sweep) names() (list []string) {
	for _, a := range w.axes {
		list = append(list, a.Name)
	}
	return list
}

// draw is n different numbers below all, in order (Floyd's sample).
func draw(all int64, n int, seed uint64) []int64 {
	r := rand.New(rand.NewPCG(seed, 1))
	taken := make(map[int64]bool, n)
	list := make([]int64, 0, n)
	for last := all - int64(n); last < all; last++ {
		x := r.Int64N(last + 1)
		if taken[x] {
			x = last
		}
		taken[x] = true
		list = append(list, x)
	}
	slices.Sort(list)
	return list
}

// set finds the values of set n of the grid: the last parameter moves fastest.
func (w *sweep) set(n int64, into []int) {
	for k := len(w.axes) - 1; k >= 0; k-- {
		size := int64(len(w.axes[k].Values))
		into[k], n = int(n%size), n/size
	}
}

// params are values by name.
func (w *sweep) params(values []int) map[string]decimal.Decimal {
	all := make(map[string]decimal.Decimal, len(values))
	for i, a := range w.axes {
		all[a.Name] = a.Values[values[i]]
	}
	return all
}

// worker is what one worker has for itself.
type worker struct {
	*sweep
	own     account // its own legs, whose rule changes with the set
	family  *strategy.Family
	values  []int // of every axis
	signals []signals
	book    *book
}

func (w *sweep) worker() *worker {
	k := &worker{sweep: w, own: *w.account, values: make([]int, len(w.axes)), signals: make([]signals, len(w.account.legs))}
	k.family = w.rule.Family(w.axes, &w.shared)
	k.own.legs = make([]*leg, len(w.account.legs))
	for i, l := range w.account.legs {
		own := *l
		k.own.legs[i] = &own
	}
	return k
}

// settle makes the values taken a rule that stands alone, as a backtest and the plain engine want it.
func (k *worker) settle() error {
	rule, problems := k.rule.With(k.params(k.values))
	if problems.Fatal() {
		return fmt.Errorf("%s: %w", k.spell(), problems)
	}
	for _, l := range k.own.legs {
		l.rule = rule
	}
	return nil
}

// play walks the values taken with the fast engine, or returns what the plain one makes of them.
func (k *worker) play() (b *book, plain *outcome, err error) {
	if k.traits.columnar {
		err = k.walk()
		if err == nil {
			return k.book, nil, nil
		}
		if !errors.Is(err, errWide) {
			return nil, nil, err
		}
	}
	if err := k.settle(); err != nil {
		return nil, nil, err
	}
	out, err := k.own.plain()
	return nil, &out, err
}

// walk walks the values taken in the worker's book.
func (k *worker) walk() error {
	for i, l := range k.own.legs {
		c, err := k.family.Columns(l.tape.of.Symbol, l.tape.bars)
		if err != nil {
			return err
		}
		k.signals[i].take(c, k.traits)
	}
	if k.book == nil {
		b, err := newBook(&k.own, k.signals)
		if err != nil {
			return err
		}
		k.book = b
	}
	for i, l := range k.book.legs {
		l.signals = k.signals[i]
	}
	return k.book.walk()
}

// block is how many tries a worker takes at a time.
const block = 32

// turn is the try that comes at place i. Of a whole grid a few values of the last axis meet all others before the next
// few do, so that what is known of them is still near to the processor.
func (w *sweep) turn(i int) int {
	line := len(w.axes[len(w.axes)-1].Values)
	if w.picks != nil || line <= block {
		return i
	}
	lines := len(w.scores) / line
	from := i / (block * lines) * block
	i -= from * lines
	width := min(block, line-from)
	return i/width*line + from + i%width
}

// each does every try on all workers, a block at a time. The error is that of the first one that has one.
func (w *sweep) each(progress func(done, all int), work func(k *worker, i int) error) error {
	n := len(w.scores)
	blocks := (n + block - 1) / block
	errs := make([]error, blocks)
	var next, done atomic.Int64
	var workers sync.WaitGroup
	for range min(w.with.Workers, blocks) {
		workers.Go(func() {
			k := w.worker()
			for b := int(next.Add(1)) - 1; b < blocks; b = int(next.Add(1)) - 1 {
				for i := b * block; i < min(n, (b+1)*block) && errs[b] == nil; i++ {
					errs[b] = work(k, w.turn(i))
				}
				if d := int(done.Add(1)); progress != nil && d*100/blocks > (d-1)*100/blocks {
					progress(min(n, d*block), n)
				}
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *sweep) run() (SweepResult, error) {
	if err := w.align(); err != nil {
		return SweepResult{}, err
	}
	kept, need, err := w.resume()
	if err != nil {
		return SweepResult{}, err
	}
	for {
		err := w.each(w.o.Progress, func(k *worker, i int) error {
			if kept.has(i) {
				return nil
			}
			s, err := k.try(i)
			if w.scores[i] = s; err != nil {
				return err
			}
			return kept.keep(i, s, w.need.Load())
		})
		if err != nil {
			return SweepResult{}, err
		}
		if w.need.Load() == need {
			return w.result()
		}
		if err := w.align(); err != nil { // a set between the corners is slower than they are
			return SweepResult{}, err
		}
		need = kept.begin(w.need.Load())
	}
}

// try plays and scores one set.
func (k *worker) try(i int) (score, error) {
	if !k.take(i) {
		return score{state: impossible}, nil
	}
	b, plain, err := k.play()
	switch {
	case err != nil:
		return score{}, err
	case plain != nil:
		return k.scoreOf(k.own.run(*plain).Metrics), nil
	case k.quick:
		return k.scoreQuick(b), nil
	}
	return k.scoreOf(k.own.run(b.outcome()).Metrics), nil
}

// take makes try i what the worker plays, false where the rule refuses its values.
func (k *worker) take(i int) bool { return k.takeSet(k.number(i)) }

// number is that of try i in the grid.
func (w *sweep) number(i int) int64 {
	if w.picks != nil {
		return w.picks[i]
	}
	return int64(i)
}

func (k *worker) takeSet(n int64) bool {
	k.set(n, k.values)
	if !k.family.Take(k.values) {
		return false
	}
	need := int64(k.family.WarmUp())
	for last := k.need.Load(); need > last && !k.need.CompareAndSwap(last, need); last = k.need.Load() {
	}
	return true
}

// maxCorners bounds how many sets align looks at.
const maxCorners = 1024

// align finds the first session for which every set has its bars, so that all are compared over the same ones. The
// slowest set is nearly always one in which every parameter is at one of its ends; run looks at the others.
func (w *sweep) align() error {
	k := w.worker()
	for c := range min(maxCorners, int64(1)<<min(len(w.axes), 62)) {
		n := int64(0)
		for i, a := range w.axes {
			n *= int64(len(a.Values))
			if c>>i&1 == 0 {
				n += int64(len(a.Values)) - 1
			}
		}
		k.takeSet(n)
	}
	if need := int(w.need.Load()); need > 0 {
		if err := w.account.start(w.o.From, need); err != nil {
			return fmt.Errorf("the slowest set needs %d bars: %w", need, err)
		}
	}
	return nil
}

// spell is the values of a worker in words.
func (k *worker) spell() string {
	var list []string
	for i, a := range k.axes {
		list = append(list, "$"+a.Name+" = "+a.Values[k.values[i]].String())
	}
	return strings.Join(list, ", ")
}

// score keeps what ranks a set, given its metrics in millionths.
func (w *sweep) score(value func(metric string) (v int64, defined bool)) score {
	s := score{unsharp: true}
	if w.sharp {
		sharpe, sharp := value("sharpe")
		s.sharpe, s.unsharp = sharpe, !sharp
	}
	objective, defined := value(w.with.Objective)
	if s.objective = objective; metrics[w.with.Objective].less {
		s.objective = -objective
	}
	if s.objectless = !defined; s.objectless {
		s.state = refused
	}
	for i, l := range w.with.Limits {
		v, defined := value(l.Metric)
		if !defined || l.AtLeast && v < w.bounds[i] || !l.AtLeast && v > w.bounds[i] {
			s.state = refused
		}
	}
	return s
}

// scoreOf is the score of a run that was measured.
func (w *sweep) scoreOf(m report.Metrics) score {
	return w.score(func(metric string) (int64, bool) { return millionths(metrics[metric].of(m)) })
}

// millionths is a ratio as it is handed out, as an integer. What 64 bits do not hold is taken as the most they do.
func millionths(r report.Ratio) (int64, bool) {
	const most = 1_000_000_000_000
	v := r.Value
	if top := decimal.New(most, 0); v.Abs().GreaterThan(top) {
		v = top.Mul(decimal.NewFromInt(int64(v.Sign())))
	}
	return v.Shift(6).IntPart(), r.Defined
}

// bound is that of a limit in whole millionths: no metric lies between it and the limit's own.
func (l SweepLimit) bound() int64 {
	v := l.Bound.Shift(6)
	if l.AtLeast {
		v = v.Ceil()
	} else {
		v = v.Floor()
	}
	b, _ := millionths(report.Ratio{Value: v.Shift(-6)})
	return b
}

// result ranks the scores and plays the best again, now with the guard.
func (w *sweep) result() (SweepResult, error) {
	r := SweepResult{
		Version: report.Version, swept: w, Strategy: w.rule.Name, Params: w.names(), Symbols: w.rule.Symbols, Cash: w.o.Cash,
		From: w.days.dates[w.begin], To: w.days.dates[w.days.len()-1],
		Objective: w.with.Objective, Limits: w.with.limits(), Grid: w.grid, Tried: len(w.scores), Best: []Trial{},
	}
	var order []int
	for i, s := range w.scores {
		switch s.state {
		case impossible:
			r.Impossible++
		case refused:
			r.Refused++
		default:
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(w.scores[b].objective, w.scores[a].objective) })
	k := w.worker()
	var f findings
	for rank, i := range order[:min(w.with.Keep, len(order))] {
		k.take(i)
		if err := k.settle(); err != nil {
			return r, err
		}
		out, err := k.own.play()
		if err != nil {
			return r, fmt.Errorf("%s: %w", k.spell(), err)
		}
		run := k.own.run(out)
		if again := w.scoreOf(run.Metrics); !again.near(w.scores[i]) {
			return r, fmt.Errorf("%s: played again it gives another %s", k.spell(), w.with.Objective)
		}
		r.Best = append(r.Best, Trial{Params: k.params(k.values), FinalEquity: run.FinalEquity, Metrics: run.Metrics})
		if rank == 0 && !w.blind {
			f.add(&k.own, out)
			if r.Luck, err = k.luck(i, run); err != nil {
				return r, err
			}
		}
	}
	r.Assumptions = w.o.assumptions(f)
	return r, nil
}

// ranker is a metric that may rank.
type ranker struct {
	less bool // less is better
	of   func(report.Metrics) report.Ratio
}

// metrics are those of a run by their names in JSON.
var metrics = map[string]ranker{
	"total_return":           {false, func(m report.Metrics) report.Ratio { return m.TotalReturn }},
	"annual_return":          {false, func(m report.Metrics) report.Ratio { return m.AnnualReturn }},
	"invested_annual_return": {false, func(m report.Metrics) report.Ratio { return m.InvestedReturn }},
	"volatility":             {true, func(m report.Metrics) report.Ratio { return m.Volatility }},
	"sharpe":                 {false, func(m report.Metrics) report.Ratio { return m.Sharpe }},
	"sortino":                {false, func(m report.Metrics) report.Ratio { return m.Sortino }},
	"max_drawdown":           {true, func(m report.Metrics) report.Ratio { return m.MaxDrawdown }},
	"max_drawdown_days":      {true, func(m report.Metrics) report.Ratio { return whole(m.MaxDrawdownDays) }},
	"trades":                 {false, func(m report.Metrics) report.Ratio { return whole(m.Trades) }},
	"win_rate":               {false, func(m report.Metrics) report.Ratio { return m.WinRate }},
	"profit_factor":          {false, func(m report.Metrics) report.Ratio { return m.ProfitFactor }},
	"payoff":                 {false, func(m report.Metrics) report.Ratio { return m.Payoff }},
	"average_holding":        {true, func(m report.Metrics) report.Ratio { return m.AverageHolding }},
	"exposure":               {true, func(m report.Metrics) report.Ratio { return m.Exposure }},
	"turnover":               {true, func(m report.Metrics) report.Ratio { return m.Turnover }},
	"costs":                  {true, func(m report.Metrics) report.Ratio { return report.Ratio{Value: m.Costs, Defined: true} }},
}

func whole(n int) report.Ratio {
	return report.Ratio{Value: decimal.NewFromInt(int64(n)), Defined: true}
}

// SweepMetrics are the names of the metrics that may rank or bound a set.
func SweepMetrics() []string { return slices.Sorted(maps.Keys(metrics)) }
